"""Peaks of an image: voxels, or plateaus of equal voxels, with nothing higher around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["apart", "summits"]


def summits(array: NDArray[Any]) -> NDArray[np.intp]:
    """Give the summits of an image, one voxel for each, the highest first.

    A summit is a voxel greater than zero, or a connected plateau of equal voxels, all of whose 26 neighbours are
    lower; what lies outside of the array counts as zero. Of a plateau it is the voxel nearest to its centre.

    Parameters
    ----------
    array
        Three dimensions.

    Returns
    -------
    numpy.ndarray
        Array indices, shape (n, 3). Equal summits are in the column-major order of their voxels.

    Examples
    --------
    >>> import numpy as np
    >>> ridge = np.array([0, 3, 3, 3, 0, 2, 4, 4, 5, 0]).reshape(10, 1, 1)
    >>> summits(ridge)[:, 0].tolist()
    [8, 2]
    """
    from scipy import ndimage  # noqa: PLC0415  takes 100 ms

    cube = np.ones((3, 3, 3), bool)
    around = ndimage.maximum_filter(array, footprint=cube, mode="constant", cval=0)
    top = (array > 0) & (array == around)
    plateaus, count = ndimage.label(top, structure=cube)
    if count == 0:
        return np.empty((0, 3), np.intp)
    # A shelf beside something higher is no summit: voxels of its height that touch the higher part are not in ``top``.
    others = np.where(top, 0, array)
    shelf = top & (ndimage.maximum_filter(others, footprint=cube, mode="constant", cval=0) == array)
    plateaus[np.isin(plateaus, np.unique(plateaus[shelf]))] = 0
    voxels = np.flatnonzero(plateaus.reshape(-1, order="F"))
    places = np.stack(np.unravel_index(voxels, array.shape, order="F"), axis=1)
    _, group = np.unique(plateaus.reshape(-1, order="F")[voxels], return_inverse=True)
    size = np.bincount(group)
    centre = np.stack([np.bincount(group, weights=axis) / size for axis in places.T], axis=1)
    away = ((places - centre[group]) ** 2).sum(axis=1)
    order = np.lexsort((voxels, away, group))
    best = order[np.concatenate([[True], np.diff(group[order]) > 0])] if len(order) else order
    heights = array.reshape(-1, order="F")[voxels[best]].astype(np.float64)
    found: NDArray[np.intp] = places[best][np.lexsort((voxels[best], -heights))]
    return found


def apart(points: NDArray[np.float64], distance: float) -> NDArray[np.intp]:
    """Keep points one after the other, each if it lies at least a distance from all that were kept before.

    Parameters
    ----------
    points
        Shape (n, 3), the most important first.
    distance
        In the unit of the points.

    Returns
    -------
    numpy.ndarray
        Rows of the points that are kept, ascending.

    Examples
    --------
    >>> import numpy as np
    >>> apart(np.array([[0.0, 0, 0], [4, 0, 0], [5, 0, 0], [9, 0, 0]]), 5.0).tolist()
    [0, 2]
    """
    free = np.ones(len(points), bool)
    kept = []
    for row in range(len(points)):
        if free[row]:
            kept.append(row)
            free &= ((points - points[row]) ** 2).sum(axis=1) >= distance**2
    return np.array(kept, np.intp)
