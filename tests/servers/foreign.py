"""Somebody else's graph in tests of federation: the bridges from UBERON to the atlases of Allen, and the graphs of NIF.

Each file is one named graph. The files in OBO format are read line by line: names become ``skos:prefLabel``, and
``part_of`` becomes the existential restriction that OBO's mapping to OWL makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rdflib
from rdflib.namespace import OWL, RDFS, SKOS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["foreign_nquads", "obo_terms"]

RAW = "raw.githubusercontent.com"
PART_OF = rdflib.URIRef("http://purl.obolibrary.org/obo/BFO_0000050")
BICAN = "https://purl.brain-bican.org/ontology"


def obo_terms(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Read an OBO file: id -> name and what it is part of."""
    found: dict[str, tuple[str, list[str]]] = {}
    for stanza in path.read_text("utf-8").split("\n[Term]\n")[1:]:
        lines = [line.partition(": ")[::2] for line in stanza.splitlines() if ": " in line]
        said = dict(reversed(lines))
        wholes = [v.split()[1] for k, v in lines if k == "relationship" and v.startswith("part_of ")]
        found[said["id"]] = (said.get("name", ""), wholes)
    return found


def obo_iri(curie: str) -> str:
    """Give the IRI that the bridges have for a structure: ``MBA:385`` is ``…/mbao/MBA_385``."""
    prefix, _, local = curie.partition(":")
    return f"{BICAN}/{prefix.lower()}o/{prefix}_{local}"


def foreign_nquads(mirror: Path) -> bytes:
    """Give everything as N-Quads, one graph per file."""
    dataset = rdflib.Dataset()
    for path in sorted((mirror / RAW).rglob("*")):
        graph = dataset.graph(rdflib.URIRef(f"https://example.org/graph/{path.name}"))
        if path.suffix in (".owl", ".ttl"):
            graph.parse(path, format="xml" if path.suffix == ".owl" else "turtle")
        elif path.suffix == ".obo":
            for curie, (name, wholes) in obo_terms(path).items():
                node = rdflib.URIRef(obo_iri(curie))
                graph.add((node, SKOS.prefLabel, rdflib.Literal(name)))
                for whole in wholes:
                    some = rdflib.BNode()
                    graph.add((node, RDFS.subClassOf, some))
                    graph.add((some, OWL.onProperty, PART_OF))
                    graph.add((some, OWL.someValuesFrom, rdflib.URIRef(obo_iri(whole))))
    return dataset.serialize(format="nquads").encode()
