"""The T-Box: complete, in step with what uses it, free of contradictions, and reproducible from its sources."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import owlready2
import owlrl
import pytest
import rdflib
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from siibra_kg.questions import ontology
from siibra_kg.vocab import NAMESPACES, OM, OMT, SKG

ROOT = Path(__file__).parent.parent
ONTOLOGIES = ROOT / "ontologies"
SCHEMAS = "github.com/openMetadataInitiative/openMINDS/archive/cd8a111254207583a08dc613ac6a9a46d8a5404a.tar.gz"
#: Everything that speaks of our terms, and how.
SPEAKERS = (
    "docs/**/*.md",
    "README.md",
    "queries/**/*.rq",
    "ontologies/**/*.rq",
    "ontologies/**/*.ttl",
    "siibra_kg/**/*.py",
)
WORD = re.compile(
    r"\bskg:([A-Za-z0-9]+)|\bSKG \+ f?\"([A-Za-z0-9]+)|\{SKG\}([A-Za-z0-9]+)|siibra-kg/vocab/([A-Za-z][A-Za-z0-9]*)"
)
#: A class that nothing can belong to.
DISJOINT = ":a a owl:Class ; rdfs:subClassOf :b, :c . :b a owl:Class ; owl:disjointWith :c . :c a owl:Class ."


@pytest.fixture(scope="module")
def tbox():
    return ontology.read()


@pytest.fixture(scope="module")
def ours():
    return rdflib.Graph().parse(ONTOLOGIES / "siibra-kg.ttl")


def small(text):
    """Read Turtle with the project's prefixes."""
    head = "".join(f"@prefix {p}: <{n}> .\n" for p, n in NAMESPACES.items())
    return rdflib.Graph().parse(data=head + "@prefix : <urn:t:> .\n" + text, format="turtle")


def test_every_term_that_is_used_is_declared(ours):
    """Documentation, queries, rules, shapes, maps and code use no term of ours that the vocabulary lacks."""
    declared = {str(s).removeprefix(SKG) for s in ours.subjects(RDFS.isDefinedBy, None)}
    used = {}
    for pattern in SPEAKERS:
        for path in ROOT.glob(pattern):
            if "_data" not in path.parts:
                for found in WORD.findall(path.read_text("utf-8")):
                    used.setdefault("".join(found), str(path.relative_to(ROOT)))
    assert len(used) > 25
    assert {t: p for t, p in used.items() if t not in declared} == {}


def test_every_declared_term_is_in_the_data_model(ours):
    """The page about the data model names every term of the vocabulary."""
    page = (ROOT / "docs" / "data-model.md").read_text("utf-8")
    declared = {str(s).removeprefix(SKG) for s in ours.subjects(RDFS.isDefinedBy, None)}
    assert {t for t in declared if not re.search(rf"\bskg:{t}\b", page)} == set()


def test_there_is_no_problem(tbox):
    """Nothing undeclared, punned, undocumented, unsatisfiable, equated or imported in the whole T-Box."""
    assert ontology.problems(tbox) == ()


def test_our_vocabulary_stands_by_itself(ours):
    """The extension vocabulary alone declares all that it uses."""
    assert ontology.problems(ours) == ()


@pytest.mark.parametrize(
    ("text", "kind", "term"),
    [
        (":a rdfs:subClassOf :b . :a a owl:Class .", "undeclared", "urn:t:b"),
        (":a a owl:Class ; :p 1 .", "undeclared", "urn:t:p"),
        (":a a owl:Class, owl:ObjectProperty .", "punned", "urn:t:a"),
        (":a a owl:Class . :b a owl:Class, :a .", "punned", "urn:t:b"),
        (":p a owl:ObjectProperty, owl:DatatypeProperty .", "punned", "urn:t:p"),
        ("skg:New a owl:Class .", "undocumented", SKG + "New"),
        (DISJOINT, "unsatisfiable", "urn:t:a"),
        (":a a owl:Class ; rdfs:subClassOf :b . :b a owl:Class ; rdfs:subClassOf :a .", "cycle", "urn:t:a"),
        (":a owl:sameAs :b .", "sameAs", "urn:t:a"),
        ("<urn:t:o> a owl:Ontology ; owl:imports <http://example.org/o> .", "imports", "urn:t:o"),
    ],
)
def test_each_problem_is_found(text, kind, term):
    """A problem of each kind, put into an ontology, is reported with its term."""
    assert (kind, term) in {(p.kind, p.term) for p in ontology.problems(small(text))}


def test_owlready2_loads_everything(tbox):
    """The world of owlready2 has exactly the classes and properties that the files declare."""
    world = ontology.open_world()
    for kinds, found in (
        ((OWL.Class,), world.classes()),
        ((OWL.ObjectProperty,), world.object_properties()),
        ((OWL.DatatypeProperty,), world.data_properties()),
    ):
        declared = {str(s) for k in kinds for s in tbox.subjects(RDF.type, k) if isinstance(s, rdflib.URIRef)}
        assert {c.iri for c in found} == declared
        assert declared
    region = world[SKG + "Region"]
    assert world[SKG + "HemisphereRegion"] in region.subclasses()


