"""Tables out of files: what each dialect means, beside pandas; and every way in which a file can be something else."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular import Column, Dialect, Format, read_frame, read_matrix
from siibra_kg.tabular.compressed import gunzip

FINGERPRINT = Format(
    Dialect("\t", header=1),
    (
        Column("receptor", 0, ("receptor label",), "string"),
        Column("mean", 1, ("density (mean)",)),
        Column("std", 2, ("density (sd)",)),
        Column("unit", -1, datatype="string"),
    ),
)
HEAD = "receptor label\tdensity (mean)\tdensity (sd)\tdensity (unit)\n"
NUMBERS = Format(Dialect(","))


def frame(text, form=NUMBERS):
    return read_frame(text.encode(), form, name="t")


def matrix(text, form=NUMBERS, **more):
    return read_matrix(text.encode(), form, name="t", **more)


# ------------------------------------------------------------------------------------------------------ what is read


def test_described_columns_are_found_by_title_then_by_position():
    moved = "density (mean)\treceptor label\tdensity (sd)\tx\tdensity (unit)\n5\tAMPA\t1\t?\tfmol/mg\n"
    found = frame(moved, FINGERPRINT)
    assert list(found.columns) == ["receptor", "mean", "std", "unit"]
    assert found.iloc[0].tolist() == ["AMPA", 5.0, 1.0, "fmol/mg"]
    assert found.attrs["notes"] == []
    renamed = frame("r\tm\ts\tu\nAMPA\t5\t1\tfmol/mg\n", FINGERPRINT)
    assert renamed.iloc[0].tolist() == ["AMPA", 5.0, 1.0, "fmol/mg"]
    assert renamed.attrs["notes"][1] == "mean: taken from column 1, 'm'; none is 'density (mean)'"


def test_titles_may_stand_in_a_comment():
    form = Format(Dialect(" ", comment="#"), (Column("y", 1, ("y",)), Column("layer", 2, ("layer",), "integer")))
    found = frame("# x layer y\n1.5 1.000e+00 7\n2.5 2 8\n", form)
    assert found["layer"].tolist() == [1, 2]
    assert found["y"].tolist() == [7.0, 8.0]


def test_cells_without_a_value_are_nan_and_noted():
    found = frame(HEAD + "AMPA\t5\t1\tfmol/mg\nkainate\t\t\tfmol/mg\nM1\tnan\tinf\tfmol/mg\n", FINGERPRINT)
    np.testing.assert_array_equal(found["mean"], [5, np.nan, np.nan])
    assert found.attrs["notes"] == [
        "mean: 1 of 3 cells has no value",
        "mean: 1 of 3 cells is not finite",
        "std: 1 of 3 cells has no value",
        "std: 1 of 3 cells is not finite",
    ]


def test_whole_numbers_and_texts_keep_their_kind():
    form = Format(Dialect(","), (Column("n", 0, datatype="integer", null=("", "-")), Column("t", 1, datatype="string")))
    found = frame("1.000e+00,I\n-,\n7,infra  \n", form)
    assert found["n"].tolist() == [1, pd.NA, 7]
    assert found["t"].tolist() == ["I", None, "infra"]
    with pytest.raises(BadTable, match=r"t, line 2: '1.5' is no whole number \(n\)"):
        frame("1,a\n1.5,b\n", form)


def test_undescribed_columns_keep_their_titles():
    found = frame('name,"mean, all",n\n"a ""b""",1.5,3\n"two\nlines",,4\n', Format(Dialect(",", header=1)))
    assert found.columns.tolist() == ["name", "mean, all", "n"]
    assert found["name"].tolist() == ['a "b"', "two\nlines"]
    np.testing.assert_array_equal(found["mean, all"], [1.5, np.nan])


def test_a_column_can_name_the_rows():
    form = Format(Dialect(";", header=1, index_column=0))
    found = frame("region;a;b\nx;1;2\ny;3;4\n", form)
    assert found.index.tolist() == ["x", "y"]
    assert found.columns.tolist() == ["a", "b"]
    np.testing.assert_array_equal(matrix("region;a;b\nx;1;2\ny;3;4\n", form), [[1, 2], [3, 4]])


