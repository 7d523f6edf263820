"""Federation: the same rows as an engine that calls the endpoint itself, and no call that nobody allowed."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from siibra_kg import resources
from siibra_kg.config import Settings
from siibra_kg.errors import EndpointError, ParameterError, QueryError, SiibraKGError
from siibra_kg.federation import Client, Endpoint, Federation, Limits, federate, presets, rewrite, run_federated
from siibra_kg.federation.split import certain, services, split
from siibra_kg.federation.values import block
from siibra_kg.sparql import guard
from siibra_kg.stores import OxigraphStore
from siibra_kg.templates import Catalog
from siibra_kg.terms import IRI, BlankNode, Literal
from tests.servers.loopback import Asked, playing, sparql_server

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

CATALOG = Catalog(resources.folder("queries"))
SETTINGS = Settings(home=Path("home"), cache=Path("cache"), timeout=5.0)
E = "https://example.org/"
PREFIX = f"PREFIX : <{E}> "
HERE = f"""@prefix : <{E}> .
:a :same :x ; :name "A" . :b :same :y, :z ; :name "B" . :c :name "C" . :d :same :nowhere . :e :same :x .
:f :size 1 . :g :size "1.0"^^<http://www.w3.org/2001/XMLSchema#decimal> . :h :same [] ."""
THERE = f"""@prefix : <{E}> .
:x :above :top ; :label "x", "ex"@en . :y :above :top, :mid . :z :label "say \\"hi\\"\\n#" . :w :above :top .
:mid :above :top . :x :size 1 . :y :size 2 . :p :odd [] ."""


@pytest.fixture(scope="module")
def there() -> Iterator[Asked]:
    with sparql_server(THERE) as asked:
        yield asked


@pytest.fixture
def canary() -> Iterator[Asked]:
    with playing() as asked:
        yield asked


@pytest.fixture(scope="module")
def here() -> OxigraphStore:
    store = OxigraphStore.memory()
    store.load(HERE.encode(), "ttl")
    return store


def client(url: str, **more: Any) -> Client:
    return Client([Endpoint(url, allow_private=True, **{"timeout": 5.0, **more})])


