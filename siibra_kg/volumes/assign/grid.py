"""The voxel grid of a map: which voxel a point lies in, and an image brought onto the grid.

Nothing else in this package turns mm into voxels. The nearest voxel of a position v is floor(v + 0.5), never a cast to
integer, which takes v = -1.4 to voxel 0. A voxel owns its lower border, and the field of view is half-open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.volumes.place import shift_between
from siibra_kg.volumes.resample import on_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.volumes.volume import Volume

__all__ = ["Grid"]

#: A position this close below a border, in voxels, is on the border: the inverse of an affine is not exact.
_BORDER = 1e-9
#: An interpolated value below this part of the largest is rounding.
_NOISE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Shape and place of a voxel array.

    Parameters
    ----------
    shape
        Voxels along the three axes.
    affine
        4x4, voxel indices to mm.

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid((2, 2, 2), np.diag([2.0, 2, 2, 1]))
    >>> voxels, inside = grid.voxels(np.array([[0.9, 0, 0], [1.0, 2, 2], [-1.4, 0, 0], [-1.0, 0, 0], [3.0, 0, 0]]))
    >>> voxels.tolist(), inside.tolist()
    ([0, 7, -1, 0, -1], [True, True, False, True, False])
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def size(self) -> int:
        """How many voxels there are."""
        i, j, k = self.shape
        return i * j * k

    @property
    def spacing(self) -> NDArray[np.float64]:
        """Edge lengths of a voxel along the three axes of the array, in mm."""
        lengths: NDArray[np.float64] = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return lengths

    def positions(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Give the positions of points in voxels along the three axes: three arrays of shape (n,), from (n, 3) mm."""
        inverse = np.linalg.inv(self.affine)
        x, y, z = points.T
        return tuple(row[0] * x + row[1] * y + row[2] * z + row[3] for row in inverse[:3])

    def voxels(self, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give the nearest voxel of each point.

        Parameters
        ----------
        points
            Shape (n, 3), mm.

        Returns
        -------
        numpy.ndarray
            Shape (n,): the voxel's index in the array flattened in column-major order; -1 outside.
        numpy.ndarray
            Shape (n,): whether the point lies in the field of view. A point that is not finite does not.
        """
        inside = np.ones(len(points), bool)
        flat = np.zeros(len(points))
        step = 1
        with np.errstate(invalid="ignore", over="ignore"):  # nan and inf compare as outside
            for position, size in zip(self.positions(points), self.shape, strict=True):
                nearest = np.floor(position + (0.5 + _BORDER))
                inside &= (nearest >= 0) & (nearest < size)
                flat += nearest * step
                step *= size
        return np.where(inside, flat, -1.0).astype(np.int64), inside

    def mm(self, voxels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the centres in mm of voxels, shape (n, 3), by their indices in column-major order."""
        i, j, _ = self.shape
        rest, along = np.divmod(voxels, i)
        last, middle = np.divmod(rest, j)
        a = self.affine
        return np.stack([a[r, 0] * along + a[r, 1] * middle + a[r, 2] * last + a[r, 3] for r in range(3)], axis=1)

    def matches(self, volume: Volume) -> bool:
        """Tell whether a volume has this grid."""
        if volume.shape != self.shape:
            return False
        shift = shift_between(self.affine, volume.affine)
        return shift is not None and not shift.any()

    def image(self, volume: Volume) -> NDArray[Any]:
        """Give an image at the centres of the grid's voxels, flattened in column-major order.

        On the same grid these are its own values. Else an image of values is interpolated linearly and a mask takes
        its nearest voxel; both are zero outside of the image's own field of view. NaN counts as zero: it marks voxels
        that have no value. See docs/assignment.md.

        Raises
        ------
        LabelMismatch
            If the volume is a label map: its numbers are names.
        BadVolume
            If it has infinite values.
        """
        if volume.kind == "labelled":
            raise LabelMismatch(
                volume.name or "query",
                "the numbers of a label map are names, which cannot be compared as an image; ask for a mask of it",
            )
        array = _finite(volume)
        if not self.matches(volume):
            way = "nearest" if volume.kind == "mask" else "linear"
            array = on_grid(array, volume.affine, self.shape, self.affine, way=way)
            if way == "linear":
                # At a centre that both grids share, rounding lets a neighbour through with a weight of 1e-16; what is
                # zero has to stay zero, because scores count what is above.
                array[np.abs(array) <= _NOISE * max(abs(float(array.max())), abs(float(array.min())))] = 0
        return array.reshape(-1, order="F")


def _finite(volume: Volume) -> NDArray[Any]:
    """Give the values with zero for NaN; the array itself where there is none."""
    array = volume.array
    if array.dtype.kind not in "biuf":
        raise BadVolume(volume.name or "query", f"values of type {array.dtype} are no image")
    if array.dtype.kind != "f":
        return array
    # One sum tells whether anything is not finite, in an eighth of the time that isfinite takes with its array.
    with np.errstate(invalid="ignore", over="ignore"):
        total = array.sum(dtype=np.float64)
    if np.isfinite(total):
        return array
    if np.isinf(array).any():
        raise BadVolume(volume.name or "query", "has infinite values", "set them to NaN where there is no value")
    finite: NDArray[Any] = np.nan_to_num(array, nan=0.0)
    return finite
