"""Names for nodes that have none: deterministic IRIs made of the parent, the property and the content.

Where a node stands in a list never counts. The rules are on the page docs/data-model.md; what they need to know
of openMINDS is in ``ontologies/normalise.json``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from siibra_kg.jsonld.names import SKIP
from siibra_kg.vocab import OMI, kebab

if TYPE_CHECKING:
    from siibra_kg.jsonld.emit import Emitter
    from siibra_kg.jsonld.names import Property
    from siibra_kg.jsonld.tables import EmbeddedRule, Tables

__all__ = ["Namer"]

_SEGMENT = re.compile(r"[/#]")
_SAFE = "~!$&'()*+,;=:@"
_LIBRARIES = (OMI, "https://kg.ebrains.eu/api/instances/")


class Namer:
    """Names the nodes without an id in one document."""

    __slots__ = ("_emitter", "_ids", "_rules", "_used")

    def __init__(self, base_iri: str, tables: Tables, emitter: Emitter) -> None:
        self._ids = base_iri + "id/"
        self._rules = tables.embedded
        self._emitter = emitter

    def alone(self, node: dict[str, Any]) -> str:
        """Name a node that has neither an id nor a parent."""
        return f"<{self._ids}{kebab(self._type(node)) or 'node'}/{self._digest(node)}>"

    def invalid(self, identifier: str) -> str:
        """Name a node whose id cannot be an IRI."""
        return f"<{self._ids}invalid/{_sha(identifier.encode('utf-8', 'surrogatepass'))}>"

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
            ``<iri>`` for each node. The same set of nodes gives the same set of IRIs in every order.
        """
        place = self._place(parent[1:-1])
        names = [self._telling(node, prop, place) for node in nodes]
        shared = {name for name, count in Counter(names).items() if count > 1}
        if shared or not all(names):
            names = [
                name if name and name not in shared else self._hashed(node, prop, place)
                for name, node in zip(names, nodes, strict=True)
            ]
            names = _numbered(names)
        return [f"<{name}>" for name in names]

    def cells(self, items: list[Any], prop: Property, parent: str) -> list[str]:
        """Name the cells of an ordered list: here, and only here, the position is content."""
        if not items:
            return []
        said = {"@list": [self._said(item, prop) for item in items]}
        name = prop.local or quote(_SEGMENT.split(prop.iri)[-1], safe=_SAFE)
        digest = _sha(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
        start = f"{self._ids}list/{self._place(parent[1:-1])}/{name}/{digest}"
        return [f"<{start}/{i}>" for i in range(len(items))]

    def _place(self, parent: str) -> str:
        """Give the part of an IRI that stands for the parent: below ``id/``, or the last segment."""
        if parent.startswith(self._ids):
            return parent[len(self._ids) :]
        last = quote(_SEGMENT.split(parent)[-1], safe=_SAFE) if parent else ""
        # Outside the two libraries the last segment alone could name two parents.
        return last if parent.startswith(_LIBRARIES) else f"{last}-{_sha(parent.encode())[:8]}"

    def _telling(self, node: dict[str, Any], prop: Property, place: str) -> str:
        rule = self._rules.get((self._type(node), prop.local))
        if rule is None:
            return ""
        return "/".join([self._ids + rule.folder, place, *self._segments(node, rule)])

    def _segments(self, node: dict[str, Any], rule: EmbeddedRule) -> list[str]:
        out = []
        for name in rule.key:
            ids = sorted({_SEGMENT.split(i)[-1] for i in self._linked(node, name)})
            if name == "laterality":
                out.append("both" if ids == ["left", "right"] else "-".join(ids) or "none")
            elif ids:
                out.append("-".join(ids))
        return [quote(segment, safe=_SAFE) for segment in out]

    def _linked(self, node: dict[str, Any], local: str) -> list[str]:
        known = self._emitter.properties
        out = []
        for key, value in node.items():
            if value is not None and (known.get(key) or self._emitter.property(key)).local == local:
                items = value if type(value) is list else [value]
                out += [item["@id"] for item in items if type(item) is dict and type(item.get("@id")) is str]
        return out

    def _hashed(self, node: dict[str, Any], prop: Property, place: str) -> str:
        word = kebab(self._type(node)) or "node"
        name = prop.local or quote(_SEGMENT.split(prop.iri)[-1], safe=_SAFE)
        return f"{self._ids}{word}/{place}/{name}/{self._digest(node)}"

    def _type(self, node: dict[str, Any]) -> str:
        kinds = node.get("@type")
        if type(kinds) is list:
            return min((self._emitter.type_name(k) for k in kinds if type(k) is str), default="")
        return self._emitter.type_name(kinds) if type(kinds) is str else ""

    def _digest(self, node: dict[str, Any]) -> str:
        return _sha(orjson.dumps(self._canonical(node), option=orjson.OPT_SORT_KEYS))

    def _canonical(self, node: dict[str, Any]) -> dict[str, Any]:
        """Say what a node says, in one way: latest IRIs as keys, sorted lists of N-Triples terms and nodes."""
        emitter = self._emitter
        out: dict[str, list[Any]] = {}
        kinds = node.get("@type")
        if kinds is not None:
            out["@type"] = sorted(emitter.type_iri(k) for k in (kinds if type(kinds) is list else [kinds]))
        for key, value in node.items():
            if value is None:
                continue
            prop = emitter.properties.get(key) or emitter.property(key)
            if prop.kind == SKIP:
                continue
            items = value if type(value) is list else [value]
            said = [self._said(item, prop) for item in items if item is not None]
            if said:
                out.setdefault(("^" if prop.inverse else "") + prop.iri, []).extend(said)
        return {key: _sorted(values) for key, values in out.items()}

    def _said(self, item: Any, prop: Property) -> Any:
        if type(item) is not dict:
            return self._emitter.term(item, prop, None)
        if "@value" in item:
            return self._emitter.value(item)
        if "@list" in item:
            return {"@list": [self._said(member, prop) for member in item["@list"]]}
        if "@id" in item:
            return self._emitter.named(item["@id"])
        return self._canonical(item)


def _sorted(values: list[Any]) -> list[Any]:
    if len(values) < 2:
        return values
    return sorted(values, key=lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


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
