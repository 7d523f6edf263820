"""Opening what a worker serves: a snapshot folder or an RDF file, never another server."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from siibra_kg.config import Settings
from siibra_kg.errors import SnapshotError
from siibra_kg.graph import open_graph
from siibra_kg.server.job import State
from siibra_kg.server.options import ServerOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Setup", "local", "open_state"]


class Setup(NamedTuple):
    """What a worker is told first: what to open and what may be asked of it."""

    place: str
    settings: Settings
    options: ServerOptions
    jobs: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Write it for :meth:`of_json`."""
        settings = {n: getattr(self.settings, n) for n in Settings.__dataclass_fields__}
        settings["home"], settings["cache"] = str(self.settings.home), str(self.settings.cache)
        options = {n: getattr(self.options, n) for n in ServerOptions.__dataclass_fields__}
        return {"place": self.place, "settings": settings, "options": options, "jobs": dict(self.jobs)}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Setup:
        """Read what :meth:`to_json` wrote."""
        settings = dict(data["settings"])
        settings["home"], settings["cache"] = Path(settings["home"]), Path(settings["cache"])
        options: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["options"].items()}
        return cls(data["place"], Settings(**settings), ServerOptions(**options), data["jobs"])


def local(place: str | None) -> str | None:
    """Check that something is a place on this machine.

    Raises
    ------
    SnapshotError
        If it is the address of another server: its questions would be asked in our name.
    """
    if place is not None and place.startswith(("http://", "https://")):
        raise SnapshotError(place, "only a snapshot or an RDF file can be served", "name a folder or a file")
    return place


def open_state(setup: Setup) -> State:
    """Open the graph, read-only.

    Raises
    ------
    SnapshotError
        If there is no snapshot that this version can read.
    BadDocument
        If the file cannot be read.
    """
    kg = open_graph(local(setup.place), in_memory=setup.options.in_memory, settings=setup.settings)
    name = kg.snapshot.manifest.short_hash if kg.snapshot else _hash(Path(setup.place).expanduser())
    return State(kg, setup.options, name)


def _hash(path: Path) -> str:
    """Name the content of a file, as a snapshot's name does."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()[:16]
