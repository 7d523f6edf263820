"""Volumes that are made of volumes: a part, values at points, what two have in common, another grid.

Each result says in its provenance what was done. Two things meet only in the same version of the same space.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.locations import Point, PointCloud
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.place import block_in, crop_step, moved, shift_between
from siibra_kg.volumes.resample import NAMES, interpolation_for, minimum, on_grid, values_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from siibra_kg.locations import BoundingBox
    from siibra_kg.volumes.resample import PointValues
    from siibra_kg.volumes.volume import Volume

__all__ = ["cropped", "evaluated", "intersected", "resampled"]


def cropped(volume: Volume, box: BoundingBox) -> Volume:
    """Give the part whose voxel centres lie in a box; see :meth:`Volume.cropped`."""
    require_same_space(volume, box, "a volume is cut by a box of its own space")
    block = block_in(_called(volume), volume.affine, volume.shape, box)
    return replace(
        volume,
        # A view would hold the rest in memory.
        array=volume.array[tuple(slice(*ends) for ends in block)].copy(order="F"),
        affine=moved(volume.affine, [low for low, _ in block]),
        provenance=volume.provenance.then(crop_step(box)),
    )


def evaluated(volume: Volume, points: Point | PointCloud | ArrayLike, interpolation: str | None = None) -> PointValues:
    """Read a volume at points; see :meth:`Volume.evaluate_points`."""
    if isinstance(points, Point | PointCloud):
        require_same_space(volume, points)
        points = points.coordinate if isinstance(points, Point) else points.array
    at = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if at.ndim != 2 or at.shape[1] != 3:
        raise BadVolume(_called(volume), f"points of shape {at.shape} are not rows of x, y and z")
    way = interpolation_for(_called(volume), volume.kind, interpolation)
    return values_at(volume.array, volume.affine, at, way, names=volume.kind in NAMES)


def intersected(one: Volume, other: Volume) -> Volume | None:
    """Give the smaller value of two volumes, voxel by voxel; see :meth:`Volume.intersection`."""
    require_same_space(one, other)
    if "labelled" in {one.kind, other.kind}:
        raise LabelMismatch(_called(one), "labels are names and have no minimum; intersect masks of regions")
    shift = shift_between(one.affine, other.affine)
    if shift is None:
        hint = "bring one to the grid of the other: one.intersection(other.resampled_to(one))"
        raise BadVolume(_called(one), f"its grid differs from that of {_called(other)}", hint)
    found = minimum(one.array, other.array, shift)
    if found is None or not found[0].any():
        return None
    return replace(
        one,
        array=found[0],
        affine=moved(one.affine, found[1]),
        kind="mask" if one.kind == other.kind == "mask" else "statistical",
        name=" and ".join(filter(None, (one.name, other.name))),
        provenance=one.provenance.then(f"minimum with {other.name or 'a volume'} of {other.provenance}"),
        color=None,
        context=None,
    )


def resampled(volume: Volume, other: Volume, interpolation: str | None = None, outside: float = 0) -> Volume:
    """Give a volume on the grid of another; see :meth:`Volume.resampled_to`."""
    require_same_space(volume, other)
    way = interpolation_for(_called(volume), volume.kind, interpolation)
    return replace(
        volume,
        array=on_grid(volume.array, volume.affine, other.shape, other.affine, way=way, outside=outside),
        affine=other.affine,
        provenance=volume.provenance.then(f"{way} values on the grid of {other.name or other.provenance}"),
        context=None,
    )


def _called(volume: Volume) -> str:
    return volume.name or str(volume.provenance.volume or "volume")
