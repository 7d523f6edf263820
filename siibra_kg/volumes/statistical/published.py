"""A statistical map from the sparse index that siibra publishes of it, where its volumes are not at hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, DataMissing, SourceError
from siibra_kg.volumes.files.packages import locate_many
from siibra_kg.volumes.spaces import check_grid
from siibra_kg.volumes.statistical.sparse_published import published, read_published
from siibra_kg.volumes.statistical.sparse_store import kept
from siibra_kg.web.cache import cached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.statistical.sparse_index import SparseIndex

__all__ = ["at_hand", "from_published"]


def at_hand(ways: Sequence[Sequence[VolumeRef]], settings: Settings) -> bool:
    """Tell whether the files of all volumes are on this machine."""
    try:
        locate_many([ref for way in ways for ref in way], replace(settings, offline=True))
    except (DataMissing, SourceError):
        return False
    return True


def from_published(
    columns: Sequence[Sequence[VolumeRef]], settings: Settings, options: FetchOptions
) -> tuple[SparseIndex, dict[str, Any]] | None:
    """Read the published index of a map.

    Parameters
    ----------
    columns
        References to its volumes, in the order in which siibra counts them.
    settings, options
        As of :func:`~siibra_kg.volumes.statistical.read.read_statistical_map`.

    Returns
    -------
    tuple or None
        The index and where it comes from; ``None`` where it cannot be had, or a part of the volumes is asked for.

    Raises
    ------
    BadVolume
        If its files are not what they were, contradict each other, or have another number of maps.
    """
    first = columns[0][0]
    if first.map is None or options.fragment is not None:
        return None
    urls = published(first.map)
    try:
        files = [cached(url, settings) for url in (urls.probs, urls.bboxes, urls.voxels)]
    except (DataMissing, SourceError):
        return None
    probs, bboxes, voxels = (file.path for file in files)

    def read() -> tuple[SparseIndex, dict[str, Any]]:
        index, affine = read_published(probs, bboxes, voxels, options.max_bytes)
        steps = [
            [urls.probs, files[0].sha256, [f"map {n} of the sparse index that siibra publishes"]]
            for n in range(len(index))
        ]
        return index, {"affine": affine.tolist(), "sources": steps}

    key = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    index, notes = kept(settings.cache / "index" / "statistical" / key, read)
    if len(index) != len(columns):
        reason = f"has {len(index)} maps, the graph names {len(columns)}"
        raise BadVolume(urls.probs, reason, "it is of another version of the map; fetch the volumes instead")
    check_grid(urls.voxels, first.space, index.shape, np.array(notes["affine"]))
    return index, notes
