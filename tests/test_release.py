"""Release folders: whole or not there, the same bytes each time, and no damage goes unseen."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from building import built, settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rocrate.rocrate import ROCrate
from test_describe import HOSTILE, small_source

from siibra_kg import open as open_graph
from siibra_kg.errors import SnapshotError
from siibra_kg.release import ReleaseError, export_release, folder, verify, verify_release
from siibra_kg.release.crate import files_of
from siibra_kg.release.folder import checksums, sums

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.build.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return built(tmp_path_factory.mktemp("released"), small_source())


@pytest.fixture(scope="module")
def release(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One release that tests may damage if they mend it."""
    out = tmp_path_factory.mktemp("release") / "out"
    with open_graph(snapshot.path) as kg:
        return export_release(kg, out, extra={"openapi.json": b"{}\n"})


def names(place: Path) -> list[str]:
    return sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())


def test_a_release_has_everything_and_is_whole(release, snapshot):
    """All that is promised is there, and the check agrees."""
    there = names(release)
    for name in (
        "README.md", "index.html", "LICENSES.md", "CITATION.cff", "SHA256SUMS", "manifest.json", "openapi.json",
        "ro-crate-metadata.json", "mappings.sssom.tsv", "dumps/graph.nq.zst", "dumps/graph.ttl.gz",
        "dumps/graph.jsonld.gz", "descriptions/void.ttl", "descriptions/dcat.ttl", "descriptions/sparql-examples.ttl",
        "descriptions/service-description.ttl", "ontology/siibra-kg.ttl", "ontology/context.jsonld", "shapes/core.ttl",
        "queries/node/names.rq",
    ):  # fmt: skip
        assert name in there
    report = verify_release(release)
    assert report.ok, str(report)
    assert report.content_hash == snapshot.manifest.content_hash
    assert report.files == len(there)
    assert str(report).endswith("bytes")
    assert (release / "manifest.json").read_bytes() == (snapshot.path / "manifest.json").read_bytes()


def test_coreutils_agree(release):
    run = subprocess.run(
        ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=release, capture_output=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_the_dumps_hold_the_graph(release, snapshot):
    """Each format has the same statements; each graph's file is that graph; gzip headers name no file and no day."""
    with open_graph(snapshot.path) as kg:
        quads = set(kg.store.native)
    packed = {name: gzip.decompress((release / name).read_bytes()) for name in names(release) if name.endswith(".gz")}
    assert set(ox.parse(packed["dumps/graph.jsonld.gz"], ox.RdfFormat.JSON_LD)) == quads
    turtle = {q.triple for q in ox.parse(packed["dumps/graph.ttl.gz"], ox.RdfFormat.TURTLE)}
    assert turtle == {q.triple for q in quads}
    seen = 0
    for graph, count in snapshot.manifest.graphs.items():
        short = graph.partition("/graph/")[2].replace("/", "-")
        text = packed[f"dumps/graphs/{short}.nt.gz"]
        triples = {q.triple for q in ox.parse(text, ox.RdfFormat.N_TRIPLES)}
        assert triples == {q.triple for q in quads if q.graph_name.value == graph}
        assert text.count(b"\n") == count
        seen += count
    assert seen == len(quads)
    for name in packed:
        assert (release / name).read_bytes()[3:8] == b"\0\0\0\0\0"


def test_rocrate_reads_the_crate(release):
    """The reference library finds every file, with its size and checksum, the licence and the version."""
    crate = ROCrate(release)
    listed = {e.id: e for e in crate.get_entities() if e.type == "File"}
    assert set(listed) == set(names(release)) - {"ro-crate-metadata.json"}
    for name, entity in listed.items():
        if name == "SHA256SUMS":
            continue
        data = (release / name).read_bytes()
        assert (entity["contentSize"], entity["sha256"]) == (str(len(data)), hashlib.sha256(data).hexdigest())
    assert crate.root_dataset["license"]
    assert crate.name
    assert crate.root_dataset["version"] == json.loads((release / "manifest.json").read_bytes())["content_hash"]


def test_two_exports_give_the_same_bytes(release, snapshot, tmp_path):
    """In another process, with another hash seed, in another folder, at another time."""
    code = (
        "import sys, siibra_kg; from pathlib import Path; from siibra_kg.release import export_release\n"
        "kg = siibra_kg.open(sys.argv[1]); export_release(kg, Path(sys.argv[2]), extra={'openapi.json': b'{}\\n'})"
    )
    out = tmp_path / "other name" / "again"
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}
    subprocess.run([sys.executable, "-c", code, str(snapshot.path), str(out)], check=True, env=env)
    assert names(out) == names(release)
    assert [n for n in names(out) if (out / n).read_bytes() != (release / n).read_bytes()] == []


