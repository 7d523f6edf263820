"""What a layer that fetches files for others must not do: each point that is known to go wrong elsewhere.

`docs/retrieval.md` has the points, and for each of them the tests here and in other files; the last test compares.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from feature_graph import feature_graph, table

import siibra_kg
from siibra_kg.config import Settings
from siibra_kg.data_errors import BadTable, ServiceError
from siibra_kg.errors import BadDocument, SiibraKGError, SourceError
from siibra_kg.features.kept import Kept, on_disk
from siibra_kg.features.kinds import KINDS
from siibra_kg.model_features import Feature
from siibra_kg.sources import resolve
from siibra_kg.tabular import Dialect, Format, members, read_matrix
from siibra_kg.tabular.compressed import gunzip
from siibra_kg.web import download, small
from siibra_kg.web.cache import cached
from siibra_kg.web.fetch import fetch
from siibra_kg.web.service import Service
from siibra_kg.web.small import small_file
from tests.servers.json_server import Said, answering

PACKAGE = Path(siibra_kg.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=2.0)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    for module in (download, small):
        quick = SimpleNamespace(sleep=lambda _: None, monotonic=module.time.monotonic)
        monkeypatch.setattr(module, "time", quick)


# --------------------------------------------------------------------------------- a download cut off at any byte

TABLE = b"a,b\n1,1021.5\n"
PACKED = gzip.compress(TABLE, mtime=0)


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def answer(headers: str, body: bytes) -> bytes:
    lines = ["HTTP/1.1 200 OK", *headers.split("|")] if headers else ["HTTP/1.1 200 OK"]
    return "\r\n".join([*lines, "", ""]).encode() + body


ANSWERS = {
    "a length": answer(f'Content-Length: {len(TABLE)}|ETag: "1"', TABLE),
    "chunks": answer("Transfer-Encoding: chunked", chunked(TABLE)),
    "no length": answer("", TABLE),
    "packed for the way, a length": answer(f"Content-Encoding: gzip|Content-Length: {len(PACKED)}", PACKED),
    "packed for the way, no length": answer("Content-Encoding: gzip", PACKED),
    "packed for the way, chunks": answer("Content-Encoding: gzip|Transfer-Encoding: chunked", chunked(PACKED, 20)),
}
WAYS = {
    "cached": lambda url, settings: cached(url, settings).path.read_bytes(),
    "fetch": lambda url, settings: fetch(url, settings).read_bytes(),
    "small_file": lambda url, settings: small_file(url, settings.timeout, lambda _: None),
}


@contextmanager
def saying(say):
    """Answer every connection with the bytes that a function gives, and close it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked and (more := connection.recv(4096)):
                    asked += more
                connection.sendall(say())
                connection.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_cut_off_at_any_byte_is_never_taken_for_whole(settings, kind, way):
    """In the headers, too: what is read of them then tells of no length, and the file seems to be empty.

    Without any length a table cannot be told from the beginning of it, so that it is never believed.
    """
    whole = ANSWERS[kind]
    now = [whole]
    with saying(lambda: now[0]) as url:
        for cut in range(len(whole)):
            now[0] = whole[:cut]
            try:
                assert WAYS[way](f"{url}/{cut}.csv", settings) == TABLE, cut
            except SiibraKGError as error:
                assert url in str(error)  # noqa: PT017  an answer is as good as an error
        assert not [p for p in settings.cache.rglob("*.csv") if p.is_file() and p.read_bytes() != TABLE]
        now[0] = whole
        if kind.endswith("no length"):
            with pytest.raises(SourceError, match="does not say where it ends"):
                WAYS[way](f"{url}/1.csv", settings)
        else:
            assert WAYS[way](f"{url}/1.csv", settings) == TABLE


