"""Sums over the voxels of a block, of all of them or of each label, that can be put together over blocks.

Neighbouring voxels of a label map are mostly alike. So a block is cut along x into runs of one label, and everything is
summed over runs: what costs time is one comparison per voxel, whatever the number of labels. Counts, positions and sums
of integers are integers, and exact; sums of floating-point numbers are in 64 bits, in an order that the blocks fix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.chunks.blocks import Piece
from siibra_kg.volumes.files.whole import whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Sums", "label_sums", "merge_sums", "sums_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of some voxels, one row per label; they add up over disjoint sets of voxels.

    Parameters
    ----------
    labels
        Ascending, shape (n,).
    count
        Voxels, int64.
    position
        Sums of the indices of the voxels, shape (n, 3), int64.
    low, high
        The smallest and largest index along each axis, shape (n, 3).
    total, square
        Sums of the values and of their squares: int64 where they are exact, else float64.
    least, most
        The smallest and largest value.
    """

    labels: NDArray[Any]
    count: NDArray[np.int64]
    position: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    total: NDArray[Any]
    square: NDArray[Any]
    least: NDArray[Any]
    most: NDArray[Any]


def sums_of(piece: Piece) -> Sums:
    """Sum over one block: each label of ``piece.labels`` but zero, or all voxels if there are none."""
    array = piece.array
    if piece.labels is None:
        marks = np.zeros(array.shape[1] * array.shape[2], np.uint8)
        starts = np.arange(len(marks), dtype=np.int64) * array.shape[0]
    else:
        labels = whole_numbers(piece.labels, "labels").reshape(-1, order="F")
        starts = _starts(labels, array.shape[0])
        marks = labels[starts]
    lengths = np.diff(starts, append=array.size)
    own = array is piece.labels
    values = None if own else array.reshape(-1, order="F")
    return _summed(_Runs(marks, starts, lengths, array.shape, piece.start), values, keep_zero=piece.labels is None)


def label_sums(piece: Piece) -> Sums:
    """Sum over one block of a label map: its voxels are their own labels, and have no other value."""
    return sums_of(Piece(piece.array, piece.array, piece.start, piece.affine))


def _starts(labels: NDArray[Any], row: int) -> NDArray[np.int64]:
    """Give where runs of one label begin in a column-major array; each row along x begins one."""
    change = np.empty(len(labels), bool)
    np.not_equal(labels[1:], labels[:-1], out=change[1:])
    change[::row] = True
    return np.flatnonzero(change)


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Runs of voxels of one label along x, of a block of this shape and origin."""

    marks: NDArray[Any]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    shape: tuple[int, ...]
    origin: tuple[int, int, int]

    def ends(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give the first and last index in the volume of some runs, along x, y and z."""
        rest, x = np.divmod(self.starts[rows], self.shape[0])
        z, y = np.divmod(rest, self.shape[1])
        x, y, z = (c + o for c, o in zip((x, y, z), self.origin, strict=True))
        return [(x, x + self.lengths[rows] - 1), (y, y), (z, z)]


def _summed(runs: _Runs, values: NDArray[Any] | None, *, keep_zero: bool) -> Sums:
    some = np.arange(len(runs.marks)) if keep_zero else np.flatnonzero(runs.marks)
    rows = some[np.argsort(runs.marks[some], kind="stable")]
    marks, lengths, ends = runs.marks[rows], runs.lengths[rows], runs.ends(rows)
    first = _firsts(marks)
    position = np.stack([(low + high) * lengths // 2 for low, high in ends], axis=1)
    low, high = (np.stack([e[side] for e in ends], axis=1) for side in (0, 1))
    return Sums(
        marks[first],
        _grouped(np.add, lengths, first),
        _grouped(np.add, position, first),
        _grouped(np.minimum, low, first),
        _grouped(np.maximum, high, first),
        *_values(runs, values, rows, first),
    )


def _values(
    runs: _Runs, values: NDArray[Any] | None, rows: NDArray[np.int64], first: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Give sum, sum of squares, least and most value of each label."""
    if values is None:  # a label is the value of all of its voxels: nothing that is worth a sum
        none, marks = np.zeros(len(first)), runs.marks[rows][first]
        return none, none, marks, marks
    wide, squared = _accumulators(values.dtype)

    def over_runs(function: np.ufunc, column: NDArray[Any], dtype: Any = None) -> NDArray[Any]:  # noqa: ANN401
        return _grouped(function, function.reduceat(column, runs.starts, dtype=dtype)[rows], first)

    return (
        over_runs(np.add, values, wide),
        over_runs(np.add, np.square(values, dtype=squared)),
        over_runs(np.minimum, values),
        over_runs(np.maximum, values),
    )


def _firsts(marks: NDArray[Any]) -> NDArray[np.int64]:
    """Give where each label begins in labels that are sorted."""
    change = np.empty(len(marks), bool)
    change[:1] = True
    np.not_equal(marks[1:], marks[:-1], out=change[1:])
    return np.flatnonzero(change)


def _grouped(function: np.ufunc, column: NDArray[Any], first: NDArray[np.int64]) -> NDArray[Any]:
    found: NDArray[Any] = function.reduceat(column, first, axis=0) if len(first) else column[:0]
    return found


def _accumulators(dtype: np.dtype[Any]) -> tuple[type, type]:
    """Give the types for sums and for sums of squares: integers where they cannot overflow in 2**31 voxels."""
    if dtype.kind not in "iub" or dtype.itemsize > 4:
        return np.float64, np.float64
    return np.int64, np.int64 if dtype.itemsize <= 2 else np.float64


def merge_sums(one: Sums, other: Sums) -> Sums:
    """Put the sums of two disjoint sets of voxels together."""
    labels = np.concatenate([one.labels, other.labels])
    order = np.argsort(labels, kind="stable")
    first = _firsts(labels[order])

    def both(function: np.ufunc, name: str) -> NDArray[Any]:
        return _grouped(function, np.concatenate([getattr(one, name), getattr(other, name)])[order], first)

    return Sums(
        labels[order][first],
        both(np.add, "count"),
        both(np.add, "position"),
        both(np.minimum, "low"),
        both(np.maximum, "high"),
        both(np.add, "total"),
        both(np.add, "square"),
        both(np.minimum, "least"),
        both(np.maximum, "most"),
    )
