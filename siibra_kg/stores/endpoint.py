"""A remote SPARQL 1.1 endpoint as a store, through SPARQLWrapper. Read-only, with a deadline for every request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.errors import EndpointError, QueryError
from siibra_kg.sparql import guard, query_form
from siibra_kg.stores.cells import BAD_TEXT, FROM_TEXT, mismatch, wanted_types
from siibra_kg.stores.http import Answer, Requester
from siibra_kg.stores.native import read_triples
from siibra_kg.stores.protocol import Solutions
from siibra_kg.terms import IRI, XSD_STRING, BlankNode, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from typing_extensions import Self

    from siibra_kg.terms import Term, Triple

__all__ = ["EndpointStore"]

_JSON = "application/sparql-results+json"
_RDF = "application/n-triples, text/turtle;q=0.8"
_RDF_FORMATS = {
    "application/n-triples": "nt",
    "text/plain": "nt",
    "text/ntriples": "nt",
    "text/turtle": "ttl",
    "application/turtle": "ttl",
    "application/x-turtle": "ttl",
}


class EndpointStore:
    """A store somewhere else, reached over HTTP. Nothing is sent before the first query.

    Parameters
    ----------
    url
        Address of the endpoint, ``http`` or ``https``.
    timeout
        Seconds that one query may take, from the request to the last byte of the answer.
    graphs
        Names of the graphs that queries see, as a union; all graphs of the endpoint if left out. Say it for an
        endpoint that also holds other data, as Virtuoso does from its first start.

    Raises
    ------
    EndpointError
        If the address is no HTTP address; and from each query if the endpoint cannot be reached, answers with an
        error, not in time, or with something that is no SPARQL result, or cuts the result short.
    """

    def __init__(self, url: str, timeout: float = 30.0, *, graphs: Sequence[str] = ()) -> None:
        self._requester: Requester | None = Requester(url, timeout, tuple(graphs))
        self.url = url

    def _ask_for(self, query: str, forms: tuple[str, ...], accept: str) -> Answer:
        if self._requester is None:
            raise RuntimeError(f"the store {self.url} is closed")
        guard(query, service=True)  # whom the endpoint calls is its own affair, but it should live on
        form = query_form(query)
        if form not in forms:
            raise QueryError(f"this is no {' or '.join(forms)} query", query)
        return self._requester.send(query, form, accept)

    def _json(self, query: str, form: str) -> dict[str, Any]:
        answer = self._ask_for(query, (form,), _JSON)
        if "json" not in answer.media_type:
            raise EndpointError(self.url, f"answered with {answer.media_type or 'nothing'} instead of JSON results")
        try:
            found = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise EndpointError(self.url, f"the JSON results are broken or cut off: {error}") from error
        if not isinstance(found, dict):
            raise EndpointError(self.url, "the JSON answer is no SPARQL result")
        return found

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT; see :class:`~siibra_kg.stores.protocol.Solutions`.

        Raises
        ------
        QueryError
            If the endpoint refuses the text, or a cell is not of its declared type.
        EndpointError
            If there is no whole answer.
        """
        found = self._json(query, "SELECT")
        try:
            names = tuple(map(str, found["head"]["vars"]))
            bindings = found["results"]["bindings"]
        except (KeyError, TypeError) as error:
            raise EndpointError(self.url, "the JSON answer is no SPARQL result") from error
        converters = [_cell(n, k, query) for n, k in zip(names, wanted_types(names, types), strict=True)]
        return Solutions(names, self._rows(bindings, list(zip(names, converters, strict=True))))

    def _rows(
        self, bindings: Sequence[Mapping[str, Any]], columns: list[tuple[str, Callable[[Any], Any]]]
    ) -> Iterator[tuple[Any, ...]]:
        try:
            for row in bindings:
                yield tuple([f(row[name]) if name in row else None for name, f in columns])
        except (KeyError, TypeError) as error:
            raise EndpointError(self.url, "a row of the JSON answer is no SPARQL solution") from error

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        found = self._json(query, "ASK").get("boolean")
        if not isinstance(found, bool):
            raise EndpointError(self.url, "the JSON answer holds no boolean")
        return found

    def construct(self, query: str) -> Iterator[Triple]:
        """Run a CONSTRUCT or DESCRIBE; each triple once, in the order of first appearance.

        Virtuoso cuts triples off at its ``ResultSetMaxRows`` (10,000 unless raised) and does not say so; for a SELECT
        it does, and that is an error here.
        """
        answer = self._ask_for(query, ("CONSTRUCT", "DESCRIBE"), _RDF)
        kind = _RDF_FORMATS.get(answer.media_type)
        if kind is None:
            raise EndpointError(self.url, f"answered with {answer.media_type or 'nothing'} instead of triples")
        try:
            return iter(list(read_triples(answer.body, kind, self.url)))
        except SyntaxError as error:
            raise EndpointError(self.url, f"the triples are broken or cut off: {error}") from error

    def close(self) -> None:
        """Forget the address; using the store afterwards is an error."""
        self._requester = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EndpointStore {self.url}{'' if self._requester else ': closed'}>"


def _cell(name: str, kind: str, query: str) -> Callable[[Any], Any]:
    """Choose how the cells of a column become Python values."""
    if kind == "term":
        return _term
    make = FROM_TEXT[kind]
    wanted = ("uri", "bnode") if kind == "iri" else ("literal", "typed-literal")

    def convert(cell: Any) -> Any:  # noqa: ANN401
        if cell["type"] not in wanted:
            raise mismatch(name, kind, cell["value"], query)
        try:
            return _blank(cell["value"]) if cell["type"] == "bnode" else make(cell["value"])
        except BAD_TEXT as error:
            raise mismatch(name, kind, cell["value"], query) from error

    return convert


def _blank(label: str) -> BlankNode:
    # Virtuoso's labels are addresses, nodeID://b10010.
    return BlankNode(re.sub(r"\W+", "_", label))


def _term(cell: Any) -> Term:  # noqa: ANN401  JSON
    if cell["type"] == "uri":
        return IRI(cell["value"])
    if cell["type"] == "bnode":
        return _blank(cell["value"])
    return Literal(cell["value"], cell.get("datatype", XSD_STRING), cell.get("xml:lang"))
