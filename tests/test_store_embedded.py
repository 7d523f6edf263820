"""The embedded stores: reading and writing quads, folders and files, and never calling another machine."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from servers.contract_data import EX, QUADS

from siibra_kg.errors import BadDocument, QueryError, SiibraKGError, SnapshotError
from siibra_kg.sparql import MAX_DEPTH, MAX_LINKS, guard
from siibra_kg.stores import OxigraphStore, RdflibStore, check_syntax, open_store
from siibra_kg.terms import IRI, BlankNode, Literal, Quad
from siibra_kg.vocab import XSD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg.stores import WritableStore

pytestmark = pytest.mark.filterwarnings("ignore:Dataset.(default_context|contexts):DeprecationWarning")
S, P = IRI(f"{EX}s"), IRI(f"{EX}p")
G1, G2 = IRI(f"{EX}g1"), IRI(f"{EX}g2")


@pytest.fixture(params=["oxigraph", "rdflib"])
def store(request: pytest.FixtureRequest) -> WritableStore:
    return OxigraphStore.memory() if request.param == "oxigraph" else RdflibStore()


def test_quads_come_back_as_they_were_added(store: WritableStore) -> None:
    quads = {
        Quad(S, P, S, G1),
        Quad(S, P, Literal("1", XSD + "integer"), G1),
        Quad(S, P, Literal("x", language="en"), G2),
        Quad(S, P, Literal("x", EX + "type"), G2),
        Quad(S, P, Literal("x"), None),
        Quad(BlankNode("b1"), P, BlankNode("b1"), G1),
    }
    assert store.add(quads) == len(quads)
    assert store.add(quads) == 0
    assert set(store.quads()) == quads


def test_a_removed_graph_is_gone_and_the_others_stay(store: WritableStore) -> None:
    store.add([Quad(S, P, S, G1), Quad(S, P, P, G2)])
    store.remove_graph(G1)
    assert list(store.quads()) == [Quad(S, P, P, G2)]


@pytest.mark.parametrize("form", ["ttl", "nt"])
def test_text_is_loaded_into_the_graph_that_is_named(store: WritableStore, form: str) -> None:
    store.load(f"<{S}> <{P}> <{S}> .".encode(), form, G1)
    assert list(store.quads()) == [Quad(S, P, S, G1)]


def test_relative_iris_are_resolved_against_the_base(store: WritableStore) -> None:
    store.load(b"<s> <p> <s> .", "ttl", G1, base_iri=EX)
    assert list(store.quads()) == [Quad(S, P, S, G1)]


@pytest.mark.parametrize(
    ("form", "text"), [("ttl", b"<a> <b"), ("nt", b"nonsense"), ("nq", b"<http://x/a> ."), ("trig", b"{ } }")]
)
def test_malformed_text_is_a_typed_error(store: WritableStore, form: str, text: bytes) -> None:
    with pytest.raises(BadDocument):
        store.load(text, form, base_iri=EX)


def test_nothing_of_a_malformed_text_is_loaded() -> None:
    memory = OxigraphStore.memory()
    with pytest.raises(BadDocument, match="line 2"):
        memory.load(f"<{S}> <{P}> <{S}> .\nnonsense".encode(), "nt")
    assert len(memory) == 0


def test_a_store_on_disk_has_many_readers_and_no_other_writer(tmp_path: Path) -> None:
    with OxigraphStore.open(tmp_path, read_only=False) as writer:
        writer.load(QUADS, "nq")
        with pytest.raises(SnapshotError, match="another process holds it"):
            OxigraphStore.open(tmp_path, read_only=False)
    with OxigraphStore.open(tmp_path) as one, OxigraphStore.open(tmp_path) as two:
        assert len(one) == len(two) == QUADS.count(b"\n")
        with pytest.raises((RuntimeError, SiibraKGError)):
            one.add([Quad(S, P, S, G1)])
        assert len(two) == QUADS.count(b"\n")


def test_a_folder_without_a_store_is_a_typed_error_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no Oxigraph store"):
        OxigraphStore.open(tmp_path)
    with pytest.raises(SnapshotError):
        open_store(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("MANIFEST-000001\n")
    with pytest.raises(SnapshotError):
        OxigraphStore.open(tmp_path)


@pytest.mark.parametrize("name", ["data.nq", "data.nq.zst", "data.ttl", "data.trig", "data.nt", "data.nt.zst"])
def test_rdf_files_open_as_stores(tmp_path: Path, name: str) -> None:
    import zstandard

    text = f"<{S}> <{P}> <{S}> .\n".encode()
    path = tmp_path / name
    path.write_bytes(zstandard.compress(text) if name.endswith("zst") else text)
    for store in (open_store(path), open_store(str(path)), OxigraphStore.from_quads_file(path)):
        assert store.ask(f"ASK {{ <{S}> <{P}> <{S}> }}")


@pytest.mark.parametrize(
    ("name", "content"),
    [("no-such.nq", None), ("data.csv", b"a,b"), ("noext", b""), ("bad.nq.zst", b"not packed"), ("bad.ttl", b"<a> <b")],
)
def test_what_is_no_rdf_file_is_a_typed_error(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadDocument, match=name):
        open_store(path)


def test_memory_and_addresses_open_as_stores() -> None:
    assert repr(open_store("memory:")) == "<OxigraphStore memory: 0 quads>"
    assert repr(open_store("http://127.0.0.1:9/sparql")) == "<EndpointStore http://127.0.0.1:9/sparql>"


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """Give the address of a server of our own, and the list of requests that reached it."""
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            hits.append(self.requestline)
            self.send_response(500)
            self.end_headers()

        do_GET = do_POST = handle_any  # noqa: N815  names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sparql", hits
    server.shutdown()
    server.server_close()


CALLS = [
    "SELECT ?s WHERE { SERVICE <URL> { ?s ?p ?o } }",
    "SELECT ?s WHERE { sErViCe SILENT<URL>{ ?s ?p ?o } }",
    "ASK { SERVICE <URL> { ?s ?p ?o } }",
    "SELECT ?s WHERE { # comment\n SERVICE # comment\n <URL> { ?s ?p ?o } }",
    "PREFIX e: <URL> SELECT ?s WHERE { SERVICE e: { ?s ?p ?o } }",
    "SELECT ?s WHERE { VALUES ?e { <URL> } SERVICE ?e { ?s ?p ?o } }",
    "SELECT ?s WHERE { \\u0053ERVICE <URL> { ?s ?p ?o } }",
    # An IRI for a tokenizer; for pyoxigraph a comparison and a comment, after which the string is none.
    'SELECT ?s WHERE { FILTER(?a<?b#>) """\n) SERVICE <URL> { ?s ?p ?o } } #""") }',
    "SELECT ?s WHERE { FILTER(?a<'>#') SERVICE <URL> { ?s ?p ?o } }",
    "SELECT ?s WHERE { { SELECT ?s WHERE { SERVICE <URL> { ?s ?p ?o } } } }",
    "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <URL> { ?s ?p ?o } }",
    # pyoxigraph's parser has no tokens: keywords may touch what stands beside them.
    "SELECT ?s WHERE { SERVICESILENT <URL> { ?s ?p ?o } }",
    "PREFIX : <URL> SELECT ?s WHERE { SERVICE:{ ?s ?p ?o } }",
    "PREFIX : <URL> SELECT ?s WHERE { SERVICESILENT: { ?s ?p ?o } }",
    "SELECT ?s WHERE { OPTIONAL { ?s ?p ?o .SERVICE <URL> { ?s ?p ?o } } }",
    "SELECT ?s WHERE { OPTIONAL { ?s ?p 1SERVICE <URL> { ?s ?p ?o } } }",
    "SELECT ?s WHERE { OPTIONAL { ?s ?p trueSERVICE <URL> { ?s ?p ?o } } }",
]


