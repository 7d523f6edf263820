"""Pictures of maps and surfaces: left is left, colours are those that were asked for, nothing reaches the network."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from importlib import metadata
from urllib.parse import unquote

import nibabel as nib
import numpy as np
import pytest
from matplotlib.image import imread

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, DataMissing, SpaceMismatch
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelMap, Volume
from siibra_kg.volumes.pictures.neuroglancer import neuroglancer_state, neuroglancer_url
from siibra_kg.volumes.pictures.plot_maps import plot_labels, plot_statistical, ramp_of
from siibra_kg.volumes.pictures.plot_parts import label_colors
from siibra_kg.volumes.pictures.plot_sheet import SIGNED
from siibra_kg.volumes.pictures.plot_surface import plot_surface
from siibra_kg.volumes.surface import Surface, joined

SPACE, OTHER = IRI("https://example.org/space"), IRI("https://example.org/other-space")
AFFINE = np.array([[2.0, 0, 0, -9], [0, 2, 0, -9], [0, 0, 2, -9], [0, 0, 0, 1]])
GREEN, RED, BLUE = "#00FF00", "#FF0000", "#0000FF"


def pixels(picture, red, green, blue):
    """Where a picture is close to a colour: columns and rows, as shares of its width and height."""
    image = imread(io.BytesIO(picture.png))[..., :3]
    rows, columns = np.nonzero(np.abs(image - [red, green, blue]).max(axis=-1) < 0.3)
    return columns / image.shape[1], rows / image.shape[0]


@pytest.fixture
def halves():
    """A label map of two regions: 1 fills x < 0, 2 fills x > 0."""
    array = np.zeros((10, 10, 10), np.uint8)
    array[1:5, 1:9, 1:9], array[5:9, 1:9, 1:9] = 1, 2
    entries = (
        LabelEntry(1, IRI("https://example.org/left"), "left", GREEN, "left"),
        LabelEntry(2, IRI("https://example.org/right"), "right", BLUE, "right"),
    )
    return LabelMap(Volume(array, AFFINE, SPACE, kind="labelled", name="halves"), entries)


@pytest.mark.parametrize("flip", [False, True])
def test_regions_have_their_colours_and_their_sides(halves, flip):
    """Green is left of blue in the coronal and the axial panel, also where the array's x axis runs to the left."""
    if flip:
        turned = np.diag([-2.0, 2, 2, 1])
        turned[:3, 3] = (9, -9, -9)
        halves = LabelMap(Volume(halves.volume.array[::-1], turned, SPACE, kind="labelled"), halves.labels)
    picture = plot_labels(halves)
    left, right = pixels(picture, 0, 1, 0)[0], pixels(picture, 0, 0, 1)[0]
    for low, high in ((0.34, 0.66), (0.67, 1.0)):
        one, two = (x[(x > low) & (x < high)] for x in (left, right))
        assert len(one) > 500
        assert len(two) > 500
        assert np.percentile(one, 99) <= np.percentile(two, 1)


def test_labels_without_a_colour_get_one_by_their_number():
    """The same in every map, different for neighbours, and never in place of a known one."""
    labels = np.arange(1, 200)
    first, again = label_colors(labels, ()), label_colors(labels[50:60], ())
    assert np.array_equal(first[50:60], again)
    assert np.abs(np.diff(first, axis=0)).max(axis=1).min() > 0.1
    known = label_colors(np.array([3, 4]), [LabelEntry(4, color="#102030")])
    assert np.allclose(known[1] * 255, [16, 32, 48])


def test_a_peak_is_where_the_slices_meet():
    """The largest value lies at the left, in front and above; the bar ends at the greatest distance from zero."""
    array = np.zeros((10, 10, 10), np.float32)
    array[1, 8, 8], array[8, 1, 1] = 5, -2
    volume = Volume(array, AFFINE, SPACE, kind="statistical", name="map")
    template = Volume(np.full((10, 10, 10), 9, np.uint8), AFFINE, SPACE, kind="template", name="brain")
    picture = plot_statistical(volume, background=template, unit="t")
    columns, rows = pixels(picture, 1.0, 0.82, 0.5)  # the end of the ramp
    coronal = (columns > 0.36) & (columns < 0.62)
    assert coronal.any()
    assert np.median(columns[coronal]) < 0.45
    assert np.median(rows[coronal]) < 0.45
    assert ramp_of(array, None, "", "t").low == -5
    assert volume.plot(background=template).png != volume.plot().png
    assert plot_statistical(volume, background=template, unit="t").png == picture.png


