"""The endpoint as clients meet it: requests in all their forms, answers in all of theirs, limits, defences."""

from __future__ import annotations

import csv
import gzip
import io
import json
import signal
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siibra_kg.server.http.exchange import fresh
from siibra_kg.server.http.hosts import Hosts
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.problem import Refused
from siibra_kg.server.sparql.forms import wanted
from siibra_kg.server.sparql.preflight import dataset_of, inspect, services
from siibra_kg.stores import answers, open_store
from siibra_kg.stores.row_count import TooManyRows
from tests.attack_client import Outcome, is_problem, raw, request
from tests.servers.serving import Serving, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

G = "https://example.org/graph/"
MOST = 400
#: What is hard to write: commas, quotation marks, line breaks, what looks like JSON or XML.
HARD = ['a,"b"', "two\r\nlines", '}},{"x":{}},{},{}', "</result><result>", "tab\there", "back\\slash\\n", "", "ünï 😀"]
SPACES = {"sparql": "application/sparql-query", "form": "application/x-www-form-urlencoded"}


def data() -> bytes:
    """Make a graph of 1,000 rows, one of hard texts, and an IRI with a comma."""
    node = ox.NamedNode
    quads = [
        ox.Quad(node(f"urn:s:{n % 500}"), node("urn:p"), ox.Literal(f"{n} {'x' * 90}"), node(f"{G}rows"))
        for n in range(1000)
    ]
    quads += [
        ox.Quad(node("urn:a,b"), node(f"urn:hard:{n}"), ox.Literal(t), node(f"{G}hard")) for n, t in enumerate(HARD)
    ]
    quads += [ox.Quad(node("urn:a,b"), node("urn:two"), ox.Literal("hallo", language="de"), node(f"{G}hard"))]
    quads += [ox.Quad(node("urn:a,b"), node("urn:two"), ox.BlankNode("b"), node(f"{G}hard"))]
    quads += [ox.Quad(node("urn:a,b"), node("urn:two"), ox.Literal(7), node(f"{G}hard"))]
    return ox.serialize(quads, format=ox.RdfFormat.N_QUADS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    path = tmp_path_factory.mktemp("protocol") / "data.nq"
    path.write_bytes(data())
    with serving(path, "--workers", "2", "--max-rows", str(MOST), "--timeout", "4") as running:
        yield running


def get(server: Serving, query: str, accept: str = "", headers: dict[str, str] | None = None, **more: str) -> Outcome:
    path = "/sparql?" + urlencode({"query": query, **more})
    return request(server.url, path, headers={"Accept": accept, **(headers or {})} if accept or headers else {})


def rows(outcome: Outcome) -> list[dict[str, dict[str, str]]]:
    assert outcome.status == 200, outcome
    return json.loads(outcome.body)["results"]["bindings"]


ONE = "SELECT ?o { <urn:a,b> <urn:two> ?o FILTER(isNumeric(?o)) }"


# -- requests ----------------------------------------------------------------------------------------------------------


def test_a_query_can_be_asked_in_three_ways(server):
    expected = [{"o": {"type": "literal", "value": "7", "datatype": "http://www.w3.org/2001/XMLSchema#integer"}}]
    assert rows(get(server, ONE)) == expected
    form = urlencode({"query": ONE}).encode()
    for kind in (SPACES["form"], SPACES["form"].upper() + "; charset=UTF-8"):
        assert (
            rows(request(server.url, "/sparql", method="POST", headers={"Content-Type": kind}, body=form)) == expected
        )
    direct = request(
        server.url, "/sparql", method="POST", headers={"Content-Type": SPACES["sparql"]}, body=ONE.encode()
    )
    assert rows(direct) == expected


def test_a_dataset_of_the_request_goes_before_that_of_the_query(server):
    count = "SELECT (COUNT(*) AS ?n) {} {{ ?s ?p ?o }}"
    asked = {
        (): 1000 + len(HARD) + 3,
        (f"default-graph-uri={G}hard",): len(HARD) + 3,
        (f"default-graph-uri={G}hard", f"default-graph-uri={G}rows"): 1000 + len(HARD) + 3,
        (f"named-graph-uri={G}hard",): 0,
    }
    for dataset, number in asked.items():
        for clause in ("", f"FROM <{G}rows>"):
            if clause and not dataset:
                continue
            path = "/sparql?query=" + quote(count.format(clause)) + "".join("&" + d for d in dataset)
            assert rows(request(server.url, path))[0]["n"]["value"] == str(number), (dataset, clause)
    assert rows(get(server, count.format(f"FROM <{G}rows>")))[0]["n"]["value"] == "1000"
    assert rows(get(server, count.format(f"FROM NAMED <{G}rows>")))[0]["n"]["value"] == "0"
    named = f"SELECT DISTINCT ?g FROM NAMED <{G}rows> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
    assert rows(get(server, named)) == [{"g": {"type": "uri", "value": f"{G}rows"}}]
    for query, more in ((f"ASK FROM <{G}none> {{}}", {}), ("ASK {}", {"default-graph-uri": "http://127.0.0.1/x"})):
        refused = get(server, query, **more)
        assert (refused.status, refused.kind) == (400, "no-such-graph")
        assert json.loads(refused.body)["graphs"] == [f"{G}hard", f"{G}rows"]


def test_the_prefixes_of_the_project_need_no_declaration(server):
    assert json.loads(get(server, "ASK { ?s a skg:Region }").body) == {"head": {}, "boolean": False}
    wrong = get(server, "ASK {\n ?s a skg:Region . ?s a nobody:Knows }")
    document = json.loads(wrong.body)
    assert (wrong.status, document["line"]) == (400, 2)
    assert document["column"] >= 24


@pytest.mark.parametrize(
    ("status", "kind", "method", "path", "headers", "body"),
    [
        (400, "bad-request", "GET", "/sparql?query=", {}, None),
        (400, "bad-request", "GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D", {}, None),
        (400, "bad-request", "GET", "/sparql?query=%ff%fe", {}, None),
        (400, "bad-request", "POST", "/sparql?query=ASK%7B%7D", {"Content-Type": SPACES["sparql"]}, b"ASK {}"),
        (400, "bad-request", "POST", "/sparql", {"Content-Type": SPACES["sparql"]}, "ASK {}".encode("utf-16")),
        (400, "malformed-query", "GET", "/sparql?query=SELECT", {}, None),
        (400, "malformed-query", "GET", "/sparql?query=" + "%7B" * 200, {}, None),
        (403, "read-only", "POST", "/sparql", {"Content-Type": "application/sparql-update"}, b"CLEAR ALL"),
        (403, "read-only", "POST", "/sparql", {"Content-Type": SPACES["form"]}, b"update=CLEAR+ALL"),
        (403, "read-only", "GET", "/sparql?update=CLEAR+ALL", {}, None),
        (403, "read-only", "GET", "/sparql?query=LOAD+%3Chttp://127.0.0.1/%3E", {}, None),
        (403, "read-only", "GET", "/sparql?query=INSERT+DATA+%7B%3Ca%3E+%3Cb%3E+1%7D", {}, None),
        (403, "service-not-allowed", "GET", "/sparql?query=ASK%7BSERVICE+%3Chttp://127.0.0.1/%3E%7B%7D%7D", {}, None),
        (404, "not-found", "GET", "/nothing/here", {}, None),
        (404, "not-found", "GET", "/sparql/", {}, None),
        (404, "not-found", "GET", "/static/..%2f..%2fapp.py", {}, None),
        (405, "method-not-allowed", "PUT", "/sparql", {}, b""),
        (405, "method-not-allowed", "DELETE", "/-/health", {}, None),
        (406, "not-acceptable", "GET", "/sparql?query=ASK%7B%7D", {"Accept": "image/png"}, None),
        (406, "not-acceptable", "GET", "/sparql?query=ASK%7B%7D", {"Accept": "text/turtle"}, None),
        (406, "not-acceptable", "GET", "/sparql?query=ASK%7B%7D&format=doc", {}, None),
        (415, "unsupported-media-type", "POST", "/sparql", {"Content-Type": "text/plain"}, b"ASK {}"),
        (415, "unsupported-media-type", "POST", "/sparql", {}, b"ASK {}"),
        (413, "body-too-large", "POST", "/sparql", {"Content-Type": SPACES["sparql"]}, b"#" * 200_000),
        (414, "address-too-long", "GET", "/sparql?query=" + "x" * 70_000, {}, None),
        (421, "misdirected-request", "GET", "/sparql?query=ASK%7B%7D", {"Host": "evil.example"}, None),
        (431, "head-too-large", "GET", "/-/health", {"X": "x" * 90_000}, None),
    ],
)
def test_what_cannot_be_answered_is_told_with_a_status_and_a_problem(server, status, kind, method, path, headers, body):
    outcome = request(server.url, path, method=method, headers=headers, body=body)
    assert (outcome.status, outcome.kind) == (status, kind), outcome
    assert is_problem(outcome)
    assert ("allow" in outcome.headers) is (status == 405)
    assert "uvicorn" not in str(outcome.headers).lower()
    assert "Traceback" not in outcome.body.decode()


def test_a_malformed_query_is_told_with_its_place(server):
    document = json.loads(get(server, "SELECT *\n{ ?s ?p }").body)
    assert (document["line"], document["column"]) == (2, 10)
    document = json.loads(get(server, "ASK {\n SERVICE <http://x/> {} }").body)
    assert (document["line"], document["column"]) == (2, 2)


# -- answers -----------------------------------------------------------------------------------------------------------

EVERYTHING = f"SELECT ?o ?p FROM <{G}hard> {{ ?s ?p ?o }}"


@pytest.mark.parametrize(
    ("form", "name"), [("json", "application/sparql-results+json"), ("xml", "text/xml"), ("tsv", "")]
)
def test_tables_keep_every_text_in_every_form(server, form, name):
    outcome = get(server, EVERYTHING, name) if name else get(server, EVERYTHING, format=form)
    formats = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML, "tsv": ox.QueryResultsFormat.TSV}
    found = ox.parse_query_results(outcome.body, formats[form])
    got = {row["p"].value: row["o"].value for row in found if row["p"].value.startswith("urn:hard")}
    assert got == {f"urn:hard:{n}": text for n, text in enumerate(HARD)}


