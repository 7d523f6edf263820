"""The known defects of the openMINDS library, D1 to D23: what this package does with each.

The documents are made by hand. Where a repair belongs to the build, this file tests what the conversion must keep so
that the repair can see it, and the docstring names the tests of the repair.
"""

from __future__ import annotations

import json

import pytest
from documents import BASE, CONTEXT, RDF_TYPE, annotation, convert, document, notes, objects, pev, triples

from siibra_kg.jsonld import Converter
from siibra_kg.vocab import OM, OMI, OMT, XSD


def test_d1_a_dangling_link_stays_a_link():
    """The target need not exist; the build reports and repairs (tests/test_build_*.py)."""
    links = {"hasParent": "parcellationEntity/A_nowhere", "isVersionOf": "parcellationEntity/A_typpo"}
    found = triples(document(**{key: {"@id": OMI + path} for key, path in links.items()}))
    assert {(p, o) for _, p, o in found if p != RDF_TYPE} == {(OM + k, f"<{OMI}{p}>") for k, p in links.items()}


def test_d2_colours_that_differ_in_the_fragment_only_stay_apart():
    """``singleColor/#C5EEFF``: who strips fragments has one colour left."""
    viewer = {"@type": OMT + "ViewerSpecification"}
    colours = [OMI + "singleColor/#C5EEFF", OMI + "singleColor/#00509C"]
    content = pev(
        *(
            annotation(side, preferredVisualization={**viewer, "preferredDisplayColor": {"@id": colour}})
            for side, colour in zip(("left", "right"), colours, strict=True)
        )
    )
    assert objects(content, "preferredDisplayColor") == {f"<{colour}>" for colour in colours}


def test_d3_a_colour_may_be_a_colormap():
    viewer = {
        "@type": OMT + "ViewerSpecification",
        "preferredDisplayColor": {"@id": OMI + "colormap/x.colormaps.Greys"},
    }
    content = pev(annotation("left", preferredVisualization=viewer))
    assert objects(content, "preferredDisplayColor") == {f"<{OMI}colormap/x.colormaps.Greys>"}


def test_d4_an_entity_version_that_no_atlas_lists_is_converted_all_the_same():
    """Nothing but its own document speaks of it; the build finds its atlas (tests/test_build_*.py)."""
    assert convert(pev()).nodes == (OMI + "parcellationEntityVersion/A_v1_x",)


def test_d5_four_atlas_versions_may_list_the_same_entity_version():
    """Each terminology is a node of its own; the shared entity is one node."""
    shared = {"@id": OMI + "parcellationEntityVersion/P_x"}
    found = set()
    for version in "abcd":
        content = {
            "@context": CONTEXT,
            "@id": OMI + f"anatomicalAtlasVersion/P-{version}",
            "@type": OMT + "AnatomicalAtlasVersion",
            "hasTerminology": {"@type": OMT + "ParcellationTerminologyVersion", "hasEntity": [shared]},
        }
        found |= {(s, o) for s, p, o in triples(content) if p == OM + "hasEntity"}
    assert found == {(BASE + f"id/terminology/P-{v}", f"<{shared['@id']}>") for v in "abcd"}


def test_d6_a_scalar_where_the_schema_wants_an_array_says_the_same():
    iri = "http://purl.obolibrary.org/obo/UBERON_0000001"
    one, many = document(ontologyIdentifier=iri), document(ontologyIdentifier=[iri])
    assert triples(one) == triples(many)
    assert objects(one, "ontologyIdentifier") == {f"<{iri}>"}


def test_d7_missing_required_properties_are_no_reason_to_refuse():
    """An annotation without type and criteria, a viewer specification without anchor point: nothing to complain of."""
    content = pev(annotation("left", type=None, preferredVisualization={"@type": OMT + "ViewerSpecification"}))
    assert len(triples(content)) == 6
    assert notes(content) == set()


def test_d8_nulls_and_empty_lists_say_nothing():
    assert triples(document(name=None, synonym=[], alternateName=[None])) == triples(document())


