"""The openMINDS library: the package arrives whole, the archive is what its pin says, and both are compared."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import tarfile
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from siibra_kg.config import Settings
from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.sources import openminds_package, pins, resolve
from siibra_kg.sources.archive import ArchiveSource, Selection
from siibra_kg.sources.child import ChildFailed, run_child
from siibra_kg.sources.differences import compare
from siibra_kg.sources.either import FirstOf
from siibra_kg.sources.openminds_package import OpenMindsPackage
from siibra_kg.sources.protocol import SourceInfo

PAGE = Path(__file__).parent.parent / "docs" / "openminds-sources.md"
OMI = "https://openminds.om-i.org/instances/"


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Settings:
    """The real world, or the mirror that stands in for it."""
    return Settings.from_environment({**os.environ, "SIIBRA_KG_HOME": str(tmp_path_factory.mktemp("home"))})


@pytest.fixture(scope="module")
def package():
    """All documents of the package by id, parsed."""
    source = OpenMindsPackage()
    nodes = [json.loads(document.data) for document in source.documents()]
    return source, {node["@id"]: node for node in nodes}


@pytest.fixture(scope="module")
def archive(real):
    """All documents of the archive by path, parsed."""
    source = resolve("openminds-archive", real)
    return source, {document.path: json.loads(document.data) for document in source.documents()}


@pytest.fixture(scope="module")
def differences(real):
    return compare(OpenMindsPackage(), resolve("openminds-archive", real))


def test_the_package_gives_every_instance(package):
    """Counted from the text of its modules, which nothing is imported for."""
    source, nodes = package
    spec = __import__("importlib.util").util.find_spec("openminds")
    folder = Path(spec.submodule_search_locations[0]) / "latest"
    stated = [
        found
        for module in folder.rglob("*_instances.py")
        for found in re.findall(r'^    id="([^"]+)"', module.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(nodes) == len(stated) == 17_427
    assert set(nodes) == set(stated)
    assert len({node["@type"] for node in nodes.values()}) == 118
    assert source.set_aside() == ()
    assert source.info().documents == 17_427
    assert source.info().license == "MIT"


def test_documents_of_the_package_look_like_those_of_the_archive(package):
    """Context, id and type as there; sorted; no nulls and no empty lists anywhere."""

    def values(value):
        yield value
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from values(item)

    _, nodes = package
    for node in nodes.values():
        assert node["@context"] == {"@vocab": "https://openminds.om-i.org/props/"}
        assert node["@type"].startswith("https://openminds.om-i.org/types/")
        assert all(value not in (None, [], {}) for value in values(node))
    paths = [document.path for document in OpenMindsPackage().documents()]
    assert paths == sorted(paths)
    assert "instances/latest/parcellationEntity/JBA_postcentralGyrus.jsonld" in paths


def test_the_package_is_never_imported_here(package):
    """It would cost every process 500 MB where its byte code is not cached."""
    assert package[0].info().documents
    code = "import sys; from siibra_kg.sources.openminds_package import OpenMindsPackage as P; p = P(); "
    code += "print(sum(1 for _ in p.documents()) > 0, 'openminds' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]  # a process of its own: bids2openminds imports it, in other tests


@pytest.mark.mirror
def test_the_31_instances_that_recurse_are_whole(package, archive):
    """Those that name each other in isVariantOf, and one that follows them: every statement is the archive's."""
    _, nodes = package
    variants = {
        node["@id"]: {link["@id"] for link in node["isVariantOf"]} for node in nodes.values() if "isVariantOf" in node
    }
    mutual = {this for this, others in variants.items() if any(this in variants.get(other, ()) for other in others)}
    follows = {this for this, node in nodes.items() if node.get("isPrecededBy", {}).get("@id") in mutual} - mutual
    assert follows == {OMI + "anatomicalAtlasVersion/JBA_v2.6-MNI152"}
    circles = mutual | follows
    assert len(circles) == 31
    theirs = {node["@id"]: node for node in archive[1].values()}
    for this in circles:
        mine = {key: value for key, value in nodes[this].items() if key not in {"@context", "hasTerminology"}}
        other = {key: value for key, value in theirs[this].items() if value is not None}
        assert mine == {key: value for key, value in other.items() if key not in {"@context", "hasTerminology"}}
        if "hasTerminology" in other:
            entities = nodes[this]["hasTerminology"]["hasEntity"]
            assert entities == other["hasTerminology"]["hasEntity"]
            assert entities


