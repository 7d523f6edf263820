"""Triples compared by value: stores may write numbers, booleans and dates in another form than they were given.

Virtuoso 7 gives ``"1.0E-1"^^xsd:double`` back as ``0.1`` and ``"1"^^xsd:boolean`` as ``true``. It keeps all digits of
a double but writes six of them, in every format of results (``STR(?x)`` gives them all), so six are compared. Texts
and IRIs come back as they went in.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from siibra_kg.terms import IRI, Literal
from siibra_kg.vocab import XSD

if TYPE_CHECKING:
    from siibra_kg.terms import Term

__all__ = ["value_of"]

_NUMBERS = frozenset({f"{XSD}integer", f"{XSD}decimal", f"{XSD}int", f"{XSD}long", f"{XSD}nonNegativeInteger"})
_FLOATS = frozenset({f"{XSD}double", f"{XSD}float"})
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def value_of(term: Term) -> tuple[Any, ...]:
    """Give what a term means, to be compared and hashed; its text where the text is no form of its datatype.

    Examples
    --------
    >>> double = "http://www.w3.org/2001/XMLSchema#double"
    >>> value_of(Literal("1.0E-1", double)) == value_of(Literal("0.1", double))
    True
    >>> value_of(Literal("0.1")) == value_of(Literal("0.1", double))
    False
    """
    if not isinstance(term, Literal):
        return ("iri" if isinstance(term, IRI) else "blank", str(term))
    kind, text = term.datatype, term.value
    try:
        if kind in _FLOATS:
            return (kind, f"{float(text):.6g}")  # as a text, because not-a-number is not equal to itself
        if kind in _NUMBERS:
            return ("number", Decimal(text).normalize())
        if kind == f"{XSD}boolean":
            return (kind, _TRUTH[text])
        if kind == f"{XSD}dateTime":
            return (kind, datetime.fromisoformat(text.replace("Z", "+00:00")))
    except (ValueError, InvalidOperation, KeyError):
        pass
    return (kind, text, (term.language or "").lower())
