"""The dumps of a release: the canonical N-Quads as they are, and what other tools read."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from siibra_kg import export
from siibra_kg.describe.about import Dump
from siibra_kg.release.names import DUMP, media_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.stores.protocol import Store

__all__ = ["quads_of", "write_dumps"]

#: Nearly as small as 9, in a third of the time.
_LEVEL = 6
_WHOLE = {"ttl": "The union of all named graphs as Turtle", "jsonld": "The whole graph as JSON-LD"}


def write_dumps(
    store: Store, snapshot: Snapshot, folder: Path, progress: Callable[[str, int, int | None], None]
) -> tuple[Dump, ...]:
    """Write all dumps below a folder; gives what each is.

    Parameters
    ----------
    store, snapshot
        The graph.
    folder
        Of the release; the files go to ``dumps/`` in it.
    progress
        Called with step, done, total.
    """
    (folder / "dumps" / "graphs").mkdir(parents=True)
    shutil.copyfile(snapshot.graph_path, folder / DUMP)
    found = [_dump(folder, DUMP, "application/n-quads", "The whole graph as sorted N-Quads")]
    total = 1 + len(_WHOLE) + len(snapshot.manifest.graphs)
    for form, title in _WHOLE.items():
        progress("dumps", len(found), total)
        name = f"dumps/graph.{form}.gz"
        with _packed(folder / name) as target:
            export.dump(store, snapshot, form, target)
        found.append(_dump(folder, name, media_type(f".{form}"), title))
    base = snapshot.manifest.base_iri + "graph/"
    for graph, lines in _by_graph(snapshot):
        progress("dumps", len(found), total)
        short = graph.removeprefix(base).replace("/", "-")
        name = f"dumps/graphs/{short}.nt.gz"
        with _packed(folder / name) as target:
            target.writelines(lines)
        found.append(_dump(folder, name, "application/n-triples", f"The named graph {short} as N-Triples", graph))
    progress("dumps", total, total)
    return tuple(found)


@contextmanager
def _packed(path: Path) -> Iterator[BinaryIO]:
    """Write a gzip file without name and day, so that equal content gives equal bytes."""
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed,
        io.BufferedWriter(cast("io.RawIOBase", packed), 1 << 20) as target,
    ):
        yield cast("BinaryIO", target)


def _dump(folder: Path, name: str, kind: str, title: str, graph: str = "") -> Dump:
    digest = hashlib.sha256()
    with (folder / name).open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return Dump(name, kind, media_type(name), title, (folder / name).stat().st_size, digest.hexdigest(), graph)


@contextmanager
def quads_of(path: Path) -> Iterator[BinaryIO]:
    """Read a compressed N-Quads file as a stream of lines."""
    import zstandard  # noqa: PLC0415  only where a release is made or checked

    with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        yield cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader), 1 << 20))


def _by_graph(snapshot: Snapshot) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Give each named graph and its N-Triples lines; a snapshot's lines stand graph by graph."""
    with quads_of(snapshot.graph_path) as lines:
        line = lines.readline()
        while line:
            graph = line.rsplit(b" ", 2)[1]
            ending, held = b" " + graph + b" .\n", [line]

            def rest(ending: bytes = ending, held: list[bytes] = held) -> Iterator[bytes]:
                while held[0].endswith(ending):
                    yield held[0][: -len(ending)] + b" .\n"
                    held[0] = lines.readline()

            yield graph[1:-1].decode(), rest()
            line = held[0]
