"""Meshes in neuroglancer's precomputed format: one resolution, one file per fragment, one manifest per label.

The format: https://github.com/google/neuroglancer, ``src/datasource/precomputed/meshes.md``, "legacy" meshes.
A manifest ``<label>:0`` names fragments; a fragment is the number of its vertices (uint32), their positions in nm
(float32), and for each triangle the numbers of three of them (uint32), all little-endian. siibra's ``transform.json``
is applied to the positions; they are positions and no voxels, so nothing is shifted by half of one.
"""

from __future__ import annotations

import hashlib
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.volumes.chunks.folder import folder_of
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.providers.precomputed_info import parse_json, parse_transform
from siibra_kg.volumes.surface import Surface
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.folder import Folder
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["parse_mesh", "read"]

_LEGACY, _MULTI = "neuroglancer_legacy_mesh", "neuroglancer_multilod_draco"
# Requests at a time; as many as a browser has connections to a server, and somewhat more.
_AT_ONCE = 8
_MOST_FRAGMENTS = 2**16
_VERTEX = _FACE = 12  # bytes


@dataclass(frozen=True, slots=True, eq=False)
class _Mesh:
    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    sha256: str


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Surface:
    """Read the mesh of a label, or those of all labels of a map as one.

    Parameters
    ----------
    ref
        Of provider ``neuroglancer/precompmesh``: the mesh of ``ref.label``, or of all of ``ref.labels``, in which case
        each vertex has its label. Of provider ``neuroglancer/precompmesh/surface``: that of ``ref.member``.
    options
        ``fragment``: words of the name of one of the fragments of the mesh; ``max_bytes``.
    settings
        Say where folders are.

    Raises
    ------
    DataMissing, SourceError
        If it is not here, or cannot be fetched.
    BadVolume
        If there is no such mesh, or it is of several resolutions, or what is there is no mesh.

    Warns
    -----
    VolumeWarning
        If some of the labels of a map have no mesh; names them.
    """
    if options.voi is not None or options.channel is not None or options.z is not None:
        raise BadVolume(ref.url, "is a mesh: it has no box, channel or z")
    folder = folder_of(ref, settings)
    wanted = _wanted(ref)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        placed, place = pool.map(lambda read: read(), (lambda: folder.read("transform.json"), lambda: _place(folder)))
        transform = parse_transform(placed, f"{folder.url}/transform.json")
        manifests = list(pool.map(lambda label: _manifest(folder, place, label), wanted))
        names = [(label, n) for label, found in zip(wanted, manifests, strict=True) for n in found or ()]
        names = _chosen(folder, names, ref, options)
        missing = [label for label, found in zip(wanted, manifests, strict=True) if found is None]
        _check_found(folder, wanted, missing)
        meshes = _fragments(folder, place, [n for _, n in names], options.max_bytes, pool)
    steps = [f"meshes of {len(wanted) - len(missing)} labels" if len(wanted) > 1 else f"mesh {wanted[0]}"]
    if missing:
        steps.append(f"no mesh for the labels {', '.join(map(str, missing))}")
    labels = np.repeat([label for label, _ in names], [len(m.vertices) for m in meshes])
    vertices, faces = _joined(meshes, transform)
    checksum = hashlib.sha256((placed or b"") + "".join(m.sha256 for m in meshes).encode()).hexdigest()
    return Surface(
        vertices=vertices,
        faces=faces,
        space=ref.space,
        labels=labels if ref.kind == "labelled" else None,
        space_name=ref.space_name,
        kind=ref.kind,
        name=ref.url.rstrip("/").rpartition("/")[2],
        parcellation=ref.parcellation,
        fragment=ref.fragment,
        variant=ref.variant,
        provenance=Provenance(ref.iri, ref.map, ref.url, checksum, ref.license, ref.citation, tuple(steps)),
    )


def _wanted(ref: VolumeRef) -> list[int]:
    if ref.member:
        if not ref.member.isdecimal():
            raise BadVolume(ref.url, f"{ref.member!r} is no number of a mesh")
        return [int(ref.member)]
    if ref.label is not None:
        return [ref.label]
    if not ref.labels:
        raise BadVolume(ref.url, "has a mesh for each label, and the reference names none", "say which label")
    return sorted({entry.label for entry in ref.labels})


def _place(folder: Folder) -> str:
    """Give the folder of the meshes, which ``info`` names, and refuse meshes of several resolutions."""
    data = folder.read("info")
    if data is None:
        raise BadVolume(f"{folder.url}/info", "there is no such file", "the address has to be that of a volume")
    info = parse_json(data, f"{folder.url}/info")
    place = info.get("mesh") if isinstance(info, dict) else None
    if not isinstance(place, str) or not place or clean_path(place)[1]:
        raise BadVolume(f"{folder.url}/info", f"names no folder of meshes: {place!r}")
    described = folder.read(f"{place}/info")
    kind = parse_json(described, f"{folder.url}/{place}/info") if described is not None else {}
    kind = kind.get("@type", _LEGACY) if isinstance(kind, dict) else kind
    if kind != _LEGACY:
        many = "are meshes of several resolutions, in Draco's format, which is not read" if kind == _MULTI else ""
        hint = "meshes of one resolution are, which cloud-volume and igneous write as 'legacy'"
        raise BadVolume(f"{folder.url}/{place}", many or f"are meshes of an unknown kind {kind!r:.60}", hint)
    return place.rstrip("/")


