"""Measurements of all maps of a statistical map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.table import Column, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.statistical.map import StatisticalMap

__all__ = ["listed", "measured"]

_REGIONS = (
    Column("map", "integer", "number of the map"),
    Column("region", "iri", "the region that it shows"),
    Column("name", "string", "name of the region"),
    Column("color", "string", "#RRGGBB"),
    Column("laterality", "string", "left or right"),
    Column("voxels", "integer", "how many voxels have a value"),
    Column("volume", "decimal", "of these voxels, cubic mm"),
)
_COLUMNS = (
    Column("map", "integer", "number of the map"),
    Column("region", "iri", "the region that it shows"),
    Column("name", "string", "name of the region"),
    Column("voxels", "integer", "how many voxels have a value"),
    Column("volume", "decimal", "of these voxels, cubic mm"),
    Column("highest", "decimal", "highest value"),
    Column("mean", "decimal", "mean value of these voxels"),
    Column("sum", "decimal", "sum of all values"),
    *(Column(n, "decimal", "mean position, weighted by the values, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_min", "decimal", "lower edge of the bounding box, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_max", "decimal", "upper edge of the bounding box, mm") for n in ("x", "y", "z")),
)


def listed(maps: StatisticalMap) -> Table:
    """List all maps; see :attr:`StatisticalMap.regions`."""
    counts, size = maps.index.counts.tolist(), _voxel_volume(maps)
    rows = ((c.number, c.region, c.name or None, c.color, c.laterality) for c in maps.columns)
    return Table(_REGIONS, tuple((*row, n, n * size) for row, n in zip(rows, counts, strict=True)))


def measured(maps: StatisticalMap) -> Table:
    """Measure all maps; see :meth:`StatisticalMap.measure`. A map without voxels has no place, and is all zeros."""
    index, affine = maps.index, maps.affine
    voxel = _voxel_volume(maps)
    highest, total = index.highest().tolist(), index.sums().tolist()
    centres = index.centroids() @ affine[:3, :3].T + affine[:3, 3]
    places = np.hstack([centres, _boxes(maps)]).tolist()
    rows = []
    for column, count in zip(maps.columns, index.counts.tolist(), strict=True):
        n = column.number
        numbers = (count, count * voxel, highest[n], total[n] / count if count else 0.0, total[n])
        rows.append((n, column.region, column.name or None, *numbers, *(places[n] if count else [None] * 9)))
    return Table(_COLUMNS, tuple(rows))


def _voxel_volume(maps: StatisticalMap) -> float:
    x, y, z = maps.affine[:3, :3].T
    return abs(float(np.cross(x, y) @ z))


def _boxes(maps: StatisticalMap) -> NDArray[np.float64]:
    """Give lowest and highest corner of each map in mm, edges of voxels included, shape (maps, 6)."""
    index, linear = maps.index, maps.affine[:3, :3]
    half = np.abs(linear).sum(axis=1) / 2
    if ((linear != 0).sum(axis=1) == 1).all():
        ends = np.stack([index.low @ linear.T, index.high @ linear.T], axis=1)
        low, high = ends.min(axis=1), ends.max(axis=1)
    else:  # with oblique axes the voxels' own places are needed
        low, high = np.zeros((2, len(index), 3))
        for column, (voxels, _) in enumerate(index.each()):
            if len(voxels):
                at = np.stack(index.places(voxels), axis=1) @ linear.T
                low[column], high[column] = at.min(axis=0), at.max(axis=0)
    return np.hstack([low - half, high + half]) + np.tile(maps.affine[:3, 3], 2)
