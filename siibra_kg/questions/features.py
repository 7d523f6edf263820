"""Features of regions, parcellations and spaces, each match with its qualification and the way that led to it.

What a feature is anchored to relates to a region as siibra says: it is the region (exact), the region is part of it
(contains), or it is part of the region (contained). Where another region leads to the query, by a version link or by
homology, the two relations are composed; a relation that follows from neither is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import NoSuchName
from siibra_kg.model_features import Edge, Match, Way
from siibra_kg.qualification import Qualification
from siibra_kg.questions import modalities
from siibra_kg.terms import IRI
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siibra_kg.questions.feature_index import FeatureIndex

__all__ = ["matches", "of_regions", "of_releases", "of_space"]

#: Steps by how well they are founded.
_FOUNDED = {"identifier": 0, "name": 1, "geometry": 2, "version link": 3, "homology": 4}
_ANCHORED = {"name": IRI(SKG + "anchoredByName"), "identifier": IRI(SKG + "anchoredById")}
_IN_SPACE, _VERSION_OF = IRI(SKG + "inSpace"), IRI(SKG + "isVersionOf")
_EXACT, _CONTAINED, _CONTAINS = Qualification.EXACT, Qualification.CONTAINED, Qualification.CONTAINS
_OTHER, _OVERLAPS, _HOMOLOGOUS = Qualification.OTHER_VERSION, Qualification.OVERLAPS, Qualification.HOMOLOGOUS


def of_regions(index: FeatureIndex, regions: Sequence[IRI], anchoring: str | None = None) -> dict[IRI, list[Way]]:
    """Give the ways in which features belong to any of some regions.

    Parameters
    ----------
    index
        The anchors.
    regions
        Regions or hemispheres.
    anchoring
        ``"siibra"`` for what siibra finds, ``"curated"`` for what identifiers, version links and homology find; both
        unless told.

    Returns
    -------
    dict
        feature -> ways, in no order.
    """
    found: dict[IRI, list[Way]] = {}
    _along(index, regions, {}, found)
    if anchoring != "siibra":
        near: dict[IRI, list[tuple[Qualification, tuple[Edge, ...]]]] = {}
        for other, said, link, inverse, region in index.ask.table("feature/near", regions=regions).cells:
            edge = Edge(other, link, region) if inverse else Edge(region, link, other)
            near.setdefault(other, []).append((Qualification(said), (edge,)))
        if near:
            _along(index, sorted(near), near, found)
    return _kept(found, anchoring)


def _along(
    index: FeatureIndex,
    regions: Sequence[IRI],
    near: Mapping[IRI, Sequence[tuple[Qualification, tuple[Edge, ...]]]],
    found: dict[IRI, list[Way]],
) -> None:
    """Add the ways that go up and down the trees of regions, and on through ``near`` where it has them."""
    for node, name, said, edge, region in index.ask.table("feature/lineage", regions=regions).cells:
        pairs = index.anchored.get(node)
        if not pairs:
            continue
        step = Qualification(said)
        path: tuple[Edge, ...] = ()
        if edge is not None:
            path = (Edge(node, edge, region),) if step is _CONTAINED else (Edge(region, edge, node),)
        for feature, made_by in pairs:
            first = Edge(feature, _ANCHORED[made_by], node)
            if region not in near:
                by = "siibra" if made_by == "name" else "curated"
                found.setdefault(feature, []).append(Way(step, made_by, by, node, name, (first, *path)))
            for link, last in near.get(region, ()):
                whole = _composed(step, link)
                if whole is not None:
                    by = "homology" if link is _HOMOLOGOUS else "version link"
                    found.setdefault(feature, []).append(Way(whole, by, "curated", node, name, (first, *path, *last)))


def _composed(first: Qualification, then: Qualification) -> Qualification | None:
    """Say how A relates to C, from how A relates to B and B to C.

    >>> _composed(Qualification.CONTAINS, Qualification.CONTAINED)  # both have B
    <Qualification.OVERLAPS: 'overlaps'>
    >>> _composed(Qualification.CONTAINED, Qualification.CONTAINS)  # two parts of B may be far from each other
    """
    if first is _EXACT:
        return then
    if then is _HOMOLOGOUS:
        return then
    if then in (_EXACT, _OTHER, first):
        return first
    return _OVERLAPS if first is _CONTAINS else None


def of_releases(index: FeatureIndex, releases: Sequence[IRI], anchoring: str | None = None) -> dict[IRI, list[Way]]:
    """Give the ways in which features belong to releases: anchored to them (exact) or to their regions (contained)."""
    found: dict[IRI, list[Way]] = {}
    _along(index, releases, {}, found)
    if anchoring != "siibra":
        near: dict[IRI, list[tuple[Qualification, tuple[Edge, ...]]]] = {}
        for other, atlas, release in index.ask.table("feature/near-releases", releases=releases).cells:
            both = (Edge(other, _VERSION_OF, atlas), Edge(release, _VERSION_OF, atlas))
            near.setdefault(other, []).append((_OTHER, both))
        if near:
            _along(index, sorted(near), near, found)
    return _kept(found, anchoring)


def of_space(index: FeatureIndex, space: IRI, name: str) -> dict[IRI, list[Way]]:
    """Give the ways in which features belong to a space: by a location or an image there; siibra calls this contained.

    A feature that is anchored to a region alone is in no space.
    """
    return {
        feature: [Way(_CONTAINED, "geometry", "siibra", space, name, (Edge(feature, _IN_SPACE, space),))]
        for feature in index.ask.table("feature/by-space", space=space).column("iri")
    }


def matches(index: FeatureIndex, ways: Mapping[IRI, Iterable[Way]], query: str, modality: object) -> tuple[Match, ...]:
    """Give matches in a fixed order: by qualification, then by class, name and IRI of the feature.

    Parameters
    ----------
    index
        Knows the features.
    ways
        feature -> ways.
    query
        What was asked for, in words.
    modality
        See :func:`siibra_kg.questions.modalities.resolve`.

    Raises
    ------
    NoSuchName
        If there is no such modality.
    """
    wanted = None if modality is None else modalities.resolve(modality, index.modalities)
    if wanted is not None and not wanted:
        return ()
    found = [
        Match(feature, tuple(sorted(ways[iri], key=_rank)), query)
        for iri, feature in index.features(ways).items()
        if wanted is None or feature.modality in wanted
    ]
    found.sort(key=lambda m: (m.qualification.rank, m.feature.modality, m.feature.name, m.feature.iri))
    return tuple(found)


def _rank(way: Way) -> tuple[int, int, str, IRI, int, IRI, IRI]:
    said, founded, last = way.qualification.rank, _FOUNDED[way.made_by], way.path[-1]
    return said, founded, way.structure_name, way.structure, len(way.path), last.predicate, last.subject


def _kept(found: dict[IRI, list[Way]], anchoring: str | None) -> dict[IRI, list[Way]]:
    if anchoring is None:
        return found
    if anchoring not in ("siibra", "curated"):
        raise NoSuchName(anchoring, "anchoring", ("siibra", "curated"))
    kept = {feature: [w for w in ways if w.anchoring == anchoring] for feature, ways in found.items()}
    return {feature: ways for feature, ways in kept.items() if ways}
