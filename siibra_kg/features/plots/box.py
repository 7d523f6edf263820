"""Box plots: samples by group, each with its points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.pictures.plot_sheet import DPI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import ArrayLike

    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["plot_box"]


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

    Parameters
    ----------
    samples
        Name of a group -> its values; columns of a frame.
    points
        Also draw each value; always so for a group of fewer than five.
    zero
        Begin the axis at zero.
    """
    raise NotImplementedError
