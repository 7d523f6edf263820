"""About: everything that descriptions of a graph are made of, read once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from siibra_kg.build.statistics import Statistics, count, read
from siibra_kg.questions.run import run
from siibra_kg.terms import IRI
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.config import Settings
    from siibra_kg.stores.protocol import Store
    from siibra_kg.table import Row
    from siibra_kg.templates import Template

__all__ = ["About", "Dump", "Graph", "about", "snapshot_dump", "statistics"]


class Graph(Protocol):
    """What descriptions need of a :class:`siibra_kg.KnowledgeGraph`."""

    @property
    def store(self) -> Store:
        """Answers SPARQL."""
        ...

    @property
    def templates(self) -> Mapping[str, Template]:
        """The queries."""
        ...

    @property
    def settings(self) -> Settings:
        """For the base of identifiers where there is no snapshot."""
        ...

    @property
    def snapshot(self) -> Snapshot | None:
        """What the store belongs to, if anything."""
        ...


@dataclass(frozen=True, slots=True)
class Dump:
    """A file that holds the whole graph, or a part of it.

    Parameters
    ----------
    name
        Its path below :attr:`About.dumps_url`.
    media_type
        Of its content, unpacked.
    packed
        Media type of the compression, or empty.
    title
        What it is.
    size
        In bytes.
    sha256
        Of its bytes, hexadecimal.
    graph
        IRI of the named graph that it holds; empty if it holds all of them.
    """

    name: str
    media_type: str
    packed: str
    title: str
    size: int
    sha256: str
    graph: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What is known about a graph and about where it can be had.

    Parameters
    ----------
    base_iri
        What minted identifiers begin with.
    home
        Address of the server or of the place where a release is published, without ``/`` at its end.
    content_hash
        Of the snapshot; empty if the graph has none.
    tool
        Version of siibra_kg that built it.
    statistics
        How much of what it holds.
    graphs
        Rows of ``graph/sources``.
    examples
        One identifier of each main class.
    dumps
        Files to download.
    dumps_url
        What their addresses begin with; ``home`` + ``/dumps/`` unless told.
    """

    base_iri: str
    home: str
    content_hash: str
    tool: str
    statistics: Statistics
    graphs: tuple[Row, ...]
    examples: tuple[IRI, ...] = ()
    dumps: tuple[Dump, ...] = field(default=())
    dumps_url: str = ""

    @property
    def dataset(self) -> IRI:
        """The whole graph as a ``void:Dataset`` and ``dcat:Dataset``."""
        return self.known("void#dataset")

    @property
    def endpoint(self) -> IRI:
        """Where SPARQL is answered."""
        return IRI(f"{self.home}/sparql")

    def known(self, name: str) -> IRI:
        """Give a well-known identifier below the base; the server answers it (RFC 8615)."""
        return IRI(f"{self.base_iri}.well-known/{name}")

    def url(self, dump: Dump) -> IRI:
        """Give the address of a dump."""
        return IRI((self.dumps_url or f"{self.home}/dumps/") + dump.name)


def statistics(kg: Graph) -> Statistics:
    """Give the counts of a graph: those that its snapshot keeps, or, if it keeps none, counted now.

    Raises
    ------
    QueryError, EndpointError
        If they have to be counted and the store cannot.
    """
    if kg.snapshot is not None:
        kept = read(kg.snapshot.statistics_path, kg.snapshot.manifest.content_hash)
        if kept is not None:
            return kept
    return count(kg.store, kg.templates, kg.snapshot.manifest.content_hash if kg.snapshot else "")


def about(kg: Graph, base_url: str = "", dumps: tuple[Dump, ...] = (), dumps_url: str = "") -> About:
    """Read what descriptions need.

    Parameters
    ----------
    kg
        The graph.
    base_url
        Address of the server or of the published folder; the base of minted identifiers unless told.
    dumps, dumps_url
        Files to download, and what their addresses begin with.
    """
    manifest = kg.snapshot.manifest if kg.snapshot else None
    base = manifest.base_iri if manifest else kg.settings.base_iri
    return About(
        base,
        (base_url or base).rstrip("/"),
        manifest.content_hash if manifest else "",
        manifest.tool if manifest else __version__,
        statistics(kg),
        tuple(run(kg.store, kg.templates["graph/sources"])),
        tuple(IRI(row.example) for row in run(kg.store, kg.templates["describe/examples"])),
        dumps,
        dumps_url,
    )


def snapshot_dump(snapshot: Snapshot) -> Dump:
    """Describe the canonical file of a snapshot; reads it for its checksum."""
    digest = hashlib.sha256()
    with snapshot.graph_path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    title = "The whole graph as sorted N-Quads"
    size = snapshot.manifest.graph_bytes
    return Dump(snapshot.graph_path.name, "application/n-quads", "application/zstd", title, size, digest.hexdigest())
