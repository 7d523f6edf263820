"""siibra-python reads the same files of cortical features, from loopback; what differs is siibra's and is shown."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from feature_files import PatchFiles, feature, fingerprint_text, profile_text, small_graph
from servers.files_server import serve

from siibra_kg.data_errors import TableWarning
from siibra_kg.features.profiles import merge_profiles
from tests.oracle.ensure_siibra import Missing, ensure

pytestmark = pytest.mark.peer
SIIBRA = Path(__file__).with_name("oracle") / "siibra_cortical.py"
RECEPTORS = {"5-HT1A": (350, 35), "AMPA": (400.5, 40.25), "BZ": (1900, 190), "kainate": ("", ""), "X": (1, 2)}
#: Layers of different density, whose borders run obliquely; nothing above the pial surface, as in a real section.
PATCH = PatchFiles(width=1500, height=1800, spacing={0: 2000, 2: 25, 4: 14}, tilt=0.04, origin=True)
#: All the same density, and the pial surface 200 micrometres below the upper edge.
LOW = PatchFiles(width=600, height=1000, at=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9), spacing={0: 2000})


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Give a graph with the features, and what siibra makes of the same addresses."""
    try:
        oracle = ensure()
    except Missing as error:
        reason = f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("cortical")
    served = folder / "served"
    PATCH.write(served / "Motor_4a/v1.0/3121/0001")
    LOW.write(served / "low")
    (served / "f.tsv").write_text(fingerprint_text(RECEPTORS), "utf-8")
    for n, factor in enumerate((1, 3)):
        (served / f"p{n}.tsv").write_text(profile_text(factor * np.linspace(100, 300, 101)), "utf-8")
    with serve(served) as server:
        cells = f"{server.url}/Motor_4a/v1.0/3121/0001/segments.txt"
        layers = cells.replace("segments", "layerinfo")
        profiles = [f"{server.url}/p{n}.tsv" for n in (0, 1)]
        job = {
            "fingerprint": f"{server.url}/f.tsv",
            "profiles": profiles,
            "cells": [cells, f"{server.url}/low/segments.txt"],
            "layerwise": [[cells, layers]],
        }
        env = {
            **{k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT")},
            "HOME": str(folder),
            "SIIBRA_USE_CONFIGURATION": str(oracle.configuration),
            "SIIBRA_CACHEDIR": str(folder / "siibra"),
            "SKIP_CACHEINIT_MAINTENANCE": "1",
        }
        command = [str(oracle.python), str(SIIBRA), json.dumps(job)]
        run = subprocess.run(command, capture_output=True, check=False, timeout=300, env=env)
        assert run.returncode == 0, run.stderr.decode()[-2000:]
        turtle = feature("f", "ReceptorDensityFingerprint", job["fingerprint"])
        unit = '; skg:unitText "detected cells / 0.1mm3"'
        for name, url in zip(("c", "low"), job["cells"], strict=True):
            turtle += feature(name, "CellDensityProfile", url, unit)
        turtle += feature("l", "LayerwiseCellDensity", {"segments-0": cells, "layers-0": layers}, unit)
        for n, url in enumerate(profiles):
            turtle += feature(f"p{n}", "ReceptorDensityProfile", url, '; skg:receptor "M1"')
        yield small_graph(folder, turtle), json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(autouse=True)
def no_notes_but_of_receptors():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "f: ", TableWarning)
        yield


def numbers(values):
    return np.array([np.nan if value is None else value for value in values])


def test_fingerprints_are_the_same(both):
    kg, siibra = both
    ours, theirs = kg.feature("f"), siibra["fingerprint"]
    np.testing.assert_array_equal(ours.data["mean"], numbers(theirs["mean"]))
    np.testing.assert_array_equal(ours.data["std"], numbers(theirs["std"]))
    assert list(ours.receptors) == theirs["receptors"]
    assert ours.unit == theirs["unit"]
    assert list(ours.neurotransmitters) == [t.replace("X (undeciphered)", "?") for t in theirs["neurotransmitters"]]


