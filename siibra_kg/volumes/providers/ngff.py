"""What a Zarr group says of the place of its arrays: OME-Zarr (NGFF 0.4 and 0.5), or an affine of our own.

The format: https://ngff.openmicroscopy.org/0.5/. Axes have names and units; each array of a pyramid has a scale and
maybe a translation, in the order of the array's axes; the index of a voxel is its centre. Which axis is x, y or z is
told by its name, whatever the order is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.web.paths import clean_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Axes", "Level", "parse_array", "parse_group"]

#: Of UDUNITS-2, which NGFF recommends -> mm.
_UNITS = {
    "angstrom": 1e-7,
    "nanometer": 1e-6,
    "micrometer": 1e-3,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "meter": 1000.0,
    "nm": 1e-6,
    "um": 1e-3,
    "mm": 1.0,
    "m": 1000.0,
}
_MOST = 64


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of an array, in its order.

    Parameters
    ----------
    names
        ``"x"``, ``"y"``, ``"z"``, and others.
    units
        What one unit of each is in mm, or ``None`` where it is no length or does not say.
    """

    names: tuple[str, ...]
    units: tuple[float | None, ...]

    @property
    def xyz(self) -> tuple[int, int, int]:
        """Where x, y and z are."""
        return self.names.index("x"), self.names.index("y"), self.names.index("z")


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One array of a pyramid: its path, its axes, and the 4x4 matrix from x, y, z indices to mm."""

    path: str
    axes: Axes
    affine: NDArray[np.float64]


def parse_group(attributes: Any, name: str, unit: float) -> tuple[Level, ...]:  # noqa: ANN401  JSON
    """Read the pyramid of a group.

    Parameters
    ----------
    attributes
        Of the group.
    name
        For messages.
    unit
        What a unit is in mm where an axis does not say.

    Returns
    -------
    tuple of Level
        Empty if the group is none of NGFF.

    Raises
    ------
    BadVolume
        If it is, and says what cannot be.
    """
    ome = attributes.get("ome", attributes) if isinstance(attributes, dict) else {}
    images = ome.get("multiscales") if isinstance(ome, dict) else None
    if images is None:
        return ()
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], dict):
        raise BadVolume(name, "has not exactly one multiscale image", "name the folder of one")
    image = images[0]
    axes = _axes(image.get("axes"), name)
    datasets = image.get("datasets")
    if not isinstance(datasets, list) or not 1 <= len(datasets) <= _MOST:
        raise BadVolume(name, "its multiscale image has no datasets, or too many")
    shared = image.get("coordinateTransformations", [])
    return tuple(_level(d, shared, axes, name, unit) for d in datasets)


def _axes(given: object, name: str) -> Axes:
    if not isinstance(given, list) or not all(isinstance(a, dict) and isinstance(a.get("name"), str) for a in given):
        raise BadVolume(name, "does not name its axes", "NGFF 0.4 or later does")
    names = tuple(a["name"].lower() for a in given)
    if len(set(names)) < len(names) or not {"x", "y", "z"} <= set(names) or len(names) > 6:
        raise BadVolume(name, f"its axes {', '.join(names)} are not those of a volume")
    units: list[float | None] = []
    for axis, named in zip(given, names, strict=True):
        unit = axis.get("unit")
        if named in {"x", "y", "z"} and unit is not None and unit not in _UNITS:
            raise BadVolume(name, f"the unit {unit!r} of axis {named} is no length that is known")
        units.append(_UNITS.get(unit) if named in {"x", "y", "z"} else None)
    return Axes(names, tuple(units))


def _level(given: object, shared: object, axes: Axes, name: str, unit: float) -> Level:
    path = given.get("path") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(path, str) or not path or clean_path(path)[1]:
        raise BadVolume(name, f"the path {path!r} of a dataset is no folder in the volume")
    own = given.get("coordinateTransformations")
    if not own:
        raise BadVolume(name, f"dataset {path} does not say where it lies: it has no coordinateTransformations")
    size, start = np.ones(len(axes.names)), np.zeros(len(axes.names))
    for step in (*_steps(own, name), *_steps(shared, name)):
        kind = step.get("type")
        if kind == "identity":
            continue
        numbers = _numbers(step.get(kind) if kind in {"scale", "translation"} else None, len(axes.names), name, step)
        if kind == "scale":
            size, start = size * numbers, start * numbers
        else:
            start = start + numbers
    to_mm = np.array([axes.units[a] or unit for a in axes.xyz])
    affine = np.diag([*(size[list(axes.xyz)] * to_mm), 1.0])
    affine[:3, 3] = start[list(axes.xyz)] * to_mm
    if not (np.abs(np.diag(affine)) > 0).all():
        raise BadVolume(name, f"dataset {path} has voxels without a size")
    return Level(path, axes, affine)


def _steps(given: object, name: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(s, dict) for s in given) or len(given) > _MOST:
        raise BadVolume(name, "its coordinateTransformations are no list of transformations")
    return given


def _numbers(given: object, count: int, name: str, step: object) -> NDArray[np.float64]:
    numbers: Sequence[Any] = given if isinstance(given, list) else ()
    fine = all(isinstance(n, int | float) and not isinstance(n, bool) and isfinite(n) for n in numbers)
    if len(numbers) != count or not fine:
        raise BadVolume(name, f"a transformation is not understood: {step!r:.120}", "scale and translation are")
    return np.array(numbers, dtype=np.float64)


def parse_array(attributes: Any, names: Any, name: str, unit: float) -> Level:  # noqa: ANN401  JSON
    """Read the place of an array that is no pyramid: attributes ``affine`` (4x4) and maybe ``unit``.

    Parameters
    ----------
    attributes
        Of the array.
    names
        Of its dimensions, where it says; x, y, z unless it does.
    name, unit
        As of :func:`parse_group`.

    Raises
    ------
    BadVolume
        If it does not say where its voxels lie.
    """
    given = attributes if isinstance(attributes, dict) else {}
    names = names or given.get("_ARRAY_DIMENSIONS") or ["x", "y", "z"]
    axes = _axes([{"name": n} for n in names] if isinstance(names, list) else None, name)
    try:
        affine = np.array(given.get("affine"), dtype=np.float64)
    except (TypeError, ValueError):
        affine = np.zeros(0)
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or not abs(np.linalg.det(affine[:3, :3])) >= 1e-12:
        hint = "make it OME-Zarr, or give the array an attribute affine: 4x4, x, y, z indices to the attribute unit"
        raise BadVolume(name, "is a Zarr array that does not say where its voxels lie", hint)
    said = given.get("unit")
    if said is not None and said not in _UNITS:
        raise BadVolume(name, f"the unit {said!r} is no length that is known")
    factor = _UNITS[said] if said is not None else unit
    scaled: NDArray[np.float64] = np.diag([factor, factor, factor, 1.0]) @ affine
    return Level("", axes, scaled)
