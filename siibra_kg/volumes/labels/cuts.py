"""Masks of regions: of some together on the whole grid, of all as a sequence, and of connected components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from siibra_kg.volumes.labels.components import components
from siibra_kg.volumes.labels.lookup import Labelled, MappedRegion, as_list
from siibra_kg.volumes.place import moved
from siibra_kg.volumes.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from siibra_kg.model import LabelEntry
    from siibra_kg.terms import IRI

__all__ = ["Cut", "Masks"]

_CROPPED = "cut to the box of these voxels"


class Cut(Labelled):
    """Masks of a label map; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    volume: Volume

    def mask(self, regions: Iterable[IRI | str | int] | IRI | str | int, *, name: str = "") -> Volume:
        """Cut out the voxels of some regions, or of some labels.

        Parameters
        ----------
        regions
            IRIs or names of regions or hemispheres that the map shows, or labels. Every label of a region is used.
        name
            What to call them together; else their names are listed.

        Returns
        -------
        Volume
            Of the same grid, ``uint8``: 1 where a voxel has one of the labels, else 0.

        Raises
        ------
        LabelMismatch
            If one of them is not in the map, or none is given.
        """
        labels = self._asked(regions)
        return self._mask(self._named(labels), self.index.mask(labels), name)

    def masks(self, regions: Iterable[IRI | str | int] | None = None, *, cropped: bool = True) -> Masks:
        """Give the mask of each region, made when it is asked for.

        Parameters
        ----------
        regions
            As of :meth:`mask`, a mask for each; all that have voxels unless told.
        cropped
            Each mask is of the smallest block of the grid that holds its region, at its place in mm; else of the
            whole grid, which takes a hundred times the memory.

        Returns
        -------
        Masks
            A sequence of volumes.
        """
        if regions is None:
            return Masks(self, self.mapped, cropped=cropped)
        of_label = {label: region for region in self.mapped for label in region.labels}
        found = []
        for one in as_list(regions):
            labels = self._asked(one)
            region = of_label[labels[0]]
            if region.labels != labels:  # a label of a region that has several
                entry = self._named(labels)[0]
                region = MappedRegion(entry.name, entry.region, labels, entry.color, entry.laterality)
            found.append(region)
        return Masks(self, tuple(found), cropped=cropped)

    def components(self, regions: IRI | str | int, *, connectivity: int = 26) -> tuple[Volume, ...]:
        """Split a region into connected components, largest first; each a mask of the smallest block that holds it.

        Parameters
        ----------
        regions
            As of :meth:`mask`; several are taken together.
        connectivity
            How many neighbours a voxel has: 6 (by face), 18 (also by edge) or 26 (also by corner).

        Raises
        ------
        LabelMismatch
            If the map does not show it.
        BadVolume
            If the connectivity is none of these.
        """
        labels = self._asked(regions)
        entries = self._named(labels)
        parts, order, start = components(self.index, self._rows(labels), connectivity)
        found = []
        for number, row in enumerate(order.tolist(), 1):
            array, inner = parts.cut([row])
            begin = [a + b for a, b in zip(start, inner, strict=True)]
            name = f"{entries[0].name or f'label {entries[0].label}'}, component {number} of {len(order)}"
            step = f"component {number} of {len(order)}, neighbours {connectivity}"
            found.append(self._mask(entries, array, name, begin, step, _CROPPED))
        return tuple(found)

    def _mask(
        self,
        entries: Sequence[LabelEntry],
        array: NDArray[np.uint8],
        name: str = "",
        start: Sequence[int] | None = None,
        *steps: str,
    ) -> Volume:
        whole = self.volume
        names = [e.name or f"label {e.label}" for e in entries]
        told = ", ".join(f"label {e.label}" + (f" ({e.name})" if e.name else "") for e in entries)
        done = (f"voxels with {told}", *steps) if entries else steps
        return Volume(
            array,
            whole.affine if start is None else moved(whole.affine, start),
            whole.space,
            whole.space_name,
            "mask",
            name or (", ".join(names) if len(names) <= 3 else f"{len(names)} regions"),
            whole.parcellation,
            whole.provenance.then(*done),
            entries[0].color if len({e.color for e in entries}) == 1 else None,
            self,  # type: ignore[arg-type]
        )


class Masks(Sequence[Volume]):
    """The masks of the regions of a label map, one after the other; none is kept.

    Parameters
    ----------
    label_map
        The map.
    regions
        What to cut out.
    cropped
        As of :meth:`Cut.masks`.
    """

    __slots__ = ("_map", "cropped", "regions")

    def __init__(self, label_map: Cut, regions: tuple[MappedRegion, ...], *, cropped: bool = True) -> None:
        self._map = label_map
        self.regions = regions
        self.cropped = cropped

    def __len__(self) -> int:
        return len(self.regions)

    @overload
    def __getitem__(self, at: int) -> Volume: ...
    @overload
    def __getitem__(self, at: slice) -> Masks: ...
    def __getitem__(self, at: int | slice) -> Volume | Masks:
        if isinstance(at, slice):
            return Masks(self._map, self.regions[at], cropped=self.cropped)
        return self._made(self.regions[at])

    def __iter__(self) -> Iterator[Volume]:
        lines = self._map.index.lines() if self.cropped else None
        return (self._made(region, lines) for region in self.regions)

    def _made(self, region: MappedRegion, lines: tuple[NDArray[Any], NDArray[Any]] | None = None) -> Volume:
        cut = self._map
        entries = cut._named(region.labels)  # noqa: SLF001  one class in two parts
        if not self.cropped:
            return cut._mask(entries, cut.index.mask(region.labels), region.name)  # noqa: SLF001
        array, start = cut.index.cut(cut._rows(region.labels), lines)  # noqa: SLF001
        return cut._mask(entries, array, region.name, start, _CROPPED)  # noqa: SLF001

    def __repr__(self) -> str:
        return f"<Masks of {len(self)} regions of {self._map}, {'cropped' if self.cropped else 'whole grids'}>"
