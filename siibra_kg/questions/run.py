"""Runs a template on a store: where the two meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import QueryError
from siibra_kg.sparql import Kind, query_form, tokenize
from siibra_kg.table import Column, Table
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Catalog, Template
    from siibra_kg.terms import Triple

__all__ = ["check", "run", "run_text", "with_prefixes"]


def run(store: Store, template: Template, values: Mapping[str, object] | None = None) -> Table:
    """Bind a SELECT template, run it, and give its rows in declared columns.

    Parameters
    ----------
    store
        Any store.
    template
        From a :class:`~siibra_kg.templates.Catalog`.
    values
        Values of its parameters.

    Raises
    ------
    ParameterError
        If a value is missing, unknown or of the wrong type.
    QueryError
        If the store refuses the query, or the template is no SELECT.
    """
    text = template.bind(values or {})
    if template.form != "SELECT":
        raise QueryError(f"template {template.name} is a {template.form}, which has no rows", text)
    solutions = store.select(text, template.types)
    return Table(template.columns, tuple(solutions.rows), text)


def check(catalog: Catalog) -> None:
    """Check every template of a catalog, its examples through the parser of the embedded engine.

    Raises
    ------
    BadTemplate
        At the first template that breaks a rule of the format, or whose example does not parse.
    """
    from siibra_kg.stores import check_syntax  # noqa: PLC0415  an engine, for those who check

    catalog.check_all(lambda text: check_syntax(_without_calls(text)))


def _without_calls(text: str) -> str:
    """Write GRAPH for SERVICE, which has the same grammar: to parse a template of ``federate/`` must call nobody."""
    return "".join("GRAPH" if t.kind is Kind.WORD and t.text.upper() == "SERVICE" else t.text for t in tokenize(text))


def run_text(store: Store, text: str) -> Table | bool | Iterator[Triple]:
    """Run SPARQL that a user wrote: rows for SELECT, a truth value for ASK, triples for CONSTRUCT and DESCRIBE.

    Raises
    ------
    QueryError
        If the store refuses it; updates are always refused.
    """
    query = with_prefixes(text)
    form = query_form(query)
    if form == "SELECT":
        solutions = store.select(query)
        return Table(tuple(Column(name) for name in solutions.variables), tuple(solutions.rows), query)
    return store.ask(query) if form == "ASK" else store.construct(query)


def with_prefixes(text: str) -> str:
    """Declare the project's prefixes that a query uses and does not declare, on its first line.

    >>> with_prefixes("ASK { ?s a skg:Region }")
    'PREFIX skg: <https://w3id.org/siibra-kg/vocab/> ASK { ?s a skg:Region }'
    """
    declared: set[str] = set()
    used: dict[str, None] = {}
    last = ""
    for token in tokenize(text):
        if token.kind is Kind.NAME:
            prefix = token.text.partition(":")[0]
            (declared.add if last == "PREFIX" else used.setdefault)(prefix)
        if token.kind not in (Kind.SPACE, Kind.COMMENT):
            last = token.text.upper()
    missing = [p for p in used if p in NAMESPACES and p not in declared]
    return "".join(f"PREFIX {p}: <{NAMESPACES[p]}> " for p in missing) + text
