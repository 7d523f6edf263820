"""Transforms between reference spaces as values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import BadDocument
from siibra_kg.model_transforms import Transform

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["transforms"]


def transforms(ask: Asker, source: IRI | None = None, target: IRI | None = None) -> tuple[Transform, ...]:
    """Give the transforms that the graph knows, from a space or to a space, or all; by source, target and IRI."""
    found: dict[IRI, Transform] = {}
    for row in ask.table("space/transforms", source=source, target=target):
        known = found.get(row.iri) or _transform(row)
        more = () if row.reference is None else (str(row.reference),)
        found[row.iri] = replace(known, references=(*known.references, *more))
    return tuple(found.values())


def _transform(row: Row) -> Transform:
    return Transform(
        iri=row.iri,
        source=row.from_space,
        target=row.to_space,
        method=row.method,
        name=row.name or "",
        source_name=row.source_name or "",
        target_name=row.target_name or "",
        matrix=_matrix(row),
        url=str(row.service or ""),
        source_key=row.source_key or "",
        target_key=row.target_key or "",
        error_median=row.error_median,
        error_p95=row.error_p95,
        error_note=row.error_note or "",
        apart_median=row.apart_median,
        apart_p95=row.apart_p95,
        apart_note=row.apart_note or "",
    )


def _matrix(row: Row) -> tuple[float, ...]:
    try:
        numbers = tuple(float(word) for word in (row.matrix or "").split())
    except ValueError:
        numbers = (math.nan,)
    if len(numbers) not in {0, 16} or not all(map(math.isfinite, numbers)):
        raise BadDocument(str(row.iri), f"{row.matrix!r} is no 4x4 matrix")
    return numbers