@pytest.mark.mirror
def test_every_embedded_annotation_arrives(package, archive):
    """11,220 of them, with their labels, lateralities and colours."""

    def annotations(nodes):
        found = Counter()
        for node in nodes:
            for item in node.get("hasAnnotation") or ():
                plain = {key: value for key, value in item.items() if value is not None}
                found[node["@id"] + json.dumps(plain, sort_keys=True)] += 1
        return found

    mine, theirs = annotations(package[1].values()), annotations(archive[1].values())
    assert mine.total() == 11_220
    # The archive leaves nulls in nodes that are embedded one level deeper.
    assert {key.replace(" ", "") for key in mine} == {
        re.sub(r'"[A-Za-z]+":null,|,"[A-Za-z]+":null', "", key.replace(" ", "")) for key in theirs
    }


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("generation", "count"), [("latest", 17_432), ("v5.0", 17_432), ("v4.0", 17_110), ("v3.0", 17_097)]
)
def test_each_generation_of_the_archive_is_what_its_pin_says(generation, count, real):
    """17,432 documents of latest, the one that ends in .json among them."""
    source = resolve(f"openminds-archive@{generation}", real)
    paths = [document.path for document in source.documents()]
    info = source.info()
    assert len(paths) == info.documents == count
    assert paths == sorted(paths)
    assert all(path.startswith(f"instances/{generation}/") for path in paths)
    assert [path for path in paths if not path.endswith(".jsonld")] == [
        f"instances/{generation}/terminologies/analysisTechnique/weightedCorrelationNetworkAnalysis.json"
    ]
    assert (info.version, info.revision, info.license) == (generation, pins.COMMIT, "MIT")
    assert info.graph == f"graph/openminds/{generation}"
    assert source.set_aside() == ()


@pytest.mark.mirror
def test_one_node_of_the_archive_is_in_two_files(archive):
    """Defect: the same content under a second, outdated path; no other node occurs twice."""
    _, nodes = archive
    twice = [node for node, count in Counter(node["@id"] for node in nodes.values()).items() if count > 1]
    assert twice == [OMI + "technique/weightedCorrelationNetworkAnalysis"]
    assert len({json.dumps(node) for node in nodes.values() if node["@id"] == twice[0]}) == 1


@pytest.mark.mirror
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_the_archive_is_read_in_bounded_memory(real):
    """222 MB unpacked, 24 MB of documents: below 120 MB in all."""
    # Linux keeps the peak of a program apart from that of the process that started it; ru_maxrss mixes them.
    code = (
        "from siibra_kg.config import Settings; from siibra_kg.sources import resolve\n"
        "source = resolve('openminds-archive', Settings.from_environment())\n"
        "print(sum(1 for _ in source.documents()))\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    count, peak = map(int, done.stdout.split())
    assert count == 17_432
    assert peak < 120 * 1024


def table(columns: int, head: str) -> list[tuple[str, ...]]:
    """Rows of the table of the page whose head starts so."""
    lines = PAGE.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(head)) + 2
    rows = []
    while lines[at].startswith("|"):
        rows.append(tuple(cell.strip() for cell in lines[at].strip("|").split("|"))[:columns])
        at += 1
    return rows


@pytest.mark.mirror
def test_the_page_about_the_two_sources_is_right(differences):
    """Every number of its two tables is computed again."""
    left, right = (differences.nodes_by_type(side) for side in ("left", "right"))
    assert table(3, "| type | only package") == [
        (kind, str(left.get(kind, 0)), str(right.get(kind, 0))) for kind in sorted(left.keys() | right.keys())
    ]
    assert table(3, "| type | property") == [
        (*key, str(count)) for key, count in differences.changes_by_property().items()
    ]
    assert differences.same == 17_300
    assert len({change.id for change in differences.changes}) == len(differences.changes) == 60


@pytest.mark.mirror
def test_package_and_archive_differ_in_names_of_kinds_and_in_punctuation_only(differences):
    """67 nodes moved to another type, four are new; quotes and line breaks are all that changed in text."""
    moved = {node.rpartition("/")[2] for _, node in differences.only_left}
    now = {node.rpartition("/")[2] for _, node in differences.only_right}
    assert len(moved) == 67
    assert moved < now
    assert now - moved == {"climbingFiber", "externalCellularLayer", "internalCellularLayer", "mossyFiber"}
    quotes = breaks = 0
    for change in differences.changes:
        (mine,), (theirs,) = map(json.loads, change.left), map(json.loads, change.right)
        assert mine.replace("\n", " ") == theirs.replace('"', "'").replace("\\n", " ").replace("\n", " ")
        quotes += '"' in theirs
        breaks += "\n" in theirs
    assert (quotes, breaks) == (55, 6)


def child(code: str, **options) -> OpenMindsPackage:
    """A source whose child process runs this code instead of ours."""
    return OpenMindsPackage([sys.executable, "-c", code], pin="", **options)


