"""A volume that is stored at several resolutions: which one is read, and which of its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.place import block_in, crop_step, moved
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.stores import Chunked
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.place import Block

__all__ = ["Pyramid", "Scale", "choose", "read_pyramid"]

# Voxel sizes are written in decimal, and asked for in decimal.
_TINY = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """One resolution of a volume.

    Parameters
    ----------
    name
        As its format calls it.
    shape
        Voxels along x, y and z.
    affine
        4x4: the index of a voxel, which is its centre and counted from 0, to mm.
    dtype
        Of a voxel.
    open
        Gives the array; nothing of it is read before.
    """

    name: str
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    dtype: np.dtype[Any]
    open: Callable[[], Chunked]

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel in mm."""
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0)).tolist()
        return x, y, z

    @property
    def whole(self) -> Block:
        """All of its voxels."""
        x, y, z = self.shape
        return (0, x), (0, y), (0, z)

    def nbytes(self, block: Block | None = None) -> int:
        """Give the bytes of an array of a block, or of all."""
        return prod(b - a for a, b in block or self.whole) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{' x '.join(f'{v:g}' for v in self.voxel_size)} mm"


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """All resolutions of a volume, the finest first.

    Parameters
    ----------
    name
        For messages.
    scales
        One or more.
    sha256
        Of what describes it: chunks have no checksums, so this tells at least another description.
    channel
        Which of several values per voxel is read; ``None`` where there is one.
    """

    name: str
    scales: tuple[Scale, ...]
    sha256: str = ""
    channel: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", tuple(sorted(self.scales, key=lambda s: prod(s.voxel_size))))


def choose(pyramid: Pyramid, options: FetchOptions) -> tuple[Scale, Block]:
    """Choose the resolution to read, and the block of it.

    Parameters
    ----------
    pyramid
        The volume.
    options
        With ``resolution_mm`` the coarsest scale that is fine enough; without it the finest whose block has at most
        ``max_bytes``. An axis along which all scales are alike, as the thickness of a section is, has no say.

    Raises
    ------
    BadVolume
        If there is none; lists what there is.
    """
    wish = options.resolution_mm
    candidates: Sequence[Scale] = pyramid.scales
    if wish is not None and wish > 0:
        axes = _varying(pyramid.scales)
        fine = [s for s in pyramid.scales if max(s.voxel_size[a] for a in axes) <= wish * (1 + _TINY)]
        if not fine:
            raise BadVolume(pyramid.name, f"no scale has voxels of {wish:g} mm or less", _list(pyramid.scales))
        candidates = fine[-1:]
    elif wish is not None:
        candidates = pyramid.scales[:1]
    for scale in candidates:
        block = _block(pyramid.name, scale, options)
        if scale.nbytes(block) <= options.max_bytes:
            return scale, block
    least = candidates[-1]
    need = least.nbytes(_block(pyramid.name, least, options))
    hint = f"ask for a coarser one, for a box, or for more with max_bytes; {_list(pyramid.scales)}"
    reason = f"an array at {least} has {need:,} bytes, more than max_bytes, which is {options.max_bytes:,}"
    raise BadVolume(pyramid.name, reason, hint)


def _varying(scales: Sequence[Scale]) -> list[int]:
    spread = [
        max(s.voxel_size[a] for s in scales) > (1 + _TINY) * min(s.voxel_size[a] for s in scales) for a in (0, 1, 2)
    ]
    return [a for a in (0, 1, 2) if spread[a]] or [0, 1, 2]


def _block(name: str, scale: Scale, options: FetchOptions) -> Block:
    return scale.whole if options.voi is None else block_in(name, scale.affine, scale.shape, options.voi)


def _list(scales: Sequence[Scale]) -> str:
    return "it has: " + ", ".join(f"{s} ({s.nbytes():,} bytes)" for s in scales)


def read_pyramid(pyramid: Pyramid, ref: VolumeRef, options: FetchOptions) -> Volume:
    """Read what is asked for; the provenance says which resolution that was.

    Raises
    ------
    SpaceMismatch
        If the box is in another space than the volume.
    BadVolume, SourceError
        As :func:`choose` and :meth:`Chunked.read`.
    """
    if options.voi is not None:
        require_same_space(ref, options.voi, "give the box in the space of the volume")
    if options.z is not None and ref.provider == "neuroglancer/precomputed":
        raise BadVolume(pyramid.name, "has no fourth dimension, so no z", "channel counts values of a voxel")
    scale, block = choose(pyramid, options)
    steps = [f"scale {scale.name} of {len(pyramid.scales)}: voxels of {scale}"]
    if pyramid.channel is not None:
        steps.append(f"channel {pyramid.channel}")
    if options.voi is not None:
        steps.append(crop_step(options.voi))
    start = tuple(a for a, _ in block)
    return Volume(
        array=scale.open().read(block),
        affine=moved(scale.affine, start),
        space=ref.space,
        space_name=ref.space_name,
        kind=ref.kind,
        name=ref.url.rstrip("/").rpartition("/")[2],
        parcellation=ref.parcellation,
        provenance=Provenance(ref.iri, ref.map, ref.url, pyramid.sha256, ref.license, ref.citation, tuple(steps)),
    )
