"""What two sources of openMINDS documents say differently, node by node and property by property."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.sources.protocol import Source

__all__ = ["Change", "Differences", "compare"]

_KEYS = frozenset({"@context", "@id"})


@dataclass(frozen=True, slots=True)
class Change:
    """One property of one node that two sources state differently; values as canonical JSON, sorted, none if absent."""

    id: str
    type: str
    property: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """What two sources say differently.

    Parameters
    ----------
    only_left, only_right
        Pairs of type (local name) and node, sorted, that only one of the two has.
    changes
        Nodes that both have, with other values; sorted by node and property.
    same
        How many nodes are equal.
    """

    only_left: tuple[tuple[str, str], ...]
    only_right: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    same: int

    def nodes_by_type(self, side: str) -> dict[str, int]:
        """Count the nodes of each type that only the ``"left"`` or only the ``"right"`` source has."""
        pairs = {"left": self.only_left, "right": self.only_right}[side]
        return dict(sorted(Counter(kind for kind, _ in pairs).items()))

    def changes_by_property(self) -> dict[tuple[str, str], int]:
        """Count the changed values of each type and property."""
        return dict(sorted(Counter((change.type, change.property) for change in self.changes).items()))


def compare(left: Source, right: Source) -> Differences:
    """Compare two sources of openMINDS JSON-LD with one node in each document.

    What means the same in JSON-LD counts as the same: a value and a list of it alone, lists in another order, and a
    null, an empty list or nothing. Text is compared exactly.

    Raises
    ------
    SourceError
        If a document is not one JSON object with an ``@id``, or a source has a node twice with different content.
    """
    ours, theirs = _nodes(left), _nodes(right)
    changes = []
    both = sorted(ours.keys() & theirs.keys())
    for node in both:
        mine, other = ours[node], theirs[node]
        changes += [
            Change(node, _local(mine), name, mine.get(name, ()), other.get(name, ()))
            for name in sorted(mine.keys() | other.keys())
            if mine.get(name) != other.get(name)
        ]
    return Differences(
        tuple(sorted((_local(ours[node]), node) for node in ours.keys() - theirs.keys())),
        tuple(sorted((_local(theirs[node]), node) for node in theirs.keys() - ours.keys())),
        tuple(changes),
        len(both) - len({change.id for change in changes}),
    )


def _nodes(source: Source) -> dict[str, dict[str, tuple[str, ...]]]:
    nodes: dict[str, dict[str, tuple[str, ...]]] = {}
    for document in source.documents():
        try:
            node = json.loads(document.data)
        except ValueError as error:
            raise SourceError(source.name, f"{document.path} is not JSON ({error})") from error
        if not isinstance(node, dict) or not isinstance(node.get("@id"), str):
            raise SourceError(source.name, f"{document.path} is not one node with an @id")
        stated = {key: values for key, value in node.items() if key not in _KEYS and (values := _values(value))}
        # The openMINDS archive has one node in two files, with the same content (see docs/openminds-sources.md).
        if nodes.setdefault(node["@id"], stated) != stated:
            raise SourceError(source.name, f"{document.path}: {node['@id']} occurs twice, with different content")
    return nodes


def _values(value: Any) -> tuple[str, ...]:  # noqa: ANN401  any JSON
    items = value if isinstance(value, list) else [value]
    return tuple(
        sorted(json.dumps(_plain(item), sort_keys=True, ensure_ascii=False) for item in items if item is not None)
    )


def _plain(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Bring an embedded node to one form: no nulls, every value a sorted list."""
    if not isinstance(value, dict):
        return value
    return {key: list(values) for key, item in value.items() if (values := _values(item))}


def _local(node: Mapping[str, tuple[str, ...]]) -> str:
    return " ".join(json.loads(kind).rpartition("/")[2] for kind in node.get("@type", ()))
