"""Measurements of label maps: volumes, centroids and boxes of all regions at once, and of their connected components.

With n voxels of a label at array indices v, and the affine A of the map: the volume is n |det A| (its 3x3 part), the
centroid is A applied to the mean of v, and the box spans the lowest and the highest place of a voxel along x, y and z,
edges of voxels included.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.locations import BoundingBox, Point, PointCloud
from siibra_kg.table import Column, Table
from siibra_kg.volumes.labels.components import components
from siibra_kg.volumes.labels.lookup import Labelled
from siibra_kg.volumes.place import moved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.index import LabelIndex
    from siibra_kg.volumes.labels.lookup import MappedRegion
    from siibra_kg.volumes.volume import Volume

__all__ = ["Measured", "extents"]


def extents(index: LabelIndex, affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the box of each label in mm, edges of voxels included.

    Parameters
    ----------
    index
        Of a label array.
    affine
        4x4, array indices to mm.

    Returns
    -------
    numpy.ndarray
        Shape (labels, 2, 3): lowest and highest corner.
    """
    linear = affine[:3, :3]
    if ((linear != 0).sum(axis=1) == 1).all():
        ends = np.stack([index.low @ linear.T, index.high @ linear.T], axis=1)
        low, high = ends.min(axis=1), ends.max(axis=1)
    else:  # with oblique axes the box of the array indices says too little: the voxels' own places are needed
        low, high = index.boxes(linear @ index.coordinates())
    half = np.abs(linear).sum(axis=1) / 2
    return np.stack([low - half, high + half], axis=1) + affine[:3, 3]


