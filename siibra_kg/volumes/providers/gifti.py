"""Surfaces in GIFTI files: meshes, labels of vertices, and values of vertices, perhaps for many time steps.

GIFTI has no unit; its coordinates are mm unless the graph says otherwise. Which space they are in a file can say only
in NIfTI's words (scanner, aligned, Talairach, MNI 152), so the space is the one that the graph states; what the file
says is checked where it can contradict: a transform that is not the identity, and the hemisphere.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.volumes.files.gifti import read as read_gifti
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.files.whole import whole_numbers
from siibra_kg.volumes.providers.nifti_file import check_content, member_of
from siibra_kg.volumes.providers.surface_file import (
    background_zero,
    check_side,
    check_wishes,
    entries_of,
    millimetres,
    position,
    surface,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.volumes.files.gifti import DataArray, Gifti
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.surface import Surface

__all__ = ["read"]

_GEOMETRY = frozenset({"NIFTI_INTENT_POINTSET", "NIFTI_INTENT_TRIANGLE"})


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Surface:
    """Read a GIFTI file.

    Parameters
    ----------
    ref
        Of provider ``gii-mesh``, ``gii-label`` or ``gii-timeseries``.
    options
        ``z`` chooses one of several label arrays or time steps; ``max_bytes``.
    settings
        Say where files are.

    Returns
    -------
    Surface
        With vertices and faces; or with labels and what they mean; or with values, shape (n,) or (n, steps).

    Raises
    ------
    BadVolume
        If the file is not what the reference says, or a box or a resolution is asked for.
    DataMissing
        If the file is not here.
    """
    check_wishes(ref.url, options)
    path = locate(ref, settings)
    found = read_gifti(path, options.max_bytes, member_of(ref))
    check_content(path, ref, found.sha256)
    for meta in (found.meta, *(a.meta for a in found.arrays)):
        check_side(str(path), ref.fragment, meta.get("AnatomicalStructurePrimary", ""))
    name = str(path)
    if ref.provider == "gii-mesh":
        vertices, faces = _mesh(name, found)
        return surface(path, ref, found.sha256, vertices=millimetres(name, vertices, ref.unit), faces=faces)
    if ref.provider == "gii-label":
        labels, steps = _labels(name, found, ref, options)
        entries = entries_of(ref, found.table)
        return surface(path, ref, found.sha256, labels=labels, entries=entries, steps=steps)
    values, steps = _values(name, found, ref, options)
    return surface(path, ref, found.sha256, values=values, steps=steps)


def _mesh(name: str, found: Gifti) -> tuple[NDArray[Any], NDArray[Any]]:
    points, triangles = found.of("POINTSET"), found.of("TRIANGLE")
    if len(points) != 1 or len(triangles) != 1:
        reason = f"has {len(points)} arrays of points and {len(triangles)} of triangles, not one of each"
        raise BadVolume(name, reason, "labels are gii-label, values are gii-timeseries")
    for one, two, matrix in points[0].systems:
        if not np.allclose(matrix, np.eye(4), rtol=0, atol=1e-4):
            told = f"has a transform from {one or 'nowhere'} to {two or 'nowhere'}; its vertices are taken as they are"
            warnings.warn(f"{name} {told}", VolumeWarning, stacklevel=3)
    # FreeSurfer's mris_convert leaves vertices in tkregister coordinates and notes the centre of the volume beside.
    centre = [points[0].meta.get(f"VolGeomC_{axis}", "0") for axis in "RAS"]
    if any(text.strip("0.-+ ") for text in centre):
        told = f"notes a centre of ({', '.join(centre)}) mm: its vertices may be shifted by that"
        warnings.warn(f"{name} {told}; they are taken as they are", VolumeWarning, stacklevel=3)
    return points[0].array, triangles[0].array


def _labels(name: str, found: Gifti, ref: VolumeRef, options: FetchOptions) -> tuple[NDArray[Any], tuple[str, ...]]:
    # Files that were not written as labels say NONE or SHAPE; one array of integers can be nothing else.
    there = found.of("LABEL") or [a for a in found.arrays if a.array.dtype.kind in "iu" and a.intent not in _GEOMETRY]
    array, steps = _one(name, there, ref, options, "label arrays")
    if array.ndim != 1:
        raise BadVolume(name, f"has labels of shape {array.shape}, not one per vertex")
    return background_zero(whole_numbers(array, name)), steps


def _values(name: str, found: Gifti, ref: VolumeRef, options: FetchOptions) -> tuple[NDArray[Any], tuple[str, ...]]:
    there = [a for a in found.arrays if a.intent not in _GEOMETRY | {"NIFTI_INTENT_LABEL"}]
    if not there:
        raise BadVolume(name, "has no values")
    if len({a.array.shape for a in there}) > 1:
        raise BadVolume(name, f"its arrays have different shapes: {sorted({a.array.shape for a in there})}")
    first = there[0].array
    if first.ndim > 2 or (first.ndim == 2 and len(there) > 1):
        raise BadVolume(name, f"has {len(there)} arrays of shape {first.shape}", "one row per vertex is read")
    values = first if len(there) == 1 else np.stack([a.array for a in there], axis=1)
    if values.ndim == 1:
        position(name, ref, options, 1)
        return values, ()
    z = position(name, ref, options, values.shape[1])
    if z is None:
        return values, ()
    return values[:, z].copy(), (f"position {z} of {values.shape[1]}",)


def _one(
    name: str, there: list[DataArray], ref: VolumeRef, options: FetchOptions, what: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    if not there:
        raise BadVolume(name, f"has no {what}")
    z = position(name, ref, options, len(there))
    if z is None and len(there) > 1:
        raise BadVolume(name, f"has {len(there)} {what}", f"say which: z from 0 to {len(there) - 1}")
    return there[z or 0].array, ((f"position {z} of {len(there)}",) if len(there) > 1 else ())