def test_options_go_where_they_belong(snapshot, tmp_path):
    with open_graph(snapshot.path) as kg:
        steps: list[tuple[str, int, int | None]] = []
        out = export_release(
            kg, tmp_path / "r", url="https://files.example.org/v1", home="https://atlas.example.org",
            published="2026-11-23", progress=lambda *step: steps.append(step),
        )  # fmt: skip
    dcat = (out / "descriptions" / "dcat.ttl").read_text("utf-8")
    assert "<https://files.example.org/v1/dumps/graph.nq.zst>" in dcat
    assert "<https://atlas.example.org/sparql>" in dcat
    crate = json.loads((out / "ro-crate-metadata.json").read_bytes())
    assert next(e for e in crate["@graph"] if e["@id"] == "./")["datePublished"] == "2026-11-23"
    assert {"dumps", "descriptions"} == {name for name, _, _ in steps}
    assert verify_release(out).ok
    page = (out / "index.html").read_text("utf-8")
    assert page.count("<script") == page.count("</script>") == 1
    assert HOSTILE not in page


# -- damage ------------------------------------------------------------------------------------------------------


@given(data=st.data())
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_changed_byte_is_found(release, data):
    """A byte of any file is changed, added or lost: the check names that file."""
    name = data.draw(st.sampled_from(names(release)), label="file")
    path = release / name
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1), label="offset")
    how = data.draw(st.sampled_from(["change", "add", "lose"]), label="damage")
    other = bytes([data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]), label="byte")])
    damaged = whole[:at] + (b"" if how == "lose" else other) + whole[at + (how != "add") :]
    try:
        path.write_bytes(damaged)
        report = verify_release(release)
        assert not report.ok
        # A changed list of checksums accuses itself, or the file that it is now wrong about.
        assert name == "SHA256SUMS" or name in {p.file for p in report.problems}
        assert "damaged" in str(report)
    finally:
        path.write_bytes(whole)


@given(data=st.data())
@example(data=None)
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_missing_or_added_file_is_found(release, data):
    name = "SHA256SUMS" if data is None else data.draw(st.sampled_from(names(release)))
    path = release / name
    whole = path.read_bytes()
    path.unlink()
    try:
        assert name in {p.file for p in verify_release(release).problems}
    finally:
        path.write_bytes(whole)
    extra = path.with_name(".hidden" + path.name)
    extra.write_bytes(b"")
    try:
        problems = verify_release(release).problems
        assert [(p.file, p.reason) for p in problems] == [
            (extra.relative_to(release).as_posix(), "does not belong here")
        ]
    finally:
        extra.unlink()


def test_a_link_out_of_the_folder_is_found(release, tmp_path):
    """A symbolic link is no file of a release, whatever it leads to."""
    link = release / "README.md"
    whole = link.read_bytes()
    (tmp_path / "README.md").write_bytes(whole)
    link.unlink()
    link.symlink_to(tmp_path / "README.md")
    try:
        assert {"README.md"} == {p.file for p in verify_release(release).problems}
    finally:
        link.unlink()
        link.write_bytes(whole)
    assert verify_release(release).ok


def rewritten(release: Path, copy: Path, name: str, old: bytes, new: bytes) -> set[str]:
    """Change a copy of a release, with checksums to match; gives the files that the check complains of."""
    shutil.copytree(release, copy)
    data = (copy / name).read_bytes()
    assert old in data
    (copy / name).write_bytes(data.replace(old, new, 1))
    facts = checksums(copy)
    facts.pop("SHA256SUMS")
    (copy / "SHA256SUMS").write_bytes(sums(facts))
    return {p.file for p in verify_release(copy).problems}


