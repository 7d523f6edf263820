"""What people may write for the regions of siibra's parcellations, made of the raw configurations, always the same."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = re.compile(r"[A-Za-z0-9.\-]+")


def nodes(document: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of a parcellation's region nodes as they are written, in preorder."""
    todo = list(reversed(document["regions"]))
    while todo:
        node = todo.pop()
        yield node["name"]
        todo += reversed(node.get("children", []))


def parcellations(configurations: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the parcellation documents by their ids."""
    return {d["@id"]: d for path, d in sorted(configurations.items()) if path.startswith("parcellations/")}


def exact(configurations: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give every region's name, as it is written, with the id of its parcellation."""
    return [(home, name) for home, document in parcellations(configurations).items() for name in nodes(document)]


def inexact(configurations: Mapping[str, Any], number: int) -> list[tuple[str, str]]:
    """Give so many parts and variants of names, from all parcellations in turn."""
    chance = random.Random(20261122)
    everything = {home: list(nodes(document)) for home, document in parcellations(configurations).items()}
    found: dict[tuple[str, str], None] = {}
    while len(found) < number:
        for home, names in everything.items():
            spec = _variant(chance, chance.choice(names))
            if spec.strip():
                found.setdefault((home, spec))
    return list(found)[:number]


def _variant(chance: random.Random, name: str) -> str:
    words = _WORDS.findall(name) or [name]
    longest = max(words, key=len)
    base = re.sub(r" (- )?(left|right)( hemisphere)?$", "", name)
    return chance.choice(
        [
            name.lower(),
            name.upper(),
            f"{base} - left hemisphere",
            f"{base} right",
            f"left {longest.lower()}",
            f"{longest} left",
            " ".join(words[:2]).lower(),
            " ".join(words),
            words[-1],
            words[0],
            longest,
            " ".join(chance.sample(words, min(2, len(words)))),
            " ".join(chance.sample(words, min(3, len(words)))),
            re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_"),
        ]
    )
