"""The sparse indices of probabilistic maps that siibra publishes: three files per map, read once.

``voxels.nii.gz`` has in each voxel the number of a line of ``probs.txt.gz``, or -1; a line lists maps and values,
``map value map value …``; ``bboxes.txt.gz`` has for each map the first and last array index of its voxels. Maps are
counted in the order of the volumes in the map's document, and of the positions in a volume.

Nothing in these files is believed unseen: each line has to belong to one voxel, no map may come twice in a line, and
the boxes have to be those of the values.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.vocab import BASE
from siibra_kg.volumes.files.nifti import open_nifti
from siibra_kg.volumes.files.opened import contents, opened
from siibra_kg.volumes.options import MAX_BYTES
from siibra_kg.volumes.statistical.sparse_build import assemble, check_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["Published", "published", "read_published"]

#: Where siibra 1.0 looks for them, and how their names end (siibra/volumes/sparsemap.py, SparseIndex).
_BUCKET = "https://data-proxy.ebrains.eu/api/v1/buckets/reference-atlas-data/"
_FOLDER = _BUCKET + "sparse-indices/sparse-indices-siibra_python_v1.0/"
_ENDS = (".sparseindex_v1.probs.txt.gz", ".sparseindex_v1.bboxes.txt.gz", ".sparseindex_v1.voxels.nii.gz")
_CHUNK = 2**24
#: The longest a map and its value are in print: a number of ten digits, one of 25, two blanks.
_LONGEST = 40
_BOXES_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Published:
    """The three addresses of a published index.

    Parameters
    ----------
    probs, bboxes, voxels
        Of the values, the boxes and the numbers of lines.
    """

    probs: str
    bboxes: str
    voxels: str


def published(map: IRI) -> Published:  # noqa: A002  what it is
    """Give the addresses of the index of a map of siibra; not every map has one: ``skg:sparseIndex`` says which.

    Parameters
    ----------
    map
        ``skg:ParcellationMap`` node.

    Raises
    ------
    BadVolume
        If it is no map of siibra.

    Examples
    --------
    >>> from siibra_kg.terms import IRI
    >>> published(IRI("https://w3id.org/siibra-kg/id/map/mni152-jba31-207-continuous")).bboxes.rpartition("/")[2]
    'mni152_jba31_207_continuous.sparseindex_v1.bboxes.txt.gz'
    """
    slug = map.removeprefix(f"{BASE}id/map/")
    if slug == map or "/" in slug:
        raise BadVolume(map, "is no map of siibra")
    # siibra makes the name of the id of the map, in which all but letters and digits becomes an underscore.
    return Published(*(f"{_FOLDER}{slug.replace('-', '_')}{end}" for end in _ENDS))


def read_published(
    probs: Path, bboxes: Path, voxels: Path, max_bytes: int = MAX_BYTES
) -> tuple[SparseIndex, NDArray[np.float64]]:
    """Read a published index.

    Parameters
    ----------
    probs, bboxes, voxels
        Its files.
    max_bytes
        Refuse an index that would be larger.

    Returns
    -------
    SparseIndex
        Values are of 8 bits if they are whole and below 256, else floats of 32 bits if these print the same.
    numpy.ndarray
        The affine of its grid, 4x4.

    Raises
    ------
    BadVolume
        If a file cannot be read, or the three contradict each other.
    """
    lines, affine, shape = _voxel_of_line(voxels, max_bytes)
    boxes = _boxes(bboxes)
    starts, columns, values = _lines(probs, len(lines), len(boxes), max_bytes)
    if columns.max(initial=0) >= len(boxes):
        raise BadVolume(str(probs), f"names map {columns.max()}, but there are boxes of {len(boxes)} maps")
    values = _narrowed(values)
    check_size(str(probs), shape, len(values), values.dtype, max_bytes)
    index = assemble(shape, _columns(np.repeat(lines, np.diff(starts)), columns, values, len(boxes)), values.dtype)
    if any((voxels[1:] == voxels[:-1]).any() for voxels, _ in index.each()):
        raise BadVolume(str(probs), "a line has a map twice")
    if not np.array_equal(np.hstack([index.low, index.high]), boxes):
        wrong = int(np.flatnonzero((np.hstack([index.low, index.high]) != boxes).any(axis=1))[0])
        raise BadVolume(str(bboxes), f"the box of map {wrong} is not that of its values")
    return index, affine


def _voxel_of_line(path: Path, max_bytes: int) -> tuple[NDArray[np.int64], NDArray[np.float64], tuple[int, int, int]]:
    """Give the voxel of each line, and the grid."""
    with open_nifti(path) as file:
        header = file.header
        if header.native.kind not in "iu" or header.positions != 1:
            raise BadVolume(str(path), "the numbers of lines have to be integers in three dimensions")
        if (header.unit or "mm") != "mm":
            raise BadVolume(str(path), f"is in {header.unit}, not in mm")
        flat = file.array(max_bytes=max_bytes).reshape(-1, order="F")
    used = np.flatnonzero(flat >= 0)
    numbers = flat[used].astype(np.int64)
    if flat.size and flat.min() < -1:
        raise BadVolume(str(path), f"has the line number {flat.min()}")
    found = np.full(len(used), -1, np.int64)
    if numbers.max(initial=-1) >= len(used):
        raise BadVolume(str(path), f"{len(used)} voxels have a line, and one has the number {numbers.max()}")
    found[numbers] = used
    if (found < 0).any():
        raise BadVolume(str(path), "two voxels have the same line")
    return found, header.affine, header.shape


def _boxes(path: Path) -> NDArray[np.int64]:
    text = contents(path, _BOXES_BYTES)
    numbers, counts = _numbers(text if text.endswith(b"\n") else text + b"\n", str(path))
    if (counts != 6).any() or (numbers != np.rint(numbers)).any() or np.abs(numbers).max(initial=0) > 2**31:
        raise BadVolume(str(path), "a line is not six whole numbers")
    return numbers.astype(np.int64).reshape(-1, 6)


def _lines(
    path: Path, expected: int, maps: int, max_bytes: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]:
    """Give where each line begins, and maps and values of all lines."""
    lengths, columns, values = [], [], []
    lines = room = 0
    for text in _blocks(path, maps):
        numbers, counts = _numbers(text, str(path))
        which, value = numbers[0::2], numbers[1::2]
        lines += len(counts)
        room += len(which) * 12
        if lines > expected:
            raise BadVolume(str(path), f"has more than the {expected} lines that voxels name")
        if room > max_bytes:
            raise BadVolume(str(path), f"holds more values than fit into the {max_bytes:,} bytes allowed")
        if (counts % 2).any() or (which != np.rint(which)).any() or (which < 0).any() or (which >= 2**32).any():
            raise BadVolume(str(path), "a line does not list maps and values in turn")
        if not (np.isfinite(value) & (value > 0)).all():
            raise BadVolume(str(path), "a value is not greater than zero")
        lengths.append(counts // 2)
        columns.append(which.astype(np.uint32))
        values.append(value)
    if lines != expected:
        raise BadVolume(str(path), f"has {lines} lines, voxels name {expected}")
    starts = np.concatenate([[0], np.cumsum(np.concatenate([np.empty(0, np.int64), *lengths]))])
    return starts, np.concatenate([np.empty(0, np.uint32), *columns]), np.concatenate([np.empty(0), *values])


def _blocks(path: Path, maps: int) -> Iterator[bytes]:
    """Give the text in pieces of whole lines; no more than a piece and a line is held."""
    rest = b""
    with opened(path) as content:
        while chunk := content.stream.read(_CHUNK):
            end = chunk.rfind(b"\n") + 1
            if not end:
                rest += chunk
                if len(rest) > max(_CHUNK, maps * _LONGEST):
                    raise BadVolume(str(path), f"a line is longer than {maps} maps and values can be")
                continue
            yield rest + chunk[:end]
            rest = chunk[end:]
    if rest:
        yield rest + b"\n"


def _numbers(text: bytes, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give all numbers of a text, and how many each of its lines has; one blank or line end is between two."""
    raw = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    blanks = np.flatnonzero(raw == ord(" "))
    counts = np.diff(np.searchsorted(blanks, ends), prepend=0) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            numbers = np.fromstring(text, np.float64, sep=" ")
        except (DeprecationWarning, ValueError) as error:
            raise BadVolume(name, "is not a text of numbers") from error
    if len(numbers) != counts.sum():
        raise BadVolume(name, "has an empty line, or more than a blank between two numbers")
    return numbers, counts


def _narrowed(values: NDArray[np.float64]) -> NDArray[Any]:
    """Give values in the type they had when they were printed, as far as that can be told."""
    if values.max(initial=0) < 256 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    short = values.astype(np.float32)
    some = np.unique(np.linspace(0, len(values) - 1, 4096).astype(np.int64))
    return short if all(float(str(short[n])) == values[n] for n in some.tolist()) else values


def _columns(
    voxel: NDArray[np.int64], columns: NDArray[np.uint32], values: NDArray[Any], maps: int
) -> list[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Turn values, each with its voxel and map, into maps: voxels, ascending, and values of each."""
    order = np.lexsort((voxel, columns))
    voxel, values = voxel[order], values[order]
    ends = np.cumsum(np.bincount(columns, minlength=maps))[:-1]
    return list(zip(np.split(voxel, ends), np.split(values, ends), strict=True))
