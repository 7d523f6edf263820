"""One SPARQL request over HTTP: sent by SPARQLWrapper, read within a deadline, every failure a typed error."""

from __future__ import annotations

import ast
import http.client
import re
import time
import urllib.error
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from SPARQLWrapper import GET, JSON, POST, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException

from siibra_kg.errors import EndpointError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Answer", "Requester"]

#: Longer queries are sent by POST: some servers and proxies cut addresses at 2,048 characters.
_LONGEST_GET = 1500
_CHUNK = 1 << 16
# Oxigraph says "error at 2:7: ...", Virtuoso "SPARQL compiler, line 2: ...".
_WHERE = (re.compile(r"error at (\d+):(\d+)"), re.compile(r"line (\d+)"))


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer and its media type without parameters."""

    media_type: str
    body: bytes


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
        Sent as ``default-graph-uri`` and ``named-graph-uri``.
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
        """Send a query and read the whole answer.

        Raises
        ------
        QueryError
            If the endpoint refuses the query (status 400).
        EndpointError
            For everything else that can go wrong.
        """
        deadline = time.monotonic() + self.timeout
        with self._errors(query):
            response = self._wrapper(query, form, accept).query().response
            with response:
                return self._read(response, deadline)

    def _wrapper(self, query: str, form: str, accept: str) -> SPARQLWrapper:
        parts = urlsplit(self.url)
        wrapper = SPARQLWrapper(urlunsplit((*parts[:3], "", "")), agent="siibra-kg")
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            wrapper.addParameter(name, value)
        for graph in self.graphs:
            wrapper.addDefaultGraph(graph)
            wrapper.addNamedGraph(graph)
        wrapper.queryString = query
        wrapper.queryType = form  # known from the tokens; SPARQLWrapper's own guess is misled by comments
        wrapper.setReturnFormat(JSON if "json" in accept else TURTLE)
        wrapper.setOnlyConneg(True)  # else it repeats the format in three parameters of its own
        wrapper.addCustomHttpHeader("Accept", accept)
        wrapper.setMethod(POST if len(query) + sum(map(len, self.graphs)) > _LONGEST_GET else GET)
        wrapper.timeout = self.timeout  # type: ignore[assignment]  # setTimeout takes whole seconds
        return wrapper

    def _read(self, response: Any, deadline: float) -> Answer:  # noqa: ANN401  http.client.HTTPResponse
        """Read to the end, or to the deadline: a socket's timeout begins anew with every byte."""
        chunks: list[bytes] = []
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                raise EndpointError(self.url, f"the answer was not complete after {self.timeout:g} seconds")
        if response.length:  # read1 does not report a connection that ends early
            raise EndpointError(self.url, f"the answer ended {response.length} bytes early")
        headers = response.headers
        if limit := headers.get("X-SPARQL-MaxRows"):
            raise EndpointError(self.url, f"cut the result off after {limit} rows, its limit; ask for less at a time")
        if state := headers.get("X-SQL-State"):
            message = headers.get("X-SQL-Message", "")
            raise EndpointError(self.url, f"gave a partial result: {state} {message}".strip())
        return Answer(headers.get_content_type() if headers.get("Content-Type") else "", b"".join(chunks))

    @contextmanager
    def _errors(self, query: str) -> Iterator[None]:
        """Turn what SPARQLWrapper and urllib raise into our errors."""
        try:
            yield
        except QueryBadFormed as error:
            raise _refused(_said(error), query) from error
        except SPARQLWrapperException as error:
            status = getattr(error.__context__, "code", "unknown")
            raise EndpointError(self.url, f"answered with status {status}: {_said(error)[:400]}") from error
        except urllib.error.HTTPError as error:
            error.close()
            raise EndpointError(self.url, f"answered with status {error.code} {error.reason}") from error
        except TimeoutError as error:
            raise EndpointError(self.url, f"gave no answer within {self.timeout:g} seconds") from error
        except urllib.error.URLError as error:
            slow = isinstance(error.reason, TimeoutError)
            reason = f"gave no answer within {self.timeout:g} seconds" if slow else f"cannot be reached: {error.reason}"
            raise EndpointError(self.url, reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise EndpointError(self.url, f"the connection broke: {type(error).__name__} {error}".strip()) from error


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
