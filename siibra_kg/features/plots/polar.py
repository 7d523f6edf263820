"""Polar plots: receptor fingerprints, one or several over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_polar"]


def plot_polar(
    frames: pd.DataFrame | Mapping[str, pd.DataFrame],
    out: str | Path | None = None,
    *,
    value: str = "mean",
    spread: str = "std",
    groups: Mapping[str, str] | None = None,
    title: str = "",
    below: str = "",
    note: str = "",
    unit: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a value for each row around a circle, with its spread as a band.

    Parameters
    ----------
    frames
        Index: what stands around the circle (texts, or values with a name). Several, by name, are drawn over each
        other; the first names the order.
    out
        A PNG file to write; without it only the picture is given back.
    value, spread
        The column of the values, and the one of their spread; a frame without the latter has no band.
    groups
        Of rows: their names are coloured by it, for instance by neurotransmitter.
    title, below, note, unit
        The lines above and below, and the unit of the values.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    BadTable
        If there is nothing to draw: no rows, no column of that name, or no finite value.
    """
    raise NotImplementedError
