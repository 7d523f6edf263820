"""All voxels of all labels, sorted by label: one sort, and every question about a label is a slice or a reduction.

The layout is that of a compressed sparse row matrix: ``voxels[starts[n]:starts[n + 1]]`` are the voxels of
``labels[n]``. Neighbours along the first axis mostly have the same label, so what is sorted are not voxels but runs of
equal voxels, of which a brain atlas has seven times fewer; counts, sums and boxes of the labels come from the runs
too. Masks are then scatters, and means over labels are one ``reduceat``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import LabelMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LabelIndex"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelIndex:
    """Which voxels have which label; zero is background and not in the index.

    Parameters
    ----------
    shape
        Of the label array.
    labels
        The labels that occur, ascending.
    starts
        Where each label's voxels begin in ``voxels``; one more than there are labels.
    voxels
        Indices into the array flattened in column-major order, ascending within a label; of 32 bits where the array
        is small enough.
    totals
        Sum of the array indices of the voxels of each label, shape (labels, 3).
    low, high
        Lowest and highest array index of the voxels of each label, shape (labels, 3).
    """

    shape: tuple[int, int, int]
    labels: NDArray[np.int64]
    starts: NDArray[np.int64]
    voxels: NDArray[Any]
    totals: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @classmethod
    def of(cls, array: NDArray[Any]) -> LabelIndex:
        """Index a three-dimensional array of integers.

        Raises
        ------
        LabelMismatch
            If a label is larger than 2**63 - 1.

        Examples
        --------
        >>> import numpy as np
        >>> index = LabelIndex.of(np.array([[[0, 7], [3, 7]]]))
        >>> index.labels.tolist(), index.counts.tolist()
        ([3, 7], [1, 2])
        """
        i, j, k = array.shape
        first, length, values = _runs(array)
        if values.dtype.kind == "u" and len(values) and values.max() > np.iinfo(np.int64).max:
            raise LabelMismatch("label volume", "labels above 2**63 - 1 cannot be indexed", [int(values.max())])
        order = _order(values)
        first, length, values = first[order], length[order], values[order]
        begin = np.flatnonzero(values[1:] != values[:-1]) + 1
        begin = np.concatenate([[0], begin]) if len(values) else begin
        ends = np.cumsum(length)
        count = int(ends[-1]) if len(ends) else 0
        kind = np.uint32 if array.size <= np.iinfo(np.uint32).max else np.int64
        # Unsigned differences wrap, and are right again where the voxels are counted on.
        voxels = np.repeat((first - (ends - length)).astype(kind), length)
        voxels += np.arange(count, dtype=kind)
        rest, along = np.divmod(first, i)
        rows = (along, rest % j, rest // j)
        tops = (along + (length - 1), *rows[1:])
        sums = (length * along + length * (length - 1) // 2, length * rows[1], length * rows[2])
        return cls(
            shape=(i, j, k),
            labels=values[begin].astype(np.int64),
            starts=np.append((ends - length)[begin], count),
            voxels=voxels,
            totals=_reduced(np.add, sums, begin),
            low=_reduced(np.minimum, rows, begin),
            high=_reduced(np.maximum, tops, begin),
        )

    def save(self, folder: Path, key: str = "") -> None:
        """Write it to a folder; see :func:`siibra_kg.volumes.labels.store.save_index`."""
        from siibra_kg.volumes.labels.store import save_index  # noqa: PLC0415  which makes what it opens

        save_index(self, folder, key)

    @classmethod
    def open(cls, folder: Path, key: str = "") -> LabelIndex:
        """Open one that was saved; see :func:`siibra_kg.volumes.labels.store.open_index`."""
        from siibra_kg.volumes.labels.store import open_index  # noqa: PLC0415

        return open_index(folder, key)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Voxels per label."""
        return np.diff(self.starts)

    def position(self, label: int) -> int | None:
        """Give the row of a label, or ``None`` where no voxel has it."""
        at = int(np.searchsorted(self.labels, label))
        return at if at < len(self.labels) and self.labels[at] == label else None

    def voxels_of(self, label: int) -> NDArray[Any]:
        """Give the flat indices of the voxels with a label; none where it does not occur."""
        at = self.position(label)
        return self.voxels[:0] if at is None else self.voxels[self.starts[at] : self.starts[at + 1]]

    def mask(self, labels: Iterable[int]) -> NDArray[np.uint8]:
        """Give an array of the full shape that is 1 where a voxel has one of these labels."""
        out = np.zeros(self.shape, np.uint8, order="F")
        flat = out.reshape(-1, order="F")
        for label in labels:
            flat[self.voxels_of(label)] = 1
        return out

    def box(self, rows: list[int]) -> tuple[list[int], list[int]]:
        """Give the first and the last array index along each axis of the labels in some rows."""
        if len(rows) == 1:
            return self.low[rows[0]].tolist(), self.high[rows[0]].tolist()
        return self.low[rows].min(axis=0).tolist(), self.high[rows].max(axis=0).tolist()

    def lines(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give how many rows of the array, and how many slices, lie before each voxel; for many cuts."""
        i, j, _ = self.shape
        kind = self.voxels.dtype.type
        before = self.voxels // kind(i)
        return before, before // kind(j)

    def cut(
        self, rows: list[int], lines: tuple[NDArray[Any], NDArray[Any]] | None = None
    ) -> tuple[NDArray[np.uint8], list[int]]:
        """Cut the voxels of the labels in some rows out of the array.

        Parameters
        ----------
        rows
            Of the index.
        lines
            What :meth:`lines` gives, where it is at hand: a division less for each voxel.

        Returns
        -------
        numpy.ndarray
            Of the smallest box that holds them, 1 where a voxel has one of the labels.
        list
            Where in the array the box begins.
        """
        low, high = self.box(rows)
        i, j, _ = self.shape
        a, b, c = (h - m + 1 for m, h in zip(low, high, strict=True))
        out = np.zeros((a, b, c), np.uint8, order="F")
        flat = out.reshape(-1, order="F")
        kind = self.voxels.dtype.type
        steps = (a - i, a * (b - j))
        row_step, slice_step = (kind(n % 2**32 if kind is np.uint32 else n) for n in steps)
        shift = kind(low[0] + a * (low[1] + b * low[2]))
        for row in rows:
            these = slice(self.starts[row], self.starts[row + 1])
            voxels = self.voxels[these]
            # Voxel x + i (y + j z) of the array is x + a (y + b z) of the box: it moves by a - i for each row of
            # voxels before it, and by a (b - j) for each slice. Unsigned numbers may wrap on the way.
            before = voxels // kind(i) if lines is None else lines[0][these]
            slices = before // kind(j) if lines is None else lines[1][these]
            place = before * row_step
            place += slices * slice_step
            place += voxels
            place -= shift
            flat[place] = 1
        return out, low

    def places_in(self, shape: tuple[int, ...], start: Sequence[int]) -> NDArray[Any]:
        """Give where the voxels are in an array of another shape, flattened in column-major order.

        Parameters
        ----------
        shape
            Of the other array, which holds all of this one.
        start
            The index in it of the first voxel of this one.
        """
        if tuple(shape) == self.shape and not any(start):
            return self.voxels
        i, j, _ = self.shape
        a, b, _ = shape
        place = self.voxels.astype(np.int64)
        rows = place // i
        slices = rows // j
        rows *= a - i
        slices *= a * (b - j)
        place += rows
        place += slices
        place += start[0] + a * (start[1] + b * start[2])
        return place

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add up values that are given per voxel of the index, shape (..., n), for each label, shape (..., labels)."""
        dtype = np.float64 if values.dtype.kind == "f" else np.int64
        if len(self.labels) == 0:
            return values[..., :0].astype(dtype)
        return np.add.reduceat(values, self.starts[:-1], axis=-1, dtype=dtype)

    def coordinates(self) -> NDArray[np.int32]:
        """Give the array indices of all voxels of the index, shape (3, n): a row per axis, as reductions like it."""
        return np.stack(self._indices(self.voxels)).astype(np.int32)

    def _indices(self, voxels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        # One division per axis, the remainder by multiplication: three times as fast as numpy.unravel_index.
        kind = voxels.dtype.type
        i, j = kind(self.shape[0]), kind(self.shape[1])
        rest = voxels // i
        up = rest // j
        return voxels - rest * i, rest - up * j, up

    def centroids(self) -> NDArray[np.float64]:
        """Give the mean array index of each label, shape (labels, 3)."""
        means: NDArray[np.float64] = self.totals / self.counts[:, None]
        return means

    def boxes(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the lowest and highest of points that are given per voxel, shape (3, n), each of shape (labels, 3)."""
        starts = self.starts[:-1]
        if len(starts) == 0:
            return points[:, :0].T, points[:, :0].T
        return np.minimum.reduceat(points, starts, axis=1).T, np.maximum.reduceat(points, starts, axis=1).T


def _runs(array: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """Give the runs of equal voxels along the first axis that are not background: first voxel, length and label."""
    flat = array.reshape(-1, order="F")  # a view where the array is column-major, as NIfTI arrays are
    last = np.empty(flat.size, bool)
    np.not_equal(flat[1:], flat[:-1], out=last[:-1])
    last[array.shape[0] - 1 :: array.shape[0]] = True
    ends = np.flatnonzero(last)
    values = flat[ends]
    some = np.flatnonzero(values)
    # A run begins after the end of the one before it, whatever that was.
    first = np.where(some > 0, ends[some - 1] + 1, 0) if len(some) else some
    return first, ends[some] + 1 - first, values[some]


def _order(values: NDArray[Any]) -> NDArray[np.intp]:
    """Give the stable order of integers; by their bits where numpy does that, which is up to 16 of them."""
    if len(values) == 0:
        return np.empty(0, np.intp)
    low, high = int(values.min()), int(values.max())
    if high - low < 2**16:
        near = values if low >= 0 and high < 2**16 else values.astype(np.int64) - low  # 8 bits would not hold 200
        return np.argsort(near.astype(np.uint16), kind="stable")
    if high - low < 2**32 and low >= 0:
        order = np.argsort((values & 0xFFFF).astype(np.uint16), kind="stable")
        return order[np.argsort((values[order] >> 16).astype(np.uint16), kind="stable")]
    return np.argsort(values, kind="stable")


def _reduced(how: np.ufunc, rows: tuple[NDArray[np.int64], ...], begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Reduce rows of numbers, one per run, to one per label; shape (labels, 3)."""
    if len(begin) == 0:
        return np.empty((0, len(rows)), np.int64)
    return np.stack([how.reduceat(row, begin) for row in rows], axis=1)
