"""The download cache: whole files or none, one download for many, no call that hangs. All servers are on loopback."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import filelock
import pytest

from siibra_kg import progress
from siibra_kg.config import Settings
from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.progress import progress_line
from siibra_kg.sources import resolve
from siibra_kg.web import download as download_module
from siibra_kg.web import fetch as fetch_module
from siibra_kg.web.fetch import fetch, place_of

BODY = b"<a> <b> <c> .\n" * 3000


class Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path; counts what it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.lock:
            self.server.asked.append(self.path)
            number = sum(path == self.path for path in self.server.asked)
        getattr(self, "give_" + self.path.split("/")[1].partition("?")[0])(number)

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def give_good(self, _):
        self.reply(200, BODY)

    def give_slow(self, _):
        time.sleep(0.5)
        self.reply(200, BODY)

    def give_missing(self, _):
        self.reply(404, b"no")

    def give_shaky(self, number):
        self.reply(*((503, b"") if number < 3 else (200, BODY)))

    def give_busy(self, number):
        self.reply(*((429, b"", {"Retry-After": "0"}) if number < 2 else (200, BODY)))

    def give_broken(self, _):
        self.reply(500)

    def give_short(self, _):
        self.reply(200, BODY, {"Content-Length": str(len(BODY) + 10)})
        self.close_connection = True

    def give_mended(self, number):
        self.give_short(number) if number < 2 else self.give_good(number)

    def give_page(self, _):
        self.reply(200, b"<html>please log in</html>", {"Content-Type": "text/html; charset=utf-8"})

    def give_silent(self, _):
        self.server.released.wait(20)

    def give_stalled(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)
        self.wfile.flush()
        self.server.released.wait(20)

    def give_dripping(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.released.wait(0.1):
            self.wfile.write(b"x")
            self.wfile.flush()

    def give_moved(self, _):
        self.reply(302, b"", {"Location": "/good/b.nt"})

    def give_escape(self, _):
        self.reply(302, b"", {"Location": "file:///etc/passwd"})

    def give_ftp(self, _):
        self.reply(301, b"", {"Location": "ftp://127.0.0.1/x.nt"})

    def give_circle(self, _):
        self.reply(302, b"", {"Location": self.path})

    def give_encoded(self, _):
        self.reply(200, b"\x1f\x8bpacked", {"Content-Encoding": "gzip"})

    def give_cut(self, _):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            info = tarfile.TarInfo("a.json")
            info.size = len(BODY)
            archive.addfile(info, io.BytesIO(BODY))
        self.send_response(200)  # no length: the end of the connection is the end of the file
        self.end_headers()
        self.wfile.write(packed.getvalue()[:-20])
        self.close_connection = True

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    server.asked, server.lock, server.released = [], threading.Lock(), threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
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
    """Wait less between attempts; everything else is as in earnest."""
    quick = SimpleNamespace(sleep=lambda _: None, monotonic=time.monotonic)
    monkeypatch.setattr(download_module, "time", quick)


def settings(tmp_path, **changes) -> Settings:
    return Settings(**{"home": tmp_path / "home", "cache": tmp_path / "cache", "timeout": 1.0, **changes})


def files(folder) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_file_is_fetched_once(server, tmp_path):
    """The second call finds it; the layout of the cache is the mirror's."""
    url = f"{server.url}/good/a.nt"
    path = fetch(url, settings(tmp_path))
    assert path.read_bytes() == BODY
    assert path == tmp_path / "cache" / "web" / place_of(url)
    assert fetch(url, settings(tmp_path)) == path
    assert server.asked == ["/good/a.nt"]


def test_two_queries_of_one_path_are_two_files(server, tmp_path):
    """A cache key that ignores parameters gives the wrong data silently."""
    paths = {fetch(f"{server.url}/good/a.nt{q}", settings(tmp_path)) for q in ("", "?x=1", "?x=2")}
    assert len(paths) == 3
    assert all(path.name.endswith("a.nt") for path in paths)


def _fetch_in_process(url, folder, results):
    results.put(str(fetch(url, Settings(home=folder, cache=folder, timeout=10.0))))


