"""Matches of a feature query, as a tuple that can also be looked at: a table, a data frame, a page of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex, overload

from siibra_kg.model_features import Match
from siibra_kg.table import Column, Table
from siibra_kg.terms import contract

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Matches"]

_COLUMNS = (
    *(Column(n, "string") for n in ("qualification", "modality", "name", "made_by", "anchoring", "structure")),
    Column("elements", "integer"),
    Column("id", "string"),
)


class Matches(tuple[Match, ...]):
    """A tuple of :class:`~siibra_kg.model_features.Match`, best first.

    >>> Matches()
    <0 matches>
    >>> Matches().table().names[:3]
    ('qualification', 'modality', 'name')
    """

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex) -> Match: ...
    @overload
    def __getitem__(self, key: slice) -> Matches: ...
    def __getitem__(self, key: SupportsIndex | slice) -> Match | Matches:
        """Give one match, or some of them as matches."""
        if isinstance(key, slice):
            return Matches(super().__getitem__(key))
        return super().__getitem__(key)

    def table(self, *, via: bool = False) -> Table:
        """Give one row for each match.

        Parameters
        ----------
        via
            Also the statements that lead to each feature.
        """
        columns = (*_COLUMNS, Column("via", "string")) if via else _COLUMNS
        return Table(columns, tuple(_row(match)[: len(columns)] for match in self))

    def to_pandas(self) -> pd.DataFrame:
        """Give the table as a :class:`pandas.DataFrame`."""
        return self.table().to_pandas()

    def __repr__(self) -> str:
        if not self:
            return "<0 matches>"
        return f"<{len(self)} match{'es' if len(self) > 1 else ''}, best: {self[0]}>"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _row(match: Match) -> tuple[object, ...]:
    best, feature = match.ways[0], match.feature
    return (
        str(match.qualification),
        feature.modality,
        feature.name,
        match.made_by,
        " ".join(match.anchorings),
        best.structure_name or contract(best.structure),
        feature.size,
        feature.id,
        " ; ".join(map(str, match.via)),
    )
