"""Finds the SERVICE blocks of a query, token by token, and what stands around them.

>>> found = services("SELECT * WHERE { ?s ?p ?o SERVICE <https://example.org/sparql> { ?o ?q ?x } }")
>>> found[0].endpoint, found[0].pattern
('https://example.org/sparql', ' ?o ?q ?x ')
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.sparql import Kind, Token, refused, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Service",
    "Split",
    "certain",
    "first_part",
    "group_before",
    "selects_all",
    "services",
    "split",
    "variables",
]

_UCHAR = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE = re.compile(r"\\(.)")
_SILENT = "SILENT"
#: Words after which a group can leave variables unbound, or gives none.
_OPEN_ENDED = frozenset({"OPTIONAL", "MINUS", "EXISTS", "SERVICE"})


@dataclass(frozen=True, slots=True)
class Service:
    """One ``SERVICE`` block.

    Parameters
    ----------
    endpoint
        The absolute IRI that it names; empty where it names a variable or a relative IRI.
    silent
        Whether it may fail.
    pattern
        The text between its braces.
    start, end
        Offsets of the block in the query.
    depth
        Curly brackets around it; 1 for a block right inside of WHERE.
    named
        The name as it is written.
    """

    endpoint: str
    silent: bool
    pattern: str
    start: int
    end: int
    depth: int
    named: str


@dataclass(frozen=True, slots=True)
class Split:
    """A query around one top-level SERVICE block.

    Parameters
    ----------
    service
        The block.
    prologue
        ``BASE`` and ``PREFIX`` lines.
    dataset
        ``FROM`` clauses.
    before, after
        The text of the outer group on both sides of the block.
    head, tail
        The text before the outer group, its bracket included, and after it.
    """

    service: Service
    prologue: str
    dataset: str
    before: str
    after: str
    head: str
    tail: str


def significant(text: str) -> list[Token]:
    """Give the tokens of a text without spaces and comments."""
    return [t for t in tokenize(text) if t.kind not in (Kind.SPACE, Kind.COMMENT)]


def services(query: str) -> list[Service]:
    """Give the outermost SERVICE blocks of a query, in their order.

    Raises
    ------
    QueryError
        If a block is not written as SPARQL wants it.
    """
    tokens = significant(query)
    prefixes = _prefixes(tokens)
    found: list[Service] = []
    depth, i = 0, 0
    while i < len(tokens):
        token = tokens[i]
        depth += (token.text == "{") - (token.text == "}")
        if token.kind is Kind.WORD and token.text.upper() == "SERVICE":
            service, i = _service(query, tokens, i, depth, prefixes)
            found.append(service)
        i += 1
    return found


def _service(query: str, tokens: Sequence[Token], i: int, depth: int, prefixes: dict[str, str]) -> tuple[Service, int]:
    """Read the block that starts at a token; gives it and the index of its last bracket."""
    start = tokens[i].start
    i += 1
    silent = i < len(tokens) and tokens[i].kind is Kind.WORD and tokens[i].text.upper() == _SILENT
    i += silent
    if i + 1 >= len(tokens) or tokens[i + 1].text != "{":
        raise refused("after SERVICE comes the IRI of an endpoint and a pattern in { }", query, start)
    name, opening = tokens[i], i + 1
    i, inside = opening, 1
    while inside:
        i += 1
        if i >= len(tokens):
            raise refused("the pattern of this SERVICE has no end", query, start)
        inside += (tokens[i].text == "{") - (tokens[i].text == "}")
    pattern = query[tokens[opening].start + 1 : tokens[i].start]
    return Service(_iri(name, prefixes), silent, pattern, start, tokens[i].start + 1, depth, name.text), i


def _prefixes(tokens: Sequence[Token]) -> dict[str, str]:
    found: dict[str, str] = {}
    for i, token in enumerate(tokens[:-2]):
        if token.kind is Kind.WORD and token.text.upper() == "PREFIX" and tokens[i + 2].kind is Kind.IRI:
            found[tokens[i + 1].text[:-1]] = _unescaped(tokens[i + 2].text[1:-1])
    return found


def _iri(token: Token, prefixes: dict[str, str]) -> str:
    """Give the absolute IRI that a token names, or nothing."""
    iri = ""
    if token.kind is Kind.IRI:
        iri = _unescaped(token.text[1:-1])
    elif token.kind is Kind.NAME:
        prefix, _, local = token.text.partition(":")
        iri = prefixes.get(prefix, "") + _LOCAL_ESCAPE.sub(r"\1", local)
    return iri if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", iri) else ""


def _unescaped(text: str) -> str:
    return _UCHAR.sub(lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)), text)


def split(query: str, service: Service) -> Split:
    """Cut a query at a SERVICE block that stands right inside of its outer group.

    Raises
    ------
    QueryError
        If the block stands elsewhere, or calls further machines itself.
    """
    if service.depth != 1:
        raise refused("this SERVICE stands inside of another group; put it right inside of WHERE", query, service.start)
    if any(t.kind is Kind.WORD and t.text.upper() == "SERVICE" for t in tokenize(service.pattern)):
        raise refused("a SERVICE inside of a SERVICE would be called by the other machine", query, service.start)
    tokens = significant(query)
    opening = next(t.start for t in tokens if t.text == "{")
    depth, closing = 0, len(query)
    for token in tokens:
        depth += (token.text == "{") - (token.text == "}")
        if depth == 0 and token.text == "}":
            closing = token.start
            break
    if not opening < service.start < closing:  # in the template of a CONSTRUCT, or in what follows the pattern
        raise refused("this SERVICE does not stand inside of WHERE", query, service.start)
    form = next(
        t for t in tokens if t.kind is Kind.WORD and t.text.upper() in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
    )
    if form.text.upper() != "SELECT":
        raise refused("write a SELECT: only rows are joined with other graphs", query, form.start)
    return Split(
        service,
        query[: form.start],
        _dataset(query, tokens, opening),
        query[opening + 1 : service.start],
        query[service.end : closing],
        query[: opening + 1],
        query[closing:],
    )


def _dataset(query: str, tokens: Sequence[Token], opening: int) -> str:
    starts = [t.start for t in tokens if t.start < opening and t.kind is Kind.WORD and t.text.upper() == "FROM"]
    if not starts:
        return ""
    where = [t.start for t in tokens if starts[0] < t.start < opening and t.text.upper() == "WHERE"]
    return query[starts[0] : where[0] if where else opening]


def variables(text: str) -> set[str]:
    """Give the names of all variables in a text."""
    return {t.text[1:] for t in tokenize(text) if t.kind in (Kind.VARIABLE, Kind.PARAMETER)}


def certain(pattern: str) -> set[str]:
    """Give variables that every solution of a pattern binds; there may be more of them.

    >>> sorted(certain("?a <p> ?b OPTIONAL { ?a <q> ?c } { ?d <p> 1 } UNION { ?d <q> ?e } FILTER(?f > 1)"))
    ['a', 'b', 'd']
    """
    return _certain(significant(pattern))


def _certain(tokens: Sequence[Token]) -> set[str]:
    found: set[str] = set()
    i = 0
    if tokens and tokens[0].text.upper() == "SELECT":
        return found
    while i < len(tokens):
        token = tokens[i]
        word = token.text.upper() if token.kind is Kind.WORD else ""
        if word == "VALUES" or word in _OPEN_ENDED:  # its cells may be UNDEF
            i = _closing(tokens, next((j for j in range(i, len(tokens)) if tokens[j].text == "{"), len(tokens)))
        elif token.text == "(":
            i = _closing(tokens, i)
        elif token.text == "{":
            branches, end = [], i
            while True:
                closing = _closing(tokens, end)
                branches.append(_certain(tokens[end + 1 : closing]))
                end = closing
                if closing + 2 >= len(tokens) or tokens[closing + 1].text.upper() != "UNION":
                    break
                end = closing + 2
            found |= set.intersection(*branches)
            i = end
        elif token.kind in (Kind.VARIABLE, Kind.PARAMETER):
            found.add(token.text[1:])
        i += 1
    return found


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Give the index of the bracket that closes the one at an index."""
    depth = 0
    for i in range(opening, len(tokens)):
        depth += (tokens[i].kind is Kind.OPEN) - (tokens[i].kind is Kind.CLOSE)
        if depth == 0:
            return i
    return len(tokens)


