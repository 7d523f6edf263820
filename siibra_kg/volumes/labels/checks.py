"""What keeps labels and voxels honest: a census of both, and the sides on which hemispheres lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import LabelMismatch
from siibra_kg.volumes.labels.lookup import Labelled
from siibra_kg.volumes.spaces import has_midline

if TYPE_CHECKING:
    from siibra_kg.model import LabelEntry
    from siibra_kg.volumes.volume import Volume

__all__ = ["Census", "Checked", "Counted", "Side"]


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


class Counted(Labelled):
    """A census of labels, whatever they are labels of."""

    def census(self) -> Census:
        """Compare the labels that are declared with those that voxels (vertices) have."""
        present = self.index.labels.tolist()
        there = set(present)
        declared = [e for e in self.labels if e.region is not None]
        entries = self._named(present)
        return Census(
            declared=tuple(declared),
            present=tuple(entries),
            missing=tuple(e for e in declared if e.label not in there),
            undeclared=tuple(e for e in entries if e.region is None),
        )

    def check(self) -> None:
        """Compare labels with voxels (vertices): every declared label has some.

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


class Checked(Counted):
    """Checks of a label map; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    volume: Volume

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
        super().check()
        if has_midline(self.volume.space):
            wrong = [s.entry for s in self.sides() if s.across > s.fraction]
            if wrong:
                names = ", ".join(e.name or str(e.region) for e in wrong[:8])
                reason = f"regions that lie on the other side of x = 0 ({names})"
                raise LabelMismatch(str(self), reason, [e.label for e in wrong])
