"""Tables of any kind: what the graph says of their columns and rows is all that is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import finished, notes_of, sources_of
from siibra_kg.features.subjects import file_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siibra_kg.model_features import DataFile

__all__ = ["Tabular"]


@dataclass(frozen=True, slots=True, repr=False)
class Tabular(Measured):
    """A feature whose data is a table: siibra's ``Tabular``, CSVW's annotated table.

    The rows are named by regions where the graph says that each row stands for a region (``skg:rowsAre skg:Region``,
    with a ``skg:rowList``), else by the index column of the dialect, else counted.
    """

    @property
    def data(self) -> pd.DataFrame:
        """The table; of a feature with a file for each subject, :meth:`table` gives one of them.

        Raises
        ------
        BadTable
            If the file is not what the graph says, or has not as many rows as there are regions.
        AmbiguousName
            If it has several files; ``candidates`` has their subjects.
        DataMissing
            If the graph names no file, or it cannot be had.
        """
        return self._table(file_of(self, None))

    @property
    def unit(self) -> str | Mapping[str, str]:
        """The unit of the values, or that of each column by name; empty where nothing states it."""
        unit: str | Mapping[str, str] = self._read(file_of(self, None)).attrs["unit"]
        return unit

    def table(self, index: str) -> pd.DataFrame:
        """Give the table of one subject, or measured quantity.

        Parameters
        ----------
        index
            One of :attr:`subjects`.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has those there are.
        """
        return self._table(file_of(self, index))

    def _read(self, file: DataFile) -> pd.DataFrame:
        return self._reader().frame(self, file, quiet=True)

    def _table(self, file: DataFile) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        frame, reader = self._read(file), self._reader()
        notes: list[str] = []
        if reader.format(self, file=file).rows == "skg:Region" and self.rows:
            labels, unresolved = reader.labels(self)
            if len(labels) != len(frame):
                hint = "its description may be of another file"
                raise BadTable(file.url, f"it has {len(frame)} rows, and {len(labels)} regions are described", hint)
            # Tuples would become a MultiIndex.
            frame.index = pd.Index(list(labels), name="region", tupleize_cols=False)
            notes += unresolved
        unit, sources, told = frame.attrs["unit"], sources_of(frame), [*notes_of(frame), *notes]
        return finished(frame, self.name, unit=unit, sources=sources, notes=told)
