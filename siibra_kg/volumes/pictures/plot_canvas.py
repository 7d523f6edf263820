"""Three orthogonal slices on one sheet: panels at one scale, axes in mm, letters of the anatomical directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.volumes.pictures.plot_sheet import (
    BAR,
    BOTTOM,
    DPI,
    FAINT,
    GAP,
    INK,
    PAPER,
    SIDE,
    TOP,
    WIDTH,
    LineCollection,
    ListedColormap,
    Picture,
    Ramp,
    add_bar,
    add_texts,
    mpl,
    new_figure,
    plain_style,
    to_picture,
)
from siibra_kg.volumes.pictures.slices import PLANES, Frame, Plane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Panel", "Picture", "Ramp", "draw"]

CROSS = "#8FBCFF"


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One slice to draw on: matplotlib axes in mm, the pixels, the direction and the point that it goes through."""

    axes: Any
    frame: Frame
    plane: Plane
    at: NDArray[np.float64]

    def grey(self, values: NDArray[Any], top: float) -> None:
        """Show pixel values in greys, ``top`` in white; zero is left out, so that nothing frames the field of view."""
        self._image(values, cmap="gray", vmin=0, vmax=top, zorder=1)

    def fill(self, values: NDArray[Any], color: str, *, alpha: float = 1.0, layer: int) -> None:
        """Fill the pixels that are not zero."""
        self._image(values != 0, cmap=ListedColormap([color]), alpha=alpha, zorder=layer)

    def _image(self, values: NDArray[Any], **style: Any) -> None:  # noqa: ANN401  goes to imshow
        extent = (*self.frame.edges(self.plane.right), *self.frame.edges(self.plane.up))
        shown = np.ma.masked_equal(values, 0)
        self.axes.imshow(shown, origin="lower", extent=extent, interpolation="nearest", **style)

    def colors(self, rgba: NDArray[Any], *, layer: int) -> None:
        """Show pixels in colours of their own, shape (up, right, 4), from 0 to 1."""
        extent = (*self.frame.edges(self.plane.right), *self.frame.edges(self.plane.up))
        self.axes.imshow(rgba, origin="lower", extent=extent, interpolation="nearest", zorder=layer)

    def lines(self, segments: NDArray[np.float64], color: str, *, width: float, alpha: float = 1.0, layer: int) -> None:
        """Draw segments, shape (n, 2, 2): two points (right, up) in mm each."""
        drawn = LineCollection(list(segments), colors=color, linewidths=width, alpha=alpha, zorder=layer)
        self.axes.add_collection(drawn)

    def cross(self, keep_clear: float) -> None:
        """Mark the point by two lines that stop short of it by some mm."""
        style = {"color": CROSS, "linewidth": 0.7, "alpha": 0.85, "zorder": 5}
        x, y = self.at[self.plane.right], self.at[self.plane.up]
        (left, right), (low, high) = self.frame.edges(self.plane.right), self.frame.edges(self.plane.up)
        for start, end in ((left, x - keep_clear), (x + keep_clear, right)):
            if start < end:
                self.axes.plot([start, end], [y, y], **style)
        for start, end in ((low, y - keep_clear), (y + keep_clear, high)):
            if start < end:
                self.axes.plot([x, x], [start, end], **style)


def draw(
    paint: Callable[[Panel], None],
    frame: Frame,
    at: NDArray[np.float64],
    *,
    title: str,
    below: str,
    note: str,
    ramp: Ramp | None = None,
    dpi: int = DPI,
) -> Picture:
    """Draw the three slices through a point.

    Parameters
    ----------
    paint
        Draws what is to be seen on one panel.
    frame
        The part of space to show.
    at
        The point, in mm, that all slices go through.
    title, below
        The line above the panels, and the fainter one under it.
    note
        The line at the foot.
    ramp
        What numbers are shown in; drawn as a bar at the right.
    dpi
        Pixels per inch of a sheet of twelve inches.
    """
    with plain_style():
        figure, panels = _sheet(frame, BAR if ramp else 0.0)
        for axes, plane in panels:
            paint(Panel(axes, frame, plane, at))
            _label(axes, frame, plane, at)
        if ramp:
            add_bar(figure, ramp)
        convention = "neurological convention: left is left   ·   coordinates in mm, RAS+"
        add_texts(figure, title, below, note, convention)
        return to_picture(figure, dpi)


def _sheet(frame: Frame, beside: float) -> tuple[Any, list[tuple[Any, Plane]]]:
    size = frame.count * frame.step
    widths = [size[p.right] for p in PLANES]
    room = WIDTH - 2 * SIDE - beside - (len(PLANES) - 1) * GAP
    scale = room / sum(widths)  # inches per mm, the same for all panels
    row = max(size[p.up] for p in PLANES) * scale
    height = row + TOP + BOTTOM
    figure = new_figure(WIDTH, height)
    return figure, list(_panels(figure, size * scale, row, height))


def _panels(figure: Any, inches: NDArray[np.float64], row: float, height: float) -> Iterator[tuple[Any, Plane]]:  # noqa: ANN401
    x = SIDE
    for plane in PLANES:
        wide, tall = inches[plane.right], inches[plane.up]
        bottom = BOTTOM + (row - tall) / 2
        axes = figure.add_axes((x / WIDTH, bottom / height, wide / WIDTH, tall / height), facecolor=PAPER)
        x += wide + GAP
        yield axes, plane


def _label(axes: Any, frame: Frame, plane: Plane, at: NDArray[np.float64]) -> None:  # noqa: ANN401
    axes.set_xlim(*frame.edges(plane.right))
    axes.set_ylim(*frame.edges(plane.up))
    axes.set_aspect("equal")
    axes.tick_params(colors=FAINT, labelsize=7.5, length=3, width=0.6)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5, alpha=0.5)
    axes.xaxis.set_major_locator(mpl.ticker.MultipleLocator(_tick(frame)))
    axes.yaxis.set_major_locator(mpl.ticker.MultipleLocator(_tick(frame)))
    axes.set_xlabel(f"{'xyz'[plane.right]} (mm)", color=FAINT, fontsize=8, labelpad=2)
    axes.set_ylabel(f"{'xyz'[plane.up]} (mm)", color=FAINT, fontsize=8, labelpad=-2)
    name = f"{plane.name}   {'xyz'[plane.normal]} = {_signed(at[plane.normal])} mm"
    axes.set_title(name, color=INK, fontsize=10, loc="left", pad=5)
    places = (
        (0.02, 0.5, "left", "center"),
        (0.98, 0.5, "right", "center"),
        (0.5, 0.02, "center", "bottom"),
        (0.5, 0.98, "center", "top"),
    )
    for letter, (x, y, ha, va) in zip(plane.ends, places, strict=True):
        text = axes.text(x, y, letter, ha=ha, va=va, transform=axes.transAxes, color=INK, fontsize=11, zorder=6)
        text.set_fontweight("bold")
        text.set_path_effects([mpl.patheffects.withStroke(linewidth=2.5, foreground=PAPER)])  # on bright tissue, too


def _signed(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "\N{MINUS SIGN}")  # as on the axes; + 0.0 takes the sign off zero


def _tick(frame: Frame) -> float:
    """Give a round distance of which the longest axis holds about six; one for all panels, as they share a scale."""
    rough = float((frame.count * frame.step).max()) / 6
    power = 10.0 ** np.floor(np.log10(rough))
    return float(min((m * power for m in (1, 2, 4, 5, 10)), key=lambda v: abs(v - rough)))
