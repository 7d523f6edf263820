"""Several label volumes as one: every label a number of its own, and a table that leads back."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch, VolumeWarning
from siibra_kg.locations.same import require_same_space
from siibra_kg.model import LabelEntry
from siibra_kg.table import Column, Table
from siibra_kg.volumes.labels.map import LabelMap
from siibra_kg.volumes.options import MAX_BYTES
from siibra_kg.volumes.place import moved, shift_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Compressed", "compress", "numbers"]


@dataclass(frozen=True, slots=True)
class Compressed:
    """A label map that was made of several.

    Parameters
    ----------
    map
        The label map.
    mapping
        For every label: the number of the map it comes from (0 for the first) and its label there.
    overlaps
        Pairs of labels that share voxels. The label of the first map has them; the other lost them.
    """

    map: LabelMap
    mapping: Table
    overlaps: Table


def compress(
    maps: Sequence[LabelMap], *, renumber: bool | None = None, name: str = "", max_bytes: int = MAX_BYTES
) -> Compressed:
    """Put label maps together: hemispheres in files of their own, volumes of one map.

    Parameters
    ----------
    maps
        In the same space; their grids differ by whole voxels, or not at all. Labels are copied, never computed.
    renumber
        Number the labels from 1, in the order of the maps and, in each, of its labels. Unless told, this is done only
        where a label means two things; a label that means the same in all maps keeps its number.
    name
        Of the volume; else that of the first.
    max_bytes
        Refuse to make a larger array.

    Returns
    -------
    Compressed
        The map, the way back, and what overlapped.

    Raises
    ------
    LabelMismatch
        If there are no maps; or if labels were to keep their numbers and one means two things.
    BadVolume
        If the grids do not fit, or together would be too large.
    SpaceMismatch
        If the maps are in different spaces.

    Warns
    -----
    VolumeWarning
        If two maps have labels in one voxel: how many voxels. Those of the first stay.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> space = IRI("https://example.org/space")
    >>> def half(x, name):
    ...     block = np.zeros((4, 2, 2), np.uint8)
    ...     block[x] = 5
    ...     volume = Volume(block, np.eye(4), space, kind="labelled")
    ...     return LabelMap(volume, (LabelEntry(5, IRI(f"https://example.org/{name}"), name),))
    >>> both = compress([half(0, "left"), half(3, "right")])
    >>> [(e.label, e.name) for e in both.map.labels], both.mapping.cells
    ([(1, 'left'), (2, 'right')], ((1, 0, 5), (2, 1, 5)))
    """
    if not maps:
        raise LabelMismatch("label map", "nothing to put together")
    first = maps[0]
    for other in maps[1:]:
        require_same_space(first.volume, other.volume)
    new, entries = numbers([(str(m), m.labels, m.index.labels.tolist()) for m in maps], renumber=renumber)
    shifts = [_shift(first, m) for m in maps]
    low = np.min(shifts, axis=0)
    shape = np.max([s + m.volume.shape for s, m in zip(shifts, maps, strict=True)], axis=0) - low
    lowest, highest = min((0, *(e.label for e in entries))), max((1, *(e.label for e in entries)))
    dtype = np.result_type(np.min_scalar_type(highest), np.min_scalar_type(lowest))
    need = prod(shape.tolist()) * dtype.itemsize
    if need > max_bytes:
        raise BadVolume(str(first), f"the maps together take {need:,} bytes, more than the {max_bytes:,} allowed")
    out = np.zeros(tuple(shape.tolist()), dtype, order="F")
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for label_map, shift, table in zip(maps, shifts, new, strict=True):
        _put(out, label_map, (shift - low).tolist(), table, shared)
    both = sum(shared.values())
    if both:
        told = f"{both} voxels have labels in two of the maps that are put together; those of the first stay"
        warnings.warn(f"{first}: {told}", VolumeWarning, stacklevel=2)
    volume = replace(
        first.volume,
        array=out,
        affine=moved(first.volume.affine, low),
        name=name or first.volume.name,
        provenance=replace(
            first.volume.provenance,
            url="" if len(maps) > 1 else first.volume.provenance.url,
            sha256="" if len(maps) > 1 else first.volume.provenance.sha256,
            derivation=(_step(maps, both),),
        ),
    )
    rows = sorted((n, at, old) for at, table in enumerate(new) for old, n in table.items())
    lost = tuple((*pair, count) for pair, count in sorted(shared.items()))
    return Compressed(LabelMap(volume, entries), Table(_MAPPING, tuple(rows)), Table(_OVERLAPS, lost))


def numbers(
    maps: Sequence[tuple[str, Sequence[LabelEntry], Sequence[int]]], *, renumber: bool | None = None
) -> tuple[list[dict[int, int]], tuple[LabelEntry, ...]]:
    """Give each label of several maps a number.

    Parameters
    ----------
    maps
        For each its name, its entries and the labels that it has.
    renumber
        As of :func:`compress`.

    Returns
    -------
    list of dict
        For each map, its labels and their new numbers.
    tuple of LabelEntry
        What the new numbers mean.
    """
    known = [{e.label: e for e in entries} for _, entries, _ in maps]
    labels = [sorted({*table, *present}) for table, (_, _, present) in zip(known, maps, strict=True)]
    meanings: dict[int, set[object]] = defaultdict(set)
    for at, (table, found) in enumerate(zip(known, labels, strict=True)):
        for label in found:
            entry = table.get(label, LabelEntry(label))
            # A label that nothing is known of is something else in each map.
            meanings[label].add(entry.region or entry.name or at)
    twice = sorted(label for label, found in meanings.items() if len(found) > 1)
    if twice and renumber is False:
        raise LabelMismatch(maps[0][0], "the same labels mean different things in the maps", twice)
    new: list[dict[int, int]] = []
    count = 0
    for found in labels:
        new.append({v: count + n for n, v in enumerate(found, 1)} if renumber or twice else {v: v for v in found})
        count += len(found)
    entries = {
        n: replace(table.get(v, LabelEntry(v)), label=n)
        for table, given in zip(known, new, strict=True)
        for v, n in given.items()
    }
    return new, tuple(entries[n] for n in sorted(entries))


def _shift(first: LabelMap, other: LabelMap) -> NDArray[np.int64]:
    shift = shift_between(first.volume.affine, other.volume.affine)
    if shift is None:
        reason = f"its grid and that of {other} do not differ by whole voxels"
        raise BadVolume(str(first), reason, "labels are never interpolated; fetch both at one resolution")
    return shift


def _put(
    out: NDArray[Any], label_map: LabelMap, start: list[int], table: dict[int, int], shared: dict[tuple[int, int], int]
) -> None:
    """Write the labels of a map where none is yet; count the others by pairs."""
    index = label_map.index
    if len(index.labels) == 0:
        return
    flat = out.reshape(-1, order="F")
    places = index.places_in(out.shape, start)
    values = np.repeat(np.array([table[v] for v in index.labels.tolist()], out.dtype), index.counts)
    there = flat[places]
    differ = (there != 0) & (there != values)
    pairs, times = np.unique(np.stack([there[differ], values[differ]]), axis=1, return_counts=True)
    for kept, lost, count in zip(*pairs.tolist(), times.tolist(), strict=True):
        shared[kept, lost] += count
    free = there == 0
    flat[places[free]] = values[free]


def _step(maps: Sequence[LabelMap], both: int) -> str:
    sources = "; ".join(
        ", ".join((f"{m.volume.provenance.url} sha256 {m.volume.provenance.sha256}", *m.volume.provenance.derivation))
        for m in maps
    )
    return f"{len(maps)} label volumes in one, {both} voxels in more than one: {sources}"


_MAPPING = (
    Column("label", "integer", "in the map that was made"),
    Column("map", "integer", "which of the maps it comes from, counted from 0"),
    Column("old_label", "integer", "in that map"),
)
_OVERLAPS = (
    Column("label", "integer", "that has the voxels"),
    Column("other_label", "integer", "that lost them"),
    Column("voxels", "integer", "how many"),
)
