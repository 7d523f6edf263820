"""The same region in other releases, and what changed between two releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.model import RegionVersion
from siibra_kg.questions import parcellations, regions, spaces
from siibra_kg.terms import IRI, local_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.model import Parcellation, Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Table

__all__ = ["changes", "of_region"]


def of_region(ask: Asker, region: Region) -> tuple[RegionVersion, ...]:
    """Give the same region in every release of its atlas, oldest first, the region itself among them.

    Two regions are the same if both are versions of one ParcellationEntity; the reason names the graphs that say so:
    openMINDS itself, or a repair rule. For a hemisphere these are the hemispheres of those regions. A region without
    an entity (all of Allen's) is only the same as itself.
    """
    home = region.parcellation.iri if region.parcellation else None
    sources: dict[IRI, set[str]] = {}
    order: dict[IRI, IRI] = {}
    entity = None
    for row in ask.table("version/of-region", region=region.iri):
        order.setdefault(row.iri, row.parcellation)
        sources.setdefault(row.iri, set()).update([_graph_name(row.source)] if row.source else [])
        entity = entity or row.entity
    suffix = f"/{region.laterality}" if region.laterality else ""
    found = {r.iri: r for r in regions.describe(ask, (IRI(iri + suffix) for iri in order))}
    if not found and home is not None:
        return (RegionVersion(region, spaces.of_region(ask, region), "the region itself"),)
    places = _places(ask, region)
    rank = _rank(ask, found.values())
    versions = [
        RegionVersion(
            found[IRI(iri + suffix)],
            places.get(iri, ()),
            _reason(found[IRI(iri + suffix)].entity or entity, sources[iri]),
        )
        for iri in order
        if IRI(iri + suffix) in found
    ]
    return tuple(sorted(versions, key=lambda v: (rank.get(_home(v.region), len(rank)), v.region.iri)))


def changes(ask: Asker, old: Parcellation, new: Parcellation) -> Table:
    """Give the regions that are new, gone or renamed between two releases: ``version/changes``."""
    return ask.table("version/changes", old=old.iri, new=new.iri)


def _places(ask: Asker, region: Region) -> dict[IRI, tuple[Space, ...]]:
    rows = ask.table("region/spaces", region=region.iri)
    known = {space.iri: space for space in spaces.by_iri(ask, rows.column("space"))}
    found: dict[IRI, dict[IRI, Space]] = {}
    for row in rows:
        if row.space in known:
            found.setdefault(row.iri, {})[row.space] = known[row.space]
    return {iri: tuple(sorted(there.values(), key=lambda s: (s.name, s.iri))) for iri, there in found.items()}


def _rank(ask: Asker, found: Iterable[Region]) -> dict[IRI | None, int]:
    atlases = {r.parcellation.atlas for r in found if r.parcellation and r.parcellation.atlas}
    ordered = [p.iri for atlas in sorted(atlases) for p in parcellations.parcellations_of(ask, atlas)]
    return {iri: i for i, iri in enumerate(ordered)}


def _home(region: Region) -> IRI | None:
    return region.parcellation.iri if region.parcellation else None


def _graph_name(graph: str) -> str:
    return graph.rpartition("/graph/")[2]


def _reason(entity: IRI | None, sources: set[str]) -> str:
    what = f"version of {local_name(entity)}" if entity else "the same entity"
    return f"{what}, stated by {', '.join(sorted(sources))}" if sources else what
