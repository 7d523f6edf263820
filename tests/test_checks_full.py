"""The checks on the whole openMINDS library: no violation, and every known defect counted as the raw JSON has it.

The expected numbers are counted here from the JSON documents in plain Python; those that a reader may know from the
list of known defects (D1 to D23) stand beside them as numbers.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter, defaultdict

import pytest

from siibra_kg.questions.checks import run_checks
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog

pytestmark = pytest.mark.mirror
SCHEMAS = "github.com/openMetadataInitiative/openMINDS/archive/cd8a111254207583a08dc613ac6a9a46d8a5404a.tar.gz"
OMI, OMT, OM = (f"https://openminds.om-i.org/{kind}/" for kind in ("instances", "types", "props"))


def listed(value):
    """Give a value as a list: openMINDS writes one or many."""
    return [] if value is None else value if isinstance(value, list) else [value]


def local(node, *keys):
    """Follow keys from a node through embedded nodes; give the ids or values at the end."""
    found = [node]
    for key in keys:
        found = [v for n in found for v in listed(n.get(key))]
    return [v["@id"] if isinstance(v, dict) and "@id" in v else v for v in found]


@pytest.fixture(scope="module")
def raw(library):
    """All documents of the latest library by id."""
    documents = [json.loads(data) for path, data in library["latest"].items() if path.endswith((".jsonld", ".json"))]
    return {d["@id"]: d for d in documents}


@pytest.fixture(scope="module")
def report(full_snapshot):
    """The report on the whole graph."""
    return run_checks(open_store(full_snapshot.path / "store"), Catalog(folder("queries")))


@pytest.fixture(scope="module")
def by_type(raw):
    """Every node, also the embedded ones, by the local name of its type."""
    found = defaultdict(list)
    waiting = list(raw.values())
    while waiting:
        node = waiting.pop()
        if "@type" in node:
            found[node["@type"].removeprefix(OMT)].append(node)
        for value in node.values():
            waiting += [v for v in listed(value) if isinstance(v, dict)]
    return found


def named(report, check):
    """Give what a check names."""
    return {str(row.subject) for row in report[check].rows}


def test_the_build_keeps_its_promises(report):
    """No check of severity violation finds anything in the real graph."""
    assert [f"{r}: {r.rows[0]}" for r in report.results if r.severity == "violation" and r.count] == []


def test_d1_dangling_links(report, raw):
    """3,344 colours and 109 other links lead to documents that do not exist; counted by kind."""
    refs = Counter()
    waiting = list(raw.values())
    while waiting:
        for key, value in waiting.pop().items():
            for item in listed(value):
                if isinstance(item, dict):
                    if set(item) == {"@id"} and item["@id"].startswith(OMI) and item["@id"] not in raw:
                        refs[item["@id"].removeprefix(OMI).split("/")[0]] += 1
                    elif key != "@context":
                        waiting.append(item)
    assert sum(refs.values()) == 3453
    assert report["dangling-color"].count == refs.pop("singleColor") == 3344
    assert Counter(report["dangling-link"].rows.column("kind")) == refs


def test_d3_colours_that_are_colour_maps(report, by_type):
    """116 display colours of the marmoset atlas are a colour map."""
    used = [n for n in by_type["ViewerSpecification"] if "colormap/" in str(n.get("preferredDisplayColor"))]
    assert report["color-is-colormap"].count == len(used) == 116


def test_d4_and_d16_unlisted(report, raw, by_type):
    """32 entity versions and three entities are on file and in no list."""
    lists = {
        v
        for kind in ("AnatomicalAtlas", "AnatomicalAtlasVersion")
        for n in by_type[kind]
        for v in local(n, "hasTerminology", "hasEntity")
    }
    for check, kind, number in (
        ("unlisted-version", "ParcellationEntityVersion", 32),
        ("unlisted-entity", "ParcellationEntity", 3),
    ):
        assert named(report, check) == {n["@id"] for n in by_type[kind]} - lists
        assert report[check].count == number


def test_d5_shared_versions(report, by_type):
    """952 entity versions of the Paxinos-Watson atlas are listed by four atlas versions."""
    lists = Counter(v for n in by_type["AnatomicalAtlasVersion"] for v in set(local(n, "hasTerminology", "hasEntity")))
    shared = {v: n for v, n in lists.items() if n > 1}
    assert {str(r.subject): r.number for r in report["shared-version"].rows} == shared
    assert len(shared) == 952


def test_d7_required_properties(report, by_type, mirror):
    """Missing required properties, for each type and property, by the schemas and the documents."""
    required = {}
    with tarfile.open(mirror / SCHEMAS) as archive:
        for member in archive:
            if "/schemas/latest/" in member.name and member.name.endswith(".schema.omi.json"):
                schema = json.load(archive.extractfile(member))
                required[schema["_type"].removeprefix(OMT)] = [p.removeprefix(OM) for p in schema.get("required", ())]
    expected = {}
    for kind, nodes in by_type.items():
        for prop in required[kind]:
            missing = sum(listed(n.get(prop)) == [] for n in nodes)
            if missing:
                expected[OMT + kind, OM + prop] = (missing, len(nodes))
    found = {(str(r.subject), str(r.property)): (r.missing, r.total) for r in report["required-missing"].rows}
    assert found == expected
    assert found[OMT + "AtlasAnnotation", OM + "type"] == (10988, 11220)
    assert found[OMT + "ViewerSpecification", OM + "anchorPoint"][0] == 3460
    assert found[OMT + "AtlasAnnotation", OM + "criteriaType"][0] == 1530
    assert found[OMT + "AnatomicalAtlasVersion", OM + "contribution"] == (53, 53)
    assert found[OMT + "CommonCoordinateFrameworkVersion", OM + "axesOrigin"] == (24, 32)
    assert found[OMT + "CommonCoordinateFrameworkVersion", OM + "anatomicalAxesOrientation"] == (15, 32)


def test_d9_origins_without_unit(report, by_type):
    """21 of 24 origin coordinates have no unit."""
    origins = [q for n in by_type["CommonCoordinateFrameworkVersion"] for q in listed(n.get("axesOrigin"))]
    assert len(origins) == 24
    assert report["origin-without-unit"].count == sum(q.get("unit") is None for q in origins) == 21


def test_d10_and_d11_annotations(report, by_type):
    """The marmoset atlas has two annotations for each entity version, both on the left, with one label."""
    one_sided, shared = set(), set()
    for node in by_type["ParcellationEntityVersion"]:
        annotations = listed(node.get("hasAnnotation"))
        if len({side for a in annotations for side in local(a, "laterality")}) == 1:
            one_sided.add(node["@id"])
        labels = Counter(
            (s, a["internalIdentifier"])
            for a in annotations
            if a.get("internalIdentifier")
            for s in local(a, "laterality")
        )
        if any(n > 1 for n in labels.values()):
            shared.add(node["@id"])
    assert named(report, "one-sided-version") == one_sided
    assert named(report, "shared-label") == shared
    assert len(one_sided) == len(shared) == 116


def test_d12_labels_are_numbers(report, by_type):
    """All 3,550 internal identifiers are digits."""
    labels = [a["internalIdentifier"] for a in by_type["AtlasAnnotation"] if a.get("internalIdentifier")]
    assert len(labels) == 3550
    assert all(label.isdigit() for label in labels)
    assert report["label-not-a-number"].count == 0


def test_d14_and_d15_names(report, by_type):
    """One name stands twice in Swanson's atlas; 57 names are corrected."""
    nodes = {n["@id"]: n for n in by_type["ParcellationEntityVersion"]}
    twice = {}
    for atlas in by_type["AnatomicalAtlasVersion"]:
        names = Counter(nodes[v]["name"] for v in set(local(atlas, "hasTerminology", "hasEntity")) if v in nodes)
        twice |= {(atlas["@id"], name): n for name, n in names.items() if n > 1}
    assert {(str(r.subject), r.name): r.number for r in report["duplicate-name"].rows} == twice
    assert len(twice) == 1
    corrected = {i for i, n in nodes.items() if n.get("correctedName") and n["correctedName"] != n["name"]}
    assert named(report, "corrected-name") == corrected
    assert len(corrected) == 57


