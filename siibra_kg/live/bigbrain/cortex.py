"""The profiles of both hemispheres on this machine: files are fetched when something of them is needed, once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import BadTable
from siibra_kg.errors import TermError
from siibra_kg.live.bigbrain.hemispheres import SOURCES, boundaries, read_points, read_profiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.live.bigbrain.hemispheres import Source
    from siibra_kg.web.cache import CachedFile

__all__ = ["Cortex", "Half"]


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """What is known of the vertices of one hemisphere.

    Parameters
    ----------
    profiles
        Intensities, shape (n, depths).
    borders
        Depths of the borders of layers, shape (n, 7); ``None`` where no thicknesses are published.
    valid
        Which vertices have a cortex, shape (n,); ``None`` where that is not known.
    notes, files
        What could not be read; what was.
    """

    profiles: NDArray[Any]
    borders: NDArray[np.float64] | None
    valid: NDArray[np.bool_] | None
    notes: tuple[str, ...]
    files: tuple[CachedFile, ...]


class Cortex:
    """Vertices and profiles of BigBrain; for any number of threads.

    Parameters
    ----------
    settings
        Cache, mirror, and whether the network may be used.
    sources
        Hemisphere -> where its files are.
    """

    def __init__(self, settings: Settings, sources: Mapping[str, Source] = SOURCES) -> None:
        self.settings = settings
        self.sources = sources
        self._points: dict[str, tuple[NDArray[np.float64], CachedFile]] = {}
        self._halves: dict[str, Half] = {}
        self._lock = threading.RLock()

    def source(self, hemisphere: str) -> Source:
        """Give the addresses of a hemisphere.

        Raises
        ------
        TermError
            If there is none of that name.
        """
        if hemisphere not in self.sources:
            raise TermError(hemisphere, " or ".join(map(repr, self.sources)))
        return self.sources[hemisphere]

    def points(self, hemisphere: str) -> NDArray[np.float64]:
        """Give the vertices of a hemisphere, shape (n, 3), mm in BigBrain.

        Raises
        ------
        BadTable, ServiceError, NetworkDisabled
            As :func:`~siibra_kg.live.bigbrain.hemispheres.read_points`.
        """
        source = self.source(hemisphere)
        with self._lock:
            if hemisphere not in self._points:
                self._points[hemisphere] = read_points(self.settings, source.vertices)
            return self._points[hemisphere][0]

    def half(self, hemisphere: str) -> Half:
        """Give profiles and layers of a hemisphere.

        Raises
        ------
        BadTable, ServiceError, NetworkDisabled
            As :func:`~siibra_kg.live.bigbrain.hemispheres.read_profiles`.
        """
        source, count = self.source(hemisphere), len(self.points(hemisphere))
        with self._lock:
            if hemisphere not in self._halves:
                self._halves[hemisphere] = self._read(hemisphere, source, count)
            return self._halves[hemisphere]

    def _read(self, hemisphere: str, source: Source, count: int) -> Half:
        files = [self._points[hemisphere][1]]
        borders, valid = None, None
        notes: list[str] = []
        if source.thicknesses:
            borders, valid, notes, file = boundaries(self.settings, source.thicknesses, count)
            files.append(file)
        else:
            notes.append(f"no thicknesses of layers are published for the {hemisphere} hemisphere: no layers there")
        profiles, file = read_profiles(self.settings, source.profiles, count)
        files.append(file)
        return Half(profiles, borders, valid, tuple(notes), tuple(files))

    def chosen(
        self, hemisphere: str, rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], list[str]]:
        """Give those of some vertices that have a profile, their profiles, and notes.

        A vertex has one if its cortex has a thickness, or, where that is not known, if its intensities differ.

        Raises
        ------
        BadTable
            If an intensity is no finite number.
        """
        half = self.half(hemisphere)
        notes = list(half.notes)
        if half.valid is not None:
            rows = rows[half.valid[rows]]
            values = np.asarray(half.profiles[rows], np.float64)
        else:
            values = np.asarray(half.profiles[rows], np.float64)
            flat = (values == values[:, :1]).all(axis=1)
            rows, values = rows[~flat], values[~flat]
        if not np.isfinite(values).all():
            raise BadTable(self.sources[hemisphere].profiles, "an intensity is no finite number")
        return rows, values, notes
