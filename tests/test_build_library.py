"""The whole openMINDS library: what the build infers, against counts made from the raw documents by plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import pytest
import zstandard
from building import ask

from siibra_kg.build import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.build.snapshot import Snapshot

pytestmark = pytest.mark.mirror

GRAPH = "PREFIX g: <https://w3id.org/siibra-kg/graph/>\nPREFIX rule: <https://w3id.org/siibra-kg/graph/rule/>\n"


def local(iri: str) -> str:
    return iri.rpartition("/")[2]


def ids(value: Any) -> list[str]:
    """Give the last segments of a link or a list of links."""
    items = value if isinstance(value, list) else [value]
    return [local(item["@id"]) for item in items if item]


@dataclass(frozen=True)
class Raw:
    """The library as plain dictionaries, by class and id."""

    documents: dict[str, dict[str, Any]]

    def of(self, name: str) -> dict[str, dict[str, Any]]:
        return {local(i): d for i, d in self.documents.items() if local(d["@type"]) == name}

    @cached_property
    def entities(self) -> dict[str, dict[str, Any]]:
        return self.of("ParcellationEntity")

    @cached_property
    def versions(self) -> dict[str, dict[str, Any]]:
        return self.of("ParcellationEntityVersion")

    @cached_property
    def atlas_versions(self) -> dict[str, dict[str, Any]]:
        return self.of("AnatomicalAtlasVersion")

    @cached_property
    def lists(self) -> dict[str, set[str]]:
        """Entity versions by atlas version: the terminology's, mended, and those of its prefix that nobody lists."""
        typos = {
            "WHSSDatlas_v2_frontalAssociiationCortex": "WHSSDatlas_v2_frontalAssociationCortex",
            "WHSSDatlas_v2_spinalTrigeminalNuclus": "WHSSDatlas_v2_spinalTrigeminalNucleus",
        }
        out = {
            name: {typos.get(e, e) for e in ids((d["hasTerminology"] or {}).get("hasEntity") or [])}
            & set(self.versions)
            for name, d in self.atlas_versions.items()
        }
        listed = set().union(*out.values())
        for version in set(self.versions) - listed:
            for name, members in out.items():
                if version.startswith(name + "_"):
                    members.add(version)
        return out

    @cached_property
    def entity_of(self) -> dict[str, str]:
        """Entity by entity version, as the documents state it."""
        return {v: ids(d["isVersionOf"])[0] for v, d in self.versions.items() if d["isVersionOf"]}

    @cached_property
    def releases(self) -> set[frozenset[str]]:
        """Groups of atlas versions that are variants of each other."""
        groups = {name: {name} for name in self.atlas_versions}
        for name, d in self.atlas_versions.items():
            for other in ids(d["isVariantOf"] or []):
                joined = groups[name] | groups[other]
                for member in joined:
                    groups[member] = joined
        return {frozenset(group) for group in groups.values()}


@pytest.fixture(scope="module")
def raw(library: dict[str, dict[str, bytes]]) -> Raw:
    documents = map(json.loads, library["latest"].values())
    return Raw({d["@id"]: d for d in documents})


def count(snapshot: Snapshot, pattern: str, what: str = "*") -> int:
    return int(ask(snapshot, f"{GRAPH}SELECT (COUNT({what}) AS ?n) WHERE {{ {pattern} }}")[0][0])


def test_every_document_is_read_and_none_is_set_aside(full_snapshot: Snapshot, raw: Raw) -> None:
    report = full_snapshot.report()
    assert report.documents == 17_432
    # One document is there twice, with one content: as .json and as .jsonld.
    assert len(raw.documents) == 17_431
    assert report.set_aside == report.duplicates == report.cycles == report.missing == ()


def test_every_missing_entity_is_found(full_snapshot: Snapshot, raw: Raw) -> None:
    """1,662 entity versions outside of the Allen mouse atlas name no entity; the reference could repair 1,661."""
    lacking = {v for v in raw.versions if v not in raw.entity_of and not v.startswith("AMBA_")}
    assert len(lacking) == 1_662
    query = GRAPH + "SELECT ?v WHERE { GRAPH <https://w3id.org/siibra-kg/graph/repair/%s> { ?v om:isVersionOf ?e } }"
    stem = {local(v) for (v,) in ask(full_snapshot, query % "version-of-stem")}
    name = {local(v) for (v,) in ask(full_snapshot, query % "version-of-name")}
    assert stem | name == lacking
    assert len(stem) == 1_533
    assert not stem & name
    assert {v for v in name if "-BigBrain_" not in v} == {
        "WHSSDatlas_v3.01_deeperCerebellum",
        "WHSSDatlas_v3.01_ventralPeriolivaryNucleus",
    }
    assert len(name) == 127 + 2


