r"""N-Triples text: the terms of RDF written at full speed.

:func:`siibra_kg.terms.to_sparql` is the general writer; this module says the same for the kinds of term that JSON
documents hold, without making an object for each. A test keeps both writers equal.

>>> literal('say "hi"\n')
'"say \\"hi\\"\\n"'
>>> number(8.11)
'"8.11E0"^^<http://www.w3.org/2001/XMLSchema#double>'
>>> number(12.0)
'"12"^^<http://www.w3.org/2001/XMLSchema#integer>'
"""

from __future__ import annotations

import math
import re

from siibra_kg.vocab import XSD

__all__ = ["MAX_EXACT", "lexical", "literal", "number", "typed"]

_HARMFUL = re.compile(r"[\x00-\x1f\"\\\x7f]").search
_ESCAPES = {ord(c): f"\\{e}" for c, e in zip('\\"\n\r\t\b\f', '\\"nrtbf', strict=True)}
_ESCAPES |= {c: f"\\u{c:04X}" for c in (*range(0x20), 0x7F) if c not in _ESCAPES}

#: Above this, a float no longer says which integer was written; the reader must parse again with exact integers.
MAX_EXACT = 2.0**53
_TOO_LARGE = 10**21  # JSON-LD 1.1 API, "Object to RDF conversion": an integer from here on is a double.


def literal(text: str) -> str:
    """Write a plain string literal."""
    return f'"{text}"' if _HARMFUL(text) is None else f'"{text.translate(_ESCAPES)}"'


def typed(lexical: str, datatype: str) -> str:
    """Write a literal of a datatype, given its lexical form; the datatype must be a valid IRI."""
    return f"{literal(lexical)}^^<{datatype}>"


def number(value: float) -> str:
    """Write a JSON number: integral values as ``xsd:integer``, all others as ``xsd:double``.

    JSON-LD's algorithm asks for fifteen digits after the point (``%1.15E``), which turns 8.11 into
    8.109999999999999E0. Like Oxigraph, this function writes the shortest form that reads back as the same
    number; two documents of the openMINDS library (BigBrain_2015, SwansonSRB_v1992) show the difference.

    Raises
    ------
    ValueError
        If the value is not finite: JSON knows no such number.
    """
    if not math.isfinite(value):
        raise ValueError(value)
    if abs(value) < _TOO_LARGE and value == (whole := int(value)):
        return f'"{whole}"^^<{XSD}integer>'
    return f'"{_double(float(value))}"^^<{XSD}double>'


def lexical(value: object, datatype: str | None = None) -> str:
    """Give the lexical form of a JSON number or boolean; as a double where ``datatype`` is ``xsd:double``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(value)
    if datatype != XSD + "double" and abs(value) < _TOO_LARGE and value == int(value):
        return str(int(value))
    return _double(float(value))


def _double(value: float) -> str:
    if not value:
        return "-0.0E0" if math.copysign(1.0, value) < 0 else "0.0E0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + len(whole) - 1 if whole.strip("0") else _leading(fraction) + int(exponent or 0)
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{power}"


def _leading(fraction: str) -> int:
    return -(len(fraction) - len(fraction.lstrip("0")) + 1)
