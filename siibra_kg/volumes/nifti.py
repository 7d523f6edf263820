"""NIfTI in and out: bytes to a checked array with its place in space, and back to the same bytes every time.

A file is read once; checksum, header checks and decoding all look at those same bytes. A header is believed only
after its sizes fit the bytes that are there, so a truncated file, another kind of file and a decompression bomb all
end in a :class:`~siibra_kg.errors.BadVolume` that names the file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import warnings
import zlib
from dataclasses import dataclass
from math import prod
from typing import IO, TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from siibra_kg.errors import BadVolume, VolumeWarning

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Image", "encode", "read", "to_nibabel", "write"]

#: A volume may hold this many bytes when decoded. Larger images belong into chunked formats.
MAX_BYTES = 4 * 2**30
# Some writers pad their files; more than this after the last voxel is another file, or a bomb.
_MAX_PADDING = 2**20
_CHUNK = 2**24
_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348
# Byte range and value of the magic field of single-file NIfTI-1 and NIfTI-2 (NIfTI-1 standard; NIfTI-2 standard).
_MAGIC_1, _MAGIC_2 = (slice(344, 348), b"n+1\0"), (slice(4, 12), b"n+2\0\r\n\x1a\n")
# nibabel logs to stderr what it then raises; the error says it once.
_QUIET = logging.Logger("quiet", level=logging.CRITICAL + 1)  # noqa: LOG001  a registered logger would be everyone's
_UNITS = {1: "m", 2: "mm", 3: "um"}  # the low three bits of xyzt_units; 0 is "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What a NIfTI file says.

    Parameters
    ----------
    array
        Three dimensions, read-only; dtype of the file, or float64 where the header scales the values.
    affine
        4x4, voxel indices to world coordinates; x to the right, y to the front, z up (NIfTI standard).
    unit
        ``"mm"``, ``"um"``, ``"m"``, or ``None`` where the header does not say.
    sha256
        Of the decoded file.
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    unit: str | None
    sha256: str


def read(path: Path, max_bytes: int = MAX_BYTES) -> Image:
    """Read a single-file NIfTI-1 or NIfTI-2 image with three dimensions, plain or gzipped.

    Raises
    ------
    BadVolume
        If the file is empty, truncated, something else, too large, not three-dimensional, not of real numbers,
        or does not say where its voxels lie.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            data, header = _content(gzip.GzipFile(fileobj=file) if gzipped else file, name, max_bytes)
        array = _array(data, header, name)
        affine = _affine(header, name)
    except BadVolume:
        raise
    except (OSError, EOFError, ValueError, zlib.error, HeaderDataError, WrapStructError) as error:
        # ValueError: nibabel's quaternion that is longer than 1, and numpy's refusals.
        raise BadVolume(name, f"cannot be read as NIfTI ({error})") from error
    return Image(array, affine, _UNITS.get(int(header["xyzt_units"]) & 7), hashlib.sha256(data).hexdigest())


def _content(stream: IO[bytes] | gzip.GzipFile, name: str, max_bytes: int) -> tuple[bytes, nib.Nifti1Header]:
    data = bytearray(stream.read(_HEADER_BYTES))
    if not data:
        raise BadVolume(name, "the file is empty")
    header = _header(bytes(data), name)
    if header.get_data_dtype().kind not in "iuf":
        raise BadVolume(name, f"its voxels are not real numbers (data type {header['datatype']})")
    need = _offset(header, name) + prod(_shape(header, name)) * header.get_data_dtype().itemsize
    if need > max_bytes:
        raise BadVolume(name, f"declares {need:,} bytes, more than the {max_bytes:,} that are read at once")
    while len(data) <= need + _MAX_PADDING and (chunk := stream.read(_CHUNK)):
        data += chunk
    if len(data) < need:
        raise BadVolume(name, f"truncated: {len(data):,} bytes instead of {need:,}", "fetch the file again")
    if len(data) > need + _MAX_PADDING:
        raise BadVolume(name, f"holds more than the {need:,} bytes that its header declares")
    return bytes(data), header


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


def _offset(header: nib.Nifti1Header, name: str) -> int:
    offset = float(header["vox_offset"])
    if not (offset.is_integer() and offset >= int(header["sizeof_hdr"])):
        raise BadVolume(name, f"its voxels cannot start at byte {offset:g}")
    return int(offset)


