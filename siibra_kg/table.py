"""Table: what a SELECT gives back, with declared columns, typed cells and the query that made it."""

from __future__ import annotations

import csv
import html
import io
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from siibra_kg.terms import IRI, Literal, contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from typing_extensions import Self

__all__ = ["Column", "Row", "Table"]

#: How many rows an HTML or text preview shows.
PREVIEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type (``iri string integer decimal boolean`` or ``term``) and what it means."""

    name: str
    type: str = "term"
    doc: str = ""


class Row(tuple):  # type: ignore[type-arg]  # noqa: SLOT001  a tuple subclass with a field cannot have slots
    """One solution: a tuple whose cells are also attributes and keys.

    >>> row = Row((IRI("https://example.org/a"), 1), {"region": 0, "depth": 1})
    >>> row.depth, row["depth"], row[1]
    (1, 1, 1)
    """

    _index: dict[str, int]

    def __new__(cls, cells: Sequence[Any], index: dict[str, int]) -> Self:
        """Make a row of cells and the positions of their columns."""
        row = super().__new__(cls, cells)
        row._index = index
        return row

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  cells have the type of their column
        try:
            return tuple.__getitem__(self, self._index[name])
        except KeyError:
            raise AttributeError(f"no column {name!r}; there are {', '.join(self._index)}") from None

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        return tuple.__getitem__(self, self._index[key] if isinstance(key, str) else key)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._index]

    def as_dict(self) -> dict[str, Any]:
        """Give the row as a dictionary in column order."""
        return dict(zip(self._index, self, strict=True))


def cell_text(value: object) -> str:
    """Write a cell for people: CURIEs for IRIs, nothing for an unbound variable."""
    if value is None:
        return ""
    if isinstance(value, IRI):
        return contract(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def cell_plain(value: object) -> object:
    """Turn a cell into something that JSON and CSV can hold, losing nothing but datatypes."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Table:
    """The answer to a SELECT: declared columns, rows in the order of the query, and the query itself.

    Parameters
    ----------
    columns
        The columns, in order.
    cells
        One tuple per row; ``None`` where a variable is unbound.
    sparql
        The exact query that was sent.

    Examples
    --------
    >>> table = Table((Column("name", "string"), Column("depth", "integer")), (("hOc1", 5), ("hOc2", 5)))
    >>> table.column("name")
    ('hOc1', 'hOc2')
    >>> [row.depth for row in table]
    [5, 5]
    """

    columns: tuple[Column, ...]
    cells: tuple[tuple[Any, ...], ...]
    sparql: str = field(default="", compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(c.name for c in self.columns)

    def _index(self) -> dict[str, int]:
        return {c.name: i for i, c in enumerate(self.columns)}

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Row]:
        index = self._index()
        return (Row(cells, index) for cells in self.cells)

    def __getitem__(self, i: int) -> Row:
        return Row(self.cells[i], self._index())

    def column(self, name: str) -> tuple[Any, ...]:
        """Give all cells of one column.

        Raises
        ------
        KeyError
            If there is no such column; the message lists those there are.
        """
        index = self._index()
        if name not in index:
            raise KeyError(f"no column {name!r}; there are {', '.join(index)}")
        i = index[name]
        return tuple(row[i] for row in self.cells)

    def select(self, *names: str) -> Table:
        """Keep some columns, in the order given.

        Raises
        ------
        KeyError
            If there is no such column; the message lists those there are.
        """
        kept = [self.column(name) for name in names]
        index = self._index()
        return Table(tuple(self.columns[index[n]] for n in names), tuple(zip(*kept, strict=True)), self.sparql)

    def head(self, rows: int) -> Table:
        """Keep the first rows."""
        return Table(self.columns, self.cells[:rows], self.sparql)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Give the rows as dictionaries with plain values (IRIs as strings)."""
        return [{n: cell_plain(v) for n, v in zip(self.names, row, strict=True)} for row in self.cells]

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame) -> Table:
        """Give the rows of a data frame; what is missing in it is ``None`` here."""
        types = {"i": "integer", "u": "integer", "f": "decimal", "b": "boolean"}
        columns = tuple(Column(str(n), types.get(frame[n].dtype.kind, "string")) for n in frame.columns)
        missing = frame.isna().to_numpy()
        values = zip(*(frame[n].tolist() for n in frame.columns), strict=True)
        cells = tuple(
            tuple(None if gone else v for v, gone in zip(row, gaps, strict=True))
            for row, gaps in zip(values, missing, strict=True)
        )
        return cls(columns, cells)

    def to_pandas(self) -> pd.DataFrame:
        """Give a :class:`pandas.DataFrame`; pandas is imported here and nowhere earlier."""
        import pandas as pd  # noqa: PLC0415  380 ms that only those who ask for it should pay

        data = {n: [cell_plain(row[i]) for row in self.cells] for i, n in enumerate(self.names)}
        frame: pd.DataFrame = pd.DataFrame(data, columns=list(self.names))
        return frame

    def to_csv(self, *, delimiter: str = ",") -> str:
        """Write RFC 4180 text with a header line; values as they are."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows([_csv_cell(v) for v in row] for row in self.cells)
        return out.getvalue()

    def to_tsv(self) -> str:
        """Write tab-separated text with a header line."""
        return self.to_csv(delimiter="\t")

    def to_json(self) -> str:
        """Write a JSON array of objects, keys in column order."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, indent=1)

    def __str__(self) -> str:
        shown = [self.names, *([cell_text(v) for v in row] for row in self.cells[:PREVIEW_ROWS])]
        widths = [min(60, max(len(r[i]) for r in shown)) for i in range(len(self.columns))]
        lines = ["  ".join(c[:60].ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in shown]
        lines.insert(1, "  ".join("-" * w for w in widths))
        if len(self) > PREVIEW_ROWS:
            lines.append(f"... {len(self):,} rows")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th title='{html.escape(c.doc)}'>{html.escape(c.name)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{_html_cell(v)}</td>" for v in row) + "</tr>" for row in self.cells[:PREVIEW_ROWS]
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{len(self):,} rows</p>"


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value) if isinstance(value, Literal) else value


def _html_cell(value: object) -> str:
    if isinstance(value, IRI) and value.startswith(("http://", "https://")):
        return f'<a href="{html.escape(value, quote=True)}">{html.escape(contract(value))}</a>'
    return html.escape(cell_text(value))
