"""What each rule infers, on graphs small enough to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from building import annotated, atlas, entity, infer, realised, version

from siibra_kg.build.coin import slug, unique_slugs
from siibra_kg.build.python_rules import part_of
from siibra_kg.build.rules import read_rules
from siibra_kg.errors import BadTemplate
from siibra_kg.vocab import OMI

if TYPE_CHECKING:
    from pathlib import Path

R = "/id/region/at-v1/"


def variant(*names: str) -> str:
    return "".join(f"; om:isVariantOf <{OMI}anatomicalAtlasVersion/{n}>" for n in names)


def links(found: set[tuple[str, str, str]], predicate: str) -> set[tuple[str, str]]:
    return {(s, o) for s, p, o in found if p == predicate}


TREE = (
    atlas("AT", "AT_brain AT_lobe AT_area", version("AT", "AT_v1", "AT_v1_area"))
    + entity("AT_brain")
    + entity("AT_lobe", "AT_brain")
    + entity("AT_area", "AT_lobe")
)


def test_a_missing_entity_is_found_by_the_id_without_the_version_parts() -> None:
    data = (
        TREE + realised("AT_v1_area") + version("AT", "AT_v2", "AT_v2_area_PM-v4.2b") + realised("AT_v2_area_PM-v4.2b")
    )
    entities = {o for _, _, o in infer(data)["version-of-stem"]}
    assert infer(data)["version-of-stem"] == {
        ("omi:parcellationEntityVersion/AT_v1_area", "om:isVersionOf", "omi:parcellationEntity/AT_area"),
        ("omi:parcellationEntityVersion/AT_v2_area_PM-v4.2b", "om:isVersionOf", "omi:parcellationEntity/AT_area"),
    }
    assert entities == {"omi:parcellationEntity/AT_area"}


def test_the_stem_is_not_believed_when_the_corrected_name_is_another_entitys() -> None:
    """Waxholm v3 thalamus is "thalamus, unspecified" today; 31 known links would come out wrong."""
    data = (
        atlas("W", "W_thalamus W_thalamusUnspecified", version("W", "W_v3", "W_v3_thalamus"))
        + entity("W_thalamus", label="thalamus")
        + entity("W_thalamusUnspecified", label="thalamus, unspecified")
        + realised("W_v3_thalamus", label="thalamus", extra="; om:correctedName 'thalamus, unspecified'")
    )
    found = infer(data)
    assert found["version-of-stem"] == set()
    assert {o for _, _, o in found["version-of-name"]} == {"omi:parcellationEntity/W_thalamusUnspecified"}


def test_a_name_that_two_entities_of_the_atlas_have_decides_nothing() -> None:
    data = (
        atlas("A", "A_x A_y", version("A", "A_v1", "A_v1_z_deep"))
        + entity("A_x", label="same")
        + entity("A_y", label="same")
        + realised("A_v1_z_deep", label="same")
    )
    assert infer(data)["version-of-name"] == set()


def test_a_name_of_another_atlas_decides_nothing() -> None:
    data = (
        atlas("A", "", version("A", "A_v1", "A_v1_z"))
        + atlas("B", "B_x")
        + entity("B_x", label="same")
        + realised("A_v1_z", label="same")
    )
    assert infer(data)["version-of-name"] == set()


def test_a_known_entity_is_never_overruled() -> None:
    found = infer(TREE + realised("AT_v1_area", of="AT_lobe"))
    assert found["version-of-stem"] | found["version-of-name"] == set()


def test_what_no_terminology_lists_is_listed_by_the_version_whose_id_begins_its_id() -> None:
    """``JBA_v3.0_x`` belongs to ``JBA_v3.0``, not to ``JBA_v3``; the underscore counts."""
    data = (
        atlas("A", "", version("A", "A_v3", ""), version("A", "A_v3.0", ""))
        + realised("A_v3.0_deep")
        + entity("A_unlisted")
        + entity("Other_entity")
    )
    found = infer(data)
    assert found["unlisted-versions"] == {("/t/A_v3.0", "om:hasEntity", "omi:parcellationEntityVersion/A_v3.0_deep")}
    assert found["unlisted-entities"] == {("/t/A", "om:hasEntity", "omi:parcellationEntity/A_unlisted")}


def test_variants_of_each_other_are_one_release_named_by_the_major_version() -> None:
    major = "; om:majorVersionIdentifier 'v1'"
    data = atlas(
        "A",
        "",
        version("A", "A_v1-X", "", major + variant("A_v1-Y")),
        version("A", "A_v1-Y", "", major),
        version("A", "A_v2-X", "", f"; om:isPrecededBy <{OMI}anatomicalAtlasVersion/A_v1-X>"),
    )
    found = infer(data)
    assert links(found["release"], "skg:hasSpatialRealisation") == {
        ("/id/release/a-v1", "omi:anatomicalAtlasVersion/A_v1-X"),
        ("/id/release/a-v1", "omi:anatomicalAtlasVersion/A_v1-Y"),
        ("/id/release/a-v2-x", "omi:anatomicalAtlasVersion/A_v2-X"),
    }
    assert links(found["release"], "dcat:version") == {("/id/release/a-v1", "v1"), ("/id/release/a-v2-x", "v2-X")}
    assert found["release-facts"] == {
        ("/id/release/a-v1", "skos:prefLabel", "A Atlas v1"),
        ("/id/release/a-v1", "skg:isVersionOf", "omi:anatomicalAtlas/A"),
        ("/id/release/a-v1", "om:usedTaxon", "omi:species/homoSapiens"),
        ("/id/release/a-v2-x", "skos:prefLabel", "A Atlas v2-X"),
        ("/id/release/a-v2-x", "skg:isVersionOf", "omi:anatomicalAtlas/A"),
        ("/id/release/a-v2-x", "om:usedTaxon", "omi:species/homoSapiens"),
        ("/id/release/a-v2-x", "dcat:previousVersion", "/id/release/a-v1"),
    }


def test_a_major_version_that_unlinked_versions_share_does_not_join_them() -> None:
    """Schaefer 2018: six atlas versions with one major version and no link between them are six releases."""
    major = "; om:majorVersionIdentifier '2018'"
    data = atlas("S", "", version("S", "S_2018-a", "", major), version("S", "S_2018-b", "", major))
    assert links(infer(data)["release"], "dcat:version") == {
        ("/id/release/s-2018-a", "2018-a"),
        ("/id/release/s-2018-b", "2018-b"),
    }


def test_a_region_is_what_all_spaces_of_a_release_realise_of_one_entity() -> None:
    major = "; om:majorVersionIdentifier 'v1'"
    data = (
        atlas(
            "AT",
            "AT_area",
            version("AT", "AT_v1-X", "AT_v1-X_area", major + variant("AT_v1-Y")),
            version("AT", "AT_v1-Y", "AT_v1-Y_area_deep", major),
        )
        + entity("AT_area", label="Area")
        + realised("AT_v1-X_area", of="AT_area", label="Area")
        + realised("AT_v1-Y_area_deep", of="AT_area", label="Area (deep)", extra="; om:abbreviation 'A'")
    )
    found = infer(data)
    assert found["region"] == {
        (R + "area", "rdf:type", "skg:Region"),
        (R + "area", "skos:inScheme", "/id/release/at-v1"),
        (R + "area", "skg:isVersionOf", "omi:parcellationEntity/AT_area"),
        (R + "area", "skg:realisedBy", "omi:parcellationEntityVersion/AT_v1-X_area"),
        (R + "area", "skg:realisedBy", "omi:parcellationEntityVersion/AT_v1-Y_area_deep"),
    }
    assert found["region-names"] == {
        (R + "area", "skos:prefLabel", "Area"),
        (R + "area", "skos:altLabel", "Area (deep)"),
        (R + "area", "skos:altLabel", "A"),
    }


def test_an_entity_version_in_several_releases_realises_a_region_of_each() -> None:
    """Paxinos and Watson: 952 entity versions are listed by four atlas versions, whose names they do not bear."""
    versions = [version("P", f"P_6th-{side}", "P_6th_area") for side in ("LIA", "RIA")]
    data = atlas("P", "P_area", *versions) + entity("P_area") + realised("P_6th_area", of="P_area")
    assert links(infer(data)["region"], "skg:realisedBy") == {
        ("/id/region/p-6th-lia/area", "omi:parcellationEntityVersion/P_6th_area"),
        ("/id/region/p-6th-ria/area", "omi:parcellationEntityVersion/P_6th_area"),
    }


def test_an_entity_version_without_entity_is_a_region_named_by_its_own_id() -> None:
    """The Allen mouse atlas has no parcellation entities at all."""
    data = atlas("M", "", version("M", "M_2017", "M_2017_VISp")) + realised("M_2017_VISp", label="Primary visual area")
    found = infer(data)
    assert ("/id/region/m-2017/visp", "rdf:type", "skg:Region") in found["region"]
    assert links(found["region"], "skg:isVersionOf") == set()
    assert links(found["depth"], "skg:depth") == {("/id/region/m-2017/visp", "0")}


def test_parents_that_nothing_realises_become_context_regions_up_to_the_root() -> None:
    found = infer(TREE + realised("AT_v1_area", of="AT_area", parent="AT_lobe"))
    assert {s for s, p, o in found["region"] if o == "skg:ContextRegion"} == {R + "lobe", R + "brain"}
    assert {e for e in links(found["part-of"], "skg:partOf") if e[0].startswith("/id")} == {
        (R + "area", R + "lobe"),
        (R + "lobe", R + "brain"),
    }
    assert {e for e in links(found["closure"], "skos:broaderTransitive") if e[0].startswith("/id")} == {
        (R + "area", R + "lobe"),
        (R + "area", R + "brain"),
        (R + "lobe", R + "brain"),
    }
    assert {e for e in links(found["depth"], "skg:depth") if e[0].startswith("/id")} == {
        (R + "area", "2"),
        (R + "lobe", "1"),
        (R + "brain", "0"),
    }


def test_entities_have_a_tree_of_their_own() -> None:
    found = infer(TREE)
    assert links(found["part-of"], "skg:partOf") == {
        ("omi:parcellationEntity/AT_area", "omi:parcellationEntity/AT_lobe"),
        ("omi:parcellationEntity/AT_lobe", "omi:parcellationEntity/AT_brain"),
    }
    assert ("omi:parcellationEntity/AT_area", "skg:depth", "2") in found["depth"]
    assert ("omi:parcellationEntity/AT_area", "skos:inScheme", "omi:anatomicalAtlas/AT") in found["entity"]


def test_the_parent_of_a_version_is_not_pushed_up_to_its_entity() -> None:
    """45 Waxholm entities have parents that differ from version to version."""
    data = (
        atlas("AT", "AT_g AT_t AT_p", version("AT", "AT_v1", "AT_v1_p"), version("AT", "AT_v2", "AT_v2_p"))
        + entity("AT_g")
        + entity("AT_t")
        + entity("AT_p")
        + realised("AT_v1_p", of="AT_p", parent="AT_g")
        + realised("AT_v2_p", of="AT_p", parent="AT_t")
    )
    assert links(infer(data)["part-of"], "skg:partOf") == {
        (R + "p", R + "g"),
        ("/id/region/at-v2/p", "/id/region/at-v2/t"),
    }


def test_two_parents_are_both_kept_and_depth_counts_distinct_ancestors() -> None:
    data = TREE + entity("AT_other", "AT_brain") + realised("AT_v1_area", of="AT_area", parent="AT_lobe AT_other")
    found = infer(data)
    assert {(R + "area", R + "lobe"), (R + "area", R + "other")} <= links(found["part-of"], "skg:partOf")
    assert (R + "area", "skg:depth", "3") in found["depth"]


def test_a_cycle_loses_the_edge_that_closes_it_and_is_reported() -> None:
    data = (
        atlas("AT", "AT_a AT_b AT_c AT_d", version("AT", "AT_v1", "AT_v1_a"))
        + entity("AT_a", "AT_b")
        + entity("AT_b", "AT_c")
        + entity("AT_c", "AT_a")
        + entity("AT_d", "AT_d")
        + realised("AT_v1_a", of="AT_a", parent="AT_b")
    )
    found = infer(data)
    left_out = {(a.rpartition("/")[2], b.rpartition("/")[2]) for a, _, b in found["cycles"]}
    assert left_out == {("AT_c", "AT_a"), ("AT_d", "AT_d"), ("c", "a")}
    assert (R + "a", "skg:depth", "2") in found["depth"]
    assert not {(s, o) for s, o in links(found["closure"], "skos:broaderTransitive") if s == o}


def test_the_edges_left_out_do_not_depend_on_the_order_of_the_rows() -> None:
    rows = [("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("d", "a")]
    assert part_of(rows, "") == part_of(reversed(rows), "")
    assert part_of(rows, "").cycles == (("b", "a"), ("c", "a"))


def test_a_chain_of_ten_thousand_parents_is_walked_without_recursion() -> None:
    rows = [(f"n{i:05}", f"n{i + 1:05}") for i in range(10_000)]
    assert len(part_of(rows, "").lines) == 10_000
    assert part_of([*rows, ("n10000", "n00000")], "").cycles == (("n10000", "n00000"),)


HEMISPHERES = TREE + realised("AT_v1_area", of="AT_area", label="Area")


@pytest.mark.parametrize("sides", [("left", "right"), ("left right",)], ids=["two annotations", "one on both sides"])
def test_annotations_on_both_sides_give_two_contralateral_hemispheres(sides: tuple[str, ...]) -> None:
    found = infer(HEMISPHERES + "".join(annotated("AT_v1_area", s) for s in sides))
    assert {s for s, p, o in found["hemisphere"] if o == "skg:HemisphereRegion"} == {R + "area/left", R + "area/right"}
    assert {(s, o) for s, o in links(found["hemisphere"], "skos:prefLabel")} == {
        (R + "area/left", "Area left"),
        (R + "area/right", "Area right"),
    }
    assert links(found["contralateral"], "skg:contralateralTo") == {
        (R + "area/left", R + "area/right"),
        (R + "area/right", R + "area/left"),
    }
    assert (R + "area/left", "skg:laterality", "omi:laterality/left") in found["hemisphere"]
    assert (R + "area", "skg:hasPart", R + "area/left") in found["inverse"]
    assert (R + "area/left", "skg:depth", "1") in found["depth"]


def test_an_atlas_of_one_hemisphere_has_no_contralateral_regions() -> None:
    """The marmoset atlas: two annotations a region, both left, with one label."""
    data = (
        HEMISPHERES
        + annotated("AT_v1_area", "left", "51", criteria="/p")
        + annotated("AT_v1_area", "left", "51", criteria="/d")
    )
    found = infer(data)
    assert {s for s, p, o in found["hemisphere"] if p == "skg:realisedBy"} == {R + "area/left"}
    assert {o for s, p, o in found["hemisphere"] if p == "skg:realisedBy"} == {
        "/id/annotation/AT_v1_area/left/p",
        "/id/annotation/AT_v1_area/left/d",
    }
    assert found["contralateral"] == set()
    assert {o for _, _, o in found["annotation"]} == {"51"}


def test_an_annotation_without_side_gives_no_hemisphere() -> None:
    assert infer(HEMISPHERES + annotated("AT_v1_area", "", "7"))["hemisphere"] == set()


def test_colours_are_read_from_the_iri_and_a_colour_map_is_none() -> None:
    data = (
        HEMISPHERES
        + annotated("AT_v1_area", "left", color="singleColor/#c5eeFF")
        + annotated("AT_v1_area", "right", color="colormap/matplotlib.colormaps.Greys")
    )
    found = infer(data)
    assert links(found["annotation"], "skg:colorHex") == {("/id/annotation/AT_v1_area/left", "#C5EEFF")}
    assert links(found["color"], "skg:colorHex") == {(R + "area", "#C5EEFF"), (R + "area/left", "#C5EEFF")}


def test_a_region_whose_annotations_disagree_has_no_colour() -> None:
    data = (
        HEMISPHERES
        + annotated("AT_v1_area", "left", color="singleColor/#000000")
        + annotated("AT_v1_area", "right", color="singleColor/#FFFFFF")
    )
    assert links(infer(data)["color"], "skg:colorHex") == {(R + "area/left", "#000000"), (R + "area/right", "#FFFFFF")}


@pytest.mark.parametrize(
    ("text", "number"), [("128", "128"), ("0042", "42"), ("AB", None), ("-1", None), ("1.5", None)]
)
def test_a_label_is_a_number_only_if_it_is_all_digits(text: str, number: str | None) -> None:
    found = infer(HEMISPHERES + annotated("AT_v1_area", "left", text))
    assert {o for _, p, o in found["annotation"] if p == "skg:label"} == ({number} if number else set())


def test_inverses_are_written_for_parts_versions_and_terminologies() -> None:
    found = infer(HEMISPHERES)["inverse"]
    area = "omi:parcellationEntity/AT_area"
    assert {
        (area, "skg:hasVersion", "omi:parcellationEntityVersion/AT_v1_area"),
        (area, "skg:hasVersion", R + "area"),
        ("omi:anatomicalAtlas/AT", "skg:hasVersion", "omi:anatomicalAtlasVersion/AT_v1"),
        ("omi:anatomicalAtlas/AT", "skg:hasVersion", "/id/release/at-v1"),
        (area, "skg:inTerminology", "/t/AT"),
    } <= found


def test_name_keys_come_from_names_synonyms_abbreviations_and_ids() -> None:
    data = (
        TREE
        + realised(
            "AT_v1_area", of="AT_area", label="Área-1 (V1)", extra="; om:abbreviation 'V1' ; om:alternateName 'Eins'"
        )
        + annotated("AT_v1_area", "left right")
    )
    keys = links(infer(data)["name-key"], "skg:nameKey")
    assert {k for node, k in keys if node == R + "area"} >= {"area 1 v1", "v1", "eins", "area", "at area"}
    assert not [node for node, _ in keys if node.endswith("/left")]
    assert {k for node, k in keys if node == "omi:parcellationEntity/AT_area"} == {"at area", "area"}
    assert ("/id/release/at-v1", "at atlas v1") in keys


def test_an_entry_of_a_map_stands_for_the_hemisphere_with_its_code_or_the_region_for_both() -> None:
    data = (
        HEMISPHERES
        + annotated("AT_v1_area", "left", "2001")
        + annotated("AT_v1_area", "left right", "77")
        + "<m> a skg:ParcellationMap ; skg:ofRelease <id/release/at-v1> ; skg:hasIndex <m/1> , <m/2> , <m/3> .\n"
        + "<m/1> skg:code '2001' . <m/2> skg:code '77' . <m/3> skg:code '9170' .\n"
        + "<other> skg:ofRelease <id/release/at-v9> ; skg:hasIndex <o/1> . <o/1> skg:code '2001' .\n"
    )
    assert infer(data)["map-index"] == {("/m/1", "skg:region", R + "area/left"), ("/m/2", "skg:region", R + "area")}


def test_slugs_that_collide_are_numbered_by_sorted_key() -> None:
    assert unique_slugs([("k2", "Area 1"), ("k1", "area-1"), ("k3", "AREA_1")]) == {
        "k1": "area-1",
        "k2": "area-1~2",
        "k3": "area-1~3",
    }
    assert slug("皮質") == slug("皮質") != slug("脳")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("rule.rq", "#+ summary: x\n#+ graph: rule\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "NN-name"),
        ("10-a.rq", "#+ summary: x\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "rule, repair, mapping"),
        ("10-a.rq", "#+ summary: x\n#+ graph: rule\nSELECT ?s WHERE { ?s ?p ?o }", "CONSTRUCT"),
        ("10-a.rq", "#+ summary: x\n#+ graph: rule\nDELETE WHERE { ?s ?p ?o }", "only SELECT"),
        ("10-a.rq", "#+ summary: x\n#+ graph: rule\n#+ after: b\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "earlier"),
        ("10-a.rq", "#+ graph: rule\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "summary"),
        (
            "10-a.rq",
            "#+ summary: x\n#+ graph: rule\n#+ needs: Thing\nCONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
            "is a class",
        ),
    ],
)
def test_a_broken_rule_file_is_refused_by_name_and_reason(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadTemplate, match=reason) as caught:
        read_rules(tmp_path)
    assert caught.value.path == name
