"""SPARQL 1.1 Query Results in JSON, read piece by piece: one row in memory at a time, however many there are.

The reader is our own, because the engine's is stricter than servers are: it refuses ``typed-literal``, which
Virtuoso writes, and blank nodes like ``nodeID://b10010``. A result that ends early anywhere is an error, never a
shorter table: the last bracket has to be there, and nothing after it.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from siibra_kg.stores.cells import BAD_TEXT, FROM_TEXT, mismatch, wanted_types
from siibra_kg.stores.protocol import Solutions
from siibra_kg.terms import IRI, XSD_STRING, BlankNode, Literal, is_iri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from siibra_kg.terms import Term

__all__ = ["BrokenResults", "read_results"]

_SPACE = re.compile(r"[ \t\r\n]*")
#: A value that is longer than this before it ends is no cell of a table.
_LONGEST = 64 << 20


class BrokenResults(ValueError):
    """What was read is no SPARQL result, or not a whole one."""


def read_results(
    read: Callable[[], bytes],
    types: Mapping[str, str] | None = None,
    query: str = "",
    *,
    close: Callable[[], None],
    text_iris: bool = False,
) -> Solutions:
    """Read the answer to a SELECT as it arrives.

    Parameters
    ----------
    read
        Gives the next bytes, none at the end.
    types
        Column types by variable, as for :meth:`~siibra_kg.stores.protocol.Store.select`.
    query
        For the message about a cell of another type.
    close
        Called once, when the last row was read, at an error, or when the rows are no longer wanted.
    text_iris
        Whether a plain text may stand for an IRI in a column that is declared so: Virtuoso 7 gives IRIs back as texts
        that came from ``VALUES`` in a branch of a union.

    Returns
    -------
    Solutions
        Its rows raise :class:`BrokenResults` where the answer breaks off.

    Raises
    ------
    BrokenResults
        If what begins there is no result.

    Examples
    --------
    >>> pieces = iter([b'{"head": {"vars": ["n"]}, "results": {"bind', b'ings": [{"n": {"type": "literal",',
    ...                b'"value": "7"}}]}}', b''])
    >>> list(read_results(lambda: next(pieces), {"n": "integer"}, close=lambda: None).rows)
    [(7,)]
    """
    reader = _Reader(read)
    try:
        names = reader.variables()
        converters = [
            _cell(n, k, query, text_iris=text_iris) for n, k in zip(names, wanted_types(names, types), strict=True)
        ]
    except BaseException:
        close()
        raise
    return Solutions(names, _converted(reader, list(zip(names, converters, strict=True)), close))


def _converted(
    reader: _Reader, columns: list[tuple[str, Callable[[Any], Any]]], close: Callable[[], None]
) -> Iterator[tuple[Any, ...]]:
    try:
        for row in reader.rows():
            yield tuple([f(row[name]) if name in row else None for name, f in columns])
    except (KeyError, TypeError) as error:
        raise BrokenResults("a row of the JSON answer is no SPARQL solution") from error
    finally:
        close()


class _Reader:
    """A place in a JSON text of which only the next few thousand characters are in memory."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._scan = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._ended = False
        self._early: list[Any] | None = None
        self._inside = False  # of the array of bindings

    def variables(self) -> tuple[str, ...]:
        """Read up to the first row; the names are there unless the server writes them last, which JSON allows."""
        names: tuple[str, ...] | None = None
        self._expect("{")
        while names is None or not self._inside:
            key = self._key()
            if key == "head":
                names = self._names()
            elif key == "results":
                self._to_bindings()
                self._inside = True
                if names is None:
                    self._early, self._inside = list(self._bindings()), False
                    self._leave()
            else:
                self._value()
            if not self._inside and self._after_value():
                break
        if names is None or not (self._inside or self._early is not None):
            raise BrokenResults("the JSON answer is no SPARQL result")
        return names

    def rows(self) -> Iterator[Any]:
        """Give each binding, then see to it that the text ends as it has to."""
        if self._early is not None:
            yield from self._early
        else:
            yield from self._bindings()
            self._leave()
            while not self._after_value():
                self._key()
                self._value()
        if self._next():
            raise BrokenResults("something follows the JSON results")

    def _names(self) -> tuple[str, ...]:
        head = self._value()
        try:
            return tuple(map(str, head["vars"]))
        except (KeyError, TypeError) as error:
            raise BrokenResults("the JSON answer is no SPARQL result") from error

    def _to_bindings(self) -> None:
        self._expect("{")
        while self._key() != "bindings":  # Virtuoso writes "distinct" and "ordered" before it
            self._value()
            if self._after_value():
                raise BrokenResults("the JSON answer is no SPARQL result")
        self._expect("[")

    def _bindings(self) -> Iterator[Any]:
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            found = self._next()
            self._at += 1
            if found == "]":
                return
            if found != ",":
                raise self._broken(f"{found!r} after a row")

    def _leave(self) -> None:
        """Read what follows the bindings inside of ``results``."""
        while not self._after_value():
            self._key()
            self._value()

    # -- JSON ----------------------------------------------------------------------------------------------------

    def _value(self) -> Any:  # noqa: ANN401  JSON
        """Read one value; more is fetched until it is whole."""
        wanted = 1
        while True:
            start = self._next()
            try:
                value, end = self._scan(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                # Broken or only not yet here: twice as much is fetched each time, so that long values stay cheap.
                if self._ended or isinstance(error, RecursionError) or len(self._text) - self._at > _LONGEST:
                    raise self._broken(str(error)) from error
                self._fetch(wanted)
                wanted = len(self._text) - self._at
                continue
            if end == len(self._text) and start not in '{["' and not self._ended:  # 12 may be the start of 123
                self._fetch(1)
                continue
            self._at = end
            return value

    def _key(self) -> str:
        key = None if self._next() == "}" else self._value()
        if not isinstance(key, str):
            raise BrokenResults("the JSON answer is no SPARQL result")
        self._expect(":")
        return key

    def _after_value(self) -> bool:
        """Step over the comma or the bracket after a member; tells whether the object has ended."""
        found = self._next()
        self._at += 1
        if found not in (",", "}"):
            raise self._broken(f"{found!r} after a member")
        return found == "}"

    def _expect(self, wanted: str) -> None:
        found = self._next()
        if found != wanted:
            if found and wanted == "{":
                raise BrokenResults("the JSON answer is no SPARQL result")
            raise self._broken(f"{found!r} instead of {wanted!r}")
        self._at += 1

    def _next(self) -> str:
        """Give the next character that is no space without stepping over it; nothing at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing too
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fetch(1)

    def _fetch(self, wanted: int) -> None:
        pieces, have = [self._text[self._at :]], 0
        self._at = 0
        while have < wanted and not self._ended:
            data = self._read()
            self._ended = not data
            try:
                piece = self._decode(data, self._ended)
            except UnicodeDecodeError as error:
                raise self._broken(str(error)) from error
            pieces.append(piece)
            have += len(piece)
        self._text = "".join(pieces)

    def _broken(self, why: str) -> BrokenResults:
        return BrokenResults(f"the JSON results are broken or cut off: {why}")


def _cell(name: str, kind: str, query: str, *, text_iris: bool) -> Callable[[Any], Any]:
    """Choose how the cells of a column become Python values."""
    if kind == "term":
        return _term
    make = FROM_TEXT[kind]
    wanted = ("uri", "bnode") if kind == "iri" else ("literal", "typed-literal")

    def convert(cell: Any) -> Any:  # noqa: ANN401
        if cell["type"] not in wanted and not (text_iris and kind == "iri" and _is_text_iri(cell)):
            raise mismatch(name, kind, cell["value"], query)
        try:
            return _blank(cell["value"]) if cell["type"] == "bnode" else make(cell["value"])
        except BAD_TEXT as error:
            raise mismatch(name, kind, cell["value"], query) from error

    return convert


def _is_text_iri(cell: Any) -> bool:  # noqa: ANN401
    return cell["type"] == "literal" and cell.keys() == {"type", "value"} and is_iri(cell["value"])


def _blank(label: str) -> BlankNode:
    # Virtuoso's labels are addresses, nodeID://b10010.
    return BlankNode(re.sub(r"\W+", "_", label))


def _term(cell: Any) -> Term:  # noqa: ANN401  JSON
    if cell["type"] == "uri":
        return IRI(cell["value"])
    if cell["type"] == "bnode":
        return _blank(cell["value"])
    return Literal(cell["value"], cell.get("datatype", XSD_STRING), cell.get("xml:lang"))
