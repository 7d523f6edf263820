"""Receptor fingerprints and profiles: what their files say, what is refused, what is reported."""

from __future__ import annotations

import doctest
import warnings

import numpy as np
import pandas as pd
import pytest
from feature_files import feature, fingerprint_text, profile_text, small_graph
from hypothesis import given
from hypothesis import strategies as st
from servers.files_server import serve

from siibra_kg.data_errors import BadTable, TableWarning
from siibra_kg.errors import NetworkDisabled, SiibraKGError
from siibra_kg.features import fingerprints, frames, profiles, receptors
from siibra_kg.features.fingerprints import ReceptorDensityFingerprint
from siibra_kg.features.profiles import ReceptorDensityProfile, merge_profiles

ROWS = {"AMPA": (400.5, 40.25), "GABAA": (900.0, 90.0), "M1": (250.0, 25.0)}


def fingerprint(tmp_path, text, name="a"):
    """Open a graph with one fingerprint, whose file has this text."""
    path = tmp_path / f"{name}.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return small_graph(tmp_path, feature(name, "ReceptorDensityFingerprint", path.as_uri())).feature(name)


def profile(tmp_path, text, receptor="M1", name="p"):
    """Open a graph with one profile, whose file has this text."""
    path = tmp_path / f"{name}.tsv"
    path.write_text(text, "utf-8")
    turtle = feature(name, "ReceptorDensityProfile", path.as_uri(), f'; skg:receptor "{receptor}"')
    return small_graph(tmp_path, turtle).feature(name)


def frame(values, depths, unit="u"):
    """Make a profile without a file."""
    made = pd.DataFrame({"density": values}, index=depths, dtype=float)
    made.attrs = {"unit": unit, "sources": [], "notes": []}
    return made


