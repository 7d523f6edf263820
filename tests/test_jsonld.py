"""JSON-LD to N-Triples: literals, links, embedded nodes, and that the same content is the same bytes."""

from __future__ import annotations

import json
import math
import os
import random
import string
import subprocess
import sys

import pyoxigraph as ox
import pytest
from documents import BASE, CONTEXT, RDF_TYPE, annotation, convert, document, objects, pev, triples
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg import nt
from siibra_kg.errors import BadDocument
from siibra_kg.jsonld import Converter
from siibra_kg.jsonld.iris import is_absolute_iri
from siibra_kg.terms import Literal, is_iri, to_sparql
from siibra_kg.vocab import OM, OMI, OMT, XSD


def annotation_iris(content: object) -> set[str]:
    return {o[1:-1] for o in objects(content, "hasAnnotation")}


def test_a_plain_document_becomes_its_triples():
    """Type, text, link and list arrive; nulls and empty lists say nothing."""
    doc = document(description="a", usedTaxon={"@id": OMI + "species/musMusculus"}, isVariantOf=[], keyword=None)
    assert triples(doc) == {
        (OMI + "thing/x", RDF_TYPE, f"<{OMT}Dataset>"),
        (OMI + "thing/x", OM + "description", '"a"'),
        (OMI + "thing/x", OM + "usedTaxon", f"<{OMI}species/musMusculus>"),
    }


def test_the_top_level_nodes_are_named():
    assert convert(document(name="a")).nodes == (OMI + "thing/x",)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_string_comes_back_from_an_n_triples_parser(text):
    data = Converter(BASE).convert("x", json.dumps(document(description=text)).encode()).ntriples
    found = [
        q.object.value for q in ox.parse(data, format=ox.RdfFormat.N_TRIPLES) if q.predicate.value == OM + "description"
    ]
    assert found == [text]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_fast_writer_and_the_general_writer_say_the_same(text):
    """Both writers may choose other escapes; an independent reader gets the same string from both."""
    lines = f"<a:a> <a:b> {nt.literal(text)} .\n<a:a> <a:b> {to_sparql(Literal(text))} .\n"
    assert {q.object.value for q in ox.parse(lines, format=ox.RdfFormat.N_TRIPLES)} == {text}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_written_canonically_and_reads_back_as_the_same_number(value):
    """The shortest form, one digit before the point, as Oxigraph writes it; integral values are integers."""
    written = nt.number(value)
    lexical = written[1 : written.index('"', 1)]
    assert float(lexical) == value
    if written.endswith("double>"):
        mantissa, exponent = lexical.split("E")
        assert len(mantissa.lstrip("-").split(".")[0]) == 1
        assert mantissa.lstrip("-")[0] != "0"
        assert str(int(exponent)) == exponent
        oxigraph = next(ox.parse(f'{{"@id":"a:a","a:b":{value!r}}}', format=ox.RdfFormat.JSON_LD)).object
        assert lexical == oxigraph.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (8.11, f'"8.11E0"^^<{XSD}double>'),
        (3338.5795590551184, f'"3.3385795590551184E3"^^<{XSD}double>'),
        (12.0, f'"12"^^<{XSD}integer>'),
        (-0.0, f'"0"^^<{XSD}integer>'),
        (0.00025, f'"2.5E-4"^^<{XSD}double>'),
        (1e21, f'"1.0E21"^^<{XSD}double>'),
        (True, f'"true"^^<{XSD}boolean>'),
    ],
)
def test_numbers(value, expected):
    assert objects(document(value=value), "value") == {expected}


def test_an_integer_of_any_size_stays_exact():
    assert objects(document(value=2**63 + 1), "value") == {f'"{2**63 + 1}"^^<{XSD}integer>'}
    assert objects(document(value=-(2**53) - 1), "value") == {f'"{-(2**53) - 1}"^^<{XSD}integer>'}


def test_a_number_that_is_not_finite_is_no_number():
    with pytest.raises(ValueError, match="inf"):
        nt.number(math.inf)


@given(st.text(max_size=12) | st.text('a:/#?%[]<>{}|^`\\"é\ud800\ue000', max_size=12).map("http://e/".__add__))
def test_what_oxigraph_takes_for_an_iri_is_one_for_sparql_too(text):
    """The stricter question implies the weaker one, so an IRI of the graph can always stand in a query."""
    assert is_iri(text) or not is_absolute_iri(text)


# --- embedded nodes -----------------------------------------------------------------------------------------


def test_an_annotation_is_named_by_its_parent_and_its_side():
    content = pev(
        annotation("left"), annotation("right"), annotation("left+right", internalIdentifier="7"), annotation("")
    )
    assert annotation_iris(content) == {BASE + f"id/annotation/A_v1_x/{s}" for s in ("left", "right", "both", "none")}


def test_the_criteria_type_is_part_of_the_name_of_an_annotation():
    kind = {"@id": OMI + "annotationCriteriaType/deterministicAnnotation"}
    assert annotation_iris(pev(annotation("left", criteriaType=kind))) == {
        BASE + "id/annotation/A_v1_x/left/deterministicAnnotation"
    }


def test_two_annotations_of_one_side_that_differ_get_names_by_content():
    """Neither gets the short name, since nothing tells whose it is."""
    iris = annotation_iris(pev(annotation("left", internalIdentifier="1"), annotation("left", internalIdentifier="2")))
    assert len(iris) == 2
    assert all(i.startswith(BASE + "id/atlas-annotation/A_v1_x/hasAnnotation/") for i in iris)


