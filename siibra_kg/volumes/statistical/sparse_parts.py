"""Maps from files of their own, put on one grid: voxels are moved by whole numbers, never computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.place import moved, shift_between
from siibra_kg.volumes.statistical.sparse_build import assemble, check_size, support

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["Part", "joined"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The values of one map and the grid of its file.

    Parameters
    ----------
    voxels, values
        As :func:`~siibra_kg.volumes.statistical.sparse_build.support` gives them.
    shape, affine
        Of the grid.
    name
        For messages.
    """

    voxels: NDArray[Any]
    values: NDArray[Any]
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    name: str

    @classmethod
    def of(cls, array: NDArray[Any], affine: NDArray[np.float64], name: str) -> Part:
        """Take from an array what is greater than zero."""
        i, j, k = array.shape
        return cls(*support(array, name), (i, j, k), affine, name)


def joined(parts: list[Part], name: str, max_bytes: int) -> tuple[SparseIndex, NDArray[np.float64]]:
    """Make one index of maps on their grids; where these differ, on the grid that holds all.

    Returns
    -------
    SparseIndex
        With a map for each part.
    numpy.ndarray
        The affine of its grid, 4x4.

    Raises
    ------
    BadVolume
        If grids differ by more than whole voxels, or the index would be too large.
    """
    first = parts[0]
    shifts = np.array([_shift(first, part) for part in parts])
    low = shifts.min(axis=0)
    high = np.max([shift + part.shape for shift, part in zip(shifts, parts, strict=True)], axis=0)
    size = high - low
    shape = (int(size[0]), int(size[1]), int(size[2]))
    dtype = np.result_type(*{part.values.dtype for part in parts})
    check_size(name, shape, sum(len(part.voxels) for part in parts), dtype, max_bytes)
    placed = [_moved(part, shift - low, shape) for part, shift in zip(parts, shifts, strict=True)]
    return assemble(shape, placed, dtype), moved(first.affine, low)


def _shift(first: Part, part: Part) -> NDArray[np.int64]:
    shift = shift_between(first.affine, part.affine)
    if shift is None:
        reason = f"its grid and that of {first.name} do not differ by whole voxels"
        raise BadVolume(part.name, reason, "probabilities are never interpolated here; fetch its volume alone")
    return shift


def _moved(part: Part, shift: NDArray[np.int64], shape: tuple[int, int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    if part.shape == shape and not shift.any():
        return part.voxels, part.values
    numbers = part.voxels.astype(np.int64)
    rest, i = np.divmod(numbers, part.shape[0])
    k, j = np.divmod(rest, part.shape[1])
    return (i + shift[0]) + shape[0] * ((j + shift[1]) + shape[1] * (k + shift[2])), part.values
