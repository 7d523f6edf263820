"""Coins the identifiers of releases and regions: slugs that are readable, stable and unique."""

from __future__ import annotations

from siibra_kg.slugs import slug, unique_slugs
from siibra_kg.terms import local_name

__all__ = ["slug", "unique_slugs", "without_prefix"]


def without_prefix(iri: str, prefix_iri: str | None) -> str:
    """Give the id of a node without the id of the thing it belongs to.

    >>> without_prefix("https://x/parcellationEntity/JBA_Area-hOc1", "https://x/anatomicalAtlas/JBA")
    'Area-hOc1'
    """
    name = local_name(iri)
    prefix = f"{local_name(prefix_iri)}_" if prefix_iri else ""
    return name[len(prefix) :] if prefix and name.startswith(prefix) and name != prefix else name
