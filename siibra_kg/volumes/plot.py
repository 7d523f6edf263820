"""Pictures of volumes: a mask over its template or among its neighbours, a template, a label map.

Three orthogonal slices in the neurological convention. Voxels are shown as they are: no interpolation, no smoothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.locations import require_same_space
from siibra_kg.terms import contract
from siibra_kg.volumes.plot_canvas import Panel, Picture, draw
from siibra_kg.volumes.slices import Frame, borders, sample

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.volumes.label_map import LabelMap
    from siibra_kg.volumes.volume import Volume

__all__ = ["Picture", "plot_mask", "plot_volume"]

#: For regions without a colour of their own: clear against greys, also for colour-blind readers (Okabe & Ito).
DEFAULT_COLOR = "#E69F00"
_LINE, _TISSUE = "#7B869D", "#212836"  # borders of labels, and what they enclose
_LINE_ON_GREY = "#DCE6F7"
_MARGIN = 6.0  # mm around what is shown


def plot_mask(
    volume: Volume,
    out: str | Path | None = None,
    *,
    outlines: LabelMap | None = None,
    background: Volume | None = None,
    title: str = "",
    color: str | None = None,
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
    at = focus(volume)
    frame = _frame(volume, background or labels)
    paint_color = color or volume.color or DEFAULT_COLOR

    def paint(panel: Panel) -> None:
        if background is not None:
            _paint_grey(panel, background)
        if labels is not None:
            _paint_labels(panel, labels, alone=background is None)
        _paint_mask(panel, volume, paint_color, alpha=0.75 if background is not None else 0.95)

    below = _joined(volume.parcellation, volume.space_name or contract(volume.space))
    over = f"over {background.name or 'the template'}" if background is not None else ""
    over = over or ("among the outlines of the other regions" if outlines else "")
    note = f"{np.count_nonzero(volume.array):,} voxels   ·   {volume.volume_mm3():,.0f} mm³"
    return _kept(draw(paint, frame, at, title=title or volume.name, below=below, note=_joined(note, over)), out)


def plot_volume(volume: Volume, out: str | Path | None = None, *, title: str = "") -> Picture:
    """Draw a template or statistical map in greys, or a label map as outlines, on three slices through its middle."""

    def paint(panel: Panel) -> None:
        if volume.kind == "labelled":
            _paint_labels(panel, volume, alone=True)
        else:
            _paint_grey(panel, volume)

    heading = title or volume.parcellation or volume.name
    below = volume.space_name or contract(volume.space)
    note = f"{volume.kind}   ·   {' x '.join(map(str, volume.shape))} voxels"
    return _kept(draw(paint, _frame(volume, None), focus(volume), title=heading, below=below, note=note), out)


def focus(volume: Volume) -> NDArray[np.float64]:
    """Give the centre, in mm, of the voxel that is nearest to the centroid among those that are not zero."""
    points = volume.to_mm(volume.nonzero())
    nearest: NDArray[np.float64] = points[np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))]
    return nearest


def _joined(*parts: str) -> str:
    return "   ·   ".join(p for p in parts if p)


def _kept(picture: Picture, out: str | Path | None) -> Picture:
    return picture if out is None else Picture(picture.png, picture.save(out))


def _frame(volume: Volume, around: Volume | None) -> Frame:
    """Show all of what lies around the volume, in pixels of the volume's own voxel size."""
    boxes = np.stack([v.bounding_box() for v in (volume, around) if v is not None])
    box = np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])
    return Frame.over(volume, box, _MARGIN)


def _paint_grey(panel: Panel, volume: Volume) -> None:
    top = float(np.percentile(volume.array[volume.array != 0], 99.5))
    panel.grey(sample(volume, panel.frame, panel.plane, panel.at), top)


def _paint_labels(panel: Panel, volume: Volume, *, alone: bool) -> None:
    values = sample(volume, panel.frame, panel.plane, panel.at)
    segments = borders(values, panel.frame, panel.plane)
    if alone:
        panel.fill(values, _TISSUE, layer=1)
        panel.lines(segments, _LINE, width=0.6, layer=2)
    else:
        panel.lines(segments, _LINE_ON_GREY, width=0.4, alpha=0.4, layer=2)


def _paint_mask(panel: Panel, volume: Volume, color: str, alpha: float) -> None:
    values = sample(volume, panel.frame, panel.plane, panel.at) != 0
    segments = borders(values, panel.frame, panel.plane)
    panel.fill(values, color, alpha=alpha, layer=3)
    panel.lines(segments, color, width=1.0, layer=4)
    # The cross keeps clear of the region, which it would hide.
    here = panel.at[[panel.plane.right, panel.plane.up]]
    reach = float(np.abs(segments.reshape(-1, 2) - here).max()) if len(segments) else 0.0
    panel.cross(keep_clear=min(reach + 2.0, 40.0))
