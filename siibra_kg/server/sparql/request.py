"""What a request to the endpoint asks for: SPARQL 1.1 Protocol, section 2.1. The usual request takes a short way."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes

from siibra_kg.server.job import Job
from siibra_kg.server.problem import Refused
from siibra_kg.server.sparql.forms import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FORM",
    "QUERY",
    "UPDATE",
    "Asked",
    "Forms",
    "from_body",
    "from_form",
    "from_query_string",
    "job",
    "no_update",
]

FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
#: Names that a request may have; more are an attack on the parser.
_MOST_NAMES = 2000
#: Functions whose values differ each time: the answer may not be kept.
_VOLATILE = re.compile(r"\b(?:NOW|RAND|UUID|STRUUID|BNODE)\b", re.IGNORECASE)
_MOST_KEPT = 512


class Asked(NamedTuple):
    """What a request asks for; ``graphs`` is ``None`` unless it gives a dataset."""

    query: str
    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    form: str = ""


class Forms:
    """Remembers which forms ``Accept`` headers choose: few clients send many."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, str]] = {}

    def __call__(self, accept: str, asked: str) -> tuple[str, str]:
        """Choose; see :func:`siibra_kg.server.sparql.forms.wanted`."""
        found = self._kept.get((accept, asked))
        if found is None:
            found = wanted(accept, asked)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[accept, asked] = found
        return found


def from_query_string(text: bytes) -> Asked:
    """Read the parameters of an address.

    Raises
    ------
    Refused
        400 if there are two queries, or bytes that are no UTF-8; 403 if there is an update.

    >>> from_query_string(b"query=ASK%20%7B%7D").query
    'ASK {}'
    """
    if text.startswith(b"query=") and b"&" not in text:
        return Asked(_decoded(unquote_to_bytes(text[6:].replace(b"+", b" "))))
    return _asked(_pairs(text))


def from_form(body: bytes, address: bytes) -> Asked:
    """Read a form that was posted. What the address says is read too, as some clients put ``format`` there."""
    return _asked([*_pairs(body), *(_pairs(address) if address else ())])


def from_body(body: bytes, address: bytes) -> Asked:
    """Read a query that was posted as it is; the dataset is in the address."""
    asked = _asked(_pairs(address)) if address else Asked("")
    if asked.query:
        raise Refused(400, "bad-request", "there is a query in the address and one in the body")
    return asked._replace(query=_decoded(body))


def job(asked: Asked, forms: tuple[str, str], base_url: str) -> Job:
    """Make the job that evaluates a query."""
    payload: dict[str, Any] = {"q": asked.query, "r": forms[0], "g": forms[1]}
    if asked.default or asked.named:
        payload["d"], payload["n"] = asked.default, asked.named
    if forms[0] == "html":
        payload["u"] = base_url
    if _VOLATILE.search(asked.query) is not None:
        return Job("sparql", payload)
    digest = blake2b(asked.query.encode("utf-8", "surrogatepass"), digest_size=12)
    digest.update("\n".join(("", *forms, *asked.default, "", *asked.named)).encode("utf-8", "surrogatepass"))
    return Job("sparql", payload, digest.hexdigest())


def _asked(pairs: Iterable[tuple[str, str]]) -> Asked:
    queries, default, named, form = [], [], [], ""
    for name, value in pairs:
        if name == "query":
            queries.append(value)
        elif name == "default-graph-uri":
            default.append(value)
        elif name == "named-graph-uri":
            named.append(value)
        elif name in ("format", "output"):
            form = value
        elif name in ("update", "using-graph-uri", "using-named-graph-uri"):
            raise no_update()
    if len(queries) > 1:
        raise Refused(400, "bad-request", "there is more than one query; send one in each request")
    return Asked(queries[0] if queries else "", tuple(filter(None, default)), tuple(filter(None, named)), form)


def no_update() -> Refused:
    """Make the answer to an update."""
    return Refused(403, "read-only", "this endpoint answers queries only; the graph is changed by building it anew")


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        plain = text.decode("ascii")
        return parse_qsl(plain, keep_blank_values=True, errors="strict", max_num_fields=_MOST_NAMES)
    except UnicodeDecodeError as error:
        raise Refused(400, "bad-request", "the parameters are not percent-encoded UTF-8") from error
    except ValueError as error:
        raise Refused(400, "bad-request", f"more than {_MOST_NAMES} parameters") from error


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "bad-request", f"the query is not UTF-8: byte {error.start + 1} of it") from error
