"""assign: where points and images lie in a map, as a data frame."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.locations import require_same_space
from siibra_kg.volumes.assign.images import assign_image
from siibra_kg.volumes.assign.labels import LabelTarget
from siibra_kg.volumes.assign.points import assign_points, points_of
from siibra_kg.volumes.assign.rows import frame
from siibra_kg.volumes.assign.sparse import SparseTarget
from siibra_kg.volumes.assign.surfaces import assign_to_surface
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.labels.surface_map import SurfaceLabelMap
from siibra_kg.volumes.surface import Surface
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from siibra_kg.locations import Point, PointCloud
    from siibra_kg.model import Space
    from siibra_kg.volumes.assign.target import Target
    from siibra_kg.volumes.statistical.map import StatisticalMap

__all__ = ["assign"]


def assign(
    map: LabelMap | StatisticalMap | SurfaceLabelMap | Surface,  # noqa: A002  what it is everywhere else
    query: Point | PointCloud | Volume | LabelMap | ArrayLike,
    *,
    minsize_voxel: int = 1,
    lower_threshold: float = 0.0,
    split_components: bool = True,
    space: Space | str | None = None,
    max_distance_mm: float = 5.0,
) -> pd.DataFrame:
    """Tell which regions of a map points lie in, or how an image compares with each region.

    Every score is defined by a formula in docs/assignment.md. Nothing is left out: a point or a structure that lies in
    no region has a row whose region is missing, and ``inside`` says whether it lies in the map's field of view.

    Parameters
    ----------
    map
        A label map, a statistical map, or a surface with labels, to which only points can be assigned.
    query
        A point; a cloud of points; an array of shape (n, 3) in mm, with ``space``; or an image or mask.
        A point with a standard deviation of three voxels or more is compared as a Gaussian image.
    minsize_voxel
        Structures of an image with fewer voxels of the map are left out.
    lower_threshold
        Values of a statistical map count where they are greater than this. A label map has no values.
    split_components
        Whether the connected components of an image are compared each for itself, or the image as a whole.
    space
        The space of an array: a space or its IRI.
    max_distance_mm
        Points that are further away from every vertex of a surface have no region.

    Returns
    -------
    pandas.DataFrame
        A row per point or structure and region that it meets, with siibra's columns, ``inside`` and ``region iri``;
        for surfaces also ``distance``, in mm.

    Raises
    ------
    SpaceMismatch
        If query and map are in two spaces; says how to bring one into the other.
    LabelMismatch
        If the image is a label map, or a threshold is given for one.
    BadVolume
        If the image has infinite values, or is to be assigned to a surface.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import LabelMap, Volume
    >>> from siibra_kg.volume_ref import LabelEntry
    >>> space = IRI("https://example.org/space")
    >>> block = np.zeros((4, 4, 4), np.uint8)
    >>> block[:2] = 7
    >>> labels = LabelMap(Volume(block, np.eye(4), space, kind="labelled"), (LabelEntry(7, None, "left half"),))
    >>> found = assign(labels, np.array([[1, 1, 1], [3, 3, 3], [9.0, 9, 9]]), space=space)
    >>> print(found[["input structure", "region", "map value", "inside"]])
       input structure     region  map value  inside
    0                0  left half          7    True
    1                1        NaN       <NA>    True
    2                2        NaN       <NA>   False
    """
    if isinstance(map, SurfaceLabelMap):
        map = replace(map.surface, entries=map.labels)  # noqa: A001
    if isinstance(query, LabelMap):
        query = query.volume  # which is refused, with what to do instead
    here = map.volume.space if isinstance(map, LabelMap) else map.space
    if isinstance(query, Volume):
        require_same_space(query, here)
        if space is not None:
            require_same_space(query, space)
        target = _target(map, lower_threshold)
        rows = assign_image(target, query, minsize_voxel=minsize_voxel, split_components=split_components)
        return frame(rows, target.regions, labelled=target.labelled)
    points = points_of(query, here, space)
    if isinstance(map, Surface):
        _no_threshold(map.name, lower_threshold)
        rows, regions = assign_to_surface(map, points.mm, max_distance_mm)
        return frame(rows, regions, labelled=True)
    target = _target(map, lower_threshold)
    return frame(assign_points(target, points), target.regions, labelled=target.labelled)


def _target(map: LabelMap | StatisticalMap | Surface, lower_threshold: float) -> Target:  # noqa: A002
    if isinstance(map, Surface):
        raise BadVolume(
            map.name, "an image cannot be assigned to a surface", "use a label map of the same parcellation"
        )
    if isinstance(map, LabelMap):
        _no_threshold(str(map), lower_threshold)
        return LabelTarget(map)
    return SparseTarget(map, lower_threshold)


def _no_threshold(name: str, lower_threshold: float) -> None:
    if lower_threshold != 0:
        reason = "labels are names and have no threshold; filter the rows of the result by one of its scores"
        raise LabelMismatch(name or "labels of a surface", reason)
