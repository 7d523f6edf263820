"""Polar plots: receptor fingerprints, one or several over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.features.plots.parts import (
    EDGE,
    FOOT,
    HEAD,
    color_of,
    colors_of_groups,
    finish,
    legend,
    missing_note,
    new_axes,
    series_of,
)
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, INK, WIDTH, mpl, plain_style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.features.plots.parts import Series
    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_polar"]

_HEIGHT = 8.2  # inches
_TABLE = 30  # rows of numbers that fit beside the circle


def plot_polar(
    frames: pd.DataFrame | Mapping[str, pd.DataFrame],
    out: str | Path | None = None,
    *,
    value: str = "mean",
    spread: str = "std",
    groups: Mapping[str, str] | None = None,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a value for each row around a circle, clockwise from the top, with its spread as a band.

    Parameters
    ----------
    frames
        Index: what stands around the circle (texts, or values with a name). Several, by name, are drawn over each
        other; the first names the order.
    out
        A PNG file to write; without it only the picture is given back.
    value, spread
        The column of the values (of a frame with one column, that one), and the one of their spread; a frame without
        the latter has no band.
    groups
        Row -> group, for instance its neurotransmitter: names and points of a single frame are coloured by it. Of
        several frames the colours tell these apart.
    title, below, note, unit
        The lines above and below, and the unit of the values.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    BadTable
        If there is nothing to draw: no rows, no column of that name, or no finite value.

    Examples
    --------
    >>> import pandas as pd
    >>> densities = pd.DataFrame({"mean": [403.0, 82.0, 2133.0], "std": [80.0, 25.0, 300.0]}, ["AMPA", "M1", "GABAA"])
    >>> plot_polar(densities, title="Area hOc1", unit="fmol/mg")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    series = series_of(frames, value, spread)
    groups = groups if len(series) == 1 else None
    with plain_style():
        side = _HEIGHT - HEAD - FOOT - 0.9
        left = EDGE + 1.35
        figure, axes = new_axes(_HEIGHT, (left, FOOT + 0.45, side, side), projection="polar")
        angles = _circle(axes, series, groups)
        for position, one in enumerate(series):
            _curve(axes, angles, one, INK if groups else color_of(position), groups or {})
        _radius(axes, series, unit)
        _beside(figure, series, colors_of_groups(groups), left + side + 1.75, unit)
        missing = missing_note(sum(int(np.isnan(one.values).sum()) for one in series))
        banded = any(np.isfinite(one.spread).any() for one in series)
        said = f"line: {value}" + (f"   ·   band: {value} ± {spread}" if banded else "")
        return finish(figure, (title, below), (note, missing), said, dpi=dpi, out=out)


def _circle(axes: Any, series: tuple[Series, ...], groups: Mapping[str, str] | None) -> NDArray[np.float64]:  # noqa: ANN401
    labels, colors = series[0].labels, colors_of_groups(groups)
    angles = np.linspace(0, 2 * np.pi, len(labels), endpoint=False)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_xticks(angles, labels)
    axes.tick_params(axis="x", pad=6)
    known = np.any([np.isfinite(one.values) for one in series], axis=0)
    for text, label, angle, there in zip(axes.get_xticklabels(), labels, angles, known, strict=True):
        sine = np.sin(angle)
        text.set(fontsize=11 if len(labels) <= 24 else 8, va="center")
        text.set_ha("center" if abs(sine) < 0.1 else "left" if sine > 0 else "right")
        text.set_color(colors.get((groups or {}).get(label, ""), INK) if there else FAINT)
    axes.grid(visible=True, color=FAINT, alpha=0.25, linewidth=0.6)
    axes.spines["polar"].set(color=FAINT, alpha=0.4, linewidth=0.6)
    return angles


def _curve(axes: Any, angles: NDArray[np.float64], one: Series, color: str, groups: Mapping[str, str]) -> None:  # noqa: ANN401
    """Draw the line and the band; both end beside a value that is missing, which is no zero."""
    closed = np.append(angles, angles[0] + 2 * np.pi)
    values = np.append(one.values, one.values[0])
    spread = np.append(one.spread, one.spread[0])
    axes.plot(closed, values, color=color, linewidth=2, zorder=4, solid_joinstyle="round")
    colors = colors_of_groups(groups)
    known = np.isfinite(one.values)
    own = [colors.get(groups.get(label, ""), color) for label in one.labels]
    axes.scatter(
        angles[known], one.values[known], s=26, c=[c for c, there in zip(own, known, strict=True) if there], zorder=5
    )
    if np.isfinite(spread).any():
        low, high = values - spread, values + spread
        axes.fill_between(closed, low, high, color=color, alpha=0.22, linewidth=0, zorder=3)
    elif np.isfinite(values).all():
        axes.fill(angles, one.values, color=color, alpha=0.12, linewidth=0, zorder=2)


def _radius(axes: Any, series: tuple[Series, ...], unit: str) -> None:  # noqa: ANN401
    low = min(0.0, *(one.lowest if np.nanmin(one.values) < 0 else 0.0 for one in series))
    high = max(one.highest for one in series)
    top = (high if high > low else low + 1.0) * (1.05 if high > 0 else 1.0)
    axes.set_rlim(low * 1.05, top)
    axes.set_yticks([tick for tick in mpl.ticker.MaxNLocator(5).tick_values(low, top) if low <= tick < top])
    axes.set_rlabel_position(180.0 / len(series[0].labels))  # between the first two names, where no value is drawn
    for text in axes.get_yticklabels():
        text.set(color=FAINT, fontsize=8.5, zorder=6)
    if low < 0:
        axes.plot(np.linspace(0, 2 * np.pi, 200), np.zeros(200), color=INK, linewidth=0.8, alpha=0.7, zorder=2)
    axes.set_xlabel(f"radius in {unit}" if unit else "", color=FAINT, fontsize=9, labelpad=14)


def _beside(figure: Any, series: tuple[Series, ...], groups: Mapping[str, str], left: float, unit: str) -> None:  # noqa: ANN401
    """Write at the right what the colours mean, or, of a single curve, the numbers."""
    top = HEAD + 0.35
    if len(series) > 1:
        legend(figure, {one.name: color_of(i) for i, one in enumerate(series)}, left, top)
    elif len(series[0].labels) <= _TABLE:
        top = _numbers(figure, series[0], left, top, unit) + 0.4
    if groups:
        legend(figure, groups, left, top)


def _numbers(figure: Any, one: Series, left: float, top: float, unit: str) -> float:  # noqa: ANN401
    height = float(figure.get_size_inches()[1])
    step = 0.235 if len(one.labels) <= 20 else 0.18
    style = {"fontsize": 9.5 if len(one.labels) <= 20 else 8, "va": "center"}
    figure.text((left + 2.2) / WIDTH, 1 - top / height, unit, color=FAINT, ha="right", **style)
    for row, (label, value, spread) in enumerate(zip(one.labels, one.values, one.spread, strict=True), 1):
        y = 1 - (top + row * step) / height
        figure.text(left / WIDTH, y, label, color=INK, **style)
        text = "not known" if np.isnan(value) else f"{value:,.4g}" + ("" if np.isnan(spread) else f" ± {spread:,.3g}")
        figure.text((left + 2.2) / WIDTH, y, text, color=FAINT if np.isnan(value) else INK, ha="right", **style)
    return top + (len(one.labels) + 1) * step
