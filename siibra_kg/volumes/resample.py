"""Values at points, and on other grids: nearest voxel for names, linear for quantities, never one for the other.

The nearest voxel of a point is ``floor(index + 0.5)``, and the field of view reaches half a voxel beyond the outermost
centres, on every side. Linear values there are those of the outermost centres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.volumes.place import shift_between, to_voxels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["NAMES", "PointValues", "interpolation_for", "minimum", "on_grid", "values_at"]

#: Kinds of volumes whose values are names: between two labels there is nothing, or another region.
NAMES = frozenset({"mask", "labelled"})


class PointValues(NamedTuple):
    """Values of a volume at points.

    Parameters
    ----------
    values
        One per point. Of quantities: float64, NaN outside. Of labels and masks: the type of the volume, 0 outside.
    inside
        Which points are in the field of view.
    """

    values: NDArray[Any]
    inside: NDArray[np.bool_]


def interpolation_for(name: str, kind: str, asked: str | None) -> str:
    """Give the interpolation for a kind of volume: the one that is asked for where that makes sense.

    Raises
    ------
    LabelMismatch
        If labels or masks were to be interpolated: the mean of two labels is a third one, which is not there.
    BadVolume
        If it is neither ``"nearest"`` nor ``"linear"``.
    """
    if asked not in {None, "nearest", "linear"}:
        raise BadVolume(name, f"there is no interpolation {asked!r}", "nearest and linear there are")
    if kind in NAMES and asked == "linear":
        raise LabelMismatch(name, f"the values of a {kind} volume are names; they are never interpolated")
    return asked or ("nearest" if kind in NAMES else "linear")


def values_at(
    array: NDArray[Any], affine: NDArray[np.float64], points: ArrayLike, way: str, *, names: bool = False
) -> PointValues:
    """Give the values of an array at points in mm.

    Parameters
    ----------
    array, affine
        The voxels and their place.
    points
        Shape (n, 3), mm.
    way
        ``"nearest"`` or ``"linear"``.
    names
        The values are names: they keep their type.
    """
    positions = to_voxels(affine, points)
    inside = _inside(positions, array.shape)
    if way == "nearest":
        # What is not finite is not inside; voxel 0 stands in for what is outside.
        nearest = np.where(inside[:, None], np.floor(positions + 0.5), 0).astype(np.intp)
        found = array[tuple(nearest.T)]
        if names:
            return PointValues(np.where(inside, found, found.dtype.type(0)), inside)
        return PointValues(np.where(inside, found, np.nan), inside)
    from scipy.ndimage import map_coordinates  # noqa: PLC0415  takes 50 ms

    where = np.where(inside[:, None], positions, 0.0).T
    values = map_coordinates(array, where, output=np.float64, order=1, mode="nearest", prefilter=False)
    values[~inside] = np.nan
    return PointValues(values, inside)


def _inside(positions: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    found: NDArray[Any] = np.all((positions >= -0.5) & (positions < np.array(shape) - 0.5), axis=-1)
    return found


def minimum(
    one: NDArray[Any], other: NDArray[Any], shift: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]] | None:
    """Give the smaller of two arrays, voxel by voxel, where both are.

    Parameters
    ----------
    one, other
        The arrays.
    shift
        The index in ``one`` of the first voxel of ``other``.

    Returns
    -------
    tuple or None
        The smaller values, and the index in ``one`` of their first voxel; ``None`` where they have no voxel in common.
    """
    low = np.maximum(shift, 0)
    high = np.minimum(one.shape, shift + other.shape)
    if (low >= high).any():
        return None
    mine = tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    theirs = tuple(slice(a, b) for a, b in zip((low - shift).tolist(), (high - shift).tolist(), strict=True))
    return np.minimum(one[mine], other[theirs]), low


def on_grid(
    array: NDArray[Any],
    affine: NDArray[np.float64],
    shape: tuple[int, int, int],
    target: NDArray[np.float64],
    *,
    way: str,
    outside: float = 0,
) -> NDArray[Any]:
    """Give an array on another grid of the same space.

    Parameters
    ----------
    array, affine
        The voxels and their place.
    shape, target
        The other grid: its shape and its affine.
    way
        ``"nearest"`` keeps type and values; ``"linear"`` gives floats of 32 or 64 bits.
    outside
        For voxels of the other grid that are outside.
    """
    matrix: NDArray[Any] = np.linalg.solve(affine, target)
    if way == "nearest" or shift_between(affine, target) is not None:
        dtype = array.dtype if way == "nearest" else np.result_type(array.dtype, np.float32)
        return _nearest(array, matrix, shape, np.array(outside, dtype))
    return _linear(array, matrix, shape, outside)


def _nearest(
    array: NDArray[Any], matrix: NDArray[np.float64], shape: tuple[int, int, int], outside: NDArray[Any]
) -> NDArray[Any]:
    out = np.full(shape, outside, outside.dtype, order="F") if outside else np.zeros(shape, outside.dtype, order="F")
    axes = _axes(matrix)
    if axes is not None:
        spans = _spans(matrix, shape, array.shape, axes)
        steps = [np.floor(at[span] + 0.5).astype(np.intp) for at, span in spans]
        back = np.argsort(axes)
        out[tuple(spans[axis][1] for axis in back)] = _picked(array, steps).transpose(back)
        return out
    for k, positions in _layers(matrix, shape):
        inside = _inside(positions, array.shape)
        at = np.floor(positions[inside] + 0.5).astype(np.intp)
        out[..., k][inside] = array[tuple(at.T)]
    return out


def _axes(matrix: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Give the axis of the target for each axis of the source, or ``None`` where one grid is turned to the other."""
    # Sine of a right angle that was stored in 32-bit floats; a thousand voxels make a thousandth of one from it.
    turned = np.abs(matrix[:3, :3]) > 1e-6
    if (turned.sum(axis=0) == 1).all() and (turned.sum(axis=1) == 1).all():
        axes: NDArray[np.intp] = turned.argmax(axis=1)
        return axes
    return None


