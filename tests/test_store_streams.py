"""Long answers of endpoints: read as they arrive, in constant memory, and never shorter than they were."""

from __future__ import annotations

import gzip
import http.server
import json
import re
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg.errors import EndpointError, QueryError
from siibra_kg.stores import EndpointStore
from siibra_kg.stores.dataset import with_dataset
from siibra_kg.stores.results import BrokenResults, read_results
from siibra_kg.terms import IRI, BlankNode, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = "application/sparql-results+json"
QUERY = "SELECT ?s ?n WHERE { ?s ?p ?n }"
MANY = 1_000_000
INTEGER = "http://www.w3.org/2001/XMLSchema#integer"


class Streaming(http.server.BaseHTTPRequestHandler):
    """Sends pieces as chunks, or until the connection ends."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.answer(self)  # type: ignore[attr-defined]

    def begin(self, kind: str = JSON, **headers: str) -> None:
        self.send_response(200)
        for name, value in {"Content_Type": kind, "Transfer_Encoding": "chunked", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client may leave."""


@pytest.fixture
def served() -> Iterator[Callable[..., EndpointStore]]:
    server = Quiet(("127.0.0.1", 0), Streaming)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def store(answer: Callable[[Streaming], None], timeout: float = 60) -> EndpointStore:
        server.answer = answer  # type: ignore[attr-defined]
        return EndpointStore(f"http://127.0.0.1:{server.server_port}/sparql", timeout=timeout)

    yield store
    server.shutdown()
    server.server_close()


def rows(count: int, at_once: int = 2000) -> Iterator[bytes]:
    """Write a result of so many rows."""
    yield b'{"head": {"vars": ["s", "n"]}, "results": {"distinct": false, "ordered": true, "bindings": ['
    row = '{"s": {"type": "uri", "value": "http://x/%d"}, "n": {"type": "literal", "datatype": "%s", "value": "%d"}}'
    for first in range(0, count, at_once):
        numbers = range(first, min(first + at_once, count))
        yield ((", " if first else "") + ", ".join(row % (i, INTEGER, i) for i in numbers)).encode()
    yield b"]}}"


