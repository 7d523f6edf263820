"""Points against labels on a surface: the nearest vertex of each point, and how far away it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume, TermError
from siibra_kg.volumes.assign.labels import regions_of
from siibra_kg.volumes.assign.rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.assign.target import Regions
    from siibra_kg.volumes.surface import Surface

__all__ = ["assign_to_surface"]

#: So many vertices are looked at for one that is as near as the nearest and comes before it.
_TIES = 4


def assign_to_surface(surface: Surface, points: NDArray[np.float64], max_distance_mm: float) -> tuple[Rows, Regions]:
    """Give the label of the nearest vertex of each point.

    Parameters
    ----------
    surface
        A mesh with labels.
    points
        Shape (n, 3), mm.
    max_distance_mm
        A point further away than this from every vertex has no region.

    Raises
    ------
    BadVolume
        If the surface has no vertices, or no labels.
    TermError
        If the distance is not a number above zero.
    """
    if surface.labels is None or len(surface.vertices) == 0:
        what = "labels" if surface.labels is None else "vertices"
        raise BadVolume(
            surface.name or "surface",
            f"has no {what}, so no point can be assigned",
            "labels.on(mesh) brings them together",
        )
    if not max_distance_mm > 0:
        raise TermError(max_distance_mm, "a distance in mm, greater than zero")
    finite = np.isfinite(points).all(axis=1)
    distance, vertex = np.full(len(points), np.nan), np.zeros(len(points), np.int64)
    if finite.any():
        distance[finite], vertex[finite] = _nearest(surface.vertices, points[finite])
    near = distance <= max_distance_mm
    labels = surface.labels[vertex]
    present = np.setdiff1d(surface.labels, [0]).astype(np.int64)
    regions, row = regions_of(surface.entries, present)
    region = np.full(len(points), -1)
    some = near & (labels != 0)
    region[some] = row[np.searchsorted(present, labels[some])]
    number, value = np.arange(len(points)), np.full(len(points), np.nan)
    label = np.where(some, labels, 0).astype(np.int64)
    rows = Rows(number, points, number, region, value, near, label, extra={"distance": distance})
    return rows, replace(regions, fragments=_fragments(surface, present, row, len(regions)))


def _nearest(
    vertices: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give the distance to the nearest vertex and which it is; of several that are as near, the first."""
    from scipy.spatial import cKDTree  # noqa: PLC0415  scipy takes long to load

    distances, found = cKDTree(vertices).query(points, k=range(1, min(_TIES, len(vertices)) + 1))
    first = np.where(distances == distances[:, :1], found, len(vertices)).min(axis=1)
    return distances[:, 0], first


def _fragments(
    surface: Surface, present: NDArray[np.int64], row: NDArray[np.int64], count: int
) -> tuple[str | None, ...]:
    """Give the part of the surface that each region is in, where it is in one only."""
    if surface.part is None or surface.labels is None:
        return (surface.fragment,) * count
    low, high = np.full(count, 255), np.full(count, -1)
    some = surface.labels != 0
    at = row[np.searchsorted(present, surface.labels[some])]
    np.minimum.at(low, at, surface.part[some])
    np.maximum.at(high, at, surface.part[some])
    return tuple(surface.fragments[a] if a == b else None for a, b in zip(low.tolist(), high.tolist(), strict=True))
