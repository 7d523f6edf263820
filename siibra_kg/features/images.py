"""Sections and volumes of interest: features whose data are voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.features.base import Measured
from siibra_kg.questions import maps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack

    from siibra_kg.locations import BoundingBox
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes import ChunkedVolume, Surface, Volume
    from siibra_kg.volumes.options import FetchKeywords

__all__ = ["ImageFeature"]


@dataclass(frozen=True, slots=True, repr=False)
class ImageFeature(Measured):
    """An image of a part of a brain, placed in a reference space: siibra's ``Image``.

    Its box, as far as the graph states it, is known without reading the image.
    """

    @property
    def data(self) -> Volume | Surface:
        """The voxels at the finest resolution that fits into memory; :meth:`fetch` gives a part, or another scale."""
        return self.fetch()

    @property
    def volumes(self) -> tuple[VolumeRef, ...]:
        """A reference for each way to get it: provider, address, space, box."""
        return maps.of_feature(self._reader().ask, self.iri)

    @property
    def boundingbox(self) -> BoundingBox | None:
        """The box around it in mm, as the graph states it; ``None`` where it does not."""
        return next((ref.box for ref in self.volumes if ref.box is not None), None)

    def fetch(self, **options: Unpack[FetchKeywords]) -> Volume | Surface:
        """Read the image, or a part of it.

        Parameters
        ----------
        **options
            ``resolution_mm``, ``voi`` (a box in the space of the image), ``channel``, ``max_bytes`` and the others of
            :class:`~siibra_kg.volumes.FetchOptions`.

        Raises
        ------
        DataMissing
            If the graph names no volume of it, or it cannot be had.
        AmbiguousName
            If it has several volumes; ``candidates`` has their references.
        """
        from siibra_kg.volumes import fetch  # noqa: PLC0415  numpy and nibabel take 150 ms
        from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

        return fetch(self._one(), self._reader().settings, FetchOptions(**options))

    def chunked(self, **options: Unpack[FetchKeywords]) -> ChunkedVolume:
        """Give a handle on the image that reads blocks when they are asked for; it need not fit into memory."""
        from siibra_kg.volumes import ChunkedVolume  # noqa: PLC0415  numpy and nibabel take 150 ms
        from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

        return ChunkedVolume(self._one()[0], FetchOptions(**options), self._reader().settings)

    def _one(self) -> Sequence[VolumeRef]:
        refs = self.volumes
        if not refs:
            hint = f"`siibra-kg show {self.iri}` prints what it states"
            raise DataMissing(f"the image of {self.name}", "the graph names no volume of it", hint)
        if len({ref.iri for ref in refs}) > 1:
            raise AmbiguousName(self.name, "volume", refs)
        return refs
