"""Runs the server until it is told to end: listens, starts the workers, says where it is."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from siibra_kg.errors import SiibraKGError
from siibra_kg.server.app import create_app
from siibra_kg.server.http.hosts import base_url
from siibra_kg.server.http.protocol import Gate, GuardedProtocol
from siibra_kg.server.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.config import Settings
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.sparql.endpoint import Rewriter

__all__ = ["CannotListen", "serve"]

#: Connections that may wait to be accepted, and that may be open.
BACKLOG, CONNECTIONS = 2048, 1000
#: Seconds without a request after which a connection is closed.
KEEP_ALIVE = 15
#: Seconds that requests get to end when the server is told to.
GRACE = 2
_SWEEP = 1.0
_HEADERS = [
    ("server", "siibra-kg"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
]


class CannotListen(SiibraKGError):
    """The address cannot be listened on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        return f"cannot listen on {self.host}, port {self.port}: {self.reason}; choose another with --port"


def serve(place: str | None, settings: Settings, options: ServerOptions) -> None:
    """Serve until SIGTERM or SIGINT; then requests under way get a few seconds to end.

    Parameters
    ----------
    place
        Snapshot folder or RDF file; ``None`` for the newest snapshot.
    settings
        Where snapshots are.
    options
        Of the server. The address is printed on stderr as soon as it answers.

    Raises
    ------
    CannotListen
        If the port is taken, for instance.
    SnapshotError
        If the graph cannot be opened.
    """
    with _listening(options) as sock:
        options = replace(options, port=sock.getsockname()[1])
        if sys.platform == "win32":
            asyncio.run(_serve(place, settings, options, sock))
            return
        import uvloop  # noqa: PLC0415  not on Windows

        uvloop.run(_serve(place, settings, options, sock))


@contextmanager
def _listening(options: ServerOptions) -> Iterator[socket.socket]:
    try:
        family = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.create_server((options.host, options.port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise CannotListen(options.host, options.port, getattr(error, "strerror", None) or str(error)) from error
    with sock:
        yield sock


async def _serve(place: str | None, settings: Settings, options: ServerOptions, sock: socket.socket) -> None:
    pool = Pool(place, settings, options)
    ended = _Server.signals()
    starting = asyncio.ensure_future(pool.start())
    stopping = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if ended.is_set():
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return
        await starting
        gate = Gate(_most_connections())
        config = uvicorn.Config(
            create_app(pool, options, rewriter=_rewriter(settings, options)),
            http=partial(GuardedProtocol, gate=gate),  # type: ignore[arg-type]  # called as the class would be
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # the application says itself what went wrong
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who asks, and headers of anybody are not believed
            headers=_HEADERS,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            backlog=BACKLOG,
        )
        await _Server(config, gate, ended, base_url(options)).serve(sockets=[sock])
    finally:
        stopping.cancel()
        await pool.close()


def _rewriter(settings: Settings, options: ServerOptions) -> Rewriter | None:
    """Answer calls of allowed endpoints; nothing is imported if there are none."""
    if not options.services:
        return None
    from siibra_kg.federation import Client, Endpoint, rewrite  # noqa: PLC0415  for servers that call others

    # The answers are read in this process, between other requests: less is taken than a worker would write.
    limits = {"max_bytes": min(options.max_bytes, 20_000_000), "max_rows": min(options.max_rows, 10_000)}
    endpoints = [Endpoint.configured(url, timeout=options.timeout, **limits) for url in options.services]
    client = Client(endpoints, offline=settings.offline)
    return lambda query: rewrite(query, options.services, client)


def _most_connections() -> int:
    """Give how many connections the descriptors of this process are enough for."""
    if sys.platform == "win32":
        return CONNECTIONS
    import resource  # noqa: PLC0415  not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 200
    if soft < wanted and (hard == resource.RLIM_INFINITY or hard > soft):
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(16, min(CONNECTIONS, soft - 200))


class _Server(uvicorn.Server):
    """uvicorn's server, which sweeps its connections and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config, gate: Gate, ended: asyncio.Event, address: str) -> None:
        super().__init__(config)
        self._gate = gate
        self._ended = ended
        self._address = address
        self._swept = 0.0
        self._said = False

    @staticmethod
    def signals() -> asyncio.Event:
        """Give an event that SIGTERM and SIGINT set. A second one ends the process at once."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            ended.set()
            loop.remove_signal_handler(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, end, number)
        return ended

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process before the workers are."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Look after connections, ten times a second at most."""
        if not self._said:
            self._said = True
            sys.stderr.write(f"siibra-kg: serving on {self._address} (Ctrl-C ends it)\n")
            sys.stderr.flush()
        now = asyncio.get_running_loop().time()
        if now - self._swept >= _SWEEP:
            self._swept = now
            self._gate.sweep(now)
        self.should_exit = self.should_exit or self._ended.is_set()
        return await super().on_tick(counter)
