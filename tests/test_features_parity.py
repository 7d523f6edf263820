"""Feature queries beside siibra-python 1.0.1a25: every anchor, every region of all parcellations, every place.

siibra runs in a process of its own (``tests/oracle``). What differs, and why, is in ``docs/features.md``.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg.locations import BoundingBox, Point
from siibra_kg.qualification import Qualification
from siibra_kg.questions import regions
from siibra_kg.terms import IRI, local_name

if TYPE_CHECKING:
    from oracle.peer import Peer

    from siibra_kg import KnowledgeGraph

pytestmark = [pytest.mark.peer, pytest.mark.mirror, pytest.mark.slow]

Place = tuple[IRI, int]
BIGBRAIN = "minds/core/referencespace/v1.0.0/a1655b99-82f1-420f-a3c2-fe80fd4c8588"


@pytest.fixture(scope="module")
def releases(both: KnowledgeGraph) -> dict[str, IRI]:
    """Give the release of each of siibra's ids."""
    found = both.sparql(
        "SELECT ?iri ?id { ?iri a skg:ParcellationRelease ; skg:siibraName ?n ; dcterms:identifier ?id }"
    )
    return {str(row.id): row.iri for row in found}


@pytest.fixture(scope="module")
def places(both: KnowledgeGraph, releases: dict[str, IRI]) -> dict[Place, IRI]:
    """Give the region at each place of each of siibra's trees; place 0 is the parcellation."""
    rows = both.sparql(
        "SELECT ?home ?order ?iri { ?node skg:ofRelease ?home ; skg:siibraOrder ?order ; skg:configures ?iri }"
    )
    found = {(row.home, int(row.order.value)): row.iri for row in rows}
    return found | {(release, 0): release for release in releases.values()}


@pytest.fixture(scope="module")
def siibra(peer: Peer) -> dict[str, Any]:
    """Give siibra's relation of each anchor to each region."""
    found: dict[str, Any] = peer.ask("assignments")
    assert found["shared"] == []  # so that a region can relate to its own tree alone
    return found


@pytest.fixture(scope="module")
def expected(siibra: dict[str, Any], releases: dict[str, IRI]) -> dict[tuple[str, str], dict[Place, str]]:
    """Give for each anchor, as this graph writes it, the regions that it relates to in siibra, and how."""
    return {
        (str(releases.get(a["text"], a["text"])), a["species"][0]): {(releases[p], n): q for p, n, q in a["nodes"]}
        for a in siibra["anchors"]
    }


@pytest.fixture(scope="module")
def anchors(both: KnowledgeGraph) -> dict[tuple[str, str], list[IRI]]:
    """Give the features of each anchor: text or release, and species."""
    found = defaultdict(list)
    for row in both.sparql(
        "SELECT ?iri ?text ?release ?species { ?iri a skg:Feature ; om:usedTaxon/om:name ?species "
        "OPTIONAL { ?iri skg:anchorText ?text } OPTIONAL { ?iri skg:anchorRelease ?release } }"
    ):
        if row.text or row.release:
            found[str(row.text or row.release), str(row.species)].append(row.iri)
    return dict(found)


def relations(both: KnowledgeGraph, places: dict[Place, IRI]) -> dict[IRI, dict[Place, str]]:
    """Give for each feature how it relates to each region, in bulk, from the anchors that siibra has as well."""
    at = defaultdict(list)
    for place, region in places.items():
        at[region].append(place)
    near: dict[IRI, list[tuple[str, IRI]]] = defaultdict(list)
    inner = "{ SELECT DISTINCT ?s { ?f skg:anchoredByName ?s } }"
    path = "skos:broaderTransitive|skos:inScheme"
    for said, pattern in (("CONTAINED", f"?s {path} ?n"), ("CONTAINS", f"?n {path} ?s")):
        for row in both.sparql(f"SELECT DISTINCT ?s ?n {{ {inner} {pattern} }}"):
            near[row.s].append((said, row.n))
    found: dict[IRI, dict[Place, str]] = defaultdict(dict)
    rank = {q.name: q.rank for q in Qualification}
    for row in both.sparql("SELECT ?f ?s { ?f skg:anchoredByName ?s }"):
        for said, node in (("EXACT", row.s), *near[row.s]):
            for place in at.get(node, ()):
                known = found[row.f].get(place, said)
                found[row.f][place] = min(known, said, key=rank.__getitem__)
    return found


def test_every_anchor_relates_to_every_region_as_in_siibra(both, places, expected, anchors):
    """51 anchors, 360 features of this graph, against 9,755 nodes of 29 trees; nothing differs."""
    assert len(places) == 9_755
    assert set(anchors) == set(expected)
    found = relations(both, places)
    differing = {}
    for anchor, features in anchors.items():
        for feature in features:
            ours, theirs = found.get(feature, {}), expected[anchor]
            if ours != theirs:
                differing[feature] = sorted(ours.items() ^ theirs.items())[:3]
    assert differing == {}
    assert sum(map(len, anchors.values())) == 360
    assert sum(map(len, expected.values())) == 3_590