def first_part(pattern: str) -> str:
    """Give the part of a pattern before its first OPTIONAL, MINUS or BIND; nothing of a sub-select.

    Solutions of this part are only joined. Values of variables that it binds for certain may so be given at its
    start: they choose among its solutions, and add nothing to them that what follows could see.
    """
    depth = 0
    for i, token in enumerate(significant(pattern)):
        depth += (token.text == "{") - (token.text == "}")
        word = token.text.upper() if token.kind is Kind.WORD and depth == 0 else ""
        if i == 0 and word == "SELECT":
            return ""
        if word in ("OPTIONAL", "MINUS", "BIND"):
            return pattern[: token.start]
    return pattern


def group_before(cut: Split) -> str:
    """Give the part of the outer group before the block, without filters that speak of what comes later.

    A filter holds for its whole group, wherever it stands. One with a variable that something else in the group
    could still bind would drop solutions that are wanted.
    """
    text = cut.before
    later = variables(cut.service.pattern) | variables(cut.after)
    tokens = significant(text)
    pieces, at, depth, i = [], 0, 0, 0
    while i < len(tokens):
        token = tokens[i]
        depth += (token.text == "{") - (token.text == "}")
        if depth == 0 and token.kind is Kind.WORD and token.text.upper() == "FILTER":
            end = _filter_end(tokens, i)
            stop = tokens[end].start + len(tokens[end].text)
            if variables(text[token.start : stop]) & later:
                pieces.append(text[at : token.start])
                at = stop
            i = end
        i += 1
    return "".join([*pieces, text[at:]])


def _filter_end(tokens: Sequence[Token], i: int) -> int:
    """Give the index of the last token of a FILTER: of its brackets, or of the pattern of its EXISTS."""
    opening = next((j for j in range(i, len(tokens)) if tokens[j].kind is Kind.OPEN), len(tokens) - 1)
    return min(_closing(tokens, opening), len(tokens) - 1)


def selects_all(query: str) -> bool:
    """Tell whether a ``*`` follows a SELECT or DESCRIBE anywhere, so that all variables may be seen."""
    words = [t.text.upper() for t in significant(query)]
    starts = ("SELECT", "DISTINCT", "REDUCED", "DESCRIBE")
    return any(word == "*" and words[i - 1] in starts for i, word in enumerate(words))
