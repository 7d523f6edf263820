"""The job that runs a template: names become nodes, rows become bytes, and as few of them as are asked for."""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import AmbiguousName, NoSuchName, ParameterError
from siibra_kg.server.api.forms import form_named
from siibra_kg.server.api.offered import pages_itself, template_named
from siibra_kg.server.api.paging import Page
from siibra_kg.server.api.values import bad_parameter, python_values
from siibra_kg.server.api.written import Answer, write
from siibra_kg.server.job import Reply
from siibra_kg.server.problem import Refused
from siibra_kg.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siibra_kg.server.job import State
    from siibra_kg.templates import Template

__all__ = ["answered", "query_text", "rows"]

#: Cells of answers that a worker keeps, so that the next page of an answer costs no query; some 50 MB.
_KEPT_CELLS = 400_000
_KEPT = "api.rows"
#: Texts of queries that a worker keeps, and how long each may be: 10 MB at most.
_MANY, _LONGEST_KEPT = 1000, 10_000
_KEPT_TEXTS = "api.texts"


def rows(state: State, payload: Mapping[str, Any]) -> Reply:
    """Run a template and write its rows.

    Raises
    ------
    Refused
        With status 422, if a name is unknown or ambiguous, or the answer has more rows than the server gives.
    """
    if payload["form"] == "html" and "pairs" in payload:
        from siibra_kg.server.api.shown import shown  # noqa: PLC0415  pages need Jinja2, rows do not

        return shown(state, payload)
    template = template_named(payload["template"])
    texts = dict(payload["texts"])
    if payload["form"] == "rq":
        text = query_text(state, template, texts)
        return Reply(text.encode(), form_named("rq").media_type, 200, (("Vary", "Accept"),))
    page = Page(payload["limit"], payload["offset"])
    answer = answered(state, template, texts, page, payload["base_url"])
    if payload["form"] == "html":
        from siibra_kg.server.api.shown import answer_page  # noqa: PLC0415  the same

        return answer_page(state, answer)
    return write(answer, payload["form"])


def answered(state: State, template: Template, texts: dict[str, list[str]], page: Page, base_url: str) -> Answer:
    """Run a template for one page of its rows."""
    sparql = query_text(state, template, texts)
    if pages_itself(template):
        # The engine leaves out what comes before and after; how much that is, only counting would tell.
        found = _most(state, template, state.kg.store.select(sparql, template.types).rows)
        last = page.limit is None or len(found) < page.limit
        total = page.offset + len(found) if last and (found or not page.offset) else None
        texts = {name: value for name, value in texts.items() if name not in ("limit", "offset")}
    else:
        found, total = _page(state, template, sparql, page)
    return Answer(template, texts, page, Table(template.columns, tuple(found), sparql), total, base_url)


def query_text(state: State, template: Template, texts: dict[str, list[str]]) -> str:
    """Give the SPARQL of a call, with names turned into nodes; the last ones are kept, for names take 8 ms.

    Raises
    ------
    Refused
        With status 422 and the name of the parameter, if one stands for nothing or for several things.
    """
    kept: OrderedDict[Any, str] = state.keep.setdefault(_KEPT_TEXTS, OrderedDict())
    key = (template.name, *((name, *values) for name, values in texts.items()))
    if key not in kept:
        text = _bound(state, template, texts)
        if len(text) > _LONGEST_KEPT:
            return text
        kept[key] = text
        if len(kept) > _MANY:
            kept.popitem(last=False)
    return kept[key]


def _bound(state: State, template: Template, texts: dict[str, list[str]]) -> str:
    try:
        return state.kg.explain(template.name, **python_values(template, texts))
    except ParameterError as error:
        raise bad_parameter(template, error.parameter, error.reason) from error
    except NoSuchName as error:
        parameter = _parameter_of(template, texts, error.spec)
        raise bad_parameter(template, parameter, str(error), "no-such-name", nearest=list(error.close)) from error
    except AmbiguousName as error:
        parameter = _parameter_of(template, texts, error.spec)
        candidates = [
            {"name": str(getattr(c, "described", c)), "iri": str(getattr(c, "iri", ""))} for c in error.candidates[:50]
        ]
        detail = str(error).partition("\n")[0].rstrip(":")
        raise bad_parameter(template, parameter, detail, "ambiguous-name", candidates=candidates) from error


def _parameter_of(template: Template, texts: dict[str, list[str]], spec: str) -> str:
    nodes = [p.name for p in template.parameters if p.type == "iri" and p.name in texts]
    return next((name for name in nodes if spec in texts[name]), nodes[0] if nodes else "")


def _page(state: State, template: Template, sparql: str, page: Page) -> tuple[list[tuple[Any, ...]], int]:
    """Give the rows of a page and how many there are. Templates order their rows, so pages fit together."""
    kept: OrderedDict[str, list[tuple[Any, ...]]] = state.keep.setdefault(_KEPT, OrderedDict())
    whole = kept.get(sparql)
    if whole is not None:
        kept.move_to_end(sparql)
        return _cut(whole, page), len(whole)
    rest = state.kg.store.select(sparql, template.types).rows
    if page == Page(None, 0):
        whole = _most(state, template, rest)
        return whole, len(whole)
    most = state.options.max_rows
    whole = list(islice(rest, most + 1))
    if len(whole) <= most:
        _keep(kept, sparql, whole)
        return _cut(whole, page), len(whole)
    return _passed(template, chain(whole, rest), page, most)


def _passed(
    template: Template, every: Iterator[tuple[Any, ...]], page: Page, most: int
) -> tuple[list[tuple[Any, ...]], int]:
    """Cut a page out of an answer that is too large to be kept, and count the rest of it."""
    before = sum(1 for _ in islice(every, page.offset))
    found = list(islice(every, most + 1 if page.limit is None else page.limit))
    if len(found) > most:
        raise _too_many(template, most)
    return found, before + len(found) + sum(1 for _ in every)


def _cut(whole: list[tuple[Any, ...]], page: Page) -> list[tuple[Any, ...]]:
    return whole[page.offset :] if page.limit is None else whole[page.offset : page.offset + page.limit]


def _keep(kept: OrderedDict[str, list[tuple[Any, ...]]], sparql: str, whole: list[tuple[Any, ...]]) -> None:
    kept[sparql] = whole
    while sum(len(w) * len(w[0]) for w in kept.values() if w) > _KEPT_CELLS or len(kept) > 32:
        kept.popitem(last=False)


def _most(state: State, template: Template, found: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    most = state.options.max_rows
    kept = list(islice(found, most + 1))
    if len(kept) > most:
        raise _too_many(template, most)
    return kept


def _too_many(template: Template, most: int) -> Refused:
    detail = f"{template.name} has more than {most:,} rows here; ask for some at a time, with limit and offset"
    return Refused(422, "row-limit", detail, limit=most)
