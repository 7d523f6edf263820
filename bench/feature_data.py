"""Numbers of features: matrices of a cohort, genes of a region, instances of the EBRAINS Knowledge Graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import ebrains_kg, genes
from bench.features import averaging

if TYPE_CHECKING:
    from pathlib import Path


def numbers(snapshot: Path, runs: int, work: Path) -> None:
    """Print all rows; each part runs in processes of its own."""
    work.mkdir(parents=True, exist_ok=True)
    averaging(runs, work)
    told = genes.figures(str(snapshot))
    first, again = (told[key] * 1000 for key in ("first from the cache", "again from the cache"))
    print(f"\n## 1,000 genes in {told['samples']:,.0f} samples of a region, {told['rows']:,.0f} rows\n")
    print(f"first from the cache: {first:.0f} ms; again: {again:.0f} ms (limit: {genes.LIMIT * 1000:.0f} ms)")
    print(f"\n## {ebrains_kg.NUMBER:,} instances of the EBRAINS Knowledge Graph, from a service on this machine\n")
    for what, found in ebrains_kg.figures(runs).items():
        name = "floor: ask for all pages, parse JSON" if what == "floor" else "siibra_kg: pull, keep, convert, load"
        print(f"{name:<40} {found['seconds']:6.2f} s {found['per second']:>8,.0f} instances/s")
    print(f"limit: at least {ebrains_kg.LEAST:,} instances/s into the graph")
