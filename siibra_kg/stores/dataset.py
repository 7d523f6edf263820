"""The dataset of a query (SPARQL 1.1, section 13.2), written into its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.sparql import Kind, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["with_dataset"]

_AFTER = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES"})


def with_dataset(query: str, graphs: Sequence[str]) -> str:
    """Let a query see the union of some graphs, and these by name; one that names graphs itself stays as it is.

    On the same lines, so that the lines of error messages are those of the query.

    Examples
    --------
    >>> with_dataset("SELECT ?s WHERE { ?s ?p ?o }", ["http://x/g"])
    'SELECT ?s FROM <http://x/g> FROM NAMED <http://x/g> WHERE { ?s ?p ?o }'
    >>> with_dataset("CONSTRUCT { ?s ?p 1 } { ?s ?p ?o }", ["http://x/g"])
    'CONSTRUCT { ?s ?p 1 } FROM <http://x/g> FROM NAMED <http://x/g> { ?s ?p ?o }'
    """
    clauses = "".join(f"FROM <{graph}> FROM NAMED <{graph}> " for graph in graphs)
    depth, last = 0, ""
    for token in tokenize(query):
        if token.kind in (Kind.SPACE, Kind.COMMENT):
            continue
        word = token.text.upper()
        here = not depth and (
            (token.kind is Kind.OPEN and word == "{" and last != "CONSTRUCT")
            or (token.kind is Kind.WORD and word in _AFTER)
        )
        if here:
            return f"{query[: token.start]}{clauses}{query[token.start :]}"
        if not depth and token.kind is Kind.WORD and word == "FROM":
            return query
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        last = word
    return f"{query}\n{clauses}"
