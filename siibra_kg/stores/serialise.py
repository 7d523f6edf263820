"""Turns statements into RDF text: Turtle, N-Triples, N-Quads, JSON-LD; always in the same order, with our prefixes.

Oxigraph's serialisers do the writing; this module sorts and converts, so that equal graphs give equal bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from siibra_kg.stores.native import to_native, to_native_quad
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from siibra_kg.terms import Quad, Triple

__all__ = ["convert_quads", "quads_to_text", "triples_to_text"]

_QUAD_FORMATS = {"nq": ox.RdfFormat.N_QUADS, "jsonld": ox.RdfFormat.JSON_LD}


def triples_to_text(triples: Iterable[Triple]) -> bytes:
    """Write triples as Turtle with the project's prefixes, sorted, each once.

    >>> from siibra_kg.terms import IRI, Literal, Triple
    >>> label = IRI("http://www.w3.org/2004/02/skos/core#prefLabel")
    >>> triples_to_text([Triple(IRI("https://example.org/a"), label, Literal("a"))] * 2).decode().splitlines()[-1]
    '<https://example.org/a> skos:prefLabel "a" .'
    """
    native = sorted({ox.Triple(*map(to_native, triple)) for triple in triples}, key=str)
    return ox.serialize(native, format=ox.RdfFormat.TURTLE, prefixes=dict(NAMESPACES)) or b""


def quads_to_text(quads: Iterable[Quad]) -> bytes:
    """Write quads as N-Quads, sorted, each once."""
    lines = sorted({f"{to_native_quad(quad)} .\n" for quad in quads})
    return "".join(lines).encode()


def convert_quads(nquads: BinaryIO, form: str, out: BinaryIO) -> None:
    """Turn sorted N-Quads into another format, as a stream.

    Parameters
    ----------
    nquads
        N-Quads sorted by line, as a snapshot keeps them: the same triple in two graphs stands on neighbouring lines.
    form
        ``nq`` and ``jsonld`` keep the named graphs; ``ttl`` writes their union.
    out
        Written to.
    """
    found = ox.parse(nquads, format=ox.RdfFormat.N_QUADS)
    if form == "ttl":
        ox.serialize(_union(found), out, format=ox.RdfFormat.TURTLE, prefixes=dict(NAMESPACES))
    elif form == "jsonld":
        # A JSON-LD document groups by graph; sorting by graph first needs the quads at once.
        ordered = sorted(found, key=lambda quad: str(quad.graph_name))
        ox.serialize(ordered, out, format=ox.RdfFormat.JSON_LD)
    else:
        ox.serialize(found, out, format=_QUAD_FORMATS[form])


def _union(quads: Iterable[ox.Quad]) -> Iterator[ox.Triple]:
    last = None
    for quad in quads:
        if quad.triple != last:
            yield quad.triple
        last = quad.triple
