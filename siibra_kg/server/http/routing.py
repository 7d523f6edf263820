"""From paths to handlers: the routes of all parts of the server, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.routing import compile_path

from siibra_kg.server.job import Request
from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from siibra_kg.server.http.exchange import Exchange
    from siibra_kg.server.job import Handler, Route

__all__ = ["Table", "decoded_path", "decoded_query"]

_MOST_NAMES = 2000


def decoded_path(raw: bytes) -> str:
    """Decode a path, once.

    Raises
    ------
    Refused
        400 if it is no UTF-8 or holds control characters.

    >>> decoded_path(b"/id/a%2520b")
    '/id/a%20b'
    """
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "bad-request", "the path is not percent-encoded UTF-8") from error
    if any(sign < " " or sign == "\x7f" for sign in path):
        raise Refused(400, "bad-request", "the path holds control characters")
    return path


def decoded_query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Decode the parameters of an address.

    Raises
    ------
    Refused
        400 if they are no UTF-8, or too many.
    """
    if not raw:
        return ()
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_NAMES)
    except UnicodeDecodeError as error:
        raise Refused(400, "bad-request", "the parameters are not percent-encoded UTF-8") from error
    except ValueError as error:
        raise Refused(400, "bad-request", f"more than {_MOST_NAMES} parameters") from error
    return tuple(pairs)


class Table:
    """Routes, compiled; the first that fits a path answers.

    Examples
    --------
    >>> from siibra_kg.server.job import Route
    >>> table = Table([Route("/a/{rest:path}", ("GET",), lambda request: None)])
    >>> table.find("HEAD", "/a/b/c") is not None
    True
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, tuple[frozenset[str], Handler]] = {}
        self._patterns: list[tuple[re.Pattern[str], frozenset[str], Handler]] = []
        for route in routes:
            methods = frozenset({*route.methods, *(["HEAD"] if "GET" in route.methods else [])})
            if "{" in route.path:
                self._patterns.append((compile_path(route.path)[0], methods, route.handler))
            else:
                self._exact.setdefault(route.path, (methods, route.handler))

    def find(self, method: str, path: str) -> Handler | None:
        """Give the handler of a path.

        Returns
        -------
        Handler or None
            Nothing for ``OPTIONS``, which every path answers.

        Raises
        ------
        Refused
            404, or 405 with ``Allow``.
        """
        found = self._exact.get(path)
        if found is None:
            fitting = ((m, h) for pattern, m, h in self._patterns if pattern.match(path))
            found = next(fitting, None)
        if found is None:
            raise Refused(404, "not-found", f"there is nothing at {path[:300]}; / says what there is")
        methods, handler = found
        if method in methods:
            return handler
        if method == "OPTIONS":
            return None
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        raise Refused(405, "method-not-allowed", f"{method[:40]} is none of {allowed}", (("Allow", allowed),))


def request_of(
    exchange: Exchange, path: str, body: bytes, *, base_url: str, options: object, snapshot: str, base_iri: str
) -> Request:
    """Make what handlers take."""
    return Request(
        exchange.method,
        path,
        decoded_query(exchange.address),
        exchange.text_headers(),
        body,
        base_url,
        options,  # type: ignore[arg-type]
        snapshot,
        base_iri,
    )
