"""A folder of small files that a volume is kept in: here, in the mirror, in the cache, or on a server.

Chunked formats and meshes are folders. What describes them is small and read here, with a limit on its size; what
cannot be had is an error, and only a true 404, or no such file in a folder of this machine, is an absence.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from siibra_kg.errors import BadVolume, DataMissing
from siibra_kg.volumes.files.opened import contents
from siibra_kg.web.fetch import place_of
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef

__all__ = ["Folder", "folder_of"]

#: What describes a volume is text; an ``info`` of a megabyte is already a strange one.
SMALL = 2**24
_SCHEMES = ("precomputed://", "zarr://", "zarr2://", "zarr3://")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the files of a volume are read.

    Parameters
    ----------
    url
        As the graph names it, for messages.
    path
        On this machine, or ``None``.
    address
        Of the server, without a slash at its end, where it is on none.
    timeout
        Seconds without any byte after which a server is given up.
    """

    url: str
    path: Path | None = None
    address: str = ""
    timeout: float = 30.0

    @property
    def kvstore(self) -> dict[str, Any]:
        """How tensorstore is told where it is."""
        if self.path is not None:
            return {"driver": "file", "path": f"{self.path}/"}
        return {"driver": "http", "base_url": f"{self.address}/"}

    def read(self, name: str, max_bytes: int = SMALL) -> bytes | None:
        """Read a file of it, unpacked if it is gzipped.

        Parameters
        ----------
        name
            Its path in the folder.
        max_bytes
            Refuse a file that holds more.

        Returns
        -------
        bytes or None
            ``None`` if there is no such file: only where a server says so with 404, or the folder is on this machine.

        Raises
        ------
        SourceError
            If it cannot be fetched.
        BadVolume
            If it is too large, empty, or its name leads out of the folder.
        """
        # The colon of a mesh manifest "12:0" is refused by no rule: only a letter in front of it names a disk.
        path, refused = clean_path(name)
        if refused or not path:
            raise BadVolume(self.url, f"names the file {name!r}, which is refused: {refused or 'it is no name'}")
        if self.path is not None:
            # neuroglancer-scripts and cloud-volume pack the files of a folder, as their server is to send them.
            there = [p for p in (self.path / path, self.path / f"{path}.gz") if p.is_file()]
            return contents(there[0], max_bytes) if there else None
        return self._download(path, max_bytes)

    def _download(self, name: str, max_bytes: int) -> bytes | None:
        from siibra_kg.web.small import small_file  # noqa: PLC0415  not needed where the folder is at hand

        url = f"{self.address}/{quote(name, safe='/:')}"

        def room(size: int) -> None:
            if size > max_bytes:
                raise BadVolume(url, f"has more than the {max_bytes:,} bytes that are read at once")

        data = small_file(url, self.timeout, room)
        return None if data is None else _unpacked(data, url, max_bytes)


def _unpacked(data: bytes, url: str, max_bytes: int) -> bytes:
    """Give what a gzipped file holds, or the file as it is."""
    if not data:
        raise BadVolume(url, "the file is empty")
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        content = gzip.GzipFile(fileobj=io.BytesIO(data)).read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadVolume(url, f"cannot be unpacked ({error})") from error
    if len(content) > max_bytes:
        raise BadVolume(url, f"holds more than the {max_bytes:,} bytes that are read at once")
    return content


def folder_of(ref: VolumeRef, settings: Settings) -> Folder:
    """Find the folder that a reference names: a local copy, a ``file:`` address, the mirror, the cache, or the web.

    Parameters
    ----------
    ref
        Its ``url`` may have a prefix such as ``precomputed://``.
    settings
        Mirror, cache, timeout, and whether the network may be used.

    Raises
    ------
    DataMissing
        If it is not here, and the network is switched off or a folder stands in for it; says where to put it.
    BadVolume
        If the address is of no kind that can be read.
    """
    url = ref.url
    for prefix in _SCHEMES:
        url = url.removeprefix(prefix)
    url = url.rstrip("/")
    if ref.local is not None:
        return _here(ref.url, Path(ref.local), "it was named as the local copy of this volume")
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return _here(ref.url, Path(url2pathname(parts.path)), "the graph says that it is here")
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadVolume(ref.url, "no way to find such a folder is known", "use https: or file:")
    if parts.query or parts.fragment:
        raise BadVolume(ref.url, "is the address of one file, not of a folder: it has a query or a fragment")
    place = place_of(url)
    mirror = settings.mirror or ""
    mirror_path = _mirror_path(mirror)
    for root in [mirror_path, settings.cache / "volumes"]:
        if root is not None and (root / place).is_dir():
            return Folder(ref.url, root / place)
    if mirror_path is not None:
        put, hint = mirror_path / place, "unset SIIBRA_KG_MIRROR"
    elif settings.offline:
        put, hint = settings.cache / "volumes" / place, "unset SIIBRA_KG_OFFLINE"
    else:
        address = f"{mirror.rstrip('/')}/{quote(place)}" if mirror else url
        return Folder(ref.url, None, address, settings.timeout)
    raise DataMissing(url, str(put), f"copy the folder to {put}, or {hint}")


def _here(url: str, path: Path, hint: str) -> Folder:
    if not path.is_dir():
        raise DataMissing(url, str(path), f"{hint}; it has to be a folder")
    return Folder(url, path.absolute())


def _mirror_path(mirror: str) -> Path | None:
    if not mirror or mirror.startswith(("http://", "https://")):
        return None
    return Path(url2pathname(urlsplit(mirror).path)) if mirror.startswith("file:") else Path(mirror).expanduser()
