"""The first of several sources that can be read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.sources.protocol import SetAside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siibra_kg.sources.protocol import Document, Source, SourceInfo

__all__ = ["FirstOf"]

_log = logging.getLogger(__name__)


class FirstOf:
    """Reads the first source that can be read to its end; each one that cannot is reported in one line.

    Parameters
    ----------
    name
        What it is called.
    sources
        Best first; at least one.
    """

    def __init__(self, name: str, sources: Sequence[Source]) -> None:
        self.name = name
        self._sources = tuple(sources)
        self._chosen: Source | None = None
        self._failed: tuple[SourceError, ...] = ()

    @property
    def graph(self) -> str:
        """The named graph of the best source, if it is known before reading."""
        graph: str = getattr(self._sources[0], "graph", "")
        return graph

    def __repr__(self) -> str:
        return f"<FirstOf {self.name!r} {list(self._sources)}>"

    def documents(self) -> Iterator[Document]:
        """Give the documents of the first source that can be read; none of one that fails half way.

        Raises
        ------
        SourceError
            If none can be read.
        """
        self._chosen, self._failed = None, ()
        for source in self._sources:
            try:
                documents = list(source.documents())
            except SourceError as error:
                _log.warning("%s", error)
                self._failed = (*self._failed, error)
                continue
            self._chosen = source
            yield from documents
            return
        last = self._failed[-1]
        before = "; ".join(f"{error.source}: {error.reason}" for error in self._failed[:-1])
        reason = f"{last.source}: {last.reason}" + (f" (and before, {before})" if before else "")
        raise type(last)(self.name, reason, last.hint) from last

    def set_aside(self) -> tuple[SetAside, ...]:
        """What the chosen source could not give, after one entry for each source that failed."""
        failed = tuple(SetAside(error.source, f"{error.reason}; another source is used") for error in self._failed)
        return failed + (self._chosen.set_aside() if self._chosen else ())

    def info(self) -> SourceInfo:
        """Describe the chosen source.

        Raises
        ------
        SourceError
            If the documents were not read.
        """
        if self._chosen is None:
            raise SourceError(self.name, "its documents were not read to the end")
        return self._chosen.info()
