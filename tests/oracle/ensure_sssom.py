"""Makes an environment with the tools of SSSOM, to validate with: ``python -m tests.oracle.ensure_sssom``.

They bring a hundred packages, among them an older JSON-LD parser that would take the place of rdflib's: they are never
installed beside this project. The environment is made once, in the cache folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from filelock import FileLock

from siibra_kg.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "0.4.21"


class Missing(Exception):
    """The tools cannot be had here; the text says why."""


def ensure(settings: Settings | None = None) -> Path:
    """Give the command ``sssom``, made now if it is not there.

    Raises
    ------
    Missing
        If the package index cannot be reached and nothing is kept from before.
    """
    folder = (settings or Settings.from_environment()).cache / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    home = folder / f"sssom-{VERSION}-py{sys.version_info[0]}.{sys.version_info[1]}"
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    command = scripts / ("sssom.exe" if os.name == "nt" else "sssom")
    with FileLock(folder / "lock-sssom", timeout=1200):
        if command.exists() and not _run([command, "--version"], 120):
            return command
        shutil.rmtree(home, ignore_errors=True)
        pip = [scripts / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
        for step in ([sys.executable, "-m", "venv", home], [*pip, f"sssom=={VERSION}"], [command, "--version"]):
            if reason := _run(step, 900):
                shutil.rmtree(home, ignore_errors=True)
                raise Missing(f"{' '.join(map(str, step))} failed: {reason}")
    return command


def _run(command: list[object], seconds: int) -> str:
    """Run a command; gives the end of what it complained about where it failed, else nothing."""
    try:
        done = subprocess.run(list(map(str, command)), check=False, capture_output=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.decode(errors="replace")[-500:] or "no reason given" if done.returncode else ""


def main() -> int:
    """Make what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        print(f"sssom {VERSION}: {error}; tests with it are skipped, and fail where CI is set", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
