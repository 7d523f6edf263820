"""One question to somebody else's SPARQL endpoint: bounded in time and size, sent where a list says, nowhere else.

The name is looked up once and the connection made to the address that was found, so that a name cannot mean a public
machine when it is checked and a private one when it is called. Nothing is redirected, no proxy of the environment is
asked, no cookie or password is sent.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from siibra_kg.errors import EndpointError
from siibra_kg.version import __version__
from siibra_kg.web.addresses import Endpoint, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Client", "Endpoint", "Fetched"]

_PIECE = 1 << 16
_SAID = 2000  # bytes of an error answer that are read
_JSON = ("application/sparql-results+json", "application/json")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer.

    Parameters
    ----------
    url
        Where it comes from.
    media_type
        As the server says, without parameters.
    date
        The ``Date`` header: when the server says that it answered; empty without one.
    seconds
        From the look-up of the name to the last byte.
    body
        The answer, decompressed.
    """

    url: str
    media_type: str
    date: str
    seconds: float
    body: bytes

    @property
    def sha256(self) -> str:
        """The hash of the decompressed answer, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


class Client:
    """Calls the endpoints of a list, and no others.

    Parameters
    ----------
    endpoints
        Who may be called.
    offline
        Whether the network is switched off, as ``SIIBRA_KG_OFFLINE`` says.

    Examples
    --------
    >>> client = Client([Endpoint("https://sparql.example.org/sparql")])
    >>> client.ask("https://sparql.example.org/sparql/", "SELECT * {}")
    Traceback (most recent call last):
        ...
    siibra_kg.errors.EndpointError: SPARQL endpoint https://sparql.example.org/sparql/: is not on the list of ...
    """

    def __init__(self, endpoints: Iterable[Endpoint], *, offline: bool = False) -> None:
        self.endpoints: Mapping[str, Endpoint] = {e.url: e for e in endpoints}
        self.offline = offline

    def endpoint(self, url: str) -> Endpoint:
        """Give what is known of an endpoint.

        Raises
        ------
        EndpointError
            If it is not on the list, exactly as written.
        """
        if url not in self.endpoints:
            there = ", ".join(self.endpoints) or "nothing is on it"
            raise EndpointError(url, f"is not on the list of endpoints that may be called ({there})")
        return self.endpoints[url]

    def ask(self, url: str, query: str, accept: tuple[str, ...] = _JSON) -> Fetched:
        """Post a query and read the whole answer.

        Parameters
        ----------
        url
            One of the list, exactly as written there.
        query
            SPARQL; sent as a form, as SPARQL 1.1 Protocol section 2.1.2 says.
        accept
            Media types; an answer of another one is an error.

        Raises
        ------
        EndpointError
            For everything that can go wrong; it names the endpoint and says what to do.
        """
        endpoint = self.endpoint(url)
        if self.offline:
            raise EndpointError(url, "the network is switched off by SIIBRA_KG_OFFLINE; unset it to ask")
        start = time.monotonic()
        address = resolve(endpoint, endpoint.timeout)
        with _within(endpoint, start, address) as connection:
            parts = urlsplit(url)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {
                "Host": parts.netloc,
                "User-Agent": f"siibra-kg/{__version__}",
                "Accept": ", ".join(accept),
                "Accept-Encoding": "gzip",
                "Content-Type": "application/x-www-form-urlencoded",
                "Connection": "close",
            }
            connection.request("POST", target, urlencode({"query": query}).encode(), headers)
            with connection.getresponse() as response:
                media_type = _check(endpoint, response, accept)
                body = _read(endpoint, response)
                return Fetched(url, media_type, response.headers.get("Date", ""), time.monotonic() - start, body)


@contextmanager
def _within(endpoint: Endpoint, start: float, address: str) -> Iterator[http.client.HTTPConnection]:
    """Connect, and break the connection off when the time is up; a socket's own timeout begins anew with every byte."""
    late = threading.Event()
    sockets: list[socket.socket] = []
    left = endpoint.timeout - (time.monotonic() - start)

    def stop() -> None:
        late.set()
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(left, 0.001), stop)
    timer.daemon = True
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    timer.start()
    slow = f"gave no whole answer within {endpoint.timeout:g} seconds; ask for less, or give the endpoint more time"
    try:
        plain = socket.create_connection((address, endpoint.port), timeout=max(left, 0.001))
        sockets.append(plain)
        connection.sock = _secured(endpoint, plain, sockets)
        yield connection
    except EndpointError:
        if late.is_set():
            raise EndpointError(endpoint.url, slow) from None
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise EndpointError(endpoint.url, slow) from error
        what = "cannot be reached" if not sockets else "the connection broke"
        raise EndpointError(endpoint.url, f"{what} ({type(error).__name__}: {error})") from error
    finally:
        timer.cancel()
        connection.close()
        for each in sockets:
            each.close()


