"""siibra-configurations as a source: pinned, from the web or a folder, never written to, and not there at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from types import SimpleNamespace

import pytest
from building import Memory
from siibra_small import documents, write
from test_sources_fetch import serving
from test_sources_fetch import settings as quick_settings

import siibra_kg
from siibra_kg.build import build
from siibra_kg.config import Settings
from siibra_kg.errors import BuildError, NetworkDisabled, SourceError
from siibra_kg.sources import pins, resolve
from siibra_kg.web import download as download_module

COMMIT = "7e3999e272562a619bad2d52ed99c56afe24a2ea"
PLACE = f"github.com/FZJ-INM1-BDA/siibra-configurations/archive/{COMMIT}.tar.gz"
OTHER = "0123456789abcdef0123456789abcdef01234567"


def settings(folder, **changes) -> Settings:
    return Settings(**{"home": folder / "home", "cache": folder / "cache", "offline": True, **changes})


def other() -> Memory:
    """Give a second source, which can always be read."""
    return Memory({"a.jsonld": {"@id": "https://example.org/a", "https://example.org/p": 1}}, name="other")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download_module, "time", SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic))
    with serving() as one:
        yield one


def archive(place, content, top="siibra-configurations-x/"):
    """Write documents as an archive, as GitHub makes them: one folder around all, and more than is read."""
    extra = {"README.rst": b"hello", "config_schema/x.json": b"{}", "features/notes.txt": b"x"}
    files = {p: v if isinstance(v, bytes) else json.dumps(v).encode() for p, v in content.items()} | extra
    if place.suffix == ".zip":
        with zipfile.ZipFile(place, "w") as packed:
            for path, data in files.items():
                packed.writestr(top + path, data)
        return place
    with tarfile.open(place, "w:gz") as packed:
        for path, data in files.items():
            info = tarfile.TarInfo(top + path)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return place


def state(folder) -> dict[str, tuple[bytes | None, int, int]]:
    """Give all that a folder holds: content, time of change and mode of everything in it."""
    return {
        str(p.relative_to(folder)): (p.read_bytes() if p.is_file() else None, p.stat().st_mtime_ns, p.stat().st_mode)
        for p in sorted(folder.rglob("*"))
    }


@pytest.mark.mirror
def test_the_pin_is_that_of_the_real_archive(mirror, tmp_path):
    """637 documents, sorted; the content hash is the one that sha256sum would give of the files."""
    source = resolve("siibra", settings(tmp_path, mirror=str(mirror)))
    found = list(source.documents())
    digests = {}
    with tarfile.open(mirror / PLACE) as packed:
        for member in packed:
            path = member.name.partition("/")[2]
            if member.isfile() and path.endswith(".json"):
                digests[path] = hashlib.sha256(packed.extractfile(member).read()).hexdigest()
    assert [d.path for d in found] == sorted(digests)
    assert {d.format for d in found} == {"siibra"}
    listed = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    about = source.info()
    assert about.sha256 == pins.SIIBRA_CONTENT == hashlib.sha256(listed.encode()).hexdigest()
    assert (about.documents, about.revision, about.license) == (637, COMMIT, "")
    assert about.graph == "graph/siibra/7e3999e27256"
    assert about.url.endswith(f"/{COMMIT}.tar.gz")


@pytest.mark.mirror
def test_a_changed_document_is_not_the_pinned_content(mirror, tmp_path):
    """One byte in one file of the archive: refused, with both hashes and the way out."""
    changed = tmp_path / "web" / PLACE
    changed.parent.mkdir(parents=True)
    with tarfile.open(mirror / PLACE) as old, tarfile.open(changed, "w:gz") as new:
        for member in old:
            data = old.extractfile(member).read() if member.isfile() else b""
            if member.name.endswith("spaces/hcp32k.json"):
                data = data.replace(b"hcp32k", b"hcp33k", 1)
            new.addfile(member, io.BytesIO(data))
    source = resolve("siibra", settings(tmp_path, mirror=str(tmp_path / "web")))
    with pytest.raises(SourceError, match=f"siibra: its 637 documents have the content hash .* {pins.SIIBRA_CONTENT}"):
        list(source.documents())
    with pytest.raises(SourceError, match="not read to the end"):
        source.info()


@pytest.mark.parametrize(
    ("spec", "graph", "revision", "version"),
    [
        (f"siibra@{OTHER}", "graph/siibra/0123456789ab", OTHER, ""),
        ("siibra@siibra-1.0.1a25", "graph/siibra/siibra-1.0.1a25", "siibra-1.0.1a25", "siibra-1.0.1a25"),
    ],
)
def test_another_commit_or_tag_has_no_pin(tmp_path, spec, graph, revision, version):
    """It is read as it is, into a graph of its own name."""
    place = tmp_path / "web" / PLACE.replace(COMMIT, revision)
    place.parent.mkdir(parents=True)
    archive(place, documents())
    source = resolve(spec, settings(tmp_path, mirror=str(tmp_path / "web")))
    assert sorted(d.path for d in source.documents()) == sorted(documents())
    about = source.info()
    assert (about.name, about.graph, about.revision, about.version) == ("siibra", graph, revision, version)
    assert about.sha256


@pytest.mark.parametrize("spec", ["siibra@master", "siibra@7e3999e", "siibra@", "siibra@../x", "siibra="])
def test_what_is_no_commit_is_refused(tmp_path, spec):
    """A branch moves, and the cache would keep what it was; a short commit may become another's."""
    with pytest.raises(SourceError, match="neither a commit nor a tag"):
        resolve(spec, settings(tmp_path))


