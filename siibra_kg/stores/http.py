"""One SPARQL request over HTTP: sent by SPARQLWrapper, read as it arrives, every failure a typed error."""

from __future__ import annotations

import ast
import http.client
import re
import time
import urllib.error
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from SPARQLWrapper import GET, JSON, POST, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException

from siibra_kg.errors import EndpointError, QueryError
from siibra_kg.stores.dataset import with_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

__all__ = ["Answer", "Requester"]

#: Longer queries are sent by POST: some servers and proxies cut addresses at 2,048 characters.
_LONGEST_GET = 1500
_CHUNK = 1 << 16
#: Virtuoso repeats each graph of the request in a header of its answer, twice, and Python reads 100 headers at most;
#: so a query names more graphs than these itself (FROM, FROM NAMED).
_MANY_GRAPHS = 32
# Oxigraph says "error at 2:7: ...", Virtuoso "SPARQL compiler, line 2: ...".
_WHERE = (re.compile(r"error at (\d+):(\d+)"), re.compile(r"line (\d+)"))


class Answer:
    """The body of an answer, read piece by piece and unpacked; its media type stands without parameters.

    Parameters
    ----------
    response
        What urllib gave.
    url
        Named in errors.
    timeout
        Seconds that may be waited for the endpoint altogether; the time that a reader takes for itself does not count.
    waited
        Seconds of these that have gone by.
    """

    def __init__(self, response: Any, url: str, timeout: float, waited: float) -> None:  # noqa: ANN401  HTTPResponse
        self._response, self._url, self._timeout, self._waited = response, url, timeout, waited
        headers = response.headers
        self.media_type: str = headers.get_content_type() if headers.get("Content-Type") else ""
        self.virtuoso: bool = headers.get("Server", "").startswith("Virtuoso")
        #: Whether an answer that is cut off can be told from a whole one by HTTP alone.
        self.framed: bool = response.length is not None or response.chunked
        packed = headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("identity", "", "gzip", "x-gzip"):
            raise EndpointError(url, f"packed its answer as {packed}, which was not asked for")
        self._unpack = zlib.decompressobj(wbits=31) if "gzip" in packed else None

    def read(self, size: int = _CHUNK) -> bytes:
        """Give the next bytes, not more than ``size``, and none at the end of a whole answer.

        Raises
        ------
        EndpointError
            If the connection breaks, the answer ends early, or it takes too long.
        """
        size = _CHUNK if size is None or size < 0 else size
        if self._unpack is None:
            return self._next(size)
        while True:
            data = self._unpack.unconsumed_tail or self._next(_CHUNK)
            try:
                piece = self._unpack.decompress(data, size)
            except zlib.error as error:
                raise EndpointError(self._url, f"the packed answer is broken: {error}") from error
            if piece:
                return piece
            if not data:
                if not self._unpack.eof:
                    raise EndpointError(self._url, "the packed answer is cut off")
                return b""

    def _next(self, size: int) -> bytes:
        begin = time.monotonic()
        with reading(self._url, self._timeout):
            data: bytes = self._response.read1(size)
        self._waited += time.monotonic() - begin
        if not data and self._response.length:  # read1 does not report a connection that ends early
            raise EndpointError(self._url, f"the answer ended {self._response.length} bytes early")
        if self._waited > self._timeout:  # a socket's timeout begins anew with every byte
            raise EndpointError(self._url, f"the answer was not complete after {self._timeout:g} seconds")
        return data

    def whole(self, most: int) -> bytes:
        """Read everything, up to a number of bytes, and let go of the connection."""
        pieces: list[bytes] = []
        try:
            while piece := self.read():
                pieces.append(piece)
                most -= len(piece)
                if most < 0:
                    raise EndpointError(self._url, "answered with far more than was asked for")
        finally:
            self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of the connection, whatever of the answer is still to come."""
        self._response.close()


@dataclass(frozen=True, slots=True)
class Requester:
    """Sends queries to one endpoint.

    Parameters
    ----------
    url
        Address; a query part is kept as parameters of each request.
    timeout
        Seconds for a whole request.
    graphs
        Sent as ``default-graph-uri`` and ``named-graph-uri``; many of them in the query.
    """

    url: str
    timeout: float
    graphs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise EndpointError(self.url, "is no http or https address")
        if self.timeout <= 0:
            raise EndpointError(self.url, f"a timeout of {self.timeout} seconds leaves no time")

    def send(self, query: str, form: str, accept: str) -> Answer:
        """Send a query and wait for the beginning of the answer, which the caller closes.

        Raises
        ------
        QueryError
            If the endpoint refuses the query (status 400).
        EndpointError
            For everything else that can go wrong.
        """
        begin = time.monotonic()
        with self._errors(query):
            response = self._wrapper(query, form, accept).query().response
        try:
            self._check(response.headers)
            return Answer(response, self.url, self.timeout, time.monotonic() - begin)
        except EndpointError:
            response.close()
            raise

    def _wrapper(self, query: str, form: str, accept: str) -> SPARQLWrapper:
        parts = urlsplit(self.url)
        wrapper = SPARQLWrapper(urlunsplit((*parts[:3], "", "")), agent="siibra-kg")
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            wrapper.addParameter(name, value)
        if len(self.graphs) > _MANY_GRAPHS:
            query = with_dataset(query, self.graphs)
        else:
            for graph in self.graphs:
                wrapper.addDefaultGraph(graph)
                wrapper.addNamedGraph(graph)
        wrapper.queryString = query
        wrapper.queryType = form  # known from the tokens; SPARQLWrapper's own guess is misled by comments
        wrapper.setReturnFormat(JSON if "json" in accept else TURTLE)
        wrapper.setOnlyConneg(True)  # else it repeats the format in three parameters of its own
        wrapper.addCustomHttpHeader("Accept", accept)
        wrapper.addCustomHttpHeader("Accept-Encoding", "gzip")
        wrapper.setMethod(POST if len(query) + sum(map(len, self.graphs)) > _LONGEST_GET else GET)
        wrapper.timeout = self.timeout  # type: ignore[assignment]  # setTimeout takes whole seconds
        return wrapper

    def _check(self, headers: Message) -> None:
        """Refuse what the endpoint itself says is not the whole answer."""
        if limit := headers.get("X-SPARQL-MaxRows"):
            raise EndpointError(self.url, f"cut the result off after {limit} rows, its limit; ask for less at a time")
        if state := headers.get("X-SQL-State"):
            message = headers.get("X-SQL-Message", "")
            raise EndpointError(self.url, f"gave a partial result: {state} {message}".strip())

    @contextmanager
    def _errors(self, query: str) -> Iterator[None]:
        """Turn what SPARQLWrapper and urllib raise into our errors."""
        try:
            with reading(self.url, self.timeout):
                yield
        except QueryBadFormed as error:
            raise _refused(_said(error), query) from error
        except SPARQLWrapperException as error:
            status = getattr(error.__context__, "code", "unknown")
            raise EndpointError(self.url, f"answered with status {status}: {_said(error)[:400]}") from error


@contextmanager
def reading(url: str, timeout: float) -> Iterator[None]:
    """Turn what urllib and sockets raise into errors that name the endpoint."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise EndpointError(url, f"answered with status {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise EndpointError(url, f"gave no answer within {timeout:g} seconds") from error
    except urllib.error.URLError as error:
        slow = isinstance(error.reason, TimeoutError)
        reason = f"gave no answer within {timeout:g} seconds" if slow else f"cannot be reached: {error.reason}"
        raise EndpointError(url, reason) from error
    except (OSError, http.client.HTTPException) as error:
        raise EndpointError(url, f"the connection broke: {type(error).__name__} {error}".strip()) from error


def _said(error: SPARQLWrapperException) -> str:
    """Give the body of an error answer; SPARQLWrapper hands it on as the repr of bytes in a sentence.

    Virtuoso repeats the query in it, which is left out.
    """
    _, _, shown = str(error.args[0] if error.args else "").partition("Response:\n")
    try:
        body = ast.literal_eval(shown)
    except (SyntaxError, ValueError):
        return shown.strip()
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return text.partition("\n\nSPARQL query:")[0].strip()


def _refused(said: str, query: str) -> QueryError:
    reason = said[:600] or "the endpoint gives no reason"
    for pattern in _WHERE:
        if found := pattern.search(reason):
            line, column = (*map(int, found.groups()), 1)[:2]
            return QueryError(reason, query, line=min(line, query.count("\n") + 1), column=column)
    return QueryError(reason, query)
