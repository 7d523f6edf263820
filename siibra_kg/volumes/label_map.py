"""LabelMap: a volume of labels together with what each label means, and the checks that keep both honest.

A label is a name, not a quantity: there is no interpolation here, no resampling and no arithmetic. What can be had of
a label map is masks of regions, a census, and measurements of its regions.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from siibra_kg.errors import LabelMismatch
from siibra_kg.model import LabelEntry
from siibra_kg.table import Column, Table
from siibra_kg.terms import contract
from siibra_kg.volumes.label_index import LabelIndex
from siibra_kg.volumes.spaces import has_midline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.volume import Volume

__all__ = ["Census", "LabelMap", "Side"]


@dataclass(frozen=True, slots=True)
class Census:
    """The labels that a map declares and the labels that its voxels have; entries in the order of their labels.

    Parameters
    ----------
    declared
        Labels that stand for a region.
    present
        Labels that some voxel has.
    missing
        Declared, but no voxel has it.
    undeclared
        Present, but it stands for no region; with the name of the map's own table where that lists it.
    """

    declared: tuple[LabelEntry, ...]
    present: tuple[LabelEntry, ...]
    missing: tuple[LabelEntry, ...]
    undeclared: tuple[LabelEntry, ...]

    def __str__(self) -> str:
        lines = [f"{len(self.declared)} labels stand for a region, {len(self.present)} are in the volume"]
        for word, entries in (("without a voxel", self.missing), ("without a region", self.undeclared)):
            if entries:
                names = ", ".join(f"{e.label} {e.name}".strip() for e in entries)
                lines.append(f"{len(entries)} {word}: {names}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Side:
    """How much of a hemisphere region lies on its own side of x = 0.

    Parameters
    ----------
    entry
        The label and its region.
    voxels
        How many voxels have the label.
    fraction
        Of them, those on the own side: x < 0 for left, x > 0 for right.
    across
        Of them, those on the other side. Voxels whose centre lies at x = 0 count for neither.
    """

    entry: LabelEntry
    voxels: int
    fraction: float
    across: float


@dataclass(frozen=True, eq=False, repr=False)
class LabelMap:
    """A label volume and the meaning of its labels.

    Parameters
    ----------
    volume
        Integer voxels; zero is background.
    labels
        One entry per label that means something. An entry without a region only names a label.

    Raises
    ------
    LabelMismatch
        If the voxels are not integers, a label stands for two regions, or the background for one.

    Examples
    --------
    >>> import numpy as np
    >>> from siibra_kg.terms import IRI
    >>> from siibra_kg.volumes import Volume
    >>> space, region = IRI("https://example.org/space"), IRI("https://example.org/region")
    >>> block = np.zeros((4, 4, 4), np.uint8)
    >>> block[0], block[3] = 7, 8
    >>> labels = LabelMap(Volume(block, np.eye(4), space, kind="labelled"), (LabelEntry(7, region, "a region"),))
    >>> labels.mask([region]).volume_mm3()
    16.0
    >>> print(labels.census())
    1 labels stand for a region, 2 are in the volume
    1 without a region: 8
    """

    volume: Volume
    labels: tuple[LabelEntry, ...] = ()

    def __post_init__(self) -> None:
        if self.volume.array.dtype.kind not in "iu":
            raise LabelMismatch(str(self), f"labels have to be integers, not {self.volume.array.dtype}")
        by_label: dict[int, LabelEntry] = {}
        for entry in self.labels:
            if by_label.setdefault(entry.label, entry).region != entry.region:
                raise LabelMismatch(str(self), "a label stands for more than one region", [entry.label])
        if 0 in by_label:
            raise LabelMismatch(str(self), f"0 is the background and cannot stand for {by_label[0].name!r}")
        object.__setattr__(self, "labels", tuple(by_label[v] for v in sorted(by_label)))

    @cached_property
    def index(self) -> LabelIndex:
        """All voxels sorted by label; made on first use."""
        return LabelIndex.of(self.volume.array)

    @cached_property
    def _entries(self) -> dict[int, LabelEntry]:
        return {e.label: e for e in self.labels}

    @cached_property
    def _by_region(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for entry in self.labels:
            if entry.region is not None:
                found[str(entry.region)].append(entry.label)
        return {region: tuple(labels) for region, labels in found.items()}

    def census(self) -> Census:
        """Compare the labels that are declared with those that voxels have."""
        present = self.index.labels.tolist()
        declared = [e for e in self.labels if e.region is not None]
        entries = [self._entries.get(v, LabelEntry(v)) for v in present]
        return Census(
            declared=tuple(declared),
            present=tuple(entries),
            missing=tuple(e for e in declared if self.index.position(e.label) is None),
            undeclared=tuple(e for e in entries if e.region is None),
        )

    def labels_of(self, region: str) -> tuple[int, ...]:
        """Give the labels that stand for a region or hemisphere; none where the map does not show it.

        The labels of its parts are not included: a map does not know which region is part of which.
        """
        return self._by_region.get(str(region), ())

    def mask(self, regions: Iterable[IRI | str | int] | IRI | str | int, *, name: str = "") -> Volume:
        """Cut out the voxels of some regions, or of some labels.

        Parameters
        ----------
        regions
            IRIs of regions or hemispheres that the map shows, or labels.
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
        asked = [regions] if isinstance(regions, str | int | np.integer) else list(regions)
        labels = tuple(dict.fromkeys(v for one in asked for v in self._labels(one)))
        if not labels:
            raise LabelMismatch(str(self), "no region was asked for")
        empty = [v for v in labels if self.index.position(v) is None]
        if empty:
            raise LabelMismatch(str(self), "no voxel has the label", empty)
        entries = [self._entries.get(v, LabelEntry(v)) for v in labels]
        names = [e.name or f"label {e.label}" for e in entries]
        step = "voxels with " + ", ".join(f"label {e.label}" + (f" ({e.name})" if e.name else "") for e in entries)
        provenance = replace(self.volume.provenance, derivation=(*self.volume.provenance.derivation, step))
        return replace(
            self.volume,
            array=self.index.mask(labels),
            kind="mask",
            name=name or (", ".join(names) if len(names) <= 3 else f"{len(names)} regions"),
            provenance=provenance,
            color=entries[0].color if len({e.color for e in entries}) == 1 else None,
            context=self,
        )

    def _labels(self, one: str | int) -> tuple[int, ...]:
        if not isinstance(one, str):
            return (operator.index(one),)
        labels = self.labels_of(one)
        if not labels:
            raise LabelMismatch(str(self), f"shows no region {contract(one)}")
        return labels

    def sides(self) -> tuple[Side, ...]:
        """Tell for each hemisphere region that has voxels how much of it lies on its own side of x = 0.

        World x grows to the right (NIfTI standard), so the left hemisphere is at x < 0, in every space whose plane
        x = 0 separates the hemispheres.
        """
        x = self.volume.affine[0, :3] @ self.index.coordinates() + self.volume.affine[0, 3]
        left, right = self.index.sums(x < 0), self.index.sums(x > 0)
        found = []
        for entry in self.labels:
            at = self.index.position(entry.label)
            if entry.region is None or entry.laterality not in {"left", "right"} or at is None:
                continue
            own, other = (left, right) if entry.laterality == "left" else (right, left)
            count = int(self.index.counts[at])
            found.append(Side(entry, count, float(own[at] / count), float(other[at] / count)))
        return tuple(found)

    def check(self) -> None:
        """Compare labels with voxels: every declared label has voxels, and hemispheres are on their sides.

        The second is checked only in spaces whose plane x = 0 is known to separate the hemispheres. Regions at the
        midline may cross it (in AAL1 up to 17 % of the left ones do), so the greater part decides.

        Raises
        ------
        LabelMismatch
            Names the labels.
        """
        if len(self.index.labels) == 0:
            raise LabelMismatch(str(self), "every voxel is background")
        if missing := self.census().missing:
            names = ", ".join(e.name or str(e.region) for e in missing[:8])
            raise LabelMismatch(str(self), f"declared labels that no voxel has ({names})", [e.label for e in missing])
        if has_midline(self.volume.space):
            wrong = [s.entry for s in self.sides() if s.across > s.fraction]
            if wrong:
                names = ", ".join(e.name or str(e.region) for e in wrong[:8])
                reason = f"regions that lie on the other side of x = 0 ({names})"
                raise LabelMismatch(str(self), reason, [e.label for e in wrong])

    def measure(self) -> Table:
        """Measure all labels at once: voxels, volume, centroid and bounding box in mm."""
        volume, index = self.volume, self.index
        linear, offset = volume.affine[:3, :3], volume.affine[:3, 3]
        half = np.abs(linear).sum(axis=1) / 2
        # The voxels' own places are needed: with oblique axes the box of the array indices says too little.
        low, high = index.boxes(linear @ index.coordinates())
        numbers = np.hstack([volume.to_mm(index.centroids()), low + offset - half, high + offset + half]).tolist()
        entries = [self._entries.get(v, LabelEntry(v)) for v in index.labels.tolist()]
        cells = [
            (e.label, e.region, e.name or None, n, n * volume.voxel_volume, *row)
            for e, n, row in zip(entries, index.counts.tolist(), numbers, strict=True)
        ]
        return Table(_MEASURES, tuple(cells))

    def __str__(self) -> str:
        what = self.volume.parcellation or self.volume.name or str(self.volume.provenance.map or "label map")
        return f"{what} in {self.volume.space_name or contract(self.volume.space)}"

    def __repr__(self) -> str:
        return f"<LabelMap {self}, {len(self.labels)} labels>"

    def _repr_html_(self) -> str:
        return self.volume._repr_html_()


_MEASURES = (
    Column("label", "integer", "voxel value"),
    Column("region", "iri", "the region that it stands for"),
    Column("name", "string", "name of the region"),
    Column("voxels", "integer", "how many voxels have the label"),
    Column("volume", "decimal", "cubic mm"),
    *(Column(n, "decimal", "mean position of the voxels, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_min", "decimal", "lower edge of the bounding box, mm") for n in ("x", "y", "z")),
    *(Column(f"{n}_max", "decimal", "upper edge of the bounding box, mm") for n in ("x", "y", "z")),
)
