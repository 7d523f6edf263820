"""Validates what a dataset says by the SHACL shapes of ``ontologies/shapes/own``, in words for who measured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.data_errors import BadDescription

if TYPE_CHECKING:
    from siibra_kg.adding.description import Description
    from siibra_kg.adding.resolving import Resolved

__all__ = ["validated"]


def validated(description: Description, found: tuple[Resolved, ...], turtle: bytes, base: str) -> tuple[str, ...]:
    """Validate a dataset; gives warnings, one line each.

    Parameters
    ----------
    description
        The dataset, for messages.
    found
        Its measurements with their classes.
    turtle
        What it says.
    base
        Of relative identifiers.

    Raises
    ------
    BadDescription
        If a shape is violated; has the shape's message, and how many more there are.
    """
    try:
        from siibra_kg.questions.shacl import conforms  # noqa: PLC0415  pySHACL, which is an extra, takes 300 ms
    except ImportError:
        return ("not validated by SHACL: pip install 'siibra-kg[ontology]'",)
    shapes = resources.folder("ontologies") / "shapes" / "own" / "dataset.ttl"
    more = {str(each.modality.iri): each.modality.kinds for each in found}
    results = conforms(turtle, base, shapes, more)
    bad = [message for severity, message in results if severity == "violation"]
    if bad:
        also = f" (and {len(bad) - 1} more: {'; '.join(bad[1:4])})" if len(bad) > 1 else ""
        raise BadDescription(str(description.source), bad[0] + also, "docs/own-data.md has all keys")
    return tuple(message for _, message in results)