#: What may stand around a block; `@` is the block's head.
SHAPES = (
    "SELECT * { ?s :same ?t . @ { ?t :above ?u } }",
    "SELECT ?s ?u { ?s :same ?t . @ { ?t :above ?m . ?m :above ?u } }",
    "SELECT * { ?s :same ?t @ { ?t :label ?l } . ?s :name ?n }",
    "SELECT * { ?s :same ?t OPTIONAL { ?s :name ?n } @ { ?t :above ?u } FILTER(!BOUND(?n) || ?n != 'B') }",
    "SELECT * { ?s :name ?n OPTIONAL { ?s :same ?t } @ { ?t :above ?u } }",  # unbound here
    "SELECT * { ?s :same ?t @ { ?t :above ?m OPTIONAL { ?t :label ?l } } }",  # unbound there
    "SELECT * { ?s :same ?t . ?s :name ?l @ { ?t :above ?m OPTIONAL { ?t :label ?l } } }",
    "SELECT * { ?s :same ?t @ { { ?t :above ?u } UNION { ?t :label ?u } } }",
    "SELECT * { ?s :same ?t @ { { ?t :above ?u } UNION { ?q :label ?u } } }",  # a branch without ?t
    "SELECT * { ?s :same ?t FILTER(?u != :mid) @ { ?t :above ?u } }",  # a filter for later
    "SELECT * { ?s :same ?t FILTER(STRENDS(STR(?t), 'x')) @ { ?t :above ?u } }",
    "SELECT * { ?s :same ?t FILTER NOT EXISTS { ?s :name 'B' } @ { ?t :above ?u } }",
    "SELECT * { ?s :same ?t @ { ?t :above ?u } OPTIONAL { ?s :name ?n FILTER(?u = :mid) } }",
    "SELECT * { ?s :same ?t @ { ?t :above ?u } BIND(STR(?u) AS ?v) }",
    "SELECT * { ?s :same ?t @ { ?t :above ?u } MINUS { ?s :name 'A' } }",
    "SELECT ?u (COUNT(*) AS ?n) { ?s :same ?t @ { ?t :above ?u } } GROUP BY ?u ORDER BY ?u",
    "SELECT DISTINCT ?u { ?s :same ?t @ { ?t :above ?u } } ORDER BY DESC(?u) LIMIT 1",
    "SELECT ?s { ?s :same ?t @ { ?t :above+ :top } }",  # nothing but multiplicity
    "SELECT * { ?s :same ?t @ { :x :above :top } }",  # no variable
    "SELECT * { @ { ?t :above ?u } ?s :same ?t }",  # first
    "SELECT * { @ { ?t :above ?u } }",
    "SELECT * { ?s :none ?t @ { ?t :above ?u } }",  # nobody is asked
    "SELECT ?s { ?s :none ?t @ { ?t :above ?u } }",
    "SELECT * { ?s :size ?n @ { ?t :size ?n } }",
    "SELECT * { ?s :same ?t @ { ?t :label ?l FILTER(LANG(?l) = 'en') # a comment } \n } }",
    "SELECT * { { SELECT ?t (COUNT(?s) AS ?n) { ?s :same ?t } GROUP BY ?t } @ { ?t :above ?u } }",
    "SELECT * { VALUES (?t ?k) { (:x 1) (UNDEF 2) } @ { ?t :above ?u } }",
    "SELECT * { ?s :same ?t @ { SELECT ?t (MAX(?u) AS ?m) { ?t :above ?u } GROUP BY ?t } }",
    "SELECT * { ?s :same ?t @ { ?t :above ?u BIND(STR(?u) AS ?v) FILTER(CONTAINS(?v, 'mid')) } }",
    "SELECT * { ?s :same ?t @ { VALUES ?t { :x :y } ?t :above ?u MINUS { ?t :label ?l } } }",
    "SELECT * { ?s :same ?t . @ { ?t :above ?u } . @ { ?u :above ?v } }",  # two calls
    "SELECT * { ?s :same ?t @ { OPTIONAL { ?t :label ?l } ?t :above ?u } }",
    "SELECT * { ?s :same ?t @ { ?t :above ?u MINUS { ?u :above ?t } OPTIONAL { ?t :label ?l FILTER(?t = :x) } } }",
    "SELECT * { ?s :same ?t @ { MINUS { ?t :label ?l } ?t :above ?u } }",
    "SELECT * { ?s :same ?t @ { ?q :size ?n BIND(:x AS ?t) } }",
    "SELECT * { ?s :same ?t @ { { ?t :above ?u } { ?t :above ?v OPTIONAL { ?t :label ?l } } } }",
)


@pytest.mark.parametrize("batch", [1, 400])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_rows_are_those_of_an_engine_that_calls_by_itself(
    here: OxigraphStore, there: Asked, shape: str, batch: int
) -> None:
    engine = OxigraphStore.memory(network=True)
    engine.load(HERE.encode(), "ttl")
    text = PREFIX + shape.replace("@", f"SERVICE <{there.url}>")
    expected = engine.select(text)
    found = run_federated(here, text, client(there.url), limits=Limits(batch_rows=batch))
    order = [found.names.index(v) for v in expected.variables]
    assert sorted(found.names) == sorted(expected.variables)
    rows = [unnamed(row) for row in expected.rows]
    assert Counter(unnamed([row[i] for i in order]) for row in found.cells) == Counter(rows)
    assert len(found) == len(rows)


def unnamed(row: Any) -> tuple[Any, ...]:
    return tuple("blank" if isinstance(cell, BlankNode) else cell for cell in row)


