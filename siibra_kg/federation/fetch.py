"""Asks an endpoint for the solutions of a pattern, by the values that the other side of the join has, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import EndpointError
from siibra_kg.federation.answer import Call
from siibra_kg.federation.split import plain, variables
from siibra_kg.federation.values import batches, block
from siibra_kg.sparql import guard
from siibra_kg.stores.results import BrokenResults, read_results
from siibra_kg.terms import BlankNode, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.web.guarded import Client

__all__ = ["Limits", "Pattern", "Remote", "fetch"]

Rows = list[tuple[Term | None, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is sent and taken; more is an error, never cut off.

    Parameters
    ----------
    local_rows
        Different values of the join variables on this side.
    batch_rows, batch_bytes
        Rows and bytes of the VALUES block of one request.
    """

    local_rows: int = 20_000
    batch_rows: int = 400
    batch_bytes: int = 60_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is asked of an endpoint.

    Parameters
    ----------
    endpoint
        Its address.
    prologue
        The ``PREFIX`` and ``BASE`` lines of the query.
    text
        The pattern, without its braces.
    wanted
        The variables that the rest of the query sees.
    silent
        Whether a failure means: one solution without any binding (SPARQL 1.1 Federated Query, section 2.3).
    """

    endpoint: str
    prologue: str
    text: str
    wanted: tuple[str, ...]
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Remote:
    """The solutions of a pattern, and the requests that brought them."""

    names: tuple[str, ...]
    rows: Rows
    calls: tuple[Call, ...]


def fetch(
    client: Client,
    pattern: Pattern,
    given: Sequence[str] = (),
    values: Sequence[Sequence[Term | None]] | None = None,
    limits: Limits = Limits(),
) -> Remote:
    """Ask for the solutions of a pattern.

    Parameters
    ----------
    client
        Who may be called.
    pattern
        What is asked.
    given, values
        Variables, and the rows of their values that solutions may have; all solutions without them. Each row has to
        be different, have a value in each cell, and each solution of the pattern has to bind the variables.
    limits
        Size of the batches.

    Raises
    ------
    EndpointError
        If an answer is not to be had, is no result, has blank nodes, or has more rows than are allowed.
    """
    calls: list[Call] = []
    rows: Rows = []
    names = pattern.wanted or tuple(sorted(variables(pattern.text)))
    most = client.endpoint(pattern.endpoint).max_rows
    lists = [None] if values is None or not given else list(batches(values, limits.batch_rows, limits.batch_bytes))
    for batch in lists:
        text = _query(pattern, names, given, batch, most - len(rows) + 1)
        guard(text)
        try:
            found, call = _ask(client, pattern, names, text, most - len(rows))
        except EndpointError as error:
            if not pattern.silent:
                raise
            calls.append(Call(pattern.endpoint, text, error=error.reason))
            return Remote((), [()], tuple(calls))
        calls.append(call)
        rows += found
    return Remote(names, rows, tuple(calls))


def _query(
    pattern: Pattern,
    names: Sequence[str],
    given: Sequence[str],
    batch: Sequence[Sequence[Term | None]] | None,
    most: int,
) -> str:
    where = f"{{{pattern.text}\n}}"  # the pattern may end with a comment
    if batch is not None:
        values = block(given, batch)
        where = f"{{ {values} {pattern.text}\n}}" if plain(pattern.text) else f"{{ {values} {where} }}"
    projected = " ".join(f"?{name}" for name in names) or "*"
    return f"{pattern.prologue}SELECT {projected} WHERE {where} LIMIT {most}"


def _ask(client: Client, pattern: Pattern, names: Sequence[str], text: str, most: int) -> tuple[Rows, Call]:
    answer = client.ask(pattern.endpoint, text)
    pieces = iter((answer.body,))
    try:
        solutions = read_results(lambda: next(pieces, b""), query=text, close=lambda: None)
        if names and set(solutions.variables) != set(names):
            got = ", ".join(solutions.variables) or "none"
            raise EndpointError(pattern.endpoint, f"answered with the columns {got} instead of {', '.join(names)}")
        order = [solutions.variables.index(name) for name in names]
        rows: Rows = []
        for row in solutions.rows:
            if len(rows) >= most:
                raise EndpointError(pattern.endpoint, _TOO_MANY.format(client.endpoint(pattern.endpoint).max_rows))
            if any(isinstance(term, BlankNode) for term in row):
                raise EndpointError(pattern.endpoint, _BLANK)
            rows.append(tuple(row[i] for i in order))
    except BrokenResults as error:
        raise EndpointError(pattern.endpoint, str(error)) from error
    call = Call(
        answer.url, text, len(rows), answer.seconds, answer.media_type, answer.date, answer.sha256
    )  # fmt: skip
    return rows, call


_TOO_MANY = "has more than {:,} rows for this pattern, the most that are taken; ask for less, or raise max_rows"
_BLANK = "answered with blank nodes, which mean nothing elsewhere; ask for IRIs or literals only"
