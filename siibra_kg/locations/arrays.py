"""Coordinates as numpy arrays; the one module here that loads numpy, itself loaded when arrays are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import TermError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["affine", "inverse", "moved", "numbers", "scale", "sigmas", "square"]


def numbers(values: ArrayLike) -> NDArray[np.float64]:
    """Copy coordinates into a new read-only array, shape (n, 3); refuse what is not finite, and name the row."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TermError(values, "coordinates in millimetres, one x, y, z per point") from None
    if array.ndim != 2 or array.shape[1] != 3:
        raise TermError(f"an array of shape {array.shape}", "coordinates in millimetres of shape (n, 3)")
    if not len(array):
        raise TermError((), "one point or more")
    wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(wrong):
        row = int(wrong[0])
        raise TermError(tuple(array[row].tolist()), f"three finite coordinates in millimetres (point {row})")
    array += 0.0  # makes -0.0 into 0.0
    array.flags.writeable = False
    return array


def sigmas(values: float | Sequence[float] | NDArray[Any], count: int) -> float | NDArray[np.float64]:
    """Read standard deviations in mm: a number for all points, or a new read-only array with one each."""
    array = np.array(values, dtype=np.float64)
    if array.shape not in {(), (count,)}:
        raise TermError(f"{array.size} standard deviations", f"one number, or one for each of {count} points")
    if not np.isfinite(array).all() or (array < 0).any():
        raise TermError(values, "standard deviations in mm, zero or more")
    if array.ndim == 0 or (array == array[0]).all():
        return float(array.flat[0])
    array.flags.writeable = False
    return array


def affine(values: ArrayLike) -> NDArray[np.float64]:
    """Read an affine: 4x4, finite, invertible, with 0, 0, 0, 1 as its last row."""
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TermError(values, "a 4x4 matrix") from None
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise TermError(f"an array of shape {matrix.shape}", "a 4x4 matrix of finite numbers")
    if matrix[3].tolist() != [0, 0, 0, 1]:
        raise TermError(matrix[3].tolist(), "the last row of an affine, which is 0, 0, 0, 1")
    if np.linalg.matrix_rank(matrix[:3, :3]) < 3:
        raise TermError(matrix.tolist(), "an affine that can be inverted")
    return matrix


def square(values: Sequence[float]) -> NDArray[np.float64]:
    """Give 16 numbers, row by row, as an affine."""
    return affine(np.reshape(values, (4, 4)))


def inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the affine that leads back."""
    back = np.asarray(np.linalg.inv(matrix), np.float64)
    back[3] = 0, 0, 0, 1  # exactly
    return back


def moved(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply an affine to points, shape (n, 3)."""
    result: NDArray[np.float64] = points @ matrix[:3, :3].T + matrix[:3, 3]
    return result


def scale(matrix: NDArray[np.float64]) -> float:
    """Give the cube root of the factor by which an affine changes volumes."""
    # The triple product is exact for axes along the world's, where an LU decomposition is not.
    x, y, z = matrix[:3, :3].T
    return float(abs(np.cross(x, y) @ z) ** (1 / 3))
