"""The cache of volumes: one download for many, content pinned at first sight, faults named, no part believed."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import logging
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import filelock
import pooch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.errors import BadVolume, DataMissing, NetworkDisabled, NoSuchName, SiibraKGError, SourceError
from siibra_kg.terms import IRI
from siibra_kg.volume_ref import VolumeRef
from siibra_kg.volumes import locate
from siibra_kg.volumes.files.packages import locate_many
from siibra_kg.web import cache as cache_module
from siibra_kg.web import download as download_module
from siibra_kg.web import lock as lock_module
from siibra_kg.web import upkeep
from siibra_kg.web.cache import cached
from siibra_kg.web.many import cached_many
from siibra_kg.web.records import Address

BODY = bytes(range(256)) * 2000
SHA = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves one body at every address; the first part of the path says what goes wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, kind = self.server, unquote(urlsplit(self.path).path).split("/")[1]
        with server.lock:
            server.asked.append((self.path, self.headers.get("Range", "")))
            number = len(server.asked)
        if kind == "moved":
            self.reply(302, b"", {"Location": f"http://localhost:{server.server_port}/plain/b.nii"})
        elif kind in {"404", "403", "500", "429", "503"}:
            self.reply(int(kind), b"no")
        elif kind == "page":
            self.reply(200, b"<html>log in</html>", {"Content-Type": "text/html"})
        elif kind == "disguised":
            self.reply(200, b"\n<!DOCTYPE html><html>log in</html>", {"Content-Type": "application/octet-stream"})
        elif kind == "hang":
            server.released.wait(20)
        else:
            self.give(kind, number)

    def give(self, kind, number):
        server = self.server
        body, tag = server.body, f'"{hashlib.sha256(server.body).hexdigest()[:8]}"'
        headers = {} if kind == "unmarked" else {"ETag": f"W/{tag}" if kind == "weak" else tag}
        status, start, asked = 200, 0, re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.headers.get("If-Range") == tag and kind not in {"unmarked", "norange"}:
            status, start = 206, int(asked[1])
            told = start + 1 if kind == "wrongrange" else start
            headers["Content-Range"] = f"bytes {told}-{len(body) - 1}/{len(body)}"
        body = body[start:]
        if kind == "endless":
            self.send_response(200)
            self.end_headers()
            while not server.released.is_set():
                self.wfile.write(bytes(1 << 16))
            return
        if kind == "lengthless":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True
            return
        short = server.breaks > 0 and number <= server.breaks
        if kind == "slow":
            time.sleep(0.5)
        self.reply(status, body[: len(body) // 2] if short else body, {**headers, "Content-Length": str(len(body))})
        if kind == "stalled":
            return
        self.close_connection = self.close_connection or short

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if self.path.startswith("/stalled"):
            self.server.released.wait(20)

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    server.asked, server.lock, server.released = [], threading.Lock(), threading.Event()
    server.body, server.breaks = BODY, 0
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def server():
    with serving() as one:
        yield one


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    quick = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr(download_module, "time", quick)


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=1.0)


def left(settings) -> list[str]:
    """Give all that the cache holds, without locks."""
    cache = settings.cache
    return sorted(str(p.relative_to(cache)) for p in cache.rglob("*") if p.is_file() and p.suffix != ".lock")


def ref_to(url) -> VolumeRef:
    return VolumeRef(IRI("https://example.org/v"), IRI("https://example.org/s"), "template", "nii", url)


def test_a_file_is_kept_by_its_content_and_recorded_by_its_address(server, settings):
    """The layout is as the docs say; the second call asks nobody."""
    url = f"{server.url}/plain/maps/a.nii.gz"
    found = cached(url, settings)
    assert (found.path, found.sha256, found.url) == (settings.cache / f"files/{SHA[:2]}/{SHA}/a.nii.gz", SHA, url)
    assert found.path.read_bytes() == BODY
    record = settings.cache / f"addresses/127.0.0.1_{server.server_port}/plain/maps/a.nii.gz.http.json"
    told = json.loads(record.read_text())
    assert (told["url"], told["sha256"], told["size"]) == (url, SHA, len(BODY))
    assert told["etag"] == f'"{SHA[:8]}"'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", told["fetched"])
    assert cached(url, settings) == found
    assert cached(url, replace(settings, offline=True), sha256=SHA.upper()) == found
    assert len(server.asked) == 1
    assert left(settings) == sorted(str(p.relative_to(settings.cache)) for p in (record, found.path))


def test_one_content_at_two_addresses_is_one_file(server, settings):
    """And removing one address leaves the file to the other."""
    one, two = (cached(f"{server.url}/plain/{n}/a.nii", settings) for n in (1, 2))
    assert one.path == two.path
    assert upkeep.remove(one.url, settings) == 0
    assert cached(two.url, replace(settings, offline=True)) == two
    assert upkeep.remove(two.url, settings) == len(BODY)
    assert left(settings) == []


@pytest.mark.parametrize(
    "path",
    [
        "/plain/a.nii?version=2",
        "/plain/a.nii?a=1&b=%2F..%2F",
        "/plain/Größe/Äther.nii",
        "/plain/Gr%C3%B6%C3%9Fe/a%20b.nii",
        "/plain/a b.nii#top",
        "/",
        "",
        "/?id=3",
        "/plain/folder/",
        "/plain/" + "n" * 240 + ".nii.gz",
        "/plain/" + "ü" * 120 + ".nii.gz",
        "/moved/a.nii",
    ],
)
def test_addresses_of_every_kind_work(server, settings, path):
    """With a query, not in ASCII, without a file name, too long for a file name, redirected to another host."""
    url = f"{server.url}{path}"
    found = cached(url, settings)
    assert found.path.read_bytes() == BODY
    assert cached(url, replace(settings, offline=True)) == found
    assert found.path.is_relative_to(settings.cache / "files")
    if path.endswith(".nii.gz"):
        assert found.path.name.endswith(".nii.gz")


def test_two_queries_are_two_addresses_and_two_spellings_are_one(server, settings):
    """A cache that ignores parameters gives the wrong data."""
    for query in ("", "?x=1", "?x=2"):
        server.body = query.encode() or b"none"
        assert cached(f"{server.url}/plain/a.nii{query}", settings).path.read_bytes() == server.body
    server.body = b"other"
    for spelling in ("a b", "a%20b"):
        cached(f"{server.url}/plain/{spelling}.nii", settings)
    assert len(server.asked) == 4


def test_http_says_nothing_about_https(server, settings):
    """What was fetched without encryption is not taken for the encrypted address."""
    cached(f"{server.url}/plain/a.nii", settings)
    with pytest.raises(NetworkDisabled):
        cached(f"https{server.url[4:]}/plain/a.nii", replace(settings, offline=True))


@pytest.mark.parametrize(
    ("kind", "times", "reason"),
    [
        ("404", 1, "answered 404"),
        ("403", 1, "answered 403"),
        ("500", 3, "answered 500"),
        ("503", 3, "answered 503"),
        ("429", 3, "answered 429"),
        ("page", 1, "a web page"),
        ("disguised", 1, "a web page"),
        ("hang", 1, "no answer within 1 s"),
        ("broken", 3, "ended after|broke after"),
    ],
)
def test_a_fault_of_the_server_is_named_and_leaves_nothing(server, settings, kind, times, reason):
    """What is tried again is only what may pass; a server that marks no version leaves no part."""
    server.breaks = 9 if kind == "broken" else 0
    url = f"{server.url}/{'unmarked' if kind == 'broken' else kind}/a.nii"
    started = time.monotonic()
    with pytest.raises(SourceError, match=reason) as caught:
        cached(url, settings)
    assert time.monotonic() - started < 8
    assert url in str(caught.value)
    assert len(server.asked) == times
    assert left(settings) == []


def test_a_broken_download_goes_on_where_it_stopped(server, settings):
    """Within a call, by Range and If-Range."""
    server.breaks = 2
    assert cached(f"{server.url}/plain/a.nii", settings).sha256 == SHA
    half = len(BODY) // 2
    assert [asked for _, asked in server.asked] == ["", f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_an_interrupted_download_goes_on_in_the_next_call(server, settings):
    """The part is kept below `incoming`, which is never read as a file."""
    server.breaks = 3
    url = f"{server.url}/plain/a.nii"
    with pytest.raises(SourceError, match="tried 3 times"):
        cached(url, settings)
    assert [Path(name).parts[0] for name in left(settings)] == ["incoming", "incoming"]
    with pytest.raises(NetworkDisabled):
        cached(url, replace(settings, offline=True))
    assert cached(url, settings).sha256 == SHA
    assert server.asked[-1][1].startswith("bytes=")
    assert not [name for name in left(settings) if name.startswith("incoming")]


def test_a_part_of_another_version_is_thrown_away(server, settings):
    """The server has a new version by the time the download goes on: it sends all of it, and nothing is mixed."""
    server.breaks = 3
    with pytest.raises(SourceError):
        cached(f"{server.url}/plain/a.nii", settings)
    server.body = BODY[::-1]
    assert cached(f"{server.url}/plain/a.nii", settings).path.read_bytes() == BODY[::-1]


@pytest.mark.parametrize("kind", ["norange", "weak", "wrongrange", "unmarked"])
def test_where_a_download_cannot_go_on_it_begins_again(server, settings, kind):
    """A server without ranges, with a weak mark, with a range that was not asked for, without a mark."""
    server.breaks = 1
    assert cached(f"{server.url}/{kind}/a.nii", settings).path.read_bytes() == BODY
    assert server.asked[0][1] == ""


@pytest.mark.parametrize("name", ["a.nii.gz", "a.zip"])
def test_a_packed_file_cut_short_without_a_length_is_not_believed(server, settings, name):
    """The end of the connection would be the end of the file; the file itself knows better."""
    packed = io.BytesIO()
    if name.endswith(".zip"):
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.nii", BODY)
    else:
        packed.write(gzip.compress(BODY))
    server.body = packed.getvalue()[:-10]
    with pytest.raises(SourceError, match="it ends early, after"):
        cached(f"{server.url}/lengthless/{name}", settings)
    assert left(settings) == []
    server.body = packed.getvalue()
    assert cached(f"{server.url}/lengthless/{name}", settings).path.read_bytes() == packed.getvalue()


def test_progress_on_a_bad_line_does_not_count_as_failure(server, settings):
    """Each attempt of a large file adds more than 1 MiB; it ends well although more than three break."""
    server.body = bytes(range(256)) * (1 << 16)
    server.breaks = 4
    assert cached(f"{server.url}/plain/a.nii", settings).path.stat().st_size == len(server.body)
    assert len(server.asked) == 5


def test_content_that_changed_is_never_replaced_silently(server, settings):
    """The file was removed from the disk and the server has another one now: an error that says what to do."""
    url = f"{server.url}/plain/a.nii"
    shutil.rmtree(cached(url, settings).path.parent)
    server.body = b"new version"
    with pytest.raises(BadVolume, match=r"this address had .*siibra-kg cache remove") as caught:
        cached(url, settings)
    assert SHA in str(caught.value)
    assert hashlib.sha256(b"new version").hexdigest() in str(caught.value)
    assert not [name for name in left(settings) if name.startswith(("files", "incoming"))]
    upkeep.remove(url, settings)
    assert cached(url, settings).path.read_bytes() == b"new version"


def test_a_file_that_was_changed_on_disk_is_refused(server, settings):
    """Another size, or the same size and another time: it is hashed, and the record decides."""
    found = cached(f"{server.url}/plain/a.nii", settings)
    os.utime(found.path, (1, 1))
    assert cached(found.url, settings) == found  # only touched: hashed once, and remembered
    for spoiled in (BODY[:-1], BODY[:-1] + b"x"):
        found.path.write_bytes(spoiled)
        with pytest.raises(BadVolume, match="has the sha256"):
            cached(found.url, settings)
    assert len(server.asked) == 1


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server, settings):
    """Where the sha256 is known beforehand, in a download and in a file that is here."""
    url, wrong = f"{server.url}/plain/a.nii", "0" * 64
    with pytest.raises(BadVolume, match=f"not the sha256 {wrong}"):
        cached(url, settings, sha256=wrong)
    assert left(settings) == []
    cached(url, settings, sha256=SHA)
    with pytest.raises(BadVolume, match=f"not {wrong}"):
        cached(url, settings, sha256=wrong)


def test_a_damaged_record_is_an_error(server, settings):
    """Without it nobody could tell a changed file from the first one."""
    cached(f"{server.url}/plain/a.nii", settings)
    (record,) = (settings.cache / "addresses").rglob("*.json")
    for text in ("", "[]", '{"url": 1'):
        record.write_text(text)
        with pytest.raises(BadVolume, match="is no record"):
            cached(f"{server.url}/plain/a.nii", settings)


def test_max_bytes_is_checked_before_and_while_downloading(server, settings):
    """The size that the server tells, and the bytes that come without one."""
    with pytest.raises(SourceError, match=r"512,000 bytes or more, more than the 1,000 that were asked for"):
        cached(f"{server.url}/plain/a.nii", settings, max_bytes=1000)
    with pytest.raises(SourceError, match="more than the 100,000"):
        cached(f"{server.url}/endless/a.nii", settings, max_bytes=100_000)
    assert left(settings) == []
    assert cached(f"{server.url}/plain/a.nii", settings, max_bytes=len(BODY)).sha256 == SHA


def test_the_limit_of_the_cache_refuses_and_never_evicts(server, settings):
    """The error says how to make room; removing makes room."""
    tight = replace(settings, cache_limit=len(BODY) + 100)
    one = cached(f"{server.url}/plain/a.nii", tight)
    server.body = BODY[::-1]
    with pytest.raises(SourceError, match=r"512,000 of the 512,100 of SIIBRA_KG_CACHE_LIMIT.*siibra-kg cache remove"):
        cached(f"{server.url}/plain/b.nii", tight)
    assert cached(one.url, tight) == one
    upkeep.remove(one.url, tight)
    assert cached(f"{server.url}/plain/b.nii", tight).path.read_bytes() == server.body


def test_an_interrupted_part_counts_once(server, settings):
    """A limit that the file just fits also lets it be continued."""
    server.breaks = 3
    tight = replace(settings, cache_limit=len(BODY))
    with pytest.raises(SourceError):
        cached(f"{server.url}/plain/a.nii", tight)
    assert cached(f"{server.url}/plain/a.nii", tight).sha256 == SHA
    assert server.asked[-1][1]


def test_a_disk_that_is_too_small_is_told_beforehand(server, settings, monkeypatch):
    """The server says how much is to come."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(SourceError, match="1,000 that are free at"):
        cached(f"{server.url}/plain/a.nii", settings)
    assert left(settings) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_a_full_disk_is_named_and_leaves_nothing(server, settings):
    """The system refuses to write: a process whose files may have 100,000 bytes."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from siibra_kg.config import Settings; from siibra_kg.web.cache import cached\n"
        "from siibra_kg.errors import SourceError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: cached(sys.argv[1], Settings(home=Path(sys.argv[2]), cache=Path(sys.argv[2]), timeout=5))\n"
        "except SourceError as error: print(error)"
    )
    command = [sys.executable, "-B", "-c", code, f"{server.url}/plain/a.nii", str(settings.cache)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be kept in the cache: File too large; make room" in run.stdout
    assert left(settings) == []


def test_no_space_left_is_named_and_leaves_nothing(server, settings, monkeypatch):
    """As above, with the system's own error in the middle of a file."""

    class Full(io.FileIO):
        def write(self, data):
            if self.tell() > 100_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    kept = Path.open

    def limited(self, mode="r", **more):
        return Full(self, "w") if mode == "wb" else kept(self, mode, **more)

    monkeypatch.setattr(Path, "open", limited)
    with pytest.raises(SourceError, match="No space left on device; make room"):
        cached(f"{server.url}/plain/a.nii", settings)
    assert left(settings) == []


