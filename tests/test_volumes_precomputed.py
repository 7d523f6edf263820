"""Precomputed volumes: every encoding, the exact box, the right scale, and no failure that looks like background."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tracemalloc
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from siibra_kg.errors import BadVolume, DataMissing, SiibraKGError, SourceError, SpaceMismatch
from siibra_kg.locations import BoundingBox
from siibra_kg.volumes import FetchOptions, read_volume
from siibra_kg.volumes.chunks.stores import _context
from tests.oracle.ensure_siibra import Missing
from tests.oracle.ensure_siibra import ensure as ensure_siibra
from tests.pyramids import SPACE, atlas, precomputed, reference, settings, written_by_cloud_volume
from tests.servers.files_server import serve

SIIBRA = Path(__file__).with_name("oracle") / "siibra_chunks.py"
#: Turns two axes, mirrors one, and moves, in nm.
TURNED = np.array([[0, -1, 0, 70e6], [1, 0, 0, -30e6], [0, 0, 1, 5e6], [0, 0, 0, 1.0]])


@pytest.fixture(autouse=True)
def _loopback(socket_enabled):
    """Servers are on loopback."""


@pytest.fixture(scope="module")
def labels():
    return atlas()


@pytest.fixture(scope="module")
def raw(tmp_path_factory, labels):
    return precomputed(tmp_path_factory.mktemp("raw") / "v", [labels], transform=np.eye(4))


def read(folder, tmp, /, provider="neuroglancer/precomputed", **options):
    url = folder if isinstance(folder, str) else folder.as_uri()
    return read_volume(reference(url, provider), settings(tmp), FetchOptions(**options))


SHARDING = {
    "@type": "neuroglancer_uint64_sharded_v1",
    "preshift_bits": 1,
    "minishard_bits": 2,
    "shard_bits": 2,
    "hash": "identity",
    "minishard_index_encoding": "gzip",
    "data_encoding": "gzip",
}
SHAPES = {
    "raw": (np.uint32, {}),
    "raw of 64 bits": (np.uint64, {}),
    "raw of floats": (np.float32, {}),
    "raw of signed": (np.int16, {}),
    "compressed_segmentation": (np.uint32, {"encoding": "compressed_segmentation"}),
    "compressed_segmentation of 64 bits": (np.uint64, {"encoding": "compressed_segmentation"}),
    "png": (np.uint8, {"encoding": "png"}),
    "sharded": (np.uint32, {"sharding": SHARDING}),
    "sharded compressed_segmentation": (np.uint32, {"encoding": "compressed_segmentation", "sharding": SHARDING}),
}
for _name in ("compressed_segmentation", "compressed_segmentation of 64 bits", "sharded compressed_segmentation"):
    SHAPES[_name][1]["compressed_segmentation_block_size"] = [8, 8, 8]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("web", [False, True], ids=["file", "http"])
def test_every_encoding_gives_what_was_written(tmp_path, labels, name, web):
    """Voxel by voxel, of a real atlas, whole and in a box that is aligned to nothing."""
    dtype, scale = SHAPES[name]
    array = (labels % 250).astype(dtype)
    folder = precomputed(tmp_path / "v", [array], **scale)
    with serve(tmp_path) as server:
        place = f"{server.url}/v" if web else folder
        whole = read(place, tmp_path)
        box = BoundingBox((33.0, 7.0, 60.0), (70.0, 65.0, 100.0), SPACE)
        part = read(place, tmp_path, voi=box)
    assert whole.array.dtype == dtype
    assert np.array_equal(whole.array, array)
    # The centre of voxel i is at i + 0.5 mm: those from 33 to 69 are inside, and so on.
    assert np.array_equal(part.array, array[33:70, 7:65, 60:100])
    assert part.affine[:3, 3].tolist() == [33.5, 7.5, 60.5]


def test_jpeg_is_close_and_exactly_what_the_decoder_says(tmp_path, labels):
    """The format loses some of the values, so smooth ones are taken; the bytes are those that tensorstore decodes."""
    import tensorstore as ts

    i, j, k = np.indices((64, 48, 40))
    array = (i + 2 * j + k).astype(np.uint8)
    folder = precomputed(tmp_path / "v", [array], encoding="jpeg", jpeg_quality=95)
    found = read(folder, tmp_path).array
    spec = {"driver": "neuroglancer_precomputed", "kvstore": {"driver": "file", "path": str(folder)}}
    assert np.array_equal(found, ts.open(spec, open=True).result()[..., 0].read().result())
    assert np.abs(found.astype(int) - array).max() < 12


@pytest.mark.peer
def test_volumes_that_cloud_volume_wrote(tmp_path, labels):
    """A second, independent writer: raw, and compressed_segmentation with an offset."""
    for encoding, offset in (("raw", (0, 0, 0)), ("compressed_segmentation", (64, -128, 32))):
        folder = tmp_path / encoding
        written_by_cloud_volume(folder, tmp_path, arrays={"array": labels}, encoding=encoding, offset=offset)
        volume = read(folder, tmp_path)
        assert np.array_equal(volume.array, labels)
        assert volume.affine[:3, 3].tolist() == [o + 0.5 for o in offset]


@pytest.mark.peer
def test_chunks_that_cloud_volume_packed_are_not_taken_for_background(tmp_path, labels):
    """On a disk they are called x_y_z.gz; a plain look for x_y_z would find nothing, that is: zeros."""
    folder = written_by_cloud_volume(tmp_path / "v", tmp_path, arrays={"array": labels}, compress="gzip")
    with pytest.raises(BadVolume, match="another name"):
        read(folder, tmp_path)
    # A web server sends them unpacked, under their plain names.
    with serve(tmp_path) as server:
        assert np.array_equal(read(f"{server.url}/v", tmp_path).array, labels)


# --- where voxels are ------------------------------------------------------------------------------------------------


def centres(shape, resolution, offset, transform):
    """Compute by hand where the centres of voxels are, in mm, as the format says."""
    index = np.indices(shape).reshape(3, -1).T
    nm = (index + np.array(offset) + 0.5) * np.array(resolution)
    return ((nm @ transform[:3, :3].T + transform[:3, 3]) / 1e6).reshape(*shape, 3)


CODED = np.arange(24 * 20 * 28, dtype=np.uint32).reshape(24, 20, 28) + 1
RESOLUTION, OFFSET = (0.5e6, 2e6, 0.75e6), (8, -4, 12)


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """Every voxel has a value of its own, so a value says where it has to be."""
    place = tmp_path_factory.mktemp("coded")
    args = {"resolution": RESOLUTION, "offset": OFFSET, "chunk": (7, 8, 9), "transform": TURNED}
    return precomputed(place / "v", [CODED], **args)


@given(st.lists(st.floats(-12, 12), min_size=6, max_size=6))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_h7_a_box_has_exactly_the_voxels_whose_centres_are_in_it(coded, tmp_path, around):
    """Siibra floors the data to a voxel and keeps the fraction in the affine: up to 0.9 voxels of shift.

    Voxels of 0.5 x 2 x 0.75 mm, an offset, chunks that divide nothing, axes that are turned and mirrored.
    """
    positions = centres(CODED.shape, RESOLUTION, OFFSET, TURNED)
    middle = positions.reshape(-1, 3).mean(axis=0)
    low, high = np.sort([middle + around[:3], middle + around[3:]], axis=0)
    inside = ((positions >= low) & (positions <= high)).all(axis=-1)
    near = np.abs(np.concatenate([positions.reshape(-1, 3) - low, positions.reshape(-1, 3) - high])).min() < 1e-2
    box = BoundingBox(low, high, SPACE)
    if not inside.any():
        if not near:
            with pytest.raises(BadVolume):
                read(coded, tmp_path, voi=box)
        return
    volume = read(coded, tmp_path, voi=box)
    told = volume.to_mm(np.indices(volume.shape).reshape(3, -1).T)
    true = positions.reshape(-1, 3)[volume.array.reshape(-1) - 1]
    assert np.abs(told - true).max() < 1e-9
    if not near:
        assert sorted(volume.array.reshape(-1)) == sorted(CODED[inside])


@pytest.mark.peer
def test_h7_beside_siibra(raw, labels, tmp_path):
    """Siibra's own voxels, at the place that siibra says, are up to 0.9 voxels off; here they are where they are."""
    corners = [[10.3, 20.4, 30.2], [50.9, 60.1, 70.7]]
    with serve(raw.parent) as server:
        theirs = beside(tmp_path, url=f"{server.url}/v", box=corners)
        mine = read(f"{server.url}/v", tmp_path, voi=BoundingBox(*corners, SPACE))

    def off(array, affine):
        """Give how far in mm the labels' centroids are from where the whole volume has them, as a constant shift."""
        index = np.argwhere(array > 0)
        told = index @ affine[:3, :3].T + affine[:3, 3]
        at = np.rint(told - 0.5).astype(int)
        shifts = {}
        for step in product((-1, 0, 1), repeat=3):
            where = np.clip(at + step, 0, np.array(labels.shape) - 1)
            shifts[step] = (labels[tuple(where.T)] == array[array > 0]).mean()
        best = max(shifts, key=shifts.get)
        assert shifts[best] == 1
        return np.abs(at + best + 0.5 - told).max()

    assert off(mine.array, mine.affine) < 1e-9
    assert 0.7 < off(theirs["array"], theirs["affine"]) <= 0.9


