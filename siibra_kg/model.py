"""The values that questions give back: atlases, parcellations, regions, spaces, mappings, volume references.

All are frozen; identity is the IRI. A value that can be walked (a region to its parent) carries a *view*, the
graph that it came from, behind a small protocol; the view takes no part in equality.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siibra_kg.model_mapping import Mapping
from siibra_kg.model_view import View
from siibra_kg.terms import contract, local_name
from siibra_kg.volume_ref import LabelEntry, Map, VolumeRef

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.terms import IRI

__all__ = ["Atlas", "LabelEntry", "Map", "Mapping", "Parcellation", "Region", "Space", "View", "VolumeRef"]


@dataclass(frozen=True, slots=True)
class _Concept:
    iri: IRI
    name: str = field(compare=False)

    @property
    def id(self) -> str:
        """The short identifier: the local part of the IRI."""
        return local_name(self.iri)

    def __str__(self) -> str:
        return f"{self.name} <{contract(self.iri)}>"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {contract(self.iri)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(str(v))}</td></tr>"
            for k, v in self._facts().items()
            if v not in (None, "", ())
        )
        return f"<table><caption>{html.escape(type(self).__name__)}</caption>{rows}</table>"

    def _facts(self) -> dict[str, object]:
        return {"name": self.name, "iri": self.iri}


@dataclass(frozen=True, slots=True, repr=False)
class Space(_Concept):
    """A reference space in one version: openMINDS ``CommonCoordinateFrameworkVersion``.

    Parameters
    ----------
    version
        The version identifier, for instance ``"2009c, asym"``.
    species
        English or scientific name of the taxon.
    unit
        Native unit of coordinates, for instance ``"millimeter"``.
    orientation
        Anatomical orientation of the axes, for instance ``"RAS"``, where stated.
    siibra_name, short_name
        What siibra calls it, where siibra has it: ``"MNI 152 ICBM 2009c Nonlinear Asymmetric"``.
    """

    version: str = field(default="", compare=False)
    species: str = field(default="", compare=False)
    unit: str = field(default="", compare=False)
    orientation: str = field(default="", compare=False)
    siibra_name: str = field(default="", compare=False)
    short_name: str = field(default="", compare=False)
    view: View | None = field(default=None, compare=False, repr=False)

    @property
    def templates(self) -> tuple[VolumeRef, ...]:
        """References to its template volumes, one for each way to get each; ``variant`` says which form it is."""
        return _view(self).templates(self)

    def _facts(self) -> dict[str, object]:
        return {
            **super(Space, self)._facts(),
            "version": self.version,
            "species": self.species,
            "unit": self.unit,
            "orientation": self.orientation,
            "in siibra": self.siibra_name,
            "short name": self.short_name,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Atlas(_Concept):
    """An atlas across all its releases: openMINDS ``AnatomicalAtlas``; or what siibra has of one species."""

    abbreviation: str = field(default="", compare=False)
    species: str = field(default="", compare=False)
    view: View | None = field(default=None, compare=False, repr=False)

    @property
    def parcellations(self) -> tuple[Parcellation, ...]:
        """The releases of this atlas, oldest first; of one of siibra's atlases, its parcellations by name."""
        return _view(self).parcellations_of(self)

    def _facts(self) -> dict[str, object]:
        return {**super(Atlas, self)._facts(), "abbreviation": self.abbreviation, "species": self.species}


