"""Carpet plots: time series of regions as rows of greys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_carpet"]


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
    """Draw time series: time to the right, one row of greys for each region, their mean above.

    Parameters
    ----------
    signals
        Index: time; columns: regions.
    standardise
        Show each region's deviation from its mean in its standard deviations.
    groups
        One for each column: lines are drawn where it changes.
    """
    raise NotImplementedError
