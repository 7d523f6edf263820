"""Staining intensities by layer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siibra_kg.features.frames import described
from siibra_kg.features.profiles import LAYERS
from siibra_kg.live.bigbrain.one import UNIT, OfVertices, depths_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.features.plots import Picture

__all__ = ["LAYER_NAMES", "LayerwiseBigBrainIntensities", "by_layer"]

LAYER_NAMES = LAYERS[1:-1]


@dataclass(frozen=True, slots=True, repr=False)
class LayerwiseBigBrainIntensities(OfVertices):
    """Staining intensities of each layer, over the vertices of a place: siibra's class of the same name."""

    _table: Any = field(default=None, compare=False)

    @property
    def data(self) -> pd.DataFrame:
        """A row for each layer.

        Returns
        -------
        pandas.DataFrame
            ``mean`` and ``std`` (of all, not of a sample) over all intensities in a layer, and ``count``, how many
            these are; the index ``layer`` is ``"I"`` to ``"VI"``.
        """
        return described(self._table.copy(), unit=UNIT, sources=self.sources, notes=self.notes)

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw a bar with the spread for each layer."""
        from siibra_kg.features.plots import plot_bars  # noqa: PLC0415  loads matplotlib

        return plot_bars(self._table, out, title=title or self.name, unit=UNIT, dpi=dpi)


def by_layer(values: NDArray[np.float64], borders: NDArray[np.float64]) -> pd.DataFrame:
    """Give mean, standard deviation and number of the intensities in each layer.

    A depth on a border belongs to the layer above it, the pial surface to layer I: the rule of
    :meth:`~siibra_kg.features.profiles.CorticalProfile.assign_layer`.
    """
    depths = depths_of(values.shape[1]).to_numpy()
    layer = np.zeros(values.shape, np.int8)
    for border in borders.T[1:-1]:
        layer += border[:, None] < depths[None, :]
    rows = []
    for number in range(len(LAYER_NAMES)):
        inside = values[layer == number]
        mean, std = (inside.mean(), inside.std()) if len(inside) else (np.nan, np.nan)
        rows.append((mean, std, len(inside)))
    frame: pd.DataFrame = pd.DataFrame(rows, pd.Index(LAYER_NAMES, name="layer"), ["mean", "std", "count"])
    return frame
