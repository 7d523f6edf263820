"""Names for nodes that have none: deterministic IRIs made of the parent, the property and the content.

Where a node stands in a list never counts. The rules are on the page docs/data-model.md; what they need to know
of openMINDS is in ``ontologies/normalise.json``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.jsonld.names import SKIP, Exotic
from siibra_kg.nt import literal
from siibra_kg.vocab import NAMESPACES, OMI

if TYPE_CHECKING:
    from siibra_kg.jsonld.names import Links, Names, Property
    from siibra_kg.jsonld.tables import EmbeddedRule, Tables
    from siibra_kg.jsonld.values import Values

__all__ = ["Namer"]

# Inside these, the last segment of an IRI names one thing; elsewhere two parents could share it.
_LIBRARIES = (OMI, "https://openminds.ebrains.eu/instances/", NAMESPACES["kg"])


class Namer:
    """Names the nodes without an id of one document."""

    __slots__ = ("_ids", "_links", "_names", "_rules", "_values")

    def __init__(self, base_iri: str, tables: Tables, names: Names, links: Links, values: Values) -> None:
        self._ids = base_iri + "id/"
        self._rules = tables.embedded
        self._names = names
        self._links = links
        self._values = values

    def alone(self, node: dict[str, Any]) -> str:
        """Name a node that has neither an id nor a parent; two that say the same are one."""
        return f"<{self._ids}{self._word(node)}/{self._digest(node)}>"

    def invalid(self, identifier: str) -> str:
        """Name a node whose id cannot be an IRI."""
        return f"<{self._ids}invalid/{_sha(identifier.encode())}>"

    def embedded(self, nodes: list[dict[str, Any]], prop: Property, parent: str) -> list[str]:
        """Name the nodes that one property of one parent holds.

        Parameters
        ----------
        nodes
            The embedded nodes, in any order.
        prop
            The property.
        parent
            Subject text of the parent.

        Returns
        -------
        list of str
            ``<iri>`` for each node. The same set of nodes gets the same set of IRIs in every order.
        """
        place = self._place(parent[1:-1])
        names = [self._telling(node, prop, place) for node in nodes]
        if len(set(names)) == len(names) and all(names):
            return [f"<{name}>" for name in names]
        shared = {name for name, count in Counter(names).items() if count > 1 or not name}
        names = [
            self._hashed(node, prop, place) if name in shared else name for name, node in zip(names, nodes, strict=True)
        ]
        return [f"<{name}>" for name in _numbered(names)]

    def cells(self, items: list[Any], prop: Property, parent: str) -> list[str]:
        """Name the cells of an ordered list by the content of the whole list and their position."""
        if not self._names.exact:
            raise Exotic(items)
        if not items:
            return []
        said = _dumps({"@list": [self._said(item, prop) for item in items]})
        start = f"{self._ids}list/{self._place(parent[1:-1])}/{prop.local or 'list'}/{_sha(said)}"
        return [f"<{start}/{i}>" for i in range(len(items))]

    def _place(self, parent: str) -> str:
        """Give the part of an IRI that stands for the parent: what is below ``id/``, or the last segment."""
        if parent.startswith(self._ids):
            return parent[len(self._ids) :]
        last = self._links.segment(parent)
        return last if parent.startswith(_LIBRARIES) else f"{last}-{_sha(parent.encode())[:8]}"

    def _telling(self, node: dict[str, Any], prop: Property, place: str) -> str:
        kinds = node.get("@type")
        if type(kinds) is list and len(kinds) == 1:
            kinds = kinds[0]
        if type(kinds) is not str:
            return ""
        kind = self._names.kinds.get(kinds) or self._names.kind(kinds)
        rule = self._rules.get((kind.local, prop.local))
        return "" if rule is None else f"{self._ids}{rule.folder}/{place}{self._key(node, rule)}"

    def _key(self, node: dict[str, Any], rule: EmbeddedRule) -> str:
        out = ""
        for local in rule.key:
            ends = self._ends(node, local)
            if local == "laterality":
                out += "/both" if ends == ["left", "right"] else "/" + ("-".join(ends) or "none")
            elif ends:
                out += "/" + "-".join(ends)
        return out

    def _ends(self, node: dict[str, Any], local: str) -> list[str]:
        """Give the last segments of the ids that a property links to, sorted."""
        ends: set[str] = set()
        for key in self._names.keys(local):
            value = node.get(key)
            if value is not None:
                for item in value if type(value) is list else (value,):
                    if type(item) is dict and type(identifier := item.get("@id")) is str:
                        ends.add(self._links.segment(identifier))
        return sorted(ends)

    def _hashed(self, node: dict[str, Any], prop: Property, place: str) -> str:
        return f"{self._ids}{self._word(node)}/{place}/{prop.local or 'value'}/{self._digest(node)}"

    def _word(self, node: dict[str, Any]) -> str:
        kinds = node.get("@type")
        words = [
            (self._names.kinds.get(kind) or self._names.kind(kind)).word
            for kind in (kinds if type(kinds) is list else (kinds,))
            if type(kind) is str
        ]
        return min(words, default="") or "node"

    def _digest(self, node: dict[str, Any]) -> str:
        return _sha(_dumps(self._canonical(node)))

    def _canonical(self, node: dict[str, Any]) -> dict[str, Any]:
        """Say what a node says, in one way: latest IRIs as keys, sorted lists of N-Triples terms and nodes."""
        known = self._names.properties
        out: dict[str, list[Any]] = {}
        for key, value in node.items():
            if value is None:
                continue
            if key == "@type":
                kinds = value if type(value) is list else (value,)
                out[key] = [(self._names.kinds.get(k) or self._names.kind(k)).iri for k in kinds if type(k) is str]
                continue
            prop = known.get(key) or self._names.property(key)
            if prop.kind == SKIP:
                continue
            items = value if type(value) is list else (value,)
            said = [self._said(item, prop) for item in items if item is not None]
            if said:
                out.setdefault(("^" if prop.inverse else "") + prop.iri, []).extend(said)
        return {key: values if len(values) < 2 else sorted(values, key=_dumps) for key, values in out.items()}

    def _said(self, item: Any, prop: Property) -> Any:  # noqa: ANN401  JSON
        if type(item) is not dict:
            return self._values.term(item, prop, None)
        if "@value" in item:
            return self._values.value(item, None)
        if "@list" in item:
            if not self._names.exact:
                raise Exotic(item)
            return {"@list": [self._said(member, prop) for member in item["@list"]]}
        if "@id" in item:
            identifier = str(item["@id"])
            known = self._links.known.get(identifier)
            return known or self._links.text(identifier, expanded=self._names.exact) or literal(identifier)
        return self._canonical(item)


def _dumps(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _numbered(names: list[str]) -> list[str]:
    """Tell equal nodes apart by their number: three equal coordinates are three nodes, in whatever order."""
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return out


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
