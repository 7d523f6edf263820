"""Receptor fingerprints: mean densities of several receptors in one region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import described, finished, notes_of, only_file, sources_of, warned
from siibra_kg.features.receptors import clean_symbol, find_receptor, receptors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from siibra_kg.features.plots import Picture
    from siibra_kg.features.receptors import Receptor

__all__ = ["ReceptorDensityFingerprint"]


@dataclass(frozen=True, slots=True, repr=False)
class ReceptorDensityFingerprint(Measured):
    """Densities of receptors in one region: mean and standard deviation over brains, by quantitative autoradiography.

    siibra's class of the same name; the table is a ``csvw:Table`` of an openMINDS ``DatasetVersion``.
    """

    @property
    def data(self) -> pd.DataFrame:
        """Mean and standard deviation, a row for each receptor in the order of the file.

        Returns
        -------
        pandas.DataFrame
            Columns ``mean`` and ``std``, float64, ``NaN`` for what was not measured; the index, ``receptor``, has the
            symbols. ``attrs["unit"]`` is the unit as the file writes it; a mapping by receptor where rows differ.

        Raises
        ------
        BadTable
            If the file is no such table, or has a receptor twice.
        DataMissing, NetworkDisabled, SourceError
            If the file cannot be had.

        Examples
        --------
        >>> fingerprint = kg.feature("fingerprint")
        >>> print(fingerprint.data)
                   mean   std
        receptor
        AMPA      400.0  40.0
        GABAA     900.0  90.0
        M1        250.0  25.0
        >>> fingerprint.unit, fingerprint.neurotransmitters
        ('fmol/mg', ('Glu (glutamate)', 'GABA (gamma-aminobutyric acid)', 'ACh (acetylcholine)'))
        """
        return warned(self.read(), self.name)

    @property
    def unit(self) -> str:
        """The unit of the densities, as the file writes it; several are joined by commas."""
        said = self.read().attrs["unit"]
        return said if isinstance(said, str) else ", ".join(dict.fromkeys(filter(None, said.values())))

    @property
    def receptors(self) -> tuple[str, ...]:
        """The symbols of the receptors, in the order of the file."""
        return tuple(self.read().index)

    @property
    def entities(self) -> tuple[Receptor | None, ...]:
        """What the graph knows of each receptor: its name and neurotransmitter; ``None`` for symbols it lacks."""
        known = receptors(self._reader().ask)
        return tuple(find_receptor(known, symbol) for symbol in self.receptors)

    @property
    def neurotransmitters(self) -> tuple[str, ...]:
        """For each receptor what binds to it: ``"Glu (glutamate)"``; ``"?"`` for symbols that the graph lacks."""
        return tuple(entity.bound if entity else "?" for entity in self.entities)

    def compare(self, other: ReceptorDensityFingerprint) -> pd.DataFrame:
        """Set two fingerprints side by side.

        Parameters
        ----------
        other
            Another fingerprint, in the same unit.

        Returns
        -------
        pandas.DataFrame
            A row for each receptor that both have: ``mean``, ``std``, ``mean_other``, ``std_other``, ``difference``
            (other minus this) and ``ratio`` (other by this). ``attrs["notes"]`` names what only one of them has.

        Raises
        ------
        BadTable
            If their units differ.
        """
        mine, theirs = self.read(), other.read()
        if mine.attrs["unit"] != theirs.attrs["unit"]:
            said = f"{mine.attrs['unit']!r} and {theirs.attrs['unit']!r}"
            raise BadTable(f"{self.name} and {other.name}", f"their units differ: {said}", "nothing is converted")
        joined = mine.join(theirs.add_suffix("_other"), how="inner")
        joined["difference"] = joined["mean_other"] - joined["mean"]
        joined["ratio"] = joined["mean_other"] / joined["mean"].where(joined["mean"] != 0)
        pairs = ((self, mine, theirs), (other, theirs, mine))
        alone = [f"only {f.name} has {s}" for f, a, b in pairs for s in a.index.difference(b.index, sort=False)]
        notes = [*notes_of(mine, theirs), *alone]
        return finished(joined, self.name, unit=mine.attrs["unit"], sources=sources_of(mine, theirs), notes=notes)

    def polar_plot(
        self,
        out: str | Path | None = None,
        *,
        others: Sequence[ReceptorDensityFingerprint] = (),
        title: str = "",
        dpi: int = 160,
    ) -> Picture:
        """Draw the densities around a circle, grouped by neurotransmitter.

        Parameters
        ----------
        out
            A PNG file to write.
        others
            Fingerprints to draw over it, in the same unit.
        title
            In the place of the name of the feature.
        dpi
            Pixels per inch.

        Raises
        ------
        BadTable
            If units differ.
        """
        from siibra_kg.features.plots import plot_polar  # noqa: PLC0415  loads matplotlib

        frames: dict[str, pd.DataFrame] = {}
        for feature in (self, *others):
            # Two versions of a dataset have fingerprints of the same name.
            name = f"{feature.name} ({feature.id})" if feature.name in frames else feature.name
            frames[name] = feature.read()
        units = {str(frame.attrs["unit"]) for frame in frames.values()}
        if len(units) > 1:
            raise BadTable(" and ".join(frames), f"their units differ: {', '.join(sorted(units))}", "draw them apart")
        drawn = frames if others else frames[self.name]
        return plot_polar(drawn, out, groups=self._groups(), title=title or self.name, unit=self.unit, dpi=dpi)

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw a bar for each receptor, with the standard deviation, grouped by neurotransmitter."""
        from siibra_kg.features.plots import plot_bars  # noqa: PLC0415  loads matplotlib

        groups = self._groups()
        return plot_bars(self.read(), out, groups=groups, title=title or self.name, unit=self.unit, dpi=dpi)

    def _groups(self) -> dict[str, str]:
        """Give the symbol of what binds to each receptor: whole names would not fit beside a picture."""
        symbols = (entity.neurotransmitter_symbol if entity else "?" for entity in self.entities)
        return dict(zip(self.receptors, symbols, strict=True))

    def read(self) -> pd.DataFrame:
        """As :attr:`data`, without warnings."""
        reader, file = self._reader(), only_file(self)
        table = reader.frame(self, file, quiet=True)
        symbols = [clean_symbol(symbol or "") for symbol in table["receptor"]]
        twice = next((s for i, s in enumerate(symbols) if s in symbols[:i]), None)
        if twice is not None or "" in symbols:
            reason = f"{twice} has several rows" if twice else "a row has no receptor"
            raise BadTable(file.url, reason, "the file may hold several tables")
        frame = table[["mean", "std"]].set_axis(symbols).rename_axis("receptor")
        known = receptors(reader.ask)
        notes = notes_of(table)
        notes += [f"the graph knows no receptor {s!r}" for s in symbols if find_receptor(known, s) is None]
        notes += [f"{column} of {s} is below 0" for column in frame for s in frame.index[frame[column] < 0]]
        unit, more = _unit(dict(zip(symbols, table["unit"], strict=True)))
        return described(frame, unit=unit, sources=sources_of(table), notes=[*notes, *more])


def _unit(said: dict[str, str | None]) -> tuple[str | dict[str, str], list[str]]:
    """Give the unit of all rows, or of each where they differ, and a note where some state none.

    That rows have several units, or none has one, the reader has noted already.
    """
    units = {symbol: unit or "" for symbol, unit in said.items()}
    different = list(dict.fromkeys(units.values()))
    if len(different) == 1:
        return different[0], []
    missing = [symbol for symbol, unit in units.items() if not unit]
    return units, [f"no unit is stated for {', '.join(missing)}"] if missing else []
