"""Many files of the web at once: some maps of siibra are one small file for each of 400 regions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from siibra_kg.errors import NetworkDisabled
from siibra_kg.progress import progress_bar
from siibra_kg.web.cache import cached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress
    from siibra_kg.web.cache import CachedFile

__all__ = ["cached_many"]

#: As many connections as browsers open to one server.
WORKERS = 6


def cached_many(
    urls: Iterable[str], settings: Settings, *, workers: int = WORKERS, progress: Progress | None = None
) -> list[CachedFile]:
    """Give files of the web as :func:`~siibra_kg.web.cache.cached` does, several of them downloaded at a time.

    Parameters
    ----------
    urls
        Addresses; the same one may come more than once.
    settings
        As there.
    workers
        How many are downloaded at the same time.
    progress
        Called with how many files of how many are here; without it a bar is shown where people watch.

    Returns
    -------
    list of CachedFile
        In the order of the addresses.

    Raises
    ------
    NetworkDisabled, SourceError, BadVolume
        The first of them, in the order of the addresses; files that were not begun are then left, those that are here
        stay.
    """
    wanted = list(urls)
    found: dict[str, CachedFile] = {}
    missing = []
    for url in dict.fromkeys(wanted):
        if (here := _here(url, settings)) is None:
            missing.append(url)
        else:
            found[url] = here
    if missing:
        with nullcontext(progress) if progress else progress_bar() as report:
            found |= _downloaded(missing, settings, workers, report)
    return [found[url] for url in wanted]


def _here(url: str, settings: Settings) -> CachedFile | None:
    try:
        return cached(url, replace(settings, offline=True))
    except NetworkDisabled:
        return None


def _downloaded(urls: list[str], settings: Settings, workers: int, report: Progress) -> dict[str, CachedFile]:
    found = {}
    pool = ThreadPoolExecutor(min(workers, len(urls)), thread_name_prefix="siibra-kg-download")
    try:
        # Each file's own line would be overwritten by the others'.
        files = pool.map(lambda url: cached(url, settings, progress=lambda *_: None), urls)
        for number, (url, file) in enumerate(zip(urls, files, strict=True), 1):
            found[url] = file
            report("downloads", number, len(urls))
    finally:
        pool.shutdown(cancel_futures=True)
    return found
