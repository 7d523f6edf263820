"""Which map of a parcellation is meant, and what it shows of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.questions import maps, matching, naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.model import Parcellation, Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import Map, VolumeRef

__all__ = ["find_map", "home_of", "volumes", "with_options"]


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


def home_of(region: Region) -> Parcellation:
    """Give the release that a region belongs to; only such a region can have voxels.

    Raises
    ------
    DataMissing
        If it belongs to none.
    """
    if region.parcellation is None:
        raise DataMissing(f"a map of {region.name}", "it belongs to no parcellation", "ask for a region of a release")
    return region.parcellation


def volumes(ask: Asker, region: Region, space: Space | str | None, kind: str | None) -> tuple[VolumeRef, ...]:
    """Give references to the voxels of a region, or of the parts of it that maps show if none shows the region."""
    where = None
    if space is not None:
        there = ask.table("map/spaces-of-region", region=region.iri).column("iri")
        where = naming.space_among(ask, space, frozenset(there)).iri
    return maps.of_region(ask, region, where, None if kind is None else maps.kind_of(kind))


def with_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Put the keywords that say how to fetch into one value, ``options``, and leave the others."""
    from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415  numpy takes 100 ms

    ours = {name: given[name] for name in ("kind", "spec", "threshold") if name in given}
    return ours | {"options": FetchOptions(**{k: v for k, v in given.items() if k not in ours})}
