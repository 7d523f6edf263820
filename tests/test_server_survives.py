"""The server is there after everything: bombs, deep queries, killed workers, clients that hang, switched snapshots.

Each promise is checked from outside, against the real server in processes of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from attack_client import DOCUMENTED, ask, descriptors, is_problem, request, resident, until, zombies
from attacked import FOUND, LOOKUP, Attacked, attacked, small_snapshot
from bombs import BOMBS, CHAINS, NESTS, RIDDLES, chain, nest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.build.snapshot import Snapshot

#: Seconds that a request may take here, and how much later an answer may come.
LIMIT, GRACE = 0.5, 1.0
#: A cross join that runs until it is stopped.
ENDLESS = next(bomb.text for bomb in BOMBS if bomb.name == "skipping a million million rows")
#: The nests and chains that are refused because no engine survives them are refused at these sizes at the latest.
DEEP = 1000
KINDS = {
    400: {"malformed-query", "bad-request"},
    413: {"too-large", "body-too-large", "query-too-long"},
    414: {"uri-too-long"},
    422: {"row-limit", "byte-limit", "memory-limit"},
    504: {"time-limit"},
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small_snapshot(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def server(snapshot: Snapshot) -> Iterator[Attacked]:
    with attacked(snapshot.path, "--timeout", LIMIT, "--memory", "300MB", "--workers", 3) as running:
        yield running


def contents(folder: Path) -> dict[str, str]:
    """Give the hash of each file below a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.slow
def test_every_bomb_is_answered_with_an_error_in_time(server: Attacked, snapshot: Snapshot) -> None:
    """45 bombs one after the other: an error in time, the next query works, nothing grows, nothing is written."""
    before, count, size = contents(snapshot.path), len(server.settled()), resident(server.pid)
    wrong = []
    for bomb in BOMBS:
        outcome = ask(server.url, bomb.text, accept="*/*", timeout=LIMIT + GRACE + 5)
        error = is_problem(outcome) and outcome.status in KINDS
        broken = outcome.status == 200 and not outcome.whole
        if not (error or broken) or outcome.seconds > LIMIT + GRACE:
            wrong.append((bomb.name, outcome.status, outcome.whole, round(outcome.seconds, 2), outcome.body[:200]))
        if not server.serves():
            wrong.append((bomb.name, "the next query has no answer"))
    assert not wrong
    assert server.has(count), server.below()
    assert resident(server.pid) < 1.2 * size + 20_000_000
    assert not zombies(server.pid)
    assert contents(snapshot.path) == before


def test_riddles_are_answered_or_refused_at_once(server: Attacked) -> None:
    count = len(server.settled())
    for riddle in RIDDLES:
        outcome = ask(server.url, riddle.text)
        assert outcome.status in DOCUMENTED - {503}, (riddle.name, outcome)
        assert outcome.status == 200 or is_problem(outcome), (riddle.name, outcome)
        assert outcome.whole
        assert outcome.seconds < LIMIT + GRACE, (riddle.name, outcome.seconds)
    assert server.has(count)
    assert server.serves()


@pytest.mark.parametrize("kind", NESTS)
def test_nests_of_any_depth_are_answered_or_refused_at_once(server: Attacked, kind: str) -> None:
    for depth in (1, 10, 99, 1000, 5000, 10_000, 100_000, 1_000_000):
        outcome = ask(server.url, nest(kind, depth))
        fine = (200, 422, 504) if depth < DEEP else (400, 413, 414)
        assert outcome.status in (*fine, 400), (depth, outcome)
        assert outcome.status == 200 or is_problem(outcome), (depth, outcome)
        assert outcome.seconds < LIMIT + GRACE, depth
    assert server.serves()


@pytest.mark.parametrize("kind", CHAINS)
def test_chains_of_any_length_are_answered_or_refused_at_once(server: Attacked, kind: str) -> None:
    for length in (1, 20, 1000, 4000, 20_000, 200_000):
        outcome = ask(server.url, chain(kind, length))
        assert outcome.status in (200, 400, 413, 414, 422, 504), (length, outcome)
        assert (outcome.status == 200) or is_problem(outcome), (length, outcome)
        assert outcome.seconds < LIMIT + GRACE, length
    assert server.serves()


def test_no_process_dies_of_nests_and_chains(server: Attacked) -> None:
    """What is refused is refused before an engine sees it: the workers are the same afterwards."""
    before = server.settled()
    texts = [nest(kind, 5000) for kind in NESTS] + [chain(kind, 4000) for kind in CHAINS]
    assert {ask(server.url, text).status for text in texts} <= {200, 400, 413}
    assert server.below() == before


