"""The SHACL shapes find what they are for, in a small graph by themselves and on the real one through the store."""

from __future__ import annotations

import pyshacl
import pytest
import rdflib
from rdflib.namespace import RDF, SH
from small_atlas import DERIVED, PREFIXES, RESULT, SOURCE, small_store

from siibra_kg.errors import DataMissing
from siibra_kg.questions import checks, shacl
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog
from siibra_kg.terms import local_name
from siibra_kg.vocab import OMT, SKG

CATALOG = Catalog(folder("queries"))
SIDES = ":left a omt:Laterality . :right a omt:Laterality . :l a omt:License .\n"


def broken(extra):
    """Validate the small atlas and a defect with the atlas shapes; give the names of the shapes that it breaks."""
    data = rdflib.Graph().parse(data=PREFIXES + SOURCE + RESULT + SIDES + extra, format="turtle")
    shapes = rdflib.Graph().parse(folder("ontologies") / "shapes" / "atlas.ttl")
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        source = report.value(result, SH.sourceConstraint) or report.value(result, SH.sourceShape)
        found.add(local_name(str(source)))
    return found


def test_a_good_atlas_conforms():
    """The small atlas breaks no shape."""
    assert broken("") == set()


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (
            ":R2 a skg:ParcellationRelease ; dcat:version '2' ; skos:prefLabel 'R2' ; skg:isVersionOf :A .",
            "release-realisation",
        ),
        (":R dcat:version '2' .", "release-version"),
        (":r skos:inScheme :R2 . :R2 a skg:ParcellationRelease .", "region-scheme"),
        (":r skg:depth -1 .", "region-depth"),
        (":r0 skg:partOf :rl .", "region-deeper"),
        (":x a skg:Region ; skos:inScheme :R2 ; skos:prefLabel 'x' ; skg:depth 5 ; skg:partOf :r .", "Region"),
        (":r skg:colorHex '#c5eeff' .", "color"),
        (":rl skg:laterality :right .", "hemisphere-side"),
        (":rl skg:contralateralTo :r3 . :r3 a skg:HemisphereRegion .", "hemisphere-symmetric"),
        (":M skg:mapKind 'sparse' .", "map-kind"),
        (":M2 a skg:ParcellationMap ; skg:ofRelease :R ; skg:mapKind 'labelled' ; skg:hasVolume :W .", "map-space"),
        (":W2 a skg:Volume ; skg:inSpace :S ; skg:volumeKind 'labelled' .", "volume-provider"),
        (":W skg:volumeKind 'picture' .", "volume-kind"),
        (":W2 a skg:Volume ; skg:volumeKind 'labelled' ; dcat:distribution :D .", "volume-space"),
        (":D2 a dcat:Distribution ; skg:providerType 'nii' .", "distribution-url"),
        (":D2 a dcat:Distribution ; dcat:downloadURL <https://example.org/a> .", "distribution-type"),
        (":D skg:sha256 'abc' .", "distribution-hash"),
        (":b a skg:BoundingBox ; skg:inSpace :S ; skg:minX 2e0 ; skg:maxX 1e0 .", "box-x"),
        (":i skg:label '1' .", "index-label"),
        (":i2 a skg:RegionIndex ; skg:label 2 .", "index-volume"),
        (
            ":T om:hasEntity :q . :q om:hasAnnotation :x . :x skg:label 1 ; om:laterality :left ; om:criteriaType :c .",
            "label-unique",
        ),
        (":V2 a omt:AnatomicalAtlasVersion ; om:usageCondition :l .", "atlas-version-space"),
        (":p2 a omt:ParcellationEntityVersion .", "entity-version-of"),
    ],
)
def test_each_shape_finds_its_defect(text, shape):
    """A defect put into the good atlas breaks the shape that is there for it."""
    assert shape in broken(text)


def test_shapes_join_the_report():
    """With ``shacl=True`` the report has a row for each broken shape, and violations of shapes count."""
    report = checks.run_checks(small_store(SIDES + ":r skg:colorHex '#c5eeff' .", DERIVED), CATALOG, shacl=True)
    result = report["shacl/color"]
    assert (result.severity, result.count) == ("violation", 1)
    assert result.rows[0].subject == "urn:t:r"
    assert result.rows[0].message == "Pattern of skg:colorHex"
    assert str(result.rows[0].value) == "#c5eeff"
    assert result.summary == "A colour is written #RRGGBB"
    assert report["color-malformed"].count == 1
    assert report.violations == 2


def test_datatypes_of_openminds_are_violations():
    """A text where the schema wants a date is a violation, a missing required property only a finding."""
    found = {r.name: r.severity for r in shacl.validate(small_store(":V om:releaseDate 'soon' ."), CATALOG)}
    assert found["releaseDate-is-date"] == "violation"
    assert found["accessibility-required"] == "finding"


def test_without_pyshacl_the_error_says_what_to_install(monkeypatch):
    """A missing extra is a typed error with the command that helps."""
    monkeypatch.setattr(checks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataMissing, match=r"siibra-kg\[ontology\]"):
        checks.run_checks(open_store("memory:"), CATALOG, shacl=True)


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.long
def test_the_known_defects_are_found_by_shapes(full_snapshot):
    """The validator finds in the real graph what was counted in the raw documents, and our own nodes conform."""
    types = [
        *(OMT + name for name in ("AnatomicalAtlasVersion", "ParcellationTerminologyVersion", "AnatomicalAtlas")),
        *(
            OMT + name
            for name in ("ParcellationEntity", "ParcellationEntityVersion", "CommonCoordinateFrameworkVersion")
        ),
        *(SKG + name for name in ("ParcellationRelease", "ParcellationMap", "Volume", "RegionIndex", "Region")),
    ]
    found = shacl.validate(open_store(full_snapshot.path / "store"), CATALOG, types)
    assert [(r.name, r.rows[0]) for r in found if r.severity == "violation"] == []
    count = {r.name: len(r.rows) for r in found}
    assert count["entity-version-of"] == 4276
    assert count["hasEntity-to-ParcellationEntityVersion"] == 68
    assert count["hasParent-to-ParcellationEntity-ParcellationEntityVersion"] == 20
    assert count["hasParent-to-ParcellationEntity"] == 1
    assert count["coordinateFramework-to-CommonCoordinateFrameworkVersion"] == 3
    assert count["atlas-version-space"] == 4
    assert count["atlas-version-licence"] == 7
    assert count["contribution-required"] == 53 + 13 + 32
    assert count["hasEntity-required"] == 6  # the terminologies of Schaefer's six atlas versions
