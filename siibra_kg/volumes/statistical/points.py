"""Values of a statistical map at points, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations import Point, PointCloud, require_same_space

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.volumes.statistical.map import StatisticalMap

__all__ = ["categories", "values_at"]


def values_at(maps: StatisticalMap, points: Point | PointCloud | ArrayLike) -> pd.DataFrame:
    """Read maps at points; see :meth:`StatisticalMap.values_at`."""
    import pandas as pd  # noqa: PLC0415  takes half a second

    from siibra_kg.volumes.assign.grid import Grid  # noqa: PLC0415  assignment knows statistical maps

    voxels, inside = Grid(maps.shape, maps.affine).voxels(_mm(maps, points))
    point, column, value = maps.index.at(voxels)
    # A value of the map can have 8 bits; a point outside has none, which only a float can say.
    real = np.result_type(value.dtype, np.float32)
    value = value.astype(real)
    number = column.astype(np.int32)
    if not inside.all():
        outside = np.flatnonzero(~inside)
        point = np.concatenate([point, outside])
        order = np.argsort(point, kind="stable")
        point = point[order]
        number = np.concatenate([number, np.full(len(outside), -1, np.int32)])[order]
        value = np.concatenate([value, np.full(len(outside), np.nan, real)])[order]
    found: pd.DataFrame = pd.DataFrame(
        {
            "point": point,
            "inside": number >= 0,
            "region": categories(number, [c.name or f"map {c.number}" for c in maps.columns]),
            "value": value,
            "map": number,
            "region iri": categories(number, [c.region for c in maps.columns]),
        },
        copy=False,
    )
    return found


def categories(number: NDArray[np.int32], words: Sequence[Hashable | None]) -> pd.Categorical | NDArray[np.object_]:
    """Give a word for each number, none for -1; several numbers may have one word, and a number may have none."""
    import pandas as pd  # noqa: PLC0415

    known = list(dict.fromkeys(w for w in words if w is not None))
    if not known:
        return np.full(len(number), None, object)
    codes = {word: code for code, word in enumerate(known)}
    table = np.array([*(-1 if w is None else codes[w] for w in words), -1], np.int32)  # the last one is that of -1
    return pd.Categorical.from_codes(table[number], categories=pd.Index(known, dtype=object), validate=False)


def _mm(maps: StatisticalMap, points: Point | PointCloud | ArrayLike) -> NDArray[np.float64]:
    if isinstance(points, Point | PointCloud):
        require_same_space(maps, points)
        points = points.coordinate if isinstance(points, Point) else points.array
    at = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if at.ndim != 2 or at.shape[1] != 3:
        raise BadVolume(str(maps), f"points of shape {at.shape} are not rows of x, y and z")
    return at
