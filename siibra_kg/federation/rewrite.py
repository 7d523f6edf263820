"""A user's query with SERVICE, as a query without: each block becomes the solutions that a bounded client fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import QueryError
from siibra_kg.federation.fetch import fetch, pattern_of
from siibra_kg.federation.split import selects_all, services, variables
from siibra_kg.federation.values import block
from siibra_kg.sparql import Kind, guard, refused, tokenize

if TYPE_CHECKING:
    from collections.abc import Collection

    from siibra_kg.federation.split import Service
    from siibra_kg.web.guarded import Client

__all__ = ["MAX_BLOCKS", "rewrite"]

#: Blocks that one query may have; each may take as long as its endpoint is given.
MAX_BLOCKS = 4


def rewrite(query: str, allowed: Collection[str], client: Client) -> str:
    """Replace every SERVICE block by a VALUES block of what its endpoint answers.

    Parameters
    ----------
    query
        As somebody sent it.
    allowed
        Addresses that it may name, exactly.
    client
        Calls them, within its limits. It blocks: run this in a thread.

    Returns
    -------
    str
        A query without SERVICE; the same lines where there was none. A block that is ``SILENT`` and fails becomes
        one solution without bindings.

    Raises
    ------
    QueryError
        With line and column, if a block names anything else, or a variable, or holds another SERVICE, or there are
        more than :data:`MAX_BLOCKS`.
    EndpointError
        If an endpoint does not answer as it should, or with more rows than its limit.

    Notes
    -----
    A block is fetched by itself, before the rest is evaluated: values of variables around it are not sent along, so
    write them into it (``VALUES``). Nothing is called before the whole query has been looked through.
    """
    guard(query, service=True)
    found = services(query)
    if len(found) > MAX_BLOCKS:
        raise refused(f"a query here has at most {MAX_BLOCKS} SERVICE blocks", query, found[MAX_BLOCKS].start)
    for service in found:
        _check(query, service, allowed)
    prologue = _prologue(query)
    everything = selects_all(query)
    pieces, at = [], 0
    for service in found:
        outside = variables(query[: service.start]) | variables(query[service.end :])
        remote = fetch(client, pattern_of(service, prologue, None if everything else outside))
        lines = "\n" * query.count("\n", service.start, service.end)  # so that errors still name the right line
        pieces += [query[at : service.start], block(remote.names, remote.rows), lines or " "]
        at = service.end
    text = "".join([*pieces, query[at:]])
    guard(text)  # an engine that reads the query otherwise than we do is not given it
    return text


def _check(query: str, service: Service, allowed: Collection[str]) -> None:
    if service.endpoint not in allowed:
        there = f"it may name {', '.join(sorted(allowed))}" if allowed else "none may be named here"
        raise refused(f"SERVICE {service.named[:200]} is not an endpoint on the list; {there}", query, service.start)
    if any(t.kind is Kind.WORD and t.text.upper() == "SERVICE" for t in tokenize(service.pattern)):
        raise refused("a SERVICE inside of a SERVICE would be called by the other machine", query, service.start)


def _prologue(query: str) -> str:
    for token in tokenize(query):
        if token.kind is Kind.WORD and token.text.upper() in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
            return query[: token.start]
    raise QueryError("only SELECT, ASK, CONSTRUCT and DESCRIBE are answered here", query)
