"""Maps and volumes: which there are, where a region is in them, and what their labels mean."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName
from siibra_kg.locations import BoundingBox
from siibra_kg.volume_ref import LabelEntry, Map, VolumeRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siibra_kg.model import Region
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row
    from siibra_kg.terms import IRI

__all__ = ["KINDS", "kind_of", "labels", "maps", "of_feature", "of_region", "templates", "volumes", "with_labels"]

#: The kinds of maps; siibra writes them in upper case.
KINDS = ("labelled", "statistical")

# So many IRIs go into one query: some 40 kB of text, which every endpoint takes.
_BATCH = 400


def kind_of(spec: object) -> str:
    """Give the kind of map that a word stands for: ours, siibra's ``LABELLED``, or a member of its ``MapType``.

    Raises
    ------
    NoSuchName
        If it is no such word.

    Examples
    --------
    >>> kind_of("STATISTICAL")
    'statistical'
    """
    word = str(getattr(spec, "name", spec)).lower()
    if word not in KINDS:
        raise NoSuchName(str(spec), "kind of map", KINDS)
    return word


def maps(ask: Asker, *, release: IRI | None = None, space: IRI | None = None) -> tuple[Map, ...]:
    """Give all maps, or those of one release, or in one space: by release, space, kind and IRI."""
    found: dict[IRI, Map] = {}
    for row in ask.table("map/list", release=release, space=space):
        found.setdefault(row.iri, _map(row))
    return tuple(found.values())


def volumes(
    ask: Asker,
    *,
    release: IRI | None = None,
    space: IRI | None = None,
    map: IRI | None = None,  # noqa: A002  what it is
    kind: str | None = None,
) -> tuple[VolumeRef, ...]:
    """Give a reference for each way to get each volume of the maps: of a release, in a space, of one map, of a kind.

    Of the ways to get a volume, those that need no more than a file that ships in a package come first. The meaning of
    labels is not looked up: see :func:`with_labels`.
    """
    rows = ask.table("map/volumes", release=release, space=space, map=map, kind=kind)
    cited = _references(ask, (row.in_map for row in rows))
    found = _unique(
        _volume(row, row.map_kind, map=row.in_map, parcellation=row.parcellation_name or "") for row in rows
    )
    return _boxed(ask, _at_hand_first([replace(ref, references=cited.get(ref.map, ())) for ref in found]))


def of_region(ask: Asker, region: Region, space: IRI | None = None, kind: str | None = None) -> tuple[VolumeRef, ...]:
    """Give a reference for each way to get the voxels of a region, from each entry of the index of each map.

    Where no map shows the region itself, these are the references to the parts of it that maps show; ``region`` of a
    reference says what it shows.

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
    rows = list(ask.table("map/of-region", region=region.iri, space=space, kind=kind))
    rows = [row for row in rows if row.depth == 0] or rows
    if not rows:
        return ()
    names = {row.iri: row.name for row in ask.table("space/list")}
    cited = _references(ask, (row.map for row in rows))
    home = region.parcellation.name if region.parcellation else ""
    found = [
        VolumeRef(
            iri=row.volume,
            space=row.in_space,
            kind=row.map_kind,
            provider=row.provider,
            url=str(row.url),
            sha256=row.sha256,
            map=row.map,
            space_name=names.get(row.in_space, ""),
            parcellation=home,
            member=row.member or "",
            fragment=row.fragment,
            region=row.iri,
            label=row.label,
            z=row.z,
            volume_index=row.volume_index,
            references=cited.get(row.map, ()),
        )
        for row in rows
    ]
    return _boxed(ask, _at_hand_first(found))


def with_labels(ask: Asker, ref: VolumeRef) -> VolumeRef:
    """Give a reference to a volume of a map together with what each of its labels means."""
    return ref if ref.map is None else replace(ref, labels=labels(ask, ref.map, ref.iri, ref.fragment))


