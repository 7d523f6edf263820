"""Datasets of the EBRAINS Knowledge Graph and the regions that they are about: by identifier, never by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import siibra_kg
from siibra_kg.build import build
from siibra_kg.config import Settings
from siibra_kg.vocab import OMI
from tests.building import Memory, atlas, entity, infer, realised, version
from tests.kg_instances import NEW, dataset, instance, iri, licence, link, uid
from tests.servers.kg_stub import Stub, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg import KnowledgeGraph

KG = "https://kg.ebrains.eu/api/instances/"
ID = "https://w3id.org/siibra-kg/id"
#: One atlas in two versions, that share an entity; the second version has a part of it.
ATLAS = (
    atlas("AT", "AT_a AT_b", version("AT", "AT_v1", "AT_v1_a"), version("AT", "AT_v2", "AT_v2_a AT_v2_b"))
    + entity("AT_a", label="area a")
    + entity("AT_b", parent="AT_a", label="area b")
    + realised("AT_v1_a", of="AT_a", label="area a")
    + realised("AT_v2_a", of="AT_a", label="area a")
    + realised("AT_v2_b", of="AT_b", parent="AT_a", label="area b")
)


def stands(added: dict[str, set[tuple[str, str, str]]], rule: str) -> set[tuple[str, str]]:
    return {(a.removeprefix(KG), c.removeprefix("/id/region/")) for a, _, c in added[rule]}


def test_the_identifier_of_a_version_stands_for_one_region_and_that_of_an_entity_for_all() -> None:
    kg = (
        f"<{KG}v> <http://schema.org/identifier> <{OMI}parcellationEntityVersion/AT_v2_a> .\n"
        f"<{KG}e> <http://schema.org/identifier> <{OMI}parcellationEntity/AT_a> .\n"
        f"<{KG}d1> om:studyTarget <{KG}v> . <{KG}d2> om:studyTarget <{KG}e> .\n"
        f"<{KG}d2> om:studyTarget <{OMI}parcellationEntityVersion/AT_v2_b> .\n"
    )
    added = infer(ATLAS + kg)
    target = f"{OMI}parcellationEntityVersion/AT_v2_b".replace(OMI, "omi:")
    assert stands(added, "ebrains-region") == {("v", "at-v2/a"), (target, "at-v2/b")}
    assert stands(added, "ebrains-entity") == {("e", "at-v1/a"), ("e", "at-v2/a")}


def test_a_region_of_the_same_name_is_not_meant() -> None:
    kg = (
        f"<{KG}x> a omt:ParcellationEntityVersion ; om:name 'area a' ; om:lookupLabel 'AT_v2_a' .\n"
        f"<{KG}d> om:studyTarget <{KG}x> .\n"
    )
    added = infer(ATLAS + kg)
    assert not added["ebrains-region"]
    assert not added["ebrains-entity"]


def test_an_instance_that_siibra_names_stands_for_its_region_not_for_the_halves() -> None:
    node = "a skg:SiibraRegion ; skg:ofRelease <id/release/at-v2> ; skg:siibraOrder"
    config = (
        f"<id/siibra/n> {node} 1 ; skg:siibraName 'area a' ; rdfs:label 'area a' ; skg:ebrainsInstance <{KG}v> .\n"
        f"<id/siibra/nl> {node} 2 ; skg:siibraName 'area a left' ; rdfs:label 'area a left' ;"
        f" skg:siibraParent <id/siibra/n> ; skg:ebrainsInstance <{KG}v> .\n"
        f"<{KG}v> a omt:ParcellationEntityVersion .\n<{KG}d> om:studyTarget <{KG}v> .\n"
        "<id/siibra/n> skg:configures <id/region/at-v2/a> . <id/siibra/nl> skg:configures <id/region/at-v2/a/left> .\n"
    )
    assert stands(infer(ATLAS + config), "ebrains-region") == {("v", "at-v2/a")}


@pytest.mark.parametrize(
    "specimen",
    [
        "<urn:s> om:anatomicalLocation <{0}v> .",
        "<urn:w> om:studiedState <urn:s> ; om:anatomicalLocation <{0}v> .",
        "<urn:w> om:studiedState <urn:s> ; om:isPartOf <urn:c> . <urn:c> om:anatomicalLocation <{0}v> .",
        "<urn:w> om:isPartOf <urn:s> ; om:anatomicalLocation <{0}v> .",
        "<urn:s> om:isPartOf <urn:c> . <urn:c> om:anatomicalLocation <{0}v> .",
    ],
)
def test_the_place_of_a_specimen_is_what_the_dataset_is_about(specimen: str) -> None:
    added = infer(f"<{KG}d> om:studiedSpecimen <urn:s> .\n" + specimen.format(KG))
    assert {(a, c) for a, _, c in added["dataset-sampled-from"]} == {(f"{KG}d", f"{KG}v")}


def test_a_custom_structure_overlaps_and_a_term_is_for_all_species() -> None:
    kg = (
        f"<{KG}d> om:studyTarget <{KG}c> , <{KG}t> .\n"
        f"<{KG}c> om:relationAssessment <urn:a> . <urn:a> om:inRelationTo <{KG}v> .\n"
        f"<{KG}v> <http://schema.org/identifier> <{OMI}parcellationEntityVersion/AT_v2_b> .\n"
        f"<{KG}t> <http://schema.org/identifier> <{OMI}organ/brain> .\n"
        f"<{OMI}parcellationEntity/AT_b> om:relatedInterspeciesAnatomy <{OMI}organ/brain> .\n"
    )
    added = infer(ATLAS + kg)
    assert stands(added, "ebrains-overlap") == {("c", "at-v2/b")}
    assert stands(added, "ebrains-term") == {("t", "at-v2/b")}


def _library() -> dict[str, dict[str, Any]]:
    """Write the small atlas as JSON-LD documents."""

    def made(name: str, kind: str, /, **props: Any) -> dict[str, Any]:
        context = {"@context": {"@vocab": f"{NEW}props/"}}
        return {**context, "@id": f"{OMI}{kind[0].lower()}{kind[1:]}/{name}", "@type": f"{NEW}types/{kind}", **props}

    def to(kind: str, *names: str) -> list[dict[str, str]]:
        return [{"@id": f"{OMI}{kind}/{name}"} for name in names]

    out = [
        made("AT", "AnatomicalAtlas", shortName="AT", hasTerminology=to("x", "TA")),
        made("AT_a", "ParcellationEntity", name="area a"),
        made("AT_b", "ParcellationEntity", name="area b", hasParent=to("parcellationEntity", "AT_a")),
    ]
    for number, names in (("v1", "a"), ("v2", "ab")):
        listed = to("parcellationEntityVersion", *(f"AT_{number}_{n}" for n in names))
        out += [
            made(
                f"AT_{number}",
                "AnatomicalAtlasVersion",
                shortName="AT",
                versionIdentifier=number,
                isVersionOf=to("anatomicalAtlas", "AT"),
                hasTerminology={"@type": f"{NEW}types/ParcellationTerminologyVersion", "hasEntity": listed},
            ),
            *(
                made(
                    f"AT_{number}_{n}",
                    "ParcellationEntityVersion",
                    name=f"area {n}",
                    isVersionOf=to("parcellationEntity", f"AT_{n}"),
                    hasParent=to("parcellationEntity", "AT_a") if n == "b" else None,
                )
                for n in names
            ),
        ]
    return {f"{n:02}.jsonld": document for n, document in enumerate(out)}


@pytest.fixture(scope="module")
def kg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeGraph]:
    """Build the small atlas and a small Knowledge Graph, once."""
    known = instance("b2", "ParcellationEntityVersion", also=(f"{OMI}parcellationEntityVersion/AT_v2_b",))
    instances = [
        licence(),
        known,
        instance("a", "ParcellationEntity", also=(f"{OMI}parcellationEntity/AT_a",)),
        *dataset("entity", link("a")),
        *dataset("part", link("b2")),
        *dataset("elsewhere", link("nowhere")),
        instance("sample", "TissueSample", studiedState=link("state"), anatomicalLocation=link("b2")),
        *dataset("sampled", studiedSpecimen=[link("state")]),
    ]
    folder = tmp_path_factory.mktemp("kg")
    with serve(Stub(instances, bare=True, cap=2)) as stub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KG_AUTH_TOKEN", "good")
        settings = Settings(home=folder / "home", cache=folder / "cache", ebrains_host=stub.host)
        report = build([Memory(_library(), name="library", graph="graph/openminds/latest"), "kg"], settings=settings)
        assert {s.name: s.documents for s in report.sources} == {"library": 8, "kg": len(instances)}
        assert not report.set_aside
    with siibra_kg.open(report.path) as opened:
        yield opened


def test_which_datasets_are_about_a_region_or_its_parts_and_in_which_release(kg: KnowledgeGraph) -> None:
    def about(region: str) -> set[tuple[str, ...]]:
        rows = kg.query("dataset/of-region", regions=[f"{ID}/region/{region}"])
        return {(r.name, r.relation, r.identity, r.stated, r.parcellation.rpartition("/")[2]) for r in rows}

    part = ("Data of part", "contained", "version", "study target", "at-v2")
    sampled = ("Data of sampled", "contained", "version", "specimen", "at-v2")
    assert about("at-v2/a") == {("Data of entity", "exact", "entity", "study target", "at-v2"), part, sampled}
    assert about("at-v1/a") == {("Data of entity", "exact", "entity", "study target", "at-v1")}
    assert ("Data of part", "exact", "version", "study target", "at-v2") in about("at-v2/b")
    assert ("Data of entity", "contains", "entity", "study target", "at-v2") in about("at-v2/b")


def test_links_of_one_kind_can_be_asked_for(kg: KnowledgeGraph) -> None:
    rows = kg.query("dataset/of-region", regions=[f"{ID}/region/at-v2/a"], kind="version")
    assert {r.name for r in rows} == {"Data of part", "Data of sampled"}
    assert {r.doi for r in rows} == {f"https://doi.org/10.25493/{uid(n)[:8]}" for n in ("part", "sampled")}


def test_what_a_dataset_is_about_is_told_also_where_it_is_not_known(kg: KnowledgeGraph) -> None:
    rows = kg.query("dataset/regions", dataset=iri("entity v1"))
    assert {(r.name, r.parcellation_name, r.identity) for r in rows} == {
        ("area a", "AT v1", "entity"),
        ("area a", "AT v2", "entity"),
    }
    (lost,) = kg.query("dataset/regions", dataset=iri("elsewhere v1"))
    assert (lost.target, lost.region, lost.identity) == (iri("nowhere"), None, None)
    assert [(r.target, r.datasets) for r in kg.query("dataset/unlinked")] == [(iri("nowhere"), 1)]


def test_files_licence_and_graph_of_a_dataset(kg: KnowledgeGraph) -> None:
    (file,) = kg.query("dataset/files", dataset=iri("part v1"))
    assert (file.name, float(file.bytes), file.algorithm, file.digest) == ("part.csv", 12.0, "MD5", "0f" * 16)
    assert str(file.url).endswith("/buckets/part/part.csv")
    listed = {r.short_name: r for r in kg.query("dataset/list")}
    assert {r.licence for r in listed.values()} == {"CC BY 4.0"}
    assert listed["part"].dataset == iri("part v1")
    graphs = {str(row.graph) for row in kg.info().graphs if "/graph/kg/" in str(row.graph)}
    assert graphs == {"https://w3id.org/siibra-kg/graph/kg/released"}


def test_the_graph_breaks_none_of_our_rules(kg: KnowledgeGraph) -> None:
    report = kg.check()
    assert not [(r.name, r.rows) for r in report.results if r.severity == "violation" and r.count]