@pytest.mark.parametrize("way", WAYS)
def test_what_says_its_own_end_needs_no_length(settings, way):
    """JSON and packed files; a table whose checksum is known."""
    bodies = {"a.json": b'{"a": [1, 2]}\n', "a.csv.gz": PACKED, "named by nothing": PACKED}
    now = [b""]
    with saying(lambda: answer("", now[0])) as url:
        for name, body in bodies.items():
            for cut in (*range(3, len(body) - 2, 7), len(body) - 3):
                now[0] = body[:cut]
                with pytest.raises(SourceError, match=r"ends early|where it ends|before anything"):
                    WAYS[way](f"{url}/{name}", settings)
            now[0] = body
            assert WAYS[way](f"{url}/{name}", settings) == body
        now[0] = TABLE
        digest = hashlib.sha256(TABLE).hexdigest()
        assert fetch(f"{url}/known.csv", settings, sha256=digest).read_bytes() == TABLE
        assert cached(f"{url}/known.csv", settings, sha256=digest).path.read_bytes() == TABLE


def test_a_file_without_a_length_can_be_put_there_by_hand(settings):
    """The message says where, and that is true."""
    with saying(lambda: answer("", TABLE)) as url, pytest.raises(SourceError) as told:
        cached(f"{url}/a.csv", settings)
    place = Path(str(told.value).rpartition("put the file at ")[2])
    place.parent.mkdir(parents=True)
    place.write_bytes(TABLE)
    assert cached(f"{url}/a.csv", settings).path == place


def test_a_web_page_is_no_file_whether_it_says_so_or_looks_so(settings):
    """A notice that calls itself a page without looking like one, and a page that calls itself data."""
    notice = Said(b"Please sign in", headers={"Content-Type": "text/html; charset=utf-8"})
    page = Said(b"\n<!DOCTYPE html><title>Sign in</title>", headers={"Content-Type": "application/octet-stream"})
    for said in (notice, page):
        with answering(lambda _, said=said: said) as server:
            for name, way in WAYS.items():
                with pytest.raises(SourceError, match="a web page instead of the file"):
                    way(f"{server.url}/{name}.csv", settings)
    assert not [p for p in settings.cache.rglob("*.csv") if p.is_file()]


# ------------------------------------------------------------------------------------------------ room and memory


def test_limits_hold_to_the_byte(settings):
    """What is as large as allowed is taken, and one byte more is refused; nothing makes room for it."""
    body = bytes(5000)
    with answering(lambda a: Said(body + a.path.removeprefix("/").encode(), headers=DATA)) as server:
        assert cached(f"{server.url}/a", settings, max_bytes=5001).path.stat().st_size == 5001
        with pytest.raises(SourceError, match="5,002 bytes or more, more than the 5,001"):
            cached(f"{server.url}/bb", settings, max_bytes=5001)
        two = replace(settings, cache_limit=10_002)
        assert cached(f"{server.url}/c", two).path.is_file()
        with pytest.raises(SourceError, match="10,002 of the 10,002"):
            cached(f"{server.url}/d", two)
        one_less = replace(settings, cache_limit=10_001 + 5000)
        with pytest.raises(SourceError, match="SIIBRA_KG_CACHE_LIMIT"):
            cached(f"{server.url}/e", one_less)
    assert sorted(p.name for p in (settings.cache / "files").rglob("*") if p.is_file()) == ["a", "c"]


DATA = {"Content-Type": "application/octet-stream"}


def test_a_bomb_is_never_unpacked_in_memory(tmp_path):
    """50 KB of gzip become 50 MB: as a file, and as a member of an archive; no more than the limit is ever held."""
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", bytes(50_000_000))
        made.writestr("a.csv.gz", bomb)
    form = Format(Dialect(compression="gzip"))
    tracemalloc.start()
    try:
        for attempt in (
            lambda: gunzip(bomb, name="a.gz", max_bytes=100_000),
            lambda: read_matrix(bomb, form, name="a.gz", max_bytes=100_000),
            lambda: list(members(archive, ["a.csv"], max_bytes=100_000)),
            lambda: [read_matrix(d, form, name=n, max_bytes=100_000) for n, d in members(archive, ["a.csv.gz"])],
        ):
            with pytest.raises(BadTable, match="100,000 bytes when unpacked"):
                attempt()
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------------------------------- files of other people


