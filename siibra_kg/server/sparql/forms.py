"""The forms that answers to queries can take: names, media types, and which one a request wants."""

from __future__ import annotations

from types import MappingProxyType

from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.problem import Refused

__all__ = ["GRAPHS", "NAMES", "RESULTS", "media_type", "wanted"]

#: Of SELECT and ASK, the preferred one first (SPARQL 1.1 Query Results in JSON, XML, CSV and TSV).
RESULTS = (
    Form("json", ("application/sparql-results+json", "application/json")),
    Form("xml", ("application/sparql-results+xml", "application/xml", "text/xml")),
    Form("csv", ("text/csv; charset=utf-8",)),
    Form("tsv", ("text/tab-separated-values; charset=utf-8",)),
    Form("html", ("text/html; charset=utf-8", "application/xhtml+xml")),
)
#: Of CONSTRUCT and DESCRIBE.
GRAPHS = (
    Form("ttl", ("text/turtle; charset=utf-8", "application/x-turtle")),
    Form("nt", ("application/n-triples", "text/plain")),
    Form("jsonld", ("application/ld+json", "application/json")),
    Form("rdf", ("application/rdf+xml",)),
)
_TYPES = MappingProxyType({form.name: form.media_type for form in (*RESULTS, *GRAPHS)})
#: Short names that a parameter ``format`` or ``output`` may have -> the form of results, the form of graphs.
NAMES = MappingProxyType(
    {
        "json": ("json", "jsonld"),
        "xml": ("xml", "rdf"),
        "csv": ("csv", ""),
        "tsv": ("tsv", ""),
        "html": ("html", "ttl"),
        "ttl": ("", "ttl"),
        "turtle": ("", "ttl"),
        "nt": ("", "nt"),
        "ntriples": ("", "nt"),
        "jsonld": ("", "jsonld"),
        "rdf": ("", "rdf"),
    }
)


def media_type(name: str) -> str:
    """Give the media type of a form."""
    return _TYPES[name]


def wanted(accept: str, asked: str = "") -> tuple[str, str]:
    """Choose the form of results and the form of graphs; which one it will be is known when the query is read.

    Parameters
    ----------
    accept
        The header.
    asked
        A short name or a media type from the address, which goes before the header.

    Returns
    -------
    tuple of str
        The two names; one is empty if the client wants none of that kind.

    Raises
    ------
    Refused
        With status 406, if nothing will do.

    Examples
    --------
    >>> wanted("text/csv"), wanted("text/turtle, */*;q=0.1"), wanted("", "xml")
    (('csv', ''), ('json', 'ttl'), ('xml', 'rdf'))
    """
    if asked:
        if asked in NAMES:
            return NAMES[asked]
        if "/" not in asked:
            there = sorted(NAMES)
            raise Refused(406, "not-acceptable", f"there is no form {asked[:40]!r}; there are {', '.join(there)}")
        accept = asked.replace(" ", "+")  # as a browser decodes it
    results, graphs = _chosen(accept, RESULTS), _chosen(accept, GRAPHS)
    if not results and not graphs:
        choose(accept, (*RESULTS, *GRAPHS))
    return results, graphs


def _chosen(accept: str, forms: tuple[Form, ...]) -> str:
    try:
        return choose(accept, forms).name
    except Refused:
        return ""
