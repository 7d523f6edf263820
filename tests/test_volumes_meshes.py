"""Meshes of the precomputed format: what cloud-volume wrote, what siibra reads, and what is refused."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from siibra_kg.errors import BadVolume, DataMissing, SiibraKGError, SourceError, VolumeWarning
from siibra_kg.locations import BoundingBox
from siibra_kg.volume_ref import LabelEntry
from siibra_kg.volumes import FetchOptions
from siibra_kg.volumes.providers import reader
from siibra_kg.volumes.providers.precompmesh import parse_mesh
from tests.oracle.ensure_siibra import Missing, ensure
from tests.pyramids import SPACE, atlas, reference, settings, written_by_cloud_volume
from tests.servers.files_server import serve

TRANSFORM = np.array([[0, -1, 0, 70e6], [1, 0, 0, -30e6], [0, 0, 2, 5e6], [0, 0, 0, 1.0]])
MIRRORED = np.array([[-1, 0, 0, 70e6], [0, 1, 0, -30e6], [0, 0, 1, 5e6], [0, 0, 0, 1.0]])
#: A tetrahedron, in nm; the corners of its triangles are anticlockwise from outside.
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32) * np.float32(1e6)
SIDES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])


@pytest.fixture(autouse=True)
def _loopback(socket_enabled):
    """Servers are on loopback."""


def volume_of(vertices, faces):
    """Give the volume inside of a closed mesh: negative where it is inside out."""
    a, b, c = (vertices[faces[:, n]] for n in range(3))
    return float((np.cross(a, b) * c).sum() / 6)


def fragment(vertices=CORNERS, faces=SIDES):
    return struct.pack("<I", len(vertices)) + vertices.astype("<f4").tobytes() + faces.astype("<u4").tobytes()


def folder_with(folder, fragments, transform=TRANSFORM, info=None, mesh_info=None):
    """Write ``fragments``: label -> name -> bytes."""
    (folder / "mesh").mkdir(parents=True)
    (folder / "info").write_text(json.dumps(info or {"mesh": "mesh", "scales": []}))
    if transform is not None:
        (folder / "transform.json").write_text(json.dumps(transform.tolist()))
    if mesh_info:
        (folder / "mesh" / "info").write_text(json.dumps(mesh_info))
    for label, named in fragments.items():
        (folder / "mesh" / f"{label}:0").write_text(json.dumps({"fragments": list(named)}))
        for name, data in named.items():
            (folder / "mesh" / name).write_bytes(data)
    return folder


def read(folder, tmp, /, provider="neuroglancer/precompmesh", options=None, timeout=5.0, **ref):
    url = folder if isinstance(folder, str) else folder.as_uri()
    return reader(provider)(reference(url, provider, **ref), options or FetchOptions(), settings(tmp, timeout=timeout))


def test_a_mesh_in_mm(tmp_path):
    """By hand: (x, y, z) nm becomes (70 - y, x - 30, 2 z + 5) mm; positions are not shifted by half a voxel."""
    folder = folder_with(tmp_path / "v", {3: {"3:0:a": fragment()}})
    surface = read(folder, tmp_path, label=3)
    assert surface.vertices.tolist() == [[70, -30, 5], [70, -29, 5], [69, -30, 5], [70, -30, 7]]
    assert surface.faces.tolist() == SIDES.tolist()
    assert volume_of(surface.vertices - surface.vertices.mean(axis=0), surface.faces) == pytest.approx(2 / 6)
    assert surface.labels is None
    assert surface.provenance.derivation == ("mesh 3",)


def test_a_mirror_image_keeps_its_outside_outside(tmp_path):
    surface = read(folder_with(tmp_path / "v", {3: {"a": fragment()}}, MIRRORED), tmp_path, label=3)
    assert volume_of(surface.vertices - surface.vertices.mean(axis=0), surface.faces) == pytest.approx(1 / 6)


def test_the_surface_of_a_template_is_one_mesh_of_a_number(tmp_path):
    """Siibra's form: "URL SPACE meshindex"."""
    folder = folder_with(tmp_path / "v", {997: {"a": fragment()}}, None)
    surface = read(folder, tmp_path, "neuroglancer/precompmesh/surface", member="997")
    assert np.array_equal(surface.vertices, CORNERS.astype(float) * 1e-6)
    with pytest.raises(BadVolume, match="is no number of a mesh"):
        read(folder, tmp_path, "neuroglancer/precompmesh/surface", member="a")
    with pytest.raises(BadVolume, match="has no mesh for label 7"):
        read(folder, tmp_path, "neuroglancer/precompmesh/surface", member="7")


