"""Data of one's own: seen by queries, read, equal to a build of everything, and gone without a trace."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import siibra_small
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rocrate.rocrate import ROCrate

import siibra_kg
from siibra_kg.adding import bids
from siibra_kg.adding.add import add, datasets, remove
from siibra_kg.adding.crate import METADATA, write_crate
from siibra_kg.adding.reading import read_description
from siibra_kg.build import build
from siibra_kg.build.dump import replaced
from siibra_kg.build.extend import RULES, Change, extend
from siibra_kg.build.snapshot import GRAPH, MANIFEST, find
from siibra_kg.cli import main
from siibra_kg.config import Settings
from siibra_kg.data_errors import BadDescription, CannotWrite
from siibra_kg.errors import BuildError, NoSuchName, SourceError
from siibra_kg.sources.own import own, own_source, slugs
from siibra_kg.sources.specs import resolve

pytestmark = pytest.mark.filterwarnings("ignore::siibra_kg.data_errors.TableWarning")
settings_for_properties = hypothesis_settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
FIVE = """\
name: M2 in Area A
modality: ReceptorDensityFingerprint
region: Area A left
parcellation: Parcels One
files: m2.tsv
"""
#: siibra calls its spaces; openMINDS names them for people.
SPACES = """\
@prefix om: <https://openminds.om-i.org/props/> .
<id/space/space-one> om:shortName "Space One" . <id/space/big-space> om:shortName "Big Space" .
<https://openminds.om-i.org/instances/species/homoSapiens> om:name "Homo sapiens" .
"""
TSV = "receptor label\tdensity (mean)\tdensity (sd)\tdensity (unit)\nAMPA\t500.5\t20\tfmol/mg\nM2\t123\t4\tfmol/mg\n"
#: One measurement of each shape, of which the dataset says what they have in common.
ALL = """\
name: Everything
id: every-thing
version: 1.10
license: CC-BY-4.0
authors: [A. One, B. Two]
references: [10.1000/xyz, "https://example.org/paper"]
parcellation: Parcels One
features:
  - modality: StreamlineCounts
    name: counts
    cohort: NO
    unit: streamlines
    rows: [Area A - left hemisphere, {name: R, region: Area A right}, nothing like it]
    files: {"01": sub/one.csv, "02": sub/two.csv}
  - modality: RegionalBOLD
    timestep: 720 ms
    rows: [Area A - left hemisphere, {name: none, region: []}]
    files: bold.csv
    format: {header: 0, rows: times, columns_are: regions}
  - modality: weights
    kind: Tabular
    name: weights
    region: [Area A left, twin]
    files: {path: w.zip, member: in/w.txt}
    format: {delimiter: ";", header: 1, comment: "%", columns: [what, {name: weight, title: w, unit: g, "null": "-"}]}
  - modality: Tabular
    name: electrodes
    space: Space One
    points: [[1, 2, 3], [4, 5, 6.5]]
    files: https://example.org/e.csv
  - modality: blockface
    kind: Image
    name: picture
    space: Space One
    box: [[1, 8, 3], [4, 5, 6]]
    files: image.nii.gz
"""
JSON_LD = {
    "@context": {"@vocab": "https://openminds.om-i.org/props/", "skg": "https://w3id.org/siibra-kg/vocab/"},
    "@id": "https://example.org/datasets/from-json",
    "@type": "https://openminds.om-i.org/types/DatasetVersion",
    "fullName": "From JSON-LD",
    "license": {"@id": "https://openminds.om-i.org/instances/licenses/CC-BY-4.0"},
    "author": [{"@type": "Person", "givenName": "Ada", "familyName": "B"}],
    "skg:features": {
        "modality": "ReceptorDensityFingerprint",
        "region": "twin",
        "parcellation": "P1",
        "files": "m2.tsv",
    },
}


def write(folder: Path, text: object = FIVE, **files: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(text, str):
        (folder / "dataset.yaml").write_text(text, "utf-8")
    else:
        (folder / "dataset.jsonld").write_text(json.dumps(text), "utf-8")
    (folder / "m2.tsv").write_text(TSV, "utf-8")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def everything(folder: Path) -> Path:
    write(folder, ALL)
    (folder / "sub").mkdir()
    (folder / "sub" / "one.csv").write_text("0,1,2\n1,0,3\n2,3,0\n")
    (folder / "sub" / "two.csv").write_text("0,3,4\n3,0,5\n4,5,0\n")
    (folder / "bold.csv").write_text("1,2\n3,4\n5,6\n")
    with zipfile.ZipFile(folder / "w.zip", "w") as archive:
        archive.writestr("in/w.txt", "% made up\nwhat;w\n1;2.5\n2;-\n")
    nib.save(nib.Nifti1Image(np.arange(8, dtype=np.float32).reshape(2, 2, 2), np.eye(4)), folder / "image.nii.gz")
    return folder


def settings_of(home: Path) -> Settings:
    return Settings(home, home / "cache", offline=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Build a small graph; tests begin with copies that share its tables."""
    folder = tmp_path_factory.mktemp("own")
    checkout = siibra_small.write(folder / "checkout", siibra_small.documents())
    (folder / "spaces.ttl").write_text(SPACES)
    settings = settings_of(folder / "home")
    sources = (f"siibra={checkout}", str(folder / "spaces.ttl"))
    build(sources, settings=settings)
    return sources, settings


