"""A store that begins as another one: its table files are linked, not copied, and only what changes is written.

The engine never changes a table file (``.sst``) once it is written; compaction makes new ones and unlinks the old. So
two stores can share them, each may be deleted without the other, and half a gigabyte is "copied" in 2 ms. All other
files are small, are written to, and are copied.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pyoxigraph as ox

from siibra_kg.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["LinkedStore"]

_TABLES = ".sst"
# The log of the engine's doings, and the lock of the process that has the store open.
_LEFT = frozenset({"LOCK", "LOG"})


class LinkedStore:
    """A store for writing that shares what it can with one that stays as it is.

    Parameters
    ----------
    old
        Folder of a finished store; nothing in it is changed.
    path
        Folder to make.

    Raises
    ------
    BuildError
        If the engine cannot open what was linked.
    OSError
        If it cannot be written.
    """

    def __init__(self, old: Path, path: Path) -> None:
        path.mkdir()
        for file in sorted(old.iterdir()):
            if file.name not in _LEFT and not file.name.startswith("LOG.old"):
                _taken(file, path / file.name)
        try:
            self._store: ox.Store | None = ox.Store(str(path))
        except OSError as error:
            raise BuildError("store", f"the store of {old.parent} cannot be opened: {error}") from error

    @property
    def _open(self) -> ox.Store:
        if self._store is None:
            raise RuntimeError("the store is closed")
        return self._store

    def replace(self, quads: Mapping[str, bytes]) -> None:
        """Put N-Quads in the place of named graphs; at once, because each load makes a table in every index."""
        for graph in quads:
            self._open.remove_graph(ox.NamedNode(graph))
        if any(quads.values()):
            self._open.bulk_load(b"".join(quads.values()), ox.RdfFormat.N_QUADS, lenient=True)

    def construct(self, query: str) -> bytes:
        """Run a CONSTRUCT over the union of all graphs; gives N-Triples lines, possibly repeated."""
        found = self._open.query(query, use_default_graph_as_union=True)
        if not isinstance(found, ox.QueryTriples):
            raise BuildError("rules", "only a CONSTRUCT can be run again")
        return found.serialize(format=ox.RdfFormat.N_TRIPLES) or b""

    def finish(self) -> None:
        """Have everything in the files, and close the store."""
        self._open.flush()
        self.close()

    def close(self) -> None:
        """Close the store."""
        self._store = None


def _taken(file: Path, to: Path) -> None:
    """Link a table file, copy any other; a table on another disk is copied too."""
    if file.suffix == _TABLES:
        with suppress(OSError):
            os.link(file, to)
            return
    shutil.copyfile(file, to)