def test_the_repairs_predict_all_known_entities_but_never_a_wrong_one(raw: Raw) -> None:
    """The stem and name rules, said again in Python, against the 5,084 links that openMINDS states."""
    by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entity, d in raw.entities.items():
        by_name[entity.partition("_")[0], d["name"]].add(entity)
    outcome: Counter[str] = Counter()
    trapped: list[str] = []
    for atlas_version, versions in raw.lists.items():
        atlas = ids(raw.atlas_versions[atlas_version]["isVersionOf"])[0]
        for version in sorted(versions & set(raw.entity_of)):
            d, known = raw.versions[version], raw.entity_of[version]
            stem = f"{atlas}_{version[len(atlas_version) + 1 :].partition('_PM-v')[0]}"
            belongs = version.startswith(atlas_version + "_") and stem in raw.entities
            if belongs and stem != known:
                trapped.append(version)
            if belongs and d["correctedName"] in (None, raw.entities[stem]["name"]):
                outcome["stem right" if stem == known else "stem wrong"] += 1
            named = by_name[atlas, d["correctedName"] or d["name"]]
            if len(named) == 1:
                outcome["name right" if named == {known} else "name wrong"] += 1
    assert len(raw.entity_of) == 5_084
    assert len(trapped) == 31
    assert all(v.startswith("WHSSDatlas_") for v in trapped)
    assert outcome["stem wrong"] == outcome["name wrong"] == 0
    assert outcome["stem right"] > 3_900
    assert outcome["name right"] > 5_000


def test_every_entity_version_is_listed_somewhere(full_snapshot: Snapshot, raw: Raw) -> None:
    rows = ask(
        full_snapshot,
        "SELECT ?a ?v WHERE { ?a om:hasTerminology/om:hasEntity ?v . ?v a omt:ParcellationEntityVersion }",
    )
    got = defaultdict(set)
    for atlas_version, version in set(rows):
        got[local(atlas_version)].add(local(version))
    assert dict(got) == {name: members for name, members in raw.lists.items() if members}
    assert set().union(*got.values()) == set(raw.versions)
    repaired = {r.name: r.triples for r in full_snapshot.report().rules}
    # 32 are unlisted; the two of Waxholm v2 are mended by name.
    assert repaired["unlisted-versions"] == 30
    assert repaired["unlisted-entities"] == 3


def test_releases_are_the_cliques_of_variants(full_snapshot: Snapshot, raw: Raw) -> None:
    groups = defaultdict(set)
    for release, version in ask(full_snapshot, "SELECT ?r ?v WHERE { ?r skg:hasSpatialRealisation ?v }"):
        groups[release].add(local(version))
    assert {frozenset(g) for g in groups.values()} == raw.releases
    assert Counter(len(g) > 1 for g in raw.releases) == {True: 9, False: 25}
    assert groups["/id/release/jba-v3.0.3"] == {
        f"JBA_v3.0.3-{s}" for s in ("BigBrain", "Colin27", "MNI152", "fsaverage")
    }
    assert {"/id/release/whssdatlas-v4", "/id/release/amba-ccfv3-2017", "/id/release/jba-v1.13"} <= set(groups)


def test_the_chain_of_releases_follows_is_preceded_by(full_snapshot: Snapshot, raw: Raw) -> None:
    release = {member: group for group in raw.releases for member in group}
    expected = {
        (release[name], release[before])
        for name, d in raw.atlas_versions.items()
        for before in ids(d["isPrecededBy"] or [])
    }
    assert count(full_snapshot, "?r dcat:previousVersion ?p") == len(expected) == 15


