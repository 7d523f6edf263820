"""SurfaceLabelMap: labels at the vertices of a surface, with what each label means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.locations import Point
from siibra_kg.table import Column, Table
from siibra_kg.terms import contract
from siibra_kg.volumes.asked import Asked
from siibra_kg.volumes.labels.checks import Counted
from siibra_kg.volumes.labels.compress import numbers
from siibra_kg.volumes.labels.index import LabelIndex
from siibra_kg.volumes.labels.lookup import by_label
from siibra_kg.volumes.labels.tables import LABEL_COLUMNS, Tabled
from siibra_kg.volumes.pictures.show import surface_to_html
from siibra_kg.volumes.surface import Surface, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.terms import IRI

__all__ = ["SurfaceLabelMap", "compress_surfaces"]


@dataclass(frozen=True, eq=False, repr=False)
class SurfaceLabelMap(Counted, Tabled, Asked):
    """Labels at vertices and what they mean; regions are given as to :class:`~siibra_kg.volumes.labels.map.LabelMap`.

    The area of a vertex is a third of the areas of the triangles that it is a corner of, so the areas of all vertices
    add up to that of the surface.

    Parameters
    ----------
    surface
        With labels; with vertices and faces where positions and areas are asked for (see :meth:`on`).
    labels
        One entry per label that means something; those of the surface unless given.

    Raises
    ------
    LabelMismatch
        If the surface has no labels, a label stands for two regions, or zero for one.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.model import LabelEntry
    >>> from siibra_kg.terms import IRI
    >>> corners, faces = np.array([[0, 0, 0], [3, 0, 0], [0, 2, 0], [3, 2, 0]]), np.array([[0, 1, 2], [1, 3, 2]])
    >>> space, region = IRI("https://example.org/space"), IRI("https://example.org/region")
    >>> surface = Surface(corners, faces, space, np.array([4, 4, 0, 4]), kind="labelled")
    >>> labels = SurfaceLabelMap(surface, (LabelEntry(4, region, "a region"),))
    >>> labels.vertices_of("a region").tolist(), labels.area_mm2(region)
    ([True, True, False, True], 4.0)
    >>> labels.centroid(4).coordinate
    (2.0, 0.6666666666666666, 0.0)
    """

    surface: Surface
    labels: tuple[LabelEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.surface.labels is None:
            raise LabelMismatch(str(self), "the surface has no labels")
        object.__setattr__(self, "labels", by_label(self.labels or self.surface.entries, str(self)))

    @cached_property
    def index(self) -> LabelIndex:
        """All vertices sorted by label; made on first use."""
        return LabelIndex.of(self._per_vertex.reshape(-1, 1, 1))

    @property
    def space(self) -> IRI:
        """IRI of the reference space, version included."""
        return self.surface.space

    @property
    def _per_vertex(self) -> NDArray[Any]:
        return np.asarray(self.surface.labels)

    def on(self, geometry: Surface) -> SurfaceLabelMap:
        """Give the labels on another mesh of the same vertices; see :meth:`Surface.on`."""
        return SurfaceLabelMap(self.surface.on(geometry), self.labels)

    def vertices_of(self, regions: Iterable[IRI | str | int] | IRI | str | int) -> NDArray[np.bool_]:
        """Tell for each vertex whether it belongs to a region, or to one of several; shape (vertices,).

        Raises
        ------
        LabelMismatch
            If one of them is not in the map, or none is given.
        """
        return self.index.mask(self._asked(regions)).reshape(-1, order="F").view(bool)

    def mask(self, regions: Iterable[IRI | str | int] | IRI | str | int, *, name: str = "") -> Surface:
        """Give the surface with the label 1 at the vertices of some regions, and 0 elsewhere.

        Raises
        ------
        LabelMismatch
            As :meth:`vertices_of`.
        """
        entries = self._named(self._asked(regions))
        names = [e.name or f"label {e.label}" for e in entries]
        told = ", ".join(f"label {e.label}" + (f" ({e.name})" if e.name else "") for e in entries)
        return replace(
            self.surface,
            labels=self.vertices_of(regions).view(np.uint8),
            values=None,
            kind="mask",
            name=name or (", ".join(names) if len(names) <= 3 else f"{len(names)} regions"),
            entries=(),
            provenance=self.surface.provenance.then(f"vertices with {told}"),
        )

    def colorize(self, values: Mapping[Any, float] | pd.Series | pd.DataFrame, background: float = np.nan) -> Surface:
        """Give the surface with a value at each vertex; parameters as of :meth:`LabelMap.colorize`."""
        found = self._painted(values)
        out = np.full(self.surface.size, background, np.float64)
        for label, value in found.items():
            out[self.index.voxels_of(label)] = value
        step = f"values of {len(found)} labels, {background} elsewhere"
        provenance = self.surface.provenance.then(step)
        return replace(self.surface, labels=None, values=out, kind="statistical", entries=(), provenance=provenance)

    @cached_property
    def vertex_areas(self) -> NDArray[np.float64]:
        """The area of each vertex in mm², shape (vertices,).

        Raises
        ------
        BadVolume
            If the labels have no mesh.
        """
        vertices, faces = self._mesh()
        a, b, c = (vertices[faces[:, n]] for n in range(3))
        thirds = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
        areas: NDArray[Any] = np.bincount(faces.ravel(), np.repeat(thirds, 3), minlength=len(vertices))
        return areas

    def area_mm2(self, regions: Iterable[IRI | str | int] | IRI | str | int) -> float:
        """Give the area of a region, or of several together, in mm²."""
        return float(self.vertex_areas[self.vertices_of(regions)].sum())

    def centroid(self, regions: Iterable[IRI | str | int] | IRI | str | int) -> Point:
        """Give the mean position of the vertices of a region, in mm; it mostly lies off the surface."""
        here = self._mesh()[0][self.vertices_of(regions)]
        return Point(tuple(here.mean(axis=0).tolist()), self.space)

    def measure(self) -> Table:
        """Measure all labels at once: vertices, area, mean position and bounding box in mm."""
        vertices, index = self._mesh()[0], self.index
        entries = self._named(index.labels.tolist())
        here = vertices[index.voxels].T
        low, high = index.boxes(here)
        centres = index.sums(here).T / index.counts[:, None]
        areas = index.sums(self.vertex_areas[index.voxels]).tolist()
        numbers_ = np.hstack([centres, low, high]).tolist()
        cells = [
            (e.label, e.region, e.name or None, n, area, *row)
            for e, n, area, row in zip(entries, index.counts.tolist(), areas, numbers_, strict=True)
        ]
        return Table(_MEASURES, tuple(cells))

    @property
    def regions(self) -> Table:
        """What every label means, declared or present, its vertices, and their area in mm² where there is a mesh."""
        if len(self.surface.vertices) == 0:
            rows = self._region_rows([0.0] * len(self.index.labels))
            return Table((*LABEL_COLUMNS, _SIZES[0]), tuple(row[:-1] for row in rows))
        areas = self.index.sums(self.vertex_areas[self.index.voxels]).tolist()
        return Table((*LABEL_COLUMNS, *_SIZES), tuple(self._region_rows(areas)))

    def _mesh(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if len(self.surface.vertices) == 0:
            raise BadVolume(str(self), "has labels and no positions", "put it on a mesh: labels.on(surface)")
        return self.surface.vertices, self.surface.faces

    def __str__(self) -> str:
        what = self.surface.parcellation or self.surface.name or str(self.surface.provenance.map or "surface label map")
        return f"{what} in {self.surface.space_name or contract(self.surface.space)}"

    def __repr__(self) -> str:
        return f"<SurfaceLabelMap {self}, {len(self.labels)} labels, {self.surface.size} vertices>"

    def _repr_html_(self) -> str:
        return surface_to_html(self.surface) + self.regions._repr_html_()


def compress_surfaces(
    maps: Sequence[SurfaceLabelMap], names: Sequence[str], *, renumber: bool | None = None
) -> tuple[SurfaceLabelMap, Table]:
    """Put the labels of several surfaces, such as hemispheres, on one, vertices after vertices.

    Parameters
    ----------
    maps
        In one space.
    names
        Of the surfaces.
    renumber
        As of :func:`siibra_kg.volumes.labels.compress.compress`.

    Returns
    -------
    SurfaceLabelMap
        Of the joined surface.
    Table
        For every label, the number of the map it comes from and its label there.
    """
    new, entries = numbers([(str(m), m.labels, m.index.labels.tolist()) for m in maps], renumber=renumber)
    parts = []
    for label_map, table in zip(maps, new, strict=True):
        old = np.zeros(label_map.surface.size, np.int32)
        for label in label_map.index.labels.tolist():
            old[label_map.index.voxels_of(label)] = table[label]
        parts.append(replace(label_map.surface, labels=old, entries=()))
    rows = sorted((n, at, before) for at, table in enumerate(new) for before, n in table.items())
    return SurfaceLabelMap(joined(parts, names), entries), Table(_MAPPING, tuple(rows))


_MEASURES = (
    Column("label", "integer", "at the vertices"),
    Column("region", "iri", "the region that it stands for"),
    Column("name", "string", "name of the region"),
    Column("vertices", "integer", "how many have the label"),
    Column("area", "decimal", "mm²"),
    *(Column(n, "decimal", "mean position of the vertices, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_min", "decimal", "lower edge of the bounding box, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_max", "decimal", "upper edge of the bounding box, mm") for n in ("x", "y", "z")),
)
_SIZES = (
    Column("vertices", "integer", "how many vertices have the label"),
    Column("area", "decimal", "mm²"),
)
_MAPPING = (
    Column("label", "integer", "in the map that was made"),
    Column("map", "integer", "which of the maps it comes from, counted from 0"),
    Column("old_label", "integer", "in that map"),
)