def test_all_labels_become_one_surface_with_labels(tmp_path):
    """Labels without a mesh are named, in a warning and in the provenance."""
    folder = folder_with(tmp_path / "v", {2: {"a": fragment(), "b": fragment(CORNERS + 5e6)}, 9: {"c": fragment()}})
    labels = tuple(LabelEntry(n) for n in (9, 2, 4))
    with pytest.warns(VolumeWarning, match="no mesh for the labels 4"):
        surface = read(folder, tmp_path, kind="labelled", labels=labels)
    assert surface.labels.tolist() == [2] * 8 + [9] * 4
    assert surface.faces.tolist() == [*SIDES.tolist(), *(SIDES + 4).tolist(), *(SIDES + 8).tolist()]
    assert surface.provenance.derivation == ("meshes of 2 labels", "no mesh for the labels 4")
    with pytest.raises(BadVolume, match="the reference names none"):
        read(folder, tmp_path)
    with pytest.raises(BadVolume, match="no mesh for any of the labels 11, 12"):
        read(folder, tmp_path, labels=(LabelEntry(11), LabelEntry(12)))


def test_fragments_by_words_of_their_names(tmp_path):
    fragments = {"mesh_left": fragment(), "mesh_right": fragment(CORNERS + 1e6)}
    folder = folder_with(tmp_path / "v", {2: fragments})
    assert len(read(folder, tmp_path, label=2).vertices) == 8
    assert read(folder, tmp_path, label=2, options=FetchOptions(fragment="Right")).vertices[0].tolist() == [69, -29, 7]
    with pytest.raises(BadVolume, match="it has: mesh_left, mesh_right"):
        read(folder, tmp_path, label=2, options=FetchOptions(fragment="mesh"))


@pytest.mark.peer
@pytest.mark.parametrize("zipped", [False, True])
def test_meshes_that_cloud_volume_wrote(tmp_path, zipped):
    """A second, independent writer; gzipped files as well."""
    rows = []
    for n, label in enumerate((3, 3, 8)):
        np.save(tmp_path / f"v{n}.npy", CORNERS + n * 1e6)
        np.save(tmp_path / f"f{n}.npy", SIDES)
        rows.append([label, f"{label}:0:{n}", str(tmp_path / f"v{n}.npy"), str(tmp_path / f"f{n}.npy")])
    array = atlas()[:32, :32, :32]
    written_by_cloud_volume(tmp_path / "v", tmp_path, arrays={"array": array}, meshes=rows, zipped=zipped)
    with serve(tmp_path) as server:
        surface = read(f"{server.url}/v", tmp_path, label=3)
    assert np.allclose(surface.vertices, np.concatenate([CORNERS, CORNERS + 1e6]) * 1e-6)
    assert surface.faces.tolist() == [*SIDES.tolist(), *(SIDES + 4).tolist()]


@pytest.mark.peer
def test_meshes_as_siibra_reads_them(tmp_path):
    """The same vertices at the same mm, the same faces, for a transform that mirrors and one that does not."""
    try:
        oracle = ensure()
    except Missing as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}")
    random = np.random.default_rng(0)
    vertices, faces = random.uniform(0, 1e8, (200, 3)).astype(np.float32), random.integers(0, 200, (300, 3))
    env = os.environ | {"SIIBRA_USE_CONFIGURATION": str(oracle.configuration), "SIIBRA_CACHEDIR": str(tmp_path / "c")}
    (tmp_path / "c").mkdir()
    script = Path(__file__).with_name("oracle") / "siibra_chunks.py"
    for n, transform in enumerate((TRANSFORM, MIRRORED)):
        folder_with(tmp_path / f"v{n}", {5: {"a": fragment(vertices, faces)}}, transform)
        with serve(tmp_path) as server:
            job = json.dumps({"url": f"{server.url}/v{n}", "mesh": 5})
            done = subprocess.run(
                [str(oracle.python), str(script), job], env=env, capture_output=True, text=True, check=True
            )
            mine = read(f"{server.url}/v{n}", tmp_path, label=5)
        theirs = json.loads(done.stdout.splitlines()[-1])
        assert np.allclose(mine.vertices, theirs["vertices"], atol=1e-4)  # theirs are of 32 bits
        assert np.array_equal(mine.faces, theirs["faces"])


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"\0\0\0",
        fragment()[:-1],
        fragment()[:30],
        fragment() + b"\0",
        struct.pack("<I", 2**32 - 1) + b"\0" * 100,
        fragment(faces=SIDES + 1),
        fragment(CORNERS * np.nan),
        gzip.compress(fragment())[:-9],
        b"",
        gzip.compress(b"\0" * 10_000_000),
    ],
    ids=["1 byte", "3 bytes", "short", "cut", "long", "lies", "faces", "nan", "gzip cut", "empty", "bomb"],
)
def test_what_is_no_mesh_is_refused(tmp_path, data):
    folder = folder_with(tmp_path / "v", {1: {"a": data}})
    with pytest.raises(BadVolume):
        read(folder, tmp_path, label=1, options=FetchOptions(max_bytes=1_000_000))


