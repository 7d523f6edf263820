"""What a user may ask of a volume beyond its name: resolution, a box, a fragment, a format, a size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from siibra_kg.errors import BadVolume

if TYPE_CHECKING:
    from siibra_kg.locations import BoundingBox

__all__ = ["MAX_BYTES", "FetchKeywords", "FetchOptions"]

#: The most bytes that an array may have, unless asked for more: a brain of 0.5 mm in 64 bits.
MAX_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How to fetch a volume; the words are siibra's.

    Parameters
    ----------
    resolution_mm
        The coarsest voxel size to accept, in mm; the finest scale there is for ``-1`` or ``0``. Without it the finest
        scale whose array has at most ``max_bytes``. A file that has one resolution ignores neither: a coarser file
        than asked for is refused.
    voi
        Only the voxels whose centres lie in this box; it has to be in the space of the volume.
    fragment
        Only this part, ``"left hemisphere"``; words of its name are enough where they fit one only.
    format
        ``"image"``, ``"mesh"``, ``"surface"``, or a provider type such as ``"neuroglancer/precomputed"``.
    channel
        Of a volume with several values per voxel: which, counted from 0.
    z
        Of a volume with a fourth dimension: which position in it, counted from 0.
    max_bytes
        Refuse an array that would be larger; the finest scale that is not.

    Raises
    ------
    BadVolume
        If a number makes no sense.
    """

    resolution_mm: float | None = None
    voi: BoundingBox | None = None
    fragment: str | None = None
    format: str | None = None
    channel: int | None = None
    z: int | None = None
    max_bytes: int = MAX_BYTES

    def __post_init__(self) -> None:
        if self.resolution_mm is not None and not math.isfinite(self.resolution_mm):
            raise BadVolume("resolution_mm", f"{self.resolution_mm} is no voxel size in mm")
        for name in ("channel", "z"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise BadVolume(name, f"is counted from 0, not {value}")
        if self.max_bytes < 1:
            raise BadVolume("max_bytes", f"{self.max_bytes} bytes are no array")


class FetchKeywords(TypedDict, total=False):
    """The parameters of :class:`FetchOptions` as keywords of the methods of a graph."""

    resolution_mm: float | None
    voi: BoundingBox | None
    fragment: str | None
    format: str | None
    channel: int | None
    z: int | None
    max_bytes: int
