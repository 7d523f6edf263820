"""All mappings of a graph as one table of the Simple Standard for Sharing Ontological Mappings (SSSOM/TSV)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.terms import IRI, contract
from siibra_kg.vocab import BASE, NAMESPACES, OM, SKOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row

__all__ = ["sssom"]

_COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label", "mapping_justification",
    "license", "mapping_source", "mapping_tool", "confidence", "comment",
)  # fmt: skip
_REFERENCES = ("subject_id", "predicate_id", "object_id", "mapping_justification", "mapping_source")
#: What the standard asks for where no licence, or more than one, holds for all rows.
_UNSPECIFIED = "https://w3id.org/sssom/license/unspecified"
_UNSPECIFIED_MATCHING = IRI(NAMESPACES["semapv"] + "UnspecifiedMatching")
# A namespace ends at the last of these; what follows has to be a local name without them.
_NAMESPACE = re.compile(r"\A(?P<namespace>.*[/#=:])(?P<local>[^/#=:]*)\Z", re.DOTALL)


def sssom(ask: Asker, version: str) -> str:
    """Write everything that the graph says about terms of other vocabularies as an SSSOM table.

    Parameters
    ----------
    ask
        The graph.
    version
        Of the mapping set: the content hash of the snapshot, or empty.

    Returns
    -------
    str
        SSSOM/TSV with embedded metadata (https://w3id.org/sssom/spec), sorted, one row per statement: the rows of
        all mapping sets, and what sources state by themselves. An identifier that openMINDS states for a term itself
        is an exact match, a related anatomical term a related match; nobody says how openMINDS came to these, so the
        justification is ``semapv:UnspecifiedMatching``. The licence of a row is that of the graph that states it;
        rows that this project's rules made have none of their own.
    """
    licences = {row.graph: str(row.license) for row in ask.table("graph/sources") if row.license}
    best: dict[tuple[object, ...], dict[str, str]] = {}
    for row in ask.table("link/mappings"):
        cells = _cells(row, licences)
        known = best.setdefault(tuple(v for k, v in cells.items() if not k.endswith("_label")), cells)
        for label in ("subject_label", "object_label"):  # of several names the first
            known[label] = min(filter(None, (known[label], cells[label])), default="")
    prefixes: dict[str, str] = {}
    own = _own_prefixes({cells[c] for cells in best.values() for c in _REFERENCES if cells[c]})
    for cells in best.values():
        for column in _REFERENCES:
            cells[column] = _curie(cells[column], own, prefixes)
    lines = sorted("\t".join(cells[column] for column in _COLUMNS) for cells in best.values())
    used = {cells["license"] for cells in best.values()}
    header = {
        "mapping_set_id": f"{BASE}mapping/all",
        "mapping_set_version": version,
        "mapping_set_title": "Mappings in a graph of siibra_kg",
        "mapping_set_description": "The rows of all mapping sets of the graph, and what its sources state themselves.",
        "license": next(iter(used)) if len(used) == 1 and "" not in used else _UNSPECIFIED,
    }
    head = ["#curie_map:", *(f"#  {prefix}: {prefixes[prefix]}" for prefix in sorted(prefixes))]
    head += [f"#{key}: {value}" for key, value in header.items() if value]
    return "\n".join([*head, "\t".join(_COLUMNS), *lines]) + "\n"


def _cells(row: Row, licences: Mapping[IRI, str]) -> dict[str, str]:
    """Give the cells of a row; references are IRIs still."""
    predicate, comment = row.property, row.comment or ""
    if not row.justification and not predicate.startswith(SKOS):
        related = predicate == OM + "relatedInterspeciesAnatomy"
        predicate = IRI(SKOS + ("relatedMatch" if related else "exactMatch"))
    if not row.justification:
        comment = f"stated by {contract(row.property)}"
    return {
        "subject_id": row.subject,
        "subject_label": _tidy(row.subject_name),
        "predicate_id": predicate,
        "object_id": row.object,
        "object_label": _tidy(row.object_name),
        "mapping_justification": row.justification or _UNSPECIFIED_MATCHING,
        "license": licences.get(row.source, ""),
        "mapping_source": row.mapping_source or row.source,
        "mapping_tool": _tidy(row.tool),
        "confidence": "" if row.confidence is None else f"{row.confidence:g}",
        "comment": _tidy(comment),
    }


def _tidy(text: str | None) -> str:
    """Give text that can be a cell: the format knows no way to write a tab, and a pipe parts several values."""
    return " ".join((text or "").replace('"', "'").split())


def _own_prefixes(iris: Iterable[str]) -> dict[str, str]:
    """Number the namespaces that no prefix of ours begins: a table may hold nothing but CURIEs."""
    without = {_NAMESPACE.sub(r"\g<namespace>", iri) for iri in iris if contract(iri) == iri}
    return {namespace: f"ns{number}" for number, namespace in enumerate(sorted(without), start=1)}


def _curie(iri: str, own: Mapping[str, str], prefixes: dict[str, str]) -> str:
    """Write an IRI as CURIE and remember its prefix."""
    if not iri:
        return ""
    curie = contract(iri)
    prefix = curie.partition(":")[0]
    if curie != iri:
        prefixes[prefix] = NAMESPACES[prefix]
        return curie
    namespace, local = _NAMESPACE.sub(r"\g<namespace>", iri), _NAMESPACE.sub(r"\g<local>", iri)
    prefixes[own[namespace]] = namespace
    return f"{own[namespace]}:{local}"
