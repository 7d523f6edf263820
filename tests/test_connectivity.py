"""Connectivity: matrices of subjects, their mean and deviation, profiles, labels; beside numpy; and what is wrong."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile

import numpy as np
import pytest
from feature_graph import feature_graph
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from siibra_kg.data_errors import BadTable, TableWarning
from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.features.connectivity import RegionalConnectivity
from siibra_kg.model import Region
from siibra_kg.tabular.running import Running

NAMES = ("Area A left", "Area A right", "Area B left", "nowhere", "both halves")
#: Row -> regions. The fourth stands for none, the last for two.
REGIONS = (("a-l",), ("a-r",), ("b-l",), (), ("a-l", "a-r"))
RNG = np.random.default_rng(6)


def regions() -> str:
    named = {"a": "Area A", "a-l": "Area A left", "a-r": "Area A right", "b-l": "Area B left"}
    text = '<https://example.org/p> a skg:ParcellationRelease ; skos:prefLabel "an atlas" .\n'
    for key, name in named.items():
        up = "<https://example.org/r/a>"
        parent = f"skg:partOf {up} ; skos:broaderTransitive {up} ; " if key in ("a-l", "a-r") else ""
        text += f'<https://example.org/r/{key}> a skg:Region ; {parent}skos:prefLabel "{name}" ; '
        text += "skos:inScheme <https://example.org/p> ; skg:depth 0 .\n"
    return text


def turtle(files: str, *, dialect: str = 'csvw:delimiter " "', by: str = "subject", unit: str = "count") -> str:
    text = f"""
<https://example.org/f> a skg:Feature , skg:StreamlineCounts ; skos:prefLabel "streamlines" ;
  skg:indexedBy "{by}" ; skg:rowList <https://example.org/rows> ; csvw:dialect <https://example.org/dialect> .