def test_owlready2_by_itself_reads_turtle_as_nothing(tmp_path):
    """The trap that open_world avoids: if this fails, owlready2 has learnt Turtle and the detour can go."""
    world = owlready2.World()
    text = (ONTOLOGIES / "siibra-kg.ttl").read_bytes()
    (tmp_path / "siibra-kg.ttl").write_bytes(text)
    try:
        found = list(world.get_ontology((tmp_path / "siibra-kg.ttl").as_uri()).load().classes())
    except owlready2.OwlReadyOntologyParsingError:
        found = []
    assert found == []


def test_an_empty_ontology_is_an_error(tmp_path):
    """Reading nothing is not passed over in silence."""
    (tmp_path / "empty.ttl").write_text("<urn:t:o> a <http://www.w3.org/2002/07/owl#Ontology> .")
    with pytest.raises(ontology.EmptyOntology, match=r"empty\.ttl"):
        ontology.open_world([tmp_path / "empty.ttl"])


@pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java; the tests above need none")
def test_the_tbox_is_consistent_and_every_class_can_have_members():
    """HermiT finds no contradiction in the whole T-Box and no class that must be empty."""
    assert ontology.classify(ontology.open_world()) == ()


@pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java")
def test_hermit_finds_an_unsatisfiable_class(tmp_path):
    """The reasoner is really asked: a class below two disjoint classes is reported."""
    text = small(DISJOINT + "<urn:t:o> a owl:Ontology .").serialize(format="turtle")
    (tmp_path / "o.ttl").write_text(text)
    assert ontology.classify(ontology.open_world([tmp_path / "o.ttl"])) == ("urn:t:a",)


