"""From nodes to voxels: finds the volumes that the graph names for a region or a space, and has them read.

The only place where questions and volumes meet; :mod:`siibra_kg.volumes` knows volume references, never stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.questions import hierarchy, maps, matching, naming, spaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.model import Parcellation, Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import Map, VolumeRef
    from siibra_kg.volumes import LabelMap, Volume

__all__ = ["find_map", "label_map", "mask", "picture", "reference", "template", "volumes"]

# What can be read by now; everything else a reference can only name.
_READABLE = "nii"


def find_map(
    ask: Asker, parcellation: Parcellation, space: Space | str | None, kind: str = "labelled", spec: str | None = None
) -> Map:
    """Give the one map of a parcellation in a space.

    Parameters
    ----------
    ask
        The graph.
    parcellation
        A release.
    space
        Needed where the release has maps of this kind in several spaces.
    kind
        ``"labelled"`` or ``"statistical"``, or siibra's ``LABELLED`` and ``STATISTICAL``.
    spec
        Words of the map's id or name, where there are several: ``"227"``.

    Raises
    ------
    DataMissing
        If the graph names no such map; the message says which maps there are.
    AmbiguousName
        If there are several; ``candidates`` has them.
    """
    kind = maps.kind_of(kind)
    there = [m for m in maps.maps(ask, release=parcellation.iri) if m.kind == kind]
    wanted = None if space is None else naming.space_among(ask, space, {m.space for m in there})
    found = [m for m in there if wanted is None or m.space == wanted.iri]
    if spec:
        texts = {m.iri: (m.id, m.name, m.identifier) for m in found}
        found = [m for m in found if any(matching.extra_words(spec, t) is not None for t in texts[m.iri])]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousName(parcellation.name, "map", found, wanted.name if wanted else "")
    where = (f" in space {wanted.name}" if wanted else "") + (f" with {spec!r} in its id or name" if spec else "")
    others = ", ".join(f"{m.id} in {m.space_name}" for m in there) or "none in any space"
    raise DataMissing(
        f"a {kind} map of {parcellation.name}{where}", "the graph names none", f"maps of this kind there are: {others}"
    )


def reference(
    ask: Asker, parcellation: Parcellation, space: Space | str | None, kind: str = "labelled", spec: str | None = None
) -> VolumeRef:
    """Give the reference to the one volume of the one map of a parcellation in a space, with what its labels mean.

    Raises
    ------
    DataMissing, AmbiguousName
        As :func:`find_map`; and if the map is no single file of a format that can be read.
    """
    found = find_map(ask, parcellation, space, kind, spec)
    refs = maps.volumes(ask, map=found.iri)
    whole = [ref for ref in refs if ref.provider == _READABLE and not ref.member and ref.fragment is None]
    if found.volumes == 1 and whole:
        return maps.with_labels(ask, whole[0])
    raise _remote(str(found), refs, f"`siibra-kg query map/volumes --map {found.iri}` lists all addresses")


def _remote(what: str, refs: Sequence[VolumeRef], hint: str) -> DataMissing:
    """Say where voxels are that cannot be had yet."""
    shown = [
        f"{ref.url} {ref.member}".strip() + f" ({', '.join(filter(None, (ref.provider, ref.fragment)))})"
        for ref in refs
    ]
    more = f" and {len(shown) - 4} more" if len(shown) > 4 else ""
    place = "; ".join(shown[:4]) + more if shown else "the graph names no provider"
    return DataMissing(what, place, f"downloading comes with the volume module; {hint}")


def volumes(ask: Asker, region: Region, space: Space | str | None, kind: str | None) -> tuple[VolumeRef, ...]:
    """Give references to the voxels of a region, or of the parts of it that maps show if none shows the region."""
    where = None
    if space is not None:
        there = ask.table("map/spaces-of-region", region=region.iri).column("iri")
        where = naming.space_among(ask, space, frozenset(there)).iri
    return maps.of_region(ask, region, where, None if kind is None else maps.kind_of(kind))


def label_map(
    ask: Asker,
    settings: Settings,
    parcellation: Parcellation,
    space: Space | str | None,
    *,
    kind: str = "labelled",
    spec: str | None = None,
) -> LabelMap:
    """Read the label map of a parcellation in a space; see :func:`reference`."""
    from siibra_kg.volumes import read_label_map  # noqa: PLC0415  numpy and nibabel take 150 ms

    if maps.kind_of(kind) != "labelled":
        found = find_map(ask, parcellation, space, kind, spec)
        raise _remote(str(found), maps.volumes(ask, map=found.iri), "this version reads label maps only")
    return read_label_map(reference(ask, parcellation, space, spec=spec), settings)


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


def template(ask: Asker, settings: Settings, space: Space, variant: str | None = None) -> Volume:
    """Read the template image of a reference space.

    Parameters
    ----------
    ask, settings
        The graph; where files are.
    space
        The space.
    variant
        Which form, where there are several: ``"pial"``, ``"inflated"``.

    Raises
    ------
    DataMissing
        If the graph names none, or its file is not on this machine, or of a format that cannot be read yet.
    AmbiguousName
        If there are several forms; ``candidates`` has a reference for each file.
    """
    from siibra_kg.volumes import read_volume  # noqa: PLC0415

    there = maps.templates(ask, space.iri)
    found = [ref for ref in there if variant is None or ref.variant.lower() == variant.lower()]
    forms = sorted({ref.variant for ref in found})
    if not found:
        known = ", ".join(sorted({ref.variant for ref in there if ref.variant}))
        hint = f"forms there are: {known}" if known else "`siibra-kg query map/templates` lists those there are"
        form = f" ({variant})" if variant else ""
        raise DataMissing(f"the template of {space.name}{form}", "the graph names none", hint)
    if len(forms) > 1:
        raise AmbiguousName(space.name, "template", found)
    readable = [ref for ref in found if ref.provider == _READABLE and not ref.member and ref.fragment is None]
    if not readable:
        raise _remote(
            f"the template of {space.name}", found, "`siibra-kg query map/templates` lists those that are at hand"
        )
    return read_volume(readable[0], settings)


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
