"""Volumes and label maps against plain numpy definitions, on small arrays that can be seen."""

from __future__ import annotations

import doctest
import json
import operator
import pickle

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelMap, Provenance, Volume, volume
from siibra_kg.volumes.files import packages
from siibra_kg.volumes.labels import index as label_index
from siibra_kg.volumes.labels import map as label_map
from siibra_kg.volumes.labels.index import LabelIndex

SPACE = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")
ELSEWHERE = IRI("https://example.org/space-without-a-midline")
LEFT, RIGHT = IRI("https://example.org/region/left"), IRI("https://example.org/region/right")
AFFINE = np.array([[2.0, 0, 0, -4], [0, 2, 0, -4], [0, 0, 3, -4], [0, 0, 0, 1]])
OBLIQUE = np.array([[0.0, -2, 0.5, 10], [1.5, 0, 0, -20], [0, 0.25, 3, 5], [0, 0, 0, 1]])

LABELS = hnp.arrays(
    st.sampled_from([np.uint8, np.int16, np.uint16, np.int32, np.int64]),
    hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5),
    elements=st.integers(0, 5),
)


def block():
    """A 4x4x4 array: label 1 in the first layer along x, label 2 in the last."""
    array = np.zeros((4, 4, 4), np.uint8)
    array[0], array[3] = 1, 2
    return array


def two_sided_entries():
    return (LabelEntry(1, LEFT, "area left", None, "left"), LabelEntry(2, RIGHT, "area right", None, "right"))


def two_sided(space=SPACE, entries=None, array=None):
    entries = entries or two_sided_entries()
    volume = Volume(block() if array is None else array, AFFINE, space, "a space", "labelled", parcellation="an atlas")
    return LabelMap(volume, entries)


@pytest.mark.parametrize("module", [label_index, label_map, packages, volume], ids=lambda m: m.__name__)
def test_examples_in_docstrings_run(module):
    """Every example gives what it says, with nothing but its own imports."""
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@given(LABELS)
def test_the_index_says_what_numpy_says(array):
    """For every label: its voxels, count, mask, centroid and box are those of the plain definition."""
    for order in "CF":
        index = LabelIndex.of(np.asarray(array, order=order))
        assert index.labels.tolist() == [v for v in np.unique(array).tolist() if v != 0]
        centroids = index.centroids()
        low, high = index.boxes(index.coordinates())
        for row, label in enumerate(index.labels.tolist()):
            mine = np.argwhere(array == label)
            assert index.counts[row] == len(mine)
            assert np.array_equal(index.mask([label]), (array == label).astype(np.uint8))
            assert np.allclose(centroids[row], mine.mean(axis=0))
            assert np.array_equal(low[row], mine.min(axis=0))
            assert np.array_equal(high[row], mine.max(axis=0))


@given(LABELS, st.sets(st.integers(1, 6), min_size=1))
def test_a_mask_of_several_labels_is_their_union(array, wanted):
    """Cutting out labels together gives 1 where any of them is, in the type and shape that are promised."""
    mask = LabelIndex.of(array).mask(wanted)
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, np.isin(array, list(wanted)).astype(np.uint8))


@given(LABELS.filter(lambda a: a.any()), st.sampled_from([AFFINE, OBLIQUE]))
def test_measures_in_mm_are_those_of_the_definition(array, affine):
    """Centroid, box, volume and the table of all labels agree with voxels put through the affine one by one."""
    label_map = LabelMap(Volume(array, affine, SPACE, kind="labelled"))
    for row in label_map.measure():
        mask = label_map.mask(row.label)
        centres = np.argwhere(array == row.label) @ affine[:3, :3].T + affine[:3, 3]
        steps = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])
        corners = (centres[:, None] + steps @ affine[:3, :3].T).reshape(-1, 3)
        assert np.allclose(mask.centroid(), centres.mean(axis=0))
        assert np.allclose((row.x, row.y, row.z), mask.centroid())
        assert np.allclose(mask.bounding_box(), [corners.min(axis=0), corners.max(axis=0)])
        assert np.allclose(
            [row.x_min, row.y_min, row.z_min, row.x_max, row.y_max, row.z_max], mask.bounding_box().ravel()
        )
        assert mask.volume_mm3() == pytest.approx(len(centres) * abs(np.linalg.det(affine)))
        assert row.voxels == len(centres)
        assert row.volume == pytest.approx(mask.volume_mm3())


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int8, np.int16, np.int64, np.float32, np.float64, np.bool_]),
        (2, 3, 4),
        elements=st.integers(0, 1),
    ),
    hnp.arrays(np.float32, (3,), elements=st.floats(-200, 200, width=32)),
    st.sampled_from([".nii", ".nii.gz"]),
)
def test_saving_and_reading_gives_the_same_volume(tmp_path_factory, array, offset, ending):
    """Voxels and affine come back from a file, and nibabel reads the same from it."""
    affine = AFFINE.copy()
    affine[:3, 3] = offset
    path = Volume(array, affine, SPACE).save(tmp_path_factory.mktemp("volume") / f"a{ending}")
    image = nib.load(path)
    assert np.array_equal(np.asarray(image.dataobj), array)
    assert np.array_equal(image.affine, affine)
    assert image.header.get_xyzt_units()[0] == "mm"


