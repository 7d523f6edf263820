"""One worker, seen from the front process: sends it a job, reads its frames, passes answers on, kills it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from siibra_kg.server.pool.answer import Answer, Pieces
from siibra_kg.server.problem import Refused
from siibra_kg.server.worker_frames import (
    CHUNK,
    END,
    FAILED,
    HEAD,
    HEAD_SIZE,
    READY,
    WHOLE,
    length,
    split,
    unpack_headers,
)

if TYPE_CHECKING:
    import asyncio
    import socket

    from siibra_kg.server.pool.ticket import Ticket

__all__ = ["Member", "Owner"]

_ROOM = 1 << 16
_KEPT = 256


class Owner(Protocol):
    """What a worker tells the pool."""

    def ready(self, member: Member, about: dict[str, Any]) -> None:
        """It has opened the graph."""

    def failed(self, member: Member, reason: str) -> None:
        """It cannot open the graph."""

    def begun(self, member: Member) -> bool:
        """It has a first piece of a large answer; says whether that may be sent now."""
        ...

    def changed(self) -> None:
        """Other workers have taken over."""

    def free(self, member: Member) -> None:
        """It has done its job."""

    def lost(self, member: Member) -> None:
        """Its end of the socket is closed."""

    def abandon(self, ticket: Ticket) -> None:
        """Nobody reads the answer any more."""


class Member:
    """A worker.

    Attributes
    ----------
    pid
        Its process; 0 until that is known.
    state
        ``starting``, ``idle``, ``busy``, ``gone``.
    ticket
        What it does; ``None`` while it has nothing to do or warms up.
    slot
        Whether it has one of the places for jobs that take long.
    low
        Whether its priority is lowered.
    retiring
        Whether it ends after what it does now.
    """

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, sock: socket.socket, generation: int) -> None:
        sock.setblocking(False)
        self.generation = generation
        self.born = loop.time()
        self.pid = self.done = self.idle_size = 0
        self.state, self.snapshot = "starting", ""
        self.ticket: Ticket | None = None
        self.slot = self.low = self.retiring = self.warm = False
        self._owner, self._loop, self._sock = owner, loop, sock
        self._handle: int | None = None
        self._buffer = bytearray()
        self._unsent = b""
        self._reading = False
        self._held: Answer | None = None
        self._headers: dict[bytes, tuple[tuple[bytes, bytes], ...]] = {}
        self._read(True)

    # -- to the worker -------------------------------------------------------------------------------------------

    def setup(self, data: dict[str, Any]) -> None:
        """Say what to open."""
        text = orjson.dumps(data)
        self._send(length(len(text)) + text)

    def start(self, ticket: Ticket) -> None:
        """Give it a job."""
        self.ticket = ticket
        self.state = "busy"
        self._send(ticket.text)

    def start_warming(self, text: bytes) -> None:
        """Give it the job that prepares for others."""
        self.state, self.warm = "busy", True
        self._send(text)

    def _send(self, data: bytes) -> None:
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is gone; the reading side tells
        if sent < len(data):
            if not self._unsent:
                self._loop.add_writer(self._sock.fileno(), self._writable)
            self._unsent = data[sent:]

    def _writable(self) -> None:
        data, self._unsent = self._unsent, b""
        self._loop.remove_writer(self._sock.fileno())
        self._send(data)

    # -- from the worker -----------------------------------------------------------------------------------------

    def _read(self, wanted: bool) -> None:
        """Watch the socket, or leave it unread so that the worker waits."""
        if wanted != self._reading and self.state != "gone":
            self._reading = wanted
            if wanted:
                self._loop.add_reader(self._sock.fileno(), self._readable)
            else:
                self._loop.remove_reader(self._sock.fileno())

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_ROOM)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._owner.lost(self)
            return
        if not self._buffer and len(data) >= HEAD_SIZE:
            kind, status, headers, body = split(data, 0)
            if kind == WHOLE and len(data) == HEAD_SIZE + headers + body:  # most answers: one frame, in one piece
                self._whole(status, data[HEAD_SIZE : HEAD_SIZE + headers], data[HEAD_SIZE + headers :])
                return
        self._buffer += data
        self._frames()

    def _frames(self) -> None:
        """Take whole frames out of what has come."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= HEAD_SIZE:
            kind, status, headers, body = split(buffer, at)
            start = at + HEAD_SIZE
            end = start + headers + body
            if len(buffer) < end:
                break
            self._frame(kind, status, bytes(buffer[start : start + headers]), bytes(buffer[start + headers : end]))
            at = end
        del buffer[:at]

    def _frame(self, kind: int, status: int, headers: bytes, body: bytes) -> None:
        if kind == WHOLE:
            self._whole(status, headers, body)
        elif kind == READY:
            about = orjson.loads(body)
            self.pid, self.snapshot, self.idle_size = about["pid"], about["snapshot"], about["resident"]
            with suppress(OSError, AttributeError):  # older kernels, other systems
                self._handle = os.pidfd_open(self.pid)
            self.state = "idle"
            self._owner.ready(self, about)
        elif kind == FAILED:
            self._owner.failed(self, body.decode())
        elif self.ticket is not None:
            self._piece(self.ticket, kind, status, headers, body)

    def _whole(self, status: int, headers: bytes, body: bytes) -> None:
        ticket = self.ticket
        if ticket is not None:
            ticket.answer(Answer(status, self._lines(headers), body, self.snapshot))
        self._over()

    def _piece(self, ticket: Ticket, kind: int, status: int, headers: bytes, body: bytes) -> None:
        """Take a part of a large answer."""
        if kind == HEAD:
            pieces = Pieces(self._loop, lambda stop: self._read(not stop), lambda: self._owner.abandon(ticket))
            self._held = Answer(status, self._lines(headers), pieces, self.snapshot)
            ticket.pieces = pieces
            pieces.feed(body)
            if self._owner.begun(self):
                self.release()
        elif ticket.pieces is None:
            return
        elif kind == CHUNK:
            ticket.pieces.feed(body)
        else:
            self.release()
            broken = Refused(500, "internal", "the answer could not be finished")
            ticket.pieces.end(None if kind == END else broken)
            self._read(True)
            self._over()

    def release(self) -> None:
        """Pass on an answer that was held back: from now on the job cannot be done again."""
        if self._held is not None and self.ticket is not None:
            self.ticket.answer(self._held)
        self._held = None

    @property
    def sent(self) -> bool:
        """Whether anything of the answer may have reached whoever asked."""
        return self.ticket is not None and self.ticket.pieces is not None and self._held is None

    def _lines(self, headers: bytes) -> tuple[tuple[bytes, bytes], ...]:
        lines = self._headers.get(headers)
        if lines is None:
            if len(self._headers) > _KEPT:
                self._headers.clear()
            lines = self._headers[headers] = unpack_headers(headers)
        return lines

    def _over(self) -> None:
        if self.state == "busy":
            self.state = "idle"
            self.done += 1
            self._owner.free(self)

    # -- its end -------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """End the process, whatever it does; its socket is read no more."""
        with suppress(OSError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            elif self.pid and self.state != "gone":
                os.kill(self.pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """Let go of the socket: an idle worker ends by itself then."""
        if self.state == "gone":
            return
        self._read(False)
        if self._unsent:
            self._loop.remove_writer(self._sock.fileno())
            self._unsent = b""
        self.state = "gone"
        self._held = None
        self._sock.close()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
