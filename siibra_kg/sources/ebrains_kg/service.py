"""Questions to the interface of the EBRAINS Knowledge Graph: with a token, within a time, tried again where it helps.

Nothing of a request is kept, and no error holds one: requests carry the token.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.config import secret
from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import NetworkDisabled
from siibra_kg.web.login import NAME, Secret, base_url, ebrains_login
from siibra_kg.web.send import Request, Sender, SendFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.config import Settings
    from siibra_kg.web.login import Login
    from siibra_kg.web.send import Reply

__all__ = ["NAME", "BadRequest", "Service", "TooSlow", "connect"]

_ATTEMPTS = 4
_TOKENS = 4  # that may be refused for one request
_WAIT_MOST = 30.0  # seconds between two attempts, whatever the service asks for
_MAX_BYTES = 512 << 20
_LATER = "try again later; what has arrived is kept, and the next pull goes on from there"


class BadRequest(ServiceError):
    """The service does not take the question as it is: 400, 404, 405, 413, 414, 422 or 501."""


class TooSlow(ServiceError):
    """There was no whole answer in time."""


@dataclass(slots=True)
class Service:
    """One stage of one Knowledge Graph.

    Parameters
    ----------
    base
        Address that all paths are below.
    stage
        ``"RELEASED"`` or ``"IN_PROGRESS"``.
    sender
        Sends the requests.
    pause
        Seconds before a second attempt; doubled before each further one.
    """

    base: str
    stage: str
    sender: Sender = field(repr=False)
    pause: float = 0.5
    _login: Login | None = field(default=None, repr=False)
    _client: Secret | None = field(default=None, repr=False)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """Ask for something.

        Raises
        ------
        ServiceError
            If there is no answer, or it is none of this service.
        LoginNeeded
            If no token is accepted.
        """
        return self._asked("GET", path, params, b"")

    def post(self, path: str, body: object, **params: str) -> dict[str, Any]:
        """Ask for something that has to be described; see :meth:`get`."""
        return self._asked("POST", path, params, orjson.dumps(body))

    def _asked(self, method: str, path: str, params: Mapping[str, str], body: bytes) -> dict[str, Any]:
        url = self.base + path
        reply, failed, slow = None, "", False
        for number in range(_ATTEMPTS):
            if number:
                time.sleep(min(max(reply.wait if reply else 0.0, self.pause * 2 ** (number - 1)), _WAIT_MOST))
            reply = None
            try:
                reply = self._sent(Request(method, url, {"stage": self.stage, **params}, body))
            except SendFailed as failure:
                failed, slow = failure.reason, not failure.again
                if slow:
                    break
                continue
            if reply.status != 429 and reply.status < 500:
                break
            if reply.status == 501:
                break
            failed = f"answered {reply.status}"
        # Outside of the handlers: the errors that they handle hold the request.
        if reply is None or reply.status == 429 or (reply.status >= 500 and reply.status != 501):
            if slow:
                raise TooSlow(NAME, url, failed, _LATER)
            raise ServiceError(NAME, url, f"{failed} (tried {_ATTEMPTS} times)", _LATER)
        return _envelope(url, reply)

    def _sent(self, request: Request) -> Reply:
        """Send a request with a token, and with another one where that is refused."""
        login = self._logged_in()
        token = login.token()
        for number in range(_TOKENS):
            if number:
                login.renew()
                token = login.token()
            headers = {"Accept": "application/json", "Authorization": f"Bearer {token.reveal()}"}
            if request.body:
                headers["Content-Type"] = "application/json"
            if self._client is not None:
                headers["Client-Authorization"] = f"Bearer {self._client.reveal()}"
            sent = Request(request.method, request.url, request.params, request.body, headers)
            reply = self.sender.send(sent, max_bytes=_MAX_BYTES)
            if reply.status != 401:
                return reply
        raise LoginNeeded(NAME, f"{_TOKENS} tokens were refused, one after the other", "check your account")

    def _logged_in(self) -> Login:
        if self._login is None:
            self._login = ebrains_login(self.base, self.sender)
            if text := secret("KG_CLIENT_TOKEN"):
                self._client = Secret(text, "KG_CLIENT_TOKEN")
        return self._login

    def close(self) -> None:
        """Let go of connections."""
        self.sender.close()


def connect(settings: Settings, stage: str) -> Service:
    """Make a service; nothing is sent yet.

    Raises
    ------
    NetworkDisabled
        If the network may not be used, or a mirror stands in for it.
    ServiceError
        If the settings name no host.
    """
    base = base_url(settings)
    away = base.startswith("https:")  # a service on this machine is none of the web that a mirror stands in for
    if settings.offline or (settings.mirror and away):
        switch = "SIIBRA_KG_OFFLINE" if settings.offline else "SIIBRA_KG_MIRROR"
        reason = "the network is switched off" if settings.offline else "a mirror has files, it answers no questions"
        raise NetworkDisabled(base, reason, f"unset {switch}, or give an earlier pull as kg=FOLDER")
    return Service(base, stage, Sender(base, None, settings.timeout))


def _envelope(url: str, reply: Reply) -> dict[str, Any]:
    """Give the object that every answer of the service is, or say what came instead."""
    status = reply.status
    if status == 403:
        raise ServiceError(NAME, url, "the account may not read this (403)", "accept the terms of use in a browser")
    if status in {400, 404, 405, 413, 414, 422, 501}:
        raise BadRequest(NAME, url, f"it answered {status} {reply.reason}", "check SIIBRA_KG_EBRAINS_PREFIX")
    if not reply.ok:
        raise ServiceError(NAME, url, f"it answered {status} {reply.reason}".rstrip(), "check the host and the prefix")
    told = _object(url, reply)
    if (error := told.get("error")) is not None:
        code = error.get("code") if isinstance(error, dict) else error
        message = error.get("message") if isinstance(error, dict) else ""
        raise ServiceError(NAME, url, f"it reported an error: {code} {message or ''}".rstrip()[:300], _LATER)
    if "data" not in told:
        raise ServiceError(NAME, url, "its answer has no data", "check the prefix, SIIBRA_KG_EBRAINS_PREFIX")
    return told


def _object(url: str, reply: Reply) -> dict[str, Any]:
    try:
        told = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        what = "a web page" if reply.media_type == "text/html" or reply.body[:1] == b"<" else "no JSON object"
        raise ServiceError(NAME, url, f"it answered with {what}", "check the host, and whether a proxy is in the way")
    return told