def drained(found: object) -> list[object]:
    """Take everything that an answer gives: engines call others only then."""
    return [found] if isinstance(found, bool) else list(getattr(found, "rows", found))  # type: ignore[call-overload]


@pytest.mark.parametrize("query", CALLS)
def test_no_query_calls_another_machine(store: WritableStore, canary: tuple[str, list[str]], query: str) -> None:
    url, hits = canary
    text = query.replace("URL", url)
    for method in (store.select, store.ask, store.construct):
        with pytest.raises(QueryError):
            drained(method(text))
    with pytest.raises(QueryError):
        check_syntax(text)
    assert hits == []


@pytest.mark.parametrize("clause", ["FROM <URL>", "FROM NAMED <URL>", "FROM <file:///etc/passwd>"])
def test_from_fetches_nothing(canary: tuple[str, list[str]], clause: str) -> None:
    url, hits = canary
    query = f"SELECT ?s {clause.replace('URL', url)} WHERE {{ ?s ?p ?o }}"
    with pytest.raises(QueryError, match="FROM makes rdflib fetch"):
        RdflibStore().select(query)
    assert list(OxigraphStore.memory().select(query).rows) == []  # Oxigraph means graphs of its own
    assert hits == []


def test_network_is_used_where_it_was_asked_for(canary: tuple[str, list[str]]) -> None:
    url, hits = canary
    query = f"SELECT ?s WHERE {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}"
    list(OxigraphStore.memory(network=True).select(query).rows)
    assert len(hits) == 1
    with pytest.raises(QueryError, match="500"):  # rdflib passes over SERVICE SILENT
        list(RdflibStore(network=True).select(query.replace("SILENT ", "")).rows)
    assert len(hits) == 2


