"""Endpoints that misbehave: each failure is a typed error that names the address, and no call hangs."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from servers import Unavailable, free_port
from servers.virtuoso_server import virtuoso_server

from siibra_kg.errors import EndpointError, QueryError
from siibra_kg.stores import EndpointStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUERY = "SELECT ?s WHERE { ?s ?p ?o }"
JSON = "application/sparql-results+json"
GOOD = json.dumps({"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"type": "uri", "value": "http://x/a"}}]}})


class Misbehaving(http.server.BaseHTTPRequestHandler):
    """Answers as its server's ``answer`` says; keeps what it was asked."""

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.server.asked.append((self.command, self.path, body, dict(self.headers)))  # type: ignore[attr-defined]
        self.server.answer(self)  # type: ignore[attr-defined]

    do_GET = do_POST = handle_any  # noqa: N815  names that http.server looks for

    def reply(self, body: bytes | str, status: int = 200, kind: str | None = JSON, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for name, value in ({"Content_Length": str(len(data))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Misbehaving)
    server.daemon_threads = True
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def store_with(
    server: http.server.ThreadingHTTPServer,
    answer: Callable[[Misbehaving], None],
    path: str = "/sparql",
    **options: object,
) -> EndpointStore:
    server.answer = answer  # type: ignore[attr-defined]
    return EndpointStore(f"http://127.0.0.1:{server.server_port}{path}", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda h: h.reply("not here", 404), "404"),
        (lambda h: h.reply("who are you", 401), "401"),
        (lambda h: h.reply("keep out", 403), "403"),
        (lambda h: h.reply("broken", 500), "broken"),
        (lambda h: h.reply("busy", 503), "503"),
        (lambda h: h.reply("<html>Welcome</html>", kind="text/html"), "text/html"),
        (lambda h: h.reply(GOOD, kind=None), "instead of JSON"),
        (lambda h: h.reply(GOOD[:-9]), "cut off"),
        (lambda h: h.reply(GOOD, Content_Length="9999"), "early"),
        (lambda h: h.reply("[]"), "no SPARQL result"),
        (lambda h: h.reply("{}"), "no SPARQL result"),
        (lambda h: h.reply('{"head": {"vars": ["s"]}, "results": {"bindings": [{"s": 1}]}}'), "no SPARQL solution"),
        (lambda h: h.reply('{"head": {"vars": ["s"]}, "results": {"bindings": [1]}}'), "no SPARQL solution"),
        (lambda h: h.reply(b"\xff\xfe"), "broken"),
        (lambda h: h.reply(GOOD, X_SPARQL_MaxRows="1"), "cut the result off after 1 rows"),
        (lambda h: h.reply(GOOD, X_SQL_State="S1TAT", X_SQL_Message="timeout"), "partial result: S1TAT timeout"),
        (lambda h: h.reply("", 302, Location="/sparql"), "redirect|infinite loop|302"),
        (lambda h: h.reply("", 302, Location="file:///etc/passwd"), "302|not allowed"),
        (lambda h: h.connection.shutdown(socket.SHUT_RDWR), "broke|reached"),
        (lambda h: h.wfile.write(b"nonsense\r\n\r\n"), "broke"),
    ],
)
def test_a_bad_answer_is_a_typed_error(
    server: http.server.ThreadingHTTPServer, answer: Callable[[Misbehaving], None], told: str
) -> None:
    store = store_with(server, answer, timeout=5)
    with pytest.raises(EndpointError, match=told) as error:
        list(store.select(QUERY).rows)
    assert store.url in str(error.value)


def test_a_refused_query_is_the_fault_of_the_query(server: http.server.ThreadingHTTPServer) -> None:
    store = store_with(server, lambda h: h.reply("error at 1:8: expected a variable", 400, "text/plain"))
    with pytest.raises(QueryError, match="expected a variable") as error:
        store.select(QUERY)
    assert (error.value.line, error.value.column) == (1, 8)
    store = store_with(server, lambda h: h.reply("", 400))
    with pytest.raises(QueryError):
        store.select(QUERY)


