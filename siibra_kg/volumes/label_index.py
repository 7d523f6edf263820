"""All voxels of all labels, sorted by label: one sort, and every question about a label is a slice or a reduction.

The layout is that of a compressed sparse row matrix: ``voxels[starts[n]:starts[n + 1]]`` are the voxels of
``labels[n]``. Building it takes one stable sort of the labelled voxels (radix sort for 8 and 16 bit); masks are then
scatters, and centroids and boxes of all labels together are one ``reduceat`` each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        Indices into the array flattened in column-major order, ascending within a label.
    """

    shape: tuple[int, int, int]
    labels: NDArray[np.int64]
    starts: NDArray[np.int64]
    voxels: NDArray[np.int64]

    @classmethod
    def of(cls, array: NDArray[Any]) -> LabelIndex:
        """Index a three-dimensional array of integers.

        >>> import numpy as np
        >>> index = LabelIndex.of(np.array([[[0, 7], [3, 7]]]))
        >>> index.labels.tolist(), index.counts.tolist()
        ([3, 7], [1, 2])
        """
        i, j, k = array.shape
        flat = array.reshape(-1, order="F")  # a view where the array is column-major, as NIfTI arrays are
        voxels = np.flatnonzero(flat)
        values = flat[voxels]
        order = np.argsort(values, kind="stable")
        values = values[order]
        starts = (
            np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else np.empty(0, int)
        )
        return cls(
            shape=(i, j, k),
            labels=values[starts].astype(np.int64),
            starts=np.append(starts, len(values)).astype(np.int64),
            voxels=voxels[order],
        )

    @property
    def counts(self) -> NDArray[np.int64]:
        """Voxels per label."""
        return np.diff(self.starts)

    def position(self, label: int) -> int | None:
        """Give the row of a label, or ``None`` where no voxel has it."""
        at = int(np.searchsorted(self.labels, label))
        return at if at < len(self.labels) and self.labels[at] == label else None

    def voxels_of(self, label: int) -> NDArray[np.int64]:
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

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Add up values that are given per voxel of the index, shape (..., n), for each label, shape (..., labels)."""
        dtype = np.float64 if values.dtype.kind == "f" else np.int64
        if len(self.labels) == 0:
            return values[..., :0].astype(dtype)
        return np.add.reduceat(values, self.starts[:-1], axis=-1, dtype=dtype)

    def coordinates(self) -> NDArray[np.int32]:
        """Give the array indices of all voxels of the index, shape (3, n): a row per axis, as reductions like it."""
        i, j, _ = self.shape
        rest, along = np.divmod(self.voxels, i)
        return np.stack([along, rest % j, rest // j]).astype(np.int32)

    def centroids(self) -> NDArray[np.float64]:
        """Give the mean array index of each label, shape (labels, 3)."""
        means: NDArray[np.float64] = (self.sums(self.coordinates()) / self.counts).T
        return means

    def boxes(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the lowest and highest of points that are given per voxel, shape (3, n), each of shape (labels, 3)."""
        starts = self.starts[:-1]
        if len(starts) == 0:
            return points[:, :0].T, points[:, :0].T
        return np.minimum.reduceat(points, starts, axis=1).T, np.maximum.reduceat(points, starts, axis=1).T
