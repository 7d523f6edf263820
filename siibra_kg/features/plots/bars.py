"""Bars: values of rows with names, with their spread."""

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
    lined,
    missing_note,
    new_axes,
    series_of,
    shortened,
)
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, INK, WIDTH, plain_style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siibra_kg.features.plots.parts import Series
    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_bars"]

_BESIDE = 2.3  # inches for a legend


def plot_bars(
    frames: pd.DataFrame | pd.Series | Mapping[str, pd.DataFrame | pd.Series],
    out: str | Path | None = None,
    *,
    value: str = "mean",
    spread: str = "std",
    groups: Mapping[str, str] | None = None,
    max_rows: int = 40,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a horizontal bar for each row, in the order given, with its spread as a line.

    Parameters
    ----------
    frames
        Index: the rows (texts, regions, tuples of regions). Several, by name, are drawn beside each other. A series
        is taken as its values.
    value, spread, groups
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`.
    max_rows
        Rows beyond are not drawn; the note says so.
    out, title, below, note, unit, dpi
        As there.

    Raises
    ------
    BadTable
        If there is nothing to draw.

    Examples
    --------
    >>> import pandas as pd
    >>> strength = pd.Series([0.9, 0.4], ["Precentral_L", "Insula_L"])
    >>> plot_bars(strength, title="Strongest connections of Postcentral_L")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    series = series_of(frames, value, spread)
    count = min(len(series[0].labels), max_rows)
    step = max(0.24, 0.15 * len(series) + 0.08)
    tall = max(count * step, 1.2)
    named = max(len(series) > 1, bool(groups))
    wide = WIDTH - 2 * EDGE - 3.1 - (_BESIDE if named else 0.0)
    with plain_style():
        figure, axes = new_axes(HEAD + tall + FOOT + 0.3, (EDGE + 3.1, FOOT + 0.3, wide, tall))
        colors = colors_of_groups(groups)
        for position, one in enumerate(series):
            _bars(
                axes, one, count, (position, len(series)), [colors.get((groups or {}).get(x, "")) for x in one.labels]
            )
        if all(np.nanmin(one.values[:count], initial=0.0) >= 0 for one in series):
            axes.set_xlim(left=0)  # a spread that is larger than the value is cut at zero
        _names(axes, series[0].labels[:count])
        axes.axvline(0, color=FAINT, linewidth=0.8, zorder=2)
        lined(axes, along="x")
        axes.set_xlabel(unit, color=FAINT, fontsize=10)
        if named:
            several = {one.name: color_of(i) for i, one in enumerate(series)}
            legend(figure, several if len(series) > 1 else colors, WIDTH - EDGE - _BESIDE + 0.3, HEAD + 0.1)
        rest = len(series[0].labels) - count
        missing = missing_note(sum(int(np.isnan(one.values[:count]).sum()) for one in series))
        notes = (note, f"the first {count} of {count + rest:,} rows" if rest > 0 else "", missing)
        banded = any(np.isfinite(one.spread[:count]).any() for one in series)
        return finish(figure, (title, below), notes, f"line: {value} ± {spread}" if banded else "", dpi=dpi, out=out)


def _bars(axes: Any, one: Series, count: int, place: tuple[int, int], colors: list[str | None]) -> None:  # noqa: ANN401
    position, several = place
    thick = 0.74 / several
    y = np.arange(count) + (position - (several - 1) / 2) * thick
    values, spread = one.values[:count], one.spread[:count]
    own = [color or color_of(position) for color in colors[:count]] if several == 1 else color_of(position)
    axes.barh(y, np.nan_to_num(values), height=thick * 0.92, color=own, linewidth=0, zorder=3)
    known = np.isfinite(values) & np.isfinite(spread)
    if known.any():
        axes.errorbar(values[known], y[known], xerr=spread[known], fmt="none", ecolor=INK, elinewidth=1.1, zorder=4)
    for row in np.flatnonzero(np.isnan(values)):
        axes.text(0, y[row], " not known", color=FAINT, fontsize=8, va="center", zorder=4)


def _names(axes: Any, labels: tuple[str, ...]) -> None:  # noqa: ANN401
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_yticks(range(len(labels)), [shortened(label, 44) for label in labels])
    axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=9.5)
