"""Handles on volumes, and functions over their blocks: the same result here, in threads and on a cluster."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import fields

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from siibra_kg.errors import BadVolume, SourceError, SpaceMismatch
from siibra_kg.locations import BoundingBox
from siibra_kg.terms import IRI
from siibra_kg.volume_ref import LabelEntry
from siibra_kg.volumes import FetchOptions, Volume
from siibra_kg.volumes.chunks.block_statistics import block_statistics
from siibra_kg.volumes.chunks.block_sums import Sums, merge_sums, sums_of
from siibra_kg.volumes.chunks.blocks import Piece, map_blocks
from siibra_kg.volumes.chunks.chunked import ChunkedVolume
from tests.pyramids import SPACE, atlas, precomputed, reference, settings
from tests.servers.files_server import serve

AFFINE = np.array([[0, -2, 0, 30], [0.5, 0, 0, -7], [0, 0, 3, 1], [0, 0, 0, 1.0]])


@pytest.fixture(autouse=True)
def _loopback(socket_enabled):
    """Servers are on loopback."""


@pytest.fixture(scope="module")
def labels():
    return atlas()


@pytest.fixture(scope="module")
def image(labels):
    random = np.random.default_rng(3)
    return (random.normal(size=labels.shape) * 1000).astype(np.float32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, labels, image):
    """Give handles on an atlas and an image, both in chunks on disk."""
    place = tmp_path_factory.mktemp("stored")
    block = {"compressed_segmentation_block_size": [8, 8, 8]}
    precomputed(place / "labels", [labels], encoding="compressed_segmentation", **block)
    precomputed(place / "image", [image], chunk=(48, 20, 33))
    entries = (LabelEntry(1, name="the first"),)
    return {
        name: ChunkedVolume(reference((place / name).as_uri(), kind=kind, labels=entries), settings=settings(place))
        for name, kind in (("labels", "labelled"), ("image", "template"))
    }


def by_hand(labels, image):
    """Compute the same with plain numpy, label by label."""
    rows = {}
    for label in np.unique(labels[labels != 0]).tolist():
        where = np.argwhere(labels == label)
        values = image[labels == label].astype(np.float64)
        rows[label] = (len(where), where.sum(axis=0), where.min(axis=0), where.max(axis=0), values)
    return rows


def assert_same_bits(one: Sums, other: Sums) -> None:
    for field in fields(Sums):
        a, b = getattr(one, field.name), getattr(other, field.name)
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes(), field.name


# --- handles ---------------------------------------------------------------------------------------------------------


def test_a_handle_travels_as_a_specification(stored, labels):
    """A pickle has the address and no voxel; who opens it reads the same."""
    handle = stored["labels"]
    before = pickle.dumps(handle)
    block = handle.block((10, 20, 30), (60, 70, 80))
    assert len(pickle.dumps(handle)) == len(before) < 2000
    again = pickle.loads(before)
    assert again is pickle.loads(before)  # the tasks of a worker share what is open
    assert np.array_equal(again.block((10, 20, 30), (60, 70, 80)), block)
    assert np.array_equal(block, labels[10:60, 20:70, 30:80])
    assert (again.shape, again.dtype, again.space, again.kind) == (labels.shape, np.uint32, SPACE, "labelled")
    assert again.nbytes == labels.nbytes
    assert np.array_equal(again.affine, handle.affine)


def test_a_handle_has_scales_and_a_box(tmp_path):
    scales = [np.full((64 >> n, 48 >> n, 40 >> n), n + 1, np.uint16) for n in range(3)]
    ref = reference(precomputed(tmp_path / "v", scales).as_uri())
    assert ChunkedVolume(ref, settings=settings(tmp_path)).scales == ((1.0,) * 3, (2.0,) * 3, (4.0,) * 3)
    box = BoundingBox((10, 10, 10), (30, 30, 30), SPACE)
    handle = ChunkedVolume(ref, FetchOptions(resolution_mm=2, voi=box), settings(tmp_path))
    assert (handle.shape, handle.affine[:3, 3].tolist()) == ((10, 10, 10), [11, 11, 11])
    assert handle.scale.startswith("2e+06_2e+06_2e+06 of 3")
    assert set(handle.block((0, 0, 0), handle.shape).ravel().tolist()) == {2}
    elsewhere = FetchOptions(voi=BoundingBox((0, 0, 0), (9, 9, 9), "https://example.org/other"))
    with pytest.raises(SpaceMismatch):
        _ = ChunkedVolume(ref, elsewhere, settings(tmp_path)).shape


def test_blocks_are_cut_where_chunks_are(stored):
    """Each voxel is in one block, and no chunk is read for two blocks."""
    for name, chunk in (("labels", (32, 32, 32)), ("image", (48, 20, 33))):
        handle = stored[name]
        seen = np.zeros(handle.shape, np.uint8)
        for block in handle.blocks(50):
            assert all(a % c == 0 for (a, _), c in zip(block, chunk, strict=True))
            seen[tuple(slice(a, b) for a, b in block)] += 1
        assert (seen == 1).all()


@pytest.mark.parametrize(("start", "stop"), [((0, 0, 0), (111, 1, 1)), ((-1, 0, 0), (1, 1, 1)), ((5, 5, 5), (5, 6, 6))])
def test_a_block_that_is_none_is_refused(stored, start, stop):
    with pytest.raises(BadVolume, match="has no block"):
        stored["labels"].block(start, stop)


def test_a_block_that_is_too_large_is_refused(stored, tmp_path):
    handle = ChunkedVolume(stored["labels"].ref, FetchOptions(max_bytes=1000), settings(tmp_path))
    with pytest.raises(BadVolume, match="more than the 1,000 of max_bytes"):
        handle.block((0, 0, 0), (10, 10, 10))
    with pytest.raises(BadVolume, match="no block"):
        list(handle.blocks(0))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_files_of_one_piece_have_blocks_too(tmp_path, labels, suffix):
    """A plain file is mapped into memory, a packed one has to be read whole."""
    path = tmp_path / f"a{suffix}"
    nib.save(nib.Nifti1Image(labels.astype(np.int16), AFFINE), path)
    handle = ChunkedVolume(reference(path.as_uri(), "nii", kind="labelled"), settings=settings(tmp_path))
    handle = pickle.loads(pickle.dumps(handle))
    assert np.array_equal(handle.block((3, 4, 5), (30, 40, 50)), labels[3:30, 4:40, 5:50])
    assert np.allclose(handle.affine, AFFINE)
    count = map_blocks(lambda p: int((p.array != 0).sum()), handle, block=40, reduce=lambda a, b: a + b)
    assert count == np.count_nonzero(labels)


def test_a_volume_in_memory_does_not_travel(labels):
    handle = ChunkedVolume.of(Volume(labels, AFFINE, SPACE, name="here"))
    assert ChunkedVolume.of(handle) is handle
    with pytest.raises(BadVolume, match="here: is in memory"):
        pickle.dumps(handle)


def test_a_mesh_has_no_blocks(tmp_path):
    handle = ChunkedVolume(reference("https://example.org/v", "neuroglancer/precompmesh"), settings=settings(tmp_path))
    with pytest.raises(BadVolume, match="has no voxels"):
        _ = handle.shape


def test_dask_arrays(stored, labels):
    array = stored["labels"].to_dask(64)
    assert array.shape == labels.shape
    assert np.array_equal(array[5:60, :, 7:9].compute(scheduler="threads"), labels[5:60, :, 7:9])
    assert int(array.astype(bool).sum().compute(scheduler="threads")) == np.count_nonzero(labels)
    here = ChunkedVolume.of(Volume(labels, AFFINE, SPACE)).to_dask(50)
    assert np.array_equal(here.compute(scheduler="threads"), labels)


# --- functions over blocks -------------------------------------------------------------------------------------------


def test_statistics_of_labels_are_those_of_plain_numpy(stored, labels, image):
    """Counts, positions and boxes exactly; sums of floats to rounding; least and most exactly."""
    found = block_statistics(stored["image"], stored["labels"], block=40)
    expected = by_hand(labels, image)
    assert found.labels.tolist() == sorted(expected)
    for n, (count, position, low, high, values) in enumerate(expected.values()):
        assert found.count[n] == count
        assert found.sums.position[n].tolist() == position.tolist()
        assert (found.sums.low[n].tolist(), found.sums.high[n].tolist()) == (low.tolist(), high.tolist())
        assert (found.sums.least[n], found.sums.most[n]) == (values.min(), values.max())
        assert found.sums.total[n] == pytest.approx(values.sum(), rel=1e-9, abs=1e-6)
        assert found.mean[n] == pytest.approx(values.mean(), rel=1e-9, abs=1e-9)
        assert found.std[n] == pytest.approx(values.std(), rel=1e-9)
        # Voxels of 1 mm whose first has its centre at 0.5 mm.
        assert found.centroid[n] == pytest.approx(position / count + 0.5)
    assert found.volume_mm3.tolist() == found.count.tolist()
    row = found.rows()[0]
    assert (row["label"], row["name"], row["voxels"]) == (1, "the first", expected[1][0])
    alone = block_statistics(stored["labels"], block=64)
    assert alone.count.tolist() == found.count.tolist()
    assert np.array_equal(alone.centroid, found.centroid)
    assert set(alone.rows()[0]) == {"label", "name", "voxels", "volume_mm3", "x", "y", "z"}


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.uint64, np.float32, np.float64])
def test_statistics_of_all_voxels(dtype, labels):
    values = (labels[:50, :40, :30].astype(np.int64) * 7 % 251).astype(dtype)
    found = block_statistics(Volume(values, AFFINE, SPACE), block=17)
    wide = values.astype(object if values.dtype.kind in "iu" else np.float64)
    assert found.count.tolist() == [values.size]
    assert found.sums.total[0] == wide.sum()
    assert found.sums.square[0] == (wide * wide).sum()
    assert (found.sums.least[0], found.sums.most[0]) == (values.min(), values.max())
    assert found.mean[0] == pytest.approx(values.astype(np.float64).mean())
    assert found.centroid[0] == pytest.approx(AFFINE[:3, :3] @ [24.5, 19.5, 14.5] + AFFINE[:3, 3])
    if np.dtype(dtype).itemsize <= 4 and np.dtype(dtype).kind in "iu":
        assert found.sums.total.dtype == np.int64


@given(st.integers(0, 2**32 - 1), st.tuples(*[st.integers(1, 14)] * 3), st.integers(1, 9), st.integers(1, 6))
@hypothesis_settings(max_examples=60, deadline=None)
def test_any_volume_in_any_blocks(seed, shape, block, count):
    random = np.random.default_rng(seed)
    labels = random.integers(0, count, shape).astype(random.choice([np.uint8, np.int32, np.uint64]))
    image = random.integers(-500, 500, shape).astype(np.int16)
    found = block_statistics(Volume(image, AFFINE, SPACE), Volume(labels, AFFINE, SPACE, kind="labelled"), block=block)
    expected = by_hand(labels, image)
    assert found.labels.tolist() == sorted(expected)
    for n, (number, position, low, high, values) in enumerate(expected.values()):
        assert (found.count[n], found.sums.total[n], found.sums.square[n]) == (number, values.sum(), (values**2).sum())
        assert found.sums.position[n].tolist() == position.tolist()
        assert (found.sums.low[n].tolist(), found.sums.high[n].tolist()) == (low.tolist(), high.tolist())


def test_partial_sums_are_associative(labels, image):
    """Exactly for integers; floats are equal because the order is fixed, not because their sums are associative."""
    values = (image * 10).astype(np.int32)
    thirds = [slice(0, 30), slice(30, 60), slice(60, 110)]
    parts = [sums_of(Piece(values[s], labels[s], (s.start, 0, 0), AFFINE)) for s in thirds]
    left = merge_sums(merge_sums(parts[0], parts[1]), parts[2])
    right = merge_sums(parts[0], merge_sums(parts[1], parts[2]))
    whole = sums_of(Piece(values, labels, (0, 0, 0), AFFINE))
    for one in (left, right):
        for name in ("labels", "count", "position", "low", "high", "total", "least", "most"):
            assert np.array_equal(getattr(one, name), getattr(whole, name)), name


def test_serial_threads_and_processes_agree_to_the_last_bit(stored):
    here = block_statistics(stored["image"], stored["labels"], block=32)
    for kind, workers in ((ThreadPoolExecutor, 1), (ThreadPoolExecutor, 4)):
        with kind(workers) as executor:
            there = block_statistics(stored["image"], stored["labels"], block=32, executor=executor)
        assert_same_bits(here.sums, there.sums)


@pytest.mark.slow
def test_a_cluster_of_two_workers_agrees_to_the_last_bit(stored, labels, image, tmp_path):
    """Two processes on this machine get addresses, not voxels."""
    from distributed import Client, LocalCluster

    here = block_statistics(stored["image"], stored["labels"], block=32)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
        ) as cluster,
        Client(cluster) as client,
    ):
        there = block_statistics(stored["image"], stored["labels"], block=32, executor=client)
        again = block_statistics(stored["labels"], block=64, executor=client)
        where = set(map_blocks(_process, stored["labels"], block=32, executor=client))
        with pytest.raises(BadVolume, match="is not sent to a cluster"):
            block_statistics(Volume(image, AFFINE, SPACE), executor=client)
    assert_same_bits(here.sums, there.sums)
    assert again.count.tolist() == here.count.tolist()
    assert len(where) == 2


def _process(piece):
    import os

    return os.getpid()


@pytest.mark.slow
def test_other_processes_agree_to_the_last_bit(stored):
    import multiprocessing

    here = block_statistics(stored["image"], stored["labels"], block=32)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        there = block_statistics(stored["image"], stored["labels"], block=32, executor=executor)
    assert_same_bits(here.sums, there.sums)


def test_results_come_in_the_order_of_the_blocks(labels):
    volume = Volume(labels, AFFINE, SPACE)
    expected = list(ChunkedVolume.of(volume).blocks(30))
    with ThreadPoolExecutor(3) as executor:
        for given_ in (None, executor):
            starts = map_blocks(lambda p: p.start, volume, block=30, executor=given_)
            assert starts == [tuple(a for a, _ in block) for block in expected]
    places = map_blocks(lambda p: p.affine[:3, 3].tolist(), volume, block=60)
    assert places[1] == (AFFINE[:3, :3] @ [60, 0, 0] + AFFINE[:3, 3]).tolist()


def test_a_failed_block_fails_all_and_stops_soon(stored, tmp_path, labels):
    """No statistics of what happened to be readable: a server that answers 503 for some chunks ends the work."""
    folder = precomputed(tmp_path / "v", [labels])
    with serve(tmp_path, faults={"/64-96_64-96": "503"}) as server:
        handle = ChunkedVolume(reference(f"{server.url}/v", kind="labelled"), settings=settings(tmp_path))
        with pytest.raises(SourceError, match="/64-96_64-96"):
            block_statistics(handle, block=32)
        with ThreadPoolExecutor(2) as executor, pytest.raises(SourceError):
            block_statistics(handle, block=32, executor=executor)
    assert folder.is_dir()


def test_labels_on_another_grid_are_refused(labels):
    volume = Volume(labels, AFFINE, SPACE)
    moved = AFFINE.copy()
    moved[0, 3] += 2
    for other in (
        Volume(labels, moved, SPACE),
        Volume(labels[1:], AFFINE, SPACE),
        Volume(labels, AFFINE * [1.1, 1, 1, 1], SPACE),
    ):
        with pytest.raises(BadVolume, match="is not that of"):
            block_statistics(volume, other)
    with pytest.raises(SpaceMismatch):
        block_statistics(volume, Volume(labels, AFFINE, IRI("https://example.org/space/other")))


def test_values_that_are_no_labels_are_refused(image):
    with pytest.raises(BadVolume, match="not whole numbers"):
        block_statistics(Volume(image, AFFINE, SPACE), Volume(image, AFFINE, SPACE))


def test_a_function_in_threads_runs_in_them(labels):
    with ThreadPoolExecutor(2) as executor:
        names = map_blocks(
            lambda p: threading.current_thread().name, Volume(labels, AFFINE, SPACE), executor=executor, block=20
        )
    assert threading.main_thread().name not in names


MEMORY = """
import resource, sys, json
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from siibra_kg.volumes.chunks.block_statistics import block_statistics
from siibra_kg.volumes.chunks.chunked import ChunkedVolume
from tests.pyramids import reference, settings
handle = ChunkedVolume(reference(Path(sys.argv[1]).as_uri(), kind="labelled"), settings=settings(Path(sys.argv[1])))
handle.dtype
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = block_statistics(handle, block=64)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([(after - before) / 1024, handle.nbytes / 2**20, int(found.count.sum())]))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_volume(tmp_path):
    """Eight times the voxels, beyond what is kept of chunks: not one and a half times the memory."""
    import json
    from pathlib import Path

    used = []
    for n in (160, 448):
        folder = tmp_path / f"v{n}"
        labels = (np.indices((n, n, n), np.uint32).sum(axis=0, dtype=np.uint32) // 50).astype(np.uint32)
        block = {"compressed_segmentation_block_size": [8, 8, 8]}
        precomputed(folder, [labels], encoding="compressed_segmentation", chunk=(64, 64, 64), **block)
        count = int(np.count_nonzero(labels))
        del labels
        command = [sys.executable, "-c", MEMORY, str(folder), str(Path(__file__).parents[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        used.append(json.loads(done.stdout))
        assert used[-1][2] == count
    (small, _, _), (large, size, _) = used
    assert size > 300
    assert large < small + 160  # the pool of chunks has 128 MB
