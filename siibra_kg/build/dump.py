"""Writes the dump of a snapshot out of that of another one: named graphs are replaced, all others pass through."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import zstandard

from siibra_kg.build.statements import LEVEL, PIECE
from siibra_kg.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["replaced"]


def replaced(old: Path, counts: Mapping[str, int], changed: Mapping[str, bytes], new: Path) -> tuple[str, int]:
    """Write a dump.

    Parameters
    ----------
    old
        ``graph.nq.zst`` of a snapshot: graphs sorted by name, lines sorted in each.
    counts
        Its lines by graph, as its manifest has them.
    changed
        N-Quads by graph, sorted, each once; empty for a graph that goes.
    new
        Where to write.

    Returns
    -------
    tuple of str and int
        The content hash and the size of the file.

    Raises
    ------
    BuildError
        If the old dump is not what its manifest says.
    """
    digest = hashlib.sha256()
    with old.open("rb") as source, zstandard.ZstdDecompressor().stream_reader(source) as text:
        lines = _Lines(text, str(old))
        with new.open("wb") as file, zstandard.ZstdCompressor(level=LEVEL).stream_writer(file) as packed:
            for graph in sorted({*counts, *changed}):
                there = lines.take(counts.get(graph, 0))
                if graph in changed:
                    for _ in there:
                        pass  # read to its end, and dropped
                    there = _pieces(changed[graph])
                for piece in there:
                    digest.update(piece)
                    packed.write(piece)
        lines.end()
    return digest.hexdigest(), new.stat().st_size


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


class _Lines:
    """Gives so many lines of a stream at a time, as large pieces."""

    def __init__(self, stream: Any, name: str) -> None:  # noqa: ANN401  zstandard's own reader
        self._stream, self._name = stream, name
        self._whole = b""  # lines that were read and not given yet
        self._begun = b""  # the beginning of the next one

    def take(self, number: int) -> Iterator[bytes]:
        """Give the next lines."""
        while number:
            piece = self._whole or self._read()
            if not piece:
                raise BuildError("read", f"{self._name} has fewer lines than its manifest says")
            inside = piece.count(b"\n")
            if inside > number:
                length = sum(len(line) + 1 for line in piece.split(b"\n", number)[:number])
                piece, self._whole, inside = piece[:length], piece[length:], number
            else:
                self._whole = b""
            number -= inside
            yield piece

    def _read(self) -> bytes:
        """Read whole lines; nothing at the end."""
        while True:
            try:
                more: bytes = self._stream.read(PIECE)
            except zstandard.ZstdError as error:
                raise BuildError("read", f"{self._name} cannot be read: {error}") from error
            if not more and self._begun:
                raise BuildError("read", f"{self._name} ends inside of a line")
            data = self._begun + more
            end = data.rfind(b"\n") + 1
            self._begun = data[end:]
            if end or not more:
                return data[:end]

    def end(self) -> None:
        """Make sure that there is nothing more."""
        if self._whole or self._read():
            raise BuildError("read", f"{self._name} has more lines than its manifest says")
