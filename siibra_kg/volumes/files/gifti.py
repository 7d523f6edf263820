"""GIFTI in: XML to arrays, with nothing taken on trust.

The format is that of the GIFTI Surface Data Format, version 1.0 (NITRC, 2011). The text is read as a stream; an array
takes memory only after its declared size was found to be below the limit, and no more text is collected, and no more
unpacked, than an array of that size can need. Documents that define entities or name a document type other than
GIFTI's are refused; no document type is ever fetched. Data in files beside this one are refused too: their names could
lead anywhere.
"""

from __future__ import annotations

import binascii
import hashlib
import zlib
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.model import LabelEntry
from siibra_kg.volumes.files.opened import opened
from siibra_kg.volumes.options import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["DataArray", "Gifti", "read"]

_CHUNK = 2**20
# Of the elements that hold no array: names, notes of programs, matrices.
_MAX_TEXT = 2**22
_MAX_DEPTH = 16
_MAX_ELEMENTS = 10**6
_BASE64, _GZIP, _ASCII = "Base64Binary", "GZipBase64Binary", "ASCII"
# Characters of text that a byte of the array may need, at most: indented base64, and "-1.1754943508222875e-38 ".
_TEXT_PER_BYTE = {_BASE64: 2, _GZIP: 2, _ASCII: 32}
_TYPES = {
    f"NIFTI_TYPE_{name.upper()}": np.dtype(name)
    for name in (
        *("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
        *("float32", "float64"),
    )
}
_LEAVES = frozenset({"Name", "Value", "Data", "DataSpace", "TransformedSpace", "MatrixData", "Label"})


@dataclass(slots=True, eq=False)
class DataArray:
    """An array of a GIFTI file.

    Parameters
    ----------
    intent
        What it is: ``"NIFTI_INTENT_POINTSET"`` and others.
    array
        As it is in the file, in the byte order of this machine.
    meta
        Names and values: ``"AnatomicalStructurePrimary"`` is ``"CortexLeft"``.
    systems
        Coordinate systems: of the data, of the transformed data, and the 4x4 matrix in between.
    """

    intent: str
    array: NDArray[Any]
    meta: dict[str, str] = field(default_factory=dict)
    systems: list[tuple[str, str, NDArray[np.float64]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Gifti:
    """What a GIFTI file says.

    Parameters
    ----------
    arrays
        In the order of the file.
    table
        The meaning of labels, as the file has it; the background (0) too.
    meta
        Names and values of the whole file.
    sha256
        Of the decoded file.
    """

    arrays: tuple[DataArray, ...]
    table: tuple[LabelEntry, ...]
    meta: dict[str, str]
    sha256: str

    def of(self, *intents: str) -> list[DataArray]:
        """Give the arrays of some intents."""
        return [a for a in self.arrays if a.intent.removeprefix("NIFTI_INTENT_") in intents]


def read(path: Path, max_bytes: int = MAX_BYTES, member: str = "") -> Gifti:
    """Read a GIFTI file, plain, gzipped, or a member of an archive.

    Raises
    ------
    BadVolume
        If it is no GIFTI file, is damaged, defines entities, is larger than it says, or than ``max_bytes``.
    """
    with opened(path, member) as content:
        reader = _Reader(content.name, max_bytes)
        digest, count = hashlib.sha256(), 0
        try:
            while chunk := content.stream.read(_CHUNK):
                digest.update(chunk)
                count += len(chunk)
                if count > 4 * max_bytes + _MAX_TEXT:
                    reader.refuse(f"holds more text than arrays of {max_bytes:,} bytes can need")
                reader.feed(chunk)
            if not count:
                reader.refuse("the file is empty")
            reader.feed(b"", last=True)
        except (expat.ExpatError, ValueError, LookupError, ArithmeticError) as error:
            if isinstance(error, BadVolume):
                raise
            raise BadVolume(content.name, f"cannot be read as GIFTI ({error})", "fetch the file again") from error
    return Gifti(tuple(reader.arrays), tuple(reader.table), reader.meta, digest.hexdigest())


class _Reader:
    """Takes the events of the XML parser; what a document is made of is known from where it stands."""

    def __init__(self, name: str, max_bytes: int) -> None:
        self.name, self.max_bytes = name, max_bytes
        self.arrays: list[DataArray] = []
        self.table: list[LabelEntry] = []
        self.meta: dict[str, str] = {}
        self._path: list[str] = []
        self._elements = 0
        self._declared: int | None = None
        self._bytes = 0
        self._text: list[str] = []
        self._room = 0
        self._attributes: dict[str, str] = {}
        self._filled = False
        self._key = self._from = self._to = ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = parser.SkippedEntityHandler = self._entity
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def refuse(self, reason: str, hint: str = "") -> NoReturn:
        raise BadVolume(self.name, reason, hint)

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        self._parser.Parse(chunk, last)
        if last and self._declared is not None and self._declared != len(self.arrays):
            self.refuse(f"has {len(self.arrays)} arrays and declares {self._declared}")

    def _doctype(self, name: str, system: str | None, _public: str | None, internal: int) -> None:
        # http://www.nitrc.org/frs/download.php/1594/gifti.dtd and other addresses of the same; none is ever fetched.
        if internal or name != "GIFTI" or not (system or "gifti.dtd").lower().endswith("gifti.dtd"):
            self.refuse("defines a document type of its own", "remove the DOCTYPE, if you trust the file")

    def _entity(self, *_: object) -> None:
        self.refuse("defines or uses entities", "a GIFTI file has none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._elements += 1
        if len(self._path) > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            self.refuse("has more elements, or deeper ones, than any GIFTI file")
        if (tag == "GIFTI") != (len(self._path) == 1):
            self.refuse("is not a GIFTI file", "its outermost element has to be GIFTI")
        self._text, self._room = [], _MAX_TEXT if tag in _LEAVES else 0
        if tag == "GIFTI" and "NumberOfDataArrays" in attributes:
            self._declared = int(attributes["NumberOfDataArrays"])
        elif tag == "DataArray":
            self._begin_array(attributes)
        elif tag == "Label":
            self._attributes = attributes
        elif tag == "Data" and self.arrays:
            encoding = self._attributes.get("Encoding", "")
            if encoding not in _TEXT_PER_BYTE:
                self.refuse(f"keeps its data as {encoding!r}", f"read are {', '.join(_TEXT_PER_BYTE)}")
            self._room = _TEXT_PER_BYTE[encoding] * self.arrays[-1].array.nbytes + _MAX_TEXT

    def _begin_array(self, attributes: dict[str, str]) -> None:
        dimensions = int(attributes["Dimensionality"])
        if not 1 <= dimensions <= 6:
            self.refuse(f"has an array of {dimensions} dimensions")
        shape = tuple(int(attributes[f"Dim{n}"]) for n in range(dimensions))
        dtype = _TYPES.get(attributes["DataType"])
        if dtype is None:
            self.refuse(f"its values are not real numbers ({attributes['DataType']})")
        if min(shape) < 1:
            self.refuse(f"has an array of shape {shape}")
        self._bytes += prod(shape) * dtype.itemsize
        if self._bytes > self.max_bytes:
            self.refuse(f"declares {self._bytes:,} bytes, more than the {self.max_bytes:,} that are read at once")
        # Zeros take no memory until they are written to; the array is replaced once its text was read.
        empty = np.broadcast_to(np.zeros((), dtype), shape)
        self.arrays.append(DataArray(attributes.get("Intent", ""), empty))
        self._attributes, self._filled = attributes, False

    def _characters(self, text: str) -> None:
        if self._room:
            self._text.append(text)
            self._room -= len(text)
            if self._room <= 0:
                self.refuse(f"has more text in {self._path[-1]} than its declared size can need")

    def _end(self, tag: str) -> None:
        text = "".join(self._text)
        self._path.pop()
        inside = "DataArray" in self._path
        if tag == "Data" and inside:
            self.arrays[-1].array = self._decoded(text, self.arrays[-1].array)
            self._filled = True
        elif tag == "DataArray" and not self._filled:
            self.refuse("has an array without data")
        elif tag == "Name":
            self._key = text.strip()
        elif tag == "Value":
            (self.arrays[-1].meta if inside else self.meta)[self._key] = text.strip()
        elif tag == "DataSpace":
            self._from = text.strip()
        elif tag == "TransformedSpace":
            self._to = text.strip()
        elif tag == "MatrixData" and inside:
            matrix = np.array(text.split(), dtype=np.float64).reshape(4, 4)
            self.arrays[-1].systems.append((self._from, self._to, matrix))
        elif tag == "Label":
            self.table.append(_entry(self._attributes, text.strip()))
        self._text, self._room = [], 0

    def _decoded(self, text: str, declared: NDArray[Any]) -> NDArray[Any]:
        encoding, dtype, size = self._attributes["Encoding"], declared.dtype, declared.nbytes
        if encoding == _ASCII:
            flat = np.array(text.split(), dtype=dtype)
        else:
            data = binascii.a2b_base64(text)
            if encoding == _GZIP:
                # One byte more than declared tells that there is more; the rest is never unpacked.
                unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
                try:
                    data = unpack.decompress(data, size + 1)
                except zlib.error as error:
                    self.refuse(f"has data that cannot be unpacked ({error})")
            if len(data) != size:
                least = "at least " if len(data) > size else ""
                self.refuse(f"has an array of {least}{len(data):,} bytes and declares {size:,}", "fetch the file again")
            big = self._attributes.get("Endian") == "BigEndian"
            flat = np.frombuffer(data, dtype.newbyteorder(">" if big else "<")).astype(dtype, copy=False)
        if flat.size != declared.size:
            self.refuse(f"has an array of {flat.size:,} values and declares {declared.size:,}")
        column = self._attributes.get("ArrayIndexingOrder") == "ColumnMajorOrder"
        return flat.reshape(declared.shape, order="F" if column else "C")


def _entry(attributes: dict[str, str], name: str) -> LabelEntry:
    # The attribute was called Index before it was called Key; colours are optional.
    label = int(attributes.get("Key") or attributes["Index"])
    color = None
    if {"Red", "Green", "Blue"} <= attributes.keys():
        parts = [min(255, max(0, round(float(attributes[c]) * 255))) for c in ("Red", "Green", "Blue")]
        color = "#{:02X}{:02X}{:02X}".format(*parts)
    return LabelEntry(label, None, name, color)
