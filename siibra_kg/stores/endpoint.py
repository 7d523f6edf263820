"""A remote SPARQL 1.1 endpoint as a store, through SPARQLWrapper. Read-only, with a deadline for every request."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.errors import EndpointError, QueryError
from siibra_kg.sparql import guard, query_form
from siibra_kg.stores.http import Answer, Requester
from siibra_kg.stores.native import parse_triples
from siibra_kg.stores.protocol import Solutions
from siibra_kg.stores.results import BrokenResults, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

    from siibra_kg.terms import Triple

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
_SMALL = 1 << 20


class EndpointStore:
    """A store somewhere else, reached over HTTP. Nothing is sent before the first query.

    Parameters
    ----------
    url
        Address of the endpoint, ``http`` or ``https``.
    timeout
        Seconds that one query may be waited for, from the request to the last byte of the answer.
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

    def _json(self, query: str, form: str) -> Answer:
        answer = self._ask_for(query, (form,), _JSON)
        if "json" not in answer.media_type:
            answer.close()
            raise EndpointError(self.url, f"answered with {answer.media_type or 'nothing'} instead of JSON results")
        return answer

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT; see :class:`~siibra_kg.stores.protocol.Solutions`.

        The rows are read from the connection as they are taken: memory does not grow with their number. One that is
        cut off raises where it breaks off; take all rows before you believe that the result is whole.

        Raises
        ------
        QueryError
            If the endpoint refuses the text, or a cell is not of its declared type.
        EndpointError
            If there is no whole answer.
        """
        answer = self._json(query, "SELECT")
        try:
            solutions = read_results(answer.read, types, query, close=answer.close, text_iris=answer.virtuoso)
        except BrokenResults as error:
            raise EndpointError(self.url, str(error)) from error
        return Solutions(solutions.variables, self._rows(solutions.rows))

    def _rows(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from rows
        except BrokenResults as error:
            raise EndpointError(self.url, str(error)) from error

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        body = self._json(query, "ASK").whole(_SMALL)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise EndpointError(self.url, f"the JSON results are broken or cut off: {error}") from error
        value = found.get("boolean") if isinstance(found, dict) else None
        if not isinstance(value, bool):
            raise EndpointError(self.url, "the JSON answer holds no boolean")
        return value

    def construct(self, query: str, *, distinct: bool = True) -> Iterator[Triple]:
        """Run a CONSTRUCT or DESCRIBE; each triple once, in the order of first appearance, as they arrive.

        Virtuoso cuts triples off at its ``ResultSetMaxRows`` (10,000 unless raised) and does not say so; for a SELECT
        it does, and that is an error here.

        Parameters
        ----------
        query
            The query.
        distinct
            Endpoints may repeat a triple. To know, 16 bytes of each are kept; without this nothing is, and memory
            does not grow with the answer.
        """
        answer = self._ask_for(query, ("CONSTRUCT", "DESCRIBE"), _RDF)
        kind = _RDF_FORMATS.get(answer.media_type)
        if kind is None:
            answer.close()
            raise EndpointError(self.url, f"answered with {answer.media_type or 'nothing'} instead of triples")
        if not answer.framed:  # triples have no last bracket
            answer.close()
            raise EndpointError(self.url, "says neither how long its answer is nor where it ends")
        return self._triples(answer, kind, distinct=distinct)

    def _triples(self, answer: Answer, kind: str, *, distinct: bool) -> Iterator[Triple]:
        seen: set[bytes] = set()
        try:
            for triple in parse_triples(answer, kind, self.url):
                if distinct:
                    mark = blake2b(repr(triple).encode("utf-8", "surrogatepass"), digest_size=16).digest()
                    if mark in seen:
                        continue
                    seen.add(mark)
                yield triple
        except SyntaxError as error:
            raise EndpointError(self.url, f"the triples are broken or cut off: {error}") from error
        finally:
            answer.close()

    def close(self) -> None:
        """Forget the address; using the store afterwards is an error."""
        self._requester = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<EndpointStore {self.url}{'' if self._requester else ': closed'}>"
