"""A snapshot is whole or not there, whatever happens to the process that builds it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyoxigraph as ox
import pytest
from building import Memory, ask, built, settings
from documents import document

from siibra_kg.build import build
from siibra_kg.build.pipeline import Plan, run
from siibra_kg.build.snapshot import Snapshot, find, previous, prune
from siibra_kg.build.statements import Statements
from siibra_kg.build.switch import locked
from siibra_kg.errors import BuildError, SnapshotError

HERE = Path(__file__).parent

# Builds the corpus named by argv[2] at the place named by argv[3] ("home" or a folder below argv[1]), and kills
# itself at the step named by argv[4], if any.
CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, HERE)
from building import Memory, settings
from documents import document
from siibra_kg.build.pipeline import Plan, run
folder, text, place, step = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
def checkpoint(name):
    if name == step:
        os.kill(os.getpid(), signal.SIGKILL)
    print(name, flush=True)
source = Memory({"a.jsonld": document(name=text)})
out = None if place == "home" else folder / place
print("start", flush=True)
run(Plan([source], settings(folder), (), lambda *_: None, checkpoint), out)
"""
CHILD = CHILD.replace("HERE", repr(str(HERE)))

STEPS = ["read", "infer", "graph", "store", "report", "manifest", "before-rename", "before-cleaning"]
AT_HOME = ["before-pointer", "before-replace"]
AT_OUT = ["between-renames"]


def child(folder: Path, text: str, place: str, step: str = "") -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CHILD, str(folder), text, place, step]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> list[str]:
    """Wait for the child; gives the steps that it passed."""
    out, error = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGKILL), error
    return out.split()


def found(folder: Path, place: str) -> Snapshot:
    return find(None if place == "home" else folder / place, settings(folder))


def name_in(snapshot: Snapshot) -> str:
    """Read the one name that the corpus holds, from the store and checked against the graph's hash."""
    snapshot.verify()
    assert len(ox.Store.read_only(str(snapshot.store_path))) == snapshot.manifest.triples
    snapshot.report()
    rows = ask(snapshot, "SELECT ?n WHERE { omi:thing\\/x om:name ?n }")
    assert len(rows) == 1
    return rows[0][0]


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if "building" in p.name or p.name.endswith(".previous"))


@pytest.mark.parametrize(
    ("place", "step"), [("home", s) for s in STEPS + AT_HOME] + [("out", s) for s in STEPS + AT_OUT]
)
def test_killed_at_any_step_a_build_leaves_the_whole_old_or_the_whole_new_snapshot(
    tmp_path: Path, place: str, step: str
) -> None:
    run(
        Plan([Memory({"a.jsonld": document(name="old")})], settings(tmp_path), (), lambda *_: None),
        _out(tmp_path, place),
    )
    process = child(tmp_path, "new", place, step)
    passed = finished(process)
    assert process.returncode == -signal.SIGKILL, f"{step} was never reached: {passed}"
    assert name_in(found(tmp_path, place)) == ("new" if step == "before-cleaning" else "old")
    # The next build clears away what is left and ends well.
    run(
        Plan([Memory({"a.jsonld": document(name="next")})], settings(tmp_path), (), lambda *_: None),
        _out(tmp_path, place),
    )
    assert name_in(found(tmp_path, place)) == "next"
    assert leftovers(tmp_path) == []


def _out(folder: Path, place: str) -> Path | None:
    return None if place == "home" else folder / place


@pytest.mark.slow
@pytest.mark.parametrize("place", ["home", "out"])
def test_killed_at_random_moments_a_build_leaves_a_whole_snapshot(tmp_path: Path, place: str) -> None:
    run(
        Plan([Memory({"a.jsonld": document(name="n0")})], settings(tmp_path), (), lambda *_: None),
        _out(tmp_path, place),
    )
    choose = random.Random(20261122)
    process = child(tmp_path, "n0", place)
    assert process.stdout is not None
    process.stdout.readline()
    start = time.perf_counter()
    finished(process)
    whole = time.perf_counter() - start
    last, outcomes = "n0", set()
    for number in range(1, 13):
        process = child(tmp_path, f"n{number}", place)
        assert process.stdout is not None
        assert process.stdout.readline() == "start\n"
        time.sleep(choose.uniform(0, whole * 1.1))
        process.kill()
        process.communicate(timeout=60)
        now = name_in(found(tmp_path, place))
        assert now in (last, f"n{number}")
        outcomes.add(now == last)
        last = now
    assert True in outcomes


