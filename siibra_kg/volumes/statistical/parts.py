"""Statistical maps that are made of statistical maps: fewer values, fewer maps, fewer voxels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.locations import require_same_space
from siibra_kg.volumes.place import block_in, crop_step, moved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from typing_extensions import Self

    from siibra_kg.locations import BoundingBox
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.provenance import Provenance
    from siibra_kg.volumes.statistical.column import MapColumn
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["Parts"]


class Parts:
    """Parts of a statistical map; see :class:`~siibra_kg.volumes.statistical.map.StatisticalMap`."""

    if TYPE_CHECKING:
        index: SparseIndex
        affine: NDArray[np.float64]
        space: IRI
        columns: tuple[MapColumn, ...]
        provenance: Provenance

        def columns_of(self, region: object) -> tuple[MapColumn, ...]: ...  # noqa: D102  it is that of the class

    def threshold(self, value: float) -> Self:
        """Keep the values that are greater than one, in the unit of the map."""
        step = f"values greater than {value:g}"
        return replace(  # type: ignore[type-var]  # it is a dataclass
            self, index=self.index.above(value), provenance=self.provenance.then(step)
        )

    def subset(self, regions: Iterable[object]) -> Self:
        """Keep the maps of some regions only, in the order of their numbers.

        The Harvard-Oxford stack, for instance, has 96 cortical maps and 17 of nuclei and ventricles.

        Parameters
        ----------
        regions
            As of :meth:`columns_of`, each.

        Raises
        ------
        LabelMismatch
            If one of them has no map.
        """
        numbers = sorted({c.number for one in regions for c in self.columns_of(one)})
        return replace(  # type: ignore[type-var]  # it is a dataclass
            self,
            index=self.index.take(numbers),
            columns=tuple(replace(self.columns[old], number=new) for new, old in enumerate(numbers)),
            provenance=self.provenance.then(f"{len(numbers)} of {len(self.columns)} maps"),
        )

    def cropped(self, box: BoundingBox) -> Self:
        """Give the part whose voxel centres lie in a box; maps that have no voxel there stay, empty.

        Raises
        ------
        SpaceMismatch
            If the box is in another space.
        BadVolume
            If no voxel is in it.
        """
        require_same_space(self, box, "a map is cut by a box of its own space")
        ends = np.array(block_in(str(self), self.affine, self.index.shape, box))
        return replace(  # type: ignore[type-var]  # it is a dataclass
            self,
            index=self.index.within(ends[:, 0], ends[:, 1]),
            affine=moved(self.affine, ends[:, 0]),
            provenance=self.provenance.then(crop_step(box)),
        )
