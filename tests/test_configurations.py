"""The reader of siibra-configurations: what each kind of document says, and what becomes of those that are wrong."""

from __future__ import annotations

import json
import re
from copy import deepcopy

import pyoxigraph as ox
import pytest
from building import BASE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from siibra_small import PARCELLATION, WEB, convert, documents, triples, volume

from siibra_kg import nt, sssom
from siibra_kg.configurations.census import Census, differences
from siibra_kg.configurations.converter import Configurations
from siibra_kg.configurations.lines import double, iri_of
from siibra_kg.configurations.tables import Tables
from siibra_kg.errors import BadDocument
from siibra_kg.json_guard import Limits
from siibra_kg.siibra_names import clear_name, key, query_tokens, tokens
from siibra_kg.slugs import slug, unique_slugs

REGION = "/siibra/region/parcels-one/"


def of(content, subject, path=None):
    """Give predicate and object of all that is said about a node."""
    return {(p, o) for s, p, o in triples(content, path) if s == subject}


def test_an_atlas_lists_what_it_has_and_what_it_has_not():
    """A parcellation without a document is no node, but not forgotten."""
    assert of(documents(), "/siibra/atlas/small-atlas") == {
        ("a", "skg:MultilevelAtlas"),
        ("skos:prefLabel", "Small Atlas"),
        ("dcterms:identifier", "atlas/1"),
        ("dcterms:type", "juelich/iav/atlas/v1.0.0"),
        ("skg:definedIn", "atlases/human.json"),
        ("om:usedTaxon", "omi:species/homoSapiens"),
        ("skg:order", "1.5E0 double"),
        ("dcterms:hasPart", "/space/space-one"),
        ("dcterms:hasPart", "/release/parcels-one"),
        ("skg:unresolved", "parc/gone"),
    }


def test_a_space_has_templates_in_fragments():
    """Each fragment of a provider is a distribution of its own."""
    said = triples(documents(), "spaces/one.json")
    place = "/space/space-one/volume/0"
    assert ("/space/space-one", "skg:hasTemplate", place) in said
    assert {(p, o) for s, p, o in said if s == place} == {
        ("a", "skg:Volume"),
        ("skg:volumeKind", "template"),
        ("skg:variant", "pial"),
        ("skg:inSpace", "/space/space-one"),
        ("dcat:distribution", f"{place}/gii-mesh/left-hemisphere"),
        ("dcat:distribution", f"{place}/gii-mesh/right"),
    }
    assert {(p, o) for s, p, o in said if s == f"{place}/gii-mesh/right"} == {
        ("a", "dcat:Distribution"),
        ("skg:providerType", "gii-mesh"),
        ("skg:fragment", "right"),
        ("dcat:downloadURL", WEB + "r"),
    }


def test_a_tree_keeps_order_parents_names_and_equal_names():
    """Preorder from 1, names cleaned as siibra does, two nodes for two regions of one name."""
    said = triples(documents(), "parcellations/one.json")
    order = {s: int(o.split()[0]) for s, p, o in said if p == "skg:siibraOrder"}
    assert order == {REGION + n: i for i, n in enumerate(("whole", "area-a-left", "area-a-right", "twin", "twin~2"), 1)}
    assert {(s, o) for s, p, o in said if p == "skg:siibraParent"} == {
        (REGION + n, REGION + "whole") for n in ("area-a-left", "area-a-right", "twin")
    }
    assert {(p, o) for s, p, o in said if s == REGION + "area-a-left"} == {
        ("a", "skg:SiibraRegion"),
        ("rdfs:label", "Area A - left hemisphere"),
        ("skg:siibraName", "Area A left"),
        ("skg:siibraKey", "AREA_A_LEFT"),
        ("dcterms:identifier", "PARCELS_ONE_AREA_A_LEFT"),
        ("skg:ofRelease", "/release/parcels-one"),
        ("skg:siibraParent", REGION + "whole"),
        ("skg:siibraOrder", "2 integer"),
        ("skg:colorHex", "#0A0B0C"),
    }
    assert {o for s, p, o in said if s == REGION + "twin" and p == "skg:ebrainsInstance"} == {"kg:u-1", "kg:u-2"}
    assert {
        ("kg:u-1", "a", "omt:ParcellationEntityVersion"),
        (REGION + "area-a-right", "skg:granularity", "fine"),
    } <= said


