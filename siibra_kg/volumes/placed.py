"""What can be measured of any array with a place in space: sizes, positions, the extent of what is not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import LabelMismatch
from siibra_kg.locations import Point, PointCloud, require_same_space
from siibra_kg.volumes.place import to_voxels, triple_product

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Placed"]


class Placed:
    """An array with an affine; see :class:`~siibra_kg.volumes.volume.Volume`."""

    __slots__ = ()

    if TYPE_CHECKING:
        array: NDArray[Any]
        affine: NDArray[np.float64]

        def _called(self) -> str: ...

    @property
    def unit(self) -> str:
        """The unit of the affine and of every coordinate: always ``"mm"``."""
        return "mm"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along the three axes of the array."""
        i, j, k = self.array.shape
        return (i, j, k)

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel along the three axes of the array, in mm."""
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0)).tolist()
        return (x, y, z)

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in cubic mm."""
        return abs(triple_product(self.affine))

    def to_mm(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Turn voxel indices, shape (..., 3), into mm; an index is the centre of its voxel."""
        points: NDArray[np.float64] = np.asarray(indices, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def to_voxels(self, points: Point | PointCloud | ArrayLike) -> NDArray[np.float64]:
        """Turn points in mm, shape (..., 3), into positions in the array; whole numbers are centres of voxels.

        Raises
        ------
        SpaceMismatch
            If it is a point or a cloud of another space.
        """
        if isinstance(points, Point | PointCloud):
            require_same_space(self, points)
        return to_voxels(self.affine, points)

    def nonzero(self) -> NDArray[np.intp]:
        """Give the indices of all voxels that are not zero, shape (n, 3).

        Raises
        ------
        LabelMismatch
            If there are none.
        """
        # Column-major, as NIfTI arrays are: half a second faster on a brain of 1 mm than numpy.argwhere.
        voxels = np.flatnonzero(self.array.reshape(-1, order="F"))
        if len(voxels) == 0:
            raise LabelMismatch(self._called(), "every voxel is zero")
        return np.stack(np.unravel_index(voxels, self.array.shape, order="F"), axis=1)

    def centroid(self) -> NDArray[np.float64]:
        """Give the mean position in mm of the voxels that are not zero, shape (3,)."""
        return self.to_mm(self.nonzero().mean(axis=0))

    def bounding_box(self) -> NDArray[np.float64]:
        """Give the smallest box along x, y, z that holds all voxels that are not zero, edges included.

        Returns
        -------
        numpy.ndarray
            Shape (2, 3), mm: the lowest and the highest corner.
        """
        linear = self.affine[:3, :3]
        half = np.abs(linear).sum(axis=1) / 2  # of the box around one voxel
        if ((linear != 0).sum(axis=1) == 1).all():
            centres = self.to_mm(self._index_box())
        else:  # oblique: the corners of the box in the array may be far outside of what it holds
            centres = self.to_mm(self.nonzero())
        return np.stack([centres.min(axis=0) - half, centres.max(axis=0) + half])

    def _index_box(self) -> NDArray[np.intp]:
        """Give the lowest and highest index along each axis of what is not zero, shape (2, 3)."""
        some = self.array != 0
        along = [np.flatnonzero(some.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        if len(along[0]) == 0:
            raise LabelMismatch(self._called(), "every voxel is zero")
        return np.array([[a[0] for a in along], [a[-1] for a in along]])

    def volume_mm3(self) -> float:
        """Give the volume in cubic mm of the voxels that are not zero."""
        return float(np.count_nonzero(self.array) * self.voxel_volume)
