"""BoundingBox: a box along the axes of a space."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from operator import add
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import TermError
from siibra_kg.locations.cloud import PointCloud
from siibra_kg.locations.point import Point, coordinate, sigma, triple
from siibra_kg.locations.same import require_same_space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from siibra_kg.locations.point import Triple
    from siibra_kg.model import Space

__all__ = ["BoundingBox"]


@dataclass(frozen=True, slots=True, repr=False)
class BoundingBox:
    """A box along the axes between two opposite corners, which may be given in any order.

    Parameters
    ----------
    minimum, maximum
        Two opposite corners in mm, also as text or as points of the space.
    space
        As of :class:`~siibra_kg.locations.Point`.
    sigma_mm
        Standard deviation of the corners in mm. It does not enlarge the box.

    Raises
    ------
    TermError
        If a corner is not three finite numbers.

    Examples
    --------
    >>> box = BoundingBox((10, 0, 0), (0, 5, 5), "big brain")
    >>> box.minimum, box.center.coordinate, box.volume
    ((0.0, 0.0, 0.0), (5.0, 2.5, 2.5), 250.0)
    >>> box.clip((4, 9, 9))
    BoundingBox(minimum=(0.0, 0.0, 0.0), maximum=(4.0, 5.0, 5.0), space='big brain')
    """

    minimum: Triple
    maximum: Triple
    space: Space | str
    sigma_mm: float = 0.0

    def __post_init__(self) -> None:
        one, other = coordinate(self.minimum, self.space), coordinate(self.maximum, self.space)
        object.__setattr__(self, "minimum", tuple(map(min, one, other)))
        object.__setattr__(self, "maximum", tuple(map(max, one, other)))
        object.__setattr__(self, "sigma_mm", sigma(self.sigma_mm))

    @property
    def shape(self) -> Triple:
        """Its edge lengths in mm."""
        x, y, z = (high - low for low, high in zip(self.minimum, self.maximum, strict=True))
        return x, y, z

    @property
    def volume(self) -> float:
        """Cubic millimetres."""
        return math.prod(self.shape)

    @property
    def center(self) -> Point:
        """Its middle."""
        x, y, z = ((low + high) / 2 for low, high in zip(self.minimum, self.maximum, strict=True))
        return Point((x, y, z), self.space, self.sigma_mm)

    @property
    def corners(self) -> PointCloud:
        """Its eight corners; the last coordinate changes fastest."""
        sides = zip(self.minimum, self.maximum, strict=True)
        return PointCloud(tuple(product(*sides)), self.space, self.sigma_mm)

    def has(self, point: Iterable[float]) -> bool:
        """Tell whether a coordinate of the same space is inside, or on the border."""
        return all(low <= p <= high for low, p, high in zip(self.minimum, point, self.maximum, strict=True))

    def contains(self, other: Point | PointCloud | BoundingBox) -> bool:
        """Tell whether all of a location of the same space is inside, or on the border."""
        require_same_space(self, other)
        if isinstance(other, PointCloud):
            return self.contains(other.box)
        if isinstance(other, BoundingBox):
            return self.has(other.minimum) and self.has(other.maximum)
        return self.has(other)

    def shift(self, vector: Iterable[float] | Point | float) -> BoundingBox:
        """Move it by a vector in mm, or by the same way along every axis."""
        by = (float(vector),) * 3 if isinstance(vector, float | int) else coordinate(vector, self.space)
        low, high = (triple(map(add, corner, by)) for corner in (self.minimum, self.maximum))
        return replace(self, minimum=low, maximum=high)

    def zoom(self, ratio: float) -> BoundingBox:
        """Scale it about its centre; 2 doubles every edge."""
        if not (math.isfinite(ratio) and ratio >= 0):
            raise TermError(ratio, "a ratio, zero or more")
        middle = self.center.coordinate
        low, high = (
            triple((a - m) * ratio + m for a, m in zip(corner, middle, strict=True))
            for corner in (self.minimum, self.maximum)
        )
        return replace(self, minimum=low, maximum=high, sigma_mm=self.sigma_mm * ratio)

    def at_least(self, minsize: float | Iterable[float]) -> BoundingBox:
        """Lengthen edges that are shorter than this many mm (one number, or one per axis), at their upper end."""
        sizes = (float(minsize),) * 3 if isinstance(minsize, float | int) else triple(minsize)
        high = triple(max(b, a + size) for a, b, size in zip(self.minimum, self.maximum, sizes, strict=True))
        return replace(self, maximum=high)

    def clip(self, maximum: Iterable[float], minimum: Iterable[float] = (0.0, 0.0, 0.0)) -> BoundingBox | None:
        """Cut off what is beyond two corners, in the order and with the default of siibra; ``None`` if all is."""
        return self._common(BoundingBox(triple(minimum), triple(maximum), self.space), frozenset(range(3)))

    def intersection(self, other: Any, dims: Iterable[int] = (0, 1, 2)) -> Any:  # noqa: ANN401  by what it meets
        """Give what it has in common with a location or volume of the same space; ``None`` if nothing.

        Parameters
        ----------
        other
            With a box: a box, flat where they only touch. With points: those inside. With a volume: the box around
            its voxels inside that are not zero. With a plane: the polygon, as a cloud of its corners in order.
        dims
            For two boxes: only along these axes; along the others, the union.
        """
        if isinstance(other, BoundingBox):
            return self._common(other, frozenset(dims))
        from siibra_kg.locations.relation import intersection  # noqa: PLC0415  which knows boxes

        return intersection(other, self) if isinstance(other, Point | PointCloud) else intersection(self, other)

    def union(self, other: Point | PointCloud | BoundingBox) -> BoundingBox:
        """Give the smallest box that has both."""
        require_same_space(self, other)
        box = other.box if isinstance(other, PointCloud) else other
        low, high = (box.minimum, box.maximum) if isinstance(box, BoundingBox) else (box.coordinate,) * 2
        spread = max(self.sigma_mm, box.sigma_mm)
        return BoundingBox(
            triple(map(min, self.minimum, low)), triple(map(max, self.maximum, high)), self.space, spread
        )

    def transformed(self, affine: ArrayLike, space: Space | str) -> BoundingBox:
        """Give the box around where an affine (4x4, mm to mm) takes the corners; see :meth:`Point.transformed`.

        Under a rotation that box has more than the rotated one.
        """
        return self.corners.transformed(affine, space).box

    def _common(self, other: BoundingBox, dims: frozenset[int]) -> BoundingBox | None:
        require_same_space(self, other)
        low, high = [], []
        for axis in range(3):
            pick_low, pick_high = (max, min) if axis in dims else (min, max)
            low.append(pick_low(self.minimum[axis], other.minimum[axis]))
            high.append(pick_high(self.maximum[axis], other.maximum[axis]))
        if any(a > b for a, b in zip(low, high, strict=True)):
            return None
        return BoundingBox(triple(low), triple(high), self.space, max(self.sigma_mm, other.sigma_mm))

    def __repr__(self) -> str:
        more = f", sigma_mm={self.sigma_mm}" if self.sigma_mm else ""
        return f"BoundingBox(minimum={self.minimum}, maximum={self.maximum}, space={self.space!r}{more})"