def test_regions_are_releases_by_entity_or_by_id(full_snapshot: Snapshot, raw: Raw) -> None:
    repaired = {
        local(v): local(e)
        for v, e in ask(full_snapshot, "SELECT ?v ?e WHERE { ?v om:isVersionOf ?e . ?e a omt:ParcellationEntity }")
    }
    expected = {
        (group, repaired.get(version, version))
        for group in raw.releases
        for name in group
        for version in raw.lists[name]
    }
    pattern = "?r a skg:Region MINUS { ?r a skg:HemisphereRegion } MINUS { ?r a skg:ContextRegion }"
    assert count(full_snapshot, pattern) == len(expected) == 10_031
    assert count(full_snapshot, "?r skg:realisedBy ?v . ?v a omt:ParcellationEntityVersion") == sum(
        len(members) for members in raw.lists.values()
    )


def parents(raw: Raw, version: str) -> set[str]:
    """Give the parent entities of an entity version that exist, with the one known repair."""
    mended = {"JBA_sublenticularBasalForebrain": "JBA_sublenticularPart"}
    stated = ids(raw.versions[version]["hasParent"] or [])
    return {mended.get(p, p) for p in stated} & set(raw.entities)


def test_every_stated_parent_is_a_part_of_edge_inside_its_release(full_snapshot: Snapshot, raw: Raw) -> None:
    """4,588 links lead to an entity that exists, 20 more to one that a repair names."""
    stated = sum(len(parents(raw, v)) for v in raw.versions)
    assert stated == 4_588 + 20
    rows = ask(
        full_snapshot,
        """SELECT ?v ?p WHERE {
          ?r skg:realisedBy ?v ; skg:partOf ?w ; skos:inScheme ?s . ?v a omt:ParcellationEntityVersion .
          ?w skg:isVersionOf ?p ; skos:inScheme ?s . ?v om:hasParent ?p }""",
    )
    assert len(set(rows)) == stated
    assert count(full_snapshot, "?a skg:partOf ?b ; skos:inScheme ?s . ?b skos:inScheme ?t FILTER(?s != ?t)") == 0


def test_context_regions_are_the_entities_above_that_the_release_does_not_realise(
    full_snapshot: Snapshot, raw: Raw
) -> None:
    def up(entity: str) -> Iterator[str]:
        yield entity
        stated = ids(raw.entities[entity]["hasParent"] or [])
        for parent in stated:
            mended = "JBA_sublenticularPart" if parent == "JBA_sublenticularBasalForebrain" else parent
            if mended in raw.entities:
                yield from up(mended)

    entity_of = {
        local(v): local(e)
        for v, e in ask(full_snapshot, "SELECT ?v ?e WHERE { ?v om:isVersionOf ?e . ?e a omt:ParcellationEntity }")
    }
    expected = 0
    for group in raw.releases:
        members = set().union(*(raw.lists[name] for name in group))
        above = {e for v in members for p in parents(raw, v) for e in up(p)}
        expected += len(above - {entity_of.get(v, "") for v in members})
    assert count(full_snapshot, "?r a skg:ContextRegion") == expected == 850


def test_hemispheres_are_the_sides_of_annotations(full_snapshot: Snapshot, raw: Raw) -> None:
    both = sum(
        {s for a in d["hasAnnotation"] or [] for s in ids(a["laterality"])} == {"left", "right"}
        for d in raw.versions.values()
    )
    assert both == 7_133
    pattern = """?v a omt:ParcellationEntityVersion . ?r skg:realisedBy ?v . ?v om:hasAnnotation ?a , ?b .
        ?one skg:realisedBy ?a ; skg:laterality omi:laterality\\/left ; skg:contralateralTo ?two .
        ?two skg:realisedBy ?b ; skg:laterality omi:laterality\\/right"""
    assert count(full_snapshot, pattern, "DISTINCT ?v") == both
    pattern = "?h a skg:HemisphereRegion MINUS { ?h skg:contralateralTo ?o }"
    assert count(full_snapshot, pattern) == 116  # all of the marmoset atlas, which has one hemisphere
    assert count(full_snapshot, "?h a skg:HemisphereRegion") == 10_012


def test_labels_and_colours_are_those_of_the_documents(full_snapshot: Snapshot, raw: Raw) -> None:
    labels: Counter[str] = Counter()
    colors: Counter[str] = Counter()
    for d in raw.versions.values():
        for a in d["hasAnnotation"] or []:
            labels[a["internalIdentifier"] or ""] += 1
            color = ((a["preferredVisualization"] or {}).get("preferredDisplayColor") or {}).get("@id", "")
            colors["#" + color.partition("#")[2] if "singleColor" in color else ""] += 1
    rows = ask(full_snapshot, "SELECT ?n WHERE { ?a a omt:AtlasAnnotation ; skg:label ?n }")
    assert Counter(n for (n,) in rows) == {n: k for n, k in labels.items() if n}
    rows = ask(full_snapshot, "SELECT ?c WHERE { ?a a omt:AtlasAnnotation ; skg:colorHex ?c }")
    assert Counter(c for (c,) in rows) == {c.upper(): k for c, k in colors.items() if c}
    assert sum(k for n, k in labels.items() if n) == 3_550
    assert len(rows) == 3_344