def test_d9_an_origin_without_unit_gets_none():
    """The numbers are kept, in voxels or in whatever they are; no unit is guessed from ``nativeUnit``."""
    content = document(
        nativeUnit={"@id": OMI + "unitOfMeasurement/micrometer"},
        axesOrigin=[{"@type": OMT + "QuantitativeValue", "value": v} for v in (243.9999936, 622, 248.0)],
    )
    assert objects(content, "value") == {
        f'"2.439999936E2"^^<{XSD}double>',
        f'"622"^^<{XSD}integer>',
        f'"248"^^<{XSD}integer>',
    }
    assert objects(content, "unit") == set()


def test_d10_laterality_is_kept_in_each_of_its_three_forms():
    """Separate sides, both in one, one side only; the build makes hemispheres of them (tests/test_build_*.py)."""

    def sides(content: object) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for s, p, o in triples(content):
            if p == OM + "laterality":
                found.setdefault(s.rsplit("/", 1)[1], set()).add(o[1:-1].rsplit("/", 1)[1])
        return found

    assert sides(pev(annotation("left"), annotation("right"))) == {"left": {"left"}, "right": {"right"}}
    assert sides(pev(annotation("left+right"))) == {"both": {"left", "right"}}
    assert sides(pev(annotation("left"))) == {"left": {"left"}}


def test_d11_two_annotations_of_one_side_with_one_label_differ_by_their_criteria():
    kinds = [
        {"@id": OMI + f"annotationCriteriaType/{k}"} for k in ("deterministicAnnotation", "probabalisticAnnotation")
    ]
    content = pev(*(annotation("left", internalIdentifier="10", criteriaType=kind) for kind in kinds))
    assert objects(content, "hasAnnotation") == {
        f"<{BASE}id/annotation/A_v1_x/left/{k['@id'].rsplit('/', 1)[1]}>" for k in kinds
    }
    assert objects(content, "internalIdentifier") == {'"10"'}


def test_d12_a_label_stays_the_string_that_it_is():
    """The integer is derived beside it, as ``skg:label`` (tests/test_build_*.py)."""
    assert objects(pev(annotation("left", internalIdentifier="0128")), "internalIdentifier") == {'"0128"'}


def test_d13_white_space_in_a_name_is_evened_out_and_noted():
    content = document(
        name="inferior part, but lower and\nangular gyri", synonym=["medial ", "a\u00a0b"], description="a\nb"
    )
    assert objects(content, "name") == {'"inferior part, but lower and angular gyri"'}
    assert objects(content, "synonym") == {'"medial"', '"a b"'}
    assert objects(content, "description") == {'"a\\nb"'}
    assert notes(content) == {("/name", "cleaned"), ("/synonym/0", "cleaned"), ("/synonym/1", "cleaned")}


def test_d13_names_get_unicode_form_c_and_keep_their_signs():
    """Form KC would make "µm" another word and lose superscripts."""
    assert objects(document(name="Cafe\u0301 µm²"), "name") == {'"Café µm²"'}


def test_d14_one_name_may_belong_to_two_entities_of_one_version():
    """The id is the identity; names are never merged."""
    first, second = ({**pev(), "@id": OMI + f"parcellationEntityVersion/S_v1_{i}", "name": "pathways"} for i in "ab")
    found = triples(first) | triples(second)
    assert {s for s, p, _ in found if p == OM + "name"} == {first["@id"], second["@id"]}


def test_d15_a_corrected_name_stands_beside_the_name():
    content = document(name="neocortex", correctedName="neocortex, unspecified")
    assert objects(content, "name") == {'"neocortex"'}
    assert objects(content, "correctedName") == {'"neocortex, unspecified"'}


def test_d16_an_entity_that_its_atlas_does_not_list_is_converted_all_the_same():
    """Its membership is a repair of the build (tests/test_build_*.py)."""
    content = {
        "@context": CONTEXT,
        "@id": OMI + "parcellationEntity/A_y",
        "@type": OMT + "ParcellationEntity",
        "name": "y",
    }
    assert convert(content).nodes == (content["@id"],)


