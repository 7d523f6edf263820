"""The index of one map as references: for each entry, where its voxels are and which region they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.questions import maps
from siibra_kg.volume_ref import LabelEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siibra_kg.model import Region
    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI
    from siibra_kg.volume_ref import Map, VolumeRef

__all__ = ["by_part", "entries", "parts_shown", "with_labels"]


def by_part(refs: Iterable[VolumeRef]) -> tuple[tuple[VolumeRef, ...], ...]:
    """Sort references into those to the same voxels: of one volume, one fragment of it, one position in it.

    The order is that of the first reference to each.
    """
    found: dict[tuple[IRI, str | None, int | None], list[VolumeRef]] = defaultdict(list)
    for ref in refs:
        found[ref.iri, ref.fragment, ref.z].append(ref)
    return tuple(map(tuple, found.values()))


def entries(ask: Asker, of: Map) -> tuple[VolumeRef, ...]:
    """Give a reference for each entry of the index of a map and each way to get its voxels.

    ``region``, ``label`` and ``z`` say what the entry marks; ``labels`` has the entry alone, with its name and colour.
    """
    found = []
    volumes: dict[IRI, list[VolumeRef]] = defaultdict(list)
    for ref in maps.volumes(ask, map=of.iri):
        volumes[ref.iri].append(ref)
    for row in ask.table("map/labels", map=of.iri):
        label = row.label if row.label is not None else 0
        name = row.name or row.map_name or ""
        entry = LabelEntry(label, row.iri, name, row.color, row.laterality, row.code or "")
        found += [
            replace(ref, region=row.iri, label=row.label, z=row.z, volume_index=row.volume_index, labels=(entry,))
            for ref in volumes[row.volume]
            if row.fragment is None or ref.fragment in {None, row.fragment}
        ]
    return tuple(found)


def with_labels(ask: Asker, parts: Sequence[Sequence[VolumeRef]]) -> tuple[tuple[VolumeRef, ...], ...]:
    """Give references to parts of one labelled map with what the voxel values of each part mean."""
    if not parts or parts[0][0].map is None:
        return tuple(map(tuple, parts))
    meanings: Mapping[tuple[IRI, str], tuple[LabelEntry, ...]] = {
        (part[0].iri, part[0].fragment or ""): maps.labels(ask, parts[0][0].map, part[0].iri, part[0].fragment)
        for part in parts
    }
    return tuple(tuple(replace(ref, labels=meanings[ref.iri, ref.fragment or ""]) for ref in part) for part in parts)


def parts_shown(ask: Asker, region: Region, of: Map) -> frozenset[IRI]:
    """Give what a map shows of a region: itself and its parts at any depth, those that have an entry of the index."""
    rows = ask.table("map/of-region", region=region.iri, space=of.space, kind=of.kind)
    return frozenset(row.iri for row in rows if row.map == of.iri)