def test_coarse_scales_lie_where_their_voxels_are(tmp_path):
    """A voxel of the second scale covers two of the first along each axis, and its centre is between theirs.

    siibra adds half a voxel of the finest scale to all: at the third scale that is 1.5 mm off.
    """
    fine = np.arange(32**3, dtype=np.float32).reshape(32, 32, 32)
    scales = [fine]
    for _ in range(2):
        scales.append(scales[-1].reshape(*(v for n in scales[-1].shape for v in (n // 2, 2))).mean(axis=(1, 3, 5)))
    scales = [s.astype(np.float32) for s in scales]
    folder = precomputed(tmp_path / "v", scales, transform=TURNED)
    for level, array in enumerate(scales):
        volume = read(folder, tmp_path, resolution_mm=2.0**level)
        assert np.array_equal(volume.array, array)
        expected = centres(array.shape, (2**level * 1e6,) * 3, (0, 0, 0), TURNED)
        assert np.allclose(volume.to_mm(np.moveaxis(np.indices(array.shape), 0, -1)), expected, atol=1e-9)
        # The same said otherwise: the mean position of the eight voxels below it.
        below = centres(fine.shape, (1e6,) * 3, (0, 0, 0), TURNED)[: 2**level, : 2**level, : 2**level]
        assert np.allclose(volume.to_mm((0, 0, 0)), below.reshape(-1, 3).mean(axis=0), atol=1e-9)
        assert f"voxels of {2**level} x {2**level}" in volume.provenance.derivation[0]


@pytest.mark.peer
def test_the_finest_scale_lies_where_siibra_has_it(raw, labels, tmp_path):
    """Where voxels are isotropic and nothing is turned, siibra's half voxel is right: same values at the same mm."""
    with serve(raw.parent) as server:
        theirs = beside(tmp_path, url=f"{server.url}/v")
        mine = read(f"{server.url}/v", tmp_path)
    some = np.random.default_rng(1).integers(0, labels.shape, (500, 3))
    there = np.rint(np.linalg.solve(theirs["affine"], np.c_[mine.to_mm(some), np.ones(500)].T)[:3]).astype(int)
    assert np.array_equal(mine.array[tuple(some.T)], theirs["array"][tuple(there)])
    assert np.array_equal(mine.array, labels)


def beside(tmp_path, **job):
    """Have siibra read it, in its own interpreter."""
    try:
        oracle = ensure_siibra()
    except Missing as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}")
    out = tmp_path / "siibra.npy"
    env = os.environ | {"SIIBRA_USE_CONFIGURATION": str(oracle.configuration), "SIIBRA_CACHEDIR": str(tmp_path / "c")}
    (tmp_path / "c").mkdir(exist_ok=True)
    command = [str(oracle.python), str(SIIBRA), json.dumps({**job, "out": str(out)})]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    return {**said, "array": np.load(out), "affine": np.array(said["affine"])}


# --- which voxels ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    scales = [np.full((64 >> n, 48 >> n, 40 >> n), n + 1, np.uint16) for n in range(3)]
    return precomputed(tmp_path_factory.mktemp("three") / "v", scales)


@pytest.mark.parametrize(
    ("options", "scale"),
    [
        ({}, 1),
        ({"resolution_mm": -1}, 1),
        ({"resolution_mm": 1}, 1),
        ({"resolution_mm": 1.9}, 1),
        ({"resolution_mm": 2}, 2),
        ({"resolution_mm": 100}, 3),
        ({"max_bytes": 64 * 48 * 40 * 2}, 1),
        ({"max_bytes": 64 * 48 * 40 * 2 - 1}, 2),
        ({"max_bytes": 16 * 12 * 10 * 2}, 3),
        ({"max_bytes": 2000, "voi": BoundingBox((0, 0, 0), (8, 8, 8), SPACE)}, 1),
    ],
)
def test_the_scale_that_fits(three, tmp_path, options, scale):
    """The coarsest that is fine enough; without a wish the finest below max_bytes; and it says which."""
    volume = read(three, tmp_path, **options)
    assert volume.array.flat[0] == scale
    assert volume.voxel_size == (2.0 ** (scale - 1),) * 3
    assert f"of 3: voxels of {2 ** (scale - 1)} x" in volume.provenance.derivation[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resolution_mm": 0.5}, "no scale has voxels of 0.5 mm or less; it has: 1 x 1 x 1 mm"),
        ({"resolution_mm": -1, "max_bytes": 1000}, "245,760 bytes, more than max_bytes, which is 1,000"),
        ({"resolution_mm": 1, "max_bytes": 1000}, "more than max_bytes"),
        ({"max_bytes": 1000}, "an array at 4 x 4 x 4 mm has 3,840 bytes"),
        ({"voi": BoundingBox((500, 0, 0), (501, 1, 1), SPACE)}, "no centre of a voxel"),
        ({"channel": 1}, "has no channel 1; it has one channel"),
        ({"z": 1}, "no fourth dimension"),
    ],
)
def test_what_cannot_be_given_is_refused(three, tmp_path, options, words):
    with pytest.raises(BadVolume, match=words):
        read(three, tmp_path, **options)


def test_the_thickness_of_a_section_has_no_say(tmp_path):
    """Sections have one voxel across at all scales; siibra leaves such an axis out too."""
    scales = [np.full((64 >> n, 1, 64 >> n), n + 1, np.uint8) for n in range(3)]
    folder = tmp_path / "v"
    for n, array in enumerate(scales):
        precomputed(folder, [array], resolution=(1e4 * 2**n, 20e6, 1e4 * 2**n), chunk=(32, 1, 32))
    assert read(folder, tmp_path, resolution_mm=0.02).array.flat[0] == 2


def test_channels(tmp_path):
    """A volume with several values per voxel gives the one that is asked for, and says how many there are."""
    array = np.random.default_rng(0).integers(0, 255, (20, 30, 10, 3)).astype(np.uint8)
    folder = precomputed(tmp_path / "v", [array])
    for channel in range(3):
        volume = read(folder, tmp_path, channel=channel)
        assert np.array_equal(volume.array, array[..., channel])
        assert f"channel {channel}" in volume.provenance.derivation
    with pytest.raises(BadVolume, match="has 3 channels; say which: channel from 0 to 2"):
        read(folder, tmp_path)
    with pytest.raises(BadVolume, match="has no channel 3; it has channels 0 to 2"):
        read(folder, tmp_path, channel=3)


def test_a_box_in_another_space_is_refused(three, tmp_path):
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        read(three, tmp_path, voi=BoundingBox((0, 0, 0), (9, 9, 9), "https://example.org/space/other"))


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "fault"),
    [
        *product(["raw"], ["503", "500", "429", "403", "redirect"]),
        *product(["raw", "compressed_segmentation", "png"], ["truncate", "html"]),
    ],
)
def test_h8_a_failed_chunk_is_an_error(tmp_path, labels, encoding, fault):
    """Siibra gives zeros for chunks that it could not get, without a word: 29.5 % of the voxels, with these columns."""
    array = (labels % 250).astype(np.uint8 if encoding == "png" else np.uint32)
    more = {"compressed_segmentation_block_size": [8, 8, 8]} if encoding == "compressed_segmentation" else {}
    precomputed(tmp_path / "v", [array], encoding=encoding, **more)
    with serve(tmp_path, faults={"/32-64_": fault}) as server, pytest.raises((SourceError, BadVolume)) as caught:
        read(f"{server.url}/v", tmp_path)
    assert "/32-64_" in str(caught.value)
    lost = array[32:64].size / array.size
    assert 0.28 < lost < 0.30


