"""The mapping of siibra's regions to openMINDS, as rows of a mapping set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.build.added import Added
from siibra_kg.build.align.mapping_rows import MappingAxiom, row_lines
from siibra_kg.build.align.match import CURATED, align
from siibra_kg.build.align.nodes import world
from siibra_kg.sssom import read_mappings
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siibra_kg.build.added import Row
    from siibra_kg.build.align.match import Claim
    from siibra_kg.sssom import MappingRow

__all__ = ["TABLE", "siibra_mappings"]

#: The curated rows, which no rule overwrites.
TABLE = "siibra-region-curated"
_SET = "siibra-to-openminds"


def siibra_mappings(rows: Iterable[Row], base: str) -> Added:
    """Map the regions of siibra to openMINDS; rows are those of :func:`siibra_kg.build.align.nodes.world`."""
    everything = world(rows)
    if not everything.nodes:
        return Added([])
    claims = align(everything, _curated(base))
    return Added(row_lines(_SET, (_axiom(claim, base) for claim in claims), base))


def _curated(base: str) -> Iterator[MappingRow]:
    """Read the curated table; what it names is below the default base, whatever the base of this build."""
    for row in read_mappings(resources.folder("ontologies") / "mappings" / f"{TABLE}.sssom.tsv"):
        yield replace(row, subject=_rebased(row.subject, base), object=_rebased(row.object, base))


def _rebased(iri: str, base: str) -> IRI:
    return IRI(base + iri.removeprefix(BASE)) if iri.startswith(BASE + "id/") else IRI(iri)


def _axiom(claim: Claim, base: str) -> MappingAxiom:
    source = f"{base}mapping/{TABLE if claim.justification == CURATED else _SET}"
    return MappingAxiom(
        claim.node,
        claim.predicate,
        claim.target,
        claim.justification,
        claim.confidence,
        tool="" if claim.justification == CURATED else "siibra-kg",
        source=source,
        comment=claim.why,
    )
