"""Links that open volumes in neuroglancer: the state of its viewer as JSON in the fragment of an address.

neuroglancer runs in the browser and fetches the data itself, so only what is on the web can be shown. Where a volume
lies is told beside the data by a file that neuroglancer does not read (siibra's ``transform.json``, 4x4, nm to nm);
the link carries that matrix. In a link the linear part has no unit and the translation is in units of the output
dimensions, which are nm here; coordinates are those of voxel corners, as in the file. So it goes in as it is, without
the half voxel that a NIfTI affine needs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.terms import contract
from siibra_kg.volume_ref import VolumeRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from siibra_kg.config import Settings

__all__ = ["VIEWER", "neuroglancer_state", "neuroglancer_url"]

#: The public viewer; anyone can run their own.
VIEWER = "https://neuroglancer-demo.appspot.com/"

_NM_PER_MM = 1e6
#: Type of provider -> scheme of neuroglancer's data source, and whether ``transform.json`` may lie beside the data.
_NUMBERED = "neuroglancer/precompmesh/surface"  # the number of the mesh stands behind the address
_SOURCES = {
    _NUMBERED: ("precomputed", True),
    "neuroglancer/precomputed": ("precomputed", True),
    "neuroglancer/precompmesh": ("precomputed", True),
    "zarr": ("zarr", False),
    "ome-zarr": ("zarr", False),
    "nii": ("nifti", False),
}


def neuroglancer_url(
    refs: VolumeRef | Sequence[VolumeRef],
    settings: Settings | None = None,
    *,
    at: ArrayLike | None = None,
    transform: ArrayLike | None = None,
    viewer: str = VIEWER,
) -> str:
    """Give a link that shows volumes in neuroglancer, each as a layer.

    Parameters
    ----------
    refs
        One or more references of one space; each needs a web address and a format that neuroglancer reads:
        precomputed images and meshes, Zarr, NIfTI.
    settings
        Say how to get ``transform.json`` of a precomputed volume: asking for its link asks the network. Not needed
        where ``transform`` is given.
    at
        The point in the middle of the view, in mm.
    transform
        4x4, nm to nm, instead of the file's: the same for all references.
    viewer
        Where neuroglancer runs.

    Raises
    ------
    BadVolume
        If a reference cannot be shown there, or nothing says where a precomputed volume lies.
    SpaceMismatch
        If they are in different spaces.
    DataMissing, SourceError
        If ``transform.json`` cannot be had.

    Examples
    --------
    >>> from siibra_kg.model import VolumeRef
    >>> from siibra_kg.terms import IRI
    >>> space = IRI("https://example.org/space")
    >>> url = "https://example.org/precomputed/brain"
    >>> ref = VolumeRef(IRI("https://example.org/v"), space, "template", "neuroglancer/precomputed", url)
    >>> link = neuroglancer_url(ref, transform=[[1, 0, 0, -5e6], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    >>> link.partition("#!")[0]
    'https://neuroglancer-demo.appspot.com/'
    """
    state = neuroglancer_state(refs, settings, at=at, transform=transform)
    return f"{viewer}#!{quote(json.dumps(state, separators=(',', ':'), ensure_ascii=False), safe=_UNQUOTED)}"


#: Letters that a fragment may have as they are, and that make a link readable.
_UNQUOTED = "/:,@!$&'()*+;=?-._~"


def neuroglancer_state(
    refs: VolumeRef | Sequence[VolumeRef],
    settings: Settings | None = None,
    *,
    at: ArrayLike | None = None,
    transform: ArrayLike | None = None,
) -> dict[str, Any]:
    """Give the state of the viewer, as a dictionary; see :func:`neuroglancer_url`."""
    several = [refs] if isinstance(refs, VolumeRef) else list(refs)
    if not several:
        raise BadVolume("neuroglancer", "no volume was asked for")
    for other in several[1:]:
        require_same_space(several[0], other, "one view shows one space")
    state: dict[str, Any] = {
        "dimensions": _nanometres(),
        "layers": [_layer(ref, settings, transform, number) for number, ref in enumerate(several)],
        "layout": "4panel",
    }
    if at is not None:
        point = np.asarray(at, dtype=np.float64).reshape(-1)
        if point.shape != (3,) or not np.isfinite(point).all():
            raise BadVolume("at", f"{at!r} is no point", "give x, y and z in mm")
        state["position"] = [_number(v) for v in point * _NM_PER_MM]
    return state


def _nanometres() -> dict[str, list[Any]]:
    return {axis: [1e-9, "m"] for axis in "xyz"}


def _layer(ref: VolumeRef, settings: Settings | None, transform: ArrayLike | None, number: int) -> dict[str, Any]:
    if ref.provider not in _SOURCES:
        raise BadVolume(ref.url, f"neuroglancer does not read {ref.provider!r}", f"it reads {', '.join(_SOURCES)}")
    if urlsplit(ref.url).scheme not in {"http", "https"}:
        raise BadVolume(ref.url, "is not on the web", "a viewer in the browser fetches the data itself")
    if ref.member and ref.provider != _NUMBERED:
        raise BadVolume(ref.url, f"neuroglancer cannot look into it for {ref.member!r}")
    scheme, placed = _SOURCES[ref.provider]
    source: dict[str, Any] = {"url": f"{scheme}://{ref.url}"}
    if placed:
        source["transform"] = {"outputDimensions": _nanometres(), "matrix": _matrix(ref, settings, transform)}
    mesh = ref.provider in {"neuroglancer/precompmesh", _NUMBERED}
    names = (ref.parcellation, ref.fragment or "", ref.variant, "mesh" if mesh else "")
    name = " ".join(part for part in names if part) or ref.space_name or contract(ref.space)
    layer: dict[str, Any] = {
        "type": "segmentation" if ref.kind == "labelled" or mesh else "image",
        "source": source,
        "name": f"{number + 1}: {name}" if number else name,
    }
    segment = ref.member if ref.provider == _NUMBERED else ref.label
    if layer["type"] == "segmentation" and segment not in {None, ""}:
        layer["segments"] = [str(segment)]
    return layer


def _matrix(ref: VolumeRef, settings: Settings | None, transform: ArrayLike | None) -> list[list[float | int]]:
    """Give the upper three rows, nm to nm."""
    if transform is not None:
        matrix = np.asarray(transform, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or matrix[3].tolist() != [0, 0, 0, 1]:
            raise BadVolume("transform", "is no affine: 4x4, the last row 0 0 0 1")
    elif settings is None:
        hint = "give settings, so that transform.json can be read, or the transform itself"
        raise BadVolume(ref.url, "nothing says where it lies in its space", hint)
    else:
        from siibra_kg.volumes.chunks.folder import folder_of  # noqa: PLC0415  only where a file is to be read
        from siibra_kg.volumes.providers.precomputed_info import parse_transform  # noqa: PLC0415

        folder = folder_of(ref, settings)
        matrix = parse_transform(folder.read("transform.json"), f"{folder.url}/transform.json")
    return [[_number(v) for v in row] for row in matrix[:3]]


def _number(value: float) -> float | int:
    """Give a whole number as such: links are shorter."""
    return int(value) if float(value).is_integer() else float(value)
