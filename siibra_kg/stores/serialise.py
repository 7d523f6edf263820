"""Turns statements into RDF text: Turtle, N-Triples, N-Quads, JSON-LD; always in the same order, with our prefixes.

Oxigraph's serialisers do the writing; this module sorts and converts, so that equal graphs give equal bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import pyoxigraph as ox

from siibra_kg.stores.native import to_native, to_native_quad
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from siibra_kg.terms import Quad, Triple

__all__ = ["convert_quads", "quads_to_text", "triples_to_text", "write_turtle"]

_QUAD_FORMATS = {"nq": ox.RdfFormat.N_QUADS, "jsonld": ox.RdfFormat.JSON_LD}


def triples_to_text(triples: Iterable[Triple]) -> bytes:
    """Write triples as Turtle with the project's prefixes, sorted, each once.

    >>> from siibra_kg.terms import IRI, Literal, Triple
    >>> label = IRI("http://www.w3.org/2004/02/skos/core#prefLabel")
    >>> triples_to_text([Triple(IRI("https://example.org/a"), label, Literal("a"))] * 2).decode().splitlines()[-1]
    '<https://example.org/a> skos:prefLabel "a" .'
    """
    native = sorted({ox.Triple(*map(to_native, triple)) for triple in triples}, key=str)
    out = io.BytesIO()
    write_turtle(native, out)
    return out.getvalue()


def quads_to_text(quads: Iterable[Quad]) -> bytes:
    """Write quads as N-Quads, sorted, each once."""
    lines = sorted({f"{to_native_quad(quad)} .\n" for quad in quads})
    return "".join(lines).encode()


def convert_quads(nquads: BinaryIO, form: str, out: BinaryIO, *, grouped: bool = False) -> None:
    """Turn sorted N-Quads into another format, as a stream.

    Parameters
    ----------
    nquads
        N-Quads sorted by line, as a snapshot keeps them: the same triple in two graphs stands on neighbouring lines.
    form
        ``nq`` and ``jsonld`` keep the named graphs; ``ttl`` writes their union.
    out
        Written to.
    grouped
        Whether the lines stand graph by graph, as in a snapshot: then JSON-LD needs no more memory than one line.
    """
    found = ox.parse(nquads, format=ox.RdfFormat.N_QUADS)
    if form == "ttl":
        write_turtle(_union(found), out)
    elif form == "jsonld":
        # A JSON-LD document groups by graph; sorting by graph first needs the quads at once.
        ordered = found if grouped else sorted(found, key=lambda quad: str(quad.graph_name))
        ox.serialize(ordered, out, format=ox.RdfFormat.JSON_LD)
    else:
        ox.serialize(found, out, format=_QUAD_FORMATS[form])


def write_turtle(triples: Iterable[ox.Triple], out: BinaryIO) -> None:
    """Write the engine's triples as Turtle, in their order, with the project's prefixes."""
    # Oxigraph writes the prefixes in the order of a hash map, another one in each process; ours come first, sorted,
    # and its own are taken out of the stream.
    out.writelines(f"@prefix {p}: <{n}> .\n".encode() for p, n in sorted(NAMESPACES.items()))
    ox.serialize(
        triples, cast("BinaryIO", _WithoutPrefixes(out)), format=ox.RdfFormat.TURTLE, prefixes=dict(NAMESPACES)
    )


class _WithoutPrefixes(io.RawIOBase):
    """Passes on what is written, but for the ``@prefix`` lines that it begins with."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._left = len(NAMESPACES)
        self._line = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401  whatever is a buffer
        given = bytes(data)
        text = self._line + given
        while self._left and b"\n" in text:
            text = text.partition(b"\n")[2]
            self._left -= 1
        self._line = text if self._left else b""
        if not self._left:
            self._out.write(text)
        return len(given)


def _union(quads: Iterable[ox.Quad]) -> Iterator[ox.Triple]:
    last = None
    for quad in quads:
        if quad.triple != last:
            yield quad.triple
        last = quad.triple
