"""Volumes in neuroglancer's precomputed format: ``info``, chunks, and siibra's ``transform.json`` beside them."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from siibra_kg.errors import BadVolume, DataMissing
from siibra_kg.volumes.chunks.folder import folder_of
from siibra_kg.volumes.chunks.pyramid import Pyramid, Scale, read_pyramid
from siibra_kg.volumes.chunks.stores import open_chunked, require_tensorstore
from siibra_kg.volumes.providers.precomputed_info import parse_info, parse_transform

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.folder import Folder
    from siibra_kg.volumes.chunks.stores import Chunked
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.providers.precomputed_info import InfoScale
    from siibra_kg.volumes.volume import Volume

__all__ = ["pyramid", "read"]

_FOR_WRITING = frozenset({"png_level", "jpeg_quality"})


def read(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Volume:
    """Read a volume, or the part of it that is in a box, at one of its resolutions.

    Parameters
    ----------
    ref
        Of provider ``neuroglancer/precomputed``.
    options
        ``resolution_mm``, ``voi``, ``channel``, ``max_bytes``.
    settings
        Say where folders are.

    Raises
    ------
    DataMissing
        If the folder is not here and may not be asked for, or tensorstore is not installed.
    SourceError
        If the description or a chunk cannot be fetched. A chunk that the server says is not there (404) is background.
    BadVolume
        If what is there is no such volume, or cannot give what is asked for.
    SpaceMismatch
        If the box is in another space.
    """
    return read_pyramid(pyramid(ref, options, settings), ref, options)


def pyramid(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Pyramid:
    """Read what describes a volume, and give its scales; no voxel is read."""
    require_tensorstore()
    folder = folder_of(ref, settings)
    # Two requests that do not need each other: over a network it is the waiting that takes the time.
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(folder.read, "transform.json")
        data = folder.read("info")
        placed = waiting.result()
    name = f"{folder.url}/info"
    if data is None:
        raise BadVolume(name, "there is no such file", "the address has to be that of a precomputed volume")
    info = parse_info(data, name)
    transform = parse_transform(placed, f"{folder.url}/transform.json")
    channel = _channel(name, info.channels, options.channel)
    scales = tuple(
        Scale(s.key, s.size, s.affine(transform), info.dtype, partial(_open, folder, data, s, channel or 0))
        for s in info.scales
    )
    checksum = hashlib.sha256(data + b"\0" + (placed or b"")).hexdigest()
    return Pyramid(folder.url, scales, checksum, channel)


def _channel(name: str, count: int, wanted: int | None) -> int | None:
    if wanted is None and count > 1:
        raise BadVolume(name, f"has {count} channels", f"say which: channel from 0 to {count - 1}")
    if wanted is not None and wanted >= count:
        few = "one channel, 0" if count == 1 else f"channels 0 to {count - 1}"
        raise BadVolume(name, f"has no channel {wanted}", f"it has {few}")
    return wanted


def _open(folder: Folder, info: bytes, scale: InfoScale, channel: int) -> Chunked:
    if folder.path is not None:
        _check_layout(folder, scale.key)
    # Domain: x, y, z, channel.
    driver = {"driver": "neuroglancer_precomputed", "scale_index": scale.index}
    return open_chunked(folder, driver, {"info": _for_reading(info)}, (0, 1, 2), fixed={3: channel})


def _for_reading(info: bytes) -> bytes:
    """Leave out of a description how its chunks were packed.

    tensorstore 0.1.78, the last one for Python 3.10, writes ``"png_level": -1`` and then refuses to read that.
    """
    described = json.loads(info)
    for scale in described["scales"]:
        for name in _FOR_WRITING & scale.keys():
            del scale[name]
    return json.dumps(described).encode()


def _check_layout(folder: Folder, key: str) -> None:
    """Refuse chunks under names that nobody would ask for: in a folder of this machine they would pass as background.

    neuroglancer-scripts and cloud-volume write ``0-64_0-64_0-64.gz``, and the former ``0-64/0-64/0-64`` too; a web
    server in front of them is told to translate.
    """
    place = folder.path / key if folder.path is not None else None
    if place is None or not place.is_dir():
        raise DataMissing(f"scale {key} of {folder.url}", str(place), "the copy of the volume is incomplete")
    for found in place.iterdir():
        if found.is_dir() or found.suffix == ".gz":
            raise BadVolume(
                str(found), "is a chunk under another name than in a plain copy", "unpack it to <x>_<y>_<z> without .gz"
            )
        return
