"""Run every benchmark once and print the tables: this project, its floor, its peers, the ratio, the limit."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
from pathlib import Path

from bench.beside_siibra import beside
from bench.feature_data import numbers
from bench.jobs import POSTCENTRAL
from bench.measure import Figures, in_turn, run_once
from bench.queries import compare
from bench.server import serving
from bench.volumes import beside_peers
from bench.volumes_chunks import main as chunked


def job(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "bench.jobs", name, *map(str, arguments)]


def row(what: str, figures: Figures, beside: float | None = None, limit: str = "") -> str:
    ratio = f"{figures.median / beside:6.2f}x" if beside else "       "
    measured = f"{figures.median:7.3f} | {figures.median_cpu:7.3f} | {figures.peak:5.0f}"
    return f"| {what:<58} | {measured} | {ratio} | {limit:<22} |"


HEADER = (
    f"| {'':<58} | {'wall s':>7} | {'cpu s':>7} | {'MB':>5} | {'ratio':>7} | {'limit':<22} |\n"
    f"|{'-' * 60}|{'-' * 9}|{'-' * 9}|{'-' * 7}|{'-' * 9}|{'-' * 24}|"
)


def building(work: Path, runs: int) -> Path:
    """Reading, parsing, loading and building, from the same 17,432 documents."""
    from siibra_kg.config import Settings
    from siibra_kg.sources import resolve

    folder, snapshot = work / "latest", work / "snapshot"
    for document in resolve("openminds-archive", Settings.from_environment()).documents():
        (folder / document.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / document.path).write_bytes(document.data)
    jobs = {
        "floor: read all + JSON parse (orjson)": job("read_and_json", folder),
        "floor: read all + pyoxigraph parse and bulk load, memory": job("pyoxigraph_bulk", folder),
        "floor: the same onto disk": job("pyoxigraph_bulk_disk", folder, work / "bulk"),
        "siibra_kg: read all + convert to N-Triples, no store": job("convert", folder),
        "siibra_kg: whole build from the archive, rules, snapshot": job("build", snapshot),
    }
    figures = in_turn(jobs, runs)
    figures["peer: rdflib JSON-LD parser, memory, no rules"] = peer = Figures()
    run_once(job("rdflib_json_ld", folder), peer)
    floor = figures["floor: read all + pyoxigraph parse and bulk load, memory"].median
    print("\n## Building (ratio: to pyoxigraph's parse and bulk load)\n\n" + HEADER)
    for name, f in figures.items():
        print(row(name, f, floor, "<= 4x and <= 700 MB" if "whole build" in name else ""))
    return snapshot


def starting(snapshot: Path, runs: int) -> None:
    """Process start to first answer."""
    import siibra_kg

    with siibra_kg.open(snapshot) as kg:
        query = kg.explain("hierarchy/descendants", region=POSTCENTRAL)
    cli = [str(Path(sys.executable).with_name("siibra-kg")), "query", "hierarchy/descendants"]
    jobs = {
        "floor: python -c pass": [sys.executable, "-c", "pass"],
        "floor: bare engine, open the store and answer": job("bare_open", snapshot / "store", query),
        "siibra_kg: open and answer a template, Python": job("own_open", snapshot),
        "siibra_kg: the same on the command line": [*cli, "--region", POSTCENTRAL, "--graph", str(snapshot)],
        "siibra_kg: import siibra_kg": [sys.executable, "-c", "import siibra_kg"],
    }
    figures = in_turn(jobs, runs)
    bare = figures["floor: bare engine, open the store and answer"].median
    limits = {"Python": "<= 4x and < 100 MB", "command line": "<= 10x", "import": "< 0.060 s over pass"}
    print("\n## Process start to first answer (ratio: to the bare engine)\n\n" + HEADER)
    for name, f in figures.items():
        print(row(name, f, bare, next((v for k, v in limits.items() if k in name and "siibra_kg" in name), "")))
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nmemory: peaks below {mine} MB, this process's own, cannot be told apart")
    own = figures["siibra_kg: import siibra_kg"].median - figures["floor: python -c pass"].median
    print(f"\nimport siibra_kg alone: {own * 1000:.0f} ms")


def querying(snapshot: Path, runs: int) -> None:
    """Ten questions, three engines, the same text, the same rows."""
    import pyoxigraph as ox
    import rdflib

    import siibra_kg

    engine = ox.Store.read_only(str(snapshot / "store"))
    with siibra_kg.open(snapshot) as kg, tempfile.NamedTemporaryFile(suffix=".nq") as quads:
        kg.export("nq", Path(quads.name))
        dataset = rdflib.Dataset(default_union=True)
        dataset.parse(quads.name, format="nquads")
        rows = compare(kg, engine, dataset, runs)
    print("\n## Questions (ms, warm median; overhead: to the bare engine with the same text)\n")
    print(f"| {'template':<66} | {'rows':>5} | {'ours':>8} | {'bare':>8} | overhead | {'rdflib':>9} | {'faster':>7} |")
    print(f"|{'-' * 68}|{'-' * 7}|{'-' * 10}|{'-' * 10}|{'-' * 10}|{'-' * 11}|{'-' * 9}|")
    for name, n, own, bare, rdf in rows:
        extra = f"{own / bare:7.2f}x" if bare > 5 else f"{own - bare:+5.2f} ms"
        print(f"| {name:<66} | {n:>5} | {own:>8.2f} | {bare:>8.2f} | {extra:>8} | {rdf:>9.1f} | {rdf / own:>6.0f}x |")
    print("\nlimits: at most 1.30x where the bare engine needs more than 5 ms, else less than +0.30 ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--snapshot", type=Path, help="use this snapshot and leave out the building part")
    options = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    print(f"Python {platform.python_version()}, {machine}, {options.runs} runs, medians")
    with tempfile.TemporaryDirectory() as work:
        snapshot = options.snapshot or building(Path(work), options.runs)
        starting(snapshot, options.runs * 2)
        beside(Path(work), max(1, options.runs // 2))
        beside_peers(options.runs, Path(work) / "volumes")
        chunked(max(2, options.runs // 2))
        numbers(snapshot, max(2, options.runs // 2), Path(work) / "numbers")
        serving(snapshot, max(2, options.runs // 2))
        querying(snapshot, options.runs * 2)  # last: it fills this process, and with it the peaks of its children


if __name__ == "__main__":
    main()
