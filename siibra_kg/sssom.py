"""Reads mappings in the Simple Standard for Sharing Ontological Mappings: tables with a header of metadata.

Only what this project's own curated tables use is read: ``#`` lines of YAML with a ``curie_map``, a line of column
names, rows with tabs between the cells. The standard: https://mapping-commons.github.io/sssom/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.errors import BadDocument
from siibra_kg.terms import IRI, expand
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MappingRow", "read_mappings"]

_REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification")


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row: two things, how they are related, and why somebody thinks so.

    Parameters
    ----------
    subject, predicate, object, justification
        Full IRIs.
    subject_id
        The subject as the column has it, without its prefix where the prefix is ``siibra``: siibra's ids are texts,
        not IRIs, and ``siibra:`` only makes CURIEs of them.
    confidence
        Between 0 and 1, or ``None``.
    cells
        All cells of the row by column, as written; empty ones are left out.
    """

    subject: IRI
    predicate: IRI
    object: IRI
    justification: IRI
    subject_id: str
    confidence: float | None = None
    cells: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read_mappings(path: Path) -> tuple[MappingRow, ...]:
    """Read a table of mappings, in its order.

    Parameters
    ----------
    path
        A ``.sssom.tsv`` file, UTF-8.

    Raises
    ------
    BadDocument
        If a column is missing, a prefix unknown, or a cell no CURIE or number; names the line.
    """
    prefixes = dict(NAMESPACES)
    columns: list[str] = []
    rows: list[MappingRow] = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if line.startswith("#"):
            if line.startswith("#  "):  # indented below curie_map, the only nested key of the header
                prefix, colon, iri = line[1:].strip().partition(": ")
                if colon:
                    prefixes[prefix] = iri.strip().strip("\"'")
        elif not columns:
            columns = line.split("\t")
            if missing := [name for name in _REQUIRED if name not in columns]:
                raise BadDocument(path.name, f"there is no column {missing[0]}", f"line {number}")
        elif line.strip():
            cells = line.split("\t")
            if len(cells) != len(columns):
                raise BadDocument(path.name, f"{len(cells)} cells for {len(columns)} columns", f"line {number}")
            named = {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
            rows.append(_row(path.name, number, named, prefixes))
    return tuple(rows)


def _row(path: str, number: int, cells: Mapping[str, str], prefixes: Mapping[str, str]) -> MappingRow:
    iris = []
    for column in _REQUIRED:
        iri = expand(cells.get(column, ""), prefixes)
        if iri is None:
            raise BadDocument(
                path, f"{column} {cells.get(column, '')!r} is no CURIE of a known prefix", f"line {number}"
            )
        iris.append(iri)
    confidence = cells.get("confidence")
    try:
        sure = None if confidence is None else float(confidence)
    except ValueError as error:
        raise BadDocument(path, f"confidence {confidence!r} is no number", f"line {number}") from error
    if sure is not None and not 0 <= sure <= 1:
        raise BadDocument(path, f"confidence {confidence} is not between 0 and 1", f"line {number}")
    subject, predicate, target, justification = iris
    own = cells["subject_id"].removeprefix("siibra:")
    return MappingRow(subject, predicate, target, justification, own, sure, MappingProxyType(dict(cells)))
