"""Points, clouds and boxes: what they refuse, and how two of them relate, against counting on a grid."""

from __future__ import annotations

import math
import pickle
import time
from importlib import metadata
from importlib.util import find_spec
from itertools import product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siibra_kg.errors import DataMissing, SpaceMismatch, TermError
from siibra_kg.locations import (
    BoundingBox,
    Plane,
    Point,
    PointCloud,
    intersection,
    relation,
    require_same_space,
    union,
)
from siibra_kg.qualification import Qualification
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.volumes.surface import Surface

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


# --------------------------------------------------------------------------------------- points and their arithmetic


@pytest.mark.parametrize(
    "text", ["12.2mm, 3mm, -4mm", "12.2 mm,3 mm,-4 mm", " 12.2mm;3.mm;-4e0mm ", "+12.20mm, 3mm, -4mm"]
)
def test_a_coordinate_may_be_text_with_its_unit(text):
    assert Point(text, "s").coordinate == (12.2, 3, -4)
    assert BoundingBox(text, "0mm,0mm,0mm", "s").maximum == (12.2, 3, 0)


@pytest.mark.parametrize(
    "text", ["1, 2, 3", "1mm, 2mm", "1nm, 2nm, 3nm", "1mm 2mm 3mm", "1mm, 2mm, xmm", "", "1mm,2mm,3mm,4mm"]
)
def test_text_without_unit_or_with_another_is_refused(text):
    with pytest.raises(TermError, match=r"12\.2mm"):
        Point(text, "s")


def test_points_add_scale_and_measure():
    one, other = Point((1, 2, 3), "s", sigma_mm=3, label="one"), Point((1, 0, 1), "s", sigma_mm=4)
    assert (one + other, (one + other).label) == (Point((2, 2, 4), "s", sigma_mm=5), "one")
    assert one - other == Point((0, 2, 2), "s", sigma_mm=5)
    assert one + np.ones(3) == one + 1 == Point((2, 3, 4), "s", sigma_mm=3)
    assert one - np.array([1, 2, 3]) == Point((0, 0, 0), "s", sigma_mm=3)
    assert 2 * one == one * 2 == Point((2, 4, 6), "s", sigma_mm=6)
    assert -one / 2 == Point((-0.5, -1, -1.5), "s", sigma_mm=1.5)
    assert one.distance(other) == math.sqrt(8) == one.distance((1, 0, 1))
    assert (list(one), len(one), one[2], tuple(np.asarray(one))) == ([1, 2, 3], 3, 3, (1, 2, 3))
    assert one.enclosing_cube(4) == BoundingBox((-1, 0, 1), (3, 4, 5), "s", sigma_mm=3)


@pytest.mark.parametrize(
    "do",
    [
        lambda p: p * math.inf,
        lambda p: p / 0,
        lambda p: p * "2",
        lambda p: p + "x",
        lambda p: p + None,
        lambda p: p.enclosing_cube(-1),
        lambda p: Point((0, 0, 0), "s", sigma_mm=-1),
        lambda p: Point((0, 0, 0), "s", sigma_mm=math.nan),
        lambda p: BoundingBox((0, 0, 0), (1, 1, 1), "s").zoom(-1),
        lambda p: p.transformed(np.eye(3), "t"),
    ],
)
def test_what_makes_no_sense_is_refused(do):
    with pytest.raises(TermError):
        do(Point((1, 2, 3), "s"))


@pytest.mark.parametrize(
    "do",
    [
        lambda p, box: p + Point((0, 0, 0), "t"),
        lambda p, box: p - Point((0, 0, 0), "t"),
        lambda p, box: p.distance(Point((0, 0, 0), "t")),
        lambda p, box: BoundingBox(p, Point((0, 0, 0), "t"), "s"),
        lambda p, box: PointCloud.of([p, Point((0, 0, 0), "t")]),
        union,
        lambda p, box: union(p, p, box),
        intersection,
        lambda p, box: intersection(box, PointCloud(((0, 0, 0),), "s")),
        lambda p, box: box.contains(p),
        lambda p, box: box.union(p),
        lambda p, box: box.shift(p),
        lambda p, box: box.intersection(BoundingBox((0, 0, 0), (1, 1, 1), "s")),
        lambda p, box: Plane(p, (1, 0, 0), "t"),
        lambda p, box: Plane.through(p, p + np.ones(3), Point((0, 1, 0), "t")),
        lambda p, box: Plane(p, (1, 0, 0), "s").distance(box.center),
        lambda p, box: Plane(p, (1, 0, 0), "s").intersection(box),
        require_same_space,
    ],
)
def test_spaces_never_mix(do):
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        do(Point((1, 2, 3), "s"), BoundingBox((0, 0, 0), (5, 5, 5), "t"))


