"""The REST interface for people: the list of templates, a form for each, its answer as a table, and the documentation.

Pages work without scripts: a form is sent by GET, and its answer has an address of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import SiibraKGError
from siibra_kg.server.api import schemas
from siibra_kg.server.api.offered import expected, offered, pages_itself, template_named
from siibra_kg.server.api.paging import address, read_page
from siibra_kg.server.api.rows import answered
from siibra_kg.server.api.values import from_pairs
from siibra_kg.server.pages import html
from siibra_kg.server.pages.desk import Desk
from siibra_kg.server.pages.site import Site
from siibra_kg.server.problem import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siibra_kg.server.api.written import Answer
    from siibra_kg.server.job import Reply, State
    from siibra_kg.templates import Parameter, Template

__all__ = ["answer_page", "docs_page", "list_page", "shown"]

#: Rows on a page, unless told; other forms give all.
_ROWS = 100
_OTHER_FORMS = (("json", "JSON"), ("csv", "CSV"), ("tsv", "TSV"), ("rq", "SPARQL"))
_VARY = (("Vary", "Accept"), ("X-Robots-Tag", "noindex"))


def shown(state: State, payload: Mapping[str, Any]) -> Reply:
    """Show the form of a template, and its answer if the form is filled; what is wrong is told above the form."""
    template = template_named(payload["template"])
    pairs = [(key, value) for key, value in payload["pairs"] if key != "format"]
    base_url = payload["base_url"]
    if not pairs and any(p.required for p in template.parameters):
        return _page(state, base_url, template, pairs)
    try:
        answer = _answer(state, template, pairs, base_url)
    except SiibraKGError as error:
        refused = problem_of(error)
        detail = error.detail if isinstance(error, Refused) else str(error)
        candidates = error.facts.get("candidates") if isinstance(error, Refused) else None
        told = {"error": detail, "candidates": candidates or ()}
        return _page(state, base_url, template, pairs, status=refused.status, **told)
    return answer_page(state, answer, pairs)


def _answer(state: State, template: Template, pairs: Sequence[tuple[str, str]], base_url: str) -> Answer:
    given = dict(pairs)
    for key in ("limit", "offset"):
        if sum(key == k for k, _ in pairs) > 1:
            raise Refused(422, "bad-parameter", f"{key} takes one value", parameter=key)
    page = read_page({"limit": str(_ROWS), **given}, state.options.max_rows)
    own = pages_itself(template)
    texts = from_pairs(template, [p for p in pairs if p[0] not in ("limit", "offset")])
    if own:
        texts |= {"limit": [str(page.limit)], "offset": [str(page.offset)]}
    return answered(state, template, texts, page, base_url)


def answer_page(state: State, answer: Answer, pairs: Sequence[tuple[str, str]] | None = None) -> Reply:
    """Show an answer below the form that asks for it."""
    if pairs is None:
        pairs = [(name, text) for name, texts in answer.texts.items() for text in texts]
    desk = Desk(state.kg, Site.of(state, {"base_url": answer.base_url}))
    name = answer.template.name
    others = [(word, address(desk.site.root, name, form, answer.texts)) for form, word in _OTHER_FORMS]
    more: dict[str, Any] = {
        "answered": True,
        "columns": answer.table.names,
        "rows": [tuple(desk.term(value) for value in row) for row in answer.table.cells],
        "queries": (desk.shown(name, answer.table),),
        "total": answer.total,
        "first": answer.page.offset + 1,
        "neighbours": answer.neighbours("html"),
        "others": [(word, url) for word, url in others if url],
    }
    return _page(state, answer.base_url, answer.template, pairs, **more)


def _page(
    state: State,
    base_url: str,
    template: Template,
    pairs: Sequence[tuple[str, str]],
    *,
    status: int = 200,
    **more: object,
) -> Reply:
    site = Site.of(state, {"base_url": base_url})
    own = ("limit", "offset") if pages_itself(template) else ()
    given: dict[str, list[str]] = {}
    for key, value in pairs:
        given.setdefault(key, []).append(value)
    context = {
        "query": "",
        "snapshot": state.kg.snapshot,
        "template": template,
        "fields": [_field(p, given.get(p.name, [])) for p in template.parameters if p.name not in own],
        "limit": (given.get("limit") or [str(_ROWS)])[0],
        "most": state.options.max_rows,
        "examples": _examples(site, template),
        "error": "",
        "candidates": (),
        "answered": False,
        "columns": (),
        "rows": (),
        "queries": (),
        "total": None,
        "first": 1,
        "neighbours": {},
        "others": (),
        **more,
    }
    return html.page("api/call.html", site, context, status, _VARY)


def _field(parameter: Parameter, given: Sequence[str]) -> dict[str, Any]:
    """Give what a field of the form shows. A repeatable parameter has a field for each value and one more."""
    default = schemas.plain(parameter.default)
    shown_default = "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
    return {
        "name": parameter.name,
        "type": parameter.type,
        "doc": parameter.doc,
        "expected": expected(parameter),
        "required": parameter.required,
        "many": parameter.many,
        "values": [*given, ""] if parameter.many or not given else list(given),
        "default": shown_default,
    }


def _examples(site: Site, template: Template) -> list[tuple[str, str]]:
    found = []
    for values in schemas.example_values(template):
        texts = {k: [_text(v) for v in (value if isinstance(value, list) else [value])] for k, value in values.items()}
        words = ", ".join(f"{k} = {' '.join(v)}" for k, v in texts.items()) or "without parameters"
        found.append((words, address(site.root, template.name, "html", texts)))
    return [(words, url) for words, url in found if url]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def list_page(state: State, base_url: str) -> Reply:
    """List the templates, each with a link to its form."""
    return _overview(state, base_url, "api/index.html")


def docs_page(state: State, base_url: str) -> Reply:
    """Show parameters, columns and examples of all templates."""
    return _overview(state, base_url, "api/docs.html")


def _overview(state: State, base_url: str, file: str) -> Reply:
    from siibra_kg.server.api.openapi import ABOUT  # noqa: PLC0415  which has these pages made

    site = Site.of(state, {"base_url": base_url})
    groups: dict[str, list[dict[str, Any]]] = {}
    for template in offered():
        entry = {
            "template": template,
            "href": f"{site.root}/api/{template.name}",
            "anchor": template.name.replace("/", "-"),
            "fields": [_field(p, ()) for p in template.parameters],
            "examples": _examples(site, template),
        }
        groups.setdefault(template.name.partition("/")[0], []).append(entry)
    order = [*(n for n in ABOUT if n in groups), *(n for n in groups if n not in ABOUT)]
    context = {
        "query": "",
        "snapshot": state.kg.snapshot,
        "groups": [(name, ABOUT.get(name, ""), groups[name]) for name in order],
        "most": state.options.max_rows,
    }
    return html.page(file, site, context, 200, (("Vary", "Accept"),))
