"""Which paths the REST interface answers, and which jobs these are."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.server.api.forms import HTML, JSON_OR_HTML, split, wanted
from siibra_kg.server.api.offered import pages_itself, template_named
from siibra_kg.server.api.paging import read_page
from siibra_kg.server.api.values import bad_parameter, from_json, from_pairs
from siibra_kg.server.job import Job, Request, Route
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.templates import Template

__all__ = ["ROUTES", "call"]


def templates(request: Request) -> Job:
    """List the templates: JSON, or a page."""
    form = wanted(request.headers.get("accept", ""), _one(request.query, "format") or "", JSON_OR_HTML)
    return _job("openapi", {"page": "list", "form": form.name, "base_url": request.base_url})


def docs(request: Request) -> Job:
    """Show what the OpenAPI document says, for people."""
    wanted(request.headers.get("accept", ""), "", (HTML,))
    return _job("openapi", {"page": "docs", "form": "html", "base_url": request.base_url})


def document(request: Request) -> Job:
    """Give the OpenAPI document."""
    return _job("openapi", {"page": "openapi", "form": "json", "base_url": request.base_url})


def call(request: Request) -> Job:
    """Run a template with the parameters of the address, or of a JSON object in the body.

    Raises
    ------
    Refused
        404 for an unknown template, 406 for an unknown form, 415 and 400 for a body that is no JSON object,
        422 for parameters. Names of regions and the like are looked up later, by the worker.
    """
    name, suffix = split(request.path)
    template = template_named(name)
    members = _members(request) if request.method == "POST" else None
    in_query = _one(request.query, "format")
    asked = suffix or ("''" if in_query == "" else in_query or "")  # an empty text names no form
    if not asked and members is not None and "format" in members:
        given = members["format"]
        asked = given if isinstance(given, str) and given else repr(given)
    form = wanted(request.headers.get("accept", ""), asked)
    payload: dict[str, Any] = {"template": name, "form": form.name, "base_url": request.base_url}
    if form is HTML and members is None:
        # What is wrong with a form is told on a page, with the form; and an empty field of a form says nothing.
        return _job("template", {**payload, "pairs": [list(pair) for pair in request.query if pair[1]]})
    return _job("template", {**payload, **read_call(template, request, members)})


def read_call(template: Template, request: Request, members: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read what is asked and which rows of it."""
    own = () if pages_itself(template) else ("limit", "offset")
    if members is None:
        paging: dict[str, Any] = {key: _one(request.query, key) for key in ("limit", "offset")}
        paging = {key: value for key, value in paging.items() if value is not None}
        texts = from_pairs(template, [pair for pair in request.query if pair[0] not in (*own, "format")])
    else:
        for key, _ in request.query:
            if key != "format":
                raise bad_parameter(template, key, "stands in the address; with POST, parameters stand in the body")
        paging = {key: members[key] for key in ("limit", "offset") if key in members}
        texts = from_json(template, {k: v for k, v in members.items() if k not in (*own, "format")})
    most = (request.options or ServerOptions()).max_rows
    page = read_page(paging, most)
    return {"texts": texts, "limit": page.limit, "offset": page.offset}


def _members(request: Request) -> Mapping[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        detail = f"parameters are sent as application/json, not as {kind[:100] or 'nothing in particular'}"
        raise Refused(415, "unsupported-media-type", detail, (("Accept-Post", "application/json"),))
    try:
        members = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        line, column = error.lineno, error.colno
        raise Refused(400, "malformed-body", f"the body is no JSON: {error.msg}", line=line, column=column) from error
    if not isinstance(members, dict):
        raise Refused(400, "malformed-body", "the body is a JSON object of parameters")
    return members


def _one(query: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Give the value of a parameter that says which rows, or in which form."""
    values = [value for key, value in query if key == name]
    if len(values) > 1:
        raise Refused(422, "bad-parameter", f"{name} has {len(values)} values; it takes one", parameter=name)
    return values[0] if values else None


def _job(kind: str, payload: Mapping[str, Any]) -> Job:
    digest = hashlib.sha256(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]
    return Job(kind, payload, digest)


ROUTES: tuple[Route, ...] = (
    Route("/api", ("GET",), templates),
    Route("/api/", ("GET",), templates),
    Route("/api/docs", ("GET",), docs),
    Route("/openapi.json", ("GET",), document),
    Route("/api/{name:path}", ("GET", "POST"), call),
)
