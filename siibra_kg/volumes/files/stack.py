"""Stacks: files with a fourth dimension, one map per position, read one after the other in bounded memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from siibra_kg.volumes.files.nifti import open_nifti
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.options import MAX_BYTES
from siibra_kg.volumes.place import affine_in_mm
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.providers.nifti_file import check_content, member_of
from siibra_kg.volumes.spaces import check_grid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.files.nifti import NiftiFile

__all__ = ["Stack", "open_stack"]


class Stack:
    """An open NIfTI file with three or four dimensions, which can be read once.

    Attributes
    ----------
    shape
        Voxels along the three axes.
    positions
        How many arrays of this shape there are.
    dtype
        Of the arrays that are given.
    affine
        4x4, voxel indices to mm.
    space
        IRI of the reference space, version included.
    """

    def __init__(self, file: NiftiFile, path: Path, ref: VolumeRef, max_bytes: int) -> None:
        header = file.header
        self.shape: tuple[int, int, int] = header.shape
        self.positions: int = header.positions
        self.dtype: np.dtype[Any] = header.native
        self.affine: NDArray[np.float64] = affine_in_mm(file.name, header.affine, header.unit, ref.unit)
        self.space: IRI = ref.space
        self._file, self._path, self._ref, self._max_bytes = file, path, ref, max_bytes

    def arrays(self, wanted: Collection[int] | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
        """Read positions one after the other, all of them unless told; only one array is held.

        Yields
        ------
        tuple
            A position and its array, read-only and column-major, in ascending order.

        Raises
        ------
        BadVolume
            If the file is truncated or is not the one that the graph names; the latter is known at its end.
        """
        yield from self._file.arrays(wanted, max_bytes=self._max_bytes)
        check_content(self._path, self._ref, self._file.sha256)

    @property
    def provenance(self) -> Provenance:
        """Where the voxels come from; the checksum is known once all were read."""
        ref = self._ref
        return Provenance(ref.iri, ref.map, ref.url, self._file.sha256, ref.license, ref.citation)


@contextmanager
def open_stack(ref: VolumeRef, settings: Settings, *, max_bytes: int = MAX_BYTES) -> Iterator[Stack]:
    """Open the file of a reference whose maps follow each other in a fourth dimension.

    Parameters
    ----------
    ref
        Of provider ``nii`` or ``zip/nii``; its ``z`` does not matter.
    settings
        Say where files are.
    max_bytes
        Refuse a stack of which one array would be larger.

    Raises
    ------
    BadVolume, DataMissing
        As :func:`~siibra_kg.volumes.providers.nifti_file.read`.
    """
    path = locate(ref, settings)
    with open_nifti(path, member_of(ref)) as file:
        stack = Stack(file, path, ref, max_bytes)
        check_grid(file.name, ref.space, stack.shape, stack.affine)
        yield stack