def test_waxholm_label_128_is_the_deep_core_of_the_dorsal_cochlear_nucleus(full_snapshot: Snapshot) -> None:
    rows = ask(
        full_snapshot,
        """SELECT ?name ?color WHERE {
          ?r skos:inScheme <https://w3id.org/siibra-kg/id/release/whssdatlas-v4> ; skos:prefLabel ?name ;
            skg:colorHex ?color ; skg:realisedBy/om:hasAnnotation/skg:label 128 }""",
    )
    assert rows == [("dorsal cochlear nucleus, deep core", "#C5EEFF")]


def test_the_path_of_hoc1_leads_to_the_brain(full_snapshot: Snapshot) -> None:
    rows = ask(
        full_snapshot,
        """SELECT ?label ?depth WHERE {
          <https://w3id.org/siibra-kg/id/region/jba-v3.0.3/area-hoc1> skos:broaderTransitive ?a .
          ?a skos:prefLabel ?label ; skg:depth ?depth } ORDER BY DESC(?depth)""",
    )
    assert [label for label, _ in rows] == [
        "occipital cortex",
        "occipital lobe",
        "cerebral cortex",
        "telencephalon",
        "brain",
    ]


def test_the_closure_is_that_of_the_direct_edges_and_depth_counts_it(full_snapshot: Snapshot) -> None:
    direct = defaultdict(set)
    for part, whole in ask(full_snapshot, "SELECT DISTINCT ?a ?b WHERE { ?a skg:partOf ?b }"):
        direct[part].add(whole)

    def ancestors(node: str) -> set[str]:
        found: set[str] = set()
        todo = [node]
        while todo:
            todo.extend(fresh := direct[todo.pop()] - found)
            found |= fresh
        return found

    closure = defaultdict(set)
    for part, whole in ask(full_snapshot, "SELECT DISTINCT ?a ?b WHERE { ?a skos:broaderTransitive ?b }"):
        closure[part].add(whole)
    for node, depth in ask(full_snapshot, "SELECT ?n ?d WHERE { ?n skg:depth ?d }"):
        assert closure[node] == ancestors(node)
        assert int(depth) == len(closure[node])


def test_every_region_has_one_label_one_scheme_and_one_depth(full_snapshot: Snapshot) -> None:
    for predicate in ("skos:prefLabel", "skos:inScheme", "skg:depth"):
        rows = ask(
            full_snapshot,
            f"SELECT ?r (COUNT(?o) AS ?n) WHERE {{ ?r a skg:Region OPTIONAL {{ ?r {predicate} ?o }} }} GROUP BY ?r",
        )
        assert {n for _, n in rows} == {"1"}, predicate


def test_every_known_repair_finds_its_defect(full_snapshot: Snapshot) -> None:
    assert {r.id: r.triples for r in full_snapshot.report().repairs} == {
        "amba-space-class": 2,
        "jba-v1.13-space-class": 1,
        "jba-sublenticular-parent": 21,
        "whs-v2-frontal-association-cortex": 1,
        "whs-v2-spinal-trigeminal-nucleus": 1,
        "colin27-variant": 1,
        "cerebrospinal-fluid-class": 1,
    }


def test_dangling_links_are_counted_by_property_and_class(full_snapshot: Snapshot) -> None:
    """Defect D1: 3,453 references to 521 nodes that do not exist."""
    found = full_snapshot.report().dangling
    assert sum(d.count for d in found) == 3_453
    assert len({(d.target_class, t) for d in found for t in d.examples}) <= sum(d.targets for d in found)
    assert {(local(d.predicate), d.target_class): (d.count, d.repaired) for d in found} == {
        ("coordinateFramework", "commonCoordinateFramework"): (3, 3),
        ("digitalIdentifier", "ISBN"): (5, 0),
        ("documentation", "ISBN"): (9, 0),
        ("hasEntity", "parcellationEntityVersion"): (68, 2),
        ("hasParent", "parcellationEntity"): (21, 21),
        ("isVariantOf", "commonCoordinateFrameworkVersion"): (1, 1),
        ("preferredDisplayColor", "singleColor"): (3_344, 0),
        ("relatedInterspeciesAnatomy", "nervousSystemStructure"): (2, 1),
    }


