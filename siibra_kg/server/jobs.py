"""The kinds of jobs that workers do: name -> module and function, imported when the first such job comes."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from siibra_kg.server.job import JobFunction

__all__ = ["JOBS", "job_function"]

JOBS = MappingProxyType(
    {
        "sparql": "siibra_kg.server.sparql.evaluate:evaluate",
        "template": "siibra_kg.server.api.rows:rows",
        "openapi": "siibra_kg.server.api.openapi:openapi",
        "node": "siibra_kg.server.pages.node:node",
        "home": "siibra_kg.server.pages.home:home",
        "search": "siibra_kg.server.pages.search:search",
        "description": "siibra_kg.server.descriptions:description",
    }
)


def job_function(kind: str) -> JobFunction:
    """Import what does a kind of job.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    module, _, name = JOBS[kind].partition(":")
    return cast("JobFunction", getattr(import_module(module), name))
