"""Voxels at the end of a query: references to volumes become arrays that know their space and their source.

This layer knows arrays, reference spaces and volume references; it knows no store and no SPARQL.
"""

from siibra_kg.volumes.chunks.block_statistics import block_statistics
from siibra_kg.volumes.chunks.blocks import map_blocks
from siibra_kg.volumes.chunks.chunked import ChunkedVolume
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.files.stack import Stack, open_stack
from siibra_kg.volumes.labels.compress import Compressed, compress
from siibra_kg.volumes.labels.index import LabelIndex
from siibra_kg.volumes.labels.map import Census, LabelMap, MappedRegion, Masks, Side
from siibra_kg.volumes.labels.surface_map import SurfaceLabelMap, compress_surfaces
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.read import fetch, read_label_map, read_volume
from siibra_kg.volumes.statistical.map import MapColumn, StatisticalMap
from siibra_kg.volumes.statistical.read import read_statistical_map
from siibra_kg.volumes.surface import Surface
from siibra_kg.volumes.volume import Provenance, Volume

__all__ = [
    "Census",
    "ChunkedVolume",
    "Compressed",
    "FetchOptions",
    "LabelIndex",
    "LabelMap",
    "MapColumn",
    "MappedRegion",
    "Masks",
    "Provenance",
    "Side",
    "Stack",
    "StatisticalMap",
    "Surface",
    "SurfaceLabelMap",
    "Volume",
    "block_statistics",
    "compress",
    "compress_surfaces",
    "fetch",
    "locate",
    "map_blocks",
    "open_stack",
    "read_label_map",
    "read_statistical_map",
    "read_volume",
]
