"""Datasets that the user has added: a folder for each below ``Settings.home``, with what it says as Turtle.

What is there was looked up once, when the dataset was added: a build reads identifiers, and needs neither the user's
folder nor a network.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.sources.files import FolderSource
from siibra_kg.sources.protocol import SourceInfo

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DATASETS", "FILE", "PREFIX", "own", "own_source", "slugs"]

#: Below ``Settings.home``: the folder of all datasets; in each the file that says what it is.
DATASETS, FILE = "datasets", "dataset.ttl"
#: What the names of these sources begin with.
PREFIX = "own-"
_SLUG = re.compile(r"[a-z0-9][a-z0-9.-]*\Z")


def slugs(home: Path) -> tuple[str, ...]:
    """Give the identifiers of all datasets, sorted."""
    found = (home / DATASETS).glob(f"*/{FILE}")
    return tuple(sorted(path.parent.name for path in found if _SLUG.match(path.parent.name)))


def own(home: Path) -> tuple[FolderSource, ...]:
    """Give a source for each dataset, by identifier."""
    return tuple(own_source(home, slug) for slug in slugs(home))


def own_source(home: Path, slug: str) -> FolderSource:
    """Give the source of a dataset.

    Raises
    ------
    SourceError
        If there is none.
    """
    folder = home / DATASETS / slug
    if not _SLUG.match(slug) or not (folder / FILE).is_file():
        there = ", ".join(slugs(home)) or "none"
        raise SourceError(f"own={slug}", "no such dataset was added", f"there are: {there}")
    return FolderSource(SourceInfo(PREFIX + slug, "folder", f"graph/own/{slug}", "", "", "", "", "", 0), folder)
