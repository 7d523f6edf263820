"""Folders and single files as sources."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.sources.formats import file_format, is_archive, is_hidden
from siibra_kg.sources.limits import LIMITS, Limits
from siibra_kg.sources.reading import ReadingSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from siibra_kg.sources.protocol import SourceInfo

__all__ = ["FileSource", "FolderSource"]


class FileSource(ReadingSource):
    """One document.

    Parameters
    ----------
    about
        What is known of it.
    locate
        Gives the file on this machine; called when it is read.
    path
        What the document is called, the file's name or the last part of its address.
    limits
        A larger file is set aside.
    label
        What errors call it.
    """

    def __init__(
        self, about: SourceInfo, locate: Callable[[], Path], path: str, limits: Limits = LIMITS, *, label: str = ""
    ) -> None:
        super().__init__(about, label)
        self._locate = locate
        self._path = path
        self._limits = limits

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        data = self._load(self._locate(), self._path, self._limits)
        if data is not None:
            yield self._path, data, file_format(self._path) or "jsonld"


class FolderSource(ReadingSource):
    """All documents below a folder, sorted by path.

    Hidden files and folders are passed over. A link is followed where it stays inside the folder and leads to a
    file; one that leaves the folder, or leads to another folder, is set aside.
    """

    def __init__(self, about: SourceInfo, folder: Path, limits: Limits = LIMITS, *, label: str = "") -> None:
        super().__init__(about, label)
        self._folder = folder
        self._limits = limits

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        root = self._folder.resolve()
        for path, inside in sorted((_shown(inside), inside) for inside in self._walk(root)):
            if not self._wanted(path):
                continue
            kind = file_format(path)
            if kind is None:
                if is_archive(path):
                    self._put_aside(path, "an archive inside a folder is not opened; give it as a source of its own")
                continue
            place = root / inside
            if place.is_symlink() and not _stays(place, root):
                self._put_aside(path, "a link that leaves the folder, or leads nowhere")
                continue
            data = self._load(place, path, self._limits)
            if data is not None:
                yield path, data, kind

    def _wanted(self, path: str) -> bool:
        """Tell whether a file may be a document; a subclass that knows its folder better says no to the others."""
        del path
        return True

    def _walk(self, root: Path) -> Iterator[str]:
        def note(error: OSError) -> None:
            self._put_aside(
                _shown(Path(error.filename).relative_to(root).as_posix()) + "/", error.strerror or str(error)
            )

        for place, folders, files in os.walk(root, onerror=note):
            inside = Path(place).relative_to(root)
            folders[:] = [name for name in folders if not is_hidden(name)]
            for name in folders:
                if (Path(place) / name).is_symlink():
                    self._put_aside(_shown((inside / name).as_posix()) + "/", "a link to a folder is not followed")
            yield from ((inside / name).as_posix() for name in files if not is_hidden(name))


def _shown(path: str) -> str:
    """Give a path as text that can be hashed and written; a name that is no UTF-8 shows its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _stays(place: Path, root: Path) -> bool:
    try:
        return place.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # it leads nowhere, or in a circle
        return False
