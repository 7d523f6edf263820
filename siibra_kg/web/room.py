"""How large a download may be: what was asked for, what the cache may hold, what the disk has left."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.config import Settings

__all__ = ["Room", "used_bytes"]


@dataclass(frozen=True, slots=True)
class Room:
    """The bounds of one download, in bytes, each with what to do where it is passed.

    Parameters
    ----------
    url
        What is downloaded.
    bounds
        Triples of bytes, reason and hint, the lowest first.
    """

    url: str
    bounds: tuple[tuple[int, str, str], ...]

    @classmethod
    def of(cls, url: str, settings: Settings, max_bytes: int | None, incoming: Path) -> Room:
        """Measure the bounds; the cache is measured only where it has a limit.

        ``incoming`` holds what an interrupted download left: it takes room already, and is counted once.
        """
        have = used_bytes(incoming)
        bounds = []
        if max_bytes is not None:
            bounds.append((max_bytes, f"more than the {max_bytes:,} that were asked for at most", "ask with more"))
        if settings.cache_limit is not None:
            used = sum(used_bytes(settings.cache / folder) for folder in ("files", "incoming", "services")) - have
            reason = f"and {used:,} of the {settings.cache_limit:,} of SIIBRA_KG_CACHE_LIMIT are taken"
            hint = "make room with `siibra-kg cache list` and `siibra-kg cache remove URL`, or raise the limit"
            bounds.append((settings.cache_limit - used, reason, hint))
        free = shutil.disk_usage(settings.cache).free + have
        hint = "make room, or let SIIBRA_KG_CACHE name a folder with more"
        bounds.append((free, f"more than the {free:,} that are free at {settings.cache}", hint))
        return cls(url, tuple(sorted(bounds)))

    def check(self, size: int) -> None:
        """Refuse a file of this size, or one that has grown to it.

        Raises
        ------
        SourceError
            Names the lowest bound that it passes.
        """
        most, reason, hint = self.bounds[0]
        if size > most:
            raise SourceError(self.url, f"it has {size:,} bytes or more, {reason}", hint)


def used_bytes(folder: Path) -> int:
    """Give how many bytes the files below a folder have; those that vanish meanwhile have none."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total
