"""How a file of a table is written and what its rows, columns and cells mean: a part of CSVW, frozen.

Terms: `Metadata Vocabulary for Tabular Data <https://www.w3.org/TR/tabular-metadata/>`_ (dialect, schema, column).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Column", "Dialect", "Format"]


@dataclass(frozen=True, slots=True)
class Dialect:
    r"""How the text of a table is written: ``csvw:Dialect``.

    Parameters
    ----------
    delimiter
        Between cells; ``"\\s+"`` for any run of blanks and tabs, as siibra's decoders write it.
    header
        Number of lines with titles, ``csvw:headerRowCount``.
    skip_rows
        Number of lines before these, ``csvw:skipRows``.
    comment
        What a line begins with that is none of the table, ``csvw:commentPrefix``; empty for no such lines.
    index_column
        Column whose cells name the rows, from 0; ``None`` if none does.
    encoding
        Of the text.
    compression
        ``""`` or ``"gzip"``; of the file or of the archive's member, ``dcat:compressFormat``.
    """

    delimiter: str = ","
    header: int = 0
    skip_rows: int = 0
    comment: str = ""
    index_column: int | None = None
    encoding: str = "utf-8"
    compression: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: ``csvw:Column``.

    Parameters
    ----------
    name
        What data frames call it.
    position
        From 0; negative from the end.
    titles
        What it may be called in the file; empty where that does not matter.
    datatype
        ``"double"``, ``"integer"`` or ``"string"`` (of XML Schema).
    meaning
        CURIE of what its cells are, ``csvw:propertyUrl``, for instance ``"skg:meanValue"``.
    unit
        Of its cells, as text; empty where it is not stated here.
    null
        Texts that stand for no value.
    """

    name: str
    position: int
    titles: tuple[str, ...] = ()
    datatype: str = "double"
    meaning: str = ""
    unit: str = ""
    null: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written and what it holds.

    Parameters
    ----------
    dialect
        How the text is written; files that are no text (``kind`` ``"npy"``, ``"mat"``) need none.
    columns
        The columns with a meaning; none for a matrix, whose columns all mean the same.
    kind
        ``"csv"`` (text with delimiters), ``"npy"``, ``"mat"`` (MATLAB 4 to 7.2).
    rows, columns_are
        What the rows, and the columns, stand for: CURIE, for instance ``"skg:Region"``, ``"skg:TimePoint"``.
    unit
        Of the cells, as text; empty if nothing states it.
    variable
        Name of the array inside a file of several.
    """

    dialect: Dialect = Dialect()
    columns: tuple[Column, ...] = ()
    kind: str = "csv"
    rows: str = ""
    columns_are: str = ""
    unit: str = ""
    variable: str = ""