def test_files_are_the_same_every_time(tmp_path):
    """Equal volumes give equal bytes; the gzip header holds neither a time nor a name."""
    first, second = (two_sided().mask(LEFT).save(tmp_path / name) for name in ("one.nii.gz", "two.nii.gz"))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[3] == 0
    assert first.read_bytes()[4:8] == b"\0\0\0\0"
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["one.nii.gz", "two.nii.gz"]


def test_space_and_provenance_travel_in_the_file(tmp_path):
    """A saved mask says in its header which space it is in and how it was made."""
    label_map = two_sided()
    path = label_map.mask([LEFT, RIGHT]).save(tmp_path / "mask.nii")
    header = nib.load(path).header
    note = json.loads(header.extensions[0].get_content())
    assert note["space"] == SPACE
    assert note["derivation"] == ["voxels with label 1 (area left), label 2 (area right)"]
    assert (int(header["sform_code"]), int(header["qform_code"]), header.get_intent()[0]) == (4, 4, "label")


def test_shears_are_kept_by_the_sform(tmp_path):
    """An affine that a quaternion cannot hold is stored as sform only, so no reader sees another one."""
    sheared = AFFINE.copy()
    sheared[0, 1] = 0.5
    header = nib.load(Volume(block(), sheared, ELSEWHERE).save(tmp_path / "a.nii")).header
    assert np.allclose(header.get_sform(), sheared)
    assert (int(header["sform_code"]), int(header["qform_code"])) == (2, 0)


@pytest.mark.parametrize("name", ["mask.mgz", "mask", "nowhere/mask.nii"])
def test_a_file_that_cannot_be_written_is_named(tmp_path, name):
    """A wrong ending and a missing folder end in an error that names the file, and leave nothing behind."""
    with pytest.raises(BadVolume, match="mask"):
        two_sided().mask(LEFT).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_labels_too_large_for_nifti_are_refused():
    """64-bit values that fit no common type are an error instead of another number."""
    with pytest.raises(BadVolume, match="32 bits"):
        Volume(np.full((1, 1, 1), 2**40), AFFINE, SPACE).to_nibabel()


def test_a_volume_cannot_be_changed():
    """Neither the array, nor the affine, nor a field can be set; the caller's own array stays writeable."""
    array = block()
    volume = Volume(array, AFFINE, SPACE)
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 9
    with pytest.raises(ValueError, match="read-only"):
        volume.affine[0, 0] = 9
    with pytest.raises(AttributeError):
        volume.space = ELSEWHERE
    array[0, 0, 0] = 9
    assert volume.unit == "mm"
    assert volume.shape == (4, 4, 4)
    assert volume.voxel_size == (2.0, 2.0, 3.0)


def test_a_volume_goes_through_pickle():
    """Volumes can be sent to other processes."""
    volume = pickle.loads(pickle.dumps(two_sided().volume))
    assert np.array_equal(volume.array, block())
    assert volume.space == SPACE


@pytest.mark.parametrize(
    ("array", "affine"),
    [
        (np.zeros((2, 2)), AFFINE),
        (np.zeros((2, 2, 2, 2)), AFFINE),
        (np.zeros((0, 2, 2)), AFFINE),
        (block(), np.eye(3)),
        (block(), np.zeros((4, 4))),
        (block(), np.full((4, 4), np.nan)),
    ],
)
def test_what_is_not_a_volume_is_refused(array, affine):
    """Three dimensions and an affine that can be inverted are needed."""
    with pytest.raises(BadVolume):
        Volume(array, affine, SPACE)


