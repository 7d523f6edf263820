"""The structures of a query: the whole image, or its connected components.

A structure is the set of voxels in which the image is greater than zero. Its sums are taken over the whole grid of the
map; outside of a component, the component's image is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.assign.grid import Grid

__all__ = ["Parts", "Structures", "components", "summed", "whole"]

#: Voxels that are converted to 64 bit at once; sums of squares of 32-bit values would lose their digits.
_CHUNK = 2**18


@dataclass(frozen=True, slots=True, eq=False)
class Structures:
    """Structures, a row each.

    Parameters
    ----------
    numbers
        What they are called: 0 for a whole image, 1 and up for its components, the row of an uncertain point.
    voxels
        How many voxels each has.
    total
        Sum of x over the grid.
    spread
        Sum of (x - mean)² over the grid; NaN where x is the same everywhere.
    centroids
        Shape (n, 3), mm: mean of the centres of its voxels.
    """

    numbers: NDArray[np.int64]
    voxels: NDArray[np.int64]
    total: NDArray[np.float64]
    spread: NDArray[np.float64]
    centroids: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def none(cls) -> Structures:
        """Give no structures."""
        empty = np.empty(0)
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), empty, empty, np.empty((0, 3)))


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The voxels of all structures, one after the other, none of them outside of the grid.

    Parameters
    ----------
    structure
        Row of the structure.
    voxel
        Index in column-major order.
    value
        x, greater than zero.
    """

    structure: NDArray[np.int64]
    voxel: NDArray[np.int64]
    value: NDArray[np.float64]


def whole(image: NDArray[Any], grid: Grid, minsize_voxel: int) -> Structures:
    """Take an image, given at every voxel in column-major order, as one structure.

    There is none if nothing is above zero, or less than ``minsize_voxel`` voxels are.
    """
    total, spread, squares = 0.0, 0.0, 0.0
    for start in range(0, len(image), _CHUNK):
        chunk = image[start : start + _CHUNK].astype(np.float64)
        step, mean = float(chunk.sum()), float(chunk.mean())
        squares += _squared(chunk)
        chunk -= mean
        # Chan, Golub & LeVeque 1983, eq. 2.1: two stretches make one, without the cancellation of a sum of squares.
        if start:
            spread += (total / start - mean) ** 2 * start * len(chunk) / (start + len(chunk))
        spread += _squared(chunk)
        total += step
    positive = (image > 0).reshape(grid.shape, order="F")
    along = [positive.sum(axis=tuple({0, 1, 2} - {axis})) for axis in range(3)]
    count = int(along[0].sum())
    if count < max(minsize_voxel, 1):
        return Structures.none()
    place = np.array([float(n @ np.arange(len(n))) / count for n in along])
    return Structures(
        numbers=np.zeros(1, np.int64),
        voxels=np.array([count]),
        total=np.array([total]),
        spread=np.array([_defined(spread, squares)]),
        centroids=(grid.affine[:3, :3] @ place + grid.affine[:3, 3])[None],
    )


def components(image: NDArray[Any], grid: Grid, minsize_voxel: int) -> tuple[Structures, Parts]:
    """Split what is above zero into connected components: voxels that share a face or an edge.

    They are numbered from 1 in the order of their first voxels, the last axis running fastest. Those of fewer voxels
    than ``minsize_voxel`` are left out and keep their number.
    """
    voxel, number = _labelled((image > 0).reshape(grid.shape, order="F"))
    counts = np.bincount(number)
    kept = np.flatnonzero(counts >= max(minsize_voxel, 1))
    kept = kept[kept > 0]
    row = np.full(len(counts), -1)
    row[kept] = np.arange(len(kept))
    parts = Parts(row[number], voxel, image[voxel].astype(np.float64))
    if len(kept) + 1 < len(counts):
        stay = parts.structure >= 0
        parts = Parts(parts.structure[stay], parts.voxel[stay], parts.value[stay])
    return summed(kept, parts, grid), parts


def _labelled(positive: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the voxels that are set and the number of the component of each."""
    from scipy import ndimage  # noqa: PLC0415  scipy takes long to load

    box = tuple(_range(np.logical_or.reduce(positive, axis=tuple({0, 1, 2} - {axis}))) for axis in range(3))
    crop = np.ascontiguousarray(positive[box])
    numbers, _ = ndimage.label(crop, structure=ndimage.generate_binary_structure(3, 2))
    inside = np.flatnonzero(crop)
    i, j, k = (n + b.start for n, b in zip(np.unravel_index(inside, crop.shape), box, strict=True))
    voxel = i + positive.shape[0] * (j + positive.shape[1] * k)
    return voxel, numbers.reshape(-1)[inside].astype(np.int64)


def _range(some: NDArray[np.bool_]) -> slice:
    at = np.flatnonzero(some)
    return slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0)


def summed(
    numbers: NDArray[np.int64], parts: Parts, grid: Grid, centroids: NDArray[np.float64] | None = None
) -> Structures:
    """Add up the voxels of structures; their centroids are those of the voxels, if no others are given."""
    n = len(numbers)
    count = np.bincount(parts.structure, minlength=n)
    total = np.bincount(parts.structure, parts.value, minlength=n).astype(np.float64)
    squares = np.bincount(parts.structure, parts.value**2, minlength=n)
    spread = [_defined(q - t * t / grid.size, q) for q, t in zip(squares.tolist(), total.tolist(), strict=True)]
    if centroids is None:
        mm = grid.mm(parts.voxel)
        places = [np.bincount(parts.structure, mm[:, axis], minlength=n) for axis in range(3)]
        centroids = np.stack(places, axis=1) / count[:, None]
    return Structures(numbers, count, total, np.array(spread), centroids)


def _squared(values: NDArray[np.float64]) -> float:
    """Add up squares. Not by BLAS, whose threads take turns at the processor with whatever else runs."""
    return float(np.einsum("i,i", values, values))


def _defined(spread: float, squares: float) -> float:
    """Give the spread, or NaN where it is rounding: an image that varies by less than a millionth is constant."""
    return spread if spread > 1e-12 * squares else float("nan")
