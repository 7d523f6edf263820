"""A snapshot with one source more, or less, in seconds: the same bytes as a build of everything would give.

A build reads all sources and runs all rules, which takes a minute. A dataset of the user's own speaks only of nodes of
its own and names others by identifier, so that no rule but two adds anything for it: which regions have a part that
something is anchored to, and how many elements a feature has. So a new snapshot is made of the old one: tables of the
store are linked, the dump passes through with the graphs that change replaced, those two rules are run again over the
new store, and ``graph/meta`` is written anew. The old snapshot stays as it is. ``tests/test_own_data.py`` compares the
result with a build of everything, byte by byte.

Terms outside of :data:`TERMS` are refused: a rule may read them.
"""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.build.dump import replaced
from siibra_kg.build.engine import to_ntriples
from siibra_kg.build.engine_linked import LinkedStore
from siibra_kg.build.manifest import SourceRecord
from siibra_kg.build.meta import META, meta
from siibra_kg.build.repairs import read_repairs
from siibra_kg.build.rules import read_rules
from siibra_kg.build.snapshot import GRAPH, MANIFEST, REPORT, STORE, find
from siibra_kg.build.switch import FolderSite, HomeSite, locked, sync
from siibra_kg.errors import BuildError
from siibra_kg.vocab import NAMESPACES, OM, OMT, RDF_TYPE, SKG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from siibra_kg.build.report import RuleRecord
    from siibra_kg.build.rules import Rule
    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.build.switch import Site
    from siibra_kg.config import Settings
    from siibra_kg.sources.protocol import Source

__all__ = ["RULES", "TERMS", "Change", "extend"]

#: The rules that add something for a dataset of the user's own.
RULES = ("anchored-part", "element-count")
#: What such a dataset may say: properties and classes that no other rule reads of its nodes.
TERMS = frozenset(
    {RDF_TYPE}
    | {OM + name for name in ("description", "fullName", "usedTaxon", "versionIdentifier")}
    | {OMT + "DatasetVersion", NAMESPACES["skos"] + "prefLabel", NAMESPACES["rdfs"] + "label"}
)
_VOCABULARIES = (SKG, NAMESPACES["csvw"], NAMESPACES["dcat"], NAMESPACES["dcterms"])
# What siibra's features say for rules to read: names to be looked up, releases to be searched, nodes of siibra's trees.
_READ = frozenset(
    SKG + name
    for name in (
        "anchorRelease", "anchorText", "ofRelease", "siibraName", "siibraOrder", "siibraParent", "configures", "partOf",
        "isVersionOf", "realisedBy", "ebrainsInstance", "hasSpatialRealisation", "laterality",
    )
)  # fmt: skip
_LINE = re.compile(rb"<([^>]*)> <([^>]*)> (?:<([^>]*)> \.$)?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done to a snapshot: a source whose graph comes, or comes anew; or the name of one that goes."""

    source: Source | None = None
    remove: str = ""


def extend(
    old: Snapshot,
    change: Change,
    out: Path | None,
    settings: Settings,
    *,
    checkpoint: Callable[[str], None] = lambda _: None,
) -> Path:
    """Make a snapshot with one source more, or less, and put it in its place.

    Parameters
    ----------
    old
        The snapshot to begin with; it is not changed.
    change
        What to add or remove.
    out
        Folder that will hold the new snapshot, maybe that of the old one; below ``settings.home`` unless told.
    settings
        Say where snapshots are.
    checkpoint
        Called with a name at the moments when a crash would matter; tests crash there.

    Returns
    -------
    pathlib.Path
        The folder of the new snapshot. It has no ``statistics.json``: they are counted when somebody asks. In its
        report, seconds and the links that lead nowhere are those of the build.

    Raises
    ------
    BuildError
        If the change says something that needs a build of everything, or the snapshot is of another version of the
        rules; whatever snapshot was there is unchanged.
    """
    site: Site = HomeSite(settings.home) if out is None else FolderSite(out.absolute())
    with locked(site.lock):
        # Another process may have added something meanwhile: what counts is what is there under the lock.
        old = find(old.path if out is not None else None, settings)
        staging = site.prepare()
        try:
            name = _Extension(old, change, staging, settings).make(checkpoint)
            sync(staging)
            return site.publish(staging, name, checkpoint)
        except OSError as error:
            raise BuildError("write", f"{error.strerror or error}: {error.filename or staging}") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)


