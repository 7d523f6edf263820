"""Cell density profiles and layerwise densities: patches whose cells and layers are known exactly."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from feature_files import LINE_FILES, PatchFiles, cells_text, feature, layers_text, small_graph
from feature_graph import feature_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from servers.files_server import serve

from siibra_kg.data_errors import BadTable, TableWarning
from siibra_kg.errors import DataMissing, SiibraKGError
from siibra_kg.features.cells import CellDensityProfile
from siibra_kg.features.layers import LayerwiseCellDensity
from siibra_kg.features.patch import make_patch

UNIT = '; skg:unitText "detected cells / 0.1mm3" ; skg:section "3121" ; skg:patch "0001"'
#: Cells per cube of 0.1 mm of cells that stand 20 micrometres apart, in sections of 20 micrometres.
LATTICE = 1 / (20 * 20 * 20) * 100**3 / np.cbrt(1.931) ** 2


@pytest.fixture(autouse=True)
def notes_are_errors():
    """What deserves no look must not be warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", TableWarning)
        yield


def place(tmp_path, number=1):
    return tmp_path / f"Motor_4a/v1.0/3121/000{number}"


def profile(tmp_path, files=None, name="c"):
    """Open a graph with one profile of cells."""
    url = (files or PatchFiles()).write(place(tmp_path)).as_uri()
    return small_graph(tmp_path, feature(name, "CellDensityProfile", url, UNIT)).feature(name)


def layerwise(tmp_path, *patches, more=UNIT):
    """Open a graph with layerwise densities of some patches."""
    files = {}
    for number, patch in enumerate(patches):
        cells = patch.write(place(tmp_path, number))
        files |= {f"segments-{number}": cells.as_uri(), f"layers-{number}": cells.with_name("layerinfo.txt").as_uri()}
    return small_graph(tmp_path, feature("l", "LayerwiseCellDensity", files, more)).feature("l")


def straight(files):
    """Make a patch of files that were never written."""
    x, y, _ = files.cells()
    return make_patch(x, y, files.lines(), "a patch")


def test_a_lattice_of_cells_has_its_density_at_each_depth(tmp_path):
    found = profile(tmp_path)
    assert type(found) is CellDensityProfile
    data = found.data
    assert data.shape == (100, 1)
    assert data.index.name == "depth"
    np.testing.assert_allclose(data.index, np.arange(0.005, 1, 0.01))
    np.testing.assert_allclose(data["density"][:85], LATTICE, rtol=1e-4)
    np.testing.assert_allclose(data["density"], LATTICE, rtol=0.02)  # one cell more in the corner, and splines
    assert (found.unit, found.section, found.patch) == ("detected cells / 0.1mm3", "3121", "0001")
    assert [source["url"].rpartition("/")[2] for source in data.attrs["sources"]] == ["segments.txt", *LINE_FILES]
    assert data.attrs["notes"] == []


def test_cells_and_layers_are_those_of_the_files(tmp_path):
    files = PatchFiles()
    found = profile(tmp_path, files)
    x, y, layer = files.cells()
    cells = found.cells
    assert list(cells) == ["x", "y", "area", "layer", "label"]
    np.testing.assert_array_equal(cells[["x", "y", "layer"]].to_numpy(), np.stack([x, y, layer], axis=1))
    assert cells["label"].tolist() == list(range(1, x.size + 1))
    layers = found.layers
    assert layers["name"].to_dict() == {1: "I", 2: "II", 3: "III", 4: "IV", 5: "V", 6: "VI"}
    np.testing.assert_allclose(layers["area"], files.areas())
    assert layers.attrs["unit"] == {"area": "µm²", "thickness": "µm"}


def test_tissue_without_cells_outside_the_cortex_changes_nothing(tmp_path):
    """Siibra takes all that is above the pial surface for the outermost hundredth of the cortex."""
    empty = PatchFiles(width=1200, height=2000, spacing={0: 2000, 7: 2000})
    densities = profile(tmp_path, empty).data["density"].to_numpy()
    np.testing.assert_allclose(densities[20:-20], LATTICE, rtol=1e-3)
    np.testing.assert_allclose(densities[5:-5], LATTICE, rtol=0.03)
    assert densities[0] > LATTICE / 2  # of the squares that the border runs through, half is empty


@pytest.mark.parametrize("tilt", [0.0, 0.04])
def test_layers_depths_and_borders_are_where_the_lines_are(tilt):
    files = PatchFiles(width=1000, height=1500, tilt=tilt)
    patch = straight(files)
    mask = patch.layer_mask()
    rows, columns = np.mgrid[0.5:1500, 0.5:1000]
    np.testing.assert_array_equal(mask, files.layer_of(columns, rows))
    top, bottom = (files.rows_of_line(n, columns) for n in (0, 6))
    expected = (rows - top) / (bottom - top)
    for step in (1, 10):
        depth = patch.depth_image(step)
        outside = ~np.isfinite(depth)
        np.testing.assert_array_equal(outside, ~np.isin(patch.layer_mask(step), range(1, 7)))
        if step == 1:
            assert np.nanmax(np.abs(depth - expected)) < patch.working_step / 1200
    at = np.array(files.at)
    borders = (at - at[0]) / (at[-1] - at[0])
    found = patch.boundary_positions()
    assert list(found) == [(n, n + 1) for n in range(7)]
    np.testing.assert_allclose(list(found.values()), borders, atol=3e-4)


