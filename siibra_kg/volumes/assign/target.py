"""What is assigned to: the regions of a map as columns, and which of them a voxel belongs to, with which value.

A label map and a statistical map differ only here. In a label map a region has the value 1 in its voxels; in a
statistical map it has the value of its map. All that follows, readout and scores, is the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.assign.grid import Grid

__all__ = ["Hits", "Overlaps", "Regions", "Target", "expand"]


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The regions of a map, a row each.

    Parameters
    ----------
    names, iris
        Of the region; ``None`` for a label that stands for none.
    labels
        The label, or ``None`` where the region has several, or none as in a statistical map.
    volumes
        The number of the volume in its map.
    fragments
        The part of the volume, where it has parts.
    """

    names: tuple[str | None, ...]
    iris: tuple[IRI | None, ...]
    labels: tuple[int | None, ...]
    volumes: tuple[int, ...]
    fragments: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What a map has at some voxels, in the order of the voxels.

    Parameters
    ----------
    voxel
        Which of the voxels that were asked for, ascending.
    region
        Row of the region.
    value
        Of the region in that voxel.
    label
        The label of the voxel, in a label map.
    """

    voxel: NDArray[np.int64]
    region: NDArray[np.int64]
    value: NDArray[Any]
    label: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """Sums over the voxels that a structure of the query, x > 0, shares with a region, v > 0; a row per such pair.

    Parameters
    ----------
    structure, region
        Which; rows.
    both
        How many voxels they share.
    product
        Sum of x v over the grid.
    highest
        Highest v among the shared voxels.
    """

    structure: NDArray[np.int64]
    region: NDArray[np.int64]
    both: NDArray[np.int64]
    product: NDArray[np.float64]
    highest: NDArray[np.float64]

    @classmethod
    def none(cls) -> Overlaps:
        """Give no pairs."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        return cls(whole, whole, whole, real, real)


class Target(Protocol):
    """A map that can be assigned to."""

    @property
    def grid(self) -> Grid:
        """Its voxel grid."""

    @property
    def regions(self) -> Regions:
        """Its regions."""

    @property
    def labelled(self) -> bool:
        """Whether it is a label map."""

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Give for each region how many voxels it has, and the sums of v and of v squared."""

    def at(self, voxels: NDArray[np.int64]) -> Hits:
        """Read voxels, given by their indices in column-major order, none of them outside."""

    def whole(self, image: NDArray[Any]) -> Overlaps:
        """Compare with an image that is given at every voxel, in column-major order, as structure 0."""


def expand(starts: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.int64]:
    """List the positions of several stretches one after the other.

    >>> import numpy as np
    >>> expand(np.array([10, 3, 20]), np.array([2, 0, 3])).tolist()
    [10, 11, 20, 21, 22]
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - counts), counts)
    return found
