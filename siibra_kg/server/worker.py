"""A worker process: opens the graph read-only, and does one job after the other until its socket is closed."""

from __future__ import annotations

import os
import socket
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import orjson

from siibra_kg.errors import SiibraKGError
from siibra_kg.server.job import Reply
from siibra_kg.server.problem import Refused, problem, problem_of
from siibra_kg.server.worker_frames import (
    BROKEN,
    FAILED,
    FORGOTTEN,
    ORDER_SIZE,
    READY,
    WHOLE,
    frame,
    pack_headers,
    split_order,
)
from siibra_kg.server.worker_limits import bound_memory, resident
from siibra_kg.server.worker_state import Setup, open_state
from siibra_kg.server.worker_stream import AnswerStream, too_long

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.server.job import JobFunction, State

__all__ = ["WARM", "work"]

#: Name of the job that prepares a worker for others, while it has nothing to do.
WARM = ""
_ROOM = 1 << 16
#: Seconds after which a job was long enough for the front process to have changed its mind about those behind it.
LONG = 0.005
#: Exit status of a worker that does not trust itself any more after an error.
TIRED = 75


def work(sock: socket.socket) -> int:
    """Serve the process at the other end of a blocking socket; gives the exit status."""
    orders = _Orders(sock)
    first = orders.next()
    if first is None:
        return 0
    try:
        setup = Setup.of_json(orjson.loads(first[1]))
        state = open_state(setup)
    except (SiibraKGError, OSError) as error:
        sock.sendall(frame(FAILED, body=str(error).encode()))
        return 0
    bound_memory(setup.options.memory)
    sock.sendall(frame(READY, body=orjson.dumps(_about(state))))
    worker = _Worker(sock, state, setup.jobs)
    while (job := orders.next()) is not None:
        if not worker.do(job[0], *orjson.loads(job[1])):
            return TIRED
    return 0


def _about(state: State) -> dict[str, Any]:
    snapshot = state.kg.snapshot
    base = snapshot.manifest.base_iri if snapshot else state.kg.settings.base_iri
    return {"pid": os.getpid(), "snapshot": state.snapshot, "base_iri": base, "resident": resident()}


class _Orders:
    """What the front process has written, job by job. It may write some ahead, and think better of it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._data = b""
        self._at = 0
        self._unwanted: set[int] = set()
        self._last = 0.0

    def next(self) -> tuple[int, bytes] | None:
        """Give the next job that is still wanted: its number and its text; nothing at the end of the stream."""
        if self._at < len(self._data) and time.monotonic() - self._last > LONG:
            self._hear()
        while True:
            found = self._cut()
            if found is None:
                if self._at == len(self._data):
                    self._unwanted.clear()  # a word about a job always comes after it
                more = self._sock.recv(_ROOM)
                if not more:
                    return None
                self._data, self._at = self._data[self._at :] + more, 0
            elif not found[1]:
                self._unwanted.add(found[0])
            elif found[0] in self._unwanted:
                self._unwanted.discard(found[0])
                self._sock.sendall(frame(FORGOTTEN, found[0]))
            else:
                self._last = time.monotonic()
                return found

    def _cut(self) -> tuple[int, bytes] | None:
        """Take an order out of what has come."""
        start = self._at + ORDER_SIZE
        if start > len(self._data):
            return None
        number, size = split_order(self._data, self._at)
        if start + size > len(self._data):
            return None
        self._at = start + size
        return number, self._data[start : self._at]

    def _hear(self) -> None:
        """After a job that took long: look whether those that were written ahead have been given to others."""
        with suppress(BlockingIOError):
            while more := self._sock.recv(_ROOM, socket.MSG_DONTWAIT):
                self._data, self._at = self._data[self._at :] + more, 0
        kept = self._at
        while (found := self._cut()) is not None:
            if not found[1]:
                self._unwanted.add(found[0])
        self._at = kept


class _Worker:
    """Does jobs on an open graph."""

    def __init__(self, sock: socket.socket, state: State, jobs: Mapping[str, str]) -> None:
        self._sock, self._state, self._jobs = sock, state, jobs
        self._functions: dict[str, JobFunction] = {}
        self._most = state.options.max_bytes

    def do(self, number: int, kind: str, payload: Mapping[str, Any]) -> bool:
        """Do a job and send its answer, or the error that it ended with. Gives whether the process may go on."""
        stream = None
        try:
            reply = self._warm() if kind == WARM else self._function(kind)(self._state, payload)
            headers = _headers(reply)
            if not callable(reply.body):
                if len(reply.body) > self._most:
                    raise too_long(self._most)  # noqa: TRY301  one place where errors become answers
                self._sock.sendall(frame(WHOLE, number, reply.status, headers, reply.body))
                return True
            stream = AnswerStream(self._sock, number, reply.status, headers, self._most)
            reply.body(cast("BinaryIO", stream))
            stream.finish()
        except BaseException as error:  # noqa: BLE001  a panic of the engine derives from BaseException
            told, trusted = _told((stream and stream.failure) or error)
            begun = stream is not None and stream.begun
            body = cast("bytes", told.body)
            whole = frame(WHOLE, number, told.status, _headers(told), body)
            self._sock.sendall(frame(BROKEN, number) if begun else whole)
            return trusted
        return True

    def _function(self, kind: str) -> JobFunction:
        found = self._functions.get(kind)
        if found is None:
            module, _, name = self._jobs[kind].partition(":")
            found = self._functions[kind] = cast("JobFunction", getattr(import_module(module), name))
        return found

    def _warm(self) -> Reply:
        """Import what jobs need and let the search prepare its index, so that no request waits for either."""
        for kind in self._jobs:
            with suppress(Exception):  # the request that needs it will tell
                self._function(kind)
        if "search" in self._jobs:
            with suppress(Exception):
                self._function("search")(self._state, {"warm": True})
        return Reply()


def _told(error: BaseException) -> tuple[Reply, bool]:
    """Give the answer for an error, and whether the process is as it was before."""
    if isinstance(error, SiibraKGError):
        return problem_of(error), True
    if isinstance(error, MemoryError):
        return problem_of(Refused(422, "memory-limit", "the answer needs more memory than a request may take")), False
    if isinstance(error, OSError):  # nobody listens any more
        return problem(500, "internal", "the answer could not be sent"), False
    traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    sys.stderr.flush()
    return problem(500, "internal", "an error of the server, not of the request; it has been logged"), isinstance(
        error, Exception
    )


def _headers(reply: Reply) -> bytes:
    return pack_headers((("content-type", reply.media_type), *reply.headers))