GOOD = r"import sys; sys.stdout.write('a.jsonld\t{}\nb.jsonld\t{\"@id\": \"x:y\"}\n\t2\n')"


def test_a_child_that_does_its_work_is_believed():
    """The protocol: path, tab, document; at last the number of documents."""
    assert [(d.path, d.data) for d in child(GOOD).documents()] == [("a.jsonld", b"{}"), ("b.jsonld", b'{"@id": "x:y"}')]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("raise SystemExit('no module named x')", "ended with 1: no module named x"),
        ("1/0", "ended with 1: ZeroDivisionError: division by zero"),
        ("import time; print('a.jsonld\\t{}', flush=True); time.sleep(60)", "did not end within 1 s"),
        ("print('Welcome to openMINDS!')", "something else than instances"),
        ("", "something else than instances"),
        (r"print('a.jsonld\t{}')", "something else than instances"),
        (r"print('a.jsonld\t{}\n\t2')", "something else than instances"),
        (r"print('a.jsonld\toops\n\t1')", "something else than instances"),
        (r"print('hello\n\t1')", "something else than instances"),
        (r"import os; os.write(1, b'\xff\xfe\x00' * 1000)", "something else than instances"),
    ],
)
def test_a_child_that_fails_is_an_error_in_one_line(code, reason):
    """It dies, hangs, or babbles: no document is given, and the message says what to use instead."""
    with pytest.raises(SourceError, match=re.escape(reason)) as caught:
        next(child(code, timeout=1.0).documents())
    assert "\n" not in str(caught.value)
    assert "openminds-archive" in str(caught.value)


def test_a_child_that_cannot_start_is_an_error():
    """For instance where Python was embedded in another program."""
    with pytest.raises(SourceError, match="cannot be started"):
        list(OpenMindsPackage(["/does/not/exist"]).documents())


def test_a_child_that_never_stops_writing_is_stopped():
    """Its output is bounded, as its time is."""
    with pytest.raises(ChildFailed, match="more than 1,000 bytes"):
        run_child([sys.executable, "-c", "while True: print('x' * 1000)"], timeout=30, most=1000)


def test_other_content_than_the_pinned_is_refused():
    """A package of the same version with other instances."""
    source = OpenMindsPackage([sys.executable, "-c", GOOD])
    with pytest.raises(SourceError, match="content hash"):
        list(source.documents())
    with pytest.raises(SourceError, match="not read to the end"):
        source.info()


def mirror_with(tmp_path, documents) -> Settings:
    """A mirror whose openMINDS archive holds these documents."""
    place = tmp_path / "mirror" / pins.URL.removeprefix("https://")
    place.parent.mkdir(parents=True)
    with tarfile.open(place, "w:gz") as archive:
        for path, data in documents.items():
            info = tarfile.TarInfo(f"openMINDS_instances-{pins.COMMIT}/{path}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return Settings(home=tmp_path, cache=tmp_path / "cache", mirror=str(tmp_path / "mirror"))


def test_an_archive_with_other_content_is_refused(tmp_path):
    """One changed letter is enough; so is an archive of something else."""
    with pytest.raises(SourceError, match=r"content hash [0-9a-f]{64}, pinned is caa8d124"):
        list(resolve("openminds-archive", mirror_with(tmp_path, {"instances/latest/a.jsonld": b"{}"})).documents())


def test_a_pinned_archive_is_read_no_further_than_needed(tmp_path):
    """When all pinned documents are there the rest stays packed; what is not in front is found all the same."""
    documents = {f"instances/latest/{name}.jsonld": name.encode() for name in "abc"}
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in documents.items())
    sha256 = hashlib.sha256(lines.encode()).hexdigest()
    about = SourceInfo("x", "archive", "graph/x", "latest", "", "", "", sha256, len(documents))
    for order in permutations([*documents, "instances/latest/README.md"]):
        place = tmp_path / "x.tar"
        with tarfile.open(place, "w") as archive:
            for path in order:
                info = tarfile.TarInfo(f"top/{path}")
                info.size = len(data := documents.get(path, b"#"))
                archive.addfile(info, io.BytesIO(data))
        place.write_bytes(place.read_bytes().rstrip(b"\0") + b"\0" * 512 + b"garbage, which a reader would refuse" * 20)
        selection = Selection(below="instances/latest/", suffixes=(".jsonld",), top=True)
        source = ArchiveSource(about, lambda place=place: place, selection)
        assert [document.path for document in source.documents()] == list(documents)
        assert source.set_aside() == ()


