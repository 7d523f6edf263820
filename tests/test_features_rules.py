"""The rules that anchor features and link rows of matrices, on made-up statements."""

from __future__ import annotations

from building import infer

#: Two releases of one atlas of one species, one of another species; a feature for each kind of anchor.
TREES = """
@prefix : <https://example.org/> .
<https://openminds.om-i.org/instances/laterality/left> om:name "left" .
<https://openminds.om-i.org/instances/laterality/right> om:name "right" .
<id/release/one-1> a skg:ParcellationRelease ; skg:siibraName "One atlas v1" ; skg:shortName "one 1" ;
  om:usedTaxon :human ; skos:prefLabel "One atlas v1" .
<id/release/one-2> a skg:ParcellationRelease ; skg:siibraName "One atlas v2" ; om:usedTaxon :human ;
  skos:prefLabel "One atlas v2" .
<id/release/rat> a skg:ParcellationRelease ; skg:siibraName "Rat atlas" ; om:usedTaxon :rat ;
  skos:prefLabel "Rat atlas" .
"""


def node(release: str, order: int, name: str, parent: int = 0) -> str:
    """Write a region of siibra's tree of a release."""
    here = f"<id/siibra/region/{release}/{order}>"
    above = f"; skg:siibraParent <id/siibra/region/{release}/{parent}>" if parent else ""
    return (
        f'{here} a skg:SiibraRegion ; skg:siibraName "{name}" ; rdfs:label "{name}" ; skg:siibraKey "{name.upper()}" ; '
        f"skg:ofRelease <id/release/{release}> ; skg:siibraOrder {order} {above} .\n"
    )


REGIONS = "".join(
    (
        node("one-1", 1, "cortex"),
        node("one-1", 2, "Area 4 (PreCG)", 1),
        node("one-1", 3, "Area 4 (PreCG) left", 2),
        node("one-1", 4, "Area 4 (PreCG) right", 2),
        node("one-1", 5, "Area v4", 1),
        node("one-2", 1, "cortex"),
        node("one-2", 2, "area 4 of PreCG", 1),
        node("rat", 1, "Area 4 (PreCG)"),
    )
)


def feature(name: str, text: str, taxon: str = "human") -> str:
    """Write a feature that is anchored to a text."""
    return f':{name} a skg:Feature ; skg:anchorText "{text}" ; om:usedTaxon :{taxon} .\n'


def anchors(added: dict[str, set[tuple[str, str, str]]], rule: str) -> dict[str, set[str]]:
    """Give what a rule anchored, by the last part of the feature's IRI."""
    found: dict[str, set[str]] = {}
    for subject, _, target in added[rule]:
        found.setdefault(subject.rpartition("/")[2], set()).add(target.removeprefix("/id/"))
    return found


def test_a_text_is_decoded_in_all_releases_of_the_species_by_its_words() -> None:
    texts = {"exact": "Area 4 (PreCG)", "words": "PreCG 4", "left": "4 left", "v": "4", "none": "Oc1M"}
    added = infer(TREES + REGIONS + "".join(feature(k, v) for k, v in texts.items()))
    whole = {"region/one-1/area-4-precg", "region/one-2/area-4-of-precg"}
    assert anchors(added, "anchor-name") == {
        "exact": whole,
        "words": whole,
        "left": {"region/one-1/area-4-precg/left"},
        # A word of the name may have a "v" before it, as in siibra.
        "v": whole | {"region/one-1/area-v4"},
    }


def test_another_species_is_another_answer() -> None:
    added = infer(TREES + REGIONS + feature("rat", "Area 4 (PreCG)", "rat"))
    assert anchors(added, "anchor-name") == {"rat": {"region/rat/area-4-precg"}}


def test_a_parcellation_that_is_named_by_its_id_is_an_anchor_by_name_for_siibra_and_an_identifier() -> None:
    added = infer(TREES + REGIONS + ":m a skg:Feature ; skg:anchorRelease <id/release/one-1> ; om:usedTaxon :human .\n")
    assert anchors(added, "anchor-name") == {"m": {"release/one-1"}}
    assert anchors(added, "anchor-release") == {"m": {"release/one-1"}}