def test_depth_is_along_lines_between_equally_far_points_of_curved_borders():
    """On a circle's ring, depth is the distance from the outer circle, whatever the angle."""
    angle = np.linspace(np.radians(225), np.radians(315), 200)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    circles = {n: [1500, 2600] + radius * unit for n, radius in enumerate(np.linspace(2400, 1200, 7))}
    xs = np.array([1.0, 3000.0])
    patch = make_patch(xs, np.array([1.0, 3000.0]), circles, "a ring")
    rows, columns = np.mgrid[0.5:3000, 0.5:3000]
    radius = np.hypot(columns - 1500, rows - 2600)
    depth = patch.depth_image(step=10)
    at = slice(5, None, 10), slice(5, None, 10)
    middle = np.abs(columns[at] - 1500) < 300  # straight lines and radii part towards the sides, which are no radii
    inside = np.isfinite(depth) & middle
    assert inside.sum() > 2000
    assert np.abs(depth[inside] - ((2400 - radius[at]) / 1200)[inside]).max() < 0.01


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(8, 92), min_size=7, max_size=7, unique=True),
    st.integers(3, 12),
    st.integers(4, 12),
    st.dictionaries(st.integers(0, 7), st.sampled_from([10, 20, 25, 50])),
)
def test_any_straight_patch_keeps_its_cells_and_its_order(at, width, height, spacing):
    files = PatchFiles(width * 100, height * 100, tuple(n / 100 for n in sorted(at)), spacing=spacing)
    patch = straight(files)
    image = patch.density_image(step=1)
    assert image.shape == (files.height, files.width)
    assert (image >= 0).all()
    # Splines between squares keep what is in all of them together, apart from what is cut off at the extremes.
    assert image.mean() * np.cbrt(1.931) ** 2 / 100**3 * 20 * image.size == pytest.approx(patch.x.size, rel=0.1)
    borders = list(patch.boundary_positions().values())
    assert borders[0] == 0
    assert borders[-1] == 1
    assert all(a <= b + 1e-3 for a, b in pairwise(borders))


def test_layers_are_assigned_by_depth(tmp_path):
    found = profile(tmp_path)  # borders at 0, 1/8, 2/8, 3.5/8, 5/8, 6.5/8, 1
    depths = [0, 0.05, 0.2, 0.3, 0.5, 0.7, 0.9, 1]
    assert [found.assign_layer(depth) for depth in depths] == [1, 1, 2, 3, 4, 5, 6, 6]


def test_images_have_a_pixel_for_each_micrometre(tmp_path):
    found = profile(tmp_path)
    assert found.layer_mask.shape == found.density_image.shape == found.depth_image.shape == (1000, 800)
    assert (found.layer_mask.dtype, found.density_image.dtype) == (np.uint8, np.float32)


def test_layerwise_densities_are_counts_by_volume(tmp_path):
    one, two = PatchFiles(spacing={4: 10}), PatchFiles(spacing={3: 5000})
    found = layerwise(tmp_path, one, two)
    assert type(found) is LayerwiseCellDensity
    data = found.data
    columns = "layer layername counts area_mu2 volume density regionspec section patch"
    assert list(data) == columns.split()
    assert len(data) == 12
    for number, files in enumerate((one, two)):
        rows = data[data["patch"] == f"000{number}"]
        layers = files.cells()[2]
        counts = [int((layers == n).sum()) for n in range(1, 7)]
        volumes = np.array(files.areas()) * 20 * np.cbrt(1.931) / 100**3
        assert rows["counts"].tolist() == counts
        np.testing.assert_allclose(rows["density"], counts / volumes)
        assert set(rows["regionspec"] + rows["section"]) == {"Motor_4a3121"}
    assert data[(data["layer"] == 3) & (data["patch"] == "0001")]["density"].tolist() == [0.0]
    statistics = found.statistics
    assert list(statistics.index) == ["I", "II", "III", "IV", "V", "VI"]
    pair = data[data["layer"] == 4]["density"]
    assert statistics.loc["IV"].tolist() == [pytest.approx(pair.mean()), pytest.approx(pair.std(ddof=1)), 2]
    assert statistics.attrs["unit"] == found.unit == "detected cells / 0.1mm3"
    assert len(data.attrs["sources"]) == 4
    same = found.compare(found)
    assert same["difference"].tolist() == [0] * 6


