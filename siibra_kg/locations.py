"""Points, point clouds and boxes in a reference space, and how two of them relate.

All coordinates are millimetres of one space, and every location says which. Two locations of different spaces are
never compared: that would need a transformation, which nobody may choose silently.
A location is a closed set: its border belongs to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from siibra_kg.errors import SpaceMismatch, TermError
from siibra_kg.qualification import Qualification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.model import Space

__all__ = ["BoundingBox", "Location", "Point", "PointCloud", "relation"]

_Triple: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """A point.

    Parameters
    ----------
    coordinate
        x, y, z in mm.
    space
        The reference space: a :class:`~siibra_kg.model.Space`, its IRI, or a name that the graph knows.

    Raises
    ------
    TermError
        If the coordinate is not three finite numbers.

    Examples
    --------
    >>> Point((25.5, -26, 72), "MNI152")
    Point(coordinate=(25.5, -26.0, 72.0), space='MNI152')
    """

    coordinate: _Triple
    space: Space | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinate", _triple(self.coordinate))


@dataclass(frozen=True, slots=True)
class PointCloud:
    """A set of points; their order is kept and does not count when clouds are compared.

    Raises
    ------
    TermError
        If there is no point, or one is not three finite numbers.
    """

    coordinates: tuple[_Triple, ...]
    space: Space | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinates", tuple(map(_triple, self.coordinates)))
        if not self.coordinates:
            raise TermError(self.coordinates, "one point or more")

    @property
    def box(self) -> BoundingBox:
        """The smallest box that has all points."""
        xs, ys, zs = zip(*self.coordinates, strict=True)
        return BoundingBox((min(xs), min(ys), min(zs)), (max(xs), max(ys), max(zs)), self.space)


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A box along the axes between two opposite corners, which may be given in any order.

    Raises
    ------
    TermError
        If a corner is not three finite numbers.

    Examples
    --------
    >>> BoundingBox((10, 0, 0), (0, 5, 5), "big brain").minimum
    (0.0, 0.0, 0.0)
    """

    minimum: _Triple
    maximum: _Triple
    space: Space | str

    def __post_init__(self) -> None:
        one, other = _triple(self.minimum), _triple(self.maximum)
        object.__setattr__(self, "minimum", tuple(map(min, one, other)))
        object.__setattr__(self, "maximum", tuple(map(max, one, other)))

    @property
    def volume(self) -> float:
        """Cubic millimetres."""
        return math.prod(high - low for low, high in zip(self.minimum, self.maximum, strict=True))

    def has(self, point: _Triple) -> bool:
        """Tell whether a point is inside, or on the border."""
        return all(low <= p <= high for low, p, high in zip(self.minimum, point, self.maximum, strict=True))


Location: TypeAlias = Point | PointCloud | BoundingBox


def relation(anchor: Location, query: Location) -> Qualification | None:
    """Give how a location relates to another of the same space; ``None`` if they have no point in common.

    Parameters
    ----------
    anchor
        What the answer speaks of: ``CONTAINED`` says that the anchor is inside the query.
    query
        What was asked for.

    Raises
    ------
    SpaceMismatch
        If they are in different spaces.

    Examples
    --------
    >>> small, large = BoundingBox((0, 0, 0), (1, 1, 1), "s"), BoundingBox((0, 0, 0), (2, 2, 2), "s")
    >>> relation(small, large), relation(large, Point((2, 2, 2), "s")), relation(small, Point((2, 2, 2), "s"))
    (<Qualification.CONTAINED: 'contained'>, <Qualification.CONTAINS: 'contains'>, None)
    """
    here, there = _space(anchor), _space(query)
    if here != there:
        raise SpaceMismatch(here, there, "locations of two spaces are not compared; transform one of them first")
    anchor, query = _bare(anchor), _bare(query)
    if isinstance(anchor, BoundingBox):
        if isinstance(query, BoundingBox):
            return _boxes(anchor, query)
        return _box_and_points(anchor, _points(query))
    if isinstance(query, BoundingBox):
        found = _box_and_points(query, _points(anchor))
        return None if found is None else found.inverse
    return _sets(_points(anchor), _points(query))


def _bare(location: Location) -> Location:
    """Give the one point that a box without extent is."""
    if isinstance(location, BoundingBox) and location.minimum == location.maximum:
        return Point(location.minimum, location.space)
    return location


def _boxes(anchor: BoundingBox, query: BoundingBox) -> Qualification | None:
    if (anchor.minimum, anchor.maximum) == (query.minimum, query.maximum):
        return Qualification.EXACT
    if anchor.has(query.minimum) and anchor.has(query.maximum):
        return Qualification.CONTAINS
    if query.has(anchor.minimum) and query.has(anchor.maximum):
        return Qualification.CONTAINED
    low = map(max, anchor.minimum, query.minimum)
    high = map(min, anchor.maximum, query.maximum)
    return Qualification.OVERLAPS if all(a <= b for a, b in zip(low, high, strict=True)) else None


def _box_and_points(box: BoundingBox, points: frozenset[_Triple]) -> Qualification | None:
    inside = sum(map(box.has, points))
    if inside == len(points):
        return Qualification.CONTAINS
    return Qualification.OVERLAPS if inside else None


def _sets(anchor: frozenset[_Triple], query: frozenset[_Triple]) -> Qualification | None:
    if anchor == query:
        return Qualification.EXACT
    if anchor > query:
        return Qualification.CONTAINS
    if anchor < query:
        return Qualification.CONTAINED
    return None if anchor.isdisjoint(query) else Qualification.OVERLAPS


def _points(location: Point | PointCloud) -> frozenset[_Triple]:
    return frozenset((location.coordinate,) if isinstance(location, Point) else location.coordinates)


def _space(location: Location) -> str:
    return str(getattr(location.space, "iri", location.space))


def _triple(values: Iterable[float]) -> _Triple:
    try:
        x, y, z = (float(value) for value in values)
    except (TypeError, ValueError):
        raise TermError(values, "three coordinates in millimetres") from None
    if not all(map(math.isfinite, (x, y, z))):
        raise TermError(values, "three finite coordinates in millimetres")
    # Adding nothing makes -0.0 into 0.0.
    return x + 0.0, y + 0.0, z + 0.0
