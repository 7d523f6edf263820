"""The forms that rows come in, and how a request says which: a suffix of the path, ``format=``, or ``Accept``."""

from __future__ import annotations

from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.problem import Refused

__all__ = ["FORMS", "HTML", "JSON_OR_HTML", "form_named", "split", "wanted"]

JSON = Form("json", ("application/json",))
HTML = Form("html", ("text/html; charset=utf-8", "application/xhtml+xml"))
#: ``rq`` is the query itself, as it would be sent: SPARQL 1.1 Query Language, section 20, registers the media type.
FORMS = (
    JSON,
    Form("csv", ("text/csv; charset=utf-8",)),
    Form("tsv", ("text/tab-separated-values; charset=utf-8",)),
    Form("rq", ("application/sparql-query; charset=utf-8",)),
    HTML,
)
JSON_OR_HTML = (JSON, HTML)


def form_named(name: str) -> Form:
    """Give a form by its name."""
    return next(form for form in FORMS if form.name == name)


def split(path: str) -> tuple[str, str]:
    """Split a path into the name of a template and the form that its suffix asks for.

    >>> split("/api/hierarchy/descendants.csv"), split("/api/atlas/list")
    (('hierarchy/descendants', 'csv'), ('atlas/list', ''))
    """
    name = path.removeprefix("/api/")
    rest, dot, suffix = name.rpartition(".")
    return (rest, suffix) if dot and any(suffix == f.name for f in FORMS) else (name, "")


def wanted(accept: str, asked: str, forms: tuple[Form, ...] = FORMS) -> Form:
    """Give the form that is asked for by name or, where none is, that ``Accept`` prefers.

    Raises
    ------
    Refused
        With status 406 and what exists.
    """
    if not asked:
        return choose(accept, forms)
    for form in forms:
        if asked == form.name:
            return form
    there = [form.name for form in forms]
    detail = f"there is no form {asked[:100]!r}; there are {', '.join(there)}"
    raise Refused(406, "not-acceptable", detail, available=[form.media_type for form in forms])