@given(st.binary(max_size=200))
@hypothesis_settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_mesh_or_refused(data):
    try:
        vertices, faces = parse_mesh(data, "any")
    except BadVolume:
        return
    assert len(data) == 4 + vertices.nbytes + len(faces) * 12
    assert not len(faces) or faces.max() < len(vertices)


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[]",
        "{}",
        *(f'{{"fragments": {f}}}' for f in ("[]", '"a"', "[3]", '["../../a"]', '["/a"]', '["gone"]')),
    ],
    ids=range(10),
)
def test_a_manifest_that_lies_is_refused(tmp_path, manifest):
    folder = folder_with(tmp_path / "v", {1: {"a": fragment()}})
    (folder / "mesh" / "1:0").write_text(manifest)
    with pytest.raises(BadVolume):
        read(folder, tmp_path, label=1)


@pytest.mark.parametrize("info", [{"scales": []}, {"mesh": ""}, {"mesh": "../a"}, {"mesh": 3}, [1]], ids=range(5))
def test_an_info_without_meshes_is_refused(tmp_path, info):
    folder = folder_with(tmp_path / "v", {1: {"a": fragment()}}, info=info)
    with pytest.raises(BadVolume, match="names no folder of meshes"):
        read(folder, tmp_path, label=1)


def test_meshes_of_several_resolutions_are_refused_by_name(tmp_path):
    folder = folder_with(tmp_path / "v", {1: {"a": fragment()}}, mesh_info={"@type": "neuroglancer_multilod_draco"})
    with pytest.raises(BadVolume, match="several resolutions"):
        read(folder, tmp_path, label=1)


def test_a_mesh_has_no_box_and_no_channel(tmp_path):
    for options in (FetchOptions(voi=BoundingBox((0, 0, 0), (1, 1, 1), SPACE)), FetchOptions(channel=0)):
        with pytest.raises(BadVolume, match="is a mesh"):
            read("https://example.org/v", tmp_path, label=1, options=options)


@pytest.mark.parametrize("part", ["/info", "/transform.json", "/mesh/1:0", "/mesh/a"])
@pytest.mark.parametrize("fault", ["503", "403", "html", "hang"])
def test_what_cannot_be_had_is_an_error(tmp_path, part, fault):
    """Of the transform too: without it the mesh would silently lie elsewhere."""
    folder_with(tmp_path / "v", {1: {"a": fragment()}})
    with serve(tmp_path, faults={f"v{part}": fault}) as server, pytest.raises(SourceError):
        read(f"{server.url}/v", tmp_path, label=1, timeout=0.3)


def test_many_meshes_are_asked_for_at_once(tmp_path):
    """64 labels at 20 ms a request, two requests each: a tenth of what one after the other would take."""
    folder_with(tmp_path / "v", {n: {f"m{n}": fragment()} for n in range(1, 65)})
    with serve(tmp_path, latency=0.02) as server:
        surface = read(f"{server.url}/v", tmp_path, kind="labelled", labels=tuple(map(LabelEntry, range(1, 65))))
    assert sorted(set(surface.labels.tolist())) == list(range(1, 65))


def test_offline_it_is_missing(tmp_path):
    ref = reference("https://example.org/v", "neuroglancer/precompmesh", label=1)
    with pytest.raises(DataMissing):
        reader(ref.provider)(ref, FetchOptions(), settings(tmp_path, offline=True))
    with pytest.raises(SiibraKGError):
        read("nowhere", tmp_path, label=1)
