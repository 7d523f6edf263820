"""Looks at a query before the engine does: nesting, calls of other machines, updates, graphs that are not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

from siibra_kg.errors import QueryError
from siibra_kg.server.problem import Refused
from siibra_kg.sparql import Kind, Token, guard, position, tokenize
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Dataset", "calls_service", "check_graphs", "dataset_of", "inspect", "services"]

_SERVICE = re.compile("service", re.IGNORECASE)  # anywhere: what it belongs to is for the tokenizer to tell
_FROM = re.compile(r"(?<![\w:.$?@-])from(?![\w:.-])", re.IGNORECASE)
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"})
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
#: Graphs that a message names.
_SHOWN = 30


class Dataset(NamedTuple):
    """The graphs that a query names with ``FROM`` and ``FROM NAMED``."""

    default: tuple[str, ...]
    named: tuple[str, ...]


def inspect(query: str, base: str = "") -> Dataset | None:
    """Refuse what may not reach the engine; gives the dataset that the query names itself.

    Raises
    ------
    QueryError
        If it nests too deep, is too long a chain, or holds what is no token; with line and column.
    Refused
        403 if it calls another machine.
    """
    if calls_service(query):
        detail = "SERVICE calls another machine, which this server does only for endpoints that it was told to allow"
        token = next(_services(query))[0]
        raise _forbidden("service-not-allowed", detail, query, token)
    guard(query, service=True)  # it has been looked for
    return dataset_of(query, base) if _FROM.search(query) else None


def calls_service(query: str) -> bool:
    """Tell whether the word ``SERVICE`` is in a query as a keyword.

    Raises
    ------
    QueryError
        If the text cannot be told apart into tokens.
    """
    if _SERVICE.search(query) is None:
        return False
    guard(query, service=True)
    found = any(True for _ in _services(query))
    if not found:
        guard(query)  # refuses a text where the engine may see what we do not
    return found


def services(query: str, allowed: Iterable[str]) -> None:
    """Refuse calls of any endpoint that is not allowed by name.

    Raises
    ------
    Refused
        With status 403, line and column, and the endpoints that are allowed.
    """
    names = frozenset(allowed)
    for token, after in _services(query):
        iri = after.text[1:-1] if after is not None and after.kind is Kind.IRI else None
        if iri not in names:
            listed = ", ".join(sorted(names)) or "none"
            detail = f"SERVICE names an endpoint that is not allowed here; allowed, written as full IRIs, are: {listed}"
            raise _forbidden("service-not-allowed", detail, query, token, allowed=sorted(names))


def _services(query: str) -> Iterator[tuple[Token, Token | None]]:
    """Give each ``SERVICE`` with what follows it."""
    waiting: Token | None = None
    for token in _words(query):
        if waiting is not None and token.text.upper() != "SILENT":
            yield waiting, token
            waiting = None
        if token.kind is Kind.WORD and token.text.upper() == "SERVICE":
            waiting = token
    if waiting is not None:
        yield waiting, None


def _words(query: str) -> Iterator[Token]:
    return (token for token in tokenize(query) if token.kind not in (Kind.SPACE, Kind.COMMENT))


def _forbidden(kind: str, detail: str, query: str, token: Token, **facts: object) -> Refused:
    line, column = position(query, token.start)
    return Refused(403, kind, detail, (), line=line, column=column, **facts)


def dataset_of(query: str, base: str = "") -> Dataset | None:
    """Read the dataset clauses of a query (SPARQL 1.1, section 13.2); relative IRIs are relative to ``base``.

    >>> dataset_of("BASE <urn:x:> PREFIX g: <urn:g:> SELECT * FROM <a> FROM NAMED g:b { ?s ?p ?o }")
    Dataset(default=('a',), named=('urn:g:b',))
    """
    prefixes = dict(NAMESPACES)
    found: tuple[list[str], list[str]] = ([], [])
    last, before = "", ""
    for token in _words(query):
        word = token.text.upper() if token.kind is Kind.WORD else ""
        if token.text == "{" or word == "WHERE":
            break
        if token.kind is Kind.IRI:
            iri = urljoin(base, token.text[1:-1]) if base else token.text[1:-1]
            if last == "BASE":
                base = iri
            elif before == "PREFIX":
                prefixes[last.rstrip(":")] = iri
        elif token.kind is Kind.NAME:
            prefix, _, local = token.text.partition(":")
            iri = prefixes.get(prefix, "") + re.sub(r"\\(.)", r"\1", local)
        if token.kind in (Kind.IRI, Kind.NAME) and (last == "FROM" or (last == "NAMED" and before == "FROM")):
            found[last == "NAMED"].append(iri)
        before, last = last, word or token.text
    return Dataset(tuple(found[0]), tuple(found[1])) if found[0] or found[1] else None


def check_graphs(asked: Dataset, has: Callable[[str], bool], there: Callable[[], Iterable[str]]) -> None:
    """Refuse a dataset of graphs that are not there.

    Parameters
    ----------
    asked
        What is asked for.
    has
        Tells whether there is a graph of that name.
    there
        Gives the names of all.

    Raises
    ------
    Refused
        With status 400 and the graphs that there are.
    """
    missing = [iri for iri in (*asked.default, *asked.named) if not has(iri)]
    if missing:
        names = list(there())
        detail = f"there is no graph <{missing[0][:300]}>; nothing is fetched from elsewhere; there are {len(names)}"
        raise Refused(400, "no-such-graph", detail, graphs=names[:_SHOWN], missing=missing[:_SHOWN])


def is_update(error: QueryError, query: str) -> bool:
    """Tell whether a text that is no query is an update."""
    if error.line is None:
        return False
    try:
        for token in _words(query):
            if token.kind is Kind.WORD:
                word = token.text.upper()
                if word in _UPDATES:
                    return True
                if word in _FORMS:
                    return False
    except QueryError:
        return False
    return False
