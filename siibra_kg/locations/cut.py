"""Where a plane cuts the triangles of a mesh or the edges of a box, in arrays."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.locations.point import Triple

__all__ = ["distances", "lines", "polygon"]

#: The corners of a box, as BoundingBox.corners orders them, that an edge joins: they differ in one of three bits.
_EDGES = tuple((a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit)
_SAME = 1e-9  # mm


def distances(points: NDArray[np.float64], normal: Triple, offset: float) -> NDArray[np.float64]:
    """Give signed distances from a plane, shape (n,)."""
    found: NDArray[np.float64] = points @ np.asarray(normal) - offset
    return found


def polygon(corners: NDArray[np.float64], normal: Triple, offset: float) -> NDArray[np.float64]:
    """Give the corners of the polygon in which a plane cuts a box, anticlockwise from the front, shape (n, 3)."""
    away = distances(corners, normal, offset)
    away[np.abs(away) < _SAME] = 0.0
    found = [corners[n] for n in np.flatnonzero(away == 0)]
    for a, b in _EDGES:
        if away[a] * away[b] < 0:
            found.append(corners[a] + (corners[b] - corners[a]) * (away[a] / (away[a] - away[b])))
    if not found:
        return np.empty((0, 3))
    points = np.unique(np.round(found, 9), axis=0)
    from_middle = points - points.mean(axis=0)
    right = from_middle[np.argmax((from_middle**2).sum(axis=1))]
    up = np.cross(normal, right)
    order = np.argsort(np.arctan2(from_middle @ up, from_middle @ right), kind="stable")
    return np.asarray(points[order])


def lines(
    vertices: NDArray[Any], faces: NDArray[Any], normal: Triple, offset: float
) -> list[tuple[NDArray[np.float64], list[int]]]:
    """Give the lines in which a plane cuts a mesh: points in order, shape (n, 3), and the faces between them.

    A vertex in the plane counts as in front of it, so that every face that is cut is cut at exactly two of its edges.
    The last point of a line has the face of the piece that ends there.
    """
    away = distances(vertices, normal, offset)
    front = away >= 0
    sides = front[faces]
    cut = np.flatnonzero(sides.any(axis=1) & ~sides.all(axis=1))
    if not len(cut):
        return []
    corners = faces[cut]
    edges = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2)  # (faces, 3, 2)
    crossing = front[edges[..., 0]] != front[edges[..., 1]]  # two of each three
    ends = np.sort(edges[crossing], axis=1)
    unique, numbers = np.unique(ends, axis=0, return_inverse=True)
    a, b = unique.T
    share = (away[a] / (away[a] - away[b]))[:, None]
    points = vertices[a] + (vertices[b] - vertices[a]) * share
    segments = numbers.reshape(-1, 2).tolist()
    found = []
    for nodes, pieces in _walk(segments):
        # Where the plane meets a vertex, all its edges are cut in that one point.
        kept = [0] + [n for n, (p, q) in enumerate(pairwise(nodes), 1) if (points[p] != points[q]).any()]
        if len(kept) > 1:
            onward = [pieces[n - 1] for n in kept[1:]]  # the piece from a point to the next
            of_face = [int(cut[piece]) for piece in (*onward, onward[-1])]
            found.append((points[[nodes[n] for n in kept]], of_face))
    return found


def _walk(segments: list[list[int]]) -> list[tuple[list[int], list[int]]]:
    """Chain segments, given by the numbers of their two ends, into lines: the ends, and the segments between them.

    Open lines begin where an odd number of segments meet; what is left then are closed lines.
    """
    at: dict[int, list[int]] = defaultdict(list)
    for number, (a, b) in enumerate(segments):
        at[a].append(number)
        at[b].append(number)
    used = [False] * len(segments)
    starts = [end for end in sorted(at) if len(at[end]) % 2] + sorted(at)
    found = []
    for start in starts:
        nodes: list[int] = [start]
        pieces: list[int] = []
        while free := [n for n in at[nodes[-1]] if not used[n]]:
            used[free[0]] = True
            a, b = segments[free[0]]
            nodes.append(b if nodes[-1] == a else a)
            pieces.append(free[0])
        if pieces:
            found.append((nodes, pieces))
    return found
