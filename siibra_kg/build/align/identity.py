"""Gives every region node of siibra its one region: one that the release has, or a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.build.added import Added, link
from siibra_kg.build.align.naming import stripped
from siibra_kg.build.align.nodes import world
from siibra_kg.nt import literal, typed
from siibra_kg.slugs import slug
from siibra_kg.vocab import OMI, RDF_TYPE, SKG, SKOS, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from siibra_kg.build.added import Row
    from siibra_kg.build.align.nodes import Node

__all__ = ["siibra_regions"]


def siibra_regions(rows: Iterable[Row], base: str) -> Added:
    """Say which region each node is; rows are those of ``world``, and some more kinds.

    ``same``: a node and the region that it is exactly. ``whole``: a node on one side and the region, for both sides,
    that it is half of. ``entity``: a node and the entity that it is a version of. ``known``: a region that the
    release has without siibra, its name and its colour.
    """
    everything = list(rows)
    nodes = world(everything).nodes
    pairs: dict[str, dict[str, str]] = {"same": {}, "whole": {}, "entity-of": {}}
    known: dict[str, tuple[str, str]] = {}
    for kind, subject, target, text, other, _ in everything:
        if subject and target and kind in pairs:
            pairs[kind][subject] = min(target, pairs[kind].get(subject, target))
        elif subject and kind == "known":
            name, color = known.get(subject, ("", ""))
            known[subject] = (text or name, other or color)
    # Two nodes never become one region without anybody seeing it: the second one gets a region of its own.
    first = {target: node for node, target in sorted(pairs["same"].items(), reverse=True)}
    regions = {node: target for node, target in pairs["same"].items() if first[target] == node}
    regions |= _coined([n for n in nodes.values() if n.iri not in regions], pairs["whole"], set(known), base)
    lines: list[str] = []
    everywhere = known.keys() | set(regions.values())
    halves: set[str] = set()
    for node in nodes.values():
        region = regions[node.iri]
        if node.side is not None and (region.rpartition("/")[0] in everywhere or node.parent in halves):
            halves.add(node.iri)
        lines.append(link(node.iri, SKG + "configures", region))
        lines.append(f"<{region}> <{SKG}siibraName> {literal(node.name)} .\n")
        lines.append(f"<{region}> <{SKG}siibraOrder> {typed(str(node.order), XSD + 'integer')} .\n")
        name, color = known.get(region, ("", ""))
        if node.color and not color:
            lines.append(f"<{region}> <{SKG}colorHex> {literal(node.color)} .\n")
        if region in known:
            if name != node.name:
                lines.append(f"<{region}> <{SKOS}altLabel> {literal(node.name)} .\n")
        else:
            lines += _new(node, region, pairs["entity-of"].get(node.iri), half=node.iri in halves)
    lines += _pairs(set(regions.values()), known)
    return Added(lines)


def _new(node: Node, region: str, entity: str | None, *, half: bool) -> Iterator[str]:
    """Describe a new region. What is on one side is a hemisphere only where the whole, or half of it, is above it."""
    yield link(region, RDF_TYPE, SKG + "Region")
    yield link(region, SKOS + "inScheme", node.release)
    yield f"<{region}> <{SKOS}prefLabel> {literal(node.name)} .\n"
    if half:
        yield link(region, RDF_TYPE, SKG + "HemisphereRegion")
    if node.side is not None:
        yield link(region, SKG + "laterality", f"{OMI}laterality/{node.side}")
    elif entity is not None:
        yield link(region, SKG + "isVersionOf", entity)


def _coined(nodes: Iterable[Node], wholes: Mapping[str, str], taken: set[str], base: str) -> dict[str, str]:
    """Coin regions: halves below the region that they are half of; a name that is taken gets ``~2`` by its path."""
    out: dict[str, str] = {}
    for node in sorted(nodes, key=lambda n: (n.release, n.path, n.iri)):
        stem = f"{base}id/region/{node.release.rpartition('/')[2]}/{slug(stripped(node.name))}"
        whole, end = wholes.get(node.iri), f"/{node.side}" if node.side else ""
        made = f"{whole or stem}{end}"
        number = 2
        while made in taken:
            made, number = f"{stem}~{number}{end}", number + 1
        taken.add(made)
        out[node.iri] = made
    return out


def _pairs(regions: set[str], known: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Relate the two sides of one name, but for those that openMINDS has both."""
    for region in regions:
        stem, _, side = region.rpartition("/")
        other = f"{stem}/{'right' if side == 'left' else 'left'}"
        new = region not in known or other not in known
        if side in ("left", "right") and new and (other in regions or other in known):
            yield link(region, SKG + "contralateralTo", other)
            yield link(other, SKG + "contralateralTo", region)