def test_h8_only_a_true_404_is_background(raw, labels, tmp_path):
    """The format says so: writers leave out chunks of zeros."""
    with serve(raw.parent, faults={"/32-64_": "404"}) as server:
        found = read(f"{server.url}/v", tmp_path).array
    expected = labels.copy()
    expected[32:64] = 0
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("fault", ["hang", "stall"])
def test_h8_a_server_that_hangs_is_given_up(raw, tmp_path, fault):
    """Tensorstore itself would wait for ever."""
    _context.cache_clear()  # requests that hang keep their places in the queue of the old one
    with serve(raw.parent, faults={"/64-96_": fault}) as server:
        began = time.monotonic()
        with pytest.raises(SourceError, match="no chunk arrived for 1 s"):
            read_volume(reference(f"{server.url}/v"), settings(tmp_path, timeout=1.0))
        assert time.monotonic() - began < 4
    _context.cache_clear()


def test_a_redirected_chunk_is_an_error_that_says_so(raw, tmp_path):
    """Tensorstore 0.1.86 follows none, to wherever it leads."""
    with (
        serve(raw.parent, faults={"/32-64_": "redirect"}) as server,
        pytest.raises(SourceError, match="follows no redirects"),
    ):
        read(f"{server.url}/v", tmp_path)


