"""rdflib as a store: an in-memory ``Dataset``, or any dataset that a user brings. rdflib's home among the stores.

The same protocol, 10 to 70 times slower than Oxigraph. rdflib alone would fetch what ``SERVICE`` and ``FROM`` name,
``file:`` addresses included, so both are refused here, on rdflib's own reading of the query.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rdflib
from pyparsing import ParseException
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import expandUnicodeEscapes, parseQuery
from rdflib.plugins.sparql.sparql import SPARQLError

from siibra_kg.errors import BadDocument, QueryError
from siibra_kg.sparql import guard, query_form
from siibra_kg.stores.cells import BAD_TEXT, FROM_TEXT, mismatch, wanted_types
from siibra_kg.stores.protocol import Solutions
from siibra_kg.terms import IRI, XSD_STRING, BlankNode, Literal, Quad, Triple, to_sparql
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rdflib.query import Result
    from typing_extensions import Self

    from siibra_kg.stores.protocol import Store
    from siibra_kg.terms import Term

__all__ = ["RdflibStore", "as_dataset", "as_graph"]

_FORMATS = {"nt": "nt", "nq": "nquads", "ttl": "turtle", "trig": "trig"}
_DEFAULT_GRAPH = "urn:x-rdflib:default"


class RdflibStore:
    """A store over a :class:`rdflib.Dataset`. Queries see the union of all graphs.

    Parameters
    ----------
    dataset
        Made with ``default_union=True``; a new one in memory if left out.
    network
        Allow ``SERVICE`` and ``FROM``, which make rdflib call other machines and read local files.

    Examples
    --------
    >>> store = RdflibStore()
    >>> store.load(b'<https://example.org/a> <https://example.org/p> "1" .', "nt")
    >>> store.ask('ASK { ?s ?p "1" }')
    True
    """

    def __init__(self, dataset: rdflib.Dataset | None = None, *, network: bool = False) -> None:
        self._dataset: rdflib.Dataset | None = rdflib.Dataset(default_union=True) if dataset is None else dataset
        self._network = network

    @property
    def native(self) -> rdflib.Dataset:
        """The dataset; an error once the store is closed."""
        if self._dataset is None:
            raise RuntimeError("the rdflib store is closed")
        return self._dataset

    def _query(self, query: str, forms: tuple[str, ...]) -> Result:
        native = self.native
        # What rdflib parses is the text after this expansion, so that is what has to be looked at.
        text = _expanded(query)
        guard(text, service=self._network)
        if query_form(text) not in forms:
            raise QueryError(f"this is no {' or '.join(forms)} query", query)
        with _query_errors(query):
            parsed = parseQuery(query)
            if parsed[1].datasetClause and not self._network:
                raise QueryError("FROM makes rdflib fetch documents; name the graph with GRAPH", query)
            try:
                prepared = translateQuery(parsed)
            except Exception as error:  # rdflib raises a bare Exception for a prefix that is not declared
                if type(error) is not Exception:
                    raise
                raise QueryError(str(error), query) from error
            return native.query(prepared)

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT; see :class:`~siibra_kg.stores.protocol.Solutions`.

        Raises
        ------
        QueryError
            If the text is refused, is no SELECT, or a cell is not of its declared type.
        """
        found = self._query(query, ("SELECT",))
        names = tuple(map(str, found.vars or ()))
        converters = [_cell(n, k, query) for n, k in zip(names, wanted_types(names, types), strict=True)]
        return Solutions(names, _rows(found, converters, query))

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        return bool(self._query(query, ("ASK",)).askAnswer)

    def construct(self, query: str) -> Iterator[Triple]:
        """Run a CONSTRUCT or DESCRIBE; each triple once, sorted, because rdflib's own order changes between runs."""
        with _query_errors(query):
            graph = self._query(query, ("CONSTRUCT", "DESCRIBE")).graph
        found = [Triple(_term(s), IRI(p), _term(o)) for s, p, o in graph or ()]  # type: ignore[arg-type]
        return iter(sorted(found, key=lambda t: tuple(map(to_sparql, t))))

    def load(self, data: bytes, format: str, graph: IRI | None = None, base_iri: str | None = None) -> None:  # noqa: A002
        """Load RDF text (``nt``, ``nq``, ``ttl``, ``trig``) into a named graph, or as the quads say.

        Raises
        ------
        BadDocument
            With what the parser says.
        """
        target = self.native if graph is None else self.native.graph(rdflib.URIRef(graph))
        try:
            target.parse(data=data, format=_FORMATS[format], publicID=base_iri)
        except (SyntaxError, ValueError, rdflib.exceptions.Error) as error:
            raise BadDocument(base_iri or f"{format} text", str(error)) from error

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads; gives how many were new."""
        native = self.native
        before = _size(native)
        for s, p, o, g in quads:
            graph = native.default_graph if g is None else native.graph(rdflib.URIRef(g))
            graph.add((_native(s), _native(p), _native(o)))
        return _size(native) - before

    def remove_graph(self, graph: IRI) -> None:
        """Remove a named graph and all its quads."""
        self.native.remove_graph(rdflib.URIRef(graph))

    def quads(self) -> Iterator[Quad]:
        """Give every quad."""
        for s, p, o, g in self.native.quads((None, None, None, None)):
            graph = None if g is None or str(g) == _DEFAULT_GRAPH else IRI(g)
            yield Quad(_term(s), IRI(p), _term(o), graph)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let go of the dataset; using the store afterwards is an error."""
        if self._dataset is not None:
            self._dataset.close()
        self._dataset = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "<RdflibStore: closed>" if self._dataset is None else f"<RdflibStore: {_size(self._dataset):,} quads>"


