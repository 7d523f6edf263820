"""Documents that are not in openMINDS's plain form: EBRAINS KG payloads, other contexts, graphs, aliases, lists."""

from __future__ import annotations

import json
import time

import pytest
from documents import BASE, RDF_TYPE, annotation, convert, notes, pev, triples

from siibra_kg.jsonld import Converter
from siibra_kg.vocab import OM, OMI, OMT, XSD

KG = "https://kg.ebrains.eu/api/instances/"
UUID, OTHER = "5ce2a4a6-0a2a-4a0e-8a0d-0123456789ab", "0f1e2d3c-4b5a-4978-8a9b-abcdefabcdef"
IDENTIFIER = "http://schema.org/identifier"
META = "https://core.kg.ebrains.eu/vocab/meta/"


def payload(**content: object) -> dict[str, object]:
    return {"@id": KG + UUID, "@type": [OMT + "ParcellationEntityVersion"], **content}


def test_a_payload_of_the_ebrains_kg_keeps_its_own_iri():
    """The bridge to the library is the identifier, which stays a statement of its own."""
    library = OMI + "parcellationEntityVersion/A_v1_x"
    content = payload(
        **{
            OM + "name": "x\ny",
            IDENTIFIER: [KG + UUID, library, UUID],
            META + "space": "controlled",
            META + "firstReleasedAt": {"@type": XSD + "dateTime", "@value": "2020-01-01T00:00:00Z"},
        }
    )
    assert triples(content) == {
        (KG + UUID, RDF_TYPE, f"<{OMT}ParcellationEntityVersion>"),
        (KG + UUID, OM + "name", '"x y"'),
        (KG + UUID, IDENTIFIER, f"<{KG}{UUID}>"),
        (KG + UUID, IDENTIFIER, f"<{library}>"),
        (KG + UUID, IDENTIFIER, f'"{UUID}"'),
        (KG + UUID, META + "space", '"controlled"'),
        (KG + UUID, META + "firstReleasedAt", f'"2020-01-01T00:00:00Z"^^<{XSD}dateTime>'),
    }
    assert convert(content).nodes == (KG + UUID,)


def test_an_identifier_of_an_old_generation_points_to_the_latest_instance():
    content = payload(**{IDENTIFIER: "https://openminds.ebrains.eu/instances/brainAtlas/JBA"})
    assert (KG + UUID, IDENTIFIER, f"<{OMI}anatomicalAtlas/JBA>") in triples(content)


@pytest.mark.parametrize("direct", [True, False])
def test_a_link_that_is_a_bare_uuid_points_into_the_kg(direct):
    """Newer servers write links that way; the node's own id is full."""
    key = "hasParent" if direct else OM + "hasParent"
    content = payload(**{key: [{"@id": OTHER.upper()}]})
    if direct:
        content["@context"] = {"@vocab": OM}
    assert (KG + UUID, OM + "hasParent", f"<{KG}{OTHER}>") in triples(content)


def test_a_node_whose_own_id_is_a_bare_uuid_belongs_to_the_kg():
    assert convert({"@id": UUID, OM + "name": "a"}).nodes == (KG + UUID,)


def test_embedded_annotations_of_a_payload_are_named_like_those_of_the_library():
    content = payload(
        **{
            OM + "hasAnnotation": [
                {"@type": [OMT + "AtlasAnnotation"], OM + "laterality": [{"@id": OMI + "laterality/left"}]},
            ]
        }
    )
    assert (KG + UUID, OM + "hasAnnotation", f"<{BASE}id/annotation/{UUID}/left>") in triples(content)


def test_old_types_in_an_array_are_renamed():
    content = {"@id": KG + UUID, "@type": ["https://openminds.ebrains.eu/sands/BrainAtlas", "https://example.org/T"]}
    assert {o for _, p, o in triples(content) if p == RDF_TYPE} == {
        f"<{OMT}AnatomicalAtlas>",
        "<https://example.org/T>",
    }


@pytest.mark.parametrize("form", ["array", "graph", "named graph", "included"])
def test_several_nodes_in_one_document(form):
    nodes = [{"@id": f"https://example.org/{i}", OM + "shortName": str(i)} for i in range(3)]
    content = {
        "array": nodes,
        "graph": {"@graph": nodes},
        "named graph": {"@id": "https://example.org/g", "@graph": nodes},
        "included": {"@included": nodes},
    }[form]
    assert convert(content).nodes == tuple(n["@id"] for n in nodes)
    assert triples(content) == {(n["@id"], OM + "shortName", f'"{n[OM + "shortName"]}"') for n in nodes}
    assert notes(content) == ({("", "named-graph")} if form == "named graph" else set())


