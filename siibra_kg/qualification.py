"""How what a feature is anchored to relates to what was asked for: siibra's words, in siibra's order."""

from __future__ import annotations

from enum import Enum

__all__ = ["Qualification"]


class Qualification(str, Enum):
    """The relation of an anchor to the query, best first; the sentence is *anchor* verb *query*.

    >>> Qualification.CONTAINED.verb, Qualification.CONTAINED.inverse
    ('is contained in', <Qualification.CONTAINS: 'contains'>)
    >>> max(Qualification, key=lambda q: q.rank)
    <Qualification.HOMOLOGOUS: 'homologous'>
    """

    EXACT = "exact"
    APPROXIMATE = "approximate"
    OTHER_VERSION = "other version"
    CONTAINED = "contained"
    CONTAINS = "contains"
    OVERLAPS = "overlaps"
    HOMOLOGOUS = "homologous"

    @property
    def rank(self) -> int:
        """The place in the order, 1 for the best; the same numbers as in siibra."""
        return _RANKS[self]

    @property
    def verb(self) -> str:
        """What stands between the anchor and the query in a sentence."""
        return _VERBS[self]

    @property
    def inverse(self) -> Qualification:
        """The same relation, seen from the query."""
        if self is Qualification.CONTAINED:
            return Qualification.CONTAINS
        return Qualification.CONTAINED if self is Qualification.CONTAINS else self

    def __str__(self) -> str:
        return self.value


_RANKS = {qualification: rank for rank, qualification in enumerate(Qualification, start=1)}
_VERBS = {
    Qualification.EXACT: "coincides with",
    Qualification.APPROXIMATE: "approximates to",
    Qualification.OTHER_VERSION: "is another version of",
    Qualification.CONTAINED: "is contained in",
    Qualification.CONTAINS: "contains",
    Qualification.OVERLAPS: "overlaps with",
    Qualification.HOMOLOGOUS: "is homologous to",
}