def labels(
    ask: Asker,
    map: IRI,  # noqa: A002  what it is
    volume: IRI | None = None,
    fragment: str | None = None,
) -> tuple[LabelEntry, ...]:
    """Give what each voxel value of a map means, by value; the map's own name where the graph has no region.

    Parameters
    ----------
    ask
        The graph.
    map
        A labelled map; a statistical one has no labels.
    volume
        Only in this volume of it.
    fragment
        Only in this part of its volumes: hemispheres in files of their own use the same values for two regions.
    """
    return tuple(
        LabelEntry(row.label, row.iri, row.name or row.map_name or "", row.color, row.laterality, row.code or "")
        for row in ask.table("map/labels", map=map)
        if row.label is not None
        and volume in (None, row.volume)
        and (fragment is None or row.fragment in (None, fragment))
    )


def templates(ask: Asker, space: IRI | None = None) -> tuple[VolumeRef, ...]:
    """Give a reference for each way to get each template volume of a space, or of all spaces.

    Those that need no more than a file that ships in a package come first.
    """
    rows = ask.table("map/templates", space=space)
    found = _unique(_volume(row, "template", variant=row.variant or "") for row in rows)
    return tuple(sorted(found, key=_remote))


def of_feature(ask: Asker, feature: IRI) -> tuple[VolumeRef, ...]:
    """Give a reference for each way to get each volume of an image feature, with the box that the graph states."""
    rows = ask.table("feature/volumes", feature=feature)
    found = _unique(_volume(row, row.kind or "voi") for row in rows)
    return _boxed(ask, _at_hand_first(found))


def _remote(ref: VolumeRef) -> bool:
    return not ref.url.startswith("pkg:")


def _at_hand_first(refs: Sequence[VolumeRef]) -> list[VolumeRef]:
    """Put those that ship in a package before the others that lead to the same voxels; nothing else moves."""
    places: dict[tuple[object, ...], int] = {}
    keys = [(ref.map, ref.iri, ref.region, ref.label, ref.z) for ref in refs]
    for known in keys:
        places.setdefault(known, len(places))
    order = sorted(range(len(refs)), key=lambda i: (places[keys[i]], _remote(refs[i])))
    return [refs[i] for i in order]


def _map(row: Row) -> Map:
    return Map(
        row.iri,
        row.name or "",
        row.parcellation,
        row.parcellation_name or "",
        row.in_space,
        row.space_name or "",
        row.kind,
        row.volumes,
        row.entries,
        row.identifier or "",
        bool(row.sparse_index),
    )


def _volume(row: Row, kind: str, **more: str | IRI) -> VolumeRef:
    return VolumeRef(
        iri=row.iri,
        space=row.in_space,
        kind=kind,
        provider=row.provider,
        url=str(row.url),
        sha256=row.sha256,
        license=row.license_name or (str(row.license) if row.license is not None else ""),
        citation=row.citation or "",
        space_name=row.space_name or "",
        member=row.member or "",
        fragment=row.fragment,
        **more,  # type: ignore[arg-type]
    )


def _unique(refs: Iterable[VolumeRef]) -> list[VolumeRef]:
    """Keep the first of several references to the same: a volume with two licences has two rows."""
    found: dict[tuple[object, ...], VolumeRef] = {}
    for ref in refs:
        found.setdefault((ref.map, ref.iri, ref.provider, ref.url, ref.member, ref.fragment), ref)
    return list(found.values())


def _references(ask: Asker, among: Iterable[IRI]) -> dict[IRI | None, tuple[str, ...]]:
    """Give the publications of maps."""
    wanted = sorted(set(among))
    found: dict[IRI | None, tuple[str, ...]] = {}
    for start in range(0, len(wanted), _BATCH):
        for row in ask.table("map/references", maps=wanted[start : start + _BATCH]):
            found[row.map] = (*found.get(row.map, ()), str(row.iri))
    return found


def _boxed(ask: Asker, refs: Sequence[VolumeRef]) -> tuple[VolumeRef, ...]:
    """Add the boxes that the graph states."""
    wanted = sorted({ref.iri for ref in refs})
    boxes: dict[IRI, BoundingBox] = {}
    for start in range(0, len(wanted), _BATCH):
        for row in ask.table("map/boxes", volumes=wanted[start : start + _BATCH]):
            low, high = (row.min_x, row.min_y, row.min_z), (row.max_x, row.max_y, row.max_z)
            if all(map(math.isfinite, (*low, *high))):  # else `check/box-wrong` says so
                boxes[row.iri] = BoundingBox(low, high, row.in_space)
    return tuple(replace(ref, box=boxes[ref.iri]) if ref.iri in boxes else ref for ref in refs)