def test_a_cache_that_cannot_be_written_is_named(server, settings):
    """A file where the folder should be."""
    settings.cache.write_bytes(b"")
    with pytest.raises(SourceError, match="cannot be kept in the cache"):
        cached(f"{server.url}/plain/a.nii", settings)


def _in_process(url, folder, results):
    results.put(cached(url, Settings(home=folder, cache=folder, timeout=10.0)).sha256)


def test_many_processes_download_a_cold_file_once(server, settings):
    """Those that wait for the lock find the file."""
    context = multiprocessing.get_context("spawn")
    results, url = context.Queue(), f"{server.url}/slow/a.nii"
    workers = [context.Process(target=_in_process, args=(url, settings.cache, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert {results.get(timeout=60) for _ in workers} == {SHA}
    for worker in workers:
        worker.join(30)
    assert len(server.asked) == 1


def test_many_threads_download_a_cold_file_once(server, settings):
    """The lock holds between threads too."""
    found = []
    url = f"{server.url}/slow/a.nii"
    threads = [threading.Thread(target=lambda: found.append(cached(url, settings))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(server.asked) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_killed_in_the_middle_leaves_a_part_that_is_continued(server, settings):
    """It is never believed; the next process asks for the rest."""
    server.breaks = 1  # half of it arrives, then the server is silent
    url = f"{server.url}/stalled/a.nii"
    code = (
        "import sys; from pathlib import Path; from siibra_kg.config import Settings\n"
        "from siibra_kg.web.cache import cached\n"
        "cached(sys.argv[1], Settings(home=Path(sys.argv[2]), cache=Path(sys.argv[2]), timeout=60))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, url, str(settings.cache)])
    part = settings.cache / "incoming" / Address.of(url).key / "part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 200_000) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    size = part.stat().st_size
    assert 200_000 < size <= len(BODY) // 2
    (part.parent / "tmpabc123").write_bytes(b"what pooch left")
    (part.parent / "a.nii").write_bytes(b"moved by pooch, and never checked")
    with pytest.raises(NetworkDisabled):
        cached(url, replace(settings, offline=True))
    server.released.set()
    assert cached(url, settings).path.read_bytes() == BODY
    assert server.asked[-1][1] == f"bytes={size}-"
    assert not [name for name in left(settings) if name.startswith("incoming")]


def test_a_lock_that_is_never_released_is_named(server, settings, monkeypatch):
    """As long as bytes arrive there it is waited for; then not for ever."""
    monkeypatch.setattr(lock_module, "_LOCK_WAIT", 0.2)
    url = f"{server.url}/plain/a.nii"
    incoming = settings.cache / "incoming" / Address.of(url).key
    incoming.mkdir(parents=True)
    (incoming / "part").write_bytes(b"1")
    with filelock.FileLock(f"{incoming}.lock"), pytest.raises(SourceError, match="another process has held"):
        cached(url, settings)
    assert server.asked == []


def test_offline_names_the_address_and_the_place_and_the_place_works(server, settings):
    """Both folders that people know: `volumes` and `web`."""
    off = replace(settings, offline=True)
    for number, folder in enumerate(("volumes", "web")):
        url = f"https://example.org/maps/{number} b.nii.gz?v=2"
        with pytest.raises(NetworkDisabled) as caught:
            cached(url, off)
        assert url in str(caught.value)
        place = settings.cache / folder / Address.of(url).place
        assert str(settings.cache / "volumes" / Address.of(url).place) in str(caught.value)
        place.parent.mkdir(parents=True)
        place.write_bytes(BODY)
        assert cached(url, off).path == place
        assert cached(url, off).sha256 == SHA
        place.write_bytes(b"another")
        with pytest.raises(BadVolume, match="this address had"):
            cached(url, off)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_mirror_folder_is_read_where_it_is_and_pinned_too(settings, tmp_path, scheme):
    """It stands in for the web: what it has is recorded, and what it has not is asked of nobody."""
    file = tmp_path / "a mirror" / "example.org" / "a b.nii"
    file.parent.mkdir(parents=True)
    file.write_bytes(BODY)
    mirror = f"{scheme}{tmp_path}/a mirror".replace(" ", "%20" if scheme else " ")
    mirrored = replace(settings, mirror=mirror)
    assert cached("https://example.org/a%20b.nii", mirrored).path == file
    assert not (settings.cache / "files").exists()
    with pytest.raises(SourceError, match="the mirror does not have it"):
        cached("https://example.org/b.nii", mirrored)
    file.write_bytes(b"other")
    with pytest.raises(BadVolume, match="this address had"):
        cached("https://example.org/a%20b.nii", mirrored)


def test_a_mirror_that_is_gone_is_not_read(server, settings, tmp_path):
    """What was downloaded before there was a mirror is found again after it."""
    url = f"{server.url}/plain/a.nii"
    mirrored = tmp_path / "mirror" / Address.of(url).place
    mirrored.parent.mkdir(parents=True)
    mirrored.write_bytes(BODY)
    other = f"{server.url}/plain/b.nii"
    shutil.copy(mirrored, mirrored.with_name("b.nii"))
    downloaded = cached(url, settings)
    for one in (url, other):
        assert cached(one, replace(settings, mirror=str(tmp_path / "mirror"))).path.is_relative_to(tmp_path / "mirror")
    off = replace(settings, offline=True)
    assert cached(url, off) == downloaded
    with pytest.raises(NetworkDisabled):
        cached(other, off)


def test_a_mirror_on_the_web_is_asked_by_host_and_path(server, settings):
    """The record is that of the address that was asked for."""
    mirrored = replace(settings, mirror=f"{server.url}/plain/")
    found = cached("https://example.org/maps/a b.nii", mirrored)
    assert server.asked[0][0] == "/plain/example.org/maps/a%20b.nii"
    assert cached("https://example.org/maps/a b.nii", replace(settings, offline=True)) == found


def test_a_cache_that_may_only_be_read_serves(server, settings, monkeypatch):
    """A file put there by hand is hashed each time, because nothing can be recorded."""
    place = settings.cache / "volumes" / "example.org" / "a.nii"
    place.parent.mkdir(parents=True)
    place.write_bytes(BODY)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(cache_module, "save", refuse)
    assert cached("https://example.org/a.nii", settings).sha256 == SHA


def test_a_file_address_is_taken_as_it_is(settings, tmp_path):
    """Nothing is copied and nothing recorded."""
    (tmp_path / "a b.nii").write_bytes(BODY)
    url = (tmp_path / "a b.nii").as_uri()
    assert cached(url, settings, sha256=SHA).path == tmp_path / "a b.nii"
    with pytest.raises(BadVolume):
        cached(url, settings, sha256="0" * 64)
    with pytest.raises(SourceError, match="no such file"):
        cached(url + "x", settings)
    assert not settings.cache.exists()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a.nii",
        "https://example.org/../../etc/passwd",
        "https://example.org/%2e%2e/%2e%2e/etc/passwd",
        "https://example.org/a%00.nii",
        "https:///a.nii",
        "http://[::1/a.nii",
        "https://me:hunter2@example.org/a.nii",
        "",
    ],
)
def test_odd_addresses_are_refused_before_anything_is_asked(url, settings):
    """No request, no file outside the cache, no password in a message."""
    with pytest.raises(SourceError) as caught:
        cached(url, settings)
    assert "hunter2" not in f"{caught.value!r} {caught.value}"
    assert not settings.cache.exists()
    with pytest.raises(BadVolume):
        locate(ref_to(url), settings)


@given(st.text(max_size=40), st.sampled_from(["http", "https"]))
def test_no_address_leads_out_of_the_cache(path, scheme):
    """Whatever the path is: refused, or a place below the cache with names that a file system takes."""
    try:
        address = Address.of(f"{scheme}://example.org/{path}")
    except SourceError:
        return
    cache = Path("/cache")
    for place in (address.record(cache), address.file(cache, SHA), cache / "volumes" / address.place):
        assert Path(os.path.normpath(place)) == place
        assert place.is_relative_to(cache)
        assert all(len(part.encode()) < 200 and "\0" not in part for part in place.parts)


def test_progress_names_the_address_and_the_size(server, settings):
    """The last call says that everything is there; a continued download counts on."""
    calls, url = [], f"{server.url}/plain/a.nii"
    server.breaks = 1
    cached(url, settings, progress=lambda *call: calls.append(call))
    assert calls[-1] == (url, len(BODY), len(BODY))
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)


def test_nothing_is_printed_where_nobody_watches(server, settings, capfd):
    """Neither by us nor by pooch, whose own logger is left as it was."""
    logger = pooch.get_logger()
    cached(f"{server.url}/plain/a.nii", settings)
    assert capfd.readouterr() == ("", "")
    assert logger.isEnabledFor(logging.INFO)
    assert logger.filters == []


def test_locate_downloads_and_says_what_is_missing(server, settings):
    """Asking for voxels is asking for the network; what cannot be had is DataMissing, what is wrong BadVolume."""
    assert locate(ref_to(f"{server.url}/plain/a.nii"), settings).read_bytes() == BODY
    for kind, reason in (("404", "answered 404"), ("hang", "no answer"), ("page", "a web page")):
        with pytest.raises(DataMissing, match=reason) as caught:
            locate(ref_to(f"{server.url}/{kind}/a.nii"), settings)
        assert caught.value.what == f"{server.url}/{kind}/a.nii"
    off = replace(settings, offline=True)
    with pytest.raises(DataMissing, match="switched off") as caught:
        locate(ref_to(f"{server.url}/plain/b.nii"), off)
    Path(caught.value.where).parent.mkdir(parents=True)
    Path(caught.value.where).write_bytes(b"mine")
    assert locate(ref_to(f"{server.url}/plain/b.nii"), off).read_bytes() == b"mine"
    locate(ref_to(f"{server.url}/plain/a.nii"), off).write_bytes(b"spoiled")
    with pytest.raises(BadVolume, match="this address had"):
        locate(ref_to(f"{server.url}/plain/a.nii"), off)


def test_verify_finds_what_is_damaged_and_what_is_missing(server, settings):
    """Also where size and time are as they were, which a use of the file would not notice."""
    server.body = b"one"
    good = cached(f"{server.url}/plain/1.nii", settings)
    server.body = b"two"
    bad = cached(f"{server.url}/plain/2.nii", settings)
    server.body = b"three"
    gone = cached(f"{server.url}/plain/3.nii", settings)
    state = bad.path.stat()
    bad.path.write_bytes(b"TWO")
    os.utime(bad.path, ns=(state.st_atime_ns, state.st_mtime_ns))
    gone.path.unlink()
    assert cached(bad.url, settings) == bad  # the cheap look does not see it, as the docs say
    states = {finding.record.url: finding.state for finding in upkeep.verify(settings)}
    assert states == {good.url: "good", bad.url: "damaged", gone.url: "missing"}
    os.utime(good.path, (1, 1))
    list(upkeep.verify(settings))
    assert {r.url: r.changed for r in upkeep.entries(settings)}[good.url] == 10**9


def test_removing_leaves_what_is_not_ours(server, settings):
    """Files put there by hand and metadata stay; the address is forgotten. What is not there is said."""
    by_hand = settings.cache / "volumes" / "example.org" / "a.nii"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(b"mine")
    cached("https://example.org/a.nii", settings)
    with pytest.raises(NoSuchName, match="no address named"):
        upkeep.remove("https://example.org/b.nii", settings)
    assert upkeep.remove("https://example.org/a.nii", settings) == 0
    by_hand.write_bytes(b"another one")
    assert cached("https://example.org/a.nii", settings).path == by_hand
    cached(f"{server.url}/plain/a.nii", settings)
    server.breaks = 99
    with pytest.raises(SourceError):
        cached(f"{server.url}/plain/b.nii", settings)
    assert upkeep.clear(settings) > len(BODY)
    assert left(settings) == ["volumes/example.org/a.nii"]
    assert upkeep.clear(settings) == 0


def command(*words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "siibra_kg", "cache", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


def test_the_command_line_lists_verifies_and_removes(server, settings):
    """Rows on stdout, talk on stderr; exit code 1 for damage, 2 for bad usage."""
    found = cached(f"{server.url}/plain/a.nii", settings)
    here = {"SIIBRA_KG_CACHE": str(settings.cache), "SIIBRA_KG_CACHE_LIMIT": "2 GB"}
    run = command("list", "--format", "json", **here)
    (row,) = json.loads(run.stdout)
    assert (row["url"], row["size"], row["sha256"]) == (found.url, len(BODY), SHA)
    assert "1 addresses, 512,000 bytes" in run.stderr
    assert "2,000,000,000 allowed" in run.stderr
    assert command("verify", **here).returncode == 0
    found.path.write_bytes(b"x")
    run = command("verify", "--format", "tsv", **here)
    assert run.returncode == 1
    assert run.stdout.splitlines()[1].split("\t")[:2] == [found.url, "damaged"]
    assert command("remove", **here).returncode == 2
    assert command("remove", "https://example.org/x.nii", **here).returncode == 1
    assert command("remove", found.url, **here).returncode == 0
    assert left(settings) == []
    assert command("remove", "--all", **here).returncode == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("", None), ("20GB", 20 * 10**9), ("1.5 GiB", 3 << 29), ("512k", 512_000), ("7", 7), ("7b", 7), ("2TiB", 2 << 40)],
)
def test_the_limit_is_written_with_a_suffix(text, size):
    """Decimal and binary; nothing means no limit."""
    assert Settings.from_environment({"SIIBRA_KG_CACHE_LIMIT": text}).cache_limit == size


@pytest.mark.parametrize("text", ["much", "-1GB", "20 apples", "1e9"])
def test_a_limit_that_is_none_is_an_error(text):
    """It would be worse to go on without one."""
    with pytest.raises(SiibraKGError, match=r"SIIBRA_KG_CACHE_LIMIT.*write for instance 20GB"):
        Settings.from_environment({"SIIBRA_KG_CACHE_LIMIT": text})


def test_a_hit_takes_less_than_a_millisecond(server, settings):
    """The best of many, so that a busy machine does not decide; it reads one small record and asks for one file."""
    url = f"{server.url}/plain/some/folder/a.nii"
    cached(url, settings)
    best = 1.0
    for _ in range(50):
        started = time.perf_counter()
        cached(url, settings)
        best = min(best, time.perf_counter() - started)
    assert best < 1e-3


def test_many_files_come_several_at_a_time_and_in_order(server, settings):
    """Each once, whatever is here already and however often it is named."""
    server.body = b"here"
    cached(f"{server.url}/slow/3.nii", settings)
    server.body = BODY
    urls = [f"{server.url}/slow/{n % 6}.nii" for n in range(8)]
    started, told = time.monotonic(), []
    found = cached_many(urls, settings, progress=lambda *call: told.append(call))
    assert time.monotonic() - started < 2.0  # one after the other they take 2.5 s
    assert [file.url for file in found] == urls
    assert found[3].path.read_bytes() == b"here"
    assert told == [("downloads", n, 5) for n in range(1, 6)]
    assert len(server.asked) == 6
    assert cached_many(urls, replace(settings, offline=True)) == found
    assert locate_many(map(ref_to, urls), replace(settings, offline=True)) == [file.path for file in found]


def test_the_first_of_many_that_fails_is_named(server, settings):
    """Those before it are here; most of those after it are not begun."""
    urls = [f"{server.url}/{'404' if n == 2 else 'plain'}/{n}.nii" for n in range(60)]
    with pytest.raises(SourceError, match=r"404/2\.nii"):
        cached_many(urls, settings, workers=2)
    assert len(server.asked) < 60
    with pytest.raises(DataMissing, match="answered 404") as caught:
        locate_many(map(ref_to, urls), settings)
    assert caught.value.what == urls[2]
    with pytest.raises(BadVolume, match="only http"):
        locate_many([ref_to("https:///")], settings)


def test_a_mirror_that_fails_is_named_beside_the_address(server, settings):
    """The address says what is missing, the mirror why."""
    with pytest.raises(DataMissing) as caught:
        locate(ref_to("https://example.org/a.nii"), replace(settings, mirror=f"{server.url}/404"))
    assert caught.value.what == "https://example.org/a.nii"
    assert f"{server.url}/404/example.org/a.nii: the server answered 404" in str(caught.value)
