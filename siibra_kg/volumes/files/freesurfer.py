"""FreeSurfer's binary surface files: geometry, annotations, and values of vertices (curv, thickness, sulc).

All numbers are big-endian. Formats as described by FreeSurfer's own readers (``MRISread``, ``MRISreadAnnotation``,
``CTABreadFromBinary``) and by Graham Wideman, "FreeSurfer: surface file formats" (2003). A count is believed only after
the bytes for it were found to be there.

**Where the vertices lie.** A geometry file holds *tkregister* coordinates ("surface RAS"): mm around the centre of the
conformed volume, whatever that volume's place in the scanner was. World coordinates are ``N T⁻¹ x``, where N takes
voxels of the volume to the scanner and T takes them to tkregister's coordinates. For the usual volume of 256³ voxels
of 1 mm this is a shift by ``c_ras``, the position of its centre; for fsaverage this is zero, for a person it may be
centimetres. Both can be made of the lines at the end of the file, and :func:`geometry` does. nibabel and siibra give
tkregister's coordinates.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.model import LabelEntry

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Annotation", "Geometry", "Morphometry", "annotation", "geometry", "morphometry"]

_TRIANGLES, _NEW_CURV = b"\xff\xff\xfe", b"\xff\xff\xff"
_TAG_REAL_RAS, _TAG_VOLUME = 2, 20
_MAX_NAME = 2**12


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """A mesh.

    Parameters
    ----------
    vertices
        Shape (n, 3), mm: world coordinates where ``to_world`` is known, else those of the file.
    faces
        Shape (m, 3).
    to_world
        4x4, from the coordinates of the file to the world; ``None`` where the file does not say.
    sha256
        Of the file.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]
    to_world: NDArray[np.float64] | None
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """Labels of vertices.

    Parameters
    ----------
    labels
        Rows of the file's table of colours, shape (n,); 0 for a vertex whose colour is not in it.
    entries
        The table, row 0 too: FreeSurfer calls it "unknown".
    unknown
        How many vertices have a colour that the table does not have, other than none.
    first
        How many vertices have the colour of row 0, which cannot be told from none.
    sha256
        Of the file.
    """

    labels: NDArray[np.int32]
    entries: tuple[LabelEntry, ...]
    unknown: int
    first: int
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Morphometry:
    """Values of vertices, shape (n,); and the checksum of the file."""

    values: NDArray[np.float32]
    sha256: str


class _Cursor:
    """Takes bytes of a file one after the other; there are never more taken than there are."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.at = data, name, 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def refuse(self, reason: str, hint: str = "") -> NoReturn:
        raise BadVolume(self.name, reason, hint)

    def take(self, count: int) -> bytes:
        there = len(self.data) - self.at
        if not 0 <= count <= there:
            self.refuse(f"truncated: {count:,} bytes are declared, {there:,} are left", "fetch the file again")
        self.at += count
        return self.data[self.at - count : self.at]

    def numbers(self, dtype: str, *shape: int) -> NDArray[Any]:
        kind = np.dtype(dtype)
        if min(shape) < 0:
            self.refuse(f"declares {min(shape)} items")
        count = 1
        for n in shape:
            count *= n
        found = np.frombuffer(self.take(count * kind.itemsize), kind)
        return found.reshape(shape).astype(kind.newbyteorder("="))

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big", signed=True)

    def line(self) -> str:
        end = self.data.find(b"\n", self.at, self.at + _MAX_NAME)
        if end < 0:
            self.refuse("has a line without an end")
        return self.take(end + 1 - self.at)[:-1].decode("utf-8", "replace")

    def text(self) -> str:
        length = self.number()
        if not 0 <= length <= _MAX_NAME:
            self.refuse(f"has a name of {length} characters")
        return self.take(length).split(b"\0")[0].decode("utf-8", "replace")


def geometry(data: bytes, name: str) -> Geometry:
    """Read a triangle mesh: ``lh.pial``, ``rh.white``, ``lh.inflated``.

    Raises
    ------
    BadVolume
        If it is no such file, or damaged.
    """
    cursor = _Cursor(data, name)
    if cursor.take(3) != _TRIANGLES:
        cursor.refuse("is not a FreeSurfer triangle file", "convert it with mris_convert")
    cursor.line()  # who wrote it, and when; then an empty line
    cursor.line()
    vertices, faces = cursor.number(), cursor.number()
    points = cursor.numbers(">f4", vertices, 3).astype(np.float64)
    triangles = cursor.numbers(">i4", faces, 3)
    to_world = _to_world(cursor)
    if to_world is not None:
        points = points @ to_world[:3, :3].T + to_world[:3, 3]
    return Geometry(points, triangles, to_world, cursor.sha256)


def _to_world(cursor: _Cursor) -> NDArray[np.float64] | None:
    """Read the lines at the end: the volume that the surface was made from."""
    if len(cursor.data) - cursor.at < 4:
        return None
    tag = cursor.number()
    if tag == _TAG_REAL_RAS:
        if cursor.number() == 1:  # useRealRAS: the vertices are in world coordinates already
            return np.eye(4)
        tag = cursor.number()
    if tag != _TAG_VOLUME:
        return None
    facts: dict[str, str] = {}
    for _ in range(8):
        key, _, value = cursor.line().partition("=")
        facts[key.strip()] = value.partition("#")[0].strip()
    if facts.get("valid") != "1":
        return None
    try:
        vectors = {key: np.array(facts[key].split(), dtype=np.float64) for key in facts if key not in _WORDS}
        found = _volume_to_world(vectors)
    except (KeyError, ValueError, np.linalg.LinAlgError) as error:
        raise BadVolume(cursor.name, f"its volume information cannot be read ({error})") from error
    if not np.isfinite(found).all():
        cursor.refuse("its volume information has numbers that are not finite")
    return found


_WORDS = frozenset({"valid", "filename"})


def _volume_to_world(facts: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the matrix from tkregister's coordinates to the world: N T⁻¹ (FreeSurfer wiki, "CoordinateSystems")."""
    size, voxel = facts["volume"], facts["voxelsize"]
    if size.shape != (3,) or voxel.shape != (3,) or not ((size > 0) & (voxel > 0)).all():
        raise ValueError("volume and voxelsize have to be three positive numbers")
    (x, y, z), half = voxel, size * voxel / 2
    tkr = np.array([[-x, 0, 0, half[0]], [0, 0, z, -half[2]], [0, -y, 0, half[1]], [0, 0, 0, 1]])
    scanner = np.eye(4)
    scanner[:3, :3] = np.column_stack([facts[k] * s for k, s in zip(("xras", "yras", "zras"), voxel, strict=True)])
    scanner[:3, 3] = facts["cras"] - scanner[:3, :3] @ (size / 2)
    return np.asarray(scanner @ np.linalg.inv(tkr))


