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

__all__ = ["MAX_DEPTH", "MAX_LINKS", "Kind", "Token", "guard", "position", "query_form", "refused", "tokenize"]

#: Brackets that may stand inside each other. 5,000 crash the process of an engine, 100 are more than any query needs.
MAX_DEPTH = 100
#: Operators, patterns and triples that may follow each other: engines hold a chain as a tree as deep as the chain is
#: long. 4,000 times ``OPTIONAL`` crash pyoxigraph 0.5.13 on a stack of 8 MB as deep nesting does, 400 times on one of
#: 1 MB, which is what threads have elsewhere.
MAX_LINKS = 500


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


def refused(reason: str, text: str, offset: int) -> QueryError:
    """Make the error for a place in a query; the caller raises it."""
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
            raise refused(f"nothing in SPARQL starts with {text[offset : offset + 12]!r}", text, offset)
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
            raise refused("only SELECT, ASK, CONSTRUCT and DESCRIBE are answered here", text, token.start)
    raise QueryError("the query is empty", text)


#: Where ``SERVICE`` could be, as far as one can tell without tokens.
_SERVICE = re.compile(r"service(?![/.&=%\d_)\]-])", re.IGNORECASE)
#: Inside words too: pyoxigraph's parser has no tokens, it reads ``trueOPTIONAL{`` as two words and ``SERVICESILENT`` as
#: a call, as ``SERVICE:x{`` with an empty prefix.
_LINK = re.compile("UNION|OPTIONAL|MINUS|BIND|FILTER|GRAPH|SERVICE|AS$|EXISTS")
#: A bracket with more terms than this is a collection of RDF, which engines hold as a chain of triples.
_LONG_LIST = 50
#: A text of more characters than this may hold too long a collection without any sign that could be counted.
_LONG_TEXT = 4 * MAX_LINKS


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
    Most queries are cleared by counting characters, in microseconds; only the others are split into tokens.

    ``?a<?b#>`` is one IRI for a tokenizer and a comparison with a comment for pyoxigraph's parser, so that what
    follows can be hidden from either. A text that would need a closer look and has such a place is refused.
    """
    named = _SERVICE.search(text) is not None
    calls = named and not service
    brackets = sum(map(text.count, "{[(<"))
    links = sum(map(text.count, "-+*/|&!.;=>^,")) + 2 * brackets  # words that link take a bracket
    if not named and brackets <= MAX_DEPTH and links <= MAX_LINKS and len(text) <= _LONG_TEXT:
        return
    seen = _Survey()
    for token in tokenize(text):
        seen.add(token)
        if calls and token.kind is Kind.WORD and token.text.upper() == "SERVICE":
            raise refused("SERVICE calls another machine, which this store does not do", text, token.start)
        if seen.glued is not None:
            raise refused("write a space before and after SERVICE, or another prefix", text, seen.glued)
        if len(seen.open) > MAX_DEPTH:
            raise refused(f"more than {MAX_DEPTH} brackets inside each other", text, token.start)
        if seen.links > MAX_LINKS:
            reason = f"more than {MAX_LINKS} operators and patterns in a chain; put values into VALUES or IN"
            raise refused(reason, text, token.start)
    # A `<` that only separates tokens for us may be an operator for the engine, but it opens no bracket there.
    unclear = calls or sum(map(text.count, "{[(")) > MAX_DEPTH or links > MAX_LINKS
    if unclear and seen.ambiguous is not None:
        raise refused("write a space on both sides of the operator <", text, seen.ambiguous)


class _Survey:
    """What the guard has to know about the tokens so far."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.terms: list[int] = []  # in each open bracket, how many terms stand side by side
        self.links = 0
        self.ambiguous: int | None = None
        self.glued: int | None = None  # where SERVICE may hide in a longer word
        self._operand = False
        self._named: Token | None = None

    def add(self, token: Token) -> None:
        """Take the next token into account."""
        kind = token.kind
        if kind in (Kind.SPACE, Kind.COMMENT):
            return
        round_bracket = self.open[-1:] == ["("]
        if self._named is not None and token.text == "{":  # GRAPH:g { with an empty prefix
            self._add_word(self._named._replace(text=self._named.text.partition(":")[0] + ":"))
        self._named = token if kind is Kind.NAME else None
        if kind is Kind.OPEN:
            self.open.append(token.text)
            self.terms.append(0)
        elif kind is Kind.CLOSE:
            if self.open:
                self.open.pop()
                self.terms.pop()
        elif kind is Kind.SIGN:
            # Commas of arguments and signs of numbers in data make no chain, nor do the datatypes of literals.
            self.links += token.text != "^^" and (token.text not in ",+-" or round_bracket != (token.text == ","))
        elif kind is Kind.WORD:
            self._add_word(token)
        elif round_bracket and self._operand:
            self.terms[-1] += 1
            self.links += self.terms[-1] > _LONG_LIST
            if kind is Kind.IRI and ("#" in token.text or "'" in token.text):
                self.ambiguous = token.start
        self._operand = kind not in (Kind.OPEN, Kind.SIGN, Kind.WORD) and token.text != "}"

    def _add_word(self, token: Token) -> None:
        word = token.text.upper()
        # One OPTIONAL or MINUS takes as much of the stack as two of the others: 400 crash where 800 ``||`` do.
        self.links += 2 * (_LINK.search(word) is not None)
        if "SERVICE" in word and word != "SERVICE":
            self.glued = token.start
