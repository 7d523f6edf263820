"""The mapping of siibra's regions to openMINDS, as rows of a mapping set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.build.added import Added
from siibra_kg.build.align.mapping_rows import MappingAxiom, row_lines
from siibra_kg.build.align.match import align
from siibra_kg.build.align.nodes import world
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.build.added import Row
    from siibra_kg.build.align.match import Claim

__all__ = ["siibra_mappings"]

_SET = "siibra-to-openminds"
_LEXICAL = NAMESPACES["semapv"] + "LexicalMatching"


def siibra_mappings(rows: Iterable[Row], base: str) -> Added:
    """Map the regions of siibra to openMINDS; rows are those of :func:`siibra_kg.build.align.nodes.world`."""
    claims = align(world(rows))
    return Added(row_lines(_SET, (_axiom(claim, base) for claim in claims), base))


def _axiom(claim: Claim, base: str) -> MappingAxiom:
    source = f"{base}mapping/{_SET}"
    return MappingAxiom(
        claim.node, claim.predicate, claim.target, _LEXICAL, claim.confidence, "siibra-kg", source, claim.why
    )
