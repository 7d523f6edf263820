"""Points, boxes, meshes and images from one reference space to another, by a transform that somebody chose.

No operation of this project calls anything here by itself.
"""

from siibra_kg.volumes.transforms.apply import apply
from siibra_kg.volumes.transforms.matrix_files import affine_from_file

__all__ = ["affine_from_file", "apply"]
