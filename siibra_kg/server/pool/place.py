"""Where the served graph is, and whether another snapshot has taken its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.build.snapshot import CURRENT, MANIFEST, find
from siibra_kg.errors import SnapshotError
from siibra_kg.server.worker_state import local

if TYPE_CHECKING:
    from siibra_kg.config import Settings

__all__ = ["Place"]


class Place:
    """A snapshot folder, an RDF file, or whatever snapshot is the newest.

    Parameters
    ----------
    place
        Folder or file; ``None`` for the newest snapshot below ``settings.home``.
    settings
        Says where snapshots are.

    Raises
    ------
    SnapshotError
        If it is on another machine.
    """

    def __init__(self, place: str | None, settings: Settings) -> None:
        self._place = local(place)
        self._settings = settings
        self._folder = None if place is None else Path(place).expanduser().absolute()
        self._watched = settings.home / CURRENT if self._folder is None else self._folder / MANIFEST
        self._stamp = self._look()

    def find(self) -> str:
        """Give the path that a worker opens now.

        Raises
        ------
        SnapshotError
            If there is nothing, or a folder that is no snapshot.
        """
        if self._folder is None or self._folder.is_dir():
            return str(find(self._folder, self._settings).path)
        if not self._folder.exists():
            raise SnapshotError(str(self._folder), "there is no such file or folder")
        return str(self._folder)

    def changed(self) -> bool:
        """Tell whether something else has been put there since this was asked last. Costs one look at one file."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:  # missing: a build is between its two renames
            return False
        self._stamp = stamp
        return True

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._watched.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size
