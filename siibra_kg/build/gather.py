"""Reads the sources: documents become N-Triples, one named graph per source; what cannot be read is set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from siibra_kg.build.duplicates import Descriptions
from siibra_kg.build.engine import to_ntriples
from siibra_kg.build.findings import described
from siibra_kg.build.manifest import SourceRecord
from siibra_kg.build.report import SetAsideRecord
from siibra_kg.configurations.converter import Configurations
from siibra_kg.errors import BadDocument, BuildError, SourceError
from siibra_kg.jsonld import Converter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from siibra_kg.build.report import Duplicate
    from siibra_kg.build.statements import Statements
    from siibra_kg.sources.protocol import Document, Source

__all__ = ["Gathered", "gather"]

# How many documents pass between two calls of the progress function.
_STRIDE = 256


@dataclass(slots=True)
class Gathered:
    """What the sources said: N-Triples by graph (IRI relative to the base), nodes described, and what to report."""

    graphs: dict[str, list[bytes]] = field(default_factory=dict)
    sources: list[SourceRecord] = field(default_factory=list)
    set_aside: list[SetAsideRecord] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    nodes: set[str] = field(default_factory=set)


def gather(
    sources: Iterable[Source],
    statements: Statements,
    *,
    require: Collection[str],
    progress: Callable[[str, int, int | None], None],
) -> Gathered:
    """Read all sources.

    Parameters
    ----------
    sources
        In the order in which they count: of two different descriptions of a node the first one stays.
    statements
        Names the base of the IRIs of embedded nodes. It is told ahead what documents say, so that loading does not
        wait for the last of them; whatever turns out not to stay makes it begin again.
    require
        Names of sources without which there is no build.
    progress
        Called with step, documents read, and ``None``.

    Raises
    ------
    BuildError
        If a required source is missing.
    """
    out, reader = Gathered(), _Reader(statements)
    for source in sources:
        expected = _free(getattr(source, "graph", ""), out.graphs)
        try:
            read = reader.read(source, expected, progress)
            about = asdict(source.info())
        except SourceError as error:
            if reader.told:  # what was never told need not be taken back
                statements.again()
            # Nothing of a source that breaks off is kept: half a library would look like a whole one.
            if source.name in require:
                raise BuildError("read", str(error)) from error
            out.sources.append(SourceRecord(source.name, missing=str(error)))
            continue
        graph = about["graph"] = _free(about["graph"], out.graphs)
        out.sources.append(SourceRecord(**about))
        out.set_aside += (SetAsideRecord(source.name, s.path, s.reason) for s in source.set_aside())
        out.set_aside += (SetAsideRecord(source.name, e.path, _without_path(e)) for e in read.bad)
        out.notes += read.notes
        for _, text, nodes in read.documents:
            out.nodes.update(nodes or described([text]))
        kept, duplicates = reader.descriptions.sift(source.name, read.documents)
        out.duplicates += duplicates
        out.graphs[graph] = kept
        if expected:
            statements.settle(graph) if graph == expected and not duplicates else statements.again()
    out.set_aside.sort(key=lambda s: (s.source, s.path, s.reason))
    return out


@dataclass(slots=True)
class _Read:
    """What one source gave: path, N-Triples and nodes of each document; the errors; notes by code."""

    documents: list[tuple[str, bytes, tuple[str, ...]]] = field(default_factory=list)
    bad: list[BadDocument] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


class _Reader:
    """Converts documents, and remembers across sources who described which node."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.converter = Converter(statements.base)
        self.descriptions = Descriptions()
        self.configured = ""
        self.told = False

    def read(self, source: Source, graph: str, progress: Callable[[str, int, int | None], None]) -> _Read:
        """Read one source to its end, and tell ahead what it says if its graph is known."""
        read, step = _Read(), f"read {source.name}"
        count = told = 0
        self.told = False
        configuration: list[tuple[str, bytes]] = []
        for count, document in enumerate(source.documents(), start=1):
            try:
                if document.format == "siibra":
                    configuration.append((document.path, document.data))
                else:
                    read.documents.append(self.convert(source.name, document, read.notes))
            except BadDocument as error:
                read.bad.append(error)
            if count % _STRIDE == 0:
                progress(step, count, None)
                told = self._tell(graph, read, told)
        if configuration:
            self._configure(source.name, configuration, read)
        self._tell(graph, read, told)
        progress(step, count, count)
        return read

    def _configure(self, source: str, documents: list[tuple[str, bytes]], read: _Read) -> None:
        """Convert the documents of a configuration, which name each other, all at once."""
        if self.configured:
            reason = f"{self.configured} describes the same nodes"
            raise SourceError(source, reason, "one graph has one version of siibra-configurations")
        self.configured = source
        made = Configurations(self.statements.base).convert(documents)
        # No node is theirs alone: they say more about what openMINDS describes, as RDF files do.
        read.documents += ((path, text, ()) for path, text in made.documents)
        read.notes.update({f"unknown key {key}": number for key, number in made.unknown.items()})
        read.bad += made.bad
        read.bad += (BadDocument("(counts)", difference) for difference in made.differences)

    def _tell(self, graph: str, read: _Read, told: int) -> int:
        if graph and len(read.documents) > told:
            self.told = True
            self.statements.ahead(graph, [text for _, text, _ in read.documents[told:]])
        return len(read.documents)

    def convert(self, source: str, document: Document, notes: Counter[str]) -> tuple[str, bytes, tuple[str, ...]]:
        """Convert one document by its format."""
        if document.format != "jsonld":
            blank = f"{self.statements.base}id/blank/{source}/{quote(document.path)}/"
            text = to_ntriples(document.path, document.data, document.format, self.statements.base, blank)
            return document.path, text, ()
        made = self.converter.convert(document.path, document.data)
        for note in made.notes:
            notes[note.code] += 1
        return document.path, made.ntriples, made.nodes


def _free(graph: str, taken: Iterable[str]) -> str:
    """Give a graph name that no other source of this build has: two files may have one name."""
    names, number = set(taken), 2
    free = graph
    while free in names:
        free, number = f"{graph}~{number}", number + 1
    return free


def _without_path(error: BadDocument) -> str:
    return f"{error.reason} (at {error.pointer})" if error.pointer else error.reason
