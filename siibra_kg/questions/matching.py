"""How well what somebody wrote fits a name: words, their beginnings, and what to suggest when nothing fits."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from siibra_kg.names import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["begins", "extra_words", "nearest", "words"]

_RUNS = re.compile(r"[0-9]+|[^\W\d_]+")


def words(text: str) -> tuple[str, ...]:
    """Give the words of a name; letters and digits part, so that ``mni152`` and ``MNI 152`` are the same.

    >>> words("JBA v3.0.3, MNI152")
    ('jba', 'v', '3', '0', '3', 'mni', '152')
    """
    return tuple(_RUNS.findall(key(text)))


def extra_words(spec: str, name: str) -> int | None:
    """Count the words of a name beyond those of a spec; ``None`` if a word of the spec is not among them.

    Digits count as often as they come, so ``3.0`` is not ``3.0.3``; a bare ``v`` of a version does not count.

    >>> extra_words("julich brain 3.0", "Julich-Brain Atlas v3.0")
    1
    >>> extra_words("colin 27", "MNI152") is None
    True

    Where the blanks are does not count either, as long as whole words are met.

    >>> extra_words("big brain", "BigBrain Model 2015"), extra_words("julichbrain", "Julich-Brain Atlas")
    (2, 1)
    """
    wanted, there = [w for w in words(spec) if w != "v"], [w for w in words(name) if w != "v"]
    if not wanted:
        return None
    if Counter(wanted) - Counter(there):
        return _extra_if_joined("".join(wanted), there)
    return len(there) - len(wanted)


def _extra_if_joined(spec: str, there: list[str]) -> int | None:
    """Count the words beyond those that, written together, are the spec; ``None`` if no neighbouring words are."""
    for first in range(len(there)):
        for last in range(first + 1, len(there) + 1):
            if "".join(there[first:last]) == spec:
                return len(there) - (last - first)
    return None


def begins(spec: Iterable[str], name: Iterable[str]) -> bool:
    """Tell whether every word of a spec is the beginning of a word of a name."""
    there = tuple(name)
    return all(any(word.startswith(wanted) for word in there) for wanted in spec)


def nearest(spec: str, names: Mapping[str, str], *, most: int = 5) -> tuple[str, ...]:
    """Give the names nearest to a spec, best first; ``names`` maps keys to the names that they stand for."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415  only needed to help after a mistake

    ranked = process.extract(key(spec), sorted(names), scorer=fuzz.WRatio, limit=40, score_cutoff=60)
    return tuple(dict.fromkeys(names[found] for found, _, _ in ranked))[:most]