@pytest.mark.parametrize("name", ["c.tar.gz", "c.zip", "c.tgz"])
@pytest.mark.parametrize("top", ["siibra-configurations-x/", ""])
def test_archives_of_a_checkout_are_read_with_or_without_a_top_folder(tmp_path, name, top):
    place = archive(tmp_path / name, documents(), top)
    source = resolve(f"siibra={place}", settings(tmp_path))
    assert [d.path for d in source.documents()] == sorted(documents())
    assert source.info().graph == "graph/siibra/local"
    assert source.set_aside() == ()


def test_a_checkout_is_read_and_the_rest_of_it_is_not(tmp_path):
    """Only JSON in the five folders; hidden files and other folders are passed over in silence."""
    folder = write(tmp_path / "checkout", documents())
    write(folder, {".git/config.json": {}, "config_schema/a.json": {}, "tools.zip": b"", "maps/readme.md": b""})
    source = resolve(f"siibra={folder}", settings(tmp_path))
    assert [d.path for d in source.documents()] == sorted(documents())
    assert source.set_aside() == ()


def test_a_checkout_given_as_a_plain_folder_says_how_to_give_it(tmp_path):
    folder = write(tmp_path / "checkout", documents())
    with pytest.raises(SourceError, match=r"a checkout of siibra-configurations.*give siibra="):
        resolve(str(folder), settings(tmp_path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda place: None, "there is no such file or folder"),
        (lambda place: place.mkdir(), "not a checkout"),
        (lambda place: place.write_text("x"), "neither a folder nor an archive"),
    ],
)
def test_what_is_no_checkout_is_refused(tmp_path, make, reason):
    place = tmp_path / "x"
    make(place)
    with pytest.raises(SourceError, match=reason):
        list(resolve(f"siibra={place}", settings(tmp_path)).documents())


KINDS = [
    ("missing", "the server answered 404"),
    ("broken", "the server answered 500"),
    ("page", "the server sent a web page instead of the file"),
    ("silent", "no answer within"),
    ("stalled", "the server went silent"),
    ("short", "the connection (broke|ended) after"),
    ("cut", "the gzip stream ends early"),
    ("good", "not a gzip file"),
]


@pytest.mark.parametrize(("kind", "reason"), KINDS)
def test_a_build_goes_on_without_what_cannot_be_had(server, tmp_path, kind, reason):
    """One line says why; nothing of it is loaded, nothing is left in the cache; ``info`` shows that it is missing."""
    web = quick_settings(tmp_path, mirror=f"{server.url}/{kind}")
    report = build([other(), resolve("siibra", web)], tmp_path / "out", settings=web)
    (missing,) = [s for s in report.sources if s.missing]
    assert missing.name == "siibra"
    assert re.search(reason, missing.missing)
    assert "\n" not in missing.missing
    assert f"siibra: {missing.missing}" in str(report) or missing.missing in str(report)
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.suffix != ".lock"]
    with siibra_kg.open(report.path) as kg:
        assert "siibra" in kg.info().headline
        assert not list(kg.sparql("SELECT ?s WHERE { ?s a skg:SiibraRegion }"))


