"""Layerwise cell densities: cells of each layer over its volume, in several patches of one region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import DataMissing
from siibra_kg.features.base import Measured
from siibra_kg.features.cells import read_layers
from siibra_kg.features.frames import described, finished, notes_of, sources_of, warned
from siibra_kg.model_features import DataFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from siibra_kg.features.plots import Picture

__all__ = ["LayerwiseCellDensity"]

# Where an address of the dataset says what it is about: .../<region>/<version>/<section>/<patch>/segments.txt
_REGION, _SECTION, _PATCH = -5, -3, -2


@dataclass(frozen=True, slots=True, repr=False)
class LayerwiseCellDensity(Measured):
    """Densities of segmented cell bodies in the layers of a region, in patches of sections of BigBrain.

    siibra's class of the same name: counts divided by the volume of the layer in the patch, which is its area times
    the thickness of a section, corrected for shrinkage.
    """

    @property
    def data(self) -> pd.DataFrame:
        """A row for each layer of each patch, as in siibra.

        Returns
        -------
        pandas.DataFrame
            ``layer`` (1 to 6), ``layername``, ``counts``, ``area_mu2`` (square micrometres), ``volume`` (in cubes with
            an edge of 0.1 mm), ``density`` (counts by volume), ``regionspec``, ``section``, ``patch`` (as the address
            of the file has them). A layer without cells has density 0; siibra leaves it out.

        Raises
        ------
        BadTable
            If no patch can be read; one that cannot be is left out, which a note says.
        DataMissing, NetworkDisabled, SourceError
            If a file cannot be had: the mean over the others would be another number each time.
        """
        return warned(self.read(), self.name)

    @property
    def unit(self) -> str:
        """The unit of the densities, as the source writes it."""
        return str(self._reader().unit(self))

    @property
    def statistics(self) -> pd.DataFrame:
        """Mean and standard deviation (of the sample) over patches, a row for each layer.

        Returns
        -------
        pandas.DataFrame
            ``mean``, ``std`` and ``count``, the number of patches; the index has the names of the layers.
        """
        return warned(self._statistics(), self.name)

    def _statistics(self) -> pd.DataFrame:
        frame = self.read()
        grouped = frame.groupby(["layer", "layername"], sort=True)["density"]
        found = grouped.agg(["mean", "std", "count"]).droplevel("layer").rename_axis("layer")
        return described(found, unit=self.unit, sources=sources_of(frame), notes=notes_of(frame))

    def compare(self, other: LayerwiseCellDensity) -> pd.DataFrame:
        """Set the statistics of two regions side by side: ``mean``, ``std``, ``count``, and each ``..._other``.

        Raises
        ------
        BadTable
            If their units differ.
        """
        mine, theirs = self._statistics(), other._statistics()
        if mine.attrs["unit"] != theirs.attrs["unit"]:
            said = f"{mine.attrs['unit']!r} and {theirs.attrs['unit']!r}"
            raise BadTable(f"{self.name} and {other.name}", f"their units differ: {said}", "nothing is converted")
        joined = mine.join(theirs.add_suffix("_other"), how="inner")
        joined["difference"] = joined["mean_other"] - joined["mean"]
        joined["ratio"] = joined["mean_other"] / joined["mean"].where(joined["mean"] != 0)
        notes, sources = notes_of(mine, theirs), sources_of(mine, theirs)
        return finished(joined, self.name, unit=mine.attrs["unit"], sources=sources, notes=notes)

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw a box for each layer, over the patches."""
        from siibra_kg.features.plots import plot_box  # noqa: PLC0415  loads matplotlib

        frame = self.read().sort_values("layer", kind="stable")
        samples = {str(name): rows["density"].to_numpy() for name, rows in frame.groupby("layername", sort=False)}
        return plot_box(samples, out, title=title or self.name, unit=self.unit, dpi=dpi)

    def read(self) -> pd.DataFrame:
        """As :attr:`data`, without warnings."""
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        parts: list[pd.DataFrame] = []
        notes: list[str] = []
        for cells, layers in self._patches(notes):
            try:
                parts.append(self._patch(cells, layers))
            except BadTable as error:  # noqa: PERF203  there are some ten patches
                notes.append(f"a patch was left out: {error}")
        if not parts:
            raise BadTable(self.name, "none of its patches can be read", "; ".join(notes))
        frame = pd.concat(parts, ignore_index=True)
        notes += notes_of(*parts)
        if not self.unit:
            notes.append("nothing states the unit of its values")
        return described(frame, unit=self.unit, sources=sources_of(*parts), notes=notes)

    def _patches(self, notes: list[str]) -> Iterator[tuple[DataFile, DataFile]]:
        rows = list(self._reader().ask.table("feature/patches", feature=self.iri))
        if not rows:
            hint = f"`siibra-kg show {self.iri}` prints what it states"
            raise DataMissing(f"the tables of {self.name}", "the graph names no file of it", hint)
        for row in rows:
            if row.cells_url is None or row.layers_url is None:
                missing = "cells" if row.cells_url is None else "layers"
                notes.append(f"a patch was left out: number {row.position} has no file of {missing}")
                continue
            yield (
                DataFile(row.cells, str(row.cells_url), role="segments"),
                DataFile(row.layers, str(row.layers_url), role="layers"),
            )

    def _patch(self, cells_file: DataFile, layers_file: DataFile) -> pd.DataFrame:
        from siibra_kg.features.patch import to_volume  # noqa: PLC0415  takes 200 ms

        cells = self._reader().frame(self, cells_file, quiet=True)
        layers = read_layers(self, layers_file)
        counts = cells["layer"].value_counts().reindex(layers.index, fill_value=0)
        frame = layers.reset_index()[["layer", "name", "area"]].set_axis(["layer", "layername", "area_mu2"], axis=1)
        frame.insert(2, "counts", counts.to_numpy())
        frame["volume"] = [to_volume(area) for area in frame["area_mu2"]]
        frame["density"] = frame["counts"] / frame["volume"]
        place = cells_file.url.split("/")
        for name, at in (("regionspec", _REGION), ("section", _SECTION), ("patch", _PATCH)):
            frame[name] = place[at] if len(place) >= -at else ""
        return described(frame, sources=sources_of(cells, layers), notes=notes_of(cells, layers))
