"""The ways to a token, tried in order: environment, keyring, client credentials, a person at a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from siibra_kg.config import secret
from siibra_kg.data_errors import LoginNeeded
from siibra_kg.errors import DataMissing
from siibra_kg.web.login.kept import keep, kept
from siibra_kg.web.login.secret import Secret
from siibra_kg.web.login.tokens import by_client, by_device, by_refresh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from siibra_kg.web.login.tokens import Bought, Endpoints
    from siibra_kg.web.send import Sender

__all__ = ["VARIABLES", "Login", "login"]

#: Environment variables that may hold a bearer token; the first that is set counts.
VARIABLES = ("KG_AUTH_TOKEN", "KG_TOKEN")
#: A public client, registered for programs that people run themselves; ``KG_CLIENT_ID`` names another one.
_PUBLIC = "kg-core-python"
#: Tokens that one run buys by one way: more are a service that refuses all of them.
_MOST = 50
_HINT = (
    "set KG_AUTH_TOKEN to a token (an EBRAINS account is free), put one into the keyring, set KG_CLIENT_ID and "
    "KG_CLIENT_SECRET, or run this at a terminal to log in with a browser"
)


@dataclass(slots=True)
class Login:
    """Gives tokens for one service, and others once those are refused.

    Parameters
    ----------
    host
        The service, as the keyring knows it.
    ends
        Finds the addresses that hand out tokens; asked once, and only where it is needed.
    sender
        Asks them.
    say
        Shows the address to log in at; ``None`` where nobody watches, which leaves that way out.
    sleep
        Waits a number of seconds.
    """

    host: str
    ends: Callable[[], Endpoints]
    sender: Sender = field(repr=False)
    say: Callable[[str], None] | None = None
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _ways: Iterator[Callable[[], Iterator[Secret]]] | None = field(default=None, repr=False)
    _tokens: Iterator[Secret] | None = field(default=None, repr=False)
    _token: Secret | None = field(default=None, repr=False)
    _refused: list[str] = field(default_factory=list, repr=False)

    def token(self) -> Secret:
        """Give the token to use.

        Raises
        ------
        LoginNeeded
            If there is no way to one.
        ServiceError
            If the service that hands them out does not answer.
        """
        return self._token if self._token is not None else self._next()

    def headers(self) -> dict[str, str]:
        """Give what to send along where anybody may ask, and more is shown to some: nothing without a token at hand."""
        if self._token is None and any(map(secret, VARIABLES)):
            self.token()
        return {} if self._token is None else {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        """Find another token, since the last one was refused or missing: it may have expired. True if there is one.

        Raises
        ------
        LoginNeeded
            If there is no further way to one.
        """
        if self._token is not None:
            self._refused.append(self._token.origin)
            self._token = None
        self._next()
        return True

    def _next(self) -> Secret:
        self._ways = self._ways or iter((_from_environment, self._from_keyring, self._as_client, self._at_terminal))
        while True:
            token = next(self._tokens, None) if self._tokens is not None else None
            if token is not None:
                self._token = token
                return token
            way = next(self._ways, None)
            if way is None:
                told = ", ".join(dict.fromkeys(self._refused))
                reason = f"the token of {told} was refused, it may have expired" if told else "a token is needed"
                raise LoginNeeded(self.host, reason, _HINT)
            self._tokens = way()

    def _from_keyring(self) -> Iterator[Secret]:
        if (access := kept(self.host)) is not None:
            yield access
        refresh, client = kept(self.host, "refresh"), secret("KG_CLIENT_ID") or _PUBLIC
        if refresh is not None:
            bought = by_refresh(self.ends(), self.sender, client, refresh)
            yield from self._refreshed(bought, client, partial(keep, self.host, kind="refresh"))

    def _as_client(self) -> Iterator[Secret]:
        client, text = secret("KG_CLIENT_ID"), secret("KG_CLIENT_SECRET")
        if client and text:
            password, before = Secret(text, "KG_CLIENT_SECRET"), len(self._refused)
            yield by_client(self.ends(), self.sender, client, password).access
            # A token of a client lasts minutes, a pull may last longer: buy the next one, but not for ever.
            while len(self._refused) - before < _MOST:
                yield by_client(self.ends(), self.sender, client, password).access

    def _at_terminal(self) -> Iterator[Secret]:
        if self.say is not None:
            client = secret("KG_CLIENT_ID") or _PUBLIC
            bought = by_device(self.ends(), self.sender, client, self.say, self.sleep)
            yield from self._refreshed(bought, client, None)

    def _refreshed(
        self, bought: Bought | None, client: str, kept_at: Callable[[Secret], None] | None
    ) -> Iterator[Secret]:
        """Give a token, and each time that it is refused the one that its refresh token buys."""
        for _ in range(_MOST):
            if bought is None:
                return
            if bought.refresh is not None and kept_at is not None:
                with suppress(DataMissing):  # a keyring that cannot be written: this run goes on all the same
                    kept_at(bought.refresh)
            yield bought.access
            if bought.refresh is None:
                return
            bought = by_refresh(self.ends(), self.sender, client, bought.refresh)


def _from_environment() -> Iterator[Secret]:
    for name in VARIABLES:
        if text := secret(name):
            yield Secret(text, name)
            return


def login(host: str, ends: Callable[[], Endpoints], sender: Sender) -> Login:
    """Make a login; it asks for nothing before a token is needed.

    People at a terminal are shown an address to open; a program without one never waits for anybody.
    """
    watched = sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()
    return Login(host, ends, sender, _shown if watched else None)


def _shown(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
