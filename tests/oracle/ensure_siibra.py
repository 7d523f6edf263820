"""Makes an environment with siibra-python, to compare with: ``python -m tests.oracle.ensure_siibra``.

siibra is never installed beside this project. It gets a virtual environment in the cache folder, made once, and a
checkout of siibra-configurations unpacked from the pinned archive (``SIIBRA_KG_MIRROR`` or its public address).
Once both are there, nothing here needs a network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from siibra_kg.config import Settings
from siibra_kg.errors import SourceError
from siibra_kg.sources.fetch import fetch

VERSION = "1.0.1a25"
COMMIT = "7e3999e272562a619bad2d52ed99c56afe24a2ea"
URL = f"https://github.com/FZJ-INM1-BDA/siibra-configurations/archive/{COMMIT}.tar.gz"
#: What an environment must be able to do before it is used.
_PROBE = f"import importlib.metadata as m; assert m.version('siibra') == '{VERSION}'"


class Missing(Exception):
    """siibra, or its configuration, cannot be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """Where the interpreter that has siibra is, the configuration that it reads, and its own cache."""

    python: Path
    configuration: Path
    cache: Path


def ensure(settings: Settings | None = None) -> Oracle:
    """Give the environment, made now if it is not there.

    Raises
    ------
    Missing
        If the package index or the archive cannot be reached and nothing is kept from before.
    """
    settings = settings or Settings.from_environment()
    folder = settings.cache / "oracle"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock", timeout=1200):
        return Oracle(_interpreter(folder), _configuration(folder, settings), folder / "siibra-cache")


def _interpreter(folder: Path) -> Path:
    home = folder / f"siibra-{VERSION}-py{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and not _run([python, "-c", _PROBE], 120):
        return python
    shutil.rmtree(home, ignore_errors=True)
    # Made in place: the scripts of an environment hold its path, so it cannot be moved into place when it is done.
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    for command in ([sys.executable, "-m", "venv", home], [*pip, f"siibra=={VERSION}"], [python, "-c", _PROBE]):
        reason = _run(command, 1500)
        if reason:
            shutil.rmtree(home, ignore_errors=True)
            raise Missing(f"{' '.join(map(str, command))} failed: {reason}")
    return python


def _configuration(folder: Path, settings: Settings) -> Path:
    place = folder / f"siibra-configurations-{COMMIT}"
    if place.is_dir():
        return place
    try:
        archive = fetch(URL, settings)
    except SourceError as error:
        raise Missing(str(error)) from error
    with tempfile.TemporaryDirectory(dir=folder) as work, tarfile.open(archive) as members:
        members.extractall(work, filter="data")
        (unpacked,) = Path(work).iterdir()
        unpacked.rename(place)
    return place


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
        print(f"siibra {VERSION}: {error}; tests beside it are skipped, and fail where CI is set", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
