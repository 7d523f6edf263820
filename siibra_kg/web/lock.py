"""One lock for each address, so that many processes that want one cold file download it once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.web.room import used_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg.web.records import Address

__all__ = ["waiting"]

_LOCK_WAIT = 600.0  # seconds without a sign of life from the process that holds the lock


@contextmanager
def waiting(address: Address, cache: Path) -> Iterator[Path]:
    """Hold the lock of an address, and give the folder of its downloads.

    Raises
    ------
    SourceError
        If another process holds it and nothing arrives there for ten minutes.
    """
    import filelock  # noqa: PLC0415  not needed where the file is at hand

    incoming = cache / "incoming" / address.key
    incoming.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(f"{incoming}.lock")
    seen = None
    while True:
        try:
            lock.acquire(timeout=_LOCK_WAIT)
            break
        except filelock.Timeout as error:
            now = used_bytes(incoming)
            if now in {0, seen}:
                reason = f"another process has held {lock.lock_file} for {_LOCK_WAIT:.0f} s"
                raise SourceError(address.url, reason, "end it, or wait for it") from error
            seen = now
    try:
        yield incoming
    finally:
        lock.release()
