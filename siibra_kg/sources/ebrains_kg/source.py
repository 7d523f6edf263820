"""The Knowledge Graph as a source of documents: from a pull, from an earlier one, from a mirror, or from a folder."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.sources.ebrains_kg.instances import LAST_RELEASED
from siibra_kg.sources.ebrains_kg.kinds import taken
from siibra_kg.sources.ebrains_kg.pull import Pull
from siibra_kg.sources.ebrains_kg.service import connect
from siibra_kg.sources.ebrains_kg.shelf import Shelf
from siibra_kg.sources.protocol import SourceInfo
from siibra_kg.sources.reading import ReadingSource
from siibra_kg.web.fetch import mirror_folder
from siibra_kg.web.login import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress

__all__ = ["EbrainsKG", "kg"]

_SPEC = re.compile(r"kg(?P<more>(?:\+[A-Za-z]+)*)(?:@(?P<stage>[A-Za-z_-]+)|=(?P<folder>.+))?\Z", re.DOTALL)
_RELEASED = re.compile(rb'"' + LAST_RELEASED.encode() + rb'":"([0-9TZ:.+-]+)"')
_STAGES = ("RELEASED", "IN_PROGRESS")
_HINT = "give kg, kg@RELEASED, kg@IN_PROGRESS, kg+File to have all files, or kg=FOLDER of an earlier pull"


def kg(spec: str, settings: Settings, *, progress: Progress | None = None) -> EbrainsKG:
    """Make the source that a user means; nothing is asked or read yet.

    Parameters
    ----------
    spec
        ``"kg"`` (what is released), ``"kg@IN_PROGRESS"`` (what curators see), ``"kg+File"`` (a type however many
        instances it has), ``"kg=FOLDER"`` (an earlier pull).
    settings
        Host and prefix, cache, mirror, timeout, offline.
    progress
        Called while instances arrive.

    Raises
    ------
    SourceError
        If it is none of these.
    """
    found = _SPEC.match(spec)
    stage = (found["stage"] or _STAGES[0]).upper().replace("-", "_") if found else ""
    if found is None or stage not in _STAGES:
        raise SourceError(spec, "no such stage or form of the EBRAINS Knowledge Graph", _HINT)
    more = frozenset(found["more"].split("+")) - {""}
    if unknown := sorted(more - set(taken().names)):
        known = ", ".join(taken().names)
        raise SourceError(spec, f"no type {unknown[0]} is taken from the Knowledge Graph", f"there are {known}")
    folder = Path(found["folder"]).expanduser() if found["folder"] else None
    return EbrainsKG(spec, settings, stage, whatever=more, folder=folder, progress=progress)


class EbrainsKG(ReadingSource):
    """The instances of one stage; see :func:`kg`.

    Parameters
    ----------
    spec
        As the user named it.
    settings
        Host and prefix, cache, mirror, timeout, offline.
    stage
        ``"RELEASED"`` or ``"IN_PROGRESS"``.
    whatever
        Types that are taken however many instances they have.
    folder
        An earlier pull to read instead.
    progress
        Called while instances arrive.
    """

    def __init__(
        self,
        spec: str,
        settings: Settings,
        stage: str,
        *,
        whatever: frozenset[str] = frozenset(),
        folder: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        about = SourceInfo(
            name="kg",
            kind="folder" if folder else "service",
            graph=f"graph/kg/{stage.lower().replace('_', '-')}",
            version="" if folder else stage,
            revision="",
            url="" if folder else "https://search.kg.ebrains.eu/",
            license="",
            sha256="",
            documents=0,
        )
        super().__init__(about, spec)
        self._settings = settings
        self._stage = stage
        self._whatever = whatever
        self._folder = folder
        self._progress = progress

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        shelf, types = self._shelf()
        newest, seen = "", set[str]()
        for name in sorted(types):
            for uuid, document in shelf.instances(name):
                if uuid in seen:  # an instance of two types
                    continue
                seen.add(uuid)
                found = _RELEASED.search(document)
                newest = max(newest, found[1].decode() if found else "")
                yield f"{name}/{uuid}.jsonld", document, "jsonld"
        # There is no version of the whole; what was released last says how new it is, whoever pulled it and when.
        self._about = replace(self._about, revision=newest)

    def _shelf(self) -> tuple[Shelf, dict[str, int]]:
        """Give what is to be read, after bringing it up to date where that is wanted and possible."""
        if self._folder is not None:
            return self._there(Shelf(self._folder), "it holds no pull: there is no index.json")
        settings = self._settings
        try:
            base = urlsplit(base_url(settings))
            place = f"{base.netloc.replace(':', '_')}{base.path}{self._stage}"
            mirror = mirror_folder(settings)
            if mirror is not None and Shelf(mirror / place).index() is not None:
                return self._there(Shelf(mirror / place), "")
            shelf = Shelf(settings.cache / "kg" / place)
            if settings.offline and shelf.index() is not None:
                return self._there(shelf, "")
            return shelf, self._pulled(shelf)
        except NetworkDisabled:
            raise
        except (ServiceError, LoginNeeded) as error:
            raise SourceError(self._label, str(error)) from error
        except OSError as error:
            raise SourceError(self._label, f"{error.strerror or error}: {error.filename}") from error

    def _there(self, shelf: Shelf, reason: str) -> tuple[Shelf, dict[str, int]]:
        types = shelf.index()
        missing = [] if types is None else [name for name in types if not shelf.has(name)]
        if types is None or missing:
            told = f"{shelf.folder / missing[0]}.jsonl is missing or cut off" if missing else reason
            raise SourceError(self._label, told, "pull it again")
        return shelf, types

    def _pulled(self, shelf: Shelf) -> dict[str, int]:
        service = connect(self._settings, self._stage)
        try:
            with shelf.locked():
                pull = Pull(service, shelf, taken(), self._whatever, self._progress or _line())
                types = pull.run()
        finally:
            service.close()
        for path, reason in pull.aside:
            self._put_aside(path, reason)
        return types


def _line() -> Progress:
    """Give a function that rewrites one line while people watch, and does nothing else."""
    watched = sys.stderr is not None and sys.stderr.isatty()

    def show(name: str, done: int, total: int | None) -> None:
        if watched:
            end = "\n" if done == total else ""
            sys.stderr.write(f"\rEBRAINS Knowledge Graph: {name} {done:,} of {total or 0:,}{end}")
            sys.stderr.flush()

    return show