def test_a_malformed_query_is_told_with_line_and_column(server: Attacked) -> None:
    outcome = ask(server.url, "SELECT *\nWHERE { ?s ?p }")
    assert (outcome.status, outcome.kind) == (400, "malformed-query")
    assert b'"line":2' in outcome.body
    assert b'"column":' in outcome.body


def _times(url: str, count: int) -> list[float]:
    outcomes = [ask(url, LOOKUP) for _ in range(count)]
    assert all(outcome.status == 200 for outcome in outcomes)
    return [outcome.seconds for outcome in outcomes]


def test_lookups_are_answered_while_bombs_run(server: Attacked) -> None:
    """Bombs are always on their way; look-ups take their turn. The figure itself is measured by ``make bench``."""
    idle = statistics.median(_times(server.url, 50))
    stop = threading.Event()

    def bomb() -> None:
        while not stop.is_set():
            ask(server.url, ENDLESS)

    with ThreadPoolExecutor(3) as attackers:
        for _ in range(3):
            attackers.submit(bomb)
        try:
            time.sleep(0.5)
            busy = _times(server.url, 100)
        finally:
            stop.set()
    assert statistics.median(busy) < 5 * idle + 0.1
    assert max(busy) < LIMIT + GRACE


def test_more_than_can_wait_is_told_to_come_back(snapshot: Snapshot) -> None:
    with attacked(snapshot.path, "--timeout", 1, "--workers", 2, "--queue", 4) as small:
        with ThreadPoolExecutor(24) as crowd:
            outcomes = list(crowd.map(lambda _: ask(small.url, ENDLESS), range(24)))
        assert {o.status for o in outcomes} <= {503, 504}
        refused = [o for o in outcomes if o.status == 503]
        assert len(refused) >= 10
        assert all(int(o.headers["retry-after"]) > 0 and is_problem(o) for o in refused)
        assert until(small.serves, 5)


