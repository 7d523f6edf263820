"""A stand-in for the EBRAINS Knowledge Graph: the shapes of its answers, its limits, and its bad days, on loopback.

Nothing but the standard library. ``with serve(Stub(instances)) as stub:`` gives one in this process;
``python -m tests.servers.kg_stub 20000`` serves made-up instances and prints its port, for the benchmark.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["META", "NAMESPACE", "Stub", "serve"]

NAMESPACE = "https://kg.ebrains.eu/api/instances/"
META = "https://core.kg.ebrains.eu/vocab/meta/"
_TYPES = "http://schema.org/identifier"
_PAGE = b"<!DOCTYPE html><html><body>please log in</body></html>"


@dataclass
class Stub:
    """A Knowledge Graph.

    Parameters
    ----------
    instances
        As the service would give them; each has ``@id`` and ``@type``.
    tokens
        Bearer tokens that are accepted.
    bare
        Give links as UUIDs alone, as newer servers do.
    cap
        The most instances of one page; a larger page is answered with this many.
    refuses
        The largest page that is answered at all; a larger one is a 400.
    expires
        A token -> how many requests it is good for.
    faults
        Part of a path and query -> ``(fault, n)``: the first n times. A fault is a status, ``hang``, ``html``,
        ``empty`` (a page without data), ``half`` (the answer breaks off), ``null`` or ``error`` (an error in a 200).
    queries
        Whether it answers queries.
    """

    instances: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {"good"})
    bare: bool = False
    cap: int = 1000
    refuses: int = 1_000_000
    expires: dict[str, int] = field(default_factory=dict)
    faults: dict[str, tuple[str, int]] = field(default_factory=dict)
    queries: bool = True
    prefixes: tuple[str, ...] = ("v3", "v3-beta")
    #: What the token endpoint gives for a grant type: a list of status and answer, one after the other.
    grants: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    pages: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Host and port; the real client speaks plain HTTP to a host that begins with this name alone."""
        return f"localhost:{self.port}"

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Give the instances of a type in the order of the service."""
        return [i for i in self.instances if kind in i["@type"]]

    def shown(self, value: Any) -> Any:
        """Write links as this server does."""
        if isinstance(value, list):
            return [self.shown(v) for v in value]
        if not isinstance(value, dict):
            return value
        if self.bare and value.keys() == {"@id"}:
            return {"@id": value["@id"].removeprefix(NAMESPACE)}
        return {key: self.shown(v) for key, v in value.items()}

    def fault_of(self, target: str) -> str:
        """Give what goes wrong with a request, or nothing."""
        with self.lock:
            for part, (fault, times) in self.faults.items():
                if part in target and times > 0:
                    self.faults[part] = (fault, times - 1)
                    return fault
        return ""

    def accepts(self, header: str) -> bool:
        """Tell whether a token is good, and for how much longer."""
        token = header.removeprefix("Bearer ")
        with self.lock:
            if token not in self.tokens:
                return False
            if token in self.expires:
                self.expires[token] -= 1
                return self.expires[token] >= 0
        return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: Stub

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _answer(self, body: bytes) -> None:
        state, parts = self.state, urlsplit(self.path)
        with state.lock:
            state.log.append(f"{self.command} {self.path}")
        prefix, _, path = parts.path.strip("/").partition("/")
        asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if prefix == "iam":
            self._iam(path, body)
        elif prefix not in state.prefixes:
            self._send(404, {"error": "Not Found", "status": 404})
        elif path.startswith("users/authorization/"):
            ends = {"config": "/iam/config", "tokenEndpoint": "/iam/token"}
            self._told({"endpoint": f"http://localhost:{state.port}{ends[path.rpartition('/')[2]]}"})
        elif (fault := state.fault_of(self.path)) and self._fails(fault):
            return
        elif not state.accepts(self.headers.get("Authorization", "")):
            self._send(401, {"error": "Unauthorized", "status": 401})
        else:
            self._data(path, asked, body, "empty" if fault == "empty" else "")

    def _fails(self, fault: str) -> bool:
        if fault == "hang":
            self.state.ended.wait()
            self.close_connection = True
        elif fault == "html":
            self._bytes(200, _PAGE, "text/html")
        elif fault == "null":
            self._send(200, {"data": None, "error": None, "total": 0})
        elif fault == "error":
            self._send(200, {"data": None, "error": {"code": 500, "message": "the database is away"}})
        elif fault == "half":
            self._bytes(200, b'{"data": [{"@id": "', "application/json", declared=5000)
            self.close_connection = True
        elif fault.isdigit():
            self._bytes(int(fault), b'{"error":"no"}', "application/json", more={"Retry-After": "0"})
        else:
            return False
        return True

    def _data(self, path: str, asked: dict[str, str], body: bytes, fault: str) -> None:
        state = self.state
        if path == "types":
            names = dict.fromkeys(name for i in state.instances for name in i["@type"])
            number = f"{META}occurrences"
            types = [{_TYPES: n, "http://schema.org/name": n[-4:], number: len(state.of_type(n))} for n in names]
            self._page(types, asked, fault)
        elif path == "instances" and self.command == "GET":
            self._instances(asked, fault)
        elif path == "queries" and state.queries:
            wanted = json.loads(body)
            rows = []
            for instance in state.of_type(wanted["meta"]["type"]):
                row = {}
                for part in wanted["structure"]:
                    value = instance.get(part["path"])
                    row[part["propertyName"].removeprefix("query:")] = value
                rows.append(row)
            self._page(rows, asked, fault)
        elif path == "instancesByIds":
            known = {i["@id"].removeprefix(NAMESPACE): i for i in state.instances}
            found = {u: {"data": state.shown(known[u])} if u in known else _MISSING for u in json.loads(body)}
            self._told(found)
        elif path.startswith("instances/"):
            found_one = [i for i in state.instances if i["@id"].endswith(path.partition("/")[2])]
            self._told(state.shown(found_one[0])) if found_one else self._send(404, _MISSING)
        else:
            self._send(404, {"error": "Not Found", "status": 404})

    def _instances(self, asked: dict[str, str], fault: str) -> None:
        """Answer a page from bytes made before: what is measured is to be the client."""
        state, start, size = self.state, int(asked.get("from", 0)), int(asked.get("size", 50))
        if size > state.refuses:
            self._send(400, {"error": {"code": 400, "message": "size"}, "data": None})
            return
        if fault:
            self._page([], asked, fault, total=9)
            return
        key = (asked.get("type", ""), start, size)
        if key not in state.pages:
            every = state.of_type(key[0])
            shown = [state.shown(i) for i in every[start : start + min(size, state.cap)]]
            state.pages[key] = json.dumps(_page(shown, len(every), start, min(size, state.cap))).encode()
        self._bytes(200, state.pages[key], "application/json")

    def _page(self, items: list[Any], asked: dict[str, str], fault: str, total: int = 0) -> None:
        start, size = int(asked.get("from", 0)), min(int(asked.get("size", 50)), self.state.cap)
        shown = [] if fault == "empty" else [self.state.shown(i) for i in items[start : start + size]]
        self._send(200, _page(shown, total or len(items), start, size))

    def _iam(self, path: str, body: bytes) -> None:
        state, here = self.state, f"http://localhost:{self.state.port}/iam"
        form = {k: v[0] for k, v in parse_qs(body.decode()).items()}
        if path == "config":
            ends = {"token_endpoint": f"{here}/token", "device_authorization_endpoint": f"{here}/device"}
            self._send(200, ends)
            return
        with state.lock:
            state.forms.append(form)
            grant = "device" if path == "device" else form.get("grant_type", "").rpartition(":")[2]
            given = state.grants.get(grant) or [(400, {"error": "unauthorized_client"})]
            status, told = given.pop(0) if len(given) > 1 else given[0]
            if "access_token" in told:
                state.tokens.add(told["access_token"])
        self._send(status, told)

    def _told(self, data: object) -> None:
        self._send(200, {"data": data, "message": None, "error": None, "startTime": 0, "durationInMs": 1})

    def _send(self, status: int, document: object) -> None:
        self._bytes(status, json.dumps(document).encode(), "application/json")

    def _bytes(
        self, status: int, data: bytes, kind: str, *, declared: int = 0, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(declared or len(data)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


_MISSING = {"data": None, "error": {"code": 404, "message": "Not Found"}}


def _page(items: list[Any], total: int, start: int, size: int) -> dict[str, Any]:
    return {
        "data": items,
        "message": None,
        "error": None,
        "startTime": 0,
        "durationInMs": 1,
        "transactionId": None,
        "total": total,
        "size": size,
        "from": start,
    }


@contextmanager
def serve(stub: Stub, port: int = 0) -> Iterator[Stub]:
    """Run a stand-in until the block ends."""
    handler = type("Handler", (_Handler,), {"state": stub})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _main() -> None:
    from tests.kg_instances import many

    with serve(Stub(many(int(sys.argv[1])))) as stub:
        sys.stdout.write(f"{stub.port}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it goes away


if __name__ == "__main__":
    _main()