def annotation(data: bytes, name: str) -> Annotation:
    """Read labels of vertices: ``lh.aparc.annot``.

    Raises
    ------
    BadVolume
        If it is no such file, is damaged, has no table of colours, or has two names for a colour of its vertices.
    """
    cursor = _Cursor(data, name)
    pairs = cursor.numbers(">i4", cursor.number(), 2)
    if not np.array_equal(np.sort(pairs[:, 0]), np.arange(len(pairs))):
        cursor.refuse("does not have one colour for each vertex")
    colors = np.empty(len(pairs), np.int32)
    colors[pairs[:, 0]] = pairs[:, 1]
    # FreeSurfer's TAG_OLD_COLORTABLE is 1; without a table colours have no names.
    if len(data) - cursor.at < 8 or cursor.number() != 1:
        cursor.refuse("has no table of colours, so nobody knows what its colours mean")
    rows = _table(cursor)
    values = {red + (green << 8) + (blue << 16): row for row, _, (red, green, blue) in reversed(rows)}
    known = np.array(sorted(values), dtype=np.int64)
    at = np.searchsorted(known, colors).clip(max=len(known) - 1)
    # nibabel gives a colour that is not in the table the label of the next colour that is.
    there = (known[at] == colors) & (colors != 0)  # 0 is no colour
    times = Counter(red + (green << 8) + (blue << 16) for _, _, (red, green, blue) in rows)
    twice = [value for value, count in times.items() if count > 1]
    if np.isin(colors[there], twice).any():
        cursor.refuse("has two names for one colour of its vertices, which know only their colours")
    labels = np.where(there, np.array([values[v] for v in known.tolist()], np.int32)[at], np.int32(0))
    entries = tuple(LabelEntry(row, None, text, "#{:02X}{:02X}{:02X}".format(*rgb)) for row, text, rgb in rows)
    unknown, first = np.count_nonzero(~there & (colors != 0)), np.count_nonzero(there & (labels == 0))
    return Annotation(labels, entries, int(unknown), int(first), cursor.sha256)


def _table(cursor: _Cursor) -> list[tuple[int, str, tuple[int, int, int]]]:
    """Read the table of colours, in its first or its second version: row, name, red, green and blue."""
    count, new = cursor.number(), False
    if count < 0:
        if count != -2:
            cursor.refuse(f"has a table of colours of version {-count}", "version 2 can be read")
        new, _ = True, cursor.number()  # the highest row
    cursor.text()  # the table's own file
    count = cursor.number() if new else count
    rows = []
    for nth in range(count):
        row = cursor.number() if new else nth
        text = cursor.text()
        red, green, blue, _ = cursor.numbers(">i4", 4).tolist()
        if not all(0 <= part <= 255 for part in (red, green, blue)) or row < 0:
            cursor.refuse(f"has a colour ({red}, {green}, {blue}) in row {row}")
        rows.append((row, text, (red, green, blue)))
    if not rows or len({row for row, _, _ in rows}) < len(rows):
        cursor.refuse("has a table of colours that is empty, or in which two rows have one number")
    return rows


def morphometry(data: bytes, name: str) -> Morphometry:
    """Read values of vertices, in the format of today or in that of before 2000.

    Raises
    ------
    BadVolume
        If it is no such file, or damaged.
    """
    cursor = _Cursor(data, name)
    start = cursor.take(3)
    if start == _NEW_CURV:
        count, _, each = cursor.number(), cursor.number(), cursor.number()
        if each != 1:
            cursor.refuse(f"has {each} values per vertex, not one")
        return Morphometry(cursor.numbers(">f4", count), cursor.sha256)
    # Without a magic number, so its size has to be that of what it declares: hundredths in 16 bits.
    cursor.take(3)
    count = int.from_bytes(start, "big")
    if start == _TRIANGLES or len(data) != 6 + 2 * count:
        cursor.refuse("is not a FreeSurfer file of values")
    return Morphometry((cursor.numbers(">i2", count) / np.float32(100)).astype(np.float32), cursor.sha256)
