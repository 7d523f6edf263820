"""What is aligned: the region nodes of siibra, and the regions and entities of openMINDS that they may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.build.align.naming import Sided, loose, sided
from siibra_kg.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from siibra_kg.build.added import Row

__all__ = ["LEVELS", "Node", "Side", "Targets", "World", "world"]

#: How alike two names are, from surest to weakest: the preferred name, another name, the same words in any order, the
#: same letters however they are cut into words, the same words but for those that every name of an atlas could have.
LEVELS = ("name", "other name", "words", "letters", "core words")

# Desikan-Killiany: "superior frontal" is openMINDS's "superior frontal gyrus", "cuneus" its "cuneus cortex".
_COMMON = frozenset({"cortex", "gyrus", "lobule"})

Side = str


@dataclass(frozen=True, slots=True)
class Node:
    """One region node of siibra.

    Parameters
    ----------
    iri, release
        The node and its release.
    name
        As siibra shows it.
    stem, side
        Look-up key of the name without the side, and the side.
    path
        Names from the top of the tree to the node; what tells nodes of one name apart.
    order
        Position in the tree, for parents before children.
    parent
        The node above, or ``None``.
    leaf
        Whether nothing is below it.
    color
        ``#RRGGBB`` or ``None``.
    """

    iri: str
    release: str
    name: str
    stem: str
    side: Side | None
    path: tuple[str, ...]
    order: int
    parent: str | None
    leaf: bool
    color: str | None


@dataclass(slots=True)
class Targets:
    """What openMINDS has for a release, or for an atlas, by name.

    Parameters
    ----------
    index
        For every level: look-up key, candidates.
    texts
        Candidate: its names as written.
    """

    index: tuple[dict[str, set[str]], ...] = field(default_factory=lambda: tuple({} for _ in LEVELS))
    texts: dict[str, set[str]] = field(default_factory=dict)

    def add(self, target: str, text: str, *, preferred: bool) -> None:
        """Take a name of a candidate."""
        stem = key(text)
        if not stem:
            return
        self.texts.setdefault(target, set()).add(text)
        for level, folded in enumerate(_folds(stem)):
            if level or preferred:
                self.index[level].setdefault(folded, set()).add(target)

    def find(self, stem: str) -> Iterator[tuple[int, frozenset[str]]]:
        """Give the candidates at every level that has some, surest first."""
        for level, folded in enumerate(_folds(stem)):
            if found := self.index[level].get(folded):
                yield level, frozenset(found)


def _folds(stem: str) -> tuple[str, ...]:
    core = [word for word in stem.split() if word not in _COMMON]
    return stem, stem, loose(stem), stem.replace(" ", ""), loose(" ".join(core) or stem)


@dataclass(slots=True)
class World:
    """Everything that the alignment reads.

    Parameters
    ----------
    nodes
        All region nodes of siibra, by IRI, in the order of releases and of their trees.
    regions
        Release: what openMINDS has of its regions, without their hemispheres.
    halves
        The hemispheres that openMINDS has.
    context
        Regions that no entity version realises.
    entities
        Atlas: its version-independent entities.
    atlases
        Release: the atlases it may be a version of.
    curated
        Rows of the curated table: node, predicate, target.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    regions: dict[str, Targets] = field(default_factory=dict)
    halves: set[str] = field(default_factory=set)
    context: set[str] = field(default_factory=set)
    entities: dict[str, Targets] = field(default_factory=dict)
    atlases: dict[str, set[str]] = field(default_factory=dict)
    curated: set[tuple[str, str, str]] = field(default_factory=set)


def world(rows: Iterable[Row]) -> World:
    """Read rows ``kind, subject, object, text, text, number``, in any order; the rules say which kinds there are."""
    out = World()
    found: dict[str, tuple[str, str, str, int]] = {}
    single: dict[str, dict[str, str]] = {"parent": {}, "color": {}}
    flags = {"half": out.halves, "context": out.context}
    named = {"region": out.regions, "entity": out.entities}
    for kind, subject, target, text, other, number in rows:
        if kind is None or subject is None:
            continue
        if kind in flags:
            flags[kind].add(subject)
        elif kind in single:
            value = target or text or ""
            single[kind][subject] = min(value, single[kind].get(subject, value))
        elif target is None:
            continue
        elif kind == "node" and number:
            found[subject] = (target, text or "", other or "", int(number))
        elif kind == "atlas":
            out.atlases.setdefault(subject, set()).add(target)
        elif kind == "curated" and text:
            out.curated.add((subject, text, target))
        elif kind in named and text:
            named[kind].setdefault(target, Targets()).add(subject, text, preferred=number == "1")
    out.nodes = _nodes(found, single["parent"], single["color"])
    return out


def _nodes(
    found: Mapping[str, tuple[str, str, str, int]], parents: Mapping[str, str], colors: Mapping[str, str]
) -> dict[str, Node]:
    out: dict[str, Node] = {}
    inner = set(parents.values())
    for iri, (release, name, label, order) in sorted(found.items(), key=lambda item: (item[1][0], item[1][3], item[0])):
        parent = parents.get(iri)
        above = out[parent].path if parent in out else ()
        # "left hemisphere" is "left" to siibra, "both" is nothing at all: such a name is taken as it was written.
        bare = sided(name) if key(name) not in ("", "left", "right") else Sided(key(label), sided(label).side)
        shown = name if bare.stem == sided(name).stem and name else label
        out[iri] = Node(
            iri, release, shown, bare.stem, bare.side, (*above, shown), order, parent, iri not in inner, colors.get(iri)
        )
    return out
