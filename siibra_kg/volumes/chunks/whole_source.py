"""Volumes that are one array, in memory or in a file, with the face of a chunked one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from siibra_kg.volumes.chunks.pyramid import Pyramid, Scale
from siibra_kg.volumes.files.nifti import open_nifti
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.place import IN_MM, affine_in_mm
from siibra_kg.volumes.read import read_volume

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.place import Block

__all__ = ["Source", "of_array", "of_file"]


class Source(Protocol):
    """What blocks are read from."""

    @property
    def chunk(self) -> tuple[int, int, int]:
        """Voxels that are fetched at once."""

    def read(self, block: Block) -> NDArray[Any]:
        """Read the voxels from one index to the one before another, along each axis."""


class _Array:
    """An array in memory, or one that is mapped into it."""

    chunk = (1, 1, 1)

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def read(self, block: Block) -> NDArray[Any]:
        return self._array[tuple(slice(a, b) for a, b in block)]


def of_array(name: str, array: NDArray[Any], affine: NDArray[np.float64]) -> Pyramid:
    """Give an array in memory the face of a chunked volume with one scale."""
    i, j, k = array.shape
    # What is opened is the array itself; its source has the same face as a chunked one.
    scale = Scale(name, (i, j, k), affine, array.dtype, lambda: _Array(array))  # type: ignore[arg-type,return-value]
    return Pyramid(name, (scale,))


def of_file(ref: VolumeRef, options: FetchOptions, settings: Settings) -> Pyramid:
    """Map a plain NIfTI file into memory; read one that is packed, or whose values are scaled."""
    path = locate(ref, settings)
    mapped = _mapped(path, ref)
    if mapped is None:
        volume = read_volume(ref, settings, replace(options, voi=None))
        return of_array(path.name, volume.array, volume.affine)
    return mapped


def _mapped(path: Path, ref: VolumeRef) -> Pyramid | None:
    if ref.provider != "nii" or ref.unit not in IN_MM:
        return None
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return None
    with open_nifti(path) as nifti:
        header = nifti.header
    if header.positions != 1 or header.slope is not None or not header.dtype.isnative:
        return None
    array = np.memmap(path, header.dtype, "r", header.offset, header.shape, "F")
    return of_array(path.name, array, affine_in_mm(str(path), header.affine, header.unit, ref.unit))
