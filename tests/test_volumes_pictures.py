"""Pictures of volumes: what is left is drawn left, whatever the array's axes are, and the bytes never vary."""

from __future__ import annotations

import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.image import imread

from siibra_kg.errors import BadVolume, LabelMismatch, SpaceMismatch
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelMap, Volume
from siibra_kg.volumes.pictures.plot import focus, plot_mask
from siibra_kg.volumes.pictures.slices import PLANES, Frame, borders, sample

SPACE, OTHER = IRI("https://example.org/space"), IRI("https://example.org/other-space")
SAGITTAL, CORONAL, AXIAL = PLANES
GREEN = "#00FF00"
#: The same 20 mm cube of space by arrays whose axes run in different directions.
ORIENTATIONS = {
    "RAS": np.array([[2.0, 0, 0, -9], [0, 2, 0, -9], [0, 0, 2, -9], [0, 0, 0, 1]]),
    "LAS": np.array([[-2.0, 0, 0, 9], [0, 2, 0, -9], [0, 0, 2, -9], [0, 0, 0, 1]]),
    "SPL": np.array([[0.0, 0, -2, 9], [0, -2, 0, 9], [2, 0, 0, -9], [0, 0, 0, 1]]),
}


def mask_at(point, affine, size=10):
    """A mask of one voxel, the one that holds a point in mm."""
    array = np.zeros((size, size, size), np.uint8)
    array[tuple(np.rint(np.linalg.inv(affine) @ [*point, 1]).astype(int)[:3])] = 1
    return Volume(array, affine, SPACE, kind="mask", name="a voxel")


def green(picture):
    """Give the pixel columns and rows of a picture that are clearly green, and its width and height."""
    image = imread(io.BytesIO(picture.png))
    rows, columns = np.nonzero((image[..., 1] > 0.8) & (image[..., 0] < 0.3) & (image[..., 2] < 0.3))
    return columns, rows, image.shape[1], image.shape[0]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("point", [(-7, 5, 5), (7, -5, -5), (-7, -5, 5), (7, 5, -5)])
def test_left_is_left_in_the_picture(orientation, point):
    """A voxel is drawn in each panel on the side where it is: left at the left, front and top where the letters say."""
    x, y, z = point
    volume = mask_at(point, ORIENTATIONS[orientation])
    around = Volume(np.ones((10, 10, 10), np.uint8), ORIENTATIONS[orientation], SPACE, kind="labelled")
    columns, rows, width, height = green(plot_mask(volume, outlines=LabelMap(around), color=GREEN))
    third = width / 3
    for panel, (right, up) in enumerate(((y, z), (x, z), (x, y))):
        inside = (columns > panel * third) & (columns < (panel + 1) * third)
        assert inside.any()
        middle = (panel + 0.5) * third
        assert np.sign(columns[inside].mean() - middle) == np.sign(right), PLANES[panel].name
        assert np.sign(height / 2 - rows[inside].mean()) == np.sign(up), PLANES[panel].name


@given(hnp.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 3)), st.sampled_from(sorted(ORIENTATIONS)))
def test_a_slice_is_what_lies_there(array, orientation):
    """Every pixel of a slice is the voxel that holds its centre, for arrays of any axis order and direction."""
    affine = ORIENTATIONS[orientation]
    volume = Volume(array, affine, SPACE)
    corners = volume.to_mm(np.array([[0, 0, 0], np.array(array.shape) - 1]))
    frame = Frame.over(volume, np.stack([corners.min(axis=0) - 1, corners.max(axis=0) + 1]), margin=3)
    at = volume.to_mm([1, 2, 3])
    for plane in PLANES:
        values = sample(volume, frame, plane, at)
        assert values.shape == (frame.count[plane.up], frame.count[plane.right])
        for row, up in enumerate(frame.centres(plane.up)):
            for column, right in enumerate(frame.centres(plane.right)):
                point = np.empty(3)
                point[plane.normal], point[plane.right], point[plane.up] = at[plane.normal], right, up
                index = np.linalg.solve(affine, [*point, 1])[:3]
                assert np.allclose(index, np.rint(index))  # pixels are voxels
                voxel = tuple(np.rint(index).astype(int))
                inside = all(0 <= v < n for v, n in zip(voxel, array.shape, strict=True))
                assert values[row, column] == (array[voxel] if inside else 0)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.integers(0, 2)))
