"""Between pyoxigraph's terms and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pyoxigraph as ox

from siibra_kg.terms import IRI, BlankNode, Literal, Triple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.terms import Quad, Term

__all__ = ["FORMATS", "from_native", "parse_triples", "read_triples", "to_native", "to_native_quad"]


class SupportsRead(Protocol):
    """Something like a file."""

    def read(self, size: int = -1, /) -> bytes:
        """Give the next bytes, none at the end."""
        ...


#: Our names of the RDF formats.
FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
}


def from_native(term: Any) -> Term:  # noqa: ANN401  pyoxigraph has no common class of terms
    """Turn a pyoxigraph term into ours."""
    if isinstance(term, ox.NamedNode):
        return IRI(term.value)
    if isinstance(term, ox.Literal):
        return Literal(term.value, term.datatype.value, term.language)
    if isinstance(term, ox.BlankNode):
        return BlankNode(term.value)
    return Literal(str(term))  # a triple term of RDF 1.2, which our data does not hold


def to_native(term: Term) -> Any:  # noqa: ANN401
    """Turn a term of ours into pyoxigraph's."""
    if isinstance(term, IRI):
        return ox.NamedNode(term)
    if isinstance(term, BlankNode):
        return ox.BlankNode(term)
    if term.language is not None:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))


def to_native_quad(quad: Quad) -> ox.Quad:
    """Turn a quad of ours into pyoxigraph's."""
    s, p, o, graph = quad
    return ox.Quad(
        to_native(s), to_native(p), to_native(o), ox.DefaultGraph() if graph is None else ox.NamedNode(graph)
    )


def parse_triples(data: SupportsRead, format: str, base_iri: str) -> Iterator[Triple]:  # noqa: A002
    """Parse triples as they are read from something like a file; one that is repeated is given again.

    Raises
    ------
    SyntaxError
        If the text is not of that format.
    """
    for q in ox.parse(data, format=FORMATS[format], base_iri=base_iri):  # type: ignore[arg-type]
        yield Triple(from_native(q.subject), IRI(q.predicate.value), from_native(q.object))  # type: ignore[arg-type]


def read_triples(data: bytes, format: str, base_iri: str) -> Iterator[Triple]:  # noqa: A002
    """Parse triples and give each once, in the order of first appearance.

    Raises
    ------
    SyntaxError
        If the text is not of that format.
    """
    for t in dict.fromkeys(q.triple for q in ox.parse(data, format=FORMATS[format], base_iri=base_iri)):
        yield Triple(from_native(t.subject), IRI(t.predicate.value), from_native(t.object))  # type: ignore[arg-type]