def _half_read(url: str, text: str) -> None:
    """Ask, read the beginning of the answer if there is any, and hang up."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        path = "/sparql?query=" + quote(text, safe="")
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        connection.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            connection.recv(100)


def test_clients_that_hang_up_leave_no_work_behind(server: Attacked) -> None:
    """Whether before the answer or in the middle of it: the worker is free again long before its time is over."""
    count, open_files = len(server.settled()), descriptors(server.pid)
    rows = "SELECT * { ?s ?p ?o . ?a ?b ?c } LIMIT 90000"
    for _ in range(10):
        _half_read(server.url, ENDLESS)
        _half_read(server.url, rows)
    assert until(server.serves, LIMIT + GRACE)
    assert server.has(count), server.below()
    assert until(lambda: descriptors(server.pid) <= open_files + 2, 5)


def test_idle_connections_keep_nobody_out(server: Attacked) -> None:
    address = urlsplit(server.url)
    crowd = [socket.create_connection((address.hostname, address.port), timeout=5) for _ in range(200)]
    try:
        for n, connection in enumerate(crowd[:100]):
            connection.sendall(b"GET /sparql HTTP/1.1\r\nHost: x" if n % 2 else b"G")
        assert server.serves()
        assert max(_times(server.url, 20)) < LIMIT
    finally:
        for connection in crowd:
            connection.close()
    assert server.serves()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP], ids=lambda s: s.name)
def test_processes_that_are_ended_or_stopped_from_outside_are_replaced(server: Attacked, how: signal.Signals) -> None:
    count = len(server.settled())
    victims = [w["pid"] for w in workers(server)]
    assert victims
    for pid in victims:
        os.kill(pid, how)
        outcomes = [server.lookup() for _ in range(3)]
        assert all(o.status in (200, 503, 504) for o in outcomes)
    assert until(server.serves, 5)
    with ThreadPoolExecutor(8) as crowd:  # every worker gets something to do, the stopped ones too
        list(crowd.map(lambda _: server.lookup(), range(40)))
    time.sleep(LIMIT)
    assert until(lambda: all(server.serves() for _ in range(5)), 10)
    assert server.has(count), server.below()


def workers(server: Attacked) -> list[dict[str, object]]:
    """Ask the server about its workers."""
    import json

    outcome = request(server.url, "/-/workers")
    assert outcome.status == 200, outcome
    return json.loads(outcome.body)["workers"]


def test_workers_killed_all_the_time_do_not_end_the_server(snapshot: Snapshot) -> None:
    with attacked(snapshot.path, "--timeout", 2, "--workers", 3) as victim:
        count = len(victim.settled())
        stop, chance = threading.Event(), random.Random(5)

        def kill() -> None:
            while not stop.is_set():
                below = [pid for pid in victim.below() if resident(pid)]
                leaves = [pid for pid in below if not any(True for _ in _children(pid))]
                if leaves:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(chance.choice(leaves), signal.SIGKILL)
                time.sleep(0.15)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            outcomes = [victim.lookup() for _ in range(200)]
        finally:
            stop.set()
            killer.join()
        assert {o.status for o in outcomes} <= {200, 503}
        assert all(FOUND in o.body for o in outcomes if o.status == 200)
        assert until(victim.serves, 10)
        assert victim.has(count, 15), victim.below()


def _children(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            yield from task.read_text().split()


def test_a_snapshot_switched_while_serving_is_taken_over_whole(tmp_path: Path) -> None:
    """Each answer is that of the old or of the new snapshot, and its ETag says of which."""
    home = tmp_path / "home"
    from attacked import documents
    from building import Memory

    from siibra_kg.build import build
    from siibra_kg.config import Settings

    settings = Settings(home=home, cache=tmp_path / "cache", offline=True)
    build([Memory(documents(50))], settings=settings)
    name = "?s <https://openminds.om-i.org/props/fullName> ?o FILTER(STRSTARTS(?o, 'Person '))"
    query = f"SELECT (COUNT(*) AS ?n) {{ {name} }}"
    with attacked(None, "--timeout", 5, SIIBRA_KG_HOME=str(home)) as running:
        first = ask(running.url, query)
        assert b'"50"' in first.body
        build([Memory(documents(60))], settings=settings)
        seen = {(first.headers["etag"], first.body)}

        def changed() -> bool:
            outcome = ask(running.url, query)
            assert outcome.status == 200
            seen.add((outcome.headers["etag"], outcome.body))
            return b'"60"' in outcome.body

        assert until(changed, 20)
        assert len(seen) == 2
        assert len({etag for etag, _ in seen}) == 2
        with ThreadPoolExecutor(8) as crowd:
            later = list(crowd.map(lambda _: ask(running.url, query), range(40)))
        assert {o.body for o in later} == {ask(running.url, query).body}
        again = request(running.url, "/sparql?query=" + quote(query), headers={"If-None-Match": first.headers["etag"]})
        assert again.status == 200, "the old ETag is not that of the new snapshot"


@pytest.mark.parametrize("to", ["the front process", "all processes of its group"])
def test_a_term_signal_ends_all_processes(snapshot: Snapshot, to: str) -> None:
    """In good order: nobody is started again while the others end."""
    with attacked(snapshot.path, "--timeout", 30) as running:
        hanging = threading.Thread(target=ask, args=(running.url, ENDLESS))
        hanging.start()
        time.sleep(0.5)
        below = running.below()
        assert below
        if to == "the front process":
            running.process.terminate()
        else:
            os.killpg(running.pid, signal.SIGTERM)
        assert running.process.wait(timeout=15) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        hanging.join(10)
        assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 3)
        assert "Traceback" not in running.log.read_text("utf-8", "replace")


def test_a_front_process_that_is_killed_leaves_nobody_behind(snapshot: Snapshot) -> None:
    with attacked(snapshot.path, "--timeout", 30) as running:
        below = running.below()
        running.process.kill()
        running.process.wait()
        assert until(lambda: not any(resident(pid) for pid in below), 5)


@pytest.mark.server
@pytest.mark.parametrize("kind", ["slow headers", "slow body", "slow read"])
def test_slow_clients_keep_nobody_waiting(server: Attacked, kind: str) -> None:
    """Slowhttptest holds 150 connections open with as little as it can; others are served meanwhile."""
    if shutil.which("slowhttptest") is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("slowhttptest is not installed (python -m tests.servers.ensure_servers)")
        pytest.skip("slowhttptest is not installed (python -m tests.servers.ensure_servers)")
    big = f"{server.url}/sparql?query=" + quote("SELECT * { ?s ?p ?o . ?a ?b ?c } LIMIT 50000", safe="")
    words = {
        "slow headers": ["-H", "-u", f"{server.url}/sparql"],
        "slow body": ["-B", "-u", f"{server.url}/sparql", "-t", "POST", "-s", "8192"],
        "slow read": ["-X", "-u", big, "-k", "1", "-w", "10", "-y", "20", "-n", "1", "-z", "10"],
    }[kind]
    count = len(server.settled())
    command = ["slowhttptest", *words, "-c", "150", "-r", "150", "-i", "1", "-l", "4", "-p", "2"]
    slow = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        assert max(_times(server.url, 40)) < LIMIT + GRACE
    finally:
        slow.terminate()
        slow.wait(10)
    assert until(server.serves, 5)
    assert server.has(count), server.below()