def test_versions_of_a_space_are_spaces_and_a_name_beside_an_iri_is_told():
    base = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-ICBM152_nonlinear-2009"
    with pytest.raises(SpaceMismatch):
        require_same_space(Point((0, 0, 0), f"{base}c-asym"), Point((0, 0, 0), f"{base}c-sym"))
    with pytest.raises(SpaceMismatch, match=r"'MNI152' is a name: use `kg\.space\('MNI152'\)`"):
        require_same_space(Point((0, 0, 0), f"{base}c-asym"), Point((0, 0, 0), "MNI152"))


# --------------------------------------------------------------------------------------------------------- clouds

ARRAY = np.random.default_rng(0).normal(size=(50, 3)) * 20


def both_ways(**more):
    """The same cloud, given as an array and as tuples."""
    return PointCloud(ARRAY, "s", **more), PointCloud(tuple(map(tuple, ARRAY.tolist())), "s", **more)


def test_a_cloud_is_the_same_given_as_an_array_or_as_tuples():
    one, other = both_ways(sigma_mm=2.0)
    assert one == other
    assert hash(one) == hash(other)
    assert one.coordinates == other.coordinates
    assert np.array_equal(one.array, other.array)
    assert one.box == other.box == one.boundingbox
    assert one.centroid == other.centroid
    assert list(one) == list(other)
    assert [one, other] == [pickle.loads(pickle.dumps(c)) for c in (one, other)]
    assert one != PointCloud(ARRAY, "t", 2.0)
    assert one != PointCloud(ARRAY, "s", 1.0)
    assert one != PointCloud(ARRAY[:-1], "s", 2.0)
    assert one != PointCloud(ARRAY + 1, "s", 2.0)
    assert one != ARRAY.tolist()


def test_a_cloud_is_frozen():
    given = ARRAY.copy()
    cloud = PointCloud(given, "s")
    given[:] = 0
    assert np.array_equal(cloud.array, ARRAY)
    with pytest.raises(ValueError, match="read-only"):
        cloud.array[0] = 0
    for change in (lambda: setattr(cloud, "space", "t"), lambda: delattr(cloud, "labels")):
        with pytest.raises(AttributeError, match="frozen"):
            change()


def test_a_large_array_is_not_made_into_tuples():
    cloud = PointCloud(np.zeros((2_000_000, 3)), "s")
    begun = time.perf_counter()
    assert cloud.box.volume == 0
    assert len(cloud[10:20]) == 10
    assert cloud._tuples is None
    assert time.perf_counter() - begun < 1


def test_b14_every_point_of_a_cloud_may_have_its_own_uncertainty():
    cloud = PointCloud(((0, 0, 0), (2, 0, 0), (4, 6, 0)), "s", sigma_mm=[1, 2, 4], labels=("a", "b", "c"))
    assert cloud.sigmas.tolist() == [1, 2, 4]
    assert [p.sigma_mm for p in cloud] == [1, 2, 4]
    assert cloud[-1] == Point((4, 6, 0), "s", sigma_mm=4)
    assert cloud[1:].sigmas.tolist() == [2, 4]
    assert cloud[[2, 0]].labels == ("c", "a")
    assert cloud[cloud.array[:, 0] > 1].labels == ("b", "c")
    assert cloud.centroid == Point((2, 2, 0), "s", sigma_mm=math.sqrt(21) / 3)
    assert cloud.box.sigma_mm == 4
    assert PointCloud.of(list(cloud)) == cloud
    assert PointCloud.of(list(cloud)).labels == ("a", "b", "c")
    same = PointCloud(((0, 0, 0), (1, 1, 1)), "s", sigma_mm=(2, 2))
    assert same.sigma_mm == 2.0
    assert same.sigmas.tolist() == [2, 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: PointCloud(np.zeros((0, 3)), "s"),
        lambda: PointCloud(np.zeros((3, 2)), "s"),
        lambda: PointCloud(np.zeros(3), "s"),
        lambda: PointCloud(np.array([["a", "b", "c"]]), "s"),
        lambda: PointCloud(((0, 0, 0),), "s", sigma_mm=(1, 2)),
        lambda: PointCloud(((0, 0, 0),), "s", sigma_mm=-1),
        lambda: PointCloud(((0, 0, 0), (1, 1, 1)), "s", sigma_mm=(1, math.nan)),
        lambda: PointCloud(((0, 0, 0),), "s", labels=("a", "b")),
        lambda: PointCloud.of([]),
    ],
)
def test_what_is_no_cloud_is_refused(make):
    with pytest.raises(TermError):
        make()


