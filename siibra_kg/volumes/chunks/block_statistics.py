"""Statistics of a volume of any size, of all voxels or of each label, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.chunks.block_sums import label_sums, merge_sums, sums_of
from siibra_kg.volumes.chunks.blocks import map_blocks
from siibra_kg.volumes.chunks.chunked import ChunkedVolume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.chunks.block_sums import Sums
    from siibra_kg.volumes.volume import Volume

__all__ = ["BlockStatistics", "block_statistics"]


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
        As of :func:`~siibra_kg.volumes.chunks.blocks.map_blocks`.

    Returns
    -------
    BlockStatistics
        The same to the last bit, whatever the executor.

    Raises
    ------
    BadVolume, SpaceMismatch, SourceError
        As of :func:`~siibra_kg.volumes.chunks.blocks.map_blocks`.

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
