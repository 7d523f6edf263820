"""The server beside Oxigraph's, on the same store, in turn: ``python -m bench.server --snapshot FOLDER``.

Look-ups of thousands of different IRIs by ``wrk``; the time until the first answer; memory; look-ups while bombs run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.server_answers import answers
from bench.server_process import Served, below, get, ours, oxigraph, proportional

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["serving"]

SCRIPT = Path(__file__).with_name("lookups.lua")
LABEL = "SELECT ?p ?o WHERE {{ <{0}> <http://www.w3.org/2004/02/skos/core#prefLabel> ?o }}"
REGIONS = "SELECT DISTINCT ?r WHERE { ?r a <https://w3id.org/siibra-kg/vocab/Region> } ORDER BY ?r LIMIT 4000"
#: Cross join that neither ends nor takes memory: the worst neighbour.
BOMB = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(STR(?a) = STR(?i)) }"
#: Clients at the same time, and the milliseconds within which 99 of 100 look-ups are to be answered.
CLIENTS = {8: 25.0, 64: 120.0, 256: 0.0}
SHARE = 0.40
HEAD = (
    f"| {'':<38} | {'clients':>7} | {'per s':>7} | {'p50 ms':>7} | {'p99 ms':>7} | {'errors':>6} | {'limit':<26} |\n"
    f"|{'-' * 40}|{'-' * 9}|{'-' * 9}|{'-' * 9}|{'-' * 9}|{'-' * 8}|{'-' * 28}|"
)

Figures = dict[str, Any]


def paths(snapshot: Path, into: Path) -> tuple[Path, Path, list[str]]:
    """Write the look-ups for this server and for Oxigraph's; gives the IRIs too."""
    import siibra_kg

    with siibra_kg.open(snapshot) as kg:
        iris = [str(row[0]) for row in kg.sparql(REGIONS)]
    queries = [quote(LABEL.format(iri), safe="") for iri in iris]
    own, other = into / "own.txt", into / "oxigraph.txt"
    own.write_text("".join(f"/sparql?query={q}\n" for q in queries))
    other.write_text("".join(f"/query?query={q}\n" for q in queries))
    return own, other, iris


def load(served: Served, asked: Path, clients: int, seconds: float, *, status: bool = False) -> Figures:
    """Let wrk ask for a while; gives what it measured."""
    env = {**os.environ, "PATHS": str(asked)} | ({"STATUS": "1"} if status else {})
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds:.0f}s", "--timeout", "20s", "-s", str(SCRIPT), served.url]
    told = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    line = next(line for line in told.splitlines() if line.startswith("FIGURES "))
    figures: Figures = json.loads(line.partition(" ")[2])
    return figures | {"rate": figures["requests"] / figures["seconds"]}


def row(what: str, clients: int, runs: Sequence[Figures], limit: str = "", *, kept: bool = True) -> str:
    """Write a line: medians of the runs."""
    rate, p50, p99 = (statistics.median(run[key] for run in runs) for key in ("rate", "p50", "p99"))
    errors = sum(run["errors"] + run["socket"] for run in runs)
    mark = "" if kept else " !"
    return f"| {what:<38} | {clients:>7} | {rate:>7.0f} | {p50:>7.2f} | {p99:>7.2f} | {errors:>6} | {limit:<26} |{mark}"