def test_a_chunk_that_fails_twice_is_asked_for_again(raw, labels, tmp_path):
    with serve(raw.parent, faults={"/64-96_0-32_0-32": ("503", 2), "/info": ("503", 1)}) as server:
        assert np.array_equal(read(f"{server.url}/v", tmp_path).array, labels)
        assert sum("/64-96_0-32_0-32" in line for line in server.log) == 3


@pytest.mark.parametrize("name", ["info", "transform.json"])
@pytest.mark.parametrize("fault", ["503", "403", "html", "hang"])
def test_a_description_that_cannot_be_had_is_an_error(raw, tmp_path, name, fault):
    """Of ``transform.json`` too: without it the volume would silently lie elsewhere."""
    with serve(raw.parent, faults={f"/{name}": fault}) as server, pytest.raises(SourceError):
        read_volume(reference(f"{server.url}/v"), settings(tmp_path, timeout=0.5))


def test_without_a_transform_positions_are_those_of_info(raw, tmp_path):
    with serve(raw.parent, faults={"/transform.json": "404"}) as server:
        assert read(f"{server.url}/v", tmp_path).affine[:3, 3].tolist() == [0.5, 0.5, 0.5]


def test_a_chunk_is_asked_for_once_and_all_at_once(raw, labels, tmp_path):
    """With 20 ms per request 64 chunks take a tenth of a second: they are not asked for one after the other."""
    with serve(raw.parent, latency=0.02) as server:
        box = BoundingBox((5, 5, 5), (100, 100, 100), SPACE)
        began = time.monotonic()
        volume = read(f"{server.url}/v", tmp_path, voi=box)
        took = time.monotonic() - began
        chunks = [line for line in server.log if "_0-32_" in line or "-" in line.rpartition("/")[2]]
        again = len(server.log)
        assert np.array_equal(read(f"{server.url}/v", tmp_path, voi=box).array, volume.array)
        assert len(server.log) == again + 2  # the description; chunks are kept
    assert np.array_equal(volume.array, labels[5:100, 5:100, 5:100])
    assert len(chunks) == len(set(chunks)) == 64
    assert took < 0.6


