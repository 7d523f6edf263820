"""What a build does with its sources: reads, sets aside, refuses, reports; the same bytes for the same input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pyoxigraph as ox
import pytest
import zstandard
from building import BASE, Memory, ask, built, settings
from documents import document

from siibra_kg.build import build
from siibra_kg.build.engine import DiskStore
from siibra_kg.build.repairs import corrected, read_repairs
from siibra_kg.build.report import BuildReport, Duplicate
from siibra_kg.build.snapshot import find
from siibra_kg.config import Settings
from siibra_kg.errors import BadDocument, BuildError, SourceError
from siibra_kg.sources.protocol import SetAside
from siibra_kg.vocab import OM, OMI, OMT


def node(id_: str, /, **content: object) -> dict[str, object]:
    return document(**{"@id": OMI + "thing/" + id_}, **content)


def test_a_document_becomes_triples_in_the_graph_of_its_source(tmp_path: Path) -> None:
    snapshot = built(tmp_path, Memory({"a.jsonld": node("a", name="Alpha")}))
    assert ask(snapshot, "SELECT ?n ?g WHERE { GRAPH ?g { omi:thing\\/a om:name ?n } }") == [
        ("Alpha", "/graph/user/memory")
    ]


def test_a_malformed_document_is_set_aside_and_the_others_arrive(tmp_path: Path) -> None:
    source = Memory(
        {"a.jsonld": node("a", name="Alpha"), "b.jsonld": b'{"@id": ', "c.jsonld": b"[" * 5000, "d.ttl": b"<a> <b> ."},
        aside=(SetAside("../x.jsonld", "leaves the archive"),),
    )
    report = built(tmp_path, source).report()
    assert [(s.path, s.source) for s in report.set_aside] == [
        (path, "memory") for path in ("../x.jsonld", "b.jsonld", "c.jsonld", "d.ttl")
    ]
    assert report.asserted == 2
    assert "4" in str(report)
    assert all(s.reason for s in report.set_aside)


def test_of_two_different_descriptions_the_first_stays_and_the_later_one_is_reported(tmp_path: Path) -> None:
    one = Memory({"a.jsonld": node("a", name="one")}, "first", "graph/user/first")
    two = Memory({"a.jsonld": node("a", name="two"), "b.jsonld": node("b", name="B")}, "second", "graph/user/second")
    snapshot = built(tmp_path, one, two)
    assert snapshot.report().duplicates == (Duplicate(OMI + "thing/a", "first: a.jsonld", "second: a.jsonld"),)
    assert ask(snapshot, "SELECT ?n WHERE { ?x om:name ?n } ORDER BY ?n") == [("B",), ("one",)]


def test_equal_descriptions_are_no_conflict(tmp_path: Path) -> None:
    source = Memory({"a.jsonld": node("a", name="A"), "b.jsonld": node("a", name=" A ")})
    report = built(tmp_path, source).report()
    assert report.duplicates == ()
    assert report.asserted == 2


def test_only_the_node_in_conflict_is_set_aside_from_a_document_of_several(tmp_path: Path) -> None:
    """The description of a node includes the nodes embedded in it, not those that it only links to."""
    part = {"@type": OMT + "QuantitativeValue", "value": 1}
    first = node("a", name="A", minValue=part, other={"@id": OMI + "thing/b"})
    second = {"@context": {"@vocab": OM}, "@graph": []}
    changed = {**first, "minValue": {**part, "value": 2}}
    for one in (changed, node("b", name="B", other={"@id": OMI + "thing/a"})):
        second["@graph"].append({k: v for k, v in one.items() if k != "@context"})
    snapshot = built(tmp_path, Memory({"1.jsonld": first, "2.jsonld": second}))
    assert [d.node for d in snapshot.report().duplicates] == [OMI + "thing/a"]
    assert ask(snapshot, "SELECT ?v WHERE { ?x om:value ?v }") == [("1",)]
    assert ask(snapshot, "SELECT ?n WHERE { omi:thing\\/b om:name ?n }") == [("B",)]


def test_rdf_adds_to_a_node_that_a_document_describes(tmp_path: Path) -> None:
    more = f'<{OMI}thing/a> <{OM}comment> "more" ; <{OM}part> [ <{OM}name> "blank _:x ." ] .'.encode()
    snapshot = built(tmp_path, Memory({"a.jsonld": node("a", name="A"), "b.ttl": more}))
    assert ask(snapshot, "SELECT ?c ?n WHERE { ?x om:comment ?c ; om:part/om:name ?n }") == [("more", "blank _:x .")]
    assert ask(snapshot, "SELECT ?b WHERE { ?x om:part ?b FILTER(ISIRI(?b)) }") == [("/id/blank/memory/b.ttl/1",)]


def test_a_source_that_breaks_off_is_missing_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    whole = Memory({"a.jsonld": node("a", name="A")}, "whole", "graph/user/whole")
    half = Memory({"b.jsonld": node("b", name="B"), "c.jsonld": node("c")}, "half", "graph/user/half", broken=1)
    snapshot = built(tmp_path, whole, half)
    assert [(s.name, s.missing) for s in snapshot.manifest.sources] == [
        ("whole", ""),
        ("half", "source half: it breaks off"),
    ]
    assert ask(snapshot, "SELECT ?n WHERE { ?x om:name ?n }") == [("A",)]
    assert "missing: half: source half: it breaks off" in str(snapshot.report())


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("case", ["stays", "again", "breaks", "renamed", "rdf"])
def test_the_store_holds_the_graph_whatever_was_loaded_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, *, eager: bool
) -> None:
    """What a source takes back, after it was loaded while being read, is neither in the store nor seen by rules."""
    if eager:
        monkeypatch.setattr(import_module("siibra_kg.build.gather"), "_STRIDE", 1)
        monkeypatch.setattr(import_module("siibra_kg.build.statements"), "_AHEAD", 0)
        monkeypatch.setattr(import_module("siibra_kg.build.statements"), "_BATCH", 0)
    begun: list[str] = []
    monkeypatch.setattr(DiskStore, "restart", lambda self, real=DiskStore.restart: (begun.append(case), real(self)))
    entities = {
        f"{n}.jsonld": document(
            **{"@id": f"{OMI}parcellationEntity/A_{n}", "@type": OMT + "ParcellationEntity"}, name=n
        )
        for n in "bc"
    }
    one = Memory({"a.jsonld": node("a", name="A")}, "one", "graph/user/one")
    two = Memory(entities, "two", "graph/user/two")
    three = Memory({"a.jsonld": node("a", name="A")}, "three", "graph/user/one")
    if case == "again":
        two.documents_by_path = {**entities, "d.jsonld": node("a", name="other")}
    elif case == "breaks":
        two.broken = 1
    elif case == "renamed":
        monkeypatch.setattr(two, "info", lambda real=two.info: replace(real(), graph="graph/user/new"))
    elif case == "rdf":
        two.documents_by_path = {**entities, "d.ttl": f"[] <{OM}name> 'x' .".encode()}
    snapshot = built(tmp_path, one, two, three)
    # What breaks off before anything of it was told has nothing to take back.
    assert begun == ([case] if case in ("again", "renamed") or (case == "breaks" and eager) else [])
    packed = zstandard.ZstdDecompressor().stream_reader(snapshot.graph_path.open("rb")).read()
    quads = list(ox.parse(packed, ox.RdfFormat.N_QUADS))
    store = ox.Store.read_only(str(snapshot.store_path))
    assert set(store) == set(quads)
    assert len(store) == len(quads) == snapshot.manifest.triples
    keys = ask(snapshot, "SELECT ?k WHERE { ?n a omt:ParcellationEntity ; skg:nameKey ?k } ORDER BY ?k")
    assert keys == ([] if case == "breaks" else [("a b",), ("a c",), ("b",), ("c",)])


def test_a_required_source_that_is_missing_stops_the_build(tmp_path: Path) -> None:
    whole, half = Memory({"a.jsonld": node("a", name="A")}), Memory({}, "half", broken=0)
    with pytest.raises(BuildError, match="it breaks off"):
        built(tmp_path, whole, half, require=["half"])
    assert not list(tmp_path.glob("*out*/**/*.json"))


@pytest.mark.parametrize(
    ("content", "told"),
    [({}, "there is no document"), ({"a.jsonld": b"{"}, "a.jsonld: not JSON")],
    ids=["no document", "no good document"],
)
def test_a_build_that_reads_nothing_leaves_the_old_snapshot(
    tmp_path: Path, content: dict[str, bytes], told: str
) -> None:
    before = built(tmp_path, Memory({"a.jsonld": node("a", name="A")}))
    with pytest.raises(BuildError, match=told):
        built(tmp_path, Memory(content))
    after = find(tmp_path / "out", settings(tmp_path))
    assert after == before
    assert [p.name for p in tmp_path.iterdir() if "building" in p.name] == []


def test_a_name_that_is_no_source_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        build([str(tmp_path / "nowhere")], tmp_path / "out", settings=settings(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_two_sources_of_one_name_have_two_graphs(tmp_path: Path) -> None:
    one, two = (Memory({f"{n}.jsonld": node(n, name=n)}) for n in "ab")
    graphs = ask(built(tmp_path, one, two), "SELECT ?g WHERE { GRAPH ?g { ?x om:name ?n } } ORDER BY ?g")
    assert graphs == [("/graph/user/memory",), ("/graph/user/memory~2",)]


def test_progress_tells_every_step_and_ends_each(tmp_path: Path) -> None:
    seen: dict[str, list[tuple[int, int | None]]] = {}
    source = Memory({f"{i}.jsonld": node(str(i), name="x") for i in range(600)})
    built(tmp_path, source, progress=lambda step, done, total: seen.setdefault(step, []).append((done, total)))
    assert list(seen) == ["read memory", "rules", "write", "switch"]
    assert seen["read memory"] == [(256, None), (512, None), (600, 600)]
    assert all(steps[-1][0] == steps[-1][1] for steps in seen.values())


def test_the_report_says_what_the_file_says(tmp_path: Path) -> None:
    source = Memory({"a.jsonld": node("a", name="A", link={"@id": OMI + "species/none"}), "b.jsonld": b"{"})
    report = build([source], tmp_path / "out", settings=settings(tmp_path))
    assert BuildReport.read(tmp_path / "out" / "report.json") == report
    assert [(d.predicate, d.target_class, d.count, d.examples) for d in report.dangling] == [
        (OM + "link", "species", 1, (OMI + "species/none",))
    ]
    assert {r.name for r in report.rules} > {"release", "region", "closure"}


def test_the_base_of_minted_iris_is_the_settings(tmp_path: Path) -> None:
    own = Settings(home=tmp_path / "home", cache=tmp_path, base_iri="https://example.org/kg/")
    report = build([Memory({"a.jsonld": node("a", name="A")})], tmp_path / "out", settings=own)
    text = (report.path / "manifest.json").read_text()
    assert "https://example.org/kg/graph/user/memory" in text
    assert BASE + "graph" not in text


def corpus(folder: Path) -> Path:
    """Write a small folder with everything that could come out in another order."""
    folder.mkdir()
    major, variants = (
        {"majorVersionIdentifier": "v1"},
        {"isVariantOf": [{"@id": OMI + "anatomicalAtlasVersion/A_v1-Y"}]},
    )
    atlas = {"@id": OMI + "anatomicalAtlas/A", "@type": OMT + "AnatomicalAtlas", "shortName": "A"}
    listed = [{"@id": f"{OMI}parcellationEntityVersion/A_v1-X_e{i}"} for i in range(40)]
    version = {
        "@id": OMI + "anatomicalAtlasVersion/A_v1-X",
        "@type": OMT + "AnatomicalAtlasVersion",
        "versionIdentifier": "v1, X",
        "isVersionOf": {"@id": OMI + "anatomicalAtlas/A"},
        "hasTerminology": {"@type": OMT + "ParcellationTerminologyVersion", "hasEntity": listed},
        **major,
        **variants,
    }
    nodes = [atlas, version]
    for i in range(40):
        nodes.append(
            {
                "@id": f"{OMI}parcellationEntity/A_e{i}",
                "@type": OMT + "ParcellationEntity",
                "name": f"e {i % 7}",
                "hasParent": [{"@id": f"{OMI}parcellationEntity/A_e{(i * 3) % 40}"}],
            }
        )
        nodes.append(
            {
                "@id": f"{OMI}parcellationEntityVersion/A_v1-X_e{i}",
                "@type": OMT + "ParcellationEntityVersion",
                "name": f"e {i % 7}",
                "hasParent": [{"@id": f"{OMI}parcellationEntity/A_e{(i * 3) % 40}"}],
            }
        )
    for number, one in enumerate(nodes):
        (folder / f"{number}.jsonld").write_text(json.dumps({"@context": {"@vocab": OM}, **one}))
    (folder / "more.ttl").write_text(f'[] <{OM}name> "x" . <{OMI}thing/t> <{OM}link> [ <{OM}name> "y" ] , [] .')
    return folder


def test_two_builds_have_one_content_hash_whatever_the_hash_seed(tmp_path: Path) -> None:
    folder = corpus(tmp_path / "corpus")
    code = (
        "import sys; from pathlib import Path\n"
        "from siibra_kg.build import build; from siibra_kg.config import Settings\n"
        "p = Path(sys.argv[2]); build([sys.argv[1]], p / 'out', settings=Settings(home=p, cache=p))"
    )
    manifests = []
    for seed in ("0", "1", "4242"):
        where = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(folder), str(where)], check=True, env=environment)
        manifests.append((where / "out" / "manifest.json").read_bytes())
        assert str(tmp_path).encode() not in manifests[-1]
    assert len(set(manifests)) == 1
    assert json.loads(manifests[0])["content_hash"]
    report = BuildReport.read(tmp_path / "0" / "out" / "report.json")
    assert report.cycles  # the corpus is full of them, and the build ended


def test_a_repair_adds_the_right_link_only_where_the_wrong_one_is() -> None:
    repairs = {r.id: r for r in read_repairs(Path(__file__).parents[1] / "ontologies" / "repairs.json")}
    repair = repairs["colin27-variant"]
    bad = f"<x:a> <{repair.predicate}> <{repair.wrong}> .\n".encode()
    good = f"<x:a> <{repair.predicate}> <{repair.right}> .\n"
    assert corrected(repair, [bad * 2, b"<x:b> <x:p> <x:c> .\n"], {repair.right}) == [good]
    assert corrected(repair, [bad], {repair.right, repair.wrong}) == []  # mended upstream
    assert corrected(repair, [bad], set()) == []  # another corpus


def test_every_repair_says_what_why_and_where() -> None:
    entries = json.loads((Path(__file__).parents[1] / "ontologies" / "repairs.json").read_text())["repairs"]
    for entry in entries:
        assert {"id", "what", "evidence", "source", "predicate", "wrong", "right"} == set(entry)


def test_a_broken_list_of_repairs_is_refused_by_entry(tmp_path: Path) -> None:
    path = tmp_path / "repairs.json"
    path.write_text(
        json.dumps({"repairs": [{"id": "x", "what": "", "evidence": "", "predicate": "om:p", "wrong": "a b"}]})
    )
    with pytest.raises(BadDocument, match="no IRI") as caught:
        read_repairs(path)
    assert caught.value.pointer == "/repairs/0"
