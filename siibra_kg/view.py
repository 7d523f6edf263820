"""GraphView: what the values of the model ask of the graph that they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg import voxels
from siibra_kg.questions import hierarchy, links, maps, parcellations, regions, spaces
from siibra_kg.questions import versions as region_versions
from siibra_kg.questions.ask import Asker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siibra_kg import model
    from siibra_kg.config import Settings
    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Template
    from siibra_kg.volumes import Surface, Volume
    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["GraphView"]


class GraphView:
    """Implements :class:`siibra_kg.model.View` with the questions; ``ask`` is what they are asked with."""

    def __init__(self, store: Store, templates: Mapping[str, Template], settings: Settings) -> None:
        self.ask = Asker(store, templates, self)
        self.settings = settings

    def parent(self, region: model.Region) -> model.Region | None:
        """See :attr:`Region.parent <siibra_kg.model.Region.parent>`."""
        return hierarchy.parent(self.ask, region)

    def children(self, region: model.Region) -> tuple[model.Region, ...]:
        """See :attr:`Region.children <siibra_kg.model.Region.children>`."""
        return hierarchy.children(self.ask, region)

    def ancestors(self, region: model.Region) -> tuple[model.Region, ...]:
        """See :attr:`Region.ancestors <siibra_kg.model.Region.ancestors>`."""
        return hierarchy.ancestors(self.ask, region)

    def descendants(self, region: model.Region) -> tuple[model.Region, ...]:
        """See :attr:`Region.descendants <siibra_kg.model.Region.descendants>`."""
        return hierarchy.descendants(self.ask, region)

    def leaves(self, region: model.Region) -> tuple[model.Region, ...]:
        """See :attr:`Region.leaves <siibra_kg.model.Region.leaves>`."""
        return hierarchy.leaves(self.ask, region)

    def siblings(self, region: model.Region) -> tuple[model.Region, ...]:
        """See :attr:`Region.siblings <siibra_kg.model.Region.siblings>`."""
        return hierarchy.siblings(self.ask, region)

    def contralateral(self, region: model.Region) -> model.Region | None:
        """See :attr:`Region.contralateral <siibra_kg.model.Region.contralateral>`."""
        return hierarchy.contralateral(self.ask, region)

    def mappings(self, region: model.Region, to: str | None = None) -> tuple[model.Mapping, ...]:
        """See :meth:`Region.mappings <siibra_kg.model.Region.mappings>`."""
        return links.mappings(self.ask, region.iri, to)

    def versions(self, region: model.Region) -> tuple[model.RegionVersion, ...]:
        """See :meth:`Region.versions <siibra_kg.model.Region.versions>`."""
        return region_versions.of_region(self.ask, region)

    def region_spaces(self, region: model.Region) -> tuple[model.Space, ...]:
        """See :attr:`Region.spaces <siibra_kg.model.Region.spaces>`."""
        return spaces.of_region(self.ask, region)

    def regions(self, parcellation: model.Parcellation) -> tuple[model.Region, ...]:
        """See :attr:`Parcellation.regions <siibra_kg.model.Parcellation.regions>`."""
        return regions.of_parcellation(self.ask, parcellation)

    def parcellation_spaces(self, parcellation: model.Parcellation) -> tuple[model.Space, ...]:
        """See :attr:`Parcellation.spaces <siibra_kg.model.Parcellation.spaces>`."""
        return spaces.of_parcellation(self.ask, parcellation)

    def parcellations_of(self, atlas: model.Atlas) -> tuple[model.Parcellation, ...]:
        """See :attr:`Atlas.parcellations <siibra_kg.model.Atlas.parcellations>`."""
        return parcellations.parcellations_of(self.ask, atlas.iri)

    def volumes(
        self, region: model.Region, space: model.Space | str | None = None, kind: str | None = None
    ) -> tuple[model.VolumeRef, ...]:
        """See :meth:`Region.volumes <siibra_kg.model.Region.volumes>`."""
        return voxels.volumes(self.ask, region, space, kind)

    def templates(self, space: model.Space) -> tuple[model.VolumeRef, ...]:
        """See :attr:`Space.templates <siibra_kg.model.Space.templates>`."""
        return maps.templates(self.ask, space.iri)

    def mask(self, region: model.Region, space: model.Space | str | None = None, **options: object) -> Volume | Surface:
        """See :meth:`Region.mask <siibra_kg.model.Region.mask>`."""
        return voxels.mask(self.ask, self.settings, region, space, **voxels.with_options(options))

    def regional_map(self, region: model.Region, space: model.Space | str | None = None, **options: object) -> Volume:
        """See :meth:`Region.regional_map <siibra_kg.model.Region.regional_map>`."""
        return voxels.regional_map(self.ask, self.settings, region, space, **voxels.with_options(options))

    def plot(
        self,
        region: model.Region,
        space: model.Space | str | None = None,
        out: Path | str | None = None,
        kind: str = "labelled",
        spec: str | None = None,
    ) -> Picture:
        """See :meth:`Region.plot <siibra_kg.model.Region.plot>`."""
        return voxels.picture(self.ask, self.settings, region, space, out=out, kind=kind, spec=spec)