def test_csv_has_as_many_cells_as_columns_and_every_text(server):
    outcome = get(server, f"SELECT ?s ?o ?p ?none FROM <{G}hard> {{ ?s ?p ?o }}", "text/csv")
    assert outcome.headers["content-type"] == "text/csv; charset=utf-8"
    names, *found = csv.reader(io.StringIO(outcome.body.decode(), newline=""))
    assert names == ["s", "o", "p", "none"]
    assert {(len(r), r[0], r[3]) for r in found} == {(4, "urn:a,b", "")}
    assert {r[1] for r in found if r[2].startswith("urn:hard")} == set(HARD)
    assert {r[1][:2] for r in found if r[2] == "urn:two"} == {"ha", "_:", "7"}


def test_graphs_come_in_every_form_and_each_triple_once(server):
    query = "CONSTRUCT { ?s <urn:q> 1 , ?g } WHERE { GRAPH ?g { ?s <urn:p> ?o } } LIMIT 100"
    expected = None
    for accept, form in (
        ("text/turtle", ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    ):
        outcome = get(server, query, accept)
        assert outcome.headers["content-type"].startswith(accept)
        triples = [str(quad.triple) for quad in ox.parse(outcome.body, form)]
        assert len(triples) == len(set(triples))
        expected = expected or set(triples)
        assert set(triples) == expected
    assert 100 <= len(expected) <= 200
    assert get(server, "DESCRIBE <urn:a,b>").headers["content-type"].startswith("text/turtle")


def test_an_ask_is_answered_in_every_form(server):
    for accept, body in (
        ("application/sparql-results+json", b'{"head":{},"boolean":true}'),
        ("text/csv", b"true"),
        ("text/tab-separated-values", b"true"),
    ):
        assert get(server, "ASK {}", accept).body == body
    assert b"<boolean>true</boolean>" in get(server, "ASK {}", "application/xml").body


def test_answers_are_compressed_for_those_who_ask_and_where_it_helps(server):
    query = f"SELECT * {{ ?s <urn:p> ?o }} LIMIT {MOST}"
    plain, packed = get(server, query), get(server, query, headers={"Accept-Encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert sorted(map(str, rows(plain))) == sorted(
        map(str, json.loads(gzip.decompress(packed.body))["results"]["bindings"])
    )
    assert len(packed.body) < len(plain.body) / 5
    assert plain.headers["etag"] != packed.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "content-encoding" not in get(server, query, headers={"Accept-Encoding": "gzip;q=0"}).headers
    assert "content-encoding" not in get(server, ONE, headers={"Accept-Encoding": "gzip"}).headers


def test_an_answer_that_the_client_has_is_not_sent_again(server):
    first = get(server, ONE)
    tag = first.headers["etag"]
    again = get(server, ONE, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert get(server, ONE, headers={"If-None-Match": '"other"'}).status == 200
    assert get(server, ONE, "text/csv").headers["etag"] != tag
    assert get(server, ONE + " ").headers["etag"] != tag
    assert get(server, ONE).body == first.body
    for volatile in ("SELECT (NOW() AS ?x) {}", "SELECT (RAND() AS ?x) {}", "SELECT (struuid() AS ?x) {}"):
        one, other = get(server, volatile), get(server, volatile)
        assert "etag" not in one.headers
        assert one.body != other.body


def test_head_has_the_head_of_get_and_options_says_what_there_is(server):
    path = "/sparql?" + urlencode({"query": ONE})
    got, head = request(server.url, path), request(server.url, path, method="HEAD")
    same = ("content-type", "content-length", "etag", "vary")
    assert [head.headers[n] for n in same] == [got.headers[n] for n in same]
    assert head.body == b""
    options = request(server.url, "/sparql", method="OPTIONS", headers={"Origin": "https://elsewhere.example"})
    assert options.status == 204
    assert options.headers["access-control-allow-methods"] == options.headers["allow"]
    assert got.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in got.headers
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_an_answer_with_too_many_rows_is_an_error_and_never_a_shorter_one(server, form):
    query = "SELECT {} {{ ?s <urn:p> ?o }} LIMIT {}"
    assert get(server, query.format("*", MOST), format=form).status == 200
    short = get(server, query.format("?s", MOST + 1), format=form)
    assert (short.status, short.kind) == (422, "row-limit")
    assert json.loads(short.body)["limit"] == MOST
    long = get(server, "SELECT * { ?s <urn:p> ?o . ?t <urn:p> ?u }", format=form)
    assert (long.status, long.whole) in {(200, False), (422, True)}
    packed = get(server, "SELECT * { ?s <urn:p> ?o . ?t <urn:p> ?u }", headers={"Accept-Encoding": "gzip"}, format=form)
    assert (packed.status, packed.whole) in {(200, False), (422, True)}


def test_a_graph_with_too_many_triples_is_an_error(server):
    assert get(server, f"CONSTRUCT WHERE {{ ?s <urn:p> ?o }} LIMIT {MOST}").status == 200
    refused = get(server, "CONSTRUCT { ?s ?p 1 } WHERE { ?s ?p ?o }", "application/n-triples")
    assert (refused.status, refused.kind) == (422, "row-limit")  # 500 subjects


def test_an_old_client_gets_a_length(server):
    path = "/sparql?" + urlencode({"query": f"SELECT * {{ ?s <urn:p> ?o }} LIMIT {MOST}"})
    host = urlsplit(server.url).netloc
    answer = raw(server.url, f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert len(json.loads(body)["results"]["bindings"]) == MOST


# -- counting ----------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text('{},"\\[]x<>\n:', max_size=12)), min_size=2, max_size=2), max_size=8
    ),
    st.sampled_from(["json", "xml", "csv", "tsv"]),
    st.integers(1, 40),
)
def test_rows_are_counted_right_whatever_they_hold_and_wherever_pieces_end(values, form, size):
    cells = " ".join(
        "(" + " ".join("UNDEF" if c is None else ox.Literal(c).__str__() for c in row) + ")" for row in values
    )
    query = f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {cells} }} }}"
    with open_store("memory:") as store:
        whole = answers.to_bytes(answers.evaluate(store, query), form, len(values))
        names = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML, "tsv": ox.QueryResultsFormat.TSV}
        if form in names:
            assert len(list(ox.parse_query_results(whole, names[form]))) == len(values)
        else:
            assert len(list(csv.reader(io.StringIO(whole.decode(), newline="")))) == len(values) + 1
        if values:
            with pytest.raises(TooManyRows):
                answers.to_bytes(answers.evaluate(store, query), form, len(values) - 1)
    if form == "csv":
        return
    for most, fits in ((len(values), True), (len(values) - 1, False)):
        counted = answers.counter(form, io.BytesIO(), most)
        try:
            for start in range(0, len(whole), size):
                counted.write(whole[start : start + size])
        except TooManyRows:
            assert not fits
        else:
            # Rows without any value may go uncounted where pieces are tiny and strings are in between; never others.
            assert fits or [None, None] in values or not values


