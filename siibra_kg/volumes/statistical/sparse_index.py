"""All values of many maps that are not zero, kept twice: voxel by voxel, and map by map.

What a voxel has in a hundred maps is then one short stretch, and a map is one stretch too: points are read in the
time of a gather, and a map is rebuilt in the time of a scatter. Both orders are those of a compressed sparse matrix
with a row per voxel that some map has, and a column per map.

Voxels are numbered as in the array flattened in column-major order, as NIfTI files have them. A value counts where it
is greater than zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SparseIndex", "SparseRows"]


class SparseRows(NamedTuple):
    """What some voxels have, a row per voxel and map; ordered by voxel as asked for, then by map.

    Parameters
    ----------
    asked
        Which of the voxels that were asked for, counted from 0.
    column
        The map.
    value
        Its value there, greater than zero.
    """

    asked: NDArray[np.int64]
    column: NDArray[Any]
    value: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class SparseIndex:
    """Which voxel has which value in which map.

    Parameters
    ----------
    shape
        Of each map.
    lookup
        For each voxel of the grid its row, or -1 where no map has it; int32, shape (voxels of the grid,).
    voxels
        The voxel of each row, ascending.
    starts
        Where each row begins in ``columns`` and ``values``; one more than there are rows.
    columns
        Maps, ascending in a row; 16 bits where there are fewer than 65,536 of them.
    values
        Their values, in the type of the file.
    column_starts
        Where each map begins in ``column_voxels`` and ``column_values``; one more than there are maps.
    column_voxels
        Voxels, ascending in a map.
    column_values
        The same values in the order of the maps.
    low, high
        First and last array index of the voxels of each map, shape (maps, 3). Of a map without voxels the last is
        less than the first.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.volumes.statistical.sparse_build import build
    >>> one, other = np.array([[[0, 3], [5, 0]]]), np.array([[[0, 0], [2, 1]]])
    >>> index = build([one, other])
    >>> asked, column, value = index.at([1, 0, 3])
    >>> asked.tolist(), column.tolist(), value.tolist()
    ([0, 0, 2], [0, 1, 1], [5, 2, 1])
    >>> bool((index.dense(1) == other).all())
    True
    """

    shape: tuple[int, int, int]
    lookup: NDArray[np.int32]
    voxels: NDArray[Any]
    starts: NDArray[np.int64]
    columns: NDArray[Any]
    values: NDArray[Any]
    column_starts: NDArray[np.int64]
    column_voxels: NDArray[Any]
    column_values: NDArray[Any]
    low: NDArray[np.int32]
    high: NDArray[np.int32]

    def __len__(self) -> int:
        """How many maps there are."""
        return len(self.column_starts) - 1

    @property
    def counts(self) -> NDArray[np.int64]:
        """Voxels per map."""
        counts: NDArray[np.int64] = np.diff(self.column_starts)
        return counts

    def at(self, voxels: ArrayLike) -> SparseRows:
        """Read voxels.

        A voxel that no map has gives no rows. siibra 1.0.1 gives those of the last voxel of its index there, as it
        reads at -1.

        Parameters
        ----------
        voxels
            Shape (n,): numbers of voxels of the grid, in column-major order. They may repeat; a negative one stands
            for a place outside of the grid, where nothing is.
        """
        asked = np.asarray(voxels, dtype=np.int64)
        inside = np.flatnonzero(asked >= 0)
        rows = self.lookup[asked if len(inside) == len(asked) else asked[inside]]
        some = np.flatnonzero(rows >= 0)
        rows = rows[some]
        begin = self.starts[rows]
        length = self.starts[rows + 1] - begin
        ends = np.cumsum(length)
        where = np.repeat(begin - (ends - length), length)
        where += np.arange(len(where))
        return SparseRows(np.repeat(inside[some], length), self.columns[where], self.values[where])

    def support(self, column: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the voxels of a map, ascending, and their values."""
        part = slice(self.column_starts[column], self.column_starts[column + 1])
        return self.column_voxels[part], self.column_values[part]

    def dense(self, column: int) -> NDArray[Any]:
        """Give a map as an array of the full shape, column-major."""
        out = np.zeros(self.shape, self.values.dtype, order="F")
        voxels, values = self.support(column)
        out.reshape(-1, order="F")[voxels] = values
        return out

    def cut(self, column: int) -> tuple[NDArray[Any], list[int]]:
        """Give the smallest array that holds a map, and the array index of its first voxel."""
        if self.counts[column] == 0:
            return np.zeros((1, 1, 1), self.values.dtype), [0, 0, 0]
        low = self.low[column].astype(np.int64)
        size = self.high[column] - low + 1
        voxels, values = self.support(column)
        i, j, k = self.places(voxels)
        out = np.zeros(size, self.values.dtype, order="F")
        out.reshape(-1, order="F")[(i - low[0]) + size[0] * ((j - low[1]) + size[1] * (k - low[2]))] = values
        return out, low.tolist()

    def places(self, voxels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the array indices of voxels, an array per axis."""
        numbers = voxels.astype(np.int64)
        rest = numbers // self.shape[0]
        up = rest // self.shape[1]
        return numbers - rest * self.shape[0], rest - up * self.shape[1], up

    def sums(self, power: int = 1) -> NDArray[np.float64]:
        """Add up the values of each map, or their squares (``power`` 2), shape (maps,)."""
        if power == 1:
            return np.array([v.sum(dtype=np.float64) for _, v in self.each()], np.float64)
        return np.array([np.sum(v.astype(np.float64) ** power) for _, v in self.each()], np.float64)

    def highest(self) -> NDArray[np.float64]:
        """Give the highest value of each map; zero for a map without voxels."""
        return np.array([v.max(initial=0) for _, v in self.each()], np.float64)

    def centroids(self) -> NDArray[np.float64]:
        """Give the mean array index of each map, weighted by its values, shape (maps, 3); NaN where it has none."""
        found = np.full((len(self), 3), np.nan)
        for column, (voxels, values) in enumerate(self.each()):
            weights = values.astype(np.float64)
            if total := weights.sum():
                found[column] = [weights @ axis / total for axis in self.places(voxels)]
        return found

    def each(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Give voxels and values of all maps, one after the other."""
        for column in range(len(self)):
            yield self.support(column)

    def above(self, threshold: float) -> SparseIndex:
        """Keep the values that are greater than a threshold."""
        return self._kept((v[keep], x[keep]) for v, x in self.each() for keep in [x > threshold])

    def within(self, start: ArrayLike, stop: ArrayLike) -> SparseIndex:
        """Cut all maps to a block of voxels: from a first array index to the one after the last."""
        first, last = np.asarray(start), np.asarray(stop)
        a, b, c = (int(n) for n in last - first)

        def inside(voxels: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
            places = np.stack(self.places(voxels))
            keep = ((places >= first[:, None]) & (places < last[:, None])).all(axis=0)
            i, j, k = places[:, keep] - first[:, None]
            return i + a * (j + b * k), values[keep]

        return self._kept((inside(*one) for one in self.each()), (a, b, c))

    def take(self, columns: Iterable[int]) -> SparseIndex:
        """Keep some maps, in the order that is given."""
        return self._kept(self.support(column) for column in columns)

    def _kept(
        self, parts: Iterable[tuple[NDArray[Any], NDArray[Any]]], shape: tuple[int, int, int] | None = None
    ) -> SparseIndex:
        from siibra_kg.volumes.statistical.sparse_build import assemble  # noqa: PLC0415  it makes what is defined here

        return assemble(shape or self.shape, parts, self.values.dtype)
