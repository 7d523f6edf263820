"""Virtual environments for tools that are compared with and never installed beside this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Missing", "environment", "program", "report"]


class Missing(Exception):
    """What is compared with cannot be had here; the text says why."""


def environment(folder: Path, package: str, version: str, probe: Sequence[str], beside: Sequence[str] = ()) -> Path:
    """Give the folder of an environment that has a package, made now if it is not there.

    Parameters
    ----------
    folder
        Where environments are kept.
    package, version
        Of the Python package index.
    probe
        Program of the environment, and arguments: what it must be able to do before it is used.
    beside
        Requirements of other packages that the environment has, too: ``"numba==0.68.1"``.

    Raises
    ------
    Missing
        If the package index cannot be reached and nothing is kept from before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = "".join(f"-{one.partition('=')[0]}" for one in beside)
    home = folder / f"{package}-{version}{others}-py{sys.version_info[0]}.{sys.version_info[1]}"
    check = [program(home, probe[0]), *probe[1:]]
    with FileLock(folder / f"lock-{package}", timeout=1800):
        if check[0].exists() and not _run(check, 120):
            return home
        shutil.rmtree(home, ignore_errors=True)
        # Made in place: the scripts of an environment hold its path, so it cannot be moved into place when it is done.
        pip = [program(home, "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
        for step in ([sys.executable, "-m", "venv", home], [*pip, f"{package}=={version}", *beside], check):
            if reason := _run(step, 1500):
                shutil.rmtree(home, ignore_errors=True)
                raise Missing(f"{' '.join(map(str, step))} failed: {reason}")
    return home


def program(home: Path, name: str) -> Path:
    """Give the path of a program of an environment."""
    return home / "Scripts" / f"{name}.exe" if os.name == "nt" else home / "bin" / name


def report(what: str, error: Missing) -> int:
    """Say what could not be had; gives the exit code: an error where CI is set."""
    print(f"{what}: {error}; tests with it are skipped, and fail where CI is set", file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


def _run(command: Sequence[object], seconds: int) -> str:
    """Run a command; gives the end of what it complained about where it failed, else nothing."""
    try:
        done = subprocess.run(list(map(str, command)), check=False, capture_output=True, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stderr.decode(errors="replace")[-500:] or "no reason given" if done.returncode else ""
