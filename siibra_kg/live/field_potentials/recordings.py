"""Local field potentials as features: one recording, and all those of a place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import DataMissing, TermError
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import described, finished
from siibra_kg.live.field_potentials.database import CITATION, FILES, FILTERS, LABEL, PLACE
from siibra_kg.live.field_potentials.spectra import UNITS, mean, spectrum
from siibra_kg.locations import Point, PointCloud
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from siibra_kg.features.plots import Picture
    from siibra_kg.live.field_potentials.database import Database
    from siibra_kg.model_features import DataFile, MatrixRow
    from siibra_kg.web.cache import CachedFile

__all__ = ["WAXHOLM", "LocalFieldPotential", "LocalFieldPotentials"]

WAXHOLM = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/WHSSD_v1.01")


@dataclass(frozen=True, slots=True, repr=False)
class LocalFieldPotential(Measured):
    """One recording: siibra's class of the same name.

    Parameters
    ----------
    number
        Of the recording in the database, from 0.
    pathology, pharmacology, signal_quality, subject, session
        As the database has them; empty where it has nothing.
    location
        Of the electrode, in Waxholm space; ``None`` where it is not stated.
    """

    number: int = field(default=0, compare=False)
    pathology: str = field(default="", compare=False)
    pharmacology: str = field(default="", compare=False)
    signal_quality: str = field(default="", compare=False)
    subject: str = field(default="", compare=False)
    session: str = field(default="", compare=False)
    location: Point | None = field(default=None, compare=False)
    citation: str = field(default=CITATION, compare=False)
    _paths: tuple[str, str, str] = field(default=("", "", ""), compare=False)
    _database: Any = field(default=None, compare=False)

    @property
    def data(self) -> pd.DataFrame:
        """The power spectrum, as median over time; the index is the frequency in Hz, and the columns are siibra's.

        ``PSD (dB)``, ``PSD - arrhythmic (dB)`` and ``PSD - rhythmic (dB (fractal))``.

        Raises
        ------
        DataMissing
            If the database names no file with it, or h5py is not installed.
        BadTable
            If the file is not as documented.
        NetworkDisabled, ServiceError
            If it cannot be had.
        """
        file = self.file("psd")
        frame, notes = spectrum(file.path, file.url)
        return finished(frame, self.name, unit=UNITS, sources=[_source(file)], notes=notes)

    @property
    def unit(self) -> dict[str, str]:
        """Of each column."""
        return dict(UNITS)

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw the spectrum over frequency."""
        from siibra_kg.features.plots import plot_spectrum  # noqa: PLC0415  loads matplotlib

        return plot_spectrum(self.data, out, title=title or self.name, unit=UNITS, dpi=dpi)

    def has(self, kind: str) -> bool:
        """Say whether the database names a file: ``"lfp"``, ``"psd"`` or ``"motion"``."""
        return bool(self._path(kind))

    def file(self, kind: str) -> CachedFile:
        """Fetch a file of the recording, an HDF5 file, through the cache.

        Parameters
        ----------
        kind
            ``"lfp"``, the recording itself; ``"psd"``, its power spectrum over time; ``"motion"`` of the animal.

        Raises
        ------
        DataMissing
            If the database names none.
        BadTable, NetworkDisabled, ServiceError
            As :meth:`~siibra_kg.live.field_potentials.Database.file`.
        """
        path = self._path(kind)
        if not path:
            there = ", ".join(k for k in FILES if self.has(k)) or "none"
            raise DataMissing(
                f"the {kind} file of {self.name}", "the database names none", f"files that it has: {there}"
            )
        found: CachedFile = self._database.file(path)
        return found

    def _path(self, kind: str) -> str:
        if kind not in FILES:
            raise TermError(kind, " or ".join(map(repr, FILES)))
        return self._paths[FILES.index(kind)]

    @property
    def files(self) -> tuple[DataFile, ...]:
        """None that the graph knows; :meth:`file` has those of the database."""
        return ()

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """None: it is no matrix of regions."""
        return ()

    def _facts(self) -> dict[str, object]:
        own = {name: getattr(self, name) for name in (*FILTERS, "subject", "session")}
        return {**super(LocalFieldPotential, self)._facts(), **own}


