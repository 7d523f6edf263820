"""Matches are a tuple that can also be looked at."""

from __future__ import annotations

import siibra_kg
from siibra_kg.matches import Matches
from siibra_kg.model_features import Edge, Feature, Match, Way
from siibra_kg.qualification import Qualification
from siibra_kg.terms import IRI


def match(name: str, qualification: Qualification = Qualification.EXACT) -> Match:
    feature = Feature(IRI(f"urn:x/id/feature/{name}"), name, "ReceptorDensityFingerprint", "molecular", size=3)
    edge = Edge(feature.iri, IRI("urn:p"), IRI("urn:r"))
    return Match(feature, (Way(qualification, "name", "siibra", IRI("urn:r"), "hOc1", (edge,)),), "hOc1")


def test_they_are_a_tuple_and_stay_one_in_parts() -> None:
    some = Matches((match("a"), match("b")))
    assert isinstance(some, tuple)
    assert some == (match("a"), match("b"))
    assert isinstance(some[:1], Matches)
    assert some[:1] == (match("a"),)
    assert some[1].feature.name == "b"


def test_a_row_says_how_the_feature_belongs_and_on_request_by_which_statements() -> None:
    (row,) = Matches((match("a", Qualification.CONTAINS),)).table()
    assert tuple(row) == (
        "contains", "ReceptorDensityFingerprint", "a", "name", "siibra", "hOc1", 3, "a",
    )  # fmt: skip
    (row,) = Matches((match("a"),)).table(via=True)
    assert row.via == "urn:x/id/feature/a urn:p urn:r"


def test_what_is_shown_is_short() -> None:
    many = Matches(match(f"feature {i}") for i in range(400))
    assert repr(many) == "<400 matches, best: feature 0: 'hOc1' coincides with 'hOc1' (name, siibra)>"
    assert repr(many[0]) == "<Match feature 0: 'hOc1' coincides with 'hOc1' (name, siibra)>"
    assert repr(Matches()) == "<0 matches>"
    assert repr(many[:1]).startswith("<1 match, best")
    assert many._repr_html_().count("<tr>") < 120
    assert list(many.to_pandas()["elements"]) == [3] * 400
    assert siibra_kg.Match is Match