def peak_of(use: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        use()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_million_rows_take_no_more_memory_than_a_thousand() -> None:
    """The reader alone under tracemalloc, which makes it some times slower; the answer would be 100 MB."""

    def read(count: int) -> None:
        pieces = rows(count)
        found = read_results(lambda: next(pieces, b""), {"s": "iri", "n": "integer"}, close=lambda: None)
        assert sum(n for _, n in found.rows) == count * (count - 1) // 2

    few, many = peak_of(lambda: read(2_000)), peak_of(lambda: read(MANY // 4))
    assert many < few + 2_000_000 < 8_000_000


@pytest.mark.slow
def test_a_million_rows_over_http_stay_out_of_memory(served: Callable[..., EndpointStore]) -> None:
    import resource

    pieces = list(rows(2000))
    more = b", " + pieces[1]

    def answer(handler: Streaming) -> None:
        handler.begin()
        handler.chunk(pieces[0] + pieces[1])
        for _ in range(MANY // 2000 - 1):
            handler.chunk(more)
        handler.chunk(pieces[-1])
        handler.chunk(b"")

    found = served(answer).select(QUERY, {"s": "iri", "n": "integer"}).rows
    next(found)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in found) == MANY - 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KB; the rows alone are 200 MB


def test_rows_arrive_while_the_endpoint_still_writes(served: Callable[..., EndpointStore]) -> None:
    go_on = threading.Event()

    def answer(handler: Streaming) -> None:
        handler.begin()
        pieces = list(rows(4, at_once=1))
        handler.chunk(b"".join(pieces[:3]) + b", ")
        go_on.wait(20)
        handler.chunk(pieces[3][2:] + b"".join(pieces[4:]))
        handler.chunk(b"")

    found = served(answer).select(QUERY, {"n": "integer"}).rows
    assert next(found)[1] == 0
    go_on.set()
    assert [n for _, n in found] == [1, 2, 3]


def test_a_reader_that_has_enough_lets_go_of_the_connection(served: Callable[..., EndpointStore]) -> None:
    ended = threading.Event()

    def answer(handler: Streaming) -> None:
        try:
            handler.begin()
            for piece in rows(2_000_000):
                handler.chunk(piece)
        except ConnectionError:
            ended.set()
            raise

    found = served(answer).select(QUERY).rows
    next(found)
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert ended.wait(20)


WHOLE = b"".join(rows(3))


@pytest.mark.parametrize("framing", ["chunked", "length", "close", "gzip"])
def test_an_answer_cut_off_anywhere_is_an_error(served: Callable[..., EndpointStore], framing: str) -> None:
    sent = gzip.compress(WHOLE) if framing == "gzip" else WHOLE

    def cut(at: int) -> Callable[[Streaming], None]:
        def answer(handler: Streaming) -> None:
            handler.close_connection = True
            more = {"Content_Encoding": "gzip"} if framing == "gzip" else {}
            if framing == "chunked":
                handler.begin()
                handler.wfile.write(b"%x\r\n%s" % (len(sent), sent[:at]))
                if at == len(sent):
                    handler.wfile.write(b"\r\n0\r\n\r\n")
                return
            handler.send_response(200)
            for name, value in {"Content-Type": JSON, "Connection": "close"}.items():
                handler.send_header(name, value)
            for name, value in more.items():
                handler.send_header(name.replace("_", "-"), value)
            if framing == "length":
                handler.send_header("Content-Length", str(len(sent)))
            handler.end_headers()
            handler.wfile.write(sent[:at])

        return answer

    for at in range(0, len(sent), 7 if framing == "close" else 41):
        with pytest.raises(EndpointError):
            list(served(cut(at), timeout=5).select(QUERY).rows)
    assert len(list(served(cut(len(sent))).select(QUERY).rows)) == 3


def test_triples_without_an_end_of_their_own_are_refused(served: Callable[..., EndpointStore]) -> None:
    line = b"<http://x/a> <http://x/p> <http://x/b> .\n"

    def until_closed(handler: Streaming) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "application/n-triples")
        handler.end_headers()
        handler.wfile.write(line)

    def chunks(handler: Streaming) -> None:
        handler.begin("application/n-triples")
        for _ in range(3):
            handler.chunk(line * 5000)
        handler.chunk(b"")

    with pytest.raises(EndpointError, match="neither how long"):
        list(served(until_closed).construct("CONSTRUCT WHERE { ?s ?p ?o }"))
    store = served(chunks)
    assert len(list(store.construct("CONSTRUCT WHERE { ?s ?p ?o }"))) == 1
    assert sum(1 for _ in store.construct("CONSTRUCT WHERE { ?s ?p ?o }", distinct=False)) == 15_000


def test_triples_cut_off_are_an_error(served: Callable[..., EndpointStore]) -> None:
    def answer(handler: Streaming) -> None:
        handler.begin("application/n-triples")
        handler.chunk(b"<http://x/a> <http://x/p> <http://x/b> .\n" * 5000)
        handler.close_connection = True

    with pytest.raises(EndpointError, match="broke"):
        list(served(answer).construct("CONSTRUCT WHERE { ?s ?p ?o }"))


def test_silence_in_the_middle_ends_with_the_deadline(served: Callable[..., EndpointStore]) -> None:
    done = threading.Event()

    def answer(handler: Streaming) -> None:
        handler.begin()
        handler.chunk(b"".join(list(rows(3))[:2]))
        done.wait(20)

    begin = time.monotonic()
    with pytest.raises(EndpointError, match=r"0\.5 seconds"):
        list(served(answer, timeout=0.5).select(QUERY).rows)
    done.set()
    assert time.monotonic() - begin < 4


def test_a_slow_reader_is_not_a_slow_endpoint(served: Callable[..., EndpointStore]) -> None:
    def answer(handler: Streaming) -> None:
        handler.begin()
        for piece in rows(20_000):
            handler.chunk(piece)
        handler.chunk(b"")

    found = served(answer, timeout=1).select(QUERY).rows
    next(found)
    time.sleep(1.2)
    assert sum(1 for _ in found) == 19_999


# -- the reader against the standard library ------------------------------------------------------------------------

texts = st.text(max_size=12)
cells = st.one_of(
    st.builds(lambda x: {"type": "uri", "value": f"http://x/{x}"}, st.integers(0, 9)),
    st.builds(lambda x: {"type": "literal", "value": x}, texts),
    st.builds(lambda x: {"type": "typed-literal", "value": str(x), "datatype": INTEGER}, st.integers()),
    st.builds(lambda x: {"type": "literal", "value": x, "xml:lang": "en"}, texts),
    st.just({"type": "bnode", "value": "nodeID://b10010"}),
)
results = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), cells), max_size=6)


