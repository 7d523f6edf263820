"""Patch: a piece of a stained section with its cells and the lines between its layers; images and profiles of it.

A patch has the pial surface at its top and white matter at its bottom; x is a column, y a row, one pixel is one
micrometre. Steps as in siibra's cell density profiles, and where these are wrong, what they mean:

- What lies outside the cortex has no depth. siibra counts all of it as the outermost hundredth.
- Counting squares begin at the corner of the patch, and have the area that they have. siibra's begin at the outermost
  cells and are then stretched over the whole patch; counts are divided by 100 x 100 micrometres whatever their sides.
- A pixel between the two borders that no line runs through takes the depth of its neighbour. siibra leaves it at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from siibra_kg.data_errors import BadTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["BIN", "SHRINKAGE", "THICKNESS", "Patch", "make_patch", "to_volume"]

#: Volume of the fresh brain over that of its sections: BigBrain's, as the reports of the dataset of cells use it.
SHRINKAGE = 1.931
#: Thickness of a section in micrometres.
THICKNESS = 20.0
#: Side of the squares in which cells are counted, in micrometres.
BIN = 100.0
# Micrometres per pixel of the images that profiles are made of: enough pixels for a profile of a hundred parts.
_COARSEST, _FINEST, _PER_CORTEX = 10, 2, 300
#: Lines between layers: 0 and I, I and II, ... VI and white matter.
_LINES = 7
_CORTEX = (1, 6)
# Edge of the cube that densities are given for, in micrometres: what the sources write as 0.1mm3.
_CUBE = 100.0

_Floats = Any  # NDArray[np.float64]; the name is not there while the module runs


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A piece of a section: see :func:`make_patch`.

    Parameters
    ----------
    x, y
        Of the cells, in micrometres.
    lines
        Seven lines between layers, each (n, 2) with x and y, from x = 0 to the width, x increasing.
    height, width
        In whole micrometres.
    notes
        What was found to be odd, one line each.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    lines: tuple[NDArray[np.float64], ...]
    height: int
    width: int
    notes: tuple[str, ...] = ()

    def layer_mask(self, step: int = 1) -> NDArray[np.uint8]:
        """Say for each pixel in which layer it lies: 0 above the pial surface, 1 to 6, 7 in white matter.

        Parameters
        ----------
        step
            Micrometres per pixel.

        Returns
        -------
        numpy.ndarray
            (rows, columns), unsigned bytes.
        """
        rows, columns = self._centres(step)
        mask = np.zeros((rows.size, columns.size), np.uint8)
        for line in self.lines:
            mask += np.greater_equal.outer(rows, np.interp(columns, line[:, 0], line[:, 1]))
        return mask

    def depth_image(self, step: int | None = None) -> NDArray[np.float64]:
        """Say for each pixel how deep it lies: 0 at the pial surface, 1 at the white matter; NaN outside the cortex.

        Straight lines join points of the two borders that are equally far along them; depth is the part of such a
        line that lies above.
        """
        step = step or self.working_step
        mask = self.layer_mask(step)
        depth = self._depth_at(step)
        depth[(mask < _CORTEX[0]) | (mask > _CORTEX[1])] = np.nan
        return depth

    def density_image(self, step: int = 1) -> NDArray[np.float32]:
        """Give the density of cells at each pixel, per cube with an edge of 0.1 mm of the fresh brain.

        Cells are counted in squares of some 100 micrometres, and splines of second order run between the squares.
        """
        rows, columns = self._centres(step)
        sides = [max(1, round(side / BIN)) for side in (self.height, self.width)]
        area = self.height / sides[0] * self.width / sides[1]
        counts, _, _ = np.histogram2d(self.y, self.x, bins=sides, range=((0, self.height), (0, self.width)))
        density = (counts / area / THICKNESS * _CUBE**3 / np.cbrt(SHRINKAGE) ** 2).astype(np.float32)
        if density.size == 1:
            return np.full((rows.size, columns.size), density[0, 0], np.float32)
        zoom = (rows.size / sides[0], columns.size / sides[1])
        smooth = ndimage.zoom(density, zoom, order=2, mode="reflect", grid_mode=True)
        return np.clip(smooth, density.min(), density.max())  # type: ignore[no-any-return]

    def profile(self, bins: int = 100, step: int | None = None) -> tuple[_Floats, _Floats]:
        """Average the density image over pixels of the same depth.

        Returns
        -------
        depths, densities
            ``bins`` numbers each: middles of equal parts of the depth from 0 to 1, and means; NaN where a part has no
            pixel.
        """
        step = step or self.working_step
        depth = self.depth_image(step)
        inside = np.isfinite(depth)
        part = np.minimum((depth[inside] * bins).astype(np.intp), bins - 1)
        sums = np.bincount(part, self.density_image(step)[inside], minlength=bins)
        with np.errstate(invalid="ignore"):
            means = sums / np.bincount(part, minlength=bins)
        return (np.arange(bins) + 0.5) / bins, means

    def boundary_positions(self, step: int | None = None) -> dict[tuple[int, int], float]:
        """Give the mean depth of each line between two layers: ``{(0, 1): 0.0, (1, 2): 0.09, ...}``."""
        step = step or self.working_step
        depth = self._filled_depth(step)
        _, columns = self._centres(step)
        found = {}
        for above, line in enumerate(self.lines[1:-1], start=1):
            rows = np.interp(columns, line[:, 0], line[:, 1])
            at = np.stack([rows / step - 0.5, columns / step - 0.5])
            found[above, above + 1] = float(ndimage.map_coordinates(depth, at, order=1, mode="nearest").mean())
        return {(0, 1): 0.0, **found, (6, 7): 1.0}

    @property
    def working_step(self) -> int:
        """Micrometres per pixel of the images that profiles are made of."""
        top, bottom = (np.interp(self.width / 2, line[:, 0], line[:, 1]) for line in (self.lines[0], self.lines[-1]))
        return int(np.clip((bottom - top) // _PER_CORTEX, _FINEST, _COARSEST))

    def _centres(self, step: int) -> tuple[_Floats, _Floats]:
        rows, columns = (np.arange(-(-side // step)) for side in (self.height, self.width))
        return (rows + 0.5) * step, (columns + 0.5) * step

    def _depth_at(self, step: int) -> NDArray[np.float64]:
        """Give the depth of each pixel; of fine ones between those of coarser ones: lines for each would fill GBs."""
        if step >= self.working_step:
            return self._filled_depth(step)
        coarse = self.working_step - self.working_step % step
        depth = ndimage.zoom(self._filled_depth(coarse), coarse // step, order=1, mode="nearest", grid_mode=True)
        rows, columns = (centres.size for centres in self._centres(step))
        return depth[:rows, :columns]  # type: ignore[no-any-return]

    def _filled_depth(self, step: int) -> NDArray[np.float64]:
        rows, columns = (centres.size for centres in self._centres(step))
        # Three points for each pixel, along and across, so that few pixels are missed.
        along = np.linspace(0, 1, 3 * columns + 1)
        across = (np.arange(3 * rows) + 0.5) / (3 * rows)
        top, bottom = _at(self.lines[0], along), _at(self.lines[-1], along)
        where = [np.outer(1 - across, top[i]) + np.outer(across, bottom[i]) for i in (0, 1)]
        i = np.clip((where[1] / step).astype(np.intp), 0, rows - 1)
        j = np.clip((where[0] / step).astype(np.intp), 0, columns - 1)
        pixel = (i * columns + j).ravel()
        number = np.bincount(pixel, minlength=rows * columns).reshape(rows, columns)
        sums = np.bincount(pixel, np.repeat(across, along.size), minlength=rows * columns)
        depth = sums.reshape(rows, columns) / np.maximum(number, 1)
        nearest = ndimage.distance_transform_edt(number == 0, return_distances=False, return_indices=True)
        return depth[nearest[0], nearest[1]]  # type: ignore[no-any-return]


def make_patch(
    x: NDArray[np.float64], y: NDArray[np.float64], lines: Mapping[int, Sequence[Sequence[float]]], name: str
) -> Patch:
    """Check cells and lines and make a patch of them.

    Parameters
    ----------
    x, y
        Of the cells, in micrometres from the corner of the patch.
    lines
        By the number of the layer above, 0 to 6: points of the line below it.
    name
        Of the patch, for errors.

    Raises
    ------
    BadTable
        If there are no cells, or cells outside; if a line is missing, no list of points, or not in its place.
    """
    if not x.size or not (np.isfinite(x).all() and np.isfinite(y).all()) or min(x.min(), y.min()) < 0:
        raise BadTable(name, "cells need coordinates, numbers from 0", "the file may be cut short or of another form")
    # The image's own size is not stated anywhere: as in siibra, it ends with its outermost cells.
    height, width = max(1, int(np.ceil(y.max()))), max(1, int(np.ceil(x.max())))
    made = tuple(_line(lines.get(above), above, height, width, name) for above in range(_LINES))
    return Patch(x, y, made, height, width, _crossings(made, width))


def to_volume(area: float) -> float:
    """Turn the area of a layer into a volume of fresh tissue, in cubes with an edge of 0.1 mm.

    Parameters
    ----------
    area
        In square micrometres, as the sources give it: corrected for shrinkage in the plane of the section, and not
        across it.
    """
    return float(area * THICKNESS * np.cbrt(SHRINKAGE) / _CUBE**3)


def _line(points: object, above: int, height: int, width: int, name: str) -> NDArray[np.float64]:
    if points is None:
        raise BadTable(name, f"there is no line below layer {above}")
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1:] != (2,) or not array.size or not np.isfinite(array).all():
        raise BadTable(name, f"the line below layer {above} is no list of points with two numbers each")
    # A line that turns back cannot be told from points in disorder: both are put in order of x, as siibra does.
    array = array[np.argsort(array[:, 0], kind="stable")]
    inner = array[(array[:, 0] > 0) & (array[:, 0] < width), 0]
    xs = np.concatenate([[0.0], np.unique(inner), [float(width)]])
    return np.stack([xs, np.clip(np.interp(xs, array[:, 0], array[:, 1]), 0, height)], axis=1)


def _crossings(lines: Sequence[NDArray[np.float64]], width: int) -> tuple[str, ...]:
    """Say which lines cross the next one; raise nothing: hand-drawn lines touch where a layer is thin."""
    columns = np.arange(width) + 0.5
    rows = np.stack([np.interp(columns, line[:, 0], line[:, 1]) for line in lines])
    wrong = (np.diff(rows, axis=0) < -1).mean(axis=1)
    return tuple(
        f"the line below layer {above} is deeper than the next one in {part:.0%} of the columns"
        for above, part in enumerate(wrong)
        if part > 0
    )


def _at(line: NDArray[np.float64], along: NDArray[np.float64]) -> tuple[_Floats, _Floats]:
    """Give x and y of the points that are as far along a line."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    x, y = (np.interp(along * lengths[-1], lengths, line[:, i]) for i in (0, 1))
    return x, y
