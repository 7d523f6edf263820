"""What a source of metadata is: documents in a fixed order, what it had to set aside, and where it all comes from."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Document", "SetAside", "Source", "SourceInfo", "content_hash", "slug"]

_NOT_SLUG = re.compile(r"[^a-z0-9.]+")


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source, not yet parsed.

    Parameters
    ----------
    path
        Path inside the source, separated by ``/``; the same on every machine.
    data
        The bytes as they are in the source.
    format
        ``"jsonld"``, ``"ttl"``, ``"nt"``, ``"nq"`` or ``"trig"``; or ``"siibra"``, which can only be read together
        with all others of its source. RDF/XML arrives converted to ``"nt"``.
    """

    path: str
    data: bytes
    format: str = "jsonld"


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that looked like a document but could not be given, and the reason in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Where documents come from.

    Parameters
    ----------
    name
        ``"openminds"``, ``"siibra"``, or a name made from the file.
    kind
        ``"package"``, ``"archive"``, ``"folder"`` or ``"file"``.
    graph
        IRI of the named graph, relative to the base: ``graph/openminds/latest``,
        ``graph/siibra/<commit>``, ``graph/user/<slug>``.
    version
        The generation of openMINDS, or empty.
    revision
        Commit or package version, or empty.
    url
        Where anyone can get the same, or empty for local data.
    license
        SPDX identifier, or empty where unknown.
    sha256
        Of the content, see :func:`content_hash`.
    documents
        How many documents were given.
    """

    name: str
    kind: str
    graph: str
    version: str
    revision: str
    url: str
    license: str
    sha256: str
    documents: int


class Source(Protocol):
    """Gives documents; knows nothing about graphs or stores."""

    @property
    def name(self) -> str:
        """Name of the source, known before anything is read."""
        ...

    def documents(self) -> Iterator[Document]:
        """Give every document once, sorted by path.

        Raises
        ------
        SourceError
            If the source as a whole is not there, not complete, or not what its pin says.
        """
        ...

    def set_aside(self) -> tuple[SetAside, ...]:
        """What could not be given; complete once :meth:`documents` is exhausted."""
        ...

    def info(self) -> SourceInfo:
        """Describe the source; complete once :meth:`documents` is exhausted.

        Raises
        ------
        SourceError
            If the documents have not been read to the end yet.
        """
        ...


def content_hash(digests: Iterable[tuple[str, str]]) -> str:
    """Give the hash of a content: SHA-256 of the lines ``<sha256>  <path>``, sorted by path, as ``sha256sum`` writes.

    An archive's own bytes are not stable (hosting services change their compressor), its documents are.

    Parameters
    ----------
    digests
        Path and hexadecimal SHA-256 of each document.

    Examples
    --------
    >>> content_hash([])[:8]
    'e3b0c442'
    """
    total = hashlib.sha256()
    for path, digest in sorted(digests):
        total.update(f"{digest}  {path}\n".encode())
    return total.hexdigest()


def slug(name: str) -> str:
    """Make the last part of a graph IRI out of a file name.

    >>> slug("My Data (2).v2")
    'my-data-2-.v2'
    >>> slug("皮質")
    'source-0abfbb6a'
    """
    made = _NOT_SLUG.sub("-", name.lower()).strip("-.")
    return made or f"source-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
