"""Requests that are made to get more out of the server than it gives: other machines, files, updates, confusion."""

from __future__ import annotations

import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pyoxigraph as ox
import pytest
from attack_client import DOCUMENTED, Outcome, ask, is_problem, raw, request
from attacked import LOOKUP, Attacked, attacked, small_snapshot
from calls import Call, calls, canary, mutated
from test_sparql_corpora import published

from siibra_kg.errors import QueryError
from siibra_kg.resources import folder
from siibra_kg.sparql import guard, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
FORM = "application/x-www-form-urlencoded"
#: Paths whose answers are problems if they are no success; all that the server has.
PLACES = ("/", "/sparql", "/search", "/resource", "/api", "/openapi.json", "/.well-known/void", "/-/health", "/nothing")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    snapshot = small_snapshot(tmp_path_factory.mktemp("small"))
    with attacked(snapshot.path, "--timeout", 2, "--memory", "300MB", "--workers", 2) as running:
        yield running


def send(server: Attacked, call: Call) -> Outcome:
    """Send a call as it says."""
    if call.query:
        return ask(server.url, call.query)
    return request(server.url, call.path, method=call.method, headers=dict(call.headers), body=call.body or None)


# Other machines


def test_the_canary_hears_who_calls() -> None:
    """The engine itself does call: without the server's defences the next tests would fail."""
    with canary() as bird:
        query = next(call.query for call in calls(bird.port) if call.name == "SERVICE: SILENT")
        list(ox.Store().query(query))
        assert bird.hits == 1


def test_no_spelling_of_any_call_reaches_the_canary(server: Attacked) -> None:
    before = server.settled()
    with canary() as bird:
        everything = calls(bird.port)
        assert len(everything) > 60
        for call in everything:
            outcome = send(server, call)
            assert outcome.status in DOCUMENTED - {503, 504}, (call.name, outcome)
            assert outcome.status < 400 or is_problem(outcome), (call.name, outcome)
        for address in ("SERVICE at", "SERVICE: in", "LOAD", "INSERT"):
            named = [call for call in everything if call.name.startswith(address) and call.query]
            assert {send(server, call).status for call in named} <= {400, 403}, address
        for call in (c for c in everything if c.name.startswith("SERVICE at")):
            assert send(server, call).status == 403, call.name
        assert bird.hits == 0
    assert server.below() == before
    assert server.serves()


def test_no_mutated_call_reaches_the_canary(server: Attacked) -> None:
    with canary() as bird:
        for seed in range(400):
            outcome = ask(server.url, mutated(seed, bird.port))
            assert outcome.status in (400, 403), (mutated(seed, bird.port), outcome)
        assert bird.hits == 0


def test_the_guard_alone_lets_no_mutated_call_pass() -> None:
    """Not only because workers have no network: the engine itself, asked for what the guard let pass, calls nobody.

    Its parser has no tokens: ``SERVICESILENT``, ``SERVICE:x`` with an empty prefix and ``1SERVICE`` are calls to it.
    """
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("1", datatype=ox.NamedNode(INTEGER))))
    with canary() as bird:
        texts = [call.query for call in calls(bird.port) if call.query]
        texts += [mutated(seed, bird.port) for seed in range(2000)]
        for text in texts:
            try:
                guard(text)
                list(store.query(text))  # type: ignore[arg-type]
            except (QueryError, SyntaxError, OSError, ValueError, TypeError, RuntimeError):
                pass
            assert bird.hits == 0, text


def test_proxies_of_the_environment_are_not_asked(tmp_path: Path) -> None:
    with canary() as bird:
        proxy = f"http://127.0.0.1:{bird.port}"
        snapshot = small_snapshot(tmp_path, 10)
        with attacked(snapshot.path, http_proxy=proxy, HTTP_PROXY=proxy, all_proxy=proxy) as running:
            for call in calls(bird.port)[:5]:
                send(running, call)
            assert running.serves()
        assert bird.hits == 0


# Updates


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "LINK", "PROPFIND", "BREW", "get"])
@pytest.mark.parametrize("path", PLACES)
def test_other_methods_are_refused_with_what_is_allowed(server: Attacked, method: str, path: str) -> None:
    outcome = request(server.url, path, method=method)
    assert outcome.status in (400, 404, 405, 501), outcome
    if outcome.status == 405:
        assert is_problem(outcome)
        assert set(outcome.headers["allow"].replace(" ", "").split(",")) <= {"GET", "HEAD", "POST", "OPTIONS"}


