"""How much of what a graph holds: counted once, when a snapshot is made, and kept in it as ``statistics.json``.

Counting takes seconds on a graph of a million statements, and a snapshot never changes. All counting is done by the
templates in ``queries/describe``; the same numbers come from any store.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Template

__all__ = ["Links", "Part", "PropertyUse", "Statistics", "count", "read"]

_TEMPLATES = (
    "describe/whole", "describe/graphs", "describe/entities", "describe/properties", "describe/properties-by-graph",
    "describe/links", "graph/classes", "graph/classes-by-graph",
)  # fmt: skip
_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class PropertyUse:
    """How a property is used: statements with it, different subjects and objects (VoID's property partition)."""

    triples: int
    subjects: int
    objects: int


@dataclass(frozen=True, slots=True)
class Part:
    """A named graph: its statements, different subjects and objects, and things that have a type.

    Parameters
    ----------
    classes
        Things of each class.
    properties
        Statements with each property.
    """

    triples: int
    subjects: int
    objects: int
    entities: int
    classes: Mapping[str, int]
    properties: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Links:
    """Links with one property between identifiers with two beginnings."""

    property: str
    subjects: str
    objects: str
    links: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The numbers of a whole graph and of each named graph, by IRI and in order.

    A triple that two named graphs state is one statement in each of them, so that the numbers of all graphs add up to
    those of the whole, and these to the lines of a dump. Subjects, objects and entities are counted once; a number is
    one object however it is written, as engines have it.
    """

    content_hash: str
    triples: int
    subjects: int
    objects: int
    entities: int
    classes: Mapping[str, int]
    properties: Mapping[str, PropertyUse]
    graphs: Mapping[str, Part]
    links: tuple[Links, ...]

    def to_json(self) -> bytes:
        """Write it; sorted keys, one trailing newline."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def count(store: Store, catalog: Mapping[str, Template], content_hash: str = "") -> Statistics:
    """Count what a store holds.

    Parameters
    ----------
    store
        Any store that may be asked by two threads.
    catalog
        The templates of ``queries/``.
    content_hash
        Of the snapshot that the store belongs to, or empty.

    Raises
    ------
    QueryError, EndpointError
        If the store cannot answer.
    """

    def rows(name: str) -> _Rows:
        template = catalog[name]
        return list(store.select(template.bind({}), template.types).rows)

    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="siibra-kg-count") as pool:
        found = dict(zip(_TEMPLATES, pool.map(rows, _TEMPLATES), strict=True))
    whole = found["describe/whole"][0] if found["describe/whole"] else (0, 0, 0, 0)
    triples, subjects, objects, entities = whole
    return Statistics(
        content_hash,
        triples,
        subjects,
        objects,
        entities,
        classes=dict(sorted(found["graph/classes"])),
        properties={p: PropertyUse(*counts) for p, *counts in found["describe/properties"]},
        graphs=_graphs(found),
        links=tuple(Links(*row) for row in found["describe/links"]),
    )


def _graphs(found: Mapping[str, _Rows]) -> dict[str, Part]:
    entities = {graph: number for graph, number in found["describe/entities"]}  # noqa: C416  rows are of any length
    classes: dict[str, dict[str, int]] = {}
    for kind, graph, number in found["graph/classes-by-graph"]:
        classes.setdefault(graph, {})[kind] = number
    properties: dict[str, dict[str, int]] = {}
    for graph, name, number in found["describe/properties-by-graph"]:
        properties.setdefault(graph, {})[name] = number
    return {
        graph: Part(
            triples, subjects, objects, entities.get(graph, 0), classes.get(graph, {}), properties.get(graph, {})
        )
        for graph, triples, subjects, objects in found["describe/graphs"]
    }


def read(path: Path, content_hash: str) -> Statistics | None:
    """Read a ``statistics.json``; gives nothing if there is none, or it is not of this content: then count again."""
    try:
        data = json.loads(path.read_bytes())
        if data["content_hash"] != content_hash:
            return None
        data["properties"] = {name: PropertyUse(**use) for name, use in data["properties"].items()}
        data["graphs"] = {graph: Part(**part) for graph, part in data["graphs"].items()}
        data["links"] = tuple(Links(**link) for link in data["links"])
        return Statistics(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