def test_profiles_and_their_mean_are_the_same(both):
    kg, siibra = both
    ours, theirs = [kg.feature(name) for name in ("p0", "p1")], siibra["profiles"]
    for n, profile in enumerate(ours):
        np.testing.assert_array_equal(profile.data.index, theirs["depths"][n])
        np.testing.assert_array_equal(profile.data["density"], theirs["values"][n])
    merged = merge_profiles(ours)
    np.testing.assert_allclose(merged["mean"], theirs["mean"], rtol=1e-15)
    np.testing.assert_allclose(merged["std"], theirs["std"], rtol=1e-14)


def test_layerwise_densities_are_the_same(both):
    kg, siibra = both
    ours, theirs = kg.feature("l").data, siibra["layerwise"]
    assert list(ours) == list(theirs)
    for name in ("layer", "layername", "counts", "regionspec"):
        assert ours[name].tolist() == theirs[name]
    for name in ("area_mu2", "volume", "density"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-14)
    assert (ours["section"].astype(int).tolist(), ours["patch"].astype(int).tolist()) == (
        theirs["section"],
        theirs["patch"],
    )


def test_images_of_a_patch_agree_but_for_single_pixels(both):
    kg, siibra = both
    ours, theirs = kg.feature("c"), siibra["cells"][0]
    steps = [max(1, n // k) for n, k in zip(theirs["shape"], (97, 89), strict=True)]
    mask, image = (picture[:: steps[0], :: steps[1]] for picture in (ours.layer_mask, ours.density_image))
    their_mask, their_image = (np.array(theirs[n])[: mask.shape[0], : mask.shape[1]] for n in ("mask", "image"))
    assert (mask == their_mask).mean() > 0.99
    there = their_image > 0
    np.testing.assert_allclose(np.median(image[there] / their_image[there]), 1, atol=0.01)
    inner = (slice(5, -5),) * 2  # at the edges splines are continued in different ways
    assert np.abs(image[inner] - their_image[inner]).max() < 0.03 * image.max()


def test_profiles_of_cells_agree_where_siibra_looks_at_cortex(both):
    kg, siibra = both
    ours, theirs = kg.feature("c"), siibra["cells"][0]
    data, values = ours.data["density"].to_numpy(), numbers(theirs["values"])
    np.testing.assert_allclose(ours.data.index, theirs["depths"], atol=1e-12)
    np.testing.assert_allclose(data[2:-2], values[2:-2], rtol=0.1)
    assert np.median(np.abs(data / values - 1)) < 0.02
    # The outermost hundredth of siibra's is mostly what lies above the pial surface, where there is no cell.
    assert values[0] < 0.4 * data[0]
    borders = list(ours.boundary_positions.values())
    np.testing.assert_allclose(borders, theirs["borders"], atol=0.02)
    layers = [ours.assign_layer(depth / 50) for depth in range(1, 51)]
    near = [any(abs(depth / 50 - border) < 0.02 for border in borders) for depth in range(1, 51)]
    assert [a for a, n in zip(layers, near, strict=True) if not n] == [
        b for b, n in zip(theirs["layers"], near, strict=True) if not n
    ]


def test_ours_are_nearer_to_where_the_lines_are(both):
    kg, siibra = both
    at = np.array(PATCH.at)
    truth = (at - at[0]) / (at[-1] - at[0])
    ours = list(kg.feature("c").boundary_positions.values())
    wrong, theirs_wrong = (np.abs(np.array(found) - truth).max() for found in (ours, siibra["cells"][0]["borders"]))
    assert wrong < 5e-4
    assert theirs_wrong > wrong


def test_siibra_shifts_densities_where_the_upper_edge_has_no_cells(both):
    """Its squares begin at the first cell, 200 micrometres below the edge, and are stretched up to the edge."""
    kg, siibra = both
    ours, theirs = kg.feature("low").data["density"].to_numpy(), numbers(siibra["cells"][1]["values"])
    truth = 1 / (20 * 20 * 20) * 100**3 / np.cbrt(1.931) ** 2
    np.testing.assert_allclose(ours[7:-5], truth, rtol=0.05)
    assert theirs[5:-5].mean() < 0.9 * truth  # squares of 80 x 100 micrometres, taken for 100 x 100
