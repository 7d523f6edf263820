"""A JSON service on loopback that does what a function says: statuses, headers, halves, silence.

``with answering(lambda asked: Said({"a": 1})) as server:`` gives a server whose ``url`` is asked and whose ``log`` has
every request.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Asked", "JsonServer", "Said", "answering"]


@dataclass(frozen=True)
class Asked:
    """A request: its path, what was asked, and the headers by lower-case name; ``number`` counts them from 0."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    number: int


@dataclass(frozen=True)
class Said:
    """An answer. ``body`` may be bytes; ``fault`` is ``"hang"``, ``"half"`` or ``"half without length"``."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


@dataclass
class JsonServer:
    """A server that runs."""

    say: Callable[[Asked], Said]
    port: int = 0
    log: list[Asked] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: JsonServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        with self.state.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(parts.path, dict(parse_qsl(parts.query)), headers, len(self.state.log))
            self.state.log.append(asked)
        said = self.state.say(asked)
        if said.fault == "hang":
            self.state.ended.wait()
            self.close_connection = True
            return
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        length = {} if said.fault == "half without length" else {"Content-Length": str(len(body))}
        for name, value in {"Content-Type": "application/json", **length, **said.headers}.items():
            self.send_header(name, value)
        if said.fault:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if said.fault else body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that leaves early is none of our business."""


@contextmanager
def answering(say: Callable[[Asked], Said]) -> Iterator[JsonServer]:
    """Run a service on a free port of loopback as long as the block lasts."""
    state = JsonServer(say)
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
