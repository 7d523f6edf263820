"""Folders of arrays in the cache: a folder appears whole or not at all, and what is damaged is never used.

``index.json`` says what the arrays have to be; each array is a ``.npy`` file that is memory-mapped.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["damaged", "mapped", "opening", "save"]

_NOTE = "index.json"
#: What reading a damaged folder may raise; the opener turns it into one error.
_BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError)


def save(folder: Path, note: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], *, replace: bool = True) -> None:
    """Write arrays and a note to a folder.

    Parameters
    ----------
    folder
        Where; its parents are made.
    note
        What to write beside the arrays, as JSON.
    arrays
        By name.
    replace
        What to do with a folder that is there: replace it, or leave it.

    Raises
    ------
    OSError
        If it cannot be written. Nothing is left behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array)
        (part / _NOTE).write_text(json.dumps(note), encoding="utf-8")
        part.chmod(0o755)  # as other folders of the cache; that of mkdtemp is for its owner only
        if replace and folder.exists():
            old = Path(tempfile.mkdtemp(prefix=".", suffix=".old", dir=folder.parent))
            with suppress(OSError):  # another process may have been faster
                folder.replace(old)
            shutil.rmtree(old, ignore_errors=True)
        _move(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _move(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else it is there, from another process that wrote the same
            raise


@contextmanager
def opening(folder: Path, what: str) -> Iterator[dict[str, Any]]:
    """Read the note of a folder; whatever goes wrong while its arrays are opened says that the folder is damaged.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    BadVolume
        If it is damaged.
    """
    try:
        note = json.loads((folder / _NOTE).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        if folder.is_dir():
            raise damaged(folder, what, f"it has no {_NOTE}") from error
        raise FileNotFoundError(folder) from error
    except (OSError, ValueError) as error:
        raise damaged(folder, what, str(error)) from error
    try:
        yield note
    except BadVolume:
        raise
    except _BROKEN as error:
        raise damaged(folder, what, str(error)) from error


def mapped(path: Path) -> NDArray[Any]:
    """Memory-map a ``.npy`` file; a third of the time of numpy.load, and a plain array, whose slices are cheap.

    Raises
    ------
    ValueError, OSError
        If it is no such file, or shorter than it says.
    """
    with path.open("rb") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("another version of .npy")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject or (fortran and len(shape) > 1):
            raise ValueError("no array of numbers in the usual order")
        if 0 in shape:  # nothing can be mapped of no bytes
            return np.zeros(shape, dtype)
        start = file.tell()
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(content, dtype, math.prod(shape), start).reshape(shape)


def damaged(folder: Path, what: str, why: str) -> BadVolume:
    """Give the error that says so."""
    return BadVolume(os.fspath(folder), f"this {what} is damaged ({why})")