def test_ramps_begin_at_zero_and_are_even_for_both_signs():
    """One sign: from zero to the greatest. Both: as far to each side. What is asked for is taken."""
    found = [ramp_of(np.array(v, float), None, "", "") for v in ([1, 4], [-3, 1], [-4, -1], [0, 0], [np.nan, 2])]
    assert [(r.low, r.high) for r in found] == [(0, 4), (-3, 3), (-4, 0), (0, 1), (0, 2)]
    assert [r.colors for r in found] == ["inferno", SIGNED, "inferno_r", "inferno", "inferno"]
    asked = ramp_of(np.array([1.0]), (2, 3), "viridis", "mm")
    assert (asked.low, asked.high, asked.colors, asked.unit) == (2, 3, "viridis", "mm")
    with pytest.raises(BadVolume, match="not below"):
        ramp_of(np.array([1.0]), (3, 3), "", "")


def test_what_cannot_be_drawn_is_said(halves):
    """Other spaces, nothing above the threshold, no colour map of this name, a point that is none, no mesh."""
    volume = Volume(np.ones((3, 3, 3)), AFFINE, SPACE, kind="statistical", name="map")
    elsewhere = Volume(np.ones((3, 3, 3)), AFFINE, OTHER, kind="template")
    for draw in (lambda: plot_statistical(volume, background=elsewhere), lambda: halves.plot(background=elsewhere)):
        with pytest.raises(SpaceMismatch):
            draw()
    with pytest.raises(BadVolume, match="farther from zero than 2"):
        plot_statistical(volume, threshold=2)
    with pytest.raises(BadVolume, match="no colour map"):
        plot_statistical(volume, colors="rainbows")
    with pytest.raises(BadVolume, match="no point"):
        plot_labels(halves, at=(1, 2))
    with pytest.raises(BadVolume, match=r"surface\.on\(mesh\)"):
        plot_surface(Surface(np.empty((0, 3)), np.empty((0, 3), int), SPACE, values=np.ones(3)))


def sphere(centre, color=None, side=None, flip=False):
    """A ball of triangles around a point; label 1 in front of it, 2 behind."""
    steps = np.linspace(0, np.pi, 13), np.linspace(0, 2 * np.pi, 24, endpoint=False)
    theta, phi = (a.ravel() for a in np.meshgrid(*steps, indexing="ij"))
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=1) * 30
    at = np.arange(13 * 24).reshape(13, 24)
    a, b, c, d = at[:-1], at[1:], np.roll(at, -1, axis=1)[:-1], np.roll(at, -1, axis=1)[1:]
    faces = np.concatenate([np.stack(t, axis=-1).reshape(-1, 3) for t in ((a, b, c), (c, b, d))])
    labels = np.where(points[:, 1] > 0, 1, 2)
    entries = (LabelEntry(1, color=GREEN), LabelEntry(2, color=RED))
    return Surface(
        points + centre,
        faces[:, ::-1] if flip else faces,
        SPACE,
        labels=labels,
        fragment=f"{side} hemisphere" if side else None,
        entries=entries,
        name="ball",
    )


@pytest.mark.parametrize("flip", [False, True])
def test_the_front_of_a_surface_is_where_the_letters_say(flip):
    """A left hemisphere seen from outside has its front at the left, from inside at the right, however it is wound."""
    picture = plot_surface(sphere((-40, 0, 0), side="left", flip=flip))
    front, back = pixels(picture, 0, 0.9, 0)[0], pixels(picture, 0.9, 0, 0)[0]
    for low, high, front_first in ((0, 0.5, True), (0.5, 1, False)):
        one, two = (x[(x > low) & (x < high)].mean() for x in (front, back))
        assert bool(one < two) is front_first


