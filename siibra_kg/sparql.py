"""SPARQL as a sequence of tokens: where strings, IRIs, comments and parameters are, and what no engine may see.

The templates substitute parameters token by token, and the stores look at a query before an engine does.
Neither needs a full parser; both need to know exactly where a string, an IRI or a comment ends
(SPARQL 1.1, section 19.8, rules 139 to 173).

>>> [t.text for t in tokenize('SELECT ?a WHERE { ?a <p> "$b" . # $c') if t.kind is not Kind.SPACE]
['SELECT', '?a', 'WHERE', '{', '?a', '<p>', '"$b"', '.', '# $c']
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from siibra_kg.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_DEPTH", "MAX_LINKS", "Kind", "Token", "guard", "position", "query_form", "tokenize"]

#: Brackets that may stand inside each other. 5,000 crash the process of an engine, 100 are more than any query needs.
MAX_DEPTH = 100
#: Operators, patterns and triples that may follow each other: engines hold a chain as a tree as deep as the chain is
#: long, and 20,000 links of ``||``, ``UNION``, ``/`` or ``.`` crash pyoxigraph 0.5.13 as deep nesting does.
MAX_LINKS = 2000


class Kind(Enum):
    """What a token is; the values are the names of the groups of the token expression."""

    SPACE = "space"
    COMMENT = "comment"
    STRING = "string"
    IRI = "iri"
    VARIABLE = "variable"
    PARAMETER = "parameter"
    BLANK = "blank"
    NAME = "name"
    WORD = "word"
    LANGUAGE = "language"
    NUMBER = "number"
    OPEN = "open"
    CLOSE = "close"
    SIGN = "sign"


class Token(NamedTuple):
    """One token: its kind, its text, and where it starts."""

    kind: Kind
    text: str
    start: int


_UCHAR = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_STRING = (
    r'"""(?:"{0,2}(?:[^"\\]|\\.))*"""|'
    r"'''(?:'{0,2}(?:[^'\\]|\\.))*'''|"
    r'"(?:[^"\\\n\r]|\\.)*"|'
    r"'(?:[^'\\\n\r]|\\.)*'"
)
_IRI = rf"<(?:[^\x00-\x20<>\"{{}}|^`\\]|{_UCHAR})*>"
_COMMENT = r"\#[^\n\r]*"
# Letters as Unicode sees them: a little wider than SPARQL's PN_CHARS, which does no harm to where tokens end.
_LOCAL = r"(?:[\w:·-]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])"
_PREFIX = r"(?:[^\W\d_](?:[\w·.-]*[\w·-])?)?"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<comment>{_COMMENT})
  | (?P<string>{_STRING})
  | (?P<iri>{_IRI})
  | (?P<variable>\?\w+)
  | (?P<parameter>\$\w+)
  | (?P<blank>_:\w(?:[\w·.-]*[\w·-])?)
  | (?P<name>{_PREFIX}:(?:{_LOCAL}(?:(?:{_LOCAL}|\.)*{_LOCAL})?)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<open><<\(?|\{{\||[\[({{])
  | (?P<close>\)>>|>>|\|\}}|[\])}}])
  | (?P<sign>\^\^|&&|\|\||!=|<=|>=|[-+*/|^!=<>.,;?~])
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = {kind.value: kind for kind in Kind}


def position(text: str, offset: int) -> tuple[int, int]:
    """Give line and column (both from 1) of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def _refused(reason: str, text: str, offset: int) -> QueryError:
    line, column = position(text, offset)
    return QueryError(reason, text, line=line, column=column)


def tokenize(text: str) -> Iterator[Token]:
    """Split a SPARQL text into tokens; joined again they give the text.

    Raises
    ------
    QueryError
        With line and column, at the first character that can start no token, for instance a string without end.
    """
    offset, end = 0, len(text)
    while offset < end:
        found = _TOKEN.match(text, offset)
        if found is None:
            raise _refused(f"nothing in SPARQL starts with {text[offset : offset + 12]!r}", text, offset)
        yield Token(_KINDS[str(found.lastgroup)], found.group(), offset)
        offset = found.end()


