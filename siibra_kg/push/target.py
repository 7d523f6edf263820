"""The store that a snapshot is pushed to: its graphs are replaced, added to, removed, and asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from siibra_kg.errors import EndpointError, SiibraKGError
from siibra_kg.push.report import PushFailed
from siibra_kg.questions.run import run
from siibra_kg.stores.results import BrokenResults, read_results
from siibra_kg.web.send import Request, SendFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.push.addresses import Addresses
    from siibra_kg.stores.protocol import Solutions
    from siibra_kg.table import Table
    from siibra_kg.templates import Catalog
    from siibra_kg.web.send import Reply, Sender

__all__ = ["Target"]

#: Every request here may be sent again: to replace a graph, or to add ground triples, twice is to do it once.
_ATTEMPTS = 4
_PASSING = frozenset({429, 500, 502, 503, 504})
#: Virtuoso 7 does not believe the type that it is told: it parses the first 64 KB and refuses what ends there inside
#: a long literal ("unsupported type text/plain"), unless it begins as Turtle may, and N-Triples, a part of it, may not.
_TURTLE, _BEGIN = "text/turtle", b"@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
_RESULTS = "application/sparql-results+json"
_LARGEST = 256 << 20


class Target:
    """A SPARQL 1.1 service with a Graph Store, or with an update endpoint.

    Parameters
    ----------
    addresses
        Where its parts are.
    sender
        Sends the requests.
    catalog
        The templates that it is asked with.
    pause
        Seconds before a second attempt; doubled before each further one.
    """

    def __init__(self, addresses: Addresses, sender: Sender, catalog: Catalog, *, pause: float = 0.5) -> None:
        self.addresses = addresses
        self._sender = sender
        self._catalog = catalog
        self._pause = pause

    # -- graphs --------------------------------------------------------------------------------------------------

    def replace(self, graph: str, ntriples: bytes) -> None:
        """Make a graph hold these triples and no others."""
        if self.addresses.by_update:
            self._update(graph, f"DROP SILENT GRAPH <{graph}> ;\n", ntriples)
        else:
            self._store("PUT", graph, ntriples)

    def add(self, graph: str, ntriples: bytes) -> None:
        """Add triples to a graph."""
        if self.addresses.by_update:
            self._update(graph, "", ntriples)
        else:
            self._store("POST", graph, ntriples)

    def remove(self, graph: str) -> None:
        """Remove a graph; it may be gone already."""
        if self.addresses.by_update:
            self._send("POST", graph, None, f"DROP SILENT GRAPH <{graph}>".encode(), "application/sparql-update")
        else:
            self._send("DELETE", graph, {"graph": graph}, b"", "", missing=True)

    def _store(self, method: str, graph: str, ntriples: bytes) -> None:
        self._send(method, graph, {"graph": graph}, _BEGIN + ntriples, _TURTLE)

    def _update(self, graph: str, before: str, ntriples: bytes) -> None:
        # Data, written around N-Triples as they are: no template, there is nothing to bind. SPARQL expands \uXXXX
        # before it reads strings, so a backslash that is itself escaped must not stand before a u.
        safe = ntriples.replace(b"\\\\u", b"\\\\\\u0075").replace(b"\\\\U", b"\\\\\\u0055")
        body = b"%sINSERT DATA { GRAPH <%s> {\n%s} }" % (before.encode(), graph.encode(), safe)
        self._send("POST", graph, None, body, "application/sparql-update")

    def _send(
        self,
        method: str,
        graph: str,
        params: Mapping[str, str] | None,
        body: bytes,
        kind: str,
        *,
        missing: bool = False,
    ) -> None:
        headers = {"Content-Type": kind} if kind else {}
        reply = self._tried(graph, Request(method, self.addresses.url, params or {}, body, headers))
        if not reply.ok and not (missing and reply.status == 404):
            raise self._refused(reply, graph)

    # -- questions -----------------------------------------------------------------------------------------------

    def ask(self, template: str, values: Mapping[str, object]) -> Table:
        """Run a template there.

        Raises
        ------
        PushFailed
            If there is no answer to it.
        """
        try:
            return run(self, self._catalog[template], values)  # type: ignore[arg-type]  # SELECT is all that it needs
        except (BrokenResults, EndpointError) as error:
            raise PushFailed(self.addresses.query, str(error)) from None

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT, as a store does."""
        url = self.addresses.query
        reply = self._tried("", Request("POST", url, {}, {"query": query}, {"Accept": _RESULTS}))
        if not reply.ok:
            raise self._refused(reply, "", url)
        if reply.media_type != _RESULTS:
            raise PushFailed(url, f"answered a query with {reply.media_type or 'nothing'} instead of JSON results")
        pieces = iter((reply.body, b""))
        return read_results(lambda: next(pieces, b""), types, query, close=lambda: None)

    # -- requests ------------------------------------------------------------------------------------------------

    def _tried(self, graph: str, request: Request) -> Reply:
        """Send a request, again where the failure may pass.

        Not again after silence: the service may still be at work on it, and do it after what comes next.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                reply = self._sender.send(request, max_bytes=_LARGEST)
            except SendFailed as error:
                if not error.again or attempt == _ATTEMPTS:
                    raise PushFailed(request.url, error.reason, graph, _AGAIN) from None
            else:
                if reply.status not in _PASSING or attempt == _ATTEMPTS:
                    return reply
            time.sleep(self._pause * 2 ** (attempt - 1))
        raise AssertionError  # the last attempt returns or raises

    def _refused(self, reply: Reply, graph: str, url: str = "") -> SiibraKGError:
        where = url or self.addresses.url
        if reply.status in (401, 403):
            return PushFailed(where, f"refused with status {reply.status}", graph, "check user and password")
        if 300 <= reply.status < 400:
            return PushFailed(where, f"redirects (status {reply.status}), which is not followed", graph)
        said = f": {reply.said}" if reply.said else ""
        hint = _AGAIN if reply.status in _PASSING else ""
        return PushFailed(where, f"answered with status {reply.status} {reply.reason}{said}".rstrip(), graph, hint)


_AGAIN = "push again: it goes on where it was"
