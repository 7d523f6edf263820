"""Orthogonal slices through a volume: pixel values on a plane in mm, and the outlines of labels as line segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.volume import Volume

__all__ = ["PLANES", "Frame", "Plane", "borders", "sample"]


@dataclass(frozen=True, slots=True)
class Plane:
    """A slice direction: the world axis it is normal to, and those that go right and up in the picture.

    ``ends`` are the anatomical letters of left, right, bottom and top.
    """

    name: str
    normal: int
    right: int
    up: int
    ends: tuple[str, str, str, str]


#: Seen from the left, from behind and from above, so the left of the brain is at the left of the picture
#: (neurological convention) and the front of the sagittal slice at its right.
PLANES = (
    Plane("sagittal", 0, 1, 2, ("P", "A", "I", "S")),
    Plane("coronal", 1, 0, 2, ("L", "R", "I", "S")),
    Plane("axial", 2, 0, 1, ("L", "R", "P", "A")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The pixel grid of pictures in a space: lowest edge, pixel size and number of pixels along x, y, z, in mm."""

    low: NDArray[np.float64]
    step: NDArray[np.float64]
    count: NDArray[np.int64]

    @classmethod
    def over(cls, volume: Volume, box: NDArray[np.float64], margin: float) -> Frame:
        """Cover a box, shape (2, 3) in mm, and a margin around it with pixels of the volume's voxel size.

        Where the axes of the volume are those of the world, every pixel is a voxel, wherever the box begins.
        """
        along = np.argmax(np.abs(volume.affine[:3, :3]), axis=1)  # the array axis that runs most along each world axis
        step = np.asarray(volume.voxel_size)[along]
        corner = volume.to_mm(np.zeros(3)) - step / 2
        first = np.floor((box[0] - margin - corner) / step + 1e-6)
        last = np.ceil((box[1] + margin - corner) / step - 1e-6)
        return cls(corner + first * step, step, (last - first).astype(np.int64))

    def centres(self, axis: int) -> NDArray[np.float64]:
        """Give the mm positions of pixel centres along a world axis."""
        positions: NDArray[np.float64] = self.low[axis] + (np.arange(self.count[axis]) + 0.5) * self.step[axis]
        return positions

    def edges(self, axis: int) -> tuple[float, float]:
        """Give the mm positions of the first and the last edge along a world axis."""
        low = float(self.low[axis])
        return low, low + float(self.step[axis] * self.count[axis])


def sample(volume: Volume, frame: Frame, plane: Plane, at: NDArray[np.float64]) -> NDArray[Any]:
    """Give the voxels that lie on a plane through a point, nearest neighbour.

    Parameters
    ----------
    volume
        What to cut.
    frame
        The pixels.
    plane
        The direction of the cut.
    at
        A point in mm on the plane.

    Returns
    -------
    numpy.ndarray
        Shape (pixels up, pixels right); zero where the volume does not reach.
    """
    right, up = np.meshgrid(frame.centres(plane.right), frame.centres(plane.up))
    points = np.empty((*right.shape, 3))
    points[..., plane.normal], points[..., plane.right], points[..., plane.up] = at[plane.normal], right, up
    inverse = np.linalg.inv(volume.affine)
    # Round half up with floor: rounding towards zero would take in what lies half a voxel before the first.
    indices = np.floor(points @ inverse[:3, :3].T + inverse[:3, 3] + 0.5 - 1e-9).astype(np.int64)
    inside = ((indices >= 0) & (indices < volume.shape)).all(axis=-1)
    values = np.zeros(right.shape, volume.array.dtype)
    values[inside] = volume.array[tuple(indices[inside].T)]
    return values


def borders(values: NDArray[Any], frame: Frame, plane: Plane) -> NDArray[np.float64]:
    """Give the borders between pixels of different value, as segments along pixel edges.

    Returns
    -------
    numpy.ndarray
        Shape (segments, 2, 2): two points (right, up) in mm each.
    """
    padded = np.pad(values, 1)
    rows, columns = np.nonzero(padded[:, 1:] != padded[:, :-1])  # upright edges, left of unpadded pixel (row-1, column)
    upright = np.stack([columns, rows - 1, columns, rows], axis=1)
    rows, columns = np.nonzero(padded[1:] != padded[:-1])
    level = np.stack([columns - 1, rows, columns, rows], axis=1)
    edges = np.concatenate([upright, level]).reshape(-1, 2, 2).astype(np.float64)
    axes = [plane.right, plane.up]
    return np.asarray(frame.low[axes] + edges * frame.step[axes])
