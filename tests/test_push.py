"""A snapshot in other engines: it arrives whole, whatever happens on the way, and nobody else's data is touched."""

from __future__ import annotations

import base64
import hashlib
import http.client
import http.server
import logging
import socket
import subprocess
import sys
import threading
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import zstandard
from servers import Unavailable, free_port, in_ci
from servers.contract_data import HOSTILE
from servers.oxigraph_server import oxigraph_writable
from servers.virtuoso_server import virtuoso_server
from small_atlas import small_store

from siibra_kg.build.manifest import FORMAT, Manifest
from siibra_kg.build.snapshot import Snapshot
from siibra_kg.errors import SnapshotError
from siibra_kg.push import Credentials, PushFailed, addresses, push
from siibra_kg.push.parts import parts_of
from siibra_kg.stores import EndpointStore, OxigraphStore
from siibra_kg.terms import IRI, BlankNode, Literal, Quad
from siibra_kg.vocab import BASE, XSD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOREIGN, OLD, MARKER = "http://example.org/other", f"{BASE}graph/rule/gone", f"{BASE}graph/push"
CANARY = "c4nary-p4ssw0rd"
TYPED = (
    Literal("0.1", f"{XSD}decimal"),
    Literal("-12", f"{XSD}integer"),
    Literal("0.1", f"{XSD}double"),
    Literal("22.11288833618164", f"{XSD}double"),
    Literal("true", f"{XSD}boolean"),
    Literal("2020-02-29", f"{XSD}date"),
    Literal("2020-02-29T12:00:00Z", f"{XSD}dateTime"),
    Literal("région", language="fr"),
    IRI("http://example.org/6,7-dinitro;x='1'/é%20f"),
    Literal("x" * 150_000),
)


def written(folder: Path, lines: list[str], counts: dict[str, int] | None = None) -> Snapshot:
    """Write the files of a snapshot that a push reads."""
    text = "".join(sorted(set(lines))).encode()
    folder.mkdir(exist_ok=True)
    packed = zstandard.ZstdCompressor().compress(text)
    (folder / "graph.nq.zst").write_bytes(packed)
    found = Counter(line.rsplit("<", 1)[1].split(">")[0] for line in set(lines))
    manifest = Manifest(
        format=FORMAT,
        tool="test",
        base_iri=BASE,
        content_hash=hashlib.sha256(text).hexdigest(),
        graph_bytes=len(packed),
        triples=len(set(lines)),
        sources=(),
        rules=(),
        graphs=dict(counts or found),
    )
    (folder / "manifest.json").write_bytes(manifest.to_json())
    return Snapshot(folder, manifest)


def line(quad: Quad) -> str:
    from siibra_kg.stores.serialise import quads_to_text

    return quads_to_text([quad]).decode()


@pytest.fixture(scope="module")
def quads() -> list[str]:
    """Give the small atlas without the blank nodes of the ontologies, and what engines are known to get wrong."""
    with small_store() as store:
        ground = [q for q in store.quads() if not any(isinstance(x, BlankNode) for x in q)]
    long = sorted(q for q in ground if str(q.graph).endswith("ontology") and not isinstance(q.object, Literal))[600:]
    ground = [q for q in ground if q not in set(long)]
    graph = IRI(f"{BASE}graph/user/hostile")
    for number, value in enumerate((*map(Literal, HOSTILE), *TYPED)):
        ground.append(Quad(IRI(f"{BASE}id/odd/{number}"), IRI(f"{BASE}vocab/says"), value, graph))
    return [line(q) for q in ground]


