"""Measure a command as a whole process: wall and CPU seconds, peak memory; several commands in turn.

A child begins as a copy of this process, and Linux counts that: no peak below this process's own is told apart.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field


@dataclass
class Figures:
    """What the runs of one command took."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    printed_all: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def median_cpu(self) -> float:
        return statistics.median(self.cpu)

    @property
    def peak(self) -> float:
        return max(self.peak_mb)


def run_once(command: list[str], into: Figures, env: dict[str, str] | None = None) -> None:
    """Run a command once and add its figures; the kernel's accounting of the finished process is used."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    out = process.stdout.read()  # type: ignore[union-attr]
    err = process.stderr.read()  # type: ignore[union-attr]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    into.wall.append(time.perf_counter() - started)
    into.cpu.append(usage.ru_utime + usage.ru_stime)
    into.peak_mb.append(usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2))
    into.printed_all.append(out.decode())
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{err.decode()[-2000:]}")


def in_turn(commands: dict[str, list[str]], runs: int, env: dict[str, str] | None = None) -> dict[str, Figures]:
    """Run the commands A B C A B C …, so that a drift of the machine's speed hits all alike; one warm-up each."""
    figures = {name: Figures() for name in commands}
    for name, command in commands.items():
        run_once(command, Figures(), env)
        del name
    for _ in range(runs):
        for name, command in commands.items():
            run_once(command, figures[name], env)
    return figures
