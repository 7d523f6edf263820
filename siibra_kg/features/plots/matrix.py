"""Matrices in colours: connectivity between regions."""

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
    finish,
    labels_of,
    missing_note,
    new_axes,
    shortened,
)
from siibra_kg.volumes.pictures.plot_sheet import (
    DPI,
    FAINT,
    INK,
    PAPER,
    SIGNED,
    WIDTH,
    colormap,
    mpl,
    plain_style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_matrix"]

_SIDE = 7.6  # inches of the longer side
_NAMES, _LETTERS = 100, 30  # rows that can be named legibly, and how long their names may be


def plot_matrix(
    matrix: pd.DataFrame,
    out: str | Path | None = None,
    *,
    log: bool = False,
    limits: tuple[float, float] | None = None,
    colors: str = "",
    groups: Sequence[str] | None = None,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a matrix, first row at the top; a value that is missing is grey.

    Parameters
    ----------
    matrix
        Rows and columns with names (texts, regions, tuples of regions).
    log
        Show values on a logarithmic ramp; what is not above zero has the colour of the paper.
    limits
        Values at the ends of the colours; else from the data without the diagonal, symmetric if they have both signs.
    colors
        A colour map of matplotlib.
    groups
        One for each row: lines are drawn where it changes, for instance between hemispheres.
    out, title, below, note, unit, dpi
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`.

    Raises
    ------
    BadTable
        If there is no finite value, none above zero for a logarithmic ramp, or there are not as many groups as rows.

    Examples
    --------
    >>> import pandas as pd
    >>> areas = ["hOc1 left", "hOc2 left"]
    >>> plot_matrix(pd.DataFrame([[0.0, 7.0], [7.0, 0.0]], areas, areas), unit="streamlines")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    values = matrix.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).any():
        raise BadTable("the matrix", "none of its values is a finite number")
    if groups is not None and len(groups) != len(values):
        raise BadTable("the matrix", f"there are {len(groups)} groups for {len(values)} rows")
    low, high = limits or _limits(values, log=log)
    rows, columns = values.shape
    cell = _SIDE / max(rows, columns)
    wide, tall = columns * cell, rows * cell
    named = max(rows, columns) <= _NAMES
    size = min(9.5, cell * 72 * 0.92)
    longest = max(len(name) for name in labels_of(matrix.columns))
    foot = 0.15 + min(longest, _LETTERS) * size / 72 * 0.62 if named else 0.35
    left = EDGE + (2.2 if named else 0.75)
    with plain_style():
        figure, axes = new_axes(HEAD + tall + foot + FOOT, (left, FOOT + foot, wide, tall))
        norm = mpl.colors.LogNorm(low, high) if log else mpl.colors.Normalize(low, high)
        colored = colormap(colors or (SIGNED if low < 0 < high else "inferno"))
        colored = colored.with_extremes(bad=MISSING, under=PAPER if log else None)
        shown = np.ma.masked_invalid(values)
        if log:
            shown = np.ma.masked_invalid(np.where(values <= 0, low / 10, np.where(values < low, low, values)))
        image = axes.imshow(shown, cmap=colored, norm=norm, interpolation="nearest", aspect="auto")
        _ticks(axes, matrix, size if named else 0.0)
        _groups(axes, groups, square=rows == columns)
        _bar(figure, image, (left + wide + 0.3, FOOT + foot, min(tall, 4.5)), unit)
        diagonal = "" if limits or rows != columns else "colours without the diagonal"
        lost = missing_note(int((~np.isfinite(values)).sum()))
        said = f"{rows} x {columns}" + ("   ·   logarithmic; zero and less are black" if log else "")
        return finish(figure, (title, below), (note, diagonal, lost and f"{lost} (grey)"), said, dpi=dpi, out=out)


def _limits(values: NDArray[np.float64], *, log: bool) -> tuple[float, float]:
    """Give the ends of the colours; a diagonal of ones would leave few colours for the rest."""
    off = values
    if values.shape[0] == values.shape[1] > 1:
        off = values[~np.eye(len(values), dtype=bool)]
    off = off[np.isfinite(off)]
    if not off.size:
        off = values[np.isfinite(values)]
    if log:
        above = off[off > 0]
        if not above.size:
            raise BadTable(
                "the matrix", "it has no value above zero, and a logarithm of nothing else", "give log=False"
            )
        low, high = float(np.percentile(above, 1)), float(above.max())
        return (low, high) if low < high else (low / 10, high)
    low, high = float(off.min()), float(off.max())
    if low < 0 < high:
        return -max(-low, high), max(-low, high)
    if low >= 0:
        low = 0.0
    return (low, high) if low < high else (low, low + 1.0)


def _ticks(axes: Any, matrix: pd.DataFrame, size: float) -> None:  # noqa: ANN401
    if not size:
        axes.set_xlabel("column", color=FAINT, fontsize=9)
        axes.set_ylabel("row", color=FAINT, fontsize=9)
        return
    rows, columns = labels_of(matrix.index), labels_of(matrix.columns)
    axes.set_yticks(range(len(rows)), [shortened(name, _LETTERS) for name in rows])
    axes.set_xticks(range(len(columns)), [shortened(name, _LETTERS) for name in columns])
    axes.tick_params(labelsize=size, length=0, labelcolor=INK, pad=2)
    axes.tick_params(axis="x", labelrotation=90)


def _groups(axes: Any, groups: Sequence[str] | None, *, square: bool) -> None:  # noqa: ANN401
    end = -0.5
    parts = [(name, len(list(rows))) for name, rows in groupby(groups or ())]
    for name, length in parts:
        middle, end = end + length / 2, end + length
        style = {"color": INK, "fontsize": 10, "ha": "center", "va": "bottom"}
        axes.text(middle, 1.006, name, transform=axes.get_xaxis_transform(), **style) if square else None
        if (name, length) != parts[-1]:
            axes.axhline(end, color=FAINT, linewidth=0.8)
            if square:
                axes.axvline(end, color=FAINT, linewidth=0.8)


def _bar(figure: Any, image: Any, place: tuple[float, float, float], unit: str) -> None:  # noqa: ANN401
    left, bottom, tall = place
    height = float(figure.get_size_inches()[1])
    axes = figure.add_axes((left / WIDTH, bottom / height, 0.16 / WIDTH, tall / height), facecolor=PAPER)
    bar = figure.colorbar(image, cax=axes)
    bar.outline.set(color=FAINT, linewidth=0.5, alpha=0.5)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=3, width=0.6, which="both")
    axes.set_title(unit, color=FAINT, fontsize=9.5, loc="left", pad=8)
