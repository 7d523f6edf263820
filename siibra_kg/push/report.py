"""What a push did: per graph what should be at the target and what is there."""

from __future__ import annotations

from dataclasses import dataclass

from siibra_kg.errors import SiibraKGError

__all__ = ["PushFailed", "PushReport", "PushedGraph"]


class PushFailed(SiibraKGError):
    """A snapshot could not be loaded into another store; what is there already is kept, and gone on from next time."""

    def __init__(self, url: str, reason: str, graph: str = "", hint: str = "") -> None:
        super().__init__(url, reason, graph, hint)
        self.url = url
        self.reason = reason
        self.graph = graph
        self.hint = hint

    def __str__(self) -> str:
        where = f" (graph {self.graph})" if self.graph else ""
        return f"push to {self.url}{where}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class PushedGraph:
    """One named graph at the target.

    Parameters
    ----------
    graph
        Its IRI.
    expected, found
        Triples in the snapshot and, at the end, at the target.
    sent
        Triples sent in this run; fewer where an earlier run was gone on from.
    differences
        Triples that are on one side only, compared by value; ``None`` where the graph is too large to be compared.
    """

    graph: str
    expected: int
    found: int
    sent: int
    differences: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the target holds what the snapshot holds, as far as was looked."""
        return self.expected == self.found and not self.differences

    def __str__(self) -> str:
        mark = "" if self.ok else "  <-- differs"
        content = "" if self.differences is None else f", {self.differences} triples differ"
        return f"{self.graph}: {self.expected:,} expected, {self.found:,} found{content}{mark}"


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did.

    Parameters
    ----------
    url, query_url
        Where to: the graph store, and the endpoint for queries.
    content_hash
        Of the snapshot.
    graphs
        Each graph of the snapshot, by IRI.
    pruned
        Graphs that were removed because the snapshot does not have them.
    resumed
        Whether an earlier push of the same snapshot was gone on from.
    seconds
        How long it took.
    """

    url: str
    query_url: str
    content_hash: str
    graphs: tuple[PushedGraph, ...]
    pruned: tuple[str, ...] = ()
    resumed: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every graph is as it should be."""
        return all(g.ok for g in self.graphs)

    @property
    def wrong(self) -> tuple[PushedGraph, ...]:
        """The graphs that are not as they should be."""
        return tuple(g for g in self.graphs if not g.ok)

    def __str__(self) -> str:
        sent, found = sum(g.sent for g in self.graphs), sum(g.found for g in self.graphs)
        compared = sum(g.differences is not None for g in self.graphs)
        done = "went on with a push of" if self.resumed else "pushed"
        lines = [f"{done} snapshot {self.content_hash[:16]} to {self.url}"]
        lines += [f"  {g}" for g in self.graphs]
        lines += [f"  {g}: removed, it is not in the snapshot" for g in self.pruned]
        lines.append(f"{len(self.graphs)} graphs, {found:,} triples there, {sent:,} sent in {self.seconds:.1f} s")
        lines.append(f"counts of all graphs and contents of {compared} were compared")
        lines.append("all as it should be" if self.ok else f"{len(self.wrong)} graphs are not as they should be")
        return "\n".join(lines)
