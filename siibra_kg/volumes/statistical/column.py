"""What one map of a statistical map shows, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.volumes.provenance import Provenance

if TYPE_CHECKING:
    from siibra_kg.terms import IRI

__all__ = ["MapColumn"]


@dataclass(frozen=True, slots=True)
class MapColumn:
    """One map of a statistical map: the region that it shows and where it comes from.

    Parameters
    ----------
    number
        Its column in the sparse index, counted from 0.
    region
        The region, or hemisphere of one; ``None`` where the graph has none for it.
    name
        Of the region.
    color
        ``"#RRGGBB"``, where known.
    laterality
        ``"left"``, ``"right"`` or ``None``.
    volume
        ``skg:Volume`` node.
    volume_index
        The number of the volume in its map, where known.
    z
        Its position in the fourth dimension of the volume, where there is one.
    fragment
        The part of the volume, where only that was read.
    provenance
        Where its values come from.
    """

    number: int
    region: IRI | None = None
    name: str = ""
    color: str | None = None
    laterality: str | None = None
    volume: IRI | None = None
    volume_index: int | None = None
    z: int | None = None
    fragment: str | None = None
    provenance: Provenance = field(default_factory=Provenance, compare=False, repr=False)