def test_files_that_contradict_each_other_are_found(release, snapshot, tmp_path):
    """Whoever changes a file and its checksum is told by another file."""
    digits = snapshot.manifest.content_hash.encode()
    crate = "ro-crate-metadata.json"
    assert "dumps/graph.nq.zst" in rewritten(release, tmp_path / "a", "manifest.json", digits, b"0" * 64)
    triples = f'"triples": {snapshot.manifest.triples}'.encode()
    assert "manifest.json" in rewritten(release, tmp_path / "b", "manifest.json", triples, b'"triples": 1')
    count = f"void:triples {snapshot.manifest.triples} ".encode()
    void = rewritten(release, tmp_path / "c", "descriptions/void.ttl", count, b"void:triples 1 ")
    assert void == {crate, "descriptions/void.ttl"}
    assert rewritten(release, tmp_path / "d", "README.md", b"Snapshot", b"Shapshot") == {crate}
    assert rewritten(release, tmp_path / "e", crate, b'"@graph"', b'"@grab"') == {crate}
    listed = files_of((release / crate).read_bytes())
    assert listed.keys() == set(names(release)) - {crate}


def test_a_list_of_checksums_is_read_strictly(release, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(release, copy)
    path = copy / "SHA256SUMS"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for damaged in (
        b"", whole[:-1], whole + b"\n", whole.replace(b"  ", b" *", 1), whole.replace(b"\n", b"\r\n"),
        lines[0] + whole, b"".join(reversed(lines)), b"\xff" + whole, whole.upper(),
    ):  # fmt: skip
        path.write_bytes(damaged)
        assert not verify_release(copy).ok, damaged[:80]
    path.write_bytes(whole)
    assert verify_release(copy).ok


# -- where it is written -----------------------------------------------------------------------------------------


def test_nothing_is_left_where_an_export_fails(snapshot, tmp_path, monkeypatch):
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "crate", full)
    with open_graph(snapshot.path) as kg, pytest.raises(ReleaseError, match="No space left"):
        export_release(kg, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_is_killed_leaves_no_folder(snapshot, tmp_path):
    """Killed at any moment, there is no release, or a whole one; never half of one."""
    code = (
        "import sys, siibra_kg; from pathlib import Path; from siibra_kg.release import export_release\n"
        "kg = siibra_kg.open(sys.argv[1]); print('go', flush=True); export_release(kg, Path(sys.argv[2]))"
    )
    for number, delay in enumerate((0.05, 0.3, 0.6, 0.9)):
        out = tmp_path / str(number)
        child = subprocess.Popen([sys.executable, "-c", code, str(snapshot.path), str(out)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
            time.sleep(delay)
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert not out.exists() or verify_release(out).ok


def test_nobodys_files_are_written_over(snapshot, release, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    (tmp_path / "file").write_text("x")
    with open_graph(snapshot.path) as kg:
        for taken in (tmp_path / "mine", tmp_path / "file", release):
            with pytest.raises(ReleaseError, match="something already"):
                export_release(kg, taken)
        (tmp_path / "empty").mkdir()
        assert verify_release(export_release(kg, tmp_path / "empty")).ok
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"
    with open_graph(snapshot.graph_path) as kg, pytest.raises(ReleaseError, match="no snapshot"):
        export_release(kg, tmp_path / "new")


# -- snapshots ---------------------------------------------------------------------------------------------------


def test_snapshots_are_verified_too(snapshot, release, tmp_path):
    """One call for both kinds of folder."""
    report = verify(snapshot.path, settings(tmp_path))
    assert report.ok
    assert report.kind == "snapshot"
    assert verify(release, settings(tmp_path)).kind == "release"
    copy = tmp_path / "copy"
    shutil.copytree(snapshot.path, copy)
    data = (copy / "graph.nq.zst").read_bytes()
    (copy / "graph.nq.zst").write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    damaged = verify(copy, settings(tmp_path))
    assert [p.file for p in damaged.problems] == ["graph.nq.zst"]
    for nothing in (tmp_path, tmp_path / "none"):
        with pytest.raises(SnapshotError):
            verify(nothing, settings(tmp_path))
    with pytest.raises(SnapshotError):
        verify_release(tmp_path / "none")