# -- parts -------------------------------------------------------------------------------------------------------------


def test_forms_are_chosen_by_quality():
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert wanted(browser) == ("html", "ttl")
    assert wanted("application/json") == ("json", "jsonld")
    assert wanted("text/csv;q=0.5, application/sparql-results+xml;q=0.7") == ("xml", "")
    assert wanted("text/html", "text/csv") == ("csv", "")
    assert wanted("", "application/sparql-results+json") == ("json", "")
    with pytest.raises(Refused) as refused:
        wanted("image/png")
    assert refused.value.status == 406


def test_host_names_are_compared_whole():
    hosts = Hosts(ServerOptions(port=80, base_url="https://atlas.example.org", hosts=("other.example",)))
    for good in (
        b"localhost",
        b"127.0.0.1:80",
        b"[::1]:8080",
        b"ATLAS.example.org",
        b"other.example:443",
        b"localhost.",
    ):
        assert good in hosts, good
    for bad in (
        b"",
        b"evil.example",
        b"localhost.evil.example",
        b"localhost@evil",
        b"localhost:80:90",
        b"[::1",
        b"127.0.0.2",
    ):
        assert bad not in hosts, bad
    assert b"localhost" not in Hosts(ServerOptions(host="0.0.0.0", base_url="https://atlas.example.org"))


