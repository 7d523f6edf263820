"""Qualifications through version links, splits and homology, on a few made-up statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import siibra_kg
from siibra_kg.model_features import Edge, Feature, Match, Way
from siibra_kg.qualification import Qualification
from siibra_kg.terms import IRI
from siibra_kg.vocab import NAMESPACES, SKG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg import KnowledgeGraph

HERE = "https://example.org/t/"
HEADER = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in {**NAMESPACES, "": HERE}.items())
#: Three releases: in the second, "b" of the first is called otherwise, "s" is split; the third is of another species.
STATEMENTS = """
skg:Feature a owl:Class . skg:FeatureCategory rdfs:subClassOf skg:Feature .
skg:MolecularFeature rdfs:subClassOf skg:FeatureCategory . skg:Tabular rdfs:subClassOf skg:Feature .
skg:ReceptorDensityFingerprint rdfs:subClassOf skg:MolecularFeature , skg:Tabular .
:one a skg:ParcellationRelease ; skos:prefLabel "one" ; skg:isVersionOf :atlas ; skg:hasAnchoredPart :b1 , :s1 , :p1 .
:two a skg:ParcellationRelease ; skos:prefLabel "two" ; skg:isVersionOf :atlas .
:ape a skg:ParcellationRelease ; skos:prefLabel "ape" ; skg:hasAnchoredPart :a .
:top1 a skg:Region ; skos:prefLabel "top 1" ; skos:inScheme :one ; skg:depth 0 ; skg:hasAnchoredPart :b1 , :s1 , :p1 .
:b1 a skg:Region ; skos:prefLabel "b 1" ; skos:inScheme :one ; skos:broaderTransitive :top1 ; skg:depth 1 ;
  skg:otherVersion :b2 ; skg:hasAnchoredPart :p1 .
:p1 a skg:Region ; skos:prefLabel "p 1" ; skos:inScheme :one ; skos:broaderTransitive :b1 , :top1 ; skg:depth 2 .
:s1 a skg:Region ; skos:prefLabel "s 1" ; skos:inScheme :one ; skos:broaderTransitive :top1 ; skg:depth 1 ;
  skg:splitInto :x2 , :y2 .
:b2 a skg:Region ; skos:prefLabel "b 2" ; skos:inScheme :two ; skg:depth 0 ; skg:otherVersion :b1 ;
  skg:homologousTo :a .
:x2 a skg:Region ; skos:prefLabel "x 2" ; skos:inScheme :two ; skg:depth 0 .
:y2 a skg:Region ; skos:prefLabel "y 2" ; skos:inScheme :two ; skg:depth 0 .
:a a skg:Region ; skos:prefLabel "ape's" ; skos:inScheme :ape ; skg:depth 0 ; skg:homologousTo :b2 .
:fb a skg:Feature , skg:ReceptorDensityFingerprint ; skos:prefLabel "of b" ; skg:anchoredById :b1 ;
  skg:anchoredByName :b1 .