@pytest.mark.parametrize(
    "text", ["INSERT DATA { <a:a> <a:b> <a:c> }", "CLEAR ALL", "DROP SILENT ALL", "DELETE WHERE {?s ?p ?o}"]
)
def test_there_is_no_update(server: Attacked, text: str) -> None:
    count = ask(server.url, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body
    kinds = {"Content-Type": "application/sparql-update"}, {"Content-Type": FORM}
    outcomes = [
        request(server.url, "/sparql", method="POST", headers=kinds[0], body=text.encode()),
        request(server.url, "/sparql", method="POST", headers=kinds[1], body=b"update=" + quote(text).encode()),
        request(server.url, "/sparql?update=" + quote(text)),
        ask(server.url, text),
        ask(server.url, text, post=True),
    ]
    assert {o.status for o in outcomes[:1]} == {403}
    assert {o.status for o in outcomes} <= {400, 403}
    assert all(is_problem(o) for o in outcomes)
    assert ask(server.url, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body == count


# What is not HTTP as it should be


def test_media_types_that_are_no_query_are_refused(server: Attacked) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", "application/sparql-query2", "x"):
        outcome = request(server.url, "/sparql", method="POST", headers={"Content-Type": kind}, body=LOOKUP.encode())
        assert (outcome.status, is_problem(outcome)) == (415, True), (kind, outcome)
    nothing = request(server.url, "/sparql", method="POST", body=LOOKUP.encode())
    assert nothing.status in (400, 415)


def test_bodies_above_the_limit_are_refused_unread(server: Attacked) -> None:
    """With a length, with a false one, and in chunks without any: nobody keeps what is too much."""
    kind = {"Content-Type": "application/sparql-query"}
    outcome = request(server.url, "/sparql", method="POST", headers=kind, body=b"#" * 5_000_000)
    assert (outcome.status, is_problem(outcome)) == (413, True)
    promised = request(server.url, "/sparql", method="POST", headers={**kind, "Content-Length": "9" * 15})
    assert promised.status == 413
    head = b"POST /sparql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/sparql-query\r\n" % _host(server)
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"#" * 0x8000 + b"\r\n") * 100
    assert raw(server.url, chunked).startswith(b"HTTP/1.1 413")
    assert server.serves()


def test_addresses_and_headers_without_end_are_refused(server: Attacked) -> None:
    long = request(server.url, "/sparql?query=" + "%23" * 100_000)
    assert long.status in (400, 414, 431)
    host = _host(server)
    floods = {
        "one long header": b"X: " + b"x" * 1_000_000 + b"\r\n",
        "many headers": b"".join(b"X-%d: y\r\n" % n for n in range(50_000)),
        "one header many times": b"Accept: text/html\r\n" * 50_000,
        "a name without end": b"X" * 1_000_000,
    }
    for name, flood in floods.items():
        answer = raw(server.url, b"GET /sparql HTTP/1.1\r\nHost: " + host + b"\r\n" + flood + b"\r\n")
        assert answer == b"" or re.match(rb"HTTP/1\.1 (400|413|431) ", answer), (name, answer[:200])
    assert server.serves()


def _host(server: Attacked) -> bytes:
    return urlsplit(server.url).netloc.encode()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "",
        "127.0.0.1:1@evil.example",
        "a b",
        "::2",
    ],
)
def test_other_hosts_are_refused(server: Attacked, host: str) -> None:
    """A page elsewhere that rebinds its name to loopback cannot read answers."""
    for path in PLACES:
        outcome = request(server.url, path, headers={"Host": host})
        assert outcome.status in (400, 421), (path, outcome)
    twice = raw(
        server.url, b"GET / HTTP/1.1\r\nHost: %s\r\nHost: %s\r\n\r\n" % (_host(server), host.encode()), timeout=1
    )
    assert re.match(rb"HTTP/1\.1 4", twice), twice[:200]


