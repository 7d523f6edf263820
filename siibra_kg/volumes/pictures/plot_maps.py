"""Pictures of whole maps on three slices: label maps in the colours of their regions, statistical maps on a ramp.

Voxels are shown as they are: no interpolation, no smoothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.terms import contract
from siibra_kg.volumes.pictures.plot_canvas import Panel, draw
from siibra_kg.volumes.pictures.plot_parts import focus, frame_of, joined, kept, label_colors, paint_grey, point
from siibra_kg.volumes.pictures.plot_sheet import DPI, SIGNED, Ramp, colormap
from siibra_kg.volumes.pictures.slices import borders, sample

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.pictures.plot_sheet import Picture
    from siibra_kg.volumes.volume import Volume

__all__ = ["plot_labels", "plot_statistical", "ramp_of"]

_HINT = "a picture of both would show them at the wrong place"
_EDGE = "#0E1116"
#: The share of the greatest value from which a map hides the template.
_FADE = 0.25


def plot_labels(
    labels: LabelMap,
    out: str | Path | None = None,
    *,
    background: Volume | None = None,
    at: ArrayLike | None = None,
    title: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a label map on three slices, each region in its colour.

    Parameters
    ----------
    labels
        The map. A label without a colour of its own gets one that depends on its number only.
    out
        A PNG file to write; without it only the picture is given back.
    background
        A template in the same space, drawn in greys below.
    at
        Where the slices meet, in mm; else at the labelled voxel that is nearest to the middle.
    title
        Replaces the name of the parcellation.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    SpaceMismatch
        If the background is in another space.
    LabelMismatch
        If every voxel is background.
    """
    volume = labels.volume
    if background is not None:
        require_same_space(background, volume, _HINT)
    present = labels.index.labels
    colors = label_colors(present, labels.labels)

    def paint(panel: Panel) -> None:
        if background is not None:
            paint_grey(panel, background)
        values = sample(volume, panel.frame, panel.plane, panel.at)
        rgba = np.zeros((*values.shape, 4))
        inside = values != 0
        rgba[inside, :3] = colors[np.searchsorted(present, values[inside])]
        rgba[inside, 3] = 1.0 if background is None else 0.72
        panel.colors(rgba, layer=2)
        panel.lines(borders(values, panel.frame, panel.plane), _EDGE, width=0.35, alpha=0.8, layer=3)

    note = joined(f"{len(present)} labels", _over(background))
    below = volume.space_name or contract(volume.space)
    heading = title or volume.parcellation or volume.name
    where = point(at, focus(volume), volume)
    frame = frame_of(volume, background)
    return kept(draw(paint, frame, where, title=heading, below=below, note=note, dpi=dpi), out)


def plot_statistical(
    volume: Volume,
    out: str | Path | None = None,
    *,
    background: Volume | None = None,
    threshold: float = 0.0,
    limits: tuple[float, float] | None = None,
    colors: str = "",
    unit: str = "",
    at: ArrayLike | None = None,
    title: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a statistical map on three slices through its peak, over a template, with a bar of its colours.

    Parameters
    ----------
    volume
        The map. Values that are zero or not finite are not drawn.
    out
        A PNG file to write; without it only the picture is given back.
    background
        A template in the same space, drawn in greys below.
    threshold
        Values closer to zero than this are not drawn.
    limits
        The values at both ends of the bar; else zero and the greatest, for values of both signs as far to each side.
    colors
        A colour map of matplotlib; else ``"inferno"``, for values of both signs blue and orange that are dark at zero.
    unit
        Written above the bar.
    at
        Where the slices meet, in mm; else at the value that is farthest from zero.
    title
        Replaces the name of the map.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    BadVolume
        If there is nothing to draw, or the limits or the colour map make no sense.
    SpaceMismatch
        If the background is in another space.
    """
    if background is not None:
        require_same_space(background, volume, _HINT)
    size = np.abs(np.where(np.isfinite(volume.array), volume.array, 0))
    peak = np.unravel_index(int(size.argmax()), size.shape)
    fine = volume if background is None or volume.voxel_volume < background.voxel_volume else background
    if size[peak] == 0 or size[peak] < threshold:
        raise BadVolume(volume.name or "the map", f"has no value that is farther from zero than {threshold:g}")
    ramp = ramp_of(volume.array, limits, colors, unit)

    def paint(panel: Panel) -> None:
        if background is not None:
            paint_grey(panel, background)
        values = sample(volume, panel.frame, panel.plane, panel.at)
        hidden = ~np.isfinite(values) | (values == 0) | (np.abs(values) < threshold)
        rgba = colormap(ramp.colors)((values - ramp.low) / (ramp.high - ramp.low))
        # Over a template what is close to zero fades into it; alone it is drawn as it is.
        strength = np.abs(np.nan_to_num(values)) / max(abs(ramp.low), abs(ramp.high))
        rgba[..., 3] = np.where(hidden, 0, np.clip(strength / _FADE, 0, 1) if background is not None else 1)
        panel.colors(rgba, layer=2)
        panel.cross(keep_clear=12.0)

    above = f"values from {threshold:g} away from zero" if threshold else ""
    top = f"peak {volume.array[peak]:.4g}".replace("-", "\N{MINUS SIGN}")
    note = joined(top, above, _over(background))
    below = joined(volume.parcellation, volume.space_name or contract(volume.space))
    where = point(at, volume.to_mm(peak), volume)
    frame = frame_of(fine, background if fine is volume else volume)
    heading = title or volume.name or volume.parcellation
    return kept(draw(paint, frame, where, title=heading, below=below, note=note, ramp=ramp, dpi=dpi), out)


def ramp_of(
    values: NDArray[np.float64],
    limits: tuple[float, float] | None,
    colors: str,
    unit: str,
    usual: tuple[str, str] = ("inferno", SIGNED),
) -> Ramp:
    """Choose the colours for numbers: of one sign from zero, of both signs as far to each side.

    ``usual`` are those for one sign and for both, where none are asked for.

    Raises
    ------
    BadVolume
        If the lower limit is not below the upper.
    """
    finite = values[np.isfinite(values)]
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    signed = low < 0 < high
    if limits is not None:
        low, high = map(float, limits)
        if not low < high:
            raise BadVolume("limits", f"{low:g} is not below {high:g}")
    elif signed:
        high = max(-low, high)
        low = -high
    elif low == high:
        high = low + 1.0
    one = usual[0] if high > 0 else f"{usual[0]}_r"
    return Ramp(low, high, colors or (usual[1] if signed else one), unit)


def _over(background: Volume | None) -> str:
    return f"over {background.name or 'the template'}" if background is not None else ""
