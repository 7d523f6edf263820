"""The sheet that pictures are drawn on: paper, ink, texts, a bar of colours, and PNG bytes that never vary.

Drawn with matplotlib's Agg canvas, without pyplot and without the user's style, so that the same volume gives the same
bytes in a notebook, in a test and on a server. The only module that imports matplotlib.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from siibra_kg.errors import BadVolume, DataMissing

try:
    import matplotlib as mpl
    import matplotlib.patheffects
    import matplotlib.ticker
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise DataMissing("matplotlib, which draws pictures,", "not installed", "pip install 'siibra-kg[plot]'") from error


__all__ = [
    "DPI",
    "SIGNED",
    "SMALL_DPI",
    "LineCollection",
    "ListedColormap",
    "Picture",
    "PolyCollection",
    "Ramp",
    "add_bar",
    "add_texts",
    "colormap",
    "mpl",
    "new_figure",
    "plain_style",
    "to_picture",
]

PAPER, INK, FAINT = "#0E1116", "#E9ECF1", "#949CAA"
#: Pixels per inch of pictures, and of those in notebooks.
DPI, SMALL_DPI = 160, 80
#: The name of our own colour map for numbers of both signs.
SIGNED = "signed"
# Inches: width of the sheet, what is left free around and between the panels, and for a bar of colours.
WIDTH, SIDE, GAP, TOP, BOTTOM, BAR = 12.0, 0.55, 0.62, 0.95, 0.85, 0.95


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG image; notebooks show it. ``path`` is the file that it was written to, if it was."""

    png: bytes
    path: Path | None = None

    def save(self, path: str | Path) -> Path:
        """Write the PNG file.

        Raises
        ------
        BadVolume
            If it cannot be written.
        """
        path = Path(path)
        try:
            path.write_bytes(self.png)
        except OSError as error:
            raise BadVolume(str(path), f"the picture cannot be written ({error.strerror})") from error
        return path

    def to_html(self, width: int = 640) -> str:
        """Give an ``<img>`` element that holds the picture itself."""
        data = base64.b64encode(self.png).decode()
        return f'<img width="{width}" alt="picture" src="data:image/png;base64,{data}">'

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<Picture {self.path or f'{len(self.png):,} bytes of PNG'}>"


@dataclass(frozen=True, slots=True)
class Ramp:
    """Colours for numbers: those of ``colors``, a name of matplotlib's, from ``low`` to ``high``; ``unit`` is shown."""

    low: float
    high: float
    colors: str
    unit: str = ""


def plain_style() -> Any:  # noqa: ANN401  a context manager of matplotlib's
    """Draw without the user's style, which would change the bytes; no window is ever opened."""
    plain: Any = {k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"}
    return mpl.rc_context(plain)


def add_texts(figure: Any, title: str, below: str, note: str, convention: str) -> None:  # noqa: ANN401
    """Write the lines above and below the panels."""
    width, height = figure.get_size_inches()
    left = SIDE / width
    size = min(16.0, 16.0 * 85 / max(len(title), 1))  # about 85 letters fit
    figure.text(left, 1 - 0.22 / height, title, color=INK, fontsize=size, fontweight="bold", va="top")
    figure.text(left, 1 - 0.54 / height, below, color=FAINT, fontsize=11, va="top")
    figure.text(left, 0.2 / height, note, color=FAINT, fontsize=9, va="bottom")
    figure.text(1 - left, 0.2 / height, convention, color=FAINT, fontsize=9, va="bottom", ha="right")


def add_bar(figure: Any, ramp: Ramp) -> None:  # noqa: ANN401
    """Draw the bar of a ramp at the right of the panels."""
    width, height = figure.get_size_inches()
    low, high = BOTTOM + 0.12 * height, height - TOP - 0.06 * height
    place = ((width - SIDE - 0.62) / width, low / height, 0.16 / width, (high - low) / height)
    bar = figure.add_axes(place, facecolor=PAPER)
    steps = np.linspace(ramp.low, ramp.high, 256)[:, None]
    extent = (0.0, 1.0, ramp.low, ramp.high)
    bar.imshow(steps, origin="lower", aspect="auto", extent=extent, cmap=colormap(ramp.colors))
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.yaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    bar.tick_params(colors=FAINT, labelsize=8, length=3, width=0.6)
    bar.set_title(ramp.unit, color=FAINT, fontsize=8.5, loc="left", pad=6)
    for spine in bar.spines.values():
        spine.set(color=FAINT, linewidth=0.5, alpha=0.5)


def colormap(name: str) -> Any:  # noqa: ANN401
    """Give one of matplotlib's colour maps, or :data:`SIGNED`, that is dark at zero, as the paper is.

    Raises
    ------
    BadVolume
        If there is none of this name.
    """
    if name == SIGNED:
        ends = ["#7FD4FF", "#2E7BD6", "#173A6B", "#20242C", "#6E2A1C", "#E0662B", "#FFD27F"]
        return LinearSegmentedColormap.from_list(SIGNED, ends)
    try:
        return mpl.colormaps[name]
    except KeyError as error:
        raise BadVolume(name, "is no colour map of matplotlib") from error


def to_picture(figure: Any, dpi: int = DPI) -> Picture:  # noqa: ANN401
    """Give the PNG of a sheet."""
    out = io.BytesIO()
    # matplotlib writes its version into the file unless told not to.
    figure.savefig(out, format="png", dpi=dpi, facecolor=PAPER, metadata={"Software": None})
    return Picture(out.getvalue())


def new_figure(width: float, height: float) -> Any:  # noqa: ANN401
    """Give an empty sheet of so many inches that is drawn by Agg, without a window."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure
