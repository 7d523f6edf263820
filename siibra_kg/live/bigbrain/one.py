"""The profile of one vertex, and what all features of BigBrain's profiles share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siibra_kg.features.base import Measured
from siibra_kg.features.frames import described
from siibra_kg.features.profiles import CorticalProfile
from siibra_kg.live.bigbrain.hemispheres import CITATION
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.locations import Point
    from siibra_kg.model_features import DataFile, MatrixRow

__all__ = ["BIGBRAIN", "UNIT", "BigBrainIntensityProfile", "OfVertices", "depths_of"]

BIGBRAIN = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/BigBrain_2015")
UNIT = "staining intensity"


@dataclass(frozen=True, slots=True, repr=False)
class OfVertices(Measured):
    """What features of this service share.

    Parameters
    ----------
    region
        IRI of the region that was asked for, or nothing.
    citation, license
        How to cite the data; what they may be used for, where it is stated.
    notes, sources
        What could not be read or resolved; the files.
    """

    region: IRI | None = field(default=None, compare=False)
    citation: str = field(default=CITATION, compare=False)
    license: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    sources: tuple[Mapping[str, str], ...] = field(default=(), compare=False)

    @property
    def files(self) -> tuple[DataFile, ...]:
        """None that the graph knows; ``data.attrs["sources"]`` has those that were read."""
        return ()

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """None: it is no matrix of regions."""
        return ()


@dataclass(frozen=True, slots=True, repr=False)
class BigBrainIntensityProfile(CorticalProfile):
    """Staining intensities along the depth of the cortex at one vertex: siibra's class of the same name.

    Parameters
    ----------
    hemisphere, vertex
        Which vertex of the surface of which hemisphere, counted from 0.
    location
        Where it is, in BigBrain.
    """

    hemisphere: str = field(default="", compare=False)
    vertex: int = field(default=0, compare=False)
    location: Point | None = field(default=None, compare=False)
    citation: str = field(default=CITATION, compare=False)
    license: str = field(default="", compare=False)
    sources: tuple[Mapping[str, str], ...] = field(default=(), compare=False)
    _values: Any = field(default=None, compare=False)
    _borders: Any = field(default=None, compare=False)

    @property
    def boundary_positions(self) -> dict[tuple[int, int], float]:
        """Depth of each border, ``{(0, 1): 0.0, (1, 2): 0.09, ..., (6, 7): 1.0}``; empty for the right hemisphere."""
        if self._borders is None:
            return {}
        return {(n, n + 1): float(depth) for n, depth in enumerate(self._borders)}

    @property
    def files(self) -> tuple[DataFile, ...]:
        """None that the graph knows."""
        return ()

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """None: it is no matrix of regions."""
        return ()

    def read(self) -> pd.DataFrame:
        """As ``data``, without warnings: one column, ``intensity``."""
        index = depths_of(len(self._values))
        frame: pd.DataFrame = pd.DataFrame({"intensity": np.array(self._values)}, index=index)
        return described(frame, unit=UNIT, sources=self.sources)


def depths_of(count: int) -> pd.Index[float]:
    """Give the depths of intensities: n samples at 0, 1/n, 2/n and so on, as siibra has them."""
    return pd.Index(np.arange(count) / count, name="depth")
