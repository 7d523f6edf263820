"""How regions of siibra become regions: sides, equal names, what openMINDS lacks, curated rows, on small cases."""

from __future__ import annotations

import random

import pytest
from building import annotated, atlas, entity, infer, realised, version
from small_atlas import siibra_node

from siibra_kg.build.align.mapping import siibra_mappings
from siibra_kg.build.align.naming import loose, sided, stripped
from siibra_kg.vocab import BASE

R = "/id/region/at-v1/"


SMALL = (
    atlas("AT", "AT_lobe AT_area AT_other", version("AT", "AT_v1", "AT_v1_area AT_v1_gone"))
    + entity("AT_lobe", label="lobe")
    + entity("AT_area", "AT_lobe", label="Area 4a (PreCG)")
    + entity("AT_other", label="Other thing")
    + realised("AT_v1_area", of="AT_area", parent="AT_lobe", label="Area 4a (PreCG)")
    + realised("AT_v1_gone", label="twin")
    + annotated("AT_v1_area", "left", color="singleColor/#C5EEFF")
    + annotated("AT_v1_area", "right", color="singleColor/#C5EEFF")
)


def same(found):
    return {(s.removeprefix("/id/siibra/"), o) for s, p, o in found["siibra-region"] if p == "skg:configures"}


def test_sides_and_contexts_are_found():
    """A name with a side is a hemisphere; an inner node may be a context region; words may stand in any order."""
    found = infer(
        SMALL
        + siibra_node("l", 1, label="LOBE")
        + siibra_node("a", 2, "l", "4a Area, PreCG")
        + siibra_node("al", 3, "a", "Area 4a (PreCG) left")
    )
    assert same(found) == {("l", R + "lobe"), ("a", R + "area"), ("al", R + "area/left")}
    mapped = {(s, p) for s, p, _ in found["siibra-to-openminds"] if p.startswith("skos:")}
    assert mapped == {(f"/id/siibra/{n}", "skos:exactMatch") for n in ("l", "a", "al")}
    assert (R + "area", "skg:siibraOrder", "2") in found["siibra-region"]
    assert (R + "area", "skos:altLabel", "4a Area, PreCG") in found["siibra-region"]


def test_two_nodes_of_one_name_are_two_regions():
    """The part is the region; the group of its name gets a region of its own, and is broader."""
    found = infer(SMALL + siibra_node("g", 1, label="Twin") + siibra_node("t", 2, "g", "twin"))
    assert same(found) == {("g", R + "twin"), ("t", R + "gone")}
    assert ("/id/siibra/g", "skos:narrowMatch", R + "gone") in found["siibra-to-openminds"]


def test_what_nothing_tells_apart_stays_apart():
    """Two leaves of one name and one region of openMINDS: nobody guesses."""
    found = infer(SMALL + siibra_node("x", 1, label="twin") + siibra_node("y", 2, label="twin"))
    assert same(found) == {("x", R + "twin"), ("y", R + "twin~2")}
    close = {s for s, p, o in found["siibra-to-openminds"] if p == "skos:closeMatch" and o == R + "gone"}
    assert close == {"/id/siibra/x", "/id/siibra/y"}


def test_numbers_of_equal_names_follow_the_path_not_the_place():
    """Moving a branch up or down the list changes no IRI."""
    one = (
        siibra_node("p", 1) + siibra_node("px", 2, "p", "new") + siibra_node("q", 3) + siibra_node("qx", 4, "q", "new")
    )
    two = (
        siibra_node("q", 1) + siibra_node("qx", 2, "q", "new") + siibra_node("p", 3) + siibra_node("px", 4, "p", "new")
    )
    assert same(infer(SMALL + one)) == same(infer(SMALL + two)) >= {("px", R + "new"), ("qx", R + "new~2")}


