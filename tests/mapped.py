"""What tests ask of arrays."""

from __future__ import annotations

import mmap

import numpy as np


def is_mapped(array):
    """Tell whether the bytes of an array are those of a file that is memory-mapped."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(getattr(array, "obj", array), mmap.mmap)