def _secured(endpoint: Endpoint, plain: socket.socket, sockets: list[socket.socket]) -> socket.socket:
    if not endpoint.url.startswith("https:"):
        return plain
    secured = ssl.create_default_context().wrap_socket(plain, server_hostname=endpoint.host)
    sockets[:] = [secured]
    return secured


def _check(endpoint: Endpoint, response: http.client.HTTPResponse, accept: tuple[str, ...]) -> str:
    """See whether an answer is what was asked for; gives its media type."""
    status, headers = response.status, response.headers
    if 300 <= status < 400:
        to = headers.get("Location", "nowhere")[:300]
        reason = f"redirects to {to!r} (status {status}), which is not followed; list that address if you trust it"
        raise EndpointError(endpoint.url, reason)
    if status != 200:
        said = " ".join(response.read(_SAID).decode("utf-8", "replace").split())[:300]
        again = f"; it asks to wait {headers['Retry-After'][:40]}" if headers.get("Retry-After") else ""
        raise EndpointError(endpoint.url, f"answered with status {status}{again}: {said or response.reason}")
    media_type = headers.get_content_type() if headers.get("Content-Type") else ""
    if media_type not in accept:
        raise EndpointError(endpoint.url, f"answered with {media_type or 'no media type'} instead of {accept[0]}")
    if limit := headers.get("X-SPARQL-MaxRows"):  # Virtuoso
        raise EndpointError(endpoint.url, f"cut the result off after {limit[:20]} rows, its limit; ask for less")
    if state := headers.get("X-SQL-State"):
        raise EndpointError(
            endpoint.url, f"gave a partial result: {state[:20]} {headers.get('X-SQL-Message', '')[:200]}"
        )
    return media_type


def _read(endpoint: Endpoint, response: http.client.HTTPResponse) -> bytes:
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise EndpointError(endpoint.url, f"packed its answer as {coding[:40]!r}, which was not asked for")
    unpack: Any = None if coding == "identity" else zlib.decompressobj(31)
    body = bytearray()
    while piece := response.read1(_PIECE):
        try:
            body += piece if unpack is None else unpack.decompress(piece, endpoint.max_bytes + 1 - len(body))
        except zlib.error as error:
            raise EndpointError(endpoint.url, f"its gzip is broken ({error})") from error
        if len(body) > endpoint.max_bytes:
            raise EndpointError(endpoint.url, f"its answer has more than {endpoint.max_bytes:,} bytes; ask for less")
        if unpack is not None and unpack.eof and unpack.unused_data:
            raise EndpointError(endpoint.url, "something follows the end of its gzip")
    if response.length:  # read1 does not report a connection that ends early
        raise EndpointError(endpoint.url, f"the answer ended {response.length} bytes early")
    if unpack is not None and not unpack.eof:
        raise EndpointError(endpoint.url, "the answer ended in the middle of its gzip")
    return bytes(body)
