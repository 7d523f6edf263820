"""Adds datasets of the user's own to a graph, lists them, and takes them away; each time a new snapshot is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.adding import shelf
from siibra_kg.adding.description import Description
from siibra_kg.adding.reading import read_description
from siibra_kg.adding.resolving import resolved
from siibra_kg.adding.triples import dataset_node, feature_nodes, turtle
from siibra_kg.adding.validating import validated
from siibra_kg.build.extend import Change, extend
from siibra_kg.errors import NoSuchName
from siibra_kg.sources.own import PREFIX, own_source, slugs
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.config import Settings
    from siibra_kg.questions.ask import Asker

__all__ = ["Added", "OwnDataset", "add", "datasets", "remove"]


@dataclass(frozen=True, slots=True)
class Added:
    """A dataset that was added.

    Parameters
    ----------
    id
        What it is removed by.
    iri
        Of the dataset.
    features
        IRIs of its features.
    path
        Folder of the new snapshot.
    notes
        What deserves a look: rows that stand for no region, a licence that is missing.
    """

    id: str
    iri: IRI
    features: tuple[IRI, ...]
    path: Path
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"added {self.id}: {len(self.features)} feature{'s' * (len(self.features) > 1)}"
        return "\n".join([said, *(f"  {iri}" for iri in self.features), *(f"  note: {note}" for note in self.notes)])


@dataclass(frozen=True, slots=True)
class OwnDataset:
    """A dataset of the user's own that a graph holds.

    Parameters
    ----------
    id
        What it is removed by.
    iri
        Of the dataset: ``DatasetVersion`` of openMINDS.
    name, version, license
        As they were described; empty where they were not.
    source
        Address of the description.
    features
        IRIs of its features.
    """

    id: str
    iri: IRI
    name: str
    version: str
    license: str
    source: str
    features: tuple[IRI, ...]


def add(ask: Asker, snapshot: Snapshot, settings: Settings, dataset: str | Path | Description) -> Added:
    """Add a dataset, or put it in the place of the one with its identifier.

    Parameters
    ----------
    ask
        The graph in which names are looked up.
    snapshot
        That graph; it is not changed.
    settings
        Say where snapshots and descriptions are kept.
    dataset
        Folder with ``dataset.yaml`` or ``dataset.jsonld`` beside its files; see ``docs/own-data.md``.

    Returns
    -------
    Added
        ``path`` is the new snapshot: the current one below ``settings.home``, or in the folder of the old one.

    Raises
    ------
    BadDescription
        If the description, or what it says, is not right; the graph is left as it was.
    BuildError
        If the snapshot cannot be made; whatever was there is unchanged.
    """
    said = dataset if isinstance(dataset, Description) else read_description(dataset)
    found = resolved(ask, said)
    base = snapshot.manifest.base_iri
    text = turtle(said, found, base)
    notes = [note for each in found for note in each.notes] + list(validated(said, found, text, base))
    with shelf.changed(settings.home, said.slug, text):
        path = extend(snapshot, Change(own_source(settings.home, said.slug)), _out(snapshot, settings), settings)
    nodes = tuple(IRI(base + node) for node in feature_nodes(said))
    return Added(said.slug, IRI(base + dataset_node(said.slug)), nodes, path, tuple(notes))


def remove(snapshot: Snapshot, settings: Settings, dataset: str) -> Path:
    """Take a dataset away; none of the user's files is touched. Gives the folder of the new snapshot.

    Raises
    ------
    NoSuchName
        If there is none of this identifier; ``close`` has those there are.
    BuildError
        If the snapshot cannot be made; whatever was there is unchanged.
    """
    there = {r.name.removeprefix(PREFIX) for r in snapshot.manifest.sources if r.name.startswith(PREFIX)}
    if dataset not in there:
        raise NoSuchName(dataset, "dataset of your own", sorted(there | set(slugs(settings.home))))
    with shelf.changed(settings.home, dataset, None):
        return extend(snapshot, Change(remove=PREFIX + dataset), _out(snapshot, settings), settings)


def datasets(ask: Asker) -> tuple[OwnDataset, ...]:
    """Give the datasets of the user's own that a graph holds, by identifier."""
    features: dict[IRI, list[IRI]] = {}
    about: dict[IRI, OwnDataset] = {}
    for row in ask.table("dataset/own"):
        several = features.setdefault(row.iri, [])
        if row.feature not in several:
            several.append(row.feature)
        licence = str(getattr(row.license, "value", row.license) or "")
        about[row.iri] = OwnDataset(row.id, row.iri, row.name, row.version or "", licence, str(row.source), ())
    return tuple(
        OwnDataset(d.id, d.iri, d.name, d.version, d.license, d.source, tuple(features[iri]))
        for iri, d in about.items()
    )


def _out(snapshot: Snapshot, settings: Settings) -> Path | None:
    """Give where the new snapshot goes: beside the others below home, else in the place of the old one."""
    return None if snapshot.path.parent.parent == settings.home.absolute() else snapshot.path
