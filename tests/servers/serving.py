"""The server of this project, started as users start it, in a process of its own on a free port of loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.servers import Unavailable, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Serving", "serving"]

_SAID = re.compile(r"serving on (http\S+)")


class Serving(NamedTuple):
    """A server that runs: its address without ``/`` at the end, its process, what it wrote on stderr so far."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


@contextmanager
def serving(
    place: Path | str, *options: str, seconds: float = 30.0, env: dict[str, str] | None = None
) -> Iterator[Serving]:
    """Serve a snapshot folder or RDF file until the block ends.

    Parameters
    ----------
    place
        What ``--graph`` takes.
    options
        Further options of ``siibra-kg serve``, for instance ``"--timeout", "2"``.
    seconds
        In which the server has to answer.
    env
        Further variables of the environment.
    """
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        log = Path(folder, "stderr")
        command = [sys.executable, "-m", "siibra_kg", "serve", "--graph", str(place), "--port", "0", *options]
        with log.open("wb") as err:
            null, around = subprocess.DEVNULL, {**os.environ, **(env or {})}
            process = subprocess.Popen(command, stdin=null, stdout=null, stderr=err, env=around)
        try:
            yield Serving(_address(process, log, seconds), process, log)
        finally:
            stop(process)


def _address(process: subprocess.Popen[bytes], log: Path, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = _SAID.search(log.read_text("utf-8", "replace"))
        if found:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise Unavailable(f"{process.args!r} did not serve within {seconds:g} seconds: {log.read_text('utf-8', 'replace')}")
