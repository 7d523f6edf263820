"""A statistical map to assign to: the regions that a voxel has, and the value of each."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.assign.grid import Grid
from siibra_kg.volumes.assign.target import Hits, Overlaps, Regions, expand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.statistical_map import StatisticalMap

__all__ = ["SparseTarget"]


class SparseTarget:
    """The regions of a statistical map. Values that are not greater than a threshold count as zero."""

    labelled = False

    def __init__(self, statistical_map: StatisticalMap, lower_threshold: float = 0.0) -> None:
        self._index = statistical_map.index
        self._threshold = lower_threshold
        self.grid = Grid(self._index.shape, statistical_map.affine)
        self.regions = Regions(
            names=tuple(e.name or None for e in statistical_map.entries),
            iris=tuple(e.region for e in statistical_map.entries),
            labels=(None,) * len(statistical_map.entries),
            volumes=tuple(e.volume for e in statistical_map.entries),
            fragments=tuple(e.fragment for e in statistical_map.entries),
        )

    @cached_property
    def _kept(self) -> NDArray[np.bool_] | None:
        """Which values count; nothing if all do."""
        values = self._index.values
        kept = values > self._threshold
        return None if kept.all() else kept

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Count the voxels of each region, and add up its values and their squares."""
        region, value = self._index.maps, self._index.values.astype(np.float64)
        if self._kept is not None:
            region, value = region[self._kept], value[self._kept]
        n = len(self.regions)
        return (
            np.bincount(region, minlength=n),
            np.bincount(region, value, minlength=n).astype(np.float64),
            np.bincount(region, value**2, minlength=n).astype(np.float64),
        )

    def at(self, voxels: NDArray[np.int64]) -> Hits:
        """Read voxels; one that no region has, has nothing, and not what another voxel has."""
        rows = self._index.rows_of(voxels)
        some = np.flatnonzero(rows >= 0)
        rows = rows[some]
        starts = self._index.starts[rows].astype(np.int64)
        counts = self._index.starts[rows + 1] - starts
        entries = expand(starts, counts)
        voxel, value = np.repeat(some, counts), self._index.values[entries]
        region = self._index.maps[entries].astype(np.int64)
        above = value > self._threshold
        if not above.all():
            voxel, region, value = voxel[above], region[above], value[above]
        return Hits(voxel, region, value.astype(np.float64))

    def whole(self, image: NDArray[Any]) -> Overlaps:
        """Compare with an image, in the voxels where it is not zero."""
        voxels = np.flatnonzero(image)
        hits = self.at(voxels)
        value = image[voxels].astype(np.float64)[hits.voxel]
        positive = value > 0
        n = len(self.regions)
        both = np.bincount(hits.region[positive], minlength=n)
        highest = np.zeros(n)
        np.maximum.at(highest, hits.region[positive], hits.value[positive])
        rows = np.flatnonzero(both)
        product = np.bincount(hits.region, value * hits.value, minlength=n).astype(np.float64)
        return Overlaps(np.zeros(len(rows), np.int64), rows, both[rows], product[rows], highest[rows])
