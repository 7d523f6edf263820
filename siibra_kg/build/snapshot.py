"""Finding and checking snapshots: folders with ``store/``, ``graph.nq.zst``, and what is told about them in JSON."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.build.manifest import Manifest
from siibra_kg.errors import SnapshotError

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.build.report import BuildReport
    from siibra_kg.config import Settings

__all__ = [
    "CURRENT",
    "GRAPH",
    "MANIFEST",
    "REPORT",
    "SNAPSHOTS",
    "STATISTICS",
    "STORE",
    "Snapshot",
    "find",
    "previous",
    "prune",
]

STORE, GRAPH, MANIFEST, REPORT = "store", "graph.nq.zst", "manifest.json", "report.json"
#: Counts of what the graph holds; snapshots of earlier versions have none, and are counted when somebody asks.
STATISTICS = "statistics.json"
#: Below ``Settings.home``: the folder of all snapshots, and the file that names the one to open.
SNAPSHOTS, CURRENT = "snapshots", "current"

# The content hash; a number follows while an equal snapshot, perhaps a damaged one, is still there.
_NAME = re.compile(r"[0-9a-f]{16}(-\d+)?\Z")
# How often, and how many seconds apart, a folder is looked at while a build may be between its two renames.
_LOOKS, _PAUSE = 4, 0.02


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A complete snapshot: its folder and what it says about itself."""

    path: Path
    manifest: Manifest

    @property
    def store_path(self) -> Path:
        """The Oxigraph store on disk; open it read-only."""
        return self.path / STORE

    @property
    def graph_path(self) -> Path:
        """The whole graph as sorted N-Quads, compressed."""
        return self.path / GRAPH

    @property
    def statistics_path(self) -> Path:
        """Counts of what the graph holds; may be missing."""
        return self.path / STATISTICS

    def report(self) -> BuildReport:
        """Read what the build reported.

        Raises
        ------
        SnapshotError
            If ``report.json`` is missing or malformed.
        """
        from siibra_kg.build.report import BuildReport  # noqa: PLC0415  opening a snapshot does not need it

        try:
            return BuildReport.read(self.path / REPORT)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotError(str(self.path), f"its report.json cannot be read: {error}") from error

    def verify(self) -> None:
        """Compute the content hash again, from the compressed graph.

        Raises
        ------
        SnapshotError
            If it is not what the manifest says.
        """
        import zstandard  # noqa: PLC0415  only here and where a snapshot is written

        digest = hashlib.sha256()
        try:
            with self.graph_path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
                while chunk := reader.read(1 << 20):
                    digest.update(chunk)
        except (OSError, zstandard.ZstdError) as error:
            raise SnapshotError(str(self.path), f"its {GRAPH} cannot be read: {error}") from error
        if digest.hexdigest() != self.manifest.content_hash:
            raise SnapshotError(str(self.path), f"the content of {GRAPH} is not what its manifest says")


def previous(out: Path) -> Path:
    """Give the folder where a switch keeps the old snapshot for the moment between its two renames."""
    return out.with_name(f".{out.name}.previous")


def find(path: Path | None, settings: Settings) -> Snapshot:
    """Find a snapshot: the one in a folder, or the newest one below ``settings.home``.

    Parameters
    ----------
    path
        Folder of a snapshot, or ``None``.
    settings
        Says where snapshots are.

    Raises
    ------
    SnapshotError
        If there is none, it is incomplete, or it has another format version.
    """
    if path is None:
        return _check(_current(settings.home))
    return _settled(path.absolute())


def _settled(path: Path) -> Snapshot:
    """Check the snapshot in a folder that a build may be replacing this very moment."""
    for look in range(_LOOKS):
        found = _seen(path) or _seen(previous(path))
        if found is not None:
            return found
        time.sleep(_PAUSE * (look + 1 < _LOOKS))
    return _check(path)


def _seen(folder: Path) -> Snapshot | None:
    """Check a folder; gives nothing if it is no snapshot, or became another one meanwhile."""
    try:
        snapshot = _check(folder)
        return snapshot if Manifest.read(folder / MANIFEST) == snapshot.manifest else None
    except SnapshotError:
        return None


def _current(home: Path) -> Path:
    pointer = home / CURRENT
    try:
        name = pointer.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SnapshotError(str(home), "there is no snapshot yet", "run `siibra-kg build` to make one") from None
    except (OSError, ValueError) as error:
        raise SnapshotError(str(pointer), f"it cannot be read: {error}") from error
    if not _NAME.match(name):
        raise SnapshotError(str(pointer), f"it names no snapshot: {name[:40]!r}")
    return home / SNAPSHOTS / name


def _check(folder: Path) -> Snapshot:
    """Check what can be checked without reading the data."""
    manifest = Manifest.read(folder / MANIFEST)
    try:
        size = (folder / GRAPH).stat().st_size
    except OSError:
        raise SnapshotError(str(folder), f"it is incomplete: there is no {GRAPH}") from None
    if size != manifest.graph_bytes:
        told = f"{GRAPH} has {size:,} bytes, its manifest says {manifest.graph_bytes:,}"
        raise SnapshotError(str(folder), f"it is incomplete: {told}")
    if not (folder / STORE / "CURRENT").is_file():
        raise SnapshotError(str(folder), f"it is incomplete: there is no {STORE}/CURRENT")
    return Snapshot(folder, manifest)


def prune(settings: Settings) -> tuple[Path, ...]:
    """Delete all snapshots below ``settings.home`` but the current one; gives the folders that went.

    Raises
    ------
    SnapshotError
        If there is no current snapshot: then nothing is deleted.
    """
    from siibra_kg.build.switch import locked  # noqa: PLC0415  readers need no locks

    with locked(settings.home / SNAPSHOTS / ".lock"):
        keep = find(None, settings).path
        folders = (settings.home / SNAPSHOTS).iterdir()
        old = sorted(f for f in folders if f.is_dir() and _NAME.match(f.name) and f != keep)
        for folder in old:
            shutil.rmtree(folder)
    return tuple(old)
