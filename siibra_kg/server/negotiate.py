"""Which of the forms that exist a client wants: ``Accept`` with q-values, or a suffix (RFC 9110, section 12.5.1)."""

from __future__ import annotations

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


def choose(accept: str, forms: tuple[Form, ...]) -> Form:
    """Choose the form with the highest quality; among equals, the first of ``forms``.

    Parameters
    ----------
    accept
        The header; empty means that anything will do.
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
    out = []
    for part in accept.split(","):
        name, *parameters = (p.strip() for p in part.split(";"))
        kind, slash, subtype = name.lower().partition("/")
        if not slash:
            if name != "*":
                continue
            kind, subtype = "*", "*"  # as some old clients write it
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    quality = min(1.0, max(0.0, float(value)))
                except ValueError:
                    quality = 0.0
        out.append(_Range(kind, subtype, quality))
    return out if accept.strip() else [_Range("*", "*", 1.0)]


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