@pytest.fixture
def fresh(small, tmp_path):
    """Give settings of an empty home, and a snapshot in it without any dataset."""
    sources, settings = small
    new = settings_of(tmp_path / "home")
    old = find(None, settings)
    shutil.copytree(old.path, new.home / "snapshots" / old.path.name)
    (new.home / "current").write_text(old.path.name + "\n")
    return sources, new


def added(settings, folder):
    with siibra_kg.open(settings=settings) as kg:
        return add(kg._ask, kg.snapshot, settings, folder)


def test_five_lines_make_a_feature(fresh, tmp_path):
    """It is found by its region, by SPARQL, and its numbers are those of the file; then it is gone without a trace."""
    _, settings = fresh
    before, dump = find(None, settings), (find(None, settings).path / GRAPH).read_bytes()
    done = added(settings, write(tmp_path / "mine"))
    assert (done.id, done.iri) == ("m2-in-area-a", "https://w3id.org/siibra-kg/id/dataset/m2-in-area-a")
    assert any("no licence" in note for note in done.notes)
    with siibra_kg.open(settings=settings) as kg:
        (match,) = [
            m for m in kg.features(kg.region("Area A left", "P1"), "receptor") if m.feature.iri in done.features
        ]
        assert (match.made_by, str(match.qualification)) == ("identifier", "exact")
        frame = match.feature.data
        assert frame["mean"].tolist() == [500.5, 123.0]
        assert frame.attrs["unit"] == "fmol/mg"
        rows = kg.sparql("SELECT ?f WHERE { ?d a <https://w3id.org/siibra-kg/vocab/OwnDataset> ; dcterms:hasPart ?f }")
        assert rows.column("f") == done.features
        (said,) = datasets(kg._ask)
        assert (said.id, said.name, said.features) == (done.id, "M2 in Area A", done.features)
        assert kg.features(kg.parcellation("P1"), "receptor")
        path = remove(kg.snapshot, settings, done.id)
    assert find(None, settings).manifest == before.manifest
    assert (path / GRAPH).read_bytes() == dump
    assert slugs(settings.home) == ()
    assert (tmp_path / "mine" / "m2.tsv").read_text() == TSV


def test_it_equals_a_build_of_everything(fresh, tmp_path):
    """Datasets of all shapes, added, replaced and removed one by one: each byte is what a build from them gives."""
    sources, settings = fresh
    for folder in (write(tmp_path / "a"), everything(tmp_path / "b"), write(tmp_path / "c", JSON_LD), tmp_path / "a"):
        added(settings, folder)
    with siibra_kg.open(settings=settings) as kg:
        remove(kg.snapshot, settings, "from-json")
    quick = find(None, settings)
    quick.verify()
    full = find(build([*sources, *own(settings.home)], tmp_path / "full", settings=settings).path, settings)
    assert [record.name for record in quick.manifest.sources] == [
        "siibra",
        "spaces",
        "own-every-thing",
        "own-m2-in-area-a",
    ]
    assert quick.manifest == full.manifest
    assert (quick.path / GRAPH).read_bytes() == (full.path / GRAPH).read_bytes()
    assert untimed(quick) == untimed(full)
    with siibra_kg.open(quick.path) as one, siibra_kg.open(full.path) as other:
        assert set(one.store.quads()) == set(other.store.quads())
        assert len(one.store) == full.manifest.triples


