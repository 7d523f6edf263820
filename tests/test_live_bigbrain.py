"""Profiles of BigBrain from generated files on loopback, whose values are known; beside siibra on the same files."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.data_errors import BadTable, ServiceError, TableWarning
from siibra_kg.errors import DataMissing, NetworkDisabled, SpaceMismatch, TermError
from siibra_kg.live.bigbrain import Cortex, Source, bigbrain_profiles
from siibra_kg.live.bigbrain.layers import by_layer
from siibra_kg.live.bigbrain.one import BIGBRAIN
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.model import Region
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.web import download
from tests.oracle.ensure_siibra import Missing, ensure
from tests.servers.files_server import serve

COUNT, DEPTHS = 60, 200
#: Vertices of the left hemisphere that have no cortex: the medial wall.
WALL = (3, 40)
ROMAN = ("I", "II", "III", "IV", "V", "VI")


def made(side):
    """Give places, intensities and thicknesses of a hemisphere."""
    draw = np.random.default_rng(side == "right")
    places = np.stack([np.arange(COUNT) % 10, np.arange(COUNT) // 10, np.full(COUNT, 4)], axis=1) * 1.5
    places = (places + np.array([30 if side == "right" else -30, 0, 0])).astype(np.float32)
    profiles = draw.integers(5000, 9000, (COUNT, DEPTHS)) + 0.25
    thick = draw.uniform(0.1, 0.7, (6, COUNT))
    if side == "left":
        profiles[list(WALL)], thick[:, list(WALL)] = 0, 0
    else:
        profiles[[7]] = 5000.0
    return places, profiles, np.vstack([thick, thick.sum(axis=0)])


def write_surface(path, places):
    faces = np.array([[0, 1, 2]], np.int32)
    arrays = [
        nib.gifti.GiftiDataArray(places, intent="NIFTI_INTENT_POINTSET"),
        nib.gifti.GiftiDataArray(faces, intent="NIFTI_INTENT_TRIANGLE"),
    ]
    nib.save(nib.gifti.GiftiImage(darrays=arrays), path)


@pytest.fixture
def folder(tmp_path):
    """A folder of files as they are published."""
    data = tmp_path / "served" / "data"
    data.mkdir(parents=True)
    places, profiles, thick = made("left")
    np.save(data / "profiles_left.npy", profiles)
    np.save(data / "thicknesses_left.npy", thick)
    write_surface(data / "gray_left_327680.surf.gii", places)
    places, profiles, _ = made("right")
    np.savetxt(data / "profiles_right.txt", profiles)
    write_surface(data / "gray_right_327680.surf.gii", places)
    return data.parent


@pytest.fixture
def server(folder):
    with serve(folder) as server:
        yield server


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=3.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda _: None)


def cortex(settings, server):
    data = f"{server.url}/data"
    left = Source(f"{data}/profiles_left.npy", f"{data}/gray_left_327680.surf.gii", f"{data}/thicknesses_left.npy")
    right = Source(f"{data}/profiles_right.txt", f"{data}/gray_right_327680.surf.gii")
    return Cortex(settings, {"left": left, "right": right})


def profiles(settings, server, where=None, sides="left", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        read = options.pop("cortex", None) or cortex(settings, server)
        return bigbrain_profiles(None, settings, where, hemispheres=sides, cortex=read, **options)


def region_of(low, high):
    """A region whose mask in BigBrain is a box of voxels of 1 mm with these corners as centres."""
    affine = np.eye(4)
    affine[:3, 3] = low
    voxels = np.ones([int(b - a) + 1 for a, b in zip(low, high, strict=True)], np.uint8)
    asked = []

    def mask(_region, space, **_):
        asked.append(space)
        return Volume(voxels, affine, BIGBRAIN, kind="mask")

    return Region(IRI("urn:region"), "a region", view=SimpleNamespace(mask=mask)), asked


def test_all_vertices_of_the_left_hemisphere(settings, server):
    places, values, thick = made("left")
    found = profiles(settings, server)
    there = [n for n in range(COUNT) if n not in WALL]
    assert len(found) == len(there) == 58
    frame = found.data
    assert np.allclose(frame["mean"], values[there].mean(axis=0), rtol=1e-12)
    assert np.allclose(frame["std"], values[there].std(axis=0), rtol=1e-9)
    assert set(frame["count"]) == {58}
    assert frame.index.tolist() == [n / 200 for n in range(200)]
    assert frame.attrs["unit"] == "staining intensity"
    assert len(frame.attrs["sources"]) == 3
    assert np.array_equal(found.values.to_numpy().T, values[there])
    assert np.allclose(found.points.array, places[there])
    one = found[5]
    assert (one.hemisphere, one.vertex) == ("left", there[5])
    assert one.data.iloc[:, 0].tolist() == values[there[5]].tolist()
    borders = np.concatenate([[0], np.cumsum(thick[:6, there[5]]) / thick[6, there[5]]])
    assert list(one.boundary_positions) == [(n, n + 1) for n in range(7)]
    assert np.allclose(list(one.boundary_positions.values()), borders)
    assert np.allclose(found.boundaries.iloc[5], borders)
    assert list(found.boundaries.columns)[::6] == ["0/I", "VI/WM"]
    assert [p.vertex for p in found] == there
    assert found[-1].vertex == there[-1]
    with pytest.raises(IndexError):
        found[58]


def test_the_right_hemisphere_has_no_layers(settings, server):
    _, values, _ = made("right")
    found = profiles(settings, server, sides="right")
    there = [n for n in range(COUNT) if n != 7]  # whose intensities are all the same
    assert np.array_equal(found.values.to_numpy().T, values[there])
    assert np.isnan(found.boundaries.to_numpy()).all()
    assert found[0].boundary_positions == {}
    assert any("no thicknesses" in note and "right" in note for note in found.notes)
    with pytest.raises(DataMissing, match="left hemisphere only"):
        found.layerwise  # noqa: B018
    # The table was read as text once; a new reader finds it, without the network.
    again = profiles(replace(settings, offline=True), server, sides="right")
    assert again.data.equals(found.data)


def test_both_hemispheres(settings, server):
    found = profiles(settings, server, sides=("left", "right"))
    assert [found.hemispheres.count(side) for side in ("left", "right")] == [58, 59]
    assert len(found.values.columns) == 117
    assert any("59 of 117 vertices are not known" in note for note in found.layerwise.notes)
    assert found.layerwise.data.drop(columns=[]).equals(profiles(settings, server).layerwise.data)


def test_layers_against_a_loop(settings, server):
    _, values, thick = made("left")
    rows = {name: [] for name in ROMAN}
    for vertex in range(COUNT):
        if vertex in WALL:
            continue
        ends = np.cumsum(thick[:6, vertex]) / thick[:6, vertex].sum()
        for n, value in enumerate(values[vertex]):
            layer = next(k for k in range(6) if n / 200 <= ends[k] or k == 5)
            rows[ROMAN[layer]].append(value)
    table = profiles(settings, server).layerwise.data
    assert list(table.index) == list(ROMAN)
    for name, some in rows.items():
        assert table.loc[name, "mean"] == pytest.approx(np.mean(some))
        assert table.loc[name, "std"] == pytest.approx(np.std(some))
        assert table.loc[name, "count"] == len(some)
    empty = by_layer(np.ones((1, 4)), np.array([[0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]]))
    assert empty["count"].tolist() == [3, 0, 0, 0, 0, 1]
    assert empty["mean"].isna().tolist() == [False, True, True, True, True, False]


def test_vertices_in_a_mask_a_box_or_near_points(settings, server):
    places, _, _ = made("left")
    region, asked = region_of((-29, 1, 5), (-25, 5, 7))
    found = profiles(settings, server, region, ("left", "right"))
    wanted = [n for n, (x, y, _) in enumerate(places) if -29.5 <= x < -24.5 and 0.5 <= y < 5.5 and n not in WALL]
    assert found.values.columns.tolist() == [("left", n) for n in wanted]
    assert asked == [BIGBRAIN]
    assert found.region == "urn:region"
    assert not [entry for entry in server.log if "profiles_right" in entry]  # nothing of it is needed
    box = BoundingBox((-29.5, 0.5, 0), (-24.5, 5.5, 10), BIGBRAIN)
    assert profiles(settings, server, box).values.equals(found.values)
    near = profiles(settings, server, Point((-30 + 1.5 * 4 + 0.4, 1.5 * 2, 6.3), BIGBRAIN), ("left", "right"))
    assert near.values.columns.tolist() == [("left", 24)]
    cloud = PointCloud([(-30, 0, 6), (30, 1.5, 6), (0, 0, 0)], BIGBRAIN)
    several = profiles(settings, server, cloud, ("left", "right"))
    assert several.values.columns.tolist() == [("left", 0), ("right", 10)]
    assert [note for note in several.notes if "is left out" in note and "(0.0, 0.0, 0.0)" in note]
    with pytest.raises(SpaceMismatch, match="urn:elsewhere"):
        profiles(settings, server, Point((0, 0, 0), "urn:elsewhere"))
    with pytest.raises(TermError, match="a region, a box, a point"):
        profiles(settings, server, 5)
    with pytest.raises(TermError, match="'left' or 'right'"):
        profiles(settings, server, None, "middle")


def test_nothing_there_is_told(settings, server):
    far = BoundingBox((100, 100, 100), (101, 101, 101), BIGBRAIN)
    with pytest.warns(TableWarning, match="no vertex of the cortex lies in the box"):
        found = bigbrain_profiles(None, settings, far, cortex=cortex(settings, server))
    assert len(found) == 0
    assert found.points is None
    assert found.data["mean"].isna().all()
    with pytest.raises(DataMissing):
        found.layerwise  # noqa: B018
    wall = profiles(settings, server, Point(tuple(made("left")[0][3].tolist()), BIGBRAIN))
    assert len(wall) == 0
    assert any("no vertex" in note for note in wall.notes)


def test_the_same_question_has_the_same_name_and_travels(settings, server, tmp_path):
    box = BoundingBox((-30, 0, 0), (-20, 5, 10), BIGBRAIN)
    one, two = profiles(settings, server, box), profiles(settings, server, box)
    assert one.iri == two.iri != profiles(settings, server).iri
    again = pickle.loads(pickle.dumps(one))
    assert again.data.equals(two.data)
    assert "10.1371/journal.pbio.3000678" in one.citation
    assert one.to_zip(tmp_path / "a.zip").read_bytes() == two.to_zip(tmp_path / "b.zip").read_bytes()
    assert one.plot(tmp_path / "a.png").png[:4] == b"\x89PNG"
    assert one.layerwise.plot().png[:4] == b"\x89PNG"
    assert (one.files, one.rows, one[0].files) == ((), (), ())


def rewritten(folder, name, change):
    path = folder / "data" / name
    content = path.read_bytes()
    path.write_bytes(change(content))


def saved(folder, name, array):
    np.save(folder / "data" / name, array)


_, VALUES, THICK = made("left")
BAD = {
    "an npy is cut": (lambda f: rewritten(f, "profiles_left.npy", lambda b: b[:-8]), "left", "no whole numpy array"),
    "an npy is HTML": (lambda f: rewritten(f, "profiles_left.npy", lambda _: b"<html>"), "left", "web page"),
    "an npy is a pointer": (
        lambda f: rewritten(f, "profiles_left.npy", lambda _: b"version https://git-lfs.github.com/spec/v1\n"),
        "left",
        "pointer of Git LFS",
    ),
    "an npy holds objects": (
        lambda f: np.save(f / "data/profiles_left.npy", np.array([{}] * 3, object)), "left", "no whole numpy array",
    ),
    "too few profiles": (lambda f: saved(f, "profiles_left.npy", VALUES[:-1]), "left", "59 x 200 intensities"),
    "NaN": (lambda f: saved(f, "profiles_left.npy", np.where(VALUES > 8990, np.nan, VALUES)), "left", "no finite"),
    "five layers": (lambda f: saved(f, "thicknesses_left.npy", THICK[:5]), "left", "5 x 60 thicknesses, not 6 or 7"),
    "turned": (lambda f: saved(f, "thicknesses_left.npy", THICK.T), "left", "60 x 7 thicknesses"),
    "negative": (lambda f: saved(f, "thicknesses_left.npy", -THICK), "left", "negative thickness"),
    "no surface": (lambda f: rewritten(f, "gray_left_327680.surf.gii", lambda _: b"text"), "left", "no GIFTI"),
    "a cut surface": (lambda f: rewritten(f, "gray_left_327680.surf.gii", lambda b: b[:-60]), "left", "ends early"),
    "text of words": (lambda f: rewritten(f, "profiles_right.txt", lambda b: b"a b\n" + b), "right", "61 lines"),
    "cut text": (lambda f: rewritten(f, "profiles_right.txt", lambda b: b[: len(b) // 2]), "right", "ended early"),
    "a row less": (
        lambda f: rewritten(f, "profiles_right.txt", lambda b: b[b.index(b"\n") + 1 :]), "right", "59 lines",
    ),
    "a word": (lambda f: rewritten(f, "profiles_right.txt", lambda b: b.replace(b"5", b"x", 1)), "right", "no table"),
    "empty text": (lambda f: rewritten(f, "profiles_right.txt", lambda _: b""), "right", "empty|0 lines"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_something_else(settings, folder, kind):
    """A typed error that names the file; and once the file is good, it is taken: nothing bad was kept."""
    spoil, side, words = BAD[kind]
    good = {path.name: path.read_bytes() for path in (folder / "data").iterdir()}
    spoil(folder)
    with serve(folder) as server:
        with pytest.raises((BadTable, ServiceError), match=words) as caught:
            profiles(settings, server, None, side)
        assert f"{server.url}/data/" in str(caught.value)
        for name, content in good.items():
            (folder / "data" / name).write_bytes(content)
        if kind not in {
            "NaN",
            "negative",
            "a word",
        }:  # numbers are looked at when they are used; the error says so each time
            assert len(profiles(settings, server, None, side)) in {58, 59}


def test_the_sum_of_the_layers_is_compared(settings, folder):
    thick = THICK.copy()
    thick[6, :5] *= 2
    thick[0, 10] = np.nan
    saved(folder, "thicknesses_left.npy", thick)
    with serve(folder) as server:
        notes = profiles(settings, server).notes
    assert any(note.startswith("at 4 vertices the layers do not add up") for note in notes)  # one of 5 is the wall
    assert any(note.startswith("1 vertices have no finite thicknesses") for note in notes)


def test_downloads_that_fail_and_no_network(settings, folder):
    with pytest.raises(NetworkDisabled, match="gray_left"):
        profiles(replace(settings, offline=True), SimpleNamespace(url="https://example.org"))
    for fault in ("503", "truncate", "html", "404"):
        with serve(folder, faults={"profiles_left": fault}) as server:
            with pytest.raises(ServiceError, match=r"the BigBrain intensity profiles \(.*profiles_left.npy\)"):
                profiles(settings, server)
            server.faults.clear()
            assert len(profiles(settings, server)) == 58


@pytest.mark.peer
def test_siibra_beside_us_on_the_same_files(settings, server, tmp_path):
    """The same profiles, places and borders; its layers are off by one, which the test shows.

    With seven rows of thicknesses siibra adds up the total, too, and so counts one border too many: what it calls I is
    II, and nothing is left for VI.
    """
    try:
        oracle = ensure()
    except Missing as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}")
    rows = [0, 4, 5, 17, 30, 57]
    (tmp_path / "siibra").mkdir()
    env = os.environ | {
        "SIIBRA_USE_CONFIGURATION": str(oracle.configuration),
        "SIIBRA_CACHEDIR": str(tmp_path / "siibra"),
    }
    script = Path(__file__).with_name("oracle") / "siibra_bigbrain.py"
    command = [str(oracle.python), str(script), json.dumps({"base": server.url, "vertices": rows})]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    everything = profiles(settings, server)
    mine = [everything[row] for row in rows]
    assert np.allclose(theirs["depths"], everything.data.index, atol=1e-12)
    assert np.array_equal(theirs["values"], [one.data.iloc[:, 0] for one in mine])
    assert np.allclose(theirs["borders"], [list(one.boundary_positions.values()) for one in mine])
    assert np.allclose(theirs["places"], [one.location.coordinate for one in mine])
    some = by_layer(everything._values[rows], everything._borders[rows])
    for says, is_really in pairwise(ROMAN):
        assert theirs["layers"][says] == pytest.approx(some.loc[is_really, ["mean", "std"]].tolist(), rel=0.01)
    assert theirs["layers"]["VI"] == [None, None]
