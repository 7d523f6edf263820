"""Profiles of BigBrain as a feature: of all vertices of a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siibra_kg.errors import DataMissing
from siibra_kg.features.frames import described
from siibra_kg.features.profiles import LAYERS
from siibra_kg.live.bigbrain.layers import LAYER_NAMES, LayerwiseBigBrainIntensities, by_layer
from siibra_kg.live.bigbrain.one import BIGBRAIN, UNIT, BigBrainIntensityProfile, OfVertices, depths_of
from siibra_kg.locations import Point, PointCloud
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.features.plots import Picture
    from siibra_kg.live.bigbrain.cortex import Cortex

__all__ = ["BigBrainIntensityProfiles"]

#: Licence of the files of the left hemisphere; nothing is stated for the others.
LICENSE = "https://spdx.org/licenses/MIT"


@dataclass(frozen=True, slots=True, repr=False)
class BigBrainIntensityProfiles(OfVertices):
    """Staining intensities along the depth of the cortex at all vertices of a place; a sequence of single profiles.

    ``profiles[0]`` and ``for profile in profiles`` give :class:`BigBrainIntensityProfile`; siibra's compound feature
    has the same mean and standard deviation.

    Parameters
    ----------
    hemispheres
        Of each vertex, ``"left"`` or ``"right"``.
    """

    hemispheres: tuple[str, ...] = field(default=(), compare=False)
    _vertices: Any = field(default=None, compare=False)
    _places: Any = field(default=None, compare=False)
    _values: Any = field(default=None, compare=False)
    _borders: Any = field(default=None, compare=False)

    @classmethod
    def of(
        cls,
        cortex: Cortex,
        found: Sequence[tuple[str, NDArray[np.intp], NDArray[np.float64]]],
        *,
        iri: IRI,
        anchor: str = "",
        region: IRI | None = None,
        notes: Sequence[str] = (),
    ) -> BigBrainIntensityProfiles:
        """Put the vertices of the hemispheres together."""
        sides, rows = [side for side, _, _ in found], [rows for _, rows, _ in found]
        halves = [cortex.half(side) for side in sides]
        missing = [np.full((len(r), len(LAYERS) - 1), np.nan) for r in rows]
        borders = [m if h.borders is None else h.borders[r] for h, r, m in zip(halves, rows, missing, strict=True)]
        files = [{"url": f.url, "member": "", "sha256": f.sha256} for half in halves for f in half.files]
        return cls(
            iri=iri,
            name=f"BigBrain intensity profiles in {anchor or 'the whole cortex'}",
            modality="BigBrainIntensityProfile",
            category="cellular",
            species="Homo sapiens",
            anchor=anchor,
            size=sum(map(len, rows)),
            space=BIGBRAIN,
            region=region,
            license=LICENSE if sides == ["left"] else "",
            notes=tuple(notes),
            sources=tuple(files),
            hemispheres=tuple(side for side, r in zip(sides, rows, strict=True) for _ in r),
            _vertices=np.concatenate(rows) if rows else np.empty(0, np.intp),
            _places=np.concatenate(
                [cortex.points(s)[r] for s, r in zip(sides, rows, strict=True)] or [np.empty((0, 3))]
            ),
            _values=_joined([values for _, _, values in found]),
            _borders=np.concatenate(borders or [np.empty((0, len(LAYERS) - 1))]),
        )

    @property
    def data(self) -> pd.DataFrame:
        """Mean and standard deviation over the vertices.

        Returns
        -------
        pandas.DataFrame
            ``mean``, ``std`` (of all, not of a sample, as in siibra) and ``count``, the number of vertices; the index
            ``depth`` is from 0, the pial surface, towards 1, the white matter.
        """
        return described(self._mean(), unit=UNIT, sources=self.sources, notes=self.notes)

    def _mean(self) -> pd.DataFrame:
        values = self._values
        there = len(values) > 0
        nothing = np.full(values.shape[1], np.nan)
        columns = {
            "mean": values.mean(axis=0) if there else nothing,
            "std": values.std(axis=0) if there else nothing,
            "count": len(values),
        }
        frame: pd.DataFrame = pd.DataFrame(columns, index=depths_of(values.shape[1]))
        return frame

    @property
    def values(self) -> pd.DataFrame:
        """All intensities: a row for each depth, a column for each vertex, named by hemisphere and number."""
        columns = pd.MultiIndex.from_arrays([self.hemispheres, self._vertices], names=["hemisphere", "vertex"])
        frame: pd.DataFrame = pd.DataFrame(self._values.T, depths_of(self._values.shape[1]), columns)
        return described(frame, unit=UNIT, sources=self.sources, notes=self.notes)

    @property
    def boundaries(self) -> pd.DataFrame:
        """Depths of the borders of layers: a row for each vertex, ``"0/I"`` to ``"VI/WM"``; ``NaN`` if unknown."""
        index = pd.MultiIndex.from_arrays([self.hemispheres, self._vertices], names=["hemisphere", "vertex"])
        names = [f"{above}/{below}" for above, below in pairwise(LAYERS)]
        frame: pd.DataFrame = pd.DataFrame(self._borders, index, names)
        return frame

    @property
    def unit(self) -> str:
        """Of the intensities."""
        return UNIT

    @property
    def points(self) -> PointCloud | None:
        """The vertices in BigBrain, labelled with hemisphere and number; ``None`` where there are none."""
        labels = list(zip(self.hemispheres, self._vertices.tolist(), strict=True))
        return PointCloud(self._places, str(BIGBRAIN), 0.0, labels) if labels else None

    @property
    def layerwise(self) -> LayerwiseBigBrainIntensities:
        """The same intensities by layer, of the vertices whose layers are known.

        Raises
        ------
        DataMissing
            If the layers of none are known.
        """
        known = np.isfinite(self._borders).all(axis=1)
        if not known.any():
            hint = "thicknesses of layers are published for the left hemisphere only"
            raise DataMissing(f"the layers in {self.name}", "no vertex there has known layers", hint)
        notes = list(self.notes)
        if left_out := int(np.count_nonzero(~known)):
            notes.append(f"the layers of {left_out:,} of {len(known):,} vertices are not known; these are left out")
        return LayerwiseBigBrainIntensities(
            iri=IRI(f"{self.iri}-layers"),
            name=self.name.replace("intensity profiles", "layerwise intensities"),
            modality="LayerwiseBigBrainIntensities",
            category=self.category,
            species=self.species,
            anchor=self.anchor,
            space=BIGBRAIN,
            region=self.region,
            license=self.license,
            notes=tuple(notes),
            sources=self.sources,
            _table=by_layer(self._values[known], self._borders[known]),
        )

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, number: int) -> BigBrainIntensityProfile:
        at = range(len(self))[number]  # which knows negative numbers, and refuses those that are too large
        side, vertex = self.hemispheres[at], int(self._vertices[at])
        borders = self._borders[at]
        return BigBrainIntensityProfile(
            iri=IRI(f"{str(self.iri).rpartition('/')[0]}/bigbrain-profile-{side}-{vertex}"),
            name=f"BigBrain intensity profile at vertex {vertex}, {side} hemisphere",
            modality="BigBrainIntensityProfile",
            category=self.category,
            species=self.species,
            anchor=self.anchor,
            space=BIGBRAIN,
            hemisphere=side,
            vertex=vertex,
            location=Point(tuple(self._places[at].tolist()), str(BIGBRAIN)),
            license=self.license,
            sources=self.sources,
            _values=self._values[at],
            _borders=borders if np.isfinite(borders).all() else None,
        )

    def __iter__(self) -> Iterator[BigBrainIntensityProfile]:
        return (self[number] for number in range(len(self)))

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw the mean with its standard deviation over depth, and the layers where they are known, on average."""
        from siibra_kg.features.plots import plot_profile  # noqa: PLC0415  loads matplotlib

        frame, known = self._mean(), np.isfinite(self._borders).all(axis=1)
        at = self._borders[known].mean(axis=0) if known.any() else ()
        layers = {name: (float(at[n]), float(at[n + 1])) for n, name in enumerate(LAYER_NAMES)} if len(at) else None
        spread = frame[["std"]].set_axis(["mean"], axis=1)
        below = f"{len(self):,} vertices"
        return plot_profile(
            frame[["mean"]],
            out,
            spread=spread,
            layers=layers,
            title=title or self.name,
            below=below,
            unit=UNIT,
            dpi=dpi,
        )

    def _facts(self) -> dict[str, object]:
        sides = {side: self.hemispheres.count(side) for side in dict.fromkeys(self.hemispheres)}
        vertices = ", ".join(f"{count:,} {side}" for side, count in sides.items()) or "none"
        return {**super(BigBrainIntensityProfiles, self)._facts(), "vertices": vertices}


def _joined(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    if not values:
        return np.empty((0, 200))
    widths = sorted({part.shape[1] for part in values})
    if len(widths) > 1:
        hint = "ask for one hemisphere at a time"
        raise DataMissing("one profile of both hemispheres", f"they have {widths} intensities per vertex", hint)
    return np.concatenate(values)
