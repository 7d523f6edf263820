"""Volume: voxels that know their place, their space and where they come from."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from siibra_kg.errors import BadVolume
from siibra_kg.terms import contract
from siibra_kg.volumes import derive
from siibra_kg.volumes.files import own
from siibra_kg.volumes.files.nifti import to_nibabel, write
from siibra_kg.volumes.pictures.show import to_html
from siibra_kg.volumes.place import as_space, triple_product
from siibra_kg.volumes.placed import Placed
from siibra_kg.volumes.provenance import Provenance
from siibra_kg.volumes.spaces import transform_code

if TYPE_CHECKING:
    import nibabel as nib
    from numpy.typing import ArrayLike, NDArray

    from siibra_kg.locations import BoundingBox, Point, PointCloud
    from siibra_kg.model import Space
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.map import LabelMap
    from siibra_kg.volumes.pictures.plot_canvas import Picture
    from siibra_kg.volumes.resample import PointValues

__all__ = ["Provenance", "Volume"]

_INTENTS = {"mask": "label", "labelled": "label"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Volume(Placed):
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
        if affine.shape != (4, 4) or not math.isfinite(float(affine.sum())) or triple_product(affine) == 0:
            raise BadVolume(self._called(), "its affine is not an invertible 4x4 matrix")
        array.flags.writeable = affine.flags.writeable = False
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "affine", affine)

    @classmethod
    def from_array(
        cls, array: ArrayLike, affine: ArrayLike, space: Space | str, *, kind: str = "statistical", name: str = ""
    ) -> Volume:
        """Make a volume of an array of one's own.

        Parameters
        ----------
        array
            Three dimensions.
        affine
            4x4, voxel indices to mm in the space.
        space
            The reference space of these mm: a :class:`~siibra_kg.model.Space`, or its IRI. It cannot be known from
            the array, and nothing is assumed.
        kind, name
            As of :class:`Volume`.
        """
        home = as_space(space)
        return cls(np.asarray(array), np.asarray(affine), home, getattr(space, "name", ""), kind, name)

    @classmethod
    def from_nifti(
        cls, image: str | Path | nib.Nifti1Image, space: Space | str, *, kind: str = "statistical", name: str = ""
    ) -> Volume:
        """Make a volume of a NIfTI file, or of an image of nibabel, of one's own.

        Parameters
        ----------
        image
            A ``.nii`` or ``.nii.gz`` file with three dimensions; or an image, in mm if it says any unit.
        space, kind, name
            As of :meth:`from_array`. No header says which version of which space it is in, so you have to.

        Raises
        ------
        BadVolume
            If the file cannot be read, or the unit of an image is another.
        TermError
            If the space is none.
        """
        array, affine, source = own.nifti(image, name)
        name = name or Path(unquote(source.url)).name
        return replace(cls.from_array(array, affine, space, kind=kind, name=name), provenance=source)

    def cropped(self, box: BoundingBox) -> Volume:
        """Give the part whose voxel centres lie in a box, or on its border.

        Of an oblique grid it is the smallest block that has them all.

        Raises
        ------
        SpaceMismatch
            If the box is in another space.
        BadVolume
            If no voxel is in it.

        Examples
        --------
        >>> import numpy as np
        >>> from siibra_kg.locations import BoundingBox
        >>> atlas = Volume.from_array(np.ones((91, 109, 91), np.uint8), np.diag([2, 2, 2, 1]), "x:space")
        >>> atlas.cropped(BoundingBox((20, 20, 20), (60, 60, 60), "x:space")).shape
        (21, 21, 21)
        """
        return derive.cropped(self, box)

    def evaluate_points(self, points: Point | PointCloud | ArrayLike, interpolation: str | None = None) -> PointValues:
        """Read the volume at points; those outside are rows that say so.

        Parameters
        ----------
        points
            A point or a cloud in the space of the volume; or an array of shape (n, 3) or (3,), which is taken as mm
            of this space.
        interpolation
            ``"linear"`` (what templates and statistical volumes get unless told) or ``"nearest"`` (all that labels
            and masks can have).

        Returns
        -------
        PointValues
            ``values`` and ``inside``, both of shape (n,).

        Raises
        ------
        SpaceMismatch
            If the points say that they are in another space.
        LabelMismatch
            If labels were to be interpolated.
        """
        return derive.evaluated(self, points, interpolation)

    def intersection(self, other: Volume) -> Volume | None:
        """Give what two volumes have in common: the smaller value, voxel by voxel, where both are.

        Returns
        -------
        Volume or None
            On the voxels that both grids have, a mask if both are masks; ``None`` where nothing is in common.

        Raises
        ------
        SpaceMismatch
            If they are in different spaces.
        BadVolume
            If their grids differ by more than whole voxels.
        LabelMismatch
            If one is a label map: of two labels none is the smaller.
        """
        return derive.intersected(self, other)

    def resampled_to(self, other: Volume, interpolation: str | None = None, outside: float = 0) -> Volume:
        """Give this volume on the grid of another of the same space.

        Parameters
        ----------
        other
            Only its grid counts.
        interpolation
            As of :meth:`evaluate_points`. Linear values are floats and stay floats; where the grids differ by whole
            voxels they are moved and not computed.
        outside
            For voxels of the other grid that this one does not reach.

        Raises
        ------
        SpaceMismatch
            If they are in different spaces.
        LabelMismatch
            If labels were to be interpolated.
        """
        return derive.resampled(self, other, interpolation, outside)

    def to_nibabel(self) -> nib.Nifti1Image:
        """Give a :class:`nibabel.Nifti1Image`; space and provenance travel in a header extension, as JSON."""
        note = {"space": str(self.space), "name": self.name, "parcellation": self.parcellation}
        text = json.dumps({**{k: v for k, v in note.items() if v}, **self.provenance.to_dict()}, ensure_ascii=False)
        code = transform_code(self.space)
        return to_nibabel(self.array, self.affine, code=code, intent=_INTENTS.get(self.kind, "none"), note=text)

    def to_nilearn(self) -> nib.Nifti1Image:
        """Give an image that functions of nilearn take: the one of :meth:`to_nibabel`; nilearn is not needed for it."""
        return self.to_nibabel()

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
        """Draw three orthogonal slices, as the functions of :mod:`siibra_kg.volumes.pictures.plot` do.

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
        from siibra_kg.volumes.pictures import plot  # noqa: PLC0415  matplotlib is an extra, and takes half a second

        if self.kind == "mask":
            return plot.plot_mask(self, path, outlines=self.context, background=background)
        return plot.plot_volume(self, path, background=background)

    def _called(self) -> str:
        return self.name or str(self.provenance.volume or "volume")

    def __repr__(self) -> str:
        size = "x".join(map(str, self.shape))
        return f"<Volume {self.kind} {self.name!r} {size} {self.array.dtype} in {contract(self.space)}>"

    def _repr_html_(self) -> str:
        return to_html(self)
