"""Where the parts of a SPARQL service are, guessed from the address of its graph store as products lay them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from siibra_kg.push.report import PushFailed

__all__ = ["Addresses", "addresses"]

#: Product, end of the path of its Graph Store, and what stands there for queries.
LAYOUTS = (
    ("Oxigraph", re.compile(r"/store/?\Z"), "/query"),
    ("Virtuoso", re.compile(r"/sparql-graph-crud(-auth)?/?\Z"), "/sparql"),
    ("Fuseki", re.compile(r"/data/?\Z"), "/sparql"),
    ("GraphDB and RDF4J", re.compile(r"/rdf-graphs/service/?\Z"), ""),
)
_NONE_OF_THEM = (
    "its query address cannot be told from this one; say it (--query-url). Known ends of the address of a graph store:"
    " /store (Oxigraph), /sparql-graph-crud-auth (Virtuoso), /data (Fuseki), /rdf-graphs/service (GraphDB, RDF4J)"
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of one service.

    Parameters
    ----------
    url
        Its Graph Store (SPARQL 1.1 Graph Store HTTP Protocol, indirect identification: ``?graph=IRI``), or its update
        endpoint.
    query
        Its query endpoint (SPARQL 1.1 Protocol).
    by_update
        Whether ``url`` is an update endpoint.
    """

    url: str
    query: str
    by_update: bool = False


def addresses(url: str, query_url: str = "", *, by_update: bool = False) -> Addresses:
    """Check the addresses of a service; guess the one for queries where it is not given.

    Raises
    ------
    PushFailed
        If one is no http(s) address, holds a user name or a graph, or the query address is not known.

    Examples
    --------
    >>> addresses("http://localhost:7878/store").query
    'http://localhost:7878/query'
    >>> addresses("http://localhost:8890/sparql-graph-crud-auth").query
    'http://localhost:8890/sparql'
    """
    for one in (url, query_url) if query_url else (url,):
        _check(one)
    if query_url:
        return Addresses(url, query_url, by_update)
    parts = urlsplit(url)
    if by_update:
        if parts.path.endswith("/update"):
            return Addresses(url, urlunsplit((*parts[:2], f"{parts.path[:-7]}/query", "", "")), by_update)
        raise PushFailed(url, "say also its query address (--query-url)")
    for _, end, query in LAYOUTS:
        if end.search(parts.path):
            return Addresses(url, urlunsplit((*parts[:2], end.sub(query, parts.path), "", "")))
    raise PushFailed(url, _NONE_OF_THEM)


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise PushFailed("the address", "is no http or https address") from None
    if "@" in parts.netloc:
        # Not named in full: a password must not end up in a message.
        shown = f"{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}"
        raise PushFailed(shown, "an address with a user name in it is refused; give user and password apart from it")
    if not good:
        raise PushFailed(url, "is no http or https address")
    if re.search(r"(^|&)(graph|graph-uri|default|query|update)(=|&|\Z)", parts.query):
        raise PushFailed(url, "the address names a graph or a query; give the address of the whole store")