@pytest.fixture
def version(monkeypatch):
    """Pretend that this version of the package is installed."""

    def pretend(value):
        for module in (openminds_package, sys.modules["siibra_kg.sources.specs"]):
            monkeypatch.setattr(module, "installed_version", lambda: value)

    return pretend


@pytest.mark.parametrize(("value", "found"), [(None, "not installed"), ("0.4.0", "version 0.4.0 is installed")])
def test_the_package_must_be_the_pinned_one(value, found, version, tmp_path):
    """Asked for by name, its absence is an error that says how to get it."""
    version(value)
    with pytest.raises(SourceError, match=found) as caught:
        list(resolve("openminds-package", Settings(home=tmp_path, cache=tmp_path)).documents())
    assert f"pip install openMINDS=={pins.PACKAGE}" in str(caught.value)


@pytest.mark.mirror
@pytest.mark.parametrize("value", [None, "0.4.0"])
def test_without_the_package_the_archive_is_read(value, version, real, caplog):
    """Silently where the package is not there; with one line where it is there and is of no use."""
    version(value)
    source = resolve("openminds", real)
    with caplog.at_level(logging.WARNING):
        assert sum(1 for _ in source.documents()) == 17_432
    assert source.info().kind == "archive"
    lines = [item.reason for item in source.set_aside()]
    assert len(lines) == len(caplog.messages) == (0 if value is None else 1)
    assert all("0.4.0" in line and "\n" not in line for line in lines)


def test_with_the_package_nothing_is_fetched(tmp_path):
    """No network, no cache, no mirror."""
    source = resolve("openminds", Settings(home=tmp_path, cache=tmp_path / "cache", offline=True))
    assert sum(1 for _ in source.documents()) == 17_427
    assert source.info().kind == "package"
    assert list(tmp_path.iterdir()) == []


def test_with_neither_the_error_names_both(version, tmp_path):
    """And keeps its type: there is no network, and here is where to put the file."""
    version("0.4.0")
    source = resolve("openminds", Settings(home=tmp_path, cache=tmp_path, offline=True))
    with pytest.raises(NetworkDisabled, match=r"archive.*0\.4\.0") as caught:
        list(source.documents())
    assert "\n" not in str(caught.value)
    with pytest.raises(SourceError):
        source.info()


def test_a_source_that_fails_half_way_gives_nothing():
    """The first child announces one document more than it gives; the second one counts."""
    bad = child(r"print('x.jsonld\t{}\n\t2')")
    source = FirstOf("either", (bad, child(GOOD)))
    assert [document.path for document in source.documents()] == ["a.jsonld", "b.jsonld"]
    assert [item.path for item in source.set_aside()] == ["openminds-package"]


def write(folder, *nodes):
    folder.mkdir()
    for number, node in enumerate(nodes):
        (folder / f"{number}.jsonld").write_text(json.dumps(node))
    return resolve(folder, Settings(home=folder, cache=folder))


def test_compare_tells_what_differs_and_what_only_looks_so(tmp_path):
    """Order of lists, lists of one, nulls and contexts do not count; everything else does."""
    one = {"@id": "x:1", "@type": "t/A", "name": ["b", "a"], "part": {"@type": "t/P", "n": [1], "m": None}}
    same = {
        "@context": {},
        "@id": "x:1",
        "@type": ["t/A"],
        "name": ["a", "b"],
        "part": [{"n": 1, "@type": "t/P"}],
        "z": [],
    }
    left = write(tmp_path / "l", one, {"@id": "x:2", "@type": "t/B", "n": 1}, {"@id": "x:3", "@type": "t/A"})
    right = write(
        tmp_path / "r", same, {"@id": "x:2", "@type": "t/B", "n": "1", "o": "p"}, {"@id": "x:4", "@type": "t/C"}
    )
    found = compare(left, right)
    assert found.same == 1
    assert (found.only_left, found.only_right) == ((("A", "x:3"),), (("C", "x:4"),))
    assert [(c.id, c.property, c.left, c.right) for c in found.changes] == [
        ("x:2", "n", ("1",), ('"1"',)),
        ("x:2", "o", (), ('"p"',)),
    ]
    assert found.changes_by_property() == {("B", "n"): 1, ("B", "o"): 1}


@pytest.mark.parametrize("nodes", [[[]], [{"name": "no id"}], [{"@id": "x:1", "a": 1}, {"@id": "x:1", "a": 2}]])
def test_compare_refuses_what_it_cannot_compare(nodes, tmp_path):
    """One node in each document, and each node once."""
    with pytest.raises(SourceError):
        compare(write(tmp_path / "l", *nodes), write(tmp_path / "r", {"@id": "x:1"}))
