"""Servers that are measured: this project's and Oxigraph's, on the same store, and what their processes take."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.servers import free_port, stop, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Served", "below", "get", "ours", "oxigraph", "proportional"]


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address, the process in front, and seconds from its start to its first answer."""

    url: str
    process: subprocess.Popen[bytes]
    seconds: float = 0.0


@contextmanager
def ours(snapshot: Path, *words: object, first: str = "/-/health") -> Iterator[Served]:
    """Serve a snapshot with this project; ``first`` is what it is asked until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "siibra_kg", "serve", "--graph", str(snapshot), "--port", str(port)]
    start = time.perf_counter()
    env = {**os.environ, "SIIBRA_KG_OFFLINE": "1"}
    process = subprocess.Popen(
        [*command, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            with suppress(OSError, http.client.HTTPException):
                if get(url, first)[0] == 200:
                    break
            if process.poll() is not None or time.perf_counter() - start > 60:
                raise SystemExit(f"{' '.join(command)} did not answer")
            time.sleep(0.005)
        yield Served(url, process, time.perf_counter() - start)
    finally:
        stop(process)


@contextmanager
def oxigraph(store: Path) -> Iterator[Served]:
    """Serve the same store with the Oxigraph server."""
    bind = f"127.0.0.1:{free_port()}"
    binary = str(Path(sys.executable).with_name("oxigraph"))
    command = [binary, "serve-read-only", "--location", str(store), "--bind", bind, "--union-default-graph"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(process, f"http://{bind}/")
        yield Served(f"http://{bind}", process)
    finally:
        stop(process)


def get(url: str, path: str, accept: str = "*/*") -> tuple[int, bytes]:
    """Ask for something over a connection of its own; gives status and body."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def below(pid: int) -> list[int]:
    """Give the processes below one."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            for child in children.read_text().split():
                found += [int(child), *below(int(child))]
    return found


def proportional(pid: int) -> float:
    """Give the memory of a process in MB, of which it shares some with others: its share of that only (PSS)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