@dataclass(frozen=True, slots=True, repr=False)
class LocalFieldPotentials(Measured):
    """All recordings of a place; a sequence of :class:`LocalFieldPotential`.

    Parameters
    ----------
    region
        IRI of the region that was asked for, or nothing.
    notes
        What could not be resolved.
    """

    region: IRI | None = field(default=None, compare=False)
    citation: str = field(default=CITATION, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    _table: Any = field(default=None, compare=False)
    _database: Any = field(default=None, compare=False)

    @property
    def data(self) -> pd.DataFrame:
        """The mean of the power spectra of all recordings that have one; see :attr:`LocalFieldPotential.data`.

        Each spectrum is a file that is fetched; a recording without one is left out, with a note.

        Raises
        ------
        DataMissing
            If no recording has a spectrum, or h5py is not installed.
        BadTable
            If a file is not as documented, or their frequencies differ.
        NetworkDisabled, ServiceError
            If a file cannot be had: the mean over the others would be another number each time.
        """
        notes, sources, spectra, names = list(self.notes), [self._database.source], [], []
        for one in self:
            if not one.has("psd"):
                notes.append(f"recording {one.number} has no spectrum and is left out")
                continue
            file = one.file("psd")
            frame, more = spectrum(file.path, file.url)
            notes += more
            sources.append(_source(file))
            spectra.append(frame)
            names.append(file.url)
        if not spectra:
            raise DataMissing(
                f"the spectrum of {self.name}",
                "the database names no file with one",
                "its files of other kinds: recordings[0].file('lfp')",
            )
        return finished(mean(spectra, names), self.name, unit=UNITS, sources=sources, notes=notes)

    @property
    def table(self) -> pd.DataFrame:
        """What the database says of the recordings, a row for each; the index is their number."""
        return described(self._table.copy(), sources=[self._database.source], notes=self.notes)

    @property
    def unit(self) -> dict[str, str]:
        """Of each column of ``data``."""
        return dict(UNITS)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The animals, each once, in order."""
        return tuple(sorted({name for name in self._table["subject"] if name is not None}))

    @property
    def points(self) -> PointCloud | None:
        """Where the electrodes were, in Waxholm space, labelled with the numbers; ``None`` where nothing is stated."""
        known = self._table[np.isfinite(self._table[list(PLACE)]).all(axis=1)]
        if known.empty:
            return None
        return PointCloud(known[list(PLACE)].to_numpy(np.float64), str(WAXHOLM), 0.0, [int(n) for n in known.index])

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw the mean of the spectra over frequency."""
        from siibra_kg.features.plots import plot_spectrum  # noqa: PLC0415  loads matplotlib

        return plot_spectrum(self.data, out, title=title or self.name, unit=UNITS, dpi=dpi)

    def grouped(self) -> tuple[LocalFieldPotentials, ...]:
        """Part the recordings by region, pathology, pharmacology and signal quality: siibra's regional features."""
        names = [LABEL, *FILTERS]
        keys = self._table[names].astype(object).where(self._table[names].notna(), "")
        parts = self._table.groupby([keys[name] for name in names], sort=True)
        return tuple(self._part(tuple(map(str, said)), table) for said, table in parts)

    def _part(self, said: tuple[str, ...], table: pd.DataFrame) -> LocalFieldPotentials:
        about = " - ".join(
            [said[0] or "no region", *(f"{n}: {v}" for n, v in zip(FILTERS, said[1:], strict=True) if v)]
        )
        told = sha256(repr([int(n) for n in table.index]).encode()).hexdigest()[:16]
        iri = IRI(f"{str(self.iri).rpartition('/')[0]}/local-field-potentials-{told}")
        name = f"Local field potentials in {about}"
        return replace(self, iri=iri, name=name, anchor=said[0], size=len(table), _table=table, notes=())

    @property
    def files(self) -> tuple[DataFile, ...]:
        """None that the graph knows."""
        return ()

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """None: it is no matrix of regions."""
        return ()

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[LocalFieldPotential]:
        return (self[at] for at in range(len(self)))

    def __getitem__(self, at: int) -> LocalFieldPotential:
        number = int(self._table.index[at])
        return _recording(self, number, self._table.loc[number], self._database)

    def _facts(self) -> dict[str, object]:
        animals = len(self.subjects)
        return {**super(LocalFieldPotentials, self)._facts(), "recordings": len(self), "animals": animals}


def _recording(
    one_of: LocalFieldPotentials, number: int, row: pd.Series[Any], database: Database
) -> LocalFieldPotential:
    text = {name: str(row[name] or "") for name in (LABEL, *FILTERS, "subject", "session")}
    lfp, psd, motion = (str(row[f"{kind}_file"] or "") for kind in FILES)
    x, y, z = (float(row[name]) for name in PLACE)
    more = "".join(f" - {name}: {text[name]}" for name in FILTERS if text[name])
    return LocalFieldPotential(
        iri=IRI(f"{str(one_of.iri).rpartition('/')[0]}/local-field-potential-{number}"),
        name=f"Local field potential {number} in {text[LABEL] or 'no region'}{more}",
        modality="LocalFieldPotential",
        category=one_of.category,
        species=one_of.species,
        anchor=text[LABEL],
        space=WAXHOLM,
        number=number,
        pathology=text["pathology"],
        pharmacology=text["pharmacology"],
        signal_quality=text["signal_quality"],
        subject=text["subject"],
        session=text["session"],
        location=Point((x, y, z), str(WAXHOLM)) if np.isfinite((x, y, z)).all() else None,
        _paths=(lfp, psd, motion),
        _database=database,
    )


def _source(file: CachedFile) -> dict[str, str]:
    return {"url": file.url, "member": "", "sha256": file.sha256}
