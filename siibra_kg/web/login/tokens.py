"""Tokens of OAuth 2: bought with a client's secret, a refresh token, or a person's word at another screen.

RFC 6749 section 4.4 (client credentials), section 6 (refresh), RFC 8628 (device authorisation).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.web.login.secret import Secret
from siibra_kg.web.send import Request, SendFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.web.send import Sender

__all__ = ["Bought", "Endpoints", "by_client", "by_device", "by_refresh"]

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER = 5.0  # seconds, RFC 8628 section 3.5
_LONGEST = 1800.0  # seconds that a person is waited for, whatever the service allows
_SAFE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a service hands out tokens.

    Parameters
    ----------
    service
        What messages call it.
    token
        Address of the token endpoint.
    device
        Address of the device authorisation endpoint, or empty where there is none.

    Raises
    ------
    ServiceError
        If a secret would travel in the clear: an address that is not https, other than of this machine.
    """

    service: str
    token: str
    device: str = ""

    def __post_init__(self) -> None:
        for url in filter(None, (self.token, self.device)):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _SAFE):
                raise ServiceError(self.service, url, "secrets are only sent over https", "check the host")


@dataclass(frozen=True, slots=True)
class Bought:
    """What a token endpoint gave."""

    access: Secret
    refresh: Secret | None = None


class _Refused(Exception):
    """The endpoint said no; ``code`` is the word of RFC 6749 section 5.2 or RFC 8628 section 3.5."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def by_client(ends: Endpoints, sender: Sender, client: str, secret: Secret) -> Bought:
    """Buy a token as a client that has a secret of its own.

    Raises
    ------
    LoginNeeded
        If the client is refused.
    ServiceError
        If there is no answer.
    """
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret.reveal()}
    try:
        return _bought(ends, _ask(ends, sender, ends.token, form), f"client {client}")
    except _Refused as refused:
        code = refused.code
    reason = f"the client {client} was refused ({code})"
    raise LoginNeeded(ends.service, reason, "check KG_CLIENT_ID and KG_CLIENT_SECRET")


def by_refresh(ends: Endpoints, sender: Sender, client: str, refresh: Secret) -> Bought | None:
    """Buy a token with a refresh token; ``None`` if it is no longer good."""
    form = {"grant_type": "refresh_token", "client_id": client, "refresh_token": refresh.reveal()}
    try:
        return _bought(ends, _ask(ends, sender, ends.token, form), refresh.origin)
    except _Refused:
        return None


def by_device(
    ends: Endpoints,
    sender: Sender,
    client: str,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Bought:
    """Let a person agree in a browser, on this or another machine, and wait for it.

    Parameters
    ----------
    ends
        Where to ask.
    sender
        Asks.
    client
        The public client that asks in the person's name.
    say
        Shows the address to open.
    sleep
        Waits a number of seconds.

    Raises
    ------
    LoginNeeded
        If the person refuses, or does nothing before the code expires.
    ServiceError
        If the service does not answer as RFC 8628 says.
    """
    if not ends.device:
        raise ServiceError(ends.service, ends.token, "it offers no login by device", "set KG_AUTH_TOKEN")
    try:
        told = _ask(ends, sender, ends.device, {"client_id": client, "scope": "openid"})
    except _Refused as refused:
        told = {"error": refused.code}
    code, shown = told.get("device_code"), told.get("verification_uri_complete") or told.get("verification_uri")
    if not isinstance(code, str) or not _is_address(shown):
        raise ServiceError(ends.service, ends.device, "it gave no address to log in at", "set KG_AUTH_TOKEN")
    word = told.get("user_code")
    say(f"To let siibra-kg read from {ends.service}, open {shown}" + (f" and check the code {word}" if word else ""))
    return _waited(ends, sender, client, told, sleep)


def _waited(
    ends: Endpoints, sender: Sender, client: str, told: Mapping[str, Any], sleep: Callable[[float], None]
) -> Bought:
    form = {"grant_type": _DEVICE, "client_id": client, "device_code": str(told["device_code"])}
    pause, left = _seconds(told.get("interval"), 5.0), min(_seconds(told.get("expires_in"), 600.0), _LONGEST)
    code = "expired_token"
    while left > 0:
        sleep(pause)
        left -= pause
        try:
            return _bought(ends, _ask(ends, sender, ends.token, form), "the login at a terminal")
        except _Refused as refused:
            code = refused.code
        if code == "slow_down":
            pause += _SLOWER
        elif code != "authorization_pending":
            break
    late = code in ("expired_token", "authorization_pending", "slow_down")
    reason = "nobody agreed to the login in time" if late else f"the login was refused ({code})"
    raise LoginNeeded(ends.service, reason, "start again, or set KG_AUTH_TOKEN")


def _ask(ends: Endpoints, sender: Sender, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Post a form and give the JSON object of the answer."""
    try:
        reply = sender.send(Request("POST", url, body=form, headers={"Accept": "application/json"}))
    except SendFailed as failure:
        failed = failure.reason
    else:
        failed = ""
    if failed:  # outside of the handler: the library's error holds the request, and the request holds the secret
        raise ServiceError(ends.service, url, f"the login {failed}", "try again later")
    try:
        told = json.loads(reply.body)
    except ValueError:
        told = None
    if isinstance(told, dict) and not reply.ok and isinstance(told.get("error"), str):
        raise _Refused(told["error"][:60])
    if not reply.ok:
        raise ServiceError(ends.service, url, f"the login answered {reply.status} {reply.reason}".rstrip())
    if not isinstance(told, dict):
        raise ServiceError(ends.service, url, "the login answered something else than JSON")
    return told


def _bought(ends: Endpoints, told: Mapping[str, Any], origin: str) -> Bought:
    access, refresh = told.get("access_token"), told.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise ServiceError(ends.service, ends.token, "the login answered without a token")
    kept = Secret(refresh, origin) if isinstance(refresh, str) and refresh else None
    return Bought(Secret(access, origin), kept)


def _seconds(value: object, usual: float) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else usual


def _is_address(value: object) -> bool:
    """Tell whether a text can be shown in a terminal as an address to open."""
    return isinstance(value, str) and value.isprintable() and value.isascii() and value.startswith(("https:", "http:"))