KEY = "1e+06_1e+06_1e+06"  # as tensorstore calls a scale of 1 mm
LIES = {
    "no scales": lambda i: i.pop("scales"),
    "scales that are none": lambda i: i.update(scales={"a": 1}),
    "no scale in the list": lambda i: i.update(scales=[]),
    "too many scales": lambda i: i.update(scales=i["scales"] * 65),
    "two scales of one key": lambda i: i.update(scales=i["scales"] * 2),
    "an unknown type": lambda i: i.update(data_type="complex64"),
    "a type that is none": lambda i: i.update(data_type=["uint8"]),
    "channels that are none": lambda i: i.update(num_channels=0),
    "channels without end": lambda i: i.update(num_channels=10**9),
    "a negative size": lambda i: i["scales"][0].update(size=[-5, 10, 10]),
    "no size along an axis": lambda i: i["scales"][0].update(size=[0, 10, 10]),
    "a size of two": lambda i: i["scales"][0].update(size=[10, 10]),
    "a size in words": lambda i: i["scales"][0].update(size=["a", 10, 10]),
    "a size that is broken": lambda i: i["scales"][0].update(size=[1.5, 10, 10]),
    "a huge size": lambda i: i["scales"][0].update(size=[2**30, 2**30, 2**30]),
    "a size beyond 64 bits": lambda i: i["scales"][0].update(size=[10**30, 10, 10]),
    "no resolution": lambda i: i["scales"][0].pop("resolution"),
    "a resolution of zero": lambda i: i["scales"][0].update(resolution=[0, 1, 1]),
    "a negative resolution": lambda i: i["scales"][0].update(resolution=[1, -1, 1]),
    "an unknown encoding": lambda i: i["scales"][0].update(encoding="zip"),
    "segmentation of the wrong type": lambda i: (
        i["scales"][0].update(encoding="compressed_segmentation"),
        i.update(data_type="uint8"),
    ),
    "jpeg of the wrong type": lambda i: i["scales"][0].update(encoding="jpeg"),
    "no chunks": lambda i: i["scales"][0].update(chunk_sizes=[]),
    "chunks of nothing": lambda i: i["scales"][0].update(chunk_sizes=[[0, 32, 32]]),
    "chunks of two": lambda i: i["scales"][0].update(chunk_sizes=[[32, 32]]),
    "an offset out of bounds": lambda i: i["scales"][0].update(voxel_offset=[2**60, 0, 0]),
    "an offset in words": lambda i: i["scales"][0].update(voxel_offset="here"),
    "a key that leaves": lambda i: i["scales"][0].update(key="../../../etc"),
    "a key that is absolute": lambda i: i["scales"][0].update(key="/etc/passwd"),
    "a key of Windows": lambda i: i["scales"][0].update(key="..\\a"),
    "no key": lambda i: i["scales"][0].update(key=""),
    "a scale that is none": lambda i: i.update(scales=[7]),
    "sharding that is none": lambda i: i["scales"][0].update(sharding={"@type": "x"}),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_info_that_lies_is_refused_before_memory_is_taken(raw, tmp_path, lie):
    folder = tmp_path / "v"
    folder.mkdir()
    info = json.loads((raw / "info").read_text())
    LIES[lie](info)
    (folder / "info").write_text(json.dumps(info))
    (folder / KEY).mkdir()
    tracemalloc.start()
    try:
        with pytest.raises(BadVolume):
            read(folder, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b'{"scales": [{}]}', b"<html></html>", b"NaN"],
    ids=range(10),
)
def test_an_info_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "info").write_bytes(content)
    with pytest.raises(SiibraKGError):
        read(tmp_path / "v", tmp_path)