def test_what_was_asked_and_answered_is_recorded(here: OxigraphStore, there: Asked) -> None:
    text = f"{PREFIX}SELECT ?s ?u {{ ?s :same ?t SERVICE <{there.url}> {{ ?t :above ?u }} }}"
    sent = len(there)
    found = run_federated(here, text, client(there.url), limits=Limits(batch_rows=2))
    assert [call.sparql for call in found.calls] == there[sent:]
    assert len(found.calls) == 2  # x y, z nowhere; a blank node here is nothing there, so it is not sent
    assert sum(call.rows for call in found.calls) == 3
    assert all(len(c.sha256) == 64 and "json" in c.media_type and c.date.endswith("GMT") for c in found.calls)
    said = found.provenance()
    assert said["prov:value"] == text
    assert said["prov:wasGeneratedBy"][0]["prov:used"]["@id"] == there.url
    assert json.loads(json.dumps(said)) == said
    assert there.url in repr(found)
    assert there.url in str(found)
    assert found.rows[0].s in {IRI(E + n) for n in "abe"}
    assert list(found.to_pandas().columns) == ["s", "u"]


def test_limits_are_errors_and_nothing_is_cut(here: OxigraphStore, there: Asked) -> None:
    text = f"{PREFIX}SELECT * {{ ?s :same ?t SERVICE <{there.url}> {{ ?t :above ?u }} }}"
    with pytest.raises(QueryError, match="more than 2 values would be sent"):
        run_federated(here, text, client(there.url), limits=Limits(local_rows=2))
    for batch in (1, 400):
        with pytest.raises(EndpointError, match="more than 2 rows for this pattern"):
            run_federated(here, text, client(there.url, max_rows=2), limits=Limits(batch_rows=batch))
    assert len(run_federated(here, text, client(there.url, max_rows=3))) == 4
    with pytest.raises(EndpointError, match="more than 50 bytes"):
        run_federated(here, text, client(there.url, max_bytes=50))
    with pytest.raises(EndpointError, match="blank nodes"):
        run_federated(here, f"{PREFIX}SELECT * {{ SERVICE <{there.url}> {{ ?t :odd ?u }} }}", client(there.url))


def test_silent_means_one_solution_without_bindings(here: OxigraphStore) -> None:
    text = f"{PREFIX}SELECT * {{ ?s :name ?n SERVICE SILENT <http://127.0.0.1:1/> {{ ?s :above ?u }} }}"
    found = run_federated(here, text, client("http://127.0.0.1:1/"))
    assert len(found) == 3
    assert "cannot be reached" in found.calls[0].error
    with pytest.raises(EndpointError, match="cannot be reached"):
        run_federated(here, text.replace("SILENT", ""), client("http://127.0.0.1:1/"))
    assert len(here.select(rewrite(text, ["http://127.0.0.1:1/"], client("http://127.0.0.1:1/"))).variables) == 3


def test_a_federation_by_name(here: OxigraphStore, there: Asked) -> None:
    kg = federate(here, CATALOG, {"x": Endpoint(there.url, allow_private=True)}, SETTINGS)
    assert there.url in repr(kg)
    assert kg.url() == kg.url("x") == kg.url(there.url) == there.url
    found = kg.sparql(
        "SELECT ?u { ?s <https://example.org/same> ?t SERVICE <x> { ?t <https://example.org/above> ?u } }"
    )
    assert len(found) == 4
    with pytest.raises(EndpointError, match="not on the list"):
        kg.url("https://example.org/other")
    with pytest.raises(ParameterError, match="asks no other endpoint"):
        kg.query("graph/sources")
    with pytest.raises(EndpointError, match="say which"):
        federate(here, CATALOG, {"a": "ubergraph", "b": "wikidata"}, SETTINGS).url()
    offline = Settings(home=Path("home"), cache=Path("cache"), offline=True)
    with pytest.raises(EndpointError, match="SIIBRA_KG_OFFLINE"):
        federate(here, CATALOG, {"u": "ubergraph"}, offline).query("federate/part-of", terms="UBERON:0002436")
    assert {"ubergraph", "wikidata", "hra"} <= set(presets())
    assert all(Endpoint(p.url).url.startswith("https://") and p.about for p in presets().values())