def test_a_publication_is_its_doi_and_has_its_authors_in_order():
    """Old resolvers become the present one."""
    assert of(documents(), "doi:10.1/x") == {
        ("a", "schema:ScholarlyArticle"),
        ("schema:citation", "A et al."),
        ("schema:name", "T"),
        ("schema:author", "A; B C"),
    }


@pytest.mark.parametrize("url", [None, "", "not an address"])
def test_a_publication_without_an_address_is_a_node_all_the_same(url):
    content = documents()
    content["parcellations/one.json"]["publications"] = [{"citation": "C", "url": url}]
    (node,) = {o for s, p, o in triples(content) if p == "dcterms:references"}
    assert re.fullmatch("/publication/[0-9a-f]{12}", node)


def test_an_index_keeps_every_row():
    """Several rows of a region, rows without volume, rows that no region belongs to; the same twice is twice."""
    content = documents()
    index = content["maps/one-labelled.json"]["indices"]
    index["Area A - right hemisphere"].append({"volume": 1, "label": 2})
    rows = {o for s, p, o in triples(content) if (s, p) == ("/map/one-labelled", "skg:hasIndex")}
    assert len(rows) == 5
    assert sum(row.endswith("~2") for row in rows) == 1
    said = [frozenset(of(content, row)) for row in rows]
    assert (
        frozenset(
            {
                ("a", "skg:RegionIndex"),
                ("rdfs:label", "Area A - left hemisphere"),
                ("skg:siibraName", "Area A left"),
                ("skg:label", "1 integer"),
                ("skg:fragment", "left hemisphere"),
                ("skg:volume", "/map/one-labelled/volume/0"),
            }
        )
        in said
    )
    assert [s for s in said if ("skg:unmapped", "true boolean") in s] == [
        s for s in said if ("rdfs:label", "unknown") in s
    ]


def test_the_rows_of_an_index_do_not_depend_on_its_order():
    """Neither the order of names nor of keys names a row."""
    content = documents()
    turned = deepcopy(content)
    index = turned["maps/one-labelled.json"]["indices"]
    turned["maps/one-labelled.json"]["indices"] = {
        n: [dict(reversed(row.items())) for row in reversed(rows)] for n, rows in reversed(index.items())
    }
    assert triples(turned) == triples(content)


def test_the_kind_of_a_map_is_in_its_labels():
    assert ("skg:mapKind", "labelled") in of(documents(), "/map/one-labelled")
    assert {("skg:mapKind", "statistical"), ("skg:sparseIndex", "true boolean")} <= of(
        documents(), "/map/one-statistical"
    )


def test_a_box_has_its_smallest_and_largest_corner():
    said = of(documents(), "/map/one-labelled/volume/0/box")
    assert said == {
        ("a", "skg:BoundingBox"),
        ("skg:inSpace", "/space/space-one"),
        *((f"skg:{end}{axis}", f"{value} double") for end, axis, value in BOX),
    }


BOX = [
    *(("min", a, v) for a, v in zip("XYZ", ("-1.0E0", "2.5E0", "3.0E0"), strict=True)),
    *(("max", a, v) for a, v in zip("XYZ", ("1.0E0", "4.0E0", "3.25E0"), strict=True)),
]


def test_the_file_in_an_archive_is_the_words_after_its_address():
    assert {("dcat:downloadURL", WEB + "a.zip"), ("skg:member", "in side/b.nii")} <= of(
        documents(), "/map/one-labelled/volume/1/zip-nii"
    )


