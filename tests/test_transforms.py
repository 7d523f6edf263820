"""Transforms: what the graph states, what they do to points and images, and everything a service can do wrong."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from servers import transform_server

from siibra_kg.config import Settings
from siibra_kg.errors import (
    AmbiguousName,
    BadVolume,
    DataMissing,
    NetworkDisabled,
    SourceError,
    SpaceMismatch,
    TermError,
)
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.model_transforms import Transform, choose
from siibra_kg.questions.ask import Asker
from siibra_kg.questions.transforms import transforms
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE
from siibra_kg.volumes import LabelMap, Volume, read_label_map
from siibra_kg.volumes.labels.surface_map import SurfaceLabelMap
from siibra_kg.volumes.surface import Surface
from siibra_kg.volumes.transforms import affine_from_file, apply
from siibra_kg.volumes.transforms.service import CHUNK
from siibra_kg.volumes.transforms.warp import read_field

A, B, C = (IRI(f"https://example.org/space/{n}") for n in "abc")
CCF = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/"
OFFLINE = Settings(home=Path("/nowhere"), cache=Path("/nowhere"), offline=True)
ONLINE = replace(OFFLINE, offline=False, timeout=30.0)
TURN = np.array([[0, -2, 0, 5], [1, 0, 0, -3], [0, 0, 1.5, 7], [0, 0, 0, 1]])


@pytest.fixture(scope="module")
def known():
    store = open_store("memory:")
    store.load((folder("ontologies") / "maps" / "transforms.ttl").read_bytes(), "ttl", IRI(f"{BASE}graph/maps"), BASE)
    return transforms(Asker(store, Catalog(folder("queries"))))


# ------------------------------------------------------------------------------------------------- in the graph


def test_the_graph_has_the_service_between_its_three_spaces_both_ways(known):
    of_service = {(t.source.removeprefix(CCF), t.target.removeprefix(CCF)) for t in known if t.method == "service"}
    three = {"MNI-Colin27_1998", "MNI-ICBM152_nonlinear-2009c-asym", "BigBrain_2015"}
    assert of_service == {(a, b) for a in three for b in three if a != b}
    # The names are those that siibra-python 1.0.1a25 sends.
    keys = {t.source: t.source_key for t in known if t.method == "service"}
    assert keys[f"{CCF}BigBrain_2015"] == "Big Brain (Histology)"
    assert keys[f"{CCF}MNI-ICBM152_nonlinear-2009c-asym"] == "MNI 152 ICBM 2009c Nonlinear Asymmetric"
    assert all(t.url == "https://siibra-spatial-backend.apps.ebrains.eu/v1" for t in known if t.method == "service")
    assert {t.target_key for t in known if t.target.endswith("Colin27_1998")} == {"MNI Colin 27"}


def test_no_error_is_stated_that_was_not_measured(known):
    for transform in known:
        exact = transform.method in {"affine", "identity"}
        assert (transform.error_median, transform.error_p95) == ((0.0, 0.0) if exact else (None, None))
        assert transform.error_note
        assert (transform.apart_median is None) or transform.apart_note


def test_exact_affines_of_the_graph_lead_there_and_back(known):
    flips = [t for t in known if t.method == "affine"]
    assert [t.matrix for t in flips] == [(-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)] * 2
    assert flips[0].inverse.matrix == flips[1].matrix
    point = Point((1, 2, 3), flips[0].source)
    there = apply(flips[0], point, OFFLINE)
    assert (there.coordinate, there.space) == ((-1, 2, 3), flips[0].target)
    assert apply(flips[1], there, OFFLINE) == point


def test_the_graph_can_be_asked_for_a_source_and_a_target(known):
    store = open_store("memory:")
    store.load((folder("ontologies") / "maps" / "transforms.ttl").read_bytes(), "ttl", IRI(f"{BASE}graph/maps"), BASE)
    ask = Asker(store, Catalog(folder("queries")))
    source, target = IRI(f"{CCF}MNI-Colin27_1998"), IRI(f"{CCF}BigBrain_2015")
    assert transforms(ask, source) == tuple(t for t in known if t.source == source)
    assert transforms(ask, None, target) == tuple(t for t in known if t.target == target)
    assert [t.id for t in transforms(ask, source, target)] == ["ebrains/colin27/bigbrain"]
    assert transforms(ask, target, target) == ()


# ------------------------------------------------------------------------------------------------- which one


def test_one_that_fits_is_chosen_and_several_have_to_be_told_apart():
    shift, turn = Transform.affine(np.eye(4), A, B, name="one"), Transform.affine(TURN, A, B, name="two")
    assert choose([shift, shift.inverse], A, B) is shift
    assert choose([shift, turn], A, B, turn) is turn
    assert choose([shift, turn], A, B, str(shift.iri)) is shift
    with pytest.raises(AmbiguousName) as error:
        choose([shift, turn], A, B)
    assert set(error.value.candidates) == {shift, turn}


def test_where_none_fits_the_spaces_that_can_be_reached_are_named(known):
    with pytest.raises(DataMissing, match=r"from there .*BigBrain_2015 and .*2009c-asym can be reached"):
        choose(known, f"{CCF}MNI-Colin27_1998", f"{CCF}fsaverage_5")
    with pytest.raises(DataMissing, match="nothing leads from there"):
        choose(known, A, B)
    with pytest.raises(DataMissing, match="'warp'"):
        choose(known, f"{CCF}MNI-Colin27_1998", f"{CCF}BigBrain_2015", "warp")


def test_a_given_transform_has_to_lead_where_it_is_wanted():
    with pytest.raises(SpaceMismatch, match="elsewhere"):
        choose([], A, C, Transform.identity(A, B))


def test_an_image_takes_a_transform_of_either_direction_and_no_service(known):
    shift = Transform.affine(TURN, A, B)
    assert choose([shift, shift.inverse], A, B, image=True) is shift
    assert choose([shift], B, A, image=True) is shift
    assert choose([], B, A, shift, image=True) is shift
    with pytest.raises(SpaceMismatch, match="elsewhere"):
        choose([], B, A, shift)
    with pytest.raises(DataMissing, match="nothing leads from there"):
        choose(known, f"{CCF}MNI-Colin27_1998", f"{CCF}BigBrain_2015", image=True)


@pytest.mark.parametrize(
    "wrong",
    [{"method": "magic"}, {"matrix": (1.0,)}, {"method": "affine"}, {"url": "https://example.org"}, {"method": "warp"}],
)
def test_a_transform_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(TermError):
        Transform(**{"iri": A, "source": A, "target": B, "method": "identity", **wrong})


def test_transforms_are_values():
    one, other = Transform.affine(TURN, A, B, name="x"), Transform.affine(TURN.tolist(), A, B)
    assert one == other == pickle.loads(pickle.dumps(one))
    assert hash(one) == hash(other)
    assert one.iri != one.inverse.iri
    assert np.allclose(np.reshape(one.inverse.inverse.matrix, (4, 4)), TURN)


@pytest.mark.parametrize(
    "matrix", [np.eye(3), np.zeros((4, 4)), np.diag([1, 1, 0, 1]), np.full((4, 4), np.nan), "abc", np.eye(4)[::-1]]
)
def test_what_is_no_affine_is_refused(matrix):
    with pytest.raises(TermError):
        Transform.affine(matrix, A, B)


# ------------------------------------------------------------------------------------------------- points


@settings(max_examples=50)
@given(arrays(np.float64, (5, 3), elements=st.floats(-200, 200)))
def test_an_affine_moves_points_as_its_matrix_says(points):
    cloud = PointCloud(points, A, sigma_mm=[0, 1, 2, 3, 4], labels="abcde")
    moved = apply(Transform.affine(TURN, A, B), cloud, OFFLINE)
    expected = np.array([TURN[:3, :3] @ p + TURN[:3, 3] for p in points])
    assert np.allclose(moved.array, expected)
    assert moved.space == B
    assert moved.labels == tuple("abcde")
    # The matrix makes a volume three times as large.
    assert np.allclose(moved.sigmas, np.arange(5) * 3 ** (1 / 3))
    back = apply(Transform.affine(TURN, A, B).inverse, moved, OFFLINE)
    assert np.allclose(back.array, points)
    assert np.allclose(back.sigmas, cloud.sigmas)


def test_a_point_keeps_label_and_uncertainty():
    point = Point((1, 2, 3), A, sigma_mm=2, label="tip")
    moved = apply(Transform.identity(A, B), point, OFFLINE)
    assert (moved, moved.label) == (Point((1, 2, 3), B, sigma_mm=2), "tip")


def test_a_box_becomes_the_box_around_its_corners():
    half = np.sqrt(0.5)
    turn = Transform.affine([[half, -half, 0, 0], [half, half, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], A, B)
    found = apply(turn, BoundingBox((-1, -1, 0), (1, 1, 2), A), OFFLINE)
    assert np.allclose([found.minimum, found.maximum], [(-2 * half, -2 * half, 0), (2 * half, 2 * half, 2)])
    assert found.space == B


def test_a_mirrored_mesh_is_not_turned_inside_out():
    mesh = Surface(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]]), np.array([[0, 1, 2]]), A, labels=np.array([1, 1, 1]))

    def normal(surface):
        one, other, third = surface.vertices[surface.faces[0]]
        return np.cross(other - one, third - one).tolist()

    mirror = Transform.affine(np.diag([-1, 1, 1, 1]), A, B)
    assert normal(mesh) == normal(apply(mirror, mesh, OFFLINE)) == [0, 0, 1]
    regions = SurfaceLabelMap(mesh, (LabelEntry(1, IRI("https://example.org/r"), "r"),))
    moved = apply(mirror, regions, OFFLINE)
    assert (moved.labels, moved.surface.space) == (regions.labels, B)


def test_a_mesh_is_moved_and_says_so():
    mesh = Surface(np.eye(3), np.array([[0, 1, 2]]), A, labels=np.array([1, 2, 3]))
    moved = apply(Transform.affine(TURN, A, B), mesh, OFFLINE)
    assert np.allclose(moved.vertices, np.eye(3) @ TURN[:3, :3].T + TURN[:3, 3])
    assert moved.space == B
    assert "by urn:sha256:" in moved.provenance.derivation[-1]


@pytest.mark.parametrize(
    "thing", [Point((0, 0, 0), C), PointCloud(((0, 0, 0),), C), BoundingBox((0,) * 3, (1,) * 3, C)]
)
def test_nothing_is_moved_from_a_space_it_is_not_in(thing):
    with pytest.raises(SpaceMismatch, match="starts from"):
        apply(Transform.identity(A, B), thing, OFFLINE)


def test_what_cannot_be_moved_is_named():
    with pytest.raises(TermError, match="str"):
        apply(Transform.identity(A, B), str(A), OFFLINE)


# ------------------------------------------------------------------------------------------------- the service


@pytest.fixture(scope="module")
def service():
    with transform_server.serve() as running:
        yield running


@pytest.fixture
def server(service):
    service.mood, service.times = "well", -1
    service.questions.clear()
    service.paths.clear()
    return service


def by_service(server):
    return Transform(A, A, B, "service", url=server.url, source_key="key of a", target_key="key of b")


def cloud_of(count):
    return PointCloud(np.random.default_rng(0).normal(size=(count, 3)) * 50, A, sigma_mm=1.5, labels=range(count))


def test_the_service_is_asked_in_pieces_and_answers_in_order(server):
    cloud = cloud_of(2 * CHUNK + 7)
    found = apply(by_service(server), cloud, ONLINE)
    assert np.allclose(found.array, [transform_server.moved(p) for p in cloud.array.tolist()])
    assert (found.space, found.sigma_mm, found.labels) == (B, 1.5, cloud.labels)
    assert [len(q["source_points"]) for q in server.questions] == [CHUNK, CHUNK, 10]
    assert {(q["source_space"], q["target_space"]) for q in server.questions} == {("key of a", "key of b")}
    assert set(server.paths) == {"/v1/transform-points"}


def test_a_point_and_a_box_go_through_the_service(server):
    point = apply(by_service(server), Point((1, 2, 3), A, sigma_mm=2, label="x"), ONLINE)
    assert (point, point.label) == (Point((3, 1, 1.5), B, sigma_mm=2), "x")
    box = apply(by_service(server), BoundingBox((0, 0, 0), (1, 2, 3), A), ONLINE)
    assert box == BoundingBox((1, -2, 0.5), (3, 1, 1.5), B)


@pytest.mark.parametrize("mood", ["500", "503", "429", "cut"])
def test_what_may_pass_is_tried_again(server, mood, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.mood, server.times = mood, 2
    assert len(apply(by_service(server), cloud_of(3), ONLINE)) == 3
    assert len(server.questions) == 3


@pytest.mark.parametrize(
    ("mood", "told", "asked"),
    [
        ("500", "answered 500 .*tried 3 times", 3),
        ("429", "answered 429 .*tried 3 times", 3),
        ("cut", r"(broke|ended) after .*tried 3 times", 3),
        ("400", "answered 400", 1),
        ("404", "answered 404", 1),
        ("302", "answered 302", 1),
        ("html", "a web page", 1),
        ("plain", "not JSON: 'upstream request timeout'", 1),
        ("empty", "not JSON", 1),
        ("deep", "not JSON|more than .* bytes", 1),
        ("list", "no target_points", 1),
        ("none", "no target_points", 1),
        ("few", "3 points to a question with 4", 1),
        ("many", "5 points to a question with 4", 1),
        ("backwards", "another order", 1),
        ("flat", "shape", 1),
        ("words", "not points", 1),
        ("huge", "more than .* bytes", 1),
        ("nan", r"point 2 \(.*\) has no place in", 1),
        ("null", r"point 2 \(.*\) has no place in", 1),
    ],
)
def test_every_wrong_answer_is_an_error_with_the_address(server, mood, told, asked, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    server.mood = mood
    with pytest.raises(SourceError, match=told) as error:
        apply(by_service(server), cloud_of(3), ONLINE)
    assert error.value.source == f"{server.url}/transform-points"
    assert len(server.questions) == asked


@pytest.mark.parametrize("mood", ["hang", "stall"])
def test_a_service_that_hangs_is_given_up(server, mood):
    server.mood = mood
    begun = time.monotonic()
    with pytest.raises(SourceError):
        apply(by_service(server), cloud_of(3), replace(ONLINE, timeout=0.3))
    assert time.monotonic() - begun < 3
    assert len(server.questions) == 1


def test_a_service_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    gone = Transform(A, A, B, "service", url="http://127.0.0.1:9/v1", source_key="a", target_key="b")
    with pytest.raises(SourceError, match=r"cannot connect.*tried 3 times"):
        apply(gone, cloud_of(1), ONLINE)


def test_offline_the_service_is_not_asked(server):
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_OFFLINE"):
        apply(by_service(server), cloud_of(1), OFFLINE)
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_MIRROR"):
        apply(by_service(server), cloud_of(1), replace(ONLINE, mirror="/somewhere"))
    assert server.questions == []


# ------------------------------------------------------------------------------------------------- files


GRID = np.array([[2.0, 0, 0, -10], [0, 2, 0, -12], [0, 0, 2, -8], [0, 0, 0, 1]])
SHAPE = (11, 13, 9)


def field_file(path, vectors, affine=GRID, intent=1007):
    """Write vectors (RAS, mm) as ITK does: turned to LPS, five dimensions."""
    image = nib.Nifti1Image((vectors * [-1, -1, 1]).astype(np.float32)[:, :, :, None, :], affine)
    image.header["intent_code"] = intent
    nib.save(image, path)
    return path


def linear_field(matrix):
    """Displacements, in RAS, of an affine: linear interpolation of them is exact."""
    voxels = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    places = voxels @ GRID[:3, :3].T + GRID[:3, 3]
    return places @ matrix[:3, :3].T + matrix[:3, 3] - places


BEND = np.array([[1.1, 0.05, 0, 3], [-0.04, 0.9, 0.02, -2], [0.01, 0, 1.05, 1.5], [0, 0, 0, 1]])


@pytest.fixture
def warp(tmp_path):
    return Transform.warp(field_file(tmp_path / "a1Warp.nii.gz", linear_field(BEND)), A, B)


def test_a_field_of_itk_moves_points_with_x_and_y_turned(warp):
    inside = np.random.default_rng(1).uniform([-10, -12, -8], [10, 12, 8], (200, 3))
    found = apply(warp, PointCloud(inside, A, sigma_mm=2), OFFLINE)
    assert np.allclose(found.array, inside @ BEND[:3, :3].T + BEND[:3, 3], atol=1e-5)
    assert (found.space, found.sigma_mm) == (B, 2)


def test_half_a_voxel_beyond_the_field_the_outermost_displacement_holds_and_further_nothing(warp):
    edge = apply(warp, Point((10.9, 0, 0), A), OFFLINE)
    assert np.allclose(edge, BEND[:3, :3] @ (10, 0, 0) + BEND[:3, 3] + (0.9, 0, 0), atol=1e-5)
    with pytest.raises(BadVolume, match=r"1 of 2 points are outside of its grid, the first at 11\.1, 0, 0 mm"):
        apply(warp, PointCloud(((0, 0, 0), (11.1, 0, 0)), A), OFFLINE)


def test_a_warp_is_known_by_what_is_in_it(tmp_path):
    one = Transform.warp(field_file(tmp_path / "a.nii", linear_field(BEND)), A, B)
    other = Transform.warp(field_file(tmp_path / "b.nii", linear_field(np.eye(4))), A, B)
    assert one.iri != other.iri
    with pytest.raises(TermError, match="way back"):
        _ = one.inverse
    with pytest.raises(DataMissing):
        Transform.warp(tmp_path / "none.nii", A, B)


def test_spm_coordinates_in_the_form_of_a_field_are_refused(tmp_path):
    # SPM's y_*.nii has five dimensions and the intent code of a vector too, but coordinates (RAS) for values.
    places = linear_field(np.diag([0, 0, 0, 1])) * -1
    path = field_file(tmp_path / "y_T1.nii", places * [-1, -1, 1])
    with pytest.raises(BadVolume, match=r"coordinates .*SPM"):
        read_field(path)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: field_file(p, linear_field(BEND), intent=0), "intent code is 0"),
        (
            lambda p: nib.save(nib.Nifti1Image(np.zeros((3, 4, 5, 3), np.float32), np.eye(4)), p),
            "no displacement field",
        ),
        (lambda p: field_file(p, np.full((*SHAPE, 3), np.nan)), "not finite"),
        (lambda p: field_file(p, np.full((*SHAPE, 3), 500.0)), "500 mm"),
        (lambda p: p.write_bytes(b"no"), "no NIfTI"),
        (lambda p: p.write_bytes(b""), "no NIfTI"),
        (lambda p: p.write_bytes(field_file(p, linear_field(BEND)).read_bytes()[:2000]), "read to its end"),
    ],
)
def test_a_file_that_is_no_field_is_refused(tmp_path, make, told):
    path = tmp_path / "f.nii"
    make(path)
    with pytest.raises(BadVolume, match=told):
        read_field(path)


def test_matrices_are_read_from_text_and_npy(tmp_path):
    np.save(tmp_path / "m.npy", TURN)
    np.savetxt(tmp_path / "m.txt", TURN)
    for name in ("m.npy", "m.txt"):
        found = affine_from_file(tmp_path / name, A, B)
        assert np.allclose(np.reshape(found.matrix, (4, 4)), TURN)
        assert found.name == name


def itk_text(kind="AffineTransform_double_3_3"):
    numbers = "0.9 0.1 0 -0.1 1.1 0.05 0 0.02 1.2 4 5 6"
    head = "#Insight Transform File V1.0\n#Transform 0\n"
    return f"{head}Transform: {kind}\nParameters: {numbers}\nFixedParameters: 1 2 3\n"


def itk_moves(point):
    """What ITK documents: y = A (x - c) + t + c, in LPS."""
    turn = np.array([-1, -1, 1])
    matrix, shift, centre = np.array([[0.9, 0.1, 0], [-0.1, 1.1, 0.05], [0, 0.02, 1.2]]), (4, 5, 6), np.array([1, 2, 3])
    return turn * (matrix @ (turn * point - centre) + shift + centre)


@pytest.mark.parametrize("form", ["text", "binary"])
def test_an_affine_of_itk_is_turned_from_left_and_back_to_right_and_front(tmp_path, form):
    from scipy.io import savemat

    path = tmp_path / "0GenericAffine.mat"
    if form == "text":
        path.write_text(itk_text())
    else:
        numbers = np.array([0.9, 0.1, 0, -0.1, 1.1, 0.05, 0, 0.02, 1.2, 4, 5, 6])[:, None]
        centre = np.array([1.0, 2, 3])[:, None]
        savemat(path, {"AffineTransform_double_3_3": numbers, "fixed": centre}, format="4")
    point = np.array([10.0, -20, 30])
    found = apply(affine_from_file(path, A, B), Point(point, A), OFFLINE)
    assert np.allclose(found, itk_moves(point))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("flirt.mat", b"1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n", "no transform of ITK.*FLIRT"),
        ("m.txt", b"1 0 0\n0 1 0\n0 0 1\n", "no affine"),
        ("m.txt", b"hello", "no 4x4 matrix"),
        ("m.txt", b"1 0 0 0\n0 1 0 0\n0 0 0 0\n0 0 0 1\n", "no affine"),
        ("m.npy", b"\x93NUMPY", "no array"),
        ("e.txt", itk_text("Euler3DTransform_double_3_3").encode(), "Euler3D"),
        ("e.txt", (itk_text() + "Transform: AffineTransform_double_3_3\n").encode(), "not one affine"),
        ("e.txt", itk_text().replace("4 5 6", "4 5").encode(), "12 and 3 numbers"),
        ("e.txt", itk_text().replace("4 5 6", "4 5 x").encode(), "no numbers"),
        ("big.txt", b"1 " * 600_000, "bytes"),
    ],
)
def test_a_file_that_is_no_affine_is_refused(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadVolume, match=told):
        affine_from_file(tmp_path / name, A, B)


# ------------------------------------------------------------------------------------------------- images


def image(kind, array, space=A, affine=GRID):
    return Volume(array, affine, space, kind=kind, name="image")


def grid_in_b(shape=(14, 12, 10)):
    affine = np.array([[1.5, 0, 0, -9], [0, 1.5, 0, -8], [0, 0, 1.5, -7], [0, 0, 0, 1]])
    return Volume(np.ones(shape, np.uint8), affine, B, space_name="B", kind="template")


def by_hand(array, affine, grid, back):
    """Nearest neighbour, voxel by voxel, in plain Python."""
    out = np.zeros(grid.shape, array.dtype)
    for index in np.ndindex(*grid.shape):
        place = back(grid.to_mm(index))
        voxel = np.floor(np.linalg.solve(affine, [*place, 1])[:3] + 0.5).astype(int)
        if ((voxel >= 0) & (voxel < array.shape)).all():
            out[index] = array[tuple(voxel)]
    return out


@pytest.mark.parametrize("turned", [False, True])
def test_labels_come_from_the_nearest_voxel_through_an_affine(turned):
    labels = np.random.default_rng(2).integers(0, 9, SHAPE).astype(np.int16)
    there = Transform.affine(BEND, A, B)
    found = apply(there.inverse if turned else there, image("labelled", labels), OFFLINE, grid=grid_in_b())
    back = np.linalg.inv(BEND)
    expected = by_hand(labels, GRID, grid_in_b(), lambda p: back[:3, :3] @ p + back[:3, 3])
    assert found.array.dtype == np.int16
    assert np.array_equal(found.array, expected)
    assert (found.space, found.space_name, found.kind) == (B, "B", "labelled")
    assert found.provenance.derivation[-1].endswith("(affine), nearest")


def test_quantities_are_interpolated_linearly():
    voxels = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    ramp = (voxels @ GRID[:3, :3].T + GRID[:3, 3]) @ [1.0, 2.0, 3.0]  # a linear function of the place
    shift = np.eye(4)
    shift[:3, 3] = 0.7, -0.4, 0.3
    found = apply(Transform.affine(shift, A, B), image("statistical", ramp), OFFLINE, grid=grid_in_b((8, 8, 8)))
    places = np.stack(np.meshgrid(*map(np.arange, (8, 8, 8)), indexing="ij"), axis=-1) * 1.5 + [-9, -8, -7]
    assert np.allclose(found.array, (places - shift[:3, 3]) @ [1, 2, 3], atol=1e-4)


def test_images_go_through_a_warp_that_leads_from_the_target(tmp_path):
    """As registration programs have it: the field lies on the grid of the fixed image, here in A."""
    warp = Transform.warp(field_file(tmp_path / "w.nii", linear_field(BEND)), A, B)
    labels = np.random.default_rng(3).integers(0, 9, (14, 12, 10)).astype(np.uint8)
    moving = replace(grid_in_b(), array=labels, kind="labelled")
    fixed = image("template", np.zeros(SHAPE, np.uint8))
    found = apply(warp, moving, OFFLINE, grid=fixed)
    expected = by_hand(labels, moving.affine, fixed, lambda p: BEND[:3, :3] @ p + BEND[:3, 3])
    assert (found.array == expected).mean() > 0.999  # 32-bit displacements may round the other way at a border
    assert found.space == A
    statistical = apply(warp, replace(moving, array=labels.astype(np.float32), kind="statistical"), OFFLINE, grid=fixed)
    assert statistical.array.dtype == np.float32


def test_a_label_map_keeps_its_labels():
    labels = LabelMap(image("labelled", np.ones(SHAPE, np.uint8)), (LabelEntry(1, IRI("https://example.org/r"), "r"),))
    found = apply(Transform.identity(A, B), labels, OFFLINE, grid=grid_in_b())
    assert found.labels == labels.labels
    assert found.volume.space == B


def test_the_index_of_a_file_is_not_taken_for_that_of_what_was_made_of_it(tmp_path):
    """Indices are kept by the checksum of the file; a moved label map has other voxels."""
    array = np.zeros((102, 103, 104), np.uint8)
    array[40:60, 40:60, 40:60] = 1
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    entries = (LabelEntry(1, IRI("https://example.org/r"), "r"),)
    ref = VolumeRef(IRI("https://example.org/v"), A, "labelled", "nii", (tmp_path / "a.nii").as_uri(), labels=entries)
    labels = read_label_map(ref, replace(OFFLINE, cache=tmp_path / "cache"))
    assert labels.index.counts.tolist() == [8000]  # and now it is on disk
    smaller = Transform.affine(np.diag([0.5, 1, 1, 1]), A, B)
    moved = apply(smaller, labels, OFFLINE, grid=replace(labels.volume, space=B))
    assert moved.index.counts.tolist() == [4000]


def test_an_image_needs_a_grid_and_a_way_that_leads_back(server, warp):
    volume = image("template", np.ones(SHAPE, np.uint8))
    with pytest.raises(BadVolume, match="grid"):
        apply(Transform.identity(A, B), volume, OFFLINE)
    with pytest.raises(SpaceMismatch):
        apply(Transform.identity(A, C), volume, OFFLINE, grid=grid_in_b())
    for one_way in (warp, by_service(server)):
        with pytest.raises(BadVolume, match=r"give a warp from https://example\.org/space/b"):
            apply(one_way, volume, ONLINE, grid=grid_in_b())
    assert server.questions == []
