"""One download over http(s): bounded in time, retried only where that can help, never redirected elsewhere."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from siibra_kg.errors import SourceError
from siibra_kg.progress import progress_line
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siibra_kg.progress import Progress

__all__ = ["download"]

_ATTEMPTS = 3
_WAIT_MOST = 10.0  # seconds between two attempts, whatever the server asks for
_REDIRECTS = 5
_PIECE = 1 << 16
_SLOWEST = 1024  # bytes per second, on average: a server that drips would never run into a read timeout


class _TryAgain(Exception):
    """A failure that may pass by itself."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def download(url: str, place: Path, timeout: float, *, progress: Progress | None = None, pause: float = 0.5) -> None:
    """Download a file, and return when it is safely on disk.

    Parameters
    ----------
    url
        An http(s) address.
    place
        Where to write; what is there is replaced. After an error a part may be left.
    timeout
        Seconds to wait for a connection, and for each next piece.
    progress
        Called as bytes arrive; without it a line is shown if standard error is a terminal.
    pause
        Seconds before the second attempt; doubled before the third. Only connection failures and the answers 429
        and 5xx are tried again.

    Raises
    ------
    SourceError
        If the file cannot be had; names the address and the reason.
    OSError
        If it cannot be written.
    """
    progress = progress or progress_line()
    failure = _attempt(url, place, timeout, progress)
    for number in range(1, _ATTEMPTS):
        if failure is None:
            return
        time.sleep(min(max(failure.wait, pause * 2 ** (number - 1)), _WAIT_MOST))
        failure = _attempt(url, place, timeout, progress)
    if failure is not None:
        reason = f"{failure.reason} (tried {_ATTEMPTS} times)"
        raise SourceError(url, reason, "check the connection, or set SIIBRA_KG_MIRROR")


def _attempt(url: str, place: Path, timeout: float, progress: Progress | None) -> _TryAgain | None:
    try:
        with requests.Session() as session, _open(session, url, timeout) as response:
            _save(url, response, place, timeout, progress)
    except _TryAgain as failure:
        return failure
    return None


def _open(session: requests.Session, url: str, timeout: float) -> requests.Response:
    """Follow redirects by hand: none may leave http(s), nor go from https back to http."""
    address = url
    headers = {"User-Agent": f"siibra-kg/{__version__}", "Accept-Encoding": "identity"}
    for _ in range(_REDIRECTS + 1):
        try:
            response = session.get(address, stream=True, timeout=timeout, allow_redirects=False, headers=headers)
        except requests.Timeout as error:
            raise SourceError(url, f"no answer within {timeout:g} s") from error
        except requests.ConnectionError as error:
            raise _TryAgain(f"cannot connect ({_innermost(error)})") from error
        except (requests.RequestException, ValueError) as error:
            raise SourceError(url, f"cannot be asked for ({error})") from error
        if not response.is_redirect:
            return _accepted(url, response)
        target = urljoin(address, response.headers["location"])
        response.close()
        allowed = {"https"} if urlsplit(address).scheme == "https" else {"http", "https"}
        if urlsplit(target).scheme not in allowed:
            raise SourceError(url, f"it redirects to {target}, which is not followed")
        address = target
    raise SourceError(url, f"more than {_REDIRECTS} redirects")


def _accepted(url: str, response: requests.Response) -> requests.Response:
    status = response.status_code
    if status == 200:
        # A login page or a portal's notice, with the status of a success. No source of ours is a web page.
        if "text/html" in response.headers.get("content-type", "").lower():
            response.close()
            raise SourceError(url, "the server sent a web page instead of the file")
        return response
    response.close()
    if status == 429 or status >= 500:
        after = response.headers.get("retry-after", "")
        raise _TryAgain(f"the server answered {status}", float(after) if after.isdigit() else 0.0)
    raise SourceError(url, f"the server answered {status} {response.reason or ''}".rstrip(), "check the address")


def _save(url: str, response: requests.Response, place: Path, timeout: float, progress: Progress | None) -> None:
    length = response.headers.get("content-length", "")
    total = int(length) if length.isdigit() and not response.headers.get("content-encoding") else None
    done = 0
    with place.open("wb") as file:
        for piece in _pieces(url, response, timeout):
            file.write(piece)
            done += len(piece)
            if progress is not None:
                progress(url, done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise _TryAgain(f"the connection ended after {done:,} of {total:,} bytes")


def _pieces(url: str, response: requests.Response, timeout: float) -> Iterator[bytes]:
    # Servers that label a .tar.gz as "Content-Encoding: gzip" mean the file itself: it is kept packed.
    unpack = not urlsplit(url).path.endswith((".gz", ".tgz"))
    started, done = time.monotonic(), 0
    while True:
        try:
            piece = response.raw.read1(_PIECE, decode_content=unpack)
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            raise SourceError(url, f"the server went silent for {timeout:g} s after {done:,} bytes") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _TryAgain(f"the connection broke after {done:,} bytes ({error})") from error
        if not piece:
            return
        done += len(piece)
        spent = time.monotonic() - started
        if spent > timeout and done < spent * _SLOWEST:
            raise SourceError(url, f"only {done:,} bytes arrived in {spent:.0f} s")
        yield piece


def _innermost(error: BaseException) -> str:
    """Give the system's own words; the libraries wrap them four times, with object addresses in between."""
    seen: BaseException = error
    while (inner := seen.__cause__ or seen.__context__ or getattr(seen, "reason", None)) is not None:
        if not isinstance(inner, BaseException):
            break
        seen = inner
    return str(seen) or type(seen).__name__