def untimed(snapshot):
    report = snapshot.report()
    return replace(report, path=Path(), seconds={}, rules=tuple(replace(r, seconds=0) for r in report.rules))


def test_all_shapes_are_read(fresh, tmp_path):
    """Matrices over subjects, time series, a member of an archive with columns of its own, points, box, image."""
    _, settings = fresh
    done = added(settings, everything(tmp_path / "b"))
    assert [n for n in done.notes if "row" in n] == ["row 'nothing like it': no region is called so"]
    start = "https://w3id.org/siibra-kg/id/feature/own/every-thing/"
    with siibra_kg.open(settings=settings) as kg:
        found = kg._features.features(done.features)
        counts, bold, weights, electrodes, picture = (found[iri] for iri in done.features)
        assert counts.iri == start + "counts"
        assert (counts.size, counts.subjects, counts.cohort) == (2, ("01", "02"), "NO")
        assert counts.data.to_numpy().tolist() == [[0, 2, 3], [2, 0, 4], [3, 4, 0]]
        assert [getattr(label, "name", label) for label in counts.data.index[1:]] == [
            kg.region("Area A right", "P1").name,
            "nothing like it",
        ]
        assert bold.data.to_numpy().tolist() == [[1, 2], [3, 4], [5, 6]]
        assert bold.data.index.tolist() == pytest.approx([0, 0.72, 1.44])
        frame = weights.data
        assert frame["weight"].tolist() == pytest.approx([2.5, np.nan], nan_ok=True)
        assert frame.attrs["unit"] == {"weight": "g"}
        assert picture.data.array.ravel().tolist() == list(range(8))
        space = kg.space("Space One")
        near = siibra_kg.BoundingBox((0, 0, 0), (2, 3, 4), space)
        assert {m.feature.iri for m in kg.features(near, "Tabular")} & set(done.features) == {electrodes.iri}
        assert picture.iri in {m.feature.iri for m in kg.features(siibra_kg.Point((2, 6, 4), space), "Image")}


def test_the_old_snapshot_stays_and_shares_its_tables(fresh, tmp_path):
    """Whoever has the old one open goes on reading it; no table of the store is written twice."""
    _, settings = fresh
    old = find(None, settings)
    with siibra_kg.open(settings=settings) as kg:
        quads = len(kg.store)
        done = add(kg._ask, kg.snapshot, settings, write(tmp_path / "mine"))
        assert len(set(kg.store.quads())) == quads == old.manifest.triples
        assert datasets(kg._ask) == ()
    old.verify()
    # The engine may merge small tables of the new store; what is large it leaves.
    largest = max(old.store_path.glob("*.sst"), key=lambda path: path.stat().st_size)
    assert largest.stat().st_ino in {path.stat().st_ino for path in (done.path / "store").glob("*.sst")}


def test_a_build_keeps_what_was_added(fresh, tmp_path):
    """The sources of a build that names none end with the datasets, by identifier, without the user's folder."""
    sources, settings = fresh
    folder = write(tmp_path / "mine")
    done = added(settings, folder)
    folder.rename(tmp_path / "moved")
    mine = own(settings.home)
    assert [source.name for source in mine] == ["own-m2-in-area-a"]
    assert resolve("own=m2-in-area-a", settings).name == "own-m2-in-area-a"
    build([*sources, *mine], settings=settings)
    with siibra_kg.open(settings=settings) as kg:
        (feature,) = kg._features.features(done.features).values()
        with pytest.raises(siibra_kg.errors.SiibraKGError, match=r"m2\.tsv"):
            _ = feature.data


@pytest.mark.parametrize("moment", ["infer", "store", "graph", "manifest", "before-rename"])
def test_a_crash_leaves_everything_as_it_was(fresh, tmp_path, moment, monkeypatch):
    """At every step before the switch: the snapshot, the list of datasets, and no folder half done."""
    _, settings = fresh
    before = find(None, settings)

    def fall(name):
        if name == moment:
            raise KeyboardInterrupt(name)

    monkeypatch.setattr("siibra_kg.adding.add.extend", lambda *args: extend(*args, checkpoint=fall))
    with pytest.raises(KeyboardInterrupt):
        added(settings, write(tmp_path / "mine"))
    assert find(None, settings) == before
    assert slugs(settings.home) == ()
    assert [p.name for p in (settings.home / "snapshots").iterdir() if p.is_dir()] == [before.path.name]


