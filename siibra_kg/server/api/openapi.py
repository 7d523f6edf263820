"""The OpenAPI document, made of the headers of the templates; and the job that gives it, the list and the docs page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.server.api import schemas
from siibra_kg.server.api.offered import offered, operation_id, pages_itself
from siibra_kg.server.api.values import MOST
from siibra_kg.server.job import Reply
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.server.job import State
    from siibra_kg.server.options import ServerOptions
    from siibra_kg.templates import Template

__all__ = ["ABOUT", "document", "listed", "openapi"]

_KEPT = "api.documents"
_JSON = "application/json"
#: What the folders of the templates are about; their order is that of the pages.
ABOUT = {
    "atlas": "Atlases and their parts",
    "release": "Releases of parcellations",
    "region": "Regions: by name, label, colour, id",
    "hierarchy": "Up and down the trees of regions",
    "space": "Reference spaces and the transforms between them",
    "map": "Maps: which volume and label shows which region",
    "feature": "Data features, by region, place and modality",
    "link": "Mappings to terms of other ontologies",
    "version": "What became of a region in other releases",
    "node": "What the graph states about any node",
    "graph": "What is in the graph",
    "describe": "Counts, for descriptions of the graph; some take seconds",
    "shape": "Slices that shapes are validated on; some take seconds",
    "check": "What is wrong in the graph, check by check: no rows where all is well; some take seconds",
}
_PROBLEMS = {
    "400": "The body is no JSON object",
    "404": "There is no such template",
    "406": "There is no such form",
    "413": "The body is too large",
    "414": "The address is too long",
    "415": "The body is not application/json",
    "422": "A parameter is unknown, missing or of the wrong type; or a name is unknown or ambiguous; or the answer is "
    "larger than the server gives",
    "503": "Too much to do at the moment; `Retry-After` says when to come again",
    "504": "The query took longer than the server allows",
}
_DESCRIPTION = """\
Every question that siibra_kg asks its graph is a template: a SPARQL file with typed parameters and columns. Each is an
address here, and gives the rows that `kg.query(...)` gives in Python and `siibra-kg query` on the command line.