class Measured(Labelled):
    """Measurements of a label map; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    volume: Volume

    def measure(self) -> Table:
        """Measure all labels at once: voxels, volume, centroid and bounding box in mm."""
        volume, index = self.volume, self.index
        entries = self._named(index.labels.tolist())
        numbers = np.hstack([volume.to_mm(index.centroids()), self._boxes.reshape(-1, 6)]).tolist()
        counts, size = index.counts.tolist(), volume.voxel_volume
        cells = [
            (e.label, e.region, e.name or None, n, n * size, *row)
            for e, n, row in zip(entries, counts, numbers, strict=True)
        ]
        return Table(_MEASURES, tuple(cells))

    def centroids(self) -> dict[IRI | int, Point]:
        """Give the centroid of every region that has voxels, by its IRI, or by its label where it has no IRI."""
        places = [Point(tuple(row), self.volume.space) for row in self._measures[1].tolist()]
        return dict(zip(self._keys, places, strict=True))

    def bounding_boxes(self) -> dict[IRI | int, BoundingBox]:
        """Give the box of every region that has voxels, edges of voxels included; keys as of :meth:`centroids`."""
        boxes = [BoundingBox(tuple(low), tuple(high), self.volume.space) for low, high in self._measures[2].tolist()]
        return dict(zip(self._keys, boxes, strict=True))

    def volumes_mm3(self) -> dict[IRI | int, float]:
        """Give the volume of every region that has voxels in cubic mm; keys as of :meth:`centroids`."""
        return dict(zip(self._keys, (self._measures[0] * self.volume.voxel_volume).tolist(), strict=True))

    def centroid(self, regions: IRI | str | int) -> Point:
        """Give the mean position of the voxels of a region, or of several together; which may lie outside of it."""
        rows = self._rows(self._asked(regions))
        mean = self.index.totals[rows].sum(axis=0) / self.index.counts[rows].sum()
        return Point(tuple(self.volume.to_mm(mean).tolist()), self.volume.space)

    def bounding_box(self, regions: IRI | str | int) -> BoundingBox:
        """Give the smallest box along x, y and z that holds the voxels of a region, or of several together."""
        boxes = self._boxes[self._rows(self._asked(regions))]
        low, high = boxes[:, 0].min(axis=0).tolist(), boxes[:, 1].max(axis=0).tolist()
        return BoundingBox(tuple(low), tuple(high), self.volume.space)

    def volume_mm3(self, regions: IRI | str | int) -> float:
        """Give the volume of a region, or of several together, in cubic mm."""
        return float(self.index.counts[self._rows(self._asked(regions))].sum() * self.volume.voxel_volume)

    def compute_centroids(self, *, split_components: bool = True, connectivity: int = 26) -> dict[str, PointCloud]:
        """Give the centroids of all regions by name, in siibra's words: of each of its components, largest first.

        Parameters
        ----------
        split_components
            Without it, the one centroid of each region.
        connectivity
            As of :meth:`spatial_properties`.

        Raises
        ------
        BadVolume
            If the connectivity is none of 6, 18 and 26.
        """
        found: dict[str, list[tuple[float, ...]]] = {}
        names = [m.name for m in self.mapped]
        for region, _, _, centroid, _ in self._structures(split_components=split_components, connectivity=connectivity):
            twice = names.count(region.name) > 1
            name = f"{region.name} (label {region.labels[0]})" if twice else region.name
            found.setdefault(name, []).append(tuple(centroid))
        return {name: PointCloud(rows, self.volume.space) for name, rows in found.items()}

    def spatial_properties(self, *, split_components: bool = True, connectivity: int = 26) -> Table:
        """Measure all regions, or each of their connected components.

        Parameters
        ----------
        split_components
            A row for each component, largest first, numbered from 1; else a row for each region, numbered 0.
        connectivity
            How many neighbours a voxel has: 6 (by face), 18 (also by edge) or 26 (also by corner, as siibra has it).

        Raises
        ------
        BadVolume
            If the connectivity is none of these.
        """
        size = self.volume.voxel_volume
        cells = [
            (m.region, m.name, number, count, count * size, *centroid, *box)
            for m, number, count, centroid, box in self._structures(
                split_components=split_components, connectivity=connectivity
            )
        ]
        return Table(_PROPERTIES, tuple(cells))

    @property
    def _keys(self) -> list[IRI | int]:
        return [m.labels[0] if m.region is None else m.region for m in self.mapped]

    @cached_property
    def _boxes(self) -> NDArray[np.float64]:
        return extents(self.index, self.volume.affine)

    @cached_property
    def _measures(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Voxels, centroid in mm and box in mm of each mapped region."""
        index, count = self.index, len(self.mapped)
        owner = np.empty(len(index.labels), np.intp)
        for n, region in enumerate(self.mapped):
            owner[self._rows(region.labels)] = n
        voxels, totals = np.zeros(count, np.int64), np.zeros((count, 3), np.int64)
        np.add.at(voxels, owner, index.counts)
        np.add.at(totals, owner, index.totals)
        boxes = np.stack([np.full((count, 3), np.inf), np.full((count, 3), -np.inf)], axis=1)
        np.minimum.at(boxes[:, 0], owner, self._boxes[:, 0])
        np.maximum.at(boxes[:, 1], owner, self._boxes[:, 1])
        return voxels, self.volume.to_mm(totals / voxels[:, None]), boxes

    def _structures(
        self, *, split_components: bool, connectivity: int
    ) -> Iterator[tuple[MappedRegion, int, int, list[float], list[float]]]:
        """Give regions, or their components: number, voxels, centroid and box."""
        if not split_components:
            voxels, centroids, boxes = self._measures
            for n, region in enumerate(self.mapped):
                yield region, 0, int(voxels[n]), centroids[n].tolist(), boxes[n].ravel().tolist()
            return
        affine = self.volume.affine
        for region in self.mapped:
            parts, order, start = components(self.index, self._rows(region.labels), connectivity)
            here = moved(affine, start)
            centroids = parts.centroids() @ here[:3, :3].T + here[:3, 3]
            boxes = extents(parts, here)
            counts = parts.counts
            for number, at in enumerate(order.tolist(), 1):
                yield region, number, int(counts[at]), centroids[at].tolist(), boxes[at].ravel().tolist()


_PLACE = (
    *(Column(n, "decimal", "mean position of the voxels, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_min", "decimal", "lower edge of the bounding box, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_max", "decimal", "upper edge of the bounding box, mm") for n in ("x", "y", "z")),
)
_MEASURES = (
    Column("label", "integer", "voxel value"),
    Column("region", "iri", "the region that it stands for"),
    Column("name", "string", "name of the region"),
    Column("voxels", "integer", "how many voxels have the label"),
    Column("volume", "decimal", "cubic mm"),
    *_PLACE,
)
_PROPERTIES = (
    Column("region", "iri", "the region"),
    Column("name", "string", "its name"),
    Column("component", "integer", "number of the connected component, largest first; 0 for the whole region"),
    Column("voxels", "integer", "how many voxels it has"),
    Column("volume", "decimal", "cubic mm"),
    *_PLACE,
)
