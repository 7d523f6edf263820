"""Small files of the web, straight into memory: the descriptions of folders that are read piece by piece.

They follow the rules of whole downloads (redirects, retries, limits of time), over connections that are kept open:
a folder is many files of one server.
"""

from __future__ import annotations

import time
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import requests

from siibra_kg.errors import SourceError
from siibra_kg.web.download import NotThere, TryAgain, Wanted, opened, pieces
from siibra_kg.web.whole import is_measured, says_its_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["small_file"]

_ATTEMPTS = 3
_PAUSE, _PAUSE_MOST = 0.1, 5.0  # seconds before the second attempt, and at most


@lru_cache(maxsize=1)
def _session() -> requests.Session:
    """Give the connections that the process keeps, made when the first file is asked for."""
    return requests.Session()


def small_file(
    url: str,
    timeout: float,
    room: Callable[[int], None],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> bytes | None:
    """Fetch a file into memory.

    Parameters
    ----------
    url
        An http(s) address.
    timeout
        Seconds to wait for a connection, and for each next piece.
    room
        Called with the number of bytes as they arrive; raises where that is too much.
    headers
        Sent to the scheme, host and port of ``url`` alone; may hold a token.

    Returns
    -------
    bytes or None
        ``None`` where the server says that there is no such file.

    Raises
    ------
    SourceError
        If it cannot be had; names the address and the reason.
    """
    wanted = Wanted(url, Path(), timeout, None, room, resume=False, headers=headers)
    reason, pause = "", _PAUSE
    for _ in range(_ATTEMPTS):
        try:
            return _once(wanted)
        except NotThere:
            return None
        except TryAgain as failure:
            reason, pause = failure.reason, min(max(failure.wait, pause), _PAUSE_MOST)
        time.sleep(pause)
        pause *= 2
    raise SourceError(url, f"{reason} (tried {_ATTEMPTS} times)", "check the connection, or set SIIBRA_KG_MIRROR")


def _once(wanted: Wanted) -> bytes:
    with opened(_session(), wanted, None) as response:
        length = response.headers.get("content-length", "")
        total = int(length) if length.isdigit() and not response.headers.get("content-encoding") else None
        wanted.room(total or 0)
        data = bytearray()
        for piece in pieces(wanted, response, first=True):
            data += piece
            wanted.room(len(data))
    if total is not None and len(data) != total:
        raise TryAgain(f"the connection ended after {len(data):,} of {total:,} bytes")
    if not is_measured(response.headers):
        if not data:
            raise TryAgain("the connection ended before anything of the file came")
        if not says_its_end(BytesIO(data)):
            reason = f"the server does not say where it ends: after {len(data):,} bytes it may be cut short"
            raise SourceError(wanted.url, reason, "try again")
    return bytes(data)
