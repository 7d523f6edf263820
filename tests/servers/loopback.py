"""Servers on loopback for tests of federation: one that answers SPARQL, one that plays any bytes, one that counts."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Asked", "playing", "sparql_server"]


class Asked(list[str]):
    """The queries that a server was sent, with its address."""

    url: str = ""


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def sparql_server(turtle: str) -> Iterator[Asked]:
    """Answer queries over some triples, as SPARQL 1.1 Protocol says."""
    store = ox.Store()
    store.load(turtle.encode(), format=ox.RdfFormat.TURTLE)
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = "urlencoded" in self.headers["Content-Type"]
            query = parse_qs(body)["query"][0] if form else body
            asked.append(query)
            answer = store.query(query).serialize(format=ox.QueryResultsFormat.JSON)  # type: ignore[union-attr]
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked.url = f"http://127.0.0.1:{server.server_address[1]}/sparql"
    with _running(server):
        yield asked


@contextmanager
def playing(play: Callable[[socket.socket, threading.Event], None] | None = None) -> Iterator[Asked]:
    """Read a request, then do with the connection what the test says; every connection is counted."""
    asked = Asked()
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append("connected")
            if play is not None:
                with contextlib.suppress(OSError):
                    self.request.recv(1 << 20)
                    play(self.request, over)
                    # Bytes that nobody read would make the end of the connection a reset of it.
                    self.request.shutdown(socket.SHUT_WR)
                    self.request.settimeout(1)
                    while self.request.recv(1 << 20):
                        pass

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    asked.url = f"http://127.0.0.1:{server.server_address[1]}/sparql"
    with _running(server):
        try:
            yield asked
        finally:
            over.set()