def test_a_region_that_the_release_lacks_is_a_version_of_the_entity():
    """It is new, close to the entity; its half is part of what the entity is."""
    found = infer(
        SMALL
        + siibra_node("o", 1, label="Other thing")
        + siibra_node("ol", 2, "o", "Other thing left", "; skg:colorHex '#000001'")
    )
    assert same(found) == {("o", R + "other-thing"), ("ol", R + "other-thing/left")}
    assert (R + "other-thing", "skg:isVersionOf", "omi:parcellationEntity/AT_other") in found["siibra-region"]
    assert ("/id/siibra/ol", "skos:broadMatch", "omi:parcellationEntity/AT_other") in found["siibra-to-openminds"]
    assert (R + "other-thing/left", "skg:colorHex", "#000001") in found["siibra-region"]
    assert (R + "other-thing/left", "rdf:type", "skg:HemisphereRegion") in found["siibra-region"]


def test_a_colour_of_openminds_stays():
    """The colour in siibra is used where openMINDS has none."""
    found = infer(SMALL + siibra_node("a", 1, label="Area 4a (PreCG)", more="; skg:colorHex '#000001'"))
    assert (R + "area", "skg:colorHex", "#C5EEFF") in found["color"]
    assert not {o for _, p, o in found["siibra-region"] if p == "skg:colorHex"}


def test_halves_of_no_region_are_pairs():
    """Atlases that are listed by side: left and right are contralateral, and have the name's key themselves."""
    found = infer(SMALL + siibra_node("l", 1, label="Left Pole") + siibra_node("r", 2, label="Right Pole"))
    assert same(found) == {("l", R + "pole/left"), ("r", R + "pole/right")}
    assert (R + "pole/left", "skg:contralateralTo", R + "pole/right") in found["siibra-region"]
    assert {(s, o) for s, p, o in found["name-key"] if s.startswith(R + "pole")} == {
        (R + "pole/left", "pole"),
        (R + "pole/right", "pole"),
    }


def test_a_curated_row_wins():
    """What a person said is not said again, and takes the region from a node that has its name."""
    row = (
        "<mapping/x/1> owl:annotatedSource <id/siibra/odd> ; owl:annotatedProperty skos:exactMatch ;"
        f" owl:annotatedTarget <{BASE[:-1]}{R}gone> .\n<id/siibra/odd> skos:exactMatch <{BASE[:-1]}{R}gone> .\n"
    )
    found = infer(SMALL + row + siibra_node("odd", 1) + siibra_node("t", 2, label="twin"))
    assert same(found) == {("odd", R + "gone"), ("t", R + "twin")}
    assert not {p for s, p, _ in found["siibra-to-openminds"] if s == "/id/siibra/odd"}
    assert ("/id/siibra/t", "skos:closeMatch", R + "gone") in found["siibra-to-openminds"]


def test_the_order_of_rows_does_not_count():
    """Rows come from an engine in any order."""
    release = "https://x/id/release/r"
    rows = [("node", f"https://x/n{i}", release, f"area {i % 7}", f"area {i % 7}", str(i)) for i in range(1, 30)]
    rows += [("parent", f"https://x/n{i}", f"https://x/n{i // 2}", None, None, None) for i in range(2, 30)]
    rows += [("region", f"https://x/r{i}", release, f"Area {i % 5}", None, "1") for i in range(9)]
    expected = set(siibra_mappings(rows, "https://x/").lines)
    assert expected
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert set(siibra_mappings(rows, "https://x/").lines) == expected


@pytest.mark.parametrize(
    ("name", "stem", "side", "bare"),
    [
        ("Area 44 (IFG) left", "area 44 ifg", "left", "Area 44 (IFG)"),
        ("Left-Cerebral-White-Matter", "cerebral white matter", "left", "Cerebral-White-Matter"),
        ("rh_PoC-PrC_0", "poc prc 0", "right", "PoC-PrC_0"),
        ("superior parietal lobule RH and skull", "superior parietal lobule and skull", "right", None),
        ("SN-l", "sn l", None, "SN-l"),
        ("right hemisphere", "right hemisphere", "right", None),
        ("thalamus", "thalamus", None, "thalamus"),
    ],
)
def test_sides_of_names(name, stem, side, bare):
    assert sided(name) == (stem, side)
    if bare is not None:
        assert stripped(name) == bare


def test_loose_names():
    """Order and filling words do not count, but something has to be left."""
    assert loose("cingulate gyrus frontal part") == loose("frontal cingulate gyrus")
    assert loose("the area") == "area the"
