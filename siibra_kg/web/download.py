"""One download over http(s): bounded in time, retried only where that can help, never redirected elsewhere."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from siibra_kg.errors import SourceError
from siibra_kg.progress import progress_line
from siibra_kg.version import __version__
from siibra_kg.web.resume import drop_part, load_part, save_part
from siibra_kg.web.whole import is_measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from siibra_kg.progress import Progress
    from siibra_kg.web.resume import Part

__all__ = ["NotAllowed", "NotThere", "Received", "TryAgain", "Wanted", "download", "opened", "pieces"]

_ATTEMPTS = 3
_WAIT_MOST = 10.0  # seconds between two attempts, whatever the server asks for
_REDIRECTS = 5
_PIECE = 1 << 16
_SLOWEST = 1024  # bytes per second, on average: a server that drips would never run into a read timeout
_GAIN = 1 << 20  # bytes that an attempt has to add before its failure does not count


@dataclass(frozen=True, slots=True)
class Received:
    """What the server said about a file.

    Parameters
    ----------
    size
        Bytes on disk.
    etag, last_modified
        The headers of these names; empty where there were none.
    measured
        Whether the server told where the file ends, so that a connection that broke was noticed.
    """

    size: int
    etag: str = ""
    last_modified: str = ""
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every attempt of one download is told."""

    url: str
    place: Path
    timeout: float
    progress: Progress | None
    room: Callable[[int], None]
    resume: bool
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a token


class NotAllowed(SourceError):
    """The server wants to know who asks, or refuses who does: 401 or 403. A part that is here is kept."""


class NotThere(SourceError):
    """The server says that there is no such file: 404 or 410. Every other failure leaves that open."""


class TryAgain(Exception):
    """A failure that may pass by itself."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def download(
    url: str,
    place: Path,
    timeout: float,
    *,
    progress: Progress | None = None,
    pause: float = 0.5,
    room: Callable[[int], None] = lambda _: None,
    resume: bool = False,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Received:
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
    room
        Called with the size of the file before its first byte, where the server tells it, and with the number of
        bytes as they arrive; raises where that is too much.
    resume
        Continue a part that an earlier attempt, of this process or another one, left at ``place``, and keep one
        that can be continued. An attempt that broke after 1 MiB of progress does not count as one.
    headers
        Sent to the scheme, host and port of ``url`` alone, never to where it redirects; may hold a token.

    Raises
    ------
    SourceError
        If the file cannot be had; names the address and the reason.
    OSError
        If it cannot be written.
    """
    wanted = Wanted(url, place, timeout, progress or progress_line(), room, resume, headers)
    failures, best = 0, 0
    while isinstance(outcome := _attempt(wanted), TryAgain):
        gained = _resumable(wanted) - best
        failures, best = (0 if gained >= _GAIN else failures + 1), best + max(gained, 0)
        if failures >= _ATTEMPTS:
            reason = f"{outcome.reason} (tried {_ATTEMPTS} times)"
            raise SourceError(url, reason, "check the connection, or set SIIBRA_KG_MIRROR")
        time.sleep(min(max(outcome.wait, pause * 2 ** max(failures - 1, 0)), _WAIT_MOST))
    return outcome


def _resumable(wanted: Wanted) -> int:
    part = load_part(wanted.place, wanted.url) if wanted.resume else None
    return part.done if part else 0


def _attempt(wanted: Wanted) -> TryAgain | Received:
    part = load_part(wanted.place, wanted.url) if wanted.resume else None
    if part is None:
        drop_part(wanted.place)
    try:
        with requests.Session() as session, opened(session, wanted, part) as response:
            return _save(wanted, response, part)
    except TryAgain as failure:
        return failure