def lookups(servers: dict[str, tuple[Served, Path]], rounds: int, seconds: float) -> None:
    """Look-ups at all numbers of clients, all servers in turn; the last one is the peer."""
    print("\n## Look-ups over HTTP (wrk with one thread, servers in turn, medians)\n\n" + HEAD)
    *own, peer = servers
    for clients, most in CLIENTS.items():
        runs: dict[str, list[Figures]] = defaultdict(list)
        for served, asked in servers.values():
            load(served, asked, clients, 1.0)
        for _ in range(rounds):
            for name, (served, asked) in servers.items():
                runs[name].append(load(served, asked, clients, seconds, status=clients == 256 and name != peer))
        theirs = statistics.median(run["rate"] for run in runs[peer])
        for name in own:
            rate, p99 = (statistics.median(run[key] for run in runs[name]) for key in ("rate", "p99"))
            failed = sum(run["failed"] + run["late"] + run["socket"] for run in runs[name])
            limit = f"p99 <= {most:g} ms, >= {SHARE:.0%}" if most else "only 200, or 503 and when"
            kept = (p99 <= most and rate >= SHARE * theirs) if most else failed == 0
            print(row(f"{name} ({rate / theirs:.0%})", clients, runs[name], limit, kept=kept))
        print(row(peer, clients, runs[peer]))


def neighbours(own: Served, asked: Path, rounds: int, seconds: float) -> None:
    """Look-ups while as many bombs as there are processors run all the time, and without, in turn."""
    idle, busy = [], []
    for _ in range(rounds):
        idle.append(load(own, asked, 8, seconds))
        stop = threading.Event()
        attackers = [threading.Thread(target=_attack, args=(own, stop)) for _ in range(os.cpu_count() or 1)]
        for attacker in attackers:
            attacker.start()
        with suppress(subprocess.CalledProcessError):
            busy.append(load(own, asked, 8, seconds))
        stop.set()
        for attacker in attackers:
            attacker.join()
    quiet, loud = (statistics.median(run["p99"] for run in runs) for runs in (idle, busy))
    print("\n## Look-ups while bombs run on other workers\n\n" + HEAD)
    print(row("nobody else asks", 8, idle))
    print(row(f"a bomb for each processor ({loud / quiet:.2f}x)", 8, busy, "p99 <= 2x", kept=loud <= 2 * quiet))


def _attack(served: Served, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(OSError):
            get(served.url, "/sparql?query=" + quote(BOMB))


def memory(own: Served, peer: Served) -> None:
    """What the processes take after all that, shared memory counted once."""
    front = proportional(own.process.pid)
    others = sorted(proportional(pid) for pid in below(own.process.pid))
    print("\n## Memory after the load (MB, shared pages divided among those who share them)\n")
    print(
        f"front process {front:.0f}; the process that forks, and the workers: {', '.join(f'{m:.0f}' for m in others)};"
    )
    print(f"all together {front + sum(others):.0f}; oxigraph serve-read-only {proportional(peer.process.pid):.0f}")


def starting(snapshot: Path, first: str, runs: int) -> None:
    """From the start of the process to the first look-up that is answered."""
    seconds = []
    for _ in range(runs):
        with ours(snapshot, first=first) as served:
            seconds.append(served.seconds)
    mark = "" if statistics.median(seconds) < 1 else " !"
    print(f"\nstart to first answer: {statistics.median(seconds):.3f} s (limit: 1 s){mark}")


def serving(snapshot: Path, rounds: int = 3, seconds: float = 3.0) -> None:
    """Measure and print the tables."""
    if shutil.which("wrk") is None:
        print("\nNOT MEASURED: the server; wrk is not installed (python -m tests.servers.ensure_servers)")
        return
    with tempfile.TemporaryDirectory(prefix="bench-server-") as folder:
        own_paths, peer_paths, iris = paths(snapshot, Path(folder))
        starting(snapshot, own_paths.read_text().partition("\n")[0], max(3, rounds))
        with ours(snapshot, "--cache", 0) as own, ours(snapshot) as keeping, oxigraph(snapshot / "store") as peer:
            servers = {
                "siibra-kg serve, no answer kept": (own, own_paths),
                "siibra-kg serve": (keeping, own_paths),
                "oxigraph serve-read-only": (peer, peer_paths),
            }
            lookups(servers, rounds, seconds)
            neighbours(own, own_paths, rounds, seconds)
            answers(own, snapshot, iris, max(5, rounds))
            memory(own, peer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    serving(options.snapshot, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