class _Extension:
    """One extension in the making."""

    def __init__(self, old: Snapshot, change: Change, staging: Path, settings: Settings) -> None:
        self.old, self.staging, self.settings = old, staging, settings
        folder = resources.folder("ontologies")
        self.repairs, self.rules = read_repairs(folder / "repairs.json"), read_rules(folder / "rules")
        if tuple(rule.name for rule in self.rules) != old.manifest.rules:
            raise BuildError("rules", "the snapshot was built with other rules; run `siibra-kg build` first")
        self.base = old.manifest.base_iri
        counts = old.manifest.graphs
        self.counts = {graph.removeprefix(self.base): number for graph, number in counts.items()}
        self.texts: dict[str, bytes] = {}
        self.sources = self._changed(change)

    def _changed(self, change: Change) -> tuple[SourceRecord, ...]:
        """Read the source, note its graph, and give all sources, those of the user's own last, by name."""
        name = change.remove or (change.source.name if change.source else "")
        kept = [record for record in self.old.manifest.sources if record.name != name]
        gone = [record for record in self.old.manifest.sources if record.name == name]
        for record in gone:
            if record.graph:
                self.texts[record.graph] = b""
        if change.source is not None:
            parts = [
                to_ntriples(d.path, d.data, d.format, self.base, f"{self.base}id/blank/{name}/")
                for d in change.source.documents()
            ]
            record = SourceRecord(**asdict(change.source.info()))
            self.texts[record.graph] = _checked(_sorted(b"".join(parts)), self.base)
            kept.append(record)
        elif not gone:
            raise BuildError("read", f"the snapshot has no source {name!r}")
        own = [record for record in kept if record.name.startswith("own-")]
        return (*(r for r in kept if r not in own), *sorted(own, key=lambda record: record.name))

    def make(self, checkpoint: Callable[[str], None]) -> str:
        """Write all files; gives the name of the snapshot."""
        with closing(LinkedStore(self.old.store_path, self.staging / STORE)) as store:
            store.replace(self._quads(self.texts))
            again = {rule.graph: _sorted(store.construct(rule.query)) for rule in self._again()}
            checkpoint("infer")
            self.texts |= again
            for graph, text in self.texts.items():
                self.counts[graph] = text.count(b"\n")
            self.counts = {graph: number for graph, number in self.counts.items() if number}
            again[META] = self.texts[META] = self._meta()
            self.counts[META] = again[META].count(b"\n")
            store.replace(self._quads(again))
            store.finish()
        checkpoint("store")
        old = self.old.manifest.graphs
        content_hash, size = replaced(self.old.graph_path, old, self._quads(self.texts), self.staging / GRAPH)
        checkpoint("graph")
        self._told(content_hash, size)
        checkpoint("manifest")
        return content_hash[:16]

    def _again(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.name in RULES)

    def _meta(self) -> bytes:
        counts = {graph: number for graph, number in self.counts.items() if graph != META}
        tool = self.old.manifest.tool
        return meta(self.base, tool, counts, sources=self.sources, repairs=self.repairs, rules=self.rules)

    def _quads(self, texts: Mapping[str, bytes]) -> dict[str, bytes]:
        """Give N-Quads by the IRI of their graph."""
        named = {self.base + graph: text for graph, text in texts.items()}
        return {graph: text.replace(b" .\n", f" <{graph}> .\n".encode()) for graph, text in named.items()}

    def _told(self, content_hash: str, size: int) -> None:
        """Write the report, then the manifest: a folder without it is no snapshot."""
        report, old = self.old.report(), self.old.manifest
        triples = sum(self.counts.values())
        graphs = {record.graph for record in old.sources} | {record.graph for record in self.sources}
        before = sum(old.graphs.get(self.base + graph, 0) for graph in graphs if graph)
        after = sum(self.counts.get(graph, 0) for graph in graphs if graph)
        new = replace(
            report,
            content_hash=content_hash,
            triples=triples,
            asserted=report.asserted + after - before,
            sources=self.sources,
            rules=tuple(self._record(record) for record in report.rules),
        )
        (self.staging / REPORT).write_bytes(new.to_json())
        manifest = replace(
            old,
            content_hash=content_hash,
            graph_bytes=size,
            triples=triples,
            sources=self.sources,
            graphs={self.base + graph: number for graph, number in sorted(self.counts.items())},
        )
        (self.staging / MANIFEST).write_bytes(manifest.to_json())

    def _record(self, record: RuleRecord) -> RuleRecord:
        if record.name not in RULES:
            return record
        return replace(record, triples=self.counts.get(f"graph/{record.kind}/{record.name}", 0))


def _sorted(ntriples: bytes) -> bytes:
    return b"".join(sorted(set(ntriples.splitlines(keepends=True))))


def _checked(ntriples: bytes, base: str) -> bytes:
    """Refuse what a rule may read.

    Raises
    ------
    BuildError
        If a subject is none of the dataset's own nodes, or a property or class is of no use for features.
    """
    own = tuple(f"{base}id/{kind}/" for kind in ("dataset", "feature/own"))
    for found in _LINE.finditer(ntriples):
        subject, predicate, target = (part.decode() if part else "" for part in found.groups())
        term = target if predicate == RDF_TYPE else predicate
        if not subject.startswith(own):
            raise BuildError(
                "read", f"<{subject}> is no node of a dataset's own; run `siibra-kg build` with it as a source"
            )
        if term in _READ or not (term in TERMS or term.startswith(_VOCABULARIES)):
            raise BuildError("read", f"a rule may read <{term}>; run `siibra-kg build` with the dataset as a source")
    return ntriples
