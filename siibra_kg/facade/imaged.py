"""From nodes to voxels: masks, maps, templates, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from siibra_kg import voxels
from siibra_kg.facade.names import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from siibra_kg import model
    from siibra_kg.locations import Point
    from siibra_kg.volumes import ChunkedVolume, LabelMap, StatisticalMap, Surface, SurfaceLabelMap, Volume
    from siibra_kg.volumes.options import FetchKeywords, FetchOptions
    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["Imaged"]


class Imaged(Names):
    """Arrays of what the graph names. Asking for voxels may download them; ``SIIBRA_KG_OFFLINE=1`` forbids it.

    Every method takes the keywords of :class:`~siibra_kg.volumes.FetchOptions`: ``resolution_mm``, ``voi`` (a
    bounding box), ``fragment``, ``format``, ``channel``, ``z``, ``max_bytes``.
    """

    def mask(
        self,
        region: str | model.Region,
        space: str | model.Space | None = None,
        *,
        kind: str = "labelled",
        spec: str | None = None,
        threshold: float = 0.0,
        **options: Unpack[FetchKeywords],
    ) -> Volume:
        """Give the voxels of a region and of its parts; the space is needed where there are several.

        Parameters
        ----------
        region
            A region, or what names one.
        space
            A reference space, or its name.
        kind
            ``"labelled"``, or ``"statistical"`` for the voxels whose value is greater than ``threshold``.
        spec
            Words of the map's id, where there are several: ``"227"``.
        threshold
            In the unit of the statistical map.
        **options
            See :class:`~siibra_kg.volumes.FetchOptions`.

        Raises
        ------
        DataMissing
            If no such map shows the region or any part of it, or its file cannot be had: says where it is.
        """
        return self.region(region).mask(space, kind=kind, spec=spec, threshold=threshold, **options)  # type: ignore[no-any-return]

    def regional_map(
        self,
        region: str | model.Region,
        space: str | model.Space | None = None,
        spec: str | None = None,
        **options: Unpack[FetchKeywords],
    ) -> Volume:
        """Give the statistical map of a region: for one with two halves or parts, the greatest of their values.

        Raises
        ------
        DataMissing
            As :meth:`mask`.
        """
        return self.region(region).regional_map(space, spec=spec, **options)  # type: ignore[no-any-return]

    def map(
        self,
        parcellation: str | model.Parcellation,
        space: str | model.Space | None = None,
        kind: str = "labelled",
        spec: str | None = None,
        **options: Unpack[FetchKeywords],
    ) -> LabelMap | StatisticalMap | SurfaceLabelMap:
        """Give a map of a parcellation in a space.

        Parameters
        ----------
        parcellation
            A release, or its name.
        space
            Needed where the release has such maps in several spaces.
        kind
            ``"labelled"`` or ``"statistical"``; siibra's ``LABELLED`` and ``STATISTICAL`` are the same.
        spec
            Words of the map's id or name, where there are several: ``"227"``.
        **options
            See :class:`~siibra_kg.volumes.FetchOptions`.

        Returns
        -------
        LabelMap or StatisticalMap or SurfaceLabelMap
            The last for labels at the vertices of a surface.

        Raises
        ------
        AmbiguousName
            If there are several; ``candidates`` has them as values.
        DataMissing
            If the graph names no such map, or its voxels cannot be had: says where they are.
        """
        found = voxels.find_map(self._ask, self.parcellation(parcellation), space, kind, spec)
        return voxels.read_map(self._ask, self.settings, found, _options(options))

    def template(
        self, space: str | model.Space, variant: str | None = None, **options: Unpack[FetchKeywords]
    ) -> Volume | Surface:
        """Give the template of a reference space: an image, or the mesh of a surface space.

        ``space.templates`` has all references; a file that ships in a package comes before one to download.

        Raises
        ------
        AmbiguousName
            If there are several forms and no variant is given; ``candidates`` has the references.
        DataMissing
            If the graph names none, or its voxels cannot be had: says where they are.
        """
        return voxels.template(self._ask, self.settings, self.space(space), variant, _options(options))

    def fetch(
        self, refs: model.VolumeRef | Sequence[model.VolumeRef], **options: Unpack[FetchKeywords]
    ) -> Volume | Surface:
        """Give the array that a reference names, or the best of several references to one volume.

        Parameters
        ----------
        refs
            From ``region.volumes()`` or ``space.templates``.
        **options
            See :class:`~siibra_kg.volumes.FetchOptions`.

        Raises
        ------
        DataMissing
            If it cannot be had.
        BadVolume
            If it is not what the reference says.
        """
        from siibra_kg.model import VolumeRef  # noqa: PLC0415
        from siibra_kg.volumes import fetch  # noqa: PLC0415  numpy and nibabel take 150 ms

        several = (refs,) if isinstance(refs, VolumeRef) else tuple(refs)
        return fetch(several, self.settings, _options(options))

    def chunked(self, ref: model.VolumeRef, **options: Unpack[FetchKeywords]) -> ChunkedVolume:
        """Give a handle on a volume that need not fit into memory; see :func:`siibra_kg.volumes.map_blocks`."""
        from siibra_kg.volumes import ChunkedVolume  # noqa: PLC0415  numpy and nibabel take 150 ms

        return ChunkedVolume(ref, _options(options), self.settings)

    def neuroglancer_url(
        self, refs: model.VolumeRef | Sequence[model.VolumeRef], at: Point | Sequence[float] | None = None
    ) -> str:
        """Give a link that shows volumes in neuroglancer, in a browser.

        Parameters
        ----------
        refs
            Of one space, for instance those of ``space.templates`` or ``region.volumes()`` that have a web address.
        at
            The point in the middle of the view, in mm.

        Raises
        ------
        BadVolume
            If neuroglancer cannot read one of them.
        """
        from siibra_kg.volumes.pictures.neuroglancer import neuroglancer_url  # noqa: PLC0415

        middle = None if at is None else list(at)
        return neuroglancer_url(refs, self.settings, at=middle)

    def plot(
        self,
        region: str | model.Region,
        space: str | model.Space | None = None,
        out: str | Path | None = None,
        kind: str = "labelled",
        spec: str | None = None,
    ) -> Picture:
        """Draw a region on three orthogonal slices: over the template where one can be had, else among the outlines.

        Parameters
        ----------
        region, space, spec
            As of :meth:`mask`.
        out
            A PNG file to write.
        kind
            ``"statistical"`` draws the values of the statistical map.
        """
        return self.region(region).plot(space, out, kind=kind, spec=spec)  # type: ignore[no-any-return]

    def picture(self, region: model.Region, out: str | Path, space: str | model.Space | None = None) -> Path:
        """Draw a region into a PNG file; see :meth:`plot`."""
        self.plot(region, space, out)
        return Path(out)


def _options(given: Any) -> FetchOptions:  # noqa: ANN401  a FetchKeywords, which has no type at run time
    from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

    return FetchOptions(**given)
