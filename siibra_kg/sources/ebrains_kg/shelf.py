"""Where pulled instances are kept: one file for each type, whole or absent, beside pages that are still coming in.

::

    <host>/<prefix>/<stage>/index.json            which types the last complete pull found, and how many of each
    <host>/<prefix>/<stage>/DatasetVersion.jsonl  one instance a line, by id
    <host>/<prefix>/<stage>/File.pages/0-500.jsonl   pages of a pull under way or interrupted

The last line of each file of instances says how many there are above it, so that one that was cut off is seen.
The same folder is read in a mirror and with ``kg=FOLDER``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from siibra_kg.errors import SourceError
from siibra_kg.sources.ebrains_kg.instances import stamp, uuid_of
from siibra_kg.vocab import NAMESPACES, OM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Page", "Shelf"]

_INDEX = "index.json"
_LAST = re.compile(rb'(?:\A|\n)\{"instances":\d+\}\n\Z')
_HEAD = orjson.dumps({"@context": {"@vocab": OM}, "@id": NAMESPACES["kg"]})[:-2]
_LOCK_WAIT = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing: how many instances the service gave, and the file with those that can be used."""

    number: int
    path: Path

    def documents(self) -> list[tuple[str, bytes]]:
        """Give UUID and document of each instance."""
        return list(_lines(self.path))


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of pulled instances."""

    folder: Path

    def index(self) -> dict[str, int] | None:
        """Give the types of the last complete pull with their numbers; ``None`` if there was none."""
        try:
            told = json.loads((self.folder / _INDEX).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        types = told.get("types") if isinstance(told, dict) else None
        return {str(k): int(v) for k, v in types.items()} if isinstance(types, dict) else None

    def close_pull(self, types: Mapping[str, int]) -> None:
        """State that a pull is complete."""
        _write(
            self.folder / _INDEX, json.dumps({"types": dict(sorted(types.items()))}, indent=1).encode(), lasting=True
        )

    def instances(self, name: str) -> Iterator[tuple[str, bytes]]:
        """Give UUID and document of each instance of a type, by UUID.

        Raises
        ------
        SourceError
            If the file was changed or cut off by somebody.
        """
        yield from _lines(self._file(name))

    def has(self, name: str) -> bool:
        """Tell whether all instances of a type are here."""
        return _is_whole(self._file(name))

    def stamps(self, name: str) -> dict[str, str]:
        """Give UUID and version of each instance of a type."""
        return {uuid: stamp(orjson.loads(document)) for uuid, document in self.instances(name)}

    def put(self, name: str, documents: Mapping[str, bytes]) -> None:
        """Keep all instances of a type, by UUID, in place of those that were here."""
        _write(self._file(name), _text([documents[uuid] for uuid in sorted(documents)]), lasting=True)

    def changed(self, name: str, documents: Mapping[str, bytes], gone: Iterable[str]) -> int:
        """Replace, add and remove instances of a type; gives how many there are then."""
        now = dict(self.instances(name))
        for uuid in gone:
            now.pop(uuid, None)
        now.update(documents)
        self.put(name, now)
        return len(now)

    # -- pages of a pull under way ------------------------------------------------------------------------------------

    def pages(self, name: str) -> dict[int, Page]:
        """Give the pages of a type that have arrived without a gap from the first one, by where they begin."""
        found: dict[int, Page] = {}
        folder, start = self._pages(name), 0
        paths = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
        for path in paths:
            begin, _, number = path.stem.partition("-")
            if not (begin.isdecimal() and number.isdecimal()) or int(begin) != start or not _is_whole(path):
                break
            found[start] = Page(int(number), path)
            start += int(number)
        return found

    def add_page(self, name: str, start: int, number: int, documents: Iterable[bytes]) -> None:
        """Keep a page: what could be used of the ``number`` instances that it had."""
        path = self._pages(name) / f"{start:012}-{number}.jsonl"
        _write(path, _text(list(documents)), lasting=False)

    def drop_pages(self, name: str) -> None:
        """Forget the pages of a type."""
        shutil.rmtree(self._pages(name), ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from pulling into the same folder.

        Raises
        ------
        SourceError
            If another one has been doing so for ten minutes.
        """
        import filelock  # noqa: PLC0415  not needed where a pull is only read

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.folder / "pull.lock")
        try:
            lock.acquire(timeout=_LOCK_WAIT)
        except filelock.Timeout:
            busy = True
        else:
            busy = False
        if busy:
            raise SourceError("kg", f"another process holds {lock.lock_file}", "wait for it, or end it")
        try:
            yield
        finally:
            lock.release()

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _pages(self, name: str) -> Path:
        return self.folder / f"{name}.pages"


def _write(path: Path, data: bytes, *, lasting: bool) -> None:
    """Write a file that appears whole or not at all; one that is not meant to last may be lost with the power."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _text(documents: Sequence[bytes]) -> bytes:
    return b"".join(document + b"\n" for document in documents) + b'{"instances":%d}\n' % len(documents)


def _is_whole(path: Path) -> bool:
    """Tell whether the last line of a file says how many are above it."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 64))
            return _LAST.search(file.read()) is not None
    except OSError:
        return False


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    number, last = 0, b""
    try:
        with path.open("rb") as lines:
            for line in lines:
                if last:
                    yield _identity(last), last[:-1]
                    number += 1
                last = line
        whole = last == b'{"instances":%d}\n' % number
    except (OSError, KeyError, TypeError, ValueError):  # somebody's own file, or a broken disk
        whole = False
    if not whole:
        raise SourceError("kg", f"{path} is damaged", "remove it and pull again")


def _identity(line: bytes) -> str:
    """Give the UUID of a document, mostly without parsing it: all begin alike."""
    if line.startswith(_HEAD):
        return line[len(_HEAD) : len(_HEAD) + 36].decode()
    return uuid_of(orjson.loads(line)["@id"])
