"""Matrices in colours: connectivity between regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_matrix"]


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
        Show the logarithm; what is not above zero has the colour of the paper.
    limits
        Values at the ends of the colours; else from the data, symmetric if they have both signs.
    colors
        A colour map of matplotlib.
    groups
        One for each row: lines are drawn where it changes, for instance between hemispheres.
    """
    raise NotImplementedError
