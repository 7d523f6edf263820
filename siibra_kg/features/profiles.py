"""Profiles by cortical depth: densities from the pial surface, at 0, to the white matter, at 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.features.base import Measured
from siibra_kg.features.frames import described, finished, notes_of, only_file, sources_of, warned
from siibra_kg.features.receptors import find_receptor, receptors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.features.plots import Picture
    from siibra_kg.features.receptors import Receptor

__all__ = ["LAYERS", "CorticalProfile", "ReceptorDensityProfile", "depth_index", "merge_profiles"]

#: Names of the layers by number: above the pial surface, the six layers, white matter.
LAYERS = ("0", "I", "II", "III", "IV", "V", "VI", "WM")
# Depths that differ by less are the same; profiles in per cent that end before this are none.
_SAME, _SHALLOW = 1e-9, 0.01


@dataclass(frozen=True, slots=True, repr=False)
class CorticalProfile(Measured):
    """Measurements along the depth of the cortex: siibra's ``CorticalProfile``.

    ``data`` has one column, and an index ``depth`` that increases from 0, the pial surface, to 1, the border between
    layer VI and the white matter.
    """

    @property
    def data(self) -> pd.DataFrame:
        """The profile: the index is depth, from 0 to 1; one column of float64, ``NaN`` where nothing was measured."""
        return warned(self.read(), self.name)

    @property
    def unit(self) -> str:
        """The unit of the values, as the source writes it; empty if nothing states it."""
        return str(self.read().attrs["unit"])

    @property
    def boundary_positions(self) -> dict[tuple[int, int], float]:
        """Depth of each border between two layers, ``{(0, 1): 0.0, (1, 2): 0.09, ...}``; empty where unknown."""
        return {}

    def assign_layer(self, depth: float) -> int | None:
        """Say in which layer a depth lies.

        Parameters
        ----------
        depth
            From 0 to 1.

        Returns
        -------
        int or None
            1 to 6; a border belongs to the layer above it, the pial surface to layer 1. ``None`` where the source
            knows no layers. :data:`LAYERS` has their names.

        Raises
        ------
        ValueError
            If the depth is not from 0 to 1.
        """
        if not 0 <= depth <= 1:
            raise ValueError(f"a cortical depth is from 0 (pial surface) to 1 (white matter), not {depth!r}")
        positions = self.boundary_positions
        above = [below for (_, below), at in positions.items() if at < depth and below < len(LAYERS) - 1]
        return max(above, default=1) if positions else None

    def compare(self, *others: CorticalProfile) -> pd.DataFrame:
        """Set profiles side by side: the mean and standard deviation that :func:`merge_profiles` gives, and each.

        Returns
        -------
        pandas.DataFrame
            Columns ``mean``, ``std``, then one with the name of each profile; the index is depth.
        """
        import pandas as pd  # noqa: PLC0415  takes 300 ms

        profiles = (self, *others)
        merged = _merged(profiles, None, 0)
        # Two versions of a dataset have profiles of the same name.
        names = [p.name for p in profiles]
        told = [f"{p.name} ({p.id})" if p.name in names[:n] else p.name for n, p in enumerate(profiles)]
        each: pd.DataFrame = pd.concat([p.read().iloc[:, 0] for p in profiles], axis=1, keys=told)
        joined = merged[["mean", "std"]].join(each.set_axis(merged.index))
        notes = notes_of(merged)
        return finished(joined, self.name, unit=merged.attrs["unit"], sources=sources_of(merged), notes=notes)

    def plot(self, out: str | Path | None = None, *, title: str = "", dpi: int = 160) -> Picture:
        """Draw the profile over depth, with the layers where they are known.

        Parameters
        ----------
        out
            A PNG file to write.
        title
            In the place of the name of the feature.
        dpi
            Pixels per inch.
        """
        from siibra_kg.features.plots import plot_profile  # noqa: PLC0415  loads matplotlib

        borders = self.boundary_positions
        layers = {LAYERS[n]: (borders[n - 1, n], borders[n, n + 1]) for n in range(1, 7)} if borders else None
        frame = self.read()
        return plot_profile(frame, out, layers=layers, title=title or self.name, unit=str(frame.attrs["unit"]), dpi=dpi)

    def read(self) -> pd.DataFrame:
        """As :attr:`data`, without warnings."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, repr=False)
class ReceptorDensityProfile(CorticalProfile):
    """Density of one receptor along the depth of the cortex, in one sample: siibra's class of the same name.

    :attr:`receptor` has the symbol.
    """

    @property
    def entity(self) -> Receptor | None:
        """What the graph knows of the receptor; ``None`` for a symbol that it lacks."""
        return find_receptor(receptors(self._reader().ask), self.receptor)

    @property
    def receptor_fullname(self) -> str:
        """The name of the receptor, ``"5-hydroxytryptamine receptor 1A"``; empty for an unknown symbol."""
        return self.entity.name if self.entity else ""

    @property
    def neurotransmitter(self) -> str:
        """What binds to the receptor, ``"5-HT (serotonin)"``; empty for an unknown symbol."""
        return self.entity.bound if self.entity else ""

    def read(self) -> pd.DataFrame:
        """As :attr:`data`, without warnings."""
        file = only_file(self)
        table = self._reader().frame(self, file, quiet=True)
        frame, notes = table[["value"]].set_axis(["density"], axis=1), notes_of(table)
        if not self.entity:
            notes.append(f"the graph knows no receptor {self.receptor!r}")
        frame.index = depth_index(table["depth"], table.attrs["unit"], file.url)
        units = list(dict.fromkeys(unit or "" for unit in table["unit"]))
        if len(units) > 1:
            raise BadTable(file.url, f"rows have different units: {', '.join(map(repr, units))}")
        return described(frame, unit=units[0], sources=sources_of(table), notes=notes)


