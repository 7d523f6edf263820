"""The rows of an assignment, and the data frame that they become."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.volumes.assign.scores import scores

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from siibra_kg.volumes.assign.scores import Scores
    from siibra_kg.volumes.assign.structures import Structures
    from siibra_kg.volumes.assign.target import Overlaps, Regions, Target

__all__ = ["SCORES", "Rows", "frame", "joined", "scored"]

#: The columns of scores, in siibra's order, and the field of each; the map value stands after the second.
SCORES = {
    "correlation": "correlation",
    "intersection over union": "intersection_over_union",
    "map weighted mean": "map_weighted_mean",
    "map containedness": "map_containedness",
    "input weighted mean": "input_weighted_mean",
    "input containedness": "input_containedness",
}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of an assignment.

    Parameters
    ----------
    structure
        Number of the structure or point; -1 for what lies outside of the map.
    centroid
        Shape (n, 3), mm, one per entry of ``places``.
    place
        Row of ``centroid``.
    region
        Row of the region, -1 for none.
    value
        Of a statistical map; NaN for none.
    inside
        Whether it lies in the field of view of the map.
    label
        Of a label map; 0 for none.
    scores
        Shape (6, n), in the order of :data:`SCORES`, or nothing for points.
    extra
        More columns.
    """

    structure: NDArray[np.int64]
    centroid: NDArray[np.float64]
    place: NDArray[np.int64]
    region: NDArray[np.int64]
    value: NDArray[np.float64]
    inside: NDArray[np.bool_]
    label: NDArray[np.int64] | None = None
    scores: NDArray[np.float64] | None = None
    extra: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.structure)


def scored(target: Target, structures: Structures, pairs: Overlaps, inside: NDArray[np.bool_]) -> Rows:
    """Make a row of each pair, and one of each structure that shares no voxel with any region."""
    alone = np.setdiff1d(np.arange(len(structures)), pairs.structure)
    place = np.concatenate([pairs.structure, alone])
    order = np.argsort(place, kind="stable")
    place = place[order]
    missing = np.full(len(alone), np.nan)
    found: Scores = scores(target, structures, pairs)
    numbers = np.stack([np.concatenate([getattr(found, name), missing]) for name in SCORES.values()])
    region = np.concatenate([pairs.region, np.full(len(alone), -1)])[order]
    labels = np.array([0 if v is None else v for v in (*target.regions.labels, None)], np.int64)
    return Rows(
        structure=structures.numbers[place],
        centroid=structures.centroids,
        place=place,
        region=region,
        value=np.concatenate([pairs.highest, missing])[order],
        inside=inside[place],
        label=labels[region],
        scores=numbers[:, order],
    )


def joined(parts: list[Rows]) -> Rows:
    """Put rows together, in the order of their structures."""
    structure = np.concatenate([p.structure for p in parts])
    order = np.argsort(structure, kind="stable")
    shifts = np.cumsum([0, *(len(p.centroid) for p in parts)])
    numbers = [np.full((len(SCORES), len(p)), np.nan) if p.scores is None else p.scores for p in parts]
    return Rows(
        structure=structure[order],
        centroid=np.concatenate([p.centroid for p in parts]),
        place=np.concatenate([p.place + s for p, s in zip(parts, shifts, strict=False)])[order],
        region=np.concatenate([p.region for p in parts])[order],
        value=np.concatenate([p.value for p in parts])[order],
        inside=np.concatenate([p.inside for p in parts])[order],
        label=np.concatenate([np.zeros(len(p), np.int64) if p.label is None else p.label for p in parts])[order],
        scores=np.concatenate(numbers, axis=1)[:, order],
    )


def frame(rows: Rows, regions: Regions, *, labelled: bool) -> pd.DataFrame:
    """Make the data frame; docs/assignment.md says what its columns mean."""
    import pandas as pd  # noqa: PLC0415  pandas takes long to load

    none = rows.region < 0
    # Twice as fast as to zip three lists: no number is made that is not in a tuple.
    tuples = np.fromiter(struct.iter_unpack("=3d", rows.centroid.tobytes()), object, len(rows.centroid))
    numbers = np.full((len(SCORES), len(rows)), np.nan) if rows.scores is None else rows.scores
    columns = {
        "input structure": _integers(rows.structure, rows.structure < 0)
        if (rows.structure < 0).any()
        else rows.structure,
        "centroid": tuples if np.array_equal(rows.place, np.arange(len(tuples))) else tuples[rows.place],
        "volume": _integers(np.array([*regions.volumes, 0])[rows.region], none),
        "fragment": _categories(regions.fragments, rows.region),
        "region": _categories(regions.names, rows.region),
    }
    for name, values in zip(SCORES, numbers, strict=True):
        columns[name] = values
        if name == "intersection over union":
            columns["map value"] = _labels(rows) if labelled else rows.value
    columns |= {"inside": rows.inside, "region iri": _categories(regions.iris, rows.region), **rows.extra}
    table: pd.DataFrame = pd.DataFrame(columns, copy=False)
    return table


def _labels(rows: Rows) -> pd.api.extensions.ExtensionArray:
    labels = np.zeros(len(rows), np.int64) if rows.label is None else rows.label
    return _integers(labels, labels == 0)


def _integers(values: NDArray[np.int64], missing: NDArray[np.bool_]) -> pd.api.extensions.ExtensionArray:
    import pandas as pd  # noqa: PLC0415

    return pd.arrays.IntegerArray(values, missing)


def _categories(names: tuple[str | None, ...], region: NDArray[np.int64]) -> pd.Categorical:
    """Give the name of each row as a category; all names of the map are categories, in its order."""
    import pandas as pd  # noqa: PLC0415

    distinct = {name: n for n, name in enumerate(dict.fromkeys(name for name in names if name is not None))}
    codes = np.array([-1 if name is None else distinct[name] for name in (*names, None)], np.int32)
    return pd.Categorical.from_codes(codes[region], categories=pd.Index(list(distinct), dtype=object))
