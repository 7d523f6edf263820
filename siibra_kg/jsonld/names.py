"""Names under one ``@vocab``: each JSON key, type and id is looked up in the tables once and then remembered.

A :class:`Names` belongs to one converter. It grows with the distinct names that it meets, up to a limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from siibra_kg.jsonld.iris import is_absolute_iri
from siibra_kg.vocab import NAMESPACES, OM, OMI, OMT, kebab

if TYPE_CHECKING:
    from siibra_kg.jsonld.tables import Tables

__all__ = ["KINDS", "MOST", "SKIP", "TEXT", "Exotic", "Kind", "Links", "Names", "Property", "segment"]

# What to do with the strings of a property.
SKIP, TEXT, NAME, IRI, MAYBE_IRI, DATE, NUMBER, CITATION = range(8)
#: Words of ``normalise.json`` -> the constants above.
KINDS = {
    "name": NAME,
    "iri": IRI,
    "iri where it is one": MAYBE_IRI,
    "date": DATE,
    "number": NUMBER,
    "citation": CITATION,
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_SIMPLE = re.compile(r"[\w.~-]*\Z", re.ASCII)
#: Names that one memory keeps; a hostile document must not fill the machine.
MOST = 500_000


class Exotic(Exception):
    """A signal inside this package: the document says something that the direct way leaves to a JSON-LD processor."""


@dataclass(frozen=True, slots=True)
class Property:
    """One JSON key, resolved.

    Parameters
    ----------
    iri
        In the latest vocabulary.
    local
        Last part of it.
    text
        Ready for a line: a space, the IRI in angle brackets, a space.
    kind
        One of the constants of this module.
    inverse
        The statement is about the value: subject and object change places.
    code
        Code of the note that each use deserves, or empty.
    """

    iri: str
    local: str
    text: str
    kind: int
    inverse: bool = False
    code: str = ""


class Kind(NamedTuple):
    """One ``@type``, resolved: IRI and local name in the latest vocabulary, its word for IRIs, code of a note."""

    iri: str
    local: str
    word: str
    code: str


class Names:
    """Resolves keys and types under one ``@vocab``; ``None`` means that all keys are full IRIs.

    Parameters
    ----------
    vocab
        The namespace that all keys belong to.
    tables
        What is renamed to what, and which strings are lifted.
    raw
        Leave every name and every string as it is.
    """

    __slots__ = ("_keys", "_tables", "_vocab", "exact", "kinds", "properties", "raw")

    def __init__(self, vocab: str | None, tables: Tables, *, raw: bool = False) -> None:
        self._vocab = vocab
        self._tables = tables
        self.raw = raw
        self.exact = vocab is None  # expanded by a JSON-LD processor, with integers of any size
        self.properties = {key: Property("", "", "", SKIP) for key in ("@id", "@type")}
        self.kinds: dict[str, Kind] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def property(self, key: str) -> Property:
        """Resolve a key that has not been met before."""
        if self._vocab is None:
            reverse = key.startswith("^")  # how the general path marks an @reverse statement
            found = self._resolve(key[1:] if reverse else key)
            found = replace(found, inverse=not found.inverse) if reverse else found
        elif "://" in key and key[:1] not in ":@_":
            # A whole IRI among short names, as the EBRAINS Knowledge Graph writes its own: no context changes it.
            found = self._resolve(key)
        elif ":" in key or "@" in key[:1] or not key:
            raise Exotic(key)
        else:
            found = self._resolve(self._vocab + key)
        if len(self.properties) < MOST:
            self.properties[key] = found
        return found

    def _resolve(self, full: str) -> Property:
        tables = self._tables
        local = "" if self.raw else below(full, tables.property_namespaces)
        if not local:
            iri, code = _repaired(full, "bad-property")
            kind = TEXT if self.raw else KINDS.get(tables.lift.get(full, ""), TEXT)
            return Property(iri, segment(iri), f" <{iri}> ", kind if iri else SKIP, code=code)
        new = tables.inverses.get(local) or tables.properties.get(local, local)
        iri, code = _repaired(OM + new, "bad-property")
        if not code and new in tables.obsolete_properties:
            code = "obsolete-property"
        elif not code and new not in tables.known_properties:
            code = "unknown-property"
        kind = KINDS.get(tables.lift.get(new, ""), TEXT)
        return Property(iri, iri[len(OM) :], f" <{iri}> ", kind, local in tables.inverses, code)

    def kind(self, text: str) -> Kind:
        """Resolve a type that has not been met before."""
        if ":" not in text and not self.exact:
            raise Exotic(text)
        tables = self._tables
        local = "" if self.raw else below(text, tables.type_namespaces)
        if not local:
            iri, code = _repaired(text, "bad-type")
            found = Kind(iri, segment(iri), _word(segment(iri)), code)
        else:
            new = tables.types.get(local, local)
            iri, code = _repaired(OMT + new, "bad-type")
            if not code:
                code = tables.type_code(local, new)
            found = Kind(iri, iri[len(OMT) :], _word(iri[len(OMT) :]), code)
        if len(self.kinds) < MOST:
            self.kinds[text] = found
        return found

    def keys(self, local: str) -> tuple[str, ...]:
        """Give the JSON keys that can stand for an openMINDS property of the latest vocabulary."""
        found = self._keys.get(local)
        if found is None:
            old = [key for key, new in self._tables.properties.items() if new == local]
            spaces = self._tables.property_namespaces if self._vocab is None else ("",)
            found = self._keys[local] = tuple(space + name for space in spaces for name in (local, *old))
        return found


class Links:
    """Ids to N-Triples text, remembered: old instance paths become the latest ones."""

    __slots__ = ("_raw", "_tables", "known", "segments")

    def __init__(self, tables: Tables, *, raw: bool = False) -> None:
        self._tables = tables
        self._raw = raw
        self.known: dict[str, str] = {}
        self.segments: dict[str, str] = {}

    def text(self, identifier: str, *, expanded: bool) -> str | None:
        """Give ``<iri>``, or ``None`` where the text is not an absolute IRI and cannot become one.

        Raises
        ------
        Exotic
            For a blank node label or a relative reference, whose meaning depends on the document, unless a JSON-LD
            processor has settled that already.
        """
        iri = self.resolve(identifier)
        if iri is None:
            if not expanded and (identifier.startswith("_:") or ":" not in identifier):
                raise Exotic(identifier)
            return None
        if len(self.known) >= MOST:
            self.known.clear()
        self.known[identifier] = found = f"<{iri}>"
        return found

    def resolve(self, identifier: str) -> str | None:
        """Give the latest IRI of an id; a bare UUID belongs to the EBRAINS Knowledge Graph."""
        if not self._raw:
            if ":" not in identifier and _UUID.match(identifier):
                return NAMESPACES["kg"] + identifier.lower()
            identifier = self._latest(identifier)
        return identifier if is_absolute_iri(identifier) else None

    def segment(self, identifier: str) -> str:
        """Give the last segment of an id, fit for an IRI."""
        found = self.segments.get(identifier)
        if found is None:
            if len(self.segments) >= MOST:
                self.segments.clear()
            found = self.segments[identifier] = segment(identifier)
        return found

    def _latest(self, iri: str) -> str:
        path = below(iri, self._tables.instance_namespaces)
        if not path:
            return iri
        exact = self._tables.instances.get(path)
        if exact is not None:
            return OMI + exact
        first, slash, rest = path.partition("/")
        return OMI + self._tables.instance_folders.get(first, first) + slash + rest


def below(iri: str, namespaces: tuple[str, ...]) -> str:
    """Give the part of an IRI below the first namespace that fits; empty where none fits."""
    for namespace in namespaces:
        if iri.startswith(namespace):
            return iri[len(namespace) :]
    return ""


def segment(iri: str) -> str:
    """Give the last segment of an IRI, percent-encoded where it has to be."""
    iri = iri.rstrip("/#")
    last = iri[max(iri.rfind("/"), iri.rfind("#")) + 1 :]
    return last if _SIMPLE.match(last) else quote(last, safe="~!$&'()*+,;=:@%")


def _word(local: str) -> str:
    """Give the word that IRIs use for a type."""
    return re.sub(r"[^a-z0-9-]+", "-", kebab(local)).strip("-")


def _repaired(iri: str, code: str) -> tuple[str, str]:
    """Percent-encode what may not stand in an IRI; the code tells that this was needed. Empty if nothing helps."""
    if is_absolute_iri(iri):
        return iri, ""
    encoded = quote(iri, safe=":/#?&=+,;@!~*'()$")
    return (encoded if is_absolute_iri(encoded) else ""), code
