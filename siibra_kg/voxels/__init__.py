"""From nodes to voxels: finds the volumes that the graph names for a region, a map or a space, and has them read.

The only place where questions and volumes meet; :mod:`siibra_kg.volumes` knows volume references, never stores.
"""

from siibra_kg.voxels.choose import find_map, volumes, with_options
from siibra_kg.voxels.maps import read_map
from siibra_kg.voxels.masks import mask, regional_map
from siibra_kg.voxels.templates import picture, template

__all__ = ["find_map", "mask", "picture", "read_map", "regional_map", "template", "volumes", "with_options"]
