"""How commands print: data on stdout in the format asked for, talk on stderr, nothing in colour when piped."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from siibra_kg.table import cell_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.table import Table

__all__ = ["Format", "FormatOption", "GraphOption", "say", "write", "write_table"]


class Format(str, Enum):
    """The formats that rows can be printed in."""

    table = "table"
    csv = "csv"
    tsv = "tsv"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", "-F", help="How to print the rows.")]
GraphOption = Annotated[
    str | None,
    typer.Option(
        "--graph",
        metavar="PATH|URL",
        help="Snapshot folder, RDF file, or SPARQL endpoint; the newest snapshot unless told.",
    ),
]


def say(text: str) -> None:
    """Talk to the person at the terminal, on stderr."""
    print(text, file=sys.stderr)  # noqa: T201  talking is what this function is for


def write(text: str) -> None:
    """Write data to stdout, ending with a line break."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def write_table(table: Table, form: Format = Format.table) -> None:
    """Write rows: aligned for people, or as CSV, TSV or JSON for programs."""
    if form is Format.csv:
        write(table.to_csv())
    elif form is Format.tsv:
        write(table.to_tsv())
    elif form is Format.json:
        write(table.to_json())
    elif sys.stdout.isatty():
        _write_rich(table)
    else:
        write(aligned(table.names, ([cell_text(v) for v in row] for row in table.cells)))


def aligned(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Align columns with blanks; nothing is cut, so that a pipe loses nothing."""
    lines = [list(header), *(list(r) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(text)


def _write_rich(table: Table) -> None:
    from rich.console import Console  # noqa: PLC0415  70 ms that only a terminal needs
    from rich.table import Table as RichTable  # noqa: PLC0415

    drawn = RichTable(box=None, header_style="bold", pad_edge=False)
    for column in table.columns:
        side: Literal["left", "right"] = "right" if column.type in ("integer", "decimal") else "left"
        drawn.add_column(column.name, justify=side, overflow="fold")
    for row in table.cells:
        drawn.add_row(*(cell_text(v) for v in row))
    Console(soft_wrap=True, highlight=False).print(drawn)
