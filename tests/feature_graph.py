"""Small graphs for tests of feature data: the vocabulary, the formats of all classes, and some Turtle of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building import HEADER

from siibra_kg import resources
from siibra_kg.config import Settings
from siibra_kg.graph import KnowledgeGraph
from siibra_kg.stores import open_store

if TYPE_CHECKING:
    from pathlib import Path

#: The vocabulary and the tables that go into every graph; what else is in ontologies/ speaks of other things.
FILES = ("siibra-kg.ttl", "formats.ttl")


def feature_graph(tmp_path: Path, turtle: str, *, files: tuple[str, ...] = FILES, **settings: object) -> KnowledgeGraph:
    """Open a graph of the vocabulary and some Turtle (with the project's prefixes and base).

    Files are read from ``file:`` addresses, and kept below ``tmp_path``; other settings as told.
    """
    path = tmp_path / "graph.ttl"
    texts = [(resources.folder("ontologies") / name).read_text("utf-8") for name in files]
    # The base goes first: some tables name what they describe relative to it.
    path.write_text("\n".join([HEADER, *texts, HEADER, turtle]), "utf-8")
    made = Settings(tmp_path / "home", tmp_path / "cache", **settings)  # type: ignore[arg-type]
    return KnowledgeGraph(open_store(path), settings=made)


def table(url: str, cls: str, *, more: str = "", file: str = "", iri: str = "https://example.org/f") -> str:
    """Write a feature with one file: ``more`` is said of the feature, ``file`` of the file."""
    return f"""
<{iri}> a skg:Feature , skg:{cls} ; skos:prefLabel "a table" ; skg:hasFile <{iri}/file> {more} .
<{iri}/file> a skg:DataFile ; dcat:downloadURL <{url}> ; skg:fileRole "data" {file} .
"""
