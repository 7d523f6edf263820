"""Runs a template on a store: where the two meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import QueryError
from siibra_kg.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Catalog, Template

__all__ = ["check", "run"]


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

    catalog.check_all(check_syntax)
