"""What neuroglancer's precomputed format says of a volume, checked before any of it is believed.

The format: https://github.com/google/neuroglancer, ``src/datasource/precomputed/volume.md``. A voxel with the index i
fills the space from ``i * resolution`` to ``(i + 1) * resolution``, in nm, so its centre is at ``(i + 0.5) *
resolution``; indices start at ``voxel_offset``. ``transform.json`` is a custom of siibra's data, not of the format: a
4x4 matrix in nm that is applied to those positions. So the centre of voxel i is at ``T @ ((i + 0.5) * resolution)``.

siibra-python adds half a voxel of the finest scale to each axis instead, whatever the scale and the transform. That is
the same for the finest scale of isotropic voxels where T neither turns nor mirrors; at coarser scales it is wrong by
half the difference of the voxel sizes, and along a mirrored axis by a voxel.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadDocument, BadVolume
from siibra_kg.json_guard import Limits, read
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Info", "InfoScale", "parse_info", "parse_json", "parse_transform"]

_TYPES = frozenset({"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32"})
_ENCODINGS = frozenset({"raw", "jpeg", "png", "compressed_segmentation"})
_SIZE, _SCALES, _CHANNELS = 2**40, 64, 2**12
_LIMITS = Limits(document=2**24, literal=2**16, depth=16)


@dataclass(frozen=True, slots=True)
class InfoScale:
    """One scale: voxels along x, y and z, their size in nm, where they start, and how they are kept."""

    index: int
    key: str
    size: tuple[int, int, int]
    resolution: tuple[float, float, float]
    offset: tuple[int, int, int]

    def affine(self, transform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the 4x4 matrix from indices, which are centres of voxels and counted from 0, to mm.

        Examples
        --------
        >>> scale = InfoScale(0, "1mm", (10, 10, 10), (1e6, 1e6, 1e6), (0, 0, 5))
        >>> scale.affine(np.eye(4))[:3, 3].tolist()
        [0.5, 0.5, 5.5]
        """
        corner = np.diag([*self.resolution, 1.0])
        corner[:3, 3] = (np.array(self.offset) + 0.5) * self.resolution
        affine: NDArray[np.float64] = np.diag([1e-6, 1e-6, 1e-6, 1.0]) @ transform @ corner
        return affine


@dataclass(frozen=True, slots=True)
class Info:
    """The declarations of an ``info`` file that matter."""

    dtype: np.dtype[Any]
    channels: int
    scales: tuple[InfoScale, ...]


def parse_json(data: bytes, name: str) -> Any:  # noqa: ANN401  JSON
    """Read a JSON document of limited size and depth.

    Raises
    ------
    BadVolume
        If it is none.
    """
    try:
        return read(name, data, _LIMITS)
    except BadDocument as error:
        raise BadVolume(name, f"cannot be read ({error.reason})", "is it what the address says?") from error


def parse_info(data: bytes, name: str) -> Info:
    """Read an ``info`` file.

    Raises
    ------
    BadVolume
        If it does not describe a volume, or one that cannot be.
    """
    info = parse_json(data, name)
    if not isinstance(info, dict) or not isinstance(info.get("scales"), list) or not info["scales"]:
        raise BadVolume(name, "describes no volume: it has no scales")
    if len(info["scales"]) > _SCALES:
        raise BadVolume(name, f"declares {len(info['scales'])} scales")
    dtype = info.get("data_type")
    if not isinstance(dtype, str) or dtype.lower() not in _TYPES:
        raise BadVolume(name, f"its data_type {dtype!r} is none of {', '.join(sorted(_TYPES))}")
    channels = info.get("num_channels", 1)
    if not _whole(channels) or not 1 <= channels <= _CHANNELS:
        raise BadVolume(name, f"its num_channels {channels!r} is no number of channels")
    numpy_type = np.dtype(dtype.lower())
    scales = tuple(_scale(n, s, numpy_type, name) for n, s in enumerate(info["scales"]))
    if len({s.key for s in scales}) < len(scales):
        raise BadVolume(name, "two of its scales have the same key")
    return Info(numpy_type, channels, scales)


def _scale(index: int, given: object, dtype: np.dtype[Any], name: str) -> InfoScale:
    if not isinstance(given, dict):
        raise BadVolume(name, f"scale {index} is no object")
    key = given.get("key")
    if not isinstance(key, str) or not key or clean_path(key)[1]:
        raise BadVolume(name, f"the key {key!r} of scale {index} is no folder in the volume")
    where = f"{name} (scale {key})"
    size = _triple(given.get("size"), where, "size", whole=True)
    resolution = _triple(given.get("resolution"), where, "resolution")
    offset = _triple(given.get("voxel_offset", [0, 0, 0]), where, "voxel_offset", whole=True)
    if min(size) < 1 or max(size) > _SIZE or prod(size) * dtype.itemsize > 2**62:
        raise BadVolume(where, f"its size {list(size)} is none of a volume")
    if min(resolution) <= 0:
        raise BadVolume(where, f"its resolution {list(resolution)} is no size of voxels")
    if max(map(abs, offset)) > _SIZE:
        raise BadVolume(where, f"its voxel_offset {list(offset)} is out of all bounds")
    _check_encoding(given, dtype, where)
    x, y, z = map(int, size)
    a, b, c = map(int, offset)
    return InfoScale(index, key, (x, y, z), resolution, (a, b, c))


def _check_encoding(given: dict[str, Any], dtype: np.dtype[Any], where: str) -> None:
    encoding = given.get("encoding")
    if encoding not in _ENCODINGS:
        raise BadVolume(where, f"its encoding {encoding!r} is none of {', '.join(sorted(_ENCODINGS))}")
    if encoding == "compressed_segmentation" and dtype not in (np.uint32, np.uint64):
        raise BadVolume(where, f"compressed_segmentation holds uint32 or uint64, not {dtype}")
    if encoding == "jpeg" and dtype != np.uint8:
        raise BadVolume(where, f"jpeg holds uint8, not {dtype}")
    chunks = given.get("chunk_sizes")
    if not isinstance(chunks, list) or not chunks:
        raise BadVolume(where, "does not say how large its chunks are")
    for chunk in chunks:
        if min(_triple(chunk, where, "chunk_sizes", whole=True)) < 1:
            raise BadVolume(where, f"its chunks cannot have the size {chunk}")


def _triple(value: object, where: str, what: str, *, whole: bool = False) -> tuple[float, float, float]:
    numbers = value if isinstance(value, list) else []
    fine = all(_whole(n) if whole else isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if len(numbers) != 3 or not fine or not all(isfinite(n) for n in numbers):
        raise BadVolume(where, f"its {what} is not three {'whole ' if whole else ''}numbers: {value!r:.80}")
    x, y, z = numbers
    return x, y, z


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def parse_transform(data: bytes | None, name: str) -> NDArray[np.float64]:
    """Read a ``transform.json``: 4x4, nm to nm; the identity where there is none.

    Raises
    ------
    BadVolume
        If it is no affine that can be inverted.
    """
    if data is None:
        return np.eye(4)
    try:
        matrix = np.array(parse_json(data, name), dtype=np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, BadVolume):
            raise
        raise BadVolume(name, f"is no 4x4 matrix ({error})") from error
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or matrix[3].tolist() != [0, 0, 0, 1]:
        raise BadVolume(name, f"is no affine: {matrix.tolist()!r:.120}")
    if not abs(np.linalg.det(matrix[:3, :3])) >= 1e-12:
        raise BadVolume(name, f"cannot be inverted: {matrix[:3].tolist()}")
    return matrix
