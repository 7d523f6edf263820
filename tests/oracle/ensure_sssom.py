"""Makes an environment with the tools of SSSOM, to validate with: ``python -m tests.oracle.ensure_sssom``.

They bring a hundred packages, among them an older JSON-LD parser that would take the place of rdflib's: they are never
installed beside this project. The environment is made once, in the cache folder.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from siibra_kg.config import Settings
from tests.oracle.environment import Missing, environment, program, report

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VERSION", "Missing", "ensure"]

VERSION = "0.4.21"


def ensure(settings: Settings | None = None) -> Path:
    """Give the command ``sssom``, made now if it is not there.

    Raises
    ------
    Missing
        If the package index cannot be reached and nothing is kept from before.
    """
    folder = (settings or Settings.from_environment()).cache / "oracle"
    return program(environment(folder, "sssom", VERSION, ("sssom", "--version")), "sssom")


def main() -> int:
    """Make what is missing and say what could not be had."""
    try:
        ensure()
    except Missing as error:
        return report(f"sssom {VERSION}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