def test_files_of_the_user_stay_whatever_is_wrong_with_them(settings, tmp_path):
    """Named by address, put into the cache by hand, in a mirror, in a folder of configurations: read, never removed."""

    def refuse(path):
        raise ValueError(path)

    places = {
        "own": tmp_path / "own/mydata.json",
        "by hand": settings.cache / "volumes/example.org/b.json",
        "by hand, for tables": settings.cache / "web/example.org/c.json",
        "mirror": tmp_path / "mirror/example.org/d.json",
        "configuration": tmp_path / "configuration/parcellations/region.json",
        "table": tmp_path / "own/table.csv",
    }
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b'{"name": "a region, and a typo",, }')
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in places.values()}
    mirrored = Settings(settings.home, settings.cache, mirror=str(tmp_path / "mirror"))
    own = places["own"].as_uri()
    attempts = [
        lambda: cached(own, settings, check=refuse),
        lambda: cached(own, settings, sha256="0" * 64),
        lambda: fetch(own, settings, sha256="0" * 64),
        lambda: Service("a service", settings).get(own),
        lambda: cached("https://example.org/b.json", settings, check=refuse),
        lambda: cached("https://example.org/b.json", settings, sha256="0" * 64),
        lambda: Service("a service", settings).get("https://example.org/b.json"),
        lambda: cached("https://example.org/c.json", settings, check=refuse),
        lambda: cached("https://example.org/d.json", mirrored, check=refuse),
        lambda: cached("https://example.org/d.json", mirrored, sha256="0" * 64),
        lambda: fetch("https://example.org/d.json", mirrored, sha256="0" * 64),
        lambda: feature_graph(tmp_path, TABULAR.format(places["table"].as_uri())).feature("https://example.org/f").data,
    ]
    for number, attempt in enumerate(attempts):
        with pytest.raises((SiibraKGError, ValueError)):
            print(number, attempt())
    documents = list(resolve(str(tmp_path / "configuration"), settings).documents())
    assert all(isinstance(document, BadDocument) or document for document in documents)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in places.values()} == before


TABULAR = table("{}", "Tabular", more='; csvw:dialect [ csvw:delimiter ";" ; csvw:headerRowCount 1 ]')


def test_importing_touches_nothing_of_the_cache(tmp_path):
    """No upkeep when somebody imports: nothing is listed, measured, evicted; a download under way goes on."""
    cache = tmp_path / "cache"
    for name in ("incoming/k/part", "files/aa/b/a.nii", "tables/aa/b/mean.npy", "services/x"):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_bytes(bytes(4096))
    code = (
        "import sys, os, importlib\n"
        "seen = []\n"
        "sys.addaudithook(lambda e, a: seen.append((e, a)) if a and str(a[0]).startswith(sys.argv[1]) else None)\n"
        "for n in sys.argv[2:]: importlib.import_module(n)\n"
        "sys.exit(str(seen) if seen else 0)\n"
    )
    below = ("web.cache", "web.upkeep", "web.room", "features", "volumes", "live")
    modules = ["siibra_kg", *(f"siibra_kg.{name}" for name in below)]
    run = subprocess.run(
        [sys.executable, "-c", code, str(cache), *modules],
        env={**os.environ, "SIIBRA_KG_CACHE": str(cache), "SIIBRA_KG_CACHE_LIMIT": "1K"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert len([p for p in cache.rglob("*") if p.is_file()]) == 4


def test_threads_that_compute_the_same_get_what_they_asked_for(tmp_path):
    """No temporary file has a name that two writers could share."""
    barrier = threading.Barrier(8)

    def asked(number):
        barrier.wait()
        return on_disk(tmp_path, [number % 2], lambda: Kept({"a": np.full(2000, float(number % 2))}))

    for _ in range(5):
        shutil.rmtree(tmp_path / "tables", ignore_errors=True)
        with ThreadPoolExecutor(8) as pool:
            for number, kept in enumerate(pool.map(asked, range(8))):
                assert (kept.arrays["a"] == number % 2).all()
        folders = sorted((tmp_path / "tables").glob("*/*"))
        assert len(folders) == 2
        assert not list((tmp_path / "tables").rglob(".*"))


# ------------------------------------------------------------------------------------------------ how it is written


@lru_cache(maxsize=1)
def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text("utf-8"))) for path in MODULES]


