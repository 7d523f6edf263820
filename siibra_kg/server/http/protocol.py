"""Connections: uvicorn's HTTP parser with limits on what a client may send, and on how long it may take.

A connection that is slow costs the server next to nothing, so it is dropped late, but it is dropped: nobody holds all
connections by sending a byte now and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from siibra_kg.server.problem import problem

if TYPE_CHECKING:
    import asyncio

__all__ = ["GONE", "TASK", "Gate", "GuardedProtocol"]

#: Bytes that the address of a request, and its head as a whole, may have.
MAX_URL, MAX_HEAD = 1 << 16, 1 << 16
#: Seconds that a client may take to send the head of a request, and its body.
HEAD_TIME, BODY_TIME = 10.0, 20.0
#: Seconds that a client may leave an answer unread, and a connection unclosed.
READ_TIME, CLOSE_TIME = 20.0, 3.0
#: Later than any time of the loop: nothing waits.
NEVER = float("inf")
#: Names in the scope: the task that answers, and whether its client is gone.
TASK, GONE = "siibra_kg.task", "siibra_kg.gone"

_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 414: b"URI Too Long", 503: b"Service Unavailable"}
_PHRASES[431] = b"Request Header Fields Too Large"


class Gate:
    """All connections of a server: how many there may be, and which have taken too long.

    Parameters
    ----------
    most
        Connections at the same time; further ones are told to come back.
    """

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.all: set[GuardedProtocol] = set()

    def sweep(self, now: float) -> None:
        """Drop the connections whose time is over; call this every second or so."""
        for connection in tuple(self.all):
            connection.look(now)


class Together:
    """A transport that writes at the end of a turn of the loop what was given to it in that turn.

    uvicorn writes head and body of an answer one after the other: two calls of the system, which take half of the time
    of the front process where answers are small.
    """

    __slots__ = ("_loop", "_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write soon."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(b"".join(parts))

    def write_eof(self) -> None:
        """Write what is left, and say that nothing follows."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what is left, and close."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Tell whether it closes."""
        return self._transport.is_closing()


class GuardedProtocol(HttpToolsProtocol):
    """A connection with limits."""

    def __init__(self, *args: Any, gate: Gate, **options: Any) -> None:  # noqa: ANN401  uvicorn's
        super().__init__(*args, **options)
        self._gate = gate
        self._seen = self._fed = 0
        self._in_head, self._in_body = True, False
        self._begun = False
        self._since = self.loop.time()
        self._paused = NEVER
        self._refusal: tuple[int, str, str] | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or tell it to come back."""
        super().connection_made(Together(transport, self.loop))  # type: ignore[arg-type]
        self._gate.all.add(self)
        if len(self._gate.all) > self._gate.most:
            self._refuse(503, "overloaded", "too many connections; come back in a moment")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection, and of the work for it."""
        self._gate.all.discard(self)
        super().connection_lost(exc)
        scope = cast("dict[str, Any] | None", self.scope)  # nothing was asked over some connections
        task = scope.get(TASK) if scope is not None else None
        if task and not task.done():
            cast("dict[str, Any]", scope)[GONE] = True
            task.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on, within limits."""
        if self._refused:
            return
        self._fed = len(data)
        if self._in_head:
            self._seen += self._fed
            if self._seen > MAX_URL + MAX_HEAD:
                self._refuse(431, "head-too-large", f"the head of a request has at most {MAX_HEAD:,} bytes")
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words
        """Answer what is no HTTP."""
        self._refuse(*(self._refusal or (400, "bad-request", "this is no HTTP request that could be read")))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._begun = True
        self._in_head, self._seen = True, 0
        self._since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        super().on_url(url)
        if len(self.url) > MAX_URL:
            self._refusal = (414, "address-too-long", f"an address has at most {MAX_URL:,} bytes; send a query by POST")
            raise ValueError

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        self._in_head, self._in_body = False, True
        if self._seen + self._fed > MAX_HEAD and sum(len(n) + len(v) for n, v in self.headers) > MAX_HEAD:
            self._refusal = (431, "head-too-large", f"the head of a request has at most {MAX_HEAD:,} bytes")
            raise ValueError
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._in_body = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Note that the client does not keep up."""
        self._paused = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it does again."""
        self._paused = NEVER
        super().resume_writing()

    def look(self, now: float) -> None:
        """Drop the connection if its time is over."""
        if self._refused or self.transport.is_closing():
            if now - self._since > (CLOSE_TIME if self._paused == NEVER else READ_TIME):
                self.transport.abort()
        elif now - self._paused > READ_TIME:
            self.transport.abort()
        elif (self._in_head and self._begun and now - self._since > HEAD_TIME) or (
            self._in_body and now - self._since > BODY_TIME
        ):
            self._refuse(408, "too-slow", "the request did not arrive in time")
        elif not self._begun and now - self._since > HEAD_TIME:
            self.transport.close()

    def _refuse(self, status: int, kind: str, detail: str) -> None:
        """Answer without a request, and close when the client has had a chance to read it.

        Closing while the client still sends would make its system throw the answer away.
        """
        self._refused, self._since = True, self.loop.time()
        body = cast("bytes", problem(status, kind, detail).body)
        lines = [
            b"HTTP/1.1 %d %s" % (status, _PHRASES[status]),
            *(name + b": " + value for name, value in self.server_state.default_headers),
            b"content-type: application/problem+json",
            b"content-length: %d" % len(body),
            b"connection: close",
            *([b"retry-after: 1"] if status == 503 else []),
            b"",
            body,
        ]
        self.transport.write(b"\r\n".join(lines))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
