"""Lists of the Knowledge Graph: pages that follow one another until all that was promised has come."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import ServiceError
from siibra_kg.sources.ebrains_kg.service import NAME, BadRequest, TooSlow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Listed", "Moved", "listed"]

_SMALLEST = 25  # instances of a page: a service that refuses so few does not mean the size
_SLOW_MOST = 2  # pages that may be too slow before it is not their size


class Moved(Exception):
    """The list changed while it was read: its pages do not fit together."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: where it begins, what is on it, and how many there are on all pages."""

    start: int
    items: list[Any]
    total: int


def listed(ask: Callable[[int, int], dict[str, Any]], what: str, size: int, start: int = 0) -> Iterator[Listed]:
    """Read a list to its end, one page ahead of whoever uses it.

    Parameters
    ----------
    ask
        Asks for a page: where it is to begin, and how many it may have.
    what
        What is listed, for messages.
    size
        How many instances to ask for. A service may give fewer; where it refuses so many, or is too slow for them,
        it is asked for half as many.
    start
        Where to begin.

    Raises
    ------
    Moved
        If a page says another total than the one before, or less than has come.
    ServiceError
        If a page is empty before the end, or another one than was asked for.
    """
    asking = _Asking(ask, what, size)
    total: int | None = None
    with _ahead() as later:
        answer = later(asking.page, start)
        while True:
            page = answer()
            last, total, start = total, page.total, start + len(page.items)
            if total < start or last not in (None, total):
                raise Moved
            if start < total:
                if not page.items:
                    told = f"it gave an empty page after {start:,} of {total:,} {what}"
                    raise ServiceError(NAME, what, told, "try again; what has arrived is kept")
                answer = later(asking.page, start)
            yield page
            if start >= total:
                return


@contextmanager
def _ahead() -> Iterator[Callable[..., Callable[[], Listed]]]:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="siibra-kg-page") as pool:
        yield lambda function, *values: pool.submit(function, *values).result


@dataclass(slots=True)
class _Asking:
    """Asks for pages, and learns how large they may be."""

    ask: Callable[[int, int], dict[str, Any]]
    what: str
    size: int
    slow: int = 0

    def page(self, start: int) -> Listed:
        while True:
            try:
                return self._read(start, self.ask(start, self.size))
            except BadRequest:
                if self.size <= _SMALLEST:
                    raise
            except TooSlow:
                self.slow += 1
                if self.slow > _SLOW_MOST or self.size <= _SMALLEST:
                    raise
            self.size = max(self.size // 2, _SMALLEST)

    def _read(self, start: int, told: dict[str, Any]) -> Listed:
        items, total, begin = told["data"], told.get("total"), told.get("from")
        if not isinstance(items, list) or type(total) is not int or total < 0:
            raise ServiceError(NAME, self.what, "its list has no data or no total", "check SIIBRA_KG_EBRAINS_PREFIX")
        if begin not in (None, start):
            raise ServiceError(NAME, self.what, f"it gave the page from {begin!r}, not from {start:,}", "try again")
        return Listed(start, items, total)
