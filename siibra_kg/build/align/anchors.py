"""Anchors: from the names that features give, and the rows of their matrices, to regions of the graph.

By name means exactly as siibra does it (:mod:`siibra_kg.siibra_find`), also where that is wrong: the graph of those
anchors answers what siibra answers. By entity means through identifiers: a text that is, whole, the name of one region
of a release anchors a feature to it if the region has an identity beyond its release.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from siibra_kg.build.added import Added, link
from siibra_kg.names import key, split_hemisphere
from siibra_kg.siibra_find import Tree, find, get_region
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.build.added import Row

__all__ = ["anchors_by_entity", "anchors_by_name", "rows_to_regions"]


class _Placed(NamedTuple):
    """A node of siibra's tree of a release."""

    order: int
    above: int
    name: str
    region: str


@dataclass(slots=True)
class _Release:
    """What the rows say about a release."""

    name: str = ""
    short: str = ""
    taxa: set[str | None] = field(default_factory=set)
    regions: list[_Placed] = field(default_factory=list)


class _Known(NamedTuple):
    """siibra's tree of a release, and the node of the graph at each of its positions."""

    tree: Tree
    nodes: tuple[str, ...]
    taxa: frozenset[str | None]


class _Asked(NamedTuple):
    """A row that asks: a feature or a row of a matrix."""

    kind: str
    node: str
    release: str | None
    text: str
    taxon: str | None


def anchors_by_name(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001  all rules are called alike
    """Anchor features to what siibra decodes their texts to; columns are those of ``90-anchor-name.rq``."""
    known, asked = _read(rows)

    @cache
    def decoded(text: str, taxon: str | None) -> tuple[str, ...]:
        homes = (home for home in known.values() if taxon in home.taxa)
        return tuple(home.nodes[i] for home in homes for i in find(home.tree, text))

    lines: list[str] = []
    for feature in asked:
        found = decoded(feature.text, feature.taxon) if feature.kind == "feature" else (feature.release,)
        lines.extend(link(feature.node, SKG + "anchoredByName", node) for node in found if node)
    return Added(lines)


def rows_to_regions(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001
    """Link rows of matrices to what siibra's ``get_region`` gives for them; columns as in ``95-row-region.rq``."""
    known, asked = _read(rows)

    @cache
    def looked_up(text: str, release: str | None) -> tuple[str, ...]:
        home = known.get(release or "")
        return tuple(home.nodes[i] for i in get_region(home.tree, text)) if home else ()

    lines: list[str] = []
    for row in asked:
        lines.extend(link(row.node, SKG + "region", node) for node in looked_up(row.text, row.release))
    return Added(lines)


def _read(rows: Iterable[Row]) -> tuple[dict[str, _Known], list[_Asked]]:
    releases: dict[str, _Release] = {}
    asked: list[_Asked] = []
    for kind, node, release, text, short, taxon, order, above, region in rows:
        if node is None:
            continue
        if kind == "release":
            about = releases.setdefault(node, _Release())
            about.name, about.short = text or "", short or ""
            about.taxa.add(taxon)
        elif kind == "region" and release and region:
            placed = _Placed(int(order or 0), int(above or 0), text or "", region)
            releases.setdefault(release, _Release()).regions.append(placed)
        elif kind is not None:
            asked.append(_Asked(kind, node, release, text or "", taxon))
    known = {release: _known(release, about) for release, about in sorted(releases.items()) if about.regions}
    return known, sorted(asked, key=str)


def _known(release: str, about: _Release) -> _Known:
    """Put a tree together; places are counted anew, should a number be missing."""
    regions = sorted(about.regions)
    places = {0: 0} | {placed.order: place for place, placed in enumerate(regions, start=1)}
    named = [(placed.name, places[placed.above]) for placed in regions]
    nodes = (release, *(placed.region for placed in regions))
    return _Known(Tree.make(about.name, release, about.short, named), nodes, frozenset(about.taxa))


def anchors_by_entity(rows: Iterable[Row], base: str) -> Added:  # noqa: ARG001
    """Anchor features to the identified regions that they name; columns are those of ``92-anchor-entity.rq``.

    A name that two regions of a release have is no name of either. A text with a side means the hemisphere.
    """
    features: set[tuple[str, str, str | None]] = set()
    named: dict[str | None, dict[tuple[str, str], set[str]]] = {}
    sides: dict[tuple[str, str], set[str]] = {}
    for kind, node, text, taxon, of, side in rows:
        if kind == "feature" and node and text:
            features.add((node, text, taxon))
        elif kind == "region" and node and text and of:
            named.setdefault(taxon, {}).setdefault((key(text), of), set()).add(node)
        elif kind == "hemisphere" and node and of and side:
            sides.setdefault((of, side), set()).add(node)
    texts: dict[str | None, dict[str, set[str]]] = {}
    for taxon, regions in named.items():
        for (name, _), nodes in regions.items():
            if len(nodes) == 1:
                texts.setdefault(taxon, {}).setdefault(name, set()).update(nodes)
    lines: list[str] = []
    for feature, text, taxon in sorted(features, key=str):
        base_name, side = split_hemisphere(text)
        found = texts.get(taxon, {}).get(key(text), set())
        if not found and side is not None:
            wholes = texts.get(taxon, {}).get(base_name, set())
            found = {part for whole in wholes for part in sides.get((whole, side), ())}
        lines.extend(link(feature, SKG + "anchoredById", region) for region in sorted(found))
    return Added(lines)
