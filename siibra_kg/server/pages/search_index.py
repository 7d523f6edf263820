"""SearchIndex: names of regions, parcellations, spaces, atlases and features in memory, for answers in milliseconds.

A search compares look-up keys (:func:`siibra_kg.names.key`) as ``kg.find`` does: whole names, then ids and synonyms,
then all words, then beginnings of words; last, words that are spelt nearly so. Of hits of one kind those in the newest
release of an atlas come first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from siibra_kg.names import key, split_hemisphere

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Entry", "Hit", "SearchIndex"]

# Kinds of hits, best first; the numbers are their scores.
_SCORES = {"name": 1.0, "synonym": 0.9, "words": 0.75, "beginnings": 0.6, "nearly": 0.4}
_NAME, _SYNONYM, _WORDS, _BEGINNINGS, _NEARLY = range(5)
_BY_KIND = tuple(_SCORES.values())

#: A word of a search that no name has is compared with all words; these must be so similar, of 100.
_SIMILAR = 74
#: So many similar words are tried.
_MOST_SIMILAR = 6
#: Words that so many keys begin with say nothing; whole words still do.
_COMMON = 1500


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found.

    Parameters
    ----------
    iri, name, kind
        The node, its name, and what it is: ``region``, ``parcellation``, ``space``, ``atlas``, ``feature``.
    keys
        Look-up keys.
    parcellation, parcellation_name
        The release of a region.
    side
        ``left`` or ``right`` for a hemisphere.
    rank
        Among equal hits smaller ones come first: 0 for the newest release of an atlas.
    """

    iri: str
    name: str
    kind: str
    keys: tuple[str, ...]
    parcellation: str = ""
    parcellation_name: str = ""
    side: str = ""
    rank: int = 0


class Hit(NamedTuple):
    """An entry that was found, and how well it fits: 1 for its whole name."""

    entry: Entry
    score: float


class _Found(NamedTuple):
    kind: int
    apart: int


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """Finds entries by what people type.

    Parameters
    ----------
    entries
        All that can be found.

    Examples
    --------
    >>> index = SearchIndex.make([Entry("urn:a", "Area hOc1", "region", ("area hoc1",))])
    >>> [(hit.entry.name, round(hit.score, 2)) for hit in index.find("are hoc")]
    [('Area hOc1', 0.6)]
    """

    entries: tuple[Entry, ...]
    _keys: tuple[str, ...]
    _of_key: tuple[tuple[int, ...], ...]
    _whole: dict[str, int]
    _words: tuple[str, ...]
    _with_word: dict[str, tuple[int, ...]]
    _halves: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def make(cls, entries: Iterable[Entry]) -> SearchIndex:
        """Prepare."""
        those = tuple(sorted(entries, key=lambda e: (e.rank, e.parcellation_name, e.name, e.iri)))
        holders: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(those):
            for one in dict.fromkeys(entry.keys):
                holders[one].append(number)
        keys = tuple(sorted(holders))
        words: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(keys):
            for word in set(one.split()):
                words[word].append(number)
        halves = {(e.iri.rpartition("/")[0], e.side): n for n, e in enumerate(those) if e.side}
        return cls(
            those,
            keys,
            tuple(tuple(holders[one]) for one in keys),
            {one: number for number, one in enumerate(keys)},
            tuple(sorted(words)),
            {word: tuple(numbers) for word, numbers in words.items()},
            halves,
        )

    def find(self, text: str, most: int = 20) -> tuple[Hit, ...]:
        """Give the best hits.

        Parameters
        ----------
        text
            What somebody typed; a hemisphere at either end chooses that half.
        most
            How many at most.
        """
        base, side = split_hemisphere(text)
        found = self._found(key(text).split(), text)
        if side is not None:
            for number, hit in self._found(base.split(), base).items():
                half = self._half(number, side)
                if half is not None and (half not in found or hit < found[half]):
                    found[half] = hit
        extra = len(base.split())
        best = nsmallest(most, found.items(), key=lambda item: self._rank(item[0], item[1], extra, side is not None))
        return tuple(Hit(self.entries[n], _BY_KIND[h.kind] * (1 - h.apart / 200)) for n, h in best)

    def _rank(self, number: int, hit: _Found, words: int, sided: bool) -> tuple[object, ...]:
        entry = self.entries[number]
        longer = max(0, len(entry.name.split()) - words)
        return hit.kind, hit.apart, entry.rank, bool(entry.side) and not sided, longer, number

    def _half(self, number: int, side: str) -> int | None:
        entry = self.entries[number]
        return number if entry.side == side else self._halves.get((entry.iri, side))

    def _found(self, wanted: list[str], text: str) -> dict[int, _Found]:
        """Give entry -> best hit."""
        out: dict[int, _Found] = {}
        if not wanted:
            return out
        for number, hit in self._keys_with(wanted).items():
            for one in self._of_key[number]:
                if one not in out or hit < out[one]:
                    out[one] = hit
        whole = self._whole.get(" ".join(wanted))
        for one in self._of_key[whole] if whole is not None else ():
            named = key(self.entries[one].name) == key(text)
            out[one] = _Found(_NAME if named else _SYNONYM, 0)
        return out

    def _keys_with(self, wanted: list[str]) -> dict[int, _Found]:
        """Give the keys that have all words: whole, as beginnings, or nearly."""
        met = [self._with(word) for word in dict.fromkeys(wanted)]
        met.sort(key=len)
        out = met[0]
        for other in met[1:]:
            out = {
                k: _Found(max(h.kind, other[k].kind), h.apart + other[k].apart) for k, h in out.items() if k in other
            }
        return out

    def _with(self, word: str) -> dict[int, _Found]:
        """Give the keys that have a word."""
        out = dict.fromkeys(self._with_word.get(word, ()), _Found(_WORDS, 0))
        first = bisect_left(self._words, word)
        for longer in self._words[first:]:
            if not longer.startswith(word) or len(out) > _COMMON:
                break
            for k in self._with_word[longer]:
                out.setdefault(k, _Found(_BEGINNINGS, 0))
        return out or self._nearly(word)

    def _nearly(self, word: str) -> dict[int, _Found]:
        from rapidfuzz import fuzz, process  # noqa: PLC0415  only after a mistake

        out: dict[int, _Found] = {}
        near = process.extract(word, self._words, scorer=fuzz.ratio, limit=_MOST_SIMILAR, score_cutoff=_SIMILAR)
        for similar, score, _ in near:
            for k in self._with_word[similar]:
                out.setdefault(k, _Found(_NEARLY, round(100 - score)))
        return out