@dataclass(frozen=True, slots=True, repr=False)
class Parcellation(_Concept):
    """One atlas release across its spaces: ``skg:ParcellationRelease``, a group of ``AnatomicalAtlasVersion``.

    ``version`` is empty for an atlas that openMINDS describes without any version.
    """

    version: str = field(default="", compare=False)
    atlas: IRI | None = field(default=None, compare=False)
    species: str = field(default="", compare=False)
    license: str = field(default="", compare=False)
    view: View | None = field(default=None, compare=False, repr=False)

    @property
    def regions(self) -> tuple[Region, ...]:
        """All regions of this release, parents before children."""
        return _view(self).regions(self)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces in which this release is defined."""
        return _view(self).parcellation_spaces(self)

    def _facts(self) -> dict[str, object]:
        return {
            **super(Parcellation, self)._facts(),
            "version": self.version,
            "species": self.species,
            "license": self.license,
        }


@dataclass(frozen=True, slots=True)
class RegionVersion:
    """The same region in another release: the region, the spaces it is defined in there, and why it is the same."""

    region: Region
    spaces: tuple[Space, ...]
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Region(_Concept):
    """A region of one parcellation: ``skg:Region``, realised by ``ParcellationEntityVersion`` nodes.

    Parameters
    ----------
    parcellation
        The release that it belongs to.
    laterality
        ``"left"``, ``"right"`` or ``None`` for a region that is not one hemisphere's.
    color
        ``"#RRGGBB"`` where the sources give one.
    depth
        Steps to the root of its tree; the root has 0.
    is_leaf
        Whether no region is part of it.
    entity
        The version-independent openMINDS ``ParcellationEntity``, where known.
    """

    parcellation: Parcellation | None = field(default=None, compare=False)
    laterality: str | None = field(default=None, compare=False)
    color: str | None = field(default=None, compare=False)
    depth: int = field(default=0, compare=False)
    is_leaf: bool = field(default=True, compare=False)
    entity: IRI | None = field(default=None, compare=False)
    view: View | None = field(default=None, compare=False, repr=False)

    @property
    def parent(self) -> Region | None:
        """The region that this one is part of, or ``None`` for a root."""
        return _view(self).parent(self)

    @property
    def children(self) -> tuple[Region, ...]:
        """The regions directly part of this one; hemispheres are children of their region."""
        return _view(self).children(self)

    @property
    def ancestors(self) -> tuple[Region, ...]:
        """All regions that this one is part of, nearest first."""
        return _view(self).ancestors(self)

    @property
    def descendants(self) -> tuple[Region, ...]:
        """All regions that are part of this one, at any depth, parents before children."""
        return _view(self).descendants(self)

    @property
    def leaves(self) -> tuple[Region, ...]:
        """Those descendants that have no part; the region itself if it is a leaf."""
        return _view(self).leaves(self)

    @property
    def siblings(self) -> tuple[Region, ...]:
        """The other children of the parent."""
        return _view(self).siblings(self)

    @property
    def contralateral(self) -> Region | None:
        """The same region of the other hemisphere, or ``None`` where it has no side."""
        return _view(self).contralateral(self)

    @property
    def path_to_root(self) -> tuple[Region, ...]:
        """This region, its parent, and so on to the root."""
        return (self, *self.ancestors)

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces in which this region is defined."""
        return _view(self).region_spaces(self)

    @property
    def id(self) -> str:
        """The short identifier: for instance ``jba-v3.0.3/area-hoc1``; look-ups take it like the IRI."""
        return self.iri.partition("/id/region/")[2] or local_name(self.iri)

    def mappings(self, to: str | None = None) -> tuple[Mapping, ...]:
        """Terms of other vocabularies for this region; ``to`` keeps one prefix, for instance ``"UBERON"``."""
        return _view(self).mappings(self, to)

    def versions(self) -> tuple[RegionVersion, ...]:
        """The same region in every release of its atlas, oldest first, with the reason of each link."""
        return _view(self).versions(self)

    def volumes(self, space: Space | str | None = None, kind: str | None = None) -> tuple[VolumeRef, ...]:
        """References to the voxels of this region, one for each entry of each map's index and each provider.

        Where no map shows the region itself, references to the parts of it that maps show: ``region`` of a reference
        says which. ``kind`` is ``"labelled"`` or ``"statistical"``.
        """
        return _view(self).volumes(self, space, kind)

    def mask(self, space: Space | str | None = None, **options: Any) -> Any:  # noqa: ANN401  a siibra_kg.volumes.Volume
        """Give the region's voxels as a :class:`~siibra_kg.volumes.Volume` of zeros and ones.

        The options are those of :meth:`KnowledgeGraph.mask <siibra_kg.graph.KnowledgeGraph.mask>`: ``kind``,
        ``threshold``, ``spec``, and how to fetch.
        """
        return _view(self).mask(self, space, **options)

    def regional_map(self, space: Space | str | None = None, **options: Any) -> Any:  # noqa: ANN401  a Volume
        """Give the region's statistical map; where it has several, of its halves or parts, their greatest value."""
        return _view(self).regional_map(self, space, **options)

    def plot(
        self,
        space: Space | str | None = None,
        out: Path | str | None = None,
        kind: str = "labelled",
        spec: str | None = None,
    ) -> Any:  # noqa: ANN401  a siibra_kg.volumes.pictures.plot.Picture
        """Draw three orthogonal slices through the region over the template of the space.

        ``kind="statistical"`` draws the values of its statistical map; ``spec`` says which map, where there are
        several.
        """
        return _view(self).plot(self, space, out, kind, spec)

    def __str__(self) -> str:
        """Give the name: regions are rows and columns of data frames."""
        return self.name

    def __repr__(self) -> str:
        return f"<Region {self.described}>"

    @property
    def described(self) -> str:
        """Name, parcellation and id in one line, which tell it from all others."""
        where = f", {self.parcellation.name}" if self.parcellation else ""
        return f"{self.name}{where} <{self.id}>"

    def _facts(self) -> dict[str, object]:
        return {
            **super(Region, self)._facts(),
            "parcellation": self.parcellation.name if self.parcellation else "",
            "hemisphere": self.laterality,
            "color": self.color,
            "depth": self.depth,
            "leaf": self.is_leaf,
        }


def _view(value: Region | Parcellation | Atlas | Space) -> View:
    if value.view is None:
        raise AttributeError(f"{value!r} was made by hand and belongs to no graph; ask a KnowledgeGraph for it")
    return value.view
