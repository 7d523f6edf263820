"""Which ``Host`` headers are answered: a page elsewhere may have rebound its name to this address (RFC 9110, 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from siibra_kg.server.options import ServerOptions

__all__ = ["LOOPBACK", "Hosts", "base_url"]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def base_url(options: ServerOptions) -> str:
    """Give the address that the public knows, without ``/`` at its end.

    >>> from siibra_kg.server.options import ServerOptions
    >>> base_url(ServerOptions(host="::1", port=80))
    'http://[::1]:80'
    """
    if options.base_url:
        return options.base_url.rstrip("/")
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"http://{host}:{options.port}"


class Hosts:
    """The names that a ``Host`` header may have, with any port.

    Examples
    --------
    >>> from siibra_kg.server.options import ServerOptions
    >>> b"LOCALHOST:80" in Hosts(ServerOptions()), b"evil.example" in Hosts(ServerOptions())
    (True, False)
    """

    def __init__(self, options: ServerOptions) -> None:
        names = {options.host, urlsplit(base_url(options)).hostname or "", *options.hosts}
        if options.host in LOOPBACK:
            names |= LOOPBACK
        self._names = frozenset(name.strip("[]").lower().rstrip(".").encode("latin-1", "replace") for name in names)
        self._usual = frozenset({*self._names, *(b"%s:%d" % (name, options.port) for name in self._names)})

    def __contains__(self, host: bytes) -> bool:
        return host in self._usual or self._name(host) in self._names

    @staticmethod
    def _name(host: bytes) -> bytes:
        """Take the port off; an address of IPv6 stands in brackets."""
        text = host.strip().lower()
        if text.startswith(b"["):
            name, bracket, port = text[1:].partition(b"]")
            return name if bracket and (not port or (port[:1] == b":" and port[1:].isdigit())) else b""
        name, colon, port = text.partition(b":")
        return name.rstrip(b".") if not colon or port.isdigit() else b""
