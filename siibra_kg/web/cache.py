"""The cache of volumes: one file for each content, one record for each address, and nothing partial that is believed.

::

    files/<aa>/<sha256>/<name>           what was downloaded
    addresses/<host>/<path>.https.json   which content an address had when it was first seen
    incoming/                            downloads under way or interrupted
    volumes/<host>/<path>                what people put in place by hand

Whole files go through pooch, which hashes what our own downloader gives it and moves it into place; a lock for each
address makes many processes that want one cold file download it once.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from siibra_kg.errors import BadVolume, NetworkDisabled, SourceError
from siibra_kg.web.digest import sha256_of
from siibra_kg.web.fetch import local_path, mirror_folder
from siibra_kg.web.lock import waiting
from siibra_kg.web.records import Address, Record, load, save
from siibra_kg.web.resume import drop_part, load_part
from siibra_kg.web.room import Room
from siibra_kg.web.whole import check_end, is_cut

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Mapping

    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress
    from siibra_kg.web.download import Received

__all__ = ["CachedFile", "cached"]

_BY_HAND = ("volumes", "web")


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file of the web on this machine.

    Parameters
    ----------
    path
        Where it is. It belongs to the cache, to a mirror or to whoever put it there: do not change it.
    sha256
        Of its bytes.
    url
        Its address.
    """

    path: Path
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class _Asked:
    address: Address
    settings: Settings
    sha256: str
    max_bytes: int | None
    progress: Progress | None
    check: Callable[[Path], None]
    headers: Mapping[str, str] = field(repr=False)  # may hold a token

    @property
    def cache(self) -> Path:
        return self.settings.cache