def test_the_row_that_is_not_finite_is_named():
    with pytest.raises(TermError, match="point 7"):
        PointCloud(np.where(np.arange(30).reshape(10, 3) == 22, np.nan, 1.0), "s")


def test_indexing_beyond_the_end_is_an_index_error():
    with pytest.raises(IndexError):
        both_ways()[0][50]
    assert both_ways()[1][-50] == both_ways()[0][0]


@given(BOXES, CLOUDS)
def test_what_a_box_keeps_of_a_cloud_is_what_is_inside_with_its_labels(box, cloud):
    inside = [n for n, place in enumerate(cloud.coordinates) if box.has(place)]
    for found in (box.intersection(cloud), cloud.intersection(box), intersection(box, cloud)):
        if not inside:
            assert found is None
        else:
            assert found.coordinates == tuple(cloud.coordinates[n] for n in inside)
            assert found.labels == tuple(inside)
    named = PointCloud(cloud.coordinates, "s", labels=[f"p{n}" for n in range(len(cloud))])
    kept = named.intersection(box)
    assert (kept.labels if kept else ()) == tuple(f"p{n}" for n in inside)


def test_what_a_volume_keeps_of_a_cloud_h4_floors_and_knows_its_end():
    block = np.zeros((4, 5, 6), np.uint8)
    block[0, 0, 0] = block[3, 4, 5] = 1
    affine = np.array([[2.0, 0, 0, 10], [0, 2, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]])
    volume = Volume(block, affine, IRI("urn:space"), kind="mask")
    # In voxels: the first; its edge; beyond it, which int() would take to voxel 0; a zero; the last; beyond that.
    voxels = [(0, 0, 0), (-0.49, 0, 0), (-0.6, 0, 0), (1, 1, 1), (3.4, 4.4, 5.4), (3.6, 4, 5), (-50, 0, 0), (90, 0, 0)]
    cloud = PointCloud(volume.to_mm(voxels), "urn:space")
    for found in (cloud.intersection(volume), intersection(volume, cloud)):
        assert found.labels == (0, 1, 4)
    assert intersection(Point((10, 20, 30), "urn:space"), volume) == Point((10, 20, 30), "urn:space")
    assert intersection(Point((12, 20, 30), "urn:space"), volume) is None
    box = BoundingBox((0, 0, 0), (12, 22, 32), "urn:space")
    assert box.intersection(volume) == BoundingBox((9, 19, 29), (11, 21, 31), "urn:space")
    assert BoundingBox((0, 0, 0), (1, 1, 1), "urn:space").intersection(volume) is None


def test_clusters_are_labels():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    blobs = np.concatenate([rng.normal(size=(60, 3)) + at for at in ((0, 0, 0), (40, 0, 0), (0, 40, 0))])
    found = PointCloud(blobs, "s", sigma_mm=1).find_clusters(0.1, 0.9)
    groups = [set(found.labels[n : n + 60]) - {-1} for n in (0, 60, 120)]
    assert [len(g) for g in groups] == [1, 1, 1]
    assert len(set.union(*groups)) == 3
    assert found == PointCloud(blobs, "s", sigma_mm=1)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("siibra_kg.locations.cloud.find_spec", lambda _: None)
    with pytest.raises(DataMissing, match="pip install scikit-learn"):
        both_ways()[0].find_clusters()


# ---------------------------------------------------------------------------------------------------------- boxes


def test_b13_clip_works():
    """In siibra 1.0.1a25 it raises TypeError: it hands `sigma_mm` to `intersection`, which has no such parameter."""
    box = BoundingBox((-5, -5, -5), (10, 20, 30), "s", sigma_mm=2)
    assert box.clip((8, 8, 8)) == BoundingBox((0, 0, 0), (8, 8, 8), "s", sigma_mm=2)
    assert box.clip((8, 8, 8), (-1, 2, 3)) == BoundingBox((-1, 2, 3), (8, 8, 8), "s", sigma_mm=2)
    assert box.clip((-10, -10, -10), (-20, -20, -20)) is None


