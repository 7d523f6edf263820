"""What all sources share: they are read to the end once, count and hash what they give, then say what they were."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import BadDocument, SourceError
from siibra_kg.sources.formats import RDF_XML
from siibra_kg.sources.protocol import Document, SetAside, SourceInfo, content_hash
from siibra_kg.sources.rdfxml import to_ntriples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg.sources.limits import Limits

__all__ = ["ReadingSource"]


class ReadingSource(ABC):
    """A source whose subclasses give documents in order; this part hashes, counts and checks.

    Parameters
    ----------
    about
        What is known beforehand; ``sha256`` and ``documents`` hold the pin, or nothing where there is none.
    label
        What errors call it: as the user named it.
    """

    def __init__(self, about: SourceInfo, label: str = "") -> None:
        self._about = about
        self._label = label or about.name
        self._aside: list[SetAside] = []
        self._info: SourceInfo | None = None

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._about.name

    @property
    def graph(self) -> str:
        """The named graph that :meth:`info` will give, most likely."""
        return self._about.graph

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._about.name!r} {self._about.kind} {self._about.revision}".rstrip() + ">"

    def documents(self) -> Iterator[Document]:
        """Give every document once, sorted by path.

        Raises
        ------
        SourceError
            If the source is not there, not complete, holds no document, or differs from its pin.
        """
        self._aside, self._info = [], None
        digests: list[tuple[str, str]] = []
        for path, data, kind in self._read():
            document = self._document(path, data, kind)
            if document is not None:
                digests.append((path, hashlib.sha256(data).hexdigest()))
                yield document
        found = content_hash(digests)
        if self._about.sha256 not in {"", found}:
            reason = f"its {len(digests):,} documents have the content hash {found}, pinned is {self._about.sha256}"
            raise SourceError(self._label, reason, "remove it from the cache and fetch it again")
        if not digests and not self._aside:
            raise SourceError(
                self._label, "it holds no document", "JSON-LD, Turtle, N-Triples, N-Quads, TriG or RDF/XML"
            )
        self._info = replace(self._about, sha256=found, documents=len(digests))

    def set_aside(self) -> tuple[SetAside, ...]:
        """What could not be given, sorted by path."""
        return tuple(sorted(self._aside, key=lambda item: (item.path, item.reason)))

    def info(self) -> SourceInfo:
        """Describe the source, once its documents were read to the end.

        Raises
        ------
        SourceError
            If they were not.
        """
        if self._info is None:
            raise SourceError(self._label, "its documents were not read to the end")
        return self._info

    @abstractmethod
    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        """Give path, bytes and format of each document, sorted by path; note in ``_aside`` what cannot be given."""

    def _document(self, path: str, data: bytes, kind: str) -> Document | None:
        if kind != RDF_XML:
            return Document(path, data, kind)
        try:
            return Document(path, to_ntriples(path, data), "nt")
        except BadDocument as error:
            self._put_aside(path, error.reason)
            return None

    def _load(self, place: Path, path: str, limits: Limits) -> bytes | None:
        """Read a file of this machine, or set it aside with the reason."""
        try:
            if not place.is_file():  # a pipe or a device would block
                self._put_aside(path, "not a plain file" if place.exists() else "it is not there any more")
                return None
            if place.stat().st_size > limits.document:
                self._put_aside(path, f"larger than {limits.document:,} bytes")
                return None
            return place.read_bytes()
        except OSError as error:
            self._put_aside(path, f"cannot be read: {error.strerror or error}")
            return None

    def _put_aside(self, path: str, reason: str) -> None:
        self._aside.append(SetAside(path, " ".join(reason.split())))
