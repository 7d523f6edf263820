"""Asks an endpoint for the solutions of a pattern, by the values that the other side of the join has, in batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import EndpointError
from siibra_kg.federation.answer import Call
from siibra_kg.federation.split import certain, first_part, variables
from siibra_kg.federation.values import batches, block
from siibra_kg.sparql import guard
from siibra_kg.stores.results import BrokenResults, read_results
from siibra_kg.terms import BlankNode, Term

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from siibra_kg.federation.split import Service
    from siibra_kg.web.guarded import Client

__all__ = ["Limits", "Pattern", "Remote", "fetch", "pattern_of"]

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
        The variables that the rest of the query sees; ``None`` for all.
    silent
        Whether a failure means: one solution without any binding (SPARQL 1.1 Federated Query, section 2.3).
    """

    endpoint: str
    prologue: str
    text: str
    wanted: tuple[str, ...] | None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Remote:
    """The solutions of a pattern, and the requests that brought them."""

    names: tuple[str, ...]
    rows: Rows
    calls: tuple[Call, ...]


def pattern_of(service: Service, prologue: str, outside: Collection[str] | None) -> Pattern:
    """Say what to ask for a block of a query, where the rest of it has these variables; ``None`` for any."""
    inside = variables(service.pattern)
    wanted = None if outside is None else tuple(sorted(inside.intersection(outside)))
    return Pattern(service.endpoint, prologue, service.pattern, wanted, service.silent)


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
    # Where the rest sees none, one is needed all the same: a table without columns cannot be counted everywhere.
    names = tuple(sorted(variables(pattern.text)))[:1] if pattern.wanted == () else pattern.wanted
    most = client.endpoint(pattern.endpoint).max_rows
    lists = [None] if values is None or not given else list(batches(values, limits.batch_rows, limits.batch_bytes))
    for batch in lists:
        text = _query(pattern, names, given, batch, most - len(rows) + 1)
        guard(text)
        try:
            columns, found, call = _ask(client, pattern, names, text, most - len(rows))
        except EndpointError as error:
            if not pattern.silent:
                raise
            calls.append(Call(pattern.endpoint, text, error=error.reason))
            none = tuple(sorted(certain(pattern.text))) if pattern.wanted is None else pattern.wanted
            return Remote(none, [(None,) * len(none)], tuple(calls))
        names = columns
        calls.append(call)
        rows += found
    return Remote(names or (), rows, tuple(calls))


def _query(
    pattern: Pattern,
    names: Sequence[str] | None,
    given: Sequence[str],
    batch: Sequence[Sequence[Term | None]] | None,
    most: int,
) -> str:
    where = f"{{{pattern.text}\n}}"  # the pattern may end with a comment
    if batch is not None:
        values = block(given, batch)
        # Inside of the pattern where that means the same: engines evaluate a group by itself first, in 6 s for 0.03.
        inside = certain(first_part(pattern.text)).issuperset(given)
        where = f"{{ {values} {pattern.text}\n}}" if inside else f"{{ {values} {where} }}"
    projected = " ".join(f"?{name}" for name in names or ()) or "*"
    return f"{pattern.prologue}SELECT {projected} WHERE {where} LIMIT {most}"


def _ask(
    client: Client, pattern: Pattern, names: tuple[str, ...] | None, text: str, most: int
) -> tuple[tuple[str, ...], Rows, Call]:
    answer = client.ask(pattern.endpoint, text)
    pieces = iter((answer.body,))
    try:
        solutions = read_results(lambda: next(pieces, b""), query=text, close=lambda: None)
        got, known = set(solutions.variables), variables(pattern.text)
        least, all_names = (set(names), set(names)) if names else (certain(pattern.text), known)
        if not least <= got <= all_names:
            shown = ", ".join(solutions.variables) or "none"
            wanted = ", ".join(names or sorted(known)) or "none"
            raise EndpointError(pattern.endpoint, f"answered with the columns {shown} instead of {wanted}")
        names = names or solutions.variables
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
    return names, rows, call


_TOO_MANY = "has more than {:,} rows for this pattern, the most that are taken; ask for less, or raise max_rows"
_BLANK = "answered with blank nodes, which mean nothing elsewhere; ask for IRIs or literals only"
