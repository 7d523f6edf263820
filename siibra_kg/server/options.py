"""What whoever runs the server may decide: one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServerOptions"]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server listens, and what one request may cost.

    Parameters
    ----------
    host, port
        Where to listen; loopback unless told. Port 0 takes any free one.
    base_url
        Address that the public knows, for instance behind a proxy, without ``/`` at its end; ``http://host:port``
        unless told.
    hosts
        Names that a ``Host`` header may have, beside that of ``base_url``; on loopback also ``localhost``,
        ``127.0.0.1`` and ``[::1]``. Anything else is answered with 421: a page elsewhere may have rebound its name to
        this address.
    workers
        Processes that evaluate; 0 for one more than there are processors, and at least 3.
    timeout
        Seconds that a request may take in a worker.
    memory
        Bytes that a worker may add to what it needs when idle.
    max_rows
        Rows or triples that one answer may have.
    max_bytes
        Bytes that one answer may have, before compression.
    max_query
        Bytes that the text of a query, or the body of any request, may have.
    queue
        Requests that may wait for a worker; further ones are answered with 503 and ``Retry-After``.
    services
        SPARQL endpoints that ``SERVICE`` may name, exactly as written. None unless told.
    cache
        Bytes of small answers that the front process keeps; 0 for none.
    in_memory
        Load the graph into the memory of each worker: joins are faster, starting takes seconds.
    """

    host: str = "127.0.0.1"
    port: int = 7687
    base_url: str = ""
    hosts: tuple[str, ...] = ()
    workers: int = 0
    timeout: float = 10.0
    memory: int = 1 << 30
    max_rows: int = 100_000
    max_bytes: int = 64_000_000
    max_query: int = 64_000
    queue: int = 128
    services: tuple[str, ...] = ()
    cache: int = 32_000_000
    in_memory: bool = False
