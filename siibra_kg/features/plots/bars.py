"""Bars: values of rows with names, with their spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_bars"]


def plot_bars(
    frames: pd.DataFrame | pd.Series | Mapping[str, pd.DataFrame],
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
        As in :func:`plot_polar`.
    max_rows
        Rows beyond are not drawn; the note says so.
    """
    raise NotImplementedError