@pytest.mark.parametrize("name", [n for n in CATALOG if n.startswith("federate/")])
def test_every_template_can_be_split(name: str) -> None:
    template = CATALOG[name]
    for values in template.examples:
        text = template.bind(values)
        (service,) = services(text)
        assert service.endpoint in {p.url for p in presets().values()}
        assert split(text, service).service == service
        with pytest.raises(QueryError, match="SERVICE"):
            guard(text)  # no store runs it by itself


def test_a_stub_of_ubergraph_and_one_of_wikidata() -> None:
    term = "http://purl.obolibrary.org/obo/UBERON_"
    store = OxigraphStore.memory()
    name = "https://openminds.om-i.org/props/"
    store.load(f'<urn:x:v> <{name}preferredOntologyIdentifier> <{term}2> ; <{name}name> "visual" .'.encode(), "ttl")
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    there = (
        f'<{term}1> <http://purl.obolibrary.org/obo/BFO_0000050> <{term}2> . <{term}2> {label} "seen" .'
        f'<{E}Q1> <http://www.wikidata.org/prop/direct/P1554> "1" ; {label} "V1"@en, "V eins"@de ;'
        f" <http://www.wikidata.org/prop/direct/P31> <{E}Q2> ."
    )
    with sparql_server(there) as asked:
        kg = federate(store, CATALOG, {"u": Endpoint(asked.url, allow_private=True)}, SETTINGS)
        found = kg.query("federate/part-of", terms=[IRI(f"{term}1"), IRI(f"{term}3")])
        assert found.cells == ((IRI(f"{term}1"), IRI(f"{term}2"), "seen", "visual"),)
        found = kg.query("federate/wikidata-items", terms=IRI(f"{term}1"), language="de")
        assert found.cells == ((IRI(f"{term}1"), IRI(f"{E}Q1"), "V eins", IRI(f"{E}Q2")),)


def test_values_come_back_as_they_were() -> None:
    rows: list[tuple[Any, ...]] = [
        (IRI("https://example.org/a#b'c"), Literal('say "hi"\n# } SERVICE')),
        (None, Literal("x", language="en")),
        (IRI("urn:x:1"), Literal("2020-01-01", "http://www.w3.org/2001/XMLSchema#date")),
        (None, Literal("z", "https://example.org/type#own")),
    ] * 300
    text = f"SELECT * {{ {block(['a', 'b'], rows)} }}"
    guard(text)
    assert list(OxigraphStore.memory().select(text).rows) == rows


def test_variables_that_are_bound_for_certain() -> None:
    assert certain("GRAPH ?g { ?a ?b [] } { SELECT ?s { ?s ?p ?o } } VALUES ?v { UNDEF } BIND(1 AS ?w)") == {
        "g",
        "a",
        "b",
    }
    assert certain("{ ?a ?b ?c } UNION { ?a ?d ?c } UNION { { ?c ?a 1 } }") == {"a", "c"}
    assert certain("MINUS { ?a ?b ?c } FILTER EXISTS { ?d ?e ?f } OPTIONAL { ?g ?h ?i }") == set()


# What nobody allowed


