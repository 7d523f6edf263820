"""Features to take away, and side by side: the numbers come back, credits are there, half a file never is."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feature_files import feature, fingerprint_text, small_graph

from siibra_kg.data_errors import BadTable, CannotWrite
from siibra_kg.features.across import across
from siibra_kg.features.export import csv_text, zip_bytes
from siibra_kg.model import Region
from siibra_kg.terms import IRI

pytestmark = pytest.mark.filterwarnings("ignore:.*has no value:siibra_kg.data_errors.TableWarning")

ROWS = {"AMPA": (400.5, 40.25), "GABAA": (900.0, 0.1), "M1": ("", "")}
CREDITS = """; dcterms:license <https://creativecommons.org/licenses/by/4.0/> ;
    dcterms:references <https://doi.org/10.1000/xyz> ; dcterms:bibliographicCitation "Somebody et al., 2019" """


def graph(tmp_path, rows=None, more="", unit="fmol/mg", kind="ReceptorDensityFingerprint"):
    """Open a graph with fingerprints of two areas, "a" and "b"."""
    tables = rows or {"a": ROWS, "b": {"GABAA": (1.0, 1.0), "5-HT1A": (2.0, 1.0)}}
    turtle = ""
    for name, table in tables.items():
        path = tmp_path / f"{name}.tsv"
        path.write_text(fingerprint_text(table, unit if name == "a" else "fmol/mg"), "utf-8")
        turtle += feature(name, kind, path.as_uri(), more)
    return small_graph(tmp_path, turtle)


def members(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_csv_file_gives_the_same_numbers_again(tmp_path):
    """Every float comes back as it was; what was not measured is an empty cell."""
    found = graph(tmp_path).feature("a")
    path = found.to_csv(tmp_path / "a.csv")
    assert path.read_text("utf-8") == "receptor,mean,std\nAMPA,400.5,40.25\nGABAA,900.0,0.1\nM1,,\n"
    pd.testing.assert_frame_equal(pd.read_csv(path, index_col="receptor"), found.data, check_index_type=False)


def test_regions_are_written_by_name():
    left, right = (Region(IRI(f"urn:{side}"), f'Area "4p", {side}') for side in ("left", "right"))
    labels = pd.Index([left, (left, right), "no region"], tupleize_cols=False)
    frame = pd.DataFrame([[1.0, 2, 3], [4, 5, 6], [7, 8, np.nan]], labels, labels)
    back = pd.read_csv(io.StringIO(csv_text(frame)), index_col=0)
    expected = ['Area "4p", left', 'Area "4p", left + Area "4p", right', "no region"]
    assert list(back.index) == list(back.columns) == expected
    assert np.array_equal(back.to_numpy(), frame.to_numpy(), equal_nan=True)
    cells = pd.DataFrame({"region": pd.Series([left, (1, 2)], dtype=object), "n": [1, 2]})
    assert csv_text(cells) == 'region,n\n"Area ""4p"", left",1\n"(1, 2)",2\n'


def test_an_archive_says_all_that_is_needed(tmp_path):
    found = graph(tmp_path, more=CREDITS).feature("a")
    inside = members(found.to_zip(tmp_path / "a.zip").read_bytes())
    assert list(inside) == sorted(inside)
    assert inside["data.csv"].startswith("receptor,mean,std\n")
    assert "creativecommons.org/licenses/by/4.0" in inside["LICENSE.txt"]
    assert "Somebody et al., 2019" in inside["CITATION.txt"]
    assert "https://doi.org/10.1000/xyz" in inside["CITATION.txt"]
    assert "10.1000/xyz" in inside["CITATION.bib"]
    (source,) = json.loads(inside["sources.json"])
    assert source["url"] == (tmp_path / "a.tsv").as_uri()
    assert len(source["sha256"]) == 64
    assert "- unit: fmol/mg" in inside["README.md"]
    assert "- shape: 3 x 2" in inside["README.md"]
    assert str(found.iri) in inside["README.md"]


def test_no_licence_is_said_to_be_none(tmp_path):
    assert "No licence is stated" in members(zip_bytes(graph(tmp_path).feature("a")))["LICENSE.txt"]


def test_equal_data_is_equal_bytes(tmp_path):
    """In another process, with another hash seed, and whatever lies at the place before."""
    found = graph(tmp_path, more=CREDITS).feature("a")
    first = found.to_zip(tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(b"older")
    assert found.to_zip(tmp_path / "a.zip").read_bytes() == first
    code = f"""if True:
        import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]
        from pathlib import Path
        from test_feature_export import graph, CREDITS, zip_bytes
        sys.stdout.buffer.write(zip_bytes(graph(Path({str(tmp_path)!r}), more=CREDITS).feature("a")))
    """
    env = {**os.environ, "PYTHONHASHSEED": "3", "TZ": "Asia/Tokyo"}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=env).stdout == first


@pytest.mark.parametrize("how", ["to_csv", "to_zip"])
def test_what_cannot_be_written_leaves_nothing(tmp_path, how):
    found = graph(tmp_path).feature("a")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CannotWrite, match="nowhere"):
        getattr(found, how)(tmp_path / "nowhere" / "a")
    assert sorted(tmp_path.rglob("*")) == before
    old = tmp_path / "old"
    old.mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(CannotWrite, match="old"):
        getattr(found, how)(old)
    assert set(tmp_path.rglob("*")) == {*before, old}


def test_features_side_by_side(tmp_path):
    """All rows, NaN where one has none, and a note that says so."""
    kg = graph(tmp_path)
    with pytest.warns(match="b has no AMPA, M1"):
        table = across({name: kg.feature(name) for name in "ab"})
    assert list(table.index) == ["AMPA", "GABAA", "M1", "5-HT1A"]
    expected = [[400.5, np.nan], [900, 1], [np.nan, np.nan], [np.nan, 2]]
    assert np.array_equal(table.to_numpy(), expected, equal_nan=True)
    assert table.attrs["unit"] == "fmol/mg"
    assert [source["url"] for source in table.attrs["sources"]] == [(tmp_path / f"{n}.tsv").as_uri() for n in "ab"]
    with pytest.warns():
        pd.testing.assert_frame_equal(kg.compare(["a", kg.feature("b")]), table)
    with pytest.warns():
        spread = across({name: kg.feature(name) for name in "ab"}, "std")
    assert spread.loc["AMPA", "a"] == 40.25


def test_what_cannot_be_compared_is_said(tmp_path):
    kg = graph(tmp_path, unit="pmol/mg")
    both = {name: kg.feature(name) for name in "ab"}
    with pytest.raises(BadTable, match=r"units differ \(a: pmol/mg, b: fmol/mg\)"):
        across(both)
    with pytest.raises(BadTable, match="no column 'median'"):
        across({"a": both["a"]}, "median")
    with pytest.raises(BadTable, match="no feature"):
        across({})
