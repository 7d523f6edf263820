"""Label indices on disk: memory-mapped, keyed by the checksum of the file they were made of, and checked when opened.

A folder holds one index::

    <sha256>/index.json    what the arrays have to be: shape, sizes, sums
    <sha256>/labels.npy    a row per label: label, end of its voxels, totals, lowest and highest array index
    <sha256>/voxels.npy    the voxels, memory-mapped

A folder appears whole or not at all. What does not fit is never used: it is made again, with a warning.
"""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.volumes.kept_folder import damaged, mapped, opening, save
from siibra_kg.volumes.labels.index import LabelIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.volume import Volume

__all__ = ["index_folder", "open_index", "save_index", "stored_index"]

_FORMAT = 1
_WHAT = "label index"
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: Arrays of fewer voxels are indexed as fast as their index is opened.
_WORTH_KEEPING = 2**20
#: Providers of whole files, whose checksum is that of the voxels; that of chunked images is of their description only.
_WHOLE_FILES = frozenset({"nii", "zip/nii"})


def index_folder(settings: Settings, ref: VolumeRef | None = None) -> Path | None:
    """Give the folder of all label indices in the cache; ``None`` for a volume whose checksum is not of its voxels."""
    if ref is not None and ref.provider not in _WHOLE_FILES:
        return None
    return settings.cache / "index" / "labels"


def stored_index(volume: Volume, where: Settings | Path | None) -> LabelIndex:
    """Give the index of a label volume: from the cache, or made and put there.

    Parameters
    ----------
    volume
        Integer voxels. Only a volume that is a file as it is has a place in the cache; a part of one, or an array of
        one's own, is indexed in memory.
    where
        Settings with the cache folder, or the folder of the indices, or nothing. If it cannot be written to, the
        index stays in memory.

    Warns
    -----
    VolumeWarning
        If the index in the cache is damaged. It is made again.
    """
    key, source = volume.provenance.sha256, volume.provenance
    if where is None or source.derivation or not _SHA256.fullmatch(key) or volume.array.size < _WORTH_KEEPING:
        return LabelIndex.of(volume.array)
    parent = where if isinstance(where, Path) else where.cache / "index" / "labels"
    folder = parent / key
    try:
        index = open_index(folder, key)
        _check_against(index, volume.array, folder)
    except FileNotFoundError:
        pass
    except BadVolume as error:
        warnings.warn(f"{error}; it is made again", VolumeWarning, stacklevel=3)
    else:
        return index
    index = LabelIndex.of(volume.array)
    if len(index.labels) == 0:  # nothing can be mapped of an empty file
        return index
    with suppress(OSError):  # a cache that can only be read, or is full: nothing is lost but time
        save_index(index, folder, key)
    return index


def save_index(index: LabelIndex, folder: Path, key: str = "") -> None:
    """Write an index to a folder, which appears whole or not at all; one that is there is replaced.

    Parameters
    ----------
    index
        The index.
    folder
        Where; its parents are made.
    key
        The SHA-256 of what was indexed.

    Raises
    ------
    OSError
        If it cannot be written. Nothing is left behind.
    """
    rows = np.column_stack([index.labels, index.starts[1:], index.totals, index.low, index.high])
    note = {
        "format": _FORMAT,
        "sha256": key,
        "shape": list(index.shape),
        "labels": len(rows),
        "voxels": len(index.voxels),
        "sums": [_sum(rows), _sum(index.voxels)],
    }
    save(folder, note, {"labels": rows, "voxels": index.voxels})


def open_index(folder: Path, key: str = "") -> LabelIndex:
    """Open an index that :func:`save_index` wrote; its voxels are memory-mapped.

    Parameters
    ----------
    folder
        Where it is.
    key
        The SHA-256 that it has to be of, if given.

    Raises
    ------
    FileNotFoundError
        If there is none.
    BadVolume
        If it is damaged: a file is missing, too short, or does not have the sums that were written down.
    """
    with opening(folder, _WHAT) as note:
        rows, voxels = mapped(folder / "labels.npy"), mapped(folder / "voxels.npy")
        found = [note["format"], note["sha256"] if key else "", note["labels"], note["voxels"], note["sums"]]
        shape = tuple(map(int, note["shape"]))
    if found != [_FORMAT, key, len(rows), len(voxels), [_sum(rows), _sum(voxels)]]:
        raise damaged(folder, _WHAT, "its files are not those that were written")
    index = _index(rows, voxels, shape)
    if index is None:
        raise damaged(folder, _WHAT, "its numbers contradict each other")
    return index


def _index(rows: NDArray[np.int64], voxels: NDArray[Any], shape: tuple[int, ...]) -> LabelIndex | None:
    """Put an index together; ``None`` where it cannot be right."""
    if rows.dtype != np.int64 or rows.ndim != 2 or rows.shape[1] != 11 or len(shape) != 3:
        return None
    if voxels.dtype.kind not in "iu" or voxels.ndim != 1:
        return None
    labels, starts = np.array(rows[:, 0]), np.concatenate([[0], rows[:, 1]])
    totals, low, high = (np.array(rows[:, n : n + 3]) for n in (2, 5, 8))
    fits = (low >= 0).all() and (low <= high).all() and (high < shape).all() and starts[-1] == len(voxels)
    if not fits or (starts[1:] <= starts[:-1]).any() or (labels[1:] <= labels[:-1]).any():
        return None
    i, j, k = shape
    return LabelIndex((i, j, k), labels, starts, voxels, totals, low, high)


def _check_against(index: LabelIndex, array: NDArray[Any], folder: Path) -> None:
    """Compare with the array: its shape, and the first and last voxel of every label."""
    if index.shape != array.shape:
        raise damaged(folder, _WHAT, f"it is of an array of shape {index.shape}, not {array.shape}")
    flat = array.reshape(-1, order="F")
    for at in (index.starts[:-1], index.starts[1:] - 1):
        voxels = index.voxels[at]
        if (voxels >= flat.size).any() or not np.array_equal(flat[voxels], index.labels):
            raise damaged(folder, _WHAT, "its labels are not those of the array")


def _sum(array: NDArray[Any]) -> int:
    """Add up the bytes of an array as 64-bit words: any bit that flips, and any block of zeros, changes it."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    whole = len(raw) // 8 * 8
    words = int(np.add.reduce(raw[:whole].view(np.uint64)))
    return (words + int.from_bytes(raw[whole:].tobytes(), "little")) % 2**64
