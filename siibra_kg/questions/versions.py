"""The same region in other releases, and what changed between two releases."""

from __future__ import annotations

from dataclasses import dataclass
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

#: What a link between two releases can give as its reason, the strongest first.
_REASONS = ("shared entity", "shared identifier", "name", "curated")


@dataclass(frozen=True, slots=True)
class _Found:
    """A region of a release, and why it is the same."""

    iri: IRI
    parcellation: IRI
    reason: str


def of_region(ask: Asker, region: Region) -> tuple[RegionVersion, ...]:
    """Give the same region in every release of its atlas, oldest first, the region itself among them.

    Releases that siibra has are linked region by region (``skg:otherVersion``); the reason names all witnesses: a
    shared entity of openMINDS, a shared identifier, the name, or people. In any other release the regions are the
    same that are versions of one ParcellationEntity; the reason names the graphs that say so: openMINDS itself, or a
    repair rule. For a hemisphere these are the hemispheres of those regions.
    """
    found = {f.parcellation: f for f in reversed(_by_entity(ask, region))}
    linked = _linked(ask, region)
    if linked and not found:  # nobody knows its entity: what other releases link it to may have one
        known = next((r for r in regions.describe(ask, (link.iri for link in linked)) if r.entity), None)
        found = {f.parcellation: f for f in reversed(_by_entity(ask, known))} if known else {}
    found |= {link.parcellation: link for link in linked}
    if region.parcellation:
        home = region.parcellation.iri
        own = found.get(home)
        reason = own.reason if own and own.iri == region.iri else "the region itself"
        found[home] = _Found(region.iri, home, reason)
    described = {r.iri: r for r in regions.describe(ask, (f.iri for f in found.values()))}
    described.setdefault(region.iri, region)
    places = _places(ask, described)
    rank = _rank(ask, described.values())
    versions = [
        RegionVersion(described[f.iri], places.get(f.iri, ()), f.reason) for f in found.values() if f.iri in described
    ]
    return tuple(sorted(versions, key=lambda v: (rank.get(_home(v.region), len(rank)), v.region.iri)))


def changes(ask: Asker, old: Parcellation, new: Parcellation) -> Table:
    """Give the regions that are new, gone, renamed, split or merged between two releases: ``version/changes``."""
    return ask.table("version/changes", old=old.iri, new=new.iri)


def _linked(ask: Asker, region: Region) -> list[_Found]:
    """Give the regions that are linked to one as the same, with all reasons."""
    reasons: dict[tuple[IRI, IRI], set[str]] = {}
    for row in ask.table("version/links", region=region.iri):
        if row.relation == "same":
            reasons.setdefault((row.iri, row.parcellation), set()).add(row.reason)
    return [_Found(*where, ", ".join(sorted(why, key=_REASONS.index))) for where, why in sorted(reasons.items())]


def _by_entity(ask: Asker, region: Region) -> list[_Found]:
    """Give the regions that are versions of the entity of one, or of the region that it is the half of."""
    sources: dict[tuple[IRI, IRI], set[str]] = {}
    entity = ""
    for row in ask.table("version/of-region", region=region.iri):
        sources.setdefault((row.iri, row.parcellation), set()).update([_graph_name(row.source)] if row.source else [])
        entity = local_name(row.entity)
    suffix = f"/{region.laterality}" if region.laterality else ""
    return [
        _Found(IRI(iri + suffix), parcellation, _reason(entity, stated))
        for (iri, parcellation), stated in sorted(sources.items())
    ]


def _places(ask: Asker, found: Iterable[IRI]) -> dict[IRI, tuple[Space, ...]]:
    rows = ask.table("version/spaces", regions=sorted(found))
    known = {space.iri: space for space in spaces.by_iri(ask, rows.column("space"))}
    places: dict[IRI, dict[IRI, Space]] = {}
    for row in rows:
        if row.space in known:
            places.setdefault(row.iri, {})[row.space] = known[row.space]
    return {iri: tuple(sorted(there.values(), key=lambda s: (s.name, s.iri))) for iri, there in places.items()}


def _rank(ask: Asker, found: Iterable[Region]) -> dict[IRI | None, int]:
    atlases = {r.parcellation.atlas for r in found if r.parcellation and r.parcellation.atlas}
    ordered = [p.iri for atlas in sorted(atlases) for p in parcellations.parcellations_of(ask, atlas)]
    return {iri: i for i, iri in enumerate(ordered)}


def _home(region: Region) -> IRI | None:
    return region.parcellation.iri if region.parcellation else None


def _graph_name(graph: str) -> str:
    return graph.rpartition("/graph/")[2]


def _reason(entity: str, sources: set[str]) -> str:
    what = f"version of {entity}"
    return f"{what}, stated by {', '.join(sorted(sources))}" if sources else what