def cached(
    url: str,
    settings: Settings,
    *,
    sha256: str = "",
    max_bytes: int | None = None,
    progress: Progress | None = None,
    check: Callable[[Path], None] = lambda _: None,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> CachedFile:
    """Give a file of the web: from the mirror, else from the cache, else put there by hand, else downloaded.

    The SHA-256 that an address had when it was first seen is recorded, and the address means these bytes from then
    on. Each call compares size and time of last change with the record; the bytes are hashed again only where those
    differ. To hash all, see :func:`siibra_kg.web.upkeep.verify`.

    Parameters
    ----------
    url
        ``http:``, ``https:`` or ``file:``.
    settings
        Mirror, cache and its limit, timeout, and whether the network may be used.
    sha256
        Of the file's bytes, in hexadecimal, where it is known beforehand.
    max_bytes
        Refuse to download a larger file.
    progress
        Called as a download proceeds; without it a line is shown if standard error is a terminal.
    check
        Called with a file whose bytes were not seen before, be it downloaded or put there by hand, before anything of
        it is remembered; raises where it is not what was wanted. Nothing is then kept.
    headers
        Sent with a download to the scheme, host and port of ``url`` alone: not to a mirror, nor to where the server
        redirects. They say who asks, and change nothing about what the address means. May hold a token.

    Returns
    -------
    CachedFile
        Where the file is, and its SHA-256.

    Raises
    ------
    NetworkDisabled
        If it would have to be downloaded while offline; says where to put it by hand.
    SourceError
        If it cannot be had: refused, cut short, too large, no room, not answering.
    BadVolume
        If its content is not what ``sha256`` says, or not what the address had before.
    Exception
        What ``check`` raises.
    """
    if (local := local_path(url)) is not None:
        found = _own(url, local, sha256.lower())
        check(found.path)
        return found
    asked = _Asked(Address.of(url), settings, sha256.lower(), max_bytes, progress, check, headers)
    return _at_hand(asked) or _from_the_web(asked)


def _own(url: str, path: Path, sha256: str) -> CachedFile:
    if not path.is_file():
        raise SourceError(url, "there is no such file")
    digest = sha256_of(path)
    if sha256 and digest != sha256:
        raise BadVolume(url, f"its content has the sha256 {digest}, not {sha256}")
    return CachedFile(path, digest, url)


def _at_hand(asked: _Asked) -> CachedFile | None:
    address, cache = asked.address, asked.cache
    record = load(address, cache)
    mirror = mirror_folder(asked.settings)
    if mirror is not None and (mirror / address.place).is_file():
        return _checked(asked, record, (mirror / address.place).absolute())
    if record is not None and (path := address.file(cache, record.sha256)).is_file():
        return _checked(asked, record, path)
    for folder in _BY_HAND:
        if (path := cache / folder / address.place).is_file():
            return _checked(asked, record, path)
    return None


def _checked(asked: _Asked, record: Record | None, path: Path) -> CachedFile:
    """Compare a file that is here with what is known of its address, and remember it."""
    address, cache = asked.address, asked.cache
    if record is not None and record.path(cache) == path and record.fits(path):
        digest = record.sha256
    else:
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise SourceError(address.url, f"{path} cannot be read: {error.strerror or error}") from error
        _same_as_before(asked, record, digest, str(path))
        asked.check(path)
        now = _record(asked, path, digest)
        if record is not None:
            now = replace(now, fetched=record.fetched, etag=record.etag, last_modified=record.last_modified)
        # A cache that may only be read (of an institute, say) serves too; the file is then hashed each time.
        with suppress(OSError):
            save(now, address, cache)
    _as_wanted(asked, digest, str(path))
    return CachedFile(path, digest, address.url)


def _record(asked: _Asked, path: Path, digest: str, etag: str = "", last_modified: str = "") -> Record:
    state = path.stat()
    file = path.relative_to(asked.cache).as_posix() if path.is_relative_to(asked.cache) else str(path)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Record(asked.address.url, digest, state.st_size, state.st_mtime_ns, file, now, etag, last_modified)


def _same_as_before(asked: _Asked, record: Record | None, digest: str, where: str) -> None:
    if record is None or record.sha256 == digest:
        return
    url = asked.address.url
    reason = f"{where} has the sha256 {digest}, but on {record.fetched[:10]} this address had {record.sha256}"
    hint = f"compare the two; to take what is there now: siibra-kg cache remove '{url}', then fetch it again"
    raise BadVolume(url, reason, hint)


def _as_wanted(asked: _Asked, digest: str, where: str) -> None:
    if asked.sha256 and digest != asked.sha256:
        url = asked.address.url
        hint = f"if it is an old version of the file: siibra-kg cache remove '{url}', then fetch it again"
        raise BadVolume(url, f"{where} has the sha256 {digest}, not {asked.sha256}", hint)


def _from_the_web(asked: _Asked) -> CachedFile:
    url, place, settings = asked.address.url, asked.address.place, asked.settings
    if settings.offline:
        hint = f"put the file at {asked.cache / _BY_HAND[0] / place}, or unset SIIBRA_KG_OFFLINE"
        raise NetworkDisabled(url, "it is not in the cache, and the network is switched off", hint)
    if (mirror := mirror_folder(settings)) is not None:
        hint = f"put the file at {mirror / place}, or unset SIIBRA_KG_MIRROR"
        raise SourceError(url, "the mirror does not have it", hint)
    try:
        with waiting(asked.address, asked.cache) as incoming:
            return _at_hand(asked) or _downloaded(asked, incoming)  # another process may have been faster
    except OSError as error:
        hint = "make room, or let SIIBRA_KG_CACHE name a folder with more"
        raise SourceError(url, f"cannot be kept in the cache: {error.strerror or error}", hint) from error


def _downloaded(asked: _Asked, incoming: Path) -> CachedFile:
    address, cache = asked.address, asked.cache
    incoming.mkdir(exist_ok=True)
    part = incoming / "part"
    for left in incoming.iterdir():  # by a process that was killed; only a part with its note is of use
        if left.name not in {"part", "part.json"}:
            left.unlink()
    try:
        path, received = _through_pooch(asked, part)
        digest = sha256_of(path)
        _same_as_before(asked, load(address, cache), digest, "what was downloaded")
        asked.check(path)
        if not (received.measured or asked.sha256):
            check_end(path, address.url, cache / _BY_HAND[0] / address.place)
        final = address.file(cache, digest)
        final.parent.mkdir(parents=True, exist_ok=True)
        path.replace(final)
        save(_record(asked, final, digest, received.etag, received.last_modified), address, cache)
    except SourceError:
        if load_part(part, _web_address(asked)) is None:
            shutil.rmtree(incoming, ignore_errors=True)
        raise  # what can be continued stays
    except BaseException as error:
        if isinstance(error, Exception):
            shutil.rmtree(incoming, ignore_errors=True)
        raise
    shutil.rmtree(incoming, ignore_errors=True)
    return CachedFile(final, digest, address.url)


def _web_address(asked: _Asked) -> str:
    mirror = asked.settings.mirror
    return f"{mirror.rstrip('/')}/{quote(asked.address.place)}" if mirror else asked.address.url


def _through_pooch(asked: _Asked, part: Path) -> tuple[Path, Received]:
    import pooch  # noqa: PLC0415  takes longer to import than a file at hand to find

    from siibra_kg.web.download import Received, download  # noqa: PLC0415

    url, room = _web_address(asked), Room.of(asked.address.url, asked.settings, asked.max_bytes, part.parent)
    headers = {} if asked.settings.mirror else asked.headers
    received = Received(0)

    def downloader(_url: str, place: str, _pooch: object) -> None:
        nonlocal received
        timeout, progress = asked.settings.timeout, asked.progress
        received = download(url, part, timeout, progress=progress, room=room.check, resume=True, headers=headers)
        if not received.measured and is_cut(part, asked.address.name):
            drop_part(part)
            raise SourceError(url, f"it ends early, after {received.size:,} bytes", "try again")
        part.replace(place)
        drop_part(part)

    name = asked.address.name
    known = f"sha256:{asked.sha256}" if asked.sha256 else None
    store = pooch.Pooch(part.parent, "", registry={name: known}, urls={name: url})
    with _silent(pooch.get_logger()):
        try:
            path = store.fetch(name, downloader=downloader)
        except SourceError as error:
            if error.source == asked.address.url:
                raise
            raise SourceError(asked.address.url, f"{url}: {error.reason}", error.hint) from error  # of the mirror
        except ValueError as error:  # pooch's word for a checksum that does not fit
            hint = "it may be another version of the file, or damaged on its way; nothing was kept"
            raise BadVolume(url, f"what was downloaded has not the sha256 {asked.sha256}", hint) from error
    return Path(path), received


@contextmanager
def _silent(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch from printing what it does, in this thread only: others may use it too, and want to see it."""
    here = threading.get_ident()

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(elsewhere)
