"""The descriptions by name: what each is called, and what makes it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.describe.dcat import dcat
from siibra_kg.describe.examples import examples
from siibra_kg.describe.service import service
from siibra_kg.describe.void import void
from siibra_kg.describe.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.describe.about import About
    from siibra_kg.describe.writing import Writer
    from siibra_kg.templates import Template

__all__ = ["DOCUMENTS", "document"]

#: Name below ``/.well-known/`` -> what makes it.
DOCUMENTS: Mapping[str, Callable[[About, Mapping[str, Template]], Writer]] = MappingProxyType(
    {
        "void": lambda about, _: void(about),
        "service-description": lambda about, _: service(about),
        "dcat": lambda about, _: dcat(about),
        "sparql-examples": examples,
    }
)


def document(about: About, templates: Mapping[str, Template], name: str, form: str) -> bytes:
    """Write a description.

    Parameters
    ----------
    about
        The graph.
    templates
        For the examples.
    name
        One of :data:`DOCUMENTS`.
    form
        ``ttl``, ``nt`` or ``jsonld``.
    """
    return written(DOCUMENTS[name](about, templates), form)