def test_dataset_clauses_are_read_as_the_engine_reads_them():
    assert dataset_of("PREFIX a: <urn:a:> BASE <http://h/d/> SELECT * FROM a:b\nFROM NAMED<c> # FROM <d>\n{}") == (
        ("urn:a:b",),
        ("http://h/d/c",),
    )
    assert dataset_of("SELECT * { ?from ?p 'FROM <x>' }") is None
    assert inspect("ASK FROM <urn:x> {}") == (("urn:x",), ())
    assert inspect("ASK { <urn:service> ?p 'SERVICE <x>' }") is None


def test_service_is_allowed_by_its_whole_name_only():
    allowed = ("https://sparql.example/q",)
    services("ASK { SERVICE SILENT <https://sparql.example/q> {} }", allowed)
    for endpoint in (
        "<https://sparql.example/q2>",
        "?where",
        "x:q",
        "<https://sparql.example/q#>",
        "<HTTPS://sparql.example/q>",
    ):
        with pytest.raises(Refused) as refused:
            services(f"PREFIX x: <https://sparql.example/> ASK {{ SERVICE {endpoint} {{}} }}", allowed)
        assert refused.value.status == 403


def test_etags_are_compared_weakly():
    assert fresh(b'"x", W/"abc-gz"', b"abc")
    assert not fresh(b'"abcd"', b"abc")


