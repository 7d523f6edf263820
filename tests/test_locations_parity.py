"""Points, clouds, boxes and planes beside siibra-python 1.0.1a25; what differs is named, with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from siibra_kg.locations import BoundingBox, Plane, Point, PointCloud, union
from siibra_kg.volumes import Surface

pytestmark = [pytest.mark.peer]

SPACE = "mni152"
OURS = {
    "parse": lambda text: Point(text, SPACE),
    "intersection": lambda one, other: one.intersection(other),
    "along": lambda one, other, dims: one.intersection(other, dims=dims),
    "union": union,
    "add": lambda one, other: one + other,
    "subtract": lambda one, other: one - other,
    "scale": lambda point, number: point * number,
    "divide": lambda point, number: point / number,
    "cube": lambda point, width: point.enclosing_cube(width),
    "box of": lambda cloud: cloud.boundingbox,
    "centroid": lambda cloud: cloud.centroid,
    "zoom": lambda box, ratio: box.zoom(ratio),
    "shift": lambda box, by: box.shift(by),
    "center": lambda box: box.center,
    "volume": lambda box: box.volume,
    "corners": lambda box: box.corners,
    "transform": lambda thing, matrix: thing.transformed(matrix, SPACE),
}


def made(value):
    if not (isinstance(value, list) and value and isinstance(value[0], str)):
        return value
    kind, *numbers = value
    if kind == "point":
        return Point(*numbers[:1], SPACE)
    return PointCloud(np.array(numbers[0], float), SPACE) if kind == "cloud" else BoundingBox(*numbers, SPACE)


def plain(value):
    """A location as the oracle tells it; a cloud of one point is a point to siibra, when it is an intersection."""
    if isinstance(value, Point):
        return ["point", list(value.coordinate)]
    if isinstance(value, PointCloud):
        return ["cloud", value.array.tolist()]
    if isinstance(value, BoundingBox):
        return ["box", list(value.minimum), list(value.maximum)]
    return value


def cases():
    """Numbers of a sixteenth, so that sums are exact; no two borders meet, about which siibra is of two minds."""
    rng = np.random.default_rng(0)
    number = lambda *shape: (rng.integers(-800, 800, shape) / 16).tolist()  # noqa: E731
    place = {"point": lambda: ["point", number(3)], "cloud": lambda: ["cloud", number(12, 3)]}
    place["box"] = lambda: ["box", number(3), number(3)]
    for _ in range(40):
        for one in place.values():
            for other in place.values():
                yield ["union", one(), other()]
        yield ["intersection", place["box"](), place["box"]()]
        yield ["intersection", place["box"](), place["cloud"]()]
        yield ["along", place["box"](), place["box"](), [0, 2]]
        yield ["add", place["point"](), place["point"]()]
        yield ["add", place["point"](), 3]
        yield ["subtract", place["point"](), place["point"]()]
        yield ["subtract", place["point"](), 2.5]
        yield ["scale", place["point"](), 2]
        yield ["divide", place["point"](), 4]
        yield ["cube", place["point"](), 5]
        yield ["box of", place["cloud"]()]
        yield ["centroid", place["cloud"]()]
        yield ["zoom", place["box"](), 0.5]
        yield ["shift", place["box"](), 4]
        yield ["center", place["box"]()]
        yield ["volume", place["box"]()]
        yield ["corners", place["box"]()]
        for one in place.values():
            yield ["transform", one(), [*number(3, 4), [0, 0, 0, 1]]]
    for text in ("12.2mm, 3mm, -4mm", "1mm,2mm,3mm", "-1.5mm, 2mm, 3.mm"):
        yield ["parse", text]


def test_locations_do_what_they_do_in_siibra(peer):
    asked = list(cases())
    differ = []
    for case, theirs in zip(asked, peer.ask("locations", cases=asked), strict=True):
        ours = plain(OURS[case[0]](*map(made, case[1:])))
        if case[0] == "intersection" and ours and ours[0] == "cloud" and len(ours[1]) == 1:
            ours = ["point", ours[1][0]]
        if not same(ours, theirs):
            differ.append((case, ours, theirs))
    assert differ == []


def same(ours, theirs):
    if ours is None or theirs is None or isinstance(theirs, float | int):
        return ours == (None if theirs is None else pytest.approx(theirs))
    return ours[0] == theirs[0] and all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, atol=1e-9) for a, b in zip(ours[1:], theirs[1:], strict=True)
    )


def test_b13_clip_raises_in_siibra(peer):
    (said,) = peer.ask("locations", cases=[["clip", ["box", [0, 0, 0], [9, 9, 9]], [5, 5, 5]]])
    assert said.startswith("TypeError")
    assert BoundingBox((0, 0, 0), (9, 9, 9), SPACE).clip((5, 5, 5)) == BoundingBox((0, 0, 0), (5, 5, 5), SPACE)


def test_a_plane_cuts_a_mesh_in_as_many_points(peer):
    """Of a closed line siibra does not repeat the first point at its end."""
    rng = np.random.default_rng(3)
    vertices = [(1.0, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
    faces = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
    asked, ours = [], []
    for _ in range(20):
        points = rng.uniform(-0.5, 0.5, (3, 3)).tolist()
        asked.append(["lines", *(["point", p] for p in points), vertices, faces])
        mesh = Surface(np.array(vertices), np.array(faces), SPACE)
        lines = Plane.through(*(Point(p, SPACE) for p in points)).intersection(mesh) or ()
        ours.append(sorted(len(line) - (line[0] == line[-1]) for line in lines))
    assert peer.ask("locations", cases=asked) == ours