def test_a_feature_has_a_node_of_its_own_whatever_its_id():
    """No id: the file's name; an id that is there twice: both, in the order of their paths."""
    nodes = {s: o for s, p, o in triples(documents()) if p == "skg:definedIn" and s.startswith("/feature/")}
    assert nodes == {
        "/feature/f1": "features/finger.json",
        "/feature/f1~2": "features/voi.json",
        "/feature/f2": "features/layers.json",
        "/feature/f3": "features/bold.json",
        "/feature/connectivity": "features/connectivity.json",
        "/feature/profile": "features/profile.json",
    }


def test_an_image_has_the_species_of_its_space():
    """As siibra's ImageAnchor; what the document itself says of species does not count."""
    content = documents()
    content["features/voi.json"]["species"] = "homo sapiens"
    assert {o for p, o in of(content, "/feature/f1~2") if p == "om:usedTaxon"} == {"omi:species/rattusNorvegicus"}


def test_the_name_of_a_species_counts_more_than_its_ids():
    """The marmoset parcellation of the pinned configuration carries the id of the human species."""
    content = documents()
    content["parcellations/one.json"] |= {
        "species": "Callithrix Jacchus",
        "ebrains": {"minds/core/species/v1.0.0": "0ea4e6ba-2681-4f7d-9fa9-49b915caaac9"},
    }
    said = of(content, "/release/parcels-one")
    assert {o for p, o in said if p == "om:usedTaxon"} == {"omi:species/callithrixJacchus"}
    assert ("skg:ebrainsInstance", "/minds/species/0ea4e6ba-2681-4f7d-9fa9-49b915caaac9") in said


def test_matrices_share_their_rows_and_decoder():
    """Two features with the same list have one node for it."""
    said = triples(documents())
    assert len({o for s, p, o in said if p == "skg:rowList"}) == 1
    assert len({o for s, p, o in said if p == "csvw:dialect"}) == 1
    assert len({s for s, p, o in said if (p, o) == ("a", "skg:RegionRow")}) == 2
    (dialect,) = {o for s, p, o in said if p == "csvw:dialect"}
    assert {("csvw:headerRowCount", "0 integer"), ("csvw:delimiter", " ")} <= of(documents(), dialect)


def test_files_have_the_address_of_their_archive_or_their_own():
    content = documents()
    matrix = content["features/connectivity.json"]
    del matrix["repository"]
    matrix |= {"base_url": WEB + "b/", "files_indexed_by": "feature"}
    said = triples(content)
    assert ("/feature/connectivity/file/000", "dcat:downloadURL", WEB + "b/a/000.csv") in said
    assert ("/feature/connectivity", "skg:indexedBy", "feature") in said
    assert ("/feature/f3/file/000", "dcat:downloadURL", WEB + "m.zip") in said
    assert ("/feature/f3/file/000", "skg:member", "a/000.csv") in said


def test_mapped_spaces_and_parcellations_are_nodes_of_others():
    """What the curated tables know is described on the node that they name, also under another base."""
    content = documents()
    content["parcellations/one.json"]["@id"] = (
        "minds/core/parcellationatlas/v1.0.0/94c1125b-b87e-45e4-901c-00daee7f2579-310"
    )
    content["spaces/big.json"]["@id"] = "minds/core/referencespace/v1.0.0/a1655b99-82f1-420f-a3c2-fe80fd4c8588"
    made = dict(convert(content).documents)
    assert (
        b"<https://w3id.org/siibra-kg/id/release/jba-v3.1> <https://w3id.org/siibra-kg/vocab/isVersionOf>"
        in made["parcellations/one.json"]
    )
    assert b"instances/commonCoordinateFrameworkVersion/BigBrain_2015> " in made["spaces/big.json"]