def test_readers_always_find_a_snapshot_while_others_replace_it(tmp_path: Path) -> None:
    built(tmp_path, Memory({"a.jsonld": document(name="old")}))
    stop, seen, errors = threading.Event(), set(), []

    def look() -> None:
        try:
            while not stop.is_set():
                seen.add(found(tmp_path, "out").manifest.content_hash)
        except SnapshotError as error:
            errors.append(str(error))

    reader = threading.Thread(target=look)
    reader.start()
    for text in ("one", "two", "three"):
        built(tmp_path, Memory({"a.jsonld": document(name=text)}))
    stop.set()
    reader.join()
    assert errors == []
    assert len(seen) >= 2


def test_an_open_store_goes_on_answering_when_its_successor_is_published(tmp_path: Path) -> None:
    """The engine opens some files only when it needs them, so the last snapshot stays where it is for a while."""
    old = find(
        build([Memory({"a.jsonld": document(name="old")})], settings=settings(tmp_path)).path, settings(tmp_path)
    )
    store = ox.Store.read_only(str(old.store_path))
    for text in ("old", "new"):
        build([Memory({"a.jsonld": document(name=text)})], settings=settings(tmp_path))
    assert len(store) == old.manifest.triples
    name = ox.NamedNode("https://openminds.om-i.org/props/name")
    assert [q.object.value for q in store.quads_for_pattern(None, name, None)] == ["old"]


LIMITED = CHILD.replace(
    "source = Memory", "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (int(step),) * 2)\nsource = Memory"
)