def calls(tree: ast.AST):
    """Give each call with the words that are called: ``session.get``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_that_was_fetched_can_run_or_write(tmp_path):
    """Pickles and joblib's memory run what they read; archives that are unpacked to paths write where they say."""
    runs = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "appdirs"}
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path.name}: import {n}" for n in names if n.partition(".")[0] in runs]
        for called, node in calls(tree):
            last = called.rpartition(".")[2]
            pickles = [k for k in node.keywords if k.arg == "allow_pickle" and ast.unparse(k.value) != "False"]
            if last in {"extractall", "unpack_archive"} or called in {"eval", "exec"} or pickles:
                found.append(f"{path.name}:{node.lineno} {called}")
            if last == "extract" and not called.startswith("process."):  # of rapidfuzz
                found.append(f"{path.name}:{node.lineno} {called}")
            if called.endswith("np.load") and not any(k.arg == "allow_pickle" for k in node.keywords):
                found.append(f"{path.name}:{node.lineno} {called}")
    assert not found


def test_every_request_has_a_limit_of_time():
    """Each call that opens a connection says how long it may take; a server that hangs is tried elsewhere."""
    asks = re.compile(
        r"(requests|_?session|self\._session)\.(get|post|put|head|delete|request)|.*\b(urlopen|create_connection)"
    )
    found = [
        (path.name, called, {k.arg for k in node.keywords})
        for path, tree in trees()
        for called, node in calls(tree)
        if asks.fullmatch(called)
    ]
    assert {name for name, _, _ in found} >= {"download.py", "send.py", "post.py", "guarded.py"}
    assert not [one for one in found if "timeout" not in one[2]]


def test_input_is_checked_where_asserts_are_switched_off(tmp_path):
    """``python -O`` takes asserts away: no check of what comes from outside is one."""
    code = """
import sys
from pathlib import Path
from siibra_kg.config import Settings
from siibra_kg.errors import SiibraKGError
from siibra_kg.tabular import Format, members, read_matrix
from siibra_kg.web.cache import cached
from siibra_kg.web.service import Service
assert False, "asserts are on"
here = Path(sys.argv[1])
own = (here / "a.json").as_uri()
used = Settings(home=here, cache=here / "cache")
for attempt in (
    lambda: cached("ftp://example.org/a", used),
    lambda: cached(own, used, sha256="0" * 64),
    lambda: Service("s", used).get(own),
    lambda: read_matrix(b"1,2\\n3\\n", Format(), name="a"),
    lambda: read_matrix(b"1,2\\n3,4\\n", Format(), name="a", shape=(3, 3)),
    lambda: list(members(here / "a.json", ["a"])),
):
    try:
        sys.exit(f"taken: {attempt()}")
    except SiibraKGError:
        pass
"""
    (tmp_path / "a.json").write_text("{,}")
    run = subprocess.run([sys.executable, "-O", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_an_error_names_all_of_the_address_and_its_cause(settings):
    """However long it is: what was cut off is what somebody has to look up."""
    with answering(lambda _: Said(b"", 404)) as server:
        url = f"{server.url}/{'long/' * 60}the-end.json"
        for attempt in (
            lambda: cached(url, settings),
            lambda: fetch(url, settings),
            lambda: Service("a service", settings).get(url),
            lambda: Service("a service", settings).get(url, keep=False),
        ):
            with pytest.raises((SourceError, ServiceError), match="404") as told:
                attempt()
            # A question about a thousand genes is a page long: its message has the beginning, and says so.
            assert url in str(told.value) or (told.value.url == url and f"({len(url)} characters)" in str(told.value))
            assert told.value.__cause__ is None or isinstance(told.value.__cause__, SourceError)
    with pytest.raises(SourceError, match="refused") as told:
        cached(url, settings)
    assert url in str(told.value)


def test_every_feature_shows_itself_in_a_notebook():
    for cls in (Feature, *KINDS.values()):
        assert callable(cls._repr_html_)
