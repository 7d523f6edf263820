"""A volume that is not in memory: a handle that gives blocks, and travels to other processes as a specification."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.chunks.cuts import cuts
from siibra_kg.volumes.chunks.pyramid import choose
from siibra_kg.volumes.chunks.whole_source import of_array, of_file
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.place import moved
from siibra_kg.volumes.providers import form_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.terms import IRI
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.chunks.pyramid import Pyramid, Scale
    from siibra_kg.volumes.chunks.whole_source import Source
    from siibra_kg.volumes.place import Block
    from siibra_kg.volumes.volume import Volume

__all__ = ["ChunkedVolume"]

_UNBOUNDED = 2**62


class ChunkedVolume:
    """A volume of any image provider of which blocks are read when they are asked for.

    Pickling it keeps the reference, the options and the settings, never voxels: who unpickles it opens the volume.

    Parameters
    ----------
    ref
        The volume.
    options
        ``resolution_mm`` says which scale (the finest, unless told), ``voi`` which part, ``channel`` and ``z`` which
        values; ``max_bytes`` is that of one block, and of what has to be unpacked whole (``.nii.gz``).
    settings
        Say where files are.

    Raises
    ------
    BadVolume, DataMissing, SourceError
        When it is first used, as for reading the volume.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> volume = Volume(np.arange(60).reshape(3, 4, 5), np.eye(4), IRI("https://example.org/space"))
    >>> handle = ChunkedVolume.of(volume)
    >>> handle.shape, handle.block((0, 0, 0), (1, 1, 5)).ravel().tolist()
    ((3, 4, 5), [0, 1, 2, 3, 4])
    >>> [block for block in handle.blocks(3)]
    [((0, 3), (0, 3), (0, 3)), ((0, 3), (3, 4), (0, 3)), ((0, 3), (0, 3), (3, 5)), ((0, 3), (3, 4), (3, 5))]
    """

    __slots__ = ("_opened", "_volume", "options", "ref", "settings")

    def __init__(self, ref: VolumeRef, options: FetchOptions | None = None, settings: Settings | None = None) -> None:
        from siibra_kg.config import Settings as Environment  # noqa: PLC0415  read when no settings are given

        self.ref: VolumeRef | None = ref
        self.options = options or FetchOptions()
        self.settings: Settings | None = settings or Environment.from_environment()
        self._volume: Volume | None = None
        self._opened: tuple[Scale, Block, Source, int] | None = None

    @classmethod
    def of(cls, volume: Volume | ChunkedVolume) -> ChunkedVolume:
        """Give a handle on a volume that is in memory. It cannot be pickled: there is nothing to open again."""
        if isinstance(volume, ChunkedVolume):
            return volume
        handle = cls.__new__(cls)
        handle.ref = handle.settings = None
        handle.options, handle._volume, handle._opened = FetchOptions(), volume, None  # noqa: SLF001  its own class
        return handle

    def __reduce__(self) -> tuple[Any, ...]:
        if self.ref is None:
            reason = "is in memory, so it cannot travel as a specification"
            raise BadVolume(self.name, reason, "make the handle of its VolumeRef")
        return _again, (self.ref, self.options, self.settings)

    @property
    def portable(self) -> bool:
        """Whether it can be pickled."""
        return self.ref is not None

    def _parts(self) -> tuple[Scale, Block, Source, int]:
        """Open it, once: the scale, the block of it, where that is read, and how many scales there are."""
        if self._opened is None:
            if self.options.voi is not None:
                require_same_space(self, self.options.voi, "give the box in the space of the volume")
            pyramid = self._pyramid()
            scale, block = choose(pyramid, replace(self._wish, max_bytes=_UNBOUNDED))
            self._opened = scale, block, scale.open(), len(pyramid.scales)
        return self._opened

    @property
    def _wish(self) -> FetchOptions:
        wish = self.options.resolution_mm
        return replace(self.options, resolution_mm=-1.0 if wish is None else wish)

    def _pyramid(self) -> Pyramid:
        if self._volume is not None:
            return of_array("array", self._volume.array, self._volume.affine)
        if self.ref is None or self.settings is None:  # of() gives a volume instead
            raise BadVolume("volume", "has neither voxels nor a reference")
        if form_of(self.ref.provider) != "image":
            raise BadVolume(self.ref.url, f"a volume of type {self.ref.provider!r} has no voxels")
        if self.ref.provider == "neuroglancer/precomputed":
            from siibra_kg.volumes.providers.precomputed import pyramid  # noqa: PLC0415  chunked volumes only
        elif self.ref.provider in {"zarr", "ome-zarr"}:
            from siibra_kg.volumes.providers.zarr import pyramid  # noqa: PLC0415  chunked volumes only
        else:
            return of_file(self.ref, self.options, self.settings)
        return pyramid(self.ref, self.options, self.settings)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        if self.ref is not None:
            return self.ref.url
        return self._volume.name if self._volume is not None else "volume"

    @property
    def space(self) -> IRI:
        """The IRI of its reference space."""
        source = self.ref if self.ref is not None else self._volume
        if source is None:
            raise BadVolume("volume", "has neither voxels nor a reference")
        return source.space

    @property
    def kind(self) -> str:
        """``"labelled"``, ``"statistical"``, ``"template"`` or ``"mask"``."""
        source = self.ref if self.ref is not None else self._volume
        return source.kind if source is not None else ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along x, y and z."""
        (a, b), (c, d), (e, f) = self._parts()[1]
        return b - a, d - c, f - e

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a voxel."""
        return self._parts()[0].dtype

    @property
    def affine(self) -> NDArray[np.float64]:
        """4x4: the index of a voxel, which is its centre, to mm."""
        scale, block, *_ = self._parts()
        return moved(scale.affine, tuple(a for a, _ in block))

    @property
    def nbytes(self) -> int:
        """Bytes of all of it in memory, where it never is."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def chunk(self) -> tuple[int, int, int]:
        """Voxels that are fetched at once."""
        return self._parts()[2].chunk

    @property
    def scale(self) -> str:
        """Which of its scales is read."""
        scale, _, _, count = self._parts()
        return f"{scale.name} of {count}: voxels of {scale}"

    @property
    def scales(self) -> tuple[tuple[float, float, float], ...]:
        """The voxel sizes in mm of all scales, the finest first."""
        return tuple(s.voxel_size for s in self._pyramid().scales)

    def block(self, start: Sequence[int], stop: Sequence[int]) -> NDArray[Any]:
        """Read the voxels from one index to the one before another; indices are those of ``affine``.

        Raises
        ------
        BadVolume
            If they are not in the volume, or more than ``max_bytes``.
        SourceError
            If a chunk cannot be had.
        """
        scale, whole, source, _ = self._parts()
        inside = all(0 <= a < b <= n for a, b, n in zip(start, stop, self.shape, strict=True))
        if not inside:
            raise BadVolume(self.name, f"has no block from {tuple(start)} to {tuple(stop)}: its shape is {self.shape}")
        need = prod(b - a for a, b in zip(start, stop, strict=True)) * scale.dtype.itemsize
        if need > self.options.max_bytes:
            raise BadVolume(
                self.name, f"the block has {need:,} bytes, more than the {self.options.max_bytes:,} of max_bytes"
            )
        (a, b), (c, d), (e, f) = ((w + i, w + j) for (w, _), i, j in zip(whole, start, stop, strict=True))
        return source.read(((a, b), (c, d), (e, f)))

    def blocks(self, block: int = 128) -> Iterator[Block]:
        """Give the borders of all blocks, x changing fastest; they are cut where chunks are.

        Parameters
        ----------
        block
            Voxels along each axis; rounded up to whole chunks.
        """
        if block < 1:
            raise BadVolume("block", f"{block} voxels are no block")
        _, whole, source, _ = self._parts()
        spans = []
        for (low, high), chunk in zip(whole, source.chunk, strict=True):
            step = -(-block // chunk) * chunk
            spans.append([(a - low, b - low) for a, b in cuts((low, high), step)])
        for z, y, x in product(*reversed(spans)):
            yield x, y, z

    def to_dask(self, block: int = 128) -> Any:  # noqa: ANN401  dask.array.Array
        """Give a :class:`dask.array.Array` whose pieces are the blocks; dask is an extra (``siibra-kg[dask]``)."""
        import dask.array  # noqa: PLC0415  an extra

        edges = [sorted({span for borders in self.blocks(block) for span in [borders[axis]]}) for axis in (0, 1, 2)]
        chunks = tuple(tuple(b - a for a, b in spans) for spans in edges)
        read = partial(_dask_block, self if self.portable else self._parts()[2], edges)
        empty = np.empty((0, 0, 0), self.dtype)
        return dask.array.map_blocks(read, chunks=chunks, dtype=self.dtype, meta=empty)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        if self._opened is None:
            return f"<ChunkedVolume {self.name}>"
        size = "x".join(map(str, self.shape))
        return f"<ChunkedVolume {self.name} {size} {self.dtype}, {self.scale}>"


def _dask_block(source: ChunkedVolume | Source, edges: Any, block_id: tuple[int, ...]) -> NDArray[Any]:  # noqa: ANN401
    (a, b), (c, d), (e, f) = (spans[n] for spans, n in zip(edges, block_id, strict=True))
    if isinstance(source, ChunkedVolume):
        return source.block((a, c, e), (b, d, f))
    return source.read(((a, b), (c, d), (e, f)))


@lru_cache(maxsize=8)
def _again(ref: VolumeRef, options: FetchOptions, settings: Settings) -> ChunkedVolume:
    """Open a volume in another process; the tasks of that process that work on it share what was opened."""
    return ChunkedVolume(ref, options, settings)
