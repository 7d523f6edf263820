"""One request and its answer, between ASGI and the rest: heads, bodies within limits, answers in the right form."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any

from siibra_kg.server.problem import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping

    from siibra_kg.server.job import Reply

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["Exchange", "Interrupted", "fresh"]

Line = tuple[bytes, bytes]

#: Bytes from which an answer is compressed: a smaller one fits into a packet or two as it is.
GZIP_FROM = 1400
#: Bytes from which a thread compresses, so that others do not wait.
THREAD_FROM = 1 << 15
#: A third of the size, for a fifth of the time that zlib takes unless told.
GZIP_LEVEL = 1
_GZIP = 31  # zlib's way to ask for the format of gzip
#: Bytes of a body above the limit that are read and thrown away, so that the client reads the answer.
_DRAIN, _DRAIN_TIME = 1 << 23, 3.0
_VARY: Line = (b"vary", b"Accept, Accept-Encoding")
_EXPOSED: Line = (b"access-control-expose-headers", b"ETag, Link, Content-Location, Retry-After, X-Total-Count")
_ANYBODY: Line = (b"access-control-allow-origin", b"*")
_PACKED = frozenset({b"image", b"font"})


class Interrupted(Exception):
    """An answer was broken off: its connection is to be closed without an end."""


def fresh(header: bytes, tag: bytes) -> bool:
    """Tell whether an ``If-None-Match`` header names an answer, compressed or not (RFC 9110, section 13.1.2).

    >>> fresh(b'W/"a-gz", "b"', b"a"), fresh(b'"c"', b"a"), fresh(b"*", b"a")
    (True, False, True)
    """
    if header.strip() == b"*":
        return True
    names = (part.strip().removeprefix(b"W/").strip(b'"').removesuffix(b"-gz") for part in header.split(b","))
    return tag in names


class Exchange:
    """A request, and how to answer it.

    Attributes
    ----------
    method, path, address
        Of the request: method, path and query string, as sent.
    headers
        Lower-case name -> value; those that came several times are joined.
    """

    __slots__ = ("_receive", "_send", "address", "headers", "method", "old", "path")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.address: bytes = scope["query_string"]
        lines: list[Line] = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(lines)
        if len(self.headers) != len(lines):
            self.headers = _joined(lines)
        self.old = scope["http_version"] == "1.0"
        self._receive = receive
        self._send = send

    async def body(self, most: int) -> bytes:
        """Read the body.

        Raises
        ------
        Refused
            413 if it is larger than allowed.
        """
        declared = self.headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > most:
            await self._drain(int(declared) if declared.isdigit() else 0)
            raise _too_large(most)
        parts, size, more = [], 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Interrupted
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            more = message.get("more_body", False)
            if size > most:
                if more:
                    await self._drain(0)
                raise _too_large(most)
        return b"".join(parts)

    async def _drain(self, size: int) -> None:
        """Throw away what comes, for a while: closing now would make the client's system throw the answer away."""
        if size <= _DRAIN:
            try:
                await asyncio.wait_for(self._throw_away(), _DRAIN_TIME)
            except asyncio.TimeoutError:
                return

    async def _throw_away(self) -> None:
        left, more = _DRAIN, True
        while more and left > 0:
            message = await self._receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            left -= len(message.get("body", b""))

    def text_headers(self) -> Mapping[str, str]:
        """Give the headers as text."""
        return {k.decode("latin-1"): v.decode("latin-1") for k, v in self.headers.items()}

    def takes_gzip(self) -> bool:
        """Tell whether the client takes gzip."""
        accepted = self.headers.get(b"accept-encoding", b"")
        return b"gzip" in accepted and (b"q=" not in accepted or _gzip_quality(accepted) > 0)

    # -- answers -------------------------------------------------------------------------------------------------

    async def send(self, status: int, lines: tuple[Line, ...], body: bytes, tag: bytes = b"") -> None:
        """Send a whole answer, compressed if that helps; ``tag`` becomes its ETag."""
        head: list[Line] = [*lines, _ANYBODY, _EXPOSED]
        if len(body) >= GZIP_FROM and self.takes_gzip() and _packs(lines):
            work = asyncio.get_running_loop().run_in_executor
            body = await work(None, packed, body) if len(body) >= THREAD_FROM else packed(body)
            head.append((b"content-encoding", b"gzip"))
            tag = tag and tag + b"-gz"
        if status == 200:
            _describe(head, tag)
        if status not in (204, 304):
            head.append((b"content-length", b"%d" % len(body)))
        await self._send({"type": "http.response.start", "status": status, "headers": head})
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def stream(self, status: int, lines: tuple[Line, ...], parts: AsyncIterator[bytes], tag: bytes) -> None:
        """Send an answer as it comes. If it breaks off, it gets no end, so that nobody takes it for whole.

        Raises
        ------
        Interrupted
            If it broke off.
        """
        if self.old:  # HTTP/1.0 cannot tell an end from a break
            try:
                whole = b"".join([part async for part in parts])
            except Refused as error:
                await self.reply(problem_of(error))
                return
            await self.send(status, lines, whole, tag)
            return
        head: list[Line] = [*lines, _ANYBODY, _EXPOSED]
        packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP) if self.takes_gzip() and _packs(lines) else None
        if packer:
            head.append((b"content-encoding", b"gzip"))
            tag = tag and tag + b"-gz"
        _describe(head, tag)
        await self._send({"type": "http.response.start", "status": status, "headers": head})
        if self.method == "HEAD":
            await self._send({"type": "http.response.body", "body": b""})
            return
        loop = asyncio.get_running_loop()
        try:
            async for part in parts:
                data = await loop.run_in_executor(None, packer.compress, part) if packer else part
                if data:
                    await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except Refused as error:
            raise Interrupted from error
        await self._send({"type": "http.response.body", "body": packer.flush() if packer else b""})

    async def reply(self, reply: Reply, tag: bytes = b"") -> None:
        """Send an answer of the front process itself."""
        if not isinstance(reply.body, bytes):
            raise TypeError("only workers stream")
        lines = [(b"content-type", reply.media_type.encode("latin-1"))]
        lines += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        await self.send(reply.status, tuple(lines), reply.body, tag)

    async def unchanged(self, tag: bytes) -> None:
        """Say that the client has it."""
        await self.send(304, ((b"etag", b'"%s"' % tag), _VARY, (b"cache-control", b"no-cache")), b"")


