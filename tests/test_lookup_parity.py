"""Look-ups beside siibra-python 1.0.1a25: the same region, parcellation and space, or a difference with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg import siibra_find
from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.names import key
from siibra_kg.siibra_names import query_tokens
from tests import lookup_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg import KnowledgeGraph
    from tests.oracle.peer import Peer

pytestmark = [pytest.mark.mirror, pytest.mark.peer, pytest.mark.slow]

# Two processes on two cores: about 25 s for the names, 30 s for the parts of names.
WORKERS = 2
INEXACT = 1200


@dataclass(frozen=True, slots=True)
class Case:
    """One look-up: what was asked, siibra's answer, ours as place in siibra's preorder, and siibra's own tree."""

    spec: str
    theirs: list[Any]
    ours: list[Any]
    tree: siibra_find.Tree

    @property
    def found_by_siibra(self) -> tuple[int, ...]:
        """Places of all nodes that siibra finds, the parcellation included."""
        return siibra_find.find(self.tree, self.spec, ranked=False)


def _the_parcellation(case: Case) -> bool:
    return 0 in case.found_by_siibra and case.theirs[0] in ("one", "several")


def _nothing_said(case: Case) -> bool:
    return not query_tokens(case.spec)


def _a_number(case: Case) -> bool:
    return case.spec.strip().isdecimal() and case.ours[0] == "several"


def _a_whole_name(case: Case) -> bool:
    return case.theirs[0] == "several" and case.ours[0] == "one" and key(case.ours[2]) == key(case.spec)


def _found_more(case: Case) -> bool:
    return case.theirs[0] == "none"


#: Every way in which an answer may differ from siibra's, and why ours is right.
REASONS: Mapping[str, Callable[[Case], bool]] = {
    # "hemisphere" and "both" are taken out of a query, and what is left of it matches every region.
    "a text without words names nothing": _nothing_said,
    # siibra's parcellation is the root region of its own tree. Here a release is no region.
    "the parcellation is no region": _the_parcellation,
    # "4" is a word of "Ch 4 (Basal Forebrain)" alone, but Area 4a and Area 4p are what is left of Brodmann's area 4.
    "a number is the number of an area": _a_number,
    # openMINDS has a region of exactly this name.
    "the whole name of one region": _a_whole_name,
    # By synonyms, abbreviations, ids, other spellings and beginnings of words.
    "siibra finds nothing": _found_more,
}


@pytest.fixture(scope="module")
def places(both: KnowledgeGraph) -> dict[str, int]:
    """Give siibra's place of every region that it has."""
    rows = both.sparql("SELECT ?iri ?place WHERE { ?iri a skg:Region ; skg:siibraOrder ?place }")
    return {row.iri: int(str(row.place)) for row in rows}


@pytest.fixture(scope="module")
def trees(configurations: dict[str, Any], peer: Peer) -> dict[str, siibra_find.Tree]:
    """Give siibra's own trees."""
    out = {}
    for home in peer.ask("about")["parcellations"]:
        name, *_ = (nodes := peer.ask("tree", parcellation=home["id"]))[0]
        regions = [(n, parent) for n, _, _, parent in nodes[1:]]
        out[home["id"]] = siibra_find.Tree.make(name, home["id"], home["shortname"], regions)
    assert len(out) == len(lookup_specs.parcellations(configurations)) == 29
    return out


def _ask(kg: KnowledgeGraph, home: str, spec: str, places: Mapping[str, int]) -> list[Any]:
    try:
        found = kg.region(spec, home)
    except AmbiguousName as error:
        return ["several"] if len(set(error.candidates)) > 1 else ["ambiguous between one"]
    except NoSuchName:
        return ["none"]
    return ["one", places.get(found.iri), found.name]


def _compare(
    kg: KnowledgeGraph,
    peer: Peer,
    specs: list[tuple[str, str]],
    places: Mapping[str, int],
    trees: Mapping[str, siibra_find.Tree],
) -> Counter[str]:
    """Give how often each reason for a difference came; a difference without a reason fails."""
    reasons: Counter[str] = Counter()
    strange = []
    for (home, spec), theirs in zip(specs, peer.ask("region", queries=specs, workers=WORKERS), strict=True):
        ours = _ask(kg, home, spec, places)
        if ours[0] == theirs[0] and (ours[0] != "one" or ours[1] == theirs[2]):
            reasons["same"] += 1
            continue
        case = Case(spec, theirs, ours, trees[home])
        reason = next((name for name, holds in REASONS.items() if holds(case)), None)
        reasons[reason or "strange"] += 1
        if reason is None:
            strange.append((home, spec, theirs, ours))
    assert not strange, strange[:20]
    return reasons


def test_every_name_of_every_region_gives_the_region_that_siibra_gives(both, peer, configurations, places, trees):
    specs = lookup_specs.exact(configurations)
    assert len(specs) == 9726
    assert _compare(both, peer, specs, places, trees) == {"same": 9726}


def test_parts_and_variants_of_names_give_what_siibra_gives_or_a_difference_with_a_reason(
    both, peer, configurations, places, trees
):
    specs = lookup_specs.inexact(configurations, INEXACT)
    reasons = _compare(both, peer, specs, places, trees)
    print(reasons)
    assert reasons["same"] > 0.8 * INEXACT


def test_siibras_rules_are_kept_where_they_are_kept(peer, configurations, trees):
    """The pure functions, the parcellation included, decide exactly as siibra does."""
    specs = lookup_specs.inexact(configurations, 400)
    for (home, spec), theirs in zip(specs, peer.ask("region", queries=specs, workers=WORKERS), strict=True):
        found = siibra_find.get_region(trees[home], spec)
        ours = ["none"] if not found else ["several"] if len(found) > 1 else ["one", home, found[0]]
        assert ours == theirs, (home, spec)
