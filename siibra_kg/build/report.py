"""What a build has to say: what was read, set aside, repaired, found odd, and how long each part took."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from siibra_kg.build.manifest import SourceRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BuildReport", "Dangling", "Duplicate", "RepairRecord", "RuleRecord", "SetAsideRecord"]


@dataclass(frozen=True, slots=True)
class SetAsideRecord:
    """A document, or a part of one, that is not in the graph, and why."""

    source: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A node that two documents describe differently; ``kept`` is in the graph, ``set_aside`` is not."""

    node: str
    kept: str
    set_aside: str


@dataclass(frozen=True, slots=True)
class Dangling:
    """Links of one property to nodes of one class that no source describes; ``repaired`` of them have a repair."""

    predicate: str
    target_class: str
    count: int
    targets: int
    repaired: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """A repair of ``ontologies/repairs.json``: how many statements it added, and the evidence."""

    id: str
    what: str
    evidence: str
    triples: int


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """What a rule added, and the seconds it took."""

    name: str
    kind: str
    triples: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The outcome of a build; ``report.json`` holds the same.

    Parameters
    ----------
    path
        Folder of the snapshot.
    content_hash
        SHA-256 of the graph.
    triples
        Number of statements, each counted in each graph that it is in.
    asserted
        Those of them that sources say.
    sources
        What was read, and which sources were missing.
    set_aside
        Documents that are not in the graph.
    notes
        Number of notes on single values, by code.
    repairs, rules
        What was added.
    dangling
        Links to nodes that are in no source.
    duplicates
        Nodes described twice, differently.
    cycles
        Edges of a part-of hierarchy that close a cycle; they are left out of ``skg:partOf``.
    seconds
        Wall time by step.
    """

    path: Path
    content_hash: str
    triples: int
    asserted: int
    sources: tuple[SourceRecord, ...]
    set_aside: tuple[SetAsideRecord, ...]
    notes: Mapping[str, int]
    repairs: tuple[RepairRecord, ...]
    rules: tuple[RuleRecord, ...]
    dangling: tuple[Dangling, ...]
    duplicates: tuple[Duplicate, ...]
    cycles: tuple[tuple[str, str], ...]
    seconds: Mapping[str, float]

    @property
    def documents(self) -> int:
        """Number of documents read."""
        return sum(source.documents for source in self.sources)

    @property
    def missing(self) -> tuple[SourceRecord, ...]:
        """The sources that could not be had."""
        return tuple(source for source in self.sources if source.missing)

    def at(self, path: Path) -> BuildReport:
        """Give the same report for another folder."""
        return replace(self, path=path)

    def to_json(self) -> bytes:
        """Write it; the folder is left out, because the file lies in it and may be moved."""
        data = asdict(self)
        del data["path"]
        return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> BuildReport:
        """Read a ``report.json``.

        Raises
        ------
        OSError, ValueError, KeyError, TypeError
            If it is missing or not what this version writes.
        """
        data: dict[str, Any] = json.loads(path.read_bytes())
        lists = {
            "sources": SourceRecord,
            "set_aside": SetAsideRecord,
            "repairs": RepairRecord,
            "rules": RuleRecord,
            "duplicates": Duplicate,
        }
        made: dict[str, Any] = {name: tuple(kind(**one) for one in data.pop(name)) for name, kind in lists.items()}
        dangling = (dict(one, examples=tuple(one["examples"])) for one in data.pop("dangling"))
        made["dangling"] = tuple(Dangling(**one) for one in dangling)
        made["cycles"] = tuple((a, b) for a, b in data.pop("cycles"))
        return cls(path=path.parent, **made, **data)

    def __str__(self) -> str:
        lines = [f"{self.triples:,} triples ({self.asserted:,} asserted) from {self.documents:,} documents"]
        lines += [f"  missing: {s.name}: {s.missing}" for s in self.missing]
        if self.set_aside:
            lines.append(f"  set aside: {len(self.set_aside):,}")
            lines += [f"    {s.source}: {s.path}: {s.reason}" for s in self.set_aside[:5]]
            lines += [f"    and {len(self.set_aside) - 5:,} more, see report.json"] if len(self.set_aside) > 5 else []
        added = sum(r.triples for r in self.repairs)
        lines.append(f"  repaired: {added:,} links by {len(self.repairs)} known repairs")
        lines.append(f"  derived: {sum(r.triples for r in self.rules):,} triples by {len(self.rules)} rules")
        links = sum(d.count - d.repaired for d in self.dangling)
        lines.append(f"  left as they are: {links:,} links to nodes that no source describes")
        lines += [f"  duplicates set aside: {len(self.duplicates):,}"] if self.duplicates else []
        lines += [f"  hierarchy edges left out because they close a cycle: {len(self.cycles):,}"] if self.cycles else []
        return "\n".join(lines)
