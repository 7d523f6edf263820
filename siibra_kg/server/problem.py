"""Errors over HTTP: RFC 9457 ``application/problem+json``, with line and column where a query is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.errors import (
    AmbiguousName,
    EndpointError,
    NoSuchName,
    NoSuchTemplate,
    ParameterError,
    QueryError,
    SiibraKGError,
    SnapshotError,
)
from siibra_kg.server.job import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Refused", "problem", "problem_of"]

#: What the types of problems start with; the rest is described in ``docs/serving.md``.
TYPES = "https://w3id.org/siibra-kg/problem/"


class Refused(SiibraKGError):
    """A request cannot be answered, with the status code that says so.

    Parameters
    ----------
    status
        HTTP status code.
    kind
        Short name of the type of problem, for instance ``time-limit``.
    detail
        What is wrong with this request, and what to do about it.
    headers
        Further header lines, for instance ``Retry-After``.
    facts
        Further members of the document.
    """

    def __init__(
        self, status: int, kind: str, detail: str, headers: tuple[tuple[str, str], ...] = (), **facts: object
    ) -> None:
        super().__init__(status, kind, detail, headers, tuple(sorted(facts.items(), key=lambda f: f[0])))
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.facts = facts

    def __str__(self) -> str:
        return self.detail


_STATUS: tuple[tuple[type[SiibraKGError], int, str], ...] = (
    (QueryError, 400, "malformed-query"),
    (NoSuchTemplate, 404, "no-such-template"),
    (ParameterError, 422, "bad-parameter"),
    (AmbiguousName, 422, "ambiguous-name"),
    (NoSuchName, 404, "no-such-name"),
    (EndpointError, 502, "endpoint"),
    (SnapshotError, 503, "snapshot"),
    (SiibraKGError, 400, "bad-request"),
)


def problem_of(error: SiibraKGError) -> Reply:
    """Give the answer for an error."""
    if isinstance(error, Refused):
        return problem(error.status, error.kind, error.detail, error.headers, error.facts)
    status, kind = next((s, k) for c, s, k in _STATUS if isinstance(error, c))
    facts: dict[str, Any] = {}
    if isinstance(error, QueryError) and error.line is not None:
        facts = {"line": error.line, "column": error.column or 1}
    if isinstance(error, AmbiguousName):
        facts = {"candidates": [str(getattr(c, "described", c)) for c in error.candidates[:50]]}
    detail = error.reason if isinstance(error, QueryError) else str(error)
    return problem(status, kind, detail, (), facts)


def problem(
    status: int,
    kind: str,
    detail: str,
    headers: tuple[tuple[str, str], ...] = (),
    facts: Mapping[str, object] | None = None,
) -> Reply:
    """Write a problem document."""
    document = {
        "type": TYPES + kind,
        "title": kind.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        **(facts or {}),
    }
    return Reply(orjson.dumps(document), "application/problem+json", status, headers)
