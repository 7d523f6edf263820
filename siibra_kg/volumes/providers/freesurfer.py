"""Surfaces in FreeSurfer's own files: geometry in world coordinates, annotations, and values of vertices."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import VolumeWarning
from siibra_kg.volumes.files import freesurfer
from siibra_kg.volumes.files.opened import contents
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.providers.nifti_file import check_content, member_of
from siibra_kg.volumes.providers.surface_file import check_wishes, entries_of, millimetres, position, surface

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.surface import Surface

__all__ = ["read"]

# What row 0 of the tables of FreeSurfer, of Yeo, of Schaefer and of the HCP is called.
_NOTHING = frozenset(
    {"", "unknown", "???", "none", "medial wall", "background", "background+freesurfer defined medial wall"}
)


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Surface:
    """Read a FreeSurfer file.

    Parameters
    ----------
    ref
        Of provider ``freesurfer-surface``, ``freesurfer-annot``, ``zip/freesurfer-annot`` or
        ``freesurfer-morphometry``.
    options
        ``max_bytes`` of the file; a box or a resolution can only be refused.
    settings
        Say where files are.

    Returns
    -------
    Surface
        With vertices in world coordinates and faces; or with labels, which are rows of the file's table as siibra has
        them, and what they mean; or with values.

    Raises
    ------
    BadVolume
        If the file is not what the reference says.
    DataMissing
        If the file is not here.

    Warns
    -----
    VolumeWarning
        If a geometry does not say where its coordinates lie in the world, or an annotation has colours that its table
        does not have.
    """
    check_wishes(ref.url, options)
    path = locate(ref, settings)
    data, name = contents(path, options.max_bytes, member_of(ref)), str(path)
    position(name, ref, options, 1)
    kind = ref.provider.removeprefix("zip/")
    if kind == "freesurfer-surface":
        return _mesh(freesurfer.geometry(data, name), path, ref)
    if kind == "freesurfer-annot":
        return _labels(freesurfer.annotation(data, name), path, ref)
    found = freesurfer.morphometry(data, name)
    check_content(path, ref, found.sha256)
    return surface(path, ref, found.sha256, values=found.values)


def _mesh(found: freesurfer.Geometry, path: Path, ref: VolumeRef) -> Surface:
    check_content(path, ref, found.sha256)
    steps: tuple[str, ...] = ()
    if found.to_world is None:
        told = "does not say which volume it was made from, so its vertices are taken to be world coordinates"
        warnings.warn(f"{path} {told}", VolumeWarning, stacklevel=3)
    elif not np.allclose(found.to_world, np.eye(4), rtol=0, atol=1e-4):
        shift = ", ".join(f"{v:g}" for v in found.to_world[:3, 3].round(4))
        steps = (f"from tkregister to world coordinates (c_ras {shift})",)
    vertices = millimetres(str(path), found.vertices, ref.unit)
    return surface(path, ref, found.sha256, vertices=vertices, faces=found.faces, steps=steps)


def _labels(found: freesurfer.Annotation, path: Path, ref: VolumeRef) -> Surface:
    check_content(path, ref, found.sha256)
    if found.unknown:
        told = f"has {found.unknown} vertices of a colour that its table does not have; they get no label"
        warnings.warn(f"{path} {told}", VolumeWarning, stacklevel=3)
    zero = next((e.name for e in found.entries if e.label == 0), "")
    if found.first and zero.lower().replace("_", " ") not in _NOTHING:
        told = f"has {found.first} vertices of {zero!r}, which is row 0 of its table; 0 stands for no label here"
        warnings.warn(f"{path} {told}", VolumeWarning, stacklevel=3)
    return surface(path, ref, found.sha256, labels=found.labels, entries=entries_of(ref, found.entries))
