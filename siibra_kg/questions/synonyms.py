"""Regions of one release by what others call them: terms, entities of other atlases, Brodmann's numbers.

"VISp" in the Allen mouse atlas: no region there has this abbreviation in openMINDS, but the primary visual area of
Swanson's rat atlas has, and the Allen atlas has a region of that name. "BA17" in Julich-Brain: its areas carry
Brodmann's numbers in their names, "Area hOc1 (V1, 17, CalcS)"; so does "striate cortex", another name of that area.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from siibra_kg.names import key, split_hemisphere
from siibra_kg.questions import region_search
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.model import Parcellation
    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = ["by_brodmann", "by_synonym", "of_term"]

_BRODMANN = re.compile(r"^(?:human )?(?:ba|b|brodmann(?: s)?(?: 1909)? area|brodmann) ?(?P<number>[0-9]+[a-z]?)$")
#: Vocabularies whose terms regions are mapped to.
_TERMS = tuple(NAMESPACES[p] for p in ("UBERON", "ILX", "MBA", "HBA", "DHBA"))


def by_synonym(ask: Asker, spec: str, home: Parcellation) -> dict[IRI, int]:
    """Give the regions that a synonym, known elsewhere in the graph, stands for in a release."""
    base, side = split_hemisphere(spec)
    if not base:
        return {}
    rows = ask.table("link/other-names", keys=(base,))
    hits = _by_names(ask, sorted({key(name) for name in rows.column("name")} - {base, ""}), home)
    if not hits:
        written = spec.strip() if side is None else base
        texts = ask.table(
            "link/from-text", texts=tuple(dict.fromkeys((written, written.lower(), written.capitalize())))
        )
        hits = _of_terms(ask, tuple(sorted({*rows.column("iri"), *texts.column("iri")})), home)
    return hits if side is None else region_search.sided(ask, hits, side, (home,))


def by_brodmann(ask: Asker, spec: str, home: Parcellation) -> dict[IRI, int]:
    """Give the regions that carry a number of Brodmann's in their names, where a spec is such a number."""
    base, side = split_hemisphere(spec)
    found = _BRODMANN.match(base)
    if found is None:
        return {}
    number = found["number"]
    # The number of an area or of its parts, or a synonym in brackets; not that of "Ch 4" or of a layer.
    called = re.compile(rf"\b[Aa]rea {number}([a-z]+[0-9]*)?\b|[(,] *{number} *[,)]")
    hits = {iri: region_search.SYNONYM for iri, name in region_search.names(ask, home) if called.search(name)}
    return hits if side is None else region_search.sided(ask, hits, side, (home,))


def of_term(ask: Asker, term: IRI, home: Parcellation) -> dict[IRI, int]:
    """Give the regions of a release that a term of another vocabulary stands for."""
    return _of_terms(ask, (term,), home) if term.startswith(_TERMS) else {}


def _by_names(ask: Asker, names: Sequence[str], home: Parcellation) -> dict[IRI, int]:
    """Give the regions that have one of the names of what goes by a spec in another atlas or vocabulary."""
    hits: dict[IRI, int] = {}
    for name in names:
        hits.update(dict.fromkeys(region_search.by_key(ask, name, (home,)), region_search.SYNONYM))
    for name in () if hits else names:
        hits.update(by_brodmann(ask, name, home))
    return hits


def _of_terms(ask: Asker, terms: tuple[IRI, ...], home: Parcellation) -> dict[IRI, int]:
    if not terms:
        return {}
    rows = ask.table("region/by-term", terms=terms, release=home.iri)
    return dict.fromkeys(rows.column("iri"), region_search.SYNONYM)
