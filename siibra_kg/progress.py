"""How something long shows that it proceeds: on stderr while people watch, and not at all when stderr is piped."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Progress", "progress_bar", "progress_line"]


class Progress(Protocol):
    """Called now and then while something proceeds."""

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        """Say how much of how much is done; ``total`` is ``None`` where unknown."""
        ...


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a function ``(step, done, total)`` that draws one bar per step; ``total`` is ``None`` where unknown."""
    if not _watched():
        yield lambda _step, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, int] = {}

        def report(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]  # rich's TaskID is an int

        yield report


def progress_line() -> Progress | None:
    """Give a function that rewrites one line with the bytes of a download, or ``None`` where nobody watches.

    A line, and none of the bars of :func:`progress_bar`: it may appear above those, while a build is running.
    """
    return _Line() if _watched() else None


def _watched() -> bool:
    return sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)


class _Line:
    """One line that grows; drawn ten times a second at most, because terminals over a network are slow.

    What is done within half a second shows none.
    """

    _PATIENCE = 0.5
    _BETWEEN = 0.1
    _WIDTH = 20

    def __init__(self) -> None:
        self._next = time.monotonic() + self._PATIENCE
        self._shown = False

    def __call__(self, what: str, done: int, total: int | None, /) -> None:
        now, whole = time.monotonic(), total is not None and done >= total
        if now < self._next and not (whole and self._shown):
            return
        self._next, self._shown = now + self._BETWEEN, True
        share = f" of {total / 1e6:.1f}" if total else ""
        bar = f" [{'#' * (self._WIDTH * done // total):{self._WIDTH}}]" if total else ""
        end = "\n" if whole else ""
        sys.stderr.write(f"\r{what[-60:]}: {done / 1e6:.1f}{share} MB{bar}{end}")
        sys.stderr.flush()