def test_borders_are_between_different_pixels(values):
    """There is one segment for each pair of neighbours that differ, outside included, along the edge they share."""
    frame = Frame(np.array([10.0, 20, 30]), np.array([1.0, 2, 3]), np.array([1, *values.shape[::-1]]))
    found = {tuple(map(tuple, np.sort(s, axis=0).tolist())) for s in borders(values, frame, SAGITTAL)}
    expected = set()
    padded = np.pad(values, 1)
    for row in range(padded.shape[0]):
        for column in range(padded.shape[1]):
            y, z = 20 + 2 * (column - 1), 30 + 3 * (row - 1)
            if column and padded[row, column] != padded[row, column - 1]:
                expected.add(((y, z), (y, z + 3)))
            if row and padded[row, column] != padded[row - 1, column]:
                expected.add(((y, z), (y + 2, z)))
    assert found == expected


def test_the_slices_meet_inside_of_the_region():
    """The centroid of a ring is outside of it; the slices go through a voxel of the ring."""
    array = np.zeros((9, 9, 3), np.uint8)
    array[1:8, 1:8, 1] = 1
    array[2:7, 2:7, 1] = 0
    volume = Volume(array, np.eye(4), SPACE, kind="mask")
    assert array[tuple(volume.centroid().astype(int))] == 0
    assert array[tuple(focus(volume).astype(int))] == 1


def test_a_picture_holds_no_time_and_no_version(tmp_path):
    """The PNG has image chunks and its resolution, no text; drawing again gives the same bytes."""
    volume = mask_at((-7, 5, 5), ORIENTATIONS["RAS"])
    png = volume.plot(tmp_path / "a.png").png
    assert (tmp_path / "a.png").read_bytes() == png == volume.plot().png
    chunks, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunks.append(png[at + 4 : at + 8].decode())
        at += length + 12
    assert set(chunks) == {"IHDR", "pHYs", "IDAT", "IEND"}


def test_every_kind_of_volume_has_a_picture():
    """Templates, label maps and masks are drawn; notebooks get PNG bytes."""
    array = np.arange(1000).reshape(10, 10, 10)
    pictures = {
        kind: Volume(array, ORIENTATIONS["RAS"], SPACE, kind=kind).plot()._repr_png_()
        for kind in ("template", "statistical", "labelled", "mask")
    }
    assert all(p.startswith(b"\x89PNG") for p in pictures.values())
    assert len(set(pictures.values())) == 4


def test_another_space_is_refused():
    """A template or outlines of another space are not drawn under a mask, however well they would fit."""
    volume = mask_at((1, 1, 1), ORIENTATIONS["RAS"])
    other = Volume(np.ones((10, 10, 10), np.uint8), ORIENTATIONS["RAS"], OTHER, kind="labelled")
    with pytest.raises(SpaceMismatch, match="wrong place"):
        plot_mask(volume, background=other)
    with pytest.raises(SpaceMismatch, match="wrong place"):
        plot_mask(volume, outlines=LabelMap(other))


def test_a_background_on_another_grid_is_put_where_it_belongs():
    """A template of another voxel size in the same space is sampled by position."""
    volume = mask_at((1, 1, 1), ORIENTATIONS["RAS"])
    fine = np.zeros((20, 20, 20), np.uint8)
    fine[10:] = 100  # x > 0
    affine = np.array([[1.0, 0, 0, -9.5], [0, 1, 0, -9.5], [0, 0, 1, -9.5], [0, 0, 0, 1]])
    template = Volume(fine, affine, SPACE, kind="template")
    frame = Frame.over(volume, template.bounding_box(), 0)
    values = sample(template, frame, CORONAL, focus(volume))
    assert np.array_equal(values[0] > 0, frame.centres(0) > 0)
    assert plot_mask(volume, background=template).png != plot_mask(volume).png


def test_an_empty_mask_has_no_picture():
    """There is nothing to show, and the error says so; in a notebook the facts are still shown."""
    volume = Volume(np.zeros((3, 3, 3)), np.eye(4), SPACE, kind="mask")
    with pytest.raises(LabelMismatch, match="zero"):
        volume.plot()
    assert volume._repr_html_().startswith("<table>")


def test_a_picture_that_cannot_be_written_is_named(tmp_path):
    """A folder that is not there is an error that names the file."""
    with pytest.raises(BadVolume, match=r"nowhere.*cannot be written"):
        mask_at((1, 1, 1), ORIENTATIONS["RAS"]).plot(tmp_path / "nowhere" / "a.png")


def test_without_matplotlib_there_are_facts_and_a_hint():
    """Where matplotlib is not installed a volume shows its facts, and plotting says what to install."""
    code = """if True:
        import sys
        sys.modules["matplotlib"] = None
        import numpy as np
        from siibra_kg.errors import DataMissing
        from siibra_kg.volumes import Volume
        volume = Volume(np.ones((2, 2, 2)), np.eye(4), "https://example.org/space", kind="mask")
        assert "<img" not in volume._repr_html_() and "<table>" in volume._repr_html_()
        try:
            volume.plot()
        except DataMissing as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'siibra-kg[plot]'" in run.stdout
