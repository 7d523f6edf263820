"""A client that does to a server what it wants, and looks at what its processes take."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

__all__ = [
    "DOCUMENTED",
    "Outcome",
    "ask",
    "descendants",
    "descriptors",
    "is_problem",
    "raw",
    "request",
    "resident",
    "until",
    "zombies",
]

JSON = "application/sparql-results+json"
#: All status codes that docs/serving.md names.
DOCUMENTED = frozenset({200, 304, 400, 403, 404, 405, 406, 408, 413, 414, 415, 421, 422, 431, 503, 504})


class Outcome(NamedTuple):
    """What came of a request: status 0 if nothing came, ``whole`` unless the answer was broken off."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    seconds: float

    @property
    def kind(self) -> str:
        """The type of problem, without what all types start with; empty if it is none."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return ""
        return str(json.loads(self.body)["type"]).rpartition("/")[2]


def request(
    url: str,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 30.0,
) -> Outcome:
    """Send a request over a connection of its own."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    start = time.perf_counter()
    status, got, data, whole = 0, {}, b"", True
    try:
        connection.putrequest(method, path, skip_host=headers is not None and "Host" in headers)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None and not {"Content-Length", "Transfer-Encoding"} & set(headers or {}):
            connection.putheader("Content-Length", str(len(body)))
        # A server may answer, and close, before it has read everything.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.endheaders(body)
        answer = connection.getresponse()
        status, got = answer.status, {k.lower(): v for k, v in answer.getheaders()}
        data = answer.read()
    except http.client.IncompleteRead as error:
        data, whole = error.partial, False
    except (http.client.HTTPException, ConnectionError):
        whole = False
    finally:
        connection.close()
    return Outcome(status, got, data, whole, time.perf_counter() - start)


def ask(url: str, text: str, *, accept: str = JSON, timeout: float = 30.0, post: bool | None = None) -> Outcome:
    """Send a SPARQL query; a long one by POST."""
    if post or (post is None and len(text) > 4000):
        headers = {"Content-Type": "application/sparql-query", "Accept": accept}
        body = text.encode("utf-8", "surrogatepass")
        return request(url, "/sparql", method="POST", headers=headers, body=body, timeout=timeout)
    path = "/sparql?query=" + quote(text, safe="", errors="surrogatepass")
    return request(url, path, headers={"Accept": accept}, timeout=timeout)


def is_problem(outcome: Outcome) -> bool:
    """Tell whether an answer is a well-formed RFC 9457 document that agrees with its status."""
    if not outcome.headers.get("content-type", "").startswith("application/problem+json"):
        return False
    document = json.loads(outcome.body)
    texts = (document.get(key) for key in ("type", "title", "detail"))
    return document.get("status") == outcome.status and all(isinstance(text, str) and text for text in texts)


def raw(url: str, data: bytes, *, timeout: float = 5.0, pause: float = 0.0) -> bytes:
    """Send bytes as they are, in two parts if there is a pause, and give all that comes until the server closes."""
    address = urlsplit(url)
    got = b""
    with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
        with suppress(OSError):
            half = len(data) // 2 if pause else len(data)
            connection.sendall(data[:half])
            if pause:
                time.sleep(pause)
                connection.sendall(data[half:])
        with suppress(OSError):
            while part := connection.recv(65536):
                got += part
    return got


def descendants(pid: int) -> list[int]:
    """Give all processes below one, without those that have ended and wait to be collected."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents.setdefault(int(parent), []).append(int(stat.parent.name))
    found, look = [], [pid]
    while look:
        below = parents.get(look.pop(), [])
        found += below
        look += below
    return sorted(found)


def zombies(pid: int) -> list[int]:
    """Give the children of a process that have ended and that it has not collected."""
    out = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state == "Z" and int(parent) == pid:
                out.append(int(stat.parent.name))
    return out


def resident(pid: int) -> int:
    """Give the resident memory of a process in bytes; 0 if there is no such process."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def descriptors(pid: int) -> int:
    """Give how many files and sockets a process has open."""
    with suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def until(condition, seconds: float = 10.0) -> bool:
    """Wait until a condition holds; tells whether it does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
