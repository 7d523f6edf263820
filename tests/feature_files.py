"""Files in the documented forms of cortical features, with numbers that are known; and small graphs that name them.

The forms, as far as they are public:

- receptors: tabs between, titles in a first line, as siibra-explorer reads them; siibra-python counts columns.
- cells and layers of a patch: blanks between, titles in a first line that begins with "# ".
- lines between layers: JSON, ``{"segments": [[x, y], ...]}``, in pixels of one micrometre.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from feature_graph import feature_graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from siibra_kg.graph import KnowledgeGraph

LAYER_NAMES = ("0", "I", "II", "III", "IV", "V", "VI", "WM")
LINE_FILES = ("0.json", *(f"{a}_{b}.json" for a, b in pairwise(LAYER_NAMES[1:])))
#: What makes a graph know formats, receptors and companions; openMINDS' own terms are not needed.
ONTOLOGIES = ("siibra-kg.ttl", "formats.ttl", "receptors.ttl", "cortical.ttl")


def small_graph(tmp_path: Path, turtle: str, **settings: object) -> KnowledgeGraph:
    """Open a graph of some statements and of our ontologies, with a cache of its own."""
    return feature_graph(tmp_path, turtle, files=ONTOLOGIES, **settings)


def feature(name: str, kind: str, urls: Mapping[str, str] | str, more: str = "") -> str:
    """Write a feature with its files: ``{"segments-0": url, ...}``, or the URL of its only file."""
    files = {"0": urls} if isinstance(urls, str) else urls
    node = f"<id/feature/{name}>"
    listed = "".join(f"; skg:hasFile <id/feature/{name}/file/{key}> " for key in files)
    text = f'{node} a skg:Feature , skg:{kind} ; skos:prefLabel "{name}" {listed} {more} .\n'
    for key, url in files.items():
        role, _, number = key.partition("-")
        told = f'"{role}" ; skg:position {number}' if number else '"data"'
        text += f"<id/feature/{name}/file/{key}> a skg:DataFile ; dcat:downloadURL <{url}> ; skg:fileRole {told} .\n"
    return text


def fingerprint_text(
    rows: Mapping[str, tuple[object, object]], unit: str = "fmol/mg", title: str = "receptor label"
) -> str:
    """Write a table of mean densities, as receptor fingerprints have them."""
    lines = [f"{title}\tdensity (mean)\tdensity (sd)\tdensity (unit)"]
    lines += [f"{label}\t{mean}\t{std}\t{unit}" for label, (mean, std) in rows.items()]
    return "\n".join(lines) + "\n"


def profile_text(values: Iterable[object], depths: Iterable[object] = range(101), unit: str = "fmol/mg") -> str:
    """Write a table of densities by cortical depth in per cent, as receptor profiles have them."""
    lines = ["cortical depth (value)\tcortical depth (unit)\treceptor density (value)\treceptor density (unit)"]
    lines += [f"{depth}\t%\t{value}\t{unit}" for depth, value in zip(depths, values, strict=True)]
    return "\n".join(lines) + "\n"


def cells_text(
    x: Sequence[float], y: Sequence[float], layer: Sequence[int], area: Sequence[float] | None = None
) -> str:
    """Write a table of cells, as ``segments.txt`` has them: labels count from 1, areas are 50 unless given."""
    areas = np.full(len(x), 50.0) if area is None else area
    lines = ["# x y area(micron**2) layer label"]
    for number, values in enumerate(zip(x, y, areas, layer, strict=True), 1):
        lines.append(" ".join(f"{value:.6e}" for value in (*values, number)))
    return "\n".join(lines) + "\n"


def layers_text(areas: Sequence[float], thicknesses: Sequence[float] | None = None) -> str:
    """Write a table of the six layers, as ``layerinfo.txt`` has them."""
    thick = [300.0] * len(areas) if thicknesses is None else thicknesses
    lines = ["# Number Name Area(micron**2) AvgThickness(micron)"]
    lines += [f"{n} {LAYER_NAMES[n]} {a:.1f} {t:.2f}" for n, (a, t) in enumerate(zip(areas, thick, strict=True), 1)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class PatchFiles:
    """A patch whose cells stand in a lattice, each ``spacing`` micrometres from the next, and whose lines are straight.

    Parameters
    ----------
    width, height
        In micrometres; multiples of 100.
    at
        Where each of the seven lines between layers runs, as a part of the height.
    tilt
        How much deeper the lines are on the right, as a part of the height.
    spacing
        By layer, 0 to 7: between neighbouring cells, in micrometres; 20 where it is not told.
    origin
        Put a cell into the upper left corner as well.
    """

    width: int = 800
    height: int = 1000
    at: tuple[float, ...] = (0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)
    tilt: float = 0.0
    spacing: Mapping[int, int] = field(default_factory=dict)
    origin: bool = False

    def rows_of_line(self, number: int, x: np.ndarray) -> np.ndarray:
        """Give the y of a line at some x."""
        return self.height * (self.at[number] + self.tilt * x / self.width)

    def layer_of(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Give the layers of some points."""
        return sum((y >= self.rows_of_line(n, x)).astype(int) for n in range(7))  # type: ignore[return-value]

    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give x, y and layer; one more cell in the lower right corner says how large the image is."""
        xs, ys, layers = [], [], []
        for layer in range(8):
            step = self.spacing.get(layer, 20)
            x, y = np.meshgrid(np.arange(step / 2, self.width, step), np.arange(step / 2, self.height, step))
            inside = self.layer_of(x, y) == layer
            xs, ys, layers = [*xs, x[inside]], [*ys, y[inside]], [*layers, np.full(inside.sum(), layer)]
        corners = np.array([[self.width, self.height, 7], [0, 0, 0]][: 1 + self.origin])
        x, y, layer = (np.concatenate([*part, last]) for part, last in zip((xs, ys, layers), corners.T, strict=True))
        return x, y, layer

    def areas(self) -> list[float]:
        """Give the area of each of the six layers in square micrometres; exact as long as lines are parallel."""
        return [self.width * self.height * (b - a) for a, b in pairwise(self.at)]

    def lines(self) -> dict[int, list[list[float]]]:
        """Give two points of each line, by the layer above."""
        ends = np.array([0.0, self.width])
        return {n: np.stack([ends, self.rows_of_line(n, ends)], axis=1).tolist() for n in range(7)}

    def write(self, place: Path) -> Path:
        """Write ``segments.txt``, ``layerinfo.txt`` and the lines into a folder; gives the path of the first."""
        place.mkdir(parents=True)
        (place / "segments.txt").write_text(cells_text(*self.cells()), "utf-8")
        (place / "layerinfo.txt").write_text(layers_text(self.areas()), "utf-8")
        for number, points in self.lines().items():
            (place / LINE_FILES[number]).write_text(json.dumps({"segments": points}), "utf-8")
        return place / "segments.txt"
