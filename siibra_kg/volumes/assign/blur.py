"""The blur of an uncertain point: a Gaussian at the centres of voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import TermError
from siibra_kg.volumes.assign.structures import Parts, Structures, summed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.assign.grid import Grid

__all__ = ["blur"]

#: The Gaussian ends after this many standard deviations along each axis of the array, as siibra's does.
_REACH = 3
#: Along one axis; and in all of a grid whose axes are not at right angles, where the box has to be held at once.
_LONGEST, _LARGEST = 2**20, 2**26


def blur(point: NDArray[np.float64], sigma_mm: float, number: int, grid: Grid) -> tuple[Structures, Parts]:
    """Spread an uncertain point over the voxels around its own; all of them add up to 1.

    Parameters
    ----------
    point
        Shape (3,), mm.
    sigma_mm
        Its standard deviation, the same in every direction.
    number
        The row of the point.

    Returns
    -------
    Structures, Parts
        One structure, without the voxels that lie outside of the grid; its centroid is the point itself. None if all
        of them do.

    Raises
    ------
    TermError
        If the standard deviation is so large that the blur cannot be held.
    """
    nearest = np.array([np.floor(p[0] + 0.5) for p in grid.positions(point[None])])
    reach = _REACH * sigma_mm * np.sqrt((np.linalg.inv(grid.affine)[:3, :3] ** 2).sum(axis=1))
    half = np.floor(reach + 1e-9)
    if half.max() > _LONGEST:
        raise TermError(sigma_mm, "a standard deviation in mm that reaches over less than a million voxels")
    offsets = [np.arange(-h, h + 1) for h in half]
    held = [(o + n >= 0) & (o + n < size) for o, n, size in zip(offsets, nearest, grid.shape, strict=True)]
    value = _gaussian(grid.affine[:3, :3], offsets, held, sigma_mm)
    x, y, z = np.meshgrid(
        *((o[h] + n).astype(np.int64) for o, h, n in zip(offsets, held, nearest, strict=True)),
        indexing="ij",
        sparse=True,
    )
    voxel = (x + grid.shape[0] * (y + grid.shape[1] * z)).ravel()
    parts = Parts(np.zeros(voxel.size, np.int64), voxel, value.ravel())
    if voxel.size == 0:
        return Structures.none(), parts
    return summed(np.array([number]), parts, grid, centroids=point[None]), parts


def _gaussian(
    linear: NDArray[np.float64], offsets: list[NDArray[np.float64]], held: list[NDArray[np.bool_]], sigma_mm: float
) -> NDArray[np.float64]:
    """Give the part of the Gaussian that is held, of one whose sum over all offsets is 1."""
    metric = linear.T @ linear  # squared mm of a step in voxels
    across = np.abs(metric - np.diag(np.diag(metric))).max()
    if across <= 1e-6 * np.diag(metric).min():
        # At right angles it is a product, and what is not held never has to be made.
        along = [np.exp(-metric[a, a] * o**2 / (2 * sigma_mm**2)) for a, o in enumerate(offsets)]
        i, j, k = ((w / w.sum())[h] for w, h in zip(along, held, strict=True))
        product: NDArray[np.float64] = i[:, None, None] * j[:, None] * k
        return product
    if np.prod([len(o) for o in offsets]) > _LARGEST:
        raise TermError(sigma_mm, f"a standard deviation in mm that reaches over less than {_LARGEST:,} oblique voxels")
    steps = np.stack(np.meshgrid(*offsets, indexing="ij"), axis=-1)
    value: NDArray[np.float64] = np.exp(-((steps @ linear.T) ** 2).sum(axis=-1) / (2 * sigma_mm**2))
    value /= value.sum()
    kept: NDArray[np.float64] = value[np.ix_(*held)]
    return kept
