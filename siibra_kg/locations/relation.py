"""What two locations of one space have in common: how they relate, their intersection, their union."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from siibra_kg.errors import TermError
from siibra_kg.locations.box import BoundingBox
from siibra_kg.locations.cloud import PointCloud
from siibra_kg.locations.plane import Plane
from siibra_kg.locations.point import Point
from siibra_kg.locations.same import require_same_space
from siibra_kg.qualification import Qualification

if TYPE_CHECKING:
    from siibra_kg.locations.point import Triple

__all__ = ["Location", "intersection", "of_cloud", "relation", "union"]

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
    require_same_space(anchor, query, "locations of two spaces are not compared")
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


def _box_and_points(box: BoundingBox, points: frozenset[Triple]) -> Qualification | None:
    inside = sum(map(box.has, points))
    if inside == len(points):
        return Qualification.CONTAINS
    return Qualification.OVERLAPS if inside else None


def _sets(anchor: frozenset[Triple], query: frozenset[Triple]) -> Qualification | None:
    if anchor == query:
        return Qualification.EXACT
    if anchor > query:
        return Qualification.CONTAINS
    if anchor < query:
        return Qualification.CONTAINED
    return None if anchor.isdisjoint(query) else Qualification.OVERLAPS


def _points(location: Point | PointCloud) -> frozenset[Triple]:
    return frozenset((location.coordinate,) if isinstance(location, Point) else location.coordinates)


def intersection(one: Any, other: Any) -> Any:  # noqa: ANN401  by what they are
    """Give what two things of one space have in common; ``None`` if nothing.

    Parameters
    ----------
    one, other
        Points, clouds, boxes and planes; one of them may be a :class:`~siibra_kg.volumes.Volume`, whose voxels that
        are not zero count, or with a plane a :class:`~siibra_kg.volumes.Surface`.

    Returns
    -------
    Point, PointCloud, BoundingBox, tuple of PointCloud, or None
        A point or the points of a cloud that are inside, the common part of two boxes, the box around the voxels of a
        volume in a box, the polygon in which a plane cuts a box, or the lines in which it cuts a surface.

    Raises
    ------
    SpaceMismatch
        If they are in different spaces.
    TermError
        If there is no rule for the two.

    Examples
    --------
    >>> cloud = PointCloud(((0, 0, 0), (5, 5, 5)), "s", labels=("near", "far"))
    >>> intersection(cloud, BoundingBox((4, 4, 4), (9, 9, 9), "s")).labels
    ('far',)
    """
    require_same_space(one, other)
    for here, there in ((one, other), (other, one)):
        if isinstance(here, Plane):
            return here.intersection(there)
        if isinstance(here, PointCloud):
            return of_cloud(here, there)
    for here, there in ((one, other), (other, one)):
        if isinstance(here, Point):
            found = of_cloud(PointCloud.of([here]), there)
            return None if found is None else here
    for here, there in ((one, other), (other, one)):
        if isinstance(here, BoundingBox) and isinstance(there, BoundingBox):
            return here.intersection(there)
        if isinstance(here, BoundingBox) and hasattr(there, "affine"):
            from siibra_kg.locations import inside  # noqa: PLC0415  loads numpy

            return inside.box_of(here, there)
    raise _no_rule("intersection", one, other)


def union(one: Location, other: Location, *more: Location) -> PointCloud | BoundingBox:
    """Put locations of one space together: points into a cloud, and a box with anything into a box.

    Points that are equal, uncertainty included, are taken once, with the label of the first.

    Raises
    ------
    SpaceMismatch
        If they are in different spaces.

    Examples
    --------
    >>> union(Point((0, 0, 0), "s"), Point((1, 1, 1), "s"))
    <PointCloud of 2 points in s>
    >>> union(Point((0, 0, 0), "s"), BoundingBox((1, 1, 1), (2, 2, 2), "s"))
    BoundingBox(minimum=(0.0, 0.0, 0.0), maximum=(2.0, 2.0, 2.0), space='s')
    """
    found = reduce(_both, (other, *more), one)
    if isinstance(found, Point):  # pragma: no cover  two things are never one point
        raise _no_rule("union", one, other)
    return found


def of_cloud(cloud: PointCloud, other: Any) -> PointCloud | None:  # noqa: ANN401  a location or a volume
    """Give the points of a cloud that are in something; ``None`` if none is.

    Labels are kept. A cloud without labels gets the positions of its points as labels, so that they can be found
    again in the cloud that they come from.
    """
    require_same_space(cloud, other)
    from siibra_kg.locations import inside  # noqa: PLC0415  loads numpy

    if isinstance(other, BoundingBox):
        rows = inside.in_box(cloud, other)
    elif isinstance(other, Point | PointCloud):
        rows = inside.in_points(cloud, _points(other))
    elif hasattr(other, "affine") and hasattr(other, "array"):
        rows = inside.in_volume(cloud, other)
    else:
        raise _no_rule("intersection", cloud, other)
    if not len(rows):
        return None
    named = (
        cloud if cloud.labels is not None else PointCloud(cloud.array, cloud.space, cloud.sigma_mm, range(len(cloud)))
    )
    return named[rows]


def _both(one: Location, other: Location) -> Location:
    require_same_space(one, other)
    if isinstance(one, BoundingBox):
        return one.union(other)
    if isinstance(other, BoundingBox):
        return other.union(one)
    if not (isinstance(one, Point | PointCloud) and isinstance(other, Point | PointCloud)):
        raise _no_rule("union", one, other)
    points = [p for part in (one, other) for p in ([part] if isinstance(part, Point) else part)]
    return PointCloud.of(dict.fromkeys(points))


def _no_rule(what: str, one: object, other: object) -> TermError:
    names = f"{type(one).__name__} and {type(other).__name__}"
    return TermError(names, f"a pair of which there is an {what}" if what[0] in "aeiou" else f"a pair with a {what}")
