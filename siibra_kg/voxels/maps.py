"""Whole maps: from the entries of an index to a label map, a statistical map, or labels on a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import DataMissing
from siibra_kg.questions import map_entries
from siibra_kg.questions import maps as listed

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import Map
    from siibra_kg.volumes import LabelMap, StatisticalMap, SurfaceLabelMap
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["label_map", "read_map", "statistical_map"]


def read_map(
    ask: Asker, settings: Settings, found: Map, options: FetchOptions
) -> LabelMap | StatisticalMap | SurfaceLabelMap:
    """Read a map, whichever kind it is of."""
    if found.kind == "statistical":
        return statistical_map(ask, settings, found, options)
    return label_map(ask, settings, found, options)


def label_map(ask: Asker, settings: Settings, found: Map, options: FetchOptions) -> LabelMap | SurfaceLabelMap:
    """Read a labelled map: all of its volumes and fragments as one, with what each label means.

    Raises
    ------
    DataMissing
        If the graph names no way to get it, or a file cannot be had; says where it is.
    """
    from siibra_kg.volumes.joined import read_joined  # noqa: PLC0415  numpy and nibabel take 150 ms

    refs = listed.volumes(ask, map=found.iri)
    if not refs:
        raise DataMissing(str(found), "the graph names no provider", "`siibra-kg query map/list` lists all maps")
    return read_joined(map_entries.with_labels(ask, map_entries.by_part(refs)), settings, options)


def statistical_map(ask: Asker, settings: Settings, found: Map, options: FetchOptions) -> StatisticalMap:
    """Read a statistical map: the values of all its regions, as a sparse array.

    Raises
    ------
    DataMissing
        As :func:`label_map`.
    """
    from siibra_kg.volumes import read_statistical_map  # noqa: PLC0415

    return read_statistical_map(map_entries.entries(ask, found), settings, options, published=found.sparse_index)
