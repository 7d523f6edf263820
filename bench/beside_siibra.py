"""This project beside siibra-python 1.0.1a25: the same questions, the same configuration, in turn, in one run."""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import Figures, in_turn
from tests.oracle import ensure_siibra

if TYPE_CHECKING:
    from collections.abc import Iterator

PARCELLATION, REGION = "Julich-Brain Cytoarchitectonic Atlas (v3.1)", "Area hOc1 (V1, 17, CalcS) left"
HERE = Path(__file__).parent
LOOKUPS = 1000

_HEAD = (
    f"| {'':<52} | {'ours s':>9} | {'siibra s':>9} | {'faster':>8} | {'limit':<9} |\n"
    f"|{'-' * 54}|{'-' * 11}|{'-' * 11}|{'-' * 10}|{'-' * 11}|"
)


def beside(work: Path, runs: int) -> None:
    """Build with both sources, then ask both; print one table."""
    peer_home = ensure_siibra.ensure()
    configuration = peer_home.configuration
    snapshot, wanted = work / "both", work / "lookups.json"
    built = in_turn({"build": _own("build_both", snapshot)}, max(1, runs // 2))["build"]
    print("\n## With siibra-configurations\n")
    print(f"whole build of both sources: {built.median:.1f} s wall, {built.median_cpu:.1f} s CPU, {built.peak:.0f} MB")
    print("limits: about 25 s on two quiet cores, under 1,200 MB")
    wanted.write_text(json.dumps(list(specs(configuration))), encoding="utf-8")
    env = {**os.environ, "SIIBRA_USE_CONFIGURATION": str(configuration), "SIIBRA_LOG_LEVEL": "ERROR"}
    env["SIIBRA_CACHEDIR"] = str(peer_home.cache)
    jobs = {
        "first_feature": (PARCELLATION, REGION),
        "all_modalities": (PARCELLATION, REGION),
        "lookups": (wanted,),
        "map_indices": (PARCELLATION,),
    }
    print("\n" + _HEAD)
    for name, arguments in jobs.items():
        peer = [str(peer_home.python), str(HERE / "siibra_jobs.py"), name, *map(str, arguments)]
        figures = in_turn({"own": _own("beside", snapshot, name, *arguments), "siibra": peer}, runs, env)
        for line in _lines(name, figures["own"], figures["siibra"]):
            print(line)


def _own(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "bench.jobs", name, *map(str, arguments)]


def _lines(name: str, own: Figures, peer: Figures) -> Iterator[str]:
    """Give the rows of one job: as a whole process, or the parts that the jobs timed themselves."""
    ours, theirs = _parts(own), _parts(peer)
    if name == "first_feature":
        yield _line("process start to first feature answer", own.median, peer.median, ">= 20x")
    elif name == "all_modalities":
        yield _line("all modalities for one region, first", ours["first"], theirs["first"], ">= 100x")
        yield _line("all modalities for one region, repeated", ours["again"], theirs["again"], ">= 20x")
    elif name == "lookups":
        yield _line(f"{LOOKUPS} mixed region lookups, first pass", ours["first"], theirs["first"], ">= 50x")
        yield _line(f"{LOOKUPS} mixed region lookups, repeated", ours["again"], theirs["again"], "")
    else:
        what = "all index rows of Julich-Brain 3.1"
        yield _line(f"{what}, first", ours["first"], theirs["first"], "")
        yield _line(f"{what}, repeated", ours["again"], theirs["first"], "< 0.1 s")
        yield _line(f"{what}, in memory", ours["memory"], theirs["first"], "< 0.1 s")
    yield f"|   found: ours {ours['found']:.0f}, siibra {theirs['found']:.0f}"


def _line(what: str, ours: float, theirs: float, limit: str) -> str:
    return f"| {what:<52} | {ours:>9.4f} | {theirs:>9.4f} | {theirs / ours:>7.1f}x | {limit:<9} |"


def _parts(figures: Figures) -> dict[str, float]:
    """Give the median of each part over the runs."""
    said: list[dict[str, Any]] = [json.loads(text.splitlines()[-1]) for text in figures.printed_all]
    return {key: statistics.median(float(one[key]) for one in said) for key in said[0]}


def specs(configuration: Path) -> Iterator[tuple[str, str]]:
    """Give mixed region specs of all parcellations: whole names, names with a side spelled out, parts of names."""
    names: list[tuple[str, str]] = []
    for path in sorted((configuration / "parcellations").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        names += [(document["name"], name) for name in _names(document["regions"])]
    step = len(names) // LOOKUPS
    for number, (parcellation, name) in enumerate(names[:: step or 1][:LOOKUPS]):
        words = name.replace("(", " ").replace(")", " ").replace(",", " ").split()
        telling = [word for word in words if word.lower() not in ("left", "right", "hemisphere", "-")] or words
        longest = max(telling, key=lambda word: (len(word), word))
        yield parcellation, (name, name.lower(), " ".join(words[:2]).lower(), longest)[number % 4]


def _names(regions: list[dict[str, Any]]) -> Iterator[str]:
    for region in regions:
        yield region["name"]
        yield from _names(region.get("children", []))
