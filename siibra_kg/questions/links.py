"""Links to other vocabularies: UBERON, InterLex, KnowledgeSpace, NCBITaxon, and mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import Mapping
from siibra_kg.terms import IRI, contract
from siibra_kg.vocab import NAMESPACES, OM, SKOS

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker

__all__ = ["mappings"]

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
