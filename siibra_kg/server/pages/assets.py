"""The few files beside the pages: each has the hash of its content in its address, so that it never changes there."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.server.job import Reply
from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["address", "reply"]

#: What may be asked for: nothing else is ever looked for in a file system.
_TYPES = MappingProxyType(
    {
        "style.css": "text/css; charset=utf-8",
        "search.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
)


def address(name: str) -> str:
    """Give the path of a file, for instance ``/static/style.0c1d2e3f.css``."""
    return f"/static/{_names()[name]}"


def reply(asked: str) -> Reply:
    """Give a file by the last part of its address.

    Raises
    ------
    Refused
        With status 404 for anything that is not one of them, and for what they were in another version.
    """
    for name, shown in _names().items():
        if asked == shown:
            headers = (
                ("Cache-Control", "public, max-age=31536000, immutable"),
                ("Content-Security-Policy", "default-src 'none'"),
            )
            return Reply(_content(name), _TYPES[name], 200, headers)
    raise Refused(404, "not-found", f"there is no file {asked[:100]!r} here")


@cache
def _names() -> Mapping[str, str]:
    out = {}
    for name in _TYPES:
        stem, _, suffix = name.partition(".")
        out[name] = f"{stem}.{hashlib.sha256(_content(name)).hexdigest()[:12]}.{suffix}"
    return MappingProxyType(out)


@cache
def _content(name: str) -> bytes:
    return (files("siibra_kg.server.pages") / "static" / name).read_bytes()
