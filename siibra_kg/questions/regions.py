"""Regions as values: by IRI, by parcellation, by label index, by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import Region
from siibra_kg.questions import parcellations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.model import Parcellation
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["by_color", "by_label", "describe", "of_parcellation"]

# So many IRIs go into one query: some 40 kB of text, which every endpoint takes.
_BATCH = 400


def describe(ask: Asker, iris: Iterable[IRI]) -> tuple[Region, ...]:
    """Give regions by IRI, in the given order; what is no region of the graph is left out.

    Parameters
    ----------
    ask
        The graph.
    iris
        Regions of releases, hemispheres, or version-independent ParcellationEntities. A second mention is ignored.
    """
    wanted = list(dict.fromkeys(iris))
    rows: dict[IRI, Row] = {}
    for start in range(0, len(wanted), _BATCH):
        for row in ask.table("region/describe", regions=wanted[start : start + _BATCH]):
            rows.setdefault(row.iri, row)
    homes = parcellations.by_iri(ask, (row.parcellation for row in rows.values() if row.parcellation))
    return tuple(_region(ask, rows[iri], homes) for iri in wanted if iri in rows)


def of_parcellation(ask: Asker, parcellation: Parcellation, *, hemispheres: bool = True) -> tuple[Region, ...]:
    """Give all regions of a parcellation, parents before children, then by name."""
    homes = {parcellation.iri: parcellation}
    rows: dict[IRI, Row] = {}
    for row in ask.table("region/list", release=parcellation.iri, hemispheres=hemispheres):
        rows.setdefault(row.iri, row)
    return tuple(_region(ask, row, homes) for row in rows.values())


def by_label(ask: Asker, release: IRI, label: int) -> tuple[Region, ...]:
    """Give the regions, or hemispheres, that a label index marks in a release or an AnatomicalAtlasVersion."""
    return describe(ask, ask.table("region/by-label", release=release, label=label).column("iri"))


def by_color(ask: Asker, color: str, release: IRI | None = None) -> tuple[Region, ...]:
    """Give the regions that are drawn in a colour, written ``#RRGGBB``."""
    return describe(ask, ask.table("region/by-color", color=color.upper(), release=release).column("iri"))


def _region(ask: Asker, row: Row, homes: dict[IRI, Parcellation]) -> Region:
    # A version-independent entity is its own entity.
    home = homes.get(row.parcellation) if row.parcellation else None
    versionless = home is not None and home.iri == home.atlas
    return Region(
        iri=row.iri,
        name=row.name,
        parcellation=home,
        laterality=row.laterality,
        color=row.color,
        depth=row.depth,
        is_leaf=row.parts == 0,
        entity=row.iri if versionless else row.entity,
        view=ask.view,
    )
