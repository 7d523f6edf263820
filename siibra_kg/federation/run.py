"""Runs a query whose SERVICE blocks are answered by other endpoints: fetched first, then joined by the local store.

The solutions of a block take its place as VALUES, which is what the block stands for: so everything that a query may
say around it (OPTIONAL, FILTER, grouping, order) means the same as with an engine that calls the endpoint itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import QueryError
from siibra_kg.federation.answer import FederatedTable
from siibra_kg.federation.fetch import Limits, fetch, pattern_of
from siibra_kg.federation.split import certain, group_before, selects_all, services, split, variables
from siibra_kg.federation.values import block
from siibra_kg.sparql import guard
from siibra_kg.table import Column
from siibra_kg.terms import BlankNode, Term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siibra_kg.federation.answer import Call
    from siibra_kg.federation.split import Split
    from siibra_kg.stores.protocol import Store
    from siibra_kg.web.guarded import Client

__all__ = ["run_federated"]

Values = list[tuple[Term | None, ...]]


def run_federated(
    store: Store,
    query: str,
    client: Client,
    *,
    columns: Sequence[Column] = (),
    types: Mapping[str, str] | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> FederatedTable:
    """Run a SELECT with SERVICE blocks.

    Parameters
    ----------
    store
        Answers everything outside of the blocks. It is never given a SERVICE.
    query
        Each block stands right inside of WHERE and names an endpoint of the client by its IRI.
    client
        Who may be called.
    columns, types
        As a template declares them; as the answer has them without.
    limits
        How much is sent and taken.

    Raises
    ------
    QueryError
        If the query cannot be cut at its blocks, or the store refuses the rest.
    EndpointError
        If an endpoint may not be called, or does not answer as it should.
    """
    guard(query, service=True)
    calls: tuple[Call, ...] = ()
    text = query
    while found := services(text):
        cut = split(text, found[0])
        filled, more = _filled(store, text, cut, client, limits)
        text, calls = filled, calls + more
    solutions = store.select(text, types)
    shown = tuple(columns) or tuple(Column(name) for name in solutions.variables)
    return FederatedTable(shown, tuple(solutions.rows), query, calls)


def _filled(store: Store, text: str, cut: Split, client: Client, limits: Limits) -> tuple[str, tuple[Call, ...]]:
    """Put the solutions of a block into its place."""
    service = cut.service
    client.endpoint(service.endpoint or service.named)  # before anything is computed for it
    outside = variables(cut.head + cut.before + " " + cut.after + cut.tail)
    pattern = pattern_of(service, cut.prologue, None if selects_all(cut.head) else outside)
    given, values = _local(store, cut, text, limits)
    if values is not None and not values:
        calls: tuple[Call, ...] = ()
        names = certain(service.pattern) if pattern.wanted is None else pattern.wanted
        block_text = block(sorted(names), []) if names else "FILTER(false)"
    else:
        remote = fetch(client, pattern, given, values, limits)
        block_text, calls = block(remote.names, remote.rows), remote.calls
    return f"{text[: service.start]}{block_text} {text[service.end :]}", calls


def _local(store: Store, cut: Split, query: str, limits: Limits) -> tuple[tuple[str, ...], Values | None]:
    """Give the join variables that all local solutions bind, and their different values; ``None`` if there are none.

    What the remote side may leave unbound is no join variable here: its solution would be compatible with many rows.
    """
    before = group_before(cut)
    shared = sorted(certain(cut.service.pattern) & variables(before))
    if not shared:
        return (), None
    names = " ".join(f"?{name}" for name in shared)
    text = f"{cut.prologue}SELECT DISTINCT {names} {cut.dataset} WHERE {{{before}\n}} LIMIT {limits.local_rows + 1}"
    rows = list(store.select(text).rows)
    if len(rows) > limits.local_rows:
        reason = (
            f"more than {limits.local_rows:,} values would be sent to {cut.service.endpoint}; ask for less at a time"
        )
        raise QueryError(reason, query)
    # A blank node here is no node there, and each solution there has a value for these variables.
    rows = [row for row in rows if not any(isinstance(term, BlankNode) for term in row)]
    if not rows:
        return tuple(shared), []
    bound = [i for i in range(len(shared)) if not any(row[i] is None for row in rows)]
    if not bound:
        return (), None
    given = tuple(shared[i] for i in bound)
    return given, list(dict.fromkeys(tuple(row[i] for i in bound) for row in rows))
