"""Makes the sparse index of many maps; one map is held at a time, and what is kept of it are its values.

The second order, voxel by voxel, comes from a counting sort, in the time of a few passes over the values.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.options import MAX_BYTES
from siibra_kg.volumes.statistical.sparse_index import SparseIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import DTypeLike, NDArray

__all__ = ["assemble", "build", "support"]

_WIDE = np.iinfo(np.uint32).max


def build(arrays: Iterable[NDArray[Any]], name: str = "statistical map", max_bytes: int = MAX_BYTES) -> SparseIndex:
    """Index arrays of one shape.

    Parameters
    ----------
    arrays
        Three dimensions, real numbers; taken one after the other.
    name
        Of the map, for messages.
    max_bytes
        Refuse an index that would be larger.

    Raises
    ------
    BadVolume
        If there are none, their shapes differ, a value is infinite, or the index would be too large.
    """
    parts, shape, dtype = [], None, None
    for number, array in enumerate(arrays):
        shape = shape or tuple(map(int, array.shape))
        if array.shape != shape or len(shape) != 3:
            raise BadVolume(name, f"map {number} has the shape {array.shape}, the first {shape}")
        parts.append(support(array, f"map {number} of {name}"))
        dtype = array.dtype if dtype is None else np.result_type(dtype, array.dtype)
        check_size(name, shape, sum(len(voxels) for voxels, _ in parts), dtype, max_bytes)
    if shape is None or len(shape) != 3:
        raise BadVolume(name, "there are no maps")
    return assemble(shape, parts, dtype)


def support(array: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the voxels, in column-major order, whose values are greater than zero, and these values.

    NaN stands for no value. Values below zero are left out: a probability has none, and images of other kinds should
    be read as volumes.

    Raises
    ------
    BadVolume
        If a value is infinite, or no real number.
    """
    if array.dtype.kind not in "biuf":
        raise BadVolume(name, f"values of type {array.dtype} are no probabilities")
    flat = array.reshape(-1, order="F")
    # Of bytes, which most maps are, this is four times as fast as flatnonzero of a comparison.
    voxels = np.flatnonzero(flat) if flat.dtype.kind in "bu" else np.flatnonzero(flat > 0)
    values = flat[voxels]
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise BadVolume(name, "has infinite values")
    if values.dtype.kind == "b" or values.dtype == np.float16:
        values = values.astype(np.uint8 if values.dtype.kind == "b" else np.float32)
    return voxels.astype(np.uint32 if array.size <= _WIDE else np.int64), values


def check_size(name: str, shape: tuple[int, ...], count: int, dtype: DTypeLike, max_bytes: int) -> None:
    """Refuse an index that would be too large, before it is made.

    Raises
    ------
    BadVolume
        Says how large.
    """
    need = 4 * prod(shape) + count * 2 * (4 + np.dtype(dtype).itemsize)
    if need > max_bytes:
        reason = f"its index takes {need:,} bytes, more than the {max_bytes:,} allowed"
        raise BadVolume(name, reason, "raise max_bytes, or ask for single regions")


def assemble(
    shape: tuple[int, ...],
    parts: Iterable[tuple[NDArray[Any], NDArray[Any]]],
    dtype: DTypeLike | None = None,
) -> SparseIndex:
    """Make an index of the voxels and values of each map.

    Parameters
    ----------
    shape
        Of each map.
    parts
        Voxels, ascending, in column-major order, and their values, all greater than zero.
    dtype
        Of the values; that which holds them all unless told.
    """
    i, j, k = (int(n) for n in shape)
    maps = list(parts)
    kind = np.uint32 if i * j * k <= _WIDE else np.int64
    column_starts = np.concatenate([[0], np.cumsum([len(v) for v, _ in maps], dtype=np.int64)]).astype(np.int64)
    column_voxels = np.concatenate([np.empty(0, kind), *(v for v, _ in maps)], dtype=kind, casting="unsafe")
    real = np.dtype(dtype) if dtype is not None else np.result_type(*(x for _, x in maps)) if maps else np.dtype("u1")
    real = np.dtype(np.uint8) if real.kind == "b" else np.dtype(np.float32) if real == np.float16 else real
    values = np.concatenate([np.empty(0, real), *(x for _, x in maps)], dtype=real, casting="unsafe")
    lookup, voxels = _rows(i * j * k, column_voxels, kind)
    starts, columns, by_voxel = _by_voxel(lookup[column_voxels], len(voxels), column_starts, values)
    low, high = _boxes((i, j), column_voxels, column_starts)
    return SparseIndex(
        (i, j, k), lookup, voxels, starts, columns, by_voxel, column_starts, column_voxels, values, low, high
    )


def _rows(size: int, used: NDArray[Any], kind: DTypeLike) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Number the voxels that some map has, ascending."""
    some = np.zeros(size, bool)
    some[used] = True
    voxels = np.flatnonzero(some)
    lookup = np.full(size, -1, np.int32)
    lookup[voxels] = np.arange(len(voxels), dtype=np.int32)
    return lookup, voxels.astype(kind)


def _by_voxel(
    rows: NDArray[np.int32], count: int, column_starts: NDArray[np.int64], values: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    """Turn the order of maps into that of voxels."""
    from scipy.sparse import csc_matrix  # noqa: PLC0415  takes 50 ms

    maps = len(column_starts) - 1
    small = column_starts.astype(np.int32 if len(values) < 2**31 else np.int64)
    turned = csc_matrix((values, rows, small), shape=(count, maps), copy=False).tocsr()
    kind = np.uint16 if maps <= np.iinfo(np.uint16).max else np.uint32
    return turned.indptr.astype(np.int64), turned.indices.astype(kind), turned.data


def _boxes(
    sizes: tuple[int, int], voxels: NDArray[Any], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Give the first and last array index of each map; of a map without voxels 0 and -1."""
    low = np.zeros((len(starts) - 1, 3), np.int32)
    high = np.full_like(low, -1)
    for column, (begin, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        if begin == end:
            continue
        rest, along = np.divmod(voxels[begin:end], sizes[0])
        across = rest % sizes[1]
        up = rest[[0, -1]] // sizes[1]  # voxels ascend
        low[column] = along.min(), across.min(), up[0]
        high[column] = along.max(), across.max(), up[1]
    return low, high
