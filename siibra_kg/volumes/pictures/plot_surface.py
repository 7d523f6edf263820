"""Pictures of surfaces: each hemisphere from outside and from inside, its labels in colours, its values on a ramp.

Triangles are drawn from far to near, those that face away left out, lit from the eye; there is no perspective.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.terms import contract
from siibra_kg.volumes.pictures.plot_maps import ramp_of
from siibra_kg.volumes.pictures.plot_parts import joined, kept, label_colors
from siibra_kg.volumes.pictures.plot_sheet import (
    BAR,
    BOTTOM,
    DPI,
    FAINT,
    GAP,
    INK,
    PAPER,
    SIDE,
    TOP,
    WIDTH,
    PolyCollection,
    Ramp,
    add_bar,
    add_texts,
    colormap,
    new_figure,
    plain_style,
    to_picture,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.volumes.pictures.plot_sheet import Picture
    from siibra_kg.volumes.surface import Surface

__all__ = ["plot_surface"]

_PLAIN = np.array([0.70, 0.70, 0.72])
_MARGIN = 0.04
#: Inches: the height of a row at most, and what its names need.
_ROW, _HEAD = 3.6, 0.35


@dataclass(frozen=True, slots=True)
class _View:
    """A direction to look in: the world axis towards the eye, with its sign, what goes right and up, letters there."""

    name: str
    eye: tuple[int, int]
    right: tuple[int, int]
    up: int
    ends: tuple[str, str]


_FROM_LEFT = _View("from the left", (0, -1), (1, -1), 2, ("A", "P"))
_FROM_RIGHT = _View("from the right", (0, 1), (1, 1), 2, ("P", "A"))
_FROM_ABOVE = _View("from above", (2, 1), (0, 1), 1, ("L", "R"))
_FROM_FRONT = _View("from the front", (1, 1), (0, -1), 2, ("R", "L"))


def plot_surface(
    surface: Surface,
    out: str | Path | None = None,
    *,
    limits: tuple[float, float] | None = None,
    colors: str = "",
    unit: str = "",
    step: int = 0,
    title: str = "",
    dpi: int = DPI,
) -> Picture:
    """Draw a surface: a hemisphere from outside and inside, both hemispheres each so, anything else from four sides.

    Parameters
    ----------
    surface
        A mesh with vertices and faces. A triangle has the colour that most of its corners' labels have, or the mean of
        their values; label 0 and values that are not finite are grey.
    out
        A PNG file to write; without it only the picture is given back.
    limits, colors, unit
        Of values, as for :func:`~siibra_kg.volumes.pictures.plot_maps.plot_statistical`.
    step
        Which column, where there are several values for each vertex.
    title
        Replaces the name.
    dpi
        Pixels per inch of a sheet of twelve inches.

    Raises
    ------
    BadVolume
        If it has no mesh, as files of labels or values alone: ``surface.on(mesh)`` gives it one.
    """
    if not len(surface.faces):
        raise BadVolume(surface.name or "the surface", "has no mesh to draw", "put it on one: surface.on(mesh)")
    values = _column(surface, step)
    ramp = None if values is None else ramp_of(values, limits, colors, unit, ("viridis", "RdBu_r"))
    painted = _face_colors(surface, values, ramp)
    shots = list(_shots(surface))
    with plain_style():
        figure = _drawn(surface, shots, painted, ramp)
        below = joined(surface.parcellation, surface.variant, surface.space_name or contract(surface.space))
        what = f"{len(np.unique(surface.labels[surface.labels != 0]))} labels" if surface.labels is not None else ""
        note = joined(f"{len(surface.vertices):,} vertices", f"{len(surface.faces):,} faces", what)
        add_texts(figure, title or surface.name, below, note, "no perspective; letters tell where front and back are")
        if ramp is not None:
            add_bar(figure, ramp)
        return kept(to_picture(figure, dpi), out)


def _column(surface: Surface, step: int) -> NDArray[np.float64] | None:
    if surface.values is None:
        return None
    values = surface.values.reshape(len(surface.values), -1)
    if not 0 <= step < values.shape[1]:
        raise BadVolume("step", f"{step} is none of the {values.shape[1]} columns")
    return np.asarray(values[:, step], dtype=np.float64)


def _face_colors(surface: Surface, values: NDArray[np.float64] | None, ramp: Ramp | None) -> NDArray[np.float64]:
    """Give the colour of each triangle, shape (m, 3)."""
    painted = np.tile(_PLAIN, (len(surface.faces), 1))
    if values is not None and ramp is not None:
        mean = values[surface.faces].mean(axis=1)
        shown = np.isfinite(mean)
        painted[shown] = colormap(ramp.colors)((mean[shown] - ramp.low) / (ramp.high - ramp.low))[:, :3]
    elif surface.labels is not None:
        corners = surface.labels[surface.faces]
        # Of three corners the label that two have; of three labels the first.
        most = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
        present = np.unique(most[most != 0])
        shown = most != 0
        if len(present):
            palette = label_colors(present, surface.entries)
            painted[shown] = palette[np.searchsorted(present, most[shown])]
    return painted


def _shots(surface: Surface) -> list[tuple[str, _View, NDArray[np.bool_]]]:
    """What is drawn: a name, a direction, and which faces."""
    everything = np.ones(len(surface.faces), dtype=bool)
    names = surface.fragments or (surface.fragment or "",)
    if surface.part is not None and surface.fragments:
        of_face = surface.part[surface.faces[:, 0]]
        parts = [(name, of_face == number) for number, name in enumerate(names)]
    else:
        parts = [(names[0], everything)]
    found = []
    for name, faces in parts:
        side = next((s for s in ("left", "right") if s in name.lower().split()), None)
        if side is None:
            found += [(name, view, faces) for view in (_FROM_LEFT, _FROM_RIGHT, _FROM_ABOVE, _FROM_FRONT)]
        else:
            outside, inside = (_FROM_LEFT, _FROM_RIGHT) if side == "left" else (_FROM_RIGHT, _FROM_LEFT)
            found += [(f"{side}, from outside", outside, faces), (f"{side}, from inside", inside, faces)]
    # Two rows: outside above inside, the left hemisphere at the left.
    return sorted(found, key=lambda shot: ("inside" in shot[0], "right" in shot[0]))


def _drawn(
    surface: Surface,
    shots: Sequence[tuple[str, _View, NDArray[np.bool_]]],
    painted: NDArray[np.float64],
    ramp: Ramp | None,
) -> Any:  # noqa: ANN401  a figure of matplotlib's
    spans = [_span(surface, view, faces) for _, view, faces in shots]
    wide = max(float(high[0] - low[0]) for low, high in spans)
    tall = max(float(high[1] - low[1]) for low, high in spans)
    tile = (WIDTH - 2 * SIDE - (BAR if ramp else 0) - GAP) / 2  # inches: two beside each other
    scale = min(tile / wide, _ROW / tall)
    rows = -(-len(shots) // 2)
    height = TOP + BOTTOM + rows * (tall * scale + _HEAD)
    figure = new_figure(WIDTH, height)
    for number, ((name, view, faces), (low, high)) in enumerate(zip(shots, spans, strict=True)):
        size = (high - low) * scale
        x = SIDE + (number % 2) * (tile + GAP) + (tile - size[0]) / 2
        y = height - TOP - (number // 2 + 1) * (tall * scale + _HEAD) + (tall * scale - size[1]) / 2
        axes = figure.add_axes((x / WIDTH, y / height, size[0] / WIDTH, size[1] / height), facecolor=PAPER)
        axes.add_collection(_triangles(surface, view, faces, painted))
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        axes.axis("off")
        axes.set_title(name or view.name, color=INK, fontsize=10, pad=4)
        for letter, at in zip(view.ends, (-0.01, 1.01), strict=True):
            axes.text(at, 0.5, letter, transform=axes.transAxes, color=FAINT, ha="center", va="center", fontsize=10)
    return figure


def _flat(surface: Surface, view: _View) -> NDArray[np.float64]:
    axis, sign = view.right
    return np.stack([surface.vertices[:, axis] * sign, surface.vertices[:, view.up]], axis=1)


def _span(surface: Surface, view: _View, faces: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = _flat(surface, view)[np.unique(surface.faces[faces])]
    low, high = points.min(axis=0), points.max(axis=0)
    margin = _MARGIN * float((high - low).max())
    return low - margin, high + margin


def _triangles(surface: Surface, view: _View, faces: NDArray[np.bool_], painted: NDArray[np.float64]) -> Any:  # noqa: ANN401
    rows = surface.faces[faces]
    corners = surface.vertices[rows]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis, sign = view.eye
    # Files disagree on the sense of triangles: outwards is where most of the mesh's own middle is not.
    middle = corners.reshape(-1, 3).mean(axis=0)
    if ((corners.mean(axis=1) - middle) * normals).sum() < 0:
        normals = -normals
    seen = np.flatnonzero(normals[:, axis] * sign > 0)
    order = seen[np.argsort(corners[seen, :, axis].mean(axis=1) * sign, kind="stable")]
    # Lit as a smooth surface is: by the mean of the normals at its corners, each that of the triangles around it.
    around = np.stack([np.bincount(rows.ravel(), np.repeat(normals[:, i], 3)) for i in range(3)], axis=1)
    length = np.linalg.norm(around, axis=1)
    facing = np.divide(around[:, axis] * sign, length, out=np.zeros(len(length)), where=length > 0)
    light = 0.28 + 0.72 * np.clip(facing[rows[order]].mean(axis=1)[:, None], 0, 1) ** 0.8
    shown = np.clip(painted[faces][order] * light, 0, 1)
    return PolyCollection(list(_flat(surface, view)[rows[order]]), facecolors=shown, edgecolors=shown, linewidths=0.4)
