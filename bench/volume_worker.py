"""A process that runs jobs when told to: ``python -m bench.volume_worker INPUTS MODULE...``, and the client of it.

A module has ``JOBS``: name -> function of the inputs that prepares all that is not measured, and gives the function
that is. What that function gives is told, too, so that those who do the same can be compared.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.volume_timing import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Worker"]

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Read a job's name per line, run it once, write a line of JSON."""
    from bench.volume_inputs import Inputs

    inputs, answers = Inputs.read(sys.argv[1]), sys.stdout
    sys.stdout = sys.stderr  # what peers print is not an answer
    jobs = _jobs(sys.argv[2:])
    ready: dict[str, Callable[[], object]] = {}
    print(json.dumps({"jobs": sorted(jobs)}), file=answers, flush=True)
    for line in sys.stdin:
        name = line.strip()
        try:
            if name not in ready:
                ready[name] = jobs[name](inputs)
            said = measured(ready[name])
        except Exception as error:  # noqa: BLE001  another process has to hear of it
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said, default=float), file=answers, flush=True)


def _jobs(modules: Sequence[str]) -> dict[str, Callable[[Any], Callable[[], object]]]:
    found: dict[str, Callable[[Any], Callable[[], object]]] = {}
    for name in modules:
        try:
            found.update(importlib.import_module(name).JOBS)
        except ModuleNotFoundError as error:  # noqa: PERF203  a handful
            print(f"{name} cannot be had: {error}", file=sys.stderr)
    return found


class Worker:
    """The client: starts the process and asks it for jobs."""

    def __init__(
        self, python: str | Path, inputs: Path, modules: Sequence[str], env: Mapping[str, str] | None = None
    ) -> None:
        self._errors = inputs.with_name(f"errors-{modules[0]}.txt").open("w+b")
        command = [str(python), "-m", "bench.volume_worker", str(inputs), *modules]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=ROOT, env=env
        )
        self.jobs: tuple[str, ...] = tuple(self._line()["jobs"])

    def run(self, job: str) -> dict[str, Any]:
        """Run a job once; what went wrong is in ``error``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{job}\n".encode())
        self._process.stdin.flush()
        return self._line()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._errors.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise SystemExit(f"a worker ended: {self._errors.read().decode(errors='replace')[-2000:]}")
        return json.loads(line)


if __name__ == "__main__":
    main()
