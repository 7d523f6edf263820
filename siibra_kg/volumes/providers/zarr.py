"""Volumes in Zarr, version 2 or 3: OME-Zarr pyramids, and single arrays that say where they lie."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.chunks.folder import folder_of
from siibra_kg.volumes.chunks.pyramid import Pyramid, Scale, read_pyramid
from siibra_kg.volumes.chunks.stores import open_chunked, require_tensorstore
from siibra_kg.volumes.place import IN_MM
from siibra_kg.volumes.providers.ngff import parse_array, parse_group
from siibra_kg.volumes.providers.precomputed_info import parse_json

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.folder import Folder
    from siibra_kg.volumes.chunks.stores import Chunked
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.providers.ngff import Level
    from siibra_kg.volumes.volume import Volume

__all__ = ["pyramid", "read"]

_FILES = ("zarr.json", ".zattrs", ".zarray")
_CHANNEL, _TIME = "c", "t"


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Volume:
    """Read a volume, or the part of it that is in a box, at one of its resolutions.

    Parameters
    ----------
    ref
        Of provider ``zarr`` or ``ome-zarr``. Its ``unit`` is that of axes that have none.
    options
        ``resolution_mm``, ``voi``, ``max_bytes``; ``channel`` is the position on axis c, ``z`` that on axis t.
    settings
        Say where folders are.

    Raises
    ------
    DataMissing, SourceError, BadVolume, SpaceMismatch
        As of the precomputed format. A chunk that is not there has the fill value.
    """
    return read_pyramid(pyramid(ref, options, settings), ref, options)


def pyramid(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Pyramid:
    """Read what describes a volume, and give its scales; no voxel is read."""
    require_tensorstore()
    folder = folder_of(ref, settings)
    unit = IN_MM.get(ref.unit)
    if unit is None:
        raise BadVolume(ref.url, f"the unit {ref.unit!r} is no length that is known")
    with ThreadPoolExecutor(3) as pool:
        data = dict(zip(_FILES, pool.map(folder.read, _FILES), strict=True))
        levels = _levels(folder, data, unit)
        found = list(pool.map(lambda level: _open(folder, level, options, data), levels))
    many = any(len(array.store.shape) > 3 for array, _ in found)
    scales = tuple(
        Scale(level.path or "0", array.shape, level.affine, array.dtype, _given(array))
        for level, (array, _) in zip(levels, found, strict=True)
    )
    digest = hashlib.sha256()
    for content in (*data.values(), *(d for _, d in found)):
        digest.update(b"\0" + (content or b""))
    return Pyramid(folder.url, scales, digest.hexdigest(), options.channel if many else None)


def _given(array: Chunked) -> Any:  # noqa: ANN401  a function without arguments
    return lambda: array


def _levels(folder: Folder, data: dict[str, bytes | None], unit: float) -> tuple[Level, ...]:
    parsed = {n: parse_json(d, f"{folder.url}/{n}") if d is not None else {} for n, d in data.items()}
    node = parsed["zarr.json"]
    attributes = node.get("attributes", {}) if isinstance(node, dict) and node else parsed[".zattrs"]
    if levels := parse_group(attributes, folder.url, unit):
        return levels
    if not isinstance(node, dict) or not (node.get("node_type") == "array" or parsed[".zarray"]):
        raise BadVolume(folder.url, "is no Zarr array, and no OME-Zarr group", "the address has to be that of one")
    return (parse_array(attributes, node.get("dimension_names"), folder.url, unit),)


def _open(folder: Folder, level: Level, options: FetchOptions, root: dict[str, bytes | None]) -> tuple[Chunked, bytes]:
    path = f"{level.path}/" if level.path else ""
    for name, driver in (("zarr.json", "zarr3"), (".zarray", "zarr")):
        content = folder.read(path + name) if path else root[name]
        if content is None:
            continue
        described = parse_json(content, f"{folder.url}/{path}{name}")
        shape = described.get("shape") if isinstance(described, dict) else None
        if not isinstance(shape, list) or len(shape) != len(level.axes.names):
            axes = ", ".join(level.axes.names)
            raise BadVolume(folder.url, f"array {level.path} has the shape {shape!r:.80}, its axes are {axes}")
        if not all(isinstance(n, int) and 0 < n < 2**40 for n in shape):
            raise BadVolume(folder.url, f"array {level.path} has the shape {shape!r:.80}, which is none of a volume")
        fixed = _fixed(folder.url, level, shape, options)
        array = open_chunked(folder, {"driver": driver}, {path + name: content}, level.axes.xyz, fixed=fixed, path=path)
        _check(folder.url, array)
        return array, content
    raise BadVolume(folder.url, f"there is no Zarr array {level.path!r}")


def _fixed(url: str, level: Level, shape: list[Any], options: FetchOptions) -> dict[int, int]:
    """Give the position on each axis that is not of space: what was asked for, or the only one."""
    wanted = {_CHANNEL: options.channel, _TIME: options.z}
    words = {_CHANNEL: "channel", _TIME: "z"}
    for axis, word in words.items():
        if wanted[axis] and axis not in level.axes.names:
            raise BadVolume(url, f"has no axis {axis}, so no {word} {wanted[axis]}")
    found: dict[int, int] = {}
    for dimension, axis in enumerate(level.axes.names):
        if axis in {"x", "y", "z"}:
            continue
        count, position = shape[dimension], wanted.get(axis)
        if position is None and count != 1:
            many = "channels" if axis == _CHANNEL else f"positions on axis {axis}"
            said = f"say which: {words[axis]} from 0 to {count - 1}" if axis in words else "such axes are not read"
            raise BadVolume(url, f"has {count} {many}", said)
        if position is not None and position >= count:
            raise BadVolume(url, f"has no {words[axis]} {position}", f"it has 0 to {count - 1}")
        found[dimension] = position or 0
    return found


def _check(url: str, array: Chunked) -> None:
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise BadVolume(url, f"its values are {array.dtype}, not real numbers of up to 64 bits")