WRONG = [
    ("atlases/human.json", b"{", "", "not JSON"),
    ("atlases/human.json", b"<html><body>404</body></html>", "", "not JSON"),
    ("atlases/human.json", b"[1]", "", "a document is a JSON object, and this is a list"),
    ("atlases/human.json", b"{" * 4000, "", "nested deeper than 100 levels"),
    ("atlases/human.json", b'{"@type": NaN}', "", "not JSON"),
    ("atlases/human.json", b'{"@type": "x", "@type": "y"}', "", "the key '@type' occurs twice"),
    ("atlases/human.json", "@type=", "/@type", "the @type '' is not known|is blank"),
    ("atlases/human.json", "@type=siibra/region/v1", "/@type", "the @type 'siibra/region/v1' is not known"),
    ("atlases/human.json", "@type", "", "there is no @type"),
    ("atlases/human.json", "name=", "/name", "name is blank"),
    ("atlases/human.json", ("name", 3), "/name", "name should be a text, and is 3"),
    ("atlases/human.json", ("spaces", {}), "/spaces", "spaces should be a list, and is an object"),
    ("atlases/human.json", ("spaces", [1]), "/spaces/0", "spaces should be a text, and is 1"),
    ("atlases/human.json", ("species", "yeti"), "/species", "the species 'yeti' is not known"),
    ("spaces/big.json", ("volumes", [{}]), "/volumes/0", "there are no providers"),
    ("spaces/big.json", ("volumes", [7]), "/volumes/0", "volumes should be an object, and is 7"),
    ("spaces/big.json", ("volumes", [volume(providers={"nii": 3})]), "/volumes/0/providers/nii", "and is 3"),
    (
        "spaces/big.json",
        ("volumes", [volume(providers={"nii": "a/b"})]),
        "/volumes/0/providers/nii",
        "'a/b' is no address",
    ),
    (
        "spaces/big.json",
        ("volumes", [volume(providers={"nii": {"left": "x"}})]),
        "/volumes/0/providers/nii/left",
        "'x' is no address",
    ),
    ("spaces/big.json", ("volumes", [volume(space={"@id": "sp/one"})]), "/volumes/0/space", "in another space"),
    ("spaces/big.json", ("ebrains", {"openminds/X": "a b"}), "/ebrains/openminds~1X", "'a b' is no EBRAINS id"),
    ("spaces/big.json", ("ebrains", {"other": "a"}), "/ebrains/other", "'other' is no kind of EBRAINS id"),
    ("spaces/big.json", ("publications", [{"authors": "A"}]), "/publications/0/authors", "should be a list"),
    ("parcellations/one.json", ("regions", {}), "/regions", "regions should be a list, and is an object"),
    ("parcellations/one.json", ("regions", [{"children": []}]), "/regions/0", "there is no name"),
    (
        "parcellations/one.json",
        ("regions", [{"name": "a", "children": [{"name": 1}]}]),
        "/regions/0/children/0/name",
        "1",
    ),
    ("parcellations/one.json", ("regions", [{"name": "a", "rgb": "red"}]), "/regions/0/rgb", "'red' is no colour"),
    ("parcellations/one.json", ("@version", "1"), "/@version", "@version should be an object, and is '1'"),
    ("maps/one-labelled.json", ("space", {"@id": "sp/none"}), "/space/@id", "there is no space 'sp/none'"),
    ("maps/one-labelled.json", "parcellation", "", "there is no parcellation"),
    ("maps/one-labelled.json", ("parcellation", {"@id": "x"}), "/parcellation/@id", "there is no parcellation 'x'"),
    ("maps/one-labelled.json", ("indices", []), "/indices", "indices should be an object, and is a list"),
    ("maps/one-labelled.json", ("indices", {"a/b": [{"label": "1"}]}), "/indices/a~1b/0/label", "a whole number"),
    ("maps/one-labelled.json", ("indices", {"a": [{"label": 1.5}]}), "/indices/a/0/label", "and is 1.5"),
    ("maps/one-labelled.json", ("indices", {"a": [{"label": True}]}), "/indices/a/0/label", "and is true or false"),
    ("maps/one-labelled.json", ("indices", {"a": [{"label": 1, "volume": 2}]}), "/indices/a/0/volume", "no volume 2"),
    ("maps/one-labelled.json", ("indices", {"a": [{"label": 1}, {"volume": 0}]}), "/indices", "some have none"),
    ("features/voi.json", "providers", "", "there are no providers"),
    (
        "features/voi.json",
        ("boundingbox", {"space": {"@id": "sp/big"}}),
        "/boundingbox/coordinates",
        "two corners, not 0",
    ),
    (
        "features/voi.json",
        ("boundingbox", {"space": {"@id": "sp/big"}, "coordinates": [[0, 0, 0], [1, "1", 1]]}),
        "/boundingbox/coordinates/1",
        "coordinates should be a number, and is '1'",
    ),
    ("features/profile.json", "location=3", "/location", "location should be an object, and is '3'"),
    ("features/profile.json", ("location", {"@type": "poly"}), "/location/@type", "the location 'poly' is not known"),
    ("features/finger.json", "file", "", "there is no file"),
    ("features/finger.json", "file=here", "/file", "'here' is no address"),
    ("features/finger.json", "region", "", "it belongs nowhere"),
    ("features/finger.json", ("species", ["human"]), "/species", "species should be a text, and is a list"),
    (
        "features/connectivity.json",
        "modality=Guesses",
        "/modality",
        "no feature of this type has the modality 'Guesses'",
    ),
    ("features/connectivity.json", "parcellation", "", "it belongs nowhere"),
    ("features/connectivity.json", ("parcellation", {"@id": "x"}), "/parcellation/@id", "there is no parcellation 'x'"),
    ("features/connectivity.json", "ebrains", "", "there is no species"),
    ("features/connectivity.json", ("files", ["a"]), "/files", "files should be an object, and is a list"),
    (
        "features/connectivity.json",
        ("repository", {"@type": "svn"}),
        "/repository/@type",
        "the repository 'svn' is not known",
    ),
    ("features/connectivity.json", ("regions", ["a", 1]), "/regions/1", "regions should be a text, and is 1"),
]


