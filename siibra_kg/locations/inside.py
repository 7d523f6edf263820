"""Which points of a cloud are inside a box, among other points, or in the voxels of a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from siibra_kg.locations.box import BoundingBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.locations.cloud import PointCloud
    from siibra_kg.locations.point import Triple

__all__ = ["box_of", "in_box", "in_points", "in_volume"]


class Voxels(Protocol):
    """What is needed of a volume."""

    @property
    def array(self) -> NDArray[Any]: ...
    @property
    def affine(self) -> NDArray[np.float64]: ...


def in_box(cloud: PointCloud, box: BoundingBox) -> NDArray[np.intp]:
    """Give the rows of the points that are in a box, border included."""
    points = cloud.array
    return np.flatnonzero(((points >= box.minimum) & (points <= box.maximum)).all(axis=1))


def in_points(cloud: PointCloud, others: frozenset[Triple]) -> NDArray[np.intp]:
    """Give the rows of the points that are among others."""
    return np.flatnonzero([place in others for place in cloud.coordinates])


def in_volume(cloud: PointCloud, volume: Voxels) -> NDArray[np.intp]:
    """Give the rows of the points whose nearest voxel exists and is not zero."""
    matrix = np.linalg.inv(volume.affine)
    # Half up with floor: rounding towards zero would take in what lies half a voxel before the first.
    voxels = np.floor(cloud.array @ matrix[:3, :3].T + matrix[:3, 3] + 0.5)
    there = np.flatnonzero(((voxels >= 0) & (voxels < volume.array.shape)).all(axis=1))
    values = volume.array[tuple(voxels[there].astype(np.intp).T)]
    found: NDArray[np.intp] = there[values != 0]
    return found


def box_of(box: BoundingBox, volume: Any) -> BoundingBox | None:  # noqa: ANN401  a volume, with its space
    """Give the box around the voxels that are not zero and whose centres are in a box, cut off at that box."""
    marked = np.argwhere(volume.array)
    centres = marked @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    centres = centres[((centres >= box.minimum) & (centres <= box.maximum)).all(axis=1)]
    if not len(centres):
        return None
    half = np.abs(volume.affine[:3, :3]).sum(axis=1) / 2  # of the box around one voxel
    low, high = (centres.min(axis=0) - half).tolist(), (centres.max(axis=0) + half).tolist()
    found: BoundingBox | None = BoundingBox(low, high, box.space, box.sigma_mm).intersection(box)
    return found
