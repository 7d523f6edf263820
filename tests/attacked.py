"""A small snapshot, and a server on it that tests may attack."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attack_client import Outcome, ask, descendants, until
from building import Memory, built
from servers import free_port, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siibra_kg.build.snapshot import Snapshot

__all__ = ["LOOKUP", "Attacked", "attacked", "small_snapshot"]

#: A query that any server with the small snapshot answers at once, and its answer.
LOOKUP = 'SELECT ?s WHERE { ?s <https://openminds.om-i.org/props/fullName> "Person 7" }'
FOUND = b"https://example.org/person/7"


def documents(count: int) -> dict[str, Any]:
    """Write that many persons, each of whom knows the one before."""
    context = {"@vocab": "https://openminds.om-i.org/props/"}
    out = {}
    for n in range(count):
        known = [{"@id": f"https://example.org/person/{n - 1}"}] if n else []
        out[f"person/{n}.jsonld"] = {
            "@context": context,
            "@id": f"https://example.org/person/{n}",
            "@type": "https://openminds.om-i.org/types/Person",
            "fullName": f"Person {n}",
            "affiliation": known,
        }
    return out


def small_snapshot(folder: Path, count: int = 300) -> Snapshot:
    """Build a snapshot of some persons."""
    return built(folder, Memory(documents(count)))


class Attacked:
    """A running server: where it listens, and its processes."""

    def __init__(self, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url = url
        self.process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The front process."""
        return self.process.pid

    def below(self) -> list[int]:
        """Give the process ids of everything below the front process."""
        return descendants(self.pid)

    def settled(self, seconds: float = 10.0) -> list[int]:
        """Wait until the processes are the same for half a second; gives them."""
        before, since, deadline = self.below(), time.monotonic(), time.monotonic() + seconds
        while time.monotonic() < deadline and time.monotonic() - since < 0.5:
            time.sleep(0.1)
            if (now := self.below()) != before:
                before, since = now, time.monotonic()
        return before

    def lookup(self) -> Outcome:
        """Ask for something simple."""
        return ask(self.url, LOOKUP)

    def serves(self) -> bool:
        """Tell whether a simple question gets its right answer."""
        outcome = self.lookup()
        return outcome.status == 200 and FOUND in outcome.body

    def has(self, count: int, seconds: float = 10.0) -> bool:
        """Wait until there are so many processes below the front."""
        return until(lambda: len(self.below()) == count, seconds)


@contextmanager
def attacked(place: Path | str | None, *words: object, **environment: str) -> Iterator[Attacked]:
    """Serve a snapshot on a free port of loopback, with options of the command line, and end it."""
    port = free_port()
    command = [sys.executable, "-m", "siibra_kg", "serve", "--port", str(port), *map(str, words)]
    command += ["--graph", str(place)] if place is not None else []
    with tempfile.TemporaryDirectory(prefix="attacked-") as folder:
        log = Path(folder, "log")
        with log.open("wb") as out:
            env = {**os.environ, "SIIBRA_KG_OFFLINE": "1", **environment}
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env=env, start_new_session=True
            )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(process, f"{url}/-/health", seconds=30)
            server = Attacked(url, process, log)
            server.settled()
            yield server
        finally:
            below = descendants(process.pid)
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pid in below:  # only what a broken server would leave behind
                if Path(f"/proc/{pid}").exists() and not until(lambda pid=pid: not Path(f"/proc/{pid}").exists(), 3):
                    os.kill(pid, 9)
