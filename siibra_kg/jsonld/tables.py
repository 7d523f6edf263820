"""The tables of ``ontologies/normalise.json``: every name that the normaliser knows, and nothing else does.

The file is data: what openMINDS renamed between its generations, which strings are IRIs or dates, which embedded
nodes have a telling name. This module checks and freezes it; it decides nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.resources import folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["EmbeddedRule", "Tables"]


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EmbeddedRule:
    """How an embedded node of one type, reached by one property, gets a telling IRI.

    Parameters
    ----------
    type, property
        Local names in the latest vocabulary.
    folder
        First segment below ``id/``.
    key
        Properties whose linked ids become the next segments; ``"laterality"`` is joined to left, right, both or none.
    """

    type: str
    property: str
    folder: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """All names, frozen; local names unless said otherwise.

    Parameters
    ----------
    properties
        Old property -> latest property.
    inverses
        Old property -> latest property that says the same in the other direction.
    types
        Old type -> latest type.
    split_types
        Latest type (by default) -> folder of the instance -> the type that it has instead, for an old type that was
        split up.
    instances
        Old path below ``instances/`` -> latest path, exact.
    instance_folders
        Old first segment of such a path -> latest first segment.
    lift
        Latest property, or full IRI of another vocabulary -> what its strings are, in the words of ``names.KINDS``.
    embedded
        Rules for embedded nodes.
    known_properties, known_types
        Every name that any generation of the schemas has, plus those that the instance library itself uses.
    obsolete_properties, obsolete_types
        Names that the latest schemas dropped without a successor of the same shape; they are kept as they are.
    early_types
        Types that only versions 1 and 2 of the schemas had.
    property_namespaces, type_namespaces, instance_namespaces
        Full IRIs; the last one is the latest.
    contexts
        URL -> JSON-LD context that stands in for the remote one.
    """

    properties: Mapping[str, str] = field(default_factory=_empty)
    inverses: Mapping[str, str] = field(default_factory=_empty)
    types: Mapping[str, str] = field(default_factory=_empty)
    split_types: Mapping[str, Mapping[str, str]] = field(default_factory=_empty)
    instances: Mapping[str, str] = field(default_factory=_empty)
    instance_folders: Mapping[str, str] = field(default_factory=_empty)
    lift: Mapping[str, str] = field(default_factory=_empty)
    embedded: Mapping[tuple[str, str], EmbeddedRule] = field(default_factory=_empty)
    known_properties: frozenset[str] = frozenset()
    known_types: frozenset[str] = frozenset()
    obsolete_properties: frozenset[str] = frozenset()
    obsolete_types: frozenset[str] = frozenset()
    early_types: frozenset[str] = frozenset()
    property_namespaces: tuple[str, ...] = ()
    type_namespaces: tuple[str, ...] = ()
    instance_namespaces: tuple[str, ...] = ()
    contexts: Mapping[str, Any] = field(default_factory=_empty)

    @classmethod
    def load(cls, path: Path | None = None) -> Tables:
        """Read the tables from a file; by default the one that comes with the package."""
        where = folder("ontologies") / "normalise.json" if path is None else path
        return cls.from_json(json.loads(where.read_text("utf-8")))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tables:
        """Freeze the parsed content of ``normalise.json``."""
        renamed, lift, names = data["rename"], data["lift"], data["namespaces"]
        rules = (EmbeddedRule(r["type"], r["property"], r["folder"], tuple(r.get("key", ()))) for r in data["embedded"])
        return cls(
            properties=MappingProxyType(renamed["properties"]),
            inverses=MappingProxyType(renamed["inverses"]),
            types=MappingProxyType(renamed["types"]),
            split_types=MappingProxyType(renamed["split types"]),
            instances=MappingProxyType(renamed["instances"]),
            instance_folders=MappingProxyType(renamed["instance folders"]),
            lift=MappingProxyType({name: kind for kind, members in lift.items() for name in members}),
            embedded=MappingProxyType({(r.type, r.property): r for r in rules}),
            known_properties=frozenset(data["known"]["properties"]),
            known_types=frozenset(data["known"]["types"]),
            obsolete_properties=frozenset(data["known"]["obsolete properties"]),
            obsolete_types=frozenset(data["known"]["obsolete types"]),
            early_types=frozenset(data["known"]["types of versions 1 and 2 only"]),
            property_namespaces=tuple(names["properties"]),
            type_namespaces=tuple(names["types"]),
            instance_namespaces=tuple(names["instances"]),
            contexts=MappingProxyType(data["contexts"]),
        )

    def type_code(self, old: str, new: str) -> str:
        """Give the code of the note that a type deserves, or an empty string."""
        if old in self.early_types:
            return "early-type"
        if new in self.obsolete_types:
            return "obsolete-type"
        return "" if new in self.known_types else "unknown-type"
