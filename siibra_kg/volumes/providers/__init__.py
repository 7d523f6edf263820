"""How each type of provider is read. A provider is one function; which type needs which is told here and nowhere else.

The modules are imported when they are needed: a NIfTI file needs no tensorstore.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from siibra_kg.errors import BadVolume

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.surface import Surface
    from siibra_kg.volumes.volume import Volume

__all__ = ["FORMS", "Read", "form_of", "reader"]

Form = Literal["image", "mesh"]


class Read(Protocol):
    """Read what one reference names: its file is found or fetched, checked, and given as an array or a mesh."""

    def __call__(self, ref: VolumeRef, options: FetchOptions, settings: Settings) -> Volume | Surface: ...  # noqa: D102


#: Type of provider, as ``skg:providerType`` says -> what comes of it, and the module that has ``read``.
_PROVIDERS: dict[str, tuple[Form, str]] = {
    "nii": ("image", "nifti_file"),
    "zip/nii": ("image", "nifti_file"),
    "neuroglancer/precomputed": ("image", "precomputed"),
    "zarr": ("image", "zarr"),
    "ome-zarr": ("image", "zarr"),
    "neuroglancer/precompmesh": ("mesh", "precompmesh"),
    "neuroglancer/precompmesh/surface": ("mesh", "precompmesh"),
    "gii-mesh": ("mesh", "gifti"),
    "gii-label": ("mesh", "gifti"),
    "gii-timeseries": ("mesh", "gifti"),
    "freesurfer-annot": ("mesh", "freesurfer"),
    "zip/freesurfer-annot": ("mesh", "freesurfer"),
    "freesurfer-surface": ("mesh", "freesurfer"),
    "freesurfer-morphometry": ("mesh", "freesurfer"),
}

#: The types of provider that can be read, and whether an image or a mesh comes of each.
FORMS: dict[str, Form] = {name: form for name, (form, _) in _PROVIDERS.items()}


def form_of(provider: str) -> Form | None:
    """Give what a type of provider gives, or ``None`` where it cannot be read."""
    return FORMS.get(provider)


def reader(provider: str) -> Read:
    """Give the function that reads a type of provider.

    Raises
    ------
    BadVolume
        If no such type can be read; lists those that can.

    Examples
    --------
    >>> reader("nii").__name__
    'read'
    """
    if provider not in _PROVIDERS:
        raise BadVolume(provider, "no such type of provider can be read", f"known: {', '.join(_PROVIDERS)}")
    read: Read = import_module(f"siibra_kg.volumes.providers.{_PROVIDERS[provider][1]}").read
    return read
