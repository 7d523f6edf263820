"""Literals of one document: strings lifted as their property asks, numbers, booleans, value objects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadDocument, TermError
from siibra_kg.jsonld.iris import is_absolute_iri, is_web_iri
from siibra_kg.jsonld.lift import as_number, date_type, tidy
from siibra_kg.jsonld.names import CITATION, DATE, IRI, MAYBE_IRI, NAME, NUMBER, TEXT, Exotic
from siibra_kg.nt import MAX_EXACT, lexical, literal, typed
from siibra_kg.nt import number as number_text
from siibra_kg.terms import Literal, to_sparql
from siibra_kg.vocab import RDF, XSD

if TYPE_CHECKING:
    from siibra_kg.jsonld.names import Links, Names, Property

__all__ = ["Note", "Values"]

_EXPECTED = {IRI: "an http(s) IRI", DATE: "a date, YYYY-MM-DD", NUMBER: "a number"}
_CODES = {IRI: "not-an-iri", DATE: "not-a-date", NUMBER: "not-a-number"}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done to a value, or that a reader should know about it.

    Parameters
    ----------
    pointer
        JSON pointer into the document; into its expanded form for a document that had to be expanded.
    code
        One word for counting, for instance ``unknown-property``.
    message
        The sentence for people.
    """

    pointer: str
    code: str
    message: str


class Values:
    """Turns JSON values into N-Triples terms; a ``pointer`` of ``None`` means that no note is wanted."""

    __slots__ = ("_exact", "_links", "_raw", "notes", "path")

    def __init__(self, names: Names, links: Links) -> None:
        self.path = ""
        self._raw = names.raw
        self._exact = names.exact
        self._links = links
        self.notes: list[Note] = []

    def note(self, pointer: str | None, code: str, message: str) -> None:
        """Remember something for the build report."""
        if pointer is not None:
            self.notes.append(Note(pointer, code, message))

    def term(self, item: Any, prop: Property, pointer: str | None) -> str:  # noqa: ANN401  JSON
        """Give the term of a string, number or boolean."""
        if type(item) is str:
            if self._raw or prop.kind in (TEXT, CITATION):
                return literal(item)
            return self._lifted(item, prop, pointer)
        if type(item) is bool:
            return f'"{"true" if item else "false"}"^^<{XSD}boolean>'
        if type(item) is int or type(item) is float:
            if not self._exact and abs(item) >= MAX_EXACT:
                raise Exotic(item)
            return number_text(item)
        if type(item) is list:
            raise Exotic(item)
        raise BadDocument(self.path, f"a value of type {type(item).__name__} is not JSON", pointer or "")

    def _lifted(self, text: str, prop: Property, pointer: str | None) -> str:
        kind = prop.kind
        if kind == NAME:
            clean = tidy(text)
            if clean != text:
                self.note(pointer, "cleaned", f"white space or Unicode form of {text!r} evened out")
            return literal(clean)
        if kind in (IRI, MAYBE_IRI):
            if is_web_iri(text):
                return f"<{self._links.resolve(text)}>"
        elif kind == DATE:
            datatype = date_type(text)
            if datatype is not None:
                return typed(text, datatype)
        elif kind == NUMBER:
            number = as_number(text)
            if number is not None:
                return number_text(number)
        if kind in _CODES:
            self.note(pointer, _CODES[kind], f"{text!r} should be {_EXPECTED[kind]}; it is kept as a string")
        return literal(text)

    def value(self, item: dict[str, Any], pointer: str | None) -> str:
        """Give the term of a value object that states its own datatype or language."""
        if not self._exact:
            raise Exotic(item)
        value, datatype, language = item["@value"], item.get("@type"), item.get("@language")
        if datatype == "@json":
            return typed(_json_text(value), RDF + "JSON")
        if language is not None:
            try:
                return to_sparql(Literal(value, language=language))
            except TermError as error:
                self.note(pointer, "bad-language", f"{error}; the text is kept without it")
                return literal(value)
        text = value if type(value) is str else lexical(value, datatype)
        if datatype is not None and is_absolute_iri(datatype):
            return typed(text, datatype)
        self.note(
            pointer, "bad-datatype", f"the datatype {datatype!r} is not an absolute IRI; the text is kept without it"
        )
        return literal(text)


def _json_text(value: object) -> str:
    """Write a JSON literal in the one way that RFC 8785 gives it, as far as Python's writer agrees with it."""

    def plain(item: Any) -> Any:  # noqa: ANN401  JSON
        if isinstance(item, dict):
            return {key: plain(member) for key, member in item.items()}
        if isinstance(item, list):
            return [plain(member) for member in item]
        return int(item) if isinstance(item, float) and item.is_integer() and abs(item) < MAX_EXACT else item

    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