Where a parameter takes a node, it takes an IRI, a CURIE such as `UBERON:0002436`, or a name such as `hOc1`.
Rows come as JSON, CSV or TSV by `format`, by suffix (`/api/atlas/list.csv`) or by `Accept`; `rq` is the SPARQL itself,
which is also linked from each answer (`rel="via"`). Rows have a fixed order; `limit` and `offset` choose some of them,
and `Link` headers lead to the pages before and after.
"""


def openapi(state: State, payload: Mapping[str, Any]) -> Reply:
    """Give the OpenAPI document, the list of templates, or pages that show them."""
    kept: dict[tuple[str, str, str], Reply] = state.keep.setdefault(_KEPT, {})
    page, form, base_url = payload["page"], payload["form"], payload["base_url"]
    key = (page, form, base_url)
    if key not in kept:
        kept[key] = _made(state, page, form, base_url)
    return kept[key]


def _made(state: State, page: str, form: str, base_url: str) -> Reply:
    if form == "html":
        from siibra_kg.server.api.shown import docs_page, list_page  # noqa: PLC0415  pages need Jinja2

        return (docs_page if page == "docs" else list_page)(state, base_url)
    made = document(base_url, state.options) if page == "openapi" else listed(base_url)
    headers = () if page == "openapi" else (("Vary", "Accept"),)
    return Reply(orjson.dumps(made), _JSON, 200, headers)


def listed(base_url: str) -> dict[str, Any]:
    """Give the templates with their parameters and columns."""
    return {
        "openapi": f"{base_url}/openapi.json",
        "templates": [
            {
                "name": t.name,
                "url": f"{base_url}/api/{t.name}",
                "summary": t.summary,
                "parameters": [
                    {
                        "name": p.name,
                        "type": p.type,
                        "required": p.required,
                        "repeatable": p.many,
                        "default": schemas.plain(p.default),
                        "doc": schemas.described(p),
                    }
                    for p in t.parameters
                ],
                "columns": [{"name": c.name, "type": c.type, "doc": c.doc} for c in t.columns],
                "examples": schemas.example_values(t),
            }
            for t in offered()
        ],
    }


def document(base_url: str, options: ServerOptions) -> dict[str, Any]:
    """Make the OpenAPI 3.1 document.

    Parameters
    ----------
    base_url
        Address of the server.
    options
        Its limits.
    """
    templates = tuple(offered())
    folders = dict.fromkeys(t.name.partition("/")[0] for t in templates)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "siibra_kg",
            "version": __version__,
            "summary": "Brain atlases as a knowledge graph: each question as a REST call",
            "description": _DESCRIPTION,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name, "description": about} for name, about in _tags(folders)],
        "externalDocs": {"url": f"{base_url}/api/docs", "description": "The same as a page"},
        "paths": {"/api": _list_path(), **{f"/api/{t.name}": _path(t) for t in templates}},
        "components": _components(options, templates),
    }


def _tags(folders: Mapping[str, object]) -> list[tuple[str, str]]:
    first = [(name, about) for name, about in ABOUT.items() if name in folders]
    return [*first, *((name, name.capitalize()) for name in folders if name not in ABOUT)]


def _list_path() -> dict[str, Any]:
    content = {_JSON: {"schema": {"type": "object", "required": ["openapi", "templates"]}}, **_page()}
    operation = {
        "operationId": "templates",
        "summary": "The templates, with their parameters and columns",
        "responses": {"200": {"description": "The list", "content": content}, **_problems("406", "503", "504")},
    }
    return {"get": operation}


def _path(template: Template) -> dict[str, Any]:
    own = ("limit", "offset") if pages_itself(template) else ()
    parameters = [_parameter(template, p.name) for p in template.parameters if p.name not in own]
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in ("limit", "offset", "format")]
    examples = {f"example {i}": {"value": v} for i, v in enumerate(schemas.example_values(template), 1)}
    body = {_JSON: {"schema": schemas.body_schema(template), "examples": examples}}
    name = operation_id(template.name)
    answers = {"200": {"$ref": f"#/components/responses/{name}"}}
    operation = {"tags": [template.name.partition("/")[0]], "summary": template.summary}
    refused = _problems("406", "414", "422", "503", "504")
    return {
        "get": {
            **operation,
            "operationId": name,
            "parameters": parameters,
            "responses": {**answers, **refused, "422": {"$ref": "#/components/responses/Problem422OrPage"}},
        },
        "post": {
            **operation,
            "operationId": f"{name}_post",
            "requestBody": {"required": True, "content": body},
            "responses": {**answers, **refused, **_problems("400", "413", "415")},
        },
    }


def _rows(template: Template) -> dict[str, Any]:
    return {
        "description": "Rows in a fixed order",
        "headers": {n: {"$ref": f"#/components/headers/{n}"} for n in ("Link", "X-Total-Count")},
        "content": {
            _JSON: {"schema": schemas.answer_schema(template)},
            **{m: {"schema": {"type": "string"}} for m in ("text/csv", "text/tab-separated-values")},
            "application/sparql-query": {"schema": {"type": "string"}},
            **_page(),
        },
    }


def _parameter(template: Template, name: str) -> dict[str, Any]:
    parameter = next(p for p in template.parameters if p.name == name)
    examples = [e[name] for e in schemas.example_values(template) if name in e]
    found: dict[str, Any] = {
        "name": name,
        "in": "query",
        "required": parameter.required,
        "description": schemas.described(parameter),
        "schema": schemas.parameter_schema(parameter),
    }
    if parameter.many:
        found |= {"style": "form", "explode": True}
    if examples:
        found["examples"] = {f"example {i}": {"value": v} for i, v in enumerate(examples, 1)}
    return found


def _page() -> dict[str, Any]:
    return {"text/html": {"schema": {"type": "string"}}}


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def _problem(status: str, *, html: bool = False) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _PROBLEMS[status], "content": {**content, **(_page() if html else {})}}


def _components(options: ServerOptions, templates: tuple[Template, ...]) -> dict[str, Any]:
    limit = {"type": "integer", "minimum": 0, "maximum": options.max_rows}
    numbers = {"Limit": limit, "Offset": {"type": "integer", "minimum": 0, "maximum": MOST, "default": 0}}
    form = {"type": "string", "enum": ["json", "csv", "tsv", "rq", "html"]}
    said = {
        "limit": "How many rows at most; all of them unless told.",
        "offset": "How many rows to leave out before.",
        "format": "The form of the answer, whatever `Accept` says.",
    }
    return {
        "schemas": {
            **numbers,
            "Format": form,
            "Answer": schemas.answer_base(),
            "Problem": schemas.problem_schema(),
        },
        "parameters": {
            name: {
                "name": name,
                "in": "query",
                "description": text,
                "schema": {"$ref": f"#/components/schemas/{name.capitalize()}"},
            }
            for name, text in said.items()
        },
        "headers": {
            "Link": {
                "description": "RFC 8288: `first`, `prev`, `next`, `last` page; `via` the SPARQL; `service-desc` this",
                "schema": {"type": "string"},
            },
            "X-Total-Count": {"description": "Rows of the whole answer", "schema": {"type": "integer"}},
        },
        "responses": {
            **{f"Problem{status}": _problem(status) for status in _PROBLEMS},
            "Problem422OrPage": _problem("422", html=True),
            **{operation_id(t.name): _rows(t) for t in templates},
        },
    }