def _shape(header: nib.Nifti1Header, name: str) -> tuple[int, int, int]:
    shape = tuple(int(n) for n in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise BadVolume(name, f"has {len(shape)} dimensions {shape}, not three", "choose one volume of the series")
    if min(shape) < 1:
        raise BadVolume(name, f"has no voxels: its shape is {shape}")
    return shape


def _array(data: bytes, header: nib.Nifti1Header, name: str) -> NDArray[Any]:
    dtype, shape = header.get_data_dtype(), _shape(header, name)
    flat = np.frombuffer(data, dtype, count=prod(shape), offset=_offset(header, name))
    array: NDArray[Any] = flat.reshape(shape, order="F").astype(dtype.newbyteorder("="), order="F", copy=False)
    slope, intercept = header.get_slope_inter()
    if slope is not None and (slope, intercept) != (1.0, 0.0):
        array = array * np.float64(slope) + np.float64(intercept or 0.0)
    array.flags.writeable = False
    return array


def _affine(header: nib.Nifti1Header, name: str) -> NDArray[np.float64]:
    sform, scode = header.get_sform(coded=True)
    qform, qcode = header.get_qform(coded=True)
    if not scode and not qcode:
        raise BadVolume(
            name, "does not say where its voxels lie: sform_code and qform_code are both 0", "set one in the header"
        )
    affine = np.array(sform if scode else qform, dtype=np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise BadVolume(name, f"its affine cannot be inverted: {affine[:3].tolist()}")
    if scode and qcode and (apart := _apart(affine, qform, _shape(header, name))) > 0.01:
        reason = f"sform (code {scode}) and qform (code {qcode}) differ by up to {apart:.2f} voxels"
        # Two codes mean two coordinate systems, scanner and template say; then the sform is the one to use.
        if scode == qcode:
            raise BadVolume(name, reason, "both claim the same coordinate system; correct the header")
        warnings.warn(f"{name}: {reason}; the sform is used", VolumeWarning, stacklevel=4)
    return affine


def _apart(first: NDArray[Any], second: NDArray[Any], shape: tuple[int, int, int]) -> float:
    """Give the largest distance, in voxels of the first, between the corners of a grid under two affines."""
    corners = np.array([[*c, 1] for c in np.ndindex(2, 2, 2)], dtype=float) * [*(n - 1 for n in shape), 1]
    return float(np.abs(np.linalg.solve(first, (corners @ (first - second).T).T)).max())


def to_nibabel(
    array: NDArray[Any], affine: NDArray[np.float64], *, code: int = 2, intent: str = "none", note: str = ""
) -> nib.Nifti1Image:
    """Make a NIfTI image of an array in mm.

    Parameters
    ----------
    array, affine
        Voxels and their place in mm. 64-bit integers are narrowed where they fit, as most readers have only 32.
    code
        ``sform_code`` and ``qform_code``: 4 for an MNI space, 2 for any other template.
    intent
        NIfTI intent, for instance ``"label"``.
    note
        Text for a header extension of kind "comment".

    Raises
    ------
    BadVolume
        If the values do not fit any type that NIfTI readers know.
    """
    wide = max(array.shape) > 32767  # dim is a 16-bit integer in NIfTI-1
    stored = _storable(array)
    image = nib.Nifti2Image(stored, affine) if wide else nib.Nifti1Image(stored, affine)
    image.header.set_xyzt_units("mm")
    image.header.set_intent(intent, allow_unknown=True)
    image.set_sform(affine, code=code)
    image.set_qform(affine, code=code)
    if _apart(affine, image.get_qform(), array.shape) > 0.01:  # a quaternion cannot hold shears
        image.set_qform(None, code=0)
    if note:
        image.header.extensions.append(Nifti1Extension(6, note.encode()))
    return image


def _storable(array: NDArray[Any]) -> NDArray[Any]:
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype(np.uint8)
    if kind in "iu" and size == 8:
        for smaller in (np.uint8, np.int16, np.uint16, np.int32, np.uint32):
            limits = np.iinfo(smaller)
            if array.size == 0 or (array.min() >= limits.min and array.max() <= limits.max):
                return array.astype(smaller)
        raise BadVolume("array", f"its values do not fit 32 bits: {array.min()} to {array.max()}")
    return array.astype(np.float32) if kind == "f" and size == 2 else array


def encode(image: nib.Nifti1Image, *, gzipped: bool) -> bytes:
    """Give the bytes of a ``.nii`` or ``.nii.gz`` file; the same for the same image, at any time of any day."""
    data: bytes = image.to_bytes()
    if not gzipped:
        return data
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=out, mtime=0) as file:
        file.write(data)
    return out.getvalue()


def write(path: Path, image: nib.Nifti1Image) -> Path:
    """Write an image; the file is there whole or not at all.

    Raises
    ------
    BadVolume
        If the name does not end in ``.nii`` or ``.nii.gz``, or the file cannot be written.
    """
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        raise BadVolume(str(path), "is not the name of a NIfTI file", "end it in .nii or .nii.gz")
    data = encode(image, gzipped=path.name.lower().endswith(".gz"))
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise BadVolume(str(path), f"cannot be written ({error.strerror})") from error
    return path
