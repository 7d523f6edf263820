"""A node as compact JSON-LD: nothing is lost, nothing is fetched, the same triples give the same document."""

from __future__ import annotations

import itertools
import json
import random

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siibra_kg.errors import BadDocument, NetworkDisabled, TermError
from siibra_kg.jsonld.frame import bundled_context, compact
from siibra_kg.terms import IRI, BlankNode, Literal, Triple, is_iri, to_sparql
from siibra_kg.vocab import OM, OMI, OMT, RDF_TYPE, SKG, XSD

AREA = IRI(OMI + "parcellationEntity/JBA_Area-hOc1")
OTHER = IRI(OMI + "parcellationEntity/JBA_occipitalLobe")


def canonical(triples):
    """Write triples with blank nodes named by RDFC-1.0, so that equal graphs are equal sets."""
    text = "".join(f"{to_sparql(s)} {to_sparql(p)} {to_sparql(o)} .\n" for s, p, o in triples)
    found = ox.Dataset(ox.parse(text.encode(), ox.RdfFormat.N_TRIPLES, lenient=True))
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in found}


def read_back(document):
    """Read a document with an independent JSON-LD processor: PyLD 3.3.0 rewrites the double "1" as "1.0E0"."""
    data = json.dumps(document).encode()
    quads = ox.parse(data, ox.RdfFormat.JSON_LD, base_iri="https://base.example/", lenient=True)
    found = ox.Dataset(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in found}


def body(document):
    """Give a document without its context."""
    return {k: v for k, v in document.items() if k != "@context"}


def test_openminds_terms_have_their_own_names_and_links_are_plain():
    """Types and properties of openMINDS are written as openMINDS writes them; links are compact IRIs."""
    triples = [
        Triple(AREA, IRI(RDF_TYPE), IRI(OMT + "ParcellationEntity")),
        Triple(AREA, IRI(OM + "name"), Literal("Area hOc1 (V1, 17, CalcS)")),
        Triple(AREA, IRI(OM + "hasParent"), OTHER),
        Triple(AREA, IRI(OM + "releaseDate"), Literal("2018-05-04", XSD + "date")),
        Triple(AREA, IRI(SKG + "depth"), Literal("7", XSD + "integer")),
        Triple(AREA, IRI(SKG + "partOf"), IRI("https://w3id.org/siibra-kg/id/region/a")),
        Triple(AREA, IRI(OM + "preferredOntologyIdentifier"), IRI("http://purl.obolibrary.org/obo/UBERON_0001950")),
    ]
    assert body(compact(triples, AREA)) == {
        "@id": "omi:parcellationEntity/JBA_Area-hOc1",
        "@type": "ParcellationEntity",
        "hasParent": "omi:parcellationEntity/JBA_occipitalLobe",
        "name": "Area hOc1 (V1, 17, CalcS)",
        "preferredOntologyIdentifier": "UBERON:0001950",
        "releaseDate": "2018-05-04",
        "skg:depth": 7,
        "skg:partOf": "skgi:region/a",
    }


def test_linked_nodes_are_nested_once_and_unlinked_ones_included():
    """A node is written where it is first linked to; what no link reaches is under @included."""
    stray = IRI("https://example.org/stray")
    triples = [
        Triple(AREA, IRI(OM + "hasParent"), OTHER),
        Triple(OTHER, IRI(OM + "name"), Literal("occipital lobe")),
        Triple(OTHER, IRI(SKG + "hasPart"), AREA),
        Triple(stray, IRI(OM + "name"), Literal("stray")),
    ]
    found = body(compact(triples, AREA))
    assert found["hasParent"]["name"] == "occipital lobe"
    assert found["hasParent"]["skg:hasPart"] == found["@id"]
    assert found["@included"] == {"@id": "https://example.org/stray", "name": "stray"}
    assert read_back(compact(triples, AREA)) == canonical(triples)


def test_order_of_triples_and_names_of_blank_nodes_do_not_matter():
    """The bytes of the document depend on the graph alone."""
    triples = [Triple(AREA, IRI(OM + "axesOrigin"), BlankNode(f"x{i}")) for i in range(3)]
    triples += [Triple(BlankNode(f"x{i}"), IRI(OM + "value"), Literal(str(i), XSD + "integer")) for i in range(3)]
    renamed = [
        Triple(*(BlankNode(f"n{9 - int(t[1:])}") if isinstance(t, BlankNode) else t for t in x)) for x in triples
    ]
    random.Random(4).shuffle(renamed)
    assert json.dumps(compact(triples, AREA)) == json.dumps(compact(renamed, AREA))


def test_an_iri_whose_scheme_is_a_prefix_stays_what_it_is():
    """``doi:10.1`` is an IRI of its own and must not come back as https://doi.org/10.1."""
    triples = [Triple(AREA, IRI(OM + "homepage"), IRI("doi:10.1/x")), Triple(AREA, IRI("skg:odd"), IRI(SKG + "partOf"))]
    assert read_back(compact(triples, AREA)) == canonical(triples)


