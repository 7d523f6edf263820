"""From nodes to voxels: masks, maps, templates, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg import voxels
from siibra_kg.facade.names import Names

if TYPE_CHECKING:
    from siibra_kg import model
    from siibra_kg.volumes import LabelMap, Volume

__all__ = ["Imaged"]


class Imaged(Names):
    """Arrays of what the graph names."""

    def mask(self, region: str | model.Region, space: str | model.Space | None = None) -> Volume:
        """See :meth:`Region.mask <siibra_kg.model.Region.mask>`; the space is needed where there are several."""
        return voxels.mask(self._ask, self.settings, self.region(region), space)

    def map(
        self,
        parcellation: str | model.Parcellation,
        space: str | model.Space | None = None,
        kind: str = "labelled",
        spec: str | None = None,
    ) -> LabelMap:
        """Give the label map of a parcellation in a space.

        Parameters
        ----------
        parcellation
            A release, or its name.
        space
            Needed where the release has such maps in several spaces.
        kind
            ``"labelled"``; siibra's ``LABELLED`` is the same. Statistical maps are found, but not read yet.
        spec
            Words of the map's id or name, where there are several: ``"227"``.

        Raises
        ------
        AmbiguousName
            If there are several; ``candidates`` has them as values.
        DataMissing
            If the graph names no such map, or its voxels are not on this machine: says where they are.
        """
        from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

        found = voxels.find_map(self._ask, self.parcellation(parcellation), space, kind, spec)
        return voxels.read_map(self._ask, self.settings, found, FetchOptions())

    def template(self, space: str | model.Space, variant: str | None = None) -> Volume:
        """Give the template image of a reference space; ``space.templates`` has all references.

        Raises
        ------
        AmbiguousName
            If there are several forms and no variant is given; ``candidates`` has the references.
        DataMissing
            If the graph names none, or its voxels are not on this machine: says where they are.
        """
        return voxels.template(self._ask, self.settings, self.space(space), variant)

    def picture(self, region: model.Region, out: str | Path, space: str | model.Space | None = None) -> Path:
        """Draw a region on three orthogonal slices into a PNG file."""
        voxels.picture(self._ask, self.settings, region, space, Path(out))
        return Path(out)