def test_d19_unknown_property(report):
    """Five accessibilities have a property that their schema does not know."""
    assert [(str(r.subject), str(r.property), r.number) for r in report["undescribed-property"].rows] == [
        (OMT + "Accessibility", OM + "application", 5)
    ]


def test_d23_incomplete_atlas_versions(report, by_type):
    """Three atlas versions have no type, four no coordinate framework, seven no licence; six list nothing."""
    expected = Counter(
        OM + prop
        for n in by_type["AnatomicalAtlasVersion"]
        for prop in ("type", "coordinateFramework", "usageCondition")
        if not listed(n.get(prop))
    )
    assert Counter(map(str, report["atlas-version-incomplete"].rows.column("property"))) == expected
    assert sorted(expected.values()) == [3, 4, 7]
    empty = {n["@id"] for n in by_type["AnatomicalAtlasVersion"] if not local(n, "hasTerminology", "hasEntity")}
    assert named(report, "empty-terminology") == empty
    assert len(empty) == 6


def test_missing_version_of(report, by_type):
    """4,276 entity versions name no entity; the repairs leave those of the Allen atlas, which has no entities."""
    missing = {n["@id"] for n in by_type["ParcellationEntityVersion"] if not listed(n.get("isVersionOf"))}
    assert named(report, "version-of-missing") == missing
    assert len(missing) == 4276
    unknown = named(report, "version-of-unknown")
    assert unknown <= missing
    assert {i for i in missing if "/AMBA_" in i} <= unknown
    assert 2614 <= len(unknown) <= 2615


@pytest.mark.parametrize(
    "check",
    [
        "parent-cycle",
        "several-parents",
        "parents-disagree",
        "version-cycle",
        "variant-one-way",
        "undescribed-type",
        "several-values",
    ],
)
def test_what_openminds_gets_right(report, check):
    """Defects that the library does not have are not found."""
    assert report[check].count == 0


def test_labels_of_aal1_without_region(report):
    """The 26 cerebellar labels of the AAL1 volume stand for no region of openMINDS."""
    assert sorted(report["index-without-region"].rows.column("label")) == list(range(91, 117))
