"""A text that shows itself to nobody who does not ask for it by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from siibra_kg.data_errors import LoginNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Secret"]

# What RFC 6750 section 2.1 allows in a bearer token, and what client secrets may hold besides: no space, no control.
_PLAIN = re.compile(r"[!-~]{1,16384}\Z")


class Secret:
    """A password or token.

    Parameters
    ----------
    text
        The secret. White space around it, which files and clipboards add, is taken off.
    origin
        Where it comes from, for messages.

    Raises
    ------
    LoginNeeded
        If it has characters that cannot be sent; the message does not show it.

    Examples
    --------
    >>> token = Secret("s3cret", "KG_TOKEN")
    >>> token
    Secret('KG_TOKEN')
    >>> token.reveal()
    's3cret'
    """

    __slots__ = ("_origin", "_reveal")

    def __init__(self, text: str, origin: str) -> None:
        text = text.strip()
        if not _PLAIN.match(text):
            # An HTTP library would refuse it too, with an error that shows it.
            reason = "is empty" if not text else "has spaces, line breaks or other characters that no token has"
            raise LoginNeeded("login", f"the secret of {origin} {reason}", "copy it again, whole and alone")
        self._origin = origin
        # In a closure, where no listing of attributes finds it: debuggers and crash reports show those.
        self._reveal: Callable[[], str] = lambda: text

    @property
    def origin(self) -> str:
        """Where it comes from."""
        return self._origin

    def reveal(self) -> str:
        """Give the text, to be sent and then forgotten."""
        return self._reveal()

    def __repr__(self) -> str:
        return f"Secret({self._origin!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written to files")
