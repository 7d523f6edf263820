"""How volumes, maps and surfaces show themselves in a notebook: a small picture, where matplotlib is there, and facts.

Nothing is fetched for it: what is drawn is in memory already.
"""

from __future__ import annotations

import html
from importlib.util import find_spec
from typing import TYPE_CHECKING

from siibra_kg.terms import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.pictures.plot_sheet import Picture
    from siibra_kg.volumes.statistical.map import StatisticalMap
    from siibra_kg.volumes.surface import Surface
    from siibra_kg.volumes.volume import Volume

__all__ = ["facts", "label_map_to_html", "statistical_map_to_html", "surface_to_html", "to_html"]

#: Triangles beyond this number are not drawn unasked: it would take seconds.
_MANY = 200_000


def facts(volume: Volume) -> dict[str, str]:
    """Give what is known about a volume, as texts; an unknown fact is empty."""
    size = " x ".join(f"{v:g}" for v in volume.voxel_size)
    return {
        "kind": volume.kind,
        "name": volume.name,
        "parcellation": volume.parcellation,
        "space": f"{volume.space_name} <{contract(volume.space)}>".strip(),
        "voxels": f"{' x '.join(map(str, volume.shape))} of {size} mm, {volume.array.dtype}",
        "file": volume.provenance.url,
        "derived": "; ".join(volume.provenance.derivation),
        "license": volume.provenance.license,
        "citation": volume.provenance.citation,
    }


def to_html(volume: Volume) -> str:
    """Give a picture and a table for a notebook."""
    table = _table("Volume", facts(volume))
    if find_spec("matplotlib") is None or not volume.array.any():
        return table
    from siibra_kg.volumes.pictures import plot  # noqa: PLC0415  matplotlib is an extra, and takes half a second
    from siibra_kg.volumes.pictures.plot_sheet import SMALL_DPI  # noqa: PLC0415

    if volume.kind == "mask":
        return _shown(plot.plot_mask(volume, outlines=volume.context, dpi=SMALL_DPI)) + table
    return _shown(plot.plot_volume(volume, dpi=SMALL_DPI)) + table


def label_map_to_html(labels: LabelMap) -> str:
    """Give a picture in the colours of the regions, and a table."""
    table = _table("LabelMap", facts(labels.volume))
    if find_spec("matplotlib") is None or not labels.volume.array.any():
        return table
    from siibra_kg.volumes.pictures.plot_maps import plot_labels  # noqa: PLC0415  as above
    from siibra_kg.volumes.pictures.plot_sheet import SMALL_DPI  # noqa: PLC0415

    return _shown(plot_labels(labels, dpi=SMALL_DPI)) + table


def statistical_map_to_html(maps: StatisticalMap) -> str:
    """Give a picture of which region is the most probable at each voxel, and a table."""
    size = " x ".join(map(str, maps.shape))
    table = _table(
        "StatisticalMap",
        {
            "parcellation": maps.parcellation,
            "space": f"{maps.space_name} <{contract(maps.space)}>".strip(),
            "maps": f"{len(maps.columns)}, values in {maps.value_unit}",
            "voxels": size,
            "file": maps.provenance.url,
            "license": maps.provenance.license,
            "citation": maps.provenance.citation,
        },
    )
    if find_spec("matplotlib") is None or not len(maps.index.values):
        return table
    from siibra_kg.volumes.pictures.plot_maps import plot_labels  # noqa: PLC0415  as above
    from siibra_kg.volumes.pictures.plot_sheet import SMALL_DPI  # noqa: PLC0415

    return _shown(plot_labels(maps.max_probability(), dpi=SMALL_DPI)) + table


def surface_to_html(surface: Surface) -> str:
    """Give a picture, unless there are very many triangles or none, and a table."""
    table = _table(
        "Surface",
        {
            "kind": surface.kind,
            "name": surface.name,
            "parcellation": surface.parcellation,
            "part": surface.fragment or ", ".join(surface.fragments),
            "variant": surface.variant,
            "space": f"{surface.space_name} <{contract(surface.space)}>".strip(),
            "mesh": f"{len(surface.vertices):,} vertices, {len(surface.faces):,} triangles",
            "file": surface.provenance.url,
            "license": surface.provenance.license,
            "citation": surface.provenance.citation,
        },
    )
    if find_spec("matplotlib") is None or not 0 < len(surface.faces) <= _MANY:
        return table
    from siibra_kg.volumes.pictures.plot_sheet import SMALL_DPI  # noqa: PLC0415  as above
    from siibra_kg.volumes.pictures.plot_surface import plot_surface  # noqa: PLC0415

    return _shown(plot_surface(surface, dpi=SMALL_DPI)) + table


def _shown(picture: Picture) -> str:
    return picture.to_html()


def _table(caption: str, known: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>"
        for k, v in known.items()
        if v
    )
    return f"<table><caption>{caption}</caption>{rows}</table>"