def test_nodes_that_say_the_same_are_as_many_as_were_written():
    """The origin (0, 0, 0) of a coordinate framework has three axes."""
    zero = {"@type": OMT + "QuantitativeValue", "value": 0.0}
    found = objects(document(axesOrigin=[zero, zero, zero]), "axesOrigin")
    assert len(found) == 3
    assert sorted(i[-2:] for i in (o[1:-1] for o in found) if "~" in i) == ["~2", "~3"]


def test_a_terminology_is_named_by_its_atlas():
    content = {
        "@context": CONTEXT,
        "@id": OMI + "anatomicalAtlas/A",
        "@type": OMT + "AnatomicalAtlas",
        "hasTerminology": {"@type": OMT + "ParcellationTerminology", "hasEntity": None},
    }
    assert objects(content, "hasTerminology") == {f"<{BASE}id/terminology/A>"}


def test_a_nested_embedded_node_is_named_below_its_parent():
    color = {"@type": OMT + "ViewerSpecification", "preferredDisplayColor": {"@id": OMI + "singleColor/#C5EEFF"}}
    content = pev(annotation("left+right", preferredVisualization=color))
    (name,) = objects(content, "preferredVisualization")
    stem = f"<{BASE}id/viewer-specification/annotation/A_v1_x/both/preferredVisualization/"
    assert name.startswith(stem)
    assert set(name[len(stem) : -1]) <= set(string.hexdigits.lower())
    assert len(name[len(stem) : -1]) == 12


def test_parents_outside_the_libraries_never_share_their_embedded_nodes():
    """``…/a/1`` and ``…/b/1`` end in the same segment; their annotations are not the same thing."""

    def names(parent: str) -> set[str]:
        return annotation_iris({**pev(annotation("left")), "@id": parent})

    assert not names("https://example.org/a/1") & names("https://example.org/b/1")


def test_the_order_of_keys_and_of_lists_changes_no_byte():
    """Embedded nodes included: their names come from content."""
    content = pev(
        annotation("left", internalIdentifier="1", type={"@id": OMI + "annotationType/annotationMask"}),
        annotation("left", internalIdentifier="2"),
        annotation("right"),
        annotation("right"),
    )
    content["alternateName"] = ["b", "a", "c"]
    expected = convert(content).ntriples
    source = random.Random(5)

    def shuffled(value):
        if isinstance(value, dict):
            pairs = [(k, shuffled(v)) for k, v in value.items()]
            source.shuffle(pairs)
            return dict(pairs)
        if isinstance(value, list):
            return source.sample([shuffled(v) for v in value], len(value))
        return value

    for _ in range(20):
        assert convert(shuffled(content)).ntriples == expected


def test_what_a_converter_says_does_not_depend_on_what_it_saw_before():
    one, two = json.dumps(pev(annotation("left"))).encode(), json.dumps(document(name="n", zzz=1)).encode()
    used = Converter(BASE)
    used.convert("two", two)
    assert used.convert("one", one) == Converter(BASE).convert("one", one)
    assert used.convert("two", two) == Converter(BASE).convert("two", two)


def test_the_base_of_the_minted_names_can_be_chosen():
    data = json.dumps(pev(annotation("left"))).encode()
    assert (
        b"<https://example.org/kg/id/annotation/A_v1_x/left>"
        in Converter("https://example.org/kg/").convert("x", data).ntriples
    )


# --- ids ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["https://example.org/a b", "http://example.org/<x>", "urn:a{b}"])
def test_a_link_that_is_no_iri_stays_as_a_string_and_is_noted(bad):
    result = convert(document(documentation={"@id": bad}))
    assert bad.encode() in result.ntriples
    assert f"<{bad}>".encode() not in result.ntriples
    assert [n.code for n in result.notes if n.code == "bad-iri"] == ["bad-iri"]


def test_a_node_whose_id_is_no_iri_gets_one_and_keeps_its_own_as_identifier():
    result = convert({**document(name="a"), "@id": "https://example.org/a b"})
    assert result.nodes[0].startswith(BASE + "id/invalid/")
    assert b'<http://purl.org/dc/terms/identifier> "https://example.org/a b"' in result.ntriples


def test_an_iri_with_percent_signs_or_parentheses_is_left_alone():
    iri = "https://example.org/a%20b_(c)'d"
    assert objects(document(documentation={"@id": iri}), "documentation") == {f"<{iri}>"}


@pytest.mark.parametrize("bad", [{"@id": 5}, {"@id": ["a"]}, {"@id": {"a": 1}}])
def test_an_id_that_is_no_string_is_refused(bad):
    with pytest.raises(BadDocument, match="@id"):
        convert(document(documentation=bad))


def test_a_type_that_is_no_string_is_refused():
    with pytest.raises(BadDocument, match="type"):
        convert({**document(), "@type": 5})


def test_the_bytes_do_not_depend_on_the_hash_seed():
    """Sets and dictionaries of Python come in another order in every process."""
    content = [pev(annotation("left+right"), annotation("left"), annotation("left", internalIdentifier="1"))]
    content.append({"@id": "_:a", "@type": [OMT + "B", OMT + "A"], OM + "p": [{"@id": "_:a"}, {"@list": ["x"]}]})
    code = (
        "import sys; from siibra_kg.jsonld import Converter; "
        "made = Converter('https://example.org/').convert('x', sys.argv[1].encode()); "
        "sys.stdout.buffer.write(made.ntriples + repr(made).encode())"
    )
    command = [sys.executable, "-c", code, json.dumps(content)]
    runs = {
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1
    assert runs.pop().count(b"\n") >= 10
