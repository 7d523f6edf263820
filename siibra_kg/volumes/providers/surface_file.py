"""What all readers of surface files share: which options a mesh cannot serve, its unit, its labels, its hemisphere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.volumes.place import IN_MM
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.surface import Surface

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry, VolumeRef
    from siibra_kg.volumes.options import FetchOptions

__all__ = ["background_zero", "check_side", "check_wishes", "entries_of", "millimetres", "position", "surface"]


def check_wishes(name: str, options: FetchOptions) -> None:
    """Refuse what can be asked of an image and not of a mesh.

    Raises
    ------
    BadVolume
        If there is a box, a voxel size or a channel.
    """
    for word, value in (("voi", options.voi), ("resolution_mm", options.resolution_mm), ("channel", options.channel)):
        if value is not None:
            raise BadVolume(name, f"is a mesh, and has no {word}", "leave it out, or ask for format='image'")


def millimetres(name: str, vertices: NDArray[Any], unit: str) -> NDArray[np.float64]:
    """Give vertices in mm as 64-bit floats.

    Raises
    ------
    BadVolume
        If the unit is none of length.
    """
    if unit not in IN_MM:
        raise BadVolume(name, f"its unit {unit!r} is no length that is known", f"known: {', '.join(IN_MM)}")
    return vertices.astype(np.float64) * IN_MM[unit]


def entries_of(ref: VolumeRef, table: Iterable[LabelEntry]) -> tuple[LabelEntry, ...]:
    """Give what labels mean: as the graph says, and for others as the file says; not the background.

    Raises
    ------
    BadVolume
        If the file gives two names to a label.
    """
    found = {entry.label: entry for entry in ref.labels}
    own: dict[int, LabelEntry] = {}
    for entry in table:
        if own.setdefault(entry.label, entry).name != entry.name:
            raise BadVolume(ref.url, f"its table calls label {entry.label} {own[entry.label].name} and {entry.name}")
        found.setdefault(entry.label, entry)
    return tuple(found[label] for label in sorted(found) if label != 0)


def background_zero(labels: NDArray[Any]) -> NDArray[Any]:
    """Give labels with 0 for none; some programs write -1 for a vertex without a label."""
    return np.where(labels < 0, labels.dtype.type(0), labels) if labels.dtype.kind == "i" else labels


def check_side(name: str, fragment: str | None, said: str) -> None:
    """Refuse a file of the other hemisphere.

    Parameters
    ----------
    name
        Of the file.
    fragment
        What the graph says: ``"left hemisphere"``.
    said
        What the file says: ``"CortexLeft"``.

    Raises
    ------
    BadVolume
        If they contradict each other.
    """
    words = set(re.findall(r"[a-z]+", (fragment or "").lower()))
    for side, other in (("left", "right"), ("right", "left")):
        if side in words and other in said.lower() and side not in said.lower():
            raise BadVolume(name, f"says that it is {said}, the graph that it is the {fragment}")


def position(name: str, ref: VolumeRef, options: FetchOptions, count: int) -> int | None:
    """Give which of several arrays is asked for, ``None`` for all.

    Raises
    ------
    BadVolume
        If there is no such array, or reference and options contradict each other.
    """
    if None not in {ref.z, options.z} and ref.z != options.z:
        raise BadVolume(name, f"the reference is to position {ref.z}, {options.z} is asked for")
    z = ref.z if options.z is None else options.z
    if z is not None and not 0 <= z < count:
        raise BadVolume(name, f"has no position {z}", f"positions there are: 0 to {count - 1}")
    return z


def surface(
    path: Path,
    ref: VolumeRef,
    sha256: str,
    *,
    vertices: NDArray[np.float64] | None = None,
    faces: NDArray[Any] | None = None,
    labels: NDArray[Any] | None = None,
    values: NDArray[Any] | None = None,
    entries: tuple[LabelEntry, ...] = (),
    steps: tuple[str, ...] = (),
) -> Surface:
    """Give what was read as a surface with the facts of its reference."""
    return Surface(
        vertices=np.empty((0, 3)) if vertices is None else vertices,
        faces=np.empty((0, 3), np.int64) if faces is None else faces,
        space=ref.space,
        labels=labels,
        values=values,
        space_name=ref.space_name,
        kind=ref.kind,
        name=ref.member.rpartition("/")[2] or path.name,
        parcellation=ref.parcellation,
        fragment=ref.fragment,
        variant=ref.variant,
        entries=entries,
        provenance=Provenance(ref.iri, ref.map, ref.url, sha256, ref.license, ref.citation, steps),
    )
