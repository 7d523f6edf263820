"""FreeSurfer files: nibabel writes and reads them beside us; tkregister's coordinates are not the world's."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
import zipfile
from dataclasses import replace

import nibabel as nib
import nibabel.freesurfer as fs
import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import FetchOptions, fetch
from siibra_kg.volumes.files import freesurfer
from tests.volume_files import packaged, ref_to


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


def _fsaverage5(what="pial"):
    path = packaged("nilearn", f"nilearn/datasets/data/fsaverage5/{what}_left.gii.gz")
    points, triangles = nib.GiftiImage.from_bytes(gzip.decompress(path.read_bytes())).darrays
    return points.data, triangles.data


def volume_info(cras, *, voxel=(1.0, 1.0, 1.0), volume=(256, 256, 256), axes=None):
    """Give what FreeSurfer writes at the end of a geometry file."""
    x, y, z = axes if axes is not None else ([-1, 0, 0], [0, 0, -1], [0, 1, 0])
    return {
        "head": np.array([2, 0, 20], np.int32),
        "valid": "1  # volume info valid",
        "filename": "../mri/filled-pretess255.mgz",
        "volume": np.array(volume),
        "voxelsize": np.array(voxel),
        "xras": np.array(x, float),
        "yras": np.array(y, float),
        "zras": np.array(z, float),
        "cras": np.array(cras, float),
    }


def geometry(tmp_path, info=None, vertices=None, faces=None, name="lh.pial"):
    """Write a mesh with nibabel; give a reference to it."""
    if vertices is None:
        vertices, faces = _fsaverage5()
    fs.write_geometry(tmp_path / name, vertices, faces, create_stamp="made by a test", volume_info=info)
    return ref_to(tmp_path / name, "freesurfer-surface", variant="pial", fragment="left hemisphere")


def test_real_geometry_without_a_shift_is_that_of_the_file(tmp_path, settings):
    """fsaverage5 with c_ras 0, as fsaverage has it: what nibabel gives, in 64 bits."""
    ref = geometry(tmp_path, volume_info((0, 0, 0)))
    surface = fetch([ref], settings)
    vertices, faces = fs.read_geometry(tmp_path / "lh.pial")
    assert np.array_equal(surface.vertices, vertices)
    assert np.array_equal(surface.faces, faces)
    assert len(surface.vertices) == 10242
    assert surface.provenance.derivation == ("fragment left hemisphere",)


def test_tkregister_coordinates_are_brought_to_the_world(tmp_path, settings):
    """For a volume of 256 voxels of 1 mm it is a shift by c_ras; nibabel and siibra leave it out."""
    cras = (0.5, -17.25, 19.0)
    surface = fetch([geometry(tmp_path, volume_info(cras))], settings)
    vertices, _ = fs.read_geometry(tmp_path / "lh.pial")
    assert np.allclose(surface.vertices, vertices + cras, atol=1e-9)
    assert surface.provenance.derivation[0] == "from tkregister to world coordinates (c_ras 0.5, -17.25, 19)"


def test_a_volume_that_is_not_conformed_turns_and_scales(tmp_path, settings):
    """The matrix is that of MGH headers: voxels to scanner, after tkregister to voxels; nibabel has both."""
    turn = np.array([[0.0, 0.6, 0.8], [0.0, -0.8, 0.6], [1.0, 0, 0]])
    info = volume_info((5.0, -3.0, 8.5), voxel=(0.7, 0.8, 1.2), volume=(320, 300, 200), axes=turn)
    header = fs.MGHImage(np.zeros((320, 300, 200), np.uint8), np.eye(4)).header
    header["delta"], header["Mdc"], header["Pxyz_c"] = info["voxelsize"], turn, info["cras"]
    expected = header.get_vox2ras() @ np.linalg.inv(header.get_vox2ras_tkr())
    surface = fetch([geometry(tmp_path, info)], settings)
    vertices, _ = fs.read_geometry(tmp_path / "lh.pial")
    assert np.allclose(surface.vertices, vertices @ expected[:3, :3].T + expected[:3, 3], atol=1e-5)


def test_vertices_that_are_in_the_world_already_are_left_there(tmp_path, settings):
    """The tag useRealRAS says so; nibabel does not know it."""
    ref = geometry(tmp_path, volume_info((10, 20, 30)))
    data = (tmp_path / "lh.pial").read_bytes()
    where = data.rindex(struct.pack(">3i", 2, 0, 20))
    (tmp_path / "lh.pial").write_bytes(data[:where] + struct.pack(">3i", 2, 1, 20) + data[where + 12 :])
    surface = fetch([ref], settings)
    assert np.array_equal(surface.vertices, _fsaverage5()[0])


@pytest.mark.parametrize("info", [None, volume_info((1, 2, 3)) | {"valid": "0  # volume info invalid"}])
def test_a_file_that_does_not_say_where_it_lies_is_told(tmp_path, settings, info):
    """Old files have no volume information, and some say that theirs is not valid."""
    with pytest.warns(VolumeWarning, match="does not say which volume"):
        surface = fetch([geometry(tmp_path, info)], settings)
    assert np.array_equal(surface.vertices, _fsaverage5()[0])


NAMES = ["unknown", "bankssts", "Zungenwindung äöü", "medial"]
COLORS = np.array([[25, 5, 25, 0, 0], [25, 100, 40, 0, 0], [125, 100, 160, 0, 0], [255, 255, 255, 0, 0]])


def annot(tmp_path, labels, names=NAMES, colors=COLORS, name="lh.aparc.annot"):
    """Write labels with nibabel; give a reference."""
    table = colors.astype(np.int32).copy()
    fs.write_annot(tmp_path / name, np.asarray(labels), table, [n.encode() for n in names], fill_ctab=True)
    return ref_to(tmp_path / name, "freesurfer-annot", "labelled")


def test_annotations_have_names_and_colours(tmp_path, settings):
    """Labels are rows of the table, as nibabel and siibra have them; 0 for none."""
    labels = np.random.default_rng(1).integers(-1, 4, 500)
    ref = annot(tmp_path, labels)
    theirs, _, names = fs.read_annot(tmp_path / "lh.aparc.annot")
    surface = fetch([ref], settings)
    assert np.array_equal(surface.labels, np.maximum(theirs, 0))
    assert [n.decode() for n in names] == NAMES
    assert [(e.label, e.name, e.color) for e in surface.entries] == [
        (1, "bankssts", "#196428"),
        (2, "Zungenwindung äöü", "#7D64A0"),
        (3, "medial", "#FFFFFF"),
    ]
    region = LabelEntry(2, IRI("https://example.org/lingual"), "lingual", "#000000")
    assert fetch([replace(ref, labels=(region,))], settings).entries[1] == region


def test_annotations_in_archives_and_gzip(tmp_path, settings):
    """zip/freesurfer-annot, as siibra has it."""
    plain = fetch([annot(tmp_path, [0, 1, 2, 3])], settings)
    data = (tmp_path / "lh.aparc.annot").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("label/lh.aparc.annot", data)
    zipped = ref_to(tmp_path / "a.zip", "zip/freesurfer-annot", "labelled", member="lh.aparc.annot")
    again = fetch([zipped], settings)
    assert again.labels.tolist() == plain.labels.tolist() == [0, 1, 2, 3]
    assert again.provenance.sha256 == plain.provenance.sha256


def test_a_colour_that_is_not_in_the_table_gets_no_label(tmp_path, settings):
    """Nibabel gives it the label of the next colour that is: a vertex of nowhere becomes "medial"."""
    ref = annot(tmp_path, [1, 2, 3])
    path = tmp_path / "lh.aparc.annot"
    data = bytearray(path.read_bytes())
    struct.pack_into(">i", data, 4 + 4, 0x00A0647E)  # one more than the colour of row 2
    path.write_bytes(data)
    assert fs.read_annot(path)[0][0] == 3
    with pytest.warns(VolumeWarning, match="1 vertices of a colour"):
        assert fetch([ref], settings).labels.tolist() == [0, 2, 3]


def test_a_region_in_row_0_is_told(tmp_path, settings):
    """Row 0 is "unknown" by custom; a table that begins with a region would lose it without a word."""
    with pytest.warns(VolumeWarning, match="2 vertices of 'V1', which is row 0"):
        fetch([annot(tmp_path, [0, 0, 1], ["V1", *NAMES[1:]])], settings)


def test_two_names_of_one_colour_are_refused(tmp_path, settings):
    """Vertices know only their colour; rows that no vertex has do not matter."""
    colors = COLORS.copy()
    colors[3] = colors[1]
    assert fetch([annot(tmp_path, [2, 2], colors=colors)], settings).labels.tolist() == [2, 2]
    with pytest.raises(BadVolume, match="two names for one colour"):
        fetch([annot(tmp_path, [1, 2], colors=colors)], settings)


def test_the_first_version_of_tables_is_read(tmp_path, settings):
    """Written here by hand, read by nibabel too; rows are counted, not numbered."""
    table = b"".join(
        struct.pack(">i", len(n.encode()) + 1) + n.encode() + b"\0" + struct.pack(">4i", *c[:4])
        for n, c in zip(NAMES, COLORS.tolist(), strict=True)
    )
    values = [c[0] + (c[1] << 8) + (c[2] << 16) for c in COLORS.tolist()]
    data = struct.pack(">7i", 3, 0, values[2], 1, values[3], 2, 0)
    data += struct.pack(">3i", 1, len(NAMES), 6) + b"a.txt\0" + table
    (tmp_path / "a.annot").write_bytes(data)
    theirs, _, _ = fs.read_annot(tmp_path / "a.annot")
    surface = fetch([ref_to(tmp_path / "a.annot", "freesurfer-annot", "labelled")], settings)
    assert theirs.tolist() == [2, 3, -1]
    assert surface.labels.tolist() == [2, 3, 0]
    assert [e.name for e in surface.entries] == NAMES[1:]


def test_vertices_are_taken_by_their_number(tmp_path, settings):
    """A file may list them in any order; nibabel takes them as they come. None may be missing."""
    ref = annot(tmp_path, [1, 2, 3])
    path = tmp_path / "lh.aparc.annot"
    data = bytearray(path.read_bytes())
    first, second = data[4:12], data[12:20]
    data[4:12], data[12:20] = second, first
    path.write_bytes(data)
    assert fetch([ref], settings).labels.tolist() == [1, 2, 3]
    data[12:16] = data[4:8]
    path.write_bytes(data)
    with pytest.raises(BadVolume, match="one colour for each vertex"):
        fetch([ref], settings)


def test_values_of_vertices_new_and_old(tmp_path, settings):
    """Thickness of nilearn's fsaverage5 in today's format; hundredths in the old one."""
    path = packaged("nilearn", "nilearn/datasets/data/fsaverage5/thick_left.gii.gz")
    thick = nib.GiftiImage.from_bytes(gzip.decompress(path.read_bytes())).darrays[0].data
    fs.write_morph_data(tmp_path / "lh.thickness", thick, fnum=20480)
    ref = ref_to(tmp_path / "lh.thickness", "freesurfer-morphometry", "statistical")
    surface = fetch([ref], settings)
    assert np.array_equal(surface.values, thick)
    assert surface.values.dtype == np.float32
    (tmp_path / "old.curv").write_bytes(b"\0\0\3" + b"\0\0\1" + struct.pack(">3h", 150, -25, 0))
    old = ref_to(tmp_path / "old.curv", "freesurfer-morphometry", "statistical")
    assert np.allclose(fetch([old], settings).values, fs.read_morph_data(tmp_path / "old.curv"))
    assert fetch([old], settings).values.tolist() == [1.5, -0.25, 0]


HUGE = 2**31 - 1
BAD = {
    "empty": (b"", "empty"),
    "other": (b"solid mesh", "not a FreeSurfer|truncated"),
    "huge counts": (b"\xff\xff\xfemade\n\n" + struct.pack(">2i", HUGE, HUGE), "truncated"),
    "negative counts": (b"\xff\xff\xfemade\n\n" + struct.pack(">2i", -5, 1), "declares -5"),
    "no end of line": (b"\xff\xff\xfe" + b"x" * 10_000, "line without an end"),
    "lying faces": (
        b"\xff\xff\xfemade\n\n" + struct.pack(">2i", 1, 1) + struct.pack(">3f3i", 0, 0, 0, 0, 1, 2),
        "faces name vertices",
    ),
    "not finite": (
        b"\xff\xff\xfemade\n\n" + struct.pack(">2i", 1, 1) + struct.pack(">3f3i", np.nan, 0, 0, 0, 0, 0),
        "not finite",
    ),
    "volume": (
        b"\xff\xff\xfemade\n\n" + struct.pack(">2i3f3i", 1, 1, 0, 0, 0, 0, 0, 0) + struct.pack(">i", 20)
        + b"valid = 1\nfilename = x\nvolume = 0 0 0\nvoxelsize = 1 1 1\nxras = 1 0 0\nyras = 0 1 0\nzras = 0 0 1\n"
        b"cras = 0 0 0\n",
        "volume information",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.filterwarnings("ignore::siibra_kg.errors.VolumeWarning")
def test_bad_geometry_is_refused_in_little_memory(tmp_path, settings, kind):
    """Counts are believed only where their bytes are there."""
    data, says = BAD[kind]
    (tmp_path / "lh.bad").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(BadVolume, match=says) as caught:
        fetch([ref_to(tmp_path / "lh.bad", "freesurfer-surface")], settings)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()
    assert says == "faces name vertices" or says == "not finite" or "lh.bad" in str(caught.value)


def test_bad_annotations_and_values_are_refused(tmp_path):
    """Cut at every byte, with every count made huge: a typed error or a whole answer, never another exception."""
    annot(tmp_path, [1, 2, 3])
    data = (tmp_path / "lh.aparc.annot").read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for end in range(len(data)):
        for content in (data[:end], data[:end] + struct.pack(">i", HUGE) + data[end + 4 :]):
            try:
                freesurfer.annotation(content, "a.annot")
                outcomes["read"] += 1
            except BadVolume as error:  # noqa: PERF203
                assert "a.annot" in str(error)  # noqa: PT017  the same for all
                outcomes["refused"] += 1
    print(outcomes)
    assert outcomes["refused"] > len(data)
    for content in (b"\xff\xff\xff" + struct.pack(">3i", 5, 1, 2), b"\0\0\3\0\0\1\0", b"\xff\xff\xff\0"):
        with pytest.raises(BadVolume):
            freesurfer.morphometry(content, "lh.curv")


def test_files_are_bounded(tmp_path, settings):
    """By the number of decoded bytes, also where they are packed."""
    ref = annot(tmp_path, np.zeros(10_000, int))
    (tmp_path / "big.annot.gz").write_bytes(gzip.compress((tmp_path / "lh.aparc.annot").read_bytes()))
    for one in (ref, ref_to(tmp_path / "big.annot.gz", "freesurfer-annot", "labelled")):
        with pytest.raises(BadVolume, match="more than the 5,000"):
            fetch([one], settings, FetchOptions(max_bytes=5000))
