"""Reads JSON and refuses what no parser should be given: too large, too deep, malformed, ambiguous."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

from siibra_kg.errors import BadDocument

__all__ = ["Limits", "escape", "has_all_keys", "read", "read_exact"]

_BOM = b"\xef\xbb\xbf"
# One token at a time: a whole string, or one bracket. Bytes above 0x7F never look like a quote or a bracket in UTF-8.
# The closing quote is optional, so that a string without end is read once and not once per quote inside it.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
# All bytes but brackets and quotes.
_NO_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_STRING = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may measure.

    Parameters
    ----------
    document
        Bytes of one document.
    literal
        Characters of one string.
    depth
        Nesting of objects and arrays. Python's own parser recurses, and Oxigraph's JSON-LD parser dies of a native
        stack overflow at 5,000; real documents reach 6.
    """

    document: int = 64_000_000
    literal: int = 1_000_000
    depth: int = 100


def read(path: str, data: bytes, limits: Limits) -> Any:  # noqa: ANN401  JSON
    """Parse one JSON document; integers beyond 64 bits become floats.

    Raises
    ------
    BadDocument
        Names the line and column of a syntax error, or the limit that is exceeded.
    """
    check(path, data, limits)
    body = data[3:] if data.startswith(_BOM) else data
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadDocument(path, f"not JSON: {error.msg}", f"line {error.lineno}, column {error.colno}") from error
    if len(body) > limits.literal:
        _check_literals(path, value, limits.literal)
    return value


def has_all_keys(data: bytes, keys: int) -> bool:
    """Tell whether a text plainly has as many keys as its parsed form.

    A key that occurs twice in one object is gone from what the parser gives. ``False`` means that a slow look is
    needed (:func:`read_exact`): the text may merely hold the mark of a key inside a string.
    """
    return data.count(b'":') == keys


def read_exact(path: str, data: bytes, limits: Limits) -> Any:  # noqa: ANN401  JSON
    """Parse like :func:`read`, with integers of any size, and refuse an object that has the same key twice."""
    read(path, data, limits)
    return _loads(path, data)


def check(path: str, data: bytes, limits: Limits) -> None:
    """Refuse by size and by depth, before any parser sees the document."""
    if len(data) > limits.document:
        raise BadDocument(path, f"{len(data):,} bytes are more than the {limits.document:,} allowed for one document")
    # Most documents have fewer brackets in all than the depth allows.
    brackets = data.count(b"{") + data.count(b"[")
    if brackets <= limits.depth or _plainly_shallow(data, limits.depth):
        return
    if (where := _too_deep(data, limits.depth)) is not None:
        line = data.count(b"\n", 0, where) + 1
        column = where - data.rfind(b"\n", 0, where)
        raise BadDocument(path, f"nested deeper than {limits.depth} levels", f"line {line}, column {column}")


def _plainly_shallow(data: bytes, limit: int) -> bool:
    """Tell whether a text is within the depth, a hundred times as fast; ``False`` means that a slow look is needed."""
    if b"\\" in data:  # a quote may not end a string
        return False
    brackets = _STRING.sub(b"", data.translate(None, _NO_STRUCTURE).replace(b'""', b""))
    for _ in range(limit // 2):
        if not brackets:
            return True
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")  # takes off one level, or two
    return False


def _too_deep(data: bytes, limit: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"{[":
            depth += 1
            if depth > limit:
                return token.start()
        elif first in b"}]":
            depth -= 1
    return None


def _check_literals(path: str, value: object, limit: int) -> None:
    todo: list[tuple[str, object]] = [("", value)]
    while todo:
        pointer, item = todo.pop()
        if isinstance(item, str) and len(item) > limit:
            raise BadDocument(path, f"a string of {len(item):,} characters is more than the {limit:,} allowed", pointer)
        if isinstance(item, dict):
            todo.extend((f"{pointer}/{escape(k)}", v) for k, v in item.items())
            todo.extend((pointer, k) for k in item)
        elif isinstance(item, list):
            todo.extend((f"{pointer}/{i}", v) for i, v in enumerate(item))


def escape(key: str) -> str:
    """Write an object key as a token of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def _loads(path: str, data: bytes) -> Any:  # noqa: ANN401  JSON
    """Parse with Python's own parser, and refuse an object that has the same key twice.

    Which of the two values is meant cannot be known, so none is chosen.
    """

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        out = dict(pairs)
        if len(out) < len(pairs):
            count = Counter(key for key, _ in pairs)
            twice = next(key for key, _ in pairs if count[key] > 1)
            raise BadDocument(path, f"the key {twice!r} occurs twice in one object")
        return out

    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique)
    except ValueError as error:  # Python refuses to read integers of more than 4,300 digits
        raise BadDocument(path, f"not JSON: {error}") from error
