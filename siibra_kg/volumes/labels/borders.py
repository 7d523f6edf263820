"""Where regions end: the voxels at their boundary, and which regions touch, over how much of their surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.table import Column, Table
from siibra_kg.volumes.labels.cuts import Cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.volume import Volume

__all__ = ["Bordered"]


class Bordered(Cut):
    """Boundaries of a label map; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    def boundary(self, regions: Iterable[IRI | str | int] | IRI | str | int | None = None) -> Volume:
        """Give the voxels of a region that share a face with a voxel outside of it.

        What lies beyond the grid is outside of every region. All labels of a region are one.

        Parameters
        ----------
        regions
            As of :meth:`mask`; several are taken together, so that what is between them is no boundary. Without it,
            the boundaries of all regions, also those between them.

        Returns
        -------
        Volume
            A mask on the grid of the map.
        """
        labels = () if regions is None else self._asked(regions)
        array = self._by_mapped() if regions is None else self.index.mask(labels)
        edge = np.zeros(array.shape, bool, order="F")
        for axis in range(3):
            one, other = _neighbours(array, axis)
            differ = one != other
            for side in _neighbours(edge, axis):
                side |= differ  # noqa: PLW2901  a view of the result
            for side in _ends(edge, axis):
                side[...] = True
        edge &= array != 0
        entries = self._named(labels)
        names = [e.name or f"label {e.label}" for e in entries]
        what = "all regions" if regions is None else ", ".join(names) if len(names) <= 3 else f"{len(names)} regions"
        step = "voxels with a face neighbour of another region"
        return self._mask(entries, edge.view(np.uint8), f"boundary of {what}", None, step)

    def borders(self) -> Table:
        """Give all pairs of labels that touch: by how many faces of voxels, and of what area in mm².

        A pair is listed once, the lower label first; background is not listed. The area of a face is that of the
        parallelogram that its two edges span; it overestimates a smooth surface, by half on average over all
        directions.
        """
        array, linear = self.volume.array, self.volume.affine[:3, :3]
        count = len(self.index.labels)
        faces = np.zeros((3, 0), np.int64)
        for axis in range(3):
            one, other = _neighbours(array, axis)
            differ = (one != other) & (one != 0) & (other != 0)
            pairs = np.sort(np.stack([one[differ], other[differ]]), axis=0)
            first, second = np.searchsorted(self.index.labels, pairs)
            key, times = np.unique(first * count + second, return_counts=True)
            faces = np.hstack([faces, np.stack([key, times, np.full(len(key), axis)])])
        area = [float(np.linalg.norm(np.cross(*np.delete(linear, axis, axis=1).T))) for axis in range(3)]
        found: dict[int, list[float]] = {}
        for key, times, axis in faces.T.tolist():
            row = found.setdefault(key, [0, 0.0])
            row[0] += times
            row[1] += times * area[axis]
        return Table(_BORDERS, tuple(self._border_rows(found)))

    def _border_rows(self, found: dict[int, list[float]]) -> Iterator[tuple[Any, ...]]:
        entries = self._named(self.index.labels.tolist())
        for key in sorted(found):
            one, other = (entries[n] for n in divmod(key, len(entries)))
            names = (one.name or None, other.name or None)
            yield (one.label, names[0], one.region, other.label, names[1], other.region, *found[key])

    def _by_mapped(self) -> NDArray[Any]:
        """Give the array with one label for each region."""
        if all(len(m.labels) == 1 for m in self.mapped):
            return self.volume.array
        out: NDArray[Any] = self.volume.array.copy(order="F")
        flat = out.reshape(-1, order="F")
        for region in self.mapped:
            for label in region.labels[1:]:
                flat[self.index.voxels_of(label)] = region.labels[0]
        return out


def _neighbours(array: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give views of all voxels that have a next one along an axis, and of these next ones."""
    along: NDArray[Any] = np.moveaxis(array, axis, 0)
    before, after = along[:-1], along[1:]
    return np.moveaxis(before, 0, axis), np.moveaxis(after, 0, axis)


def _ends(array: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give views of the first and the last voxels along an axis."""
    along: NDArray[Any] = np.moveaxis(array, axis, 0)
    return along[0], along[-1]


_BORDERS = (
    Column("label", "integer", "the lower label"),
    Column("name", "string", "name of its region"),
    Column("region", "iri", "its region"),
    Column("other_label", "integer", "the label that it touches"),
    Column("other_name", "string", "name of that region"),
    Column("other_region", "iri", "that region"),
    Column("faces", "integer", "how many faces of voxels they share"),
    Column("area", "decimal", "of these faces, mm²"),
)
