"""Displacement fields of ITK and ANTs: vectors in mm, on a grid of the source space.

ITK counts x to the left and y to the back (LPS), NIfTI affines and this project to the right and to the front (RAS):
the first two components of every vector change their sign when they are read.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.place import to_voxels

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Field", "read_field"]

_VECTOR = 1007  # NIFTI_INTENT_VECTOR, which ITK writes
_MOST_BYTES = 4 * 2**30
#: What nibabel and gzip raise for a file that is broken.
_BROKEN = (ImageFileError, HeaderDataError, WrapStructError, EOFError, zlib.error)
#: A displacement further than this, in mm, is none between two brains.
_FARTHEST = 200.0


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Displacements on a grid.

    Parameters
    ----------
    vectors
        Shape (i, j, k, 3), mm, x to the right, y to the front, z up.
    affine
        Of the grid: voxel indices to mm in the source space.
    """

    vectors: NDArray[np.float32]
    affine: NDArray[np.float64]

    def move(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move points, shape (n, 3); not-a-number where a point is outside of the grid, which ends half a voxel out."""
        from scipy.ndimage import map_coordinates  # noqa: PLC0415  takes 50 ms

        at = to_voxels(self.affine, points)
        inside = ((at >= -0.5) & (at < np.array(self.vectors.shape[:3]) - 0.5)).all(axis=1)
        found = np.full(points.shape, np.nan)
        where = at[inside].T
        for axis in range(3):
            way = map_coordinates(
                self.vectors[..., axis], where, output=np.float64, order=1, mode="nearest", prefilter=False
            )
            found[inside, axis] = points[inside, axis] + way
        return found


def read_field(path: Path) -> Field:
    """Read a displacement field.

    Raises
    ------
    BadVolume
        If it is no NIfTI file with a vector in mm for each voxel, or holds coordinates where displacements should be.
    """
    name = str(path)
    try:
        image = nib.nifti1.Nifti1Image.from_filename(path)
    except (*_BROKEN, OSError, ValueError) as error:
        raise BadVolume(name, f"it is no NIfTI file ({error})") from error
    _check(name, image)
    try:
        raw = np.asarray(image.dataobj, dtype=np.float32)[:, :, :, 0, :]
    except (*_BROKEN, OSError, ValueError) as error:
        raise BadVolume(name, f"it cannot be read to its end ({error})") from error
    affine = np.asarray(image.affine, dtype=np.float64)
    if not np.isfinite(affine).all() or np.linalg.matrix_rank(affine[:3, :3]) < 3:
        raise BadVolume(name, "its affine cannot be inverted")
    _plausible(name, raw, affine)
    vectors = raw * np.array([-1, -1, 1], np.float32)
    vectors.flags.writeable = False
    return Field(vectors, affine)


def _check(name: str, image: Any) -> None:  # noqa: ANN401  a nibabel image
    shape = image.shape
    if len(shape) != 5 or shape[3:] != (1, 3):
        reason = f"an array of shape {shape} is no displacement field, which has the shape (i, j, k, 1, 3)"
        raise BadVolume(name, reason, "FSL's warp fields have another convention; convert them first")
    if int(image.header["intent_code"]) != _VECTOR:
        reason = f"its intent code is {int(image.header['intent_code'])}, that of a vector field of ITK is {_VECTOR}"
        raise BadVolume(name, reason, "convert it with ITK or ANTs")
    if int(np.prod(shape)) * 4 > _MOST_BYTES:
        raise BadVolume(name, f"a field of shape {shape} needs more than {_MOST_BYTES / 2**30:g} GiB")


def _plausible(name: str, raw: NDArray[np.float32], affine: NDArray[np.float64]) -> None:
    """Refuse what cannot be displacements: SPM writes coordinates into files of the same form (``y_*.nii``)."""
    every = tuple(slice(None, None, max(1, n // 16)) for n in raw.shape[:3])
    some = raw[every]
    voxels = np.stack(np.meshgrid(*(np.arange(n)[s] for n, s in zip(raw.shape[:3], every, strict=True)), indexing="ij"))
    places = np.moveaxis(voxels, 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    size, rest = (float(np.sqrt(np.square(v[np.isfinite(v)]).sum())) for v in (some, some - places))
    if rest < size / 2:
        hint = "displacements are wanted, in mm, x to the left and y to the back, as ITK writes them"
        raise BadVolume(name, "it has coordinates (as SPM's y_*.nii have), not displacements", hint)
    if not np.isfinite(raw).all():
        raise BadVolume(name, "it has displacements that are not finite")
    if (farthest := float(np.abs(raw).max(initial=0.0))) > _FARTHEST:
        raise BadVolume(name, f"a displacement of {farthest:.0f} mm is none between two brains")
