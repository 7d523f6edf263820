"""Known voxel grids of reference spaces: a fingerprint that tells when a file cannot be what it is declared to be.

A grid can refute a declared space, never prove one: two templates may share a grid. So nothing here names the space
of a file; only a mismatch is reported. The grids are in ``ontologies/maps/grids.json``, with where each was measured.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import GridWarning
from siibra_kg.resources import folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI

__all__ = ["Grid", "check_grid", "grids_of", "has_midline", "known_grids"]

#: In the IRI of a space of the Montreal Neurological Institute; NIfTI has a code (4) for its coordinates.
_MNI = ("/MNI-", "/space/mni152-")


@dataclass(frozen=True, slots=True)
class Grid:
    """A voxel grid that files of some space use.

    Parameters
    ----------
    name
        For people.
    spaces
        IRIs of the spaces whose files use it; empty where no metadata library names the space.
    shape
        Voxels along the three axes.
    diagonal, offset
        Voxel size with sign, and position of the first voxel's centre, in mm.
    midline
        Whether x = 0 separates the hemispheres.
    several
        Whether files of several spaces use it, so that it tells of none.
    """

    name: str
    spaces: tuple[str, ...]
    shape: tuple[int, ...]
    diagonal: tuple[float, ...]
    offset: tuple[float, ...]
    midline: bool
    several: bool = False

    def matches(self, shape: tuple[int, ...], affine: NDArray[np.float64]) -> bool:
        """Tell whether an array of this shape and place in mm lies on this grid, to a hundredth of a mm."""
        mine = np.diag([*self.diagonal, 1.0])
        mine[:3, 3] = self.offset
        return tuple(shape) == self.shape and bool(np.allclose(mine, affine, rtol=0, atol=0.01))

    def holds(self, shape: tuple[int, ...], affine: NDArray[np.float64]) -> bool:
        """Tell whether an array is a box cut from this grid: its voxels are some of the grid's, axes in any order.

        Many atlases are files of the part of a template's grid that has labels, and some have their axes turned.
        """
        mine = np.diag([*self.diagonal, 1.0])
        mine[:3, 3] = self.offset
        to_grid = np.linalg.inv(mine) @ affine
        whole = np.rint(to_grid)
        steps = np.abs(whole[:3, :3])
        if not np.allclose(to_grid, whole, rtol=0, atol=0.01) or (steps.sum(axis=0) != 1).any():
            return False
        ends = np.stack([whole[:3, 3], whole[:3, 3] + whole[:3, :3] @ (np.array(shape[:3]) - 1)])
        return bool((steps.sum(axis=1) == 1).all() and (ends >= 0).all() and (ends < self.shape).all())

    def __str__(self) -> str:
        size = "x".join(str(n) for n in self.shape)
        return f"{self.name} ({size} at {', '.join(f'{v:g}' for v in self.offset)} mm)"


def known_grids() -> tuple[Grid, ...]:
    """Read the table of known grids."""
    table = json.loads((folder("ontologies") / "maps" / "grids.json").read_text(encoding="utf-8"))
    return tuple(_grid(row) for row in table["grids"])


def _grid(row: dict[str, Any]) -> Grid:
    return Grid(
        name=row["name"],
        spaces=tuple(row["spaces"]),
        shape=tuple(row["shape"]),
        diagonal=tuple(row["diagonal"]),
        offset=tuple(row["offset"]),
        midline=row["midline"],
        several=row.get("several", False),
    )


def grids_of(space: str) -> tuple[Grid, ...]:
    """Give the known grids of a space; none where the space has no known grid."""
    return tuple(g for g in known_grids() if space in g.spaces)


def has_midline(space: str) -> bool:
    """Tell whether x = 0 is known to separate the hemispheres of a space."""
    return any(g.midline for g in grids_of(space))


def transform_code(space: str) -> int:
    """Give the NIfTI transform code for coordinates of a space: 4 (MNI 152 and kin) or 2 (another template)."""
    return 4 if any(part in space for part in _MNI) else 2


def check_grid(name: str, space: IRI, shape: tuple[int, ...], affine: NDArray[np.float64]) -> None:
    """Warn with a :class:`GridWarning` if a grid is not one of those known for its declared space.

    A box cut from a known grid of the space is as good as the whole. Nothing is said about a space without known grids,
    unless the grid is known from another space.
    """
    declared = grids_of(space)
    if any(g.holds(shape, affine) for g in declared):
        return
    other = [g for g in known_grids() if g.matches(shape, affine)]
    if other and (declared or not other[0].several):
        told = f"its grid is that of {other[0]}"
    elif declared:
        told = f"its grid is not {' or '.join(map(str, declared))}"
    else:
        return
    warnings.warn(f"{name} is declared to be in {space}, but {told}", GridWarning, stacklevel=3)
