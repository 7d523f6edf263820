"""Evaluates a query in a worker, and writes its answer as the engine gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import QueryError
from siibra_kg.server.job import Reply
from siibra_kg.server.problem import Refused
from siibra_kg.server.sparql.forms import GRAPHS, RESULTS, media_type
from siibra_kg.server.sparql.preflight import Dataset, check_graphs, inspect, is_update
from siibra_kg.server.sparql.request import no_update
from siibra_kg.stores import answers
from siibra_kg.stores.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from siibra_kg.server.job import State

__all__ = ["evaluate"]


def evaluate(state: State, payload: Mapping[str, Any]) -> Reply:
    """Evaluate a query.

    Parameters
    ----------
    state
        Of the worker.
    payload
        ``q``, the query; ``r`` and ``g``, the forms for results and for graphs, empty if not wanted; ``d`` and ``n``,
        the graphs of a dataset, where the request gives one; ``u``, the address of the server, for ``html``.

    Raises
    ------
    QueryError
        If the query is malformed.
    Refused
        If it is not allowed, or no form will do, or the answer is too large.
    """
    query: str = payload["q"]
    store = state.kg.store
    if not isinstance(store, OxigraphStore):
        raise Refused(501, "no-engine", "only snapshots and RDF files in Oxigraph are served")
    base = _base_iri(state)
    own = inspect(query, base)
    asked = Dataset(tuple(payload["d"]), tuple(payload["n"])) if "d" in payload else None
    if asked or own:
        _check(asked or own, store)
    try:
        answer = answers.evaluate(store, query, asked, own_dataset=own is not None, base_iri=base)
    except QueryError as error:
        if is_update(error, query):
            raise no_update() from error
        raise
    form: str = payload["g" if answer.is_graph else "r"]
    if not form:
        raise _no_form(answer)
    if form == "html":
        return _page(state, payload, answer)
    most = state.options.max_rows

    def write(out: BinaryIO) -> None:
        try:
            answer.write(form, out, most)
        except answers.TooManyRows as error:
            raise Refused(422, "row-limit", str(error), limit=most) from None

    return Reply(write, media_type(form))


def _base_iri(state: State) -> str:
    """Give what relative IRIs are relative to: ``<id/release/jba-v3.1>`` is what it looks like."""
    snapshot = state.kg.snapshot
    return snapshot.manifest.base_iri if snapshot else state.kg.settings.base_iri


def _check(asked: Dataset | None, store: OxigraphStore) -> None:
    if asked is not None:
        there = frozenset(answers.graph_names(store))
        check_graphs(asked, there.__contains__, lambda: sorted(there))


def _no_form(answer: answers.EngineAnswer) -> Refused:
    there = [form.media_type for form in (GRAPHS if answer.is_graph else RESULTS)]
    what = "a graph" if answer.is_graph else "a table or a truth value"
    detail = f"the answer is {what}, and none of the media types asked for can hold one; there are {', '.join(there)}"
    return Refused(406, "not-acceptable", detail, (("Vary", "Accept"),), available=there)


def _page(state: State, payload: Mapping[str, Any], answer: answers.EngineAnswer) -> Reply:
    from siibra_kg.server.pages.results import results_page  # noqa: PLC0415  templates of pages, for who wants one

    boolean = answer.boolean
    variables = answer.variables if boolean is None else ()
    rows = answer.rows() if boolean is None else ()
    return results_page(state, payload["u"], payload["q"], variables, rows, boolean=boolean)
