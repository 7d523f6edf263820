"""Peer: siibra-python in a process of its own, asked from here."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

    from tests.oracle.ensure_siibra import Oracle

ANSWER = Path(__file__).with_name("answer.py")


class Peer:
    """siibra, running; ``peer.ask("region", queries=[["julich 3.1", "v1"]])``.

    What can be asked are the functions of ``answer.py``. The process starts with the first question and is ended by
    :meth:`close`.

    Parameters
    ----------
    oracle
        From :func:`tests.oracle.ensure_siibra.ensure`.
    """

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, do: str, **values: object) -> Any:
        """Ask one question and give the answer; a failure of siibra is a RuntimeError."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": do, **values}).encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"siibra ended: {self._errors.read().decode(errors='replace')[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()  # the end of its input ends it
            self._process = None
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        env = {
            **{k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")},
            "SIIBRA_USE_CONFIGURATION": str(self._oracle.configuration),
            "SIIBRA_CACHEDIR": str(self._oracle.cache),
            "SIIBRA_LOG_LEVEL": "ERROR",
            "SKIP_CACHEINIT_MAINTENANCE": "1",
            "PYTHONHASHSEED": "0",  # siibra's order changes with it
        }
        command = [str(self._oracle.python), str(ANSWER)]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=env, cwd=ANSWER.parent
        )
