"""A label map to assign to: one look-up per voxel, and sums over the voxels of each label."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.assign.grid import Grid
from siibra_kg.volumes.assign.target import Hits, Overlaps, Regions

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.volumes.labels.map import LabelMap

__all__ = ["LabelTarget", "regions_of"]

#: Up to this label a table of all labels is used; above, they are searched.
_TABLE = 2**22


class LabelTarget:
    """The regions of a label map.

    A region that has several labels is one region, made of all their voxels. A label that stands for no region is
    kept: it has no name, and its number is the map value.
    """

    labelled = True

    def __init__(self, label_map: LabelMap) -> None:
        self._index = label_map.index
        self._array = label_map.volume.array
        self.grid = Grid(label_map.volume.shape, label_map.volume.affine)
        self.regions, self._row = regions_of(label_map.labels, self._index.labels)

    @cached_property
    def _table(self) -> NDArray[np.int64] | None:
        """The row of each label from 0 up, -1 for those that no voxel has; nothing where labels are large."""
        labels = self._index.labels
        if len(labels) and (labels[0] < 0 or labels[-1] >= _TABLE):
            return None
        table = np.full(int(labels[-1]) + 1 if len(labels) else 1, -1, np.int64)
        table[labels] = self._row
        return table

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Count the voxels of each region, which are also its sums: v is 1."""
        counts = np.zeros(len(self.regions), np.int64)
        np.add.at(counts, self._row, self._index.counts)
        return counts, counts.astype(np.float64), counts.astype(np.float64)

    def at(self, voxels: NDArray[np.int64]) -> Hits:
        """Read voxels; background has no region."""
        if self._array.flags.f_contiguous:
            labels = self._array.reshape(-1, order="F")[voxels]
        else:  # to flatten it would be to copy it, for one point as for a million
            labels = self._array[np.unravel_index(voxels, self._array.shape, order="F")]
        some = np.flatnonzero(labels)
        labels = labels[some]
        if self._table is not None:
            rows = self._table[labels]
        else:
            rows = self._row[np.searchsorted(self._index.labels, labels)]
        return Hits(some, rows, np.ones(len(some)), labels.astype(np.int64))

    def whole(self, image: NDArray[Any]) -> Overlaps:
        """Compare with an image by one gather over the index and one reduction per label."""
        values = image[self._index.voxels]
        both = np.zeros(len(self.regions), np.int64)
        product = np.zeros(len(self.regions))
        np.add.at(both, self._row, self._index.sums(values > 0))
        np.add.at(product, self._row, self._index.sums(values))
        rows = np.flatnonzero(both)
        return Overlaps(np.zeros(len(rows), np.int64), rows, both[rows], product[rows], np.ones(len(rows)))


def regions_of(entries: tuple[LabelEntry, ...], present: NDArray[np.int64]) -> tuple[Regions, NDArray[np.int64]]:
    """Group the labels that occur by region; gives the regions, and the row of each label that occurs."""
    by_label = {e.label: e for e in entries}
    rows: dict[Hashable, int] = {}
    found: list[tuple[LabelEntry | None, list[int]]] = []
    of_label = np.empty(len(present), np.int64)
    for n, label in enumerate(present.tolist()):
        entry = by_label.get(label)
        key = entry.region if entry is not None and entry.region is not None else label
        row = of_label[n] = rows.setdefault(key, len(rows))
        if row == len(found):
            found.append((entry, []))
        found[row][1].append(label)
    regions = Regions(
        names=tuple((e.name or None) if e is not None else None for e, _ in found),
        iris=tuple(e.region if e is not None else None for e, _ in found),
        labels=tuple(labels[0] if len(labels) == 1 else None for _, labels in found),
        volumes=(0,) * len(found),
        fragments=(None,) * len(found),
    )
    return regions, of_label
