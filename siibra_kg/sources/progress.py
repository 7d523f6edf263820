"""How a long download shows that it proceeds."""

from __future__ import annotations

import sys
from typing import Protocol

__all__ = ["Progress", "for_terminal"]


class Progress(Protocol):
    """Called now and then while something proceeds."""

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Say how many bytes of how many are done; ``total`` is ``None`` where unknown."""
        ...


def for_terminal() -> Progress | None:
    """Give a progress line for standard error, or ``None`` where nobody watches it."""
    return _line if sys.stderr is not None and sys.stderr.isatty() else None


def _line(what: str, done: int, total: int | None) -> None:
    share = f" of {total / 1e6:.1f}" if total else ""
    end = "\n" if total is not None and done >= total else ""
    sys.stderr.write(f"\r{what[-60:]}: {done / 1e6:.1f}{share} MB{end}")
    sys.stderr.flush()