def opened(session: requests.Session, wanted: Wanted, part: Part | None) -> requests.Response:
    """Follow redirects by hand: none may leave http(s), nor go from https back to http."""
    url = address = wanted.url
    headers = {"User-Agent": f"siibra-kg/{__version__}", "Accept-Encoding": "identity"}
    headers |= part.headers if part else {}
    for _ in range(_REDIRECTS + 1):
        sent = headers | dict(wanted.headers) if _origin(address) == _origin(url) else headers
        try:
            # An auth that adds nothing: without one, requests puts what ~/.netrc says in the place of a token.
            response = session.get(
                address, stream=True, timeout=wanted.timeout, allow_redirects=False, headers=sent, auth=_as_it_is
            )
        except requests.Timeout as error:
            raise SourceError(url, f"no answer within {wanted.timeout:g} s") from error
        except requests.ConnectionError as error:
            raise TryAgain(f"cannot connect ({_innermost(error)})") from error
        except requests.exceptions.InvalidHeader:
            raise SourceError(url, "a header cannot be sent: it holds a line break or the like") from None  # no value
        except (requests.RequestException, ValueError) as error:
            raise SourceError(url, f"cannot be asked for ({error})") from error
        location = session.get_redirect_target(response)
        if location is None:
            return _accepted(wanted, response, part)
        target = urljoin(address, location)
        response.close()
        allowed = {"https"} if urlsplit(address).scheme == "https" else {"http", "https"}
        if urlsplit(target).scheme not in allowed:
            raise SourceError(url, f"it redirects to {target}, which is not followed")
        address = target
    raise SourceError(url, f"more than {_REDIRECTS} redirects")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _accepted(wanted: Wanted, response: requests.Response, part: Part | None) -> requests.Response:
    status, url = response.status_code, wanted.url
    if status == 200 or (status == 206 and part and _continues(response, part)):
        # A login page or a portal's notice, with the status of a success. No file that we ask for is a web page.
        if "text/html" in response.headers.get("content-type", "").lower():
            response.close()
            raise SourceError(url, "the server sent a web page instead of the file")
        return response
    response.close()
    if part and status in {206, 416}:
        drop_part(wanted.place)
        raise TryAgain("the server does not continue where the download was interrupted")
    if status == 429 or status >= 500:
        raise TryAgain(f"the server answered {status}", _asked_to_wait(response.headers.get("retry-after", "")))
    if status in {401, 403}:
        raise NotAllowed(url, f"the server answered {status} {response.reason or ''}".rstrip(), "check who asks")
    if part:
        drop_part(wanted.place)
    kind = NotThere if status in {404, 410} else SourceError
    raise kind(url, f"the server answered {status} {response.reason or ''}".rstrip(), "check the address")


def _asked_to_wait(after: str) -> float:
    """Give the seconds that a server asks to wait: it says a number, or a date (RFC 9110, 10.2.3)."""
    if after.isdecimal():
        return float(after)
    try:
        until = parsedate_to_datetime(after)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=timezone.utc)
    return max((until - datetime.now(timezone.utc)).total_seconds(), 0.0)


def _continues(response: requests.Response, part: Part) -> bool:
    told = response.headers.get("content-range", "")
    return told.startswith(f"bytes {part.done}-") and not response.headers.get("content-encoding")


def _save(wanted: Wanted, response: requests.Response, part: Part | None) -> Received:
    headers = response.headers
    length = headers.get("content-length", "")
    done = part.done if part and response.status_code == 206 else 0
    total = done + int(length) if length.isdigit() and not headers.get("content-encoding") else None
    if not done:
        drop_part(wanted.place)
    wanted.room(total or 0)
    if not done and wanted.resume:
        save_part(wanted.place, wanted.url, headers)
    with wanted.place.open("ab" if done else "wb") as file:
        for piece in pieces(wanted, response, first=not done):
            file.write(piece)
            done += len(piece)
            wanted.room(done)
            if wanted.progress is not None:
                wanted.progress(wanted.url, done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done != total:
        raise TryAgain(f"the connection ended after {done:,} of {total:,} bytes")
    measured = is_measured(headers)
    if not (done or measured):
        raise TryAgain("the connection ended before anything of the file came")
    return Received(done, headers.get("etag", ""), headers.get("last-modified", ""), measured)


def pieces(wanted: Wanted, response: requests.Response, *, first: bool) -> Iterator[bytes]:
    """Give the bytes of an answer as they arrive; one that goes silent, drips, or is a web page is given up."""
    # Servers that label a .tar.gz as "Content-Encoding: gzip" mean the file itself: it is kept packed.
    url, timeout = wanted.url, wanted.timeout
    unpack = not urlsplit(url).path.endswith((".gz", ".tgz"))
    started, done = time.monotonic(), 0
    while True:
        try:
            piece = response.raw.read1(_PIECE, decode_content=unpack)
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            raise SourceError(url, f"the server went silent for {timeout:g} s after {done:,} bytes") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TryAgain(f"the connection broke after {done:,} bytes ({error})") from error
        if not piece:
            return
        # The same page as in _accepted, from a server that calls everything "application/octet-stream".
        if first and not done and piece[:64].lstrip().lower().startswith((b"<!doctype html", b"<html")):
            raise SourceError(url, "the server sent a web page instead of the file")
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
