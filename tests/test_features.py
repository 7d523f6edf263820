"""Feature queries on both sources, against what the raw JSON says; modalities; how matches are qualified."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg.cli import main
from siibra_kg.errors import AmbiguousName, NoSuchName, TermError
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.model_features import Modality
from siibra_kg.qualification import Qualification
from siibra_kg.questions import modalities
from siibra_kg.questions.features import _composed
from siibra_kg.slugs import slug
from siibra_kg.terms import IRI, local_name
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from siibra_kg import KnowledgeGraph

HOC1 = "https://w3id.org/siibra-kg/id/region/jba-v3.1/area-hoc1-v1-17-calcs"
RECEPTOR = "057ad70c-731d-4cee-b778-b4bd046bcc37--1471ca4cd41599a13c97b4ca41607528"
BIGBRAIN = "minds/core/referencespace/v1.0.0/a1655b99-82f1-420f-a3c2-fe80fd4c8588"


@pytest.fixture(scope="module")
def documents(configurations: dict[str, Any]) -> dict[str, Any]:
    """Give the documents of features, by path."""
    return {path: document for path, document in configurations.items() if path.startswith("features/")}


def ids(documents: list[Any]) -> Counter[str]:
    return Counter(slug(document["@id"]) for document in documents)


def found(matches: Any) -> Counter[str]:
    """Count matches by the slug of the id of the source, which two features may share."""
    return Counter(match.feature.id.partition("~")[0] for match in matches)


# -- modalities ----------------------------------------------------------------------------------------------------

KNOWN = {
    name: Modality(IRI(SKG + name), name, category, kinds)
    for name, category, kinds in (
        ("ReceptorDensityFingerprint", "molecular", ("Tabular",)),
        ("ReceptorDensityProfile", "molecular", ("CorticalProfile", "Tabular")),
        ("CellDensityProfile", "cellular", ("CorticalProfile", "Tabular")),
        ("FunctionalConnectivity", "connectivity", ("RegionalConnectivity",)),
        ("AnatomoFunctionalConnectivity", "connectivity", ("RegionalConnectivity",)),
        ("RegionalBOLD", "functional", ("RegionalTimeseriesActivity", "Tabular")),
        ("Tabular", "generic", ()),
    )
}
CONNECTIVITY = {"FunctionalConnectivity", "AnatomoFunctionalConnectivity"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, set(KNOWN)),
        ("feature", set(KNOWN)),
        ("receptor FINGERPRINT", {"ReceptorDensityFingerprint"}),
        ("density profile", {"ReceptorDensityProfile", "CellDensityProfile"}),
        ("cortical", {"ReceptorDensityProfile", "CellDensityProfile"}),
        ("cellular", {"CellDensityProfile"}),
        ("Molecular", {"ReceptorDensityFingerprint", "ReceptorDensityProfile"}),
        ("functional", CONNECTIVITY),
        ("FunctionalFeature", {"RegionalBOLD"}),
        ("skg:FunctionalFeature", {"RegionalBOLD"}),
        ("FunctionalConnectivity", CONNECTIVITY),
        ("skg:FunctionalConnectivity", {"FunctionalConnectivity"}),
        (IRI(SKG + "FunctionalConnectivity"), {"FunctionalConnectivity"}),
        (KNOWN["FunctionalConnectivity"], {"FunctionalConnectivity"}),
        ("skg:CorticalProfile", {"ReceptorDensityProfile", "CellDensityProfile"}),
        (["bold", "cellular"], {"RegionalBOLD", "CellDensityProfile"}),
        ([], set()),
    ],
)
def test_a_modality_is_a_class_some_words_a_category_or_several(spec: object, expected: set[str]) -> None:
    assert modalities.resolve(spec, KNOWN) == expected


@pytest.mark.parametrize("spec", ["", "  ", "no such thing", "receptor cell", 7, ["bold", "nothing"], "skg:Region"])
def test_an_unknown_modality_is_an_error_that_lists_all(spec: object) -> None:
    with pytest.raises(NoSuchName) as error:
        modalities.resolve(spec, KNOWN)
    assert {"RegionalBOLD", "CellDensityProfile"} <= set(error.value.close)


def test_two_relations_make_one_or_none() -> None:
    q = Qualification
    assert _composed(q.EXACT, q.OTHER_VERSION) is q.OTHER_VERSION
    assert _composed(q.CONTAINS, q.OTHER_VERSION) is q.CONTAINS
    assert _composed(q.CONTAINED, q.CONTAINED) is q.CONTAINED
    assert _composed(q.CONTAINS, q.CONTAINED) is q.OVERLAPS
    assert _composed(q.CONTAINED, q.CONTAINS) is None
    assert {_composed(one, q.HOMOLOGOUS) for one in (q.EXACT, q.CONTAINS, q.CONTAINED)} == {q.HOMOLOGOUS}


# -- on both sources -----------------------------------------------------------------------------------------------


@pytest.mark.mirror
def test_classes_have_the_categories_and_numbers_of_siibra(both: KnowledgeGraph) -> None:
    by_name = {m.name: m for m in both.modalities()}
    assert len(by_name) == 29
    assert sum(m.features for m in by_name.values()) == 530
    assert sum(m.elements for m in by_name.values()) == 9_946
    sizes = {
        "StreamlineCounts": 1_149,
        "StreamlineLengths": 1_149,
        "FunctionalConnectivity": 4_349,
        "AnatomoFunctionalConnectivity": 78,
        "TracingConnectivity": 49,
        "RegionalBOLD": 2_688,
        "ReceptorDensityFingerprint": 71,
        "GeneExpressions": 0,
    }
    assert {name: by_name[name].elements for name in sizes} == sizes
    assert Counter(m.category for m in by_name.values()) == {
        "cellular": 9,
        "connectivity": 5,
        "functional": 4,
        "macrostructural": 3,
        "molecular": 3,
        "fibres": 2,
        "generic": 2,
        "other": 1,
    }


@pytest.mark.mirror
def test_a_region_has_what_the_documents_say_by_name(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    text = "Area hOc1 (V1, 17, CalcS)"
    here = [d for d in documents.values() if d.get("region") == text]
    matches = [m for m in both.features(both.region(HOC1)) if m.feature.anchor == text]
    assert found(matches) == ids(here)
    assert {(str(m.qualification), m.made_by, m.anchorings) for m in matches} == {
        ("exact", "identifier", ("siibra", "curated"))
    }
    left = both.features(both.region(HOC1 + "/left"), "receptor")
    assert {str(m.qualification) for m in left} == {"contains"}
    assert {m.feature.receptor for m in left if m.feature.receptor} == {d["receptor"] for d in here if "receptor" in d}


@pytest.mark.mirror
def test_a_match_has_the_statements_that_lead_from_the_feature_to_the_query(both: KnowledgeGraph) -> None:
    for concept in (both.region(HOC1 + "/left"), both.parcellation("jba-v3.1"), both.space("big brain")):
        for match in both.features(concept):
            for way in match.ways:
                assert way.path[0].subject == match.feature.iri
                ends = {way.path[-1].subject, way.path[-1].object}
                assert way.made_by == "geometry" or concept.iri in ends or len(way.path) == 1
                for one, other in zip(way.path, way.path[1:], strict=False):
                    assert {one.subject, one.object} & {other.subject, other.object}
    edges = {edge for match in both.features(both.region(HOC1 + "/left")) for way in match.ways for edge in way.path}
    for edge in edges:
        assert both.sparql(f"ASK {{ <{edge.subject}> <{edge.predicate}> <{edge.object}> }}"), edge


@pytest.mark.mirror
def test_another_version_is_called_so(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    """Matrices of Julich-Brain 2.9 belong to 3.1 as to another version, and to none of it for siibra."""
    old = "minds/core/parcellationatlas/v1.0.0/94c1125b-b87e-45e4-901c-00daee7f2579-290"
    expected = sum(d.get("parcellation", {}).get("@id") == old for d in documents.values())
    release = IRI("https://w3id.org/siibra-kg/id/release/jba-v2.9")

    def of_old(matches: Any) -> list[Any]:
        return [m for m in matches if m.ways[0].structure == release]

    whole = of_old(both.features(both.parcellation("jba-v3.1")))
    assert (len(whole), {(str(m.qualification), m.made_by) for m in whole}) == (
        expected,
        {("other version", "version link")},
    )
    part = of_old(both.features(both.region(HOC1)))
    assert (len(part), {(str(m.qualification), m.made_by, m.anchorings) for m in part}) == (
        expected,
        {("contains", "version link", ("curated",))},
    )
    assert of_old(both.features(both.region(HOC1), anchoring="siibra")) == []


@pytest.mark.mirror
@pytest.mark.parametrize(
    "region", [HOC1, HOC1 + "/left", "https://w3id.org/siibra-kg/id/region/jba-v3.1/cerebral-cortex"]
)
def test_the_template_and_the_call_give_the_same(both: KnowledgeGraph, region: str) -> None:
    """Without version links, which the template leaves to others."""
    rows = {
        (row.iri, row.qualification, row.made_by, row.structure)
        for row in both.query("feature/by-region", regions=[region])
    }
    ways = {
        (match.feature.iri, str(way.qualification), way.made_by, way.structure)
        for match in both.features(both.region(region))
        for way in match.ways
        if way.made_by in ("name", "identifier")
    }
    assert rows == ways


@pytest.mark.mirror
def test_the_table_of_a_parcellation_says_what_each_region_has(both: KnowledgeGraph) -> None:
    table: dict[IRI, Counter[tuple[str, str]]] = defaultdict(Counter)
    release = both.parcellation("jba-v2.9")
    for row in both.query("feature/by-modality", release=release):
        table[row.iri][local_name(row.modality_class), row.qualification] = row.features
    regions = {r.iri: r for r in release.regions}
    assert set(table) == set(regions)  # every region is a row of some matrix
    for iri in sorted(table)[::40]:
        ways = {
            (match.feature.iri, match.feature.modality, str(way.qualification))
            for match in both.features(regions[iri])
            for way in match.ways
            if way.made_by in ("name", "identifier")
        }
        assert table[iri] == Counter((modality, said) for _, modality, said in ways), iri


@pytest.mark.mirror
def test_several_regions_have_the_features_of_any(both: KnowledgeGraph) -> None:
    one, other = both.region(HOC1), both.region("https://w3id.org/siibra-kg/id/region/jba-v3.1/area-44-ifg")
    each = [found(both.features(region, "receptor")) for region in (one, other)]
    assert found(both.features((one, other), "receptor")) == each[0] | each[1]
    assert both.features(()) == ()


@pytest.mark.mirror
def test_a_space_has_the_features_that_are_located_in_it(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    def in_space(document: dict[str, Any]) -> bool:
        return BIGBRAIN in (
            document.get("space", {}).get("@id"),
            document.get("location", {}).get("space", {}).get("@id"),
        )

    space = both.space("big brain")
    assert found(both.features(space)) == ids([d for d in documents.values() if in_space(d)])
    assert {str(m.qualification) for m in both.features(space)} == {"contained"}
    numbers = {"CellbodyStainedSection": 145, "volume": 12, "CellBodyStainedVolumeOfInterest": 2}
    assert {text: len(both.features(space, text)) for text in numbers} == numbers
    assert both.features("colin 27", "volume") == ()


def _box(document: dict[str, Any]) -> tuple[list[float], list[float]] | None:
    if "boundingbox" in document:
        one, other = document["boundingbox"]["coordinates"]
        return [min(p) for p in zip(one, other, strict=True)], [max(p) for p in zip(one, other, strict=True)]
    return None


@pytest.mark.mirror
def test_a_box_has_what_is_in_it_and_nothing_of_other_spaces(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    low, high = (-70, -70, -60), (0, 0, 60)
    expected: Counter[tuple[str, str]] = Counter()
    for document in documents.values():
        place = document.get("location") or document.get("boundingbox") or {}
        if place.get("space", {}).get("@id") != BIGBRAIN:
            continue
        box = _box(document)
        if box:
            if any(a > h or b < g for a, b, g, h in zip(*box, low, high, strict=True)):
                continue
            inside = all(a >= g and b <= h for a, b, g, h in zip(*box, low, high, strict=True))
            around = all(a <= g and b >= h for a, b, g, h in zip(*box, low, high, strict=True))
            said = "contained" if inside else "contains" if around else "overlaps"
        else:
            points = place.get("coordinates") or [place["coordinate"]]
            within = [all(g <= v <= h for v, g, h in zip(p, low, high, strict=True)) for p in points]
            if not any(within):
                continue
            said = "contained" if all(within) else "overlaps"
        expected[slug(document["@id"]), said] += 1
    matches = both.features(BoundingBox(high, low, "big brain"))
    assert Counter((m.feature.id.partition("~")[0], str(m.qualification)) for m in matches) == expected
    assert len({said for _, said in expected}) == 3
    corners = dict(zip(("min_x", "min_y", "min_z", "max_x", "max_y", "max_z"), (*low, *high), strict=True))
    rows = both.query("feature/in-box", space=both.space("big brain"), **corners)
    assert {(row.iri, row.qualification) for row in rows} == {(m.feature.iri, str(m.qualification)) for m in matches}
    elsewhere = both.features(BoundingBox(high, low, "MNI 152 2009c asym"))
    assert found(elsewhere).keys().isdisjoint(found(matches))


@pytest.mark.mirror
def test_a_point_of_a_feature_is_found_there(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    profile = next(d for _, d in sorted(documents.items()) if d["@type"].endswith("profile/celldensity/v0.1"))
    xyz = profile["location"]["coordinate"]
    matches = both.features(Point(xyz, "big brain"), "density")
    assert slug(profile["@id"]) in {m.feature.id for m in matches if m.qualification is Qualification.EXACT}
    rows = both.query("feature/at-point", space=both.space("big brain"), **dict(zip("xyz", xyz, strict=True)))
    everything = both.features(Point(xyz, "big brain"))
    assert {(r.iri, r.qualification) for r in rows} == {(m.feature.iri, str(m.qualification)) for m in everything}
    assert found(both.features(PointCloud((xyz, (500, 500, 500)), "big brain"))) == found(everything)


@pytest.mark.mirror
def test_matrices_list_their_subjects_files_and_rows(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    by_path = {str(r.path): r.f for r in both.sparql("SELECT ?f ?path { ?f a skg:Feature ; skg:definedIn ?path }")}
    several = [path for path, d in sorted(documents.items()) if isinstance(d.get("files"), dict)]
    assert len(several) == 46
    for path in several[::9]:
        document, feature = documents[path], both.feature(by_path[path])
        assert Counter(feature.subjects) == Counter(list(document["files"]))
        assert feature.size == len(feature.elements) == len(document["files"])
        for element in feature.elements:
            (file,) = element.files
            assert document["files"][element.index] in (file.member or file.url)
        assert [row.name for row in feature.rows] == document["regions"]
        assert all(len(row.regions) == 1 for row in feature.rows)


@pytest.mark.mirror
def test_a_feature_is_found_by_id_and_has_its_file(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    document = next(d for d in documents.values() if d.get("@id") == RECEPTOR)
    feature = both.feature(RECEPTOR)
    assert (feature.modality, feature.category, feature.anchor) == (
        "ReceptorDensityFingerprint",
        "molecular",
        document["region"],
    )
    assert [file.url for file in feature.files] == [document["file"]]
    assert [(element.index, len(element.files)) for element in feature.elements] == [("", 1)]
    assert both.feature(feature.iri) == both.feature(feature.id) == both.feature(feature) == feature
    with pytest.raises(NoSuchName, match="nothing"):
        both.feature("nothing")


@pytest.mark.mirror
def test_anchors_that_mean_nothing_are_findings(both: KnowledgeGraph) -> None:
    assert both.query("check/anchor-undecodable").column("text") == ("Oc1B", "Oc1M")
    assert both.query("check/anchor-by-words").column("text") == ("hOc1 left", "hOc2 left")
    assert len(both.query("check/row-without-region")) == 0


@pytest.mark.mirror
def test_regions_with_receptors_cells_and_a_label(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    texts: dict[str, set[str]] = defaultdict(set)
    for document in documents.values():
        if document.get("region"):
            texts["receptor" if "receptor" in document["@type"] else "cell"].add(document["region"])
    shared = texts["receptor"] & texts["cell"]
    example = both.templates["feature/regions-with-both"].examples[0]
    rows = [row for row in both.query("feature/regions-with-both", **example) if row.parcellation.endswith("jba-v3.1")]
    assert {row.name for row in rows} == shared
    assert {row.labels for row in rows} == {2}  # left and right
    hoc1 = next(row for row in rows if row.iri == HOC1)
    assert (hoc1.of_one, hoc1.of_other) == (17, 11)


@pytest.mark.mirror
def test_licences_that_no_source_states(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    stated = [p for p, d in documents.items() if any(q.get("license") for q in d.get("publications", ()))]
    assert len(both.query("feature/without-licence")) == 530 - len(stated)


@pytest.mark.mirror
def test_coverage_counts_documents(both: KnowledgeGraph, documents: dict[str, Any]) -> None:
    rows = {(local_name(r.iri), local_name(r.modality_class)): r for r in both.query("feature/coverage")}
    kinds = [d for d in documents.values() if d["@type"].endswith("fingerprint/receptor/v0.1")]
    human = [d for d in kinds if d["species"] == "Homo sapiens"]
    row = rows["jba-v3.1", "ReceptorDensityFingerprint"]
    assert (row.features, row.regions) == (len(human), len({d["region"] for d in human}))
    assert rows["whssdatlas-v4", "TracingConnectivity"].regions == 0


@pytest.mark.mirror
def test_what_is_no_concept_is_refused(both: KnowledgeGraph) -> None:
    for wrong in (7, None, object()):
        with pytest.raises(NoSuchName):
            both.features(wrong)
    with pytest.raises(NoSuchName, match="curated"):
        both.features(both.region(HOC1), anchoring="nobody")
    with pytest.raises(NoSuchName, match="AnatomoFunctionalConnectivity"):
        both.features(both.region(HOC1), "no such modality")
    with pytest.raises(NoSuchName):
        both.features("no such region at all")
    with pytest.raises(NoSuchName):
        both.features(Point((0, 0, 0), "no such space"))
    with pytest.raises(TermError):
        both.features(Point((0, 0), "big brain"))  # type: ignore[arg-type]
    with pytest.raises(AmbiguousName):
        both.features("hippocampus", parcellation="julich brain 3.1")


@pytest.mark.mirror
def test_no_question_touches_the_network(both: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a feature query opened a connection")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for concept in (both.region(HOC1), both.parcellation("jba-v3.1"), both.space("big brain")):
        matches = both.features(concept)
        assert matches
        assert all(match.feature.elements for match in matches[:20])
    assert both.features(BoundingBox((-70, -70, -70), (70, 70, 70), "big brain"))


@pytest.mark.mirror
def test_answers_have_one_order(both: KnowledgeGraph) -> None:
    """By qualification, class, name and IRI, whatever the hash seed."""
    script = (
        "import sys, siibra_kg\n"
        "with siibra_kg.open(sys.argv[1]) as kg:\n"
        "    for c in (kg.region(sys.argv[2]), kg.parcellation('jba-v3.1'), kg.space('big brain')):\n"
        "        print(*(repr(m) for m in kg.features(c)), sep='\\n')\n"
    )
    assert both.snapshot is not None
    told = {
        subprocess.run(
            [sys.executable, "-c", script, str(both.snapshot.path), HOC1],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    matches = both.features(both.region(HOC1))
    keys = [(m.qualification.rank, m.feature.modality, m.feature.name, m.feature.iri) for m in matches]
    assert keys == sorted(keys)


@pytest.mark.mirror
def test_the_command_lists_features(both: KnowledgeGraph, capsys: pytest.CaptureFixture[str]) -> None:
    assert both.snapshot is not None
    graph = ["--graph", str(both.snapshot.path), "-F", "json"]

    def run(*args: str) -> tuple[int, list[dict[str, Any]], str]:
        code = 0
        try:
            main([*args, *graph])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out.strip() else [], err

    code, rows, _ = run("features", "Area hOc1 (V1, 17, CalcS)", "-p", "jba-v3.1", "-m", "fingerprint")
    assert (code, [(r["qualification"], r["modality"], r["elements"]) for r in rows]) == (
        0,
        [("exact", "ReceptorDensityFingerprint", 1)],
    )
    assert len(run("features", "-s", "big brain", "-m", "CellbodyStainedSection")[1]) == 145
    (row,) = run("features", HOC1, "-m", "fingerprint", "--via", "--anchoring", "siibra")[1]
    assert row["via"].endswith(" skg:anchoredByName skgi:region/jba-v3.1/area-hoc1-v1-17-calcs")
    assert {r["qualification"] for r in run("features", "-s", "big brain", "--point=10,0,0")[1]} == {"contains"}
    assert run("features", "-s", "big brain", "--box=-70,-70,-70,70,70,70")[0] == 0
    assert run("features", "-s", "big brain", "--point=500,0,0")[0] == 1
    for wrong in (["--point=1,2,3"], ["-s", "big brain", "--point=1,2"], [], ["x", "-s", "y"], ["x", "--point=1,2,3"]):
        code, _, err = run("features", *wrong)
        assert (code, bool(re.search("space|numbers|one of", err))) == (2, True), err
    assert {row["category"] for row in run("modalities")[1]} >= {"molecular", "cellular", "generic"}


def test_one_feature_by_what_it_is_about(both):
    found = both.feature("hOc1", "receptor fingerprint", parcellation="julich 3.1")
    assert (found.modality, found.anchor) == ("ReceptorDensityFingerprint", "Area hOc1 (V1, 17, CalcS)")
    assert both.feature(found.id) == both.feature(found) == found
    with pytest.raises(AmbiguousName) as told:
        both.feature("hOc1", "receptor profile", parcellation="julich 3.1")
    assert len({feature.receptor for feature in told.value.candidates}) == 16
    with pytest.raises(NoSuchName, match=r"no tracing connectivity feature named 'hOc1'"):
        both.feature("hOc1", "tracing connectivity", parcellation="julich 3.1")