@pytest.mark.parametrize(("path", "kind"), [("licenses/X-1", "License"), ("contentTypes/a_b", "ContentType")])
def test_d17_the_type_comes_from_the_document_and_not_from_the_iri(path, kind):
    content = {"@context": CONTEXT, "@id": OMI + path, "@type": OMT + kind}
    assert triples(content) == {(OMI + path, RDF_TYPE, f"<{OMT}{kind}>")}


def test_d18_parentheses_and_apostrophes_in_an_iri_are_fine():
    iri = OMI + "molecularEntity/6,7-di-(oxo)-3'-yl"
    assert convert({**document(name="x"), "@id": iri}).nodes == (iri,)


def test_d19_an_unknown_property_or_type_is_kept_and_noted():
    content = {**document(inventedHere="a"), "@type": OMT + "Thing"}
    assert objects(content, "inventedHere") == {'"a"'}
    assert (OMI + "thing/x", RDF_TYPE, f"<{OMT}Thing>") in triples(content)
    assert notes(content) == {("/inventedHere", "unknown-property"), ("/@type", "unknown-type")}


def test_d19_the_name_of_the_file_does_not_matter():
    """One term of the library is a ``.json`` file among ``.jsonld`` files."""
    data = json.dumps(document(name="a")).encode()
    assert Converter(BASE).convert("a.json", data) == Converter(BASE).convert("b.jsonld", data)


def test_d20_the_property_that_the_sibling_release_names_differently_is_one():
    old, new = document(versionInnovation="first"), document(versionSpecification="first")
    assert triples(old) == triples(new)


def test_d21_a_stale_has_version_speaks_of_a_node_that_nobody_describes():
    """Old releases list versions that are gone; the statement is inverted and kept; the build reports it."""
    content = {
        "@context": {"@vocab": "https://openminds.ebrains.eu/vocab/"},
        "@id": "https://openminds.ebrains.eu/instances/parcellationEntity/A_x",
        "@type": "https://openminds.ebrains.eu/sands/ParcellationEntity",
        "hasVersion": [{"@id": "https://openminds.ebrains.eu/instances/parcellationEntityVersion/A_v0_x"}],
    }
    assert triples(content) == {
        (OMI + "parcellationEntity/A_x", RDF_TYPE, f"<{OMT}ParcellationEntity>"),
        (OMI + "parcellationEntityVersion/A_v0_x", OM + "isVersionOf", f"<{OMI}parcellationEntity/A_x>"),
    }


def test_d22_strings_that_are_iris_or_dates_by_schema_become_so():
    iri = "http://purl.obolibrary.org/obo/UBERON_0000001"
    content = document(preferredOntologyIdentifier=iri, homepage="https://example.org/", releaseDate="2015-05-01")
    assert objects(content, "preferredOntologyIdentifier") == {f"<{iri}>"}
    assert objects(content, "homepage") == {"<https://example.org/>"}
    assert objects(content, "releaseDate") == {f'"2015-05-01"^^<{XSD}date>'}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("preferredOntologyIdentifier", "UBERON:0000001", "not-an-iri"),
        ("homepage", "www.example.org", "not-an-iri"),
        ("homepage", "https://example.org/a b", "not-an-iri"),
        ("releaseDate", "2015-02-30", "not-a-date"),
        ("releaseDate", "May 2015", "not-a-date"),
    ],
)
def test_d22_a_string_that_is_not_what_the_schema_says_stays_a_string_with_a_note(key, value, code):
    content = document(**{key: value})
    assert objects(content, key) == {f'"{value}"'}
    assert (f"/{key}", code) in notes(content)


def test_d23_an_atlas_version_without_type_space_and_licence_is_converted():
    content = {
        "@context": CONTEXT,
        "@id": OMI + "anatomicalAtlasVersion/A_v1",
        "@type": OMT + "AnatomicalAtlasVersion",
        "type": None,
        "coordinateFramework": None,
        "usageCondition": None,
        "shortName": "A",
    }
    assert {p for _, p, _ in triples(content)} == {RDF_TYPE, OM + "shortName"}
    assert notes(content) == set()