:fp a skg:Feature , skg:ReceptorDensityFingerprint ; skos:prefLabel "of p" ; skg:anchoredByName :p1 .
:fs a skg:Feature , skg:ReceptorDensityFingerprint ; skos:prefLabel "of s" ; skg:anchoredByName :s1 .
:fa a skg:Feature , skg:Tabular ; skos:prefLabel "of a" ; skg:anchoredByName :a ; skg:ebrainsInstance kg:1 .
:fm a skg:Feature , skg:Tabular ; skos:prefLabel "of one" ; skg:anchoredById :one .
"""


@pytest.fixture(scope="module")
def kg(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeGraph]:
    path: Path = tmp_path_factory.mktemp("small") / "small.ttl"
    path.write_text(HEADER + STATEMENTS, encoding="utf-8")
    with siibra_kg.open(path) as graph:
        yield graph


def told(kg: KnowledgeGraph, node: str, **how: str) -> list[tuple[str, str, str]]:
    return [(m.feature.name, str(m.qualification), m.made_by) for m in kg.features(kg.region(IRI(HERE + node)), **how)]


def test_a_tree_says_what_contains_what(kg: KnowledgeGraph) -> None:
    assert told(kg, "b1", anchoring="siibra") == [("of b", "exact", "name"), ("of p", "contained", "name")]
    assert told(kg, "p1", anchoring="siibra") == [("of p", "exact", "name"), ("of b", "contains", "name")]
    assert told(kg, "top1", anchoring="siibra") == [(f"of {x}", "contained", "name") for x in "bps"]


def test_another_version_and_its_tree(kg: KnowledgeGraph) -> None:
    assert told(kg, "b2") == [
        ("of b", "other version", "version link"),
        ("of p", "contained", "version link"),
        ("of one", "contains", "version link"),
        ("of a", "homologous", "homology"),
    ]
    assert told(kg, "b2", anchoring="siibra") == []
    assert [name for name, _, _ in told(kg, "b2", anchoring="curated")] == ["of b", "of p", "of one", "of a"]


def test_a_part_that_was_split_off_is_in_what_was_split(kg: KnowledgeGraph) -> None:
    assert told(kg, "x2")[0] == ("of s", "contains", "version link")
    (match,) = (m for m in kg.features(kg.region(IRI(HERE + "x2"))) if m.feature.name == "of s")
    assert match.via == (
        Edge(IRI(HERE + "fs"), IRI(SKG + "anchoredByName"), IRI(HERE + "s1")),
        Edge(IRI(HERE + "s1"), IRI(SKG + "splitInto"), IRI(HERE + "x2")),
    )


def test_homologous_regions_have_their_features_and_datasets(kg: KnowledgeGraph) -> None:
    rows = kg.query("feature/of-homologous", region=IRI(HERE + "b2"))
    assert [(r.iri, r.homologous_name, r.dataset) for r in rows] == [
        (IRI(HERE + "fa"), "ape's", IRI("https://kg.ebrains.eu/api/instances/1"))
    ]
    assert ("of b", "homologous", "homology") not in told(kg, "a")  # "b 1" is another version of what is homologous


def test_a_release_has_what_other_releases_of_its_atlas_have(kg: KnowledgeGraph) -> None:
    matches = kg.features(kg.parcellation(IRI(HERE + "two")))
    assert [(m.feature.name, str(m.qualification), m.made_by) for m in matches] == [
        ("of one", "other version", "version link"),
        *((f"of {x}", "contained", "version link") for x in "bps"),
    ]
    assert kg.features(kg.parcellation(IRI(HERE + "two")), anchoring="siibra") == ()
    assert [str(m.qualification) for m in kg.features(kg.parcellation(IRI(HERE + "one")))] == [
        "exact",
        *["contained"] * 3,
    ]


def test_a_match_says_which_anchors_have_it_and_what_it_rests_on(kg: KnowledgeGraph) -> None:
    match = kg.features(kg.region(IRI(HERE + "b1")), "fingerprint")[0]
    assert (match.made_by, match.anchorings) == ("identifier", ("siibra", "curated"))
    assert str(match) == "of b: 'b 1' coincides with 'b 1' (identifier, siibra and curated)"
    assert {way.anchoring for way in match.ways} == {"siibra", "curated"}
    assert kg.features(kg.region(IRI(HERE + "b1")), "generic", anchoring="siibra") == ()


def test_values_made_by_hand_say_that_they_belong_to_no_graph() -> None:
    feature = Feature(IRI("urn:f"), "by hand")
    for walk in ("files", "elements", "rows"):
        with pytest.raises(AttributeError, match="belongs to no graph"):
            getattr(feature, walk)
    way = Way(Qualification.EXACT, "name", "siibra", IRI("urn:r"), "r", ())
    assert Match(feature, (way,)).via == ()
    assert "by hand" in feature._repr_html_()