def test_boxes_measure_move_and_scale():
    box = BoundingBox((0, 0, 0), (2, 4, 6), "s", sigma_mm=1)
    assert (box.shape, box.center, box.volume) == ((2, 4, 6), Point((1, 2, 3), "s", sigma_mm=1), 48)
    assert box.shift((1, 2, 3)) == BoundingBox((1, 2, 3), (3, 6, 9), "s", sigma_mm=1)
    assert box.zoom(2) == BoundingBox((-1, -2, -3), (3, 6, 9), "s", sigma_mm=2)
    assert box.at_least(5) == BoundingBox((0, 0, 0), (5, 5, 6), "s", sigma_mm=1)
    assert box.at_least((3, 1, 9)) == BoundingBox((0, 0, 0), (3, 4, 9), "s", sigma_mm=1)
    assert box.corners.box == box
    assert len(set(box.corners.coordinates)) == 8
    assert box.contains(box)
    assert box.contains(box.corners)
    assert box.contains(box.center)
    assert not box.contains(box.shift((0, 0, 0.1)))
    assert {box: 1}[BoundingBox((2, 4, 6), (0, 0, 0), "s", sigma_mm=1)] == 1


@given(BOXES, BOXES)
def test_intersection_and_union_of_boxes_are_those_of_their_points(one, other):
    common = one.intersection(other)
    assert (grid(common) if common else set()) == grid(one) & grid(other)
    both = union(one, other)
    assert both == union(other, one) == one.union(other)
    assert both.contains(one)
    assert both.contains(other)
    assert all(low in (one.minimum[n], other.minimum[n]) for n, low in enumerate(both.minimum))


def test_an_intersection_may_be_along_some_axes_only():
    one, other = BoundingBox((0, 0, 0), (2, 2, 2), "s"), BoundingBox((1, 5, 5), (3, 6, 6), "s")
    assert one.intersection(other) is None
    assert one.intersection(other, dims=[0]) == BoundingBox((1, 0, 0), (2, 6, 6), "s")


@given(PLACES, PLACES)
def test_a_union_has_what_both_have_and_is_of_the_type_that_siibra_gives(one, other):
    found = union(one, other)
    if isinstance(one, BoundingBox) or isinstance(other, BoundingBox):
        assert isinstance(found, BoundingBox)
        assert found.contains(one)
        assert found.contains(other)
    else:
        assert isinstance(found, PointCloud)
        assert set(found.coordinates) == grid(one) | grid(other)
        assert len(found) == len(set(found.coordinates))


def test_a_union_keeps_uncertainty_and_the_label_of_the_first():
    found = union(
        Point((0, 0, 0), "s", sigma_mm=1, label="a"),
        Point((0, 0, 0), "s", sigma_mm=2, label="b"),
        PointCloud(((0, 0, 0), (1, 1, 1)), "s", sigma_mm=1, labels=("c", "d")),
    )
    assert found.sigmas.tolist() == [1, 2, 1]
    assert found.labels == ("a", "b", "d")


# --------------------------------------------------------------------------------------------------------- planes


def test_a_plane_knows_its_sides():
    plane = Plane.through(Point((0, 0, 2), "s"), Point((1, 0, 2), "s"), Point((0, 1, 2), "s"))
    assert plane == Plane((7, 8, 2), (0, 0, 9), "s")
    assert hash(plane) == hash(Plane((7, 8, 2), (0, 0, 9), "s"))
    assert plane.offset == 2
    assert plane.distance(Point((5, 5, 5), "s")) == 3
    assert plane.distance(PointCloud(((0, 0, 0), (0, 0, 2), (1, 1, 4)), "s")).tolist() == [-2, 0, 2]
    on = plane.intersection(PointCloud(((0, 0, 0), (0, 0, 2)), "s", labels="ab"))
    assert on.labels == ("b",)
    assert plane.intersection(Point((0, 0, 3), "s")) is None


def test_what_is_no_plane_is_refused():
    with pytest.raises(TermError, match="normal"):
        Plane((0, 0, 0), (0, 0, 0), "s")
    with pytest.raises(TermError, match="span a plane"):
        Plane.through(*(Point((n, n, n), "s") for n in (1, 2, 3)))
    with pytest.raises(TermError, match="plane can cut"):
        Plane((0, 0, 0), (1, 0, 0), "s").intersection("s")


@pytest.mark.parametrize(
    ("normal", "at", "corners"),
    [((1, 0, 0), 1, 4), ((1, 1, 1), 1, 3), ((1, 1, 1), 3, 6), ((1, 1, 1), 0, 1), ((1, 0, 0), 0, 4), ((1, 1, 0), 2, 4)],
)
def test_a_plane_cuts_a_box_in_a_polygon(normal, at, corners):
    """Of the cube of 2 mm: corners, and that they lie in the plane, in the box, and turn one way."""
    plane = Plane(tuple(at / sum(normal) for _ in normal), normal, "s")
    found = plane.intersection(BoundingBox((0, 0, 0), (2, 2, 2), "s"))
    assert len(found) == corners
    assert np.allclose(plane.distance(found), 0)
    assert BoundingBox((0, 0, 0), (2, 2, 2), "s").zoom(1 + 1e-9).contains(found)
    if corners > 2:
        ring = found.array
        edges = np.roll(ring, -1, axis=0) - ring
        assert (np.cross(edges, np.roll(edges, -1, axis=0)) @ plane.normal > 0).all()
    assert plane.intersection(BoundingBox((5, 5, 5), (6, 6, 6), "s")) is None