NAME, KIND, REGION, PLACE, FILES = FIVE.splitlines()
BOTH = f"{REGION}\n{PLACE}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (KIND, "modality: ReceptorDensityFingerprnt", "nearest: ReceptorDensityFingerprint"),
        (FILES, "files: m3.tsv", "there is no file 'm3.tsv'; in the folder are dataset.yaml, m2.tsv"),
        (FILES, "files: ../m2.tsv", "leaves the folder|no file"),
        (FILES, "files: /etc/passwd", "leaves the folder"),
        (FILES, "files: file:///etc/passwd", "no address that can be read"),
        (FILES, "", "there are no files"),
        (FILES, "files: [m2.tsv, m2.tsv]", "is there twice"),
        (FILES, "files: {path: m2.tsv, member: a.csv}", "no zip archive"),
        (FILES, "file: m2.tsv", "no key 'file'; did you mean files"),
        (NAME, "", "there is no name"),
        (NAME, "id: '..'\nname: x", "makes no identifier"),
        (REGION, "region: Area Q", "no region named 'Area Q'"),
        (PLACE, "parcellation: Parzels Zwei", "no parcellation named"),
        (PLACE, "parcellation: Parcels One\nspace: Big Space", "several species: homoSapiens, rattusNorvegicus"),
        (BOTH, "species: homo sapiens", "nothing says where"),
        (REGION, "points: [[1, 2, 3]]", "points and boxes need a space"),
        (REGION, "space: Space One\npoints: [[1, 2]]", "a point has three coordinates"),
        (REGION, "space: Space One\npoints: [[1, 2, nan]]", "not finite"),
        (REGION, "space: Space One\npoints: [[1, 2, 70000]]", "in mm, not in micrometres"),
        (REGION, "space: Space One\nbox: [[1, 2, 3], [1, 4, 5]]", "the same x: it has no extent"),
        (REGION, "space: Space One\nbox: [[1, 2, 3]]", "a box has two corners, not 1"),
        (KIND, "modality: StreamlineCounts", "what its rows stand for"),
        (KIND, "modality: blockface\nkind: Image", "a NIfTI file.*one reference space"),
        (REGION, "region: Area A left\nregion: twin", "'region' is there twice"),
        (REGION, "region: &a x\nunit: *a", r"references \(\*a\) are not allowed"),
        (REGION, "format: {header: one}", "header should be a whole number, and is 'one'"),
        (FILES, "files: m2.tsv\nlicense: [a, b]", "license should be a text, and is a list"),
        (NAME, "name: [M2", "it is no YAML: line"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_changes(fresh, tmp_path, old, new, said):
    """Each slip has a message with the file, the key, and what to do; the graph is left as it was."""
    _, settings = fresh
    before = find(None, settings)
    with pytest.raises(BadDescription, match=said) as caught:
        added(settings, write(tmp_path / "mine", FIVE.replace(old, new)))
    assert "dataset.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert find(None, settings) == before
    assert slugs(settings.home) == ()


def test_other_slips(fresh, tmp_path):
    """No description, another kind of JSON-LD, a dataset that is not there, a slug that leaves the folder."""
    _, settings = fresh
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDescription, match=r"there is no dataset\.yaml"):
        added(settings, tmp_path / "empty")
    with pytest.raises(BadDescription, match="no such folder"):
        added(settings, tmp_path / "gone")
    with pytest.raises(BadDescription, match="not DatasetVersion"):
        added(settings, write(tmp_path / "a", {**JSON_LD, "@type": "Person"}))
    without = {key: value for key, value in JSON_LD.items() if key != "skg:features"}
    with pytest.raises(BadDescription, match="what was measured"):
        added(settings, write(tmp_path / "b", without))
    (tmp_path / "b" / "dataset.jsonld").write_text('{"@type": "x", "@type": "y"}')
    with pytest.raises(BadDescription, match="'@type' is there twice"):
        added(settings, tmp_path / "b")
    with pytest.raises(NoSuchName, match="no dataset of your own named 'x'"):
        remove(find(None, settings), settings, "x")
    for slug in ("x", "../snapshots", ".."):
        with pytest.raises(SourceError, match="no such dataset"):
            own_source(settings.home, slug)


