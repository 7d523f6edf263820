"""What the graph says, for other tools: rdflib, Turtle, N-Quads, JSON-LD, SSSOM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg import export
from siibra_kg.facade.names import Names
from siibra_kg.questions import sssom_table

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    import rdflib

    from siibra_kg.terms import Quad

__all__ = ["Told"]


class Told(Names):
    """Statements about a node, and the whole graph, in the formats that others read."""

    def to_rdflib(self) -> rdflib.Dataset:
        """Give an :class:`rdflib.Dataset` over the same store; an embedded store is not copied."""
        return export.to_rdflib(self.store)

    def to_turtle(self, node: object) -> str:
        """Write what the graph says about a node as Turtle."""
        return export.to_turtle(self._quads(node))

    def to_nquads(self, node: object) -> str:
        """Write what the graph says about a node as N-Quads, with the named graphs that say it."""
        return export.to_nquads(self._quads(node))

    def to_jsonld(self, node: object) -> dict[str, Any]:
        """Write what the graph says about a node as compact JSON-LD with the bundled context."""
        return export.to_jsonld(self._quads(node), self.resolve(node))

    def _quads(self, node: object) -> tuple[Quad, ...]:
        base = self.snapshot.manifest.base_iri if self.snapshot else self.settings.base_iri
        return export.node_quads(self.store, self.templates, self.resolve(node), base)

    def export(self, form: str, out: Path | BinaryIO) -> None:
        """Write the whole graph: ``nq`` (canonical), ``ttl`` (union), ``jsonld``, or its mappings as ``sssom``."""
        if form == "sssom":
            version = self.snapshot.manifest.content_hash if self.snapshot else ""
            export.write_text(sssom_table.sssom(self._ask, version), out)
        else:
            export.dump(self.store, self.snapshot, form, out)
