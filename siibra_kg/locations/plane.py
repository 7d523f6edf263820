"""Plane: an oriented plane in a space, and where it cuts meshes and boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from siibra_kg.errors import TermError
from siibra_kg.locations.box import BoundingBox
from siibra_kg.locations.cloud import PointCloud
from siibra_kg.locations.point import Point, coordinate, triple
from siibra_kg.locations.same import require_same_space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from siibra_kg.locations.point import Triple
    from siibra_kg.model import Space

__all__ = ["Plane"]


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane with a front: the side that its normal points to.

    Parameters
    ----------
    point
        A point of the plane, in mm. It is kept as the one nearest to the origin, so that equal planes are equal.
    normal
        A direction; kept with length 1.
    space
        As of :class:`~siibra_kg.locations.Point`.

    Raises
    ------
    TermError
        If the normal has no length.

    Examples
    --------
    >>> sagittal = Plane((10, 5, 5), (2, 0, 0), "MNI152")
    >>> sagittal
    Plane(point=(10.0, 0.0, 0.0), normal=(1.0, 0.0, 0.0), space='MNI152')
    >>> sagittal.distance(Point((7, 1, 1), "MNI152"))
    -3.0
    """

    point: Triple
    normal: Triple
    space: Space | str

    def __post_init__(self) -> None:
        point = coordinate(self.point, self.space)
        normal = triple(self.normal)
        length = math.hypot(*normal)
        if length < 1e-12:
            raise TermError(self.normal, "the normal of a plane, which has a length")
        unit = triple(v / length for v in normal)
        offset = _dot(point, unit)
        object.__setattr__(self, "normal", unit)
        object.__setattr__(self, "point", triple(offset * v for v in unit))

    @classmethod
    def through(cls, one: Point, other: Point, third: Point) -> Plane:
        """Give the plane through three points; from its front they run anticlockwise.

        Raises
        ------
        SpaceMismatch
            If they are in different spaces.
        TermError
            If they lie on one line.
        """
        require_same_space(one, other)
        require_same_space(one, third)
        (a, b, c), (d, e, f) = (other - one).coordinate, (third - one).coordinate
        normal = (b * f - c * e, c * d - a * f, a * e - b * d)
        if math.hypot(*normal) <= 1e-12 * math.hypot(a, b, c) * math.hypot(d, e, f):
            raise TermError((one.coordinate, other.coordinate, third.coordinate), "three points that span a plane")
        return cls(one.coordinate, normal, one.space)

    @property
    def offset(self) -> float:
        """Its distance from the origin in mm, negative where the origin is in front of it."""
        return _dot(self.point, self.normal)

    @overload
    def distance(self, other: Point) -> float: ...
    @overload
    def distance(self, other: PointCloud) -> NDArray[np.float64]: ...
    def distance(self, other: Point | PointCloud) -> float | NDArray[np.float64]:
        """Give the distance in mm of a point, or of each point of a cloud; negative behind the plane."""
        require_same_space(self, other)
        if isinstance(other, Point):
            return _dot(other.coordinate, self.normal) - self.offset
        from siibra_kg.locations import cut  # noqa: PLC0415  loads numpy

        return cut.distances(other.array, self.normal, self.offset)

    def intersection(self, other: Any) -> Any:  # noqa: ANN401  by what it meets
        """Give where the plane cuts something of the same space; ``None`` if nowhere.

        Parameters
        ----------
        other
            A :class:`~siibra_kg.volumes.Surface`: gives a tuple of clouds, each a line of points in order; a closed
            line ends with its first point. Labels are the numbers of the faces that a piece of the line, from a point
            to the next, runs through. A vertex in the plane counts as in front of it.
            A :class:`BoundingBox`: gives the polygon as a cloud of its corners in order.
            A :class:`Point` or :class:`PointCloud`: gives those in the plane, to a millionth of a mm.

        Raises
        ------
        SpaceMismatch
            If it is in another space.
        TermError
            If it is something else.
        """
        require_same_space(self, other)
        from siibra_kg.locations import cut  # noqa: PLC0415  loads numpy

        if isinstance(other, BoundingBox):
            corners = cut.polygon(other.corners.array, self.normal, self.offset)
            return PointCloud(corners, self.space) if len(corners) else None
        if isinstance(other, Point):
            return other if abs(self.distance(other)) <= 1e-6 else None
        if isinstance(other, PointCloud):
            rows = abs(self.distance(other)) <= 1e-6
            return other[rows] if rows.any() else None
        if hasattr(other, "vertices") and hasattr(other, "faces"):
            lines = cut.lines(other.vertices, other.faces, self.normal, self.offset)
            return tuple(PointCloud(points, self.space, labels=faces) for points, faces in lines) or None
        raise TermError(type(other).__name__, "something that a plane can cut")


def _dot(one: Triple, other: Triple) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))