def test_an_array_of_plain_documents_says_what_the_documents_say():
    one, two = pev(annotation("left")), {**pev(annotation("right")), "@id": OMI + "parcellationEntityVersion/A_v1_y"}
    assert triples([one, two]) == triples(one) | triples(two)


def test_aliases_prefixes_and_coercions_of_a_context():
    content = {
        "@context": {
            "om": OM,
            "id": "@id",
            "kind": "@type",
            "parent": {"@id": "om:hasParent", "@type": "@id"},
            "label": {"@id": "om:name", "@language": "en"},
        },
        "id": "https://example.org/a",
        "kind": OMT + "ParcellationEntity",
        "parent": "https://example.org/b",
        "label": "Hirn",
    }
    assert triples(content) == {
        ("https://example.org/a", RDF_TYPE, f"<{OMT}ParcellationEntity>"),
        ("https://example.org/a", OM + "hasParent", "<https://example.org/b>"),
        ("https://example.org/a", OM + "name", '"Hirn"@en'),
    }


def test_the_namespace_itself_is_a_context_that_is_known():
    """Some writers give the vocabulary as the URL of the context."""
    content = {"@context": OM, "@id": "https://example.org/a", "shortName": "x"}
    assert triples(content) == {("https://example.org/a", OM + "shortName", '"x"')}


def test_a_reverse_statement_is_turned_round():
    content = {"@id": "a:a", "@reverse": {OM + "hasParent": [{"@id": "a:b"}]}}
    assert triples(content) == {("a:b", OM + "hasParent", "<a:a>")}


def test_a_reverse_of_an_inverted_property_is_straight_again():
    content = {"@id": "a:version", "@reverse": {OM + "hasVersion": [{"@id": "a:thing"}]}}
    assert triples(content) == {("a:version", OM + "isVersionOf", "<a:thing>")}


def test_nested_and_set_values_are_plain_values():
    content = {"@context": {"@vocab": OM, "more": "@nest"}, "@id": "a:a", "more": {"shortName": {"@set": ["x", "y"]}}}
    assert triples(content) == {("a:a", OM + "shortName", '"x"'), ("a:a", OM + "shortName", '"y"')}


def test_an_ordered_list_keeps_its_order():
    content = {"@id": "a:a", OM + "values": {"@list": [3, 1, 1]}}
    found = {(s, p): o for s, p, o in triples(content)}
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    cell, values = found["a:a", OM + "values"], []
    while cell != f"<{rdf}nil>":
        values.append(found[cell[1:-1], rdf + "first"])
        cell = found[cell[1:-1], rdf + "rest"]
    assert values == [f'"{v}"^^<{XSD}integer>' for v in (3, 1, 1)]


def test_a_blank_node_label_that_occurs_once_is_as_good_as_none():
    without = pev(annotation("left"))
    labelled = pev(annotation("left"))
    labelled["hasAnnotation"][0]["@id"] = "_:b0"
    assert triples(labelled) == triples(without)


def test_a_blank_node_that_is_linked_twice_is_one_node_whatever_its_label():
    def content(label: str) -> list[dict[str, object]]:
        node = {"@id": label, "@type": OMT + "QuantitativeValue", OM + "value": 1}
        return [{"@id": "a:a", OM + "p": node}, {"@id": "a:b", OM + "p": {"@id": label}}]

    found = triples(content("_:x"))
    shared = {o for s, p, o in found if p == OM + "p"}
    assert len(shared) == 1
    assert shared.pop().startswith(f"<{BASE}id/quantitative-value/")
    assert found == triples(content("_:y"))


def test_two_blank_nodes_that_say_the_same_stay_two():
    content = [
        {"@id": "a:a", OM + "p": {"@id": label, OM + "value": 1}, OM + "q": {"@id": label}} for label in ("_:x", "_:y")
    ]
    assert len({o for _, p, o in triples(content) if p == OM + "p"}) == 2


def test_a_cycle_of_blank_nodes_gets_names():
    content = [{"@id": "_:x", OM + "p": {"@id": "_:y"}}, {"@id": "_:y", OM + "p": {"@id": "_:x"}}]
    found = triples(content)
    assert len(found) == 2
    assert {s for s, _, _ in found} == {o[1:-1] for _, _, o in found}


