"""Activity of regions over time: a table for each subject, time by region."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import finished, notes_of, sources_of
from siibra_kg.features.rows import called, row_of
from siibra_kg.features.subjects import averaged, data_files, file_of, numbers_of
from siibra_kg.model import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["RegionalTimeseriesActivity", "seconds"]

_STEP = re.compile(r"(?P<number>\d+\.?\d*|\.\d+)\s*(?P<unit>\S+)", re.ASCII)
# Unit -> numerator and denominator of its part of a second: 720 ms are 720 / 1000, the float64 nearest to 0.72.
_PARTS = (
    (("s", "sec", "second", "seconds"), (1, 1)),
    (("ms", "msec", "millisecond", "milliseconds"), (1, 1000)),
    (("us", "µs", "μs", "microsecond", "microseconds"), (1, 1_000_000)),
    (("min", "minute", "minutes"), (60, 1)),
)


@dataclass(frozen=True, slots=True, repr=False)
class RegionalTimeseriesActivity(Measured):
    """Activity of the regions of a parcellation over time, such as BOLD signals: siibra's ``RegionalBOLD``.

    Frames are time by region, whichever way round the file is. The index is the time in seconds from the first
    measurement; columns are as the rows of :class:`~siibra_kg.features.connectivity.RegionalConnectivity`.
    """

    @property
    def data(self) -> pd.DataFrame:
        """The signals of the only subject; of several, :meth:`series` gives each and :meth:`mean` their mean.

        Raises
        ------
        AmbiguousName
            If there are several subjects; ``candidates`` has them.
        BadTable, DataMissing, NetworkDisabled, SourceError
            As :meth:`series`.
        """
        return self.series()

    @property
    def unit(self) -> str:
        """The unit of the values; empty where nothing states it."""
        reader, file = self._reader(), data_files(self)[0]
        return reader.unit(self) or reader.format(self, file=file).unit

    @property
    def timestep(self) -> float | None:
        """The time between two measurements in seconds; ``None`` where nothing states it, or not in known words."""
        return seconds(self._reader().timestep(self))

    def series(self, subject: str | None = None) -> pd.DataFrame:
        """Give the signals of one subject.

        Parameters
        ----------
        subject
            One of :attr:`subjects`; may be left out where there is one file.

        Returns
        -------
        pandas.DataFrame
            float64, time (s) by region.

        Raises
        ------
        NoSuchName
            If there is no such subject.
        AmbiguousName
            If none is named and there are several.
        BadTable
            If the file is not as described, or has not as many signals as there are regions.
        DataMissing, NetworkDisabled, SourceError
            If the file cannot be had.
        """
        numbers, source = numbers_of(self._reader(), self, file_of(self, subject), self._time_by_region)
        return self._labelled(numbers, [source], [])

    def mean(self) -> pd.DataFrame:
        """Give the mean of all subjects at each time: what siibra has for ``data``.

        Signals at rest have no common beginning, so that their mean says little; those of a task may have one.
        Subjects with another number of measurements than the first are left out and noted.
        """
        return self._over_subjects("mean")

    def std(self) -> pd.DataFrame:
        """Give the standard deviation over all subjects at each time (divided by their number)."""
        return self._over_subjects("std")

    def signal(self, region: Region | str, subject: str | None = None) -> pd.DataFrame:
        """Give the signal of one region.

        Parameters
        ----------
        region
            A region, its name, or words that only one column has.
        subject
            As of :meth:`series`.

        Returns
        -------
        pandas.DataFrame
            One column, time in seconds as index.

        Raises
        ------
        NoSuchName, AmbiguousName
            If no column, or several, are meant.
        """
        frame = self.series(subject)
        one: pd.DataFrame = frame.iloc[:, [row_of(region, list(frame.columns), self.rows, self.name)]]
        return one

    def correlation(self, subject: str | None = None) -> pd.DataFrame:
        """Give Pearson's correlation of each two signals: functional connectivity.

        Parameters
        ----------
        subject
            As of :meth:`series`.

        Returns
        -------
        pandas.DataFrame
            Regions by regions, from -1 to 1; ``NaN`` where a signal is constant or has gaps, which is noted.

        Raises
        ------
        BadTable
            If there are fewer than two measurements.
        """
        import numpy as np  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        frame = self.series(subject)
        values = frame.to_numpy()
        if len(values) < 2:
            raise BadTable(self.name, "there are fewer than two measurements")
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.atleast_2d(np.corrcoef(values, rowvar=False))
        # Rounding makes a constant signal look alive, and noise of the last bit look like a correlation.
        still = np.ptp(values, axis=0) == 0
        found[still, :] = found[:, still] = np.nan
        lost = int(np.count_nonzero(np.isnan(np.diag(found))))
        told = [f"{lost} of {len(found)} signals are constant or have gaps: no correlation"] if lost else []
        labels = frame.columns.rename("region")
        out: pd.DataFrame = pd.DataFrame(found, index=labels, columns=labels)
        notes = [note for note in notes_of(frame) if "unit" not in note] + told
        return finished(out, self.name, unit="correlation coefficient", sources=sources_of(frame), notes=notes)

    def plot(
        self,
        regions: Region | str | Iterable[Region | str] | None = None,
        out: str | Path | None = None,
        *,
        subject: str | None = None,
    ) -> Picture:
        """Draw a carpet plot: a row for each region, dark below its mean and bright above.

        Parameters
        ----------
        regions
            All unless told.
        out
            A PNG file to write.
        subject
            As of :meth:`series`.
        """
        from siibra_kg.features.plots import plot_carpet  # noqa: PLC0415  matplotlib takes half a second

        frame = self.series(subject)
        if regions is not None:
            wanted = [regions] if isinstance(regions, Region | str) else list(regions)
            frame = frame.iloc[:, [row_of(r, list(frame.columns), self.rows, self.name) for r in wanted]]
        title = f"{self.name}: {subject}" if subject else self.name
        below = called(frame.columns[0]) if len(frame.columns) == 1 else ""
        step = "s" if self.timestep is not None else ""
        return plot_carpet(frame, out, title=title, below=below, unit=self.unit, time_unit=step)

    def _over_subjects(self, which: str) -> pd.DataFrame:
        kept = averaged(self._reader(), self, data_files(self), self._time_by_region)
        frame = self._labelled(kept.arrays[which].copy(), kept.note["sources"], kept.note["notes"])
        frame.attrs["subjects"] = list(kept.note["subjects"])
        return frame

    def _time_by_region(self, numbers: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        """Put time first, and see whether there is a signal for each region."""
        size = len(self.rows)
        if not size:
            raise BadTable(name, "the graph does not say which regions its signals belong to")
        if self._reader().format(self, file=data_files(self)[0]).rows == "skg:Region":
            numbers = numbers.T
        if numbers.shape[1] != size:
            hint = "the file may be of another parcellation, or rows and columns may be swapped (skg:rowsAre)"
            raise BadTable(name, f"it has {numbers.shape[1]} signals, and {size} regions are described", hint)
        return numbers

    def _labelled(
        self, numbers: NDArray[np.float64], sources: Iterable[Mapping[str, str]], notes: list[str]
    ) -> pd.DataFrame:
        import numpy as np  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        reader = self._reader()
        labels, unresolved = reader.labels(self)
        index, note = _times(len(numbers), reader.timestep(self))
        columns = pd.Index(list(labels), name="region", tupleize_cols=False)  # tuples would become a MultiIndex
        frame: pd.DataFrame = pd.DataFrame(numbers, index=index, columns=columns)
        told = [*notes, *unresolved, *note]
        if missing := int(np.count_nonzero(~np.isfinite(numbers))):
            told.append(f"{missing:,} of {numbers.size:,} values are not finite")
        if not self.unit:
            told.append("nothing states the unit of its values")
        return finished(frame, self.name, unit=self.unit, sources=sources, notes=told)


def seconds(step: str) -> float | None:
    """Read a time with a unit, as sources write it.

    >>> seconds("720 ms"), seconds("2 s"), seconds("1.5min"), seconds("720"), seconds("-1 s"), seconds("0 s")
    (0.72, 2.0, 90.0, None, None, None)
    """
    ratio = _ratio(step)
    return None if ratio is None else ratio[0] / ratio[1]


def _ratio(step: str) -> tuple[float, int] | None:
    found = _STEP.fullmatch(step.strip())
    part = next((part for names, part in _PARTS if found and found["unit"] in names), None)
    if found is None or part is None or not float(found["number"]):
        return None
    return float(found["number"]) * part[0], part[1]


def _times(count: int, step: str) -> tuple[pd.Index[float] | pd.Index[int], list[str]]:
    """Give the times of so many measurements, and what has to be said of them."""
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    ratio = _ratio(step)
    if ratio is not None:
        return pd.Index(np.arange(count) * ratio[0] / ratio[1], name="time (s)"), []
    what = f"the time between two measurements is stated as {step!r}" if step else "nothing states the time between two"
    return pd.Index(np.arange(count), name="measurement"), [f"{what}: measurements are counted"]
