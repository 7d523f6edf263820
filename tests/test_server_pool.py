"""The pool keeps its promises: limits, neighbours, retries, switches, and nothing left over, whatever a job does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from siibra_kg.build import build
from siibra_kg.build.snapshot import find
from siibra_kg.errors import SnapshotError
from siibra_kg.server.job import Job
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.pool import Pool
from siibra_kg.server.problem import Refused
from tests.building import Memory, settings
from tests.servers.pool_jobs import JOBS

pytest.importorskip("starlette", reason="the extra server is not installed")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")

ALL = " ".join(f"?s{n} ?p{n} ?o{n} ." for n in range(6))
COUNT = f"SELECT (COUNT(*) AS ?n) {{ {ALL} }}"
SORT = f"SELECT * {{ {ALL} }} ORDER BY ?o3 DESC(?s1) LIMIT 1"
CONCAT = f"SELECT (GROUP_CONCAT(STR(?s0)) AS ?t) {{ {ALL} }}"


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("pool") / "graph.nt"
    lines = (f'<https://example.org/{n}> <https://example.org/p{n % 7}> "{"v" * 50}{n}" .\n' for n in range(2000))
    path.write_text("".join(lines), "ascii")
    return path


@pytest.fixture
def put(graph, tmp_path):
    """Give a context that runs a pool on the graph."""

    @asynccontextmanager
    async def running(place=None, config=None, **options):
        limits = ServerOptions(**({"workers": 2, "timeout": 1.5} | options))
        pool = Pool(str(place or graph), config or settings(tmp_path), limits, jobs=JOBS)
        await pool.start()
        try:
            yield pool
        finally:
            await pool.close()

    return running


async def refused(pool, kind, **payload):
    """Run a job that has to be refused; gives the error and the seconds that it took."""
    start = time.monotonic()
    with pytest.raises(Refused) as error:
        await drained(await pool.run(Job(kind, payload)))
    return error.value, time.monotonic() - start


async def drained(answer):
    if isinstance(answer.body, bytes):
        return answer.body
    return b"".join([piece async for piece in answer.body])


async def full(pool, count=2):
    """Wait until all workers are there."""
    for _ in range(200):
        if sum(w["state"] == "idle" for w in pool.info()["workers"]) == count:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"workers did not come back: {pool.info()}")


def children(pid):
    """Give the processes below a process."""
    out = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in out.splitlines()]
    found, todo = {}, [str(pid)]
    while todo:
        parent = todo.pop()
        for child, above, state in rows:
            if above == parent and child not in found:
                found[child] = state
                todo.append(child)
    return found


def test_an_answer_comes_as_the_job_gave_it(put):
    async def go():
        async with put() as pool:
            answer = await pool.run(Job("echo", {"text": "häl\0lo"}))
            assert answer.status == 200
            assert answer.body == "häl\0lo".encode()
            assert dict(answer.headers) == {b"content-type": b"text/plain", b"x-told": b"yes"}
            assert answer.snapshot == pool.snapshot
            assert len(pool.snapshot) == 16
            texts = [str(n) * 40_000 for n in range(8)]  # longer than what one send takes
            got = await asyncio.gather(*(pool.run(Job("echo", {"text": t})) for t in texts))
            assert [a.body.decode() for a in got] == texts
            await full(pool)
            info = pool.info()
            assert sum(w["jobs"] for w in info["workers"]) >= 9
            assert all(w["resident"] > 1e6 for w in info["workers"])

    asyncio.run(go())


def test_errors_of_jobs_are_documents_without_internals(put, capfd):
    async def go():
        async with put() as pool:
            answer = await pool.run(Job("refuse", {}))
            assert (answer.status, dict(answer.headers)[b"x-hint"]) == (404, b"none")
            assert orjson.loads(answer.body)["type"].endswith("/no-such-name")
            for kind in ("fail", "header", "no such kind"):
                answer = await pool.run(Job(kind, {}))
                assert answer.status == 500
                assert orjson.loads(answer.body)["type"].endswith("/internal")
                assert b"internal-detail" not in answer.body
                assert not any(b"evil" in name for name, _ in answer.headers)

    asyncio.run(go())
    assert "internal-detail" in capfd.readouterr().err


def test_a_job_ends_when_its_time_is_over_and_the_next_one_works(put):
    async def go():
        async with put(timeout=0.6) as pool:
            for kind, payload in (("wait", {"seconds": 30}), ("raw", {"q": COUNT})):
                error, seconds = await refused(pool, kind, **payload)
                assert (error.status, error.kind) == (504, "time-limit")
                assert seconds < 1.6
                assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"

    asyncio.run(go())


@pytest.mark.parametrize("query", [SORT, CONCAT], ids=["sort", "concat"])
def test_a_job_that_takes_too_much_memory_is_refused_and_nobody_else_suffers(put, query):
    async def go():
        async with put(memory=60_000_000, timeout=20) as pool:
            await full(pool)
            bomb = asyncio.create_task(refused(pool, "raw", q=query))
            while not bomb.done():
                assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"
                await asyncio.sleep(0.005)
            error, _ = await bomb
            assert (error.status, error.kind) == (422, "memory-limit")
            await full(pool)

    asyncio.run(go())


def test_a_large_answer_comes_in_pieces_and_a_slow_reader_holds_the_worker_up(put):
    async def go():
        async with put(timeout=5) as pool:
            answer = await pool.run(Job("stream", {"pieces": 500}))
            assert not isinstance(answer.body, bytes)
            await asyncio.sleep(0.3)
            assert answer.body._size < 1_000_000  # 5 MB are on offer
            assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"
            assert len(await drained(answer)) == 5_000_000
            small = await pool.run(Job("stream", {"pieces": 3}))
            assert small.body == b"x" * 30_000
            await full(pool)

    asyncio.run(go())


def test_a_reader_that_reads_nothing_loses_the_rest(put):
    async def go():
        async with put(timeout=0.5) as pool:
            answer = await pool.run(Job("stream", {"pieces": 500}))
            await asyncio.sleep(0.8)
            with pytest.raises(Refused, match=r"0\.5 seconds"):
                await drained(answer)
            await full(pool)

    asyncio.run(go())


def test_limits_on_bytes_and_rows_break_an_answer_off_or_refuse_it(put):
    async def go():
        async with put(max_bytes=200_000) as pool:
            answer = await pool.run(Job("stream", {"pieces": 50}))
            with pytest.raises(Refused):
                await drained(answer)
            answer = await pool.run(Job("echo", {"text": "x" * 200_001}))
            assert (answer.status, orjson.loads(answer.body)["limit"]) == (422, 200_000)
            answer = await pool.run(Job("late", {"bytes": 1000}))
            assert (answer.status, orjson.loads(answer.body)["type"][-9:]) == (422, "row-limit")
            with pytest.raises(Refused):
                await drained(await pool.run(Job("late", {"bytes": 100_000})))
            await full(pool)

    asyncio.run(go())


@pytest.mark.parametrize(("name", "status", "kind"), [("SEGV", 503, "worker-lost"), ("ABRT", 422, "memory-limit")])
def test_a_job_that_crashes_its_worker_is_not_done_again(put, tmp_path, name, status, kind):
    async def go():
        async with put() as pool:
            error, _ = await refused(pool, "die", signal=name, trace=str(tmp_path / "trace"))
            assert (error.status, error.kind) == (status, kind)
            await full(pool)

    asyncio.run(go())
    assert (tmp_path / "trace").read_text() == "died\n"


def test_a_job_whose_worker_is_killed_from_outside_is_done_once_more(put, tmp_path):
    async def go():
        async with put(timeout=5) as pool:
            await full(pool)
            task = asyncio.create_task(pool.run(Job("wait", {"seconds": 0.3, "trace": str(tmp_path / "trace")})))
            while not (tmp_path / "trace").exists():
                await asyncio.sleep(0.01)
            victim = next(w["pid"] for w in pool.info()["workers"] if w["state"] == "busy")
            os.kill(victim, signal.SIGKILL)
            assert int((await task).body) != victim
            error, _ = await refused(pool, "die", signal="KILL")
            assert (error.status, error.kind, error.headers) == (503, "worker-lost", (("Retry-After", "1"),))
            await full(pool)
            for worker in pool.info()["workers"]:  # all at once, while idle
                os.kill(worker["pid"], signal.SIGKILL)
            assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"

    asyncio.run(go())
    assert len((tmp_path / "trace").read_text().split()) == 2


def test_a_client_that_goes_away_frees_its_worker(put):
    async def go():
        async with put(timeout=30) as pool:
            await full(pool)
            tasks = [asyncio.create_task(pool.run(Job("wait", {"seconds": 20, "n": n}))) for n in range(4)]
            await asyncio.sleep(0.2)
            streaming = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            start = time.monotonic()
            streaming = await pool.run(Job("stream", {"pieces": 100_000, "pause": 0.001}))
            await streaming.body.aclose()
            await full(pool)
            assert time.monotonic() - start < 2
            assert pool.info()["waiting"] == 0

    asyncio.run(go())


def test_a_full_line_is_refused_and_the_line_is_served_in_order(put):
    async def go():
        async with put(workers=1, queue=3, timeout=5) as pool:
            done = []

            async def one(n):
                await pool.run(Job("wait", {"seconds": 0.05, "n": n}))
                done.append(n)

            tasks = [asyncio.create_task(one(0))]
            await asyncio.sleep(0.01)  # now nothing is written ahead to the worker
            tasks += [asyncio.create_task(one(n)) for n in range(1, 4)]
            await asyncio.sleep(0)
            error, seconds = await refused(pool, "echo", text="a")
            assert (error.status, error.kind, dict(error.headers)) == (503, "overloaded", {"Retry-After": "1"})
            assert seconds < 0.05
            await asyncio.gather(*tasks)
            assert done == [0, 1, 2, 3]

    asyncio.run(go())


def test_who_waited_too_long_is_told_to_come_back(put):
    async def go():
        async with put(workers=1, timeout=0.4) as pool:
            first = asyncio.create_task(refused(pool, "wait", seconds=20))
            await asyncio.sleep(0.01)
            error, seconds = await refused(pool, "wait", seconds=21)  # in whatever is left of its time
            assert error.status == 503
            assert seconds < 1.4
            assert (await first)[0].status == 504

    asyncio.run(go())


def test_slow_jobs_leave_one_worker_to_quick_ones(put):
    """Six slow jobs on three workers: quick ones are answered at once, and the slow ones one after the other."""

    async def go():
        async with put(workers=3, timeout=10) as pool:
            while not all(w["warm"] for w in pool.info()["workers"]):
                await asyncio.sleep(0.05)
            await full(pool, 3)
            slow = [asyncio.create_task(pool.run(Job("spin", {"seconds": 0.5, "n": n}))) for n in range(6)]
            await asyncio.sleep(0.3)
            took = []
            while not all(t.done() for t in slow):
                start = time.monotonic()
                assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"
                took.append(time.monotonic() - start)
                assert sum(w["slow"] for w in pool.info()["workers"]) <= 2
                await asyncio.sleep(0.01)
            await asyncio.gather(*slow)
            assert sorted(took)[len(took) // 2] < 0.1

    asyncio.run(go())


def test_where_priority_cannot_be_restored_workers_are_replaced_and_only_after_slow_jobs(put, monkeypatch):
    monkeypatch.setattr("siibra_kg.server.pool.pool.restore", lambda _pid: False)

    async def go():
        async with put(timeout=5) as pool:
            while not all(w["warm"] for w in pool.info()["workers"]):
                await asyncio.sleep(0.05)
            await full(pool)
            before = {w["pid"] for w in pool.info()["workers"]}
            assert (await pool.run(Job("spin", {"seconds": 0.3}))).body == b"done"
            await full(pool)
            after = {w["pid"] for w in pool.info()["workers"]}
            assert len(before & after) == 1
            await asyncio.sleep(1.5)
            assert {w["pid"] for w in pool.info()["workers"]} == after  # warming up is no reason to be replaced

    asyncio.run(go())


def test_what_is_written_ahead_to_a_worker_that_is_stuck_is_done_by_another(put, tmp_path):
    """A burst of sixteen with two that are stuck: all are answered once, none waits for those.

    What was taken back once made a worker forget the job that came before, too, if it had not begun with it yet.
    """

    async def go():
        async with put(workers=3, timeout=9) as pool:
            await full(pool, 3)
            kinds = [("wait", {"seconds": 4, "n": n}) if n in (0, 7) else ("echo", {"text": str(n)}) for n in range(16)]
            start = time.monotonic()
            tasks = [asyncio.create_task(pool.run(Job(*k))) for k in kinds]
            got = [(await t).body for n, t in enumerate(tasks) if n not in (0, 7)]
            assert time.monotonic() - start < 3
            assert got == [str(n).encode() for n in range(16) if n not in (0, 7)]
            assert len({(await tasks[n]).body for n in (0, 7)}) == 2
            await full(pool, 3)

    asyncio.run(go())


def test_workers_reach_nobody(put):
    async def go():
        with socket.create_server(("127.0.0.1", 0)) as canary:
            canary.settimeout(0.2)
            async with put() as pool:
                if not pool.info()["isolated"]:
                    pytest.skip("this system lets nobody make a network namespace")
                answer = await pool.run(Job("reach", {"port": canary.getsockname()[1]}))
                assert answer.body != b"reached"
                with pytest.raises(TimeoutError):
                    canary.accept()

    asyncio.run(go())


def test_what_cannot_be_opened_is_said_at_the_start(put, tmp_path):
    async def go(place):
        async with put(place):
            pytest.fail("it started")

    before = children(os.getpid())  # other tests of this run may have started a siibra
    (tmp_path / "bad.nt").write_text("this is no RDF\n")
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "missing", tmp_path / "empty", tmp_path / "bad.nt", "http://127.0.0.1:1/sparql"):
        with pytest.raises(SnapshotError):
            asyncio.run(go(place))
    below = set(children(os.getpid())) - set(before)  # the lister itself is gone by now
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("by_name", [True, False], ids=["folder", "home"])
def test_another_snapshot_is_noticed_and_running_answers_end_unharmed(put, tmp_path, by_name):
    config = settings(tmp_path)
    out = tmp_path / "out" if by_name else None

    def made(name):
        text = {**TYPED, "fullName": name}
        build([Memory({"a.jsonld": orjson.dumps(text)})], out, settings=config)
        return find(out, config).manifest.short_hash

    async def go():
        first = made("first")
        pool = Pool(str(out) if out else None, config, ServerOptions(workers=2), jobs=JOBS)
        await pool.start()
        try:
            assert pool.snapshot == first
            running = await pool.run(Job("stream", {"pieces": 100, "pause": 0.02}))
            second = await asyncio.to_thread(made, "second")
            assert second != first
            for _ in range(100):
                answer = await pool.run(Job("where", {}))
                assert answer.body.split()[0].decode() == answer.snapshot
                if pool.snapshot == second:
                    break
                await asyncio.sleep(0.05)
            assert pool.snapshot == second
            assert (await pool.run(Job("where", {}))).snapshot == second
            assert running.snapshot == first
            assert len(await drained(running)) == 1_000_000
            await full(pool)
        finally:
            await pool.close()

    asyncio.run(go())


TYPED = {
    "@context": {"@vocab": "https://openminds.om-i.org/props/"},
    "@id": "https://openminds.om-i.org/instances/species/a",
    "@type": "https://openminds.om-i.org/types/Species",
}


@pytest.mark.slow
def test_after_two_hundred_kills_nothing_is_left_over(put):
    async def go():
        async with put(workers=2, timeout=5) as pool:
            await full(pool)
            gc.collect()
            await asyncio.sleep(0.5)  # and the spare one
            before = len(list(Path("/proc/self/fd").iterdir()))
            for n in range(200):
                task = asyncio.create_task(pool.run(Job("wait", {"seconds": 9, "n": n})))
                await asyncio.sleep(0.025)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await full(pool)
            await asyncio.sleep(0.5)
            gc.collect()
            assert len(list(Path("/proc/self/fd").iterdir())) == before
            below = children(os.getpid())
            assert not [s for s in below.values() if s.startswith("Z")]

    asyncio.run(go())


SCRIPT = """
import asyncio, sys
from siibra_kg.config import Settings
from siibra_kg.server.job import Job
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.pool import Pool
async def main():
    pool = Pool(sys.argv[1], Settings.from_environment(), ServerOptions(workers=2, timeout=60),
                jobs={"spin": "tests.servers.pool_jobs:spin", "where": "tests.servers.pool_jobs:where"})
    await pool.start()
    tasks = [asyncio.create_task(pool.run(Job("spin", {"seconds": 60})))]
    await asyncio.sleep(0.3)
    print("ready", *(w["pid"] for w in pool.info()["workers"]), flush=True)
    await asyncio.gather(*tasks)
asyncio.run(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel tells")
def test_workers_end_with_the_server_however_busy(graph):
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(graph)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        word, *pids = server.stdout.readline().split()
        below = children(server.pid)
        assert word == "ready"
        assert set(pids) <= below.keys()
        server.kill()
    for _ in range(100):
        left = [p for p in below if Path(f"/proc/{p}").exists() and _state(p) != "Z"]
        if not left:
            return
        time.sleep(0.03)
    pytest.fail(f"still there: {left}")


def _state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_the_process_that_forks_may_be_killed(put):
    async def go():
        async with put(timeout=5) as pool:
            await full(pool)
            os.kill(pool._crew._parent.pid, signal.SIGKILL)
            await asyncio.sleep(0.05)
            assert (await pool.run(Job("echo", {"text": "a"}))).body == b"a"
            await full(pool)

    asyncio.run(go())
