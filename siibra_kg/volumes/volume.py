"""Volume: voxels that know their place, their space and where they come from."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import BadVolume, LabelMismatch
from siibra_kg.terms import contract
from siibra_kg.volumes.nifti import to_nibabel, write
from siibra_kg.volumes.spaces import transform_code

if TYPE_CHECKING:
    import nibabel as nib
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.label_map import LabelMap
    from siibra_kg.volumes.plot_canvas import Picture

__all__ = ["Provenance", "Volume"]

_INTENTS = {"mask": "label", "labelled": "label"}


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the voxels of a volume come from.

    Parameters
    ----------
    volume, map
        IRIs of the ``skg:Volume`` that was read, and of the ``skg:ParcellationMap`` it belongs to.
    url
        Of the file.
    sha256
        Of the decoded file, as it was read.
    license, citation
        Of the data, as the graph states them.
    derivation
        The steps from the file to these voxels, oldest first; empty for the file as it is.
    """

    volume: IRI | None = None
    map: IRI | None = None
    url: str = ""
    sha256: str = ""
    license: str = ""
    citation: str = ""
    derivation: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the fields that are known, in their order."""
        rows = {n: getattr(self, n) for n in self.__slots__}
        return {n: list(v) if isinstance(v, tuple) else str(v) for n, v in rows.items() if v}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Volume:
    """A three-dimensional array in a reference space. Frozen: the array cannot be written to.

    Parameters
    ----------
    array
        Voxels, three dimensions.
    affine
        4x4 float64: voxel indices to mm in the space, x to the right, y to the front, z up.
    space
        IRI of the reference space, version included.
    space_name
        Its name.
    kind
        ``"mask"`` (zeros and ones), ``"labelled"``, ``"statistical"`` or ``"template"``.
    name
        What is shown, for instance ``"amygdala left"``.
    parcellation
        Name of the parcellation release that a mask or label map belongs to.
    provenance
        Where the voxels come from.
    color
        ``"#RRGGBB"`` in which to show a mask.
    context
        For a mask: the label map that it was cut from, for pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> space = IRI("https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998")
    >>> block = np.zeros((4, 4, 4), np.uint8)
    >>> block[1, 2, 3] = 1
    >>> volume = Volume(block, np.diag([2.0, 2, 2, 1]), space, kind="mask")
    >>> volume.centroid().tolist(), volume.volume_mm3()
    ([2.0, 4.0, 6.0], 8.0)
    >>> volume.bounding_box().tolist()
    [[1.0, 3.0, 5.0], [3.0, 5.0, 7.0]]
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    space: IRI
    space_name: str = ""
    kind: str = "statistical"
    name: str = ""
    parcellation: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    color: str | None = None
    context: LabelMap | None = None

    def __post_init__(self) -> None:
        array = np.asarray(self.array).view()
        affine = np.array(self.affine, dtype=np.float64)
        if array.ndim != 3 or array.size == 0:
            raise BadVolume(self._called(), f"an array of shape {array.shape} is not a volume")
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or np.linalg.det(affine[:3, :3]) == 0:
            raise BadVolume(self._called(), "its affine is not an invertible 4x4 matrix")
        array.flags.writeable = affine.flags.writeable = False
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "affine", affine)

    @property
    def unit(self) -> str:
        """The unit of the affine and of every coordinate: always ``"mm"``."""
        return "mm"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along the three axes of the array."""
        i, j, k = self.array.shape
        return (i, j, k)

    @property
    def voxel_size(self) -> tuple[float, float, float]:
        """Edge lengths of a voxel along the three axes of the array, in mm."""
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0)).tolist()
        return (x, y, z)

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in cubic mm."""
        x, y, z = self.affine[:3, :3].T
        # The triple product is exact where numpy.linalg.det, an LU decomposition, gives 7.999999999999998 for 2 mm.
        return abs(float(np.cross(x, y) @ z))

    def to_mm(self, indices: ArrayLike) -> NDArray[np.float64]:
        """Turn voxel indices, shape (..., 3), into mm; an index is the centre of its voxel."""
        points: NDArray[np.float64] = np.asarray(indices, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def nonzero(self) -> NDArray[np.intp]:
        """Give the indices of all voxels that are not zero, shape (n, 3).

        Raises
        ------
        LabelMismatch
            If there are none.
        """
        # Column-major, as NIfTI arrays are: half a second faster on a brain of 1 mm than numpy.argwhere.
        voxels = np.flatnonzero(self.array.reshape(-1, order="F"))
        if len(voxels) == 0:
            raise LabelMismatch(self._called(), "every voxel is zero")
        return np.stack(np.unravel_index(voxels, self.array.shape, order="F"), axis=1)

    def centroid(self) -> NDArray[np.float64]:
        """Give the mean position in mm of the voxels that are not zero, shape (3,)."""
        return self.to_mm(self.nonzero().mean(axis=0))

    def bounding_box(self) -> NDArray[np.float64]:
        """Give the smallest box along x, y, z that holds all voxels that are not zero, edges included.

        Returns
        -------
        numpy.ndarray
            Shape (2, 3), mm: the lowest and the highest corner.
        """
        linear = self.affine[:3, :3]
        half = np.abs(linear).sum(axis=1) / 2  # of the box around one voxel
        if ((linear != 0).sum(axis=1) == 1).all():
            centres = self.to_mm(self._index_box())
        else:  # oblique: the corners of the box in the array may be far outside of what it holds
            centres = self.to_mm(self.nonzero())
        return np.stack([centres.min(axis=0) - half, centres.max(axis=0) + half])

    def _index_box(self) -> NDArray[np.intp]:
        """Give the lowest and highest index along each axis of what is not zero, shape (2, 3)."""
        some = self.array != 0
        along = [np.flatnonzero(some.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        if len(along[0]) == 0:
            raise LabelMismatch(self._called(), "every voxel is zero")
        return np.array([[a[0] for a in along], [a[-1] for a in along]])

    def volume_mm3(self) -> float:
        """Give the volume in cubic mm of the voxels that are not zero."""
        return float(np.count_nonzero(self.array) * self.voxel_volume)

    def to_nibabel(self) -> nib.Nifti1Image:
        """Give a :class:`nibabel.Nifti1Image`; space and provenance travel in a header extension, as JSON."""
        note = {"space": str(self.space), "name": self.name, "parcellation": self.parcellation}
        text = json.dumps({**{k: v for k, v in note.items() if v}, **self.provenance.to_dict()}, ensure_ascii=False)
        code = transform_code(self.space)
        return to_nibabel(self.array, self.affine, code=code, intent=_INTENTS.get(self.kind, "none"), note=text)

    def save(self, path: str | Path) -> Path:
        """Write a ``.nii`` or ``.nii.gz`` file; equal volumes give equal bytes.

        The affine is stored in 32-bit floats, as NIfTI-1 has it.

        Raises
        ------
        BadVolume
            If the name has another ending, or the file cannot be written.
        """
        return write(Path(path), self.to_nibabel())

    def plot(self, path: str | Path | None = None, background: Volume | None = None) -> Picture:
        """Draw three orthogonal slices; see :func:`siibra_kg.volumes.plot.plot_mask`.

        Parameters
        ----------
        path
            A PNG file to write, or nothing to only get the picture.
        background
            A template in the same space to draw over; else a mask is drawn over the outlines of its label map.

        Returns
        -------
        Picture
            Shown by notebooks; ``.png`` holds the bytes.
        """
        from siibra_kg.volumes import plot  # noqa: PLC0415  matplotlib is an extra, and takes half a second

        if self.kind == "mask":
            return plot.plot_mask(self, path, outlines=self.context, background=background)
        return plot.plot_volume(self, path)

    def _called(self) -> str:
        return self.name or str(self.provenance.volume or "volume")

    def _facts(self) -> dict[str, str]:
        size = " x ".join(f"{v:g}" for v in self.voxel_size)
        return {
            "kind": self.kind,
            "name": self.name,
            "parcellation": self.parcellation,
            "space": f"{self.space_name} <{contract(self.space)}>".strip(),
            "voxels": f"{' x '.join(map(str, self.shape))} of {size} mm, {self.array.dtype}",
            "file": self.provenance.url,
            "derived": "; ".join(self.provenance.derivation),
            "license": self.provenance.license,
            "citation": self.provenance.citation,
        }

    def __repr__(self) -> str:
        size = "x".join(map(str, self.shape))
        return f"<Volume {self.kind} {self.name!r} {size} {self.array.dtype} in {contract(self.space)}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>"
            for k, v in self._facts().items()
            if v
        )
        table = f"<table><caption>Volume</caption>{rows}</table>"
        if find_spec("matplotlib") is None or not self.array.any():
            return table
        from siibra_kg.volumes import plot  # noqa: PLC0415  as in plot()

        picture = plot.plot_mask(self, outlines=self.context) if self.kind == "mask" else plot.plot_volume(self)
        return picture.to_html() + table