def spoilt(path, change):
    """Give the small configuration with one document changed: bytes, a key taken out, a text or a value set."""
    content = documents()
    if isinstance(change, bytes):
        content[path] = change
    elif isinstance(change, tuple):
        content[path][change[0]] = change[1]
    elif "=" in change:
        content[path][change.partition("=")[0]] = change.partition("=")[2]
    else:
        del content[path][change]
    return content


@pytest.mark.parametrize(("path", "change", "pointer", "reason"), WRONG)
def test_a_wrong_document_is_set_aside_with_its_place(path, change, pointer, reason):
    """Only it and what names it is missing; the place and the reason are told, and the counts differ by it."""
    made = convert(spoilt(path, change))
    error = next(e for e in made.bad if e.path == path)
    assert re.search(reason, error.reason), error
    assert error.pointer == pointer or (not pointer and "line" in error.pointer)
    whole = dict(convert(documents()).documents)
    left = dict(made.documents)
    assert path not in left
    assert {p for p in whole if p not in left} == {e.path for e in made.bad}
    for where, text in left.items():
        if where not in {"(counts)", "atlases/human.json"}:
            assert text == whole[where]


def test_what_names_a_wrong_document_is_set_aside_as_well():
    """Maps and features of a parcellation that cannot be used; the atlas keeps its id as a text."""
    made = convert(spoilt("parcellations/one.json", ("regions", 1)))
    assert {e.path for e in made.bad} == {
        "parcellations/one.json",
        "maps/one-labelled.json",
        "maps/one-statistical.json",
        "features/connectivity.json",
        "features/bold.json",
    }
    assert b'unresolved> "parc/one"' in dict(made.documents)["atlases/human.json"]


