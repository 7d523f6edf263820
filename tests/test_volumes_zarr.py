"""Zarr 2 and 3, and OME-Zarr: what tensorstore wrote is read, axes by their names, and lies are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from siibra_kg.errors import BadVolume, DataMissing, SiibraKGError, SourceError
from siibra_kg.locations import BoundingBox
from siibra_kg.volumes import FetchOptions, read_volume
from tests.pyramids import SPACE, atlas, reference, settings
from tests.servers.files_server import serve

MM = "millimeter"


@pytest.fixture(autouse=True)
def _loopback(socket_enabled):
    """Servers are on loopback."""


@pytest.fixture(scope="module")
def labels():
    return atlas().astype(np.uint16)


def read(folder, tmp, /, provider="ome-zarr", unit="mm", **options):
    url = folder if isinstance(folder, str) else folder.as_uri()
    return read_volume(reference(url, provider, unit=unit), settings(tmp), FetchOptions(**options))


def write_array(folder, array, version=3, chunk=32, shard=None, **metadata):
    import tensorstore as ts

    spec = {"driver": "zarr3" if version == 3 else "zarr", "kvstore": {"driver": "file", "path": str(folder)}}
    if version == 3:
        pieces = [min(chunk, n) for n in array.shape]
        layout = ts.ChunkLayout(read_chunk_shape=pieces, write_chunk_shape=shard or pieces)
        store = ts.open(spec, create=True, dtype=array.dtype, shape=array.shape, chunk_layout=layout).result()
    else:
        spec["metadata"] = {"chunks": [min(chunk, n) for n in array.shape], **metadata}
        store = ts.open(spec, create=True, dtype=ts.dtype(array.dtype), shape=array.shape).result()
    store[...] = array


def multiscales(levels, axes, version="0.5", shared=None):
    """Describe levels: rows of path, scale, translation (or None), in the order of the axes."""
    datasets = []
    for path, scale, translation in levels:
        steps = [{"type": "scale", "scale": scale}]
        steps += [{"type": "translation", "translation": translation}] if translation is not None else []
        datasets.append({"path": path, "coordinateTransformations": steps})
    image = {"axes": axes, "datasets": datasets, "name": "a"}
    if shared:
        image["coordinateTransformations"] = shared
    if version == "0.5":
        return {"ome": {"version": "0.5", "multiscales": [image]}}
    return {"multiscales": [{**image, "version": version}]}


def write_group(folder, attributes, version=3):
    folder.mkdir(parents=True, exist_ok=True)
    if version == 3:
        node = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        (folder / "zarr.json").write_text(json.dumps(node))
    else:
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        (folder / ".zattrs").write_text(json.dumps(attributes))


def axes_of(names, unit="micrometer"):
    kinds = {"c": "channel", "t": "time"}
    units = {n: ({"unit": unit} if unit and n not in kinds else {}) for n in names}
    return [{"name": n, "type": kinds.get(n, "space"), **units[n]} for n in names]


@pytest.mark.parametrize(("version", "shard"), [(2, None), (3, None), (3, 64)], ids=["2", "3", "3-sharded"])
@pytest.mark.parametrize("web", [False, True], ids=["file", "http"])
def test_planes_first_come_out_as_x_y_z(tmp_path, labels, version, shard, web):
    """NGFF has z, y, x; here an array is x, y, z. Two scales, micrometres, a translation of the second."""
    group = tmp_path / "v"
    fine = labels.transpose(2, 1, 0)
    coarse = np.ascontiguousarray(fine[::2, ::2, ::2])
    write_array(group / "0", fine, version, shard=[shard] * 3 if shard else None)
    write_array(group / "1", coarse, version)
    rows = [("0", [250, 500, 1000], [1000, -2000, 3000]), ("1", [500, 1000, 2000], [1125, -1750, 3500])]
    write_group(group, multiscales(rows, axes_of("zyx"), "0.5" if version == 3 else "0.4"), version)
    with serve(tmp_path) as server:
        place = f"{server.url}/v" if web else group
        whole = read(place, tmp_path)
        second = read(place, tmp_path, resolution_mm=2)
        # x = 3 + i, y = -2 + j / 2, z = 1 + k / 4
        part = read(place, tmp_path, voi=BoundingBox((13, 8, 6), (33, 18, 16), SPACE))
    assert np.array_equal(whole.array, labels)
    assert np.array_equal(second.array, labels[::2, ::2, ::2])
    assert whole.affine.tolist() == [[1, 0, 0, 3], [0, 0.5, 0, -2], [0, 0, 0.25, 1], [0, 0, 0, 1]]
    assert second.affine.tolist() == [[2, 0, 0, 3.5], [0, 1, 0, -1.75], [0, 0, 0.5, 1.125], [0, 0, 0, 1]]
    assert np.array_equal(part.array, labels[10:31, 20:41, 20:61])
    assert part.affine[:3, 3].tolist() == [13, 8, 6]
    assert second.provenance.derivation[0].startswith("scale 1 of 2: voxels of 2 x 1 x 0.5 mm")


def test_channels_and_times_are_chosen(tmp_path):
    array = np.random.default_rng(0).integers(0, 1000, (2, 3, 8, 10, 12)).astype(np.int32)
    write_array(tmp_path / "v" / "0", array)
    write_group(tmp_path / "v", multiscales([("0", [1, 1, 1, 1, 1], None)], axes_of("tczyx", MM)))
    for time in range(2):
        for channel in range(3):
            found = read(tmp_path / "v", tmp_path, channel=channel, z=time).array
            assert np.array_equal(found, array[time, channel].transpose(2, 1, 0))
    with pytest.raises(BadVolume, match="has 2 positions on axis t; say which: z from 0 to 1"):
        read(tmp_path / "v", tmp_path, channel=0)
    with pytest.raises(BadVolume, match="has 3 channels; say which: channel from 0 to 2"):
        read(tmp_path / "v", tmp_path, z=0)
    with pytest.raises(BadVolume, match="has no channel 3"):
        read(tmp_path / "v", tmp_path, z=0, channel=3)


def test_the_unit_is_that_of_the_axis_else_that_of_the_graph(tmp_path, labels):
    write_array(tmp_path / "v" / "0", labels)
    for unit, factor in (("nanometer", 1e-6), ("meter", 1000), ("centimeter", 10), (None, 1e-3)):
        write_group(tmp_path / "v", multiscales([("0", [2, 3, 4], [10, 20, 30])], axes_of("xyz", unit)))
        affine = read(tmp_path / "v", tmp_path, unit="um").affine
        assert np.allclose(np.diag(affine)[:3], np.array([2, 3, 4]) * factor, rtol=1e-15)
        assert np.allclose(affine[:3, 3], np.array([10, 20, 30]) * factor, rtol=1e-15)


def test_transformations_of_all_datasets_come_after_their_own(tmp_path, labels):
    write_array(tmp_path / "v" / "0", labels)
    shared = [{"type": "translation", "translation": [1, 1, 1]}, {"type": "scale", "scale": [10, 10, 10]}]
    write_group(tmp_path / "v", multiscales([("0", [1, 2, 3], [5, 5, 5])], axes_of("xyz", MM), shared=shared))
    affine = read(tmp_path / "v", tmp_path).affine
    # Ten times one more than five more than the scaled index.
    assert affine.tolist() == [[10, 0, 0, 60], [0, 20, 0, 60], [0, 0, 30, 60], [0, 0, 0, 1]]


@pytest.mark.parametrize("version", [2, 3])
def test_an_array_of_its_own_says_where_it_lies_or_is_refused(tmp_path, labels, version):
    folder = tmp_path / "v"
    write_array(folder, labels, version, dimension_separator="/", order="F") if version == 2 else write_array(
        folder, labels
    )
    with pytest.raises(BadVolume, match="does not say where its voxels lie"):
        read(folder, tmp_path, provider="zarr")
    affine = [[0, 0, 2, 5], [0, -1, 0, 6], [1, 0, 0, 7], [0, 0, 0, 1]]
    attributes = {"affine": affine, "unit": "um"}
    if version == 3:
        node = json.loads((folder / "zarr.json").read_text())
        (folder / "zarr.json").write_text(json.dumps({**node, "attributes": attributes}))
    else:
        (folder / ".zattrs").write_text(json.dumps(attributes))
    volume = read(folder, tmp_path, provider="zarr")
    assert np.array_equal(volume.array, labels)
    assert np.allclose(volume.affine[:3], np.array(affine)[:3] * 1e-3)


@pytest.mark.parametrize("dtype", [">i2", "<f4", ">f8", "|u1"])
def test_byte_orders(tmp_path, labels, dtype):
    array = (labels % 120).astype(dtype)
    folder = tmp_path / "v"
    write_array(folder / "0", array.astype(array.dtype.newbyteorder("=")), 2, dtype=dtype)
    write_group(folder, multiscales([("0", [1, 1, 1], None)], axes_of("xyz", MM), "0.4"), 2)
    found = read(folder, tmp_path).array
    assert found.dtype.isnative
    assert np.array_equal(found, array)


@pytest.mark.parametrize("fault", ["503", "truncate", "html"])
@pytest.mark.parametrize("version", [2, 3])
def test_h8_a_failed_chunk_is_an_error(tmp_path, labels, fault, version):
    write_array(tmp_path / "v" / "0", labels, version)
    write_group(tmp_path / "v", multiscales([("0", [1] * 3, None)], axes_of("xyz", MM), "0.4"), version)
    where = "/0/c/1/1/1" if version == 3 else "/0/1.1.1"
    with serve(tmp_path, faults={where: fault}) as server:
        with pytest.raises((SourceError, BadVolume), match=where):
            read(f"{server.url}/v", tmp_path)
        server.faults = {where: "404"}  # a chunk that is not there has the fill value
        expected = labels.copy()
        expected[32:64, 32:64, 32:64] = 0
        assert np.array_equal(read(f"{server.url}/v", tmp_path).array, expected)


@pytest.mark.parametrize("name", ["v/zarr.json", "v/0/zarr.json"])
@pytest.mark.parametrize("fault", ["503", "html", "hang"])
def test_a_description_that_cannot_be_had_is_an_error(tmp_path, labels, name, fault):
    write_array(tmp_path / "v" / "0", labels)
    write_group(tmp_path / "v", multiscales([("0", [1] * 3, None)], axes_of("xyz", MM)))
    with serve(tmp_path, faults={name: fault}) as server, pytest.raises(SourceError):
        read_volume(reference(f"{server.url}/v", "ome-zarr"), settings(tmp_path, timeout=0.5))


GOOD = multiscales([("0", [1, 1, 1], None)], axes_of("xyz", MM))
LIES = {
    "no axes": lambda m: m.pop("axes"),
    "axes without names": lambda m: m.update(axes=[{}, {}, {}]),
    "axes in words": lambda m: m.update(axes=["x", "y", "z"]),
    "two axes of one name": lambda m: m.update(axes=axes_of("xxz")),
    "no z": lambda m: m.update(axes=axes_of("xyc")),
    "an unknown unit": lambda m: m.update(axes=axes_of("xyz", "parsec")),
    "no datasets": lambda m: m.update(datasets=[]),
    "datasets without end": lambda m: m.update(datasets=m["datasets"] * 100),
    "a dataset that is none": lambda m: m.update(datasets=["0"]),
    "a path that leaves": lambda m: m["datasets"][0].update(path="../../0"),
    "a path that is absolute": lambda m: m["datasets"][0].update(path="/etc"),
    "a path to nothing": lambda m: m["datasets"][0].update(path="9"),
    "no place": lambda m: m["datasets"][0].update(coordinateTransformations=[]),
    "a place in a file": lambda m: m["datasets"][0].update(coordinateTransformations=[{"type": "scale", "path": "a"}]),
    "an affine place": lambda m: m["datasets"][0].update(coordinateTransformations=[{"type": "affine", "affine": []}]),
    "a scale of two": lambda m: m["datasets"][0].update(coordinateTransformations=[{"type": "scale", "scale": [1, 1]}]),
    "a scale of zero": lambda m: m["datasets"][0].update(
        coordinateTransformations=[{"type": "scale", "scale": [1, 1, 0]}]
    ),
    "a scale in words": lambda m: m["datasets"][0].update(
        coordinateTransformations=[{"type": "scale", "scale": ["1", "1", "1"]}]
    ),
    "more axes than dimensions": lambda m: m.update(axes=axes_of("cxyz")),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_group_that_lies_is_refused(tmp_path, lie):
    write_array(tmp_path / "v" / "0", np.ones((4, 4, 4), np.uint8))
    attributes = json.loads(json.dumps(GOOD))
    LIES[lie](attributes["ome"]["multiscales"][0])
    write_group(tmp_path / "v", attributes)
    with pytest.raises(BadVolume):
        read(tmp_path / "v", tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [-4, 4, 4]},
        {"shape": [0, 4, 4]},
        {"shape": [2**50, 4, 4]},
        {"shape": "a"},
        {"data_type": "complex64"},
        {"data_type": "bool"},
        {"data_type": "no"},
        {"codecs": [{"name": "no"}]},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 1, 1]}}},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [10**5] * 3}}, "shape": [10**5] * 3},
        {"zarr_format": 9},
    ],
    ids=range(11),
)
def test_an_array_that_lies_is_refused(tmp_path, change):
    write_array(tmp_path / "v" / "0", np.ones((4, 4, 4), np.uint8))
    write_group(tmp_path / "v", GOOD)
    node = json.loads((tmp_path / "v/0/zarr.json").read_text())
    (tmp_path / "v/0/zarr.json").write_text(json.dumps({**node, **change}))
    with pytest.raises(BadVolume):
        read(tmp_path / "v", tmp_path, voi=BoundingBox((0, 0, 0), (1, 1, 1), SPACE))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", "null", '{"ome": 3}', '{"attributes": []}', '{"ome": {"multiscales": {}}}']
)
@pytest.mark.parametrize("name", ["zarr.json", ".zattrs"])
def test_a_group_that_is_none_is_refused(tmp_path, content, name):
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / name).write_text(content)
    with pytest.raises(SiibraKGError):
        read(tmp_path / "v", tmp_path)


def test_an_array_that_is_too_large_is_refused_before_memory_is_taken(tmp_path):
    write_array(tmp_path / "v" / "0", np.ones((4, 4, 4), np.uint8))
    write_group(tmp_path / "v", GOOD)
    node = json.loads((tmp_path / "v/0/zarr.json").read_text())
    (tmp_path / "v/0/zarr.json").write_text(json.dumps({**node, "shape": [2**35, 2**35, 2**35]}))
    with pytest.raises(BadVolume, match="more than max_bytes"):
        read(tmp_path / "v", tmp_path)


def test_offline_it_is_missing(tmp_path):
    with pytest.raises(DataMissing, match="unset SIIBRA_KG_OFFLINE"):
        read_volume(reference("https://example.org/a.zarr", "zarr"), settings(tmp_path, offline=True))
