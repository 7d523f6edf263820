"""Answers of the embedded engine as bytes, as they come: results and graphs in their standard formats.

Oxigraph writes them itself, into a stream; rows are counted in what it writes, where that is unambiguous, because
taking each row into Python and out again would double the time.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import chain, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pyoxigraph as ox

from siibra_kg.errors import QueryError
from siibra_kg.stores.csv_stream import CsvStream
from siibra_kg.stores.native import from_native
from siibra_kg.stores.oxigraph import UNDECLARED, query_errors
from siibra_kg.stores.row_count import Counter, TooManyRows, counter
from siibra_kg.stores.serialise import write_turtle
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from siibra_kg.stores.oxigraph import OxigraphStore
    from siibra_kg.terms import Term

__all__ = ["EngineAnswer", "TooManyRows", "evaluate", "graph_names", "to_bytes"]

_RESULTS = MappingProxyType(
    {
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
    }
)
#: Triples that are taken at once: a Python call for each would take longer than the engine does.
_BATCH = 1024
_GRAPHS = MappingProxyType({"nt": ox.RdfFormat.N_TRIPLES, "jsonld": ox.RdfFormat.JSON_LD, "rdf": ox.RdfFormat.RDF_XML})


#: What may be an IRI without a scheme.
_RELATIVE = re.compile(r"<(?![A-Za-z][A-Za-z0-9+.-]*:)[^<>\s]*>")


def evaluate(
    store: OxigraphStore,
    query: str,
    dataset: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    *,
    own_dataset: bool = False,
    base_iri: str | None = None,
) -> EngineAnswer:
    """Begin to evaluate a query; the caller has looked at it with :func:`siibra_kg.sparql.guard`.

    Parameters
    ----------
    store
        The store.
    query
        Its text.
    dataset
        IRIs of the graphs whose union is the default graph, and of the named graphs (SPARQL 1.1 Protocol, 2.1.4):
        goes before what the query says.
    own_dataset
        Whether the query has ``FROM`` or ``FROM NAMED``, which hold then. Otherwise the default graph is the union of
        all graphs.
    base_iri
        What relative IRIs in the query are relative to, unless it says so itself.

    Raises
    ------
    QueryError
        With line and column, if the text is no query.
    """
    options: dict[str, Any] = {}
    if dataset is not None:
        options = {
            "default_graph": [ox.NamedNode(iri) for iri in dataset[0]],
            "named_graphs": [ox.NamedNode(iri) for iri in dataset[1]],
        }
    elif not own_dataset:
        options = {"use_default_graph_as_union": True}
    if _RELATIVE.search(query):
        options["base_iri"] = base_iri  # parsing it takes 9 us, a fifth of a look-up
    try:
        with query_errors(query):
            return EngineAnswer(store.native.query(query, **options), query)
    except QueryError as error:
        if error.reason != UNDECLARED:
            raise
    # The project's prefixes need not be declared; giving them each time would cost every query a few microseconds.
    with query_errors(query):
        return EngineAnswer(store.native.query(query, prefixes=dict(NAMESPACES), **options), query)


class EngineAnswer:
    """What the engine gives: a truth value, solutions or triples, not yet computed but for the first."""

    def __init__(self, found: Any, query: str) -> None:  # noqa: ANN401  three kinds of result
        self._found = found
        self._query = query

    @property
    def is_graph(self) -> bool:
        """Whether these are triples."""
        return isinstance(self._found, ox.QueryTriples)

    @property
    def boolean(self) -> bool | None:
        """The answer to an ASK; nothing for others."""
        return bool(self._found) if isinstance(self._found, ox.QueryBoolean) else None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of a SELECT, in order."""
        return tuple(v.value for v in self._found.variables)

    def rows(self) -> Iterator[tuple[Term | None, ...]]:
        """Give the solutions of a SELECT as values."""
        with query_errors(self._query):
            for row in self._found:
                yield tuple(None if cell is None else from_native(cell) for cell in row)

    def write(self, form: str, out: BinaryIO, most: int) -> None:
        """Write the answer.

        Parameters
        ----------
        form
            ``json``, ``xml``, ``csv`` or ``tsv``; ``ttl``, ``nt``, ``jsonld`` or ``rdf`` for triples.
        out
            A stream.
        most
            Rows or triples that there may be.

        Raises
        ------
        TooManyRows
            If there are more. What was written by then is a beginning.
        QueryError
            If the engine cannot go on.
        """
        if self.is_graph:
            self._write_graph(form, out, most)
            return
        boolean = isinstance(self._found, ox.QueryBoolean)
        if form == "csv" and not boolean:
            # The engine's own CSV leaves IRIs that hold a comma unquoted (pyoxigraph 0.5.13): more cells than columns.
            counted: Counter = CsvStream(out, most)
            wanted = ox.QueryResultsFormat.TSV
        else:
            counted, wanted = counter(form, out, most), _RESULTS[form]
        with _failures_of(counted), query_errors(self._query):
            self._found.serialize(cast("BinaryIO", counted), format=wanted)
        counted.finish()

    def _write_graph(self, form: str, out: BinaryIO, most: int) -> None:
        # Oxigraph gives a triple once per solution: 388 for the 204 of one atlas.
        triples = chain.from_iterable(self._distinct(most))
        if form == "ttl":
            write_turtle(triples, out)
        else:
            ox.serialize(triples, out, format=_GRAPHS[form])

    def _distinct(self, most: int) -> Iterator[list[ox.Triple]]:
        """Give the triples that did not come before, many at once."""
        seen: set[ox.Triple] = set()
        with query_errors(self._query):
            while batch := dict.fromkeys(islice(self._found, _BATCH)):
                new = [triple for triple in batch if triple not in seen] if seen else list(batch)
                seen.update(new)
                if len(seen) > most:
                    raise TooManyRows(most)
                yield new


@contextmanager
def _failures_of(stream: Counter) -> Iterator[None]:
    """Raise what a stream raised, not what the engine made of it."""
    try:
        yield
    except BaseException:
        if stream.failure is not None:
            raise stream.failure from None
        raise


def graph_names(store: OxigraphStore) -> tuple[str, ...]:
    """Give the IRIs of the named graphs, sorted."""
    return tuple(sorted(g.value for g in store.native.named_graphs() if isinstance(g, ox.NamedNode)))


def to_bytes(answer: EngineAnswer, form: str, most: int) -> bytes:
    """Write an answer into memory."""
    out = io.BytesIO()
    answer.write(form, out, most)
    return out.getvalue()
