"""Pictures of numbers: polar plots, bars, profiles over depth, boxes, matrices, carpets; from plain data frames.

Importing this loads matplotlib; do it inside of functions.
"""

from siibra_kg.features.plots.bars import plot_bars
from siibra_kg.features.plots.box import plot_box
from siibra_kg.features.plots.carpet import plot_carpet
from siibra_kg.features.plots.matrix import plot_matrix
from siibra_kg.features.plots.polar import plot_polar
from siibra_kg.features.plots.profile import plot_profile
from siibra_kg.features.plots.spectrum import plot_spectrum
from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = [
    "Picture",
    "plot_bars",
    "plot_box",
    "plot_carpet",
    "plot_matrix",
    "plot_polar",
    "plot_profile",
    "plot_spectrum",
]
