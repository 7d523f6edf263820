"""Requests that change something at a service: one origin, one user, a deadline, and no redirect is followed.

The password is given to no other origin, stands in no address, message or representation, and is asked for as the
service asks: Basic or Digest (RFC 7617, RFC 7616; Virtuoso wants Digest).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from siibra_kg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

__all__ = ["Credentials", "Reply", "Request", "SendFailed", "Sender"]

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; the password is not shown.

    >>> Credentials("dba", "secret")
    Credentials(user='dba')
    """

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; a body that is a mapping is sent as a form."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Mapping[str, str] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered, whatever its status."""

    status: int
    reason: str
    media_type: str
    body: bytes
    #: Seconds that the service asks to wait before the next request, in its header ``Retry-After``.
    wait: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the service did what it was asked for."""
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """The beginning of the text of the body on one line, for a message."""
        text = re.sub(
            r"(?s)<(head|style|script)\b.*?</\1>|<[!/?a-zA-Z][^<>]*>", " ", self.body[:4000].decode("utf-8", "replace")
        )
        return " ".join(text.split())[:300]


class SendFailed(Exception):
    """There is no answer; ``again`` tells whether another attempt may help."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


class Sender:
    """Sends requests.

    Parameters
    ----------
    origin
        An address; the credentials are given to its scheme, host and port alone.
    credentials
        Used once the service asks for them.
    timeout
        Seconds that one request may take from its start to the last byte of its answer.
    """

    def __init__(self, origin: str, credentials: Credentials | None, timeout: float) -> None:
        self._session = _Session()
        self._session.headers.update({"User-Agent": f"siibra-kg/{__version__}", "Accept-Encoding": "identity"})
        self._auth = _AsAsked(origin, credentials)
        self._session.auth = self._auth  # also keeps requests from reading ~/.netrc
        self._timeout = timeout

    def send(self, request: Request, *, max_bytes: int = 1 << 20) -> Reply:
        """Send one request and read its answer.

        Raises
        ------
        SendFailed
            If there is no whole answer in time, or it has more than ``max_bytes``.
        """
        reply, challenge = self._once(request, max_bytes)
        if reply.status == 401 and self._auth.learn(challenge, request.url):
            reply, _ = self._once(request, max_bytes)
        return reply

    def _once(self, request: Request, max_bytes: int) -> tuple[Reply, str]:
        deadline = time.monotonic() + self._timeout
        try:
            with self._session.request(
                request.method,
                request.url,
                params=dict(request.params),
                data=request.body,
                headers=dict(request.headers),
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as response:
                data = self._read(response, deadline, max_bytes)
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                after = response.headers.get("retry-after", "")
                wait = float(after) if after.isdecimal() else 0.0
                reply = Reply(response.status_code, response.reason or "", kind, data, wait)
                return reply, response.headers.get("www-authenticate", "")
        except (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError):
            raise SendFailed(f"gave no answer within {self._timeout:g} seconds") from None
        except requests.ConnectionError as error:
            raise SendFailed(f"cannot be reached, or the connection broke ({_short(error)})", again=True) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SendFailed(f"the connection broke ({_short(error)})", again=True) from None
        except ValueError as error:
            raise SendFailed(f"cannot be asked ({_short(error)})") from None

    def _read(self, response: requests.Response, deadline: float, max_bytes: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > max_bytes:
                raise SendFailed(f"answered with more than {max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise SendFailed(f"its answer was not complete after {self._timeout:g} seconds")
        length = response.headers.get("content-length", "")
        if length.isdigit() and int(length) != size and response.request.method != "HEAD":
            raise SendFailed(f"its answer ended after {size:,} of {int(length):,} bytes", again=True)
        return b"".join(pieces)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Session(requests.Session):
    """Knows no redirects: even where it follows none, requests reads their bodies, whatever their size."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Nowhere."""
        return


class _AsAsked(AuthBase):
    """Basic or Digest, whichever the service asks for, at one origin; nothing before it asks."""

    def __init__(self, url: str, credentials: Credentials | None) -> None:
        self._origin = _origin(url)
        self._credentials = credentials
        self._chosen: AuthBase | None = None

    def learn(self, challenge: str, url: str) -> bool:
        """Choose by the challenge of a refusal; tells whether it is worth asking again."""
        if self._chosen is not None or self._credentials is None or _origin(url) != self._origin:
            return False
        kinds = challenge.lower()
        user, password = self._credentials.user, self._credentials.password
        if "digest" in kinds:
            self._chosen = HTTPDigestAuth(user, password)
        elif "basic" in kinds:
            self._chosen = HTTPBasicAuth(user.encode(), password.encode())  # texts would be sent as Latin-1
        return self._chosen is not None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._chosen is None or _origin(str(request.url)) != self._origin:
            return request
        return self._chosen(request)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _short(error: BaseException) -> str:
    """Name the innermost cause: the outer ones repeat the address and the addresses of objects."""
    for _ in range(8):
        inner = next((a for a in error.args if isinstance(a, BaseException)), None) or error.__cause__
        inner = inner or error.__context__
        if inner is None:
            break
        error = inner
    return f"{type(error).__name__} {error}".strip()[:200]
