"""Pictures of volumes: a mask over its template or among its neighbours, a template, any volume by its kind.

Three orthogonal slices in the neurological convention. Voxels are shown as they are: no interpolation, no smoothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.locations import require_same_space
from siibra_kg.terms import contract
from siibra_kg.volumes.pictures.plot_canvas import Panel, draw
from siibra_kg.volumes.pictures.plot_maps import plot_labels, plot_statistical
from siibra_kg.volumes.pictures.plot_parts import (
    focus,
    frame_of,
    joined,
    kept,
    paint_grey,
    paint_labels,
    paint_mask,
    point,
)
from siibra_kg.volumes.pictures.plot_sheet import DPI, Picture
from siibra_kg.volumes.pictures.plot_surface import plot_surface

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.volume import Volume

__all__ = ["Picture", "focus", "plot_labels", "plot_mask", "plot_statistical", "plot_surface", "plot_volume"]

#: For regions without a colour of their own: clear against greys, also for colour-blind readers (Okabe & Ito).
DEFAULT_COLOR = "#E69F00"


def plot_mask(
    volume: Volume,
    out: str | Path | None = None,
    *,
    outlines: LabelMap | None = None,
    background: Volume | None = None,
    title: str = "",
    color: str | None = None,
    at: ArrayLike | None = None,
    dpi: int = DPI,
) -> Picture:
    """Draw a mask on three orthogonal slices through it.

    The slices meet at the voxel of the mask that is nearest to its centroid, which itself may lie outside of a curved
    region. Left is at the left of coronal and axial slices (neurological convention).

    Parameters
    ----------
    volume
        The mask: what is not zero is filled.
    out
        A PNG file to write; without it only the picture is given back.
    outlines
        A label map in the same space whose borders are drawn: faint over a background, clear without one.
    background
        A template in the same space, drawn in greys.
    title
        Replaces the name of the mask; parcellation and space stand below it.
    color
        ``"#RRGGBB"``; else the mask's own, else orange.
    at
        Where the slices meet, in mm, if not there.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    LabelMismatch
        If the mask is empty.
    SpaceMismatch
        If outlines or background are in another space.
    """
    labels = outlines.volume if outlines is not None else None
    for other in (background, labels):
        if other is not None:
            require_same_space(other, volume, "a picture of both would show them at the wrong place")
    where = point(at, focus(volume), volume)
    frame = frame_of(volume, background or labels)
    paint_color = color or volume.color or DEFAULT_COLOR

    def paint(panel: Panel) -> None:
        if background is not None:
            paint_grey(panel, background)
        if labels is not None:
            paint_labels(panel, labels, alone=background is None)
        paint_mask(panel, volume, paint_color, alpha=0.75 if background is not None else 0.95)

    below = joined(volume.parcellation, volume.space_name or contract(volume.space))
    over = f"over {background.name or 'the template'}" if background is not None else ""
    over = over or ("among the outlines of the other regions" if outlines else "")
    note = f"{np.count_nonzero(volume.array):,} voxels   ·   {volume.volume_mm3():,.0f} mm³"
    return kept(
        draw(paint, frame, where, title=title or volume.name, below=below, note=joined(note, over), dpi=dpi), out
    )


def plot_volume(
    volume: Volume,
    out: str | Path | None = None,
    *,
    background: Volume | None = None,
    title: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a volume by its kind: a template in greys, a label map as outlines, a statistical map in colours.

    A template and a label map are shown on three slices through their middle, a statistical map through its peak, over
    a background if one is given.
    """
    if volume.kind not in {"labelled", "template"} and np.isfinite(volume.array).any():
        return plot_statistical(volume, out, background=background, title=title, dpi=dpi)

    def paint(panel: Panel) -> None:
        if volume.kind == "labelled":
            paint_labels(panel, volume, alone=True)
        else:
            paint_grey(panel, volume)

    heading = title or volume.parcellation or volume.name
    below = volume.space_name or contract(volume.space)
    note = f"{volume.kind}   ·   {' x '.join(map(str, volume.shape))} voxels"
    frame = frame_of(volume, None)
    return kept(draw(paint, frame, focus(volume), title=heading, below=below, note=note, dpi=dpi), out)
