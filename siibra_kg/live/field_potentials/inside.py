"""Which recordings belong to a region or lie in a box."""

from __future__ import annotations

import warnings
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.data_errors import TableWarning
from siibra_kg.errors import DataMissing, TermError
from siibra_kg.live.field_potentials.database import LABEL, PLACE, Database
from siibra_kg.live.field_potentials.recordings import WAXHOLM, LocalFieldPotentials
from siibra_kg.locations import BoundingBox
from siibra_kg.locations.same import require_same_space
from siibra_kg.model import Region
from siibra_kg.names import key
from siibra_kg.questions import naming
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siibra_kg.config import Settings
    from siibra_kg.model import Parcellation
    from siibra_kg.questions.ask import Asker

__all__ = ["local_field_potentials"]

#: The label of recordings outside of all regions: that of the background in the atlas file.
_NOWHERE = "Clear Label"


def local_field_potentials(
    ask: Asker,
    settings: Settings,
    where: Region | BoundingBox | None = None,
    *,
    pathology: str | None = None,
    pharmacology: str | None = None,
    signal_quality: str | None = None,
    parcellation: Parcellation | str = "waxholm 4",
    database: Database | None = None,
) -> LocalFieldPotentials:
    """Give the local field potentials that were recorded in a region of the rat brain, or in a box.

    Parameters
    ----------
    ask, settings
        The graph; cache, mirror, and whether the network may be used.
    where
        A region of the Waxholm atlas v4: the recordings labelled with its name, or with that of any of its parts. A
        label means the region that has it as name or synonym, without regard to case. A box in Waxholm space: those
        whose electrode lies in it, border included. ``None`` for all.
    pathology, pharmacology, signal_quality
        Exactly as the database has it; ``None`` for any. ``Database(settings).choices`` says what there is.
    parcellation
        The release that the labels are names of.
    database
        What reads the database; several calls with the same one read it once.

    Returns
    -------
    LocalFieldPotentials
        Without any recording where there is none; its notes say so.

    Raises
    ------
    NoSuchName
        If no recording has such a value; ``close`` has those that there are.
    DataMissing
        If the region is of another release: its names mean other regions there.
    SpaceMismatch
        If the box is in another space.
    NetworkDisabled, ServiceError
        If the database has to be fetched and cannot be.
    BadTable
        If it is not what it should be.
    """
    database = database or Database(settings)
    if not isinstance(where, Region | BoundingBox | None):
        raise TermError(where, "a region, a box, or None for all recordings")
    if isinstance(where, BoundingBox):
        space = naming.space(ask, where.space).iri if ask is not None else where.space
        require_same_space(space, WAXHOLM, "recordings lie in Waxholm space")
    table = database.filtered(pathology=pathology, pharmacology=pharmacology, signal_quality=signal_quality)
    if isinstance(where, Region):
        labels, notes = _labels_of(ask, where, parcellation, database.table[LABEL])
        table = table[table[LABEL].isin(labels)]
    else:
        table, notes = _inside(table, where)
    name = where.name if isinstance(where, Region) else _said(where)
    if table.empty:
        notes.append(f"no such recording lies in {name or 'any place'}")
    for note in notes:
        warnings.warn(note, TableWarning, stacklevel=2)
    asked = (where.iri if isinstance(where, Region) else name, pathology, pharmacology, signal_quality)
    return LocalFieldPotentials(
        iri=_iri(settings, *asked),
        name=f"Local field potentials in {name or 'the whole brain'}",
        modality="RegionalLocalFieldPotential",
        category="functional",
        species="Rattus norvegicus",
        anchor=name,
        size=len(table),
        space=WAXHOLM,
        region=where.iri if isinstance(where, Region) else None,
        notes=tuple(notes),
        _table=table,
        _database=database,
    )


def _labels_of(
    ask: Asker, region: Region, parcellation: Parcellation | str, labels: pd.Series[str]
) -> tuple[frozenset[str], list[str]]:
    """Give the labels of recordings in a region, and a note of those that name no region of the release."""
    release = naming.parcellation(ask, parcellation)
    if region.parcellation is None or region.parcellation.iri != release.iri:
        of = region.parcellation.name if region.parcellation else "no release"
        reason = f"it is of {of}, and the labels of recordings are names of {release.name}"
        hint = "kg.region(name, 'waxholm 4') is the one of that name; region.versions() says which are the same"
        raise DataMissing(f"local field potentials in {region.name}", reason, hint)
    known: dict[str, dict[IRI, str]] = {}
    for row in ask.table("region/names", parcellations=(release.iri,)):
        known.setdefault(row.key, {})[row.iri] = row.name
    count = labels.value_counts()
    meant = {label: _meant(label, known.get(key(label), {})) for label in sorted(count.index) if label != _NOWHERE}
    inside = {region.iri, *(part.iri for part in region.descendants)}
    lost = [f"{label!r} ({count[label]:,} recordings)" for label, iri in meant.items() if iri is None]
    notes = [f"no region of {release.name}, or more than one, is called {', '.join(lost)}"] if lost else []
    return frozenset(label for label, iri in meant.items() if iri in inside), notes


def _meant(label: str, regions: Mapping[IRI, str]) -> IRI | None:
    """Give the one region of a name; one whose own name it is comes before those with a synonym or abbreviation."""
    own = [iri for iri, name in regions.items() if key(name) == key(label)]
    found = own or list(regions)
    return found[0] if len(found) == 1 else None


def _inside(table: pd.DataFrame, where: BoundingBox | None) -> tuple[pd.DataFrame, list[str]]:
    if where is None:
        return table, []
    places = table[list(PLACE)].to_numpy(np.float64)
    # Nothing is compared with NaN as true: recordings without a place lie in no box.
    inside = ((places >= where.minimum) & (places <= where.maximum)).all(axis=1)
    lost = int(np.count_nonzero(~np.isfinite(places).all(axis=1)))
    return table[inside], [f"{lost:,} recordings have no place and are left out"] if lost else []


def _said(where: BoundingBox | None) -> str:
    return f"the box from {where.minimum} to {where.maximum} mm" if where is not None else ""


def _iri(settings: Settings, *asked: object) -> IRI:
    """Give the same name to the same question, on every machine."""
    told = sha256("\n".join(map(str, asked)).encode()).hexdigest()[:16]
    return IRI(f"{settings.base_iri}id/feature/local-field-potentials-{told}")
