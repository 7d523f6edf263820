"""Names under one ``@vocab``: each JSON key, type and id is looked up in the tables once and then remembered.

A :class:`Names` belongs to one converter. It grows with the distinct names it meets, never with the documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from siibra_kg.terms import is_iri
from siibra_kg.vocab import OM, OMI, OMT

if TYPE_CHECKING:
    from siibra_kg.jsonld.tables import Tables

__all__ = ["CITATION", "DATE", "IDENTIFIER", "IRI", "NAME", "SKIP", "TEXT", "Exotic", "Links", "Names", "Property"]

# What to do with the strings of a property.
SKIP, TEXT, NAME, IRI, DATE, CITATION, IDENTIFIER = range(7)
_KINDS = {"iri": IRI, "date": DATE, "citation": CITATION}
_SCHEMA_IDENTIFIER = frozenset({"http://schema.org/identifier", "https://schema.org/identifier"})
_KEYWORDS_FIRST = frozenset({"@context", "@id", "@type"})
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
KG = "https://kg.ebrains.eu/api/instances/"
_MOST = 1_000_000


class Exotic(Exception):  # noqa: N818  a signal between two paths, never seen by a caller
    """This document says something that the direct path leaves to a JSON-LD processor."""


@dataclass(frozen=True, slots=True)
class Property:
    """One JSON key, resolved.

    Parameters
    ----------
    iri
        In the latest vocabulary.
    local
        Local name where the property is an openMINDS one, else empty.
    text
        Ready for a line: a space, the IRI in angle brackets, a space.
    kind
        One of the constants of this module.
    inverse
        The statement is about the value: subject and object change places.
    renamed_to
        The key that the latest vocabulary uses, if it is another.
    code
        Code of the note that each use deserves, or empty.
    """

    iri: str
    local: str
    text: str
    kind: int
    inverse: bool = False
    renamed_to: str = ""
    code: str = ""


class Names:
    """Resolves keys and types under one ``@vocab``; ``None`` means that all keys are full IRIs."""

    __slots__ = ("_tables", "_vocab", "exact", "properties", "raw", "types")

    def __init__(self, vocab: str | None, tables: Tables, *, raw: bool = False) -> None:
        self._vocab = vocab
        self._tables = tables
        self.raw = raw
        self.exact = vocab is None  # integers above 2**53 come as they were written
        skip = Property("", "", "", SKIP)
        self.properties: dict[str, Property] = {k: skip for k in _KEYWORDS_FIRST}
        self.types: dict[str, tuple[str, str, str]] = {}

    def property(self, key: str) -> Property:
        """Resolve a key that has not been met before."""
        if self._vocab is not None and (":" in key or key.startswith("@") or not key):
            raise Exotic(key)
        found = self._resolve((self._vocab or "") + key) if key[:1] != "^" else self._reverse(key[1:])
        if len(self.properties) < _MOST:
            self.properties[key] = found
        return found

    def _reverse(self, full: str) -> Property:
        """Resolve the key of an ``@reverse`` statement, which the general path marks with a caret."""
        forward = self.properties.get(full) or self._resolve(full)
        return replace(forward, inverse=not forward.inverse)

    def _resolve(self, full: str) -> Property:
        tables = self._tables
        local = _below(full, tables.property_namespaces)
        if not local or self.raw:
            code = ""
            if not is_iri(full):
                full, code = quote(full, safe=":/#?&=%+,;@!~*'()[]$"), "bad-property"
            kind = IDENTIFIER if full in _SCHEMA_IDENTIFIER and not self.raw else TEXT
            return Property(full, "", f" <{full}> ", kind, code=code)
        new = tables.inverses.get(local) or tables.properties.get(local, local)
        code = "" if new in tables.known_properties else "unknown-property"
        if new in tables.obsolete_properties:
            code = "obsolete-property"
        kind = _KINDS.get(tables.lift.get(new, ""), NAME if new in tables.clean else TEXT)
        iri = OM + new
        if not is_iri(iri):
            iri, code = OM + quote(new, safe=""), "bad-property"
        inverse = local in tables.inverses
        return Property(iri, new, f" <{iri}> ", kind, inverse, new if new != local else "", code)

    def type(self, text: str) -> tuple[str, str, str]:
        """Resolve a type that has not been met before: its IRI, its local name, the code of a note or empty."""
        if ":" not in text:
            raise Exotic(text)
        tables = self._tables
        local = _below(text, tables.type_namespaces)
        if self.raw or not local:
            found = (text, re.split(r"[/#:]", text)[-1], "" if is_iri(text) else "bad-type")
        else:
            new = tables.types.get(local, local)
            code = "" if new in tables.known_types else "unknown-type"
            if local in tables.early_types:
                code = "early-type"
            elif new in tables.obsolete_types:
                code = "obsolete-type"
            found = (OMT + new, new, code if is_iri(OMT + new) else "bad-type")
        if len(self.types) < _MOST:
            self.types[text] = found
        return found


class Links:
    """Ids to N-Triples text, remembered: old instance paths become the latest ones."""

    __slots__ = ("_raw", "_tables", "known")

    def __init__(self, tables: Tables, *, raw: bool = False) -> None:
        self._tables = tables
        self._raw = raw
        self.known: dict[str, str] = {}

    def text(self, identifier: str) -> str | None:
        """Give ``<iri>``, or ``None`` where the text is not an absolute IRI and cannot become one."""
        if identifier.startswith("_:"):
            raise Exotic(identifier)
        iri = self.resolve(identifier)
        if iri is None:
            return None
        if len(self.known) >= _MOST:
            self.known.clear()
        self.known[identifier] = found = f"<{iri}>"
        return found

    def resolve(self, identifier: str) -> str | None:
        """Give the latest IRI of an id; a bare UUID belongs to the EBRAINS Knowledge Graph."""
        if not self._raw:
            if _UUID.match(identifier):
                return KG + identifier.lower()
            identifier = self._latest(identifier)
        return identifier if is_iri(identifier) else None

    def _latest(self, iri: str) -> str:
        tables = self._tables
        path = _below(iri, tables.instance_namespaces)
        if not path:
            return iri
        if (exact := tables.instances.get(path)) is not None:
            return OMI + exact
        first, slash, rest = path.partition("/")
        return OMI + tables.instance_folders.get(first, first) + slash + rest


def _below(iri: str, namespaces: tuple[str, ...]) -> str:
    """Give the part below the first namespace that fits, without a module folder; empty where none fits."""
    for namespace in namespaces:
        if iri.startswith(namespace):
            return iri[len(namespace) :]
    return ""