def test_what_a_rule_could_read_is_refused(fresh, tmp_path):
    """An extension never guesses which rules would have more to say: another vocabulary needs a build."""
    _, settings = fresh
    place = settings.home / "datasets" / "x"
    place.mkdir(parents=True)
    head = "@prefix om: <https://openminds.om-i.org/props/> . @prefix skg: <https://w3id.org/siibra-kg/vocab/> . "
    for text in (
        "<id/dataset/x> om:isVersionOf <id/y> .",
        '<id/feature/own/x> skg:anchorText "Area A" .',
        '<id/region/one/a> om:fullName "not its own" .',
        "<id/dataset/x> a <https://openminds.om-i.org/types/ParcellationEntity> .",
    ):
        (place / "dataset.ttl").write_text(head + text)
        with pytest.raises(BuildError, match="run `siibra-kg build`"):
            extend(find(None, settings), Change(own_source(settings.home, "x")), None, settings)


def test_a_snapshot_in_a_folder_is_replaced_there(small, tmp_path):
    """Whoever keeps the graph elsewhere gets the new one there; a snapshot of other rules is refused."""
    sources, _ = small
    settings = settings_of(tmp_path / "home")
    build(sources, tmp_path / "graph", settings=settings)
    with siibra_kg.open(tmp_path / "graph") as kg:
        done = add(kg._ask, kg.snapshot, settings, write(tmp_path / "mine"))
    assert done.path == tmp_path / "graph"
    with siibra_kg.open(tmp_path / "graph") as kg:
        assert [each.id for each in datasets(kg._ask)] == [done.id]
        manifest = tmp_path / "graph" / MANIFEST
        manifest.write_text(manifest.read_text().replace(f'"{RULES[0]}"', '"another-rule"'))
    with siibra_kg.open(tmp_path / "graph") as kg, pytest.raises(BuildError, match="built with other rules"):
        add(kg._ask, kg.snapshot, settings, tmp_path / "mine")


def test_an_ro_crate_holds_all_and_can_be_added_again(fresh, tmp_path):
    """The rocrate library reads it; sizes and checksums are those of the files; what it holds is a dataset again."""
    _, settings = fresh
    out = write_crate(everything(tmp_path / "b"), tmp_path / "crate")
    crate = ROCrate(out)
    listed = {e.id: e for e in crate.get_entities() if e.type == "File"}
    inside = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} - {METADATA}
    assert set(listed) == inside | {"https://example.org/e.csv"}
    for name in inside - {"dataset.yaml"}:
        data = (out / name).read_bytes()
        assert (listed[name]["contentSize"], listed[name]["sha256"]) == (str(len(data)), sha256(data).hexdigest())
    root = crate.root_dataset
    assert (root["name"], root["version"], root["license"].id) == (
        "Everything",
        "1.10",
        "https://spdx.org/licenses/CC-BY-4.0",
    )
    assert [person["name"] for person in root["author"]] == ["A. One", "B. Two"]
    assert len(added(settings, out).features) == 5
    again = write_crate(tmp_path / "b", tmp_path / "again")
    assert (again / METADATA).read_bytes() == (out / METADATA).read_bytes()
    with pytest.raises(CannotWrite, match="something already"):
        write_crate(tmp_path / "b", out)


@pytest.mark.mirror
def test_every_space_of_bids_is_one(both):
    """The names that BIDS has for spaces stand for one reference space of the graph each."""
    names = {both.space(name).name for name in bids._SPACES.values()}
    assert names == set(bids._SPACES.values())


