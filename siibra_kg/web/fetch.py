"""The download cache: one file for each address, whole or absent, and never a request without a timeout.

The cache is laid out as a mirror is, ``<host>/<path>``, so a file that was fetched by other means can be put in place
by hand. Two processes that want the same cold file download it once: the second waits for the first one's lock and
then finds the file.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import url2pathname

from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.web.digest import sha256_of
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress

__all__ = ["fetch", "local_path", "mirror_folder", "place_of"]


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
    if (local := local_path(url)) is not None:
        return _local(url, local, sha256)
    place = place_of(url)
    mirror = mirror_folder(settings)
    if mirror is not None and (mirror / place).is_file():
        return _local(url, mirror / place, sha256)  # read where it is
    cached = settings.cache / "web" / place
    if _is_good(cached, sha256):
        return cached
    if settings.offline:
        hint = f"put the file at {cached}, or unset SIIBRA_KG_OFFLINE"
        raise NetworkDisabled(url, "it is not in the cache, and the network is switched off", hint)
    if mirror is not None:
        hint = f"put the file at {mirror / place}, or unset SIIBRA_KG_MIRROR"
        raise SourceError(url, "the mirror does not have it", hint)
    address = f"{settings.mirror.rstrip('/')}/{quote(place)}" if settings.mirror else url

    def verify(part: Path) -> None:
        if not _is_good(part, sha256):
            raise SourceError(address, f"what was downloaded has another sha256 than {sha256}")
        if check is not None:
            check(part)

    there = partial(_is_good, cached, sha256)
    return _download(address, cached, settings.timeout, verify, progress, is_good=there, known=bool(sha256))


def mirror_folder(settings: Settings) -> Path | None:
    """Give the folder that stands in for the web, or ``None`` where there is none or it is an address."""
    mirror = settings.mirror or ""
    if not mirror or mirror.startswith(("http://", "https://")):
        return None
    return local_path(mirror) or Path(mirror).expanduser()


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
    parts = _split(url)
    host = parts.netloc
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


def local_path(url: str) -> Path | None:
    """Give the path that a ``file:`` address names, or ``None`` for any other address.

    >>> local_path("https://example.org/a.ttl") is None
    True
    """
    return Path(url2pathname(_split(url).path)) if url.startswith("file:") else None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise SourceError(url, f"not an address ({error})") from error


def _local(url: str, path: Path, sha256: str) -> Path:
    if not path.is_file():
        raise SourceError(url, "there is no such file")
    if not _is_good(path, sha256):
        raise SourceError(url, f"{path} has another sha256 than {sha256}", "fetch it again")
    return path


def _is_good(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    return not sha256 or sha256_of(path) == sha256


def _download(
    address: str,
    cached: Path,
    timeout: float,
    verify: Callable[[Path], None],
    progress: Progress | None,
    *,
    is_good: Callable[[], bool],
    known: bool,
) -> Path:
    import filelock  # noqa: PLC0415  neither is needed where the file is at hand

    from siibra_kg.web.download import download  # noqa: PLC0415
    from siibra_kg.web.whole import check_end  # noqa: PLC0415

    part = cached.with_name(f"{cached.name}.part")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{cached}.lock", timeout=_LOCK_WAIT):
            if is_good():  # another process was faster
                return cached
            try:
                received = download(address, part, timeout, progress=progress)
                verify(part)
                if not (received.measured or known):
                    check_end(part, address, cached)
                part.replace(cached)
            finally:
                part.unlink(missing_ok=True)
    except filelock.Timeout as error:
        raise SourceError(address, f"another process has held {cached}.lock for {_LOCK_WAIT:.0f} s") from error
    except OSError as error:
        raise SourceError(address, f"cannot be kept in the cache: {error.strerror or error} ({cached})") from error
    return cached
