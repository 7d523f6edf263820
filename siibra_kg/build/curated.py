"""What this project says itself: its vocabulary, its maps, and the mappings that people have checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.build.align.mapping_rows import MappingAxiom, row_lines
from siibra_kg.build.engine import to_ntriples
from siibra_kg.sssom import read_mappings
from siibra_kg.terms import expand
from siibra_kg.vocab import BASE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from siibra_kg.sssom import MappingRow

__all__ = ["curated", "mapping_sets"]

# Graphs that this project writes itself: relative IRI, folders below ontologies/. What is in a folder "siibra" speaks
# of releases and volumes that only siibra-configurations has.
_OWN = (("graph/ontology", (".",)), ("graph/maps", ("maps", "maps/siibra")))
_SUFFIX = ".sssom.tsv"


def curated(base: str, graphs: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Give the graphs of this project's own files, relative to the base, with their N-Triples.

    Parameters
    ----------
    base
        Base of minted IRIs.
    graphs
        What the sources say something in. The curated mappings, and the maps in ``maps/siibra``, are about
        siibra-configurations and about releases that only it has, so without it they would be about nothing.
    """
    folder = resources.folder("ontologies")
    siibra = any(graph.startswith("graph/siibra/") for graph in graphs)
    for graph, folders in _OWN:
        used = [below for below in folders if siibra or not below.endswith("/siibra")]
        files = sorted(path for below in used for path in (folder / below).glob("*.ttl"))
        blank = f"{base}id/blank/{graph.rpartition('/')[2]}/"
        parts = (to_ntriples(f.name, f.read_bytes(), "ttl", base, f"{blank}{f.stem}/") for f in files)
        yield graph, b"".join(parts)
    if siibra:
        yield from mapping_sets(base)


def mapping_sets(base: str) -> Iterator[tuple[str, bytes]]:
    """Give the graph of each table in ``ontologies/mappings``, relative to the base, with its N-Triples."""
    for path in sorted((resources.folder("ontologies") / "mappings").glob(f"*{_SUFFIX}")):
        name = path.name.removesuffix(_SUFFIX)
        lines = row_lines(name, (_axiom(row, base) for row in read_mappings(path)), base)
        yield f"graph/mapping/{name}", "".join(lines).encode()


def _axiom(row: MappingRow, base: str) -> MappingAxiom:
    cells = row.cells
    return MappingAxiom(
        _based(row.subject, base),
        row.predicate,
        _based(row.object, base),
        row.justification,
        row.confidence,
        cells.get("mapping_tool", ""),
        expand(cells.get("mapping_source", "")) or "",
        cells.get("comment", ""),
    )


def _based(iri: str, base: str) -> str:
    """Give what a table names below the default base its name below the base of this build."""
    return base + iri.removeprefix(BASE) if iri.startswith(BASE + "id/") else iri
