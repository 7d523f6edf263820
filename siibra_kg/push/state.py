"""How far a push has come: kept at the target, in a named graph that is there only until the push is done.

It says which snapshot is pushed (``dcterms:identifier``, its content hash) and, for each graph that was begun, how many
triples of it have arrived (``void:triples``). The order of triples is always the same, so that a number is enough to go
on, from any machine and with chunks of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.nt import literal, typed
from siibra_kg.terms import Literal
from siibra_kg.vocab import NAMESPACES, XSD

if TYPE_CHECKING:
    from siibra_kg.push.target import Target

__all__ = ["State", "read_state"]

_HASH = f"{NAMESPACES['dcterms']}identifier"
_TRIPLES = f"{NAMESPACES['void']}triples"


@dataclass(slots=True)
class State:
    """Progress of a push.

    Parameters
    ----------
    target
        Where it is kept.
    graph
        The named graph that it is kept in.
    content_hash
        Of the snapshot that is pushed.
    arrived
        Graph -> triples that have arrived.
    """

    target: Target
    graph: str
    content_hash: str
    arrived: dict[str, int] = field(default_factory=dict)

    def write(self) -> None:
        """Keep it."""
        lines = [f"<{self.graph}> <{_HASH}> {literal(self.content_hash)} .\n"]
        for graph, triples in sorted(self.arrived.items()):
            lines.append(f"<{graph}> <{_TRIPLES}> {typed(str(triples), f'{XSD}integer')} .\n")
        self.target.replace(self.graph, "".join(lines).encode())

    def has(self, graph: str, triples: int) -> None:
        """Note that so many triples of a graph have arrived."""
        self.arrived[graph] = triples
        self.write()

    def forget(self, graph: str) -> None:
        """Note that a graph has to be sent from its beginning."""
        if self.arrived.pop(graph, None) is not None:
            self.write()

    def done(self) -> None:
        """Remove what was kept."""
        self.target.remove(self.graph)


def read_state(target: Target, graph: str, content_hash: str) -> State:
    """Read how far a push of a snapshot has come; nothing if another one was begun there, or none."""
    state = State(target, graph, content_hash)
    arrived: dict[str, int] = {}
    pushed = ""
    for subject, predicate, value in target.ask("graph/content", {"named_graph": graph}).cells:
        if predicate == _HASH:
            pushed = str(value)
        elif predicate == _TRIPLES and isinstance(value, Literal) and value.value.isdigit():
            arrived[str(subject)] = int(value.value)
    if pushed == content_hash:
        state.arrived = arrived
    return state
