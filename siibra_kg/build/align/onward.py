"""From regions on to the terms of other vocabularies, where more than one source knows the way."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from siibra_kg.build.added import Added
from siibra_kg.build.align.mapping_rows import MappingAxiom, row_lines
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.build.added import Row

__all__ = ["allen_terms"]

_CHAINING = NAMESPACES["semapv"] + "MappingChaining"
# The share of structures that both witnesses know and for which they have a term in common: 498 of 524.
_ONE_WITNESS = 0.95
_TWO_WITNESSES = 1.0
_CONTRADICTED = 0.5


def allen_terms(rows: Iterable[Row], base: str) -> Added:
    """Give regions the terms of their structures; rows are region, predicate, term, source, comment.

    The confidence of a term says what the sources make of it together: see the rule.
    """
    terms: dict[str, dict[str, set[tuple[str, str, str]]]] = defaultdict(lambda: defaultdict(set))
    for region, predicate, term, source, comment in rows:
        if region and predicate and term and source:
            terms[region][source].add((predicate, term, comment or ""))
    found: list[MappingAxiom] = []
    for region, sources in terms.items():
        said = [{term for _, term, _ in stated} for stated in sources.values()]
        shared = set.intersection(*said) if len(said) > 1 else set()
        alone = _CONTRADICTED if len(said) > 1 and not shared else _ONE_WITNESS
        found += [
            MappingAxiom(
                region,
                predicate,
                term,
                _CHAINING,
                _TWO_WITNESSES if term in shared else alone,
                "siibra-kg",
                source,
                comment,
            )
            for source, stated in sources.items()
            for predicate, term, comment in stated
        ]
    return Added(row_lines("allen-uberon", found, base))