def test_bids(fresh, tmp_path, monkeypatch):
    """Images in a standard space become features of their species; the others belong nowhere and are left out."""
    pytest.importorskip("bids2openminds")
    _, settings = fresh
    folder = tmp_path / "bids"
    anat = folder / "derivatives" / "x" / "sub-01" / "anat"
    (folder / "sub-01" / "anat").mkdir(parents=True)
    anat.mkdir(parents=True)
    about = {
        "Name": "Tiny",
        "BIDSVersion": "1.8.0",
        "License": "CC0",
        "Authors": ["Ada Bee"],
        "DatasetDOI": "10.1000/t",
    }
    (folder / "dataset_description.json").write_text(json.dumps(about))
    (folder / "participants.tsv").write_text("participant_id\tspecies\nsub-01\trattus norvegicus\n")
    image = nib.Nifti1Image(np.ones((2, 2, 2), np.float32), np.eye(4))
    nib.save(image, folder / "sub-01" / "anat" / "sub-01_T1w.nii.gz")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(BadDescription, match="no image of the dataset says a standard space"):
        read_description(folder)
    nib.save(image, anat / "sub-01_space-MNI152NLin2009cAsym_desc-preproc_T1w.nii.gz")
    said = read_description(folder)
    assert (said.name, said.authors, said.license) == ("Tiny", ("Ada Bee",), "CC0-1.0")
    assert said.references == ("https://doi.org/10.1000/t",)
    (only,) = said.measurements
    assert (only.kind, only.species, only.files[0].index) == ("MRIVolumeOfInterest", "rattus norvegicus", "01")
    assert {path: path.read_bytes() for path in before} == before
    monkeypatch.setattr("siibra_kg.adding.bids._SPACES", {"MNI152NLin2009cAsym": "Big Space"})
    done = added(settings, folder)
    with siibra_kg.open(settings=settings) as kg:
        (feature,) = kg._features.features(done.features).values()
        assert feature.data.array.sum() == 8


def test_the_command_line(fresh, tmp_path, capsys, monkeypatch):
    """Adding prints what was made, listing shows it, removing takes it away; a slip is one sentence."""
    _, settings = fresh
    monkeypatch.setenv("SIIBRA_KG_HOME", str(settings.home))
    monkeypatch.setenv("SIIBRA_KG_OFFLINE", "1")
    folder = write(tmp_path / "mine")

    def run(*words):
        with suppress(SystemExit):
            main(list(words))
        return capsys.readouterr()

    assert run("add", str(folder)).out == "https://w3id.org/siibra-kg/id/feature/own/m2-in-area-a\n"
    assert "m2-in-area-a,M2 in Area A,,,1,file://" in run("datasets", "-F", "csv").out
    assert "written" in run("crate", str(folder), str(tmp_path / "crate")).err
    (folder / "dataset.yaml").write_text(FIVE.replace("files:", "file:"))
    assert "did you mean files?" in run("add", str(folder)).err
    assert "removed" in run("remove", "m2-in-area-a").err
    assert "m2" not in run("datasets", "-F", "csv").out
    assert "no dataset of your own named 'm2-in-area-a'" in run("remove", "m2-in-area-a").err


@settings_for_properties
@given(st.lists(st.lists(st.binary(max_size=6), max_size=6), max_size=5), st.data())
def test_a_dump_passes_through_with_graphs_replaced(graphs, data):
    """As if all lines were written anew; a dump that is cut off, or too long, is noticed."""
    old = {
        f"g{i}": b"".join(sorted({line.replace(b"\n", b"") + b"\n" for line in each})) for i, each in enumerate(graphs)
    }
    counts = {name: text.count(b"\n") for name, text in old.items()}
    changed = data.draw(
        st.dictionaries(st.sampled_from(["g0", "g1", "g3", "h"]), st.sampled_from([b"", b"x\n", b"x\ny\n"]))
    )
    whole = b"".join(old.values())
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["siibra_kg.build.dump"], "PIECE", data.draw(st.integers(1, 9)))
        place, new = Path(name) / "old", Path(name) / "new"
        place.write_bytes(zstandard.compress(whole))
        digest, size = replaced(place, counts, changed, new)
        text = zstandard.ZstdDecompressor().stream_reader(new.read_bytes()).read()
        assert text == b"".join(each for _, each in sorted({**old, **changed}.items()))
        assert (digest, size) == (sha256(text).hexdigest(), new.stat().st_size)
        for wrong in (whole[: data.draw(st.integers(0, max(0, len(whole) - 1)))], whole + b"more\n"):
            if wrong != whole:
                place.write_bytes(zstandard.compress(wrong))
                with pytest.raises(BuildError, match=r"manifest says|inside of a line"):
                    replaced(place, counts, changed, new)
