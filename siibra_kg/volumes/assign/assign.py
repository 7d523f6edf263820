"""assign: where points and images lie in a map, as a data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import LabelMismatch
from siibra_kg.locations import require_same_space
from siibra_kg.volumes.assign.images import assign_image
from siibra_kg.volumes.assign.labels import LabelTarget
from siibra_kg.volumes.assign.points import assign_points, points_of
from siibra_kg.volumes.assign.rows import frame
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from siibra_kg.locations import Point, PointCloud
    from siibra_kg.model import Space
    from siibra_kg.volumes.assign.target import Target
    from siibra_kg.volumes.label_map import LabelMap

__all__ = ["assign"]


def assign(
    map: LabelMap,  # noqa: A002  what it is everywhere else
    query: Point | PointCloud | Volume | ArrayLike,
    *,
    minsize_voxel: int = 1,
    lower_threshold: float = 0.0,
    split_components: bool = True,
    space: Space | str | None = None,
) -> pd.DataFrame:
    """Tell which regions of a map points lie in, or how an image compares with each region.

    Every score is defined by a formula in docs/assignment.md. Nothing is left out: a point or a structure that lies in
    no region has a row whose region is missing, and ``inside`` says whether it lies in the map's field of view.

    Parameters
    ----------
    map
        A label map or a statistical map.
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

    Returns
    -------
    pandas.DataFrame
        A row per point or structure and region that it meets, with siibra's columns and ``inside`` and ``region iri``.

    Raises
    ------
    SpaceMismatch
        If query and map are in two spaces; says how to bring one into the other.
    LabelMismatch
        If the image is a label map, or a threshold is given for one.
    BadVolume
        If the image has infinite values.

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
    target = _target(map, lower_threshold)
    if isinstance(query, Volume):
        require_same_space(query, map.volume.space)
        if space is not None:
            require_same_space(query, space)
        rows = assign_image(target, query, minsize_voxel=minsize_voxel, split_components=split_components)
    else:
        rows = assign_points(target, points_of(query, map.volume.space, space))
    return frame(rows, target.regions, labelled=target.labelled)


def _target(map: LabelMap, lower_threshold: float) -> Target:  # noqa: A002
    if lower_threshold != 0:
        raise LabelMismatch(
            str(map), "labels are names and have no threshold; filter the rows of the result by one of its scores"
        )
    return LabelTarget(map)