def test_a_relative_id_gets_a_place_of_its_own_and_a_note():
    """Identifiers of siibra look like that; they must never pass for something that they are not."""
    content = {"@context": {"@vocab": OM}, "@id": "minds/core/x/v1.0.0", "shortName": "x"}
    assert convert(content).nodes == (BASE + "id/local/minds/core/x/v1.0.0",)
    assert notes(content) == {("", "relative-id")}


def test_a_key_that_the_context_does_not_define_is_noted():
    """The standard drops it without a word."""
    assert notes({"@id": "a:a", OM + "shortName": "x", "shortName": "y"}) == {("", "undefined-key")}


def test_a_broken_language_tag_costs_the_tag_only():
    content = {"@id": "a:a", OM + "name": {"@value": "x", "@language": "not a tag"}}
    assert triples(content) == {("a:a", OM + "name", '"x"')}
    assert {code for _, code in notes(content)} == {"bad-language"}


def test_a_node_without_id_and_parent_is_named_by_what_it_says():
    one, two = ({"@type": OMT + "Person", OM + "givenName": name} for name in ("A", "B"))
    assert convert(one).nodes == convert(dict(reversed(one.items()))).nodes
    assert convert(one).nodes != convert(two).nodes
    assert convert(one).nodes[0].startswith(BASE + "id/person/")


def test_a_json_literal_is_written_in_one_way():
    content = {"@id": "a:a", OM + "p": {"@value": {"b": 1.0, "a": [True, None]}, "@type": "@json"}}
    (value,) = [o for _, p, o in triples(content) if p == OM + "p"]
    assert json.loads(json.loads(value.split("^^")[0])) == {"a": [True, None], "b": 1}
    assert value.endswith("#JSON>")


def test_a_graph_of_plain_nodes_goes_the_direct_way(monkeypatch):
    """Collections are saved like that; a JSON-LD processor would take ten times as long."""
    monkeypatch.setattr(Converter, "_convert_general", None)
    nodes = [pev(annotation("left")), {**pev(annotation("right"), annotation("right")), "@id": OMI + "x/y"}]
    bare = [{k: v for k, v in node.items() if k != "@context"} for node in nodes]
    expected = triples(nodes[0]) | triples(nodes[1])
    assert triples(nodes) == expected
    assert triples({"@context": {"@vocab": OM}, "@graph": bare}) == expected
    assert convert(nodes).nodes == tuple(node["@id"] for node in nodes)


def test_a_context_inside_a_node_is_respected():
    inner = {"@context": {"@vocab": "https://example.org/"}, "@type": "https://example.org/T", "size": 1}
    content = {"@context": {"@vocab": OM}, "@id": "a:a", "hasPart": inner}
    assert {p for _, p, _ in triples(content)} == {OM + "hasPart", RDF_TYPE, "https://example.org/size"}


def test_an_array_with_different_contexts_is_one_document():
    old = {"@context": {"@vocab": "https://openminds.ebrains.eu/vocab/"}, "@id": "a:a", "shortName": "x"}
    new = {"@context": {"@vocab": OM}, "@id": "a:b", "shortName": "y"}
    assert triples([old, new]) == {("a:a", OM + "shortName", '"x"'), ("a:b", OM + "shortName", '"y"')}


def test_many_blank_node_labels_take_linear_time():
    """Flattened exports label every node; all of these say the same and are numbered."""
    content = [{"@id": f"_:b{i}", OM + "next": {"@id": f"_:b{i}"}} for i in range(3_000)]
    start = time.process_time()
    assert len(triples(content)) == 3_000
    assert time.process_time() - start < 10


def test_what_a_processor_doubts_is_noted():
    """PyLD would warn on stderr."""
    content = {"@context": {"@vocab": OM, "@later": "a:x"}, "@id": "a:a", "shortName": "x"}
    assert notes(content) == {("", "doubtful-context")}


def test_a_datatype_that_is_no_iri_costs_the_datatype_only():
    content = {"@id": "a:a", OM + "shortName": {"@value": "x", "@type": "a:b%zz"}}
    assert triples(content) == {("a:a", OM + "shortName", '"x"')}
    assert {code for _, code in notes(content)} == {"bad-datatype"}
