"""Writes the triples of one document, node by node, as N-Triples lines.

The input is plain JSON in which a key is a property, a string, number or boolean is a literal, and an object is a
node or a value object. Documents with openMINDS's own context have that form as they are; :mod:`.general` brings
every other document to it. Lists are sets, as JSON-LD says; ``@list`` keeps its order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadDocument
from siibra_kg.json_guard import escape
from siibra_kg.jsonld.lift import citations, tidy
from siibra_kg.jsonld.names import CITATION, MOST, NAME, SKIP, TEXT, below
from siibra_kg.jsonld.skolem import Namer
from siibra_kg.jsonld.values import Values
from siibra_kg.nt import literal
from siibra_kg.vocab import OMI, OMT, RDF, RDF_TYPE

if TYPE_CHECKING:
    from siibra_kg.jsonld.names import Kind, Links, Names, Property
    from siibra_kg.jsonld.tables import Tables

__all__ = ["Emitter"]

_TYPE = f" <{RDF_TYPE}> "
_CITATION = " <https://schema.org/citation> "
_IDENTIFIER = " <http://purl.org/dc/terms/identifier> "
_FIRST, _REST, _NIL = RDF + "first", f" <{RDF}rest> ", f"<{RDF}nil>"
_SENTENCES = {
    "unknown-property": "no generation of openMINDS has the property {}; it is kept as it is",
    "obsolete-property": "the property {} has no successor of the same shape in the latest openMINDS; it is kept",
    "bad-property": "the property name {} is not an IRI; it is percent-encoded, or left out where that does not help",
    "unknown-type": "no generation of openMINDS has the type {}; it is kept as it is",
    "obsolete-type": "the type {} has no successor in the latest openMINDS; it is kept as it is",
    "early-type": "only versions 1 and 2 of openMINDS had the type {}; it is converted as well as can be",
    "bad-type": "the type {} is not an IRI; it is percent-encoded, or left out where that does not help",
}


class Emitter:
    """Collects the lines and notes of one document after the other.

    Attributes
    ----------
    lines
        N-Triples lines of the document so far, in no order.
    keys
        Number of JSON keys of the nodes and links met so far, which the caller compares with those of the text.
    """

    __slots__ = ("_links", "_namer", "_names", "_path", "_tables", "_type_lines", "_values", "keys", "lines")

    def __init__(self, names: Names, links: Links, base_iri: str, tables: Tables) -> None:
        self._names = names
        self._links = links
        self._tables = tables
        self._values = Values(names, links)
        self._namer = Namer(base_iri, tables, names, links, self._values)
        self._type_lines: dict[str, str] = {}
        self.start("")

    def start(self, path: str) -> None:
        """Begin a new document."""
        self._path = self._values.path = path
        self._values.notes = []
        self.lines: list[str] = []
        self.keys = 0

    @property
    def values(self) -> Values:
        """The literals and notes of this document."""
        return self._values

    def top(self, node: dict[str, Any], pointer: str = "") -> str:
        """Write a node that no other contains, and give its IRI."""
        subject = self._subject(node["@id"], pointer) if "@id" in node else self._namer.alone(node)
        self.node(node, subject, pointer)
        return subject[1:-1]

    def node(self, node: dict[str, Any], subject: str, pointer: str) -> None:  # noqa: C901  calls cost here
        """Write the types and properties of a node."""
        add = self.lines.append
        known = self._names.properties
        links = self._links.known
        self.keys += len(node)
        kinds = node.get("@type")
        if kinds is not None:
            line = self._type_lines.get(kinds) if type(kinds) is str else None
            if line is None:
                self._types(kinds, subject, pointer)
            else:
                add(subject + line)
        for key, value in node.items():
            if value is None:
                continue
            prop = known.get(key) or self._names.property(key)
            if prop.code:
                message = _SENTENCES[prop.code].format(prop.local or key)
                self._values.note(f"{pointer}/{escape(key)}", prop.code, message)
            kind = prop.kind
            if kind == SKIP:
                continue
            # Most values are a text that is fine as it is, or a link to a node whose id has been met before.
            if not prop.inverse:
                if type(value) is str:
                    if kind == TEXT or (kind == NAME and tidy(value) == value):
                        add(f"{subject}{prop.text}{literal(value)} .\n")
                        continue
                elif type(value) is dict and len(value) == 1 and type(identifier := value.get("@id")) is str:
                    target = links.get(identifier)
                    if target is not None:
                        add(f"{subject}{prop.text}{target} .\n")
                        self.keys += 1
                        continue
            self._statements(value, prop, subject, f"{pointer}/{escape(key)}")

    def _statements(self, value: Any, prop: Property, subject: str, pointer: str) -> None:  # noqa: ANN401  JSON
        """Write what one property says, whatever form the value has."""
        add = self.lines.append
        links = self._links.known
        plain = prop.kind == TEXT and not prop.inverse
        is_list = type(value) is list
        embedded: list[tuple[dict[str, Any], str]] = []
        for i, item in enumerate(value if is_list else (value,)):
            if type(item) is str and plain:
                add(f"{subject}{prop.text}{literal(item)} .\n")
                continue
            if type(item) is dict and len(item) == 1 and type(identifier := item.get("@id")) is str:
                target = links.get(identifier)
                if target is not None and not prop.inverse:
                    add(f"{subject}{prop.text}{target} .\n")
                    self.keys += 1
                    continue
            where = f"{pointer}/{i}" if is_list else pointer
            if type(item) is not dict:
                if item is not None:
                    self._literal(item, prop, subject, where)
            elif "@value" in item or "@list" in item or "@id" in item:
                self._object(item, prop, subject, where)
            else:
                embedded.append((item, where))
        if embedded:
            names = self._namer.embedded([item for item, _ in embedded], prop, subject)
            for (item, where), name in zip(embedded, names, strict=True):
                self._line(subject, prop, name, where)
                self.node(item, name, where)

    def _types(self, kinds: Any, subject: str, pointer: str) -> None:  # noqa: ANN401  JSON
        for text in kinds if type(kinds) is list else (kinds,):
            if type(text) is not str:
                raise BadDocument(self._path, f"@type is {text!r}, which is not a string", f"{pointer}/@type")
            kind = self._names.kinds.get(text) or self._names.kind(text)
            if kind.local in self._tables.split_types and not self._names.raw:
                kind = self._split(kind, subject)
            elif not kind.code and len(self._type_lines) < MOST:
                self._type_lines[text] = f"{_TYPE}<{kind.iri}> .\n"
            if kind.iri:
                self.lines.append(f"{subject}{_TYPE}<{kind.iri}> .\n")
            if kind.code:
                self._values.note(f"{pointer}/@type", kind.code, _SENTENCES[kind.code].format(kind.local or text))

    def _split(self, kind: Kind, subject: str) -> Kind:
        """Choose among the types that one old type became, by the folder of the instance."""
        folder = below(subject[1:-1], (OMI,)).partition("/")[0]
        new = self._tables.split_types[kind.local].get(folder)
        return kind if new is None else self._names.kinds.get(OMT + new) or self._names.kind(OMT + new)

    def _object(self, item: dict[str, Any], prop: Property, subject: str, pointer: str) -> None:
        """Write a value object, a list, or a node that has an id of its own."""
        if "@value" in item:
            self._line(subject, prop, self._values.value(item, pointer), pointer)
        elif "@list" in item:
            self._list(item["@list"], prop, subject, pointer)
        elif len(item) == 1:
            self.keys += 1
            self._line(subject, prop, self._link(item["@id"], pointer), pointer)
        else:
            name = self._subject(item["@id"], pointer)
            self._line(subject, prop, name, pointer)
            self.node(item, name, pointer)

    def _list(self, items: list[Any], prop: Property, subject: str, pointer: str) -> None:
        """Write an ordered list as cells; here, and only here, the position is content."""
        cells = self._namer.cells(items, prop, subject)
        self._line(subject, prop, cells[0] if cells else _NIL, pointer)
        for i, (item, cell) in enumerate(zip(items, cells, strict=True)):
            self.node({_FIRST: item}, cell, f"{pointer}/@list/{i}")
            self.lines.append(f"{cell}{_REST}{cells[i + 1] if i + 1 < len(cells) else _NIL} .\n")

    def _subject(self, identifier: object, pointer: str) -> str:
        """Give the subject text of an explicit ``@id``."""
        text = self._text(identifier, pointer)
        if text is None:
            text = self._namer.invalid(str(identifier))
            self.lines.append(f"{text}{_IDENTIFIER}{literal(str(identifier))} .\n")
            message = f"{identifier!r} is not an absolute IRI; the node is named {text}"
            self._values.note(f"{pointer}/@id", "bad-iri", message)
        return text

    def _link(self, identifier: object, pointer: str) -> str:
        """Give the term of ``{"@id": ...}``; an id that cannot be an IRI stays a string, with a note."""
        text = self._text(identifier, pointer)
        if text is None:
            self._values.note(pointer, "bad-iri", f"{identifier!r} is not an absolute IRI; it is kept as a string")
            return literal(str(identifier))
        return text

    def _text(self, identifier: object, pointer: str) -> str | None:
        if type(identifier) is not str:
            raise BadDocument(self._path, f"@id is {identifier!r}, which is not a string", f"{pointer}/@id")
        return self._links.known.get(identifier) or self._links.text(identifier, expanded=self._names.exact)

    def _literal(self, item: Any, prop: Property, subject: str, pointer: str) -> None:  # noqa: ANN401  JSON
        self._line(subject, prop, self._values.term(item, prop, pointer), pointer)
        if prop.kind == CITATION and type(item) is str and not self._names.raw:
            self.lines.extend(f"{subject}{_CITATION}<{iri}> .\n" for iri in citations(item))

    def _line(self, subject: str, prop: Property, term: str, pointer: str) -> None:
        if not prop.inverse:
            self.lines.append(f"{subject}{prop.text}{term} .\n")
        elif term.startswith("<"):
            self.lines.append(f"{term}{prop.text}{subject} .\n")
        else:
            message = f"{prop.local} read backwards needs a node; {term} is left out"
            self._values.note(pointer, "bad-inverse", message)
