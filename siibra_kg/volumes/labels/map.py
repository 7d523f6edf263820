"""LabelMap: a volume of labels together with what each label means, and the checks that keep both honest.

A label is a name, not a quantity: there is no interpolation here, no resampling and no arithmetic. What can be had of
a label map is masks of regions, a census, measurements of its regions, their borders, and values painted on them.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from siibra_kg.errors import LabelMismatch
from siibra_kg.terms import contract
from siibra_kg.volumes.asked import Asked, Sampled
from siibra_kg.volumes.labels.borders import Bordered
from siibra_kg.volumes.labels.checks import Census, Checked, Side
from siibra_kg.volumes.labels.cuts import Masks
from siibra_kg.volumes.labels.lookup import MappedRegion, by_label
from siibra_kg.volumes.labels.measures import Measured
from siibra_kg.volumes.labels.store import stored_index
from siibra_kg.volumes.labels.tables import Painted
from siibra_kg.volumes.pictures.show import label_map_to_html

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from siibra_kg.model import LabelEntry
    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.index import LabelIndex
    from siibra_kg.volumes.pictures.plot_sheet import Picture
    from siibra_kg.volumes.volume import Volume

__all__ = ["Census", "LabelMap", "MappedRegion", "Masks", "Side"]


@dataclass(frozen=True, eq=False, repr=False)
class LabelMap(Checked, Measured, Bordered, Painted, Asked, Sampled):
    """A label volume and the meaning of its labels.

    Regions are given by the IRI of a region or hemisphere, by their whole name in letters of any case, by a node that
    a query gave, or by a label. All labels of a region are used: three for amygdala CM of Julich-Brain 1.18.

    Parameters
    ----------
    volume
        Integer voxels; zero is background.
    labels
        One entry per label that means something. An entry without a region only names a label.
    indices
        A folder in which the voxels, sorted by label, are kept for the next time; see
        :func:`siibra_kg.volumes.labels.store.stored_index`.

    Raises
    ------
    LabelMismatch
        If the voxels are not integers, a label stands for two regions, or the background for one.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.model import LabelEntry
    >>> from siibra_kg.volumes import Volume
    >>> space, region = IRI("https://example.org/space"), IRI("https://example.org/region")
    >>> block = np.zeros((4, 4, 4), np.uint8)
    >>> block[0], block[3] = 7, 8
    >>> labels = LabelMap(Volume(block, np.eye(4), space, kind="labelled"), (LabelEntry(7, region, "a region"),))
    >>> labels.mask([region]).volume_mm3()
    16.0
    >>> labels.entry("A Region").label, labels.centroid("a region").coordinate
    (7, (0.0, 1.5, 1.5))
    >>> print(labels.census())
    1 labels stand for a region, 2 are in the volume
    1 without a region: 8
    """

    volume: Volume
    labels: tuple[LabelEntry, ...] = ()
    indices: Path | None = None

    def __post_init__(self) -> None:
        if self.volume.array.dtype.kind not in "iu":
            raise LabelMismatch(str(self), f"labels have to be integers, not {self.volume.array.dtype}")
        object.__setattr__(self, "labels", by_label(self.labels, str(self)))

    @cached_property
    def index(self) -> LabelIndex:
        """All voxels sorted by label; made on first use, or opened where it was kept."""
        return stored_index(self.volume, self.indices)

    @property
    def space(self) -> IRI:
        """IRI of the reference space, version included."""
        return self.volume.space

    def __str__(self) -> str:
        what = self.volume.parcellation or self.volume.name or str(self.volume.provenance.map or "label map")
        return f"{what} in {self.volume.space_name or contract(self.volume.space)}"

    def __repr__(self) -> str:
        size = "x".join(map(str, self.volume.shape))
        regions = len({e.region for e in self.labels if e.region is not None})
        return f"<LabelMap {self}, {len(self.labels)} labels of {regions} regions, {size} voxels>"

    def plot(
        self, path: str | Path | None = None, background: Volume | None = None, at: ArrayLike | None = None
    ) -> Picture:
        """Draw three slices, each region in its colour; see :func:`siibra_kg.volumes.pictures.plot_maps.plot_labels`.

        Parameters
        ----------
        path
            A PNG file to write, or nothing to only get the picture.
        background
            A template in the same space to draw over.
        at
            Where the slices meet, in mm.
        """
        from siibra_kg.volumes.pictures.plot_maps import plot_labels  # noqa: PLC0415  matplotlib is an extra

        return plot_labels(self, path, background=background, at=at)

    def _repr_html_(self) -> str:
        rows = f"<p>{html.escape(str(self.census())[:2000]).replace(chr(10), '<br>')}</p>"
        return label_map_to_html(self) + rows + self.regions._repr_html_()