def term(cell: dict[str, str] | None) -> object:
    if cell is None:
        return None
    if cell["type"] == "uri":
        return IRI(cell["value"])
    if cell["type"] == "bnode":
        return BlankNode("nodeID_b10010")
    if "xml:lang" in cell:
        return Literal(cell["value"], language="en")
    return Literal(cell["value"], cell["datatype"]) if "datatype" in cell else Literal(cell["value"])


@given(results, st.integers(1, 40), st.booleans(), st.booleans(), st.sampled_from([None, 1]))
def test_any_result_in_any_pieces_reads_as_its_json(
    bindings: list[dict[str, dict[str, str]]], size: int, escaped: bool, head_last: bool, indent: int | None
) -> None:
    members = [("head", {"link": [], "vars": ["a", "b"]}), ("results", {"ordered": True, "bindings": bindings})]
    whole = dict(reversed(members) if head_last else members)
    data = json.dumps(whole, ensure_ascii=escaped, indent=indent).encode("utf-8", "surrogatepass")
    pieces = iter([data[i : i + size] for i in range(0, len(data), size)])
    found = read_results(lambda: next(pieces, b""), close=lambda: None)
    assert found.variables == ("a", "b")
    assert list(found.rows) == [(term(row.get("a")), term(row.get("b"))) for row in bindings]


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_no_damage_gives_another_number_of_rows(at: int, other: bytes) -> None:
    """Bytes changed anywhere: an error, or as many rows as before (a change inside a text is none of syntax)."""
    at %= len(WHOLE)
    data = WHOLE[:at] + other + WHOLE[at + len(other) :]
    try:
        expected = json.loads(data)
        names, count = tuple(expected["head"]["vars"]), len(expected["results"]["bindings"])
    except (ValueError, KeyError, TypeError):
        names, count = (), -1
    pieces = iter([data])
    try:
        found = read_results(lambda: next(pieces, b""), close=lambda: None)
        got = len(list(found.rows))
    except (BrokenResults, QueryError):
        return
    assert (found.variables, got) == (names, count)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT (EXISTS { ?a ?b ?c } AS ?x) { ?s ?p ?o }", "SELECT (EXISTS { ?a ?b ?c } AS ?x) F { ?s ?p ?o }"),
        ("ASK { ?s ?p ?o }", "ASK F { ?s ?p ?o }"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "CONSTRUCT F WHERE { ?s ?p ?o }"),
        ("DESCRIBE ?x WHERE { ?x ?p ?o } LIMIT 1", "DESCRIBE ?x F WHERE { ?x ?p ?o } LIMIT 1"),
        ("DESCRIBE <http://x/a>", "DESCRIBE <http://x/a>\nF "),
        ("SELECT * FROM <http://x/h> { ?s ?p '{' }", "SELECT * FROM <http://x/h> { ?s ?p '{' }"),
        ("# where {\nSELECT * WHERE {}", "# where {\nSELECT * F WHERE {}"),
    ],
)
def test_graphs_are_written_where_a_query_names_its_dataset(query: str, expected: str) -> None:
    clauses = "FROM <http://x/g> FROM NAMED <http://x/g>"
    assert with_dataset(query, ["http://x/g"]) == re.sub(r"\bF ", f"{clauses} ", expected)
