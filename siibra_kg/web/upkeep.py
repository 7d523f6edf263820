"""What people do with the cache of volumes: look at it, verify it, remove from it. Nothing is removed unasked."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName, SourceError
from siibra_kg.web.digest import sha256_of
from siibra_kg.web.lock import waiting
from siibra_kg.web.records import Address, Record, all_records, load, save
from siibra_kg.web.room import used_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg.config import Settings

__all__ = ["Finding", "clear", "entries", "remove", "unfinished", "verify"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a file of the cache.

    Parameters
    ----------
    record
        As it was recorded.
    path
        Where the file is, or was.
    state
        ``"good"``, ``"damaged"`` (its bytes are not those that were recorded) or ``"missing"``.
    """

    record: Record
    path: Path
    state: str


def entries(settings: Settings) -> Iterator[Record]:
    """Give the record of each address whose file was used, in the order of hosts and paths."""
    for _, record in all_records(settings.cache):
        yield record


def unfinished(settings: Settings) -> int:
    """Give how many bytes interrupted downloads take; asking for their addresses again continues them."""
    return used_bytes(settings.cache / "incoming")


def verify(settings: Settings) -> Iterator[Finding]:
    """Hash every file that the cache knows, and compare; one finding for each address.

    A file that is good although its time of last change differs (it was copied, say) is remembered as it is now, so
    that it need not be hashed again at its next use.
    """
    cache = settings.cache
    for _, record in all_records(cache):
        path = record.path(cache)
        try:
            good = sha256_of(path) == record.sha256
        except OSError:
            yield Finding(record, path, "missing")
            continue
        if good and not record.fits(path):
            save(replace(record, changed=path.stat().st_mtime_ns), Address.of(record.url), cache)
        yield Finding(record, path, "good" if good else "damaged")


def remove(url: str, settings: Settings) -> int:
    """Forget an address, and remove its file where no other address has the same one.

    Files that the cache did not write, those of a mirror or put in place by hand, are forgotten and stay.

    Returns
    -------
    int
        How many bytes were freed.

    Raises
    ------
    NoSuchName
        If the cache has nothing of this address.
    SourceError
        If something cannot be removed, or the file is being downloaded and the download does not end.
    """
    address, cache = Address.of(url), settings.cache
    with waiting(address, cache) as incoming:
        try:
            record = load(address, cache)
            parts = [path.stat().st_size for path in incoming.glob("*")]
            if record is None and not parts:
                raise NoSuchName(url, "address", within=f"the cache {cache}")
            shutil.rmtree(incoming, ignore_errors=True)
            address.record(cache).unlink(missing_ok=True)
            return sum(parts) + (_drop(record, cache) if record else 0)
        except OSError as error:
            raise SourceError(url, f"cannot be removed from the cache: {error.strerror or error}") from error


def clear(settings: Settings) -> int:
    """Remove all that was downloaded, whole or in part, and forget all addresses; gives the bytes that were freed.

    Files of a mirror, files put in place by hand, and downloaded metadata (``web/``) stay.
    """
    freed = 0
    for name in ("addresses", "incoming", "files", "services"):
        folder = settings.cache / name
        freed += used_bytes(folder) if name != "addresses" else 0
        try:
            if folder.is_dir():
                shutil.rmtree(folder)
        except OSError as error:
            raise SourceError(str(folder), f"cannot be removed: {error.strerror or error}") from error
    return freed


def _drop(record: Record, cache: Path) -> int:
    path = Address.of(record.url).file(cache, record.sha256)
    others = (Address.of(other.url).file(cache, other.sha256) for _, other in all_records(cache))
    if not path.is_file() or path in others:
        return 0
    path.unlink()
    for folder in (path.parent, path.parent.parent):
        if not any(folder.iterdir()):
            folder.rmdir()
    return record.size
