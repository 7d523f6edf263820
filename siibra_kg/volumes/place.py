"""Where voxels lie: indices and mm, boxes of voxels, and how two grids lie to each other.

A voxel's index is its centre. The voxel that has a point is ``floor(index + 0.5)``; truncating (``int()``) would put
everything between -1 and 0 into voxel 0.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, OutsideVolume, TermError
from siibra_kg.locations.same import space_of
from siibra_kg.terms import IRI, is_iri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.locations import BoundingBox

__all__ = [
    "IN_MM",
    "Block",
    "affine_in_mm",
    "as_space",
    "block_in",
    "crop_step",
    "moved",
    "shift_between",
    "to_voxels",
    "triple_product",
]

#: Units of length, in mm.
IN_MM = {"m": 1000.0, "mm": 1.0, "um": 1e-3, "nm": 1e-6}
#: A box of voxels: the first and the one after the last along each axis.
Block = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
# Positions in the array that differ by less are the same: affines are stored in 32-bit floats.
_TINY = 1e-3


def as_space(space: object) -> IRI:
    """Give the IRI of a space that someone names.

    Raises
    ------
    TermError
        If it is neither a space nor an IRI: a name would have to be looked up in the graph.
    """
    found = space_of(space)
    if not is_iri(found):
        raise TermError(found, "a reference space: give a Space (kg.space(…)) or its IRI")
    return IRI(found)


def affine_in_mm(name: str, affine: NDArray[np.float64], said: str | None, declared: str) -> NDArray[np.float64]:
    """Give an affine in mm.

    Parameters
    ----------
    name
        Of the file, for messages.
    affine
        4x4, in the unit of the file.
    said
        What the file says of its unit, if anything.
    declared
        What the graph says.

    Raises
    ------
    BadVolume
        If the two differ, or it is no unit of length.
    """
    unit = said or declared
    if unit not in IN_MM:
        raise BadVolume(name, f"its unit {unit!r} is no length that is known", f"known: {', '.join(IN_MM)}")
    if unit != declared:
        raise BadVolume(name, f"its header says that it is in {unit}, the graph that it is in {declared}")
    scaled: NDArray[np.float64] = np.diag([IN_MM[unit]] * 3 + [1.0]) @ affine
    return scaled


def to_voxels(affine: NDArray[np.float64], points: ArrayLike) -> NDArray[np.float64]:
    """Turn points in mm, shape (..., 3), into positions in the array; whole numbers are centres of voxels."""
    inverse = np.linalg.inv(affine)
    with np.errstate(invalid="ignore"):  # infinity times zero: such a point is nowhere, and has no position
        found: NDArray[np.float64] = np.asarray(points, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    return found


def block_in(name: str, affine: NDArray[np.float64], shape: tuple[int, ...], box: BoundingBox) -> Block:
    """Give the voxels whose centres are in a box, or on its border.

    For an oblique grid it is the smallest block that has them all.

    Raises
    ------
    OutsideVolume
        If there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.locations import BoundingBox
    >>> block_in("atlas", np.diag([2.0, 2, 2, 1]), (91, 109, 91), BoundingBox((20, 20, 20), (60, 60, 60), "a space"))
    ((10, 31), (10, 31), (10, 31))
    """
    corners = to_voxels(affine, list(product(*zip(box.minimum, box.maximum, strict=True))))
    low = np.maximum(np.ceil(corners.min(axis=0) - _TINY), 0)
    high = np.minimum(np.floor(corners.max(axis=0) + _TINY) + 1, shape)
    if (low >= high).any():
        ends = np.array(list(product(*((-0.5, n - 0.5) for n in shape)))) @ affine[:3, :3].T + affine[:3, 3]
        lowest, highest = ends.min(axis=0).round(2).tolist(), ends.max(axis=0).round(2).tolist()
        reason = f"no centre of a voxel lies in the box from {box.minimum} to {box.maximum} mm"
        raise OutsideVolume(name, reason, f"its voxels reach from {lowest} to {highest}")
    (a, b, c), (d, e, f) = low.astype(int).tolist(), high.astype(int).tolist()
    return (a, d), (b, e), (c, f)


def crop_step(box: BoundingBox) -> str:
    """Say what was done to a volume that was cut to a box."""
    low, high = (", ".join(f"{v:g}" for v in end) for end in (box.minimum, box.maximum))
    return f"voxels whose centres are in the box from ({low}) to ({high}) mm"


def triple_product(affine: NDArray[np.float64]) -> float:
    """Give the determinant of the linear part of an affine: the volume of a voxel, negative where it is mirrored.

    Exact where numpy.linalg.det, an LU decomposition, gives 7.999999999999998 for voxels of 2 mm; and ten times as
    fast.
    """
    (a, b, c), (d, e, f), (g, h, i) = affine[:3, :3].tolist()
    product: float = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return product


def moved(affine: NDArray[np.float64], start: ArrayLike) -> NDArray[np.float64]:
    """Give the affine of an array that starts at a voxel of another."""
    shifted: NDArray[np.float64] = affine.copy()
    shifted[:3, 3] += affine[:3, :3] @ np.asarray(start, dtype=np.float64)
    return shifted


def shift_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Give by how many whole voxels a grid is away from another, or ``None`` where it is not whole, or not the same.

    Parameters
    ----------
    one, other
        Affines, 4x4.

    Returns
    -------
    numpy.ndarray
        The index in ``one`` of the first voxel of ``other``, shape (3,).
    """
    relative: NDArray[Any] = np.linalg.solve(one, other)
    shift = np.rint(relative[:3, 3])
    # A difference in the linear part grows along an axis: a thousand voxels must not add up to a noticeable one.
    if np.abs(relative[:3, :3] - np.eye(3)).max() > _TINY / 1000 or np.abs(relative[:3, 3] - shift).max() > _TINY:
        return None
    whole: NDArray[np.int64] = shift.astype(np.int64)
    return whole
