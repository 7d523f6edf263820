"""The keyring of the system: where a token may be kept between two runs, readable by its owner alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.errors import DataMissing
from siibra_kg.web.login.secret import Secret

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["SERVICE", "forget", "keep", "kept"]

#: The name under which the keyring has them; the user name in it is the host, or the host and ``/refresh``.
SERVICE = "siibra-kg"


def _keyring() -> ModuleType | None:
    try:
        import keyring  # noqa: PLC0415  an extra, and it looks for desktops when it is imported
    except ImportError:
        return None
    return keyring


def kept(host: str, kind: str = "") -> Secret | None:
    """Give what the keyring has for a host; ``None`` where it has nothing, is locked, or is not there.

    Parameters
    ----------
    host
        For instance ``"core.kg.ebrains.eu"``.
    kind
        Empty for an access token, ``"refresh"`` for a refresh token.
    """
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        found = keyring.get_password(SERVICE, _user(host, kind))
    except Exception:  # noqa: BLE001  each backend has its own errors, and none of them is ours to tell
        return None
    return Secret(found, "the keyring") if found else None


def keep(host: str, secret: Secret, kind: str = "") -> None:
    """Put a secret into the keyring.

    Raises
    ------
    DataMissing
        If there is no keyring that can be written.
    """
    keyring = _keyring()
    failed = "the package keyring is not installed" if keyring is None else ""
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, _user(host, kind), secret.reveal())
        except Exception as error:  # noqa: BLE001  as above; only the kind of the error is told
            failed = type(error).__name__
    if failed:
        raise DataMissing("a keyring that can be written", failed, "set KG_AUTH_TOKEN instead")


def forget(host: str) -> None:
    """Remove what the keyring has for a host."""
    keyring = _keyring()
    for kind in ("", "refresh"):
        if keyring is not None and kept(host, kind) is not None:
            keyring.delete_password(SERVICE, _user(host, kind))


def _user(host: str, kind: str) -> str:
    return f"{host}/{kind}" if kind else host
