"""Logging in to EBRAINS: the Knowledge Graph names the service that hands out its tokens, and those of its storage."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from siibra_kg.data_errors import ServiceError
from siibra_kg.web.login.chain import login
from siibra_kg.web.login.tokens import Endpoints
from siibra_kg.web.send import Request, SendFailed

if TYPE_CHECKING:
    from siibra_kg.config import Settings
    from siibra_kg.web.login.chain import Login
    from siibra_kg.web.send import Sender

__all__ = ["NAME", "base_url", "ebrains_login"]

NAME = "EBRAINS Knowledge Graph"
_HOST = re.compile(r"(?P<name>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?", re.IGNORECASE)
_PREFIX = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_HERE = frozenset({"localhost", "127.0.0.1"})
_CONFIG = "users/authorization/config"


def base_url(settings: Settings) -> str:
    """Give the address that all paths are below, with a slash at its end.

    Raises
    ------
    ServiceError
        If host or prefix in the settings are none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from siibra_kg.config import Settings
    >>> base_url(Settings(Path("home"), Path("cache")))
    'https://core.kg.ebrains.eu/v3/'
    """
    host, prefix = settings.ebrains_host, settings.ebrains_prefix.strip("/")
    found = _HOST.fullmatch(host)
    if found is None or not _PREFIX.fullmatch(prefix):
        hint = "write them as core.kg.ebrains.eu and v3"
        raise ServiceError(NAME, f"{host}/{prefix}", "SIIBRA_KG_EBRAINS_HOST or _PREFIX is malformed", hint)
    # A token goes over the network encrypted, or not at all.
    scheme = "http" if found["name"] in _HERE else "https"
    return f"{scheme}://{host}/{prefix}/"


def ebrains_login(base: str, sender: Sender) -> Login:
    """Make a login to EBRAINS; nothing is asked before a token is needed.

    Parameters
    ----------
    base
        Address of the Knowledge Graph, as :func:`base_url` gives it.
    sender
        Asks where tokens are handed out, and for them.
    """
    return login(urlsplit(base).netloc, partial(_endpoints, base, sender), sender)


def _endpoints(base: str, sender: Sender) -> Endpoints:
    """Ask where tokens are handed out: the service names a document of OpenID Connect Discovery."""
    data = _told(sender, base + _CONFIG).get("data")
    address = data.get("endpoint") if isinstance(data, dict) else None
    if not isinstance(address, str):
        raise ServiceError(NAME, base + _CONFIG, "it names no place to log in at", "set KG_AUTH_TOKEN")
    Endpoints(NAME, address)  # refuses an address that is not safe
    found = _told(sender, address)
    token, device = found.get("token_endpoint"), found.get("device_authorization_endpoint")
    if not isinstance(token, str):
        raise ServiceError(NAME, address, "it names no place that gives tokens", "set KG_AUTH_TOKEN")
    return Endpoints(NAME, token, device if isinstance(device, str) else "")


def _told(sender: Sender, url: str) -> dict[str, Any]:
    reply, reason = None, ""
    try:
        reply = sender.send(Request("GET", url, headers={"Accept": "application/json"}))
    except SendFailed as failure:
        reason = failure.reason
    if reply is not None and not reply.ok:
        reason = f"answered {reply.status}"
    told = None
    if reply is not None and reply.ok:
        try:
            told = orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            told = None
    if not isinstance(told, dict):
        raise ServiceError(
            NAME, url, reason or "it answered with no JSON object", "try again later, or set KG_AUTH_TOKEN"
        )
    return told
