"""The download cache: one file for each address, whole or absent, and never a request without a timeout.

The cache is laid out as a mirror is, ``<host>/<path>``, so a file that was fetched by other means can be put in place
by hand. Two processes that want the same cold file download it once: the second waits for the first one's lock and
then finds the file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.sources.limits import clean_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.config import Settings
    from siibra_kg.sources.progress import Progress

__all__ = ["fetch", "place_of"]


_LOCK_WAIT = 600.0  # seconds; another process may be downloading a large file


def fetch(
    url: str,
    settings: Settings,
    *,
    sha256: str = "",
    check: Callable[[Path], None] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Give a file of the web on this machine: from the mirror, else from the cache, else downloaded into the cache.

    Parameters
    ----------
    url
        ``http:``, ``https:`` or ``file:``.
    settings
        Mirror, cache, timeout, and whether the network may be used.
    sha256
        Hexadecimal, of the file's bytes, where they are known to be stable.
    check
        Called with a downloaded file before it enters the cache; raises where the file is not what was wanted.
    progress
        Called as the download proceeds.

    Returns
    -------
    pathlib.Path
        The file. It belongs to the cache or the mirror: do not change it.

    Raises
    ------
    NetworkDisabled
        If it would have to be downloaded while offline.
    SourceError
        If it cannot be had, or has another checksum.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _local(url, Path(url2pathname(unquote(parts.path))), sha256)
    place = place_of(url)
    mirror = settings.mirror or ""
    if mirror and not mirror.startswith(("http://", "https://")):
        folder = Path(url2pathname(unquote(urlsplit(mirror).path))) if mirror.startswith("file:") else Path(mirror)
        if (folder / place).is_file():
            return _local(url, folder / place, sha256)
    cached = settings.cache / "web" / place
    if _is_good(cached, sha256):
        return cached
    if settings.offline:
        hint = f"put the file at {cached}, or unset SIIBRA_KG_OFFLINE"
        raise NetworkDisabled(url, "it is not in the cache and the network is switched off", hint)
    if mirror and not mirror.startswith(("http://", "https://")):
        hint = f"put the file at {Path(mirror) / place}, or unset SIIBRA_KG_MIRROR"
        raise SourceError(url, "the mirror does not have it", hint)
    address = f"{mirror.rstrip('/')}/{place}" if mirror else url

    def verify(part: Path) -> None:
        if not _is_good(part, sha256):
            raise SourceError(address, f"what was downloaded has another sha256 than {sha256}")
        if check is not None:
            check(part)

    return _download(address, cached, settings.timeout, verify, progress, is_good=lambda: _is_good(cached, sha256))


def place_of(url: str) -> str:
    """Give the place of an address in a mirror or in the cache: ``<host>/<path>``.

    Raises
    ------
    SourceError
        If the address is not http(s), or no file can be named after it.

    Examples
    --------
    >>> place_of("https://example.org/a/b.ttl")
    'example.org/a/b.ttl'
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc
    except ValueError as error:
        raise SourceError(url, f"not an address ({error})") from error
    if "@" in host:
        # Not named in the error: a password must not end up in a report.
        raise SourceError(
            f"{parts.scheme}://…@{host.rpartition('@')[2]}", "an address with a user name in it is refused"
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise SourceError(url, "only http, https and file addresses are fetched")
    path, refused = clean_path(unquote(parts.path).lstrip("/"))
    if refused or not path:
        raise SourceError(url, refused or "the address names no file")
    # A query makes another file of the same path; its hash keeps them apart.
    folder, slash, name = path.rpartition("/")
    mark = f"{hashlib.sha256(parts.query.encode()).hexdigest()[:8]}-" if parts.query else ""
    return f"{host.replace(':', '_')}/{folder}{slash}{mark}{name}"


def _local(url: str, path: Path, sha256: str) -> Path:
    if not path.is_file():
        raise SourceError(url, "there is no such file")
    if not _is_good(path, sha256):
        raise SourceError(url, f"{path} has another sha256 than {sha256}", "fetch it again")
    return path


def _is_good(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    return not sha256 or _hash(path) == sha256


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(
    address: str,
    cached: Path,
    timeout: float,
    verify: Callable[[Path], None],
    progress: Progress | None,
    *,
    is_good: Callable[[], bool],
) -> Path:
    import filelock  # noqa: PLC0415  neither is needed where the file is at hand

    from siibra_kg.sources.download import download  # noqa: PLC0415

    part = cached.with_name(f"{cached.name}.part")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{cached}.lock", timeout=_LOCK_WAIT):
            if is_good():  # another process was faster
                return cached
            try:
                download(address, part, timeout, progress=progress)
                verify(part)
                part.replace(cached)
            finally:
                part.unlink(missing_ok=True)
    except filelock.Timeout as error:
        raise SourceError(address, f"another process has held {cached}.lock for {_LOCK_WAIT:.0f} s") from error
    except OSError as error:
        raise SourceError(address, f"cannot be kept in the cache: {error.strerror or error} ({cached})") from error
    return cached
