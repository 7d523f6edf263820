"""Box plots: samples by group, each with its points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.features.plots.parts import EDGE, FOOT, HEAD, color_of, finish, lined, missing_note, new_axes, shortened
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, INK, WIDTH, plain_style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_box"]

_TALL = 4.6  # inches
_FEW = 5  # values of which a box would say more than there is
_GOLDEN = 0.6180339887498949


def plot_box(
    samples: Mapping[str, ArrayLike] | pd.DataFrame,
    out: str | Path | None = None,
    *,
    points: bool = True,
    zero: bool = False,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw for each group the median, the quartiles and whiskers to the furthest value within 1.5 quartile ranges.

    A group of fewer than five values is drawn as its points and its median.

    Parameters
    ----------
    samples
        Name of a group -> its values; columns of a frame.
    points
        Also draw each value, at most 2,000 of a group, evenly chosen by rank.
    zero
        Begin the axis at zero.
    out, title, below, note, unit, dpi
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`.

    Raises
    ------
    BadTable
        If there is no finite value.

    Notes
    -----
    Quartiles are interpolated linearly (type 7 of Hyndman & Fan 1996, the default of numpy and R).

    Examples
    --------
    >>> plot_box({"MAOA": [6.1, 6.4, 5.9, 7.0, 6.6], "TAC1": [3.2, 4.0]}, unit="log2 level")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    groups = {str(name): np.asarray(values, dtype=np.float64).reshape(-1) for name, values in samples.items()}
    missing = sum(int((~np.isfinite(v)).sum()) for v in groups.values())
    finite = {name: np.sort(v[np.isfinite(v)]) for name, v in groups.items()}
    if not any(v.size for v in finite.values()):
        raise BadTable("the samples", "none of the values is a finite number")
    steep = len(finite) > 8 or max(map(len, finite)) * len(finite) > 110
    foot = FOOT + (1.5 if steep else 0.5)
    with plain_style():
        left = EDGE + (1.1 if steep else 0.5)  # steep names reach to the left
        figure, axes = new_axes(HEAD + _TALL + foot, (left, foot, WIDTH - left - EDGE, _TALL))
        lined(axes, along="y")
        for position, values in enumerate(finite.values()):
            _group(axes, position, values, points=points)
        names = [f"{shortened(name, 20)}{' ' if steep else chr(10)}n = {v.size:,}" for name, v in finite.items()]
        axes.set_xticks(range(len(names)), names)
        axes.tick_params(axis="x", labelcolor=INK, length=0, labelrotation=38 if steep else 0, labelsize=9.5)
        for text in axes.get_xticklabels():
            text.set(ha="right" if steep else "center", rotation_mode="anchor" if steep else "default")
        room = max(0.7, (5 - len(finite)) / 2)  # a single box is no wall
        axes.set_xlim(-room, len(finite) - 1 + room)
        if zero:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_ylabel(unit, color=FAINT, fontsize=10)
        said = "box: quartiles, line: median, whiskers: furthest within 1.5 quartile ranges"
        return finish(figure, (title, below), (note, missing_note(missing)), said, dpi=dpi, out=out)


def _group(axes: Any, position: int, values: NDArray[np.float64], *, points: bool) -> None:  # noqa: ANN401
    color, half = color_of(position), 0.27
    if not values.size:
        axes.text(position, 0.5, "no values", transform=axes.get_xaxis_transform(), color=FAINT, ha="center")
        return
    low, middle, high = np.percentile(values, [25, 50, 75])
    few = values.size < _FEW
    if not few:
        reach = 1.5 * (high - low)
        inside = values[(values >= low - reach) & (values <= high + reach)]
        axes.fill_between([position - half, position + half], low, high, color=color, alpha=0.25, linewidth=0, zorder=3)
        outline = [position - half, position + half, position + half, position - half, position - half]
        axes.plot(outline, [low, low, high, high, low], color=color, linewidth=1.2, zorder=4)
        for start, end in ((low, inside[0]), (high, inside[-1])):
            axes.plot([position, position], [start, end], color=color, linewidth=1.2, zorder=4)
            axes.plot([position - half / 2, position + half / 2], [end, end], color=color, linewidth=1.2, zorder=4)
    axes.plot([position - half, position + half], [middle, middle], color=INK, linewidth=1.8, zorder=6)
    if points or few:
        shown = values if values.size <= 2000 else values[np.linspace(0, values.size - 1, 2000).astype(int)]
        # Steps of the golden ratio spread neighbours in value apart, always in the same way.
        across = position + (np.arange(shown.size) * _GOLDEN % 1.0 - 0.5) * half * 1.5
        size, alpha = (3.5, 0.8) if shown.size <= 200 else (1.6, 0.45)
        axes.plot(across, shown, linestyle="", marker="o", markersize=size, color=color, alpha=alpha, mew=0, zorder=5)
    else:
        outside = values[(values < inside[0]) | (values > inside[-1])]
        where = np.full(outside.size, float(position))
        axes.plot(where, outside, linestyle="", marker="o", markersize=3, color=color, mew=0, zorder=5)