def test_rules_of_owl_rl_find_no_contradiction_in_a_small_graph(ours):
    """With a release, a region and its hemispheres beside the vocabulary, OWL 2 RL derives no contradiction."""
    example = small("""
        :r a skg:ParcellationRelease ; skg:hasSpatialRealisation :v .
        :a a skg:Region ; skos:inScheme :r .
        :l a skg:HemisphereRegion ; skg:partOf :a ; skg:laterality omi:left ; skg:contralateralTo :x .
        :x a skg:HemisphereRegion ; skg:partOf :a .
        :m a skg:ParcellationMap ; skg:ofRelease :r .
    """)
    graph = ours + example
    closure = owlrl.DeductiveClosure(owlrl.OWLRL_Semantics)
    closure.expand(graph)
    errors = {str(o) for o in graph.objects(None, rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#error"))}
    assert errors == set()
    t = rdflib.Namespace("urn:t:")
    assert (t.a, rdflib.URIRef(SKG + "hasPart"), t.l) in graph
    assert (t.l, SKOS.broader, t.a) in graph
    assert (t.x, rdflib.URIRef(SKG + "contralateralTo"), t.l) in graph


def test_the_four_elements_of_atom_are_aligned(tbox):
    """Space, terminology, annotation set and atlas of the Atlas Ontology Model each have one close match of ours."""
    elements = {
        "0777106": OMT + "CommonCoordinateFrameworkVersion",
        "0777107": OMT + "ParcellationTerminologyVersion",
        "0777108": SKG + "ParcellationMap",
        "0777109": OMT + "AnatomicalAtlasVersion",
    }
    for number, cls in elements.items():
        assert [str(s) for s in tbox.subjects(SKOS.closeMatch, rdflib.URIRef(NAMESPACES["ILX"] + number))] == [cls]


def test_part_of_is_aligned(tbox):
    """The hierarchy can be read as the part-of of OBO and as SKOS."""
    above = set(map(str, tbox.transitive_objects(rdflib.URIRef(SKG + "partOf"), RDFS.subPropertyOf)))
    assert {NAMESPACES["BFO"] + "0000050", str(SKOS.broader), str(SKOS.broaderTransitive)} <= above


# ------------------------------------------------------------------------------------------------ generated files


@pytest.fixture(scope="module")
def schemas(mirror):
    """The archive of the openMINDS schemas."""
    return mirror / SCHEMAS


@pytest.mark.mirror
@pytest.mark.parametrize("seed", ["0", "7"])
def test_generated_files_are_what_the_schemas_say(schemas, tmp_path, seed):
    """Regenerating gives the same bytes, whatever the hash seed."""
    tool = ROOT / "tools" / "make_openminds_ttl.py"
    command = [sys.executable, str(tool), "--schemas", str(schemas), "--out", str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    for name in ("openminds.ttl", "shapes/core.ttl"):
        assert (tmp_path / name).read_bytes() == (ONTOLOGIES / name).read_bytes(), name


@pytest.fixture(scope="module")
def documents(schemas):
    """The schemas of the latest version, read with nothing but tar and json."""
    listed = subprocess.run(
        ["tar", "-xzOf", str(schemas), "--wildcards", "*/schemas/latest/*.schema.omi.json"],
        check=True,
        capture_output=True,
    ).stdout.decode()
    decoder, found, place = json.JSONDecoder(), [], 0
    while place < len(listed.rstrip()):
        value, place = decoder.raw_decode(listed, place)
        found.append(value)
        place += len(listed[place:]) - len(listed[place:].lstrip())
    return found


@pytest.mark.mirror
def test_openminds_ttl_has_every_fact_and_no_prose(documents):
    """Types, categories, properties, uses, targets and requirements, counted by other means than the generator's."""
    graph = rdflib.Graph().parse(ONTOLOGIES / "openminds.ttl")
    types = {d["_type"] for d in documents}
    assert len(types) == 292
    assert {str(s) for s in graph.subjects(RDF.type, OWL.Class) if str(s).startswith(OMT)} == types
    uses = Counter((p, d["_type"]) for d in documents for p in d["properties"])
    schema = rdflib.Namespace("https://schema.org/")
    assert {(str(s), str(o)) for s, o in graph.subject_objects(schema.domainIncludes)} == set(uses)
    required = {(p, d["_type"]) for d in documents for p in d.get("required", ())}
    assert {(str(s), str(o)) for s, o in graph.subject_objects(rdflib.URIRef(SKG + "requiredFor"))} == required
    single = {(p, d["_type"]) for d in documents for p, v in d["properties"].items() if v.get("type") != "array"}
    assert {(str(s), str(o)) for s, o in graph.subject_objects(rdflib.URIRef(SKG + "singleFor"))} == single
    targets = {
        (p, t)
        for d in documents
        for p, v in d["properties"].items()
        for t in [*v.get("_linkedTypes", ()), *v.get("_embeddedTypes", ())]
    }
    assert {
        (str(s), str(o)) for s, o in graph.subject_objects(schema.rangeIncludes) if str(o).startswith(OMT)
    } == targets
    members = {(d["_type"], c) for d in documents for c in d.get("_categories", ())}
    found = {(str(s), str(o).rsplit("/", 1)[1]) for s, o in graph.subject_objects(RDFS.subClassOf)}
    assert found == members
    text = (ONTOLOGIES / "openminds.ttl").read_text("utf-8")
    prose = {d["description"] for d in documents if d.get("description")}
    prose |= {v["_instruction"] for d in documents for v in d["properties"].values()}
    assert len(prose) > 900
    assert not [p for p in prose if p in text]


def test_openminds_ttl_says_where_it_comes_from():
    """Source commit and licence stand in the header, and the file is small."""
    path = ONTOLOGIES / "openminds.ttl"
    head = path.read_text("utf-8")[:2000]
    assert "cd8a111254207583a08dc613ac6a9a46d8a5404a" in head
    assert "spdx.org/licenses/MIT" in head
    assert path.stat().st_size < 1_000_000


@pytest.mark.parametrize("name", ["BigThing", "MRIPulseSequence", "hasParent", "IRI", "mathematical2DShape", "DOI"])
def test_labels_are_made_from_names(name):
    """Words, in lower case, but for runs of capitals."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from make_openminds_ttl import words
    finally:
        sys.path.pop(0)
    expected = {
        "BigThing": "big thing",
        "MRIPulseSequence": "MRI pulse sequence",
        "hasParent": "has parent",
        "IRI": "IRI",
        "mathematical2DShape": "mathematical 2D shape",
        "DOI": "DOI",
    }
    assert words(name) == expected[name]


def test_the_context_is_in_step(tmp_path):
    """The bundled context has the project's prefixes and is what its generator writes."""
    context = json.loads((ONTOLOGIES / "context.jsonld").read_text("utf-8"))["@context"]
    plain = {k: v if isinstance(v, str) else v["@id"] for k, v in context.items() if isinstance(v, str | dict)}
    assert {k: v for k, v in plain.items() if k in NAMESPACES} == dict(NAMESPACES)
    assert {v["@id"] for k, v in context.items() if k in ("UBERON", "ILX")} == {NAMESPACES["UBERON"], NAMESPACES["ILX"]}
    out = tmp_path / "context.jsonld"
    subprocess.run([sys.executable, str(ROOT / "tools" / "make_context.py"), "--out", str(out)], check=True)
    assert out.read_bytes() == (ONTOLOGIES / "context.jsonld").read_bytes()
    assert context["hasParent"] == {"@id": "om:hasParent", "@type": "@id"}
    assert context["ParcellationEntity"] == "omt:ParcellationEntity"
    assert plain["name"] == "om:name"
    assert plain["om"] == OM


def test_what_the_normaliser_lifts_is_a_link_in_the_tbox(tbox):
    """A property whose strings become IRIs is no datatype property, and a date is one."""
    lift = json.loads((ONTOLOGIES / "normalise.json").read_text("utf-8"))["lift"]
    for name in lift["iri"]:
        assert (rdflib.URIRef(OM + name), RDF.type, OWL.DatatypeProperty) not in tbox, name
    assert (rdflib.URIRef(OM + "releaseDate"), RDF.type, OWL.DatatypeProperty) in tbox
    for name in lift["date"]:  # some are names of older versions
        assert (rdflib.URIRef(OM + name), RDF.type, OWL.ObjectProperty) not in tbox, name