# The decoders of the pinned siibra-configurations, which siibra hands to pandas as they are.
DECODERS = [
    ({"delimiter": "  ", "engine": "python", "header": None, "index_col": False}, Dialect("  ")),
    ({"delimiter": r"\s+", "engine": "python", "header": None, "index_col": False}, Dialect(r"\s+")),
    ({"delimiter": " ", "engine": "python", "header": None, "index_col": False}, Dialect(" ")),
    ({"delimiter": ",", "engine": "python", "header": None, "index_col": False}, Dialect(",")),
    (
        {"delimiter": ";", "header": None, "skiprows": 1, "engine": "python", "index_col": False},
        Dialect(";", skip_rows=1),
    ),
    (
        {
            "delimiter": " ",
            "engine": "python",
            "header": None,
            "index_col": False,
            "skiprows": 8,
            "compression": "gzip",
        },
        Dialect(" ", skip_rows=8, compression="gzip"),
    ),
]


@pytest.mark.parametrize(("decoder", "dialect"), DECODERS, ids=lambda value: str(value)[:40])
@given(
    values=arrays.arrays(
        np.float64, arrays.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(allow_nan=False)
    )
)
def test_decoders_of_siibra_give_what_pandas_gives(decoder, dialect, values):
    """The numbers that were written, to the last bit; and those that siibra reads."""
    between = decoder["delimiter"].replace(r"\s+", "\t ")
    lines = [f"a line of words {i}" for i in range(decoder.get("skiprows", 0))]
    text = "\n".join([*lines, *(between.join(map(repr, row)) for row in values.tolist())]) + "\n"
    data = gzip.compress(text.encode()) if "compression" in decoder else text.encode()
    found = read_matrix(data, Format(dialect), name="t")
    np.testing.assert_array_equal(found, values)
    peer = pd.read_csv(io.BytesIO(data), **decoder).to_numpy()
    np.testing.assert_array_equal(found, peer.astype(np.float64))


def test_how_many_blanks_there_are_means_nothing():
    """MATLAB pads numbers; siibra, told of two blanks, reads the same."""
    text = "   1.0000000e+00  -2.0000000e+00\n  -3.0000000e+00   4.0000000e+00  \n"
    for delimiter in (" ", "  ", r"\s+"):
        np.testing.assert_array_equal(matrix(text, Format(Dialect(delimiter))), [[1, -2], [-3, 4]])
    siibra = pd.read_csv(io.StringIO(text), delimiter="  ", engine="python", header=None, index_col=False)
    np.testing.assert_array_equal(siibra.to_numpy(), [[1, -2], [-3, 4]])


def test_numbers_are_the_nearest_there_are():
    """Among them NaN, infinities, and decimals that quick parsers get wrong in the last bit."""
    texts = [
        "8.988465674311582e307",
        "2.2250738585072011e-308",
        "0.1",
        "6.02214076E+23",
        "-0",
        "9007199254740993",
        ".5",
        "5.",
    ]
    np.testing.assert_array_equal(matrix(",".join(texts)), [[float(text) for text in texts]])
    np.testing.assert_array_equal(matrix("nan,-inf\n 1 ,Infinity\n"), [[np.nan, -np.inf], [1, np.inf]])


def test_a_delimiter_at_the_end_of_each_line_is_no_column():
    np.testing.assert_array_equal(matrix("1,2,\n3,4,\n"), [[1, 2], [3, 4]])
    with pytest.raises(BadTable, match="a cell is empty"):
        matrix("1,2,\n3,4,5\n")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "﻿"])
def test_line_endings_and_byte_order_marks_mean_nothing(ending, start):
    text = start + ending.join(["1,2", "", "3,4", ",", ""])
    np.testing.assert_array_equal(matrix(text), [[1, 2], [3, 4]])


def test_another_encoding():
    form = Format(Dialect(",", header=1, encoding="latin-1"))
    assert read_frame("área,x\nñ,1\n".encode("latin-1"), form, name="t")["área"].tolist() == ["ñ"]
    with pytest.raises(BadTable, match=r"t, line 2: it is no text in utf-8"):
        read_frame("a,x\nñ,1\n".encode("latin-1"), NUMBERS, name="t")
    with pytest.raises(BadTable, match="the encoding 'klingon' is not known"):
        frame("1", Format(Dialect(encoding="klingon")))


# --------------------------------------------------------------------------------------------- what is something else

