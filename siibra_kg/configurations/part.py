"""A JSON object of a document that knows where it stands: what it holds is asked for by name and kind.

Whoever asks gets what was expected, or a :class:`siibra_kg.errors.BadDocument` with the JSON pointer of what was
found instead. A null is nothing, as siibra takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import BadDocument
from siibra_kg.json_guard import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Part"]

_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


class Part:
    """An object inside a document.

    Parameters
    ----------
    path
        The document.
    value
        What it holds; parsed JSON.
    pointer
        Where it stands in the document (RFC 6901); empty for the document itself.
    """

    __slots__ = ("path", "pointer", "value")

    def __init__(self, path: str, value: Mapping[str, Any], pointer: str = "") -> None:
        self.path = path
        self.value = value
        self.pointer = pointer

    def bad(self, reason: str, key: str | None = None) -> BadDocument:
        """Make the error for something in here; the caller raises it."""
        return BadDocument(self.path, reason, self.pointer if key is None else f"{self.pointer}/{escape(key)}")

    def text(self, key: str, *, required: bool = False) -> str:
        """Give a text; empty where there is none.

        Raises
        ------
        BadDocument
            If it is something else, or required and not there, or blank.
        """
        value = self.value.get(key)
        if type(value) is str:
            if required and not value.strip():
                raise self.bad(f"{key} is blank", key)
            return value
        if value is not None:
            raise self._wrong(key, value, "a text")
        if required:
            raise self.bad(f"there is no {key}")
        return ""

    def flag(self, key: str) -> bool:
        """Give true or false; false where there is nothing."""
        value = self.value.get(key)
        if value is None or type(value) is bool:
            return bool(value)
        raise self._wrong(key, value, "true or false")

    def whole(self, key: str) -> int | None:
        """Give a whole number from 0."""
        value = self.value.get(key)
        if value is None or (type(value) is int and value >= 0):
            return value
        raise self._wrong(key, value, "a whole number from 0")

    def number(self, key: str) -> float | None:
        """Give a number."""
        value = self.value.get(key)
        if value is None or type(value) is int or type(value) is float:
            return value
        raise self._wrong(key, value, "a number")

    def items(self, key: str) -> list[Any]:
        """Give a list; empty where there is none."""
        value = self.value.get(key)
        if value is None:
            return []
        if type(value) is not list:
            raise self._wrong(key, value, "a list")
        return value

    def texts(self, key: str) -> list[str]:
        """Give a list of texts."""
        items = self.items(key)
        for i, item in enumerate(items):
            if type(item) is not str:
                raise self._wrong(f"{key}/{i}", item, "a text", escaped=True)
        return items

    def part(self, key: str) -> Part | None:
        """Give an object."""
        value = self.value.get(key)
        if value is None:
            return None
        if type(value) is not dict:
            raise self._wrong(key, value, "an object")
        return Part(self.path, value, f"{self.pointer}/{escape(key)}")

    def parts(self, key: str) -> list[Part]:
        """Give a list of objects."""
        out = []
        where = f"{self.pointer}/{escape(key)}"
        for i, item in enumerate(self.items(key)):
            if type(item) is not dict:
                raise self._wrong(f"{key}/{i}", item, "an object", escaped=True)
            out.append(Part(self.path, item, f"{where}/{i}"))
        return out

    def triples(self, key: str) -> list[tuple[float, float, float]]:
        """Give a list of points: each a list of three finite numbers."""
        return [self._triple(f"{key}/{i}", item) for i, item in enumerate(self.items(key))]

    def triple(self, key: str) -> tuple[float, float, float]:
        """Give one point."""
        return self._triple(key, self.value.get(key))

    def _triple(self, place: str, value: object) -> tuple[float, float, float]:
        if type(value) is not list or len(value) != 3:
            raise self._wrong(place, value, "three coordinates", escaped=True)
        for coordinate in value:
            # The parser knows no NaN; a number too large for a double is refused where it is read.
            if type(coordinate) is not int and type(coordinate) is not float:
                raise self._wrong(place, coordinate, "a number", escaped=True)
        return (float(value[0]), float(value[1]), float(value[2]))

    def _wrong(self, key: str, value: object, expected: str, *, escaped: bool = False) -> BadDocument:
        found = _KINDS.get(type(value), "nothing")
        if type(value) in {str, int, float}:
            found = f"{str(value)[:40]!r}" if type(value) is str else str(value)[:40]
        where = f"{self.pointer}/{key if escaped else escape(key)}"
        return BadDocument(self.path, f"{key.partition('/')[0]} should be {expected}, and is {found}", where)
