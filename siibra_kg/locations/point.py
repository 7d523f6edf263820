"""Point: a coordinate in a reference space, perhaps with an uncertainty; and the arithmetic of points."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from siibra_kg.errors import TermError
from siibra_kg.locations.same import require_same_space

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.locations.box import BoundingBox
    from siibra_kg.model import Space

__all__ = ["Point", "Triple", "coordinate", "sigma", "triple"]

Triple: TypeAlias = tuple[float, float, float]

_MM = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*mm\s*")
_EXPECTED = "three coordinates in millimetres, such as (12.2, 3, -4) or '12.2mm, 3mm, -4mm'"


@dataclass(frozen=True, slots=True, repr=False)
class Point:
    """A point. It can be unpacked, indexed and handed to numpy like its coordinate.

    Parameters
    ----------
    coordinate
        x, y, z in mm; or text with the unit, ``"12.2mm, 3mm, -4mm"``.
    space
        The reference space: a :class:`~siibra_kg.model.Space`, its IRI, or a name that the graph knows.
    sigma_mm
        Standard deviation of its position in mm, the same in every direction.
    label
        Anything that tells it from others; takes no part in comparison.

    Raises
    ------
    TermError
        If the coordinate is not three finite numbers, or the uncertainty is negative.

    Examples
    --------
    >>> Point((25.5, -26, 72), "MNI152")
    Point(coordinate=(25.5, -26.0, 72.0), space='MNI152')
    >>> here = Point("1mm, 2mm, 2mm", "MNI152", sigma_mm=3)
    >>> here.distance(Point((0, 0, 0), "MNI152")), (here + (1, 0, 0)) / 2
    (3.0, Point(coordinate=(1.0, 1.0, 1.0), space='MNI152', sigma_mm=1.5))
    """

    coordinate: Triple
    space: Space | str
    sigma_mm: float = 0.0
    label: Hashable = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "coordinate", triple(self.coordinate))
        object.__setattr__(self, "sigma_mm", sigma(self.sigma_mm))

    def distance(self, other: Point | Iterable[float]) -> float:
        """Give the distance in mm to another point of the same space, or to a coordinate of it."""
        return math.dist(self.coordinate, coordinate(other, self.space))

    def enclosing_cube(self, width_mm: float) -> BoundingBox:
        """Give the cube around the point with edges of this many mm."""
        from siibra_kg.locations.box import BoundingBox  # noqa: PLC0415  boxes know points

        if not (math.isfinite(width_mm) and width_mm >= 0):
            raise TermError(width_mm, "a width in mm")
        half = width_mm / 2
        return BoundingBox((self - half).coordinate, (self + half).coordinate, self.space, self.sigma_mm)

    def transformed(self, affine: ArrayLike, space: Space | str) -> Point:
        """Give where an affine takes the point.

        Parameters
        ----------
        affine
            4x4, mm to mm.
        space
            The space that it leads to; nobody can check that.

        Returns
        -------
        Point
            Its uncertainty is scaled by the cube root of the determinant, which is exact for movements and scaling by
            one factor, and for others the radius of a ball of the same volume.
        """
        from siibra_kg.locations import arrays  # noqa: PLC0415  loads numpy

        matrix = arrays.affine(affine)
        moved = arrays.moved(arrays.numbers([self.coordinate]), matrix)[0].tolist()
        return Point(tuple(moved), space, self.sigma_mm * arrays.scale(matrix), self.label)

    def __add__(self, other: Point | Iterable[float] | float) -> Point:
        """Add a vector or a number to the coordinate; of two points the uncertainties add up as variances."""
        return self._moved(other, 1.0)

    def __sub__(self, other: Point | Iterable[float] | float) -> Point:
        """Take off a vector or a number; of two points the uncertainties add up as variances."""
        return self._moved(other, -1.0)

    def __mul__(self, factor: float) -> Point:
        return self._scaled(factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Point:
        return self._scaled(divisor, divide=True)

    def __neg__(self) -> Point:
        return self._scaled(-1.0)

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[float]:
        return iter(self.coordinate)

    def __getitem__(self, index: int) -> float:
        return self.coordinate[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401
        import numpy as np  # noqa: PLC0415  only who asks for an array needs it

        del copy  # always a new array
        return np.array(self.coordinate, dtype or np.float64)

    def __repr__(self) -> str:
        more = f", sigma_mm={self.sigma_mm}" if self.sigma_mm else ""
        more += "" if self.label is None else f", label={self.label!r}"
        return f"Point(coordinate={self.coordinate}, space={self.space!r}{more})"

    def _moved(self, other: Point | Iterable[float] | float, sign: float) -> Point:
        vector = (float(other),) * 3 if _is_number(other) else coordinate(other, self.space)
        x, y, z = (a + sign * b for a, b in zip(self.coordinate, vector, strict=True))
        spread = math.hypot(self.sigma_mm, other.sigma_mm) if isinstance(other, Point) else self.sigma_mm
        return replace(self, coordinate=(x, y, z), sigma_mm=spread)

    def _scaled(self, factor: object, *, divide: bool = False) -> Point:
        if not _is_number(factor) or not math.isfinite(factor) or (divide and factor == 0):
            raise TermError(factor, "a number to " + ("divide" if divide else "multiply") + " a point by")
        x, y, z = (v / factor if divide else v * factor for v in self.coordinate)
        spread = self.sigma_mm / abs(factor) if divide else self.sigma_mm * abs(factor)
        return replace(self, coordinate=(x, y, z), sigma_mm=spread)


def triple(values: Any) -> Triple:  # noqa: ANN401  as a user gives it
    """Read a coordinate: three finite numbers, or text such as ``"12.2mm, 3mm, -4mm"``."""
    if isinstance(values, str):
        read = [_MM.fullmatch(part) for part in re.split("[,;]", values)]
        if not all(read):
            raise TermError(values, _EXPECTED)
        return triple([float(match[1]) for match in read if match])
    try:
        x, y, z = (float(value) for value in values)
    except (TypeError, ValueError):
        raise TermError(values, _EXPECTED) from None
    if not all(map(math.isfinite, (x, y, z))):
        raise TermError(values, "three finite coordinates in millimetres")
    # Adding nothing makes -0.0 into 0.0.
    return x + 0.0, y + 0.0, z + 0.0


def coordinate(values: Any, space: object) -> Triple:  # noqa: ANN401  as a user gives it
    """Read a coordinate, or take that of a point, which has to be of this space."""
    if isinstance(values, Point):
        require_same_space(values, space)
    return triple(values)


def sigma(value: object) -> float:
    """Read a standard deviation in mm."""
    if not _is_number(value) or not math.isfinite(value) or value < 0:
        raise TermError(value, "a standard deviation in mm, zero or more")
    return float(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real)