def test_both_hemispheres_are_drawn_outside_above_inside():
    """Left at the left: front outwards in the upper row, inwards in the lower one."""
    both = joined(
        [sphere((-40, 0, 0), side="left"), sphere((40, 0, 0), side="right")], ["left hemisphere", "right hemisphere"]
    )
    columns, rows = pixels(plot_surface(both), 0, 0.9, 0)
    upper = rows < np.median(rows)
    quarters = [
        columns[pick & (columns > low) & (columns < low + 0.5)].mean() - low - 0.25
        for pick in (upper, ~upper)
        for low in (0, 0.5)
    ]
    assert np.sign(quarters).tolist() == [-1, 1, 1, -1]


def test_a_surface_of_no_side_is_seen_from_four_sides():
    """Without a hemisphere there are four views; all of them show both labels but the one from the front."""
    picture = plot_surface(sphere((0, 0, 0)))
    image = imread(io.BytesIO(picture.png))
    assert image.shape[0] > image.shape[1] * 0.6
    assert plot_surface(sphere((0, 0, 0))).png == picture.png


@pytest.mark.mirror
def test_fsaverage5_is_drawn_in_less_than_two_seconds():
    """Both hemispheres of a real surface, 40,960 triangles; the files of nilearn, without nilearn."""
    try:
        files = {f.name: f.locate() for f in metadata.files("nilearn") if "fsaverage5" in f.parts}
    except metadata.PackageNotFoundError:
        pytest.skip("nilearn is not installed")
    parts = []
    for side in ("left", "right"):
        image = nib.load(files[f"pial_{side}.gii.gz"])
        values = nib.load(files[f"sulc_{side}.gii.gz"]).darrays[0].data
        parts.append(Surface(image.darrays[0].data, image.darrays[1].data, SPACE, values=values, fragment=side))
    both = joined(parts, ["left", "right"])
    plot_surface(parts[0])  # matplotlib is loaded
    start = time.process_time()
    plot_surface(both)
    assert time.process_time() - start < 2


def test_everything_shows_itself_in_a_notebook_without_a_network(halves):
    """pytest-socket forbids every connection here; pictures are small and inside the page."""
    shown = [halves._repr_html_(), halves.mask(1)._repr_html_(), sphere((0, 0, 0))._repr_html_()]
    for text in shown:
        assert text.count("data:image/png;base64,") == 1
        assert "http" not in text.partition("<table>")[0]
        assert len(text) < 200_000
    assert "LabelMap" in shown[0]
    bare = Surface(np.empty((0, 3)), np.empty((0, 3), int), SPACE, values=np.ones(3), name="numbers")
    assert "<img" not in bare._repr_html_()