def drip(handler: Misbehaving) -> None:
    """Send a byte now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.send_header("Content-Type", JSON)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [lambda h: time.sleep(10), drip], ids=["silence", "drip"])
def test_no_answer_in_time_is_a_typed_error(
    server: http.server.ThreadingHTTPServer, answer: Callable[[Misbehaving], None]
) -> None:
    store = store_with(server, answer, timeout=0.5)
    begin = time.monotonic()
    with pytest.raises(EndpointError, match=r"0\.5 seconds"):
        store.ask("ASK { ?s ?p ?o }")
    assert time.monotonic() - begin < 3


def test_an_address_where_nobody_listens_is_a_typed_error() -> None:
    with pytest.raises(EndpointError, match="cannot be reached"):
        EndpointStore(f"http://127.0.0.1:{free_port()}/sparql", timeout=5).select(QUERY)
    with pytest.raises(EndpointError, match="cannot be reached"):
        EndpointStore("http://no-such-host.invalid/sparql", timeout=5).select(QUERY)


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "http://", "sparql", ""])
def test_what_is_no_http_address_is_a_typed_error(url: str) -> None:
    with pytest.raises(EndpointError, match="no http or https address"):
        EndpointStore(url)


def test_making_a_store_sends_nothing(server: http.server.ThreadingHTTPServer) -> None:
    store_with(server, lambda h: h.reply(GOOD)).close()
    assert server.asked == []  # type: ignore[attr-defined]


def test_short_queries_are_sent_by_get_and_long_ones_by_post(server: http.server.ThreadingHTTPServer) -> None:
    store = store_with(server, lambda h: h.reply(GOOD), path="/sparql?key=1", graphs=["http://x/g"])
    long = f"{QUERY} # {'x' * 5000}"
    for query in (QUERY, long):
        assert list(store.select(query).rows) == [("http://x/a",)]
    (get, path, _, headers), (post, target, body, _) = server.asked  # type: ignore[attr-defined]
    assert (get, post) == ("GET", "POST")
    sent = parse_qs(urlsplit(path).query)
    graphs = {"default-graph-uri": ["http://x/g"], "named-graph-uri": ["http://x/g"]}
    assert sent == {"key": ["1"], "query": [QUERY], **graphs}
    assert parse_qs(body + "&" + urlsplit(target).query) == {"key": ["1"], "query": [long], **graphs}
    assert headers["Accept"] == JSON


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/n-triples", "<http://x/a> <http://x/p> <http://x/b> .\n" * 2),
        ("text/plain; charset=utf-8", "<http://x/a> <http://x/p> <http://x/b> .\n"),
        ("text/turtle", "@prefix x: <http://x/> . x:a x:p x:b , x:b ."),
    ],
)
def test_triples_come_in_any_usual_format(server: http.server.ThreadingHTTPServer, kind: str, body: str) -> None:
    store = store_with(server, lambda h: h.reply(body, kind=kind))
    assert list(store.construct("CONSTRUCT WHERE { ?s ?p ?o }")) == [("http://x/a", "http://x/p", "http://x/b")]


@pytest.mark.parametrize(
    ("kind", "body"), [("text/turtle", "<http://x/a> <http:"), ("text/html", "<html>"), (JSON, GOOD)]
)
def test_broken_triples_are_a_typed_error(server: http.server.ThreadingHTTPServer, kind: str, body: str) -> None:
    store = store_with(server, lambda h: h.reply(body, kind=kind))
    with pytest.raises(EndpointError):
        list(store.construct("CONSTRUCT WHERE { ?s ?p ?o }"))


def test_an_ask_without_a_boolean_is_a_typed_error(server: http.server.ThreadingHTTPServer) -> None:
    store = store_with(server, lambda h: h.reply('{"head": {}, "boolean": "yes"}'))
    with pytest.raises(EndpointError, match="no boolean"):
        store.ask("ASK { ?s ?p ?o }")


@pytest.mark.server
def test_a_result_that_virtuoso_cuts_off_is_a_typed_error() -> None:
    lines = [f'<http://x/{i}> <http://x/p> "{i}" <http://x/g> .' for i in range(300)]
    try:
        with virtuoso_server("\n".join(lines).encode(), max_rows=100) as url:
            store = EndpointStore(url, graphs=["http://x/g"])
            assert len(list(store.select(QUERY + " LIMIT 99").rows)) == 99
            with pytest.raises(EndpointError, match="cut the result off after 100 rows"):
                store.select(QUERY)
    except Unavailable as reason:
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(f"Virtuoso must run in CI: {reason}")
        pytest.skip(f"Virtuoso: {reason}")