BAD = {
    "empty": ("", "it is empty"),
    "blank": (" \n\n", "it is empty"),
    "a page": ("<!DOCTYPE html><html>sign in</html>", "a web page.*in a browser"),
    "a page after blanks": ("\n <HTML>", "a web page"),
    "semicolons": ("1;2\n3;4\n", "'1;2' is no number.*',' stands between cells, but it looks like ';'"),
    "tabs": ("1\t2\n3\t4\n", "is no number.*looks like a tab"),
    "blanks between": ("1 2\n3 4\n", "is no number.*looks like a blank"),
    "short row": ("1,2\n3\n", r"t, line 2: 1 cells, but 2 cells in the first row"),
    "long row": ("1,2\n3,4,5\n", r"t, line 2: 3 cells, but 2"),
    "words": ("1,2\n3,n/a\n", r"t, line 2: 'n/a' is no number \(column 1\)"),
    "hole": ("1,,2\n3,4,5\n", r"t, line 1: a cell is empty"),
    "comma": ('"1,5","2,5"\n', "'1,5' is no number.*a point has to stand before decimals"),
    "truth": ("True,False\n", "'True' is no number"),
    "underscore": ("1_000,2\n", "'1_000' is no number"),
    "other digits": ("١,2\n", "is no number"),
    "hexadecimal": ("0x10,2\n", "'0x10' is no number"),
    "zero bytes": ("1,2\0\n", "zero bytes"),
    "open quote": ('1,"2\n3,4\n', "quotes are wrong"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_such_matrix_is_refused(kind):
    text, said = BAD[kind]
    with pytest.raises(BadTable, match=said):
        matrix(text)


FRAMES = {
    "wrong delimiter": (HEAD.replace("\t", ";") + "AMPA;5;1;x\n", r"there is no column|cells, but|would be the same"),
    "titles alone": (HEAD, "it has no rows"),
    "short row": (HEAD + "AMPA\t5\t1\n", r"t, line 2: 3 cells, but 4 titles"),
    "long row": (HEAD + "AMPA\t5\t1\tx\ty\n", r"t, line 2: 5 cells, but 4 titles"),
    "text": (HEAD + "AMPA\thigh\t1\tx\n", r"t, line 2: 'high' is no number \(mean\)"),
    "two columns": ("a\tb\nAMPA\t5\n", r"there is no column 2 for std: it has 2"),
    "unclosed": (HEAD + 'AMPA\t5\t1\t"x\nM1\t5\t1\tx\n', r"quotes are wrong"),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_file_that_is_no_such_table_is_refused(kind):
    text, said = FRAMES[kind]
    with pytest.raises(BadTable, match=said):
        frame(text, FINGERPRINT)


def test_the_delimiter_that_is_there_is_named():
    with pytest.raises(BadTable, match="says that a tab stands between cells, but it looks like ';'"):
        frame("a;b\n1;2;3\n1\t2\n", Format(Dialect("\t", header=1)))
    with pytest.raises(BadTable, match="looks like ';'"):  # blanks inside of titles are none
        frame(HEAD.replace("\t", ";"), FINGERPRINT)


def test_dialects_that_are_not_known_are_refused():
    with pytest.raises(BadTable, match="the delimiter '::' is not known"):
        matrix("1::2", Format(Dialect("::")))
    with pytest.raises(BadTable, match="the compression 'rar' is not known"):
        matrix("1", Format(Dialect(compression="rar")))
    with pytest.raises(BadTable, match="of the kind 'xlsx' are not known"):
        matrix("1", Format(kind="xlsx"))


def test_the_shape_is_borne_out():
    assert matrix("1,2\n3,4\n", shape=(2, 2)).shape == (2, 2)
    with pytest.raises(BadTable, match="it has 2 x 2 cells, not 3 x 3"):
        matrix("1,2\n3,4\n", shape=(3, 3))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_refused(data):
    for form in (
        NUMBERS,
        FINGERPRINT,
        Format(Dialect(" ", compression="gzip")),
        Format(kind="npy"),
        Format(kind="mat"),
    ):
        for read in (read_frame, read_matrix):
            with suppress(BadTable):
                read(data, form, name="t")


# ------------------------------------------------------------------------------------------------------------- limits


def test_nothing_larger_than_allowed_is_read_or_unpacked(tmp_path):
    bomb = gzip.compress(b"0 " * 10_000_000)
    form = Format(Dialect(" ", compression="gzip"))
    with pytest.raises(BadTable, match=r"more than 1,000,000 bytes when unpacked.*max_bytes"):
        read_matrix(bomb, form, name="t", max_bytes=1_000_000)
    path = tmp_path / "large.csv"
    path.write_bytes(b"1,2\n" * 100)
    with pytest.raises(BadTable, match="more than 99 bytes"):
        read_matrix(path, NUMBERS, name="t", max_bytes=99)
    with pytest.raises(BadTable, match=r"cannot be read: No such file"):
        read_matrix(tmp_path / "gone", NUMBERS, name="t")


def test_a_gzip_file_cut_off_anywhere_is_refused():
    whole = gzip.compress(b"1 2\n3 4\n") + gzip.compress(b"5 6\n")
    form = Format(Dialect(" ", compression="gzip"))
    np.testing.assert_array_equal(read_matrix(whole, form, name="t"), [[1, 2], [3, 4], [5, 6]])
    assert gunzip(whole + b"\0" * 100, name="t") == b"1 2\n3 4\n5 6\n"
    first = len(gzip.compress(b"1 2\n3 4\n"))
    for length in range(len(whole)):
        if length != first:  # there a whole gzip file ends
            with pytest.raises(BadTable):
                read_matrix(whole[:length], form, name="t")
    with pytest.raises(BadTable, match="damaged"):
        gunzip(whole[:-6] + b"\1" + whole[-5:], name="t")
    with pytest.raises(BadTable, match="compressed with gzip, and its description does not say so"):
        read_matrix(whole, Format(Dialect(" ")), name="t")


# ------------------------------------------------------------------------------------------------- arrays, not text


def npy(array, **more):
    file = io.BytesIO()
    np.save(file, array, **more)
    return file.getvalue()


def mat(**arrays):
    file = io.BytesIO()
    scipy.io.savemat(file, arrays, do_compression=True)
    return file.getvalue()


def test_arrays_of_numpy_and_matlab():
    values = np.arange(6, dtype=np.int16).reshape(2, 3)
    assert read_matrix(npy(values), Format(kind="npy"), name="t").tolist() == values.tolist()
    assert read_matrix(mat(sc=values, other=1), Format(kind="mat", variable="sc"), name="t").tolist() == values.tolist()
    assert read_matrix(mat(sc=values), Format(kind="mat"), name="t").dtype == np.float64
    columns = (Column("last", -1), Column("first", 0))
    assert read_frame(npy(values), Format(kind="npy", columns=columns), name="t")["last"].tolist() == [2, 5]


def test_arrays_that_are_no_tables_of_numbers_are_refused():
    for data, form, said in (
        (npy(np.array([{}]), allow_pickle=True), Format(kind="npy"), "Object arrays|object and not real"),
        (npy(np.eye(2) * 1j), Format(kind="npy"), "complex128 and not real"),
        (npy(np.zeros(3)), Format(kind="npy"), "1 dimensions, not 2"),
        (npy(np.eye(2))[:-1], Format(kind="npy"), "no array of numpy, or a damaged one"),
        (mat(a=np.eye(2), b=1), Format(kind="mat"), "2 variables, and nothing says which; name one of a, b"),
        (mat(a=np.eye(2)), Format(kind="mat", variable="sc"), "no variable 'sc'; it has a"),
        (mat(a="text"), Format(kind="mat"), "of the class char"),
        (mat(a=np.eye(2))[:-10], Format(kind="mat"), "no file of MATLAB, or a damaged one"),
        (b"\x89HDF" + b"\0" * 600, Format(kind="mat"), "MATLAB 7.3"),
    ):
        with pytest.raises(BadTable, match=said):
            read_matrix(data, form, name="t")


def test_arrays_are_measured_before_they_are_made():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**3)})
    with pytest.raises(BadTable, match="more than"):
        read_matrix(header.getvalue(), Format(kind="npy"), name="t")
    with pytest.raises(BadTable, match="more than 1,000 bytes"):
        read_matrix(mat(a=np.zeros((1000, 1000))), Format(kind="mat"), name="t", max_bytes=1000)
