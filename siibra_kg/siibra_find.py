"""How siibra-python 1.0.1 finds regions in the tree of a parcellation, as pure functions on names.

A *tree* is a parcellation and its regions in preorder; regions go by their position, the parcellation by 0. The build
decodes anchors and rows of matrices with it, the questions look regions up with it. What siibra does is kept, also
where another choice would be better; only the order of equals is fixed here (preorder) and random there.

>>> tree = Tree.make("Made-up Atlas v1", "made/up-1", "made up 1", [("Area 4", 0), ("Area 4 left", 1), ("Area V44", 0)])
>>> find(tree, "area 4"), find(tree, "44"), find(tree, "/AREA_(4|V)/")
((1,), (3,), (1, 3))
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from siibra_kg.siibra_names import clear_name, key, query_tokens, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Tree", "find", "get_region", "matches"]

_REGEX = re.compile(r"^/(?P<expression>.+)/(?P<flags>[a-zA-Z]*)$")
_GROUP = re.compile(r"Group: *")
_BRACKETS = re.compile(r"\(.*?\)")


@dataclass(frozen=True, slots=True)
class Tree:
    """A parcellation and its regions, in preorder; every field has one entry per position.

    Parameters
    ----------
    shortname
        Of the parcellation.
    names
        Cleaned names.
    keys
        Upper-case keys of the names.
    ids
        siibra's ids: that of the parcellation, then its key and the region's; two regions may share one.
    parents
        Positions; -1 for the parcellation.
    depths
        Steps to the parcellation.
    words
        For each word of a name, the positions of the names that have it.
    lowered
        For each name, key or id in lower case, the positions that it is of.
    """

    shortname: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    ids: tuple[str, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    words: dict[str, frozenset[int]]
    lowered: dict[str, frozenset[int]]

    @classmethod
    def make(cls, name: str, identifier: str, shortname: str, regions: Iterable[tuple[str, int]]) -> Tree:
        """Make a tree of the names of its regions in preorder, each with the position of its parent, 0 at the top.

        Regions' names are cleaned here; cleaning twice does no harm.
        """
        listed = [(clear_name(name), -1), *((clear_name(text), parent) for text, parent in regions)]
        names = tuple(text for text, _ in listed)
        keys = tuple(map(key, names))
        ids = (identifier, *(f"{keys[0]}_{own}" for own in keys[1:]))
        depths = [0]
        for _, parent in listed[1:]:
            depths.append(depths[parent] + 1)
        words: dict[str, set[int]] = {}
        lowered: dict[str, set[int]] = {}
        for position, text in enumerate(names):
            for word in tokens(text):
                words.setdefault(word, set()).add(position)
            for own in (text, keys[position], ids[position]):
                lowered.setdefault(own.lower().strip(), set()).add(position)
        return cls(
            shortname,
            names,
            keys,
            ids,
            tuple(parent for _, parent in listed),
            tuple(depths),
            {word: frozenset(found) for word, found in words.items()},
            {text: frozenset(found) for text, found in lowered.items()},
        )


def matches(tree: Tree, spec: str) -> frozenset[int]:
    """Give the positions that a spec matches, in no order: by name, key or id, by all its words, or by an expression.

    A word of the spec is a word of the name, or one with a "v" before it; an expression is written ``/hoc[12]/i``.

    Raises
    ------
    re.error
        If an expression is none.
    """
    expression = _REGEX.match(spec)
    if expression is not None:
        flags = expression["flags"]
        pattern = re.compile((f"(?{flags})" if flags else "") + expression["expression"])
        everything = zip(tree.names, tree.keys, strict=True)
        return frozenset(i for i, texts in enumerate(everything) if any(pattern.search(text) for text in texts))
    none: frozenset[int] = frozenset()
    found: Iterable[int] | None = None
    for word in query_tokens(spec):
        having = tree.words.get(word, none) | tree.words.get("v" + word, none)
        found = having if found is None else having.intersection(found)
        if not found:
            break
    hits = set(range(len(tree.names)) if found is None else found)  # without any word, siibra matches everything
    hits |= tree.lowered.get(spec.lower().strip(), none)
    if all(word in tree.shortname.lower() for word in re.split(r"\s+", spec.lower())):
        hits.add(0)
    return frozenset(hits)


def find(
    tree: Tree, spec: str, *, filter_children: bool = True, find_topmost: bool = False, ranked: bool = True
) -> tuple[int, ...]:
    """Give the positions that siibra finds for a spec: most alike names first, then the higher ones, then in preorder.

    Parameters
    ----------
    tree
        Where to look, the parcellation itself included.
    spec
        A name, some words of one, or an expression.
    filter_children
        Leave out what is part of another match, unless a part of it matches too.
    find_topmost
        Give a region, all of whose parts match, in their place.
    ranked
        Compare names, which takes nearly all the time; without it, the higher ones come first.

    Raises
    ------
    re.error
        If an expression is none.
    """
    found = sorted(matches(tree, spec))
    if len(found) > 1 and filter_children:
        found = _without_children(tree, found)
        if find_topmost:
            found = _topmost(tree, found, spec)
    first: dict[str, int] = {}  # of two regions with one id, siibra gives one
    for position in found:
        first.setdefault(tree.ids[position], position)
    found = sorted(first.values(), key=lambda i: (tree.depths[i], i))
    if ranked and _REGEX.match(spec) is None and len(found) > 1:
        found.sort(key=lambda i: SequenceMatcher(None, tree.names[i], spec).ratio(), reverse=True)
    return tuple(found)


def _without_children(tree: Tree, found: Sequence[int]) -> list[int]:
    here = {tree.ids[i] for i in found}
    with_parts = {tree.parents[i] for i, own in enumerate(tree.ids) if own in here}
    return [i for i in found if i in with_parts or tree.parents[i] < 0 or tree.ids[tree.parents[i]] not in here]


def _topmost(tree: Tree, found: list[int], spec: str) -> list[int]:
    here = {tree.ids[i] for i in found}
    parents = {tree.parents[i] for i in found if tree.parents[i] >= 0}
    open_ = {parent for parent, own in zip(tree.parents, tree.ids, strict=True) if own not in here}
    complete = sorted(parents - open_)
    if not complete:
        return found
    found = [*found, *complete]
    here |= {tree.ids[i] for i in complete}
    return [
        i
        for i in found
        if tree.parents[i] < 0
        or tree.ids[tree.parents[i]] not in here
        or spec in (tree.names[i], tree.keys[i], tree.ids[i])
    ]


def get_region(tree: Tree, spec: str, *, ranked: bool = True) -> tuple[int, ...]:
    """Give what siibra's ``get_region`` chooses: one position, several where it raises for ambiguity, or none.

    An exact name or key comes first, and the first in preorder. "Group: a, b" of old data means its members, each of
    which has to be one region.
    """
    alike = tree.lowered.get(spec.lower().strip(), ())
    exact = min((i for i in alike if spec in (tree.names[i], tree.keys[i])), default=None)
    if exact is not None:
        return (exact,)
    found = _group(tree, spec) if spec.startswith("Group") else find(tree, spec, ranked=ranked)
    if len(found) > 1:
        asked = {word.replace(",", "").lower() for word in spec.split()}
        whole = [i for i in found if {word.lower() for word in tree.names[i].split()} <= asked]
        if len(whole) == 1:
            return (whole[0],)
    return found


def _group(tree: Tree, spec: str) -> tuple[int, ...]:
    members = _GROUP.sub("", spec)
    for brackets in _BRACKETS.findall(members):  # commas inside of them part no names
        members = members.replace(brackets, re.sub(r", *", "##", brackets))
    parts = [get_region(tree, part.replace("##", ", ")) for part in re.split(r", *", members)]
    if any(len(part) != 1 for part in parts):
        return ()
    return tuple(sorted({part[0] for part in parts}))
