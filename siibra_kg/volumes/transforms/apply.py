"""What a transform makes of a point, cloud, box, surface, volume or label map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, TermError
from siibra_kg.locations import BoundingBox, Point, PointCloud, require_same_space
from siibra_kg.locations import arrays as coordinates
from siibra_kg.terms import contract
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.labels.surface_map import SurfaceLabelMap
from siibra_kg.volumes.surface import Surface
from siibra_kg.volumes.transforms.images import resampled
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.model_transforms import Transform

__all__ = ["apply", "move"]


def apply(transform: Transform, thing: Any, settings: Settings, *, grid: Volume | None = None) -> Any:  # noqa: ANN401
    """Take something from one reference space to another.

    Parameters
    ----------
    transform
        Which way. For a volume it may also be the transform from the target to the space of the volume: the way that
        registration programs take an image by.
    thing
        A point, cloud, box, surface, volume or label map (of voxels or of a surface) in the space that the transform
        starts from.
    settings
        Whether a service may be asked, and how long to wait for it.
    grid
        For a volume: any volume in the target space, for instance its template, whose voxel grid the result gets.

    Returns
    -------
    The same kind of thing, in the other space.
        An affine scales the uncertainty of points; any other transform leaves it as it is. A box becomes the box
        around its eight transformed corners: under a rotation that is more than the transformed box, under a warp
        some of it may be cut. Labels and masks are read from the nearest voxel, everything else is interpolated
        linearly; the derivation of a volume or surface gets a step more.

    Raises
    ------
    SpaceMismatch
        If the thing is not in the space that the transform starts from.
    BadVolume
        If a point is outside of the field of a warp, or a volume cannot be brought along.
    SourceError
        If the service fails; ``NetworkDisabled`` if it may not be asked.
    TermError
        If this kind of thing cannot be transformed.
    """
    if isinstance(thing, LabelMap):
        return replace(thing, volume=resampled(transform, thing.volume, grid))
    if isinstance(thing, Volume):
        return resampled(transform, thing, grid)
    if isinstance(thing, SurfaceLabelMap):
        return replace(thing, surface=apply(transform, thing.surface, settings))
    require_same_space(thing, transform.source, f"the transform starts from {contract(transform.source)}")
    return _placed(transform, thing, settings)


def _placed(transform: Transform, thing: Any, settings: Settings) -> Any:  # noqa: ANN401  what it is
    if isinstance(thing, PointCloud):
        return _cloud(transform, thing, settings)
    if isinstance(thing, BoundingBox):
        return _cloud(transform, thing.corners, settings).box
    if isinstance(thing, Point):
        return replace(_cloud(transform, PointCloud.of([thing]), settings)[0], label=thing.label)
    if not isinstance(thing, Surface):
        raise TermError(type(thing).__name__, "something that a transform can move")
    return _surface(transform, thing, settings)


def _cloud(transform: Transform, cloud: PointCloud, settings: Settings) -> PointCloud:
    if transform.method == "affine":
        return cloud.transformed(coordinates.square(transform.matrix), transform.target)
    return PointCloud(move(transform, cloud.array, settings), transform.target, cloud.sigma_mm, cloud.labels)


def _surface(transform: Transform, surface: Surface, settings: Settings) -> Surface:
    faces = surface.faces
    if transform.matrix and np.linalg.det(coordinates.square(transform.matrix)) < 0:
        faces = faces[:, ::-1]  # a mirror turns every triangle inside out
    step = f"vertices from {surface.space} to {transform.target} by {transform.iri} ({transform.method})"
    return replace(
        surface,
        vertices=move(transform, surface.vertices, settings),
        faces=faces,
        space=transform.target,
        space_name=transform.target_name,
        provenance=surface.provenance.then(step),
    )


def move(transform: Transform, points: NDArray[np.float64], settings: Settings) -> NDArray[np.float64]:
    """Move points in mm, shape (n, 3).

    Raises
    ------
    BadVolume
        If a point is outside of the field of a warp.
    SourceError
        If the service fails.
    """
    if transform.method == "identity" or not len(points):
        return points
    if transform.method == "affine":
        return coordinates.moved(points, coordinates.square(transform.matrix))
    if transform.method == "service":
        from siibra_kg.volumes.transforms.service import ask_service  # noqa: PLC0415  only where it is asked

        return ask_service(transform, points, settings)
    from siibra_kg.volumes.transforms.warp import read_field  # noqa: PLC0415  only where there is one

    found = read_field(transform.path).move(points)  # type: ignore[arg-type]
    outside = np.flatnonzero(np.isnan(found).any(axis=1))
    if len(outside):
        place = ", ".join(f"{v:g}" for v in points[outside[0]])
        reason = f"{len(outside)} of {len(points)} points are outside of its grid, the first at {place} mm"
        raise BadVolume(str(transform.path), reason, "it says nothing about them: leave them out")
    return found
