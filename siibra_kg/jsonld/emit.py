"""Writes the triples of one document, node by node, as N-Triples lines.

The input is plain JSON in which a key is a property, a string, number or boolean is a literal, and an object is a
node or a value object. Documents with openMINDS's own context have that form as they are; :mod:`.general` brings
every other document to it. Lists are sets, as JSON-LD says; ``@list`` keeps its order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadDocument
from siibra_kg.jsonld import nt
from siibra_kg.jsonld.guard import escape
from siibra_kg.jsonld.lift import citations, is_date, is_web_iri, tidy
from siibra_kg.jsonld.names import CITATION, DATE, IDENTIFIER, IRI, NAME, SKIP, TEXT, Exotic
from siibra_kg.jsonld.skolem import Namer
from siibra_kg.terms import Literal, is_iri, to_sparql
from siibra_kg.vocab import RDF, RDF_TYPE, XSD

if TYPE_CHECKING:
    from siibra_kg.jsonld.names import Links, Names, Property
    from siibra_kg.jsonld.tables import Tables

__all__ = ["Emitter", "Note"]

_TYPE = f" <{RDF_TYPE}> "
_CITATION = " <https://schema.org/citation> "
_IDENTIFIER = " <http://purl.org/dc/terms/identifier> "
_FIRST, _REST, _NIL = RDF + "first", f" <{RDF}rest> ", f"<{RDF}nil>"
_DATE_END = f"^^<{XSD}date>"


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done to a value, or that a reader should know about it.

    Parameters
    ----------
    pointer
        JSON pointer into the document; into its expanded form for a document that needed expansion.
    code
        One word for counting, for instance ``unknown-property``.
    message
        The sentence for people.
    """

    pointer: str
    code: str
    message: str


