"""Five minutes of everything at once, and nothing grows: ``python -m bench.soak``.

Look-ups, pages, search, templates, large results, bombs, clients that hang up, workers that are killed. Memory,
descriptors and processes are sampled; the run fails if, after warming up, the memory of the front process grows by 5 %
or there are more descriptors or processes at its end, or if an answer comes that is not documented.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from bench.server_answers import WORDS, path_of
from bench.server_process import Served, below, get, ours

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTED = frozenset({200, 304, 400, 403, 404, 406, 413, 422, 503, 504})
LABEL = "SELECT ?p ?o WHERE {{ <{0}> <http://www.w3.org/2004/02/skos/core#prefLabel> ?o }}"
REGIONS = "SELECT DISTINCT ?r WHERE { ?r a <https://w3id.org/siibra-kg/vocab/Region> } ORDER BY ?r LIMIT 2000"
LARGE = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 15000"
BOMBS = (
    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STR(?a) = STR(?i)) }",
    "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i LIMIT 1",
    "SELECT (GROUP_CONCAT(CONCAT(STR(?a), STR(?f))) AS ?t) { ?a ?b ?c . ?d ?e ?f }",
    "SELECT * {" + "{" * 5000 + "}" * 5000 + "}",
    "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
)
#: How much the memory of the front process may grow after warming up, and the part of the run that is warming up.
GROWTH, WARM = 1.05, 0.25


@dataclass
class Seen:
    """What came back, and what the processes took meanwhile."""

    answers: Counter[tuple[str, object]] = field(default_factory=Counter)
    samples: list[tuple[float, int, int, int, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, what: str, came: object) -> None:
        """Count an answer."""
        with self.lock:
            self.answers[what, came] += 1


class Soak:
    """The mixed load on a running server."""

    def __init__(self, served: Served, iris: list[str]) -> None:
        self.served, self.iris = served, iris
        self.seen = Seen()
        self.stop = threading.Event()
        self._pages = [path_of(iri) for iri in iris]

    def kinds(self) -> dict[str, Callable[[random.Random], object]]:
        """Give what clients do, by name."""
        ask = self._get
        return {
            "look-up": lambda c: ask("/sparql?query=" + quote(LABEL.format(c.choice(self.iris))), "*/*"),
            "page": lambda c: ask(c.choice(self._pages), c.choice(("text/html", "text/turtle", "application/ld+json"))),
            "search": lambda c: ask("/search?q=" + quote(c.choice(WORDS)), "application/json"),
            "REST": lambda c: ask("/api/hierarchy/descendants?region=" + quote(c.choice(self.iris)), "text/csv"),
            "large result": lambda c: ask("/sparql?query=" + quote(LARGE), c.choice(("text/csv", "*/*"))),
            "bomb": lambda c: ask("/sparql?query=" + quote(c.choice(BOMBS)), "*/*"),
            "hanging up": self._hang_up,
            "nonsense": lambda c: ask("/sparql?query=" + quote("".join(c.choices("{}?<>. SELECT", k=30))), "*/*"),
        }

    def _get(self, path: str, accept: str) -> object:
        return get(self.served.url, path, accept)[0]

    def _hang_up(self, chance: random.Random) -> object:
        address = urlsplit(self.served.url)
        query = quote(chance.choice((LARGE, BOMBS[0])), safe="")
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            connection.settimeout(chance.choice((0.01, 0.1, 0.5)))
            with suppress(TimeoutError):
                connection.recv(1000)
        return "gone"

    def client(self, seed: int, names: tuple[str, ...]) -> None:
        """Do one thing after the other until it is over."""
        chance, kinds = random.Random(seed), self.kinds()
        while not self.stop.is_set():
            name = chance.choice(names)
            try:
                came = kinds[name](chance)
            except OSError as error:
                came = type(error).__name__
            except Exception as error:  # noqa: BLE001  an answer that breaks off is one of the documented ones
                came = f"broken off ({type(error).__name__})"
            self.seen.add(name, came)

    def killer(self) -> None:
        """End a worker by force now and then."""
        chance = random.Random(99)
        while not self.stop.wait(5):
            leaves = [pid for pid in below(self.served.process.pid) if not below(pid)]
            if leaves:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(leaves), signal.SIGKILL)
                self.seen.add("killing a worker", "done")

    def sample(self, since: float) -> tuple[float, int, int, int, int]:
        """Look at the processes: seconds, RSS of the front and of all in kB, descriptors of the front, processes."""
        front = self.served.process.pid
        others = below(front)
        everything = resident(front) + sum(resident(pid) for pid in others)
        open_files = len(list(Path(f"/proc/{front}/fd").iterdir()))
        found = (time.monotonic() - since, resident(front), everything, open_files, len(others))
        self.seen.samples.append(found)
        return found


def resident(pid: int) -> int:
    """Give the resident memory of a process in kB."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def run(soak: Soak, seconds: float) -> None:
    """Load the server for so long, and print a line now and then."""
    usual = ("look-up", "look-up", "look-up", "page", "search", "REST", "nonsense")
    clients = [(1, usual), (2, usual), (3, usual), (4, ("bomb", "hanging up")), (5, ("large result", "hanging up"))]
    threads = [threading.Thread(target=soak.client, args=client) for client in clients]
    threads.append(threading.Thread(target=soak.killer))
    head = f"| {'s':>5} | {'front MB':>8} | {'all MB':>7} | {'descriptors':>11} | {'processes':>9} | {'answers':>8} |"
    print(head + "\n|" + "|".join("-" * len(part) for part in head.split("|")[1:-1]) + "|")
    start = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        step, shown = min(1.0, seconds / 30), 0.0
        while (at := time.monotonic() - start) < seconds:
            _, front, everything, files, processes = soak.sample(start)
            if at >= shown:
                total = soak.seen.answers.total()
                print(f"| {at:>5.0f} | {front / 1024:>8.1f} | {everything / 1024:>7.0f} | {files:>11} | {processes:>9} "
                      f"| {total:>8} |", flush=True)  # fmt: skip
                shown += seconds / 20
            time.sleep(step)
    finally:
        soak.stop.set()
        for thread in threads:
            thread.join()


