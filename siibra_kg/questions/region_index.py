"""RegionIndex: the regions of one release in memory, with siibra's tree of them; what a look-up by words goes through.

Made of ``skg:regionTable``, which a build that has siibra-configurations writes for each release.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from siibra_kg.model import Region
from siibra_kg.questions import siibra_tables
from siibra_kg.siibra_find import Tree
from siibra_kg.siibra_names import key as siibra_key
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siibra_kg.model import Parcellation, View
    from siibra_kg.questions.ask import Asker

__all__ = ["RegionIndex", "SiibraTree", "index", "indexes"]


def index(ask: Asker, homes: Sequence[Parcellation]) -> RegionIndex | None:
    """Give the regions of the one release that is asked; ``None`` for several, or where the graph has no table."""
    return indexes(ask, homes)[0] if len(homes) == 1 else None


def indexes(ask: Asker, homes: Sequence[Parcellation]) -> tuple[RegionIndex | None, ...]:
    """Give the regions of releases; ``None`` where the graph has no table. Each is read once for each graph."""
    known = ask.known.indexes
    new = {home.iri: home for home in homes if home.iri not in known}
    if new:
        known.update(dict.fromkeys(new))
        roots = {concept.iri: concept.name for concept in siibra_tables.parcellations(ask)}
        for row in ask.table("region/table", releases=tuple(new)):
            known[row.release] = RegionIndex.make(row.table, new[row.release], roots.get(row.release, ""), ask.view)
        if any(known.values()):  # then a release without a table is one without regions
            known.update({iri: RegionIndex(home, "", {}) for iri, home in new.items() if known[iri] is None})
    return tuple(known[home.iri] for home in homes)


@dataclass(frozen=True, slots=True)
class SiibraTree:
    """siibra's tree of a release, without the parcellation, which is no region here: position 0 matches nothing.

    Parameters
    ----------
    tree
        Names, keys, ids and places.
    iris
        The region of each position; of position 0 the release.
    sizes
        How many different words the name at each position has.
    """

    tree: Tree
    iris: tuple[IRI, ...]
    sizes: Mapping[int, int]

    @classmethod
    def make(cls, lines: Sequence[tuple[str, ...]], home: IRI, root: str) -> SiibraTree:
        """Make a tree of the lines of a table that have a place; ``root`` is siibra's name of the release."""
        tree = Tree.make(root, "", "", ((line[2], int(line[1] or 0)) for line in lines))
        sizes = Counter(position for having in tree.words.values() for position in having)
        return cls(_without_root(tree), (home, *(IRI(line[3]) for line in lines)), sizes)


@dataclass(frozen=True, slots=True)
class RegionIndex:
    """The regions of a release.

    Parameters
    ----------
    home
        The release.
    root
        siibra's name of it, which is part of the ids of its regions; empty if siibra has no tree of it.
    rows
        The cells of each region's line, by IRI: see ``skg:regionTable``.
    view
        Handed on to the regions.
    """

    home: Parcellation
    root: str
    rows: Mapping[str, tuple[str, ...]]
    view: View | None = None
    _made: dict[str, Region] = field(default_factory=dict)
    _tree: list[SiibraTree] = field(default_factory=list)
    _keys: dict[str, list[IRI]] = field(default_factory=dict)
    _exact: dict[str, IRI] = field(default_factory=dict)

    @classmethod
    def make(cls, table: str, home: Parcellation, root: str, view: View | None) -> RegionIndex:
        """Read a table."""
        return cls(
            home, root, {line[3]: line for line in [tuple(text.split("\t")) for text in table.split("\n")]}, view
        )

    @property
    def tree(self) -> SiibraTree | None:
        """The tree that siibra has of it, made when it is first asked for; ``None`` where siibra has none."""
        if not self._tree and self.root:
            self._tree.append(
                SiibraTree.make([line for line in self.rows.values() if line[0]], self.home.iri, self.root)
            )
        return self._tree[0] if self._tree else None

    @property
    def keys(self) -> Mapping[str, Sequence[IRI]]:
        """Look-up key -> regions."""
        if not self._keys:
            for iri, line in self.rows.items():
                if line[10]:
                    for key in line[10].split("|"):
                        self._keys.setdefault(key, []).append(IRI(iri))
        return self._keys

    def exact(self, spec: str) -> IRI | None:
        """Give the first region in preorder that siibra calls exactly so, by name or by key."""
        if not self.root:
            return None
        if not self._exact:
            for iri, line in self.rows.items():
                if line[0]:
                    self._exact.setdefault(line[2], IRI(iri))
        found = self._exact.get(spec)
        # A key has the form of a key; only then are those of all names worth making.
        if found is None and self.tree is not None and spec == siibra_key(spec) and spec in self.tree.tree.keys:
            return self.tree.iris[self.tree.tree.keys.index(spec)]
        return found

    def regions(self, iris: Iterable[IRI]) -> list[Region]:
        """Give regions as values, in the given order; what is not of this release is left out."""
        return [self._made.get(iri) or self._make(IRI(iri)) for iri in iris if iri in self.rows]

    def name(self, iri: IRI) -> str:
        """Give the name of a region of this release."""
        return self.rows[iri][4]

    def _make(self, iri: IRI) -> Region:
        _, _, _, _, name, side, color, depth, parts, entity, _ = self.rows[iri]
        # A version-independent entity is its own entity.
        own = iri if self.home.iri == self.home.atlas else IRI(entity) if entity else None
        made = self._made[iri] = Region(
            iri=iri,
            name=name,
            parcellation=self.home,
            laterality=side or None,
            color=color or None,
            depth=int(depth),
            is_leaf=parts == "0",
            entity=own,
            view=self.view,
        )
        return made


def _without_root(tree: Tree) -> Tree:
    root = frozenset({0})
    return replace(
        tree,
        names=("", *tree.names[1:]),
        keys=("", *tree.keys[1:]),
        words={word: found - root for word, found in tree.words.items()},
        lowered={text: found - root for text, found in tree.lowered.items()},
    )
