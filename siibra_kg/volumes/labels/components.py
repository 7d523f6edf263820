"""Connected components of regions: voxels that touch, by face, by edge or by corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.labels.index import LabelIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["components"]

#: Neighbours of a voxel -> how many steps along axes lead to them, as scipy counts.
_STEPS = {6: 1, 18: 2, 26: 3}


def components(index: LabelIndex, rows: list[int], connectivity: int) -> tuple[LabelIndex, NDArray[np.intp], list[int]]:
    """Split the voxels of the labels in some rows of an index into connected components.

    Parameters
    ----------
    index
        Of the label map.
    rows
        Whose voxels are taken together.
    connectivity
        How many neighbours a voxel has: 6 (by face), 18 (also by edge) or 26 (also by corner).

    Returns
    -------
    LabelIndex
        Of the components, in an array that is the box of the voxels.
    numpy.ndarray
        The rows of the components, largest first; of equal size the one that begins first, by the first axis.
    list
        Where in the label map the box begins.

    Raises
    ------
    BadVolume
        If the connectivity is none of these.
    """
    from scipy.ndimage import generate_binary_structure, label  # noqa: PLC0415  scipy takes long to load

    if connectivity not in _STEPS:
        raise BadVolume("connectivity", f"a voxel has 6, 18 or 26 neighbours, not {connectivity}")
    array, start = index.cut(rows)
    labelled, _ = label(array, generate_binary_structure(3, _STEPS[connectivity]))
    parts = LabelIndex.of(labelled)
    return parts, np.argsort(-parts.counts, kind="stable"), start
