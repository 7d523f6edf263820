"""What a page is made of: blocks of cells of texts, each block with the exact queries that its content comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["Block", "Cell", "Page", "Query", "Row", "Text", "cell", "swatch"]

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}\Z")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text, perhaps a link.

    Parameters
    ----------
    text
        What is shown.
    href
        Where a click leads on this server; empty for none.
    outside
        Address of the thing itself elsewhere on the web; empty for none.
    title
        Said by a tooltip: the whole IRI.
    look
        ``number``, ``code``, ``faint``, or ``swatch``: then ``text`` is a colour, ``#RRGGBB``.
    language
        BCP 47 tag of the text.
    """

    text: str
    href: str = ""
    outside: str = ""
    title: str = ""
    look: str = ""
    language: str = ""


Cell = tuple[Text, ...]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a block: the template's name, the text that was sent, and where it opens as a form."""

    name: str
    sparql: str
    href: str


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page under a heading.

    Parameters
    ----------
    id
        Anchor.
    title
        Heading.
    shape
        ``table``, ``facts`` (two columns: what, value), ``trail`` (a row is one trail) or ``prose`` (a row is a text).
    columns
        Headings of a table.
    rows
        The cells.
    queries
        What was asked for it.
    note
        What a reader should know.
    count
        How many there are, where not all are shown; ``None`` if the rows are all.
    more
        Links to what is not shown.
    """

    id: str
    title: str
    shape: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...] = ()
    queries: tuple[Query, ...] = ()
    note: str = ""
    count: int | None = None
    more: Cell = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page about a node: heading, kind, its description in schema.org, colour, and blocks."""

    title: str
    kind: str
    iri: str
    jsonld: Mapping[str, Any]
    color: str = ""
    blocks: tuple[Block, ...] = ()


def cell(text: object, look: str = "") -> Cell:
    """Make a cell of one plain text; an empty one of nothing."""
    return () if text is None or text == "" else (Text(str(text), look=look),)


def swatch(color: str | None) -> Cell:
    """Make a cell that shows a colour; a plain text of what is none, an empty cell of nothing.

    >>> swatch("#BD8492")[0].look, swatch("url(https://example.org)")[0].look, swatch(None)
    ('swatch', '', ())
    """
    return (Text(color, look="swatch" if _COLOR.match(color) else ""),) if color else ()