def test_of_two_documents_with_one_id_the_first_by_path_counts():
    content = documents()
    content["parcellations/two.json"] = content["parcellations/one.json"] | {"name": "Other"}
    (error,) = convert(content).bad
    assert (error.path, error.pointer) == ("parcellations/two.json", "/@id")
    assert error.reason == "its @id 'parc/one' is that of parcellations/one.json"


def test_a_node_without_a_name_is_a_node():
    """Julich-Brain 2.9 has one: an empty text, no missing key."""
    content = documents()
    content["parcellations/one.json"]["regions"].append({"name": ""})
    names = [o for s, p, o in triples(content) if p == "skg:siibraName" and s.startswith(REGION)]
    assert names.count("") == 1


def test_all_is_counted_and_nothing_is_missing():
    assert convert(documents()).differences == ()


@pytest.mark.parametrize("path", sorted(documents()))
def test_a_document_that_is_lost_shows_in_the_counts(path):
    """Take away what was made of one document: its type is among the differences."""
    content = documents()
    census = Census("https://w3id.org/siibra-kg/")
    for document in content.values():
        census.take(document)
    made = convert(content).documents
    told = differences(census.counts(), [text for where, text in made if where != path])
    kind = content[path]["@type"]
    number = sum(document["@type"] == kind for document in content.values())
    assert f"documents {kind}: the documents have {number}, {number - 1} were loaded" in told


def test_counts_of_a_wrong_document_are_told():
    made = convert(spoilt("parcellations/one.json", ("regions", [{"name": "a"}, {"name": 2}])))
    assert "region nodes: the documents have 2, 0 were loaded" in made.differences


@pytest.mark.parametrize(
    "wild", [{"ebrains": 1}, {"providers": []}, {"indices": {"a": 1}}, {"regions": [[1]]}, {"files": 1}]
)
def test_counting_takes_any_shape(wild):
    """Whatever a document is like, counting it does not fail, and counts the document."""
    census = Census("https://w3id.org/siibra-kg/")
    census.take({"@type": "siibra/parcellation/v0.0.1", "location": {}, **wild})
    assert sum(count.number for count in census.counts()) >= 1


def test_a_key_that_is_not_read_is_told():
    """Also one that stands where other keys are names of things."""
    content = documents()
    content["atlases/human.json"]["colour"] = "red"
    content["spaces/one.json"]["volumes"][0]["time"] = 1
    content["maps/one-labelled.json"]["indices"]["Area A - left hemisphere"][0]["time"] = 1
    assert dict(convert(documents()).unknown) == {}
    assert dict(convert(content).unknown) == {"colour": 1, "time": 2}


def test_another_base_has_the_nodes_of_this_project():
    """What openMINDS has keeps its IRI, what this project coins has the base of the build."""
    content = documents()
    content["parcellations/one.json"]["@id"] = "juelich/iav/atlas/v1.0.0/5"
    data = ((p, json.dumps(v).encode()) for p, v in sorted(content.items()) if not p.startswith(("maps", "features")))
    made = dict(Configurations("https://example.org/kg/").convert(data).documents)
    assert b"<https://example.org/kg/id/release/dwma-2018> " in made["parcellations/one.json"]
    assert b"https://w3id.org/siibra-kg/id/" not in b"".join(made.values())


def test_a_region_has_a_species_where_it_is_another_one():
    content = documents()
    content["parcellations/one.json"]["regions"][0]["species"] = "homo sapiens"
    content["parcellations/one.json"]["regions"][1]["species"] = "Macaca mulatta"
    said = {(s, o) for s, p, o in triples(content) if p == "om:usedTaxon" and s.startswith(REGION)}
    assert said == {(REGION + "twin~2", "omi:species/macacaMulatta")}


