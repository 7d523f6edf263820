"""The build, from sources to a snapshot: read, repair, infer, write, switch."""

from __future__ import annotations

import gc
import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.build.curated import curated
from siibra_kg.build.derive import infer, mend
from siibra_kg.build.engine import DiskStore, Workbench
from siibra_kg.build.findings import dangling, described
from siibra_kg.build.gather import gather
from siibra_kg.build.manifest import FORMAT, Manifest
from siibra_kg.build.meta import META, meta
from siibra_kg.build.repairs import read_repairs
from siibra_kg.build.report import BuildReport
from siibra_kg.build.rules import read_rules
from siibra_kg.build.snapshot import GRAPH, MANIFEST, REPORT, STATISTICS, STORE
from siibra_kg.build.statements import Statements
from siibra_kg.build.statistics import count
from siibra_kg.build.switch import FolderSite, HomeSite, locked, sync
from siibra_kg.errors import BuildError
from siibra_kg.sources import default, resolve
from siibra_kg.stores import open_store
from siibra_kg.templates import Catalog
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from siibra_kg.build.gather import Gathered
    from siibra_kg.build.repairs import Repair
    from siibra_kg.build.rules import Rule
    from siibra_kg.build.switch import Site
    from siibra_kg.config import Settings
    from siibra_kg.sources.protocol import Source

__all__ = ["Plan", "run"]

# Where statements wait until all are known; gone before a snapshot is put in its place.
_SPILL = "statements.nq"
# How many unusable documents an error names.
_TOLD = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build and how to talk about it.

    Parameters
    ----------
    sources
        Names, paths, addresses or sources; ``None`` for the default.
    settings
        Home, cache, base IRI.
    require
        Names of sources without which there is no build.
    progress
        Called with step, done, total.
    checkpoint
        Called with a name at the moments when a crash would matter; tests crash there.
    """

    sources: Sequence[str | Path | Source] | None
    settings: Settings
    require: Collection[str]
    progress: Callable[[str, int, int | None], None]
    checkpoint: Callable[[str], None] = lambda _: None

    def chosen(self) -> tuple[Source, ...]:
        """Find the sources.

        Raises
        ------
        SourceError
            If a name, path or address is none of a source.
        """
        if self.sources is None:
            return default(self.settings)
        return tuple(resolve(s, self.settings) if isinstance(s, (str, Path)) else s for s in self.sources)


def run(plan: Plan, out: Path | None) -> BuildReport:
    """Build a snapshot and put it in its place; see :func:`siibra_kg.build.build`."""
    sources = plan.chosen()
    site: Site = HomeSite(plan.settings.home) if out is None else FolderSite(Path(out).absolute())
    with locked(site.lock):
        staging = site.prepare()
        try:
            with _no_cycles_sought():
                report = _fill(plan, sources, staging)
            sync(staging)
            plan.progress("switch", 0, 1)
            path = site.publish(staging, report.content_hash[:16], plan.checkpoint)
            plan.progress("switch", 1, 1)
        except OSError as error:
            raise BuildError("write", f"{error.strerror or error}: {error.filename or staging}") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return report.at(path)


@contextmanager
def _no_cycles_sought() -> Iterator[None]:
    """Pause the search for reference cycles: millions of lines and rows, none in a cycle, cost it a tenth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _fill(plan: Plan, sources: Sequence[Source], staging: Path) -> BuildReport:
    """Make all files of a snapshot in a folder."""
    repairs, rules = _known()
    with (
        closing(DiskStore(staging / STORE)) as disk,
        closing(Workbench()) as bench,
        closing(Statements(plan.settings.base_iri, bench, disk, staging / _SPILL)) as statements,
    ):
        with statements.timed("read"):
            gathered = gather(sources, statements, require=plan.require, progress=plan.progress)
            texts, own = _assert(statements, gathered)
        plan.checkpoint("read")
        with statements.timed("repair"):
            nodes = gathered.nodes | described(own)
            links = dangling(texts, nodes, repairs)
            mended = mend(statements, texts, nodes, repairs)
            del texts, own, nodes  # a third of a build's memory; the store has it all
        with statements.timed("infer"):
            inferred, cycles = infer(statements, rules, plan.progress)
        plan.checkpoint("infer")
        with statements.timed("write"):
            plan.progress("write", 0, 1)
            about = meta(
                statements.base,
                __version__,
                statements.counts,
                sources=gathered.sources,
                repairs=repairs,
                rules=rules,
            )
            statements.put(META, about).result()
            content_hash, size = statements.write(staging / GRAPH)
            plan.checkpoint("graph")
            disk.finish()
            plan.checkpoint("store")
            plan.progress("write", 1, 1)
        with statements.timed("count"), closing(open_store(staging / STORE)) as store:
            statistics = count(store, Catalog(resources.folder("queries")), content_hash)
            (staging / STATISTICS).write_bytes(statistics.to_json())
    manifest = _manifest(statements, gathered, rules, content_hash, size)
    report = BuildReport(
        path=staging,
        content_hash=content_hash,
        triples=manifest.triples,
        asserted=sum(statements.counts.get(graph, 0) for graph in gathered.graphs),
        sources=manifest.sources,
        set_aside=tuple(gathered.set_aside),
        notes=dict(sorted(gathered.notes.items())),
        repairs=mended,
        rules=inferred,
        dangling=links,
        duplicates=tuple(gathered.duplicates),
        cycles=cycles,
        seconds=statements.seconds,
    )
    (staging / REPORT).write_bytes(report.to_json())
    plan.checkpoint("report")
    # Written last: a folder without it is not a snapshot.
    (staging / MANIFEST).write_bytes(manifest.to_json())
    plan.checkpoint("manifest")
    return report


def _manifest(
    statements: Statements, gathered: Gathered, rules: Sequence[Rule], content_hash: str, size: int
) -> Manifest:
    """Say what the snapshot holds; nothing in it depends on the day or the machine."""
    return Manifest(
        format=FORMAT,
        tool=__version__,
        base_iri=statements.base,
        content_hash=content_hash,
        graph_bytes=size,
        triples=sum(statements.counts.values()),
        sources=tuple(gathered.sources),
        rules=tuple(rule.name for rule in rules),
        graphs={statements.base + graph: count for graph, count in sorted(statements.counts.items())},
    )


def _assert(statements: Statements, gathered: Gathered) -> tuple[list[bytes], list[bytes]]:
    """Put what the sources and this project's own files say; gives the N-Triples of each graph of both.

    Raises
    ------
    BuildError
        If the sources say nothing at all.
    """
    texts: list[bytes] = []
    for graph, parts in sorted(gathered.graphs.items()):
        texts.append(statements.tell(graph, parts))
    if not any(texts):
        told = [s.missing and f"{s.name}: {s.missing}" for s in gathered.sources]
        told += [f"{s.path}: {s.reason}" for s in gathered.set_aside[:_TOLD]]
        told += [f"and {more} more documents"] if (more := len(gathered.set_aside) - _TOLD) > 0 else []
        raise BuildError("read", "; ".join(filter(None, told)) or "there is no document in the sources")
    return texts, [statements.tell(graph, [text]) for graph, text in curated(statements.base, gathered.graphs)]


def _known() -> tuple[tuple[Repair, ...], tuple[Rule, ...]]:
    folder = resources.folder("ontologies")
    return read_repairs(folder / "repairs.json"), read_rules(folder / "rules")
