"""Values of parameters as they come over HTTP: texts of the address, or JSON; each checked by its declared type."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from siibra_kg.server.api.offered import expected
from siibra_kg.server.problem import Refused
from siibra_kg.terms import IRI, is_iri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siibra_kg.templates import Parameter, Template

__all__ = ["MOST", "bad_parameter", "from_json", "from_pairs", "python_values"]

#: XML Schema 1.1 Part 2, 3.4.13: what stores keep integers in is ``xsd:long``.
MOST = 2**63 - 1
_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
_DECIMAL = re.compile(r"-?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?\Z")
#: Stores keep decimals as 128 bits, 18 digits of them after the point: what is larger is no number to them.
_DIGITS = 18
_TRUTH = {"true": True, "false": False}


def from_pairs(template: Template, pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Check the parameters of an address.

    Raises
    ------
    Refused
        With status 422, if one is unknown, missing, repeated where one value is wanted, or of the wrong type.
    """
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    return _checked(template, given, _text)


def from_json(template: Template, members: Mapping[str, Any]) -> dict[str, list[str]]:
    """Check the members of a JSON object: numbers are numbers there, and many values an array.

    Raises
    ------
    Refused
        As :func:`from_pairs` does.
    """
    many = {p.name for p in template.parameters if p.many}
    given: dict[str, list[Any]] = {}
    for name, value in members.items():
        if name in many and not isinstance(value, list):
            raise bad_parameter(template, name, f"{str(value)[:200]!r} is no array of one or more values")
        given[name] = value if name in many else [value]
    return _checked(template, given, _member)


def python_values(template: Template, texts: Mapping[str, list[str]]) -> dict[str, object]:
    """Turn checked texts into the values that :meth:`siibra_kg.graph.KnowledgeGraph.query` takes."""
    values: dict[str, object] = {}
    for parameter in template.parameters:
        if parameter.name in texts:
            found = [_value(parameter, text) for text in texts[parameter.name]]
            values[parameter.name] = found if parameter.many else found[0]
    return values


def bad_parameter(template: Template, name: str, reason: str, kind: str = "bad-parameter", **facts: object) -> Refused:
    """Make the error for a parameter: which, what was expected, and which there are."""
    parameter = next((p for p in template.parameters if p.name == name), None)
    if parameter is not None:
        facts["expected"] = expected(parameter)
    facts["parameters"] = [
        {"name": p.name, "type": p.type, "required": p.required, "repeatable": p.many} for p in template.parameters
    ]
    detail = f"template {template.name}, parameter {name[:100]}: {reason}"
    return Refused(422, kind, detail, (), parameter=name[:100], **facts)


def _checked(template: Template, given: Mapping[str, list[Any]], read: Any) -> dict[str, list[str]]:  # noqa: ANN401
    known = {p.name: p for p in template.parameters}
    for name in given:
        if name not in known:
            there = f"it takes {', '.join(known)}" if known else "it takes none"
            raise bad_parameter(template, name, f"there is no such parameter; {there}")
    texts: dict[str, list[str]] = {}
    for parameter in template.parameters:
        values = given.get(parameter.name)
        if not values:
            if parameter.required or values is not None:
                raise bad_parameter(template, parameter.name, f"is missing; it wants {expected(parameter)}")
            continue
        if len(values) > 1 and not parameter.many:
            raise bad_parameter(template, parameter.name, f"has {len(values)} values; it takes one")
        texts[parameter.name] = [_good(template, parameter, value, read(parameter, value)) for value in values]
    return texts


def _good(template: Template, parameter: Parameter, given: object, text: str | None) -> str:
    if text is None:
        shown = repr(given) if len(repr(given)) <= 200 else repr(given)[:200] + "…"
        raise bad_parameter(template, parameter.name, f"{shown} is not {expected(parameter)}")
    return text


def _text(parameter: Parameter, text: str) -> str | None:
    """Give the text if it is a value of the type of the parameter."""
    if parameter.type == "integer":
        return text if _INTEGER.match(text) and -MOST <= int(text) <= MOST else None
    if parameter.type == "decimal":
        return text if _DECIMAL.match(text) and abs(Decimal(text)) < 10**_DIGITS else None
    if parameter.type == "boolean":
        return text if text in _TRUTH else None
    if any("\ud800" <= c <= "\udfff" for c in text):  # no RDF term can hold half a character
        return None
    return text if text.strip() or parameter.type == "string" else None


def _member(parameter: Parameter, value: object) -> str | None:
    if isinstance(value, bool):
        return ("true" if value else "false") if parameter.type == "boolean" else None
    if isinstance(value, int | float) and parameter.type in ("integer", "decimal"):
        # To JSON Schema 5.0 is an integer.
        whole = isinstance(value, float) and value.is_integer() and abs(value) < MOST
        return _text(parameter, str(int(value)) if whole else repr(value))
    return _text(parameter, value) if isinstance(value, str) and parameter.type in ("iri", "string") else None


def _value(parameter: Parameter, text: str) -> object:
    if parameter.type == "integer":
        return int(text)
    if parameter.type == "decimal":
        number = Decimal(text)
        exponent = number.as_tuple().exponent
        return round(number, _DIGITS) if isinstance(exponent, int) and exponent < -_DIGITS else number
    if parameter.type == "boolean":
        return _TRUTH[text]
    # Between angle brackets stands an IRI and never a name: `urn:x` alone could be either.
    exact = parameter.type == "iri" and text[0] == "<" and text[-1] == ">" and is_iri(text[1:-1])
    return IRI(text[1:-1]) if exact else text
