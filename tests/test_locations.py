"""Points, clouds and boxes: what they refuse, and how two of them relate, against counting on a grid."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siibra_kg.errors import SpaceMismatch, TermError
from siibra_kg.locations import BoundingBox, Point, PointCloud, relation
from siibra_kg.qualification import Qualification

Q = Qualification
GRID = st.integers(0, 3)
TRIPLES = st.tuples(GRID, GRID, GRID)
POINTS = TRIPLES.map(lambda xyz: Point(xyz, "s"))
CLOUDS = st.lists(TRIPLES, min_size=1, max_size=4).map(lambda xs: PointCloud(tuple(xs), "s"))
BOXES = st.tuples(TRIPLES, TRIPLES).map(lambda c: BoundingBox(*c, "s"))
PLACES = st.one_of(POINTS, CLOUDS, BOXES)


def grid(place):
    """Give the points of a half-integer grid that a place has; a box with more than a point has some between."""
    if isinstance(place, Point):
        return {place.coordinate}
    if isinstance(place, PointCloud):
        return set(place.coordinates)
    sides = zip(place.minimum, place.maximum, strict=True)
    return set(product(*([n / 2 for n in range(int(2 * low), int(2 * high) + 1)] for low, high in sides)))


def of_sets(one, other):
    """Say how two sets relate."""
    if one == other:
        return Q.EXACT
    if one > other:
        return Q.CONTAINS
    if one < other:
        return Q.CONTAINED
    return Q.OVERLAPS if one & other else None


@given(PLACES, PLACES)
@example(BoundingBox((1, 1, 1), (1, 1, 1), "s"), PointCloud(((1, 1, 1), (2, 2, 2)), "s"))
@example(BoundingBox((0, 0, 0), (1, 1, 1), "s"), BoundingBox((1, 1, 1), (2, 2, 2), "s"))
@example(BoundingBox((0, 0, 0), (1, 1, 1), "s"), BoundingBox((1, 1, 0), (2, 2, 2), "s"))
def test_a_relation_is_that_of_the_sets_of_points(one, other):
    assert relation(one, other) is of_sets(grid(one), grid(other))


@given(PLACES, PLACES)
def test_the_other_way_round_is_the_inverse(one, other):
    there, back = relation(one, other), relation(other, one)
    assert (there.inverse if there else None) is back


@given(PLACES)
def test_every_place_is_where_it_is(place):
    assert relation(place, place) is Q.EXACT


def test_places_of_two_spaces_are_never_compared():
    with pytest.raises(SpaceMismatch, match="transform"):
        relation(Point((0, 0, 0), "MNI152"), Point((0, 0, 0), "BigBrain"))


@pytest.mark.parametrize("bad", [(1, 2), (1, 2, 3, 4), "abc", (1, 2, math.nan), (math.inf, 0, 0), None, ("x", 0, 0)])
def test_what_is_no_coordinate_is_refused_by_name(bad):
    for make in (lambda: Point(bad, "s"), lambda: BoundingBox((0, 0, 0), bad, "s"), lambda: PointCloud((bad,), "s")):
        with pytest.raises(TermError, match="coordinates"):
            make()


def test_a_cloud_has_a_point_and_a_box():
    with pytest.raises(TermError, match="one point"):
        PointCloud((), "s")
    assert PointCloud(((0, 5, 1), (2, 3, -0.0)), "s").box == BoundingBox((0, 3, 0), (2, 5, 1), "s")


def test_corners_may_be_given_in_any_order():
    box = BoundingBox((1, 5, 3), (4, 2, 3), "s")
    assert (box.minimum, box.maximum, box.volume) == ((1, 2, 3), (4, 5, 3), 0)


def test_qualifications_have_the_order_and_the_words_of_siibra():
    assert [q.name for q in sorted(Q, key=lambda q: q.rank)] == [
        "EXACT",
        "APPROXIMATE",
        "OTHER_VERSION",
        "CONTAINED",
        "CONTAINS",
        "OVERLAPS",
        "HOMOLOGOUS",
    ]
    assert {q.name: q.verb for q in Q}["OVERLAPS"] == "overlaps with"
    assert all(q.inverse.inverse is q for q in Q)