@pytest.mark.parametrize(
    "given_",
    [
        "[[1,0,0],[0,1,0]]",
        '"a"',
        "{}",
        "[[1,0,0,0],[0,1,0,0],[0,0,0,0],[0,0,0,1]]",
        "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,1,1]]",
    ],
)
def test_a_transform_that_is_none_is_refused(raw, tmp_path, given_):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "info").write_bytes((raw / "info").read_bytes())
    (tmp_path / "v" / "transform.json").write_text(given_)
    with pytest.raises(BadVolume, match=r"transform\.json"):
        read(tmp_path / "v", tmp_path)


def test_one_voxel_of_a_chunk_without_end_is_refused(raw, tmp_path):
    """A chunk is decoded whole: one of a terabyte, that a box of one voxel would ask for, is never begun."""
    folder = tmp_path / "v"
    (folder / KEY).mkdir(parents=True)
    info = json.loads((raw / "info").read_text())
    info["scales"][0].update(size=[20_000] * 3, chunk_sizes=[[10_000] * 3])
    (folder / "info").write_text(json.dumps(info))
    with pytest.raises(BadVolume, match="chunks have 4,000,000,000,000 bytes"):
        read(folder, tmp_path, voi=BoundingBox((0, 0, 0), (1, 1, 1), SPACE))