def test_requests_cannot_be_smuggled(server: Attacked) -> None:
    """Where a front and a back could disagree on where a request ends, nothing after it is answered."""
    head = b"POST /sparql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/sparql-query\r\n" % _host(server)
    hidden = b"GET /smuggled HTTP/1.1\r\nHost: %s\r\n\r\n" % _host(server)
    size = b"Content-Length: %d\r\n" % (5 + len(hidden))
    tricks = {
        "CL.TE": size + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
        "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden,
        "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden,
        "signed length": b"Content-Length: +%d\r\n\r\n" % len(hidden) + hidden,
        "hexadecimal length": b"Content-Length: 0x0\r\n\r\n" + hidden,
        "negative length": b"Content-Length: -1\r\n\r\n" + hidden,
        "TE with a space": size + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
        "TE that is none": size + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
        "folded TE": size + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden,
        "chunk size without end": b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n" + hidden,
        "chunk size with sign": b"Transfer-Encoding: chunked\r\n\r\n-1\r\n" + hidden,
    }
    for name, trick in tricks.items():
        answer = raw(server.url, head + trick, timeout=1)
        assert answer.count(b"HTTP/1.1 ") <= 1 or b"HTTP/1.1 404" not in answer, (name, answer[:600])
        assert not answer.startswith(b"HTTP/1.1 200"), (name, answer[:300])
    assert server.serves()


