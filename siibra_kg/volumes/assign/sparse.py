"""A statistical map to assign to: the regions that a voxel has, and the value of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.assign.grid import Grid
from siibra_kg.volumes.assign.target import Hits, Overlaps, Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.statistical.map import StatisticalMap

__all__ = ["SparseTarget"]


class SparseTarget:
    """The regions of a statistical map. Values that are not greater than a threshold count as zero."""

    labelled = False

    def __init__(self, statistical_map: StatisticalMap, lower_threshold: float = 0.0) -> None:
        self._index = statistical_map.index
        self._threshold = lower_threshold
        self.grid = Grid(statistical_map.index.shape, statistical_map.affine)
        columns = statistical_map.columns
        self.regions = Regions(
            names=tuple(c.name or None for c in columns),
            iris=tuple(c.region for c in columns),
            labels=(None,) * len(columns),
            volumes=tuple(c.volume_index or 0 for c in columns),
            fragments=tuple(c.fragment for c in columns),
        )

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Count the voxels of each region, and add up its values and their squares."""
        rows = [(len(v), v.sum(), np.einsum("i,i", v, v)) for v in map(self._above, range(len(self.regions)))]
        counts, sums, squares = np.array(rows, np.float64).reshape(-1, 3).T
        return counts.astype(np.int64), sums, squares

    def at(self, voxels: NDArray[np.int64]) -> Hits:
        """Read voxels; one that no region has, has nothing, and not what another voxel has."""
        voxel, region, value = self._index.at(voxels)
        if self._threshold > 0:
            above = value > self._threshold
            voxel, region, value = voxel[above], region[above], value[above]
        return Hits(voxel, region.astype(np.int64), value.astype(np.float64))

    def whole(self, image: NDArray[Any]) -> Overlaps:
        """Compare with an image, map by map: what one map needs stays in the processor's cache."""
        found = []
        for region in range(len(self.regions)):
            voxels, values = self._index.support(region)
            if self._threshold > 0:
                above = values > self._threshold
                voxels, values = voxels[above], values[above]
            x = image[voxels]
            shared = x > 0
            if shared.any():
                product = np.einsum("i,i", values.astype(np.float64), x.astype(np.float64))
                found.append((region, np.count_nonzero(shared), product, values[shared].max()))
        region, both, products, highest = np.array(found, np.float64).reshape(-1, 4).T
        structure = np.zeros(len(found), np.int64)
        return Overlaps(structure, region.astype(np.int64), both.astype(np.int64), products, highest)

    def _above(self, region: int) -> NDArray[np.float64]:
        """Give the values of a region that count."""
        _, values = self._index.support(region)
        return (values[values > self._threshold] if self._threshold > 0 else values).astype(np.float64)
