"""Spectra: values over frequency, a panel for each column, since they are of different units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.features.plots.parts import EDGE, FOOT, HEAD, color_of, finish, lined, missing_note, new_axes
from siibra_kg.volumes.pictures.plot_sheet import DPI, FAINT, PAPER, WIDTH, plain_style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_spectrum"]

_PANEL, _APART = 1.9, 0.55  # inches


def plot_spectrum(
    spectra: pd.DataFrame,
    out: str | Path | None = None,
    *,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: Mapping[str, str] | str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw spectra, one panel below the other.

    Parameters
    ----------
    spectra
        Index: frequency in Hz; a panel for each column.
    unit
        Of all columns, or of each.
    out, title, below, note, dpi
        As in :func:`~siibra_kg.features.plots.polar.plot_polar`.

    Raises
    ------
    BadTable
        If there is nothing to draw.

    Examples
    --------
    >>> import pandas as pd
    >>> plot_spectrum(pd.DataFrame({"PSD": [3.0, 2.0, 1.0]}, [10.0, 20.0, 30.0]), unit="dB")  # doctest: +ELLIPSIS
    <Picture ... bytes of PNG>
    """
    values = spectra.to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(values).any():
        raise BadTable("the spectrum", "none of its values is a finite number")
    count = values.shape[1]
    height = HEAD + FOOT + 0.4 + count * _PANEL + (count - 1) * _APART
    wide = WIDTH - 2 * EDGE - 0.5
    with plain_style():
        figure, last = new_axes(height, (EDGE + 0.5, FOOT + 0.4, wide, _PANEL - 0.25))
        style = {"color": FAINT, "fontsize": 10}
        for number, name in enumerate(map(str, spectra.columns)):
            bottom = FOOT + 0.4 + (count - 1 - number) * (_PANEL + _APART)
            place = ((EDGE + 0.5) / WIDTH, bottom / height, wide / WIDTH, (_PANEL - 0.25) / height)
            axes = last if number == count - 1 else figure.add_axes(place, facecolor=PAPER, sharex=last)
            axes.tick_params(colors=FAINT, labelsize=9, length=3, width=0.6)
            axes.plot(spectra.index.to_numpy(np.float64), values[:, number], color=color_of(number), linewidth=1.6)
            lined(axes, along="y")
            axes.set_title(name, loc="left", color=color_of(number), fontsize=10)
            axes.set_ylabel(unit if isinstance(unit, str) else unit.get(name, ""), **style)
        last.set_xlabel("frequency (Hz)", **style)
        return finish(figure, (title, below), (note, missing_note(int(np.isnan(values).sum()))), "", dpi=dpi, out=out)
