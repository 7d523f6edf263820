"""Names as the alignment compares them: without the side, and in three degrees of looseness."""

from __future__ import annotations

import re
from typing import NamedTuple

from siibra_kg.names import key, split_hemisphere

__all__ = ["Sided", "loose", "sided", "stripped"]

# A side in the middle of a name: "Direct segment of the left arcuate fasciculus", "superior parietal lobule RH and
# skull". A single letter never counts there.
_WITHIN = re.compile(r"\s+(?:(?P<word>left|right)|(?P<short>LH|RH))\b(?=\s+\S)")
_ONLY = re.compile(r"\W*(left|right)(?:\s+hemisphere)?\W*\Z", re.IGNORECASE)
_SIDES = {"LH": "left", "RH": "right"}
_EDGE = re.compile(r"^\W*(?:left|right|lh|rh)[\s_-]+|[\s_-]+(?:left|right)\W*$", re.IGNORECASE)
# Words that say what kind of thing a region is, and words without meaning: names that differ in nothing else are
# the same in a release, where they are unique.
_FILLING = frozenset({"area", "the", "of", "and", "in", "part", "region"})


class Sided(NamedTuple):
    """A name: its look-up key without the side, and the side."""

    stem: str
    side: str | None


def sided(name: str) -> Sided:
    """Take the side out of a name, also out of its middle; a name that is nothing but a side stays whole.

    >>> sided("Area 44 (IFG) left")
    Sided(stem='area 44 ifg', side='left')
    >>> sided("Direct segment of the left arcuate fasciculus")
    Sided(stem='direct segment of the arcuate fasciculus', side='left')
    >>> sided("left hemisphere")
    Sided(stem='left hemisphere', side='left')
    """
    if only := _ONLY.match(name):
        return Sided(key(name), only[1].lower())
    stem, side = split_hemisphere(name)
    if side is None and (found := _WITHIN.search(name)):
        side = found["word"] or _SIDES[found["short"]]
        stem = key(name[: found.start()] + name[found.end() :])
    return Sided(stem, side)


def stripped(name: str) -> str:
    """Give a name without a side at its ends, as it is written otherwise.

    >>> stripped("Left Frontal Pole"), stripped("Area 44 (IFG) left")
    ('Frontal Pole', 'Area 44 (IFG)')
    """
    bare = _EDGE.sub("", name).strip()
    return bare or name


def loose(stem: str) -> str:
    """Give the words of a key that mean something, sorted: order and filling do not count.

    >>> loose("area 4a precg") == loose("4a precg")
    True
    """
    words = stem.split()
    return " ".join(sorted({w for w in words if w not in _FILLING} or words))
