"""One question to a JSON service: bounded in time and size, retried only where that can help, never redirected."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from siibra_kg.config import Settings

__all__ = ["post_json"]

_ATTEMPTS = 3
_WAIT_MOST = 10.0  # seconds between two attempts, whatever the server asks for
_PIECE = 1 << 16
_HINT = "try again later, or use a transform that needs no service"


class _TryAgain(Exception):
    """A failure that may pass by itself."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


def post_json(url: str, question: object, settings: Settings, *, max_bytes: int, pause: float = 0.5) -> Any:  # noqa: ANN401
    """Post JSON to a service and give the JSON that it answers.

    Parameters
    ----------
    url
        An http(s) address.
    question
        What is sent; anything that JSON can hold.
    settings
        Whether the network may be used, and the seconds that an attempt may take from its start to its end.
    max_bytes
        The largest answer that is read.
    pause
        Seconds before the second attempt; doubled before the third. Only connection failures and the answers 429
        and 5xx are tried again: the service has to answer the same question the same way.

    Returns
    -------
    Any
        What the JSON says; not-a-number and the infinities, which JSON does not have but some servers write, are
        floats.

    Raises
    ------
    NetworkDisabled
        If the network may not be used, or a mirror stands in for it, which cannot answer questions.
    SourceError
        If there is no answer in time, or it is not JSON.
    """
    if settings.offline or settings.mirror:
        switch = "SIIBRA_KG_OFFLINE" if settings.offline else "SIIBRA_KG_MIRROR"
        reason = "the network is switched off" if settings.offline else "a mirror has files, it answers no questions"
        raise NetworkDisabled(url, reason, f"unset {switch}")
    body = json.dumps(question, allow_nan=False).encode()
    failure: _TryAgain | None = None
    for number in range(_ATTEMPTS):
        if failure is not None:
            time.sleep(min(max(failure.wait, pause * 2 ** (number - 1)), _WAIT_MOST))
        try:
            return _parsed(url, _answer(url, body, settings.timeout, max_bytes))
        except _TryAgain as error:
            failure = error
    reason = failure.reason if failure else ""
    raise SourceError(url, f"{reason} (tried {_ATTEMPTS} times)", _HINT)


def _answer(url: str, body: bytes, timeout: float, max_bytes: int) -> bytes:
    deadline = time.monotonic() + timeout
    headers = {
        "User-Agent": f"siibra-kg/{__version__}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",  # the bound on the size is one on what arrives
    }
    try:
        with requests.post(
            url, data=body, headers=headers, timeout=timeout, stream=True, allow_redirects=False
        ) as response:
            _check(url, response)
            return _read(url, response, deadline, max_bytes)
    except requests.Timeout as error:
        raise SourceError(url, f"no answer within {timeout:g} s", _HINT) from error
    except requests.ConnectionError as error:
        raise _TryAgain("cannot connect, or the connection broke") from error
    except (requests.RequestException, ValueError) as error:
        raise SourceError(url, f"cannot be asked ({error})") from error


def _check(url: str, response: requests.Response) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        after = response.headers.get("retry-after", "")
        raise _TryAgain(f"the service answered {status}", float(after) if after.isdigit() else 0.0)
    if status != 200:
        raise SourceError(url, f"the service answered {status} {response.reason or ''}".rstrip(), "check the address")
    if "text/html" in response.headers.get("content-type", "").lower():
        raise SourceError(url, "it answered with a web page instead of JSON", _HINT)


def _read(url: str, response: requests.Response, deadline: float, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    done = 0
    while True:
        try:
            piece = response.raw.read1(_PIECE)
        except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
            raise SourceError(url, "it went silent in the middle of its answer", _HINT) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _TryAgain(f"the connection broke after {done:,} bytes") from error
        if not piece:
            break
        pieces.append(piece)
        done += len(piece)
        if done > max_bytes:
            raise SourceError(url, f"its answer has more than {max_bytes:,} bytes", "ask for fewer points")
        if time.monotonic() > deadline:
            raise SourceError(url, f"its answer was not complete in time, {done:,} bytes had arrived", _HINT)
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) != done:
        raise _TryAgain(f"the connection ended after {done:,} of {int(length):,} bytes")
    return b"".join(pieces)


def _parsed(url: str, body: bytes) -> Any:  # noqa: ANN401  as JSON is
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        shown = body[:60].decode("utf-8", "replace")
        raise SourceError(url, f"it answered with something that is not JSON: {shown!r}", _HINT) from error
