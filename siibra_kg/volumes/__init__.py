"""Voxels at the end of a query: references to volumes become arrays that know their space and their source.

This layer knows arrays, reference spaces and volume references; it knows no store and no SPARQL.
"""

from siibra_kg.volumes.label_map import Census, LabelMap, Side
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.packages import locate
from siibra_kg.volumes.read import fetch, read_label_map, read_volume
from siibra_kg.volumes.stack import Stack, open_stack
from siibra_kg.volumes.surface import Surface
from siibra_kg.volumes.volume import Provenance, Volume

__all__ = [
    "Census",
    "FetchOptions",
    "LabelMap",
    "Provenance",
    "Side",
    "Stack",
    "Surface",
    "Volume",
    "fetch",
    "locate",
    "open_stack",
    "read_label_map",
    "read_volume",
]
