"""Makes sure that cloud-volume can run beside the tests, in an environment of its own.

Run as ``python -m tests.oracle.ensure_cloudvolume``. It writes neuroglancer's formats independently of tensorstore and
of this project, and it writes meshes, which tensorstore does not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from siibra_kg.config import Settings
from tests.oracle.environment import Missing, environment, program, report

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "12.15.2"
#: What an environment must be able to do before it is used.
_PROBE = f"import cloudvolume, importlib.metadata as m; assert m.version('cloud-volume') == '{VERSION}'"


def ensure(settings: Settings | None = None) -> Path:
    """Give the interpreter that has cloud-volume; the environment is made now if it is not there.

    Raises
    ------
    Missing
        If the package index cannot be reached and nothing is kept from before.
    """
    folder = (settings or Settings.from_environment()).cache / "oracle"
    return program(environment(folder, "cloud-volume", VERSION, ("python", "-c", _PROBE)), "python")


def main() -> int:
    """Make what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        return report(f"cloud-volume {VERSION}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
