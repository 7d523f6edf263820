"""Damaged files by the thousand: each is read, or refused with a reason; nothing else happens, and memory is bounded.

The seed is fixed, so a run is the same everywhere; ``pytest -s`` prints how often each thing happened.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import resource
import struct
import sys
import tracemalloc
import warnings
import zipfile
import zlib
from collections import Counter

import nibabel as nib
import nibabel.freesurfer as fs
import numpy as np
import pytest

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.files import freesurfer, gifti
from siibra_kg.volumes.files.nifti import NiftiFile
from siibra_kg.volumes.files.opened import Content, opened

LIMIT = 2**22
AFFINE = np.array([[-2.0, 0, 0, 4], [0, 2, 0, -6], [0, 0, 2, -3], [0, 0, 0, 1]])
# Offset and format of the fields of a NIfTI-1 header that decide how a file is read.
FIELDS = {
    **{f"dim[{n}]": (40 + 2 * n, "h") for n in range(8)},
    **{f"pixdim[{n}]": (76 + 4 * n, "f") for n in range(8)},
    **{f"srow[{n}]": (280 + 4 * n, "f") for n in range(12)},
    **{f"quatern[{n}]": (256 + 4 * n, "f") for n in range(3)},
    "sizeof_hdr": (0, "i"),
    "datatype": (70, "h"),
    "bitpix": (72, "h"),
    "vox_offset": (108, "f"),
    "scl_slope": (112, "f"),
    "scl_inter": (116, "f"),
    "xyzt_units": (123, "b"),
    "qform_code": (252, "h"),
    "sform_code": (254, "h"),
}
EXTREMES = {
    "h": (0, 1, -1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 512, 768, 1024, 32767, -32768),
    "i": (0, 348, 540, -1, 2**31 - 1, -(2**31)),
    "b": (0, 1, 2, 3, 4, 8, 127, -128),
    "f": (0.0, -0.0, 1.0, -1.0, 0.5, 348.0, 352.0, 353.5, 1e-38, 1e9, 3e38, -3e38, np.inf, -np.inf, np.nan),
}


def seeds():
    """Give files that are right: types, byte orders, scales, a stack, and NIfTI-2."""
    rng = np.random.default_rng(11)
    found = []
    for dtype, shape in (("u1", (5, 4, 3)), (">i2", (4, 4, 4)), ("<f4", (3, 3, 3)), ("<i2", (3, 4, 2, 5))):
        array = rng.integers(0, 100, shape).astype(dtype)
        image = nib.Nifti1Image(array, AFFINE, nib.Nifti1Header(endianness=">" if dtype.startswith(">") else "<"))
        image.header.set_data_dtype(np.dtype(dtype))
        image.set_sform(AFFINE, 2)
        image.set_qform(AFFINE, 2)
        found.append(image.to_bytes())
    scaled = nib.Nifti1Image(rng.normal(size=(4, 3, 2)), AFFINE)
    scaled.set_data_dtype(np.int16)
    return [*found, scaled.to_bytes(), nib.Nifti2Image(np.ones((3, 3, 3), np.uint8), AFFINE).to_bytes()]


def mutated(data, random_):
    """Damage a file: bytes of its header, fields set to what nobody expects, or its end cut off."""
    content = bytearray(data)
    what = random_.random()
    if what < 0.45:
        for _ in range(random_.randint(1, 8)):
            content[random_.randrange(min(len(content), 352))] = random_.randrange(256)
    elif what < 0.9:
        order = random_.choice("<>") if random_.random() < 0.1 else "<" if content[0] else ">"
        for at, kind in random_.choices(list(FIELDS.values()), k=random_.randint(1, 4)):
            struct.pack_into(order + kind, content, at, random_.choice(EXTREMES[kind]))
    else:
        del content[random_.randrange(len(content)) :]
        content += bytes(random_.choice((0, 0, 1, 100, 2**21)))
    return bytes(content)


def packed(data, random_):
    """Give a file plain, or gzipped and perhaps damaged once more."""
    if random_.random() < 0.9:
        return io.BytesIO(data), len(data)
    content = bytearray(gzip.compress(data, 1, mtime=0))
    if random_.random() < 0.5:
        content[random_.randrange(len(content))] = random_.randrange(256)
    # As `opened` does: what has another start than gzip's would be read as it is.
    stream = gzip.GzipFile(fileobj=io.BytesIO(content))
    return stream, 1032 * len(content) + 4096


def reason(error):
    """Give the kind of a refusal: its words without numbers."""
    words = re.sub(r"\([^)]*\)|'[^']*'|-?[\d.,]+(e[+-]?\d+)?|inf|nan|\[.*\]", " ", error.reason)
    return " ".join(words.split()[:7])


def fuzz(count, seed, shout=print):
    """Read damaged files and count what happens; anything but a read or a refusal is an error of its own."""
    random_, outcomes = random.Random(seed), Counter()
    good = seeds()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(count):
            stream, most = packed(mutated(random_.choice(good), random_), random_)
            outcomes[_outcome(stream, most)] += 1
    shout(f"\n{count:,} files:")
    for what, times in outcomes.most_common():
        shout(f"{times:8,}  {what}")
    return outcomes


def _outcome(stream, most):
    try:
        file = NiftiFile(Content(stream, "fuzz.nii", most))
        array = file.array(0, max_bytes=LIMIT)
    except BadVolume as error:
        assert "fuzz.nii" in str(error)  # noqa: PT017  of every one
        return f"refused: {reason(error)}"
    except (OSError, EOFError, zlib.error) as error:
        # `opened` makes a BadVolume of these; here there is no file to open. They are what gzip raises.
        assert isinstance(stream, gzip.GzipFile)
        return f"refused: cannot be read ({type(error).__name__})"
    assert array.shape == file.header.shape
    assert array.nbytes <= LIMIT
    assert array.dtype.kind in "iuf"
    assert np.isfinite(file.header.affine).all()
    assert len(file.sha256) == 64
    return "read"


def test_thousands_of_damaged_files_are_read_or_refused():
    """4,000 of them, in seconds; the long test has 100,000."""
    tracemalloc.start()
    outcomes = fuzz(4000, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(outcomes.values()) == 4000
    assert len(outcomes) > 10
    assert outcomes["read"] > 400
    assert peak < 4 * LIMIT + 2**23


@pytest.mark.long
def test_a_hundred_thousand_damaged_files_are_read_or_refused():
    """The same with another seed; the process does not grow by more than some arrays."""
    fuzz(500, 2, lambda *_: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = fuzz(100_000, 3)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    print(f"the process grew by {grown / 2**20:.0f} MB")
    assert sum(outcomes.values()) == 100_000
    assert grown < 2**26


def test_the_counts_are_the_same_in_every_run():
    """The seed decides, not the hash of strings or the time of day."""
    assert fuzz(300, 7, lambda *_: None) == fuzz(300, 7, lambda *_: None)


def _bytes_changed(data, random_, most=6):
    content = bytearray(data)
    for _ in range(random_.randint(1, most)):
        at = random_.randrange(len(content))
        content[at] = random_.choice((random_.randrange(256), 0, 255, ord("<"), ord("&"), ord("9")))
    if random_.random() < 0.2:
        del content[random_.randrange(len(content)) :]
    return bytes(content)


def _other(tmp_path):
    """Give good files of the other formats, and how each is read."""
    points = nib.gifti.GiftiDataArray(np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32), "pointset")
    labels = nib.gifti.GiftiDataArray(np.arange(9, dtype=np.int32), "label", encoding="ASCII")
    xml = nib.gifti.GiftiImage(darrays=[points, labels]).to_xml()
    fs.write_geometry(tmp_path / "lh.pial", np.ones((4, 3)), np.array([[0, 1, 2], [1, 2, 3]]))
    table = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 0, 0]], np.int32)
    fs.write_annot(tmp_path / "lh.annot", np.array([0, 1, 1, -1]), table, [b"a", b"b"], fill_ctab=True)
    fs.write_morph_data(tmp_path / "lh.curv", np.arange(4.0))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("folder/a.nii", seeds()[0])
        file.writestr("b.nii.gz", gzip.compress(seeds()[1]))

    def member(path):
        with opened(path, "a.nii") as content:
            NiftiFile(content).array(max_bytes=LIMIT)

    return {
        "GIFTI": (xml, lambda path: gifti.read(path, LIMIT)),
        "geometry": ((tmp_path / "lh.pial").read_bytes(), lambda path: freesurfer.geometry(_all(path), str(path))),
        "annotation": ((tmp_path / "lh.annot").read_bytes(), lambda path: freesurfer.annotation(_all(path), str(path))),
        "values": ((tmp_path / "lh.curv").read_bytes(), lambda path: freesurfer.morphometry(_all(path), str(path))),
        "zip": (archive.getvalue(), member),
    }


def _all(path):
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["GIFTI", "geometry", "annotation", "values", "zip"])
def test_the_other_formats_are_read_or_refused_too(tmp_path, kind):
    """1,500 damaged files of each; a file of random bytes now and then."""
    data, read = _other(tmp_path)[kind]
    random_, outcomes, path = random.Random(5), Counter(), tmp_path / "fuzz.file"
    for _ in range(1500):
        noise = random_.random() < 0.05
        path.write_bytes(random_.randbytes(random_.randrange(1, 600)) if noise else _bytes_changed(data, random_))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(path)
            outcomes["read"] += 1
        except BadVolume as error:
            outcomes[f"refused: {reason(error)}"] += 1
    print(f"\n{kind}: {outcomes.most_common(8)}")
    assert sum(outcomes.values()) == 1500
