"""Links to other vocabularies: UBERON, InterLex, KnowledgeSpace, NCBITaxon, structures of the Allen Institute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import Mapping
from siibra_kg.terms import IRI, contract
from siibra_kg.vocab import NAMESPACES, OM, SKOS

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row

__all__ = ["mappings"]

_SEMAPV = NAMESPACES["semapv"]
# Of two statements about one term, the one that says more comes first.
_STRENGTH = {SKOS + f"{word}Match": rank for rank, word in enumerate(("exact", "close", "narrow", "broad", "related"))}


def mappings(ask: Asker, node: IRI, to: str | None = None) -> tuple[Mapping, ...]:
    """Give the terms of other vocabularies for a node, each once: by its strongest predicate, then highest confidence.

    A row of a mapping set says itself how it was found and how sure it is. An identifier that openMINDS states for
    the node itself is an exact match; one that it states for an anatomical term related to the node
    (``relatedInterspeciesAnatomy``) is a related match; a cross-reference to a page about it is a related match too.
    Nobody states how openMINDS came to these, so the justification is ``semapv:UnspecifiedMatching``, with no
    confidence.

    Parameters
    ----------
    ask
        The graph.
    node
        A region, an entity, a controlled term, an atlas.
    to
        Keep the terms of one prefix, for instance ``"UBERON"``, ``"ILX"`` or ``"MBA"``.
    """
    stated = [row for row in ask.table("link/terms", node=node) if to is None or _prefix(row.term) == to]
    subjects = {row.via for row in stated if "/graph/mapping/" in row.source}
    rows: dict[tuple[IRI, IRI, IRI], list[Row]] = {}
    for row in ask.table("link/rows", nodes=sorted(subjects)) if subjects else ():
        rows.setdefault((row.subject, row.property, row.object), []).append(row)
    found: list[Mapping] = []
    for row in stated:
        label = row.term_name or ("" if row.property.startswith(SKOS) else row.via_name or "")
        if known := rows.get((row.via, row.property, row.term)):
            found += [_mapping(node, mapped, label) for mapped in known]
        else:
            found.append(_stated(node, row, label))
    best: dict[IRI, Mapping] = {}
    for mapping in sorted(found, key=_order):
        best.setdefault(mapping.object, mapping)
    return tuple(best.values())


def _prefix(term: IRI) -> str:
    return contract(term).partition(":")[0]


def _order(mapping: Mapping) -> tuple[int, float, IRI, str]:
    sure = -1.0 if mapping.confidence is None else mapping.confidence
    return _STRENGTH.get(mapping.predicate, len(_STRENGTH)), -sure, mapping.object, str(mapping.source)


def _mapping(node: IRI, row: Row, label: str) -> Mapping:
    source = row.mapping_source or row.source
    return Mapping(node, row.property, row.object, label, row.justification, row.confidence, source)


def _stated(node: IRI, row: Row, label: str) -> Mapping:
    if row.property.startswith(SKOS):
        predicate = row.property
    else:
        own = row.via == node and row.property != OM + "preferredCrossReference"
        predicate = IRI(SKOS + ("exactMatch" if own else "relatedMatch"))
    return Mapping(node, predicate, row.term, label, IRI(_SEMAPV + "UnspecifiedMatching"), None, row.source)
