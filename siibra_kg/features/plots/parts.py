"""What pictures of numbers have in common: names of rows, colours, one set of axes on the sheet, checked series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.volumes.pictures.plot_parts import joined, kept
from siibra_kg.volumes.pictures.plot_sheet import (
    BOTTOM,
    FAINT,
    INK,
    PAPER,
    SIDE,
    TOP,
    WIDTH,
    add_texts,
    mpl,
    new_figure,
    to_picture,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = [
    "EDGE",
    "FOOT",
    "HEAD",
    "MISSING",
    "SERIES",
    "Series",
    "color_of",
    "colors_of_groups",
    "finish",
    "label_of",
    "labels_of",
    "legend",
    "lined",
    "missing_note",
    "new_axes",
    "series_of",
    "shortened",
]

#: Colours of curves, clear on dark paper and told apart by colour-blind readers (Okabe & Ito 2008).
SERIES = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#7C9CFF")
#: Of what has no value.
MISSING = "#3A404B"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values of rows with names; shape (rows,). ``spread`` is NaN where nothing is known of it."""

    name: str
    labels: tuple[str, ...]
    values: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def lowest(self) -> float:
        """The lowest value, its spread taken off."""
        return float(np.nanmin(self.values - np.nan_to_num(self.spread)))

    @property
    def highest(self) -> float:
        """The highest value with its spread."""
        return float(np.nanmax(self.values + np.nan_to_num(self.spread)))


def label_of(row: object) -> str:
    """Give what a picture calls a row: the name of a region, the names of several, the text itself.

    >>> label_of(("Area 4a left", "Area 4p left"))
    'Area 4a left + Area 4p left'
    """
    if isinstance(row, tuple):
        return " + ".join(label_of(part) for part in row)
    return str(getattr(row, "name", None) or row)


def labels_of(index: pd.Index) -> tuple[str, ...]:
    """Give the names of all rows."""
    return tuple(label_of(row) for row in index)


def color_of(position: int) -> str:
    """Give the colour of a curve; they repeat after seven."""
    return SERIES[position % len(SERIES)]


def colors_of_groups(groups: Mapping[str, str] | None) -> dict[str, str]:
    """Give a colour for each group, in order of first appearance."""
    names = dict.fromkeys((groups or {}).values())
    return {name: color_of(i) for i, name in enumerate(names)}


def series_of(
    frames: pd.DataFrame | pd.Series | Mapping[str, pd.DataFrame | pd.Series], value: str, spread: str
) -> tuple[Series, ...]:
    """Give the values and spreads of one frame or several, all in the order of the rows of the first.

    Rows that only a later frame has come after those of the first.

    Raises
    ------
    BadTable
        If there is no frame, no row, no column of that name, a row twice, or no finite value.
    """
    import pandas as pd  # noqa: PLC0415  the annotations of this module need no pandas

    named = {"": frames} if isinstance(frames, pd.DataFrame | pd.Series) else dict(frames)
    read = {name: _columns(name, frame, value, spread) for name, frame in named.items()}
    labels = tuple(dict.fromkeys(label for found, _, _ in read.values() for label in found))
    if not labels:
        raise BadTable("the picture", "there are no rows to draw")
    return tuple(
        Series(name, labels, _in_order(labels, found, values), _in_order(labels, found, spreads))
        for name, (found, values, spreads) in read.items()
    )


def _columns(
    name: str, frame: pd.DataFrame | pd.Series, value: str, spread: str
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    called = f"the frame '{name}'" if name else "the frame"
    labels = labels_of(frame.index)
    value = str(frame.columns[0]) if frame.ndim == 2 and frame.shape[1] == 1 else value
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise BadTable(called, f"the row '{twice}' is there twice", "a picture would show one of them only")
    if frame.ndim == 1:
        values, spreads = frame.to_numpy(dtype=np.float64, na_value=np.nan), np.full(len(frame), np.nan)
    elif value not in frame:
        columns = ", ".join(map(str, frame.columns))
        raise BadTable(called, f"it has no column '{value}'", f"give value=, one of: {columns}")
    else:
        values = frame[value].to_numpy(dtype=np.float64, na_value=np.nan)
        spreads = frame.get(spread, frame[value] * np.nan).to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).any():
        raise BadTable(called, "none of its values is a finite number")
    finite = np.where(np.isfinite(values), values, np.nan)
    return labels, finite, np.where(np.isfinite(spreads), np.abs(spreads), np.nan)


def _in_order(labels: tuple[str, ...], found: tuple[str, ...], values: NDArray[np.float64]) -> NDArray[np.float64]:
    place = {label: i for i, label in enumerate(found)}
    return np.array([values[place[label]] if label in place else np.nan for label in labels])


def missing_note(count: int) -> str:
    """Say how many values are missing, if any are."""
    return f"{count:,} value{'s' if count > 1 else ''} missing" if count else ""


def new_axes(height: float, place: tuple[float, float, float, float], **options: Any) -> tuple[Any, Any]:  # noqa: ANN401  matplotlib's
    """Give a sheet and axes on it in the house style; ``place`` is left, bottom, width and height in inches."""
    figure = new_figure(WIDTH, height)
    left, bottom, wide, tall = place
    axes = figure.add_axes((left / WIDTH, bottom / height, wide / WIDTH, tall / height), facecolor=PAPER, **options)
    axes.tick_params(colors=FAINT, labelsize=9, length=3, width=0.6)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.6, alpha=0.6)
    return figure, axes


def lined(axes: Any, *, along: str) -> None:  # noqa: ANN401  matplotlib's
    """Draw faint lines at the ticks of one axis, behind everything."""
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis=along, color=FAINT, alpha=0.22, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def finish(
    figure: Any,  # noqa: ANN401  matplotlib's
    texts: tuple[str, str],
    notes: Sequence[str],
    said: str,
    *,
    dpi: int,
    out: str | Path | None,
) -> Picture:
    """Write title and line below it, notes at the foot, what is drawn at the foot's right; give the picture."""
    title, below = texts
    add_texts(figure, title, below, joined(*notes), said)
    return kept(to_picture(figure, dpi), out)


def legend(figure: Any, named: Mapping[str, str], left: float, top: float, heading: str = "") -> None:  # noqa: ANN401
    """Write names beside patches of their colours, below each other; ``left`` and ``top`` in inches from the corner."""
    height = float(figure.get_size_inches()[1])
    y = top
    if heading:
        figure.text(left / WIDTH, 1 - y / height, heading, color=FAINT, fontsize=9.5, va="center")
        y += 0.3
    for name, color in named.items():
        corner, size = (left / WIDTH, 1 - (y + 0.055) / height), (0.22 / WIDTH, 0.11 / height)
        patch = mpl.patches.Rectangle(corner, *size, color=color, transform=figure.transFigure)
        figure.add_artist(patch)
        figure.text((left + 0.34) / WIDTH, 1 - y / height, name, color=INK, fontsize=10, va="center")
        y += 0.28


#: Where axes begin below the texts, and end above the note, in inches.
HEAD, FOOT, EDGE = TOP + 0.1, BOTTOM, SIDE


def shortened(label: str, letters: int) -> str:
    """Cut the middle out of a long name: regions differ at both ends.

    >>> shortened("Area hOc1 (V1, 17, CalcS) left hemisphere", 20)
    'Area hOc1 …emisphere'
    """
    if len(label) <= letters:
        return label
    return f"{label[: letters // 2]}…{label[-(letters - letters // 2 - 1) :]}"
