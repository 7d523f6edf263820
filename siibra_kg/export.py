"""Hands the graph to other tools: dumps of everything, one node as RDF, an rdflib dataset."""

from __future__ import annotations

import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from siibra_kg.errors import SiibraKGError
from siibra_kg.questions.run import run
from siibra_kg.terms import IRI, Quad, Triple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import BinaryIO

    import rdflib

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.stores.protocol import Store, WritableStore
    from siibra_kg.templates import Template

__all__ = [
    "CannotExport",
    "dump",
    "node_quads",
    "to_graph",
    "to_jsonld",
    "to_nquads",
    "to_rdflib",
    "to_turtle",
    "write_text",
]

#: Nodes below the base that are things of their own; every other minted node belongs to the node that links to it.
_OWN = ("id/region/", "id/release/", "id/map/", "id/volume/", "graph/")


class CannotExport(SiibraKGError):
    """A store cannot give all of its statements, for instance a remote endpoint."""

    def __init__(self, store: str) -> None:
        super().__init__(store)
        self.store = store

    def __str__(self) -> str:
        return f"{self.store} cannot be exported whole; export the snapshot that it was loaded from"


def dump(store: Store, snapshot: Snapshot | None, form: str, out: Path | BinaryIO) -> None:
    """Write the whole graph.

    Parameters
    ----------
    store
        Where the graph is.
    snapshot
        The snapshot that the store belongs to, if any: its canonical file is used then.
    form
        ``nq`` (canonical: sorted, the bytes that the content hash is of), ``jsonld``, or ``ttl`` (union of all graphs).
    out
        File, replaced when all is written, or a binary stream.

    Raises
    ------
    CannotExport
        If the store is a remote endpoint.
    """
    from siibra_kg.stores.serialise import convert_quads  # noqa: PLC0415  an engine, for those who export

    with _sorted_nquads(store, snapshot) as lines, _target(out) as target:
        if form == "nq":
            while chunk := lines.read(1 << 20):
                target.write(chunk)
        else:
            convert_quads(lines, form, target, grouped=snapshot is not None)


def write_text(text: str, out: Path | BinaryIO) -> None:
    """Write text as UTF-8 to a file, replaced when all is written, or to a binary stream."""
    with _target(out) as target:
        target.write(text.encode())


@contextmanager
def _sorted_nquads(store: Store, snapshot: Snapshot | None) -> Iterator[BinaryIO]:
    if snapshot is None:
        from siibra_kg.stores.serialise import quads_to_text  # noqa: PLC0415

        if not hasattr(store, "quads"):
            raise CannotExport(repr(store))
        yield io.BytesIO(quads_to_text(cast("WritableStore", store).quads()))
        return
    import zstandard  # noqa: PLC0415  only to read a snapshot's canonical file

    with snapshot.graph_path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
        yield cast("BinaryIO", reader)


@contextmanager
def _target(out: Path | BinaryIO) -> Iterator[BinaryIO]:
    if not isinstance(out, Path):
        yield out
        return
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def node_quads(store: Store, templates: Mapping[str, Template], node: IRI, base_iri: str) -> tuple[Quad, ...]:
    """Give what the graph says about a node and about the nodes that are parts of its description.

    Parameters
    ----------
    store, templates
        Where the graph is, and the template ``node/describe``.
    node
        The node.
    base_iri
        Base of minted identifiers: annotations and terminologies below it belong to their node.
    """
    quads: dict[Quad, None] = {}
    waiting, seen = [node], {node}
    while waiting:
        subject = waiting.pop(0)
        for row in run(store, templates["node/describe"], {"node": subject}):
            if row.direction != "out":
                continue
            quads[Quad(subject, row.property, row.value, row.graph)] = None
            value = row.value
            embedded = isinstance(value, IRI) and value.startswith(f"{base_iri}id/")
            if embedded and value not in seen and not value.removeprefix(base_iri).startswith(_OWN):
                seen.add(value)
                waiting.append(value)
    return tuple(quads)


def to_nquads(quads: tuple[Quad, ...]) -> str:
    """Write quads as sorted N-Quads."""
    from siibra_kg.stores.serialise import quads_to_text  # noqa: PLC0415

    return quads_to_text(quads).decode()


def to_turtle(quads: tuple[Quad, ...]) -> str:
    """Write the triples of some quads as Turtle."""
    from siibra_kg.stores.serialise import triples_to_text  # noqa: PLC0415

    return triples_to_text(Triple(s, p, o) for s, p, o, _ in quads).decode()


def to_jsonld(quads: tuple[Quad, ...], node: IRI) -> dict[str, Any]:
    """Write the triples of some quads as one compact JSON-LD document that starts at a node."""
    from siibra_kg.jsonld.frame import compact  # noqa: PLC0415  PyLD takes 130 ms

    return compact([Triple(s, p, o) for s, p, o, _ in quads], node)


def to_graph(triples: Iterable[Triple]) -> rdflib.Graph:
    """Give triples as an :class:`rdflib.Graph` with the project's prefixes."""
    from siibra_kg.stores.rdflib import as_graph  # noqa: PLC0415  rdflib takes 200 ms

    return as_graph(triples)


def to_rdflib(store: Store) -> rdflib.Dataset:
    """Give an :class:`rdflib.Dataset` over the same store: no copy is made of an embedded one."""
    from siibra_kg.stores.rdflib import as_dataset  # noqa: PLC0415  rdflib takes 200 ms

    return as_dataset(store)
