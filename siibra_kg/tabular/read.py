"""Files to frames and matrices, as their format says; a file that is written otherwise is an error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.arrays import array
from siibra_kg.tabular.format import Column
from siibra_kg.tabular.limits import MAX_BYTES, check_size
from siibra_kg.tabular.numbers import numbers
from siibra_kg.tabular.text import Cells, blanks, body, cells, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.tabular.format import Format

__all__ = ["read_frame", "read_matrix"]

# What Python's float() takes and no file of numbers means: underscores, and digits of other scripts.
_NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)


def read_frame(
    source: Path | bytes | bytearray, form: Format, *, name: str, max_bytes: int = MAX_BYTES
) -> pd.DataFrame:
    r"""Read a table with titled or described columns.

    Parameters
    ----------
    source
        The file, or its content.
    form
        How it is written. Its columns are given, in their order: each is looked for by its titles, and where none of
        them is there, by its position, which is noted. Without described columns all are given: under their titles,
        as numbers where all cells are numbers, else as text.
    name
        What errors call the file.
    max_bytes
        How large the table may be, unpacked.

    Returns
    -------
    pandas.DataFrame
        Numbers are float64 (``NaN`` for a cell that stands for no value) or int64 (nullable where needed), the rest
        is text, ``None`` for no value. ``attrs["notes"]`` has a line for each thing that deserves a look;
        ``attrs["unit"]`` what the format says of units.

    Raises
    ------
    BadTable
        If the file is not what the format says; names the line.

    Examples
    --------
    >>> from siibra_kg.tabular.format import Column, Dialect, Format
    >>> tsv = b"receptor label\tdensity (mean)\nAMPA\t525.5\nkainate\t\n"
    >>> columns = Column("receptor", 0, datatype="string"), Column("mean", 1, ("density (mean)",), unit="fmol/mg")
    >>> frame = read_frame(tsv, Format(Dialect("\t", header=1), columns), name="a.tsv")
    >>> frame["mean"].tolist(), frame.attrs["notes"]
    ([525.5, nan], ['mean: 1 of 2 cells has no value'])
    """
    import pandas as pd  # noqa: PLC0415  takes 300 ms

    data = _bytes(source, name, max_bytes)
    if form.kind != "csv":
        return _framed(array(data, form.kind, form.variable, name=name, max_bytes=max_bytes), form, name)
    table = cells(text_of(data, form.dialect, name=name, max_bytes=max_bytes), form.dialect, name=name)
    notes: list[str] = []
    made: dict[str, Any] = {}
    for column, place in _places(table, form, name, notes):
        made[column.name] = _column([row[place] for row in table.rows], column, table.lines, name, notes)
    frame: pd.DataFrame = pd.DataFrame(made)
    index = form.dialect.index_column
    if index is not None:
        if index >= len(table.rows[0]):
            raise BadTable(name, f"column {index} should name the rows, and there are {len(table.rows[0])} columns")
        frame.index = pd.Index([row[index].strip() for row in table.rows])
    frame.attrs.update(unit=_units(form), notes=notes)
    return frame


def read_matrix(
    source: Path | bytes | bytearray,
    form: Format,
    *,
    name: str,
    shape: tuple[int, int] | None = None,
    max_bytes: int = MAX_BYTES,
) -> NDArray[np.float64]:
    r"""Read a table of nothing but numbers.

    Parameters
    ----------
    source
        The file, or its content.
    form
        How it is written; its columns do not matter. A column that names the rows, and header lines, are left out.
    name
        What errors call the file.
    shape
        Rows and columns that it has to have, where known.
    max_bytes
        How large the text and the array may be, unpacked.

    Returns
    -------
    numpy.ndarray
        float64, rows by columns; may hold ``NaN`` where the file says so.

    Raises
    ------
    BadTable
        If the file is not what the format says, rows differ in length, or a cell is no number; names the line.

    Examples
    --------
    >>> from siibra_kg.tabular.format import Dialect, Format
    >>> read_matrix(b"1 2\n3 4\n", Format(Dialect(" ")), name="a.csv").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    import numpy as np  # noqa: PLC0415  takes 100 ms

    data = _bytes(source, name, max_bytes)
    if form.kind != "csv":
        found = array(data, form.kind, form.variable, name=name, max_bytes=max_bytes).astype(np.float64)
        if found.ndim != 2:
            raise BadTable(name, f"its array has {found.ndim} dimensions, not 2")
    else:
        found = _numbers(text_of(data, form.dialect, name=name, max_bytes=max_bytes), form, name)
    if shape is not None and found.shape != shape:
        said, wanted = (" x ".join(map(str, sizes)) for sizes in (found.shape, shape))
        raise BadTable(name, f"it has {said} cells, not {wanted}", "its description may be of another file")
    return found


def _bytes(source: Path | bytes | bytearray, name: str, max_bytes: int) -> bytes:
    if not isinstance(source, Path):
        return bytes(source)
    try:
        check_size(name, source.stat().st_size, max_bytes)
        return source.read_bytes()
    except OSError as error:
        raise BadTable(name, f"{source} cannot be read: {error.strerror or error}") from error


