"""The statements of a build, graph by graph: visible to rules, on their way to the disk, and ready to be hashed."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from siibra_kg.build.engine import DiskStore, Workbench

__all__ = ["LEVEL", "PIECE", "Statements"]

# Bytes of N-Quads that are loaded at once. Each load makes a file of its own in every index of the store: small ones
# would make many files, which slow readers down, large ones leave nothing to do while the rules run.
_BATCH = 20_000_000
# Bytes of N-Triples that rules get to see at once while documents are still being read.
_AHEAD = 6_000_000
#: Bytes of N-Quads that are hashed and compressed at once.
PIECE = 4_000_000
#: zstd level 3 takes a fifth of the time of level 9, for a file that is a third larger.
LEVEL = 3


@dataclass(slots=True)
class Statements:
    """Collects the named graphs of a build.

    Parameters
    ----------
    base
        Base of the graphs' IRIs.
    bench
        What rules query.
    disk
        What becomes the store of the snapshot.
    spill
        File that keeps the sorted N-Quads of each graph until all are written: a fifth of the memory of a build.
        It is deleted on :meth:`close`.
    """

    base: str
    bench: Workbench
    disk: DiskStore
    spill: Path
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)
    _waiting: list[bytes] = field(default_factory=list)
    _early: list[bytes] = field(default_factory=list)
    _settled: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="siibra-kg-sort")
    )

    def ahead(self, graph: str, ntriples: Sequence[bytes]) -> None:
        """Load statements while others are still being read, on the bet that :meth:`tell` will have all of them."""
        size = sum(map(len, self._early))
        for text in ntriples:
            self._early.append(text)
            size += len(text)
            if size > _AHEAD:
                self._load_early(graph)
                size = 0

    def settle(self, graph: str) -> None:
        """The bet on a graph is won: all of it, and nothing else, was given to :meth:`ahead`."""
        self._load_early(graph)
        self._settled.add(graph)
        if sum(map(len, self._waiting)) > _BATCH // 2:
            self._load()

    def again(self) -> None:
        """The bet is lost: forget whatever was loaded; :meth:`tell` will load all of it."""
        self._early.clear()
        self._waiting.clear()
        self._settled.clear()
        self.bench.restart()
        self.disk.restart()

    def _load_early(self, graph: str) -> None:
        text = b"".join(self._early)
        self._early.clear()
        self.bench.load(text)
        self._wait(self._quads_of(graph, text))

    def tell(self, graph: str, parts: list[bytes]) -> bytes:
        """Take what is asserted in a graph, for rules to see, and empty the list; gives it sorted, each once."""
        if graph not in self._settled:
            self.bench.load(b"".join(parts))
        lines = _unique(parts)
        parts.clear()
        text = b"".join(lines)
        self._take(graph, text, len(lines))
        return text

    def put(self, graph: str, ntriples: bytes) -> Future[None]:
        """Take the statements of a graph, named relative to the base.

        Sorting goes on in the background, while the engine is busy with the next rule.
        """
        return self._pool.submit(self._put, graph, ntriples)

    def put_lines(self, graph: str, lines: Iterable[str]) -> Future[None]:
        """Take the statements of a graph as lines; as :meth:`put`, without having to find them first."""
        return self._pool.submit(self._put_lines, graph, lines)

    def _put(self, graph: str, ntriples: bytes) -> None:
        lines = _unique([ntriples])
        self._take(graph, b"".join(lines), len(lines))

    def _put_lines(self, graph: str, lines: Iterable[str]) -> None:
        unique = sorted(set(lines))  # by code point, which is the order of UTF-8 as well
        self._take(graph, "".join(unique).encode(), len(unique))

    def _take(self, graph: str, text: bytes, count: int) -> None:
        if count:
            quads, self.counts[graph] = self._quads_of(graph, text), count
            with self._lock, self.spill.open("ab") as file:
                self._places[graph] = file.tell(), len(quads)
                file.write(quads)
            if graph not in self._settled:
                self._wait(quads)

    def _quads_of(self, graph: str, ntriples: bytes) -> bytes:
        # Every line ends in " ." and no literal holds a line break, so one replace names the graph everywhere.
        return ntriples.replace(b" .\n", f" <{self.base}{graph}> .\n".encode())

    def _wait(self, nquads: bytes) -> None:
        self._waiting.append(nquads)
        if sum(map(len, self._waiting)) > _BATCH:
            self._load()

    def close(self) -> None:
        """Stop sorting, and forget what was kept."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.spill.unlink(missing_ok=True)

    def _load(self) -> None:
        if self._waiting:
            self.disk.add(b"".join(self._waiting))
            self._waiting.clear()

    def write(self, path: Path) -> tuple[str, int]:
        """Write all graphs, sorted by name, then by line, compressed; gives the content hash and the file's size.

        Every :meth:`put` has to be done: its result asked for.
        """
        self._load()
        digest = hashlib.sha256()
        with path.open("wb") as file, zstandard.ZstdCompressor(level=LEVEL).stream_writer(file) as packed:
            for quads in self._kept():
                digest.update(quads)
                packed.write(quads)
        return digest.hexdigest(), path.stat().st_size

    def _kept(self) -> Iterator[bytes]:
        """Give back the N-Quads of all graphs, by name, in pieces."""
        with self.spill.open("ab+") as file:
            for graph in sorted(self._places):
                start, left = self._places[graph]
                file.seek(start)
                while left:
                    piece = file.read(min(left, PIECE))
                    left -= len(piece)
                    yield piece

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Measure the wall time of a step, for the report."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + time.perf_counter() - start, 4)


def _unique(parts: Iterable[bytes]) -> list[bytes]:
    # Sources come nearly in order, which a dictionary keeps and sorting makes use of.
    return sorted(dict.fromkeys(line for part in parts for line in part.splitlines(keepends=True)))