@pytest.mark.parametrize("size", [0, 100, 20_000, 200_000])
def test_a_full_disk_stops_the_build_and_leaves_the_old_snapshot(tmp_path: Path, size: int) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the middle of a file."""
    before = built(tmp_path, Memory({"a.jsonld": document(name="old")}))
    arguments = [sys.executable, "-c", LIMITED, str(tmp_path), "new", "out", str(size)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "BuildError: build stopped at" in done.stderr
    assert found(tmp_path, "out") == before
    assert name_in(before) == "old"


def test_a_graph_that_cannot_be_written_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built(tmp_path, Memory({"a.jsonld": document(name="old")}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "graph.nq.zst")

    monkeypatch.setattr(Statements, "write", full)
    with pytest.raises(
        BuildError, match=r"No space left on device: graph\.nq\.zst; the previous snapshot is unchanged"
    ):
        built(tmp_path, Memory({"a.jsonld": document(name="new")}))
    assert found(tmp_path, "out") == before
    assert leftovers(tmp_path) == []


def test_a_snapshot_at_home_is_named_by_its_content_and_pointed_at(tmp_path: Path) -> None:
    report = build([Memory({"a.jsonld": document(name="a")})], settings=settings(tmp_path))
    assert report.path == tmp_path / "home" / "snapshots" / report.content_hash[:16]
    names = ["graph.nq.zst", "manifest.json", "report.json", "statistics.json", "store"]
    assert sorted(p.name for p in report.path.iterdir()) == names
    assert found(tmp_path, "home").path == report.path


def test_building_the_same_again_replaces_a_damaged_store(tmp_path: Path) -> None:
    first = build([Memory({"a.jsonld": document(name="a")})], settings=settings(tmp_path))
    for path in (first.path / "store").glob("*.sst"):
        path.write_bytes(b"damage")
    second = build([Memory({"a.jsonld": document(name="a")})], settings=settings(tmp_path))
    assert second.content_hash == first.content_hash
    assert second.path != first.path
    assert name_in(found(tmp_path, "home")) == "a"
    third = build([Memory({"a.jsonld": document(name="a")})], settings=settings(tmp_path))
    assert {p for p in third.path.parent.iterdir() if p.is_dir()} == {second.path, third.path}


def test_prune_keeps_only_the_current_snapshot(tmp_path: Path) -> None:
    paths = [build([Memory({"a.jsonld": document(name=n)})], settings=settings(tmp_path)).path for n in "ab"]
    assert prune(settings(tmp_path)) == (paths[0],)
    assert not paths[0].exists()
    assert found(tmp_path, "home").path == paths[1]
    shutil.rmtree(paths[1])
    with pytest.raises(SnapshotError):
        prune(settings(tmp_path))


def test_nobodys_files_are_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    with pytest.raises(BuildError, match="is not a snapshot; name another folder"):
        built(tmp_path, Memory({"a.jsonld": document(name="a")}))
    assert (out / "thesis.txt").read_text() == "precious"
    built(tmp_path / "other", Memory({"a.jsonld": document(name="a")}))
    (tmp_path / "other" / "out" / "notes.txt").write_text("mine")
    with pytest.raises(BuildError, match="is not a snapshot"):
        built(tmp_path / "other", Memory({"a.jsonld": document(name="b")}))
    (tmp_path / "file").write_text("x")
    with pytest.raises(BuildError, match="is not a snapshot"):
        build([Memory({"a.jsonld": document(name="a")})], tmp_path / "file", settings=settings(tmp_path))


def test_an_empty_folder_may_become_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert name_in(built(tmp_path, Memory({"a.jsonld": document(name="a")}))) == "a"


def test_two_builds_of_one_target_wait_for_each_other(tmp_path: Path) -> None:
    processes = [child(tmp_path, text, "out") for text in ("one", "two")]
    for process in processes:
        finished(process)
        assert process.returncode == 0
    assert name_in(found(tmp_path, "out")) in ("one", "two")
    assert leftovers(tmp_path) == []


def test_a_lock_that_is_held_too_long_is_an_error_that_names_it(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock"),
        pytest.raises(BuildError, match="another build has held"),
        locked(tmp_path / "lock", 0.05),
    ):
        pass  # pragma: no cover


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return built(tmp_path, Memory({"a.jsonld": document(name="a")})).path


def broken(folder: Path) -> str:
    with pytest.raises(SnapshotError) as caught:
        find(folder, settings(folder.parent))
    assert "siibra-kg build" in str(caught.value)
    return caught.value.reason


def test_a_snapshot_of_another_format_version_is_refused(snapshot: Path) -> None:
    path = snapshot / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    assert broken(snapshot) == "this program reads snapshots of format 1, this one has format 2"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "\x00", '{"format": 1, "sources": 3}'])
def test_a_malformed_manifest_is_refused(snapshot: Path, text: str) -> None:
    (snapshot / "manifest.json").write_text(text)
    assert "manifest.json" in broken(snapshot) or "format" in broken(snapshot)


def test_half_a_snapshot_is_refused_and_says_what_is_missing(snapshot: Path) -> None:
    (snapshot / "store" / "CURRENT").unlink()
    assert broken(snapshot) == "it is incomplete: there is no store/CURRENT"
    data = (snapshot / "graph.nq.zst").read_bytes()
    (snapshot / "graph.nq.zst").write_bytes(data[:-1])
    assert "its manifest says" in broken(snapshot)
    (snapshot / "graph.nq.zst").unlink()
    assert broken(snapshot) == "it is incomplete: there is no graph.nq.zst"
    (snapshot / "manifest.json").unlink()
    assert broken(snapshot) == "there is no snapshot here (no manifest.json)"


def test_a_changed_graph_is_found_by_its_hash(snapshot: Path, tmp_path: Path) -> None:
    path = snapshot / "graph.nq.zst"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(SnapshotError, match=r"graph\.nq\.zst"):
        find(snapshot, settings(tmp_path)).verify()


def test_a_damaged_report_is_an_error_of_the_snapshot(snapshot: Path, tmp_path: Path) -> None:
    (snapshot / "report.json").write_text("{}")
    with pytest.raises(SnapshotError, match=r"report\.json cannot be read"):
        find(snapshot, settings(tmp_path)).report()


def test_without_any_snapshot_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    for place in (None, tmp_path / "none", tmp_path / "none" / "deeper"):
        with pytest.raises(SnapshotError, match="siibra-kg build"):
            find(place, settings(tmp_path))


@pytest.mark.parametrize("text", ["../../etc\n", "", "0123456789abcdef", "\x00" * 16, "é"])
def test_a_pointer_to_nowhere_is_refused(tmp_path: Path, text: str) -> None:
    home = settings(tmp_path).home
    home.mkdir()
    (home / "current").write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotError):
        find(None, settings(tmp_path))


def test_a_snapshot_can_be_moved_and_read_where_nothing_can_be_written(snapshot: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "renamed"
    moved.parent.mkdir()
    shutil.move(snapshot, moved)
    for path in (*moved.rglob("*"), moved):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert name_in(find(moved, settings(tmp_path))) == "a"
        assert not os.access(moved / "store", os.W_OK) or os.geteuid() == 0
    finally:
        for path in (*moved.rglob("*"), moved):
            path.chmod(0o755)


def test_the_old_snapshot_is_taken_between_the_two_renames(snapshot: Path, tmp_path: Path) -> None:
    snapshot.rename(previous(snapshot))
    assert name_in(find(snapshot, settings(tmp_path))) == "a"
