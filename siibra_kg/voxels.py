"""From nodes to voxels: finds the volumes that the graph names for a region or a space, and has them read.

The only place where questions and volumes meet; :mod:`siibra_kg.volumes` knows volume references, never stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.questions import hierarchy, maps, naming, spaces

if TYPE_CHECKING:
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.model import Parcellation, Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes import LabelMap, Volume

__all__ = ["label_map", "mask", "picture", "reference", "template", "volumes"]


def reference(ask: Asker, parcellation: Parcellation, space: Space | str | None, kind: str = "labelled") -> VolumeRef:
    """Give the reference to the one map of a parcellation in a space.

    Parameters
    ----------
    ask
        The graph.
    parcellation
        A release.
    space
        Needed where the release has maps of this kind in several spaces.
    kind
        ``"labelled"`` or ``"statistical"``.

    Raises
    ------
    DataMissing
        If the graph names no such map; the message says which maps there are.
    AmbiguousName
        If there are several.
    """
    there = [ref for ref in maps.volumes(ask, release=parcellation.iri) if ref.kind == kind]
    wanted = None if space is None else naming.space(ask, space)
    found = [ref for ref in there if wanted is None or ref.space == wanted.iri]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousName(parcellation.name, "map", found, wanted.name if wanted else "")
    where = f" in space {wanted.name}" if wanted else ""
    others = ", ".join(sorted({ref.space_name for ref in there})) or "none in any space"
    raise DataMissing(
        f"a {kind} map of {parcellation.name}{where}", "the graph names none", f"maps of this kind there are: {others}"
    )


def volumes(ask: Asker, region: Region, space: Space | str | None, kind: str | None) -> tuple[VolumeRef, ...]:
    """Give references to the volumes that show a region or a part of it."""
    return maps.of_region(ask, region, None if space is None else naming.space(ask, space).iri, kind)


def label_map(ask: Asker, settings: Settings, parcellation: Parcellation, space: Space | str | None) -> LabelMap:
    """Read the label map of a parcellation in a space."""
    from siibra_kg.volumes import read_label_map  # noqa: PLC0415  numpy and nibabel take 150 ms

    return read_label_map(reference(ask, parcellation, space), settings)


def mask(ask: Asker, settings: Settings, region: Region, space: Space | str | None) -> Volume:
    """Give the voxels of a region: the union of its own labels and of those of its parts.

    Raises
    ------
    DataMissing
        If no label map in this space shows the region or any part of it.
    """
    if region.parcellation is None:
        raise DataMissing(f"a map of {region.name}", "it belongs to no parcellation", "ask for a region of a release")
    read = label_map(ask, settings, region.parcellation, space)
    shown = [r.iri for r in (region, *hierarchy.descendants(ask, region)) if read.labels_of(r.iri)]
    if not shown:
        hint = "`siibra-kg query map/labels --map <map>` lists what it shows"
        raise DataMissing(f"{region.name} as voxels", f"{read.volume.name or 'the map'} has no label for it", hint)
    return read.mask(shown, name=region.name)


def template(ask: Asker, settings: Settings, space: Space) -> Volume:
    """Read the template image of a reference space.

    Raises
    ------
    DataMissing
        If the graph names none, or its file is not on this machine.
    """
    from siibra_kg.volumes import read_volume  # noqa: PLC0415

    found = maps.templates(ask, space.iri)
    if not found:
        raise DataMissing(
            f"the template of {space.name}", "the graph names none", "`kg.maps()` lists the volumes there are"
        )
    return read_volume(found[0], settings)


def picture(ask: Asker, settings: Settings, region: Region, out: Path, space: Space | str | None) -> Path:
    """Draw a region on three orthogonal slices: over the template where one is at hand, else among the outlines."""
    from siibra_kg.volumes.plot import plot_mask  # noqa: PLC0415  matplotlib takes half a second

    shown = mask(ask, settings, region, space)
    try:
        home = spaces.by_iri(ask, [shown.space])
        background = template(ask, settings, home[0]) if home else None
    except DataMissing:
        background = None
    plot_mask(shown, out, outlines=shown.context, background=background)
    return out