def test_an_empty_volume_has_no_centre():
    """A centroid of nothing is an error, not a NaN; its volume is zero."""
    volume = Volume(np.zeros((2, 2, 2)), AFFINE, SPACE)
    assert volume.volume_mm3() == 0
    for ask in (volume.centroid, volume.bounding_box):
        with pytest.raises(LabelMismatch, match="zero"):
            ask()


def test_a_mask_says_what_it_is():
    """A mask carries name, space, parcellation, colour and the steps from the file to it."""
    entry = LabelEntry(1, LEFT, "area left", "#C5EEFF", "left")
    mask = two_sided(entries=(entry,)).mask(LEFT)
    assert (mask.kind, mask.name, mask.parcellation, mask.color) == ("mask", "area left", "an atlas", "#C5EEFF")
    assert mask.space == SPACE
    assert mask.provenance == Provenance(derivation=("voxels with label 1 (area left)",))
    assert mask.array.dtype == np.uint8
    assert np.array_equal(mask.array, block() == 1)


@pytest.mark.parametrize("asked", [LEFT, [LEFT], (1,), 1, np.int64(1), [LEFT, 1]])
def test_regions_and_labels_can_be_asked_for(asked):
    """A region, its label, or several of them together, give the same voxels."""
    assert np.array_equal(two_sided().mask(asked).array, block() == 1)


def test_regions_with_several_labels_are_whole():
    """A region that two labels stand for is cut out with both (siibra's amygdala CM has three)."""
    label_map = two_sided(entries=(LabelEntry(1, LEFT), LabelEntry(2, LEFT)))
    assert label_map.labels_of(LEFT) == (1, 2)
    mask = label_map.mask(LEFT, name="area")
    assert np.array_equal(mask.array, block() != 0)
    assert mask.name == "area"


@pytest.mark.parametrize(
    ("asked", "says"), [([], "no region"), (RIGHT + "x", "shows no region"), (7, "no voxel"), ([LEFT, 0], "no voxel")]
)
def test_what_is_not_in_the_map_is_refused(asked, says):
    """Nothing, an unknown region, a label without voxels and the background are errors, not empty masks."""
    with pytest.raises(LabelMismatch, match=says):
        two_sided().mask(asked)


def test_the_census_names_both_sides():
    """Declared labels without voxels and voxels without a region are both named."""
    entries = (LabelEntry(1, LEFT, "area left"), LabelEntry(9, RIGHT, "area right"), LabelEntry(2, None, "vermis"))
    census = two_sided(entries=entries).census()
    assert [e.name for e in census.declared] == ["area left", "area right"]
    assert [e.label for e in census.present] == [1, 2]
    assert [e.name for e in census.missing] == ["area right"]
    assert [e.name for e in census.undeclared] == ["vermis"]
    assert "1 without a voxel: 9 area right" in str(census)
    assert "1 without a region: 2 vermis" in str(census)


def test_a_check_refuses_declared_labels_without_voxels():
    """A missing label is an error that names it."""
    entries = (LabelEntry(1, LEFT, "area left"), LabelEntry(9, RIGHT, "area right"))
    with pytest.raises(LabelMismatch, match="area right") as caught:
        two_sided(entries=entries).check()
    assert caught.value.labels == (9,)


def test_a_check_refuses_swapped_hemispheres():
    """A left region at x > 0 is an error where x = 0 is known to separate the hemispheres, and only there."""
    swapped = (LabelEntry(1, LEFT, "a", None, "right"), LabelEntry(2, RIGHT, "b", None, "left"))
    with pytest.raises(LabelMismatch, match="other side") as caught:
        two_sided(entries=swapped).check()
    assert caught.value.labels == (1, 2)
    two_sided(ELSEWHERE, swapped).check()
    two_sided().check()


def test_a_flipped_affine_is_caught():
    """Where the x axis of the array runs to the left, sides are judged by place in mm, not in the array."""
    flipped = np.diag([-2.0, 2, 2, 1])
    flipped[0, 3] = 4
    good = LabelMap(Volume(block()[::-1], flipped, SPACE), two_sided().labels)
    good.check()
    assert {s.fraction for s in good.sides()} == {1.0}
    with pytest.raises(LabelMismatch, match="other side"):
        LabelMap(Volume(block(), flipped, SPACE), two_sided().labels).check()