def test_without_matplotlib_there_are_facts_only():
    """Another process in which matplotlib cannot be imported: a table, and an error that says how to get pictures."""
    code = """if True:
        import importlib.util, sys
        sys.modules["matplotlib"] = None
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name: None if name == "matplotlib" else find(name)
        import numpy as np
        from siibra_kg.terms import IRI
        from siibra_kg.volumes import LabelMap, Volume
        volume = Volume(np.ones((2, 2, 2), np.uint8), np.eye(4), IRI("https://example.org/s"), kind="labelled")
        text = LabelMap(volume)._repr_html_()
        assert "<table>" in text and "<img" not in text
        try:
            LabelMap(volume).plot()
        except Exception as error:
            print(type(error).__name__)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() in {"DataMissing", "ModuleNotFoundError"}, run.stderr


# -------------------------------------------------------------------------------------------------------- neuroglancer


def ref(provider="neuroglancer/precomputed", url="https://example.org/data/brain", **more):
    given = {"kind": "template", "space_name": "A space", **more}
    return VolumeRef(IRI("https://example.org/v"), given.pop("space", SPACE), given.pop("kind"), provider, url, **given)


MATRIX = [[1, 0, 0, -5e6], [0, 0, 2, 0.5], [0, -1, 0, 0], [0, 0, 0, 1]]


def test_a_link_is_the_state_of_the_viewer():
    """The fragment is JSON: nm, the matrix as it is, the point in nm; labelled volumes are segmentations."""
    refs = [ref(), ref(kind="labelled", parcellation="Atlas", label=7)]
    link = neuroglancer_url(refs, at=(1.5, -2, 0), transform=MATRIX, viewer="https://viewer.example.org/")
    assert link.startswith("https://viewer.example.org/#!%7B")
    state = json.loads(unquote(link.partition("#!")[2]))
    assert state == neuroglancer_state(refs, at=(1.5, -2, 0), transform=MATRIX)
    assert state["dimensions"] == {axis: [1e-9, "m"] for axis in "xyz"}
    assert state["position"] == [1_500_000, -2_000_000, 0]
    image, labels = state["layers"]
    assert (image["type"], labels["type"], labels["segments"]) == ("image", "segmentation", ["7"])
    assert image["source"]["url"] == "precomputed://https://example.org/data/brain"
    assert image["source"]["transform"] == {"outputDimensions": state["dimensions"], "matrix": MATRIX[:3]}
    assert image["name"] != labels["name"]


def test_the_matrix_takes_corners_to_the_mm_of_our_affine(tmp_path):
    """What neuroglancer computes for the middle of a voxel is what our affine gives for its index, in nm."""
    from siibra_kg.volumes.providers.precomputed_info import InfoScale

    place = tmp_path / "brain"
    place.mkdir()
    (place / "transform.json").write_text(json.dumps(MATRIX))
    scale = InfoScale(0, "1mm", (10, 10, 10), (1e6, 2e6, 3e6), (0, 0, 5))
    local = ref(url="https://example.org/data/brain", local=place)
    settings = Settings(home=tmp_path, cache=tmp_path, offline=True)
    (layer,) = neuroglancer_state(local, settings)["layers"]
    matrix = np.array([*layer["source"]["transform"]["matrix"], [0, 0, 0, 1]])
    index = np.array([3, 1, 2])
    corner = (index + scale.offset + 0.5) * scale.resolution  # neuroglancer: nm of the middle, from the voxel's corner
    seen = (matrix @ [*corner, 1])[:3]
    ours = (scale.affine(np.array(MATRIX)) @ [*index, 1])[:3]
    assert np.allclose(seen / 1e6, ours)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (lambda: neuroglancer_url([]), BadVolume, "no volume"),
        (lambda: neuroglancer_url(ref("dicom")), BadVolume, "does not read"),
        (lambda: neuroglancer_url(ref("nii", "pkg:pypi/a@1#b.nii")), BadVolume, "not on the web"),
        (lambda: neuroglancer_url(ref("zarr", member="x")), BadVolume, "cannot look into"),
        (lambda: neuroglancer_url(ref()), BadVolume, "nothing says where it lies"),
        (lambda: neuroglancer_url(ref(), transform=np.eye(3)), BadVolume, "no affine"),
        (lambda: neuroglancer_url(ref("nii"), at=(1, np.nan, 2)), BadVolume, "no point"),
        (lambda: neuroglancer_url([ref("nii"), ref("nii", space=OTHER)]), SpaceMismatch, "one view shows one space"),
    ],
)
def test_what_cannot_be_linked_is_said(given, error, says):
    with pytest.raises(error, match=says):
        given()


def test_a_link_offline_needs_the_transform(tmp_path):
    """Without a network and without the file the link is refused, not made with a volume at the wrong place."""
    settings = Settings(home=tmp_path, cache=tmp_path, offline=True)
    with pytest.raises(DataMissing):
        neuroglancer_url(ref(), settings)
    assert "nifti://https://example.org/data/brain" in unquote(neuroglancer_url(ref("nii"), settings))


def test_a_mesh_is_chosen_by_its_number():
    (layer,) = neuroglancer_state(ref("neuroglancer/precompmesh/surface", member="997"), transform=np.eye(4))["layers"]
    assert (layer["type"], layer["segments"]) == ("segmentation", ["997"])