def merge_profiles(
    profiles: Iterable[CorticalProfile | pd.DataFrame], *, depths: Sequence[float] | None = None, ddof: int = 0
) -> pd.DataFrame:
    """Average profiles: mean and standard deviation at each depth.

    Parameters
    ----------
    profiles
        Features, or frames as their ``data`` gives them; in the same unit.
    depths
        Depths from 0 to 1 to interpolate all profiles at, linearly. Without them the profiles need the same depths;
        nothing is interpolated unless asked for.
    ddof
        The standard deviation divides by the number of profiles minus this: 0 as in siibra, 1 for that of a sample.

    Returns
    -------
    pandas.DataFrame
        ``mean``, ``std`` and ``count`` (how many profiles have a value there), float64 and int64; the index is depth.

    Raises
    ------
    BadTable
        If there are none, or their depths or units differ.

    Examples
    --------
    >>> import pandas as pd
    >>> one, two = (pd.DataFrame({"density": values}, index=[0.0, 1.0]) for values in ([1.0, 2.0], [3.0, 6.0]))
    >>> print(merge_profiles([one, two]))
           mean  std  count
    depth
    0.0     2.0  1.0      2
    1.0     4.0  2.0      2
    """
    return warned(_merged(profiles, depths, ddof), "merged profiles")


def _merged(
    profiles: Iterable[CorticalProfile | pd.DataFrame], depths: Sequence[float] | None, ddof: int
) -> pd.DataFrame:
    import numpy as np  # noqa: PLC0415  takes 100 ms
    import pandas as pd  # noqa: PLC0415  takes 300 ms

    frames = [p if isinstance(p, pd.DataFrame) else p.read() for p in profiles]
    if not frames:
        raise BadTable("profiles", "there are none to merge")
    units = list(dict.fromkeys(str(frame.attrs.get("unit", "")) for frame in frames))
    if len(units) > 1:
        raise BadTable("profiles", f"their units differ: {', '.join(map(repr, units))}", "nothing is converted")
    at = np.asarray(frames[0].index if depths is None else depths, dtype=np.float64)
    values = [_values_at(frame, at, interpolate=depths is not None) for frame in frames]
    stacked = np.stack(values)
    there = np.isfinite(stacked)
    count = there.sum(axis=0)
    # Sums and not nanmean: a depth where no profile has a value is NaN without numpy's warning of an empty slice.
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, stacked, 0).sum(axis=0) / np.where(count, count, np.nan)
        squares = (np.where(there, stacked - mean, 0) ** 2).sum(axis=0)
        std = np.sqrt(squares / np.where(count > ddof, count - ddof, np.nan))
    merged = pd.DataFrame({"mean": mean, "std": std, "count": count}, index=pd.Index(at, name="depth"))
    return described(merged, unit=units[0], sources=sources_of(*frames), notes=notes_of(*frames))


def depth_index(depths: pd.Series[float], unit: object, source: str) -> pd.Index[float]:
    """Make an index of cortical depths, from 0 to 1, of a column of a file.

    Parameters
    ----------
    depths
        The column.
    unit
        What the format says of units: ``"%"`` for ``"depth"``, or nothing for parts of 1.
    source
        The file, for errors.

    Raises
    ------
    BadTable
        If they do not increase, or are not from 0 to 1, or from 0 to 100 per cent.
    """
    import pandas as pd  # noqa: PLC0415  takes 300 ms

    percent = isinstance(unit, dict) and unit.get("depth") == "%"
    said = depths.to_numpy()
    parts = said / 100 if percent else said
    if not ((parts >= 0) & (parts <= 1)).all():
        raise BadTable(source, f"cortical depths are from 0 to {'100 %' if percent else '1'}, and one is not")
    if not (parts[1:] > parts[:-1]).all():
        raise BadTable(source, "cortical depths do not increase", "the file may hold several profiles")
    if percent and parts.size > 1 and parts[-1] <= _SHALLOW:
        raise BadTable(source, f"its depths end at {said[-1]:g} %", "they may be parts of 1, and not per cent")
    return pd.Index(parts, name="depth")


def _values_at(frame: pd.DataFrame, depths: NDArray[np.float64], *, interpolate: bool) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415  takes 100 ms

    own, values = frame.index.to_numpy(dtype=np.float64), frame.iloc[:, 0].to_numpy(dtype=np.float64)
    if interpolate:
        # Nothing is made up beyond the ends, nor next to a value that is missing.
        between: NDArray[np.float64] = np.interp(depths, own, values, left=np.nan, right=np.nan)
        return between
    if own.shape != depths.shape or not np.allclose(own, depths, rtol=0, atol=_SAME):
        hint = "give depths=, for instance numpy.linspace(0, 1, 101), to interpolate"
        raise BadTable("profiles", "their depths differ", hint)
    return values
