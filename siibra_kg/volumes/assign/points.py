"""Points against a map: what the map has in the voxel of each point, or under the blur of an uncertain one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import SpaceMismatch, TermError
from siibra_kg.locations import Point, PointCloud, require_same_space
from siibra_kg.terms import contract
from siibra_kg.volumes.assign.blur import blur
from siibra_kg.volumes.assign.rows import Rows, joined, scored
from siibra_kg.volumes.assign.scores import overlaps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.volumes.assign.target import Target

__all__ = ["Points", "assign_points", "points_of"]

#: A point whose standard deviation is below this many voxels is read in its own voxel, as siibra does.
SHARP = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points to assign.

    Parameters
    ----------
    mm
        Shape (n, 3).
    sigma
        Shape (n,), mm: the standard deviation of each.
    """

    mm: NDArray[np.float64]
    sigma: NDArray[np.float64]


def points_of(query: Point | PointCloud | ArrayLike, map_space: str, space: object = None) -> Points:
    """Read a query of points and check that it is in the space of the map.

    Raises
    ------
    SpaceMismatch
        If it is in another space, or an array does not say in which.
    TermError
        If an array does not have three columns of numbers.
    """
    if isinstance(query, Point | PointCloud):
        require_same_space(query, map_space)
        if space is not None:
            require_same_space(query, space)
        if isinstance(query, Point):
            return Points(np.array([query.coordinate], np.float64), np.array([query.sigma_mm]))
        return Points(query.array, query.sigmas)
    if space is None:
        raise SpaceMismatch(
            "of an array without one", contract(map_space), "say in which space its points are: assign(..., space=...)"
        )
    require_same_space(space, map_space)
    try:
        mm = np.asarray(query, np.float64)
    except (TypeError, ValueError):
        raise TermError(type(query).__name__, "a point, a cloud of points, a volume or an array of points") from None
    if mm.ndim != 2 or mm.shape[1] != 3:
        raise TermError(mm.shape, "the shape (n, 3) of points in mm")
    return Points(mm, np.zeros(len(mm)))


def assign_points(target: Target, points: Points) -> Rows:
    """Read sharp points in their voxels, and compare the blur of uncertain ones with every region.

    A point without a region has a row of its own, whether it lies in the field of view or not.
    """
    sharp = points.sigma / target.grid.spacing.mean() < SHARP
    if sharp.all():
        return _read(target, points.mm)
    read = _read(target, points.mm[sharp])
    number = np.flatnonzero(sharp)
    parts = [replace(read, structure=number[read.structure])]
    blurred = np.flatnonzero(~sharp).tolist()
    parts += [_blurred(target, points.mm[n], float(points.sigma[n]), n) for n in blurred]
    return joined(parts)


def _read(target: Target, mm: NDArray[np.float64]) -> Rows:
    voxels, inside = target.grid.voxels(mm)
    asked = np.flatnonzero(inside)
    hits = target.at(voxels if len(asked) == len(mm) else voxels[asked])
    point, region, value = asked[hits.voxel], hits.region, hits.value
    counts = np.bincount(point, minlength=len(mm))
    place = np.repeat(np.arange(len(mm)), np.maximum(counts, 1))
    hit = counts[place] > 0
    rows = np.full(len(place), -1)
    values = np.full(len(place), np.nan)
    rows[hit], values[hit] = region, value
    labels = None
    if hits.label is not None:
        labels = np.zeros(len(place), np.int64)
        labels[hit] = hits.label
    return Rows(place, mm, place, rows, values, inside[place], labels)


def _blurred(target: Target, mm: NDArray[np.float64], sigma_mm: float, number: int) -> Rows:
    _, inside = target.grid.voxels(mm[None])
    outside = Rows(
        *(np.array([number]), mm[None], np.zeros(1, np.int64), np.array([-1]), np.array([np.nan]), inside),
    )
    if not np.isfinite(mm).all():
        return outside
    structures, parts = blur(mm, sigma_mm, number, target.grid)
    if len(structures) == 0:
        return outside
    return scored(target, structures, overlaps(target, parts), inside)