@pytest.fixture(autouse=True)
def notes_are_errors():
    """What deserves no look must not be warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", TableWarning)
        yield


def test_a_fingerprint_has_the_numbers_of_its_file(tmp_path):
    found = fingerprint(tmp_path, fingerprint_text(ROWS))
    assert type(found) is ReceptorDensityFingerprint
    data = found.data
    assert {symbol: tuple(row) for symbol, row in zip(data.index, data.to_numpy(), strict=True)} == ROWS
    assert list(data) == ["mean", "std"]
    assert data.index.name == "receptor"
    assert data.attrs["unit"] == found.unit == "fmol/mg"
    assert data.attrs["notes"] == []
    (source,) = data.attrs["sources"]
    assert source["url"].endswith("/a.tsv")
    assert len(source["sha256"]) == 64
    assert found.receptors == ("AMPA", "GABAA", "M1")
    assert found.neurotransmitters == ("Glu (glutamate)", "GABA (gamma-aminobutyric acid)", "ACh (acetylcholine)")
    assert [entity.name for entity in found.entities][-1] == "muscarinic acetylcholine receptor M1"


def test_what_a_frame_holds_can_be_changed_without_harm(tmp_path):
    found = fingerprint(tmp_path, fingerprint_text(ROWS))
    first = found.data
    first.loc["M1", "mean"] = -1
    first.attrs["sources"].clear()
    assert found.data.loc["M1", "mean"] == 250
    assert found.data.attrs["sources"]


def test_what_is_odd_is_reported_and_not_dropped(tmp_path):
    rows = {'"""AMPA"""': (400, 40), "unheard of": (1, 2), "NMDA": ("", ""), "α1": (-3, 1)}
    found = fingerprint(tmp_path, fingerprint_text(rows, unit=""))
    with pytest.warns(TableWarning) as told:
        data = found.data
    assert list(data.index) == ["AMPA", "unheard of", "NMDA", "α1"]
    assert data.isna().to_numpy().tolist() == [[False, False], [False, False], [True, True], [False, False]]
    assert data.attrs["notes"] == [
        "mean: 1 of 4 cells has no value",
        "std: 1 of 4 cells has no value",
        "unit: 4 of 4 cells have no value",
        "no row says its unit",
        "the graph knows no receptor 'unheard of'",
        "mean of α1 is below 0",
    ]
    assert [str(w.message) for w in told] == [f"a: {note}" for note in data.attrs["notes"]]
    assert found.unit == ""
    assert found.neurotransmitters == ("Glu (glutamate)", "?", "Glu (glutamate)", "NE (norepinephrine)")


def test_rows_with_several_units_keep_them(tmp_path):
    text = fingerprint_text(ROWS).replace("25.0\tfmol/mg", "25.0\tpmol/g")
    found = fingerprint(tmp_path, text)
    with pytest.warns(TableWarning, match="several units: fmol/mg, pmol/g"):
        data = found.data
    assert data.attrs["unit"] == {"AMPA": "fmol/mg", "GABAA": "fmol/mg", "M1": "pmol/g"}
    assert found.unit == "fmol/mg, pmol/g"


def test_a_column_more_or_another_title_changes_nothing(tmp_path):
    """siibra-python takes columns by their place, siibra-explorer by their titles: files of either kind are read."""
    lines = [line.split("\t") for line in fingerprint_text(ROWS, title='"Receptor Label"').splitlines()]
    text = "\n".join("\t".join([*cells[:3], "x", cells[3]]) for cells in lines)
    found = fingerprint(tmp_path, text + "\n\n\t\t\t\t\n").data
    assert found.to_numpy().tolist() == [list(row) for row in ROWS.values()]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (fingerprint_text(ROWS).replace("\t", ";"), "there is no column 1 for mean: it has 1"),
        (fingerprint_text(ROWS).replace("40.25", "40,25"), "'40,25' is no number (std); a point has to stand"),
        (fingerprint_text(ROWS).replace("M1", "AMPA"), "AMPA has several rows"),
        (fingerprint_text(ROWS).replace("M1", ""), "a row has no receptor"),
        (fingerprint_text({}), "it has no rows"),
        ("<!DOCTYPE html><html>log in</html>", "web page"),
        (fingerprint_text(ROWS)[:-40], "cells"),
        (b"", "empty"),
        (b"\xff\xfe\x00", "no text"),
    ],
)
def test_a_file_of_another_form_is_an_error_and_no_table(tmp_path, text, reason):
    found = fingerprint(tmp_path, text)
    with pytest.raises(SiibraKGError) as raised:
        _ = found.data
    assert reason in str(raised.value)
    assert "a.tsv" in str(raised.value)


def test_fingerprints_are_compared_by_receptor(tmp_path):
    other = fingerprint(tmp_path, fingerprint_text({"M1": (500, 50), "D1": (80, 8), "AMPA": (0, 0)}), name="b")
    mine = fingerprint(tmp_path, fingerprint_text(ROWS))
    with pytest.warns(TableWarning):
        both = mine.compare(other)
    assert list(both.index) == ["AMPA", "M1"]
    assert both.loc["M1"].to_dict() == {
        "mean": 250,
        "std": 25,
        "mean_other": 500,
        "std_other": 50,
        "difference": 250,
        "ratio": 2,
    }
    assert both.attrs["notes"] == ["only a has GABAA", "only b has D1"]
    with pytest.raises(BadTable, match="units differ: 'fmol/mg' and 'pmol'"):
        mine.compare(fingerprint(tmp_path, fingerprint_text(ROWS, unit="pmol"), name="c"))


def test_a_profile_has_parts_of_1_and_what_its_receptor_means(tmp_path):
    values = np.linspace(100, 300, 101)
    found = profile(tmp_path, profile_text(values), receptor="5-HT1A")
    assert type(found) is ReceptorDensityProfile
    data = found.data
    np.testing.assert_array_equal(data["density"], values)
    np.testing.assert_allclose(data.index, np.arange(101) / 100, rtol=0, atol=1e-15)
    assert (data.index.name, found.unit, found.receptor) == ("depth", "fmol/mg", "5-HT1A")
    assert found.receptor_fullname == "5-hydroxytryptamine receptor 1A"
    assert found.neurotransmitter == "5-HT (serotonin)"
    assert found.boundary_positions == {}
    assert found.assign_layer(0.5) is None
    with pytest.raises(ValueError, match="not 50"):
        found.assign_layer(50)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (profile_text([1, 2, 3], [0, 50, 101]), "from 0 to 100 %"),
        (profile_text([1, 2, 3], [0, 50, ""]), "one is not"),
        (profile_text([1, 2, 3], [0, 60, 50]), "do not increase"),
        (profile_text([1, 2, 3], [0, 50, 50]), "do not increase"),
        (profile_text([1, 2, 3], [0, 0.5, 1]), "they may be parts of 1"),
        (profile_text([1, 2], [0, 100]).replace("2\tfmol/mg", "2\tpmol"), "different units"),
    ],
)
def test_depths_and_units_that_mean_nothing_are_refused(tmp_path, text, reason):
    found = profile(tmp_path, text)
    with pytest.raises(BadTable, match=reason):
        _ = found.data


def test_a_symbol_that_the_graph_lacks_is_reported(tmp_path):
    found = profile(tmp_path, profile_text([1, 2], [0, 100]), receptor="Z9")
    with pytest.warns(TableWarning, match="knows no receptor 'Z9'"):
        assert found.data["density"].tolist() == [1, 2]
    assert (found.receptor_fullname, found.neurotransmitter) == ("", "")


@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n), min_size=1))
)
def test_merged_profiles_are_numpys_mean_and_deviation(rows):
    depths = np.linspace(0, 1, len(rows[0]))
    merged = merge_profiles([frame(row, depths) for row in rows])
    np.testing.assert_allclose(merged["mean"], np.mean(rows, axis=0), atol=1e-8)
    np.testing.assert_allclose(merged["std"], np.std(rows, axis=0), atol=1e-3)
    assert (merged["count"] == len(rows)).all()


def test_merging_leaves_out_what_is_missing_and_makes_nothing_up():
    one, two = frame([1, np.nan, np.nan], [0, 0.5, 1]), frame([3, 4, np.nan], [0, 0.5, 1])
    merged = merge_profiles([one, two], ddof=1)
    np.testing.assert_allclose(merged["mean"], [2, 4, np.nan])
    np.testing.assert_allclose(merged["std"], [np.sqrt(2), np.nan, np.nan])
    assert merged["count"].tolist() == [2, 1, 0]
    other = frame([1, 2], [0.2, 0.6])
    with pytest.raises(BadTable, match="depths differ"):
        merge_profiles([one, other])
    at = merge_profiles([other], depths=[0, 0.2, 0.4, 0.6, 1])
    np.testing.assert_allclose(at["mean"], [np.nan, 1, 1.5, 2, np.nan])
    with pytest.raises(BadTable, match="units differ"):
        merge_profiles([one, frame([1, 2, 3], [0, 0.5, 1], unit="v")])
    with pytest.raises(BadTable, match="none to merge"):
        merge_profiles([])


def test_profiles_are_set_side_by_side(tmp_path):
    one = profile(tmp_path, profile_text([1, 2], [0, 100]), name="one")
    two = profile(tmp_path, profile_text([3, 6], [0, 100]), name="two")
    both = one.compare(two)
    assert both.to_dict("list") == {"mean": [2, 4], "std": [1, 2], "one": [1, 2], "two": [3, 6]}
    assert both.attrs["unit"] == "fmol/mg"
    assert len(both.attrs["sources"]) == 2


def test_files_of_the_web_are_fetched_once_and_named_where_they_cannot_be(tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (served / "f.tsv").write_text(fingerprint_text(ROWS), "utf-8")
    with serve(served, faults={"/f.tsv": ("truncate", 9)}) as server:
        url = f"{server.url}/f.tsv"
        turtle = feature("a", "ReceptorDensityFingerprint", url)
        with pytest.raises(NetworkDisabled, match=server.host):
            _ = small_graph(tmp_path, turtle, offline=True).feature("a").data
        assert server.log == []
        found = small_graph(tmp_path, turtle).feature("a")
        with pytest.raises(SiibraKGError, match=r"f\.tsv"):
            _ = found.data
        server.faults.clear()
        assert found.data.shape == (3, 2)
        asked = len(server.log)
        assert found.data.shape == (3, 2)
        assert len(server.log) == asked
    assert small_graph(tmp_path, turtle, offline=True).feature("a").data.shape == (3, 2)


def test_each_receptor_of_the_configuration_is_known(configurations, tmp_path):
    """The symbols of the profiles are in the table of receptors, as they are spelled."""
    known = receptors.receptors(small_graph(tmp_path, "")._ask)
    folder = "features/tabular/corticalprofiles/receptor/"
    measured = {d["receptor"] for path, d in configurations.items() if path.startswith(folder)}
    assert len(measured) == 16
    assert {symbol: known[symbol].symbol for symbol in measured} == {symbol: symbol for symbol in measured}


def test_spellings_mean_one_receptor_each(tmp_path):
    known = receptors.receptors(small_graph(tmp_path, "")._ask)
    assert len({receptor.iri for receptor in known.values()}) == 16
    folded = {}
    for spelling, receptor in known.items():
        assert folded.setdefault(spelling.casefold(), receptor) == receptor
        assert receptors.find_receptor(known, f' "{spelling}" ') == receptor
    assert receptors.find_receptor(known, "M") is None
    assert receptors.find_receptor(known, "") is None


def test_pictures_are_drawn_of_what_is_read(tmp_path):
    found = fingerprint(tmp_path, fingerprint_text(ROWS))
    other = fingerprint(tmp_path, fingerprint_text(ROWS, unit="pmol"), name="b")
    pictures = [found.polar_plot(tmp_path / "polar.png"), found.plot(), found.polar_plot(others=[found])]
    assert [picture.png[:4] for picture in pictures] == [b"\x89PNG"] * 3
    assert (tmp_path / "polar.png").read_bytes() == pictures[0].png
    with pytest.raises(BadTable, match="units differ"):
        found.polar_plot(others=[other])
    assert profile(tmp_path, profile_text([1, 2], [0, 100])).plot().png[:4] == b"\x89PNG"


def test_examples_in_the_documentation_run(tmp_path):
    path = tmp_path / "f.tsv"
    path.write_text(fingerprint_text({"AMPA": (400, 40), "GABAA": (900, 90), "M1": (250, 25)}), "utf-8")
    kg = small_graph(tmp_path, feature("fingerprint", "ReceptorDensityFingerprint", path.as_uri()))
    tried = 0
    for module in (fingerprints, frames, profiles, receptors):
        result = doctest.testmod(module, extraglobs={"kg": kg}, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert result.failed == 0
        tried += result.attempted
    assert tried >= 8