def verdict(soak: Soak, before: tuple[float, int, int, int, int], seconds: float) -> list[str]:
    """Say what grew, and which answers nobody promised."""
    warm = [s for s in soak.seen.samples if s[0] >= WARM * seconds]
    third = max(1, len(warm) // 3)
    early, late = (statistics.median(s[1] for s in part) for part in (warm[:third], warm[-third:]))
    print(f"\nfront process: {early / 1024:.1f} MB after warming up, {late / 1024:.1f} MB at the end")
    wrong = [f"memory of the front process grew by {late / early - 1:.1%}"] if late > GROWTH * early else []
    deadline = time.monotonic() + 15
    after = soak.sample(0.0)
    while (after[3] > before[3] or after[4] != before[4]) and time.monotonic() < deadline:
        time.sleep(0.2)
        after = soak.sample(0.0)
    print(f"descriptors {before[3]} -> {after[3]}, processes {before[4]} -> {after[4]}")
    if after[3] > before[3]:
        wrong.append(f"{after[3] - before[3]} descriptors more")
    if after[4] != before[4]:
        wrong.append(f"{after[4] - before[4]:+} processes")
    for (what, came), count in sorted(soak.seen.answers.items(), key=str):
        fine = came in DOCUMENTED or (isinstance(came, str) and came.startswith(("gone", "done", "broken off")))
        print(f"  {what:<18} {came!s:<32} {count:>7}{'' if fine else ' !'}")
        if not fine:
            wrong.append(f"{what} came to {came}, {count} times")
    if soak.seen.answers["look-up", 200] == 0:
        wrong.append("no look-up was answered")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--snapshot", type=Path, help="serve this one; else one is built from the pinned archive")
    options = parser.parse_args()
    import siibra_kg

    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        place = options.snapshot
        if place is None:
            place = Path(folder, "snapshot")
            siibra_kg.build(sources=["openminds-archive"], out=place)
        with siibra_kg.open(place) as kg:
            iris = [str(row[0]) for row in kg.sparql(REGIONS)]
        with ours(place, "--timeout", 3, "--memory", "500MB") as served:
            soak = Soak(served, iris)
            time.sleep(2)
            warm_up(soak)
            before = soak.sample(0.0)
            soak.seen.samples.clear()
            run(soak, options.seconds)
            wrong = verdict(soak, before, options.seconds)
            if get(served.url, "/-/health")[0] != 200:
                wrong.append("the server is not there afterwards")
    for line in wrong:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0


def warm_up(soak: Soak) -> None:
    """Do everything once, so that what is opened once is open."""
    chance = random.Random(0)
    for name, job in soak.kinds().items():
        with suppress(Exception):
            soak.seen.add(name, job(chance))
    time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
