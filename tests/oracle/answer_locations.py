"""What siibra-python says of points, clouds, boxes and planes; part of ``answer.py``, in siibra's own environment."""

# ruff: noqa: BLE001  whatever siibra raises is an answer

import numpy as np
from siibra.locations import BoundingBox, Plane, Point, PointCloud, reassign_union

SPACE = "mni152"


def locations(cases):
    """Do one thing with locations in each case.

    A case is ``[name of what to do, *arguments]``; a location ``["point", xyz]``, ``["cloud", …]`` or ``["box", …]``.
    """
    return [_told(case) for case in cases]


def _told(case):
    do, *arguments = case
    try:
        return _plain(_DOES[do](*map(_made, arguments)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _made(value):
    if not (isinstance(value, list) and value and isinstance(value[0], str)):
        return value
    kind, *numbers = value
    if kind == "point":
        return Point(tuple(numbers[0]), SPACE, sigma_mm=numbers[1] if len(numbers) > 1 else 0)
    if kind == "cloud":
        return PointCloud(np.array(numbers[0], float), SPACE)
    return BoundingBox(*map(tuple, numbers), SPACE)


def _plain(value):
    if value is None or isinstance(value, float | int | str):
        return value
    if isinstance(value, Point):
        return ["point", list(map(float, value.coordinate))]
    if isinstance(value, PointCloud):
        return ["cloud", np.asarray(value.coordinates, float).tolist()]
    if isinstance(value, BoundingBox):
        return ["box", list(map(float, value.minpoint)), list(map(float, value.maxpoint))]
    return np.asarray(value, float).tolist()


def _lines(one, other, third, vertices, faces):
    mesh = {"verts": np.array(vertices, float), "faces": np.array(faces)}
    return sorted(len(line) for line in Plane(one, other, third).intersect_mesh(mesh))


_DOES = {
    "parse": lambda text: Point(text, SPACE),
    "intersection": lambda one, other: one.intersection(other),
    "along": lambda one, other, dims: one.intersection(other, dims=dims),
    "union": reassign_union,
    "add": lambda one, other: one + other,
    "subtract": lambda one, other: one - other,
    "scale": lambda point, number: point * number,
    "divide": lambda point, number: point / number,
    "cube": lambda point, width: point.get_enclosing_cube(width),
    "box of": lambda cloud: cloud.boundingbox,
    "centroid": lambda cloud: cloud.centroid,
    "zoom": lambda box, ratio: box.zoom(ratio),
    "shift": lambda box, by: box.shift(by),
    "center": lambda box: box.center,
    "volume": lambda box: float(box.volume),
    "corners": lambda box: box.corners,
    "clip": lambda box, corner: box.clip(tuple(corner)),
    "transform": lambda thing, matrix: thing.transform(np.array(matrix), SPACE),
    "lines": _lines,
}
