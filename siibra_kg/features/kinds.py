"""Which Python class a feature has: by its class in the graph, else by a more general one."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.features.cells import CellDensityProfile
from siibra_kg.features.connectivity import RegionalConnectivity
from siibra_kg.features.fingerprints import ReceptorDensityFingerprint
from siibra_kg.features.generic import Tabular
from siibra_kg.features.images import ImageFeature
from siibra_kg.features.layers import LayerwiseCellDensity
from siibra_kg.features.profiles import ReceptorDensityProfile
from siibra_kg.features.timeseries import RegionalTimeseriesActivity
from siibra_kg.model_features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["kind_of"]

#: Name of a class in the graph -> Python class.
KINDS: Mapping[str, type[Feature]] = MappingProxyType(
    {
        "CellDensityProfile": CellDensityProfile,
        "Image": ImageFeature,
        "RegionalConnectivity": RegionalConnectivity,
        "LayerwiseCellDensity": LayerwiseCellDensity,
        "ReceptorDensityFingerprint": ReceptorDensityFingerprint,
        "ReceptorDensityProfile": ReceptorDensityProfile,
        "RegionalTimeseriesActivity": RegionalTimeseriesActivity,
        "Tabular": Tabular,
    }
)


def kind_of(modality: str, kinds: Iterable[str] = ()) -> type[Feature]:
    """Give the class of features of a modality.

    Parameters
    ----------
    modality
        Name of the class in the graph, ``"StreamlineCounts"``.
    kinds
        Names of the more general classes, ``("RegionalConnectivity", "Tabular")``.
    """
    return next((KINDS[name] for name in (modality, *kinds) if name in KINDS), Feature)