def sphere(level=3):
    """A closed mesh: an octahedron, its faces split, every vertex on a sphere of 10 mm."""
    vertices = [(1.0, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
    for _ in range(level):
        middle = {}

        def between(a, b, middle=middle):
            key = (min(a, b), max(a, b))
            if key not in middle:
                point = np.add(vertices[a], vertices[b])
                vertices.append(tuple(point / np.linalg.norm(point)))
                middle[key] = len(vertices) - 1
            return middle[key]

        split = [(a, b, c, between(a, b), between(b, c), between(c, a)) for a, b, c in faces]
        faces = [f for a, b, c, d, e, g in split for f in ((a, d, g), (d, b, e), (g, e, c), (d, e, g))]
    return Surface(np.array(vertices) * 10, np.array(faces), IRI("urn:space"))


@pytest.mark.parametrize("at", [0.0, 3.3, -7.77, 10.0])  # 0 goes through vertices and along edges
def test_a_plane_cuts_a_closed_mesh_in_closed_lines(at):
    mesh = sphere()
    lines = Plane((0, 0, at), (0, 0, 1), "urn:space").intersection(mesh)
    if at == 10:
        assert lines is None  # it only touches the pole
        return
    assert len(lines) == 1
    line = lines[0]
    assert line[0].coordinate == line[-1].coordinate
    assert np.allclose(line.array[:, 2], at)
    radius = np.linalg.norm(line.array[:, :2], axis=1)
    assert np.allclose(radius, math.sqrt(100 - at * at), atol=0.4)
    length = np.linalg.norm(np.diff(line.array, axis=0), axis=1).sum()
    assert length == pytest.approx(2 * math.pi * math.sqrt(100 - at * at), rel=0.02)
    for start, end, face in zip(line.array, line.array[1:], line.labels, strict=False):
        corners = mesh.vertices[mesh.faces[face]]
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        for point in (start, end):
            assert abs((point - corners[0]) @ normal) < 1e-6


def test_a_plane_cuts_two_meshes_apart_and_an_open_one_from_end_to_end():
    one = sphere(2)
    two = Surface(
        np.concatenate([one.vertices, one.vertices + np.array([30, 0, 0])]),
        np.concatenate([one.faces, one.faces + len(one.vertices)]),
        one.space,
    )
    plane = Plane((0, 0, 1), (0, 0, 1), "urn:space")
    assert len(plane.intersection(two)) == 2
    half = Surface(one.vertices, one.faces[one.vertices[one.faces].mean(axis=1)[:, 0] > 0], one.space)
    lines = plane.intersection(half)
    assert len(lines) == 1
    assert lines[0][0] != lines[0][-1]
    assert Plane((0, 0, 99), (0, 0, 1), "urn:space").intersection(two) is None


def test_a_real_surface_is_cut_at_every_edge_that_crosses():
    """The pial surface of fsaverage5: each edge with an end on either side has one point, every line is closed."""
    if find_spec("nilearn") is None:
        pytest.skip("nilearn is not installed: its surfaces CANNOT BE READ")
    path = next(f.locate() for f in metadata.files("nilearn") if f.name == "pial_left.gii.gz")
    vertices, faces = (a.data for a in nib.load(path).darrays[:2])
    mesh = Surface(vertices, faces, IRI("urn:space"))
    for normal, at in (((0, 1, 0), -20), ((1, 2, 3), 0)):
        plane = Plane(np.array(normal) * at, normal, "urn:space")
        lines = plane.intersection(mesh)
        edges = np.unique(np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
        front = plane.distance(PointCloud(mesh.vertices, "urn:space")) >= 0
        assert sum(len(line) - 1 for line in lines) == (front[edges[:, 0]] != front[edges[:, 1]]).sum()
        assert all(line[0] == line[-1] for line in lines)
        assert max(np.abs(plane.distance(line)).max() for line in lines) < 1e-9
        assert len({face for line in lines for face in line.labels[:-1]}) == sum(len(line) - 1 for line in lines)
