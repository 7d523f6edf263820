"""Archives as sources: any ``.tar.gz``, ``.tar`` or ``.zip`` of documents."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.sources.formats import file_format, is_archive, is_hidden
from siibra_kg.sources.limits import LIMITS, Limits
from siibra_kg.sources.reading import ReadingSource
from siibra_kg.sources.unpack import unpack
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from siibra_kg.sources.protocol import SourceInfo

__all__ = ["ArchiveSource", "Selection"]

_REASONS = {
    "link": "a link; links in archives are not followed",
    "large": "larger than a document may be",
    "sparse": "a sparse file; store it as a plain one",
    "unended": "the archive has no end mark; it may have been cut short",
    "trailing": "something follows the end of the archive; it was not read",
    "other": "neither a file nor a folder",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which members of an archive are documents.

    Parameters
    ----------
    below
        Only members below this folder, with a ``/`` at its end; empty means all.
    suffixes
        Only these; empty means every format that can be read.
    top
        Whether the archive has one top folder that is no part of the paths: hosting services name it after the commit.
    """

    below: str = ""
    suffixes: tuple[str, ...] = ()
    top: bool = False

    def __call__(self, path: str) -> bool:
        """Tell whether a member is a document."""
        inside = self.inside(path)
        if not inside.startswith(self.below):
            return False
        return inside.endswith(self.suffixes) if self.suffixes else file_format(inside) is not None

    def inside(self, path: str) -> str:
        """Give the path without the top folder."""
        return path.partition("/")[2] if self.top else path


class ArchiveSource(ReadingSource):
    """The documents of an archive, sorted by path whatever their order in it.

    Parameters
    ----------
    about
        What is known of it; ``sha256`` and ``documents`` hold the pin, if there is one.
    locate
        Gives the archive on this machine; called when the documents are read, so that nothing is fetched before.
    selection
        Which members count.
    limits
        What stops a bomb.
    label
        What errors call it.
    """

    def __init__(
        self,
        about: SourceInfo,
        locate: Callable[[], Path],
        selection: Selection | None = None,
        limits: Limits = LIMITS,
        *,
        label: str = "",
    ) -> None:
        super().__init__(about, label)
        self._locate = locate
        self._selection = selection or Selection()
        self._limits = limits

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        held: dict[str, bytes] = {}
        with closing(unpack(self._locate(), self._wanted, self._limits)) as members:
            for member in members:
                path, refused = clean_path(self._selection.inside(member.path))
                if refused or member.kind != "file":
                    self._put_aside(path or "(the archive)", refused or _REASONS.get(member.kind, member.kind))
                    continue
                if held.get(path, member.data) != member.data:
                    self._put_aside(path, "the archive holds it twice with different content; the last one counts")
                held[path] = member.data
                if len(held) == self._about.documents:
                    break  # all that are pinned, as the content hash will tell; three generations stay packed
        for path in sorted(held):
            # Taken out as they are given: what the reader has finished with need not stay in memory.
            yield path, held.pop(path), file_format(path) or "jsonld"

    def _wanted(self, path: str) -> bool:
        if self._selection(path):
            return not is_hidden(path)
        if not self._selection.below and is_archive(path) and not is_hidden(path):
            self._put_aside(path, "an archive inside the archive is not opened; unpack it")
        return False
