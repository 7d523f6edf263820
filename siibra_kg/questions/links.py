"""Links to other vocabularies: UBERON, InterLex, KnowledgeSpace, NCBITaxon, and mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import Mapping
from siibra_kg.terms import IRI, contract
from siibra_kg.vocab import NAMESPACES, OM, SKOS

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row

__all__ = ["mappings", "sssom"]

_SEMAPV = NAMESPACES["semapv"]


def mappings(ask: Asker, node: IRI, to: str | None = None) -> tuple[Mapping, ...]:
    """Give the terms of other vocabularies for a node.

    A SKOS mapping in the graph keeps its predicate. An identifier that openMINDS states for the node itself is an
    exact match; one that it states for an anatomical term related to the node (``relatedInterspeciesAnatomy``) is a
    related match; a cross-reference to a page about it is a related match too. Nobody states how openMINDS came to
    these, so the justification is ``semapv:UnspecifiedMatching``.

    Parameters
    ----------
    ask
        The graph.
    node
        A region, an entity, a controlled term, an atlas.
    to
        Keep the terms of one prefix, for instance ``"UBERON"`` or ``"ILX"``.
    """
    found: dict[tuple[IRI, IRI], Mapping] = {}
    for row in ask.table("link/terms", node=node):
        if to is not None and not contract(row.term).startswith(f"{to}:"):
            continue
        if row.property.startswith(SKOS):
            predicate, reason = row.property, _SEMAPV + "MappingReview"
        else:
            own = row.via == node and row.property != OM + "preferredCrossReference"
            predicate = IRI(SKOS + ("exactMatch" if own else "relatedMatch"))
            reason = _SEMAPV + "UnspecifiedMatching"
        mapping = Mapping(node, predicate, row.term, row.via_name or "", IRI(reason), 1.0, row.source)
        found.setdefault((predicate, row.term), mapping)
    return tuple(found.values())


def sssom(ask: Asker, version: str) -> str:
    """Write everything that the graph states about terms of other vocabularies as an SSSOM table.

    Parameters
    ----------
    ask
        The graph.
    version
        Of the mapping set: the content hash of the snapshot, or empty.

    Returns
    -------
    str
        SSSOM/TSV with embedded metadata (https://w3id.org/sssom/spec), sorted, one row per statement. An identifier
        that openMINDS states for a term itself is an exact match, a related anatomical term a related match; nobody
        states how openMINDS came to these, so the justification is ``semapv:UnspecifiedMatching``.
    """
    rows = ask.table("link/mappings")
    cells = sorted({_sssom_row(row) for row in rows})
    used = sorted({c.partition(":")[0] for row in cells for c in (row[0], row[2], row[3], row[5], row[6]) if ":" in c})
    lines = ["#curie_map:", *(f"#  {p}: {NAMESPACES[p]}" for p in used if p in NAMESPACES)]
    lines += [
        f"#mapping_set_id: {NAMESPACES['skg'].removesuffix('vocab/')}mapping/openminds",
        *([f"#mapping_set_version: {version}"] if version else []),
        "#mapping_set_title: Terms of other vocabularies as stated by the sources of a siibra_kg graph",
        "#license: https://spdx.org/licenses/MIT",
        "\t".join(_SSSOM),
    ]
    return "\n".join([*lines, *("\t".join(row) for row in cells)]) + "\n"


_SSSOM = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label",
    "mapping_justification", "mapping_source", "comment",
)  # fmt: skip


def _sssom_row(row: Row) -> tuple[str, ...]:
    predicate = row.property
    if not predicate.startswith(SKOS):
        related = predicate == OM + "relatedInterspeciesAnatomy"
        predicate = IRI(SKOS + ("relatedMatch" if related else "exactMatch"))
    labels = (" ".join((label or "").split()) for label in (row.subject_name, row.object_name))
    subject_label, object_label = labels
    justification = "semapv:MappingReview" if row.property.startswith(SKOS) else "semapv:UnspecifiedMatching"
    stated = f"stated by {contract(row.property)}"
    return (
        contract(row.subject), subject_label, contract(predicate), contract(row.object), object_label,
        justification, contract(row.source), stated,
    )  # fmt: skip
