"""Mapping rows as statements: an ``owl:Axiom`` for each row of an SSSOM table, and the plain triple itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.build.added import Added, link
from siibra_kg.nt import lexical, literal, typed
from siibra_kg.terms import IRI, Literal, to_sparql
from siibra_kg.vocab import NAMESPACES, RDF_TYPE, RDFS, XSD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.build.added import Row

__all__ = ["MappingAxiom", "mappings", "row_lines"]

_OWL, _SSSOM = NAMESPACES["owl"], NAMESPACES["sssom"]
_DOUBLE = XSD + "double"


@dataclass(frozen=True, slots=True)
class MappingAxiom:
    """One row of a mapping set; the fields are SSSOM's. ``None`` and empty texts are not stated.

    Parameters
    ----------
    subject, predicate, object, justification
        IRIs.
    confidence
        Between 0 and 1.
    tool
        What found it.
    source
        IRI of the mapping set, ontology or graph that it comes from.
    comment
        For people: what is particular about it.
    """

    subject: str
    predicate: str
    object: str
    justification: str
    confidence: float | None = None
    tool: str = ""
    source: str = ""
    comment: str = ""

    def iri(self, set_name: str, base: str) -> str:
        """Give the row's own IRI: a hash of all that it says."""
        what = (self.subject, self.predicate, self.object, self.justification)
        said = "\n".join((*what, _number(self.confidence), self.tool, self.source, self.comment))
        return f"{base}mapping/{set_name}/{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def row_lines(set_name: str, rows: Iterable[MappingAxiom], base: str) -> list[str]:
    """Write the rows of a mapping set as N-Triples lines; a row that comes twice is one.

    Parameters
    ----------
    set_name
        Name of the set: the last part of its graph's IRI.
    rows
        In any order.
    base
        Base of the rows' IRIs.
    """
    lines: list[str] = []
    for row in dict.fromkeys(rows):
        node = row.iri(set_name, base)
        lines.append(link(row.subject, row.predicate, row.object))
        lines.append(link(node, RDF_TYPE, _OWL + "Axiom"))
        lines.append(link(node, _OWL + "annotatedSource", row.subject))
        lines.append(link(node, _OWL + "annotatedProperty", row.predicate))
        lines.append(link(node, _OWL + "annotatedTarget", row.object))
        lines.append(link(node, _SSSOM + "mapping_justification", row.justification))
        if row.confidence is not None:
            lines.append(f"<{node}> <{_SSSOM}confidence> {typed(_number(row.confidence), _DOUBLE)} .\n")
        if row.tool:
            lines.append(f"<{node}> <{_SSSOM}mapping_tool> {literal(row.tool)} .\n")
        if row.source:
            lines.append(f"<{node}> <{_SSSOM}mapping_source> {to_sparql(IRI(row.source))} .\n")
        if row.comment:
            lines.append(f"<{node}> <{RDFS}comment> {to_sparql(Literal(row.comment))} .\n")
    return lines


def _number(confidence: float | None) -> str:
    return "" if confidence is None else lexical(float(confidence), _DOUBLE)


def mappings(rows: Iterable[Row], base: str) -> Added:
    """Write mapping rows.

    Rows are set, subject, predicate, object, justification, confidence, tool, source, comment; those after the
    justification may be missing.
    """
    sets: dict[str, set[MappingAxiom]] = {}
    for name, subject, predicate, target, justification, confidence, tool, source, comment in rows:
        if name and subject and predicate and target and justification:
            number = None if confidence is None else float(confidence)
            row = MappingAxiom(
                subject, predicate, target, justification, number, tool or "", source or "", comment or ""
            )
            sets.setdefault(name, set()).add(row)
    return Added([line for name, found in sets.items() for line in row_lines(name, found, base)])
