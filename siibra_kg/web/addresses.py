"""Which addresses of other machines may be called: an address has one spelling, and a name leads to public machines."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from siibra_kg.errors import EndpointError

__all__ = ["Endpoint", "resolve"]

_URL = re.compile(r"(https?)://([^/?#]*)(/[^?#]*)?(\?[^#]*)?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"(?:\d+|0x[0-9a-f]*)(?:\.(?:\d+|0x[0-9a-f]*))*")
#: Where clouds hand out credentials to whoever asks from inside; some of them are private addresses.
_METADATA = frozenset({"169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One SPARQL endpoint that may be called, and what one call may cost.

    Parameters
    ----------
    url
        Its address, exactly: ``http`` or ``https``, a lower-case name or a plain address, no user name, no fragment.
    allow_private
        Whether it may be a machine of this network or this machine itself. To be said by whoever configures the
        program, never taken from data.
    timeout
        Seconds from the look-up of the name to the last byte of the answer.
    max_bytes
        Bytes that an answer may have, also after it was decompressed.
    max_rows
        Rows that may come from it for one query.

    Raises
    ------
    EndpointError
        If the address is not written in the one way that all programs read alike.

    Examples
    --------
    >>> Endpoint("https://sparql.example.org/sparql").host
    'sparql.example.org'
    >>> Endpoint("http://0x7f.1/sparql")
    Traceback (most recent call last):
        ...
    siibra_kg.errors.EndpointError: SPARQL endpoint http://0x7f.1/sparql: '0x7f.1' is an unusual way to write ...
    """

    url: str
    allow_private: bool = False
    timeout: float = 30.0
    max_bytes: int = 20_000_000
    max_rows: int = 20_000

    def __post_init__(self) -> None:
        if self.timeout <= 0:
            raise EndpointError(self.url, f"a timeout of {self.timeout} seconds leaves no time")
        _check_url(self.url)

    @property
    def host(self) -> str:
        """The name or address of the machine, without brackets."""
        return urlsplit(self.url).hostname or ""

    @classmethod
    def configured(
        cls, url: str, *, timeout: float = 30.0, max_bytes: int = 20_000_000, max_rows: int = 20_000
    ) -> Endpoint:
        """Make one of an address that whoever runs the program has written, for instance on its command line.

        An address of this machine or its network may be called if it is written as such: as ``localhost`` or as a
        number. A name that only leads there may not.

        >>> Endpoint.configured("http://127.0.0.1:7878/query").allow_private
        True
        >>> Endpoint.configured("http://sparql.example.org/").allow_private
        False
        """
        made = cls(url, False, timeout, max_bytes, max_rows)
        private = made.host == "localhost" or ":" in made.host or bool(_NUMERIC.fullmatch(made.host))
        return cls(url, private, timeout, max_bytes, max_rows)

    @property
    def port(self) -> int:
        """The port, also where the address leaves it out."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)


def _check_url(url: str) -> None:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise EndpointError(url, "the address has to be plain ASCII without spaces (write a name in its xn-- form)")
    found = _URL.fullmatch(url)
    if found is None:
        raise EndpointError(url, "is no http or https address without a fragment")
    place = found[2]
    if "@" in place:
        raise EndpointError(
            f"{found[1]}://…@{place.rpartition('@')[2]}", "an address with a user name in it is refused"
        )
    host, port = _host_and_port(url, place)
    if port and not (port.isdigit() and 0 < int(port) < 65536 and port == str(int(port))):
        raise EndpointError(url, f"{port!r} is no port")
    if host.startswith("["):
        _check_ipv6(url, host[1:-1])
    elif _NUMERIC.fullmatch(host):
        _check_ipv4(url, host)
    elif len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise EndpointError(url, f"{host!r} is no name of a machine in lower-case letters, without a dot at its end")


def _host_and_port(url: str, place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, bracket, rest = place.partition("]")
        host += bracket
        if not bracket or (rest and not rest.startswith(":")):
            raise EndpointError(url, f"{place!r} is no address of a machine")
        port = rest[1:]
    else:
        host, colon, port = place.partition(":")
        rest = colon
    if rest and not port:
        raise EndpointError(url, "the port is missing after the colon")
    return host, port


def _check_ipv4(url: str, host: str) -> None:
    try:
        plain = str(ipaddress.IPv4Address(host))
    except ValueError:
        plain = ""
    if plain != host:
        raise EndpointError(url, f"{host!r} is an unusual way to write a numeric address; write four decimal numbers")


def _check_ipv6(url: str, host: str) -> None:
    try:
        plain = str(ipaddress.IPv6Address(host))
    except ValueError:
        plain = ""
    if plain != host or "%" in host:
        hint = f"; write [{plain}]" if plain and "%" not in host else ""
        raise EndpointError(url, f"[{host}] is an unusual way to write an IPv6 address{hint}")


def resolve(endpoint: Endpoint, timeout: float) -> str:
    """Look a name up once, and give the numeric address to connect to.

    Raises
    ------
    EndpointError
        If there is no such name, the look-up takes too long, or any of its addresses may not be called.
    """
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
            found.extend(str(info[4][0]) for info in infos)
        except OSError as error:
            failed.append(error)

    # The resolver of the system has no time limit that could be set; a thread that hangs in it is left behind.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if failed:
        raise EndpointError(endpoint.url, f"the name {endpoint.host} cannot be resolved ({failed[0]})") from failed[0]
    if thread.is_alive() or not found:
        raise EndpointError(endpoint.url, f"the name {endpoint.host} was not resolved within {timeout:.3g} seconds")
    for text in found:
        reason = _refusal(ipaddress.ip_address(text), allow_private=endpoint.allow_private)
        if reason:
            raise EndpointError(endpoint.url, f"{endpoint.host} leads to {text}, {reason}")
    return found[0]


def _refusal(address: Address, *, allow_private: bool) -> str:
    """Say why an address may not be called; nothing if it may."""
    for inner in _inside(address):
        if str(inner) in _METADATA:
            return "where clouds keep credentials; it is never called"
        if inner.is_link_local or inner.is_multicast or inner.is_unspecified or inner.is_reserved:
            return "which is link-local, multicast, unspecified or reserved; such addresses are never called"
        own = inner.is_loopback or inner.is_private
        if own and not allow_private:
            return "an address of this machine or its network; say allow_private=True for this endpoint if you mean it"
        if not own and not inner.is_global:
            return "which is no public address"
    return ""


def _inside(address: Address) -> list[Address]:
    """Give an address, or the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour, address]
    if address.teredo is not None:
        return [*address.teredo, address]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