# -- life --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_slow_clients_are_dropped_and_quick_ones_answered(server):
    address = urlsplit(server.url)
    slow = [socket.create_connection((address.hostname, address.port)) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(b"POST /sparql HTTP/1.1\r\nHost: ")
        assert get(server, ONE).seconds < 1
        slow[0].settimeout(15)
        start = time.monotonic()
        answer = slow[0].recv(65536)
        assert answer.startswith(b"HTTP/1.1 408"), answer
        assert 8 < time.monotonic() - start < 14
    finally:
        for connection in slow:
            connection.close()


def test_the_state_of_the_server_can_be_read(server):
    health = json.loads(request(server.url, "/-/health").body)
    assert health["status"] == "ok"
    assert len(json.loads(request(server.url, "/-/workers").body)["workers"]) == 2
    assert json.loads(request(server.url, "/-/settings").body)["max_rows"] == MOST
    assert "siibra-kg" in json.loads(request(server.url, "/-/versions").body)


def test_a_server_ends_in_good_order_and_a_taken_port_is_told(tmp_path):
    path = tmp_path / "data.nq"
    path.write_bytes(b"<urn:a> <urn:b> <urn:c> <urn:g> .\n")
    with serving(path, "--workers", "1") as running:
        port = str(urlsplit(running.url).port)
        with pytest.raises(Exception, match="cannot listen"), serving(path, "--port", port):
            pass
        assert json.loads(get(running, "ASK {}").body)["boolean"] is True
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(15) == 0
        assert "Traceback" not in running.said()
