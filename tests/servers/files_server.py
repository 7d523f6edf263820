"""Serves a folder on loopback as a slow, moody file server does: latency, ranges, and faults on request.

Nothing but the standard library. ``with serve(folder, latency=0.02, faults={"/10_10_10/": "503"}) as server:`` gives a
server whose ``url`` is read and whose ``log`` tells what was asked for.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAULTS", "FilesServer", "serve"]

#: ``hang`` answers nothing until the server ends; ``truncate`` declares the length of the file and sends half of it;
#: ``stall`` sends half and then nothing; ``html`` is a login page with status 200; a number is an HTTP status.
FAULTS = ("503", "500", "429", "403", "404", "hang", "stall", "truncate", "html", "garbage", "redirect")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PAGE = b"<!DOCTYPE html><html><body>please log in</body></html>"


@dataclass
class FilesServer:
    """A server that runs.

    Parameters
    ----------
    folder
        What it serves.
    latency
        Seconds before each answer.
    faults
        Part of a path -> one of :data:`FAULTS`, or ``(fault, n)``: the first n times, then all is well.
    headers
        Suffix of a path -> headers to send with it, for instance ``{".gz": {"Content-Encoding": "gzip"}}``.
    """

    folder: Path
    latency: float = 0.0
    faults: dict[str, str | tuple[str, int]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Method and path of every request, in the order in which they arrived.
    log: list[str] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    times: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the folder, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """Host and port, as in the address."""
        return f"127.0.0.1:{self.port}"

    def fault_of(self, path: str) -> str:
        """Give what goes wrong with a request, or nothing; counts those that go wrong a number of times."""
        with self.lock:
            for part, fault in self.faults.items():
                if part not in path:
                    continue
                kind, most = (fault, -1) if isinstance(fault, str) else fault
                self.times[part] = self.times.get(part, 0) + 1
                if most < 0 or self.times[part] <= most:
                    return kind
        return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes: with Nagle's algorithm the second would wait 40 ms for the client's word.
    disable_nagle_algorithm = True
    wbufsize = -1
    state: FilesServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        with self.state.lock:
            self.state.log.append(f"{self.command} {path}")
        if self.state.latency:
            time.sleep(self.state.latency)
        fault = self.state.fault_of(path)
        if fault == "hang":
            self.state.ended.wait()
            self.close_connection = True
        elif fault == "html":
            self._send(200, _PAGE, {"Content-Type": "text/html; charset=utf-8"}, with_body=with_body)
        elif fault == "redirect":
            self._send(302, b"", {"Location": "file:///etc/passwd"}, with_body=with_body)
        elif fault.isdigit():
            self._send(int(fault), f"{fault}".encode(), {}, with_body=with_body)
        else:
            self._file(path, fault, with_body=with_body)

    def _file(self, path: str, fault: str, *, with_body: bool) -> None:
        place = (self.state.folder / path.lstrip("/")).resolve()
        packed = place.with_name(f"{place.name}.gz")
        more = {}
        if not place.is_file() and packed.is_file():  # as nginx does with gzip_static
            place, more = packed, {"Content-Encoding": "gzip"}
        if not place.is_relative_to(self.state.folder.resolve()) or not place.is_file():
            self._send(404, b"no such file", {}, with_body=with_body)
            return
        data = place.read_bytes()
        status, headers = 200, {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **more}
        for suffix, added in self.state.headers.items():
            if path.endswith(suffix):
                headers |= added
        if fault == "garbage":
            data = bytes(reversed(data))
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        if wanted and (wanted[1] or wanted[2]):
            size = len(data)
            first = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
            last = min(int(wanted[2]), size - 1) if wanted[1] and wanted[2] else size - 1
            if first > last:
                self._send(416, b"", {"Content-Range": f"bytes */{size}"}, with_body=with_body)
                return
            status, data = 206, data[first : last + 1]
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        self._send(status, data, headers, with_body=with_body, fault=fault)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, with_body: bool, fault: str = "") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        cut = fault in {"truncate", "stall"}
        try:
            self.wfile.write(data[: len(data) // 2] if cut else data)
            self.wfile.flush()
        except ConnectionError:
            self.close_connection = True
        if fault == "stall":
            self.state.ended.wait()
        if cut:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Readers of chunks open many connections at once; the usual 5 that may wait make some of them wait a second.
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A client that leaves early is none of our business."""


@contextmanager
def serve(
    folder: Path,
    *,
    latency: float = 0.0,
    faults: dict[str, str | tuple[str, int]] | None = None,
    headers: dict[str, dict[str, str]] | None = None,
) -> Iterator[FilesServer]:
    """Serve a folder on a free port of loopback as long as the block lasts; ``faults`` may be changed meanwhile."""
    state = FilesServer(Path(folder), latency, dict(faults or {}), dict(headers or {}))
    handler = type("Handler", (_Handler,), {"state": state})
    with _Server(("127.0.0.1", 0), handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            state.ended.set()
            server.shutdown()
            thread.join()


def main() -> None:
    """``python -m tests.servers.files_server FOLDER [LATENCY]``: print the address, and serve until stdin ends."""
    folder, latency = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    with serve(folder, latency=latency) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
