"""What a store has to do: SPARQL text in, plain values out. Three small protocols; nothing here imports an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from siibra_kg.terms import IRI, Quad, Triple

__all__ = ["Solutions", "Store", "WritableStore"]


@dataclass(frozen=True, slots=True)
class Solutions:
    """The answer to a SELECT: the projected variables in order, and the rows as they come.

    A cell is ``None`` where unbound; else, for a variable whose type the caller declared, the Python value of
    that type (``iri`` -> IRI, ``string`` -> str, ``integer`` -> int, ``decimal`` -> float, ``boolean`` -> bool);
    else a term (IRI, BlankNode or Literal).
    """

    variables: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


class Store(Protocol):
    """Answers SPARQL 1.1 queries over the union of its named graphs."""

    def select(self, query: str, types: Mapping[str, str] | None = None) -> Solutions:
        """Run a SELECT. ``types`` maps variable names to column types, for the conversion of cells."""
        ...

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        ...

    def construct(self, query: str) -> Iterator[Triple]:
        """Run a CONSTRUCT or DESCRIBE; each triple once."""
        ...

    def close(self) -> None:
        """Let go of files and connections; using the store afterwards is an error."""
        ...


class WritableStore(Store, Protocol):
    """A store that a build can fill."""

    def load(self, data: bytes, format: str, graph: IRI | None = None, base_iri: str | None = None) -> None:  # noqa: A002
        """Load RDF text (``nt``, ``nq``, ``ttl``, ``trig``) into a named graph, or as the quads say."""
        ...

    def add(self, quads: Iterable[Quad]) -> int:
        """Add quads; gives how many were new."""
        ...

    def remove_graph(self, graph: IRI) -> None:
        """Remove a named graph and all its quads."""
        ...

    def quads(self) -> Iterator[Quad]:
        """Give every quad."""
        ...
