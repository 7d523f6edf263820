"""Which of the forms that exist a client wants: ``Accept`` with q-values, or a suffix (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from siibra_kg.server.problem import Refused

__all__ = ["Form", "choose"]


class Form(NamedTuple):
    """A form that an answer can take: its short name (also its suffix) and its media types, the proper one first."""

    name: str
    media_types: tuple[str, ...]

    @property
    def media_type(self) -> str:
        """The media type that is sent."""
        return self.media_types[0]


class _Range(NamedTuple):
    kind: str
    subtype: str
    quality: float


#: RFC 9110, section 5.6.2: what types, subtypes and names of parameters are made of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
#: RFC 9110, section 12.4.2: at most three digits, at most one.
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")
#: The parts of a list may hold quoted strings, and these commas and semicolons: ``profile="a,b"``.
_SPLIT = {sign: re.compile(rf'(?:[^"{sign}]|"(?:[^"\\]|\\.)*"?)+') for sign in ",;"}


def choose(accept: str, forms: tuple[Form, ...]) -> Form:
    """Choose the form with the highest quality; among equals, the first of ``forms``.

    Parameters
    ----------
    accept
        The header; empty means that anything will do. Parts of it that are no media range are left out; parameters
        other than ``q`` (``profile``, ``charset``, ``level``) do not count.
    forms
        What exists, the preferred one first.

    Raises
    ------
    Refused
        With status 406 and the list of what exists, if nothing will do.

    Examples
    --------
    >>> html, ttl = Form("html", ("text/html",)), Form("ttl", ("text/turtle",))
    >>> choose("text/turtle;q=0.9, */*;q=0.1", (html, ttl)).name
    'ttl'
    """
    ranges = _ranges(accept)
    best = max(forms, key=lambda form: _quality(form, ranges))
    if _quality(best, ranges) > 0:
        return best
    there = [f.media_type for f in forms]
    detail = f"{accept!r} allows none of what exists: {', '.join(there)}"
    raise Refused(406, "not-acceptable", detail, (("Vary", "Accept"),), available=there)


def _ranges(accept: str) -> list[_Range]:
    if not accept.strip():
        return [_Range("*", "*", 1.0)]
    found = (_range(part) for part in _SPLIT[","].findall(accept))
    return [one for one in found if one is not None]


def _range(part: str) -> _Range | None:
    name, *parameters = [p.strip() for p in _SPLIT[";"].findall(part)] or [""]
    kind, slash, subtype = name.lower().partition("/")
    if name == "*":  # as some old clients write it
        kind, slash, subtype = "*", "/", "*"
    if not slash or not _TOKEN.match(kind) or not _TOKEN.match(subtype) or (kind == "*" and subtype != "*"):
        return None
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            if not _QUALITY.match(value.strip()):
                return None
            quality = float(value)
            break  # what follows the weight is no parameter of the media type
    return _Range(kind, subtype, quality)


def _quality(form: Form, ranges: list[_Range]) -> float:
    """Give the quality of the most specific range that fits any media type of a form."""
    best = 0.0
    for media_type in form.media_types:
        kind, _, subtype = media_type.partition(";")[0].strip().partition("/")
        fitting = [
            (2 * (r.subtype != "*") + (r.kind != "*"), r.quality)
            for r in ranges
            if r.kind in ("*", kind) and r.subtype in ("*", subtype)
        ]
        if fitting:
            best = max(best, max(fitting)[1])
    return best
