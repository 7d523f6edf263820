"""One worker, seen from the front process: sends it a job, reads its frames, passes answers on, kills it."""

from __future__ import annotations

import os
import signal
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from siibra_kg.server.pool.answer import Answer, Pieces
from siibra_kg.server.problem import Refused
from siibra_kg.server.worker import WARM
from siibra_kg.server.worker_frames import (
    BROKEN,
    CHUNK,
    END,
    FAILED,
    FORGOTTEN,
    HEAD,
    HEAD_SIZE,
    READY,
    WHOLE,
    order,
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
#: Frames after which nothing more comes of a job.
_LAST = frozenset({WHOLE, END, BROKEN, FORGOTTEN})


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

    def free(self, member: Member, ticket: Ticket | None) -> None:
        """It has done a job; it is idle now, or goes on with the next one."""

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
    tickets
        What it does, and what is written ahead: it goes on with that without being woken up.
    slot
        Whether it has one of the places for jobs that take long.
    low
        Whether its priority is lowered.
    cold
        Whether its first jobs have to import what they need.
    looked
        Number of the job that it was seen at last, and the processor time that it had had when it was first seen there.
    owed
        Numbers of jobs that were taken back and of which it has not told yet what became of them: it may have begun
        with one, so that it gets nothing else to do before it has.
    alone
        When it had nothing left but those.
    retiring
        Whether it ends after what it does now.
    """

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, sock: socket.socket, generation: int) -> None:
        sock.setblocking(False)
        self.generation = generation
        self.born = loop.time()
        self.pid = self.done = self.idle_size = 0
        self.state, self.snapshot = "starting", ""
        self.tickets: deque[Ticket] = deque()
        self._number = 0
        self.slot = self.low = self.retiring = self.warm = False
        self.cold = True
        self.looked: tuple[int, float | None] = (0, None)
        self.owed: set[int] = set()
        self.alone = 0.0
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
        self._send(order(0, orjson.dumps(data)))

    def start(self, ticket: Ticket) -> None:
        """Give it a job; behind those that it has, if any."""
        self._number = ticket.number = (self._number + 1) & 0xFFFFFFFF
        self.tickets.append(ticket)
        self.state = "busy"
        self._send(order(self._number, ticket.text))

    def start_warming(self) -> None:
        """Give it the job that prepares for others."""
        self.state, self.warm = "busy", True
        self._number += 1
        self._send(order(self._number, orjson.dumps((WARM, {}))))

    @property
    def ticket(self) -> Ticket | None:
        """What it does now; nothing while it has nothing to do or warms up."""
        return self.tickets[0] if self.tickets else None

    def take_back(self) -> list[Ticket]:
        """Take back what is written ahead; the worker forgets it, or its answers are."""
        behind = [self.tickets.pop() for _ in range(len(self.tickets) - 1)]
        if behind:
            self.owed.update(ticket.number for ticket in behind)
            self._send(b"".join(order(ticket.number) for ticket in behind))
        return behind[::-1]

    def _send(self, data: bytes) -> None:
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is gone; the reading side tells
        if sent < len(data):
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
            kind, status, number, headers, body = split(data, 0)
            if kind == WHOLE and len(data) == HEAD_SIZE + headers + body:  # most answers: one frame, in one piece
                self._whole(number, status, data[HEAD_SIZE : HEAD_SIZE + headers], data[HEAD_SIZE + headers :])
                return
        self._buffer += data
        self._frames()

    def _frames(self) -> None:
        """Take whole frames out of what has come."""
        buffer, at = self._buffer, 0
        while len(buffer) - at >= HEAD_SIZE:
            kind, status, number, headers, body = split(buffer, at)
            start = at + HEAD_SIZE
            end = start + headers + body
            if len(buffer) < end:
                break
            middle = start + headers
            self._frame(kind, number, status, bytes(buffer[start:middle]), bytes(buffer[middle:end]))
            at = end
        del buffer[:at]

    def _frame(self, kind: int, number: int, status: int, headers: bytes, body: bytes) -> None:
        if number in self.owed:
            if kind in _LAST:
                self._settle(number)
        elif kind == WHOLE:
            self._whole(number, status, headers, body)
        elif kind == READY:
            about = orjson.loads(body)
            self.pid, self.snapshot, self.idle_size = about["pid"], about["snapshot"], about["resident"]
            with suppress(OSError, AttributeError):  # older kernels, other systems
                self._handle = os.pidfd_open(self.pid)
            self.state = "idle"
            self._owner.ready(self, about)
        elif kind == FAILED:
            self._owner.failed(self, body.decode())
        elif self.tickets and self.tickets[0].number == number:
            self._piece(self.tickets[0], kind, status, headers, body)

    def _whole(self, number: int, status: int, headers: bytes, body: bytes) -> None:
        if number in self.owed:
            self._settle(number)
            return
        if self.tickets:
            ticket = self.tickets[0]
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
        if self._held is not None and self.tickets:
            self.tickets[0].answer(self._held)
        self._held = None

    def _lines(self, headers: bytes) -> tuple[tuple[bytes, bytes], ...]:
        lines = self._headers.get(headers)
        if lines is None:
            if len(self._headers) > _KEPT:
                self._headers.clear()
            lines = self._headers[headers] = unpack_headers(headers)
        return lines

    def _over(self) -> None:
        if self.state != "busy":
            return
        self.done += 1
        ticket = self.tickets.popleft() if self.tickets else None
        if self.tickets:
            self.tickets[0].started = self._loop.time()
        elif self.owed:
            self.alone = self._loop.time()
        else:
            self.state = "idle"
        self._owner.free(self, ticket)

    def _settle(self, number: int) -> None:
        """Note what became of a job that was taken back; its answer, if there is one, comes from another worker."""
        self.owed.discard(number)
        if not self.owed and not self.tickets and self.state == "busy":
            self.state = "idle"
            self._owner.free(self, None)

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