@pytest.mark.parametrize("kind", ["missing", "cut"])
def test_required_it_is_an_error_and_the_snapshot_stays(server, tmp_path, kind):
    """The snapshot that was there is there as it was."""
    web = quick_settings(tmp_path, mirror=f"{server.url}/{kind}")
    build([other()], tmp_path / "out", settings=web)
    before = state(tmp_path / "out")
    with pytest.raises(BuildError, match="siibra"):
        build([other(), resolve("siibra", web)], tmp_path / "out", settings=web, require=["siibra"])
    assert state(tmp_path / "out") == before


def test_offline_it_is_in_the_cache_or_missing(tmp_path):
    """A cached archive needs no network."""
    source = resolve(f"siibra@{OTHER}", settings(tmp_path))
    with pytest.raises(NetworkDisabled, match=OTHER):
        list(source.documents())
    place = tmp_path / "cache" / "web" / PLACE.replace(COMMIT, OTHER)
    place.parent.mkdir(parents=True)
    archive(place, documents())
    assert len(list(source.documents())) == len(documents())


def test_a_graph_has_one_configuration(tmp_path):
    """Two would describe the same nodes: the second is missing, and the build says why."""
    folder = write(tmp_path / "checkout", documents())
    both = [resolve(f"siibra={folder}", settings(tmp_path)) for _ in range(2)]
    report = build(both, tmp_path / "out", settings=settings(tmp_path))
    assert [bool(s.missing) for s in report.sources] == [False, True]
    assert "one graph has one version of siibra-configurations" in report.sources[1].missing


#: Builds a graph of a checkout and tells every file that Python itself opens for writing, moves or removes.
WATCHED = """
import json, sys
seen = []
def watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)):
        mode, flags = args[1], args[2] or 0
        if (mode and set(mode) & set("wxa+")) or flags & 0o3 or flags & 0o1100:
            seen.append([event, str(args[0])])
    elif event.split(".")[0] in {"os", "shutil"} and event not in {"os.listdir", "os.scandir", "os.walk", "os.fwalk",
                                                                   "os.getxattr", "os.listxattr"}:
        seen.extend([event, str(a)] for a in args if isinstance(a, (str, bytes)) or hasattr(a, "__fspath__"))
sys.addaudithook(watch)
from pathlib import Path
from siibra_kg.build import build
from siibra_kg.config import Settings
folder, place = map(Path, sys.argv[1:])
s = Settings(home=place / "home", cache=place / "cache", offline=True)
report = build([f"siibra={folder}"], settings=s)
print(json.dumps({"seen": seen, "aside": [[a.path, a.reason] for a in report.set_aside]}))
"""


def test_a_users_folder_is_never_written_to(tmp_path):
    """Also not where a document is malformed: siibra deletes such a file. Every byte, time and mode stays."""
    folder = write(tmp_path / "checkout", {**documents(), "features/broken.json": b'{"@type": ', "maps/odd.json": {}})
    for place in folder.rglob("*"):
        place.chmod(0o555 if place.is_dir() else 0o444)
    folder.chmod(0o555)
    before = state(folder)
    try:
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(folder), str(tmp_path / "own")],
            capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    finally:
        after = state(folder)
        for place in [folder, *folder.rglob("*")]:
            place.chmod(0o755)
    told = json.loads(done.stdout)
    assert after == before
    assert [path for path, _ in told["aside"] if path.endswith(".json")] == ["features/broken.json", "maps/odd.json"]
    own = (str(tmp_path / "own"), "/dev/")
    outside = [entry for entry in told["seen"] if not entry[1].startswith(own)]
    assert not [entry for entry in outside if entry[1].startswith(str(folder))]
    assert len(told["seen"]) > 10, "the watch sees what a build writes"
    assert not [entry for entry in outside if entry[1].startswith(("/", "."))], outside
