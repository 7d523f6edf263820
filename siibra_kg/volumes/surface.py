"""Surface: a triangle mesh that knows its space and where it comes from; labels or values at its vertices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.terms import contract
from siibra_kg.volumes.volume import Provenance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siibra_kg.terms import IRI

__all__ = ["Surface"]


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
        for name in ("labels", "values"):
            given = getattr(self, name)
            if given is not None:
                array = np.asarray(given).view()
                if len(vertices) and len(array) != len(vertices):
                    raise BadVolume(self._called(), f"has {len(array)} {name} for {len(vertices)} vertices")
                array.flags.writeable = False
                object.__setattr__(self, name, array)

    def _called(self) -> str:
        return self.name or str(self.provenance.volume or "surface")

    def __repr__(self) -> str:
        extra = ", ".join(n for n in ("labels", "values") if getattr(self, n) is not None)
        what = f"{len(self.vertices)} vertices, {len(self.faces)} faces" + (f", {extra}" if extra else "")
        return f"<Surface {self.kind} {self.name!r} {what} in {contract(self.space)}>"
