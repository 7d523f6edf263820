"""Which region of openMINDS a region of siibra is: by curated rows first, then by name, side and place in the tree.

A node is *the same* as a region of its own release where exactly one region has its name, and no other node has a
better claim to it. In any other case it stays a region of its own, with the nearest thing in openMINDS beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.build.align.naming import stripped
from siibra_kg.build.align.nodes import LEVELS
from siibra_kg.vocab import SKOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.build.align.nodes import Node, Targets, World

__all__ = ["BROAD", "CLOSE", "EXACT", "NARROW", "Claim", "align"]

EXACT, CLOSE, BROAD, NARROW = (SKOS + name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch"))

# By level, of a region in its own release, and of a version-independent entity of its atlas. Measured: every exact
# match by name was right where a label or an EBRAINS id could tell, but for known defects.
_SURE = (0.99, 0.95, 0.9, 0.85, 0.7)
_ENTITY = (0.9, 0.85, 0.8, 0.75, 0.6)
_OTHER = 0.7
_AMBIGUOUS = 0.3
# Core words decide nothing within a release: "cingulate gyrus" and "cingulate cortex" may be two regions of it.
_IDENTICAL = LEVELS.index("letters")


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the mapping: a node, how it is related to what, and why.

    Parameters
    ----------
    node, predicate, target
        IRIs.
    confidence
        Between 0 and 1.
    why
        In words.
    """

    node: str
    predicate: str
    target: str
    confidence: float
    why: str


def align(world: World) -> tuple[Claim, ...]:
    """Map all nodes that have no curated row.

    Returns
    -------
    tuple of Claim
        At most one with ``skos:exactMatch`` for a node, at most one for a target; sorted by node.
    """
    claims: list[Claim] = []
    settled = {node for node, _, _ in world.curated}
    taken = {target for _, predicate, target in world.curated if predicate == EXACT}
    wanted: dict[str, list[tuple[tuple[int, int, int], Claim]]] = {}
    for node in world.nodes.values():
        if node.iri in settled:
            continue
        within = _in_release(node, world)
        if within and within[0].predicate == EXACT:
            wanted.setdefault(within[0].target, []).append((_rank(node, within[0], world), within[0]))
        else:
            claims += within or _in_atlas(node, world) or _in_other_release(node, world)
    for target, rivals in wanted.items():
        rivals.sort(key=lambda item: (item[0], item[1].node))
        alone = target not in taken and (len(rivals) == 1 or rivals[0][0] < rivals[1][0])
        claims += [rivals[0][1]] if alone else []
        claims += [_beaten(claim, rivals[0][1], world) for _, claim in rivals[1 if alone else 0 :]]
    return tuple(sorted(claims, key=lambda c: (c.node, c.predicate, c.target)))


def _in_release(node: Node, world: World) -> list[Claim]:
    """Find the region of the same release; several where the name alone cannot tell."""
    targets = world.regions.get(node.release)
    if targets is None or not node.stem:
        return []
    for level, found in targets.find(node.stem):
        if level > _IDENTICAL:
            break
        likely = _likely(node, found, targets, world)
        why = f"same {LEVELS[level]}"
        if len(likely) > 1:
            why += f" as {len(likely)} regions of the release"
            return [Claim(node.iri, CLOSE, t, _AMBIGUOUS, why) for t in sorted(likely)]
        (region,) = likely
        if node.side is None:
            return [Claim(node.iri, EXACT, region, _SURE[level], why)]
        half = f"{region}/{node.side}"
        if half in world.halves:
            return [Claim(node.iri, EXACT, half, _SURE[level], f"{why}, same side")]
        return [Claim(node.iri, BROAD, region, _SURE[level], f"{why}, which openMINDS has for both sides")]
    return []


def _likely(node: Node, found: frozenset[str], targets: Targets, world: World) -> Sequence[str]:
    """Choose between regions of one name: by the letters as written, then by the place in the tree."""
    if len(found) == 1:
        return tuple(found)
    same = [t for t in found if node.name in targets.texts[t] or stripped(node.name) in targets.texts[t]]
    placed = [t for t in same or found if (t in world.context) != node.leaf]
    return placed if len(placed) == 1 else (same or list(found))


def _rank(node: Node, claim: Claim, world: World) -> tuple[int, int, int]:
    """Say how good a claim is among those to one region; smaller is better.

    Waxholm has groups that are named as their part: "Medial lemniscus" and, below it, "medial lemniscus". What is
    drawn, and has a label, is the leaf; a context region is the group.
    """
    region = claim.target.rpartition("/")[0] if node.side else claim.target
    texts = world.regions[node.release].texts[region]
    written = node.name in texts or stripped(node.name) in texts
    placed = (region in world.context) != node.leaf
    return (-round(claim.confidence * 100), not placed, not written)


def _in_other_release(node: Node, world: World) -> list[Claim]:
    """Find the region of that name in other releases of the atlas: the Allen atlas has no entities in openMINDS."""
    claims: list[Claim] = []
    atlases = world.atlases.get(node.release, set())
    for release in sorted(world.regions):
        if release == node.release or atlases.isdisjoint(world.atlases.get(release, ())) or not node.stem:
            continue
        found = world.regions[release].index[0].get(node.stem, set())
        if len(found) == 1:
            (region,) = found
            half = f"{region}/{node.side}"
            target = half if half in world.halves else region
            predicate = BROAD if node.side and target == region else CLOSE
            why = f"same name in {release.rpartition('/')[2]}"
            claims.append(Claim(node.iri, predicate, target, _OTHER, why))
    return claims


def _beaten(claim: Claim, best: Claim, world: World) -> Claim:
    """Turn a claim that another node is better at into what is left of it."""
    node, other = world.nodes[claim.node], world.nodes[best.node]
    if node.path == other.path[: len(node.path)] != other.path:
        why = f"{claim.why}, but so has a part of it, which is the region itself"
        return Claim(claim.node, NARROW, claim.target, 0.7, why)
    why = f"{claim.why}, but another region of siibra has it too"
    return Claim(claim.node, CLOSE, claim.target, 0.5, why)


def _in_atlas(node: Node, world: World) -> list[Claim]:
    """Find the version-independent entity, for a region that the release lacks in openMINDS."""
    for atlas in sorted(world.atlases.get(node.release, ())):
        targets = world.entities.get(atlas)
        for level, found in targets.find(node.stem) if targets and node.stem else ():
            why = f"same {LEVELS[level]} as the entity of the atlas"
            predicate, sure = (BROAD if node.side else CLOSE), _ENTITY[level]
            exact = {t for t in found if stripped(node.name) in targets.texts[t]} if targets else set()
            likely = exact if len(exact) == 1 else found
            if len(likely) > 1:
                predicate, sure, why = CLOSE, _AMBIGUOUS, f"same {LEVELS[level]} as {len(likely)} entities of the atlas"
            return [Claim(node.iri, predicate, t, sure, why) for t in sorted(likely)]
    return []
