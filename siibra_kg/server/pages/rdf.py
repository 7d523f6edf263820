"""A node in RDF: what the graph says about it, as Turtle, JSON-LD or N-Triples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from siibra_kg import export
from siibra_kg.terms import IRI, Quad

if TYPE_CHECKING:
    from siibra_kg.server.pages.desk import Desk

__all__ = ["MOST_LINKS", "statements", "write"]

#: Minted nodes that are things of their own; every other one is described with the node that links to it.
_OWN = (
    "id/region/",
    "id/release/",
    "id/map/",
    "id/volume/",
    "id/feature/",
    "graph/",
    "mapping/",
    "vocab/",
    "ontology/",
)
#: So many statements that point to a node are given where there is none about it, as for a term of another vocabulary.
MOST_LINKS = 1000


def statements(desk: Desk, node: IRI) -> tuple[Quad, ...]:
    """Give what the graph says about a node, and about the nodes that are parts of its description.

    Of a node that it says nothing about, which statements point to it; of a predicate or graph that it says nothing
    about, nothing.
    """
    quads: dict[Quad, None] = {}
    waiting, seen = [node], {node}
    base = desk.site.base_iri
    while waiting:
        subject = waiting.pop()
        for row in desk.ask("node/out", node=subject):
            quads[Quad(subject, row.property, row.value, None)] = None
            value = row.value
            if not isinstance(value, IRI) or value in seen or not value.startswith(f"{base}id/"):
                continue
            # Files, points and the like are parts of the description of their node, and lie below it.
            if value.startswith(f"{node}/") or not value.removeprefix(base).startswith(_OWN):
                seen.add(value)
                waiting.append(value)
    if not quads:
        rows = desk.ask("node/in", node=node, limit=MOST_LINKS)
        quads = {Quad(row.value, row.property, node, None): None for row in rows}
    return tuple(quads)


def write(quads: tuple[Quad, ...], node: IRI, form: str) -> bytes:
    """Write statements as ``ttl``, ``jsonld`` or ``nt``; the same triples in each."""
    if form == "ttl":
        return export.to_turtle(quads).encode()
    if form == "nt":
        return export.to_nquads(quads).encode()
    return orjson.dumps(export.to_jsonld(quads, node), option=orjson.OPT_INDENT_2)
