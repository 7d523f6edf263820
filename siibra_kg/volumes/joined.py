"""Whole labelled maps: voxels or vertices that are in several volumes, or in a file for each hemisphere, as one map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.choose import fragment_among
from siibra_kg.volumes.files.whole import whole_numbers
from siibra_kg.volumes.labels.compress import compress
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.labels.store import index_folder
from siibra_kg.volumes.labels.surface_map import SurfaceLabelMap, compress_surfaces
from siibra_kg.volumes.read import fetch
from siibra_kg.volumes.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["read_joined"]


def read_joined(
    parts: Sequence[Sequence[VolumeRef]], settings: Settings, options: FetchOptions
) -> LabelMap | SurfaceLabelMap:
    """Read a labelled map.

    Parameters
    ----------
    parts
        For each volume, and each fragment of it, the references to it, each with what its labels mean.
    settings
        Where files are.
    options
        How to fetch; a fragment reads this part only.

    Returns
    -------
    LabelMap or SurfaceLabelMap
        Of one part as it is. Of several, labels keep their numbers where none means two things, else they are
        numbered from 1.

    Raises
    ------
    BadVolume
        If there is no such fragment, or if some parts are images and others meshes.
    LabelMismatch
        If a declared label has no voxel in a file that is read whole.
    DataMissing
        If a file cannot be had.
    """
    wanted = _wanted(parts, options)
    found = [_read(part, settings, replace(options, fragment=None)) for part in wanted]
    if len(found) == 1:
        return found[0]
    images = [one for one in found if isinstance(one, LabelMap)]
    if len(images) == len(found):
        return compress(images, max_bytes=options.max_bytes).map
    if images:
        raise BadVolume(str(images[0]), "some of its parts are images, others meshes", "say which with `format=`")
    meshes = [one for one in found if isinstance(one, SurfaceLabelMap)]
    return compress_surfaces(meshes, [part[0].fragment or "" for part in wanted])[0]


def _wanted(parts: Sequence[Sequence[VolumeRef]], options: FetchOptions) -> Sequence[Sequence[VolumeRef]]:
    if options.fragment is None:
        return parts
    names = [part[0].fragment for part in parts if part[0].fragment]
    name = fragment_among(names, options.fragment, str(parts[0][0].map or parts[0][0].iri))
    return [part for part in parts if part[0].fragment == name]


def _read(part: Sequence[VolumeRef], settings: Settings, options: FetchOptions) -> LabelMap | SurfaceLabelMap:
    found = fetch(part, settings, options)
    if isinstance(found, Surface):
        return SurfaceLabelMap(found, part[0].labels)
    ref = next((ref for ref in part if ref.url == found.provenance.url), part[0])
    folder = index_folder(settings, ref)
    label_map = LabelMap(replace(found, array=whole_numbers(found.array, found.name)), part[0].labels, folder)
    # Of a box, or a coarse scale of a pyramid, small regions may be missing.
    if options.voi is None and folder is not None:
        label_map.check()
    return label_map