def test_a_string_that_rdflib_would_end_early_hides_no_call(canary: tuple[str, list[str]]) -> None:
    """The string holds an escaped quotation mark; rdflib expands it before it parses, and sees a call after it."""
    url, hits = canary
    query = f'SELECT ("\\u0022 AS ?x) {{ SERVICE <{url}> {{ ?s ?p ?o }} }} #" AS ?x) WHERE {{ }}'
    with pytest.raises(QueryError, match="SERVICE calls another machine"):
        RdflibStore().select(query)
    assert len(list(OxigraphStore.memory().select(query).rows)) == 1
    assert hits == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s WHERE { ?s ?p 'SERVICE <http://example.org/> { }' }",
        "SELECT ?s WHERE { ?s <http://example.org/service> ?o } # SERVICE",
        "PREFIX service: <http://example.org/> SELECT ?service WHERE { ?service service:service ?o }",
        "SELECT ?s WHERE { ?s ?p ?o FILTER(?o < 3 && ?o > 1) }",
    ],
)
def test_the_word_service_elsewhere_does_no_harm(store: WritableStore, query: str) -> None:
    assert list(store.select(query).rows) == []


def test_queries_just_below_the_limits_are_answered() -> None:
    memory = OxigraphStore.memory()
    depth = MAX_DEPTH - 1
    assert list(memory.select("SELECT ?a WHERE " + "{" * depth + "?a ?b ?c" + "}" * depth).rows) == []
    links = MAX_LINKS // 2
    assert list(memory.select("SELECT ?a WHERE { " + "{} UNION " * links + "{ ?a ?b ?c } }").rows)
    values = " ".join(f"({i} '{i}.-+*/')" for i in range(20_000))
    assert len(list(memory.select(f"SELECT ?a ?b WHERE {{ VALUES (?a ?b) {{ {values} }} }}").rows)) == 20_000


@pytest.mark.parametrize("stack", [1024, 8192])
def test_queries_just_below_the_limits_do_not_crash_the_process(stack: int) -> None:
    """The limits hold on the small stacks that threads have on other systems; a crash would end this child."""
    child = f"""
import threading
from siibra_kg.sparql import MAX_DEPTH, MAX_LINKS, guard
from siibra_kg.stores import OxigraphStore
threading.stack_size({stack} * 1024)
n, deep = MAX_LINKS // 2, MAX_DEPTH - 3
texts = [
    "SELECT ?a WHERE " + "{{" * deep + "?a ?b ?c" + "}}" * deep,
    "SELECT ?a WHERE {{ FILTER(" + "(" * deep + "1" + ")" * deep + ") }}",
    "SELECT ?a WHERE {{ " + "{{}} UNION " * (n - 2) + "{{}} }}",
    "SELECT ?a WHERE {{ ?a ?b ?c " + "OPTIONAL {{ ?a ?b ?c }} " * (n - 2) + "}}",
    "SELECT ?a WHERE {{ ?a ?b ?c " + "MINUS {{ ?a ?b ?c }} " * (n - 2) + "}}",
    "SELECT ?a WHERE {{ FILTER(" + "1 + " * (n - 2) + "1 = 1) }}",
    "SELECT ?a WHERE {{ FILTER(" + "?a || " * (n - 2) + "?a) }}",
]
def work():
    store = OxigraphStore.memory()
    for text in texts:
        guard(text)
        list(store.select(text).rows)
    print("alive")
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", child], check=False, capture_output=True, timeout=120, text=True)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_the_guard_names_line_and_column() -> None:
    with pytest.raises(QueryError) as error:
        guard("SELECT ?s WHERE {\n  SERVICE <http://example.org/> { ?s ?p ?o } }")
    assert (error.value.line, error.value.column) == (2, 3)