def test_bytes_that_are_no_http_are_dropped(server: Attacked) -> None:
    chance = random.Random(7)
    for length in (1, 10, 100, 1000, 100_000):
        answer = raw(server.url, chance.randbytes(length), timeout=0.5)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer[:100]
    tls = bytes.fromhex("16030100c8010000c40303") + bytes(200)
    assert raw(server.url, tls, timeout=0.5).partition(b"\r\n")[0] in (b"", b"HTTP/1.1 400 Bad Request")
    assert raw(server.url, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", timeout=0.5).count(b"200 OK") == 0
    assert server.serves()


@pytest.mark.parametrize(
    "header", ["Accept", "Accept-Encoding", "If-None-Match", "Content-Type", "Origin", "Cookie", "Range"]
)
def test_headers_of_any_content_do_no_harm(server: Attacked, header: str) -> None:
    values = [
        "",
        ",",
        ";;;",
        "*/*;q=nan",
        "text/html;q=1e999",
        "a" * 5000,
        "\xff\xfe",
        '"',
        'W/"',
        "*",
        "bytes=0-0,5-1",
        "q=" * 999,
    ]
    for value in values:
        for path in ("/sparql?query=" + quote(LOOKUP), "/", "/nothing"):
            outcome = request(server.url, path, headers={header: value})
            assert outcome.status in DOCUMENTED, (path, value, outcome)
            assert outcome.status in (200, 304) or is_problem(outcome), (path, value, outcome)
    splitting = request(server.url, "/resource?iri=" + quote("urn:x\r\nSet-Cookie: a=b"))
    assert "set-cookie" not in splitting.headers


# Files


TRAVERSAL = [
    f"{start}{step * 8}etc{slash}passwd{end}"
    for start in ("/", "/static/", "/id/", "/graph/", "/api/")
    for step, slash in (("../", "/"), ("..%2f", "%2f"), ("%2e%2e/", "/"), ("%2e%2e%2f", "%2f"), ("..%5c", "%5c"))
    for end in ("", "%00.css")
]
TRAVERSAL += [
    r"//etc/passwd",
    r"/static//etc/passwd",
    r"/%00",
    r"/static/%00",
    r"/\\127.0.0.1\share",
    r"/static/%5c%5c127.0.0.1%5cc$",
    r"/..%252f..%252fetc/passwd",
    r"/static/..%c0%af..%c0%afetc/passwd",
    r"/static/%ef%bc%8e%ef%bc%8e%ef%bc%8fetc/passwd",
    r"/static/file:///etc/passwd",
    r"/file:/etc/passwd",
    r"/resource?iri=file:///etc/passwd",
    r"/id/%ff%fe",
    r"/%e2%80%ae",
    r"/api/../../queries/x",
    r"/api/..%2f..%2fsetup.cfg",
    r"/static/.",
    r"/static/..",
    r"/.git/config",
    r"/-/../etc/passwd",
]


def test_no_path_leads_to_a_file(server: Attacked) -> None:
    for path in TRAVERSAL:
        answer = raw(
            server.url,
            f"GET {path} HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\nConnection: close\r\n\r\n".encode(),
        )
        head, _, body = answer.partition(b"\r\n\r\n")
        assert re.match(rb"HTTP/1\.1 (200|30[1278]|400|404|405|421|422) ", head), (path, head[:300])
        assert b"root:" not in body, path
        assert not head.startswith(b"HTTP/1.1 200") or path.startswith("/resource"), (path, head[:300])
    assert server.serves()


def test_problems_are_problems_everywhere(server: Attacked) -> None:
    """Whatever is wrong, and wherever: RFC 9457, with a type of its own and no inside of the server."""
    asked = {
        "/sparql?query=SELECT": 400,
        "/sparql?query=" + quote(LOOKUP) + "&query=ASK%7B%7D": 400,
        "/sparql?query=" + quote(LOOKUP) + "&format=nonsense": None,
        "/sparql?query=%ff": 400,
        "/resource": None,
        "/resource?iri=no%20iri": None,
        "/id/no/such/thing": 404,
        "/graph/none": 404,
        "/vocab/None": 404,
        "/api/no/such/template": 404,
        "/no/such/page": 404,
        "/.well-known/none": 404,
    }
    for path, status in asked.items():
        outcome = request(server.url, path, headers={"Accept": "application/json"})
        assert is_problem(outcome), (path, outcome)
        assert outcome.status == status or (status is None and 400 <= outcome.status < 500), (path, outcome)
        assert outcome.headers["x-content-type-options"] == "nosniff", path
        for inside in (b"Traceback", b"site-packages", b".py", b"/home/", b"0x7f"):
            assert inside not in outcome.body, (path, outcome.body)


def test_every_answer_tells_browsers_to_be_careful(server: Attacked) -> None:
    for path in PLACES:
        for accept in ("text/html", "*/*"):
            headers = request(server.url, path, headers={"Accept": accept}).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert "set-cookie" not in headers
            assert headers.get("access-control-allow-origin", "*") == "*"
            assert "access-control-allow-credentials" not in headers
            if headers["content-type"].startswith("text/html"):
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy or "default-src 'self'" in policy
                assert "unsafe-inline" not in policy
                assert "unsafe-eval" not in policy


# Anything


def seeds(mirror: Path | None) -> list[str]:
    """Give queries to mutate: our templates, and those that others published."""
    own = [path.read_text("utf-8") for path in sorted(folder("queries").rglob("*.rq"))]
    return own + ([text for _, text in published(mirror)] if mirror else [])


def spoiled(chance: random.Random, texts: list[str]) -> str:
    """Change a query in some places: tokens left out, doubled, exchanged, from another query, or bytes by chance."""
    text = chance.choice(texts)
    try:
        tokens = [token.text for token in tokenize(text)]
        others = [token.text for token in tokenize(chance.choice(texts))]
    except Exception:  # noqa: BLE001  a seed that is no SPARQL is spoiled enough
        return text
    for _ in range(chance.randrange(5)):
        at, kind = chance.randrange(len(tokens)), chance.randrange(6)
        if kind == 0:
            del tokens[at : at + chance.randrange(1, 4)]
        elif kind == 1:
            tokens[at:at] = tokens[at : at + chance.randrange(1, 6)] * chance.choice((1, 2, 30))
        elif kind == 2:
            tokens[at] = chance.choice(others)
        elif kind == 3:
            tokens[at:at] = others[: chance.randrange(1, 20)]
        elif kind == 4:
            tokens[at] = chance.choice(
                ("*", "{", "}", "(", ")", "<", "\\", '"', "\x00", "\u202e", "SERVICE", "1e400", "''")
            )
        else:
            tokens[at] = tokens[at][:: chance.choice((-1, 2))]
        tokens = tokens or ["?"]
    return "".join(tokens)


def fuzz(server: Attacked, texts: list[str], count: int, seed: int) -> dict[int, int]:
    """Send that many spoiled queries from four clients; gives how often each status came."""
    kinds = ["application/sparql-results+json", "text/csv", "text/turtle", "text/html", "application/json", "*/*", "x"]

    def one(number: int) -> int:
        chance = random.Random(seed * 1_000_000 + number)
        text = spoiled(chance, texts)
        outcome = ask(server.url, text, accept=chance.choice(kinds))
        assert outcome.status in DOCUMENTED, (text, outcome)
        assert outcome.status < 400 or is_problem(outcome), (text, outcome)
        return outcome.status

    with ThreadPoolExecutor(4) as crowd:
        statuses = list(crowd.map(one, range(count)))
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def test_spoiled_queries_get_documented_answers(server: Attacked) -> None:
    count = len(server.settled())
    seen = fuzz(server, seeds(None), 400, 1)
    assert seen[400] > 50
    assert seen[200] > 20
    assert server.has(count), server.below()
    assert server.serves()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_spoiled_queries_get_documented_answers(server: Attacked, mirror: Path) -> None:
    count = len(server.settled())
    seen = fuzz(server, seeds(mirror), 100_000, 2)
    print(seen)
    assert server.has(count), server.below()
    assert server.serves()
