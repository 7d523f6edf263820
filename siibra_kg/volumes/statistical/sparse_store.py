"""Sparse indices on disk: memory-mapped arrays, so that opening one takes less than a millisecond.

A folder holds one index: ``index.json`` says what its arrays have to be, and has notes of whoever made it; each array
is a ``.npy`` file. A folder appears whole or not at all. What does not fit is never used.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.volumes.kept_folder import damaged, mapped, opening, save
from siibra_kg.volumes.statistical.sparse_index import SparseIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["kept", "open_index", "save_index"]

_FORMAT = 1
_WHAT = "sparse index"
_MAPPED = ("lookup", "voxels", "starts", "columns", "values", "column_voxels", "column_values")
_SMALL = ("column_starts", "low", "high")
_KINDS = {"lookup": "<i4", "starts": "<i8", "column_starts": "<i8", "low": "<i4", "high": "<i4"}


def save_index(index: SparseIndex, folder: Path, notes: dict[str, Any] | None = None, *, replace: bool = True) -> None:
    """Write an index to a folder.

    Parameters
    ----------
    index
        The index.
    folder
        Where; its parents are made.
    notes
        To be given back by :func:`open_index`; as JSON.
    replace
        What to do with an index that is there: replace it, or leave it.

    Raises
    ------
    OSError
        If it cannot be written. Nothing is left behind.
    """
    arrays = {name: np.ascontiguousarray(getattr(index, name)) for name in (*_MAPPED, *_SMALL)}
    sizes = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    note = {"format": _FORMAT, "shape": list(index.shape), "arrays": sizes, "notes": notes or {}}
    save(folder, note, arrays, replace=replace)


def open_index(folder: Path) -> tuple[SparseIndex, dict[str, Any]]:
    """Open an index that :func:`save_index` wrote, and give its notes.

    The files have to be there in full length, and the numbers that lead into other arrays have to fit them; the
    values themselves are not read.

    Raises
    ------
    FileNotFoundError
        If there is none.
    BadVolume
        If it is damaged.
    """
    with opening(folder, _WHAT) as note:
        arrays = {name: _array(folder / f"{name}.npy", note["arrays"][name], name) for name in (*_MAPPED, *_SMALL)}
        i, j, k = map(int, note["shape"])
        index = SparseIndex(shape=(i, j, k), **arrays)
        notes = dict(note["notes"])
        version = note["format"]
    if version != _FORMAT or not _fits(index):
        raise damaged(folder, _WHAT, "its numbers contradict each other, or another version wrote it")
    return index, notes


def kept(
    folder: Path | None, make: Callable[[], tuple[SparseIndex, dict[str, Any]]]
) -> tuple[SparseIndex, dict[str, Any]]:
    """Open the index of a folder; where there is none, or a damaged one, make it and put it there.

    Parameters
    ----------
    folder
        Where it is kept; nowhere for ``None``. If it cannot be written to, the index stays in memory.
    make
        Gives the index, and notes.

    Warns
    -----
    VolumeWarning
        If it is damaged.
    """
    if folder is None:
        return make()
    damaged = False
    try:
        return open_index(folder)
    except FileNotFoundError:
        pass
    except BadVolume as error:
        damaged = True
        warnings.warn(f"{error}; it is made again", VolumeWarning, stacklevel=4)
    index, notes = make()
    with suppress(OSError):  # a cache that can only be read, or is full: nothing is lost but time
        # One that another process has put there in the meantime may be in use.
        save_index(index, folder, notes, replace=damaged)
    return index, notes


def _array(path: Path, written: list[Any], name: str) -> Any:  # noqa: ANN401  of any type
    array = mapped(path)
    if [array.dtype.str, list(array.shape)] != written or array.dtype.str != _KINDS.get(name, array.dtype.str):
        raise ValueError(f"{path.name} is not what was written")
    return array


def _fits(index: SparseIndex) -> bool:
    i, j, k = index.shape
    values, rows, maps = len(index.values), len(index.voxels), len(index.column_starts) - 1
    return bool(
        len(index.lookup) == i * j * k
        and len(index.columns) == len(index.column_values) == len(index.column_voxels) == values
        and index.values.dtype == index.column_values.dtype
        and len(index.starts) == rows + 1
        and maps >= 0
        and index.low.shape == index.high.shape == (maps, 3)
        and index.starts[0] == index.column_starts[0] == 0
        and index.starts[-1] == index.column_starts[-1] == values
        and (np.diff(index.column_starts) >= 0).all()
        and (index.high < index.shape).all()
    )
