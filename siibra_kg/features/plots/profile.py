"""Profiles: values over cortical depth, with the layers behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.features.plots.parts import (
    EDGE,
    FOOT,
    HEAD,
    color_of,
    finish,
    legend,
    lined,
    missing_note,
    new_axes,
)
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, INK, WIDTH, plain_style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_profile"]

_TALL = 4.6  # inches
_BESIDE = 2.3  # inches for a legend
_BANDS = ("#171C26", "#222A38")  # layers, in turn


def plot_profile(
    profile: pd.DataFrame | pd.Series,
    out: str | Path | None = None,
    *,
    spread: pd.DataFrame | pd.Series | None = None,
    layers: Mapping[str, tuple[float, float]] | None = None,
    depth_unit: str = "",
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw values over depth, from the pial surface at the left to the white matter at the right.

    Parameters
    ----------
    profile
        Index: depth, growing from the pial surface; each column is a curve.
    spread
        Of the same index and columns; drawn as bands.
    layers
        Name of a layer -> where it begins and ends, in the unit of the index.
    depth_unit
        ``"%"``; empty for a fraction from 0 to 1.
    out, title, below, note, unit, dpi
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`.

    Raises
    ------
    BadTable
        If there is nothing to draw, the depths are no numbers, or the spread is of other depths.

    Examples
    --------
    >>> import pandas as pd
    >>> profile = pd.Series([300.0, 800.0, 500.0], [0.0, 0.5, 1.0], name="GABAA")
    >>> plot_profile(profile, layers={"I": (0, 0.1), "II-VI": (0.1, 1)}, unit="fmol/mg")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    names, depths, values = _curves(profile)
    bands = _bands(spread, values.shape, depths) if spread is not None else np.full(values.shape, np.nan)
    several = len(names) > 1
    wide = WIDTH - 2 * EDGE - 0.5 - (_BESIDE if several else 0.0)
    with plain_style():
        figure, axes = new_axes(HEAD + _TALL + FOOT + 0.45, (EDGE + 0.5, FOOT + 0.4, wide, _TALL - 0.25))
        for column in range(len(names)):
            color = color_of(column)
            axes.plot(depths, values[:, column], color=color, linewidth=2, zorder=5)
            if len(depths) <= 40:
                axes.plot(depths, values[:, column], color=color, linestyle="", marker="o", markersize=3.5, zorder=6)
            if np.isfinite(bands[:, column]).any():
                low, high = values[:, column] - bands[:, column], values[:, column] + bands[:, column]
                axes.fill_between(depths, low, high, color=color, alpha=0.22, linewidth=0, zorder=4)
        _axis(axes, depths, layers, depth_unit, unit)
        if several:
            shown = {name: color_of(i) for i, name in enumerate(names)}
            legend(figure, shown, WIDTH - EDGE - _BESIDE + 0.3, HEAD + 0.4)
        notes = (note, missing_note(int(np.isnan(values).sum())))
        said = "band: ± spread" if np.isfinite(bands).any() else ""
        return finish(figure, (title, below), notes, said, dpi=dpi, out=out)


def _curves(profile: pd.DataFrame | pd.Series) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    try:
        depths = profile.index.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadTable("the profile", f"its depths are no numbers ({error})") from error
    values = profile.to_numpy(dtype=np.float64, na_value=np.nan).reshape(len(depths), -1)
    values = np.where(np.isfinite(values), values, np.nan)
    if not np.isfinite(values).any():
        raise BadTable("the profile", "none of its values is a finite number")
    order = np.argsort(depths, kind="stable")
    names = (str(profile.name or ""),) if profile.ndim == 1 else tuple(map(str, profile.columns))
    return names, depths[order], values[order]


def _bands(
    spread: pd.DataFrame | pd.Series, shape: tuple[int, ...], depths: NDArray[np.float64]
) -> NDArray[np.float64]:
    _, at, bands = _curves(spread)
    if bands.shape != shape or not np.array_equal(at, depths):
        raise BadTable("the spread", "its depths or columns are not those of the profile")
    return bands


def _axis(
    axes: Any,  # noqa: ANN401  matplotlib's
    depths: NDArray[np.float64],
    layers: Mapping[str, tuple[float, float]] | None,
    depth_unit: str,
    unit: str,
) -> None:
    ends = [depths[0], depths[-1], *(end for layer in (layers or {}).values() for end in layer)]
    low, high = float(min(ends)), float(max(ends))
    axes.set_xlim(low, high if high > low else low + 1.0)
    lined(axes, along="y")
    if axes.get_ylim()[0] > 0:
        axes.set_ylim(bottom=0)  # densities: a profile that begins at its lowest value looks steeper than it is
    for position, (name, (start, end)) in enumerate((layers or {}).items()):
        axes.axvspan(start, end, color=_BANDS[position % 2], linewidth=0, zorder=0)
        axes.axvline(end, color=FAINT, linewidth=0.6, alpha=0.45, zorder=1)
        middle = (start + end) / 2
        style = {"color": FAINT, "fontsize": 10, "ha": "center", "va": "bottom"}
        axes.text(middle, 1.015, name, transform=axes.get_xaxis_transform(), **style)
    said = f"cortical depth ({depth_unit})" if depth_unit else "cortical depth (fraction of the thickness)"
    axes.set_xlabel(said, color=FAINT, fontsize=10)
    axes.set_ylabel(unit, color=FAINT, fontsize=10)
    style = {"transform": axes.transAxes, "color": INK, "fontsize": 9, "va": "top"}
    axes.text(0, -0.085, "pial surface", ha="left", **style)
    axes.text(1, -0.085, "white matter", ha="right", **style)