def packed(body: bytes) -> bytes:
    """Compress a whole body."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def _describe(head: list[Line], tag: bytes) -> None:
    if tag:
        head.append((b"etag", b'"%s"' % tag))
        if not any(name == b"cache-control" for name, _ in head):
            head.append((b"cache-control", b"no-cache"))  # kept, but asked for again: the snapshot may have changed
    vary = [value for name, value in head if name == b"vary"]
    if not vary:
        head.append(_VARY)
    elif b"Accept-Encoding" not in vary[0]:
        head.append((b"vary", b"Accept-Encoding"))


def _packs(lines: tuple[Line, ...]) -> bool:
    """Tell whether compressing an answer is worth it: not if it is compressed already."""
    for name, value in lines:
        if name == b"content-encoding" or (name == b"content-type" and value.partition(b"/")[0] in _PACKED):
            return name == b"content-type" and value.startswith(b"image/svg")
    return True


def _gzip_quality(accepted: bytes) -> float:
    for part in accepted.split(b","):
        name, _, parameter = part.partition(b";")
        if name.strip().lower() in (b"gzip", b"x-gzip"):
            try:
                return float(parameter.partition(b"=")[2] or b"1")
            except ValueError:
                return 0.0
    return 0.0


def _joined(lines: list[Line]) -> dict[bytes, bytes]:
    out: dict[bytes, bytes] = {}
    for name, value in lines:
        if name == b"host" and name in out:
            raise Refused(400, "bad-request", "there is more than one Host header")
        out[name] = out[name] + b", " + value if name in out else value
    return out


def _too_large(most: int) -> Refused:
    detail = f"the body of a request has at most {most:,} bytes"
    return Refused(413, "body-too-large", detail, (("Connection", "close"),), limit=most)
