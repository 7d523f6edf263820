"""Connectivity between the regions of a parcellation: square matrices, of each subject and over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import TermError
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import finished
from siibra_kg.features.rows import called, row_of
from siibra_kg.features.subjects import averaged, data_files, file_of, numbers_of
from siibra_kg.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.features.kept import Kept
    from siibra_kg.volumes import LabelMap, Surface, SurfaceLabelMap, Volume
    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["RegionalConnectivity"]

#: Which cells of a matrix are the profile of a region; siibra's words.
_DIRECTIONS = ("column", "row")


@dataclass(frozen=True, slots=True, repr=False)
class RegionalConnectivity(Measured):
    """Connections between regions: streamlines, their lengths, functional, anatomo-functional, tracing connectivity.

    One document of the source has a matrix for each subject, or for each measured quantity. Rows and columns are the
    regions of the parcellation in the order of the file: a :class:`~siibra_kg.model.Region`; a tuple of regions where a
    row stands for several; the text of the source where the graph has no such region, which is noted.
    """

    @property
    def data(self) -> pd.DataFrame:
        """The mean over all subjects; of a feature with one matrix, that matrix.

        Of several measured quantities (``feature.by`` is ``"feature"``) there is no mean: :meth:`matrix` gives each.

        Raises
        ------
        BadTable
            If no matrix can be read, or they are not as large as there are regions.
        AmbiguousName
            If the matrices are of different quantities.
        DataMissing, NetworkDisabled, SourceError
            If the files cannot be had.
        """
        files = data_files(self)
        if len(files) == 1:
            return self.matrix()
        if self._quantities():
            return self.matrix(None)  # raises: says which there are
        return self._frame("mean")

    @property
    def std(self) -> pd.DataFrame:
        """The standard deviation over all subjects (divided by their number, as siibra does)."""
        if self._quantities():
            return self.matrix(None)
        return self._frame("std")

    @property
    def unit(self) -> str:
        """The unit of the values; empty where nothing states it."""
        reader, file = self._reader(), data_files(self)[0]
        return reader.unit(self) or reader.format(self, file=file).unit

    def matrix(self, subject: str | None = None) -> pd.DataFrame:
        """Give the matrix of one subject, or measured quantity.

        Parameters
        ----------
        subject
            One of :attr:`subjects`; may be left out where there is one matrix.

        Returns
        -------
        pandas.DataFrame
            float64, regions by regions.

        Raises
        ------
        NoSuchName
            If there is no such subject.
        AmbiguousName
            If none is named and there are several.
        BadTable
            If the file is not square, has not as many rows as there are regions, or is not as described.

        Examples
        --------
        >>> feature = kg.features("julich 3.1", "StreamlineCounts")[0].feature  # doctest: +SKIP
        >>> feature.matrix(feature.subjects[0])                                  # doctest: +SKIP
        """
        file = file_of(self, subject)
        numbers, source = numbers_of(self._reader(), self, file, self._square)
        return self._labelled(numbers, [source], [])

    def get_profile(
        self,
        region: Region | str,
        min_connectivity: float | None = None,
        max_rows: int | None = None,
        direction: str = "column",
        subject: str | None = None,
    ) -> pd.DataFrame:
        """Give the connections of one region with all others, strongest first.

        Parameters
        ----------
        region
            A region of the matrix, its name, or words that only one row has.
        min_connectivity
            Only values greater than this; siibra leaves out what is not greater than 0 unless told.
        max_rows
            At most so many rows.
        direction
            ``"column"`` or ``"row"`` of the region, which differ where the matrix is not symmetric.
        subject
            Of this one; else the mean over all.

        Returns
        -------
        pandas.DataFrame
            Regions by ``mean`` and ``std``; of one matrix by ``value``.

        Raises
        ------
        NoSuchName, AmbiguousName
            If no row, or several, are meant; ``close`` and ``candidates`` have what there is.
        """
        if direction not in _DIRECTIONS:
            raise TermError(direction, " or ".join(map(repr, _DIRECTIONS)))
        columns = self._profiles(region, direction, subject)
        first = next(iter(columns.values()))
        frame = first.to_frame().set_axis(list(columns)[:1], axis=1)
        for name, column in list(columns.items())[1:]:
            frame[name] = column.to_numpy()
        key = frame.columns[0]
        if min_connectivity is not None:
            frame = frame[frame[key] > min_connectivity]
        frame = frame.sort_values(key, ascending=False, kind="stable")[:max_rows]
        return finished(frame, self.name, unit=first.attrs["unit"], sources=first.attrs["sources"])

    def compare(self, a: Region | str, b: Region | str, direction: str = "column") -> pd.DataFrame:
        """Set the connections of two regions side by side.

        Returns
        -------
        pandas.DataFrame
            Regions in the order of the matrix, by the names of the two and ``difference``, the first minus the second.
        """
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        first, second = (next(iter(self._profiles(spec, direction, None).values())) for spec in (a, b))
        values = {"a": first.to_numpy(), "b": second.to_numpy(), "difference": first.to_numpy() - second.to_numpy()}
        frame: pd.DataFrame = pd.DataFrame(values, index=first.index)
        titles = [_title(first), _title(second), "difference"]
        return finished(
            frame.set_axis(titles, axis=1), self.name, unit=first.attrs["unit"], sources=first.attrs["sources"]
        )

    def colorize(
        self, label_map: LabelMap | SurfaceLabelMap, region: Region | str, direction: str = "column"
    ) -> Volume | Surface:
        """Paint the connections of a region onto a label map.

        Parameters
        ----------
        label_map
            Of the same parcellation, ``kg.map(...)``. Regions of the matrix that it does not show are left out.
        region, direction
            As of :meth:`get_profile`.

        Raises
        ------
        LabelMismatch
            If the map shows none of the regions.
        """
        profile = next(iter(self._profiles(region, direction, None).values()))
        shown = {entry.region for entry in label_map.labels}
        values = {label.iri: value for label, value in profile.items() if isinstance(label, Region)}
        there = {iri: float(value) for iri, value in values.items() if iri in shown}
        return label_map.colorize(there or values)

    def plot(
        self,
        regions: Region | str | Iterable[Region | str] | None = None,
        out: str | Path | None = None,
        *,
        subject: str | None = None,
        log: bool = False,
        max_rows: int = 40,
    ) -> Picture:
        """Draw the matrix, a part of it, or the profile of one region.

        Parameters
        ----------
        regions
            All unless told; several for the matrix of these; one for bars of its strongest connections.
        out
            A PNG file to write.
        subject
            Of this one; else the mean over all.
        log
            On a logarithmic scale.
        max_rows
            How many connections of one region.
        """
        from siibra_kg.features.plots import plot_bars, plot_matrix  # noqa: PLC0415  matplotlib takes half a second

        if isinstance(regions, Region | str):
            profile = self.get_profile(regions, max_rows=max_rows, subject=subject)
            return plot_bars(profile, out, title=f"{self.name}: {called(regions)}", unit=self.unit)
        frame = self.data if subject is None else self.matrix(subject)
        if regions is not None:
            places = [row_of(r, list(frame.index), self.rows, self.name) for r in regions]
            frame = frame.iloc[places, places]
        return plot_matrix(frame, out, log=log, title=self.name, unit=self.unit)

    def _quantities(self) -> bool:
        """Say whether the matrices are of different quantities, so that nothing can be averaged."""
        return self._reader().indexed_by(self) == "feature"

    def _profiles(self, region: Region | str, direction: str, subject: str | None) -> Mapping[str, pd.Series]:
        """Give the column, or row, of a region in the mean and the deviation, or in the matrix of one subject."""
        single = subject is not None or len(data_files(self)) == 1
        frames = {"value": self.matrix(subject)} if single else {"mean": self.data, "std": self.std}
        found: dict[str, Any] = {}
        for name, frame in frames.items():
            place = row_of(region, list(frame.index), self.rows, self.name)
            found[name] = frame.iloc[:, place] if direction == "column" else frame.iloc[place, :]
            found[name].attrs = dict(frame.attrs)
        return found

    def _square(self, numbers: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        size = len(self.rows)
        if numbers.shape[0] != numbers.shape[1]:
            raise BadTable(name, f"it is not square: {numbers.shape[0]} x {numbers.shape[1]} cells")
        if not size:
            raise BadTable(name, "the graph does not say which regions its rows stand for")
        if numbers.shape[0] != size:
            hint = "the file may be of another parcellation"
            raise BadTable(name, f"it has {numbers.shape[0]} rows, and {size} regions are described", hint)
        return numbers

    def _averaged(self) -> Kept:
        return averaged(self._reader(), self, data_files(self), self._square)

    def _frame(self, which: str) -> pd.DataFrame:
        kept = self._averaged()
        frame = self._labelled(kept.arrays[which].copy(), kept.note["sources"], kept.note["notes"])
        frame.attrs["subjects"] = list(kept.note["subjects"])
        return frame

    def _labelled(
        self, numbers: NDArray[np.float64], sources: Iterable[Mapping[str, str]], notes: Sequence[str]
    ) -> pd.DataFrame:
        import numpy as np  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        labels, unresolved = self._reader().labels(self)
        index = pd.Index(list(labels), name="region", tupleize_cols=False)  # tuples would become a MultiIndex
        frame: pd.DataFrame = pd.DataFrame(numbers, index=index, columns=index)
        told = [*notes, *unresolved]
        if missing := int(np.count_nonzero(~np.isfinite(numbers))):
            told.append(f"{missing:,} of {numbers.size:,} cells are not finite")
        unit = self.unit
        if not unit:
            told.append("nothing states the unit of its values")
        return finished(frame, self.name, unit=unit, sources=sources, notes=told)


def _title(profile: pd.Series) -> str:
    label: Any = profile.name
    return called(label)
