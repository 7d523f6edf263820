"""The ASGI application: every request to the part that answers it, every error to a problem document."""

from __future__ import annotations

import asyncio
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

from siibra_kg.errors import SiibraKGError
from siibra_kg.server.http.exchange import Exchange, Interrupted
from siibra_kg.server.http.hosts import Hosts, base_url
from siibra_kg.server.http.protocol import GONE, TASK
from siibra_kg.server.http.routing import Table, decoded_path, request_of
from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.problem import Refused, problem, problem_of
from siibra_kg.server.sparql.endpoint import Endpoint, answer
from siibra_kg.server.status import status_routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.server.http.exchange import Receive, Scope, Send
    from siibra_kg.server.job import Job, Reply, Request, Route
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool import Pool
    from siibra_kg.server.sparql.endpoint import Rewriter

__all__ = ["App", "create_app"]

#: Modules that have ``ROUTES``; the pages come last, because they answer for all minted identifiers.
PARTS = ("siibra_kg.server.api.routes", "siibra_kg.server.descriptions", "siibra_kg.server.pages.routes")
_BODIES = frozenset({"POST", "PUT", "PATCH"})
_UNDESCRIBED = (
    Form("html", ("text/html", "application/xhtml+xml")),
    Form("rdf", ("text/turtle", "application/ld+json", "application/n-triples", "application/json", "text/plain")),
)


def create_app(pool: Pool, options: ServerOptions, *, rewriter: Rewriter | None = None) -> App:
    """Make the application.

    Parameters
    ----------
    pool
        Does the jobs; it is started by the caller.
    options
        With the port that is really listened on.
    rewriter
        Answers ``SERVICE`` of the endpoints in ``options.services``, before a query reaches a worker.
    """
    return App(pool, options, rewriter)


class App:
    """An ASGI application; see :func:`create_app`."""

    def __init__(self, pool: Pool, options: ServerOptions, rewriter: Rewriter | None = None) -> None:
        self._pool = pool
        self._options = options
        self._hosts = Hosts(options)
        self._base_url = base_url(options)
        self._sparql = Endpoint(pool, options, self._base_url, self._described, rewriter)
        self._table = Table([*status_routes(pool.info), *_routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; never raises, but to break off."""
        if scope["type"] != "http":
            return
        scope[TASK] = asyncio.current_task()  # a connection that is lost cancels it
        exchange = None
        try:
            exchange = Exchange(scope, receive, send)
            await self._route(exchange)
        except asyncio.CancelledError:
            if not scope.get(GONE):
                raise
        except Interrupted:
            return  # without an end: uvicorn closes the connection
        except SiibraKGError as error:
            await _tell(exchange or _bare(scope, receive, send), problem_of(error))
        except Exception as error:  # noqa: BLE001  whatever it is, others are answered on
            traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
            detail = "an error of the server, not of the request; it has been logged"
            await _tell(exchange or _bare(scope, receive, send), problem(500, "internal", detail))

    async def _route(self, exchange: Exchange) -> None:
        if exchange.headers.get(b"host", b"") not in self._hosts:
            detail = "the Host header names none of the names of this server; --host-name allows more"
            raise Refused(421, "misdirected-request", detail)
        if exchange.path == b"/sparql":
            await self._sparql(exchange)
            return
        path = decoded_path(exchange.path)
        handler = self._table.find(exchange.method, path)
        if handler is None:
            await exchange.send(204, ((b"allow", self._allowed(path)),), b"")
            return
        body = await exchange.body(self._options.max_query) if exchange.method in _BODIES else b""
        await answer(exchange, self._pool, handler(self._request(exchange, path, body)))

    def _allowed(self, path: str) -> bytes:
        try:
            self._table.find("?", path)
        except Refused as error:
            return dict(error.headers)["Allow"].encode("latin-1")
        return b""

    def _request(self, exchange: Exchange, path: str, body: bytes = b"") -> Request:
        return request_of(
            exchange,
            path,
            body,
            base_url=self._base_url,
            options=self._options,
            snapshot=self._pool.snapshot,
            base_iri=self._pool.base_iri,
        )

    def _described(self, exchange: Exchange) -> Job | Reply:
        """Answer ``/sparql`` without a query: a form for people, a description for machines."""
        from siibra_kg.server.descriptions import service_description  # noqa: PLC0415  rarely asked for
        from siibra_kg.server.pages.routes import sparql_form  # noqa: PLC0415  the same

        request = self._request(exchange, "/sparql")
        html = choose(request.headers.get("accept", ""), _UNDESCRIBED[::-1]).name == "html"
        return sparql_form(request) if html else service_description(request)


def _routes() -> Iterator[Route]:
    for part in PARTS:
        yield from import_module(part).ROUTES


async def _tell(exchange: Exchange, reply: Reply) -> None:
    try:
        await exchange.reply(reply)
    except RuntimeError:  # the answer has begun, or the client has gone
        return


def _bare(scope: Scope, receive: Receive, send: Send) -> Exchange:
    """Make an exchange for a head that could not be read."""
    return Exchange({**scope, "headers": []}, receive, send)
