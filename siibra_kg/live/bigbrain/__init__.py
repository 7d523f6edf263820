"""Staining intensities of BigBrain along the depth of the cortex, at vertices of its surface, of both hemispheres."""

from siibra_kg.live.bigbrain.cortex import Cortex
from siibra_kg.live.bigbrain.hemispheres import CITATION, SOURCES, Source
from siibra_kg.live.bigbrain.inside import bigbrain_profiles
from siibra_kg.live.bigbrain.layers import LayerwiseBigBrainIntensities
from siibra_kg.live.bigbrain.one import BigBrainIntensityProfile
from siibra_kg.live.bigbrain.profiles import BigBrainIntensityProfiles

__all__ = [
    "CITATION",
    "SOURCES",
    "BigBrainIntensityProfile",
    "BigBrainIntensityProfiles",
    "Cortex",
    "LayerwiseBigBrainIntensities",
    "Source",
    "bigbrain_profiles",
]