def test_sides_report_fractions():
    """Voxels at x = 0 count for neither side."""
    array = np.zeros((5, 1, 1), np.uint8)
    array[:, 0, 0] = [1, 1, 1, 1, 0]  # x = -4, -2, 0, 2
    (side,) = two_sided(array=array, entries=(LabelEntry(1, LEFT, "a", None, "left"),)).sides()
    assert (side.voxels, side.fraction, side.across) == (4, 0.5, 0.25)


def test_an_all_background_map_is_refused():
    """A label map in which nothing is labelled is an error."""
    with pytest.raises(LabelMismatch, match="background"):
        two_sided(array=np.zeros((2, 2, 2), np.uint8), entries=(LabelEntry(1, LEFT),)).check()


@pytest.mark.parametrize(
    ("array", "entries", "says"),
    [
        (block().astype(float), (LabelEntry(1, LEFT),), "integers"),
        (block(), (LabelEntry(1, LEFT), LabelEntry(1, RIGHT)), "more than one region"),
        (block(), (LabelEntry(0, LEFT, "area"),), "background"),
    ],
)
def test_labels_that_make_no_sense_are_refused(array, entries, says):
    """Labels are integers, mean one thing each, and 0 means nothing."""
    with pytest.raises(LabelMismatch, match=says):
        LabelMap(Volume(array, AFFINE, SPACE), entries)


def test_a_label_map_has_no_way_to_interpolate():
    """Labels are names: a label map offers no resampling, no arithmetic and no linear path."""
    labels = two_sided()
    public = {n for n in dir(labels) if not n.startswith("_")}
    assert {"mask", "census", "measure"} <= public
    ways = ("interpol", "resampl", "smooth", "linear", "evaluate", "warp", "array", "values")
    assert not [n for n in public if any(way in n for way in ways)]
    for meet in (operator.add, operator.sub, operator.mul, operator.truediv, operator.lt, operator.matmul):
        with pytest.raises(TypeError):
            meet(labels, labels)


def test_representations_name_the_facts():
    """The text and HTML forms of a mask say region, parcellation, space, grid and how it was made."""
    mask = two_sided().mask(LEFT)
    text = mask._repr_html_()
    for fact in ("area left", "an atlas", "a space", "4 x 4 x 4 of 2 x 2 x 3 mm", "voxels with label 1"):
        assert fact in text
    assert "data:image/png;base64," in text
    assert "mask 'area left' 4x4x4 uint8" in repr(mask)
    assert repr(two_sided()) == "<LabelMap an atlas in a space, 2 labels of 2 regions, 4x4x4 voxels>"
    assert two_sided()._repr_html_().count("<img") == 1


def test_hostile_names_are_escaped_in_html():
    """A name cannot bring markup into a notebook."""
    volume = Volume(block(), AFFINE, SPACE, name="<script>alert(1)</script>", kind="mask")
    assert "<script>" not in volume._repr_html_()


def test_a_map_of_real_size_is_indexed_whole():
    """Seven million random labels: every voxel is in the index once, and a mask is what a comparison gives."""
    array = np.asfortranarray(np.random.default_rng(0).integers(0, 117, (181, 217, 181), dtype=np.uint8))
    index = LabelIndex.of(array)
    assert index.labels.tolist() == list(range(1, 117))
    assert np.array_equal(index.counts, np.bincount(array.ravel(order="K"), minlength=117)[1:])
    assert np.array_equal(index.mask([41]), array == 41)


def test_maps_are_asked_as_in_siibra():
    """``map.assign`` and ``map.sample_locations`` give what the functions give."""
    from siibra_kg.volumes.assign import assign
    from siibra_kg.volumes.sampling import sample_locations

    space, region = IRI("https://example.org/space"), IRI("https://example.org/region")
    block = np.zeros((6, 6, 6), np.uint8)
    block[1:5, 1:5, 1:5] = 7
    mapped = LabelMap(Volume(block, np.eye(4), space, kind="labelled"), (LabelEntry(7, region, "a region"),))
    points = np.array([[2.0, 2, 2], [0, 0, 0], [9, 9, 9]])
    rows = mapped.assign(points, space=space)
    assert rows.equals(assign(mapped, points, space=space))
    assert rows["region"].notna().tolist() == [True, False, False]
    assert rows["inside"].tolist() == [True, True, False]
    drawn = mapped.sample_locations(region, 5, seed=3)
    assert np.array_equal(drawn.array, sample_locations(mapped, region, 5, 3).array)
    assert mapped.assign(drawn)["region"].tolist() == ["a region"] * 5
