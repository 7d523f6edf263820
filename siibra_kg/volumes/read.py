"""From a volume reference to voxels: locate the file, read it, check it, and say where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume, DataMissing, OutsideVolume, SourceError
from siibra_kg.volumes.choose import choose
from siibra_kg.volumes.files.whole import whole_numbers
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.labels.store import index_folder
from siibra_kg.volumes.merge import check_meanings, merged
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.providers import reader
from siibra_kg.volumes.surface import Surface, joined
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef

__all__ = ["fetch", "read_label_map", "read_volume"]


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
    label_map = LabelMap(volume, ref.labels, index_folder(settings, ref))
    if strict and (options is None or options.voi is None):
        label_map.check()
    return label_map


def fetch(refs: Sequence[VolumeRef], settings: Settings, options: FetchOptions | None = None) -> Volume | Surface:
    """Get one volume from the best of its providers, its parts put together.

    Parameters
    ----------
    refs
        All references to one volume; which label or region of it they are to does not matter.
    settings
        Say where files are, and whether they may be downloaded.
    options
        Format, fragment, box and others; see :class:`FetchOptions`.

    Returns
    -------
    Volume or Surface
        An image unless a mesh is asked for, or there are only meshes. Hemispheres in files of their own are merged
        unless one is asked for.

    Raises
    ------
    BadVolume
        If no reference has the format or fragment, or a file is not what the reference says. It is not replaced
        silently by that of another provider.
    DataMissing, SourceError
        If none of the files can be had; says of each why.
    LabelMismatch
        If a label means different things in two parts: ask for one of them.

    See Also
    --------
    siibra_kg.volumes.choose.choose : which of the references is read.
    siibra_kg.volumes.merge.merged : how parts are put together.
    """
    options = options or FetchOptions()
    missing: list[DataMissing | SourceError] = []
    for way in choose(refs, options, settings):
        try:
            return _whole(way, settings, options)
        except (DataMissing, SourceError) as error:  # noqa: PERF203  a handful of files, read one by one
            missing.append(error)
    if len(missing) == 1:
        raise missing[0]
    where = "; ".join(map(_told, missing))
    raise DataMissing(str(refs[0].iri), where, "; or: ".join(dict.fromkeys(e.hint for e in missing if e.hint)))


def _told(error: DataMissing | SourceError) -> str:
    """Say in short what could not be had and where; an address alone where the place is called like it."""
    if not isinstance(error, DataMissing):
        return f"{error.source}: {error.reason}"
    alike = "://" in error.what and error.where.endswith(error.what.rpartition("/")[2])
    return error.what if alike else f"{error.what}: {error.where}"


def _whole(way: Sequence[VolumeRef], settings: Settings, options: FetchOptions) -> Volume | Surface:
    """Read all parts of a volume and put them together."""
    if way[0].kind == "labelled":
        check_meanings(str(way[0].iri), [ref.labels for ref in way])
    found: dict[str, Volume | Surface] = {}
    outside = None
    for ref in way:
        try:
            part = reader(ref.provider)(ref, replace(options, fragment=None), settings)
        except OutsideVolume as error:  # a box in the left hemisphere has nothing of the right one
            outside = error
            continue
        step = (f"fragment {ref.fragment}",) if ref.fragment else ()
        found[ref.fragment or ""] = replace(part, provenance=part.provenance.then(*step))
    if outside is not None and not found:
        raise outside
    parts = list(found.values())
    if len(parts) == 1:
        return parts[0]
    volumes = [part for part in parts if isinstance(part, Volume)]
    if len(volumes) < len(parts):
        return joined([part for part in parts if isinstance(part, Surface)], list(found))
    if way[0].kind == "labelled":
        # Where the graph says what all labels mean, that was checked above, before anything was read.
        told = all(ref.labels for ref in way)
        present = [] if told else [np.unique(v.array).tolist() for v in volumes]
        check_meanings(str(way[0].iri), [ref.labels for ref in way], present)
    return merged(volumes, list(found), options.max_bytes)
