"""What the cache remembers of each address: a small JSON file, laid out as a mirror is, ``<host>/<path>``.

The first time that the bytes of an address are seen, their SHA-256 is recorded; from then on the address means these
bytes. Nobody publishes checksums of the volumes that atlases name, so the first sight has to be trusted.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urlsplit

from siibra_kg.errors import BadVolume, SourceError
from siibra_kg.web.fetch import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Address", "Record", "all_records", "load", "save"]

_LONGEST = 150  # bytes of a file name; file systems take 255, and marks and suffixes are added


@dataclass(frozen=True, slots=True)
class Address:
    """An http(s) address and its places in the cache.

    Parameters
    ----------
    url
        Without what follows ``#``, which is no part of the file.
    place
        ``<host>/<path>``: where a mirror, or a file that is put in place by hand, has it.
    """

    url: str
    place: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Take an address apart.

        Raises
        ------
        SourceError
            If it is not http(s), or its path leads elsewhere.

        Examples
        --------
        >>> Address.of("https://example.org/maps/a.nii.gz#top").place
        'example.org/maps/a.nii.gz'
        >>> Address.of("http://example.org?id=3").place
        'example.org/3a61b75b-index'
        """
        try:
            parts = urlsplit(urldefrag(url).url)
        except ValueError as error:
            raise SourceError(url, f"not an address ({error})") from error
        parts = parts._replace(netloc=parts.netloc.lower())
        named = parts if parts.path.strip("/") or not parts.netloc else parts._replace(path="/index")
        place = "/".join(_shortened(part) for part in place_of(named.geturl()).split("/"))
        return cls(parts.geturl(), place)

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.place.rpartition("/")[2]

    @property
    def key(self) -> str:
        """A short name that no other address has."""
        return hashlib.sha256(unquote(self.url).encode()).hexdigest()[:32]

    def record(self, cache: Path) -> Path:
        """Give the place of its record; what http says is not believed of https."""
        return cache / "addresses" / f"{self.place}.{urlsplit(self.url).scheme}.json"

    def file(self, cache: Path, sha256: str) -> Path:
        """Give the place of what was downloaded, by its content; the name is kept because readers look at suffixes."""
        return cache / "files" / sha256[:2] / sha256 / self.name


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the bytes of an address.

    Parameters
    ----------
    url
        The address.
    sha256
        Of the bytes as they were first seen.
    size
        How many there are.
    changed
        When the file was last changed on this disk, in ns, as it was when its SHA-256 was last computed.
    file
        Where it was last found: below the cache, or absolute in a mirror.
    fetched
        When, in UTC (ISO 8601).
    etag, last_modified
        As the server said.
    """

    url: str
    sha256: str
    size: int
    changed: int
    file: str
    fetched: str
    etag: str = ""
    last_modified: str = ""

    def path(self, cache: Path) -> Path:
        """Give the file's path."""
        return cache / self.file

    def fits(self, path: Path) -> bool:
        """Tell whether a file has the size and the time of last change that were recorded of this file."""
        try:
            now = path.stat()
        except OSError:
            return False
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed)


def load(address: Address, cache: Path) -> Record | None:
    """Give the record of an address, or ``None`` where it was never seen.

    Raises
    ------
    BadVolume
        If the record cannot be read: without it nothing tells whether the file is still the same.
    """
    record = _read(address.record(cache))
    # Two addresses share a place if they differ in "%2F", or if the hashes of their queries collide; then the one that
    # came last is kept. "a b" and "a%20b" are one address.
    return record if record and unquote(record.url) == unquote(address.url) else None


def save(record: Record, address: Address, cache: Path) -> None:
    """Write a record, whole or not at all."""
    place = address.record(cache)
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=place.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123  the handle is open already
            json.dump(asdict(record), file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)


def all_records(cache: Path) -> Iterator[tuple[Path, Record]]:
    """Give all records and where they are, in the order of their places.

    Raises
    ------
    BadVolume
        If one cannot be read.
    """
    for place in sorted((cache / "addresses").rglob("*.json")):
        if (record := _read(place)) is not None:
            yield place, record


def _read(place: Path) -> Record | None:
    try:
        text = place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadVolume(str(place), f"cannot be read: {error.strerror or error}") from error
    try:
        record = Record(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise BadVolume(str(place), "is no record of the cache", "remove it; the file is fetched again") from error
    return record


def _shortened(name: str) -> str:
    raw = name.encode()
    if len(raw) <= _LONGEST:
        return name
    # The end is kept: readers look at suffixes.
    return f"{hashlib.sha256(raw).hexdigest()[:8]}-{raw[-(_LONGEST - 9) :].decode(errors='ignore')}"
