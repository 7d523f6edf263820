"""What pictures of slices have in common: where to look, what to show around it, how things are painted."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations import Point, require_same_space
from siibra_kg.volumes.pictures.plot_sheet import Picture
from siibra_kg.volumes.pictures.slices import Frame, borders, sample

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.volumes.pictures.plot_canvas import Panel
    from siibra_kg.volumes.volume import Volume

__all__ = ["focus", "frame_of", "joined", "kept", "label_colors", "paint_grey", "paint_labels", "paint_mask", "point"]

_LINE, _TISSUE = "#7B869D", "#212836"  # borders of labels, and what they enclose
_LINE_ON_GREY = "#DCE6F7"
_MARGIN = 6.0  # mm around what is shown
_GOLDEN = 0.6180339887498949


def focus(volume: Volume) -> NDArray[np.float64]:
    """Give the centre, in mm, of the voxel that is nearest to the centroid among those that are not zero."""
    points = volume.to_mm(volume.nonzero())
    nearest: NDArray[np.float64] = points[np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))]
    return nearest


def point(at: ArrayLike | Point | None, otherwise: NDArray[np.float64], volume: Volume) -> NDArray[np.float64]:
    """Give the point that was asked for, in mm, or the other one.

    Raises
    ------
    BadVolume
        If it is no point.
    SpaceMismatch
        If it is a point of another space than the volume.
    """
    if at is None:
        return otherwise
    if isinstance(at, Point):
        require_same_space(at, volume, "the point is to be shown in a picture of the volume")
    asked = np.array(at, dtype=np.float64).reshape(-1)
    if asked.shape != (3,) or not np.isfinite(asked).all():
        raise BadVolume("at", f"{at!r} is no point", "give x, y and z in mm")
    return asked


def joined(*parts: str) -> str:
    """Join the parts that are not empty."""
    return "   ·   ".join(p for p in parts if p)


def kept(picture: Picture, out: str | Path | None) -> Picture:
    """Write a picture to a file, if one is named."""
    return picture if out is None else Picture(picture.png, picture.save(out))


def frame_of(volume: Volume, around: Volume | None) -> Frame:
    """Show all of what lies around the volume, in pixels of the volume's own voxel size."""
    boxes = np.stack([v.bounding_box() for v in (volume, around) if v is not None])
    box = np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])
    return Frame.over(volume, box, _MARGIN)


def label_colors(labels: NDArray[np.int64], entries: Sequence[LabelEntry]) -> NDArray[np.float64]:
    """Give the colour of each label, shape (n, 3), from 0 to 1: the region's own, else one made of the label.

    Neighbouring labels without a colour of their own get hues far apart, in steps of the golden ratio.
    """
    known = {entry.label: entry.color for entry in entries if entry.color}
    return np.array([_rgb(known.get(int(label)), int(label)) for label in labels]).reshape(-1, 3)


def _rgb(color: str | None, label: int) -> tuple[float, ...]:
    if color and len(color) == 7:
        return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colorsys.hls_to_rgb((label * _GOLDEN) % 1.0, 0.42 + 0.2 * ((label * 7) % 3) / 2, 0.62)


def paint_grey(panel: Panel, volume: Volume) -> None:
    """Paint a template in greys."""
    top = float(np.percentile(volume.array[volume.array != 0], 99.5))
    panel.grey(sample(volume, panel.frame, panel.plane, panel.at), top)


def paint_labels(panel: Panel, volume: Volume, *, alone: bool) -> None:
    """Paint the outlines of labels: clear where they are all there is, else faint."""
    values = sample(volume, panel.frame, panel.plane, panel.at)
    segments = borders(values, panel.frame, panel.plane)
    if alone:
        panel.fill(values, _TISSUE, layer=1)
        panel.lines(segments, _LINE, width=0.6, layer=2)
    else:
        panel.lines(segments, _LINE_ON_GREY, width=0.4, alpha=0.4, layer=2)


def paint_mask(panel: Panel, volume: Volume, color: str, alpha: float) -> None:
    """Paint a mask in one colour, with the cross that shows where the slices meet."""
    values = sample(volume, panel.frame, panel.plane, panel.at) != 0
    segments = borders(values, panel.frame, panel.plane)
    panel.fill(values, color, alpha=alpha, layer=3)
    panel.lines(segments, color, width=1.0, layer=4)
    # The cross keeps clear of the region, which it would hide.
    here = panel.at[[panel.plane.right, panel.plane.up]]
    reach = float(np.abs(segments.reshape(-1, 2) - here).max()) if len(segments) else 0.0
    panel.cross(keep_clear=min(reach + 2.0, 40.0))
