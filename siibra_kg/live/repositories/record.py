"""Files that a repository lists, with sizes and checksums; fetched through the cache, and verified."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from siibra_kg.progress import Progress
    from siibra_kg.web.cache import CachedFile
    from siibra_kg.web.service import Service

__all__ = ["Record", "RepositoryFile"]


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository.

    Parameters
    ----------
    name
        Its path in the repository.
    url
        Where it is.
    size
        Bytes, as the repository says; ``None`` where it does not.
    checksum
        ``"md5:…"`` or ``"sha256:…"`` in hexadecimal; empty where the repository gives none.
    """

    name: str
    url: str
    size: int | None = None
    checksum: str = ""


def _as_it_is(file: RepositoryFile) -> RepositoryFile:
    return file


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a repository: some files, and who made them. Iterates over the files.

    Parameters
    ----------
    service
        The client of the repository.
    id
        What the repository calls it.
    title
        Its name.
    url
        Its page, or address.
    files
        In the repository's order.
    doi, license, citation
        As far as the repository says.
    complete
        Gives a file with what has to be asked for one by one, such as its checksum.
    """

    service: Service = field(repr=False, compare=False)
    id: str
    title: str
    url: str
    files: tuple[RepositoryFile, ...] = field(default=(), repr=False)
    doi: str = ""
    license: str = ""
    citation: str = field(default="", repr=False)
    complete: Callable[[RepositoryFile], RepositoryFile] = field(default=_as_it_is, repr=False, compare=False)

    def file(self, name: str) -> RepositoryFile:
        """Give the file of exactly this name.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has similar names.
        """
        for file in self.files:
            if file.name == name:
                return file
        from rapidfuzz import process  # noqa: PLC0415  only needed to help after a mistake

        near = [found for found, _, _ in process.extract(name, [f.name for f in self.files], limit=5, score_cutoff=60)]
        raise NoSuchName(name, "file", near, f"{self.service.name} {self.id}")

    def find(self, pattern: str) -> tuple[RepositoryFile, ...]:
        """Give the files whose names fit a pattern: ``"*.nii.gz"``; case counts, ``*`` goes across folders."""
        return tuple(file for file in self.files if fnmatchcase(file.name, pattern))

    def fetch(
        self, file: str | RepositoryFile, *, max_bytes: int | None = None, progress: Progress | None = None
    ) -> CachedFile:
        """Give a file through the cache, and see that it has the size and the checksum that the repository says.

        Parameters
        ----------
        file
            A file, or its name.
        max_bytes
            Refuse to download a larger one.
        progress
            As of :func:`siibra_kg.web.cache.cached`.

        Raises
        ------
        NoSuchName
            If there is no such file.
        ServiceError, LoginNeeded, NetworkDisabled
            If it cannot be had, or is another one than the repository says; nothing is then kept.
        """
        listed = self.complete(self.file(file) if isinstance(file, str) else file)
        kind, _, value = listed.checksum.partition(":")

        def look(path: Path) -> None:
            size = path.stat().st_size
            if listed.size is not None and size != listed.size:
                raise SourceError(listed.url, f"it has {size:,} bytes, but is listed with {listed.size:,}")
            if kind == "md5" and (found := _md5(path)) != value.lower():
                raise SourceError(listed.url, f"its MD5 is {found}, but {value} is listed")

        sha256 = value if kind == "sha256" else ""
        return self.service.file(listed.url, sha256=sha256, max_bytes=max_bytes, check=look, progress=progress)

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204  as that of a tuple
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)  # it tells damage, and the repositories give nothing else
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
