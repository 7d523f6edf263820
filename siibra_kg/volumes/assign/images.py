"""An image against a map: the whole image or its connected components, compared with every region."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.volumes.assign.rows import Rows, joined, scored
from siibra_kg.volumes.assign.scores import overlaps
from siibra_kg.volumes.assign.structures import components, whole
from siibra_kg.volumes.assign.target import Overlaps

if TYPE_CHECKING:
    from siibra_kg.volumes.assign.grid import Grid
    from siibra_kg.volumes.assign.target import Target
    from siibra_kg.volumes.volume import Volume

__all__ = ["assign_image"]


def assign_image(target: Target, volume: Volume, *, minsize_voxel: int, split_components: bool) -> Rows:
    """Compare an image with every region; a structure that meets none of them has a row of its own.

    What the image has above zero outside of the field of view of the map takes no part in the scores; it is one more
    row, without a number and not ``inside``.
    """
    image = target.grid.image(volume)
    if split_components:
        structures, parts = components(image, target.grid, minsize_voxel)
        pairs = overlaps(target, parts)
    else:
        structures = whole(image, target.grid, minsize_voxel)
        pairs = target.whole(image) if len(structures) else Overlaps.none()
    rows = scored(target, structures, pairs, np.ones(len(structures), bool))
    outside = _outside(target.grid, volume)
    return rows if outside is None else joined([rows, outside])


def _outside(grid: Grid, volume: Volume) -> Rows | None:
    """Make a row of the voxels above zero that lie outside of the map, if there are any."""
    if grid.matches(volume):
        return None
    at = np.argwhere(volume.array > 0)
    mm = volume.to_mm(at)
    away = ~grid.voxels(mm)[1]
    if not away.any():
        return None
    one = np.zeros(1, np.int64)
    return Rows(one - 1, mm[away].mean(axis=0)[None], one, one - 1, np.array([np.nan]), np.zeros(1, bool))