def _spans(
    matrix: NDArray[np.float64], shape: tuple[int, int, int], source: tuple[int, ...], axes: NDArray[np.intp]
) -> list[tuple[NDArray[np.float64], slice]]:
    """Give for each axis of the source the positions in it of all indices of the target, and which are inside."""
    found = []
    for axis, (of, length) in enumerate(zip(axes.tolist(), source, strict=True)):
        at = matrix[axis, of] * np.arange(shape[of]) + matrix[axis, 3]
        there = np.flatnonzero((at >= -0.5) & (at < length - 0.5))
        found.append((at, slice(int(there[0]), int(there[-1]) + 1) if len(there) else slice(0, 0)))
    return found


def _picked(array: NDArray[Any], steps: list[NDArray[np.intp]]) -> NDArray[Any]:
    """Give some planes along each axis; without a copy where they are next to each other."""
    if all(len(step) and (np.diff(step) == 1).all() for step in steps):
        return array[tuple(slice(int(step[0]), int(step[-1]) + 1) for step in steps)]
    picked: NDArray[Any] = array[np.ix_(*steps)]
    return picked


def _linear(
    array: NDArray[Any], matrix: NDArray[np.float64], shape: tuple[int, int, int], outside: float
) -> NDArray[Any]:
    from scipy.ndimage import affine_transform  # noqa: PLC0415  takes 50 ms

    dtype = np.result_type(array.dtype, np.float32)
    # Beyond the edges scipy repeats them; what is outside is replaced below. A diagonal given as one would be a tenth
    # faster, with a warning on every call from scipy before 1.16.
    out: NDArray[Any] = affine_transform(
        array, matrix[:3, :3], matrix[:3, 3], shape, dtype, order=1, mode="nearest", prefilter=False
    )
    axes = _axes(matrix)
    if axes is not None:
        for of, (_, span) in zip(axes.tolist(), _spans(matrix, shape, array.shape, axes), strict=True):
            along = np.moveaxis(out, of, 0)
            along[: span.start] = along[span.stop :] = outside
        return out
    for k, positions in _layers(matrix, shape):
        out[..., k][~_inside(positions, array.shape)] = outside
    return out


def _layers(matrix: NDArray[np.float64], shape: tuple[int, int, int]) -> Any:  # noqa: ANN401  an iterator of pairs
    """Give for each index of the third axis the positions of its voxels in the source, shape (i, j, 3)."""
    i, j = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    flat = i[..., None] * matrix[:3, 0] + j[..., None] * matrix[:3, 1] + matrix[:3, 3]
    for k in range(shape[2]):
        yield k, flat + k * matrix[:3, 2]
