"""What is kept beside an interrupted download so that the next attempt can go on where it stopped.

A part is continued only if the server confirms, by its own mark of the version (``ETag`` or ``Last-Modified``), that
the file is still the one that the part is of; else it begins again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Part", "drop_part", "load_part", "save_part"]


@dataclass(frozen=True, slots=True)
class Part:
    """The first bytes of a file.

    Parameters
    ----------
    url
        Where they came from.
    mark
        How the server calls this version of the file: a strong ``ETag``, else ``Last-Modified``.
    done
        How many there are.
    """

    url: str
    mark: str
    done: int

    @property
    def headers(self) -> dict[str, str]:
        """Ask for the rest of this version, or for all of another one (RFC 9110, 13.1.5)."""
        return {"Range": f"bytes={self.done}-", "If-Range": self.mark}


def load_part(place: Path, url: str) -> Part | None:
    """Give the part of a download at ``place`` that can be continued, or ``None``."""
    try:
        told = json.loads(_beside(place).read_text("utf-8"))
        part = Part(told["url"], told["mark"], place.stat().st_size)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return part if part.url == url and part.mark and part.done else None


def save_part(place: Path, url: str, headers: Mapping[str, str]) -> None:
    """Note before the first byte which version it is; a server that marks no version gets no note."""
    tag = headers.get("etag", "")
    # A weak tag promises the same meaning, not the same bytes. Decoded bytes are no bytes of the file as it is stored.
    mark = tag if tag.startswith('"') else headers.get("last-modified", "")
    if mark and not headers.get("content-encoding"):
        _beside(place).write_text(json.dumps(asdict(Part(url, mark, 0))), "utf-8")


def drop_part(place: Path) -> None:
    """Remove a part and the note beside it."""
    # The note first: a part without one is never continued.
    _beside(place).unlink(missing_ok=True)
    place.unlink(missing_ok=True)


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")
