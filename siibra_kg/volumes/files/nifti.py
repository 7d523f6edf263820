"""NIfTI in: a stream of bytes to checked arrays with their place in space, position after position.

A file is read once, from its start to its end; checksum, header checks and decoding all look at those same bytes, and
no more is held in memory than the array that was asked for. A header is believed only after its sizes fit the bytes
that are there, so a truncated file, another kind of file and a decompression bomb all end in a
:class:`~siibra_kg.errors.BadVolume` that names the file.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, OutsideVolume
from siibra_kg.volumes.files.nifti_header import HEADER_BYTES, Header, parse
from siibra_kg.volumes.files.nifti_write import encode, to_nibabel, write
from siibra_kg.volumes.files.opened import opened
from siibra_kg.volumes.options import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.volumes.files.opened import Content

__all__ = ["Image", "NiftiFile", "encode", "open_nifti", "read", "to_nibabel", "write"]

# Some writers pad their files; more than this after the last voxel is another file, or a bomb.
_MAX_PADDING = 2**20
_CHUNK = 2**19


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What a NIfTI file says.

    Parameters
    ----------
    array
        Three dimensions, read-only; dtype of the file, or float64 where the header scales the values.
    affine
        4x4, voxel indices to world coordinates; x to the right, y to the front, z up (NIfTI standard).
    unit
        ``"mm"``, ``"um"``, ``"m"``, or ``None`` where the header does not say.
    sha256
        Of the decoded file.
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    unit: str | None
    sha256: str


class NiftiFile:
    """An open NIfTI file, which can be read once, from its start to its end.

    Parameters
    ----------
    content
        Its decoded bytes.

    Attributes
    ----------
    header
        What it declares.
    name
        Of the file, for messages.

    Raises
    ------
    BadVolume
        If its header is none, or declares more bytes than there can be.
    """

    def __init__(self, content: Content) -> None:
        self.name = content.name
        self._stream = content.stream
        start = content.stream.read(HEADER_BYTES)
        self._pending = memoryview(start)  # read, but not taken yet: voxels may start before byte 540
        self._digest = hashlib.sha256(start)
        self._taken = 0
        self._whole = False
        self.header: Header = parse(start, self.name)
        if self.header.size > content.most:
            raise self._truncated(f"at most {content.most:,}")

    @property
    def sha256(self) -> str:
        """The checksum of the decoded file, known once it was read to its end; before that nothing."""
        return self._digest.hexdigest() if self._whole else ""

    def array(self, position: int = 0, slab: tuple[int, int] | None = None, max_bytes: int = MAX_BYTES) -> NDArray[Any]:
        """Read one position, and the rest of the file for its checksum.

        Parameters
        ----------
        position
            In the fourth dimension, counted from 0.
        slab
            Only these voxels of the third axis: the first, and the one after the last.
        max_bytes
            Refuse an array that would be larger.

        Returns
        -------
        numpy.ndarray
            Three dimensions, read-only, column-major as in the file.
        """
        ((_, array),) = self.arrays({position}, slab, max_bytes)
        return array

    def arrays(
        self,
        wanted: Collection[int] | None = None,
        slab: tuple[int, int] | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Iterator[tuple[int, NDArray[Any]]]:
        """Read positions one after the other; each is an array of its own, and only that one is held.

        Parameters
        ----------
        wanted
            Positions in the fourth dimension; all of them unless told.
        slab, max_bytes
            As of :meth:`array`.

        Yields
        ------
        tuple
            A position and its array, in ascending order.

        Raises
        ------
        BadVolume
            If an array would be too large, or the file is truncated, or holds more than it declares.
        """
        header = self.header
        low, high = slab or (0, header.shape[2])
        shape = (*header.shape[:2], high - low)
        layer = header.position_bytes // header.shape[2]
        if prod(shape) * header.native.itemsize > max_bytes:
            need = prod(shape) * header.native.itemsize
            raise BadVolume(self.name, f"declares {need:,} bytes, more than the {max_bytes:,} that are read at once")
        if self._taken:
            raise BadVolume(self.name, "was read already", "open it again")
        positions = range(header.positions) if wanted is None else sorted(set(wanted))
        if positions and not 0 <= positions[0] <= positions[-1] < header.positions:
            there = f"positions there are: 0 to {header.positions - 1}"
            raise OutsideVolume(self.name, f"has not all positions from {positions[0]} to {positions[-1]}", there)
        self._skip(header.offset)
        after = 0  # the position that comes next in the file
        for position in positions:
            self._skip((position - after) * header.position_bytes + low * layer)
            flat = np.empty(prod(shape), header.dtype)
            self._fill(flat.view(np.uint8).data)
            self._skip((header.shape[2] - high) * layer)
            after = position + 1
            yield position, _values(flat, header).reshape(shape, order="F")
        self._skip((header.positions - after) * header.position_bytes)
        self._finish()

    def _fill(self, view: memoryview) -> None:
        """Take as many bytes as there is room for."""
        while len(view):
            part = view[:_CHUNK]
            if len(self._pending):
                count = min(len(part), len(self._pending))
                part[:count], self._pending = self._pending[:count], self._pending[count:]
            else:
                # Every stream that is opened here is one of the io module's, or of gzip or zipfile: they all have it.
                count = self._stream.readinto(part)  # type: ignore[attr-defined]
                self._digest.update(part[:count])
            if not count:
                raise self._truncated(f"{self._taken:,}")
            self._taken += count
            view = view[count:]

    def _skip(self, count: int) -> None:
        """Take bytes that nobody wants; they still count for the checksum."""
        if count:
            room = memoryview(bytearray(min(count, _CHUNK)))
            for start in range(0, count, _CHUNK):
                self._fill(room[: count - start])

    def _finish(self) -> None:
        padding = len(self._pending)
        while chunk := self._stream.read(_MAX_PADDING):
            self._digest.update(chunk)
            padding += len(chunk)
            if padding > _MAX_PADDING:
                raise BadVolume(self.name, f"holds more than the {self.header.size:,} bytes that its header declares")
        self._whole = True

    def _truncated(self, there: str) -> BadVolume:
        return BadVolume(self.name, f"truncated: {there} bytes instead of {self.header.size:,}", "fetch the file again")


def _values(flat: NDArray[Any], header: Header) -> NDArray[Any]:
    """Turn what is in the file into values; in place where that is possible."""
    if not header.dtype.isnative:
        flat = flat.byteswap(inplace=True).view(header.dtype.newbyteorder("="))
    if header.slope is not None:
        flat = flat.astype(np.float64)
        flat *= header.slope
        flat += header.intercept
    flat.flags.writeable = False
    return flat


@contextmanager
def open_nifti(path: Path, member: str = "") -> Iterator[NiftiFile]:
    """Open a single-file NIfTI-1 or NIfTI-2 image, plain, gzipped, or a member of a zip archive.

    Raises
    ------
    BadVolume
        If the file is empty, truncated, something else, not of real numbers, or does not say where its voxels lie.
    """
    with opened(path, member) as content:
        yield NiftiFile(content)


def read(path: Path, max_bytes: int = MAX_BYTES) -> Image:
    """Read an image with three dimensions.

    Raises
    ------
    BadVolume
        As :func:`open_nifti`; and if it is too large, or has a fourth dimension.
    """
    with open_nifti(path) as file:
        header = file.header
        if header.positions != 1:
            raise BadVolume(file.name, f"has 4 dimensions: {header.positions} positions", "say which of them (z)")
        return Image(file.array(max_bytes=max_bytes), header.affine, header.unit, file.sha256)
