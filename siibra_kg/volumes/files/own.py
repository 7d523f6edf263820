"""Images of one's own: what of them a volume is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.files.nifti import read
from siibra_kg.volumes.place import affine_in_mm
from siibra_kg.volumes.provenance import Provenance

if TYPE_CHECKING:
    import nibabel as nib
    from numpy.typing import NDArray

__all__ = ["nifti"]


def nifti(image: str | Path | nib.Nifti1Image, name: str = "") -> tuple[NDArray[Any], NDArray[np.float64], Provenance]:
    """Give the array, the affine in mm and the origin of a NIfTI file, or of an image of nibabel.

    Raises
    ------
    BadVolume
        If the file cannot be read, or an image has no place in mm.
    """
    if isinstance(image, str | Path):
        path = Path(image)
        found = read(path)
        affine = affine_in_mm(str(path), found.affine, found.unit, found.unit or "mm")
        return found.array, affine, Provenance(url=path.resolve().as_uri(), sha256=found.sha256)
    unit = image.header.get_xyzt_units()[0]
    if unit not in {"mm", "unknown"} or image.affine is None:
        raise BadVolume(name or "image", f"its unit is {unit}, or it has no affine", "give it in mm")
    return np.asanyarray(image.dataobj), image.affine, Provenance()
