"""Reads statistical maps: from a file with four dimensions, or from a file per region, into one sparse index.

The index is kept in the cache, below ``index/statistical``, under the addresses, sizes and times of change of the files
that it was made of. Where any of these changes, the index is made again.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, VolumeWarning
from siibra_kg.locations import require_same_space
from siibra_kg.progress import progress_bar
from siibra_kg.volumes.choose import choose
from siibra_kg.volumes.files.packages import locate_many
from siibra_kg.volumes.files.stack import open_stack
from siibra_kg.volumes.options import FetchOptions
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.read import fetch
from siibra_kg.volumes.statistical.map import MapColumn, StatisticalMap
from siibra_kg.volumes.statistical.published import at_hand, from_published
from siibra_kg.volumes.statistical.sparse_parts import Part, joined
from siibra_kg.volumes.statistical.sparse_store import kept
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["columns_of", "index_folder", "read_statistical_map"]

_FILES = frozenset({"nii", "zip/nii"})
#: The references to one map, all of which are the same voxels or parts of them.
_Column = tuple["VolumeRef", ...]


def read_statistical_map(
    refs: Sequence[VolumeRef], settings: Settings, options: FetchOptions | None = None, *, published: bool = False
) -> StatisticalMap:
    """Read a statistical map.

    Parameters
    ----------
    refs
        To all its volumes: each says its ``region``, and ``z`` where the volume has a fourth dimension; name, colour
        and side of the region are those of its first label.
    settings
        Where files and the cache are.
    options
        ``voi`` cuts to a box, ``fragment`` takes one part of each volume, ``max_bytes`` limits the index.
    published
        siibra publishes a sparse index of this map (``skg:sparseIndex``): take it where not all volumes are at hand
        and it can be had, for it is three files instead of hundreds.

    Returns
    -------
    StatisticalMap
        A column for each volume, position in it and region.

    Raises
    ------
    BadVolume
        If a file is not what its reference says, or the grids of two files do not differ by whole voxels.
    DataMissing
        If a file cannot be had.
    SpaceMismatch
        If the references are to several spaces.

    Warns
    -----
    VolumeWarning
        If a map has values below zero, which are left out; if an index in the cache is damaged, and made again.
    """
    options = options or FetchOptions()
    columns = columns_of(refs)
    ways = [_best(column, settings, options) for column in columns]
    first = ways[0][0]
    for way in ways:
        require_same_space(first, way[0], "one statistical map is in one space")
    taken = from_published(columns, settings, options) if published and not at_hand(ways, settings) else None
    if taken is None:
        taken = kept(index_folder(ways, settings), lambda: _made(ways, settings, options))
    index, notes = taken
    found = _map(columns, ways, index, notes)
    return found if options.voi is None else found.cropped(options.voi)


def columns_of(refs: Sequence[VolumeRef]) -> list[_Column]:
    """Sort references into those to the same region in the same voxels.

    The order is that of the numbers of the volumes and of the positions in them, as siibra counts its maps; where the
    numbers are not known, it is that of the first reference to each.

    Raises
    ------
    BadVolume
        If there are none, or one is not to a statistical volume.
    """
    found: dict[tuple[object, ...], list[VolumeRef]] = defaultdict(list)
    for ref in refs:
        if ref.kind != "statistical":
            raise BadVolume(ref.url, f"is a {ref.kind} volume, not a statistical map")
        found[ref.iri, ref.z, ref.region].append(ref)
    if not found:
        raise BadVolume("statistical map", "there are no references to its volumes")
    columns = [tuple(column) for column in found.values()]
    if all(column[0].volume_index is not None for column in columns):
        columns.sort(key=lambda column: (column[0].volume_index or 0, column[0].z or 0))
    return columns


def index_folder(ways: Sequence[_Column], settings: Settings) -> Path | None:
    """Give the place in the cache of the index of some files; ``None`` if some are no whole files.

    Raises
    ------
    DataMissing
        If one of them cannot be had.
    """
    parts = [ref for way in ways for ref in way]
    if any(ref.provider not in _FILES for ref in parts):
        return None
    different = {(ref.url, ref.local): ref for ref in parts}
    stamps = {}
    for file, path in zip(different, locate_many(different.values(), settings), strict=True):
        state = path.stat()
        stamps[file] = [state.st_size, state.st_mtime_ns]
    said = [[[*_said(ref), *stamps[ref.url, ref.local]] for ref in way] for way in ways]
    key = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return settings.cache / "index" / "statistical" / key


def _said(ref: VolumeRef) -> list[object]:
    local = None if ref.local is None else str(ref.local)
    return [str(ref.iri), ref.z, ref.fragment, ref.url, ref.member, ref.sha256, ref.unit, local]


def _best(column: _Column, settings: Settings, options: FetchOptions) -> _Column:
    """Choose among the providers of a volume; several regions of it are no reason to have several."""
    return tuple(choose(column, replace(options, voi=None), settings)[0])


def _made(ways: Sequence[_Column], settings: Settings, options: FetchOptions) -> tuple[SparseIndex, dict[str, Any]]:
    parts: list[Part | None] = [None] * len(ways)
    sources: list[Provenance] = [Provenance()] * len(ways)
    stacks: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, way in enumerate(ways):
        alone = way[0].z is None or len(way) > 1 or way[0].provider not in _FILES
        stacks[(number,) if alone else (way[0].url, way[0].member, way[0].local)].append(number)
    name, room = ways[0][0].parcellation or ways[0][0].url, options.max_bytes
    with progress_bar() as report:
        for key, numbers in stacks.items():
            one = _alone if len(key) == 1 else _stacked
            for number, part, source in one({n: ways[n] for n in numbers}, settings, options):
                parts[number], sources[number] = part, source
                room -= part.voxels.nbytes + part.values.nbytes
                if room < 0:
                    raise BadVolume(name, f"its index takes more than the {options.max_bytes:,} bytes allowed")
                report("reading maps", sum(p is not None for p in parts), len(ways))
    index, affine = joined([part for part in parts if part is not None], name, options.max_bytes)
    notes = [[s.url, s.sha256, list(s.derivation)] for s in sources]
    return index, {"affine": affine.tolist(), "sources": notes}


def _alone(
    ways: Mapping[int, _Column], settings: Settings, options: FetchOptions
) -> Iterator[tuple[int, Part, Provenance]]:
    """Read a volume of its own."""
    ((number, way),) = ways.items()
    volume = fetch(way, settings, replace(options, voi=None, fragment=None))
    if not isinstance(volume, Volume):
        raise BadVolume(way[0].url, "is a surface; it has no voxels")
    _warn_of_negatives(volume.array, volume.name)
    yield number, Part.of(volume.array, volume.affine, volume.name), volume.provenance


def _stacked(
    ways: Mapping[int, _Column], settings: Settings, options: FetchOptions
) -> Iterator[tuple[int, Part, Provenance]]:
    """Read the positions of one file; it is unpacked once."""
    first = next(iter(ways.values()))[0]
    at: dict[int, list[int]] = defaultdict(list)
    for number, (ref,) in ways.items():
        at[ref.z or 0].append(number)
    done: list[tuple[int, Part]] = []
    with open_stack(first, settings, max_bytes=options.max_bytes) as stack:
        if max(at) >= stack.positions:
            there = f"positions in the fourth dimension: 0 to {stack.positions - 1}"
            raise BadVolume(first.url, f"has no position {max(at)}", there)
        coarsest = float(np.sqrt((stack.affine[:3, :3] ** 2).sum(axis=0)).max())
        if options.resolution_mm and 0 < options.resolution_mm < coarsest * (1 - 1e-5):
            raise BadVolume(first.url, f"has voxels of {coarsest:g} mm, {options.resolution_mm:g} mm are asked for")
        for z, array in stack.arrays(set(at)):
            name = f"position {z} of {first.url}"
            _warn_of_negatives(array, name)
            part = Part.of(array, stack.affine, name)
            done += [(number, part) for number in at[z]]
        source, positions = stack.provenance, stack.positions
    for number, part in done:
        (ref,) = ways[number]
        step = (f"position {ref.z} of {positions}",) if positions > 1 else ()
        yield number, part, replace(source, volume=ref.iri, derivation=step)


def _warn_of_negatives(array: Any, name: str) -> None:  # noqa: ANN401  an array of any type
    if array.dtype.kind in "if" and (count := int(np.count_nonzero(array < 0))):
        told = f"{name}: {count} values below zero are left out; a statistical map has what is greater than zero"
        warnings.warn(told, VolumeWarning, stacklevel=5)


def _map(
    asked: Sequence[_Column], ways: Sequence[_Column], index: SparseIndex, notes: Mapping[str, Any]
) -> StatisticalMap:
    columns = []
    for number, ((ref, *_), way, (url, sha256, steps)) in enumerate(zip(asked, ways, notes["sources"], strict=True)):
        entry = ref.labels[0] if ref.labels else None
        columns.append(
            MapColumn(
                number=number,
                region=ref.region,
                name=entry.name if entry else "",
                color=entry.color if entry else None,
                laterality=entry.laterality if entry else None,
                volume=ref.iri,
                volume_index=ref.volume_index,
                z=ref.z,
                fragment=way[0].fragment if len(way) == 1 else None,
                provenance=Provenance(ref.iri, ref.map, url, sha256, ref.license, ref.citation, tuple(steps)),
            )
        )
    first = asked[0][0]
    urls = {(c.provenance.url, c.provenance.sha256, c.volume) for c in columns}
    common = Provenance(None, first.map, "", "", first.license, first.citation)
    if len(urls) == 1:
        ((url, sha256, volume),) = urls
        common = replace(common, url=url, sha256=sha256, volume=volume)
    return StatisticalMap(
        index, np.array(notes["affine"]), first.space, tuple(columns), first.space_name, first.parcellation, common
    )