<https://example.org/dialect> a csvw:Dialect ; {dialect} ; csvw:headerRowCount 0 .
""" + (f'<https://example.org/f> skg:unitText "{unit}" .\n' if unit else "")
    for place, (name, found) in enumerate(zip(NAMES, REGIONS, strict=True)):
        row = f"<https://example.org/rows/{place}>"
        text += f'<https://example.org/rows> skg:hasRow {row} .\n{row} skg:position {place} ; rdfs:label "{name}" .\n'
        text += "".join(f"{row} skg:region <https://example.org/r/{key}> .\n" for key in found)
    return regions() + text + files


def file(url: str, index: str, member: str = "") -> str:
    node = f"<https://example.org/f/{index}>"
    text = f'<https://example.org/f> skg:hasFile {node} .\n{node} dcat:downloadURL <{url}> ; skg:fileIndex "{index}" ;'
    return text + ' skg:fileRole "data"' + (f' ; skg:member "{member}"' if member else "") + " .\n"


def written(matrix: np.ndarray, delimiter: str = " ") -> bytes:
    return "".join(delimiter.join(map(repr, row)) + "\n" for row in matrix.tolist()).encode()


def cohort(tmp_path, count: int = 4, change=lambda _number, data: data, **options):
    """Make an archive of matrices and the feature that it belongs to."""
    matrices = RNG.normal(10, 3, (count, len(NAMES), len(NAMES)))
    archive = tmp_path / "cohort.zip"
    text = ""
    with zipfile.ZipFile(archive, "w") as opened:
        for number, matrix in enumerate(matrices):
            data = change(number, written(matrix))
            if data is not None:
                opened.writestr(f"SC/{number:03}.csv", data)
            text += file(archive.as_uri(), f"{number:03}", f"SC/{number:03}.csv")
    return feature_graph(tmp_path, turtle(text, **options)).feature("https://example.org/f"), matrices


quiet = pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")


@quiet
def test_mean_and_deviation_over_subjects_are_numpys(tmp_path):
    feature, matrices = cohort(tmp_path)
    assert isinstance(feature, RegionalConnectivity)
    assert feature.subjects == ("000", "001", "002", "003")
    np.testing.assert_allclose(feature.data.to_numpy(), matrices.mean(0), rtol=1e-13)
    np.testing.assert_allclose(feature.std.to_numpy(), matrices.std(0), rtol=1e-12)
    assert feature.data.attrs["unit"] == "count"
    assert feature.data.attrs["subjects"] == list(feature.subjects)
    np.testing.assert_array_equal(feature.matrix("002").to_numpy(), matrices[2])


def test_rows_and_columns_are_regions_and_what_is_none_is_told(tmp_path):
    feature, _ = cohort(tmp_path)
    with pytest.warns(TableWarning, match="no region of the graph: 'nowhere'"):
        frame = feature.data
    assert frame.index.equals(frame.columns)
    assert frame.index.nlevels == 1
    one, two, _, none, both = frame.index
    assert isinstance(one, Region)
    assert (one.name, none) == ("Area A left", "nowhere")
    assert both == (one, two)
    assert frame.attrs["notes"] == ["1 of 5 rows is no region of the graph: 'nowhere'"]
    assert frame.loc[one, two] == frame.iloc[0, 1]


@quiet
def test_the_profile_of_a_region(tmp_path):
    feature, matrices = cohort(tmp_path)
    mean, std = matrices.mean(0), matrices.std(0)
    order = np.argsort(-mean[:, 1])
    profile = feature.get_profile("Area A right")
    np.testing.assert_allclose(profile.to_numpy(), np.c_[mean[order, 1], std[order, 1]], rtol=1e-12)
    assert list(profile.index) == [feature.data.index[i] for i in order]
    region = feature.data.index[1]
    row = feature.get_profile(region, direction="row", subject="001", min_connectivity=10.0, max_rows=2)
    kept = sorted((v for v in matrices[1][1] if v > 10), reverse=True)[:2]
    np.testing.assert_array_equal(row["value"].to_numpy(), kept)
    both = feature.compare("Area A left", "Area B left")
    assert list(both.columns) == ["Area A left", "Area B left", "difference"]
    np.testing.assert_allclose(both["difference"].to_numpy(), mean[:, 0] - mean[:, 2], rtol=1e-10)


@quiet
def test_a_region_without_a_row_of_its_own_is_never_guessed(tmp_path):
    feature, _ = cohort(tmp_path)
    whole = feature.data.index[0].parent
    with pytest.raises(NoSuchName) as told:
        feature.get_profile(whole)
    assert told.value.close == ("Area A left", "Area A right", "Area A left, Area A right")
    with pytest.raises(AmbiguousName):
        feature.get_profile("left")  # three rows have the word
    with pytest.raises(NoSuchName) as told:
        feature.get_profile("Aera B left")
    assert told.value.close[0] == "Area B left"
    # A row of its own comes before one for several regions.
    own = feature.get_profile(feature.data.index[0])
    assert own.equals(feature.get_profile("Area A left"))


def test_what_cannot_be_read_is_left_out_and_told_and_never_a_wrong_mean(tmp_path):
    broken = {0: lambda d: d.replace(b" ", b";"), 2: lambda _: None, 3: lambda d: d[: len(d) // 2]}
    feature, matrices = cohort(tmp_path, 5, lambda n, data: broken.get(n, lambda d: d)(data))
    with pytest.warns(TableWarning):
        frame = feature.data
    np.testing.assert_allclose(frame.to_numpy(), matrices[[1, 4]].mean(0), rtol=1e-13)
    assert frame.attrs["subjects"] == ["001", "004"]
    notes = " ".join(frame.attrs["notes"])
    assert all(f"{n} is left out" in notes for n in ("000", "002", "003"))
    with pytest.raises(BadTable):
        feature.matrix("000")
    with pytest.raises(BadTable, match=r"no member 'SC/002.csv'"):
        feature.matrix("002")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.rsplit(b"\n", 2)[0] + b"\n", "not square: 4 x 5"),
        (lambda _: b"1 2\n3 4\n", "it has 2 rows, and 5 regions"),
        (lambda d: d.replace(b" ", b";", 1), "line 2: 5 cells"),
        (lambda d: b"x" + d[1:], "is no number"),
        (lambda _: b"", "empty"),
        (lambda _: b"<!DOCTYPE html><html></html>", "web page"),
    ],
)
@quiet
def test_a_file_that_is_no_such_matrix_is_an_error_that_names_it(tmp_path, change, said):
    feature, _ = cohort(tmp_path, 1, lambda _n, data: change(data))
    with pytest.raises(BadTable, match=said) as told:
        _ = feature.data
    assert "cohort.zip, member SC/000.csv" in told.value.path


@quiet
def test_missing_numbers_stay_missing_and_are_counted(tmp_path):
    feature, matrices = cohort(tmp_path, 3, lambda n, d: b"nan" + d[d.index(b" ") :] if n == 1 else d)
    frame = feature.data
    assert np.isnan(frame.iloc[0, 0])
    np.testing.assert_allclose(frame.iloc[1:].to_numpy(), matrices.mean(0)[1:], rtol=1e-13)
    assert "1 of 25 cells are not finite" in frame.attrs["notes"]


@quiet
def test_matrices_of_several_quantities_have_no_mean(tmp_path):
    feature, matrices = cohort(tmp_path, 2, by="feature")
    for get in (lambda: feature.data, lambda: feature.std, lambda: feature.get_profile("Area B left")):
        with pytest.raises(AmbiguousName) as told:
            get()
        assert told.value.candidates == ("000", "001")
    np.testing.assert_array_equal(feature.matrix("001").to_numpy(), matrices[1])


def test_a_gzipped_file_with_lines_before_the_numbers_and_no_unit(tmp_path):
    matrix = RNG.random((5, 5))
    path = tmp_path / "one.csv.gz"
    path.write_bytes(gzip.compress(b"a\nb\n" + written(matrix, "\t")))
    dialect = 'csvw:delimiter "\\t" ; csvw:skipRows 2 ; dcat:compressFormat <https://www.iana.org/assignments/media-types/application/gzip>'
    feature = feature_graph(tmp_path, turtle(file(path.as_uri(), "x"), dialect=dialect, unit="")).feature(
        "https://example.org/f"
    )
    with pytest.warns(TableWarning, match="nothing states the unit"):
        frame = feature.data
    np.testing.assert_array_equal(frame.to_numpy(), matrix)


@quiet
def test_the_mean_is_kept_for_the_next_process_and_made_anew_when_damaged(tmp_path):
    feature, matrices = cohort(tmp_path)
    first = feature.data
    (folder,) = (tmp_path / "cache" / "tables").glob("*/*")
    again = feature_graph(tmp_path, (tmp_path / "graph.ttl").read_text("utf-8"), files=()).feature(feature.iri)
    (folder / "mean.npy").write_bytes((folder / "mean.npy").read_bytes()[:-8])
    np.testing.assert_array_equal(again.data.to_numpy(), first.to_numpy())
    np.testing.assert_allclose(first.to_numpy(), matrices.mean(0), rtol=1e-13)


@quiet
def test_memory_does_not_grow_with_the_number_of_subjects(tmp_path):
    peaks = []
    for number in (4, 40):
        place = tmp_path / str(number)
        place.mkdir()
        feature, _ = cohort(place, number)
        feature.matrix("000")
        tracemalloc.start()
        _ = feature.data
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 100_000  # rows that say what each subject's file is called


@given(arrays(np.float64, (6, 2, 2), elements=st.floats(-1e6, 1e6)))
def test_any_matrices_added_up_one_by_one(matrices):
    running = Running()
    for matrix in matrices:
        running.add(matrix, "x")
    np.testing.assert_allclose(running.mean, matrices.mean(0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(running.std, matrices.std(0), rtol=1e-7, atol=1e-3)
