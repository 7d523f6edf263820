"""The database of the recordings: a file of SQLite with one table, ``bids``, with a row for each recording.

It is downloaded like any other file, opened read-only, and never trusted: only the rows of a plain table are read.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import NoSuchName
from siibra_kg.live.field_potentials.spectra import check_hdf5, require_h5py
from siibra_kg.tabular.sniff import NOT_A_TABLE, check_start
from siibra_kg.web.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.web.cache import CachedFile

__all__ = ["CITATION", "DATASET", "FILES", "FILTERS", "NAME", "PLACE", "Database"]

NAME = "the database of local field potentials"
#: The dataset version in the EBRAINS Knowledge Graph that the bucket belongs to.
DATASET = "41673110-f3eb-43cd-9d9c-c845c6f0573c"
CITATION = f"EBRAINS dataset version {DATASET}. https://search.kg.ebrains.eu/instances/{DATASET}"
#: Columns whose values can be asked for.
FILTERS = ("pathology", "pharmacology", "signal_quality")
#: Column with the path of each kind of file.
FILES = ("lfp", "psd", "motion")
LABEL, PLACE = "whs_label", ("whs_x", "whs_y", "whs_z")

_BUCKET = f"https://data-proxy.ebrains.eu/api/v1/buckets/d-{DATASET}"
_DATABASE = "lfp_atlas_bids.sqlite"
_TABLE = "bids"
_MAGIC = b"SQLite format 3\x00"
_HINT = "try again later; what was fetched before is in the cache"
_MAX_DATABASE, _MAX_FILE, _MAX_ROWS = 2**30, 16 * 2**30, 10**6
_NEEDED = (LABEL, *PLACE, *FILTERS, "subject", "session", *(f"{kind}_file" for kind in FILES))


class Database:
    """The recordings; for any number of threads.

    Parameters
    ----------
    settings
        Cache, mirror, and whether the network may be used.
    base
        Address of the bucket that holds the database and the files.
    """

    def __init__(self, settings: Settings, base: str = _BUCKET) -> None:
        self.settings = settings
        self.base = base.rstrip("/")
        self._table: pd.DataFrame | None = None
        self._file: CachedFile | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Address of the database."""
        return f"{self.base}/{_DATABASE}"

    @property
    def table(self) -> pd.DataFrame:
        """A row for each recording, numbered from 0 in the order of the database; ``None`` for no value.

        Raises
        ------
        BadTable
            If the file is no database, or has not the table and columns that it should have.
        NetworkDisabled, ServiceError
            If it cannot be had.
        """
        with self._lock:
            if self._table is None:
                self._file = self._service().file(self.url, max_bytes=_MAX_DATABASE, check=self._check)
                self._table = _read(self._file.path, self.url)
            found: pd.DataFrame = self._table.copy()
            return found

    @property
    def source(self) -> dict[str, str]:
        """Address and SHA-256 of the database."""
        if self._file is None:
            _ = self.table
        return {"url": self.url, "member": "", "sha256": self._file.sha256 if self._file else ""}

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What recordings can be filtered by: the values of ``pathology``, ``pharmacology`` and ``signal_quality``."""
        table = self.table
        return {name: tuple(sorted({str(v) for v in table[name] if v is not None})) for name in FILTERS}

    def filtered(self, **wanted: str | None) -> pd.DataFrame:
        """Give the recordings with some values, exactly; ``None`` for any.

        Raises
        ------
        NoSuchName
            If no recording has such a value; ``close`` has those that there are.
        """
        table = self.table
        for name, value in wanted.items():
            if value is None:
                continue
            there = self.choices[name]
            if value not in there:
                raise NoSuchName(str(value), name.replace("_", " "), close=there)
            table = table.loc[table[name] == value]
        return table

    def file(self, path: str) -> CachedFile:
        """Give a file of the bucket through the cache.

        Raises
        ------
        BadTable
            If the path leaves the bucket, or the file is no whole HDF5 file.
        DataMissing
            If h5py is not installed.
        NetworkDisabled, ServiceError
            If it cannot be had.
        """
        parts = path.split("/")
        if path.startswith("/") or "\\" in path or ".." in parts or "" in parts:
            raise BadTable(self.url, f"{path!r} is no path of a file in the bucket")
        require_h5py()  # before anything is fetched in vain
        url = f"{self.base}/{quote(path)}"
        return self._service().file(url, max_bytes=_MAX_FILE, check=lambda kept: check_hdf5(kept, url))

    def _service(self) -> Service:
        return Service(NAME, self.settings, max_bytes=_MAX_FILE, hint=_HINT)

    def _check(self, path: Path) -> None:
        with path.open("rb") as file:
            start = file.read(4096)
        if not start.startswith(_MAGIC):
            check_start(start, self.url)
            raise BadTable(self.url, "it is no SQLite database", NOT_A_TABLE)
        if path.stat().st_size < _size(start):
            raise BadTable(self.url, "the database ends early", "try again")
        _read(path, self.url)


def _size(start: bytes) -> int:
    """Give how many bytes a database has, as its header says: https://www.sqlite.org/fileformat2.html, 1.3."""
    page, counter, pages, valid = (
        int.from_bytes(start[a:b], "big") for a, b in ((16, 18), (24, 28), (28, 32), (92, 96))
    )
    # The number of pages counts only if it was written together with the last change.
    return max(100, (65536 if page == 1 else page) * (pages if counter == valid else 1))


def _read(path: Path, url: str) -> pd.DataFrame:
    # Immutable: no journal is looked for or written beside the file, which may be one of a mirror.
    address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            said = connection.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchall()
            # A view, or a virtual table, could run anything that its author wrote.
            if [kind for kind, _ in said] != ["table"] or not str(said[0][1]).upper().startswith("CREATE TABLE"):
                raise BadTable(url, f"the database has no table {_TABLE!r}")
            cursor = connection.execute(f"SELECT * FROM {_TABLE}")  # noqa: S608  a constant
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchmany(_MAX_ROWS + 1)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise BadTable(url, f"the database cannot be read ({error})", f"siibra-kg cache remove '{url}'") from error
    if len(rows) > _MAX_ROWS:
        raise BadTable(url, f"the database has more than {_MAX_ROWS:,} recordings")
    if missing := [name for name in _NEEDED if name not in names]:
        raise BadTable(url, f"table {_TABLE!r} has no column {', '.join(missing)}", "it may be of another version")
    if not rows:
        raise BadTable(url, "the database has no recordings")
    return _typed(pd.DataFrame(rows, columns=names, dtype=object), url)


def _typed(frame: pd.DataFrame, url: str) -> pd.DataFrame:
    """Make numbers of coordinates, and ``None`` of all that stands for no value: NULL, NaN, nothing."""
    try:
        frame[list(PLACE)] = frame[list(PLACE)].astype(np.float64)
    except (TypeError, ValueError) as error:
        raise BadTable(url, f"a coordinate is no number ({error})") from error
    for name in (*FILTERS, LABEL, "subject", "session", *(f"{kind}_file" for kind in FILES)):
        frame[name] = pd.Series([_text(value, url) for value in frame[name]], frame.index, dtype=object)
    return frame


def _text(value: Any, url: str) -> str | None:  # noqa: ANN401  as SQLite has it
    if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124  NaN
        return None
    if isinstance(value, bytes):
        raise BadTable(url, f"a cell that should be text holds bytes: {value[:20]!r}")
    return str(value)
