"""Volumes beside their peers: ``python -m bench.volumes``. The same files, jobs in turn, medians, ratios, limits.

This project runs in one process, the peers in another, in an environment of their own; each job is timed in its process
and takes its turn in every round, so that a drift of the machine's speed hits all alike.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.ensure_peers import ensure
from bench.volume_inputs import POINTS, Inputs, make
from bench.volume_worker import Worker
from tests.oracle.environment import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["beside_peers"]

OWN = ("bench.volumes_labels", "bench.volumes_sparse", "bench.volumes_assign")
#: Bytes of the label array (16 bit), of an image of 32 bit on the same grid, and of the index of the probability maps.
LABELS, IMAGE, CSR = 193 * 229 * 193 * 2, 193 * 229 * 193 * 4, 9_000_000
#: No job gets more than two runs once they took so many seconds together.
PATIENCE = 8.0


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared: our job, what it has to be beside each peer, and the bytes that have to be read at least.

    ``beside`` has the least "times faster" for each peer; below 1 it is how much slower we may be.
    """

    what: str
    job: str
    beside: dict[str, float] = field(default_factory=dict)
    bytes: int = 0


ROWS = (
    Row("masks of all 426 regions", "masks", {"siibra": 100, "nilearn": 10, "scipy": 0, "numba": 0}, LABELS),
    Row("the same, each on the whole grid", "masks-full", {"nilearn": 0}, 426 * LABELS // 2),
    Row("centroid, box, volume of all", "measure", {"siibra": 1000, "nilearn": 500, "numba": 1 / 3}, LABELS),
    Row("building the label index", "index", {"argsort": 1 / 4}, LABELS),
    Row("opening it again", "reopen", {"own index": 20}),
    Row("100,000 points to labels, table", "points-labels", {"siibra": 12, "numba": 0}, POINTS * 26),
    Row("opening the index of 113 maps", "open-maps"),
    Row("100,000 points to 113 maps, table", "points-maps", {"siibra": 40}, POINTS * 24 + CSR),
    Row("image to 426 regions, all scores", "image-labels", {"siibra": 40, "nilearn": 1 / 1.5}, LABELS + IMAGE),
    Row("image to 113 maps, all scores", "image-maps", {"siibra": 200}, CSR + 151 * 194 * 159 * 4),
)

HEAD = (
    f"| {'':<34} | {'beside':<9} | {'ours cpu':>9} | {'peer cpu':>10} | {'faster':>8} | {'wall':>8} | {'limit':<8} "
    f"| {'read once':>9} |\n|{'-' * 36}|{'-' * 11}|{'-' * 11}|{'-' * 12}|{'-' * 10}|{'-' * 10}|{'-' * 10}|{'-' * 11}|"
)


def beside_peers(rounds: int, work: Path) -> None:
    """Measure and print the table."""
    inputs = make(work)
    figures = Measured()
    with_peers = _peers(inputs)
    own = Worker(sys.executable, inputs.work / "inputs.json", OWN)
    wanted = {row.job for row in ROWS}
    places = [(own, job) for job in own.jobs if job in wanted]
    if with_peers is not None:
        places += [(with_peers, job) for job in with_peers.jobs]
    order = sorted(places, key=lambda place: place[1])  # ours, then each peer at the same
    for _ in range(rounds):
        for worker, job in order:
            figures.take(worker, job)
    for worker in filter(None, (own, with_peers)):
        worker.close()
    print("\n## Volumes (CPU and wall milliseconds, medians; faster: peer's CPU by ours)\n\n" + HEAD)
    for row in ROWS:
        for line in _lines(row, figures):
            print(line)
    speed = figures.checks.get("bandwidth")
    if speed:
        print(f"\nread once: the bytes that have to be read, by {float(speed) / 1e9:.1f} GB/s measured in this run")
    print(
        "siibra's jobs, and nilearn's cut coordinates, are a straight line through a few of the 426 regions or 113 maps"
    )
    for job, told in figures.errors.items():
        print(f"NOT MEASURED: {job}: {told}")


def _peers(inputs: Inputs) -> Worker | None:
    try:
        home = ensure()
    except Missing as error:
        print(f"\npeers of volumes cannot be had: {error}")
        return None
    return Worker(home.python, inputs.work / "inputs.json", ["bench.volume_peers"], home.env)


class Measured:
    """The runs of all jobs so far."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}
        self.checks: dict[str, Any] = {}
        self.errors: dict[str, str] = {}
        self._spent: dict[str, float] = {}

    def take(self, worker: Worker, job: str) -> None:
        """Run a job, unless it failed or has had its time."""
        if job in self.errors or (self._spent.get(job, 0.0) > PATIENCE and len(self.wall[job]) > 1):
            return
        start = time.perf_counter()
        said = worker.run(job)
        if "error" in said:
            self.errors[job] = said["error"]
            return
        self._spent[job] = self._spent.get(job, 0.0) + time.perf_counter() - start
        self.wall.setdefault(job, []).append(said["wall"])
        self.cpu.setdefault(job, []).append(said["cpu"])
        # Of the bandwidth the best run: what the machine can do, not what others left of it.
        self.checks[job] = max(said["check"], self.checks.get(job, 0)) if job == "bandwidth" else said["check"]

    def median(self, job: str) -> tuple[float, float] | None:
        """Wall and CPU seconds; nothing where the job did not run."""
        if job not in self.wall:
            return None
        return statistics.median(self.wall[job]), statistics.median(self.cpu[job])


#: Peers whose job has another name than ours.
_SAME = {"masks-full/nilearn": "masks/nilearn"}


def _lines(row: Row, figures: Measured) -> Iterator[str]:
    ours = figures.median(row.job)
    speed = figures.checks.get("bandwidth")
    least = f"{row.bytes / float(speed) * 1000:.2f}" if speed and row.bytes else ""
    if ours is None:
        yield f"| {row.what:<34} | {'':<9} | {'':>9} | {'':>10} | {'':>8} | {'':>8} | {'':<8} | {least:>9} |"
        return
    for peer, limit in row.beside.items() or {"": 0.0}.items():
        name = f"{row.job}/{peer}"
        theirs = figures.median("index" if peer == "own index" else _SAME.get(name, name))
        told = f">= {limit:.3g}x" if limit else ""
        faster = f"{theirs[1] / max(ours[1], 1e-6):.4g}x" if theirs else ""
        cpu = f"{theirs[1] * 1000:.4g}" if theirs else ""
        wall = f"{ours[0] * 1000:.4g}"
        mark = " !" if theirs and limit and theirs[1] < limit * ours[1] else ""
        yield (
            f"| {row.what:<34} | {peer:<9} | {ours[1] * 1000:>9.4g} | {cpu:>10} | {faster:>8} | {wall:>8} | {told:<8} "
            f"| {least:>9} |{mark}"
        )
        least = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        beside_peers(options.rounds, Path(work))


if __name__ == "__main__":
    main()