def test_the_description_is_limited(tmp_path, raw):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "info").write_bytes(b" " * (2**24 + 1))
    for place in ("file", "http"):
        with serve(tmp_path) as server, pytest.raises(BadVolume, match="16,777,216"):
            read(tmp_path / "v" if place == "file" else f"{server.url}/v", tmp_path)


# --- where it is found -----------------------------------------------------------------------------------------------


def test_offline_the_folder_is_in_the_mirror_or_the_cache_or_missing(raw, labels, tmp_path):
    url = "https://neuroglancer.example.org/precomputed/some/v"
    with pytest.raises(DataMissing, match=r"neuroglancer\.example\.org/precomputed/some/v") as caught:
        read_volume(reference(url), settings(tmp_path, offline=True))
    put = Path(caught.value.where)
    put.parent.mkdir(parents=True)
    put.symlink_to(raw)
    assert np.array_equal(read_volume(reference(url), settings(tmp_path, offline=True)).array, labels)
    mirror = tmp_path / "mirror"
    with pytest.raises(DataMissing, match="unset SIIBRA_KG_MIRROR"):
        read_volume(reference(url + "2"), settings(tmp_path, mirror=str(mirror)))
    (mirror / "neuroglancer.example.org/precomputed/some").mkdir(parents=True)
    (mirror / "neuroglancer.example.org/precomputed/some/v2").symlink_to(raw)
    for given_ in (str(mirror), mirror.as_uri()):
        volume = read_volume(reference("precomputed://" + url + "2/"), settings(tmp_path, mirror=given_, offline=True))
        assert np.array_equal(volume.array, labels)
    shutil.copytree(raw, tmp_path / "web/neuroglancer.example.org/precomputed/some/v2")
    with serve(tmp_path / "web") as server:
        volume = read_volume(reference(url + "2"), settings(tmp_path / "other", mirror=server.url))
    assert np.array_equal(volume.array, labels)


def test_a_copy_without_its_chunks_is_not_background(raw, tmp_path):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "info").write_bytes((raw / "info").read_bytes())
    with pytest.raises(DataMissing, match="incomplete"):
        read(tmp_path / "v", tmp_path)


@pytest.mark.parametrize("url", ["ftp://example.org/v", "v", "https://example.org/v?a=b", "file:///no/such/folder"])
def test_addresses_that_are_none(tmp_path, url):
    with pytest.raises((BadVolume, DataMissing)):
        read(url, tmp_path)


def test_without_tensorstore_the_command_that_gets_it_is_named(raw, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    with pytest.raises(DataMissing, match=r"pip install 'siibra-kg\[volumes\]'"):
        read(raw, tmp_path)


def test_tensorstore_is_not_loaded_before_it_is_needed():
    code = "import sys, siibra_kg.volumes, siibra_kg.volumes.chunks.chunked; print('tensorstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
