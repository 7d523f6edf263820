"""What a worker answered: whole, or in pieces that come while they are read."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

__all__ = ["Answer", "Pieces"]

#: Bytes of one answer that the front process keeps for a reader that does not keep up.
MOST = 1 << 18


class Answer(NamedTuple):
    """The answer to a job.

    Parameters
    ----------
    status
        HTTP status code.
    headers
        Lines with lower-case names, the media type among them; no ``content-length``.
    body
        The bytes, or the pieces as they come: an error while they are read means that the answer is not whole, and
        whoever sends it on must break off. Call ``aclose()`` where the reader goes away before the end.
    snapshot
        Hash of the content that was asked: part of the ``ETag``.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes | AsyncIterator[bytes]
    snapshot: str = ""


class Pieces:
    """A body that is read while the worker writes it.

    Parameters
    ----------
    loop
        Of the reader.
    pause
        Called with whether the worker's socket shall be left unread, so that the worker waits.
    leave
        Called if the reader goes away before the end.
    """

    __slots__ = ("_ended", "_error", "_leave", "_loop", "_parts", "_pause", "_paused", "_size", "_waiter")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pause: Callable[[bool], None], leave: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._pause = pause
        self._leave: Callable[[], None] | None = leave
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        """Take what the worker wrote."""
        if data and not self._ended:
            self._parts.append(data)
            self._size += len(data)
            if self._size > MOST and not self._paused:
                self._paused = True
                self._pause(True)
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Take the end; with an error if it is none."""
        if not self._ended:
            self._ended, self._error, self._leave = True, error, None
            if error is not None:
                self._parts.clear()  # what is missing is not worth sending what is left
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        piece = self._parts.popleft() if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            if not self._ended:
                self._pause(False)
        return piece

    async def aclose(self) -> None:
        """Go away; the worker is freed, or killed if it is still at it."""
        leave, self._leave = self._leave, None
        self._ended = True
        self._parts.clear()
        if leave is not None:
            self._pause(False)
            leave()
