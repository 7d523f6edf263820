"""Every generation of openMINDS becomes the latest vocabulary: the tables, and real documents of four releases."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import INSTANCES
from documents import BASE, convert, document, notes, objects, triples

from siibra_kg.errors import DataMissing
from siibra_kg.jsonld import Converter, Tables
from siibra_kg.jsonld.names import KINDS
from siibra_kg.vocab import OM, OMI, OMT, XSD

RELEASES = ("v3.0", "v4.0", "v5.0", "latest")
V3 = "https://openminds.ebrains.eu/"
SCHEMAS = "github.com/openMetadataInitiative/openMINDS/archive/cd8a111254207583a08dc613ac6a9a46d8a5404a.tar.gz"


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables.load()


def old(kind: str, identifier: str, **content: object) -> dict[str, object]:
    return {"@context": {"@vocab": V3 + "vocab/"}, "@id": V3 + "instances/" + identifier, "@type": V3 + kind, **content}


# --- the tables ---------------------------------------------------------------------------------------------


def test_no_new_name_is_renamed_again(tables):
    """One look-up is enough, and the keys of embedded nodes are names of the latest vocabulary."""
    for table in (tables.properties, tables.types, tables.instances, tables.instance_folders):
        assert not set(table) & set(table.values())
    assert not {name for rule in tables.embedded.values() for name in rule.key} & set(tables.properties)
    assert not set(tables.properties) & set(tables.inverses)


def test_every_name_in_the_tables_is_known(tables):
    renamed = {**tables.properties, **tables.inverses}
    assert set(renamed) | set(renamed.values()) <= tables.known_properties
    assert set(tables.types) | set(tables.types.values()) <= tables.known_types
    assert {name for name in tables.lift if ":" not in name} <= tables.known_properties | {"IRI", "URL"}
    assert set(tables.lift.values()) <= set(KINDS)


def test_a_file_of_tables_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("siibra_kg.resources.__file__", str(tmp_path / "siibra_kg" / "resources.py"))
    with pytest.raises(DataMissing, match="ontologies"):
        Tables.load()


@pytest.mark.mirror
def test_every_name_of_every_schema_is_known_renamed_or_said_to_be_obsolete(mirror, tables):
    """Nothing in the official vocabulary is forgotten: whoever updates the schemas has to decide about each name."""
    with tarfile.open(mirror / SCHEMAS) as archive:
        vocab = {
            Path(m.name).stem: json.load(archive.extractfile(m))
            for m in archive
            if m.name.endswith(("vocab/properties.json", "vocab/types.json"))
        }
    latest = {name for name, facts in vocab["properties"].items() if "latest" in facts["usedIn"]}
    explained = latest | set(tables.properties) | set(tables.inverses) | tables.obsolete_properties
    assert set(vocab["properties"]) == explained
    assert not tables.obsolete_properties & latest
    types = {name for name, facts in vocab["types"].items() if "latest" in facts["isPartOfVersion"]}
    assert set(vocab["types"]) == types | set(tables.types) | tables.obsolete_types | tables.early_types


@pytest.mark.mirror
@pytest.mark.slow
def test_the_tables_are_what_the_tool_makes_of_the_upstream_archives(mirror):
    """Nobody edits the file by hand, and whoever updates the pins runs the tool."""
    root = Path(__file__).parent.parent
    command = [sys.executable, root / "tools" / "make_normalise.py", mirror / SCHEMAS, mirror / INSTANCES]
    made = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    assert made == (root / "ontologies" / "normalise.json").read_text("utf-8")


# --- one rule at a time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("isNewVersionOf", "isPrecededBy"),
        ("isAlternativeVersionOf", "isVariantOf"),
        ("coordinateSpace", "coordinateFramework"),
        ("usedSpecies", "usedTaxon"),
        ("license", "usageCondition"),
        ("fullDocumentation", "documentation"),
        ("relatedUBERONTerm", "relatedInterspeciesAnatomy"),
    ],
)
def test_a_renamed_link(before, after):
    assert objects(document(**{before: {"@id": "https://example.org/b"}}), after) == {"<https://example.org/b>"}


@pytest.mark.parametrize(
    ("before", "after"),
    [("interlexIdentifier", "otherOntologyIdentifier"), ("knowledgeSpaceLink", "preferredCrossReference")],
)
def test_a_renamed_string_is_lifted_like_its_new_name(before, after):
    iri = "http://uri.interlex.org/base/ilx_0100001"
    assert objects(document(**{before: iri}), after) == {f"<{iri}>"}


def test_has_version_is_said_of_the_version():
    content = old("sands/BrainAtlas", "brainAtlas/A", hasVersion=[{"@id": V3 + "instances/brainAtlasVersion/A_v1"}])
    assert (OMI + "anatomicalAtlasVersion/A_v1", OM + "isVersionOf", f"<{OMI}anatomicalAtlas/A>") in triples(content)


def test_an_embedded_version_is_named_and_points_back():
    """The inverted property may hold a whole node, too."""
    version = {"@type": V3 + "sands/BrainAtlasVersion", "shortName": "v"}
    content = old("sands/BrainAtlas", "brainAtlas/A", hasVersion=[version])
    (back,) = [s for s, p, _ in triples(content) if p == OM + "isVersionOf"]
    assert (back, OM + "shortName", '"v"') in triples(content)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("brainAtlas/JBA", "anatomicalAtlas/JBA"),
        ("brainAtlasVersion/X_v1", "anatomicalAtlasVersion/X_v1"),
        ("commonCoordinateSpace/X", "commonCoordinateFramework/X"),
        ("commonCoordinateSpaceVersion/X", "commonCoordinateFrameworkVersion/X"),
        ("parcellationEntity/X", "parcellationEntity/X"),
        ("productAccessibility/freeAccess", "accessibilities/directVirtualOpenAccess"),
        ("productAccessibility/controlledAccess", "productAccessibility/controlledAccess"),
        ("UBERONParcellation/amygdala", "nervousSystemStructure/amygdala"),
        ("UBERONParcellation/brain", "organ/brain"),
        ("UBERONParcellation/basalCistern", "anatomicalCavity/basalCistern"),
    ],
)
def test_an_instance_gets_its_latest_iri(before, after):
    """Whatever the host and the folder; also where it is only linked."""
    for host in (V3, "https://openminds.om-i.org/"):
        assert objects(document(about={"@id": f"{host}instances/{before}"}), "about") == {f"<{OMI}{after}>"}


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [("amygdala", "NervousSystemStructure"), ("brain", "Organ"), ("basalCistern", "AnatomicalCavity")],
)
def test_the_type_that_was_split_follows_the_instance(identifier, kind):
    content = old("controlledTerms/UBERONParcellation", "UBERONParcellation/" + identifier, name="x")
    assert {o for _, p, o in triples(content) if p.endswith("#type")} == {f"<{OMT}{kind}>"}


def test_types_of_every_module_of_version_3_are_one_namespace_now():
    for kind in ("core/File", "controlledTerms/Species", "sands/ParcellationEntity", "ephys/Electrode"):
        assert {o for _, p, o in triples(old(kind, "a/b")) if p.endswith("#type")} == {f"<{OMT}{kind.split('/')[1]}>"}


def test_early_types_are_converted_with_a_note():
    """Versions 1 and 2 have no library; their names are kept and the reader is told."""
    content = old("sands/AnatomicalEntity", "anatomicalEntity/x", name="x")
    assert ("/@type", "early-type") in notes(content)
    assert objects(content, "name") == {'"x"'}


def test_what_has_no_successor_is_kept_with_a_note():
    content = old("core/DatasetVersion", "datasetVersion/x", custodian=[{"@id": V3 + "instances/person/a"}])
    assert objects(content, "custodian") == {f"<{OMI}person/a>"}
    assert notes(content) == {("/custodian", "obsolete-property")}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("startTime", "2020-01-01T10:00:00Z", f'"2020-01-01T10:00:00Z"^^<{XSD}dateTime>'),
        ("startTime", "10:00:00", f'"10:00:00"^^<{XSD}time>'),
        ("creationDate", "2020-02-29", f'"2020-02-29"^^<{XSD}date>'),
        ("creationDate", "2021-02-29", '"2021-02-29"'),
        ("numberOfSubjects", "12", f'"12"^^<{XSD}integer>'),
        ("numberOfSubjects", "+007", f'"7"^^<{XSD}integer>'),
        ("numberOfSubjects", "a dozen", '"a dozen"'),
        ("latitude", "50.9", f'"5.09E1"^^<{XSD}double>'),
        ("supportChannel", "help@example.org", '"help@example.org"'),
        ("supportChannel", "https://example.org/help", "<https://example.org/help>"),
        ("internalIdentifier", "12", '"12"'),
        ("IRI", "https://example.org/file.nii", "<https://example.org/file.nii>"),
    ],
)
def test_strings_get_the_type_that_the_schemas_say(key, value, expected):
    assert objects(document(**{key: value}), key) == {expected}


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        (
            "cite [RRID:SCR_000001](https://scicrunch.org/resolver/SCR_000001) and [A (2020)](https://doi.org/10.1/a.b).",
            {"https://scicrunch.org/resolver/SCR_000001", "https://doi.org/10.1/a.b"},
        ),
        ("[doi: 10.1/x](http://dx.doi.org/10.1/x)", {"https://doi.org/10.1/x"}),
        ("A. Author (2021). Title. Journal. https://doi.org/10.1/y.2.", {"https://doi.org/10.1/y.2"}),
        ("[old](https://doi.org/10.1016/0000-1(93)90001-2), end", {"https://doi.org/10.1016/0000-1(93)90001-2"}),
        ("(see https://doi.org/10.1/z)", {"https://doi.org/10.1/z"}),
        ("by its RRID:SCR_000001, without a link", set()),
        ("[bad](https://doi.org/10.1/%zz)", set()),
    ],
)
def test_citations_inside_prose_become_iris(text, cited):
    """The prose itself stays as it is."""
    content = document(howToCite=text)
    assert {o[1:-1] for _, p, o in triples(content) if p == "https://schema.org/citation"} == cited
    assert len(objects(content, "howToCite")) == 1


def test_without_lift_nothing_is_changed():
    content = old("sands/BrainAtlas", "brainAtlas/A", homepage="https://example.org/", fullName="a  b ", hasVersion=[])
    assert triples(content, lift=False) == {
        (V3 + "instances/brainAtlas/A", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", f"<{V3}sands/BrainAtlas>"),
        (V3 + "instances/brainAtlas/A", V3 + "vocab/homepage", '"https://example.org/"'),
        (V3 + "instances/brainAtlas/A", V3 + "vocab/fullName", '"a  b "'),
    }


def test_the_direct_way_and_the_general_way_agree():
    """The same document with its keys written out goes through the JSON-LD processor and says the same."""
    viewer = {
        "@type": V3 + "sands/ViewerSpecification",
        "preferredDisplayColor": {"@id": V3 + "instances/singleColor/#00FF00"},
    }
    sides = [{"@id": V3 + "instances/laterality/left"}]
    content = old(
        "sands/ParcellationEntityVersion",
        "parcellationEntityVersion/A_x",
        name="a\nb",
        ontologyIdentifier=["http://purl.obolibrary.org/obo/UBERON_0000001", "x"],
        versionInnovation="v",
        hasAnnotation=[
            {"@type": V3 + "sands/AtlasAnnotation", "laterality": sides, "preferredVisualization": viewer},
            {"@type": V3 + "sands/AtlasAnnotation", "laterality": sides, "internalIdentifier": "1"},
        ],
    )

    def written_out(value):
        if isinstance(value, dict):
            return {
                k if k[0] == "@" else V3 + "vocab/" + k: written_out(v) for k, v in value.items() if k != "@context"
            }
        return [written_out(v) for v in value] if isinstance(value, list) else value

    assert convert(written_out(content)).ntriples == convert(content).ntriples


def test_an_inverted_property_without_a_node_is_noted():
    content = old("sands/BrainAtlas", "brainAtlas/A", hasVersion=["v1"])
    assert notes(content) == {("/hasVersion/0", "bad-inverse")}


def test_a_property_name_that_is_no_iri_is_percent_encoded():
    """Nothing is lost for a space in a key."""
    content = document(**{"my key": "x"})
    assert objects(content, "my%20key") == {'"x"'}
    assert notes(content) == {("/my key", "bad-property")}


def test_a_type_that_is_no_iri_is_percent_encoded():
    content = {**document(), "@type": OMT + "My Type"}
    assert {o for _, p, o in triples(content) if p.endswith("#type")} == {f"<{OMT}My%20Type>"}
    assert notes(content) == {("/@type", "bad-type")}


# --- real documents -----------------------------------------------------------------------------------------

#: Nodes that say the same in all four releases: ids in the latest one.
SAME = (
    "anatomicalAtlas/JBA",
    "anatomicalAtlas/AAL1",
    "anatomicalAtlas/WHSSDatlas",
    "anatomicalAtlas/SwansonBM",
    "anatomicalAtlasVersion/JBA_v3.0.3-MNI152",
    "anatomicalAtlasVersion/WHSSDatlas_v4",
    "anatomicalAtlasVersion/AAL1_SPM12-v4",
    "anatomicalAtlasVersion/MarmosetNMA_v1",
    "anatomicalAtlasVersion/AMBA_CCFv3-2017",
    "parcellationEntity/JBA_Area-hOc1",
    "parcellationEntity/JBA_occipitalCortex",
    "parcellationEntity/AsegAtlas_putamen",
    "parcellationEntity/WHSSDatlas_cochlearNucleusDorsalPart",
    "parcellationEntityVersion/JBA_v3.0.3-MNI152_Area-hOc1_PM-v4.2",
    "parcellationEntityVersion/JBA_v2.9-fsaverage_Area-2_PM-v7.1",
    "parcellationEntityVersion/WHSSDatlas_v4_dorsalCochlearNucleusDeepCore",
    "commonCoordinateFramework/WHSSD",
    "commonCoordinateFramework/AMB-CCF",
    "commonCoordinateFrameworkVersion/MarmosetNMT_v1",
    "commonCoordinateFrameworkVersion/AMB-CCF_v3",
    "commonCoordinateFrameworkVersion/SwansonSRB_v1992",
    "nervousSystemStructure/amygdala",
    "nervousSystemStructure/CA1FieldOfHippocampus",
    "anatomicalCavity/basalCistern",
    "vascularStructure/basalVein",
    "species/rattusNorvegicus",
    "species/homoSapiens",
    "licenses/CC-BY-4.0",
    "licenses/CC-BY-NC-SA-4.0",
    "laterality/left",
    "contentTypes/application_json",
)


@pytest.fixture(scope="module")
def by_subject(library) -> dict[str, dict[str, set[str]]]:
    """Give release -> subject -> its lines; all documents, since old atlases speak of their versions."""
    out: dict[str, dict[str, set[str]]] = {}
    converter = Converter(BASE)
    for release in RELEASES:
        lines: dict[str, set[str]] = {}
        for path, data in library[release].items():
            for line in converter.convert(path, data).ntriples.decode().splitlines():
                lines.setdefault(line.split(" ", 1)[0][1:-1], set()).add(line)
        out[release] = lines
    return out


def _described(subjects: dict[str, set[str]], iri: str) -> set[str]:
    """Give the lines of a node and of all nodes embedded in it."""
    lines = set(subjects[iri])
    todo = [iri]
    while todo:
        for quad in ox.parse("\n".join(subjects[todo.pop()]), format=ox.RdfFormat.N_TRIPLES):
            value = getattr(quad.object, "value", "")
            if value.startswith(BASE + "id/"):
                lines |= subjects[value]
                todo.append(value)
    return lines


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize("identifier", SAME)
def test_a_node_is_the_same_graph_in_all_four_releases(by_subject, identifier):
    """Names of embedded nodes come from content, so the graphs are not only isomorphic but equal."""
    first, *others = (_described(by_subject[release], OMI + identifier) for release in RELEASES)
    assert len(first) >= 2
    for graph in others:
        assert graph == first


@pytest.mark.mirror
@pytest.mark.slow
def test_most_of_the_library_is_the_same_in_all_releases(by_subject):
    """What differs was edited upstream (ontology terms, mostly), not renamed: 31,497 of 31,821 common nodes agree."""
    latest = by_subject["latest"]
    for release, least in (("v3.0", 31_497), ("v4.0", 31_511), ("v5.0", 32_195)):
        subjects = by_subject[release]
        assert sum(subjects.get(iri) == lines for iri, lines in latest.items()) >= least


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize("release", RELEASES)
def test_every_embedded_node_has_a_name_of_its_own(by_subject, release):
    """14,769 nodes without an id were counted with a JSON-LD processor in each release."""
    assert sum(iri.startswith(BASE + "id/") for iri in by_subject[release]) == 14_769
