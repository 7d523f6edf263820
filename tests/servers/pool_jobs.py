"""Jobs that tests of the pool give to its workers: good ones, and every way in which one can go wrong."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

from siibra_kg.server.job import Reply
from siibra_kg.server.problem import Refused

JOBS = {
    name: f"tests.servers.pool_jobs:{name}"
    for name in ("echo", "raw", "wait", "spin", "stream", "late", "refuse", "fail", "die", "reach", "where", "header")
}


def echo(state, payload):
    """Give back what was sent."""
    return Reply(payload["text"].encode(), "text/plain", headers=(("X-Told", "yes"),))


def raw(state, payload):
    """Ask the engine itself, without the guard."""
    import pyoxigraph as ox

    found = state.kg.store.native.query(payload["q"], use_default_graph_as_union=True)
    if isinstance(found, ox.QueryBoolean):
        return Reply(str(bool(found)).encode(), "text/plain")
    return Reply(lambda out: found.serialize(out, format=ox.QueryResultsFormat.JSON), "application/json")


def wait(state, payload):
    """Sleep, and leave a trace of having begun."""
    if "trace" in payload:
        with Path(payload["trace"]).open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    time.sleep(payload["seconds"])
    return Reply(str(os.getpid()).encode(), "text/plain")


def spin(state, payload):
    """Compute."""
    end = time.monotonic() + payload["seconds"]
    while time.monotonic() < end:
        pass
    return Reply(b"done", "text/plain")


def stream(state, payload):
    """Write so many pieces of 10,000 bytes, with a pause after each."""

    def write(out):
        for _ in range(payload["pieces"]):
            out.write(b"x" * 10_000)
            time.sleep(payload.get("pause", 0))

    return Reply(write, "text/plain")


def late(state, payload):
    """Fail after so many bytes."""

    def write(out):
        out.write(b"x" * payload["bytes"])
        raise Refused(422, "row-limit", "too many rows")

    return Reply(write, "text/plain")


def refuse(state, payload):
    """Refuse."""
    raise Refused(404, "no-such-name", "there is no such name", (("X-Hint", "none"),))


def fail(state, payload):
    """Fail as a defect does, with something in the message that is nobody's business."""
    raise KeyError("internal-detail")


def die(state, payload):
    """End as a crash does."""
    if payload.get("trace"):
        with Path(payload["trace"]).open("a", encoding="ascii") as file:
            file.write("died\n")
    if payload["signal"] == "SEGV":
        ctypes.string_at(0)
    os.kill(os.getpid(), getattr(signal, "SIG" + payload["signal"]))
    time.sleep(5)


def reach(state, payload):
    """Call somebody on this machine."""
    try:
        socket.create_connection(("127.0.0.1", payload["port"]), timeout=2).close()
    except OSError as error:
        return Reply(type(error).__name__.encode(), "text/plain")
    return Reply(b"reached", "text/plain")


def where(state, payload):
    """Tell what is served and by whom."""
    return Reply(f"{state.snapshot} {os.getpid()}".encode(), "text/plain")


def header(state, payload):
    """Try to add a header line."""
    return Reply(b"", "text/plain", headers=(("X-A", "b\r\nX-Evil: 1"),))
