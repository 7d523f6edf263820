"""Statistics of a volume of any size, of all voxels or of each label: sums over blocks that can be put together.

Neighbouring voxels of a label map are mostly alike. So a block is cut along x into runs of one label, and everything is
summed over runs: what costs time is one comparison per voxel, whatever the number of labels. Counts, positions and sums
of integers are integers, and exact; sums of floating-point numbers are in 64 bits, in an order that the blocks fix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.blocks import Piece, map_blocks
from siibra_kg.volumes.chunked import ChunkedVolume
from siibra_kg.volumes.whole import whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.volume import Volume

__all__ = ["BlockStatistics", "Sums", "block_statistics", "label_sums", "merge_sums", "sums_of"]


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BlockStatistics:
    """What the sums say.

    Parameters
    ----------
    sums
        One row per label; one row, with the label 0, if there are no labels.
    affine
        4x4: indices to mm.
    space
        IRI of the reference space.
    names
        Of the labels, where the reference to the volume knows them.
    valued
        Whether the voxels have values beside their labels.
    """

    sums: Sums
    affine: NDArray[np.float64]
    space: IRI
    names: dict[int, str]
    valued: bool

    @property
    def labels(self) -> NDArray[Any]:
        """The labels that some voxel has, ascending."""
        return self.sums.labels

    @property
    def count(self) -> NDArray[np.int64]:
        """Voxels of each label."""
        return self.sums.count

    @property
    def volume_mm3(self) -> NDArray[np.float64]:
        """Cubic mm of each label."""
        x, y, z = self.affine[:3, :3].T
        return np.asarray(self.sums.count * abs(float(np.cross(x, y) @ z)), np.float64)

    @property
    def centroid(self) -> NDArray[np.float64]:
        """Mean position in mm of the voxels of each label, shape (n, 3)."""
        mean = self.sums.position / self.sums.count[:, None]
        found: NDArray[np.float64] = mean @ self.affine[:3, :3].T + self.affine[:3, 3]
        return found

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean value of the voxels of each label."""
        return np.asarray(self.sums.total / self.sums.count, np.float64)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of the values: the root of the mean square minus the squared mean, never below zero."""
        return np.asarray(np.sqrt(np.maximum(self.sums.square / self.sums.count - self.mean**2, 0)), np.float64)

    def rows(self) -> list[dict[str, Any]]:
        """Give one dictionary per label: what a table or a data frame is made of."""
        rows = []
        columns = zip(self.labels, self.count, self.volume_mm3, self.centroid, strict=True)
        for n, (label, count, volume, (x, y, z)) in enumerate(columns):
            row = {"label": int(label), "name": self.names.get(int(label), "")}
            row |= {"voxels": int(count), "volume_mm3": float(volume), "x": float(x), "y": float(y), "z": float(z)}
            if self.valued:
                row |= {"mean": float(self.mean[n]), "std": float(self.std[n])}
                row |= {"minimum": self.sums.least[n].item(), "maximum": self.sums.most[n].item()}
            rows.append(row)
        return rows

    def __repr__(self) -> str:
        return f"<BlockStatistics of {int(self.count.sum()):,} voxels, {len(self.labels)} labels>"


def block_statistics(
    volume: Volume | ChunkedVolume,
    labels: Volume | ChunkedVolume | None = None,
    *,
    block: int = 128,
    executor: Any = None,  # noqa: ANN401  as of map_blocks
) -> BlockStatistics:
    """Count, place and sum the voxels of a volume of any size.

    Parameters
    ----------
    volume
        An image; or a label map, whose labels are then counted and placed.
    labels
        A label map on the grid of the image: then all is per label. Voxels with the label 0 are not counted.
    block, executor
        As of :func:`~siibra_kg.volumes.blocks.map_blocks`.

    Returns
    -------
    BlockStatistics
        The same to the last bit, whatever the executor.

    Raises
    ------
    BadVolume, SpaceMismatch, SourceError
        As of :func:`~siibra_kg.volumes.blocks.map_blocks`.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> space = IRI("https://example.org/space")
    >>> labels = np.zeros((4, 4, 4), np.uint8)
    >>> labels[1:3, 1, 1] = 7
    >>> found = block_statistics(Volume(labels, np.diag([2.0, 2, 2, 1]), space, kind="labelled"))
    >>> found.labels.tolist(), found.volume_mm3.tolist(), found.centroid.tolist()
    ([7], [16.0], [[3.0, 2.0, 2.0]])
    """
    handle = ChunkedVolume.of(volume)
    own = labels is None and handle.kind == "labelled"
    sums = map_blocks(
        label_sums if own else sums_of, handle, block=block, reduce=merge_sums, executor=executor, labels=labels
    )
    marks = handle if labels is None else ChunkedVolume.of(labels)
    entries = marks.ref.labels if marks.ref is not None else ()
    names = {entry.label: entry.name for entry in entries}
    return BlockStatistics(sums, handle.affine, handle.space, names, not own)
