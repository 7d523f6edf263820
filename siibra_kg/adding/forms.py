"""How the files of a description are written: the key ``format``, and what the suffix says where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.tabular.format import Column, Dialect, Format

if TYPE_CHECKING:
    from siibra_kg.adding.description import File
    from siibra_kg.adding.entries import Entries

__all__ = ["by_suffix", "form"]

_KEYS = (
    "kind", "delimiter", "header", "skip_rows", "comment", "index_column", "encoding", "compression", "variable",
    "rows", "columns_are", "columns",
)  # fmt: skip
_COLUMN = ("name", "title", "position", "datatype", "unit", "null", "meaning")
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blanks": "\\s+"}
_DATATYPES = {"double", "integer", "string"}
#: What the rows or columns of a table may stand for.
_MEANINGS = {"": "", "regions": "skg:Region", "times": "skg:TimePoint"}
_SUFFIXES = {".csv": ",", ".tsv": "\t", ".txt": "\\s+"}


def form(spec: Entries) -> Format:
    """Read the key ``format``.

    Raises
    ------
    BadDescription
        If it has another key, or a value that means nothing.
    """
    spec.only(*_KEYS)
    kind = spec.text("kind", default="csv")
    if kind not in {"csv", "npy", "mat"}:
        raise spec.bad(f"kind is csv, npy or mat, not {kind!r}", key="kind")
    compression = spec.text("compression")
    if compression not in {"", "gzip"}:
        raise spec.bad(f"compression is gzip or nothing, not {compression!r}", key="compression")
    raw = spec.value.get("delimiter")
    delimiter = raw if isinstance(raw, str) and raw and not raw.strip() else spec.text("delimiter", default=",")
    header = spec.whole("header")
    dialect = Dialect(
        delimiter=_WORDS.get(delimiter, delimiter),
        header=1 if header is None else header,
        skip_rows=spec.whole("skip_rows") or 0,
        comment=spec.text("comment"),
        index_column=spec.whole("index_column"),
        encoding=spec.text("encoding", default="utf-8"),
        compression=compression,
    )
    columns = tuple(_column(each, number) for number, each in enumerate(spec.each("columns")))
    rows, across = (_meaning(spec, key) for key in ("rows", "columns_are"))
    return Format(dialect, columns, kind, rows, across, variable=spec.text("variable"))


def _meaning(spec: Entries, key: str) -> str:
    text = spec.text(key)
    if text not in _MEANINGS:
        raise spec.bad(f"{key} stand for regions or times, not {text!r}", key=key)
    return _MEANINGS[text]


def _column(said: str | Entries, number: int) -> Column:
    if isinstance(said, str):
        return Column(said, number, (said,))
    said.only(*_COLUMN)
    name = said.text("name", required=True)
    position = said.whole("position")
    datatype = said.text("datatype", default="double")
    if datatype not in _DATATYPES:
        raise said.bad(f"datatype is {', '.join(sorted(_DATATYPES))}, not {datatype!r}", key="datatype")
    return Column(
        name,
        number if position is None else position,
        (said.text("title", default=name),),
        datatype,
        said.text("meaning"),
        said.text("unit"),
        said.texts("null") or ("",),
    )


def by_suffix(files: tuple[File, ...], *, matrix: bool) -> Format | None:
    """Give how files are written by their suffix: titles in the first line of a table, none in a matrix.

    ``None`` where the suffix says nothing, or files of several suffixes are there.
    """
    names = {(file.member or file.path or file.url).lower() for file in files if file.role == "data"}
    packed = all(name.endswith(".gz") for name in names)
    suffixes = {_suffix(name.removesuffix(".gz")) for name in names}
    if len(suffixes) != 1:
        return None
    suffix = suffixes.pop()
    if suffix in {".npy", ".mat"}:
        return Format(kind=suffix[1:])
    if suffix not in _SUFFIXES:
        return None
    return Format(Dialect(_SUFFIXES[suffix], header=0 if matrix else 1, compression="gzip" if packed else ""))


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return f".{suffix}" if stem and dot else ""
