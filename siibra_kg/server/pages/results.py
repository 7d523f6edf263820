"""The form for queries, and answers to queries as pages."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from siibra_kg.server.pages import html
from siibra_kg.server.pages.desk import Desk
from siibra_kg.server.pages.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siibra_kg.server.job import Reply, State
    from siibra_kg.server.pages.blocks import Row

__all__ = ["MOST_ROWS", "form_page", "results_page"]

#: A page shows so many rows; other formats give all.
MOST_ROWS = 1000
_KEPT = "pages.examples"
_LINES = 12
_FIRST = """SELECT ?region ?name WHERE {
  ?region a skg:Region ;
    skos:prefLabel ?name ;
    skos:inScheme <https://w3id.org/siibra-kg/id/release/jba-v3.1> .
}
LIMIT 20"""


def form_page(state: State, site: Site, query: str) -> Reply:
    """Show the form for queries, with examples."""
    return _page(state, site, query, {"examples": _examples(state, site)})


def results_page(
    state: State,
    base_url: str,
    query: str,
    variables: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    truncated: bool = False,
    boolean: bool | None = None,
) -> Reply:
    """Show an answer below the form.

    Parameters
    ----------
    state, base_url
        The graph, and the address of this server.
    query
        As it was asked.
    variables, rows
        Of a SELECT; cells are terms (:mod:`siibra_kg.terms`) or ``None``. The first :data:`MOST_ROWS` are shown.
    truncated
        Whether there are more rows than are given.
    boolean
        Of an ASK.
    """
    desk = Desk(state.kg, Site.of(state, {"base_url": base_url}))
    those = iter(rows)
    shown: list[Row] = [tuple(desk.term(value) for value in row) for row in islice(those, MOST_ROWS)]
    more = truncated or next(those, None) is not None
    answer = {"rows": shown, "columns": tuple(variables), "truncated": more, "boolean": boolean, "answered": True}
    return _page(state, desk.site, query, answer)


def _page(state: State, site: Site, query: str, answer: dict[str, Any]) -> Reply:
    context = {
        "text": query or _FIRST,
        "lines": max(_LINES, min(40, query.count("\n") + 2)),
        "rows": (),
        "columns": (),
        "truncated": False,
        "boolean": None,
        "answered": False,
        "examples": (),
        "query": "",
        "snapshot": state.kg.snapshot,
        **answer,
    }
    return html.page("sparql.html", site, context, 200, (("Vary", "Accept"), ("X-Robots-Tag", "noindex")))


def _examples(state: State, site: Site) -> list[tuple[str, list[dict[str, str]]]]:
    """Give the templates by group, each with its first example bound."""
    place = f"{_KEPT} {site.base_url}"
    if place not in state.keep:
        groups: dict[str, list[dict[str, str]]] = {}
        for name, template in state.kg.templates.items():
            text = template.bind(template.examples[0] if template.examples else {})
            example = {"name": name, "summary": template.summary, "href": site.link("/sparql", query=text)}
            groups.setdefault(name.partition("/")[0], []).append(example)
        state.keep[place] = list(groups.items())
    return cast("list[tuple[str, list[dict[str, str]]]]", state.keep[place])
