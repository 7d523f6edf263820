"""One measurement in several regions, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import BadTable
from siibra_kg.features.frames import finished, notes_of, sources_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siibra_kg.features.base import Measured

__all__ = ["across"]

#: Columns that a frame of one value per row may have; the first there is is taken.
_VALUES = ("mean", "value", "density")


def across(features: Mapping[str, Measured], value: str = "") -> pd.DataFrame:
    """Set one value of several features side by side: densities of receptors in areas, profiles of areas over depth.

    Parameters
    ----------
    features
        Name of a column -> feature. They are of one modality, and in one unit.
    value
        The column to take of each; else ``"mean"``, ``"value"`` or ``"density"``, or the only one.

    Returns
    -------
    pandas.DataFrame
        The rows of all of them, first those of the first; ``NaN`` where one has no such row. ``attrs`` has the unit,
        all sources, and as notes what is missing where.

    Raises
    ------
    BadTable
        If there are none, modalities or units differ, a row is there twice, or it is not clear which column to take.
    """
    import pandas as pd  # noqa: PLC0415  takes 300 ms

    if not features:
        raise BadTable("the comparison", "there is no feature to compare")
    kinds = sorted({feature.modality for feature in features.values()})
    if len(kinds) > 1:
        raise BadTable("the comparison", f"the features are of several modalities: {', '.join(kinds)}")
    frames = {name: feature.data for name, feature in features.items()}
    columns = {name: _column(name, frame, value) for name, frame in frames.items()}
    units = {name: _unit(frame, columns[name].name) for name, frame in frames.items()}
    if len(set(units.values())) > 1:
        said = ", ".join(f"{name}: {unit or 'none'}" for name, unit in units.items())
        raise BadTable("the comparison", f"units differ ({said})", "convert them first")
    rows = dict.fromkeys(row for column in columns.values() for row in column.index)
    index = pd.Index(list(rows), name=next(iter(frames.values())).index.name, tupleize_cols=False)
    table = pd.DataFrame({name: column.reindex(index) for name, column in columns.items()}, index=index)
    lacking = {name: index.difference(column.index, sort=False) for name, column in columns.items()}
    notes = [
        f"{name} has no {', '.join(str(getattr(row, 'name', row)) for row in rows)}"
        for name, rows in lacking.items()
        if len(rows)
    ]
    unit = next(iter(units.values()))
    told = [*notes_of(*frames.values()), *notes]
    return finished(table, "the comparison", unit=unit, sources=sources_of(*frames.values()), notes=told)


def _column(name: str, frame: Any, value: str) -> pd.Series:  # noqa: ANN401  images have no columns
    if not hasattr(frame, "columns"):
        raise BadTable(name, "its data is no table")
    there = list(map(str, frame.columns))
    found = value or next((one for one in _VALUES if one in there), there[0] if len(there) == 1 else "")
    if found not in there:
        raise BadTable(name, f"it has no column {found!r}" if found else "it has several columns", f"one of: {there}")
    if not frame.index.is_unique:
        raise BadTable(name, "some of its rows have the same name", "compare tables with one row for each name")
    column: pd.Series = frame[found]
    return column


def _unit(frame: pd.DataFrame, column: Any) -> str:  # noqa: ANN401  names of columns are of any type
    unit = frame.attrs.get("unit", "")
    return unit if isinstance(unit, str) else str(unit.get(column, "") or sorted(set(unit.values())))
