"""The forms of what an IRI answers, and how a request says which it wants: ``?format=``, a suffix, ``Accept``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.server.job import Request

__all__ = ["FORMS", "HTML_OR_JSON", "etag", "first", "form_named", "suffix_of", "wanted"]

FORMS = (
    Form("html", ("text/html; charset=utf-8", "application/xhtml+xml")),
    Form("ttl", ("text/turtle; charset=utf-8", "application/x-turtle")),
    Form("jsonld", ("application/ld+json", "application/json")),
    Form("nt", ("application/n-triples; charset=utf-8", "text/plain")),
)
HTML_OR_JSON = (FORMS[0], Form("json", ("application/json",)))

_BY_NAME = {form.name: form for form in FORMS}


def form_named(name: str) -> Form:
    """Give a form by its name."""
    return _BY_NAME[name]


def suffix_of(path: str) -> tuple[str, str]:
    """Split a path into what it names and the form that its suffix asks for; the latter empty if there is none.

    >>> suffix_of("/id/release/jba-v3.1.ttl"), suffix_of("/id/release/jba-v3.1")
    (('/id/release/jba-v3.1', 'ttl'), ('/id/release/jba-v3.1', ''))
    """
    rest, dot, suffix = path.rpartition(".")
    return (rest, suffix) if dot and suffix in _BY_NAME and not rest.endswith("/") else (path, "")


def wanted(request: Request) -> str:
    """Give the name of the form that ``?format=`` or ``Accept`` asks for.

    Raises
    ------
    Refused
        With status 406 and the list of what exists, if there is no such form.
    """
    asked = first(request, "format").replace(" ", "+")  # a + that is not encoded arrives as a blank
    if not asked:
        return choose(request.headers.get("accept", ""), FORMS).name
    for form in FORMS:
        if asked.lower() in (form.name, *(m.partition(";")[0] for m in form.media_types)):
            return form.name
    there = [form.name for form in FORMS]
    detail = f"there is no form {asked!r}; there are {', '.join(there)}"
    raise Refused(406, "not-acceptable", detail, available=[form.media_type for form in FORMS])


def first(request: Request, name: str) -> str:
    """Give the first value of a parameter of the address; empty if it has none."""
    return next((value for key, value in request.query if key == name), "")


def etag(payload: Mapping[str, Any]) -> str:
    """Give what tells the answer to a payload from other answers of the same snapshot."""
    return hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
