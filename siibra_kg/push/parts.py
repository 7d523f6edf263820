"""A snapshot taken apart by named graph: compressed N-Triples files in a folder, whatever the size of the graph.

The canonical file is sorted by subject, so each graph is everywhere in it. One pass writes what belongs together into
one file; a few megabytes wait in memory, and are compressed piece by piece.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from siibra_kg.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.progress import Progress

__all__ = ["Part", "parts_of"]

#: Canonical N-Quads without blank nodes: to send such a line twice is to send it once.
_QUAD = re.compile(
    rb'(<[^>]*> <[^>]*> (?:<[^>]*>|"[^"\\]*(?:\\.[^"\\]*)*"(?:\^\^<[^>]*>|@[A-Za-z0-9-]+)?)) <([^>]*)> \.\n\Z'
)
_WAITING = 8 << 20  # bytes of all graphs together


@dataclass(frozen=True, slots=True)
class Part:
    """One named graph of a snapshot, as sorted N-Triples; ``longest`` is the length of its longest line in bytes."""

    graph: str
    triples: int
    longest: int
    path: Path

    def lines(self) -> Iterator[bytes]:
        """Give its lines, in the same order each time."""
        import zstandard  # noqa: PLC0415  only where a snapshot is read as text

        with (
            self.path.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader,
        ):
            yield from io.BufferedReader(reader, 1 << 20)

    def chunks(self, start: int, triples: int, size: int) -> Iterator[tuple[int, bytes]]:
        """Give chunks of at most so many triples and bytes from a triple on, each with the number of its triples.

        A single triple may be longer.
        """
        lines: list[bytes] = []
        have = 0
        for number, line in enumerate(self.lines()):
            if number < start:
                continue
            if lines and (len(lines) >= triples or have + len(line) > size):
                yield len(lines), b"".join(lines)
                lines, have = [], 0
            lines.append(line)
            have += len(line)
        if lines:
            yield len(lines), b"".join(lines)


@contextmanager
def parts_of(snapshot: Snapshot, progress: Progress) -> Iterator[tuple[Part, ...]]:
    """Take a snapshot apart; the files are gone when the block ends.

    The graph that describes all others comes last, so that a target which has it is complete.

    Raises
    ------
    SnapshotError
        If the file is damaged, has other counts than the manifest, or holds what cannot be sent twice: blank nodes.
    """
    with TemporaryDirectory(prefix="siibra-kg-push-") as folder:
        found = _Splitter(Path(folder)).run(snapshot, progress)
        counts = {part.graph: part.triples for part in found}
        if counts != dict(snapshot.manifest.graphs):
            raise SnapshotError(str(snapshot.path), "its graphs have other counts than its manifest says")
        meta = f"{snapshot.manifest.base_iri}graph/meta"
        yield tuple(sorted(found, key=lambda part: (part.graph == meta, part.graph)))


class _Splitter:
    def __init__(self, folder: Path) -> None:
        import zstandard  # noqa: PLC0415

        self._folder = folder
        self._packer = zstandard.ZstdCompressor(level=1)
        self._lines: dict[bytes, list[bytes]] = {}
        self._waiting = 0
        self._counts: dict[bytes, int] = {}
        self._longest: dict[bytes, int] = {}
        self._paths: dict[bytes, Path] = {}

    def run(self, snapshot: Snapshot, progress: Progress) -> list[Part]:
        import zstandard  # noqa: PLC0415

        total = snapshot.manifest.triples
        try:
            with snapshot.graph_path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
                lines = io.BufferedReader(reader, 1 << 20)
                for number, line in enumerate(lines):
                    self._add(snapshot, number, line)
                    if not number % 10_000:
                        progress("reading the snapshot", number, total)
        except zstandard.ZstdError as error:
            raise SnapshotError(str(snapshot.path), f"its graph cannot be read: {error}") from error
        self._write()
        progress("reading the snapshot", total, total)
        return [Part(g.decode(), n, self._longest[g], self._paths[g]) for g, n in self._counts.items()]

    def _add(self, snapshot: Snapshot, number: int, line: bytes) -> None:
        quad = _QUAD.match(line)
        if quad is None:
            shown = line[:120].decode("utf-8", "replace")
            raise SnapshotError(
                str(snapshot.path), f"line {number + 1} is no ground triple in a named graph: {shown!r}"
            )
        triple, graph = quad.groups()
        self._lines.setdefault(graph, []).append(triple)
        self._waiting += len(triple)
        if self._waiting > _WAITING:
            self._write()

    def _write(self) -> None:
        for graph, triples in self._lines.items():
            path = self._paths.setdefault(graph, self._folder / f"{len(self._paths)}.nt.zst")
            data = b" .\n".join(triples) + b" .\n"
            self._counts[graph] = self._counts.get(graph, 0) + len(triples)
            self._longest[graph] = max(self._longest.get(graph, 0), *map(len, triples), 0)
            with path.open("ab") as file:
                file.write(self._packer.compress(data))
        self._lines, self._waiting = {}, 0
