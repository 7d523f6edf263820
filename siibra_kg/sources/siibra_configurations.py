"""siibra-configurations as a source: the pinned archive, another commit, a local checkout or an archive of one.

It has no licence, so none of it is in this repository: it is fetched when a graph is built. Nothing is ever written
to, or deleted from, a folder that a user gives.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.sources.archive import ArchiveSource, Selection
from siibra_kg.sources.files import FolderSource
from siibra_kg.sources.formats import ARCHIVES
from siibra_kg.sources.pins import SIIBRA_COMMIT, SIIBRA_CONTENT, SIIBRA_DOCUMENTS, SIIBRA_URL
from siibra_kg.sources.protocol import SourceInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FOLDERS", "is_checkout", "siibra"]

#: The folders of a checkout that are read, and what the pin counts.
FOLDERS = ("atlases", "features", "maps", "parcellations", "spaces")
_NAME = "siibra"
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_TAG = re.compile(r"siibra-[0-9A-Za-z.]+\Z")
_HINT = "give siibra, siibra@<commit> (40 digits), siibra@siibra-<version>, or siibra=<folder or archive>"


class _Selection(Selection):
    """The JSON files in the folders that count, whether or not the archive has a folder around them."""

    def __call__(self, path: str) -> bool:
        """Tell whether a member is a document."""
        return _is_document(self.inside(path))

    def inside(self, path: str) -> str:
        """Give the path without the top folder, if there is one."""
        first, _, rest = path.partition("/")
        return path if first in FOLDERS else rest


class _Archive(ArchiveSource):
    """An archive of a checkout."""

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        for path, data, _ in super()._read():
            yield path, data, _NAME


class _Checkout(FolderSource):
    """A checkout on this machine; read only."""

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        if not is_checkout(self._folder):
            raise SourceError(self._label, "not a checkout: it has no folders parcellations, spaces and maps", _HINT)
        for path, data, _ in super()._read():
            yield path, data, _NAME

    def _wanted(self, path: str) -> bool:
        return _is_document(path)


def _is_document(path: str) -> bool:
    return path.endswith(".json") and path.partition("/")[0] in FOLDERS


def is_checkout(folder: Path) -> bool:
    """Tell by its layout whether a folder is a checkout of siibra-configurations."""
    return all((folder / name).is_dir() for name in ("parcellations", "spaces", "maps"))


def siibra(spec: str, fetch_archive: Callable[[str], Path]) -> ArchiveSource | FolderSource:
    """Make the source that a user means.

    Parameters
    ----------
    spec
        ``"siibra"`` (the pinned commit), ``"siibra@<commit>"``, ``"siibra@siibra-<version>"`` (a tag), or
        ``"siibra=<path>"`` of a checkout or of an archive of one.
    fetch_archive
        Gives the archive at an address on this machine.

    Raises
    ------
    SourceError
        If it is none of these.
    """
    path = spec.partition("=")[2] if spec.startswith("siibra=") else ""
    if path:
        return _local(Path(path).expanduser(), spec)
    commit = SIIBRA_COMMIT if spec == _NAME else spec.removeprefix(f"{_NAME}@")
    if not (_COMMIT.match(commit) or _TAG.match(commit)):
        # A branch moves, and the cache would keep what it was.
        raise SourceError(spec, "neither a commit nor a tag of siibra-configurations", _HINT)
    pinned = commit == SIIBRA_COMMIT
    url = SIIBRA_URL.format(commit)
    about = SourceInfo(
        name=_NAME,
        kind="archive",
        graph=f"graph/siibra/{commit[:12] if _COMMIT.match(commit) else commit.lower()}",
        version="" if _COMMIT.match(commit) else commit,
        revision=commit,
        url=url,
        license="",
        sha256=SIIBRA_CONTENT if pinned else "",
        documents=SIIBRA_DOCUMENTS if pinned else 0,
    )
    return _Archive(about, partial(fetch_archive, url), _Selection(), label=_NAME if pinned else spec)


def _local(path: Path, spec: str) -> ArchiveSource | FolderSource:
    kind = "folder" if path.is_dir() else "archive"
    about = SourceInfo(_NAME, kind, "graph/siibra/local", "", "", "", "", "", 0)
    if path.is_dir():
        return _Checkout(about, path, label=spec)
    if not path.exists():
        raise SourceError(spec, "there is no such file or folder", _HINT)
    if not path.name.lower().endswith(ARCHIVES):
        raise SourceError(spec, "neither a folder nor an archive that can be read", _HINT)
    return _Archive(about, lambda: path, _Selection(), label=spec)
