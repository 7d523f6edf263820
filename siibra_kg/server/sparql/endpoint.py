"""The endpoint: from an HTTP request to a job, and from its answer to HTTP, with as little between as can be."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from siibra_kg.server.http.exchange import fresh
from siibra_kg.server.job import Job, Reply
from siibra_kg.server.problem import Refused
from siibra_kg.server.sparql import request as asking
from siibra_kg.server.sparql.preflight import calls_service, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.server.http.exchange import Exchange
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.server.pool import Pool

__all__ = ["Cache", "Endpoint", "Rewriter"]

Line = tuple[bytes, bytes]
_METHODS = "GET, HEAD, POST, OPTIONS"
#: Answers above this many bytes are not kept.
LARGEST_KEPT = 1 << 17


class Rewriter(Protocol):
    """Answers the calls of allowed endpoints in a query, and gives the query with what they answered in their place."""

    def __call__(self, query: str) -> str:
        """Rewrite; called in a thread, because it waits for others."""
        ...


class Cache:
    """Answers that were given lately, by ETag, which has the snapshot in it.

    >>> cache = Cache(300)
    >>> for name in (b"a", b"b", b"c"): cache.put(name, (), b"x" * 40)
    >>> cache.get(b"a"), cache.get(b"c")
    (None, ((), b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'))
    """

    _EACH = 100  # bytes that keeping one costs beside its body, about

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[bytes, tuple[tuple[Line, ...], bytes]] = OrderedDict()

    def get(self, tag: bytes) -> tuple[tuple[Line, ...], bytes] | None:
        """Give an answer, if it is there."""
        found = self._kept.get(tag)
        if found is not None:
            self._kept.move_to_end(tag)
        return found

    def put(self, tag: bytes, lines: tuple[Line, ...], body: bytes) -> None:
        """Keep an answer; others go where there is no room."""
        if len(body) > min(LARGEST_KEPT, self._most) or tag in self._kept:
            return
        self._kept[tag] = (lines, body)
        self._size += len(body) + self._EACH
        while self._size > self._most and self._kept:
            _, (_, old) = self._kept.popitem(last=False)
            self._size -= len(old) + self._EACH


class Endpoint:
    """SPARQL 1.1 Protocol.

    Parameters
    ----------
    pool
        Evaluates.
    options
        Limits.
    base_url
        Address of the server.
    described
        Answers a request without a query: a description or a form.
    rewriter
        For ``SERVICE`` of allowed endpoints; without one, none is.
    """

    def __init__(
        self,
        pool: Pool,
        options: ServerOptions,
        base_url: str,
        described: Callable[[Exchange], Job | Reply],
        rewriter: Rewriter | None = None,
    ) -> None:
        self._pool = pool
        self._options = options
        self._base_url = base_url
        self._described = described
        self._rewriter = rewriter
        self._forms = asking.Forms()
        self._cache = Cache(options.cache)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer a request.

        Raises
        ------
        Refused
            With the status that says why.
        """
        method = exchange.method
        if method in ("GET", "HEAD"):
            asked = asking.from_query_string(exchange.address)
            if not asked.query and b"query=" not in exchange.address:
                await answer(exchange, self._pool, self._described(exchange))
                return
        elif method == "POST":
            asked = await self._posted(exchange)
        elif method == "OPTIONS":
            await exchange.send(204, OPTIONS_LINES, b"")
            return
        else:
            raise Refused(405, "method-not-allowed", f"{method} is none of {_METHODS}", (("Allow", _METHODS),))
        await self._evaluate(exchange, asked)

    async def _posted(self, exchange: Exchange) -> asking.Asked:
        kind = exchange.headers.get(b"content-type", b"").decode("latin-1")
        name, _, parameters = kind.partition(";")
        name = name.strip().lower()
        if name == asking.UPDATE:
            raise asking.no_update()
        if name not in (asking.FORM, asking.QUERY):
            detail = f"a query is posted as {asking.QUERY} or {asking.FORM}, not as {name[:60] or 'nothing'}"
            raise Refused(415, "unsupported-media-type", detail, (("Accept-Post", f"{asking.QUERY}, {asking.FORM}"),))
        charset = parameters.lower().partition("charset=")[2].strip(' "')
        if charset and charset not in ("utf-8", "utf8", "us-ascii"):
            raise Refused(415, "unsupported-media-type", f"a query is sent as UTF-8, not as {charset[:40]}")
        if exchange.headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refused(415, "unsupported-media-type", "the body of a request is not compressed here")
        body = await exchange.body(self._options.max_query)
        read = asking.from_form if name == asking.FORM else asking.from_body
        return read(body, exchange.address)

    async def _evaluate(self, exchange: Exchange, asked: asking.Asked) -> None:
        if not asked.query.strip():
            raise Refused(400, "bad-request", "there is no query: send it as the parameter `query`, or as the body")
        if len(asked.query) > self._options.max_query:
            raise Refused(413, "query-too-long", f"a query has at most {self._options.max_query:,} bytes")
        forms = self._forms(exchange.headers.get(b"accept", b"").decode("latin-1"), asked.form)
        if self._options.services and calls_service(asked.query):
            asked = await self._federated(asked)
            job = asking.job(asked, forms, self._base_url)
            await answer(exchange, self._pool, Job(job.kind, job.payload))
            return
        job = asking.job(asked, forms, self._base_url)
        await answer(exchange, self._pool, job, self._cache if self._options.cache else None)

    async def _federated(self, asked: asking.Asked) -> asking.Asked:
        services(asked.query, self._options.services)
        if self._rewriter is None:
            raise Refused(403, "service-not-allowed", "this server calls no other endpoints")
        loop = asyncio.get_running_loop()
        return asked._replace(query=await loop.run_in_executor(None, self._rewriter, asked.query))


OPTIONS_LINES = (
    (b"allow", _METHODS.encode()),
    (b"access-control-allow-methods", _METHODS.encode()),
    (b"access-control-allow-headers", b"Accept, Content-Type, If-None-Match"),
    (b"access-control-max-age", b"86400"),
)


async def answer(exchange: Exchange, pool: Pool, job: Job | Reply, cache: Cache | None = None) -> None:
    """Have a job done and send its answer; what the client has already is not done again.

    Raises
    ------
    Refused
        If the job was refused.
    Interrupted
        If the answer broke off.
    """
    if isinstance(job, Reply):
        await exchange.reply(job)
        return
    tag = b""
    if job.etag:
        tag = f"{pool.snapshot}-{job.etag}".encode("latin-1")
        known = exchange.headers.get(b"if-none-match")
        if known is not None and fresh(known, tag):
            await exchange.unchanged(tag)
            return
        if cache is not None and (found := cache.get(tag)) is not None:
            await exchange.send(200, *found, tag)
            return
    done = await pool.run(job)
    if job.etag and done.snapshot and done.status == 200:
        tag = f"{done.snapshot}-{job.etag}".encode("latin-1")
    body = done.body
    if isinstance(body, bytes):
        if cache is not None and tag and done.status == 200:
            cache.put(tag, done.headers, body)
        await exchange.send(done.status, done.headers, body, tag if done.status == 200 else b"")
        return
    try:
        await exchange.stream(done.status, done.headers, body, tag)
    finally:
        await body.aclose()  # type: ignore[attr-defined]  # frees the worker if the client has gone
