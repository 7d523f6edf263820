"""Surface: a triangle mesh that knows its space and where it comes from; labels or values at its vertices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.locations.same import require_same_space
from siibra_kg.terms import contract
from siibra_kg.volumes.merge import check_meanings
from siibra_kg.volumes.pictures.show import surface_to_html
from siibra_kg.volumes.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.pictures.plot_sheet import Picture

__all__ = ["Surface", "joined"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Surface:
    """A triangle mesh in a reference space. Frozen: its arrays cannot be written to.

    Parameters
    ----------
    vertices
        Shape (n, 3), float64, mm; or shape (0, 3) for a file that has labels or values only.
    faces
        Shape (m, 3), rows of the vertices of a triangle; or shape (0, 3).
    space
        IRI of the reference space, version included.
    labels
        One integer per vertex, zero for none (``gii-label``, FreeSurfer annot), or ``None``.
    values
        One number per vertex, or per vertex and time step, shape (n,) or (n, t) (``gii-timeseries``), or ``None``.
    space_name, kind, name, parcellation, provenance
        As of :class:`~siibra_kg.volumes.volume.Volume`.
    fragment
        The hemisphere, where the mesh is one.
    variant
        ``"pial"``, ``"inflated"`` and others.
    entries
        What the labels mean: as the graph says, or else as the file's own table does.
    fragments, part
        For a surface that was joined of several: their names, and for each vertex the number of its own, shape (n,).
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    space: IRI
    labels: NDArray[Any] | None = None
    values: NDArray[Any] | None = None
    space_name: str = ""
    kind: str = "template"
    name: str = ""
    parcellation: str = ""
    fragment: str | None = None
    variant: str = ""
    entries: tuple[LabelEntry, ...] = ()
    fragments: tuple[str, ...] = ()
    part: NDArray[np.uint8] | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        vertices = np.asarray(self.vertices, np.float64).view()
        faces = np.asarray(self.faces).view()
        if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
            shapes = f"vertices of shape {vertices.shape} and faces of shape {faces.shape}"
            raise BadVolume(self._called(), f"{shapes} are no triangle mesh")
        if not np.isfinite(vertices).all():
            raise BadVolume(self._called(), "has vertices that are not finite")
        if faces.dtype.kind not in "iu" or (len(faces) and (faces.min() < 0 or faces.max() >= len(vertices))):
            raise BadVolume(self._called(), f"its faces name vertices that are not among the {len(vertices)}")
        for name, array in (("vertices", vertices), ("faces", faces.astype(np.int64, copy=False).view())):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        for name in ("labels", "values", "part"):
            given = getattr(self, name)
            if given is not None:
                array = np.asarray(given).view()
                if len(vertices) and len(array) != len(vertices):
                    raise BadVolume(self._called(), f"has {len(array)} {name} for {len(vertices)} vertices")
                if name == "labels" and (array.ndim != 1 or array.dtype.kind not in "iu"):
                    raise BadVolume(self._called(), f"labels have to be a row of integers, not {array.dtype}")
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    @property
    def size(self) -> int:
        """How many vertices it has, or has labels or values for."""
        given = next((a for a in (self.labels, self.values) if a is not None), self.vertices)
        return len(self.vertices) or len(given)

    def on(self, geometry: Surface) -> Surface:
        """Give labels or values, which have no place of their own, on the mesh that they are of.

        Parameters
        ----------
        geometry
            A mesh of the same space with as many vertices: pial, inflated, sphere.

        Raises
        ------
        SpaceMismatch
            If the spaces differ.
        BadVolume
            If the numbers of vertices differ, or the fragments do.
        """
        require_same_space(self, geometry)
        if geometry.size != self.size:
            raise BadVolume(self._called(), f"is of {self.size} vertices, the mesh has {geometry.size}")
        if (self.fragment, self.fragments) != (geometry.fragment, geometry.fragments):
            mine, theirs = (s.fragment or " and ".join(s.fragments) or "no fragment" for s in (self, geometry))
            raise BadVolume(self._called(), f"is of {mine}, the mesh of {theirs}")
        step = f"on the vertices of {geometry.name or 'a mesh'} of {geometry.provenance}"
        return replace(
            self,
            vertices=geometry.vertices,
            faces=geometry.faces,
            variant=geometry.variant,
            provenance=self.provenance.then(step),
        )

    def plot(self, path: str | Path | None = None) -> Picture:
        """Draw it from outside and inside; see :func:`siibra_kg.volumes.pictures.plot_surface.plot_surface`.

        Parameters
        ----------
        path
            A PNG file to write, or nothing to only get the picture.
        """
        from siibra_kg.volumes.pictures.plot_surface import plot_surface  # noqa: PLC0415  matplotlib is an extra

        return plot_surface(self, path)

    def _repr_html_(self) -> str:
        return surface_to_html(self)

    def _called(self) -> str:
        return self.name or str(self.provenance.volume or "surface")

    def __repr__(self) -> str:
        extra = ", ".join(n for n in ("labels", "values") if getattr(self, n) is not None)
        what = f"{len(self.vertices)} vertices, {len(self.faces)} faces" + (f", {extra}" if extra else "")
        return f"<Surface {self.kind} {self.name!r} {what} in {contract(self.space)}>"


def joined(parts: Sequence[Surface], names: Sequence[str]) -> Surface:
    """Put surfaces together: vertices after vertices, with a record of which part each vertex is of.

    Parameters
    ----------
    parts
        Of one space; either all have labels (values) or none.
    names
        Of the parts.

    Raises
    ------
    BadVolume
        If only some have labels or values.
    LabelMismatch
        If a label means different things in two of them.
    SpaceMismatch
        If they are in different spaces.
    """
    first = parts[0]
    for part in parts[1:]:
        require_same_space(first, part)
    check_meanings(first.name, [part.entries for part in parts])
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    sources = "; ".join(
        f"{name}: {part.provenance.url} sha256 {part.provenance.sha256}"
        for part, name in zip(parts, names, strict=True)
    )
    return replace(
        first,
        vertices=np.concatenate([part.vertices for part in parts]),
        faces=np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        labels=_all([part.labels for part in parts], first.name),
        values=_all([part.values for part in parts], first.name),
        fragment=None,
        fragments=tuple(names),
        part=np.repeat(np.arange(len(parts), dtype=np.uint8), [part.size for part in parts]),
        entries=tuple({entry.label: entry for part in reversed(parts) for entry in part.entries}.values()),
        provenance=replace(
            first.provenance, url="", sha256="", derivation=(f"{len(parts)} files after each other: {sources}",)
        ),
    )


def _all(arrays: Sequence[NDArray[Any] | None], name: str) -> NDArray[Any] | None:
    given = [array for array in arrays if array is not None]
    if not given:
        return None
    if len(given) < len(arrays) or len({array.shape[1:] for array in given}) > 1:
        raise BadVolume(name, "its parts do not have labels or values alike")
    return np.concatenate(given)
