"""Text with delimiters to cells: what a dialect says, taken strictly, so that no row is padded or cut in silence."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.compressed import gunzip
from siibra_kg.tabular.limits import MAX_BYTES, check_size
from siibra_kg.tabular.sniff import NOT_A_TABLE, check_start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.tabular.format import Dialect

__all__ = ["Cells", "blanks", "body", "cells", "guess", "text_of"]

# As patterns of siibra's decoders and of pandas write a run of blanks.
_RUNS = frozenset({r"\s+", r"\s*", r"[ \t]+", r" +", r"\t+"})
_CANDIDATES = ("\t", ";", "|", ",")
_NAMES = {"\t": "a tab", " ": "a blank", r"\s+": "blanks"}


@dataclass(slots=True)
class Cells:
    """The cells of a table as text.

    Parameters
    ----------
    titles
        Of the last header line; without one of the comment right before the rows, where it has as many words. Else
        empty.
    rows
        All of the same length.
    lines
        Which line of the file, from 1, each row ends in.
    hint
        The delimiter that seems to be meant, in words, where there is only one column.
    """

    titles: list[str]
    rows: list[list[str]]
    lines: list[int]
    hint: str = ""


def text_of(data: bytes, dialect: Dialect, *, name: str, max_bytes: int = MAX_BYTES) -> str:
    """Unpack and decode a file.

    Raises
    ------
    BadTable
        If it is too large, damaged, empty, a web page, no text, or not in the encoding that the dialect names.
    """
    if dialect.compression == "gzip":
        data = gunzip(data, name=name, max_bytes=max_bytes)
    elif dialect.compression:
        raise BadTable(name, f"the compression {dialect.compression!r} is not known", "gzip is")
    check_size(name, len(data), max_bytes)
    check_start(data, name)
    if data[:2] == b"\x1f\x8b" and not dialect.compression:
        raise BadTable(name, "it is compressed with gzip, and its description does not say so")
    try:
        text = data.decode("utf-8-sig" if dialect.encoding.lower() in {"utf-8", "utf8"} else dialect.encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadTable(name, f"it is no text in {dialect.encoding} ({error.reason})", NOT_A_TABLE, line) from error
    except LookupError as error:
        raise BadTable(name, f"the encoding {dialect.encoding!r} is not known") from error
    if "\0" in text:
        raise BadTable(name, "it is no text: it has zero bytes")
    return text


def blanks(delimiter: str) -> bool:
    r"""Tell whether a delimiter means any run of blanks: one or more of them, or a pattern such as ``"\\s+"``.

    Programs pad numbers with blanks to columns of the same width, so that how many there are means nothing.
    """
    return delimiter in _RUNS or (bool(delimiter) and not delimiter.strip(" "))


def body(text: str, dialect: Dialect) -> Iterator[tuple[int, str]]:
    """Give the lines of a table with their numbers, from 1: without those skipped, comments, and lines of blanks."""
    skipped, comment = dialect.skip_rows, dialect.comment
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if number > skipped and not (comment and line.startswith(comment)) and line.strip():
            yield number, line


def cells(text: str, dialect: Dialect, *, name: str) -> Cells:
    """Split a text.

    Blank lines, and rows of nothing but empty cells, are left out. Empty cells that a delimiter at the end of each
    line makes are cut off where all rows have them.

    Raises
    ------
    BadTable
        If rows differ in length, a quote is never closed, or nothing is there; names the line.
    """
    rows, lines = _split(text, dialect, name)
    titles = [title.strip() for title in rows[dialect.header - 1]] if 0 < dialect.header <= len(rows) else []
    rows, lines = rows[dialect.header :], lines[dialect.header :]
    if not titles and dialect.comment and rows:
        titles = _commented(text, dialect, lines[0], len(rows[0]))
    kept = [i for i, row in enumerate(rows) if any(cell.strip() for cell in row)]
    rows, lines = [rows[i] for i in kept], [lines[i] for i in kept]
    if not rows:
        raise BadTable(name, "it has no rows", _wrong(text, dialect))
    width = len(titles) if titles else _width(rows)
    for row, line in zip(rows, lines, strict=True):
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            del row[width:]
        if len(row) != width:
            said = "titles" if titles else "cells in the first row"
            raise BadTable(name, f"{len(row)} cells, but {width} {said}", _wrong(text, dialect), line)
    return Cells(titles, rows, lines, _wrong(text, dialect) if width == 1 else "")


def _commented(text: str, dialect: Dialect, before: int, width: int) -> list[str]:
    """Give the titles of a comment right before the first row, if it has as many words as that has cells."""
    told = [line for number, line in enumerate(io.StringIO(text, newline=""), 1) if number == before - 1]
    if not told or not told[0].startswith(dialect.comment):
        return []
    words = told[0].removeprefix(dialect.comment).strip()
    titles = words.split() if blanks(dialect.delimiter) else [word.strip() for word in words.split(dialect.delimiter)]
    return titles if len(titles) == width else []


def _width(rows: list[list[str]]) -> int:
    """Give the number of columns; a last column without any content is the trace of a delimiter at the line's end."""
    width = len(rows[0])
    if width > 1 and all(len(row) == width and not row[-1].strip() for row in rows):
        return width - 1
    return width


def _split(text: str, dialect: Dialect, name: str) -> tuple[list[list[str]], list[int]]:
    if blanks(dialect.delimiter):
        found = [(line.split(), number) for number, line in body(text, dialect)]
        return [row for row, _ in found], [number for _, number in found]
    if len(dialect.delimiter) != 1:
        hint = r"write one character, or \s+ for blanks"
        raise BadTable(name, f"the delimiter {dialect.delimiter!r} is not known", hint)
    rows, lines = _quoted(text, dialect, name, strict=False)
    if any("\n" in cell or "\r" in cell for row in rows for cell in row):
        # A quote that is never closed swallows what follows, and only the strict reader says so.
        rows, lines = _quoted(text, dialect, name, strict=True)
    return rows, lines


def _quoted(text: str, dialect: Dialect, name: str, *, strict: bool) -> tuple[list[list[str]], list[int]]:
    numbers: list[int] = []

    def told() -> Iterator[str]:
        for number, line in body(text, dialect):
            numbers.append(number)
            yield line

    rows, lines = [], []
    reader = csv.reader(told(), delimiter=dialect.delimiter, strict=strict)
    try:
        for row in reader:
            rows.append(row)
            lines.append(numbers[-1])
    except csv.Error as error:
        raise BadTable(name, f"its quotes are wrong ({error})", _wrong(text, dialect), numbers[-1]) from error
    return rows, lines


def guess(line: str) -> str:
    """Give the delimiter that a line seems to have; a blank only without any other; empty if it seems to have none."""
    best = max(_CANDIDATES, key=line.count)
    return best if best in line else (" " if " " in line else "")


def _wrong(text: str, dialect: Dialect) -> str:
    """Give a hint where the delimiter looks wrong."""
    _, line = next(body(text, dialect), (0, ""))
    seems = guess(line.strip())
    if not seems or dialect.delimiter in line or (seems == " " and blanks(dialect.delimiter)):
        return ""
    said = _NAMES.get(dialect.delimiter, repr(dialect.delimiter))
    return f"its description says that {said} stands between cells, but it looks like {_NAMES.get(seems, repr(seems))}"