def as_graph(triples: Iterable[Triple]) -> rdflib.Graph:
    """Give triples as a graph in memory, with the project's prefixes bound."""
    graph = rdflib.Graph()
    for prefix, namespace in NAMESPACES.items():
        graph.bind(prefix, namespace)
    for s, p, o in triples:
        graph.add((_native(s), _native(p), _native(o)))
    return graph


def as_dataset(store: Store) -> rdflib.Dataset:
    """Give an :class:`rdflib.Dataset` over what a store holds; queries see the union of all graphs.

    An embedded Oxigraph store is not copied: rdflib reads it through oxrdflib. A remote endpoint is read through
    rdflib's SPARQL store, so the network is used for every question.
    """
    if isinstance(store, RdflibStore):
        return store.native
    native = getattr(store, "native", None)
    if native is not None:
        import oxrdflib  # noqa: PLC0415  only for an Oxigraph store

        return rdflib.Dataset(store=oxrdflib.OxigraphStore(store=native), default_union=True)
    from rdflib.plugins.stores.sparqlstore import SPARQLStore  # noqa: PLC0415  only for an endpoint

    return rdflib.Dataset(store=SPARQLStore(getattr(store, "url", "")), default_union=True)


def _size(dataset: rdflib.Dataset) -> int:
    return sum(len(graph) for graph in dataset.graphs())


def _expanded(query: str) -> str:
    try:
        return expandUnicodeEscapes(query)
    except ValueError as error:
        raise QueryError(str(error), query) from error


@contextmanager
def _query_errors(query: str) -> Iterator[None]:
    """Turn rdflib's errors into ours."""
    try:
        yield
    except ParseException as error:
        raise QueryError(str(error.msg), query, line=error.lineno, column=error.column) from error
    except RecursionError as error:
        raise QueryError("too deep for rdflib", query) from error
    except (
        SPARQLError,
        NotImplementedError,
        ValueError,
        TypeError,
        OSError,
    ) as error:  # OSError: SERVICE, where allowed
        raise QueryError(str(error) or type(error).__name__, query) from error


def _rows(found: Result, converters: list[Callable[[Any], Any]], query: str) -> Iterator[tuple[Any, ...]]:
    with _query_errors(query):
        for row in found:
            yield tuple([None if c is None else f(c) for f, c in zip(converters, row, strict=True)])  # type: ignore[arg-type]


def _cell(name: str, kind: str, query: str) -> Callable[[Any], Any]:
    """Choose how the cells of a column become Python values."""
    if kind == "term":
        return _term
    make = FROM_TEXT[kind]
    wanted = (rdflib.URIRef, rdflib.BNode) if kind == "iri" else (rdflib.Literal,)

    def convert(cell: Any) -> Any:  # noqa: ANN401
        if not isinstance(cell, wanted):
            raise mismatch(name, kind, cell, query)
        try:
            return BlankNode(cell) if isinstance(cell, rdflib.BNode) else make(str(cell))
        except BAD_TEXT as error:
            raise mismatch(name, kind, cell, query) from error

    return convert


def _term(term: Any) -> Term:  # noqa: ANN401  rdflib's terms have no useful common class
    if isinstance(term, rdflib.Literal):
        return Literal(str(term), XSD_STRING if term.datatype is None else str(term.datatype), term.language)
    return BlankNode(term) if isinstance(term, rdflib.BNode) else IRI(term)


def _native(term: Term) -> rdflib.URIRef | rdflib.BNode | rdflib.Literal:
    if isinstance(term, IRI):
        return rdflib.URIRef(term)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term)
    if term.language is not None:
        return rdflib.Literal(term.value, lang=term.language)
    datatype = None if term.datatype == XSD_STRING else rdflib.URIRef(term.datatype)
    return rdflib.Literal(term.value, datatype=datatype, normalize=False)
