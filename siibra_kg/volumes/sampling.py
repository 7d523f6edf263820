"""Points drawn from a region: more of them where the region is thicker, or where its map is higher.

The density is siibra's. In a label map the weight of a voxel is the square of its distance to the nearest voxel that
does not belong to the region (the Euclidean distance transform); in a statistical map it is the value of the map. The
points lie anywhere in their voxel, each place being as likely as the other, or, if asked, at its centre.

The same seed gives the same points everywhere: only additions, multiplications and comparisons of 64-bit numbers are
used, in a fixed order, and the stream of numpy's PCG64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import LabelMismatch, TermError
from siibra_kg.locations import PointCloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.statistical.map import StatisticalMap
    from siibra_kg.volumes.volume import Volume

__all__ = ["sample_locations", "sample_volume"]


def sample_locations(
    map: LabelMap | StatisticalMap,  # noqa: A002  what it is everywhere else
    region: IRI | str | int,
    n: int,
    seed: int,
    *,
    centres: bool = False,
) -> PointCloud:
    """Draw points from a region of a map.

    Parameters
    ----------
    map
        A label map or a statistical map.
    region
        The region: its IRI, or its label.
    n
        How many points.
    seed
        A number, zero or more.
    centres
        Whether to give the centres of voxels instead of places in them.

    Returns
    -------
    PointCloud
        In the space of the map, in the order in which they were drawn.

    Raises
    ------
    LabelMismatch
        If the map does not show the region.
    """
    from siibra_kg.volumes.labels.map import LabelMap  # noqa: PLC0415  knows pictures, which know this module's users

    volume = map.mask(region) if isinstance(map, LabelMap) else map.volume(region)
    return sample_volume(volume, n, seed=seed, centres=centres)


def sample_volume(volume: Volume, n: int, *, seed: int, centres: bool = False) -> PointCloud:
    """Draw points from a mask, or from an image of values.

    Parameters
    ----------
    volume
        A mask, or an image whose values above zero are weights.
    n, seed, centres
        As of :func:`sample_locations`.

    Raises
    ------
    LabelMismatch
        If the volume is a label map, of which a region would have to be chosen, or has nothing above zero.
    TermError
        If ``n`` or the seed is not a whole number: one or more, zero or more.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> block = np.zeros((5, 5, 5), np.uint8)
    >>> block[1:4, 1:4, 1:4] = 1
    >>> mask = Volume(block, np.eye(4), IRI("https://example.org/space"), kind="mask")
    >>> sample_volume(mask, 3, seed=1, centres=True).coordinates
    ((2.0, 2.0, 2.0), (3.0, 3.0, 2.0), (1.0, 2.0, 2.0))
    """
    if not isinstance(n, int | np.integer) or n < 1:
        raise TermError(n, "a number of points, one or more")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise TermError(seed, "a seed: a whole number, zero or more")
    voxels, weights = _weights(volume)
    random = np.random.Generator(np.random.PCG64(int(seed)))
    ends = np.cumsum(weights)  # one after the other, as numpy.cumsum does and numpy.sum does not
    drawn = np.searchsorted(ends, random.random(n) * ends[-1], side="right").clip(max=len(ends) - 1)
    places = voxels[drawn].astype(np.float64)
    if not centres:
        places += random.random((n, 3)) - 0.5
    a = volume.affine
    x, y, z = places.T
    # Written out: a matrix product may add in another order on another machine.
    mm = np.stack([a[r, 0] * x + a[r, 1] * y + a[r, 2] * z + a[r, 3] for r in range(3)], axis=1)
    return PointCloud(mm, volume.space)


def _weights(volume: Volume) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the voxels that points may lie in, shape (m, 3), in the order of the array, and the weight of each."""
    if volume.kind == "labelled":
        raise LabelMismatch(volume.name or "volume", "a label map has many regions; ask for a mask of one")
    array = volume.array
    some = np.nan_to_num(array) > 0 if array.dtype.kind == "f" else array > 0
    voxels = np.argwhere(some)
    if len(voxels) == 0:
        raise LabelMismatch(volume.name or "volume", "no voxel is above zero, so no point can be drawn")
    if volume.kind != "mask":
        weights = array[some].astype(np.float64)
        if not np.isfinite(weights).all():
            raise LabelMismatch(volume.name or "volume", "has infinite values, which are no weights")
        return voxels, weights
    return voxels, _depth(some, voxels, volume.voxel_size)


def _depth(some: NDArray[Any], voxels: NDArray[np.int64], spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Give the squared distance in mm of each voxel to the nearest outside of the mask, or outside of the grid."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415  scipy takes long to load

    low, high = voxels.min(axis=0), voxels.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    padded = np.pad(some[box], 1)
    nearest = distance_transform_edt(padded, spacing, return_distances=False, return_indices=True)
    at = (voxels - low + 1).T
    steps = (at - nearest[:, at[0], at[1], at[2]]).astype(np.float64)
    # Of whole steps and not of the distances, whose square roots would be rounded.
    x, y, z = ((s * d) ** 2 for s, d in zip(steps, spacing, strict=True))
    depth: NDArray[np.float64] = x + y + z
    return depth
