"""Solutions as a VALUES block: how rows of one graph get into a query to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.terms import IRI, BlankNode, to_sparql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from siibra_kg.terms import Term

__all__ = ["batches", "block", "cell"]


def cell(term: Term | None) -> str:
    r"""Write a cell: ``UNDEF`` where a variable is unbound.

    The ``#`` of an IRI is escaped. Some readers of SPARQL take ``("a" <b#c>)`` for a comparison and a comment.

    >>> cell(IRI("https://example.org/a#b"))
    '<https://example.org/a\\u0023b>'
    """
    if term is None:
        return "UNDEF"
    text = to_sparql(term)
    if isinstance(term, IRI):
        return text.replace("#", "\\u0023").replace("'", "\\u0027")
    if isinstance(term, BlankNode):  # pragma: no cover  callers see to it
        raise TypeError(text)
    quote = text.rfind('"')  # what follows is the datatype, if any
    return text[: quote + 1] + text[quote + 1 :].replace("#", "\\u0023")


def block(names: Sequence[str], rows: Iterable[Sequence[Term | None]]) -> str:
    """Write a VALUES block on one line.

    >>> block(["a"], [(IRI("urn:x:1"),), (None,)])
    'VALUES (?a) { (<urn:x:1>) (UNDEF) }'
    """
    head = " ".join(f"?{name}" for name in names)
    body = "".join(f"({' '.join(map(cell, row))}) " for row in rows)
    return f"VALUES ({head}) {{ {body}}}"


def batches(
    rows: Sequence[Sequence[Term | None]], most: int, most_bytes: int
) -> Iterator[Sequence[Sequence[Term | None]]]:
    """Cut rows into batches of so many rows and, roughly, so many bytes; each has at least one row."""
    batch: list[Sequence[Term | None]] = []
    size = 0
    for row in rows:
        length = sum(len(cell(term)) + 3 for term in row)
        if batch and (len(batch) >= most or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
