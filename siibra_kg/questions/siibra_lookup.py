"""What a text stands for among the regions of one release: as siibra-python decides, but where it is plainly wrong.

siibra's rules are in :mod:`siibra_kg.siibra_find`. Different here, each listed in ``docs/lookup.md``:

- The parcellation is no region, so it is never found and takes no part in what is left out below it.
- A text without a letter or digit, or with filling alone ("hemisphere", "both"), names nothing instead of everything.
- A number alone is the number of an area: "4" is not "Ch 4 (Basal Forebrain)" while "Area 4a" and "Area 4p" are there.
- The order does not change from run to run: fewest words that were not said, then the higher ones, then in preorder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg import siibra_find
from siibra_kg.siibra_names import query_tokens
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.questions.region_index import RegionIndex, SiibraTree

__all__ = ["choose", "matching", "matching_expression"]


def choose(index: RegionIndex, spec: str) -> tuple[IRI, ...]:
    """Give the one region that siibra decides for, several where it cannot decide, best first, or none."""
    exact = index.exact(spec)
    if exact is not None:
        return (exact,)
    here = index.tree
    if here is None or not _says_something(here, spec):
        return ()
    found = siibra_find.get_region(here.tree, spec, ranked=False)
    number = spec.strip()
    if len(found) == 1 and number.isdecimal():
        found = _numbered(here, number, found[0])
    return _best_first(here, found)


def matching(index: RegionIndex, spec: str) -> tuple[IRI, ...]:
    """Give every region that a text matches in siibra's sense, best first; the one that it decides for before all."""
    here = index.tree
    if here is None or not _says_something(here, spec):
        return ()
    chosen = choose(index, spec)
    first = chosen if len(chosen) == 1 else ()
    found = siibra_find.find(here.tree, spec, filter_children=False, ranked=False)
    return tuple(dict.fromkeys((*first, *_best_first(here, found))))


def matching_expression(index: RegionIndex, pattern: re.Pattern[str]) -> tuple[IRI, ...]:
    """Give every region whose siibra name or key an expression finds something in, in preorder; then others by name."""
    found: list[IRI] = []
    if index.tree is not None:
        tree = index.tree.tree
        both = zip(index.tree.iris[1:], tree.names[1:], tree.keys[1:], strict=True)
        found = [iri for iri, name, key in both if pattern.search(name) or pattern.search(key)]
    others = (IRI(iri) for iri, line in index.rows.items() if not line[0] and pattern.search(line[4]))
    return (*found, *others)


def _says_something(here: SiibraTree, spec: str) -> bool:
    """Tell whether a text has a word to compare, or is a whole name, key or id."""
    whole = spec.lower().strip() in here.tree.lowered
    return whole or (any(c.isalnum() for c in spec) and bool(query_tokens(spec)))


def _numbered(here: SiibraTree, number: str, found: int) -> tuple[int, ...]:
    """Add the parts of an area that only its parts are left of, unless what was found is called by the number."""
    names = here.tree.names
    if re.search(rf"\b[Aa]rea {number}\b|[(,] *{number} *[,)]", names[found]):
        return (found,)
    part = re.compile(rf"\b[Aa]rea {number}[a-z]+\b")
    parts = [i for i, name in enumerate(names) if part.search(name)]
    with_parts = set(parts)
    return (found, *(i for i in parts if here.tree.parents[i] not in with_parts))


def _best_first(here: SiibraTree, found: Iterable[int]) -> tuple[IRI, ...]:
    """Sort by the number of words of the name, of which all found have those that were said; then by place."""
    ranked = sorted(found, key=lambda i: (here.sizes[i], here.tree.depths[i], i))
    return tuple(dict.fromkeys(here.iris[i] for i in ranked))
