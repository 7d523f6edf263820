"""Between the process that talks HTTP and the processes that evaluate: what is asked, what is answered.

``handler(Request) -> Job | Reply`` runs in the front process: pure, quick, no store. ``job(State, payload) -> Reply``
runs in a worker. Both raise :class:`siibra_kg.errors.SiibraKGError`, which becomes ``application/problem+json``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.server.options import ServerOptions

__all__ = ["Handler", "Job", "JobFunction", "Reply", "Request", "Route", "State"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, read whole.

    Parameters
    ----------
    method
        ``GET``, ``HEAD``, ``POST`` ...
    path
        Decoded, with its leading ``/``.
    query
        Parameters of the address, decoded, in order.
    headers
        By lower-case name.
    body
        The body, already below the limit.
    base_url
        Address of this server as the public knows it, without ``/`` at its end.
    options
        Of the server.
    snapshot
        Hash of the content that is served; empty if unknown.
    base_iri
        What minted identifiers start with; ends with ``/``. ``base_url`` answers for what comes after it.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://127.0.0.1:7687"
    options: ServerOptions | None = None
    snapshot: str = ""
    base_iri: str = "https://w3id.org/siibra-kg/"


@dataclass(frozen=True, slots=True)
class Job:
    """Something for a worker to do.

    Parameters
    ----------
    kind
        Name in :data:`siibra_kg.server.jobs.JOBS`.
    payload
        What it needs; only what JSON can hold.
    etag
        Distinguishes this answer from others of the same snapshot, for instance a hash of query and media type;
        empty if the answer may not be kept by clients.
    """

    kind: str
    payload: Mapping[str, Any]
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Parameters
    ----------
    body
        The bytes, or what writes them to a stream: then they are sent as they come.
    media_type
        With parameters, for instance ``text/html; charset=utf-8``.
    status
        HTTP status code.
    headers
        Further header lines.
    """

    body: bytes | Callable[[BinaryIO], object] = b""
    media_type: str = "application/octet-stream"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """What a worker has: the open graph and the limits. ``keep`` is for what jobs prepare once, by name."""

    kg: KnowledgeGraph
    options: ServerOptions
    snapshot: str = ""
    keep: dict[str, Any] = field(default_factory=dict)


class JobFunction(Protocol):
    """Does a job in a worker."""

    def __call__(self, state: State, payload: Mapping[str, Any]) -> Reply:
        """Do it."""
        ...


class Handler(Protocol):
    """Turns a request into a job, or answers at once."""

    def __call__(self, request: Request) -> Job | Reply:
        """Decide."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """Which handler answers which paths.

    Parameters
    ----------
    path
        In Starlette's words, for instance ``/api/{name:path}``; the handler reads ``request.path`` itself.
    methods
        Allowed methods; ``HEAD`` comes with ``GET``. Others are answered with 405 and ``Allow``.
    handler
        Called in the front process.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
