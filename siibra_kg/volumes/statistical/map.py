"""StatisticalMap: the values of all regions of a parcellation in each voxel, as probabilistic maps have them.

Values stay as they are in the files: percent in one atlas, fractions in another, :attr:`StatisticalMap.value_unit`
says which. A region is where its value is greater than zero.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import LabelMismatch
from siibra_kg.locations import PointCloud
from siibra_kg.terms import contract
from siibra_kg.volumes import threshold
from siibra_kg.volumes.asked import Asked, Sampled
from siibra_kg.volumes.pictures.show import statistical_map_to_html
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.statistical import points as statistical_points
from siibra_kg.volumes.statistical import tables as statistical_tables
from siibra_kg.volumes.statistical.column import MapColumn
from siibra_kg.volumes.statistical.labels import winners
from siibra_kg.volumes.statistical.parts import Parts
from siibra_kg.volumes.statistical.peaks import apart, summits
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.locations import Point
    from siibra_kg.table import Table
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["MapColumn", "StatisticalMap"]


@dataclass(frozen=True, eq=False, repr=False)
class StatisticalMap(Parts, Asked, Sampled):
    """The values of many regions on one voxel grid.

    Parameters
    ----------
    index
        The values, voxel by voxel and map by map.
    affine
        4x4, voxel indices to mm.
    space
        IRI of the reference space, version included.
    columns
        What each map shows, in the order of the index. Several may show one region: its halves, or parts of it.
    space_name, parcellation
        Names, for titles.
    provenance
        Where the values come from, as far as all maps have it in common.

    Raises
    ------
    LabelMismatch
        If there are not as many columns as maps.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes.statistical.sparse_build import build
    >>> left, right = np.zeros((2, 4, 1, 1), np.uint8)
    >>> left[:3, 0, 0], right[1:, 0, 0] = (90, 60, 20), (30, 20, 80)
    >>> columns = (MapColumn(0, name="left"), MapColumn(1, name="right"))
    >>> maps = StatisticalMap(build([left, right]), np.diag([2.0, 2, 2, 1]), IRI("https://example.org/space"), columns)
    >>> maps.values_at([[2.0, 0, 0], [99, 0, 0]])
       point  inside region  value  map region iri
    0      0    True   left   60.0    0       None
    1      0    True  right   30.0    1       None
    2      1   False    NaN    NaN   -1       None
    >>> maps.value_unit, maps.mask("right", 25).volume_mm3()
    ('percent', 16.0)
    >>> maps.max_probability().volume.array.ravel().tolist()
    [1, 1, 1, 2]
    """

    index: SparseIndex
    affine: NDArray[np.float64]
    space: IRI
    columns: tuple[MapColumn, ...]
    space_name: str = ""
    parcellation: str = ""
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        if [c.number for c in self.columns] != list(range(len(self.index))):
            raise LabelMismatch(str(self), f"{len(self.columns)} columns are named for {len(self.index)} maps")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along the three axes of the array."""
        return self.index.shape

    @property
    def regions(self) -> Table:
        """What every map shows, how many voxels have a value in it, and their volume in cubic mm."""
        return statistical_tables.listed(self)

    @cached_property
    def value_unit(self) -> str:
        """What the values are, as far as the highest of them tells, for files do not say.

        ``"fraction"`` if none is above 1, ``"percent"`` if they are above 1 but not above 100, else empty.
        """
        highest = float(self.index.values.max(initial=0))
        return "fraction" if highest <= 1 else "percent" if highest <= 100 else ""

    @cached_property
    def _by_region(self) -> dict[IRI, tuple[int, ...]]:
        found: dict[IRI, tuple[int, ...]] = {}
        for column in self.columns:
            if column.region is not None:
                found[column.region] = (*found.get(column.region, ()), column.number)
        return found

    def columns_of(self, region: object) -> tuple[MapColumn, ...]:
        """Give the maps of a region.

        Parameters
        ----------
        region
            A region, its IRI, its whole name in letters of any case, or the number of a map.

        Raises
        ------
        LabelMismatch
            If there is none. The parts of a region are not looked for: a map does not know them.
        """
        if not isinstance(region, str) and not hasattr(region, "iri"):
            number = operator.index(region)  # type: ignore[arg-type]
            if 0 <= number < len(self.columns):
                return (self.columns[number],)
            raise LabelMismatch(str(self), f"has no map {number}, but those from 0 to {len(self.columns) - 1}")
        wanted = str(getattr(region, "iri", region))
        if numbers := self._by_region.get(wanted):  # type: ignore[call-overload]
            return tuple(self.columns[n] for n in numbers)
        found = tuple(c for c in self.columns if c.name.casefold() == wanted.casefold())
        if not found:
            near = [c.name for c in self.columns if set(_words(wanted)) <= set(_words(c.name))][:8]
            hint = f"; names with these words: {'; '.join(near)}" if near else ""
            raise LabelMismatch(str(self), f"shows no region {contract(wanted)}{hint}")
        if len({c.region for c in found}) > 1:
            raise LabelMismatch(str(self), f"several regions are called {wanted!r}; give an IRI or a number")
        return found

    def values_at(self, points: Point | PointCloud | ArrayLike) -> pd.DataFrame:
        """Read all maps at points, in their nearest voxel.

        Parameters
        ----------
        points
            A point or a cloud in the space of the map; or an array of shape (n, 3) or (3,), in mm of this space.

        Returns
        -------
        pandas.DataFrame
            A row for each map that has a value at a point, by point, then by map: ``point`` (its number), ``inside``,
            ``region`` (name), ``value``, ``map`` (its number) and ``region iri``. A point where no map has a value
            has no row; a point outside of the grid has one, which says so, with map -1.

        Raises
        ------
        SpaceMismatch
            If the points are in another space.
        """
        return statistical_points.values_at(self, points)

    def volume(self, region: object) -> Volume:
        """Give the values of a region on the whole grid; where it has several maps, their greatest value.

        Raises
        ------
        LabelMismatch
            If it has none.
        """
        return reduce(threshold.greatest, map(self._one, self.columns_of(region)))

    def _one(self, column: MapColumn) -> Volume:
        return Volume(
            array=self.index.dense(column.number),
            affine=self.affine,
            space=self.space,
            space_name=self.space_name,
            kind="statistical",
            name=column.name or f"map {column.number}",
            parcellation=self.parcellation,
            provenance=column.provenance.then(*self.provenance.derivation),
            color=column.color,
        )

    def mask(self, region: object, threshold: float = 0.0) -> Volume:
        """Give the voxels where the value of a region is greater than a threshold, in the unit of the map."""
        from siibra_kg.volumes.threshold import above  # noqa: PLC0415  the word is taken here

        return above(self.volume(region), threshold)

    def peaks(self, region: object, mindist_mm: float = 5.0, sigma_mm: float = 0.0) -> PointCloud:
        """Find the peaks of a region, the highest first.

        Parameters
        ----------
        region
            As of :meth:`columns_of`.
        mindist_mm
            A peak nearer than this to a higher one is left out. siibra's ``mindist`` counts voxels.
        sigma_mm
            The uncertainty that the points are given.

        Returns
        -------
        PointCloud
            Centres of voxels, with their values as labels.

        Raises
        ------
        LabelMismatch
            If the region has no map, or no voxel.

        See Also
        --------
        siibra_kg.volumes.statistical.peaks.summits : what a peak is.
        """
        columns = self.columns_of(region)
        array, start = self.index.cut(columns[0].number)
        if len(columns) > 1:
            array, start = self.volume(region).array, [0, 0, 0]
        found = summits(array)
        if len(found) == 0:
            raise LabelMismatch(str(self), f"{columns[0].name or 'the region'} has no voxel")
        mm = (found + start) @ self.affine[:3, :3].T + self.affine[:3, 3]
        kept = apart(mm, mindist_mm)
        return PointCloud(mm[kept], self.space, sigma_mm, array[tuple(found[kept].T)].tolist())

    def max_probability(self, threshold: float = 0.0) -> LabelMap:
        """Give the label map in which each voxel belongs to the region with the greatest value there.

        The label of a map is its number plus 1. Of equal values the map with the lowest number wins.

        Parameters
        ----------
        threshold
            Only values greater than this, in the unit of the map.
        """
        return winners(self, threshold)

    def measure(self) -> Table:
        """Measure all maps at once: voxels, volume, highest, mean and sum of values, centroid and box in mm.

        The mean is over the voxels of a map, the centroid is weighted by its values, the box holds its voxels.
        """
        return statistical_tables.measured(self)

    def colorize(self, values: Mapping[Any, float], background: float = np.nan, *, threshold: float = 0.0) -> Volume:
        """Paint a value on each region, where it is the most probable of all; see :meth:`LabelMap.colorize`."""
        return self.max_probability(threshold).colorize(values, background)

    def __str__(self) -> str:
        what = self.parcellation or str(self.provenance.map or "statistical map")
        return f"{what} in {self.space_name or contract(self.space)}"

    def __repr__(self) -> str:
        size = "x".join(map(str, self.shape))
        return f"<StatisticalMap {self}, {len(self.columns)} maps on {size} voxels>"

    def _repr_html_(self) -> str:
        return statistical_map_to_html(self)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
