"""The scores of a structure against a region, each by one formula; docs/assignment.md defines them.

N voxels of the grid, x the image of the structure, v the map of the region, |x| and |v| how many voxels are above
zero, |x and v| how many are in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.volumes.assign.target import Overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.assign.structures import Parts, Structures
    from siibra_kg.volumes.assign.target import Target

__all__ = ["Scores", "overlaps", "scores"]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores, a row per pair of :class:`~siibra_kg.volumes.assign.target.Overlaps`."""

    correlation: NDArray[np.float64]
    intersection_over_union: NDArray[np.float64]
    map_weighted_mean: NDArray[np.float64]
    map_containedness: NDArray[np.float64]
    input_weighted_mean: NDArray[np.float64]
    input_containedness: NDArray[np.float64]


def scores(target: Target, structures: Structures, pairs: Overlaps) -> Scores:
    """Compute all scores of all pairs; NaN where a formula divides by zero."""
    sizes, sums, squares = (values[pairs.region] for values in target.totals())
    voxels, total, spread = (
        values[pairs.structure] for values in (structures.voxels, structures.total, structures.spread)
    )
    own = squares - sums**2 / target.grid.size
    own[own <= 1e-12 * squares] = np.nan  # a region that fills the grid with one value
    with np.errstate(invalid="ignore", divide="ignore"):
        return Scores(
            correlation=(pairs.product - total * sums / target.grid.size) / np.sqrt(spread * own),
            intersection_over_union=pairs.both / (voxels + sizes - pairs.both),
            map_weighted_mean=_finite(pairs.product / total),
            map_containedness=pairs.both / sizes,
            input_weighted_mean=_finite(pairs.product / sums),
            input_containedness=pairs.both / voxels,
        )


def overlaps(target: Target, parts: Parts) -> Overlaps:
    """Compare structures with the regions in their voxels; a row per pair that shares a voxel."""
    hits = target.at(parts.voxel)
    n = len(target.regions)
    key = parts.structure[hits.voxel] * n + hits.region
    pairs, row = _distinct(key, parts.structure.max(initial=-1) * n + n)
    value = parts.value[hits.voxel]
    highest = np.zeros(len(pairs))
    np.maximum.at(highest, row, hits.value)
    structure, region = np.divmod(pairs, max(n, 1))
    return Overlaps(
        structure=structure,
        region=region,
        both=np.bincount(row, minlength=len(pairs)),
        product=np.bincount(row, value * hits.value, minlength=len(pairs)).astype(np.float64),
        highest=highest,
    )


def _distinct(key: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the distinct keys, all below ``most``, in ascending order, and which of them each key is."""
    if most > max(4 * len(key), 2**20):
        keys, row = np.unique(key, return_inverse=True)
        return keys, row
    # A table is several times faster than sorting, where it is not much larger than what is sorted.
    some = np.zeros(most, bool)
    some[key] = True
    keys = np.flatnonzero(some)
    table = np.empty(most, np.int64)
    table[keys] = np.arange(len(keys))
    return keys, table[key]


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values[~np.isfinite(values)] = np.nan
    return values
