"""Voxels of regions: masks of any level of the tree, and the statistical map of a region."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from siibra_kg.errors import DataMissing
from siibra_kg.questions import map_entries, maps
from siibra_kg.voxels.choose import find_map, home_of

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.model import Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import Map
    from siibra_kg.volumes import LabelMap, Surface, SurfaceLabelMap, Volume
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["mask", "regional_map"]


def mask(
    ask: Asker,
    settings: Settings,
    region: Region,
    space: Space | str | None,
    *,
    kind: str = "labelled",
    spec: str | None = None,
    threshold: float = 0.0,
    options: FetchOptions | None = None,
) -> Volume | Surface:
    """Give the voxels of a region, in a space of surfaces its vertices: the union of its own labels and of its parts'.

    Only the files that show them are read. Parts that the map does not show are named in the provenance.

    Parameters
    ----------
    ask, settings
        The graph; where files are.
    region
        A region of a release, or a hemisphere of one, at any level of its tree.
    space
        Needed where the release has maps in several spaces.
    kind
        ``"labelled"``, or ``"statistical"`` for the voxels whose value is greater than a threshold.
    spec
        Words of the map's id, where there are several.
    threshold
        Of a statistical map, in its own unit.
    options
        How to fetch.

    Raises
    ------
    DataMissing
        If no map of this kind in this space shows the region or any part of it: says where it has one.
    """
    if maps.kind_of(kind) == "statistical":
        from siibra_kg.volumes.threshold import above  # noqa: PLC0415

        return above(regional_map(ask, settings, region, space, spec=spec, options=options), threshold)
    found = find_map(ask, home_of(region), space, kind, spec)
    shown = _shown(ask, region, found)
    read = _labels_of(ask, settings, found, shown, options)
    cut = read.mask(sorted(shown), name=region.name)
    missing = ask.table("map/unmapped-parts", region=region.iri, map=found.iri).column("name")
    if not missing:
        return cut
    step = f"the map does not show {len(missing)} of its parts: {', '.join(missing)}"
    return replace(cut, provenance=cut.provenance.then(step))


def _shown(ask: Asker, region: Region, found: Map) -> frozenset[str]:
    shown = map_entries.parts_shown(ask, region, found)
    if shown:
        return shown
    there = sorted({f"{ref.kind} in {ref.space_name}" for ref in maps.of_region(ask, region)})
    where = f"maps that show it: {'; '.join(there)}" if there else "no map shows it or any part of it"
    raise DataMissing(f"{region.name} as voxels", f"the {found} has no entry for it", where)


def _labels_of(
    ask: Asker, settings: Settings, found: Map, shown: frozenset[str], options: FetchOptions | None
) -> LabelMap | SurfaceLabelMap:
    """Read those volumes and fragments of a map that show some regions."""
    from siibra_kg.volumes.joined import read_joined  # noqa: PLC0415
    from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

    holding = {(ref.iri, ref.fragment) for ref in map_entries.entries(ask, found) if ref.region in shown}
    refs = [ref for ref in maps.volumes(ask, map=found.iri) if (ref.iri, ref.fragment) in holding]
    parts = map_entries.with_labels(ask, map_entries.by_part(refs))
    return read_joined(parts, settings, options or FetchOptions())


def regional_map(
    ask: Asker,
    settings: Settings,
    region: Region,
    space: Space | str | None,
    *,
    spec: str | None = None,
    options: FetchOptions | None = None,
) -> Volume:
    """Give the statistical map of a region: where it has several, of its halves or parts, their greatest value.

    Raises
    ------
    DataMissing
        As :func:`mask`.
    """
    from siibra_kg.volumes import fetch  # noqa: PLC0415
    from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415
    from siibra_kg.volumes.threshold import as_image, greatest  # noqa: PLC0415

    found = find_map(ask, home_of(region), space, "statistical", spec)
    shown = _shown(ask, region, found)
    wanted = {region.iri} & shown or shown
    entries = [ref for ref in map_entries.entries(ask, found) if ref.region in wanted]
    options = options or FetchOptions()
    images = [as_image(fetch(part, settings, options)) for part in map_entries.by_part(entries)]
    return replace(reduce(greatest, images), name=region.name, kind="statistical", color=region.color)