def test_eight_processes_download_a_cold_address_once(server, tmp_path):
    """They wait for the first one's lock, look again, and find the file."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    url = f"{server.url}/slow/a.nt"
    workers = [context.Process(target=_fetch_in_process, args=(url, tmp_path, results)) for _ in range(8)]
    for worker in workers:
        worker.start()
    paths = {results.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join(30)
    assert len(paths) == 1
    assert server.asked == ["/slow/a.nt"]


@pytest.mark.parametrize(("kind", "times"), [("shaky", 3), ("busy", 2), ("mended", 2)])
def test_what_may_pass_is_tried_again(server, tmp_path, kind, times):
    """5xx, 429 and a broken connection."""
    assert fetch(f"{server.url}/{kind}/a.nt", settings(tmp_path)).read_bytes() == BODY
    assert len(server.asked) == times


@pytest.mark.parametrize(
    ("kind", "times", "reason"),
    [
        ("missing", 1, "answered 404"),
        ("broken", 3, "answered 500"),
        ("short", 3, "ended after|broke after"),
        ("page", 1, "a web page"),
        ("silent", 1, "no answer within 1 s"),
        ("stalled", 1, "silent for 1 s"),
        ("dripping", 1, "bytes arrived in"),
        ("escape", 1, "redirects to file:"),
        ("ftp", 1, "redirects to ftp:"),
        ("circle", 6, "more than 5 redirects"),
    ],
)
def test_a_failure_is_named_in_one_line_and_leaves_nothing(server, tmp_path, kind, times, reason):
    """No half file, no page of a portal, no hang; the address is in the message."""
    url = f"{server.url}/{kind}/a.nt"
    started = time.monotonic()
    with pytest.raises(SourceError, match=reason) as caught:
        fetch(url, settings(tmp_path))
    assert time.monotonic() - started < 8
    assert url in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(server.asked) == times
    assert files(tmp_path) == []


def test_a_refused_connection_is_named(tmp_path):
    """Nobody listens on the port."""
    with serving() as gone:
        url = f"{gone.url}/good/a.nt"
    with pytest.raises(SourceError, match=r"cannot connect .*refused.*tried 3 times") as caught:
        fetch(url, settings(tmp_path))
    assert "object at 0x" not in str(caught.value)


def test_a_redirect_inside_http_is_followed(server, tmp_path):
    """As hosting services do for archives."""
    assert fetch(f"{server.url}/moved/a.nt", settings(tmp_path)).read_bytes() == BODY


def test_a_packed_archive_labelled_as_encoded_stays_packed(server, tmp_path):
    """Some servers call the file's own compression a transfer encoding."""
    assert fetch(f"{server.url}/encoded/a.tar.gz", settings(tmp_path)).read_bytes() == b"\x1f\x8bpacked"


def test_a_wrong_checksum_is_refused_and_not_kept(server, tmp_path):
    """Neither what was downloaded nor what an earlier version left in the cache is used."""
    url, right, wrong = f"{server.url}/good/a.nt", hashlib.sha256(BODY).hexdigest(), "0" * 64
    with pytest.raises(SourceError, match="another sha256"):
        fetch(url, settings(tmp_path), sha256=wrong)
    assert files(tmp_path) == []
    path = fetch(url, settings(tmp_path), sha256=right)
    path.write_bytes(b"spoiled")
    assert fetch(url, settings(tmp_path), sha256=right).read_bytes() == BODY


def test_a_check_that_fails_keeps_the_file_out_of_the_cache(server, tmp_path):
    """An archive that cannot be unpacked never gets its name."""

    def refuse(path):
        raise SourceError("x", f"{path.stat().st_size} bytes are not an archive")

    with pytest.raises(SourceError, match=f"{len(BODY)} bytes are not"):
        fetch(f"{server.url}/good/a.nt", settings(tmp_path), check=refuse)
    assert files(tmp_path) == []


def test_an_archive_cut_short_without_a_length_is_not_kept(server, tmp_path):
    """Nothing but the archive itself can tell; it is looked through before it enters the cache."""
    url = f"{server.url}/cut/a.tar.gz?version=1"
    with pytest.raises(SourceError, match=r"cut/a\.tar\.gz: the gzip stream ends early"):
        list(resolve(url, settings(tmp_path)).documents())
    assert files(tmp_path) == []


def test_progress_is_told_bytes_and_total(server, tmp_path):
    """The last call says that everything is there."""
    calls = []
    fetch(f"{server.url}/good/a.nt", settings(tmp_path), progress=lambda *call: calls.append(call))
    assert calls[-1] == (f"{server.url}/good/a.nt", len(BODY), len(BODY))


def test_nothing_is_printed_where_nobody_watches(server, tmp_path, capfd):
    """Standard error is no terminal here."""
    fetch(f"{server.url}/good/a.nt", settings(tmp_path))
    assert capfd.readouterr() == ("", "")


