"""Carpet plots: time series of regions as rows of greys."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.features.plots.parts import (
    EDGE,
    FOOT,
    HEAD,
    MISSING,
    SERIES,
    finish,
    labels_of,
    lined,
    missing_note,
    new_axes,
    shortened,
)
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, INK, PAPER, WIDTH, mpl, plain_style

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_carpet"]

_ABOVE, _GAP = 0.9, 0.14  # inches: the mean above the carpet
_NAMES = 100


def plot_carpet(
    signals: pd.DataFrame,
    out: str | Path | None = None,
    *,
    standardise: bool = True,
    time_unit: str = "s",
    groups: Sequence[str] | None = None,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw time series: time to the right, one row of greys for each region, their mean above (Power 2017).

    Parameters
    ----------
    signals
        Index: time; columns: regions.
    standardise
        Show each region's deviation from its mean in its standard deviations; a constant one is grey throughout.
    time_unit
        Of the index.
    groups
        One for each column: lines are drawn where it changes.
    out, title, below, note, unit, dpi
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`; the unit is that of the values as they are given.

    Raises
    ------
    BadTable
        If there are fewer than two points in time, no finite value, or not as many groups as columns.

    Examples
    --------
    >>> import pandas as pd
    >>> bold = pd.DataFrame({"Insula_L": [1.0, 3.0, 2.0], "Insula_R": [0.0, 2.0, 1.0]}, index=[0.0, 0.72, 1.44])
    >>> plot_carpet(bold, title="Resting state")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    values = signals.to_numpy(dtype=np.float64, na_value=np.nan).T
    values = np.where(np.isfinite(values), values, np.nan)
    times = _times(signals)
    if len(times) < 2 or not np.isfinite(values).any():
        raise BadTable("the time series", "there are no two points in time with finite values")
    if groups is not None and len(groups) != len(values):
        raise BadTable("the time series", f"there are {len(groups)} groups for {len(values)} regions")
    shown, flat = _standard(values) if standardise else (values, 0)
    reach = 2.0 if standardise else float(np.nanpercentile(np.abs(values - np.nanmean(values)), 99)) or 1.0
    middle = 0.0 if standardise else float(np.nanmean(values))
    tall = min(max(0.085 * len(values), 2.0), 8.0)
    named = len(values) <= _NAMES
    left = EDGE + (2.0 if named else 0.6)
    wide = WIDTH - left - EDGE - 0.9
    height = HEAD + _ABOVE + _GAP + tall + FOOT + 0.25
    half = (times[1] - times[0]) / 2
    with plain_style():
        figure, axes = new_axes(height, (left, FOOT + 0.25, wide, tall))
        colored = mpl.colormaps["gray"].with_extremes(bad=MISSING)
        extent = (times[0] - half, times[-1] + half, len(values) - 0.5, -0.5)
        style = {"cmap": colored, "vmin": middle - reach, "vmax": middle + reach, "interpolation": "nearest"}
        image = axes.imshow(np.ma.masked_invalid(shown), extent=extent, aspect="auto", **style)
        _rows(axes, labels_of(signals.columns), tall, groups, named=named)
        axes.set_xlabel(f"time ({time_unit})" if time_unit else "time", color=FAINT, fontsize=10)
        _mean(figure, (left, FOOT + 0.25 + tall + _GAP, wide), (times, shown), extent[:2])
        said = "standard deviations" if standardise else unit
        _bar(figure, image, (left + wide + 0.2, FOOT + 0.25, min(tall, 3.0)), "SD" if standardise else unit)
        lost = missing_note(int(np.isnan(values).sum()))
        notes = (note, lost, f"{flat} constant rows" if flat else "", f"{len(values)} regions, {len(times):,} times")
        return finish(figure, (title, below), notes, f"line: mean over regions   ·   grey: {said}", dpi=dpi, out=out)


def _times(signals: pd.DataFrame) -> NDArray[np.float64]:
    try:
        times: NDArray[np.float64] = signals.index.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadTable("the time series", f"its times are no numbers ({error})") from error
    steps = np.diff(times)
    # The carpet is an image: its columns are equally wide, so times have to be equally far from each other.
    if len(steps) and (steps.min() <= 0 or not np.allclose(steps, steps[0], rtol=1e-3)):
        raise BadTable("the time series", "its times are not in equal steps", "resample it first")
    return times


def _standard(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    known = np.isfinite(values).any(axis=1)
    means, deviations = np.full(len(values), np.nan), np.full(len(values), np.nan)
    means[known], deviations[known] = np.nanmean(values[known], axis=1), np.nanstd(values[known], axis=1)
    flat = known & (deviations <= 1e-12 * np.maximum(np.abs(means), 1e-300))
    return (values - means[:, None]) / np.where(flat, 1.0, deviations)[:, None], int(flat.sum())


def _rows(axes: Any, labels: tuple[str, ...], tall: float, groups: Sequence[str] | None, *, named: bool) -> None:  # noqa: ANN401
    if named:
        axes.set_yticks(range(len(labels)), [shortened(name, 30) for name in labels])
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=min(9.0, tall / len(labels) * 72 * 0.92), pad=2)
    else:
        axes.set_ylabel("region", color=FAINT, fontsize=10)
    end = -0.5
    for _, rows in groupby(groups or ()):
        end += len(list(rows))
        if end < len(labels) - 0.5:
            axes.axhline(end, color=SERIES[0], linewidth=0.9)


def _mean(
    figure: Any,  # noqa: ANN401  matplotlib's
    place: tuple[float, float, float],
    signal: tuple[NDArray[np.float64], NDArray[np.float64]],
    ends: tuple[float, float],
) -> None:
    left, bottom, wide = place
    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, _ABOVE / height), facecolor=PAPER)
    lined(axes, along="y")
    times, shown = signal
    counted = np.isfinite(shown).sum(axis=0)
    axes.plot(
        times, np.where(counted, np.nansum(shown, axis=0), np.nan) / np.maximum(counted, 1), color=SERIES[0], lw=0.9
    )
    axes.set_xlim(*ends)
    axes.tick_params(colors=FAINT, labelsize=8, length=3, width=0.6, labelbottom=False)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.5, alpha=0.5)
    axes.set_ylabel("mean", color=FAINT, fontsize=9)


def _bar(figure: Any, image: Any, place: tuple[float, float, float], unit: str) -> None:  # noqa: ANN401
    left, bottom, tall = place
    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((left / WIDTH, bottom / height, 0.14 / WIDTH, tall / height), facecolor=PAPER)
    figure.colorbar(image, cax=axes).outline.set(color=FAINT, linewidth=0.5, alpha=0.5)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=3, width=0.6)
    axes.set_title(unit, color=FAINT, fontsize=9.5, loc="left", pad=6)
