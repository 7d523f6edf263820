"""How a job is timed, in wall and CPU seconds: short ones several times, those of minutes by fewer steps."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timed", "extrapolated", "measured"]

_SHORT = 0.1  # seconds
_MOST = 14


@dataclass(frozen=True, slots=True)
class Timed:
    """What a job gives that took its time itself: its result, and wall and CPU seconds of the whole."""

    check: object
    wall: float
    cpu: float


def measured(job: Callable[[], object]) -> dict[str, object]:
    """Run a job; gives wall and CPU seconds, what it found, and the peak of the process so far in MB.

    A job of less than a tenth of a second is run some more times, and the median counts: alone it would measure how
    cold the caches are that the job before it left, on either side.
    """
    result, wall, cpu = timed(job)
    if isinstance(result, Timed):
        result, wall, cpu = result.check, result.wall, result.cpu
    elif wall < _SHORT:
        more = [(wall, cpu), *(_once(job)[1:] for _ in range(min(_MOST, int(2 * _SHORT / wall))))]
        wall, cpu = (statistics.median(column) for column in zip(*more, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"wall": wall, "cpu": cpu, "check": result, "peak": peak}


def extrapolated(run: Callable[[int], object], few: int, many: int, whole: int) -> Callable[[], Timed]:
    """Give a job that stands for ``run(whole)``: the straight line through ``run(few)`` and ``run(many)``.

    What a call costs whatever it does is counted once. This is for jobs whose steps are equal, one after the other.
    """

    def job() -> Timed:
        _, *first = timed(lambda: run(few))
        check, *second = timed(lambda: run(many))
        reach = (whole - few) / (many - few)
        wall, cpu = (max(b, a + (b - a) * reach) for a, b in zip(first, second, strict=True))
        return Timed(check, wall, cpu)

    return job


def timed(job: Callable[[], object]) -> tuple[object, float, float]:
    """Give the result of a job, its wall and its CPU seconds."""
    gc.collect()
    return _once(job)


def _once(job: Callable[[], object]) -> tuple[object, float, float]:
    """Run a job without the collector of garbage, as timeit does: it would count what else the process holds."""
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        result = job()
        return result, time.perf_counter() - wall, time.process_time() - cpu
    finally:
        gc.enable()