def test_a_terminal_sees_one_line_that_grows(monkeypatch):
    """It ends when everything is there, and says nothing of a total that is not known."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    clock = iter([0.0, 0.4, 0.6, 0.65, 0.66])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    show = progress_line()
    for done, total in ((500_000, None), (1_500_000, None), (1_600_000, None), (2_000_000, 2_000_000)):
        show("https://e.org/a.nt", done, total)
    assert (
        terminal.getvalue()
        == "\rhttps://e.org/a.nt: 1.5 MB\rhttps://e.org/a.nt: 2.0 of 2.0 MB [####################]\n"
    )


def test_a_lock_that_is_never_released_is_named(server, tmp_path, monkeypatch):
    """A process that hangs elsewhere must not make this one hang for ever."""
    monkeypatch.setattr(fetch_module, "_LOCK_WAIT", 0.2)
    url = f"{server.url}/good/a.nt"
    place = tmp_path / "cache" / "web" / place_of(url)
    place.parent.mkdir(parents=True)
    with (
        filelock.FileLock(f"{place}.lock"),
        pytest.raises(SourceError, match=r"another process has held .*a\.nt\.lock"),
    ):
        fetch(url, settings(tmp_path))
    assert server.asked == []


def test_offline_names_the_address_and_the_place(server, tmp_path):
    """What is cached still works; what is not says where to put it, and putting it there helps."""
    url, other = f"{server.url}/good/a.nt", f"{server.url}/good/b.nt"
    fetch(url, settings(tmp_path))
    off = settings(tmp_path, offline=True)
    assert fetch(url, off).read_bytes() == BODY
    with pytest.raises(NetworkDisabled) as caught:
        fetch(other, off)
    place = tmp_path / "cache" / "web" / place_of(other)
    assert other in str(caught.value)
    assert str(place) in str(caught.value)
    place.write_bytes(b"mine")
    assert fetch(other, off).read_bytes() == b"mine"
    assert server.asked == ["/good/a.nt"]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_mirror_folder_stands_in_for_the_web_without_a_copy(tmp_path, scheme):
    """The file is read where it is, also offline."""
    file = tmp_path / "a mirror" / "example.org" / "data" / "a.nt"
    file.parent.mkdir(parents=True)
    file.write_bytes(BODY)
    mirror = f"{scheme}{tmp_path}/a mirror".replace(" ", "%20" if scheme else " ")
    found = fetch("https://example.org/data/a.nt", settings(tmp_path, mirror=mirror, offline=True))
    assert found == file
    assert not (tmp_path / "cache").exists()


def test_a_mirror_folder_without_the_file_asks_nobody_else(tmp_path):
    """The message says where the file would have to be."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    with pytest.raises(SourceError, match="the mirror does not have it") as caught:
        fetch("https://example.org/a.nt", settings(tmp_path, mirror=str(mirror)))
    assert str(mirror / "example.org" / "a.nt") in str(caught.value)


def test_a_mirror_of_another_checksum_is_refused(tmp_path):
    """A mirror is trusted no more than the web."""
    file = tmp_path / "example.org" / "a.nt"
    file.parent.mkdir()
    file.write_bytes(b"other")
    with pytest.raises(SourceError, match="another sha256"):
        fetch("https://example.org/a.nt", settings(tmp_path, mirror=str(tmp_path)), sha256="0" * 64)


def test_a_mirror_on_the_web_is_asked_by_host_and_path(server, tmp_path):
    """The address that was asked for is what the cache is keyed by."""
    url = "https://example.org/data/a.nt"
    Handler.give_sub = Handler.give_good
    found = fetch(url, settings(tmp_path, mirror=f"{server.url}/sub/"))
    assert found == tmp_path / "cache" / "web" / "example.org" / "data" / "a.nt"
    assert server.asked == ["/sub/example.org/data/a.nt"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a.nt",
        "javascript:alert(1)",
        "https://example.org/../../etc/passwd",
        "https://example.org/%2e%2e/%2e%2e/etc/passwd",
        "https://example.org/a%00.nt",
        "https://example.org/",
        "https:///a.nt",
        "http://[::1/a.nt",
    ],
)
def test_odd_addresses_are_refused_before_anything_is_asked(url, tmp_path):
    """No request, no file outside the cache."""
    with pytest.raises(SourceError):
        fetch(url, settings(tmp_path))
    assert files(tmp_path) == []


def test_a_password_in_an_address_is_not_repeated(tmp_path):
    """Reports and logs are read by others."""
    with pytest.raises(SourceError) as caught:
        fetch("https://me:hunter2@example.org/a.nt", settings(tmp_path))
    assert "hunter2" not in f"{caught.value!r} {caught.value}"


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path):
    """A file where a folder should be, as a full disk or a missing right would."""
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(SourceError, match="cannot be kept in the cache"):
        fetch(f"{server.url}/good/a.nt", settings(tmp_path))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_killed_while_downloading_leaves_the_cache_usable(server, tmp_path):
    """The part that it wrote is never taken for the file."""
    url = f"{server.url}/stalled/a.nt"
    code = (
        "import sys; from pathlib import Path; from siibra_kg.config import Settings\n"
        "from siibra_kg.web.fetch import fetch\n"
        "fetch(sys.argv[1], Settings(home=Path(sys.argv[2]), cache=Path(sys.argv[2]) / 'cache', timeout=60))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, url, str(tmp_path)])
    part = (tmp_path / "cache" / "web" / place_of(url)).with_name("a.nt.part")
    deadline = time.monotonic() + 30
    while not part.exists() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert part.exists()
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    Handler.give_stalled, kept = Handler.give_good, Handler.give_stalled
    try:
        assert fetch(url, settings(tmp_path)).read_bytes() == BODY
    finally:
        Handler.give_stalled = kept
    assert files(tmp_path) == ["a.nt"]
