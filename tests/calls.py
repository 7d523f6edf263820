"""Every way we know to ask a server to call an address, as data; and a canary that listens there."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Call", "Canary", "addresses", "calls", "canary", "mutated"]


class Call(NamedTuple):
    """A request that names an address; ``query`` alone is sent to ``/sparql``."""

    name: str
    query: str = ""
    path: str = ""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Canary:
    """Counts connections to a port of loopback, over IPv4 and, where there is one, IPv6."""

    def __init__(self) -> None:
        self.hits = 0
        self._open: list[socket.socket] = []
        first = self._listen(socket.AF_INET, ("127.0.0.1", 0))
        self.port: int = first.getsockname()[1]
        with suppress(OSError):
            self._listen(socket.AF_INET6, ("::1", self.port))

    def _listen(self, family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
        listener = socket.create_server(address, family=family)
        self._open.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.hits += 1
                with connection, suppress(OSError):
                    connection.settimeout(1)
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        """Stop listening."""
        for listener in self._open:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@contextmanager
def canary() -> Iterator[Canary]:
    """Listen while a test runs."""
    bird = Canary()
    try:
        yield bird
    finally:
        bird.close()


def addresses(port: int) -> list[str]:
    """Write loopback as attackers do."""
    plain = "127.0.0.1 localhost [::1] 127.1 2130706433 0x7f000001 0177.0.0.1 0.0.0.0 localhost. LOCALHOST"
    strange = "[::ffff:127.0.0.1] [0:0:0:0:0:0:0:1] user:password@127.0.0.1 127.0.0.1. 127.000.000.001"
    hosts = f"{plain} {strange}".split()
    return [f"http://{host}:{port}/sparql" for host in hosts]


def calls(port: int) -> list[Call]:
    """Write every call for a canary at a port."""
    url = f"http://127.0.0.1:{port}/sparql"
    out = [Call(f"SERVICE at {a}", f"SELECT * {{ SERVICE <{a}> {{ ?s ?p ?o }} }}") for a in addresses(port)]
    out += [Call(f"SERVICE: {name}", text) for name, text in _services(url, port)]
    out += [Call(f"dataset: {name}", text) for name, text in _datasets(url)]
    out += _updates(url)
    out += _parameters(url)
    return out


def _services(url: str, port: int) -> list[tuple[str, str]]:
    call = f"SERVICE <{url}> {{ ?s ?p ?o }}"
    return [
        ("small letters", f"SELECT * {{ service <{url}> {{ ?s ?p ?o }} }}"),
        ("mixed letters", f"SELECT * {{ SeRvIcE <{url}> {{ ?s ?p ?o }} }}"),
        ("SILENT", f"SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}"),
        ("mixed SILENT", f"SELECT * {{ SeRvIcE sIlEnT<{url}>{{ ?s ?p ?o }} }}"),
        ("no spaces", f"SELECT*{{SERVICE<{url}>{{?s ?p ?o}}}}"),
        ("tabs and lines", f"SELECT * {{\tSERVICE\n\r\t<{url}>\n{{ ?s ?p ?o }} }}"),
        ("comment between", f"SELECT * {{ SERVICE # <http://x/>\n <{url}> {{ ?s ?p ?o }} }}"),
        ("comment that ends with CR", f"SELECT * {{ # hidden\rSERVICE <{url}> {{ ?s ?p ?o }} }}"),
        ("after a hash in an IRI", f"SELECT * {{ ?s <urn:a#b> ?o . {call} }}"),
        ("after a hash in a string", f"SELECT * {{ ?s ?p '#' . {call} }}"),
        ("after an escaped quote", f'SELECT * {{ ?s ?p "\\"" . {call} }}'),
        ("after a long string", f"SELECT * {{ ?s ?p '''it's \\''' here''' . {call} }}"),
        ("after less-than", f"SELECT * {{ FILTER(?a<?b) {call} FILTER(?c>?d) }}"),
        ("after an IRI that is none", f"SELECT * {{ FILTER(?a<?b#>)\n {call} }}"),
        ("inside what may be an IRI", f"SELECT * {{ ?s ?p ?o FILTER(?s<?o&&EXISTS{{{call}}}) }}"),
        ("after a name with a hash", f"PREFIX p: <urn:> SELECT * {{ ?s p:a\\#b ?o . {call} }}"),
        ("after a percent name", f"PREFIX p: <urn:> SELECT * {{ ?s p:a%23 ?o . {call} }}"),
        ("prefixed name", f"PREFIX p: <http://127.0.0.1:{port}/> SELECT * {{ SERVICE p:sparql {{ ?s ?p ?o }} }}"),
        ("empty prefix", f"PREFIX : <http://127.0.0.1:{port}/> SELECT * {{ SERVICE :sparql {{ ?s ?p ?o }} }}"),
        ("prefix called service", f"PREFIX service: <{url}> SELECT * {{ SERVICE service: {{ ?s ?p ?o }} }}"),
        ("relative to BASE", f"BASE <http://127.0.0.1:{port}/> SELECT * {{ SERVICE <sparql> {{ ?s ?p ?o }} }}"),
        ("escaped IRI", f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/\\u0073parql> {{ ?s ?p ?o }} }}"),
        ("escaped keyword", f"SELECT * {{ \\u0053ERVICE <{url}> {{ ?s ?p ?o }} }}"),
        ("variable from VALUES", f"SELECT * {{ VALUES ?e {{ <{url}> }} SERVICE ?e {{ ?s ?p ?o }} }}"),
        ("variable from BIND", f'SELECT * {{ BIND(IRI("{url}") AS ?e) SERVICE ?e {{ ?s ?p ?o }} }}'),
        ("dollar variable", f"SELECT * {{ VALUES $e {{ <{url}> }} SERVICE $e {{ ?s ?p ?o }} }}"),
        ("VALUES at the end", f"SELECT * {{ SERVICE ?e {{ ?s ?p ?o }} }} VALUES ?e {{ <{url}> }}"),
        ("variable called service", f"SELECT * {{ VALUES ?service {{ <{url}> }} SERVICE?service{{ ?s ?p ?o }} }}"),
        ("glued to SILENT", f"SELECT * {{ SERVICESILENT <{url}> {{ ?s ?p ?o }} }}"),
        ("glued to a name", f"PREFIX : <http://127.0.0.1:{port}/> SELECT * {{ SERVICE:sparql {{ ?s ?p ?o }} }}"),
        ("both glued", f"PREFIX : <http://127.0.0.1:{port}/> SELECT * {{ SERVICESILENT:sparql{{?s ?p ?o}} }}"),
        ("glued to a full stop", f"SELECT * {{ VALUES ?x {{ 1 }} OPTIONAL {{ ?s ?p 2 .{call} }} }}"),
        ("glued to a number", f"SELECT * {{ OPTIONAL {{ ?s ?p 1{call} }} }}"),
        ("glued to true", f"SELECT * {{ OPTIONAL {{ ?s ?p true{call} }} }}"),
        ("glued to an empty name", f"PREFIX p: <urn:> SELECT * {{ ?s ?p p:.{call} }}"),
        ("glued to a language", f"SELECT * {{ ?s ?p 'x'@en.{call} }}"),
        ("glued to a variable", f"SELECT * {{ VALUES ?e {{ <{url}> }} SERVICE?e{{?s ?p ?o}} }}"),
        ("in OPTIONAL", f"SELECT * {{ OPTIONAL {{ {call} }} }}"),
        ("in UNION", f"SELECT * {{ {{ ?s ?p ?o }} UNION {{ {call} }} }} LIMIT 1"),
        ("in MINUS", f"SELECT * {{ ?s ?p ?o MINUS {{ {call} }} }} LIMIT 1"),
        ("in EXISTS", f"SELECT * {{ ?s ?p ?o FILTER EXISTS {{ {call} }} }} LIMIT 1"),
        ("in NOT EXISTS of ORDER BY", f"SELECT * {{ ?s ?p ?o }} ORDER BY (NOT EXISTS {{ {call} }}) LIMIT 1"),
        ("in a subselect", f"SELECT * {{ {{ SELECT * {{ {call} }} }} }}"),
        ("in GRAPH", f"SELECT * {{ GRAPH ?g {{ {call} }} }}"),
        ("in SERVICE", f"SELECT * {{ SERVICE <http://127.0.0.1:1/> {{ {call} }} }}"),
        ("in brackets", f"SELECT * {{ {'{' * 20} {call} {'}' * 20} }}"),
        ("in ASK", f"ASK {{ {call} }}"),
        ("in CONSTRUCT", f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {call} }}"),
        ("in DESCRIBE", f"DESCRIBE ?s WHERE {{ {call} }}"),
        ("in an expression of SELECT", f"SELECT (EXISTS {{ {call} }} AS ?x) {{ }}"),
        ("in HAVING", f"SELECT ?s {{ ?s ?p ?o }} GROUP BY ?s HAVING (EXISTS {{ {call} }}) LIMIT 1"),
        ("in IF", f"SELECT (IF(EXISTS {{ {call} }}, 1, 2) AS ?x) {{ }}"),
        ("after a BOM", f"\ufeffSELECT * {{ {call} }}"),
        ("non-breaking space", f"SELECT * {{ SERVICE\u00a0<{url}> {{ ?s ?p ?o }} }}"),
        ("full-width letters", f"SELECT * {{ \uff33\uff25\uff32\uff36\uff29\uff23\uff25 <{url}> {{ ?s ?p ?o }} }}"),
        ("dotless i", f"SELECT * {{ SERV\u0131CE <{url}> {{ ?s ?p ?o }} }}"),
        ("NUL inside", f"SELECT * {{ SER\x00VICE <{url}> {{ ?s ?p ?o }} }}"),
        ("https", f"SELECT * {{ SERVICE <https://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"),
        ("file", "SELECT * { SERVICE <file:///etc/passwd> { ?s ?p ?o } }"),
        ("Virtuoso's pragma", f'DEFINE get:soft "replace" SELECT * FROM <{url}> {{ ?s ?p ?o }}'),
    ]


def _datasets(url: str) -> list[tuple[str, str]]:
    return [
        ("FROM", f"SELECT * FROM <{url}> {{ ?s ?p ?o }}"),
        ("from", f"SELECT * from<{url}>{{ ?s ?p ?o }}"),
        ("FROM NAMED", f"SELECT * FROM NAMED <{url}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"),
        ("both", f"SELECT * FROM <{url}> FROM NAMED <{url}> {{ GRAPH <{url}> {{ ?s ?p ?o }} }}"),
        ("FROM a file", "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }"),
        ("FROM ftp", f"SELECT * FROM <{url.replace('http', 'ftp')}> {{ ?s ?p ?o }}"),
        ("FROM relative", f"BASE <{url}> SELECT * FROM <x> {{ ?s ?p ?o }}"),
        ("GRAPH", f"SELECT * {{ GRAPH <{url}> {{ ?s ?p ?o }} }}"),
        ("DESCRIBE", f"DESCRIBE <{url}>"),
        ("DESCRIBE FROM", f"DESCRIBE ?s FROM <{url}> {{ ?s ?p ?o }}"),
        ("ASK FROM", f"ASK FROM <{url}> {{ ?s ?p ?o }}"),
        ("CONSTRUCT FROM", f"CONSTRUCT {{ ?s ?p ?o }} FROM <{url}> {{ ?s ?p ?o }}"),
    ]


def _updates(url: str) -> list[Call]:
    texts = {
        "LOAD": f"LOAD <{url}>",
        "LOAD SILENT INTO": f"LOAD SILENT <{url}> INTO GRAPH <urn:x>",
        "load": f"load<{url}>",
        "a prologue and LOAD": f"PREFIX p: <urn:>\n# SELECT\nLOAD <{url}>",
        "LOAD after a query": f"ASK {{}} ; LOAD <{url}>",
        "INSERT with SERVICE": f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
        "DELETE USING": f"DELETE {{ ?s ?p ?o }} USING <{url}> WHERE {{ ?s ?p ?o }}",
    }
    kind = (("Content-Type", "application/sparql-update"),)
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    out = []
    for name, text in texts.items():
        out += [
            Call(f"{name} as a query", text),
            Call(f"{name} as an update", path="/sparql", method="POST", headers=kind, body=text.encode()),
            Call(f"{name} at /update", path="/update", method="POST", headers=kind, body=text.encode()),
            Call(f"{name} in a form", "", "/sparql", "POST", form, b"update=" + quote(text).encode()),
        ]
    return out


def _parameters(url: str) -> list[Call]:
    there, ask = quote(url, safe=""), quote("ASK { ?s ?p ?o }", safe="")
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    out = [
        Call(f"{name} at {path}", path=f"{path}?query={ask}&{name}={there}")
        for name in ("default-graph-uri", "named-graph-uri", "using-graph-uri", "graph", "endpoint", "service")
        for path in ("/sparql", "/")
    ]
    both = f"query={ask}&default-graph-uri={there}&named-graph-uri={there}".encode()
    out += [
        Call("default-graph-uri in a form", "", "/sparql", "POST", form, both),
        Call("/resource", path=f"/resource?iri={there}"),
        Call("/search", path=f"/search?q={there}"),
        Call("address as path", path=f"/{url}"),
        Call("absolute form of another", path=url),
        Call("federated template", path=f"/api/federate/equivalents?endpoint={there}"),
        Call("X-Forwarded headers", path="/", headers=(("X-Forwarded-Host", url), ("X-Original-URL", url))),
        Call("Referer and Origin", path="/", headers=(("Referer", url), ("Origin", url))),
        Call("graph store", path=f"/sparql?graph={there}", method="PUT", body=b"<urn:a> <urn:b> <urn:c> ."),
    ]
    return out


def mutated(seed: int, port: int) -> str:
    """Write a call of a seed's own: letters, spaces, comments and places by chance."""
    chance = random.Random(seed)
    word = "".join(chance.choice((c.upper(), c.lower())) for c in "service")
    gap = lambda: chance.choice((" ", "\n", "\t", "\r\n", "# }\n", "#'\r", " #<x>\n", "\f", "", "  "))  # noqa: E731
    silent = chance.choice(("", "", " SILENT ", "siLent"))
    call = f"{word}{gap()}{silent}{gap()}<{chance.choice(addresses(port))}>{gap()}{{{gap()}?s ?p ?o{gap()}}}"
    before = chance.choice(
        ("", "?a ?b '#' .", '?a ?b "\\\\" .', "?a <u:#> ?c .", "FILTER(?a<?b)", "?a ?b '''''\\'''' .", "?a ?b 'x'@en .")
    )
    for _ in range(chance.randrange(4)):
        around = ("{{{}}}", "OPTIONAL{{{}}}", "{{}}UNION{{{}}}", "FILTER EXISTS{{{}}}", "MINUS{{{}}}", "GRAPH ?g{{{}}}")
        call = chance.choice(around).format(call)
    return f"SELECT{gap() or ' '}*{gap()}{{{gap()}{before}{gap()}{call}{gap()}}} LIMIT 3"
