"""Which of the references of one volume to read: by format, by fragment, and by what is at hand.

A volume may be had from several providers, and a provider may keep its parts, hemispheres mostly, in files of their
own. A choice is a list of references, best first, of which each is a whole: one reference, or one for each part.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import BadVolume, DataMissing, SourceError
from siibra_kg.volumes.files.packages import locate
from siibra_kg.volumes.providers import FORMS, form_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siibra_kg.config import Settings
    from siibra_kg.model import VolumeRef
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["choose", "formats_of", "fragment_among"]

_FILES = ("nii", "zip/nii")
_IMAGES = tuple(name for name, form in FORMS.items() if form == "image")
_MESHES = tuple(name for name, form in FORMS.items() if form == "mesh")
#: Words for several types of provider; those of siibra's ``fetch``, its documentation's included.
_ALIASES = {
    "image": _IMAGES,
    "volumetric": _IMAGES,
    "voxel": _IMAGES,
    "mesh": _MESHES,
    "surface": _MESHES,
    "nii": _FILES,
    "nifti": _FILES,
}


def formats_of(word: str | None) -> tuple[str, ...]:
    """Give the types of provider that a word stands for, the preferred first; all for ``None``.

    Raises
    ------
    BadVolume
        If there is no such format.

    Examples
    --------
    >>> formats_of("nifti")
    ('nii', 'zip/nii')
    """
    if word is None:
        return tuple(FORMS)
    found = _ALIASES.get(word.lower()) or ((word,) if word in FORMS else None)
    if found is None:
        known = ", ".join(dict.fromkeys((*_ALIASES, *FORMS)))
        raise BadVolume(word, "there is no such format", f"formats there are: {known}")
    return found


def choose(refs: Sequence[VolumeRef], options: FetchOptions, settings: Settings) -> list[list[VolumeRef]]:
    """Give the ways to get a volume, best first.

    Preferred are images to meshes; with ``resolution_mm`` images of many scales; then files on this machine; then
    types of provider in the order nii, zip/nii, precomputed, zarr; then what is whole to what is in parts.

    Parameters
    ----------
    refs
        All references to one volume.
    options
        ``format``, ``fragment``, ``z`` and ``resolution_mm`` count.
    settings
        Say where files are.

    Returns
    -------
    list
        Of ways; all give images, or all give meshes. A way has one reference for each part of the volume.

    Raises
    ------
    BadVolume
        If there is no reference, or they are to several volumes, or none has the format or the fragment.
    """
    if not refs:
        raise BadVolume("volume", "there is no reference to it")
    volumes = sorted({str(ref.iri) for ref in refs})
    if len(volumes) > 1:
        raise BadVolume(volumes[0], f"references to {len(volumes)} volumes are not one volume", "fetch one by one")
    wanted = formats_of(options.format)
    fitting = [ref for ref in dict.fromkeys(map(_place, refs)) if ref.provider in wanted]
    if not fitting:
        there = ", ".join(sorted({ref.provider for ref in refs}))
        asked = f"as {options.format}" if options.format else "in a format that can be read"
        raise BadVolume(volumes[0], f"is not there {asked}", f"formats there are: {there}")
    fitting = _one_position(fitting, options)
    if options.fragment is not None:
        fitting = _with_fragment(fitting, options.fragment)
    ways = _ways(fitting)
    if len(ways) > 1:
        ways.sort(key=lambda way: _rank(way, options, settings, wanted))
    form = form_of(ways[0][0].provider)
    return [way for way in ways if form_of(way[0].provider) == form]


def _place(ref: VolumeRef) -> VolumeRef:
    """Leave out which of the regions of a volume is meant: several labels of one file are one file."""
    return replace(ref, region=None, label=None)


def _one_position(refs: list[VolumeRef], options: FetchOptions) -> list[VolumeRef]:
    fitting = [ref for ref in refs if options.z is None or ref.z in {None, options.z}]
    positions = sorted({ref.z for ref in fitting if ref.z is not None})
    if len(positions) > 1 or not fitting:
        there = sorted({ref.z for ref in refs if ref.z is not None})
        raise BadVolume(str(refs[0].iri), f"the references are to positions {there}", "say which: z")
    return fitting


def fragment_among(names: Iterable[str], spec: str, what: str) -> str | None:
    """Give the one name that has all words of a spec, or is it; ``None`` where there is none.

    Words are compared whole: siibra finds ``"left"`` in ``"cleft"``.

    Parameters
    ----------
    names
        Of fragments.
    spec
        ``"left"``, ``"left hemisphere"``.
    what
        The volume, for messages.

    Raises
    ------
    BadVolume
        If it fits several.

    Examples
    --------
    >>> fragment_among(["left hemisphere", "right hemisphere"], "LEFT", "a map")
    'left hemisphere'
    """
    there = sorted(set(names))
    asked = _words(spec)
    exact = [name for name in there if _words(name) == asked]
    found = exact or [name for name in there if asked and set(asked) <= set(_words(name))]
    if len(found) > 1:
        raise BadVolume(what, f"{spec!r} fits {len(found)} fragments: {', '.join(found)}", "use more words of one")
    return found[0] if found else None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _with_fragment(refs: list[VolumeRef], spec: str) -> list[VolumeRef]:
    found = []
    for provider in dict.fromkeys(ref.provider for ref in refs):
        mine = [ref for ref in refs if ref.provider == provider and ref.fragment is not None]
        name = fragment_among((ref.fragment for ref in mine if ref.fragment), spec, str(refs[0].iri))
        found += [ref for ref in mine if ref.fragment == name and name is not None]
    if not found:
        there = sorted({ref.fragment for ref in refs if ref.fragment})
        hint = f"fragments there are: {', '.join(there)}" if there else "it is in one piece"
        raise BadVolume(str(refs[0].iri), f"has no fragment {spec!r}", hint)
    return found


def _ways(refs: list[VolumeRef]) -> list[list[VolumeRef]]:
    """Put parts of a volume together; the second address of a part belongs to a second way."""
    ways: dict[tuple[str, bool, int], list[VolumeRef]] = defaultdict(list)
    for ref in refs:
        nth = 0
        while any(other.fragment == ref.fragment for other in ways[ref.provider, ref.fragment is None, nth]):
            nth += 1
        ways[ref.provider, ref.fragment is None, nth].append(ref)
    return [sorted(way, key=lambda ref: ref.fragment or "") for way in ways.values() if way]


def _rank(
    way: list[VolumeRef], options: FetchOptions, settings: Settings, order: tuple[str, ...]
) -> tuple[bool, bool, bool, int, bool]:
    provider = way[0].provider
    return (
        form_of(provider) == "mesh",
        options.resolution_mm is not None and provider in _FILES,
        not (provider in _FILES and all(_at_hand(ref, settings) for ref in way)),
        order.index(provider),
        way[0].fragment is not None,
    )


def _at_hand(ref: VolumeRef, settings: Settings) -> bool:
    try:
        locate(ref, replace(settings, offline=True))
    except (DataMissing, SourceError, BadVolume):
        return False
    return True
