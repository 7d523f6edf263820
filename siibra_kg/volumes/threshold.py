"""From values to masks, and the greatest of several images: what can be said of statistical volumes without a map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.volumes.surface import Surface

if TYPE_CHECKING:
    from siibra_kg.volumes.volume import Volume

__all__ = ["above", "as_image", "greatest"]


def as_image(thing: Volume | Surface) -> Volume:
    """Give an image as it is.

    Raises
    ------
    BadVolume
        If it is a mesh.
    """
    if isinstance(thing, Surface):
        raise BadVolume(str(thing), "is a mesh, which has no voxels", "ask for `format='image'`")
    return thing


def above(volume: Volume, threshold: float) -> Volume:
    """Give the mask of the voxels whose value is greater than a threshold, in the unit of the volume.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> image = Volume(np.arange(8.0).reshape(2, 2, 2), np.eye(4), IRI("https://example.org/space"))
    >>> above(image, 5).volume_mm3()
    2.0
    """
    step = f"voxels greater than {threshold:g}"
    return replace(
        volume,
        array=(volume.array > threshold).astype(np.uint8),
        kind="mask",
        provenance=volume.provenance.then(step),
    )


def greatest(one: Volume, other: Volume) -> Volume:
    """Give the greater value of two images, voxel by voxel.

    Raises
    ------
    SpaceMismatch
        If they are in two spaces.
    BadVolume
        If their grids differ.
    """
    require_same_space(one, other)
    if one.shape != other.shape or not np.allclose(one.affine, other.affine, rtol=0, atol=1e-4):
        raise BadVolume(other.name, f"its grid is not that of {one.name}", "resample one of them first")
    step = f"the greater value of {one.name} and {other.name}"
    return replace(
        one,
        array=np.maximum(one.array, other.array),
        provenance=one.provenance.then(step),
    )