def test_the_triples_are_rdf():
    """Every line is read by an RDF parser, and the lines of a document are sorted and each there once."""
    for path, text in convert(documents()).documents:
        lines = text.splitlines(keepends=True)
        assert lines == sorted(set(lines)), path
        assert len(list(ox.parse(text, ox.RdfFormat.N_TRIPLES))) == len(lines)


def test_the_curated_tables_are_read():
    tables = Tables.load()
    assert (len(tables.spaces), len(tables.releases), len(tables.atlases)) == (10, 14, 2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("siibra:a\tskos:exactMatch\tnope:x\tsemapv:ManualMappingCuration\t1", "object_id 'nope:x' is no CURIE"),
        ("siibra:a\tskos:exactMatch\tomi:x\tsemapv:ManualMappingCuration\thigh", "confidence 'high' is no number"),
        ("siibra:a\tskos:exactMatch\tomi:x\tsemapv:ManualMappingCuration\t2", "confidence 2 is not between 0 and 1"),
        ("siibra:a\tskos:exactMatch\tomi:x", "3 cells for 5 columns"),
    ],
)
def test_a_wrong_mapping_is_named_with_its_line(tmp_path, row, reason):
    place = tmp_path / "m.sssom.tsv"
    head = "#curie_map:\n#  siibra: https://example.org/\nsubject_id\tpredicate_id\tobject_id\tmapping_justification\tconfidence\n"
    place.write_text(head + row + "\n", "utf-8")
    with pytest.raises(BadDocument, match=reason) as caught:
        sssom.read_mappings(place)
    assert caught.value.pointer == "line 4"


def test_a_table_of_mappings_needs_its_columns(tmp_path):
    place = tmp_path / "m.sssom.tsv"
    place.write_text("subject_id\tobject_id\n", "utf-8")
    with pytest.raises(BadDocument, match="there is no column predicate_id"):
        sssom.read_mappings(place)


@given(st.text())
def test_names_stay_clean(name):
    """A cleaned name has no filling, and single spaces; its words are those of its tokens."""
    clean = clear_name(name)
    assert "  " not in clean
    assert clean == clean.strip(" ")
    assert all(re.fullmatch(r"[a-z0-9.-]+", word) for word in (*tokens(name), *query_tokens(name)))
    assert tokens(name) == tuple(w for w in re.split(r"[^a-zA-Z0-9.\-]", clear_name(name.lower())) if w)


@given(st.text())
def test_keys_have_only_letters_digits_and_single_underscores(name):
    made = key(name)
    assert "__" not in made
    assert made == made.strip("_")
    assert all(c.isalnum() or c == "_" or not c.isascii() for c in made)
    assert key(made) == made or not name.isascii()


@given(st.lists(st.text(max_size=5), max_size=8))
def test_slugs_are_unique_and_safe(names):
    made = unique_slugs(enumerate(names))
    assert len(set(made.values())) == len(names)
    assert all(re.fullmatch(r"[a-z0-9.-]+(~\d+)?", s) for s in made.values())
    assert all(slug(n) == made[i].partition("~")[0] for i, n in enumerate(names))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_read_back_as_they_were(value):
    text = double(value)
    assert float(text.split('"')[1]) == value
    assert re.fullmatch(r"-?\d\.\d+E-?\d+", text.split('"')[1])
    assert nt.lexical(0.0, "http://www.w3.org/2001/XMLSchema#double") == "0.0E0"


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("https://a.org/x y(1).nii", "https://a.org/x%20y(1).nii"),
        (" https://a.org/a%20b ", "https://a.org/a%20b"),
        ("https://a.org/<x>", "https://a.org/%3Cx%3E"),
        ("a.org", None),
        ("javascript:x", None),
        ("https://", None),
    ],
)
def test_addresses_become_iris(text, iri):
    assert iri_of(text) == iri


