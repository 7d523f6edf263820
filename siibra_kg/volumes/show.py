"""How a volume shows itself in a notebook: a picture, where matplotlib is there, and a table of facts."""

from __future__ import annotations

import html
from importlib.util import find_spec
from typing import TYPE_CHECKING

from siibra_kg.terms import contract

if TYPE_CHECKING:
    from siibra_kg.volumes.volume import Volume

__all__ = ["facts", "to_html"]


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
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>"
        for k, v in facts(volume).items()
        if v
    )
    table = f"<table><caption>Volume</caption>{rows}</table>"
    if find_spec("matplotlib") is None or not volume.array.any():
        return table
    from siibra_kg.volumes import plot  # noqa: PLC0415  as in Volume.plot

    picture = plot.plot_mask(volume, outlines=volume.context) if volume.kind == "mask" else plot.plot_volume(volume)
    return picture.to_html() + table
