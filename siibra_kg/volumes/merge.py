"""Parts of a volume that lie in files of their own, put together: on one grid, or on the grid that holds all.

Voxels are copied, never computed: where the grids of two parts do not differ by whole voxels they are not merged.
siibra 1.0.1 interpolates labels there, and so invents some (45,538 of 211,203 voxels of Harvard-Oxford on another grid
of 2 mm).
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch, VolumeWarning
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.files.whole import whole_numbers
from siibra_kg.volumes.place import moved, shift_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.volumes.volume import Volume

__all__ = ["check_meanings", "merged"]


def merged(parts: Sequence[Volume], names: Sequence[str], max_bytes: int) -> Volume:
    """Give the union of parts of one volume.

    Parameters
    ----------
    parts
        In the same space; their grids differ by whole voxels, or not at all.
    names
        Of the parts.
    max_bytes
        Refuse an array that would be larger.

    Raises
    ------
    BadVolume
        If the grids do not fit, or the union would be too large.
    SpaceMismatch
        If the parts are in different spaces.

    Warns
    -----
    VolumeWarning
        If two parts have different values in a voxel; how many, and whose are kept: the first's.
    """
    first = parts[0]
    shifts = [_shift(first, part, names[0], name) for part, name in zip(parts, names, strict=True)]
    arrays = [whole_numbers(p.array, p.name) if p.kind == "labelled" else p.array for p in parts]
    low = np.min(shifts, axis=0)
    high = np.max([shift + part.shape for shift, part in zip(shifts, parts, strict=True)], axis=0)
    dtype = np.result_type(*arrays)
    need = prod((high - low).tolist()) * dtype.itemsize
    if need > max_bytes:
        raise BadVolume(first.name, f"its parts together take {need:,} bytes, more than the {max_bytes:,} allowed")
    out = np.zeros(tuple((high - low).tolist()), dtype, order="F")
    both = 0
    for array, shift in zip(arrays, shifts, strict=True):
        both += _put(out, array, (shift - low).tolist())
    if both:
        share = 100 * both / max(1, int(np.count_nonzero(out)))
        told = f"{both} voxels ({share:.2g} %) have different values in {' and '.join(names)}; those of {names[0]} stay"
        warnings.warn(f"{first.name}: {told}", VolumeWarning, stacklevel=3)
    sources = "; ".join(
        f"{name}: {part.provenance.url} sha256 {part.provenance.sha256}"
        + "".join(f", {step}" for step in part.provenance.derivation)
        for part, name in zip(parts, names, strict=True)
    )
    step = f"union of {len(parts)} files, {both} voxels in more than one: {sources}"
    return replace(
        first,
        array=out,
        affine=moved(first.affine, low),
        provenance=replace(first.provenance, url="", sha256="", derivation=(step,)),
    )


def _shift(first: Volume, part: Volume, first_name: str, name: str) -> NDArray[np.int64]:
    require_same_space(first, part)
    shift = shift_between(first.affine, part.affine)
    if shift is None:
        reason = f"the grids of its parts {first_name!r} and {name!r} do not differ by whole voxels"
        raise BadVolume(first.name, reason, "values are never interpolated to put parts together; fetch one fragment")
    return shift


def _put(out: NDArray[Any], array: NDArray[Any], start: Sequence[int]) -> int:
    """Put an array where nothing is yet; count voxels where something else is."""
    place = out[tuple(slice(a, a + n) for a, n in zip(start, array.shape, strict=True))]
    free = place == 0
    both = int(np.count_nonzero(~free & (array != 0) & (array != place)))
    np.copyto(place, array, where=free, casting="unsafe")  # the type of the union holds the values of all parts
    return both


def check_meanings(
    what: str,
    declared: Iterable[Iterable[LabelEntry]],
    present: Iterable[Iterable[int]] = (),
) -> None:
    """Refuse parts in which one label stands for two things: merged, nobody could tell them apart.

    The hemispheres of Julich-Brain use the same labels for the left and the right half of an area.

    Parameters
    ----------
    what
        The volume, for messages.
    declared
        What the labels of each part mean, as far as it is known.
    present
        The labels of each part, for parts of which nothing is declared.

    Raises
    ------
    LabelMismatch
        Names the labels.
    """
    hint = "merged, the parts could not be told apart; ask for one fragment, or for the map"
    meanings: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for entries in declared:
        for entry in entries:
            meanings[entry.label].add((str(entry.region or ""), "" if entry.region else entry.name))
    two = sorted(label for label, found in meanings.items() if len(found) > 1 and label != 0)
    if two:
        raise LabelMismatch(what, f"the same labels stand for different regions in two fragments ({hint})", two)
    counted: dict[int, int] = defaultdict(int)
    for labels in present:
        for label in labels:
            counted[int(label)] += 1
    unknown = sorted(label for label, n in counted.items() if n > 1 and label and label not in meanings)
    if unknown:
        raise LabelMismatch(what, f"two fragments have the same labels, and nothing says of what ({hint})", unknown)