_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def query_form(text: str) -> str:
    """Tell which form a query has: ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``.

    Raises
    ------
    QueryError
        If it is none of them, as an update is not.
    """
    in_prologue = False
    for token in tokenize(text):
        if token.kind in (Kind.SPACE, Kind.COMMENT):
            continue
        word = token.text.upper()
        if token.kind is Kind.WORD and word in _FORMS:
            return word
        if token.kind is Kind.WORD and word in ("PREFIX", "BASE", "VERSION"):
            in_prologue = True
        elif not in_prologue or token.kind not in (Kind.NAME, Kind.IRI, Kind.STRING):
            raise _refused("only SELECT, ASK, CONSTRUCT and DESCRIBE are answered here", text, token.start)
    raise QueryError("the query is empty", text)


# What can hide other tokens. The rest of a query, the skeleton, is what the guard counts in, at the speed of `re`.
_HIDING = re.compile(rf"{_COMMENT}|{_STRING}|{_IRI}", re.DOTALL)
_SERVICE = re.compile(r"(?<![\w:.$?@-])service(?![\w:.-])", re.IGNORECASE)
_LINK = re.compile(r"[-+*/|&!.;=<>^]|\b(?:union|optional|minus|bind|filter|graph|as|exists)\b", re.IGNORECASE)


def guard(text: str, *, service: bool = False) -> None:
    """Refuse a query that would crash an engine or make it call other machines.

    Parameters
    ----------
    text
        The query.
    service
        Allow ``SERVICE``, which sends parts of the query to another endpoint.

    Raises
    ------
    QueryError
        With line and column.

    Notes
    -----
    ``?a<?b#>`` is one IRI for a tokenizer and a comparison with a comment for pyoxigraph's parser, so that what
    follows can be hidden from either. Such a text is judged by all its characters, as if nothing were hidden.
    """
    skeleton = _HIDING.sub(" ", text)
    if _ambiguous(text):
        skeleton = text
    if not service and _SERVICE.search(skeleton):
        raise _refused("SERVICE calls another machine, which this store does not do", text, _service_offset(text))
    if sum(map(skeleton.count, "{[(<")) > MAX_DEPTH:
        _check_depth(text, skeleton)
    if len(skeleton) > MAX_LINKS and len(_LINK.findall(skeleton)) > MAX_LINKS:
        reason = f"the query chains more than {MAX_LINKS} operators and patterns; put values into VALUES or IN"
        raise QueryError(reason, text)


_AFTER_OPERAND = re.compile(rf"[\w)>\"'][ \t]*(?P<iri>{_IRI})")


def _ambiguous(text: str) -> bool:
    """Tell whether a ``<`` directly after an operand and before no space could also be read as a comparison."""
    if "(" not in text or "<" not in text:
        return False
    depth: list[str] = []
    operand = False
    for token in tokenize(text) if _AFTER_OPERAND.search(text) else ():
        if token.kind in (Kind.SPACE, Kind.COMMENT):
            continue
        if token.kind is Kind.IRI and operand and depth[-1:] == ["("] and ("#" in token.text or "'" in token.text):
            return True
        if token.kind is Kind.OPEN:
            depth.append(token.text)
        elif token.kind is Kind.CLOSE and depth:
            depth.pop()
        operand = token.kind not in (Kind.OPEN, Kind.SIGN, Kind.WORD) and token.text != "}"
    return False


def _service_offset(text: str) -> int:
    found = _SERVICE.search(text)
    return found.start() if found else 0


def _check_depth(text: str, skeleton: str) -> None:
    """Count brackets: as tokens where the skeleton can be trusted, else by their number."""
    if skeleton is text:
        raise QueryError("brackets after an ambiguous '<': write a space on both sides of the operator", text)
    depth = 0
    for token in tokenize(text):
        if token.kind is Kind.OPEN:
            depth += 1
            if depth > MAX_DEPTH:
                raise _refused(f"more than {MAX_DEPTH} brackets inside each other", text, token.start)
        elif token.kind is Kind.CLOSE:
            depth -= 1
