"""References to volumes: the files of maps and templates, and what their labels mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volume_ref import LabelEntry, VolumeRef

if TYPE_CHECKING:
    from siibra_kg.model import Region
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["labels", "of_region", "templates", "volumes"]


def volumes(ask: Asker, *, release: IRI | None = None, space: IRI | None = None) -> tuple[VolumeRef, ...]:
    """Give the volumes of all maps, or of those of one release, or in one space, with the meaning of their labels."""
    known: dict[IRI, tuple[LabelEntry, ...]] = {}
    found: dict[tuple[IRI, IRI], VolumeRef] = {}
    for row in ask.table("map/volumes", release=release, space=space):
        if row.map not in known:
            known[row.map] = labels(ask, row.map)
        found.setdefault((row.map, row.iri), _volume(row, row.kind, known[row.map], row.map, row.parcellation_name))
    return tuple(found.values())


def of_region(ask: Asker, region: Region, space: IRI | None = None, kind: str | None = None) -> tuple[VolumeRef, ...]:
    """Give the volumes that have a label for a region or for a part of it.

    Parameters
    ----------
    ask
        The graph.
    region
        A region or a hemisphere.
    space
        Only in this space.
    kind
        Only ``"labelled"`` or ``"statistical"`` maps.
    """
    maps = set(ask.table("map/of-region", region=region.iri).column("map"))
    home = region.parcellation.iri if region.parcellation else None
    found = volumes(ask, release=home, space=space) if maps else ()
    return tuple(v for v in found if v.map in maps and kind in (None, v.kind))


def labels(ask: Asker, map_iri: IRI) -> tuple[LabelEntry, ...]:
    """Give what each voxel value of a map means, by value; the map's own name where the graph has no region."""
    return tuple(
        LabelEntry(row.label, row.iri, row.name or row.map_name or "", row.color, row.laterality, row.code or "")
        for row in ask.table("map/labels", map=map_iri)
    )


def templates(ask: Asker, space: IRI | None = None) -> tuple[VolumeRef, ...]:
    """Give the template images of a space, or of all spaces."""
    found: dict[IRI, VolumeRef] = {}
    for row in ask.table("map/templates", space=space):
        found.setdefault(row.iri, _volume(row, "template", (), None, ""))
    return tuple(found.values())


def _volume(row: Row, kind: str, entries: tuple[LabelEntry, ...], map_iri: IRI | None, parcellation: str) -> VolumeRef:
    return VolumeRef(
        iri=row.iri,
        space=row.in_space,
        kind=kind,
        provider=row.provider,
        url=str(row.url),
        sha256=row.sha256,
        labels=entries,
        license=row.license_name or (str(row.license) if row.license is not None else ""),
        citation=row.citation or "",
        map=map_iri,
        space_name=row.space_name or "",
        parcellation=parcellation or "",
    )
