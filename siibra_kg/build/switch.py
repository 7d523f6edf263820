"""Putting a finished snapshot in its place, so that a reader sees the whole old one or the whole new one, always.

A build writes into a hidden folder beside its target. Below ``Settings.home``, the finished folder gets the name of
its content and a pointer file is replaced in one step. At ``--out DIR``, two renames make the switch: ``DIR`` to
``.DIR.previous``, the new folder to ``DIR``; where the second is missing, :func:`siibra_kg.build.snapshot.find`
takes ``.DIR.previous``. One lock a target keeps two builds apart, so whatever hidden folder a build finds there is
left over from one that died.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import filelock

from siibra_kg.build.snapshot import CURRENT, GRAPH, MANIFEST, REPORT, SNAPSHOTS, STATISTICS, STORE, previous
from siibra_kg.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["FolderSite", "HomeSite", "Site", "locked", "sync"]

#: Seconds that a build waits for another one with the same target.
PATIENCE = 600.0
_OURS = frozenset({STORE, GRAPH, MANIFEST, REPORT, STATISTICS})


@contextmanager
def locked(path: Path, timeout: float = PATIENCE) -> Iterator[None]:
    """Hold a lock file.

    Raises
    ------
    BuildError
        If another process holds it for longer than the timeout, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(path)
        lock.acquire(timeout=timeout)
    except filelock.Timeout:
        raise BuildError("lock", f"another build has held {path} for {timeout:.0f} seconds") from None
    except OSError as error:
        raise BuildError("lock", f"{path.parent} cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def sync(folder: Path) -> None:
    """Have everything in a folder on the disk before anybody relies on it."""
    for path in (*sorted(folder.rglob("*")), folder):
        _sync(path)


def _sync(path: Path) -> None:
    """Flush one file or folder. A rename is on the disk when its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class HomeSite:
    """A place among the snapshots below ``Settings.home``."""

    home: Path

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.home / SNAPSHOTS / ".lock"

    def prepare(self) -> Path:
        """Clear away what dead builds left, and give the folder to build in. Call it while holding the lock."""
        folder = self.home / SNAPSHOTS
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".building-*"):
            shutil.rmtree(left)
        staging = folder / f".building-{os.getpid()}"
        staging.mkdir()
        return staging

    def publish(self, staging: Path, name: str, step: Callable[[str], None]) -> Path:
        """Move the finished folder to its name and point at it; gives the final folder."""
        folder = self.home / SNAPSHOTS
        equal = [f for f in (folder / name, *folder.glob(f"{name}-*")) if f.exists()]
        taken, number, target = {f.name for f in equal}, 2, folder / name
        while target.name in taken:
            target, number = folder / f"{name}-{number}", number + 1
        step("before-rename")
        staging.rename(target)
        _sync(folder)
        step("before-pointer")
        pointer = self.home / CURRENT
        last = pointer.read_text(encoding="ascii").strip() if pointer.is_file() else ""
        fresh = pointer.with_name(f".{CURRENT}-new")
        with fresh.open("w", encoding="ascii") as file:
            file.write(target.name + "\n")
            file.flush()
            os.fsync(file.fileno())
        step("before-replace")
        fresh.replace(pointer)
        _sync(self.home)
        step("before-cleaning")
        for old in equal:
            # Somebody may have the last one open, and the engine opens files when it needs them: it stays for now.
            if old.name != last:
                shutil.rmtree(old, ignore_errors=True)
        return target


@dataclass(frozen=True, slots=True)
class FolderSite:
    """One folder that holds one snapshot: ``--out DIR``."""

    out: Path

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.out.with_name(f".{self.out.name}.lock")

    def prepare(self) -> Path:
        """Clear away what dead builds left, and give the folder to build in. Call it while holding the lock.

        Raises
        ------
        BuildError
            If something else than a snapshot is in the way: nobody's files are ever deleted.
        """
        if self.out.exists():
            entries = {p.name for p in self.out.iterdir()} if self.out.is_dir() else None
            if entries is None or entries - _OURS or (entries and MANIFEST not in entries):
                raise BuildError("write", f"{self.out} exists and is not a snapshot; name another folder")
        old = previous(self.out)
        if old.exists() and not self.out.exists():
            old.rename(self.out)
        for left in (*self.out.parent.glob(f".{self.out.name}.building-*"), old):
            if left.exists():
                shutil.rmtree(left)
        staging = self.out.with_name(f".{self.out.name}.building-{os.getpid()}")
        staging.mkdir(parents=True)
        return staging

    def publish(self, staging: Path, name: str, step: Callable[[str], None]) -> Path:  # noqa: ARG002  as HomeSite
        """Put the finished folder in the place of the old one; gives the final folder."""
        step("before-rename")
        old = previous(self.out)
        if self.out.exists():
            self.out.rename(old)
            step("between-renames")
        staging.rename(self.out)
        _sync(self.out.parent)
        step("before-cleaning")
        shutil.rmtree(old, ignore_errors=True)
        return self.out


Site = HomeSite | FolderSite
