"""Regions by their look-up keys: whole names, ids, synonyms; words of names and beginnings of them.

Each function gives the hits with their kind: smaller is better. Where releases are indexed
(:mod:`siibra_kg.questions.region_index`) words are compared in memory; else templates are asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.names import key, split_hemisphere, tokens
from siibra_kg.questions import matching, region_index
from siibra_kg.siibra_names import query_tokens
from siibra_kg.terms import IRI, local_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from siibra_kg.model import Parcellation
    from siibra_kg.questions.ask import Asker

__all__ = ["BEGINNINGS", "ID", "NAME", "SYNONYM", "WORDS", "by_key", "named", "names", "nearest", "partial", "sided"]

# Kinds of hits, best first.
NAME, ID, SYNONYM, WORDS, BEGINNINGS = range(5)


_BRACKETS = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class _Key:
    """A look-up key of a region, whichever way it was read."""

    key: str
    iri: IRI
    name: str


def named(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Give whole names, ids and synonyms; with a hemisphere, the hemispheres of those."""
    hits = by_key(ask, key(spec), homes)
    base, side = split_hemisphere(spec)
    return hits if hits or side is None else sided(ask, by_key(ask, base, homes), side, homes)


def by_key(ask: Asker, wanted: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Give the regions that have a key."""
    if not wanted:
        return {}
    return _hits(_having(ask, wanted, homes), lambda k: _kind(k, wanted))


def partial(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Give those that have all words of a spec in a name, whole or as beginnings."""
    base, side = split_hemisphere(spec)
    wanted = tokens(base)
    if not wanted:
        return {}

    def kind(k: _Key) -> int | None:
        there = k.key.split()
        if set(wanted) <= set(there):
            return SYNONYM if len(wanted) == 1 and _in_brackets(k.name, wanted[0]) else WORDS
        return BEGINNINGS if matching.begins(wanted, there) else None

    longest = max(wanted, key=lambda word: (len(word), word))
    hits = _hits(_holding(ask, longest, homes), kind)
    return hits if side is None else sided(ask, hits, side, homes)


def sided(ask: Asker, hits: dict[IRI, int], side: str, homes: Sequence[Parcellation]) -> dict[IRI, int]:
    """Go from regions to their hemispheres; regions without this hemisphere are left out."""
    index = region_index.index(ask, homes)
    found: dict[IRI, int] = {}
    for iri, kind in hits.items():
        half = IRI(f"{iri}/{side}")  # where siibra has it
        if index is not None and half in index.rows:
            found[half] = kind
            continue
        parts = ask.table("region/hemispheres", region=iri)
        found.update({part.iri: kind for part in parts if part.laterality == side})
    return found


def names(ask: Asker, home: Parcellation) -> tuple[tuple[IRI, str], ...]:
    """Give the regions of a release that have look-up keys, with their names."""
    return tuple(sorted({(k.iri, k.name) for k in _holding(ask, "", (home,))}))


def nearest(ask: Asker, spec: str, homes: Sequence[Parcellation]) -> tuple[str, ...]:
    """Give the names nearest to a spec; of releases that are equally new, only the first is searched."""
    base = split_hemisphere(spec)[0]
    first = {home.atlas or home.iri: home for home in reversed(homes)}
    if not base or not first or not query_tokens(spec):  # "hemisphere" alone is near to nothing
        return ()
    there = [index for index in region_index.indexes(ask, homes) if index is not None]
    if len(there) == len(homes):
        known = {text: index.name(iris[0]) for index in reversed(there) for text, iris in index.keys.items()}
    else:
        rows = ask.table("region/names", parcellations=sorted(home.iri for home in first.values()))
        known = {row.key: row.name for row in rows}
    return matching.nearest(base, known)


def _in_brackets(name: str, word: str) -> bool:
    """Tell whether a word is one of the other names that a name gives in brackets: "Area hOc1 (V1, 17, CalcS)"."""
    return any(word == key(part) for inner in _BRACKETS.findall(name) for part in inner.split(","))


def _having(ask: Asker, wanted: str, homes: Sequence[Parcellation]) -> Iterable[_Key]:
    """Give the regions of some releases that have a key."""
    there = region_index.index(ask, homes)
    if there is not None:
        return [_Key(wanted, iri, there.name(iri)) for iri in there.keys.get(wanted, ())]
    here = {home.iri for home in homes}
    rows = ask.table("region/by-key", keys=(wanted,))
    return [_Key(row.key, row.iri, row.name) for row in rows if row.parcellation in here]


def _holding(ask: Asker, part: str, homes: Sequence[Parcellation]) -> Iterable[_Key]:
    """Give the keys of some releases that may hold a text."""
    there = [index for index in region_index.indexes(ask, homes) if index is not None]
    if len(there) == len(homes):
        found = ((index, text, iris) for index in there for text, iris in index.keys.items() if part in text)
        return [_Key(text, iri, index.name(iri)) for index, text, iris in found for iri in iris]
    here = {home.iri for home in homes}
    # Inside one parcellation its own keys are fewer than all keys with this part: 25 ms against 80 on disk.
    if len(homes) == 1:
        rows = ask.table("region/names", parcellations=(homes[0].iri,))
    else:
        rows = ask.table("region/by-part", part=part)
    return [_Key(row.key, row.iri, row.name) for row in rows if row.parcellation in here]


def _hits(keys: Iterable[_Key], kind: Callable[[_Key], int | None]) -> dict[IRI, int]:
    hits: dict[IRI, int] = {}
    for k in keys:
        found = kind(k)
        if found is not None:
            hits[k.iri] = min(found, hits.get(k.iri, found))
    return hits


def _kind(k: _Key, wanted: str) -> int:
    if key(k.name) == wanted:
        return NAME
    name = local_name(k.iri)
    return ID if wanted in (key(name), key(name.partition("_")[2])) else SYNONYM