def test_a_patch_that_cannot_be_read_is_left_out_and_named(tmp_path):
    found = layerwise(tmp_path, PatchFiles(), PatchFiles())
    (place(tmp_path, 1) / "layerinfo.txt").write_text(layers_text([0.0] * 6), "utf-8")
    with pytest.warns(TableWarning, match=r"a patch was left out: .*0001/layerinfo\.txt: the area of layer 1 is 0"):
        data = found.data
    assert set(data["patch"]) == {"0000"}
    (place(tmp_path, 0) / "segments.txt").write_text("<html>log in</html>", "utf-8")
    with pytest.raises(SiibraKGError):
        _ = found.data


def test_pieces_that_lack_a_file_are_named(tmp_path):
    cells = PatchFiles().write(place(tmp_path)).as_uri()
    layers = cells.replace("segments", "layerinfo")
    files = {"segments-0": cells, "layers-0": layers, "segments-1": cells}
    found = small_graph(tmp_path, feature("l", "LayerwiseCellDensity", files)).feature("l")
    with pytest.warns(TableWarning) as told:
        assert len(found.data) == 6
    assert [str(w.message) for w in told] == [
        "l: a patch was left out: number 1 has no file of layers",
        "l: nothing states the unit of its values",
    ]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("I_II.json", "<html></html>", "I_II.json: it is no JSON"),
        ("I_II.json", "[" * 100_000, "I_II.json: it is no JSON"),
        ("I_II.json", '{"lines": []}', 'it has no "segments"'),
        ("I_II.json", '{"segments": [[1, 2], [3]]}', "below layer 1 is no list of points"),
        ("I_II.json", '{"segments": [[1, "a"]]}', "below layer 1 is no list of points"),
        ("0.json", '{"segments": []}', "below layer 0 is no list of points"),
        ("VI_WM.json", '{"segments": [[1, NaN]]}', "below layer 6 is no list of points"),
        ("segments.txt", cells_text([1], [-5], [1]), "numbers from 0"),
        ("segments.txt", cells_text([1, np.nan], [1, 2], [1, 1]), "numbers from 0"),
        ("segments.txt", cells_text([1], [2], [0.5]), "is no whole number (layer)"),
        ("segments.txt", cells_text([1], [2], [1]).replace(" ", ","), "segments.txt"),
        ("segments.txt", "# x y area(micron**2) layer label\n", "segments.txt: it has no rows"),
    ],
)
def test_files_of_another_form_are_errors(tmp_path, name, text, reason):
    found = profile(tmp_path)
    (place(tmp_path) / name).write_text(text, "utf-8")
    with warnings.catch_warnings(), pytest.raises(SiibraKGError) as raised:  # noqa: PT012
        warnings.simplefilter("ignore", TableWarning)
        _ = found.data
    assert reason in str(raised.value)


def test_lines_that_cross_are_reported(tmp_path):
    found = profile(tmp_path, PatchFiles(at=(0.1, 0.2, 0.5, 0.45, 0.6, 0.75, 0.9)))
    with pytest.warns(TableWarning, match="the line below layer 2 is deeper than the next one in 100% of the columns"):
        assert np.isfinite(found.data["density"]).all()


def test_lines_may_be_unordered_short_and_beyond_the_edge():
    files = PatchFiles(width=1000, height=1000)
    lines = files.lines()
    lines[3] = [[700, 450], [1400, 450], [200, 450], [-50, 450]]
    x, y, _ = files.cells()
    np.testing.assert_array_equal(make_patch(x, y, lines, "a").layer_mask(), straight(files).layer_mask())
    with pytest.raises(BadTable, match="no line below layer 3"):
        make_patch(x, y, {n: line for n, line in lines.items() if n != 3}, "a")


def test_files_of_the_web_and_what_is_kept(tmp_path):
    """A missing line is named; once computed, a profile needs no file to be parsed, in another process either."""
    served = tmp_path / "served"
    PatchFiles().write(served / "a b/0001")
    with serve(served, faults={"/VI_WM.json": "404"}) as server:
        url = f"{server.url}/a%20b/0001/segments.txt"
        turtle = feature("c", "CellDensityProfile", url, UNIT)
        with pytest.raises(SiibraKGError, match=r"a%20b/0001/VI_WM\.json"):
            _ = small_graph(tmp_path, turtle).feature("c").data
        server.faults.clear()
        found = small_graph(tmp_path, turtle).feature("c").data
    again = small_graph(tmp_path, turtle, offline=True).feature("c")
    np.testing.assert_array_equal(again.data, found)
    assert again.data.attrs == found.attrs


def test_a_graph_without_companions_says_so(tmp_path):
    url = PatchFiles().write(place(tmp_path)).as_uri()
    found = feature_graph(tmp_path, feature("c", "CellDensityProfile", url)).feature(
        "https://w3id.org/siibra-kg/id/feature/c"
    )
    with pytest.raises(DataMissing, match="the graph does not say where"):
        _ = found.data


def test_pictures_are_drawn_of_what_is_read(tmp_path):
    assert profile(tmp_path).plot().png[:4] == b"\x89PNG"
    assert layerwise(tmp_path / "more", PatchFiles(), PatchFiles(spacing={4: 10})).plot().png[:4] == b"\x89PNG"