def _manifest(folder: Folder, place: str, label: int) -> list[str] | None:
    """Give the names of the fragments of a mesh, or ``None`` where there is none."""
    name = f"{place}/{label}:0"
    data = folder.read(name)
    if data is None:
        return None
    manifest = parse_json(data, f"{folder.url}/{name}")
    names = manifest.get("fragments") if isinstance(manifest, dict) else None
    if not isinstance(names, list) or not names or len(names) > _MOST_FRAGMENTS:
        raise BadVolume(f"{folder.url}/{name}", "names no fragments, or too many")
    for found in names:
        if not isinstance(found, str) or not found or clean_path(found)[1]:
            raise BadVolume(f"{folder.url}/{name}", f"names the fragment {found!r:.80}, which is no file of it")
    return names


def _chosen(
    folder: Folder, names: list[tuple[int, str]], ref: VolumeRef, options: FetchOptions
) -> list[tuple[int, str]]:
    if options.fragment is None or ref.fragment is not None:  # the reference is to a part already
        return names
    words = options.fragment.lower().split()
    found = [(label, n) for label, n in names if all(word in n.lower() for word in words)]
    per_label = len({label for label, _ in found})
    if not found or len(found) > per_label:
        listed = ", ".join(sorted({n for _, n in names})[:8])
        raise BadVolume(folder.url, f"{options.fragment!r} fits not exactly one fragment", f"it has: {listed}")
    return found


def _check_found(folder: Folder, wanted: Sequence[int], missing: Sequence[int]) -> None:
    if not missing:
        return
    listed = ", ".join(map(str, missing[:20])) + (", …" if len(missing) > 20 else "")
    if len(missing) == len(wanted):
        raise BadVolume(folder.url, f"has no mesh for {'label' if len(wanted) == 1 else 'any of the labels'} {listed}")
    warnings.warn(f"{folder.url} has no mesh for the labels {listed}", VolumeWarning, stacklevel=4)


def _fragments(
    folder: Folder, place: str, names: Sequence[str], max_bytes: int, pool: ThreadPoolExecutor
) -> list[_Mesh]:
    """Read fragments, a few at a time, until they are more than is wanted."""
    meshes: list[_Mesh] = []
    for some in range(0, len(names), _AT_ONCE):
        part = names[some : some + _AT_ONCE]
        meshes += pool.map(lambda name: _fragment(folder, f"{place}/{name}", max_bytes), part)
        size = sum(m.vertices.nbytes + m.faces.nbytes for m in meshes)
        if size > max_bytes:
            raise BadVolume(folder.url, f"its meshes have more than the {max_bytes:,} bytes of max_bytes")
    return meshes


def _fragment(folder: Folder, name: str, max_bytes: int) -> _Mesh:
    data = folder.read(name, max_bytes)
    where = f"{folder.url}/{name}"
    if data is None:
        raise BadVolume(where, "is a part of a mesh, named by its manifest, and is not there")
    vertices, faces = parse_mesh(data, where)
    return _Mesh(vertices, faces, hashlib.sha256(data).hexdigest())


def parse_mesh(data: bytes, name: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read one fragment.

    Returns
    -------
    vertices
        Shape (n, 3), nm.
    faces
        Shape (m, 3).

    Raises
    ------
    BadVolume
        If the bytes are no mesh: too few, too many, or faces of vertices that are not there.
    """
    count = int.from_bytes(data[:4], "little")
    rest = len(data) - 4 - count * _VERTEX
    if len(data) < 4 or rest < 0 or rest % _FACE:
        raise BadVolume(name, f"is no mesh: {len(data):,} bytes cannot be {count:,} vertices and triangles")
    vertices = np.frombuffer(data, "<f4", count * 3, 4).reshape(-1, 3)
    faces = np.frombuffer(data, "<u4", offset=4 + count * _VERTEX).reshape(-1, 3).astype(np.int64)
    if not np.isfinite(vertices).all():
        raise BadVolume(name, "has vertices that are not finite")
    if len(faces) and faces.max() >= count:
        raise BadVolume(name, f"its triangles name vertices that are not among the {count:,}")
    return vertices, faces


def _joined(meshes: Sequence[_Mesh], transform: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    points = np.concatenate([m.vertices.astype(np.float64) for m in meshes])
    vertices = (points @ transform[:3, :3].T + transform[:3, 3]) * 1e-6
    faces = np.concatenate([m.faces + start for m, start in zip(meshes, starts[:-1], strict=True)])
    # A mirror image turns the outside in; the order of the corners says which side is which.
    return vertices, faces[:, ::-1].copy() if np.linalg.det(transform[:3, :3]) < 0 else faces