@pytest.fixture(scope="module")
def snapshot(quads: list[str], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return written(tmp_path_factory.mktemp("snapshot") / "s", quads)


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with oxigraph_writable() as url:
        yield url


@pytest.fixture
def oxigraph(engine: str) -> str:
    """Give the Graph Store of an engine that holds somebody else's graph, and one of an older snapshot of ours."""
    update = engine.replace("/store", "/update")
    requests.post(update, data={"update": "CLEAR ALL"}, timeout=20).raise_for_status()
    for graph in (FOREIGN, OLD):
        body = b"<http://x/a> <http://x/p> <http://x/b> ."
        requests.put(engine, params={"graph": graph}, data=body, headers={"Content-Type": "text/turtle"}, timeout=20)
    return engine


def content(url: str) -> set[str]:
    """Give all that an Oxigraph server holds, without asking our own code."""
    answer = requests.get(url, headers={"Accept": "application/n-quads"}, timeout=30)
    store = OxigraphStore.memory()
    store.load(answer.content, "nq")
    return {line(q) for q in store.quads()}


def differing(left: set[str], right: set[str]) -> list[str]:
    """Give some of what is on one side only: the whole sets would take pytest minutes to show."""
    return sorted(left ^ right)[:4]


OTHERS = {f"<http://x/a> <http://x/p> <http://x/b> <{g}> .\n" for g in (FOREIGN, OLD)}


@dataclass
class Proxy:
    """Stands between a push and an engine; ``fault`` says for the number of a writing request what goes wrong."""

    target: str
    fault: Callable[[int, http.server.BaseHTTPRequestHandler], str] = lambda _n, _h: ""
    written: int = 0
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/store"


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients are killed here."""


@pytest.fixture
def proxy(oxigraph: str) -> Iterator[Proxy]:
    state = Proxy(oxigraph)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content_Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.seen.append((self.command, self.path, dict(self.headers)))
            is_write = urlsplit(self.path).path in ("/store", "/update")
            state.written += is_write
            mood = state.fault(state.written, self) if is_write else ""
            if mood == "drop":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if mood == "hang":
                state.ended.wait(20)
                return
            if mood == "swallow":
                self.answer(204)
                return
            if mood.isdigit():
                self.answer(
                    int(mood), b"<html><p>went <b>wrong</b></html>", Location=f"http://127.0.0.1:{free_port()}/"
                )
                return
            if mood.startswith("401"):
                self.answer(401, b"who are you", WWW_Authenticate=mood[4:])
                return
            host = urlsplit(state.target).netloc
            engine = http.client.HTTPConnection(host, timeout=60)
            kept = {k: v for k, v in self.headers.items() if k.lower() in ("content-type", "accept")}
            engine.request(self.command, self.path, body, kept)
            reply = engine.getresponse()
            data = reply.read()
            engine.close()
            if mood == "late":  # it was done, but the answer is lost
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.answer(reply.status, data, Content_Type=reply.headers.get("Content-Type", "text/plain"))

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

    with Quiet(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield state
        state.ended.set()
        server.shutdown()
        thread.join()


# -- a push that goes well -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_update", [False, True])
@pytest.mark.parametrize("chunk", [7, 20_000])
def test_the_target_holds_what_the_snapshot_holds(
    snapshot: Snapshot, quads: list[str], oxigraph: str, by_update: bool, chunk: int
) -> None:
    url = oxigraph.replace("/store", "/update") if by_update else oxigraph
    steps: list[tuple[str, int, int | None]] = []
    report = push(snapshot, url, by_update=by_update, chunk_triples=chunk, progress=lambda *step: steps.append(step))
    assert report.ok, str(report)
    assert differing(content(oxigraph), set(quads) | OTHERS) == []
    assert {g.graph: g.found for g in report.graphs} == dict(snapshot.manifest.graphs)
    assert all(g.differences == 0 for g in report.graphs if "hostile" not in g.graph and g.expected < 5000)
    assert steps[-1] == ("sending", len(set(quads)), len(set(quads)))
    assert not report.resumed


def test_a_second_push_replaces_and_prunes(snapshot: Snapshot, quads: list[str], oxigraph: str) -> None:
    body = b"<http://x/a> <http://x/p> 1 ."
    meta = {"graph": f"{BASE}graph/meta"}
    requests.post(oxigraph, params=meta, data=body, headers={"Content-Type": "text/turtle"}, timeout=20)
    report = push(snapshot, oxigraph, prune=True)
    assert report.ok
    assert report.pruned == (OLD,)
    assert differing(content(oxigraph), set(quads) | {one for one in OTHERS if FOREIGN in one}) == []


def test_chunks_are_no_larger_than_told(snapshot: Snapshot) -> None:
    with parts_of(snapshot, lambda *_: None) as parts:
        for part in parts:
            whole = b"".join(part.lines())
            for start in (0, 3):
                chunks = list(part.chunks(start, 11, 2_000))
                assert b"".join(body for _, body in chunks) == b"".join(whole.splitlines(keepends=True)[start:])
                assert all(
                    n == body.count(b" .\n") == len(body.splitlines()) for n, body in chunks if b"\\n" not in body
                )
                assert all(n <= 11 and (len(body) <= 2_000 or n == 1) for n, body in chunks)
        assert parts[-1].graph == f"{BASE}graph/meta"


def test_memory_does_not_grow_with_the_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr("siibra_kg.push.parts._WAITING", 1 << 20)

    def peak(count: int) -> int:
        lines = [f'<http://x/{i:07}> <http://x/p> "{"y" * 80}" <{BASE}graph/{i % 5}> .\n' for i in range(count)]
        big = written(tmp_path / str(count), lines)
        del lines
        tracemalloc.start()
        with parts_of(big, lambda *_: None) as parts:
            assert sum(n for part in parts for n, _ in part.chunks(0, 1_000, 1_000_000)) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1_000)
    assert peak(60_000) < peak(20_000) * 1.2 < 12_000_000


# -- a push that does not --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["500", "503", "429", "drop", "late"])
def test_what_goes_wrong_once_is_tried_again(
    snapshot: Snapshot, quads: list[str], proxy: Proxy, oxigraph: str, mood: str
) -> None:
    proxy.fault = lambda n, _: mood if n in (1, 4, 9) else ""
    assert push(snapshot, proxy.url, chunk_triples=100, pause=0.01).ok
    assert differing(content(oxigraph), set(quads) | OTHERS) == []


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("500", "status 500 .*went wrong.*goes on where it was"),
        ("404", "status 404"),
        ("400", "status 400"),
        ("403", "status 403; check user"),
        ("302", "redirects .status 302., which is not followed"),
        ("307", "redirects"),
        ("hang", "no answer within 0.5 seconds"),
        ("drop", "cannot be reached, or the connection broke"),
    ],
)
def test_a_failure_names_the_target_and_the_graph_and_is_gone_on_from(
    snapshot: Snapshot, quads: list[str], proxy: Proxy, oxigraph: str, mood: str, told: str
) -> None:
    proxy.fault = lambda n, _: mood if n >= 12 else ""
    with pytest.raises(PushFailed, match=told) as error:
        push(snapshot, proxy.url, chunk_triples=100, timeout=0.5 if mood == "hang" else 20, pause=0.01)
    assert proxy.url in str(error.value)
    assert error.value.graph.startswith(BASE)
    assert any(MARKER in one for one in content(oxigraph))
    proxy.fault = lambda _n, _h: ""
    report = push(snapshot, oxigraph, chunk_triples=64)
    assert report.ok
    assert report.resumed
    assert 0 < sum(g.sent for g in report.graphs) < len(set(quads))
    assert differing(content(oxigraph), set(quads) | OTHERS) == []


def test_a_push_that_is_killed_goes_on_where_it_was(
    snapshot: Snapshot, quads: list[str], proxy: Proxy, oxigraph: str
) -> None:
    seen = threading.Event()

    def stop_at(number: int, _: object) -> str:
        if number >= 15:
            seen.set()
            return "hang"
        return ""

    proxy.fault = stop_at
    code = (
        "import sys; from pathlib import Path; from siibra_kg.build.manifest import Manifest;"
        "from siibra_kg.build.snapshot import Snapshot; from siibra_kg.push import push; p = Path(sys.argv[1]);"
        "push(Snapshot(p, Manifest.read(p / 'manifest.json')), sys.argv[2], chunk_triples=100)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(snapshot.path), proxy.url])
    try:
        assert seen.wait(30)
    finally:
        process.kill()
        process.wait()
    report = push(snapshot, oxigraph)
    assert report.ok
    assert report.resumed
    assert sum(g.sent for g in report.graphs) < len(set(quads))
    assert differing(content(oxigraph), set(quads) | OTHERS) == []


def test_another_snapshot_does_not_go_on_with_this_one(
    snapshot: Snapshot, quads: list[str], proxy: Proxy, oxigraph: str, tmp_path: Path
) -> None:
    proxy.fault = lambda n, _: "400" if n >= 12 else ""
    with pytest.raises(PushFailed):
        push(snapshot, proxy.url, chunk_triples=100)
    other = written(tmp_path / "other", [one for one in quads if "hostile" not in one][1:])
    report = push(other, oxigraph, prune=True)
    assert report.ok
    assert not report.resumed
    assert sum(g.sent for g in report.graphs) == other.manifest.triples
    kept = {one for one in OTHERS if FOREIGN in one}
    assert differing(content(oxigraph), kept | set([one for one in quads if "hostile" not in one][1:])) == []


def test_a_target_with_wrong_counts_is_reported_and_mended_by_the_next_push(
    snapshot: Snapshot, quads: list[str], proxy: Proxy, oxigraph: str
) -> None:
    proxy.fault = lambda _n, h: "swallow" if h.command == "POST" else ""
    report = push(snapshot, proxy.url, chunk_triples=20)
    assert not report.ok
    assert {g.graph for g in report.wrong} == {g for g, n in snapshot.manifest.graphs.items() if n > 20} | {
        g.graph for g in report.wrong
    }
    assert all(g.found <= g.expected for g in report.wrong)
    assert "differs" in str(report)
    assert "not as they should be" in str(report)
    proxy.fault = lambda _n, _h: ""
    assert push(snapshot, proxy.url).ok
    assert differing(content(oxigraph), set(quads) | OTHERS) == []


def test_contents_are_compared_not_only_counted(snapshot: Snapshot, oxigraph: str, proxy: Proxy) -> None:
    def spoil(_: int, handler: http.server.BaseHTTPRequestHandler) -> str:
        graph = parse_qs(urlsplit(handler.path).query).get("graph", [""])[0]
        if handler.command == "DELETE" and graph == MARKER:
            return "swallow"
        return ""

    proxy.fault = spoil
    assert push(snapshot, proxy.url).ok  # everything is noted as arrived
    update = "DELETE DATA {{ GRAPH <{0}> {{ {1} }} }} ; INSERT DATA {{ GRAPH <{0}> {{ <urn:x> <urn:y> 1 }} }}"
    some = min(one for one in content(oxigraph) if one.endswith(f" <{BASE}graph/meta> .\n"))
    triple = some.rsplit(" <", 1)[0]
    requests.post(
        oxigraph.replace("/store", "/update"), data={"update": update.format(f"{BASE}graph/meta", triple)}, timeout=20
    ).raise_for_status()
    report = push(snapshot, oxigraph)
    (wrong,) = report.wrong
    assert (wrong.graph, wrong.found, wrong.differences) == (f"{BASE}graph/meta", wrong.expected, 2)
    assert push(snapshot, oxigraph).ok


# -- who may ---------------------------------------------------------------------------------------------------------


def leaked(text: str) -> bool:
    return CANARY in text or base64.b64encode(f"me:{CANARY}".encode()).decode() in text


@pytest.mark.parametrize("kind", ["Basic", "Digest"])
def test_the_password_is_sent_where_it_belongs_and_shown_nowhere(
    snapshot: Snapshot, proxy: Proxy, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.DEBUG)
    challenge = f'{kind} realm="r"' + (', nonce="abc", qop="auth", algorithm="MD5"' if kind == "Digest" else "")
    proxy.fault = lambda _n, h: "" if h.headers.get("Authorization", "").startswith(kind) else f"401 {challenge}"
    me = Credentials("me", CANARY)
    report = push(snapshot, proxy.url, credentials=me)
    assert report.ok
    sent = [headers["Authorization"] for _, _, headers in proxy.seen if "Authorization" in headers]
    assert sent
    assert all(leaked(x) for x in sent) == (kind == "Basic")
    assert not any(leaked(path) for _, path, _ in proxy.seen)
    assert not leaked(f"{caplog.text}{report}{report!r}{me!r}{me}")


def test_a_refused_password_is_in_no_message(
    snapshot: Snapshot, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy.fault = lambda _n, _h: '401 Basic realm="r"'
    with pytest.raises(PushFailed, match="status 401; check user and password") as error:
        push(snapshot, proxy.url, credentials=Credentials("me", CANARY))
    assert not leaked("".join(traceback.format_exception(error.value)) + repr(error.value) + caplog.text)
    with pytest.raises(PushFailed, match="status 401"):
        push(snapshot, proxy.url)


def test_the_password_goes_to_no_other_origin(snapshot: Snapshot, proxy: Proxy, oxigraph: str) -> None:
    """The counts are asked elsewhere: there nobody is told who asks."""
    with pytest.raises(PushFailed):  # nobody listens there
        push(
            snapshot,
            f"http://127.0.0.1:{free_port()}/store",
            query_url=proxy.url.replace("/store", "/query"),
            credentials=Credentials("me", CANARY),
            pause=0.01,
        )
    assert proxy.seen
    assert not any("Authorization" in headers for _, _, headers in proxy.seen)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"http://me:{CANARY}@localhost/store", "user name"),
        ("ftp://localhost/store", "no http or https"),
        ("http://[bad/store", "no http or https"),
        ("http://localhost/elsewhere", "--query-url"),
        ("http://localhost/store?graph=http://x/", "names a graph"),
    ],
)
def test_addresses_are_checked_before_anything_is_sent(snapshot: Snapshot, url: str, told: str) -> None:
    with pytest.raises(PushFailed, match=told) as error:
        push(snapshot, url)
    assert not leaked(str(error.value) + repr(error.value))


@pytest.mark.parametrize(
    ("store", "query"),
    [
        ("http://h:7878/store", "http://h:7878/query"),
        ("https://h/sparql-graph-crud", "https://h/sparql"),
        ("http://h:8890/sparql-graph-crud-auth", "http://h:8890/sparql"),
        ("http://h:3030/ds/data", "http://h:3030/ds/sparql"),
        ("http://h:7200/repositories/r/rdf-graphs/service", "http://h:7200/repositories/r"),
    ],
)
def test_the_query_address_of_known_engines_is_known(store: str, query: str) -> None:
    assert addresses(store).query == query


# -- damaged snapshots -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("_:b <http://x/p> <http://x/o> <http://x/g> .\n", "line 1 is no ground triple"),
        ("<http://x/s> <http://x/p> _:b <http://x/g> .\n", "no ground triple"),
        ("<http://x/s> <http://x/p> <http://x/o> .\n", "no ground triple"),
        ('<http://x/s> <http://x/p> "o"@en <http://x/g> .', "no ground triple"),
    ],
)
def test_what_cannot_be_sent_twice_is_refused(tmp_path: Path, bad: str, told: str) -> None:
    snapshot = written(tmp_path / "s", [bad], {"http://x/g": 1})
    with pytest.raises(SnapshotError, match=told), parts_of(snapshot, lambda *_: None):
        pass


def test_other_counts_than_the_manifest_says_are_refused(tmp_path: Path, oxigraph: str) -> None:
    snapshot = written(tmp_path / "s", ["<http://x/s> <http://x/p> 'o' <http://x/g> .\n".replace("'", '"')], {})
    bad = Snapshot(snapshot.path, snapshot.manifest)
    object.__setattr__(bad.manifest, "graphs", {"http://x/g": 2})
    with pytest.raises(SnapshotError, match="other counts"):
        push(bad, oxigraph)


# -- Virtuoso --------------------------------------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.slow
def test_virtuoso_holds_what_the_snapshot_holds(snapshot: Snapshot, quads: list[str]) -> None:
    try:
        with virtuoso_server(f"<http://x/a> <http://x/p> <http://x/b> <{FOREIGN}> .\n".encode()) as url:
            store = url.replace("/sparql", "/sparql-graph-crud-auth")
            with pytest.raises(PushFailed, match="401"):
                push(snapshot, store)
            report = push(snapshot, store, credentials=Credentials("dba", "dba"), chunk_triples=100)
            assert report.ok, str(report)
            odd = EndpointStore(url, graphs=[f"{BASE}graph/user/hostile"])
            text = "SELECT ?s (STR(?o) AS ?text) (DATATYPE(?o) AS ?kind) (LANG(?o) AS ?tongue) WHERE { ?s ?p ?o }"
            got = {s: (text, kind, tongue) for s, text, kind, tongue in odd.select(text).rows}
            for number, value in enumerate(HOSTILE):
                assert got[f"{BASE}id/odd/{number}"][0] == Literal(value), number
            for number, value in enumerate(TYPED, len(HOSTILE)):
                if isinstance(value, Literal) and value.datatype.startswith(XSD):
                    assert got[f"{BASE}id/odd/{number}"][1] == value.datatype
            other = EndpointStore(url, graphs=[FOREIGN])
            assert list(other.select("SELECT ?o WHERE { ?s ?p ?o }").rows) == [("http://x/b",)]
    except Unavailable as reason:
        if in_ci():
            pytest.fail(f"Virtuoso must run in CI: {reason}")
        pytest.skip(f"Virtuoso: {reason}")
