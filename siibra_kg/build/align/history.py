"""What is known of the regions of several releases, and which region of one is the same as which of another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.build.align.naming import sided
from siibra_kg.names import key

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from siibra_kg.build.added import Row

__all__ = ["REASONS", "History", "Links", "read"]

#: Why two regions are the same, the strongest reason first.
REASONS = ("shared entity", "shared identifier", "name", "curated")
ENTITY, IDENTIFIER, NAME, CURATED = REASONS
_SIDES = ("left", "right")


@dataclass(slots=True)
class Region:
    """A region: its name, its side, whether siibra lists it, its name as compared, what identifies it, its parts."""

    iri: str
    release: str
    name: str
    side: str
    listed: bool = True
    stem: str = ""
    entities: set[str] = field(default_factory=set)
    found: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)

    def identify(self, kind: str, target: str, text: str) -> None:
        """Remember an entity that openMINDS states, one that a name or people found, or an id."""
        if kind == "entity":
            self.entities.add(target)
        elif kind == "found":
            self.found[target] = max(text, self.found.get(target, text), key=REASONS.index)
        elif kind == "id":
            self.ids.add(target)

    @property
    def whole(self) -> str:
        """IRI of the region that this one is the half of, or its own."""
        return self.iri.removesuffix(f"/{self.side}") if self.side else self.iri

    def entity(self, reason: str) -> set[str]:
        """Give the entities that openMINDS states, and those found for no weaker reason than one."""
        found = {e for e, why in self.found.items() if REASONS.index(why) <= REASONS.index(reason)}
        return self.entities | found


@dataclass(slots=True)
class History:
    """The regions of all releases, by IRI and by release; which release follows which; what people have checked."""

    regions: dict[str, Region] = field(default_factory=dict)
    releases: dict[str, list[Region]] = field(default_factory=lambda: defaultdict(list))
    previous: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    checked: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def older(self, release: str) -> set[str]:
        """Give all releases before one."""
        found: set[str] = set()
        todo = [release]
        while todo:
            todo += (fresh := self.previous.get(todo.pop(), set()) - found)
            found |= fresh
        return found - {release}

    def pairs(self) -> list[tuple[str, str]]:
        """Give all pairs of an older and a newer release, sorted."""
        return sorted((old, new) for new in self.releases for old in self.older(new) if old in self.releases)

    def divided(self, region: Region) -> bool:
        """Tell whether a region, or what it is the half of, has parts other than its halves."""
        whole = self.regions.get(region.whole, region)
        return bool((region.parts | whole.parts) - {f"{whole.iri}/{side}" for side in _SIDES})

    def siibra_parts(self, region: Region) -> set[str]:
        """Give the parts that siibra has of a region, not its halves; of a half those on its side."""
        parts = (p for p in region.parts if self.regions[p].whole != region.iri)
        return {p for p in parts if self.regions[p].listed and self.regions[p].side == region.side}


def read(rows: Iterable[Row]) -> History:
    """Read rows ``kind, subject, object, text, side, listed``, in any order; the rule says which kinds there are."""
    history, later = History(), []
    for kind, subject, target, text, side, listed in rows:
        if kind is None or subject is None or target is None:
            continue
        if kind == "previous":
            history.previous[subject].add(target)
        elif kind == "region":
            place = history.regions.get(subject)
            name = min(text or "", place.name) if place else text or ""
            history.regions[subject] = Region(subject, target, name, (side or "").rpartition("/")[2], listed == "true")
        else:
            later.append((kind, subject, target, text or ""))
    for _, region in sorted(history.regions.items()):
        region.stem = sided(region.name).stem if region.side else key(region.name)
        history.releases[region.release].append(region)
    for kind, subject, target, text in later:
        if kind == "curated":
            history.checked[text].add((subject, target))
        elif kind == "part" and subject in history.regions and target in history.regions:
            history.regions[target].parts.add(subject)
        elif subject in history.regions:
            history.regions[subject].identify(kind, target, text)
    return history


class Links:
    """Which region of a newer release is the same as which of an older one, and why; one to one.

    Parameters
    ----------
    history
        The regions.
    old, new
        The releases.
    """

    def __init__(self, history: History, old: str, new: str) -> None:
        self._history = history
        self._old, self._new = history.releases[old], history.releases[new]
        self.why: dict[tuple[str, str], set[str]] = {}
        self.forth: dict[str, str] = {}
        self.back: dict[str, str] = {}
        self._find()

    def _find(self) -> None:
        here = {r.iri for r in self._old}, {r.iri for r in self._new}
        for one, other in sorted(self._history.checked["same"]):
            for a, b in ((one, other), (other, one)):
                if a in here[0] and b in here[1]:
                    self.add(a, b, CURATED)
        self._witness(ENTITY, lambda r: ((e, r.side) for e in self._of(r).entities))
        self._witness(NAME, lambda r: ((e, r.side) for e in self._of(r).entity(NAME)), again=False)
        self._witness(CURATED, lambda r: ((e, r.side) for e in self._of(r).entity(CURATED)), again=False)
        self._witness(IDENTIFIER, lambda r: ((i, r.side) for i in r.ids | self._of(r).ids))
        self._witness(NAME, lambda r: [(r.name, r.side, self._history.divided(r))] if r.stem else [])
        self._witness(NAME, lambda r: [(r.stem, r.side, self._history.divided(r))] if r.stem else [])
        self._witness(NAME, lambda r: [(r.stem, r.side)] if r.stem else [])
        self._witness(NAME, lambda r: [(*sorted(r.stem.split()), r.side)] if " " in r.stem else [])
        for (old, new), reasons in sorted(self.why.items()):
            for side in _SIDES:
                if f"{old}/{side}" in here[0] and f"{new}/{side}" in here[1]:
                    for reason in reasons:
                        self.add(f"{old}/{side}", f"{new}/{side}", reason)

    def _of(self, region: Region) -> Region:
        return self._history.regions.get(region.whole, region)

    def _witness(self, reason: str, keys: Callable[[Region], Iterable[Hashable]], *, again: bool = True) -> None:
        """Link what one witness says is the same, where it says so of one region on either side.

        What is linked already gets one more reason, but from a witness that only repeats another one.
        """
        old, new = _alone(self._old, keys), _alone(self._new, keys)
        for what in sorted(old.keys() & new.keys(), key=str):
            if again or (old[what], new[what]) not in self.why:
                self.add(old[what], new[what], reason)

    def add(self, old: str, new: str, reason: str) -> None:
        """Link two regions, unless a stronger reason has linked one of them to another."""
        if self.forth.get(old, new) == new and self.back.get(new, old) == old:
            self.forth[old], self.back[new] = new, old
            self.why.setdefault((old, new), set()).add(reason)

    def split(self) -> Iterator[tuple[str, str]]:
        """Give regions without parts and the parts, all of them new, that siibra has of their other version."""
        yield from self._came_apart(self.forth, self.back)

    def merged(self) -> Iterator[tuple[str, str]]:
        """Give parts that are gone, all that siibra had of a region, and the region without parts that it is now."""
        listed = {new: old for new, old in self.back.items() if self._history.regions[new].listed}
        yield from ((part, whole) for whole, part in self._came_apart(listed, self.forth))

    def _came_apart(self, ahead: Mapping[str, str], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        regions = self._history.regions
        for before, after in sorted(ahead.items()):
            parts = self._history.siibra_parts(regions[after])
            if len(parts) > 1 and not self._history.divided(regions[before]):
                fresh = not any(part in known or regions[part].whole in known for part in parts)
                yield from ((before, part) for part in sorted(parts) if fresh)


def _alone(regions: Iterable[Region], keys: Callable[[Region], Iterable[Hashable]]) -> dict[Hashable, str]:
    """Give the keys that exactly one region has, and that region."""
    found: dict[Hashable, set[str]] = defaultdict(set)
    for region in regions:
        for what in keys(region):
            found[what].add(region.iri)
    return {what: next(iter(iris)) for what, iris in found.items() if len(iris) == 1}