def spellings(bad: str) -> tuple[str, ...]:
    """Ways to write a call of another machine."""
    hidden = bad.replace("http", "\\u0068ttp")
    base, _, last = bad.rpartition("/")
    return (
        f"SELECT * {{ SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SeRvIcE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE SILENT <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ service#c\n silent#<\n<{bad}>{{?s ?p ?o}} }}",
        f"PREFIX x: <{bad}> SELECT * {{ SERVICE x: {{ ?s ?p ?o }} }}",
        f"PREFIX x: <{base}/> SELECT * {{ SERVICE x:{last} {{ ?s ?p ?o }} }}",
        f"PREFIX x: <https://example.org/> PREFIX x: <{base}/> SELECT * {{ SERVICE x:{last} {{ ?s ?p ?o }} }}",
        f"BASE <{base}/> SELECT * {{ SERVICE <{last}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE <{hidden}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ VALUES ?e {{ <{bad}> }} SERVICE ?e {{ ?s ?p ?o }} }}",
        f"SELECT * {{ BIND(<{bad}> AS ?e) SERVICE $e {{ ?s ?p ?o }} }}",
        f"SELECT * {{ {{ SELECT * {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }} }}",
        f"SELECT * {{ {{ ?a ?b ?c }} UNION {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT * {{ OPTIONAL {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT * {{ ?a ?b ?c FILTER EXISTS {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT * {{ ?a ?b ?c MINUS {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT (EXISTS {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} AS ?x) {{ }}",
        f"SELECT * {{ GRAPH ?g {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"ASK {{ SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"CONSTRUCT {{ ?s ?p ?o }} {{ SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"DESCRIBE ?s {{ SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p '<' SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p ?o FILTER(?s<?p) SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ FILTER(?a<?b#>)\nSERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ FILTER(?a<?b#>)}}#\n) SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ \\u0053ERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICESILENT <{bad}> {{ ?s ?p ?o }} }}",  # engines need no space
        f"PREFIX : <{base}/> SELECT * {{ SERVICE:{last} {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p ?o.SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p 1SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ ?s ?p trueSERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE <GOOD> {{ ?s ?p 1SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT * {{ SERVICE <GOOD> {{ SERVICE <{bad}> {{ ?s ?p ?o }} }} }}",
        f"SELECT * {{ SERVICE <GOOD> {{ ?s ?p ?o }} SERVICE <{bad}> {{ ?s ?p ?o }} }}",
        f"SELECT * {{ SERVICE <{bad}> {{ ?s ?p ?o }} SERVICE <GOOD> {{ ?s ?p ?o }} }}",
        f"LOAD <{bad}>",
        f"SELECT * FROM <{bad}> {{ ?s ?p ?o }}",
    )


@pytest.mark.parametrize("i", range(len(spellings("http://x/y"))))
def test_nothing_that_is_not_on_the_list_is_called(here: OxigraphStore, there: Asked, canary: Asked, i: int) -> None:
    text = spellings(canary.url)[i].replace("GOOD", there.url)
    sent = len(there)
    for allowed in ([], [there.url]):
        try:
            after = rewrite(text, allowed, client(there.url))
        except SiibraKGError:
            continue
        assert "FROM" in text  # means a graph here
        list(here.select(after).rows)
    for ask in (lambda: run_federated(here, text, client(there.url)), lambda: list(here.select(text).rows)):
        try:
            list(ask())  # type: ignore[no-untyped-call]
        except SiibraKGError:
            continue
        assert "FROM" in text
    assert canary == []
    if "GOOD" not in spellings("http://x/y")[i]:
        assert len(there) == sent


HOSTS = (
    "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433",
    "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "0177.0.0.01", "127.000.000.001", "[::1]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[::]", "[::1%25lo]",
    "user@127.0.0.1", "a:b@127.0.0.1", "example.org@127.0.0.1", "127.0.0.1#@example.org", "①②⑦.⓪.⓪.①", "127。0。0。1",
    "ⓛocalhost", "%6c%6f%63alhost", "127.0.0.1%00.example.org", "127.0.0.1\\@example.org", "local\thost",
    "10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]",
    "224.0.0.1", "255.255.255.255", "100.64.0.1", "100.100.100.200", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[ff02::1]",
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_addresses_of_this_network_are_refused_however_they_are_written(canary: Asked, host: str) -> None:
    port = canary.url.rpartition(":")[2]
    for scheme in ("http", "https"):
        url = f"{scheme}://{host}:{port}"
        start = time.monotonic()
        with pytest.raises(EndpointError):
            Client([Endpoint(url, timeout=3.0)]).ask(url, "SELECT * {}")
        assert time.monotonic() - start < 4
    assert canary == []


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "//example.org/", "http:/x", "", "http://",
    "http://x:0/", "http://x:99999/", "http://x:/", "http://x/#f", "HTTP://x/", "http://[::1/", "http://a..b/",
    "http://x/\r\nHost: y", "http://-x/", "http://x y/", "gopher://127.0.0.1:1/", "http://[::1]x/"])  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(EndpointError):
        Endpoint(url)


def test_metadata_and_link_local_are_refused_even_where_private_addresses_are_allowed() -> None:
    for host in ("169.254.169.254", "[fd00:ec2::254]", "[fe80::1]", "0.0.0.0", "224.0.0.1", "100.100.100.200"):
        with pytest.raises(EndpointError, match=r"never called|no public"):
            client(f"http://{host}/").ask(f"http://{host}/", "ASK {}")


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads to a public machine when it is checked and here when it is called: DNS rebinding."""
    answers = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1"])
    called: list[Any] = []

    def look_up(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 80))]

    def connect(address: Any, **_: Any) -> None:
        called.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    url = "http://sparql.example.org/"
    with pytest.raises(EndpointError, match="cannot be reached"):
        Client([Endpoint(url)]).ask(url, "ASK {}")
    assert called == [("93.184.215.14", 80)]
    with pytest.raises(EndpointError, match=r"leads to 127\.0\.0\.1"):
        Client([Endpoint(url)]).ask(url, "ASK {}")
    assert len(called) == 1


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(EndpointError, match=r"10\.0\.0\.1"):
        Client([Endpoint("http://a.example.org/")]).ask("http://a.example.org/", "ASK {}")


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1.5) or [])
    start = time.monotonic()
    with pytest.raises(EndpointError, match="not resolved within"):
        Client([Endpoint("http://a.example.org/", timeout=0.3)]).ask("http://a.example.org/", "ASK {}")
    assert time.monotonic() - start < 1.3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(canary: Asked, status: int) -> None:
    for to in (canary.url, canary.url.replace("127.0.0.1", "0x7f.1"), "file:///etc/passwd", "//localhost/"):
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        with playing(lambda s, _, head=head: s.sendall(head)) as server:  # type: ignore[misc]
            with pytest.raises(EndpointError) as caught:
                client(server.url).ask(server.url, "ASK {}")
            assert to in str(caught.value)
    assert canary == []


# Servers that misbehave

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/sparql-results+json\r\n"
ROW = b'{"t":{"type":"uri","value":"https://example.org/t"}}'
START = b'{"head":{"vars":["t"]},"results":{"bindings":['
TABLE = START + ROW + b"]}}"


def drip(data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def play(connection: socket.socket, over: threading.Event) -> None:
        for i in range(len(data)):
            connection.sendall(data[i : i + 1])
            if over.wait(0.05):
                return

    return play


def said(data: bytes) -> Callable[[socket.socket, threading.Event], None]:
    return lambda connection, _: connection.sendall(data)


def sized(body: bytes, head: bytes = OK) -> bytes:
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


BOMB = gzip.compress(b" " * 100_000_000, 9)
MISBEHAVING: dict[str, tuple[Any, str]] = {
    "hangs": (lambda _, over: over.wait(5), "no whole answer within 0.6"),
    "drips its head": (drip(OK * 40), "no whole answer within 0.6"),
    "drips its body": (drip(OK + b"\r\n" + b" " * 400), "no whole answer within 0.6"),
    "never ends its head": (said(OK + b"X: " + b"y" * 100_000 + b"\r\n"), "broke"),
    "gzip bomb": (said(sized(BOMB, OK + b"Content-Encoding: gzip\r\n")), "more than 1,000,000 bytes"),
    "large": (said(sized(b" " * 2_000_000)), "more than 1,000,000 bytes"),
    "endless": (lambda s, _: [s.sendall(OK + b"\r\n"), *(s.sendall(b" " * 65536) for _ in range(1000))], "more than"),
    "half a gzip": (said(sized(gzip.compress(TABLE)[:-9], OK + b"Content-Encoding: gzip\r\n")), "middle of its gzip"),
    "no gzip": (said(sized(TABLE, OK + b"Content-Encoding: gzip\r\n")), "gzip is broken"),
    "other coding": (said(sized(TABLE, OK + b"Content-Encoding: br\r\n")), "'br'"),
    "a web page": (said(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"), "text/html"),
    "no type": (said(b"HTTP/1.1 200 OK\r\n\r\n" + TABLE), "no media type"),
    "truncated": (said(OK + b"Content-Length: 500\r\n\r\n" + TABLE), "ended .* bytes early"),
    "truncated without length": (said(OK + b"\r\n" + TABLE[:-2]), "broken or cut off|no SPARQL result"),
    "truncated chunks": (said(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"hea"), "broke"),
    "bad chunks": (said(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "broke"),
    "500": (said(sized(b"no memory", b"HTTP/1.1 500 Oops\r\n")), "status 500: no memory"),
    "503": (said(sized(b"", b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\n")), "status 503; it asks to wait 9"),
    "not HTTP": (said(b"SSH-2.0-OpenSSH_9.2\r\n"), "broke"),
    "closes": (lambda *_: None, "broke"),
    "JSON of something else": (said(sized(b"[1, 2]")), "no SPARQL result"),
    "deep JSON": (said(sized(b'{"head":' + b"[" * 100_000)), "broken|no SPARQL"),
    "other columns": (said(sized(TABLE.replace(b'"t"', b'"u"'))), "columns u instead of t"),
    "fewer columns": (said(sized(TABLE.replace(b'["t"]', b"[]"))), "columns none instead of t"),
    "more rows than asked for": (said(sized(START + b",".join([ROW] * 60) + b"]}}")), "more than 50 rows"),
    "a cut-off result": (said(sized(TABLE, OK + b"X-SPARQL-MaxRows: 1\r\n")), "after 1 rows"),
    "after the end": (said(sized(TABLE + b"{}")), "follows"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISBEHAVING)
def test_a_server_that_misbehaves_is_a_typed_error_in_time(here: OxigraphStore, name: str) -> None:
    play, message = MISBEHAVING[name]
    with playing(play) as server:
        asked = client(server.url, timeout=0.6, max_bytes=1_000_000, max_rows=50)
        text = f"SELECT * {{ SERVICE <{server.url}> {{ ?t ?t ?t }} }}"
        tracemalloc.start()
        start = time.monotonic()
        try:
            with pytest.raises(EndpointError, match=message) as caught:
                run_federated(here, text, asked)
            assert time.monotonic() - start < 1.6
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()
        assert caught.value.url == server.url
        assert server.url in str(caught.value)


def test_whole_answers_are_taken_packed_or_not(here: OxigraphStore) -> None:
    packed = sized(gzip.compress(TABLE), OK + b"Content-Encoding: gzip\r\n")
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n" + f"{len(TABLE):x}\r\n".encode() + TABLE + b"\r\n0\r\n\r\n"
    for data in (sized(TABLE), packed, chunked, OK + b"\r\n" + TABLE):
        with playing(said(data)) as server:
            text = f"SELECT * {{ SERVICE <{server.url}> {{ ?t ?t ?t }} }}"
            assert run_federated(here, text, client(server.url)).cells == ((IRI("https://example.org/t"),),)


# On a server


@pytest.mark.parametrize(
    "shape",
    [
        "SELECT * { ?s :same ?t @ { ?t :above ?u } }",
        "ASK { @ { ?t :above ?u } }",
        "SELECT * { ?s :same ?t OPTIONAL { @ { ?t :above ?u } } }",
        "SELECT * { { ?t :same ?s } UNION { @ { ?t :above ?s } } }",
        "SELECT * { ?s :same ?t FILTER EXISTS { @ { ?t :above :mid } } }",
        "SELECT ?n { { SELECT (COUNT(*) AS ?n) { @ { ?t :above ?u } } } }",
        "CONSTRUCT { ?s :is ?u } { ?s :same ?t @ { ?t :above ?u } }",
    ],
)
def test_a_rewritten_query_says_the_same(here: OxigraphStore, there: Asked, shape: str) -> None:
    engine = OxigraphStore.memory(network=True)
    engine.load(HERE.encode(), "ttl")
    text = PREFIX + shape.replace("@", f"SERVICE <{there.url}>")
    after = rewrite(text, [there.url], client(there.url))
    assert "SERVICE" not in after
    if shape.startswith("ASK"):
        assert here.ask(after) == engine.ask(text)
    elif shape.startswith("CONSTRUCT"):
        assert set(here.construct(after)) == set(engine.construct(text))
    else:
        assert Counter(map(unnamed, here.select(after).rows)) == Counter(map(unnamed, engine.select(text).rows))


def test_errors_after_rewriting_name_the_same_line(here: OxigraphStore, there: Asked) -> None:
    text = f"SELECT * {{\n SERVICE <{there.url}>\n {{ ?s <{E}above>\n ?o }}\n ?x ?y }}"
    with pytest.raises(QueryError) as caught:
        here.select(rewrite(text, [there.url], client(there.url)))
    assert caught.value.line == 5
    with pytest.raises(QueryError, match="none may be named here") as caught:
        rewrite(text, [], client(there.url))
    assert (caught.value.line, caught.value.column) == (2, 2)


def test_a_federation_is_a_value(here: OxigraphStore) -> None:
    assert isinstance(federate(here, CATALOG, {}, SETTINGS), Federation)


@pytest.mark.server
def test_a_server_answers_calls_of_its_list_and_no_others(there: Asked, canary: Asked, tmp_path: Path) -> None:
    from tests.servers.serving import serving

    graph = tmp_path / "here.ttl"
    graph.write_text(HERE)
    with serving(graph, "--allow-service", there.url, env={"SIIBRA_KG_OFFLINE": ""}) as server:

        def ask(query: str) -> tuple[int, Any]:
            data = urlencode({"query": query}).encode()
            request = Request(f"{server.url}/sparql", data, {"Accept": "application/sparql-results+json"})
            try:
                with urlopen(request, timeout=20) as response:
                    return response.status, json.load(response)
            except HTTPError as error:
                with error:
                    return error.code, json.load(error)

        text = f"{PREFIX}SELECT ?u {{ ?s :same ?t SERVICE <{there.url}> {{ ?t :above ?u }} }}"
        status, found = ask(text)
        assert (status, len(found["results"]["bindings"])) == (200, 4)
        for spelling in spellings(canary.url)[:-2]:
            status, problem = ask(spelling.replace("GOOD", there.url))
            assert status in (400, 403), (spelling, problem)
        assert canary == []
        status, problem = ask(f"{text[:-1]} SERVICE <{there.url}> {{ ?x :odd ?y }} }}".replace("?u {", "* {", 1))
        assert status == 502, problem
        assert "blank nodes" in problem["detail"]
        many = " ".join([f"SERVICE <{there.url}> {{ ?t :above ?u }}"] * 5)
        assert ask(f"{PREFIX}SELECT * {{ {many} }}")[0] == 400
        assert ask("ASK {}")[1]["boolean"] is True
