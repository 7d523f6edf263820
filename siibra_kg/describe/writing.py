"""Collecting the triples of a description, and writing them in the forms that clients ask for."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from siibra_kg.stores.serialise import triples_to_text
from siibra_kg.terms import IRI, Literal, Triple, contract, to_sparql
from siibra_kg.vocab import NAMESPACES, RDF_TYPE, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siibra_kg.terms import Term

__all__ = ["FORMS", "Writer", "fragment", "integer", "written"]

#: Short name of a form (also its suffix) -> media type.
FORMS = {"ttl": "text/turtle", "jsonld": "application/ld+json", "nt": "application/n-triples"}

#: Prefixes that any JSON-LD processor takes as such: their namespaces end in a delimiter.
_PREFIXES = {p: n for p, n in NAMESPACES.items() if n.endswith(("/", "#"))}


def fragment(*parts: str) -> str:
    """Give a short name for something that has no name of its own; the same parts always give the same name."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def integer(number: int, datatype: str = "integer") -> Literal:
    """Give a number as a literal."""
    return Literal(str(number), XSD + datatype)


class Writer:
    """Collects triples, each once; properties and classes are given as CURIEs or IRIs."""

    def __init__(self) -> None:
        self._triples: dict[Triple, None] = {}

    def add(self, subject: IRI, predicate: str, *values: Term | None) -> None:
        """Say something; ``None`` says nothing."""
        for value in values:
            if value is not None:
                self._triples[Triple(subject, full(predicate), value)] = None

    def thing(self, subject: IRI, *types: str) -> IRI:
        """Give a node its types, and give it back."""
        self.add(subject, RDF_TYPE, *(full(t) for t in types))
        return subject

    def text(self, subject: IRI, predicate: str, text: str | None, language: str | None = None) -> None:
        """Say something in words, if there are any."""
        if text:
            self.add(subject, predicate, Literal(text, language=language))

    def __iter__(self) -> Iterator[Triple]:
        return iter(self._triples)

    def __len__(self) -> int:
        return len(self._triples)


def full(name: str) -> IRI:
    """Expand a CURIE of ours; anything else is an IRI already."""
    prefix, _, local = name.partition(":")
    return IRI(NAMESPACES[prefix] + local) if prefix in NAMESPACES and not local.startswith("//") else IRI(name)


def written(triples: Iterable[Triple], form: str) -> bytes:
    """Write triples, sorted, so that the same triples give the same bytes.

    Parameters
    ----------
    triples
        What to write; no blank nodes.
    form
        ``ttl``, ``nt`` or ``jsonld``.
    """
    if form == "ttl":
        return triples_to_text(triples)
    lines = sorted({" ".join(map(to_sparql, triple)) + " .\n": triple for triple in triples}.items())
    if form == "nt":
        return "".join(line for line, _ in lines).encode()
    return _jsonld(triple for _, triple in lines)


def _jsonld(triples: Iterable[Triple]) -> bytes:
    """Write flat JSON-LD: one object for each subject; properties and types are CURIEs."""
    nodes: dict[str, dict[str, Any]] = {}
    used: set[str] = set()

    def short(iri: str) -> str:
        curie = contract(iri, _PREFIXES)
        if curie != iri:
            used.add(curie.partition(":")[0])
        return curie

    for subject, predicate, value in triples:
        node = nodes.setdefault(subject, {"@id": str(subject)})
        if predicate == RDF_TYPE:
            node.setdefault("@type", []).append(short(str(value)))
        else:
            node.setdefault(short(predicate), []).append(_value(value))
    document = {"@context": {p: _PREFIXES[p] for p in sorted(used)}, "@graph": list(nodes.values())}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _value(value: Term) -> dict[str, str]:
    if not isinstance(value, Literal):
        return {"@id": str(value)}
    if value.language is not None:
        return {"@value": value.value, "@language": value.language}
    return {"@value": value.value} | ({} if value.datatype == XSD + "string" else {"@type": value.datatype})
