"""Ten representative questions: this project's templates beside the same text on the bare engine and on rdflib."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg import KnowledgeGraph

#: template and the names of what it is asked about; resolved before any clock runs.
QUESTIONS: tuple[tuple[str, dict[str, tuple[str, ...]]], ...] = (
    ("hierarchy/ancestors", {"region": ("region", "hOc1", "julich brain")}),
    ("hierarchy/descendants", {"region": ("region", "cerebral cortex", "julich brain")}),
    ("hierarchy/tree", {"root": ("parcellation", "julich brain")}),
    ("region/spaces", {"region": ("region", "hOc1", "julich brain")}),
    ("region/list", {"release": ("parcellation", "waxholm v4")}),
    ("region/list", {"release": ("parcellation", "allen mouse 2017")}),
    ("version/changes", {"old": ("parcellation", "waxholm v3"), "new": ("parcellation", "waxholm v4")}),
    ("link/terms", {"node": ("name", "caudate-putamen")}),
    ("node/describe", {"node": ("region", "hOc1", "julich brain")}),
    ("graph/classes", {}),
)


def questions(kg: KnowledgeGraph) -> list[tuple[str, dict[str, Any]]]:
    """Resolve the names to nodes."""
    verbs: dict[str, Callable[..., Any]] = {"region": kg.region, "parcellation": kg.parcellation, "name": kg.resolve}
    return [(t, {k: verbs[v](*names) for k, (v, *names) in wanted.items()}) for t, wanted in QUESTIONS]


def best_of(run: Callable[[], int], runs: int, most_seconds: float = 20.0) -> tuple[float, int]:
    """Give the median of warm runs in milliseconds and the number of rows."""
    rows, times, began = run(), [], time.perf_counter()
    while len(times) < runs and (not times or time.perf_counter() - began < most_seconds):
        started = time.perf_counter()
        rows = run()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000, rows


def drain(solutions: Any) -> int:
    """Take every row as a tuple of lexical values: what any use of an answer costs at least."""
    return len([tuple(None if t is None else t.value for t in row) for row in solutions])


def compare(kg: KnowledgeGraph, engine: Any, dataset: Any, runs: int) -> list[tuple[str, int, float, float, float]]:
    """Give (question, rows, this project ms, bare engine ms, rdflib ms) for each question; row counts must agree."""
    out = []
    for template, values in questions(kg):
        text = kg.explain(template, **values)
        own, rows = best_of(lambda t=template, v=values: len(kg.query(t, **v)), runs)
        bare, bare_rows = best_of(lambda q=text: drain(engine.query(q, use_default_graph_as_union=True)), runs)
        rdf, rdf_rows = best_of(lambda q=text: len(list(dataset.query(q))), 2)
        if not rows == bare_rows == rdf_rows:
            raise SystemExit(f"{template}: {rows} rows here, {bare_rows} bare engine, {rdf_rows} rdflib")
        out.append((f"{template} {' '.join(str(getattr(v, 'id', v)) for v in values.values())}", rows, own, bare, rdf))
    return out