def _numbers(text: str, form: Format, name: str) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415

    dialect = form.dialect
    lines = [line for _, line in body(text, dialect)][dialect.header :]
    delimiter = None if blanks(dialect.delimiter) else dialect.delimiter
    if dialect.index_column is None and '"' not in text and (delimiter is None or len(delimiter) == 1):
        found = numbers(lines, delimiter)
        if found is not None:
            return found
    # This way says where and why, or takes what is right and unusual.
    table = cells(text, dialect, name=name)
    kept = [i for i in range(len(table.rows[0])) if i != dialect.index_column]
    out = np.empty((len(table.rows), len(kept)))
    for number, (row, line) in enumerate(zip(table.rows, table.lines, strict=True)):
        out[number] = [_number(row[i], f"column {i}", line, name, table.hint) for i in kept]
    return out


def _number(cell: str, column: str, line: int, name: str, hint: str = "") -> float:
    text = cell.strip()
    if _NUMBER.fullmatch(text) is None:
        if re.fullmatch(r"[+-]?\d+,\d+", text):
            hint = "a point has to stand before decimals"
        said = f"{text[:40]!r} is no number" if text else "a cell is empty"
        raise BadTable(name, f"{said} ({column})", hint, line)
    return float(text)


def _places(table: Cells, form: Format, name: str, notes: list[str]) -> list[tuple[Column, int]]:
    """Give the columns that are wanted with the place of each in the rows."""
    width = len(table.rows[0])
    if not form.columns:
        titles = table.titles if form.dialect.header else [str(i) for i in range(width)]
        if doubled := {t for t in titles if titles.count(t) > 1}:
            raise BadTable(name, f"several columns are called {min(doubled)!r}")
        kept = [i for i in range(width) if i != form.dialect.index_column]
        return [(Column(titles[i], i, datatype=_datatype([row[i] for row in table.rows])), i) for i in kept]
    found = [(column, _place(column, table, name, notes)) for column in form.columns]
    taken: dict[int, str] = {}
    for column, place in found:
        if taken.setdefault(place, column.name) != column.name:
            raise BadTable(name, f"{column.name} and {taken[place]} would be the same column, {place}")
    return found


def _place(column: Column, table: Cells, name: str, notes: list[str]) -> int:
    titles, width = table.titles, len(table.rows[0])
    wanted = {title.strip().casefold() for title in column.titles}
    named = [i for i, title in enumerate(titles) if title.casefold() in wanted]
    if len(named) == 1:
        return named[0]
    place = column.position if column.position >= 0 else width + column.position
    if not 0 <= place < width:
        raise BadTable(name, f"there is no column {column.position} for {column.name}: it has {width}", table.hint)
    if wanted and titles and place not in named:
        notes.append(f"{column.name}: taken from column {place}, {titles[place]!r}; none is {column.titles[0]!r}")
    return place


def _datatype(texts: Sequence[str]) -> str:
    return "double" if all(not t.strip() or _NUMBER.fullmatch(t.strip()) for t in texts) else "string"


def _column(texts: list[str], column: Column, lines: Sequence[int], name: str, notes: list[str]) -> Any:  # noqa: ANN401  an array or list
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    stripped = [text.strip() for text in texts]
    empty = [text in column.null for text in stripped]
    if any(empty):
        number = sum(empty)
        notes.append(f"{column.name}: {number:,} of {len(empty):,} cells {'has' if number == 1 else 'have'} no value")
    if column.datatype == "string":
        return pd.Series([None if e else text for e, text in zip(empty, stripped, strict=True)], dtype=object)
    values = np.array(
        [
            np.nan if e else _number(text, column.name, line, name)
            for e, text, line in zip(empty, stripped, lines, strict=True)
        ]
    )
    if not all(empty) and (odd := int(np.count_nonzero(~np.isfinite(values)) - sum(empty))):
        notes.append(f"{column.name}: {odd:,} of {len(empty):,} cells {'is' if odd == 1 else 'are'} not finite")
    if column.datatype != "integer":
        return values
    whole = np.isnan(values) | ((values == np.rint(values)) & (np.abs(values) < 2**53))
    if not whole.all():
        at = int(np.argmin(whole))
        raise BadTable(name, f"{stripped[at][:40]!r} is no whole number ({column.name})", line=lines[at])
    return pd.array(values, dtype="Int64") if np.isnan(values).any() else values.astype(np.int64)


def _units(form: Format) -> str | dict[str, str]:
    by_column = {column.name: column.unit for column in form.columns if column.unit}
    return by_column or form.unit


def _framed(values: NDArray[Any], form: Format, name: str) -> pd.DataFrame:
    """Give an array as a frame; its columns are those of the format where there are any."""
    import pandas as pd  # noqa: PLC0415

    if values.ndim != 2:
        raise BadTable(name, f"its array has {values.ndim} dimensions, not 2")
    frame: pd.DataFrame = pd.DataFrame(values)
    if form.columns:
        width = values.shape[1]
        places = {c.name: c.position if c.position >= 0 else width + c.position for c in form.columns}
        if not all(0 <= place < width for place in places.values()):
            raise BadTable(name, f"it has {width} columns, and {max(places.values()) + 1} are described")
        frame = pd.DataFrame({called: values[:, place] for called, place in places.items()})
    frame.attrs.update(unit=_units(form), notes=[])
    return frame
