"""Points from a text file: columns x, y, z in mm, and sigma and label if wanted."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from siibra_kg.errors import BadVolume
from siibra_kg.locations import PointCloud

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_points"]

_AXES = ("x", "y", "z")


def read_points(path: Path, space: str) -> PointCloud:
    """Read the points of a CSV or TSV file.

    Parameters
    ----------
    path
        A header line names the columns, in any order and case: ``x``, ``y``, ``z`` in mm; ``sigma`` in mm and
        ``label`` where there are any; all others are left alone.
    space
        IRI of the reference space, which such a file does not say.

    Raises
    ------
    BadVolume
        If the file is no such table; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = list(csv.reader(file, delimiter=max("\t;,", key=head.count)))
    except (OSError, ValueError, csv.Error) as error:
        raise BadVolume(str(path), f"cannot be read as a table ({error})") from error
    names = [name.strip().lower() for name in rows[0]] if rows else []
    missing = [axis for axis in _AXES if axis not in names]
    if missing:
        reason = f"has no column {', '.join(missing)}; its columns are {', '.join(names) or 'none'}"
        raise BadVolume(str(path), reason, "name the columns with the coordinates in mm x, y and z")
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(map(str.strip, row))]
    if not filled:
        raise BadVolume(str(path), "has no point")
    places = [_numbers(path, number, row, [names.index(axis) for axis in _AXES]) for number, row in filled]
    sigma = [_numbers(path, n, row, [names.index("sigma")])[0] for n, row in filled] if "sigma" in names else 0.0
    labels = [row[names.index("label")] for _, row in filled] if "label" in names else None
    return PointCloud(places, space, sigma_mm=sigma, labels=labels)


def _numbers(path: Path, line: int, row: list[str], columns: list[int]) -> tuple[float, ...]:
    try:
        return tuple(float(row[column]) for column in columns)
    except (ValueError, IndexError):
        raise BadVolume(f"{path}:{line}", f"{row} has no numbers for its coordinates") from None