def test_there_are_as_many_features_of_each_class_as_siibra_counts(both, siibra, peer):
    theirs = Counter()
    for anchor in siibra["anchors"]:
        theirs.update(anchor["classes"])
    ours = Counter()
    for row in both.query("feature/list"):
        if row.anchor or row.release:
            ours[local_name(row.modality_class)] += row.size or 1
    assert ours == theirs
    assert ours["RegionalBOLD"] == 2_688
    everything = Counter(feature["class"] for feature in peer.ask("anchors"))
    assert {m.name: m.elements for m in both.modalities() if m.elements} == everything


def test_a_query_gives_what_the_anchors_say(both, places, expected, anchors):
    """A sample of calls, with all that siibra matches for these regions: every feature, and how."""
    sample = random.Random(20).sample(sorted(places), 40) + [p for p in sorted(places) if p[1] == 0][::4]
    sample += random.Random(21).sample(sorted({p for related in expected.values() for p in related}), 40)
    for place in sample:
        wanted = {
            feature: related[place].lower()
            for anchor, related in expected.items()
            if place in related
            for feature in anchors[anchor]
        }
        home, order = place
        concept = both.parcellation(home) if order == 0 else regions.describe(both._ask, (places[place],))[0]
        found = both.features(concept, anchoring="siibra")
        assert {m.feature.iri: str(m.qualification) for m in found} == wanted, concept
        assert {m.made_by for m in found} <= {"name"}
        ranks = [m.qualification.rank for m in found]
        assert ranks == sorted(ranks)


def test_places_relate_to_the_locations_of_features_as_in_siibra(both, peer):
    """Boxes and points of BigBrain; sections have no configured box, siibra would ask a server for it."""
    rng = random.Random(3)
    rows = both.query("feature/locations", space=both.space("big brain").iri)
    points = [(row.x, row.y, row.z) for row in rows if row.x is not None]
    boxes = [((r.min_x, r.min_y, r.min_z), (r.max_x, r.max_y, r.max_z)) for r in rows if r.min_x is not None]
    asked: list[dict[str, Any]] = [{"point": p} for p in rng.sample(points, 8)]
    asked += [{"point": [rng.uniform(-60, 60) for _ in range(3)]} for _ in range(30)]
    asked += [{"box": box} for box in boxes]
    asked += [{"box": [[rng.uniform(-70, 70) for _ in range(3)] for _ in range(2)]} for _ in range(60)]
    # An id of the source may be that of two features: answers are counted by id.
    ids = {r.iri: str(r.id) for r in both.sparql("SELECT ?iri ?id { ?iri a skg:Feature ; dcterms:identifier ?id }")}
    clouds = Counter(ids[row.iri] for row in rows if row.location.endswith("/point/1"))
    seen: Counter[str] = Counter()
    answers = peer.ask("located", queries=[{"space": BIGBRAIN, **query} for query in asked])
    for query, theirs in zip(asked, answers, strict=True):
        place = Point(query["point"], "big brain") if "point" in query else BoundingBox(*query["box"], "big brain")
        ours = Counter((ids[m.feature.iri], m.qualification.name) for m in both.features(place))
        failed = Counter(name for name, said in theirs if said == "RecursionError")
        # siibra looks for ever whether a cloud has a point; here that is an answer.
        assert failed == (clouds if "point" in query else Counter())
        told = Counter((name, said) for name, said in theirs if name not in failed)
        assert Counter({key: n for key, n in ours.items() if key[0] not in failed}) == told, query
        seen.update(said for _, said in ours)
    assert {"EXACT", "CONTAINS", "CONTAINED", "OVERLAPS"} == set(seen)


def test_rows_of_matrices_stand_for_the_regions_that_siibra_gives(both, peer, places, releases, configurations):
    """All 1,278 different rows, 13,574 with their repetitions; each is one region."""
    named = {
        (document["parcellation"]["@id"], name)
        for document in configurations.values()
        if isinstance(document, dict) and isinstance(document.get("regions"), list) and "modality" in document
        for name in document["regions"]
        if isinstance(name, str)
    }
    pairs = sorted(named)
    theirs = dict(zip(pairs, peer.ask("region", queries=[list(pair) for pair in pairs]), strict=True))
    assert Counter(answer[0] for answer in theirs.values()) == {"one": 1_278}
    ours = {
        (row.home, str(row.name)): row.iri
        for row in both.sparql(
            "SELECT ?home ?name ?iri { ?list skg:hasRow ?row ; skg:ofRelease ?home . "
            "?row rdfs:label ?name ; skg:region ?iri }"
        )
    }
    assert ours == {(releases[p], name): places[releases[a[1]], a[2]] for (p, name), a in theirs.items()}
