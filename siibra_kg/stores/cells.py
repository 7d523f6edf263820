"""From lexical forms to Python values, by declared column type; shared by the stores, which know their own terms."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import QueryError
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FROM_TEXT", "mismatch", "wanted_types"]


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        number = Decimal(text)  # "5.0" and "5E0": some engines compute integers in wider types
        if number != number.to_integral_value():
            raise
        return int(number)


# Virtuoso 7 gives booleans that it computed as the integers 1 and 0.
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

#: Column type -> what makes a Python value of a lexical form. ``iri`` is for IRIs, the others are for literals.
FROM_TEXT: Mapping[str, Callable[[str], Any]] = {
    "iri": IRI,
    "string": str,
    "integer": _integer,
    "decimal": float,
    "boolean": _BOOLEANS.__getitem__,
}

#: What the conversions above raise on a text that is not of their type.
BAD_TEXT = (ValueError, KeyError, InvalidOperation)


def wanted_types(variables: Sequence[str], types: Mapping[str, str] | None) -> tuple[str, ...]:
    """Give the declared type of each variable in order; ``term`` where none is declared."""
    given = types or {}
    return tuple(given.get(name, "term") for name in variables)


def mismatch(variable: str, kind: str, value: object, query: str) -> QueryError:
    """Make the error for a cell that is not of the type declared for its column."""
    return QueryError(f"column {variable} is declared {kind}, but a cell holds {str(value)[:200]!r}", query)
