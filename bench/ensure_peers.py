"""Makes the environment that volume benchmarks run peers in: ``python -m bench.ensure_peers``.

siibra-python with nilearn, numba and tensorstore, beside the environment that tests compare with and never in it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.config import Settings
from tests.oracle import ensure_siibra
from tests.oracle.environment import Missing, environment, program, report

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Peers", "ensure"]

BESIDE = ("numba==0.68.1", "tensorstore==0.1.86", "matplotlib==3.11.2")
_PROBE = "import numba, tensorstore, nilearn, importlib.metadata as m; assert m.version('siibra') == '1.0.1a25'"


@dataclass(frozen=True, slots=True)
class Peers:
    """The interpreter that has the peers, and the environment variables that keep siibra off the network."""

    python: Path
    env: dict[str, str]


def ensure(settings: Settings | None = None) -> Peers:
    """Give the environment, made now if it is not there.

    Raises
    ------
    Missing
        If the package index or siibra's configuration cannot be reached and nothing is kept from before.
    """
    settings = settings or Settings.from_environment()
    oracle = ensure_siibra.ensure(settings)
    folder = settings.cache / "oracle"
    home = environment(folder, "siibra", ensure_siibra.VERSION, ("python", "-c", _PROBE), BESIDE)
    env = {**os.environ, "SIIBRA_USE_CONFIGURATION": str(oracle.configuration), "SIIBRA_LOG_LEVEL": "ERROR"}
    env |= {"SIIBRA_CACHEDIR": str(oracle.cache), "NUMBA_CACHE_DIR": str(folder / "numba")}
    return Peers(program(home, "python"), env)


def main() -> int:
    """Make what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        return report("the peers of volumes", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