def test_a_chain_of_five_thousand_nodes_is_nested_without_recursion():
    """The tree is built level by level; what PyLD cannot nest as deep is a typed error or a document, never a crash."""
    nodes = [IRI(f"https://example.org/{i}") for i in range(200)]
    triples = [Triple(a, IRI(SKG + "partOf"), b) for a, b in itertools.pairwise(nodes)]
    assert read_back(compact(triples, nodes[0])) == canonical(triples)


def test_no_context_is_fetched():
    """A context that names another one by URL is refused."""
    with pytest.raises(NetworkDisabled, match="none is fetched"):
        compact([Triple(AREA, IRI(OM + "name"), Literal("a"))], AREA, context={"@import": "https://example.org/c"})


def test_a_context_that_is_none_is_a_typed_error():
    """What PyLD says about a broken context arrives as our error, naming the node."""
    with pytest.raises(BadDocument, match="JBA_Area-hOc1: not JSON-LD"):
        compact([Triple(AREA, IRI(OM + "name"), Literal("a"))], AREA, context={"name": {"@id": 5}})


def test_what_is_no_rdf_is_refused():
    """A literal as subject and an IRI that is none are typed errors."""
    with pytest.raises(TermError):
        compact([Triple(Literal("a"), IRI(OM + "name"), Literal("b"))], AREA)
    with pytest.raises(TermError):
        compact([Triple(AREA, IRI("not an iri"), Literal("b"))], AREA)


def test_a_context_of_ones_own_is_used():
    """``context`` replaces the bundled one and comes back in the document."""
    found = compact([Triple(AREA, IRI(OM + "name"), Literal("a"))], AREA, context={"label": OM + "name"})
    assert found == {"@context": {"label": OM + "name"}, "@id": str(AREA), "label": "a"}


TAILS = st.text(alphabet="abAB01_-.~/:#@%?=&()'+,;é", min_size=1, max_size=8)
IRIS = st.one_of(
    st.sampled_from([AREA, OTHER, IRI(OMT + "ParcellationEntity"), IRI("doi:10.1/x"), IRI("urn:a:b"), IRI("om:name")]),
    st.builds(lambda b, t: IRI(b + t), st.sampled_from([OMI, OM, OMT, SKG, "https://example.org/", "urn:x:"]), TAILS),
).filter(is_iri)
PROPERTIES = st.one_of(
    st.sampled_from([OM + p for p in ("name", "hasParent", "releaseDate", "value", "type", "homepage")]).map(IRI),
    st.sampled_from([IRI(SKG + "partOf"), IRI(SKG + "depth"), IRI(RDF_TYPE)]),
    IRIS,
)
BLANKS = st.sampled_from([BlankNode(f"b{i}") for i in range(3)])
LITERALS = st.one_of(
    st.text(max_size=12).filter(lambda t: not any("\ud800" <= c <= "\udfff" for c in t)).map(Literal),
    st.builds(lambda t: Literal(t, language="en"), st.text(alphabet='ab é\n"', max_size=5)),
    st.builds(
        lambda t, d: Literal(t, XSD + d),
        st.sampled_from(["0", "-0", "007", "+1", "true", "1", "1.5", "1.0E0", "NaN", "9007199254740993", "x", ""]),
        st.sampled_from(["integer", "boolean", "double", "decimal", "date", "dateTime"]),
    ),
)
TRIPLES = st.lists(
    st.builds(Triple, st.one_of(IRIS, BLANKS), PROPERTIES, st.one_of(IRIS, BLANKS, LITERALS)), min_size=1, max_size=12
)


@settings(max_examples=150, deadline=None)
@given(TRIPLES)
def test_round_trip(triples):
    """Every graph comes back: equal but for the names of blank nodes."""
    assert read_back(compact(triples, AREA)) == canonical(triples)


def test_the_context_belongs_to_the_document():
    """The bundled context is a copy each time: who changes a document changes nothing else."""
    document = compact([Triple(AREA, IRI(OM + "name"), Literal("a"))], AREA)
    document["@context"].clear()
    assert bundled_context()["om"] == OM


@pytest.mark.mirror
def test_round_trip_of_real_nodes(full_snapshot):
    """What the real graph says about a node of every type comes back whole."""
    store = ox.Store.read_only(str(full_snapshot.path / "store"))
    union = {"use_default_graph_as_union": True}
    found = store.query(
        "SELECT ?type (MIN(STR(?n)) AS ?node) WHERE { ?n a ?type FILTER(isIRI(?n)) } GROUP BY ?type", **union
    )
    nodes = sorted({row["node"].value for row in found})
    assert len(nodes) > 100
    for node in nodes:
        raw = [*store.query(f"DESCRIBE <{node}>", **union)]
        triples = [Triple(IRI(t.subject.value), IRI(t.predicate.value), term(t.object)) for t in raw]
        assert read_back(compact(triples, IRI(node))) == canonical(triples), node


def term(value):
    """Turn a term of the engine into ours."""
    if isinstance(value, ox.Literal):
        return Literal(value.value, value.datatype.value, value.language)
    return BlankNode(value.value) if isinstance(value, ox.BlankNode) else IRI(value.value)
