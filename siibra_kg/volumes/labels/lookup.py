"""What labels mean: from labels to regions and back, by number, IRI or name."""

from __future__ import annotations

import operator
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.errors import LabelMismatch
from siibra_kg.model import LabelEntry
from siibra_kg.terms import contract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.terms import IRI
    from siibra_kg.volumes.labels.index import LabelIndex

__all__ = ["Labelled", "MappedRegion", "as_list", "by_label"]


@dataclass(frozen=True, slots=True)
class MappedRegion:
    """A region of a label map with all labels that stand for it.

    Parameters
    ----------
    name
        Of the region; ``"label 7"`` for a label that has no name.
    region
        Its IRI; ``None`` for a label that stands for no region.
    labels
        Ascending. Most regions have one label; amygdala CM of Julich-Brain 1.18 has 16, 21 and 22.
    color, laterality
        As of :class:`~siibra_kg.model.LabelEntry`.
    """

    name: str
    region: IRI | None
    labels: tuple[int, ...]
    color: str | None = None
    laterality: str | None = None


def by_label(entries: Iterable[LabelEntry], what: str) -> tuple[LabelEntry, ...]:
    """Give one entry for each label, ascending.

    Raises
    ------
    LabelMismatch
        If a label stands for two regions, or the background for something.
    """
    found: dict[int, LabelEntry] = {}
    for entry in entries:
        if found.setdefault(entry.label, entry).region != entry.region:
            raise LabelMismatch(what, "a label stands for more than one region", [entry.label])
    if 0 in found:
        raise LabelMismatch(what, f"0 is the background and cannot stand for {found[0].name!r}")
    return tuple(found[v] for v in sorted(found))


class Labelled:
    """Labels with meanings; see :class:`~siibra_kg.volumes.labels.map.LabelMap`."""

    labels: tuple[LabelEntry, ...]

    if TYPE_CHECKING:

        @property
        def index(self) -> LabelIndex:
            """Voxels or vertices sorted by label."""

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

    @cached_property
    def _by_name(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for entry in self.labels:
            if entry.name:
                found[_folded(entry.name)].append(entry.label)
        return {name: tuple(labels) for name, labels in found.items()}

    def labels_of(self, region: str) -> tuple[int, ...]:
        """Give the labels that stand for a region or hemisphere; none where the map does not show it.

        The labels of its parts are not included: a map does not know which region is part of which.
        """
        return self._by_region.get(str(region), ())

    def find(self, spec: IRI | str | int) -> tuple[LabelEntry, ...]:
        """Give the entries that a specification may mean; none where nothing fits.

        Parameters
        ----------
        spec
            A label; the IRI of a region or hemisphere; its name, in letters of any case; or some words of its name.
            Words are tried only if it is neither an IRI nor a whole name.
        """
        if not isinstance(spec, str):
            entry = self._entries.get(operator.index(spec))
            return () if entry is None else (entry,)
        labels = self.labels_of(spec) or self._by_name.get(_folded(spec), ())
        if not labels:
            words = _folded(spec).split()
            labels = tuple(e.label for e in self.labels if words and set(words) <= set(_folded(e.name).split()))
        return tuple(self._entries[v] for v in labels)

    def entry(self, spec: IRI | str | int) -> LabelEntry:
        """Give the one entry that a specification means.

        Raises
        ------
        LabelMismatch
            If none does, or several: then it lists them.
        """
        found = self.find(spec)
        if not found:
            raise LabelMismatch(str(self), f"shows no region {_worded(spec)}")
        if len(found) > 1:
            names = "; ".join(f"{e.label} {e.name}".strip() for e in found[:12])
            reason = f"{len(found)} labels fit {_worded(spec)} ({names}); name one of them, or use find()"
            raise LabelMismatch(str(self), reason, [e.label for e in found])
        return found[0]

    @cached_property
    def mapped(self) -> tuple[MappedRegion, ...]:
        """What has voxels (vertices): one item per region, and one for each label without a region; by first label."""
        found: dict[object, list[LabelEntry]] = defaultdict(list)
        for label in self.index.labels.tolist():
            entry = self._entries.get(label, LabelEntry(label))
            found[entry.region if entry.region is not None else label].append(entry)
        return tuple(_region(entries) for entries in found.values())

    def _labels(self, one: Any) -> tuple[int, ...]:  # noqa: ANN401  a node, its IRI, a name or a label
        """Give the labels of a region by its node, IRI or whole name, or a label itself."""
        if isinstance(one, MappedRegion):
            return one.labels
        one = getattr(one, "iri", one)
        if not isinstance(one, str):
            return (operator.index(one),)
        if labels := self.labels_of(one):
            return labels
        labels = self._by_name.get(_folded(one), ())
        if not labels:
            near = [e.name for e in self.find(one)][:8]
            hint = f"; names with these words: {'; '.join(near)}" if near else ""
            raise LabelMismatch(str(self), f"shows no region {_worded(one)}{hint}")
        if len({self._entries[v].region for v in labels}) > 1:
            raise LabelMismatch(str(self), f"several regions are called {one!r}; give an IRI or a label", labels)
        return labels

    def _asked(self, regions: Any) -> tuple[int, ...]:  # noqa: ANN401
        """Give the labels of one or several regions, each once, in the order asked for.

        Raises
        ------
        LabelMismatch
            If one of them is not in the map or has no voxel, or none is given.
        """
        labels = tuple(dict.fromkeys(v for one in as_list(regions) for v in self._labels(one)))
        if not labels:
            raise LabelMismatch(str(self), "no region was asked for")
        empty = [v for v in labels if self.index.position(v) is None]
        if empty:
            raise LabelMismatch(str(self), "no voxel has the label", empty)
        return labels

    def _named(self, labels: Iterable[int]) -> list[LabelEntry]:
        return [self._entries.get(v, LabelEntry(v)) for v in labels]

    def _rows(self, labels: Iterable[int]) -> list[int]:
        """Give the rows of the index that hold some labels, all of which occur."""
        return [self._row_of[v] for v in labels]

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {label: row for row, label in enumerate(self.index.labels.tolist())}


def as_list(regions: Any) -> list[Any]:  # noqa: ANN401  as of Labelled._labels, or several of them
    """Give one region or several as a list."""
    one = isinstance(regions, str | int | np.integer | MappedRegion) or hasattr(regions, "iri")
    return [regions] if one else list(regions)


def _region(entries: list[LabelEntry]) -> MappedRegion:
    first = entries[0]
    return MappedRegion(
        name=first.name or f"label {first.label}",
        region=first.region,
        labels=tuple(e.label for e in entries),
        color=first.color,
        laterality=first.laterality,
    )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _worded(spec: IRI | str | int) -> str:
    return contract(spec) if isinstance(spec, str) else f"with label {spec}"
