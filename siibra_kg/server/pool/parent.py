"""The process that workers are forked from, seen from the front process."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Exit", "Parent"]

# The path is set before anything is imported: a worker imports what the front process would.
_START = (
    "import sys; sys.path[:] = {path!r}; from siibra_kg.server.worker_zygote import main; main({fd}, {net}, {mods!r})"
)


class Exit(NamedTuple):
    """How a worker ended: its status, negative for the number of a signal, and the most memory that it had."""

    code: int
    most: int


class Parent:
    """Starts workers and hears how they end.

    Parameters
    ----------
    network
        Whether workers may reach others.
    modules
        What it imports while it has nothing to do.
    ended
        Called with the process id of a worker that has ended, and how.
    gone
        Called if this process itself has ended without being asked to.
    """

    def __init__(
        self,
        *,
        network: bool,
        modules: Sequence[str],
        ended: Callable[[int, Exit], None],
        gone: Callable[[], None],
    ) -> None:
        self._ended, self._gone = ended, gone
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self.isolated = self.loaded = False
        self._sock, theirs = socket.socketpair()
        with theirs:
            fd = theirs.fileno()
            code = _START.format(path=[p for p in sys.path if p], fd=fd, net=int(network), mods=list(modules))
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-c", code], pass_fds=(fd,), stdin=subprocess.DEVNULL
            )
        self._sock.setblocking(False)
        self._loop.add_reader(self._sock.fileno(), self._readable)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def start(self) -> socket.socket:
        """Fork a worker; gives our end of its socket."""
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):  # if the parent is gone, the socket's end tells
            socket.send_fds(self._sock, [b"f"], [theirs.fileno()])
        return ours

    def _readable(self) -> None:
        try:
            data = self._sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._sock.fileno())
            self._gone()
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            message = orjson.loads(line)
            if "ended" in message:
                self._ended(message["ended"], Exit(message["code"], message["most"]))
            elif "isolated" in message:
                self.isolated = message["isolated"]
            elif "loaded" in message:
                self.loaded = True  # workers that are started from now on need not import what jobs need

    async def close(self) -> None:
        """End it and with it all workers; waits until they are gone. Ending it twice does no harm."""
        if self._sock.fileno() < 0:
            return
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        try:
            await self._loop.run_in_executor(None, self._process.wait, 5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