def test_the_ninety_codes_of_aal1_reach_hemispheres(full_snapshot: Snapshot) -> None:
    rows = ask(full_snapshot, "SELECT ?code ?side WHERE { ?e skg:code ?code ; skg:region/skg:laterality ?side }")
    assert len(rows) == 90
    assert all((int(code) % 2 == 1) == side.endswith("/left") for code, side in rows)


def test_the_asserted_graph_is_the_union_without_what_was_derived(full_snapshot: Snapshot) -> None:
    """Nothing that a source says is changed: what was repaired and inferred is in graphs of its own."""
    graphs = {g.removeprefix("https://w3id.org/siibra-kg/"): n for g, n in full_snapshot.manifest.graphs.items()}
    report = full_snapshot.report()
    assert graphs["graph/openminds/latest"] == report.asserted
    derived = sum(n for g, n in graphs.items() if g.startswith(("graph/repair/", "graph/rule/")))
    assert derived == sum(r.triples for r in report.rules) + sum(r.triples for r in report.repairs)
    own = sum(graphs[g] for g in ("graph/maps", "graph/meta", "graph/ontology"))
    assert report.triples == report.asserted + derived + own == full_snapshot.manifest.triples


def test_the_store_holds_exactly_the_lines_of_the_graph(full_snapshot: Snapshot) -> None:
    """Compared as the engine writes them: it keeps doubles as numbers and forgets how they were written."""
    with full_snapshot.graph_path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read()
    lines = text.splitlines(keepends=True)
    assert len(lines) == len(set(lines)) == full_snapshot.manifest.triples
    loaded = ox.Store()
    loaded.bulk_load(text, ox.RdfFormat.N_QUADS)
    stored = ox.Store.read_only(str(full_snapshot.store_path))
    written = [store.dump(format=ox.RdfFormat.N_QUADS).splitlines() for store in (loaded, stored)]
    assert sorted(written[0]) == sorted(written[1])
    assert len(set(lines) - {line + b"\n" for line in written[1]}) < 10
    full_snapshot.verify()


def test_every_graph_is_described_with_licence_and_number_of_triples(full_snapshot: Snapshot) -> None:
    rows = ask(full_snapshot, "SELECT ?g ?n WHERE { GRAPH ?m { ?g a dcat:Dataset ; void:triples ?n } }")
    described = {g: int(n) for g, n in rows}
    graphs = {"/" + g.removeprefix("https://w3id.org/siibra-kg/"): n for g, n in full_snapshot.manifest.graphs.items()}
    assert described == {g: n for g, n in graphs.items() if g != "/graph/meta"}
    rows = ask(
        full_snapshot,
        """SELECT ?rule ?text WHERE { ?g prov:wasGeneratedBy/prov:qualifiedAssociation/prov:hadPlan ?rule .
             ?rule a skg:Rule ; dcterms:description ?text }""",
    )
    assert len(rows) == len({r for r, _ in rows}) == sum(g.startswith(("/graph/rule", "/graph/repair")) for g in graphs)
    assert ask(
        full_snapshot, "SELECT ?l WHERE { <https://w3id.org/siibra-kg/graph/openminds/latest> dcterms:license ?l }"
    ) == [("https://spdx.org/licenses/MIT",)]


def test_nothing_is_the_same_as_anything(full_snapshot: Snapshot) -> None:
    """Releases never share an individual, and no mapping is invented."""
    assert count(full_snapshot, "?a owl:sameAs ?b") == 0
    assert count(full_snapshot, "?a skos:exactMatch|skos:closeMatch ?b . ?a a skg:Region") == 0


def test_the_subjects_found_by_text_are_those_of_the_engine(full_snapshot: Snapshot) -> None:
    store = ox.Store.read_only(str(full_snapshot.store_path))
    graph = ox.NamedNode("https://w3id.org/siibra-kg/graph/openminds/latest")
    text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=graph)
    assert findings.described([text]) == {q.subject.value for q in store.quads_for_pattern(None, None, None, graph)}
