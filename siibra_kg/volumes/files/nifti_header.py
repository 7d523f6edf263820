"""What the header of a NIfTI file declares, checked: nothing of it is believed that a reader would stumble over."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from siibra_kg.errors import BadVolume, VolumeWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HEADER_BYTES", "Header", "apart", "parse"]

#: As many bytes have to be read to know the header: those of NIfTI-2; NIfTI-1 has 348.
HEADER_BYTES = 540
# Byte range and value of the magic field of single-file NIfTI-1 and NIfTI-2 (NIfTI-1 standard; NIfTI-2 standard).
_MAGIC_1, _MAGIC_2 = (slice(344, 348), b"n+1\0"), (slice(4, 12), b"n+2\0\r\n\x1a\n")
# nibabel logs to stderr what it then raises; the error says it once.
_QUIET = logging.Logger("quiet", level=logging.CRITICAL + 1)  # noqa: LOG001  a registered logger would be everyone's
_UNITS = {1: "m", 2: "mm", 3: "um"}  # the low three bits of xyzt_units; 0 is "unknown"
# Header extensions are text; more than this before the first voxel is not a header that anyone wrote.
_MAX_OFFSET = 2**28


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """The declarations of a NIfTI file that matter.

    Parameters
    ----------
    shape
        Voxels along the three axes of space.
    positions
        How many such arrays follow each other: the fourth dimension, or 1.
    dtype
        Of a voxel, in the byte order of the file.
    offset
        The byte where the first voxel starts.
    slope, intercept
        What makes values of voxels: ``voxel * slope + intercept``; ``None`` and 0 for voxels that are their values.
    affine
        4x4, voxel indices to world coordinates in ``unit``.
    unit
        ``"mm"``, ``"um"``, ``"m"``, or ``None`` where the header does not say.
    """

    shape: tuple[int, int, int]
    positions: int
    dtype: np.dtype[Any]
    offset: int
    slope: float | None
    intercept: float
    affine: NDArray[np.float64]
    unit: str | None

    @property
    def size(self) -> int:
        """Bytes that the file has to have."""
        return self.offset + self.positions * self.position_bytes

    @property
    def position_bytes(self) -> int:
        """Bytes of one of the positions in the file."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def native(self) -> np.dtype[Any]:
        """The type of the array that is read: that of the file, or 64-bit floats where the header scales."""
        return np.dtype(np.float64) if self.slope is not None else self.dtype.newbyteorder("=")


def parse(data: bytes, name: str) -> Header:
    """Read the header at the start of a file.

    Parameters
    ----------
    data
        The first :data:`HEADER_BYTES` bytes, or all there are.
    name
        Of the file, for messages.

    Raises
    ------
    BadVolume
        If it is no header of a single-file NIfTI-1 or NIfTI-2 image of real numbers with three or four dimensions that
        says where its voxels lie.
    """
    if not data:
        raise BadVolume(name, "the file is empty")
    try:
        return _checked(_header(data, name), name)
    except BadVolume:
        raise
    except (ValueError, OverflowError, np.linalg.LinAlgError, HeaderDataError, WrapStructError) as error:
        # ValueError: nibabel's quaternion that is longer than 1, and numpy's refusals.
        raise BadVolume(name, f"cannot be read as NIfTI ({error})") from error


def _header(data: bytes, name: str) -> nib.Nifti1Header:
    kinds: tuple[tuple[Any, int, tuple[slice, bytes]], ...] = (
        (nib.Nifti1Header, 348, _MAGIC_1),
        (nib.Nifti2Header, 540, _MAGIC_2),
    )
    for kind, size, (where, magic) in kinds:
        if data[where] == magic and len(data) >= size:
            header: nib.Nifti1Header = kind(binaryblock=data[:size], check=False)
            header.check_fix(logger=_QUIET, error_level=40)
            return header
        if data[:4] in (size.to_bytes(4, "little"), size.to_bytes(4, "big")) and len(data) < size:
            raise BadVolume(name, f"truncated: {len(data)} bytes are not even its header", "fetch the file again")
    if data[_MAGIC_1[0]] == b"ni1\0":
        raise BadVolume(name, "is a NIfTI header whose voxels are in another file", "convert the pair to one .nii file")
    raise BadVolume(name, "is not a NIfTI file", "a volume has to be .nii or .nii.gz")


def _checked(header: nib.Nifti1Header, name: str) -> Header:
    dtype = header.get_data_dtype()
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise BadVolume(name, f"its voxels are not real numbers of up to 64 bits (data type {header['datatype']})")
    shape, positions = _shape(header, name)
    slope, intercept = header.get_slope_inter()
    if (slope, intercept) in {(1.0, 0.0), (1.0, None)}:
        slope = None
    return Header(
        shape=shape,
        positions=positions,
        dtype=dtype,
        offset=_offset(header, name),
        slope=slope,
        intercept=intercept or 0.0,
        affine=_affine(header, shape, name),
        unit=_UNITS.get(int(header["xyzt_units"]) & 7),
    )


def _offset(header: nib.Nifti1Header, name: str) -> int:
    offset = float(header["vox_offset"])
    if not (offset.is_integer() and int(header["sizeof_hdr"]) <= offset <= _MAX_OFFSET):
        raise BadVolume(name, f"its voxels cannot start at byte {offset:g}")
    return int(offset)


def _shape(header: nib.Nifti1Header, name: str) -> tuple[tuple[int, int, int], int]:
    shape = tuple(int(n) for n in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) not in {3, 4}:
        raise BadVolume(name, f"has {len(shape)} dimensions {shape}, not three or four")
    if min(shape) < 1:
        raise BadVolume(name, f"has no voxels: its shape is {shape}")
    i, j, k, *rest = shape
    return (i, j, k), (rest[0] if rest else 1)


def _affine(header: nib.Nifti1Header, shape: tuple[int, int, int], name: str) -> NDArray[np.float64]:
    sform, scode = header.get_sform(coded=True)
    qform, qcode = header.get_qform(coded=True)
    if not scode and not qcode:
        raise BadVolume(
            name, "does not say where its voxels lie: sform_code and qform_code are both 0", "set one in the header"
        )
    affine = np.array(sform if scode else qform, dtype=np.float64)
    if not np.isfinite(affine).all() or not abs(np.linalg.det(affine[:3, :3])) >= 1e-12:
        raise BadVolume(name, f"its affine cannot be inverted: {affine[:3].tolist()}")
    if scode and qcode and not (far := apart(affine, qform, shape)) <= 0.01:
        reason = f"sform (code {scode}) and qform (code {qcode}) differ by up to {far:.2f} voxels"
        # Two codes mean two coordinate systems, scanner and template say; then the sform is the one to use.
        if scode == qcode:
            raise BadVolume(name, reason, "both claim the same coordinate system; correct the header")
        warnings.warn(f"{name}: {reason}; the sform is used", VolumeWarning, stacklevel=4)
    return affine


def apart(first: NDArray[Any], second: NDArray[Any], shape: tuple[int, ...]) -> float:
    """Give the largest distance, in voxels of the first, between the corners of a grid under two affines."""
    corners = np.array([[*c, 1] for c in np.ndindex(2, 2, 2)], dtype=float) * [*(n - 1 for n in shape), 1]
    return float(np.abs(np.linalg.solve(first, (corners @ (first - second).T).T)).max())
