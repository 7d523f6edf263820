"""Values of parameters: checked by declared type, written as SPARQL terms, read from example lines."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from siibra_kg.errors import TermError
from siibra_kg.sparql import Kind, tokenize
from siibra_kg.terms import IRI, Literal, expand, is_iri, to_sparql
from siibra_kg.vocab import NAMESPACES, XSD

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TYPES", "Value", "checked", "read_terms", "to_term"]

#: The types of parameters, in the order in which messages list them.
TYPES = ("iri", "string", "integer", "decimal", "boolean")

Value = IRI | str | int | Decimal | bool
_PLAINLY_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:urn|tag|info|mailto):")


def _iri(value: object) -> IRI:
    found = getattr(value, "iri", value)
    if isinstance(found, str):
        text = str(found)
        # A known prefix wins over reading the same text as an IRI. A text that could be either, such as a mistyped
        # `uberon:0001950`, is no IRI here unless the caller says so by its type.
        iri = None if isinstance(found, IRI) else expand(text)
        if iri is not None:
            return iri
        if is_iri(text) and (isinstance(found, IRI) or _PLAINLY_IRI.match(text)):
            return IRI(text)
    raise TermError(value, f"an absolute IRI, nor a CURIE with a prefix of ours ({', '.join(NAMESPACES)})")


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TermError(value, "a string")
    text = str.__str__(value)  # plain text, also of an IRI or a str-valued enumeration
    to_sparql(Literal(text))  # a lone surrogate is found here, where the parameter can be named
    return text


def _integer(value: object) -> int:
    # numbers.Integral would import more than it brings; NumPy integers have __index__ and are welcome.
    if isinstance(value, bool | str) or not hasattr(value, "__index__"):
        raise TermError(value, "an integer")
    return int(value.__index__())


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool | str) or not isinstance(value, int | float | Decimal):
        raise TermError(value, "a number")
    if not math.isfinite(value):
        raise TermError(value, "a finite number")
    # The shortest text that gives the same number; NumPy's own numbers say their type in their repr.
    return value if isinstance(value, Decimal) else Decimal(repr(float(value) if isinstance(value, float) else value))


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TermError(value, "True or False")
    return value


_CHECKS: dict[str, Callable[[object], Value]] = {
    "iri": _iri,
    "string": _string,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
}


def checked(value: object, kind: str) -> Value:
    """Give the value of a declared type that a Python value stands for.

    Parameters
    ----------
    value
        For ``iri``: an :class:`IRI`, a string that is one, a CURIE, or anything with such an ``iri`` attribute.
        For the others a value of that type; a ``bool`` is no integer, and a string is no number.
    kind
        One of :data:`TYPES`.

    Raises
    ------
    TermError
        If the value is not of that type.
    """
    return _CHECKS[kind](value)


def to_term(value: Value, kind: str) -> str:
    """Write a checked value as a SPARQL term.

    >>> to_term(Decimal("1E-7"), "decimal")
    '"0.0000001"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    """
    if isinstance(value, IRI):
        return to_sparql(value)
    if kind == "string":
        return to_sparql(Literal(str(value)))
    if isinstance(value, bool):
        return to_sparql(Literal("true" if value else "false", XSD + "boolean"))
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return to_sparql(Literal(text, XSD + kind))


_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code:
        return chr(int(code, 16))
    if found[3] not in _PLAIN:
        raise TermError(found[0], "an escape of SPARQL")
    return _PLAIN[found[3]]


def _read(kind: Kind, text: str) -> object:
    """Read one token of an example or default into a Python value."""
    if kind is Kind.STRING:
        quotes = 3 if text[:3] in ('"""', "'''") else 1
        return _ESCAPED.sub(_unescaped, text[quotes:-quotes])
    if kind is Kind.IRI:
        return IRI(_ESCAPED.sub(_unescaped, text[1:-1]))
    if kind is Kind.NAME:
        return expand(text) or text
    if kind is Kind.NUMBER:
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if kind is Kind.WORD and text in ("true", "false"):
        return text == "true"
    raise TermError(text, 'a term: write <iri>, prefix:name, "string", a number, true or false')


def read_terms(text: str, kind: str) -> tuple[Value, ...]:
    """Read terms as they stand in a header: ``<iri>``, ``prefix:name``, ``"string"``, ``1.5``, ``true``.

    >>> read_terms('UBERON:0001950 <https://example.org/a>', "iri")
    (<http://purl.obolibrary.org/obo/UBERON_0001950>, <https://example.org/a>)
    """
    values: list[Value] = []
    minus = ""
    for token in tokenize(text):
        if token.kind is Kind.SPACE:
            continue
        if token.text == "-" and not minus:
            minus = "-"
            continue
        try:
            found = _read(token.kind, minus + token.text)
        except InvalidOperation as error:  # pragma: no cover  the token expression admits no other numbers
            raise TermError(token.text, "a number") from error
        if kind == "string" and isinstance(found, IRI):
            raise TermError(token.text, "a string in quotes")
        values.append(checked(found, kind))
        minus = ""
    return tuple(values)
