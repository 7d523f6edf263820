"""Images through an affine or a warp, onto a grid that is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, SpaceMismatch
from siibra_kg.locations import TRANSFORM, arrays
from siibra_kg.terms import contract
from siibra_kg.volumes.resample import interpolation_for, on_grid, values_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siibra_kg.model_transforms import Transform
    from siibra_kg.volumes.volume import Volume

__all__ = ["resampled"]


def resampled(transform: Transform, volume: Volume, grid: Volume | None) -> Volume:
    """Bring a volume into another space, onto the voxels of a volume that is there.

    For each voxel of the grid it is asked where it comes from: that needs the transform from the target to the space
    of the volume. An affine and an identity can be turned round; of a warp it has to be that one.

    Raises
    ------
    SpaceMismatch
        If the transform does not lead between the space of the volume and that of the grid.
    BadVolume
        If there is no grid, or the transform cannot be used for images.
    """
    name = volume.name or str(volume.provenance.volume or "volume")
    if grid is None:
        raise BadVolume(name, "a volume in another space needs a voxel grid", "give a template of that space as `grid`")
    back = _way_back(transform, volume, grid, name)
    way = interpolation_for(name, volume.kind, None)
    if back.method == "warp":
        from siibra_kg.volumes.transforms.warp import read_field  # noqa: PLC0415  only where there is one

        array = _pulled(volume, grid, read_field(back.path).move, way)  # type: ignore[arg-type]
    else:
        matrix = arrays.square(back.matrix) if back.matrix else np.eye(4)
        array = on_grid(volume.array, volume.affine, grid.shape, matrix @ grid.affine, way=way)
    step = f"from {volume.space} to {grid.space} by {transform.iri} ({transform.method}), {way}"
    return replace(
        volume,
        array=array,
        affine=grid.affine,
        space=grid.space,
        space_name=grid.space_name,
        context=None,
        provenance=volume.provenance.then(step),
    )


def _way_back(transform: Transform, volume: Volume, grid: Volume, name: str) -> Transform:
    here, there = str(volume.space), str(grid.space)
    if (transform.source, transform.target) == (there, here):
        back = transform
    elif (transform.source, transform.target) != (here, there):
        told = f"the transform leads from {contract(transform.source)} to {contract(transform.target)}; {TRANSFORM}"
        raise SpaceMismatch(here, there, told)
    elif transform.method in {"affine", "identity"}:
        back = transform.inverse
    else:
        back = None
    if back is None or back.method == "service":
        reason = f"{transform} takes points, and cannot be turned round for images"
        raise BadVolume(name, reason, f"give a warp from {contract(there)} to {contract(here)}")
    return back


def _pulled(
    volume: Volume, grid: Volume, move: Callable[[NDArray[np.float64]], NDArray[np.float64]], way: str
) -> NDArray[Any]:
    """Read the volume where each voxel of the grid comes from, a layer at a time; zero where that is outside."""
    i, j, layers = grid.shape
    dtype = volume.array.dtype if way == "nearest" else np.result_type(volume.array.dtype, np.float32)
    out = np.zeros(grid.shape, dtype, order="F")
    plane = np.stack(np.meshgrid(np.arange(i), np.arange(j), indexing="ij"), axis=-1).reshape(-1, 2)
    for k in range(layers):
        centres = np.concatenate([plane, np.full((len(plane), 1), k)], axis=1)
        found = values_at(volume.array, volume.affine, move(grid.to_mm(centres)), way, names=way == "nearest")
        out[..., k] = np.where(found.inside, found.values, 0).reshape(i, j)
    return out