def test_an_identity_needs_the_whole_name_of_one_identified_region() -> None:
    identified = "<id/region/one-1/area-4-precg> skg:isVersionOf :entity .\n"
    texts = {
        "exact": "area 4 PRECG",
        "words": "PreCG 4",
        "left": "Area 4 (PreCG) - left hemisphere",
        "other": "Area v4",
    }
    added = infer(TREES + REGIONS + identified + "".join(feature(k, v) for k, v in texts.items()))
    assert anchors(added, "anchor-entity") == {
        "exact": {"region/one-1/area-4-precg"},
        "left": {"region/one-1/area-4-precg/left"},
    }


def test_a_name_of_two_regions_of_a_release_is_an_identity_of_none() -> None:
    twice = node("one-1", 6, "Area 4 (PreCG)", 1)
    identified = "".join(
        f"<id/region/one-1/area-4-precg{n}> skg:isVersionOf :entity ; skos:prefLabel 'Area 4 (PreCG)' .\n"
        for n in ("", "~2")
    )
    added = infer(TREES + REGIONS + twice + identified + feature("exact", "Area 4 (PreCG)"))
    assert anchors(added, "anchor-entity") == {}


def test_what_is_anchored_below_is_known_above() -> None:
    added = infer(TREES + REGIONS + feature("left", "4 left"))
    found = {(s, o) for s, _, o in added["anchored-part"]}
    left = "/id/region/one-1/area-4-precg/left"
    above = ("/id/region/one-1/area-4-precg", "/id/region/one-1/cortex", "/id/release/one-1")
    assert found == {(whole, left) for whole in above}


def test_homology_is_stated_by_an_assessment_of_entities_and_holds_both_ways() -> None:
    said = """
    <id/region/one-1/area-4-precg> skg:isVersionOf :human-4 .
    <id/region/rat/area-4-precg> skg:isVersionOf :rat-4 .
    :human-4 om:relationAssessment [ om:inRelationTo :rat-4 ;
      om:qualitativeOverlap <https://openminds.om-i.org/instances/qualitativeOverlap/isHomologousTo> ] ,
      [ om:inRelationTo :else ;
      om:qualitativeOverlap <https://openminds.om-i.org/instances/qualitativeOverlap/isSubsetOf> ] .
    """
    one, other = "/id/region/one-1/area-4-precg", "/id/region/rat/area-4-precg"
    found = infer(TREES + REGIONS + said)["homology"]
    assert {(s, o) for s, _, o in found} == {(one, other), (other, one)}


def test_rows_of_a_matrix_are_looked_up_in_its_release_alone() -> None:
    names = ("Area 4 (PreCG) left", "PreCG - right hemisphere", "Area v4", "nothing", "Group: Area v4, cortex")
    rows = "".join(
        f':l skg:hasRow :r{n} . :r{n} a skg:RegionRow ; skg:position {n} ; rdfs:label "{name}" .\n'
        for n, name in enumerate(names)
    )
    added = infer(TREES + REGIONS + ":l a skg:RegionList ; skg:ofRelease <id/release/one-1> .\n" + rows)
    assert anchors(added, "row-region") == {
        "r0": {"region/one-1/area-4-precg/left"},
        "r1": {"region/one-1/area-4-precg/right"},
        "r2": {"region/one-1/area-v4"},
        "r4": {"region/one-1/area-v4", "region/one-1/cortex"},
    }


def test_a_feature_has_as_many_elements_as_subjects() -> None:
    files = "".join(f':f skg:hasFile :f{n} . :f{n} skg:fileIndex "{n % 3}" .\n' for n in range(6))
    alone = ":g a skg:Feature ; skg:hasFile :g0 . :g0 skg:fileRole 'data' .\n"
    added = infer("@prefix : <https://example.org/> .\n:f a skg:Feature .\n" + files + alone)
    assert {(s.rpartition("/")[2], o) for s, _, o in added["element-count"]} == {("f", "3")}


def test_without_features_the_rules_add_nothing() -> None:
    added = infer(TREES + REGIONS + "<id/region/one-1/area-v4> skg:isVersionOf :entity .\n")
    rules = (
        "anchor-name",
        "anchor-release",
        "anchor-entity",
        "anchored-part",
        "homology",
        "row-region",
        "element-count",
    )
    assert [rule for rule in rules if added[rule]] == []