class Emitter:
    """Collects the lines and notes of one document."""

    __slots__ = ("_keys", "_links", "_names", "_namer", "_path", "_raw", "lines", "notes")

    def __init__(self, path: str, names: Names, links: Links, base_iri: str, tables: Tables) -> None:
        self._path = path
        self._names = names
        self._links = links
        self._raw = names.raw
        self._namer = Namer(base_iri, tables, self)
        self.lines: list[str] = []
        self.notes: list[Note] = []

    @property
    def properties(self) -> dict[str, Property]:
        """The keys met so far."""
        return self._names.properties

    def property(self, key: str) -> Property:
        """Resolve a key."""
        return self._names.property(key)

    def type_name(self, text: str) -> str:
        """Give the local name of a type in the latest vocabulary."""
        return (self._names.types.get(text) or self._names.type(text))[1]

    def type_iri(self, text: str) -> str:
        """Give the IRI of a type in the latest vocabulary."""
        return (self._names.types.get(text) or self._names.type(text))[0]

    def named(self, identifier: Any) -> str:
        """Give the text of an id for the canonical form of a node: an IRI, or the string if it cannot be one."""
        if type(identifier) is not str:
            raise BadDocument(self._path, f"@id is {identifier!r}, which is not a string")
        return self._links.known.get(identifier) or self._links.text(identifier) or nt.literal(identifier)

    def top(self, node: dict[str, Any], pointer: str = "") -> str:
        """Write a node that no other contains, and give its IRI."""
        identifier = node.get("@id")
        subject = self.subject(identifier, pointer) if identifier is not None else self._namer.alone(node)
        self.node(node, subject, pointer)
        return subject[1:-1]

    def subject(self, identifier: object, pointer: str) -> str:
        """Give the subject text of an explicit ``@id``."""
        if type(identifier) is not str:
            raise BadDocument(self._path, f"@id is {identifier!r}, which is not a string", f"{pointer}/@id")
        text = self._links.known.get(identifier) or self._links.text(identifier)
        if text is None:
            text = self._namer.invalid(identifier)
            self.lines.append(f"{text}{_IDENTIFIER}{nt.literal(identifier)} .\n")
            self.note(f"{pointer}/@id", "bad-iri", f"{identifier!r} is not an absolute IRI; the node is named {text}")
        return text

    def note(self, pointer: str, code: str, message: str) -> None:
        """Remember something for the build report."""
        self.notes.append(Note(pointer, code, message))

    def node(self, node: dict[str, Any], subject: str, pointer: str) -> None:
        """Write the types and properties of a node."""
        add = self.lines.append
        known = self._names.properties
        links = self._links.known
        if (kinds := node.get("@type")) is not None:
            self._types(kinds, subject, pointer)
        for key, value in node.items():
            if value is None:
                continue
            prop = known.get(key) or self._names.property(key)
            kind = prop.kind
            if prop.code or prop.renamed_to:
                self._mention(prop, key, node, pointer)
            if kind == SKIP:
                continue
            if type(value) is str and kind == TEXT and not prop.inverse:
                add(f"{subject}{prop.text}{nt.literal(value)} .\n")
                continue
            values = value if type(value) is list else (value,)
            embedded: list[tuple[dict[str, Any], str]] = []
            for i, item in enumerate(values):
                if type(item) is dict:
                    if len(item) == 1 and (target := links.get(item.get("@id"))) is not None:  # type: ignore[arg-type]
                        add(
                            f"{target}{prop.text}{subject} .\n" if prop.inverse else f"{subject}{prop.text}{target} .\n"
                        )
                        continue
                    where = f"{pointer}/{escape(key)}/{i}" if values is value else f"{pointer}/{escape(key)}"
                    if "@value" in item or "@list" in item or "@id" in item:
                        self._object(item, prop, subject, where)
                    else:
                        embedded.append((item, where))
                elif item is not None:
                    self._scalar(item, prop, subject, f"{pointer}/{escape(key)}")
            if embedded:
                self._embedded(embedded, prop, subject)

    def _types(self, kinds: Any, subject: str, pointer: str) -> None:
        for text in kinds if type(kinds) is list else (kinds,):
            if type(text) is not str:
                raise BadDocument(self._path, f"@type is {text!r}, which is not a string", f"{pointer}/@type")
            iri, local, code = self._names.types.get(text) or self._names.type(text)
            if code == "bad-type":
                self.lines.append(f"{subject}{_IDENTIFIER}{nt.literal(text)} .\n")
            else:
                self.lines.append(f"{subject}{_TYPE}<{iri}> .\n")
            if code:
                self.note(f"{pointer}/@type", code, _SENTENCES[code].format(local))

    def _mention(self, prop: Property, key: str, node: dict[str, Any], pointer: str) -> None:
        if prop.renamed_to and prop.renamed_to in node and self._names.properties.get(prop.renamed_to) is not None:
            raise Exotic(key)  # both spellings on one node: the general path merges them
        if prop.code:
            self.note(f"{pointer}/{escape(key)}", prop.code, _SENTENCES[prop.code].format(prop.local or key))

    def _embedded(self, items: list[tuple[dict[str, Any], str]], prop: Property, subject: str) -> None:
        names = self._namer.embedded([item for item, _ in items], prop, subject)
        for (item, where), name in zip(items, names, strict=True):
            first, second = (name, subject) if prop.inverse else (subject, name)
            self.lines.append(f"{first}{prop.text}{second} .\n")
            self.node(item, name, where)

    def _object(self, item: dict[str, Any], prop: Property, subject: str, pointer: str) -> None:
        """Write a value object, a list, or a node that has an id of its own."""
        if "@value" in item:
            self._line(subject, prop, self.value(item), pointer)
        elif "@list" in item:
            self._list(item["@list"], prop, subject, pointer)
        else:
            text = self.link(item, pointer, alone=len(item) == 1)
            self._line(subject, prop, text, pointer)
            if len(item) > 1:
                self.node(item, text, pointer)

    def link(self, item: dict[str, Any], pointer: str, *, alone: bool) -> str:
        """Give the term of ``{"@id": ...}``; an id that cannot be an IRI stays a string, with a note."""
        identifier = item["@id"]
        if not alone:
            return self.subject(identifier, pointer)
        if type(identifier) is not str:
            raise BadDocument(self._path, f"@id is {identifier!r}, which is not a string", f"{pointer}/@id")
        text = self._links.known.get(identifier) or self._links.text(identifier)
        if text is None:
            self.note(pointer, "bad-iri", f"{identifier!r} is not an absolute IRI; it is kept as a string")
            return nt.literal(identifier)
        return text

    def _line(self, subject: str, prop: Property, term: str, pointer: str) -> None:
        if not prop.inverse:
            self.lines.append(f"{subject}{prop.text}{term} .\n")
        elif term.startswith("<"):
            self.lines.append(f"{term}{prop.text}{subject} .\n")
        else:
            self.lines.append(f"{subject}{_IDENTIFIER}{term} .\n")
            self.note(pointer, "bad-inverse", f"{prop.local} needs a node; the value {term} is kept as an identifier")

    def _scalar(self, item: Any, prop: Property, subject: str, pointer: str) -> None:
        term = self.term(item, prop, pointer)
        self._line(subject, prop, term, pointer)
        if prop.kind == CITATION and type(item) is str and not self._raw:
            self.lines.extend(f"{subject}{_CITATION}<{iri}> .\n" for iri in citations(item))

    def term(self, item: Any, prop: Property, pointer: str | None) -> str:
        """Give the N-Triples term of a string, number or boolean, lifted as the property asks.

        No note is written where ``pointer`` is ``None``.
        """
        if type(item) is str:
            return nt.literal(item) if self._raw else self._string(item, prop, pointer)
        if type(item) is bool:
            return f'"{"true" if item else "false"}"^^<{XSD}boolean>'
        if type(item) is float or type(item) is int:
            if type(item) is float and abs(item) >= nt.MAX_EXACT and self._names.exact is False:
                raise Exotic(item)
            return nt.number(item)
        if type(item) is list:
            raise Exotic(item)
        raise BadDocument(self._path, f"a value of type {type(item).__name__} is not JSON-LD", pointer or "")

    def _string(self, text: str, prop: Property, pointer: str | None) -> str:
        kind = prop.kind
        if kind == NAME:
            clean = tidy(text)
            if clean != text and pointer is not None:
                self.note(pointer, "cleaned", f"white space or Unicode form of {text!r} evened out")
            return nt.literal(clean)
        if kind in (IRI, IDENTIFIER):
            if is_web_iri(text):
                return f"<{self._links.resolve(text)}>"
            if pointer is not None and kind == IRI:
                self.note(pointer, "not-an-iri", f"{text!r} should be an http(s) IRI; it is kept as a string")
        elif kind == DATE:
            if is_date(text):
                return f'"{text}"{_DATE_END}'
            if pointer is not None:
                self.note(pointer, "not-a-date", f"{text!r} should be a date, YYYY-MM-DD; it is kept as a string")
        return nt.literal(text)

    def value(self, item: dict[str, Any]) -> str:
        """Give the N-Triples term of a value object that keeps its own datatype or language."""
        value, datatype, language = item["@value"], item.get("@type"), item.get("@language")
        if datatype == "@json":
            lexical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            return nt.typed(lexical, RDF + "JSON")
        if language is not None:
            return to_sparql(Literal(value, language=language))
        lexical = value if type(value) is str else nt.lexical(value, datatype)
        if datatype is None or datatype == XSD + "string":
            return nt.literal(lexical)
        return nt.typed(lexical, datatype) if is_iri(datatype) else nt.literal(lexical)

    def _list(self, items: list[Any], prop: Property, subject: str, pointer: str) -> None:
        """Write an ordered list: rdf:first and rdf:rest, each cell named by its content from there on."""
        cells = self._namer.cells(items, prop, subject)
        self._line(subject, prop, cells[0] if cells else _NIL, pointer)
        for i, (item, cell) in enumerate(zip(items, cells, strict=True)):
            self.node({_FIRST: item}, cell, f"{pointer}/@list/{i}")
            self.lines.append(f"{cell}{_REST}{cells[i + 1] if i + 1 < len(cells) else _NIL} .\n")


_SENTENCES = {
    "unknown-property": "no generation of openMINDS has the property {}; it is kept as it is",
    "obsolete-property": "the property {} has no successor of the same shape in the latest openMINDS; it is kept as it is",
    "bad-property": "the property name {} is not an IRI; it is percent-encoded",
    "unknown-type": "no generation of openMINDS has the type {}; it is kept as it is",
    "obsolete-type": "the type {} has no successor in the latest openMINDS; it is kept as it is",
    "early-type": "only versions 1 and 2 of openMINDS had the type {}; it is converted as well as it can be",
    "bad-type": "the type {} is not an IRI; it is kept as an identifier",
}
