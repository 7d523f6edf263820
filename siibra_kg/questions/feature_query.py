"""One question for features, whatever it is about: a region, several, a parcellation, a space, a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.errors import AmbiguousName, NoSuchName
from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.model import Parcellation, Region, Space
from siibra_kg.model_features import Feature
from siibra_kg.questions import features, lookup, naming, places

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.model_features import Match
    from siibra_kg.questions.feature_index import FeatureIndex

__all__ = ["feature", "query"]


def query(
    index: FeatureIndex,
    concept: object,
    modality: object = None,
    *,
    parcellation: Parcellation | str | None = None,
    anchoring: str | None = None,
) -> tuple[Match, ...]:
    """Give the features that belong to a concept, best matches first.

    Parameters
    ----------
    index
        The graph.
    concept
        A region, a parcellation, a space, a location; several regions, for the features of any of them; or a text:
        the name of a region, else of a parcellation, else of a space.
    modality
        A class of features, some words of its name, a category, or several of these; all unless told.
    parcellation
        Where a text is looked up as the name of a region.
    anchoring
        ``"siibra"`` for siibra's answer alone, ``"curated"`` for what this graph adds.

    Raises
    ------
    NoSuchName, AmbiguousName
        If a text means nothing, or several regions; if there is no such modality or anchoring.
    """
    if isinstance(concept, str):
        concept = _meant(index, concept, parcellation)
    if anchoring not in (None, "siibra", "curated"):
        raise NoSuchName(str(anchoring), "anchoring", ("siibra", "curated"))
    if isinstance(concept, Region):
        return _of_regions(index, (concept,), modality, anchoring)
    if isinstance(concept, Parcellation):
        ways = features.of_releases(index, (concept.iri,), anchoring)
        return features.matches(index, ways, concept.name, modality)
    if isinstance(concept, Space):
        return features.matches(index, features.of_space(index, concept.iri, concept.name), concept.name, modality)
    if isinstance(concept, Point | PointCloud | BoundingBox):
        space = naming.space(index.ask, concept.space)
        words = f"{type(concept).__name__} in {space.name}"
        return features.matches(index, places.at(index, concept, space.iri), words, modality)
    if isinstance(concept, list | tuple | set | frozenset):
        regions = _regions(index, concept, parcellation)
        return _of_regions(index, regions, modality, anchoring)
    raise NoSuchName(repr(concept), "region, parcellation, space or location")


def _of_regions(
    index: FeatureIndex, regions: tuple[Region, ...], modality: object, anchoring: str | None
) -> tuple[Match, ...]:
    if not regions:
        return ()
    ways = features.of_regions(index, tuple(dict.fromkeys(r.iri for r in regions)), anchoring)
    return features.matches(index, ways, ", ".join(dict.fromkeys(r.name for r in regions)), modality)


def _regions(index: FeatureIndex, specs: Iterable[Any], parcellation: Parcellation | str | None) -> tuple[Region, ...]:
    return tuple(lookup.region(index.ask, spec, parcellation) for spec in specs)


def _meant(index: FeatureIndex, spec: str, parcellation: Parcellation | str | None) -> Region | Parcellation | Space:
    try:
        return lookup.region(index.ask, spec, parcellation)
    except (NoSuchName, AmbiguousName) as none:
        # "AAL1" is the name of a parcellation, and a word of what names each of its regions.
        other = None if parcellation is not None else _parcellation(index, spec) or _space(index, spec)
        if other is None:
            raise none from None
        return other


def _parcellation(index: FeatureIndex, spec: str) -> Parcellation | None:
    try:
        return naming.parcellation(index.ask, spec)
    except (NoSuchName, AmbiguousName):
        return None


def _space(index: FeatureIndex, spec: str) -> Space | None:
    try:
        return naming.space(index.ask, spec)
    except (NoSuchName, AmbiguousName):
        return None


def feature(
    index: FeatureIndex,
    spec: Feature | object,
    modality: object = None,
    *,
    parcellation: Parcellation | str | None = None,
) -> Feature:
    """Give one feature: by its IRI, CURIE, or the end of its IRI; or the one that matches a concept best.

    Parameters
    ----------
    index
        The graph.
    spec
        A feature or what names one; or, as :func:`query` takes it, a concept.
    modality, parcellation
        As of :func:`query`; a spec is a concept where one of them is given.

    Raises
    ------
    NoSuchName
        If the graph has no such feature, or none of this modality belongs to the concept.
    AmbiguousName
        If several features belong to the concept equally well; ``candidates`` has them.
    """
    if isinstance(spec, Feature):
        return spec
    if isinstance(spec, str) and modality is None and parcellation is None:
        return _named(index, spec)
    found = query(index, spec, modality, parcellation=parcellation)
    what = " ".join(filter(None, (str(modality or ""), "feature")))
    if not found:
        raise NoSuchName(str(spec), what)
    best = [match.feature for match in found if match.qualification is found[0].qualification]
    if len(best) > 1:
        raise AmbiguousName(str(spec), what, best)
    return best[0]


def _named(index: FeatureIndex, spec: str) -> Feature:
    iri = lookup.as_iri(spec)
    if iri is None:
        rows = index.ask.table("feature/by-id", id=spec)
        iri = rows[0].iri if len(rows) == 1 else None
    found = index.features((iri,)) if iri is not None else {}
    if not found:
        raise NoSuchName(spec, "feature")
    return next(iter(found.values()))
