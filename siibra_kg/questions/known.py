"""Known: what look-ups have read of a graph, kept with the graph object so that each thing is read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siibra_kg.model import Parcellation
    from siibra_kg.questions.region_index import RegionIndex
    from siibra_kg.questions.siibra_tables import Concept
    from siibra_kg.terms import IRI

__all__ = ["Known"]


@dataclass(slots=True)
class Known:
    """Filled by look-ups as they go; empty at first, so that opening a graph reads nothing.

    Parameters
    ----------
    indexes
        The regions of a release, or ``None`` for one that siibra has no tree of.
    concepts
        What siibra calls its parcellations and spaces, by the name of the template that says so.
    parcellations
        What a text was found to stand for.
    homes
        Where a region is looked for when nobody says where.
    """

    indexes: dict[IRI, RegionIndex | None] = field(default_factory=dict)
    concepts: dict[str, tuple[Concept, ...]] = field(default_factory=dict)
    parcellations: dict[str, Parcellation] = field(default_factory=dict)
    homes: tuple[Parcellation, ...] = ()
