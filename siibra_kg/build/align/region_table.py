"""All that a look-up reads of the regions of a release, as one text: a view of the graph, made once per build."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from siibra_kg.build.added import Added
from siibra_kg.nt import literal
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siibra_kg.build.added import Row

__all__ = ["region_table"]


def region_table(rows: Iterable[Row], base: str) -> Added:
    """Write the regions of each release, one line each; rows are kind, node, text, other. Nothing without siibra.

    Lines come in siibra's preorder, then, with an empty place, what only openMINDS has, by name; hemispheres of
    that are left out. Between tabs: place, place of the parent, siibra's name, IRI, name, hemisphere, colour, depth,
    number of parts, entity, look-up keys with ``|`` between.
    """
    del base
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    links: dict[str, dict[str, str]] = defaultdict(dict)
    keys: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, int] = defaultdict(int)
    # In the order of their values: of several colours or parents a region gets the first, whatever the store's order.
    for kind, node, text, other in sorted(rows, key=lambda row: tuple(cell or "" for cell in row)):
        if not kind or not node:
            continue
        if kind == "key":
            keys[node].add(text or "")
        if kind == "part":
            parts[other or ""] += 1
        texts[kind].setdefault(node, text or "")
        links[kind].setdefault(node, other or "")
    if not texts["order"]:
        return Added([])
    configured = {region: node for node, region in links["order"].items()}
    lines: dict[str, list[tuple[int, str, str, str]]] = defaultdict(list)
    for region, release in links["name"].items():
        node = configured.get(region, "")
        side = texts["side"].get(region, "")
        if side and not node:
            continue
        place = texts["order"].get(node, "")
        name = texts["name"][region]
        cells = (
            place,
            texts["order"].get(links["above"].get(node, ""), ""),
            texts["siibra name"].get(node, ""),
            region,
            name,
            side,
            texts["color"].get(region, ""),
            texts["depth"].get(region, "0"),
            str(parts[region]),
            _entity(region, side, links),
            "|".join(sorted(keys[region])),
        )
        lines[release].append((int(place or 10**9), name, region, "\t".join(cells)))
    return Added([f"<{release}> <{SKG}regionTable> {literal(_text(found))} .\n" for release, found in lines.items()])


def _entity(region: str, side: str, links: Mapping[str, Mapping[str, str]]) -> str:
    """Give the version-independent entity: a hemisphere has that of its whole."""
    whole = links["part"].get(region, "")
    of_whole = links["entity"].get(whole, "") if side and region.startswith(f"{whole}/") else ""
    return links["entity"].get(region, "") or of_whole


def _text(found: list[tuple[int, str, str, str]]) -> str:
    return "\n".join(line for _, _, _, line in sorted(found))
