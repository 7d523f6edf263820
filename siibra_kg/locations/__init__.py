"""Points, clouds of points, boxes and planes in a reference space, and what two of them have in common.

All coordinates are millimetres of one space, x to the right, y to the front, z up where the space says nothing else,
and every location says which space that is. Two locations of different spaces are never compared or combined: that
would need a transform, which nobody may choose silently. A location is a closed set: its border belongs to it.

Locations are values: frozen, comparable, hashable. Importing this package loads no array library; numpy is loaded
when an array is given, asked for, or needed.
"""

from siibra_kg.locations.box import BoundingBox
from siibra_kg.locations.cloud import PointCloud
from siibra_kg.locations.plane import Plane
from siibra_kg.locations.point import Point
from siibra_kg.locations.relation import Location, intersection, relation, union
from siibra_kg.locations.same import TRANSFORM, require_same_space, space_of

__all__ = [
    "TRANSFORM",
    "BoundingBox",
    "Location",
    "Plane",
    "Point",
    "PointCloud",
    "intersection",
    "relation",
    "require_same_space",
    "space_of",
    "union",
]
