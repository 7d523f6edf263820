"""Templates of reference spaces, and pictures over them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from siibra_kg.errors import AmbiguousName, DataMissing
from siibra_kg.questions import maps, spaces
from siibra_kg.voxels.masks import mask, regional_map

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from siibra_kg.config import Settings
    from siibra_kg.model import Region, Space
    from siibra_kg.questions.ask import Asker
    from siibra_kg.volume_ref import VolumeRef
    from siibra_kg.volumes import Surface, Volume
    from siibra_kg.volumes.options import FetchOptions
    from siibra_kg.volumes.pictures.plot_canvas import Picture

__all__ = ["picture", "template"]

#: The form of a surface on which regions in sulci are seen.
_FOR_PICTURES = "inflated"


def template(
    ask: Asker, settings: Settings, space: Space, variant: str | None = None, options: FetchOptions | None = None
) -> Volume | Surface:
    """Read the template of a reference space: an image, or the mesh of a surface space.

    Where several files offer it, one that ships in a package comes first; the provenance says which was read.

    Parameters
    ----------
    ask, settings
        The graph; where files are.
    space
        The space.
    variant
        Which form, where there are several: ``"pial"``, ``"inflated"``.
    options
        How to fetch.

    Raises
    ------
    DataMissing
        If the graph names none, or none of its files can be had; says where they are.
    AmbiguousName
        If there are several forms; ``candidates`` has a reference for each file.
    """
    from siibra_kg.volumes import fetch  # noqa: PLC0415  numpy and nibabel take 150 ms
    from siibra_kg.volumes.options import FetchOptions  # noqa: PLC0415

    missing: list[DataMissing] = []
    for refs in _offered(ask, space, variant):
        got = _try(partial(fetch, refs, settings, options or FetchOptions()))
        if not isinstance(got, DataMissing):
            return got
        missing.append(got)
    if len(missing) == 1:
        raise missing[0]
    raise DataMissing(
        f"the template of {space.name}", "; ".join(e.where for e in missing), "; or: ".join(e.hint for e in missing)
    )


def _try(get: Callable[[], Volume | Surface]) -> Volume | Surface | DataMissing:
    try:
        return get()
    except DataMissing as error:
        return error


def _offered(ask: Asker, space: Space, variant: str | None) -> Sequence[Sequence[VolumeRef]]:
    """Give the references to each volume that is the template, those on this machine first."""
    there = maps.templates(ask, space.iri)
    found = [ref for ref in there if variant is None or ref.variant.lower() == variant.lower()]
    forms = sorted({ref.variant for ref in found})
    if not found:
        known = ", ".join(sorted({ref.variant for ref in there if ref.variant}))
        hint = f"forms there are: {known}" if known else "`siibra-kg query map/templates` lists those there are"
        form = f" ({variant})" if variant else ""
        raise DataMissing(f"the template of {space.name}{form}", "the graph names none", hint)
    if len(forms) > 1:
        raise AmbiguousName(space.name, "template", found)
    volumes: dict[str, list[VolumeRef]] = {}
    for ref in found:
        volumes.setdefault(ref.iri, []).append(ref)
    return list(volumes.values())


def picture(
    ask: Asker,
    settings: Settings,
    region: Region,
    space: Space | str | None,
    *,
    out: Path | str | None = None,
    kind: str = "labelled",
    spec: str | None = None,
) -> Picture:
    """Draw a region on three orthogonal slices: over the template where one can be had, else among the outlines.

    Its values are drawn where the kind is ``"statistical"``; a region of a surface is drawn on the inflated one.
    """
    from siibra_kg.volumes import Surface  # noqa: PLC0415  numpy and nibabel take 150 ms

    statistical = maps.kind_of(kind) == "statistical"
    draw = regional_map if statistical else mask
    shown = draw(ask, settings, region, space, spec=spec)
    home = spaces.by_iri(ask, [shown.space])
    if isinstance(shown, Surface):
        from siibra_kg.volumes.pictures.plot_surface import plot_surface  # noqa: PLC0415  matplotlib takes half a second

        mesh = template(ask, settings, home[0], _FOR_PICTURES)
        return plot_surface(shown.on(mesh) if isinstance(mesh, Surface) else shown, out)
    try:
        background = template(ask, settings, home[0]) if home else None
    except DataMissing:
        background = None
    return shown.plot(out, background=None if isinstance(background, Surface) else background)
