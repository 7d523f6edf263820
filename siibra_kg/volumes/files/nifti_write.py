"""NIfTI out: an array in mm to an image, and the image to the same bytes every time."""

from __future__ import annotations

import gzip
import io
import os
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.files.nifti_header import apart

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["encode", "to_nibabel", "write"]


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
    if apart(affine, image.get_qform(), array.shape) > 0.01:  # a quaternion cannot hold shears
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
