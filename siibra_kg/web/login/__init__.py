"""Who asks a service: tokens from the environment, the keyring, a client of its own, or a person at a terminal.

A token never stands in a message, a representation, a cache or a pickle; see :class:`Secret`.
"""

from __future__ import annotations

from siibra_kg.web.login.chain import Login, login
from siibra_kg.web.login.ebrains import NAME, base_url, ebrains_login
from siibra_kg.web.login.secret import Secret
from siibra_kg.web.login.tokens import Endpoints

__all__ = ["NAME", "Endpoints", "Login", "Secret", "base_url", "ebrains_login", "login"]
