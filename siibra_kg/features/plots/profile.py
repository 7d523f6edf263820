"""Profiles: values over cortical depth, with the layers behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_profile"]


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
    """
    raise NotImplementedError