def test_the_same_whatever_the_hash_seed_or_order():
    """Documents in another order of keys say the same."""
    content = {path: json.loads(json.dumps(v, sort_keys=True)) for path, v in documents().items()}
    assert triples(content) == triples(documents())
    assert PARCELLATION["@id"] == "parc/one"


def places(value, path=()):
    """Give the place of everything inside a JSON value, itself first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from places(item, (*path, step))


PLACES = sorted(((p, where) for p, d in documents().items() for where in places(d)), key=str)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), JSON)
@example(("features/finger.json", ("ebrains",)), {"\n": False})  # a key with a line break once broke the message
def test_any_other_value_anywhere_is_read_or_set_aside(place, value):
    """Put anything in the place of anything: no exception, only RDF, and each document is there or set aside."""
    content = documents()
    path, where = place
    if where:
        item = content[path]
        for step in where[:-1]:
            item = item[step]
        item[where[-1]] = value
    else:
        content[path] = value
    made = convert(content)
    assert {error.path for error in made.bad} | {p for p, _ in made.documents} == {*content, "(counts)"}
    for error in made.bad:
        assert error.reason
        assert "\n" not in str(error)
    list(ox.parse(b"".join(text for _, text in made.documents), ox.RdfFormat.N_TRIPLES))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(documents())), st.data())
def test_any_damaged_bytes_are_read_or_set_aside(path, data):
    """Cut, overwrite or insert bytes anywhere in a document."""
    text = json.dumps(documents()[path]).encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    content = {**documents(), path: text[:start] + data.draw(st.binary(max_size=8)) + text[end:]}
    made = convert(content)
    assert {error.path for error in made.bad} | {p for p, _ in made.documents} == {*content, "(counts)"}


def test_a_document_that_is_too_large_is_set_aside():
    data = [(path, json.dumps(value).encode()) for path, value in documents().items()]
    most = len(dict(data)["atlases/human.json"])
    made = Configurations(BASE, limits=Limits(document=most)).convert(data)
    assert made.bad
    assert all("are more than" in error.reason or "there is no" in error.reason for error in made.bad)


@pytest.mark.parametrize(
    ("decoder", "said"),
    [
        ({"delimiter": ";", "header": None, "skiprows": 8}, {"skipRows": "8", "headerRowCount": "0", "delimiter": ";"}),
        ({"delimiter": ",", "header": 0}, {"skipRows": "0", "headerRowCount": "1"}),
        ({"header": 2, "skiprows": 3}, {"skipRows": "5", "headerRowCount": "1", "delimiter": ","}),
        ({"index_col": 0}, {"headerRowCount": "1", "indexColumn": "0"}),
        ({"compression": "gzip"}, {"compressFormat": "https://www.iana.org/assignments/media-types/application/gzip"}),
    ],
)
def test_decoders_become_dialects(decoder, said):
    """A decoder is arguments of pandas.read_csv, with its defaults; titles come after the lines that are skipped."""
    content = documents()
    path = next(path for path, value in content.items() if "decoder" in value)
    content[path]["decoder"] = {"@type": "siibra/decoder/csv", **decoder}
    (dialect,) = {o for s, p, o in triples(content) if p == "csvw:dialect" and s} - {
        o for s, p, o in triples(documents()) if p == "csvw:dialect"
    }
    found = {predicate.partition(":")[2]: value.partition(" ")[0] for predicate, value in of(content, dialect)}
    assert {key: found.get(key) for key in said} == said
    assert ("indexColumn" in found) == ("index_col" in decoder)


@pytest.mark.parametrize("decoder", [{"@type": "siibra/decoder/hdf5"}, {"compression": "rar"}, {"skiprows": "two"}])
def test_a_decoder_that_is_not_known_sets_its_feature_aside(decoder):
    """Nobody could read its files."""
    content = documents()
    path = next(path for path, value in content.items() if "decoder" in value)
    content[path]["decoder"] = {"@type": "siibra/decoder/csv", **decoder}
    assert [error.path for error in convert(content).bad] == [path]
