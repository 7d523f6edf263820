"""From probabilities to labels: in each voxel the region that has the greatest value there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.model import LabelEntry
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.statistical.map import StatisticalMap
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["first_greatest", "winners"]


def first_greatest(index: SparseIndex) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give for each row of the index the first map that has the greatest value in it, and that value."""
    if len(index.voxels) == 0:
        return index.columns[:0], index.values[:0]
    begin = index.starts[:-1]
    greatest = np.maximum.reduceat(index.values, begin)
    rows = np.repeat(np.arange(len(begin), dtype=np.int32), np.diff(index.starts))
    hits = np.flatnonzero(index.values == greatest[rows])
    of = rows[hits]
    first = hits[np.concatenate([[True], of[1:] != of[:-1]])]
    return index.columns[first], greatest


def winners(maps: StatisticalMap, threshold: float) -> LabelMap:
    """Give the label map of the greatest values; see :meth:`StatisticalMap.max_probability`."""
    index = maps.index
    column, greatest = first_greatest(index)
    kept = greatest > threshold
    array = np.zeros(index.shape, np.min_scalar_type(len(index)), order="F")
    array.reshape(-1, order="F")[index.voxels[kept]] = column[kept].astype(array.dtype) + array.dtype.type(1)
    step = f"the region with the greatest value, where it is greater than {threshold:g}; of equal ones the first"
    volume = Volume(
        array=array,
        affine=maps.affine,
        space=maps.space,
        space_name=maps.space_name,
        kind="labelled",
        name=f"maximum of {len(index)} maps",
        parcellation=maps.parcellation,
        provenance=maps.provenance.then(step),
    )
    entries = (LabelEntry(c.number + 1, c.region, c.name, c.color, c.laterality) for c in maps.columns)
    return LabelMap(volume, tuple(entries))
