"""Makes an environment with siibra-python, to compare with: ``python -m tests.oracle.ensure_siibra``.

siibra is never installed beside this project. It gets a virtual environment in the cache folder, made once, and a
checkout of siibra-configurations unpacked from the pinned archive (``SIIBRA_KG_MIRROR`` or its public address).
Once both are there, nothing here needs a network.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from siibra_kg.config import Settings
from siibra_kg.errors import SourceError
from siibra_kg.web.fetch import fetch
from tests.oracle.environment import Missing, environment, program, report

VERSION = "1.0.1a25"
COMMIT = "7e3999e272562a619bad2d52ed99c56afe24a2ea"
URL = f"https://github.com/FZJ-INM1-BDA/siibra-configurations/archive/{COMMIT}.tar.gz"
#: What an environment must be able to do before it is used.
_PROBE = f"import importlib.metadata as m; assert m.version('siibra') == '{VERSION}'"


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
        configuration = _configuration(folder, settings)
    home = environment(folder, "siibra", VERSION, ("python", "-c", _PROBE))
    return Oracle(program(home, "python"), configuration, folder / "siibra-cache")


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


def main() -> int:
    """Make what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        return report(f"siibra {VERSION}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
