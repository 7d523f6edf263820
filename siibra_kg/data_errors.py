"""Errors about the numbers of features: of files that hold tables, and of services that are asked for them."""

from __future__ import annotations

from siibra_kg.errors import SiibraKGError, on_one_line

__all__ = ["BadDescription", "BadTable", "CannotWrite", "LoginNeeded", "ServiceError", "TableWarning"]


class BadTable(SiibraKGError, ValueError):
    """A table cannot be read as its description says; names the file, the line where there is one, and what to do."""

    def __init__(self, path: str, reason: str, hint: str = "", line: int | None = None) -> None:
        super().__init__(path, reason, hint, line)
        self.path = path
        self.reason = reason
        self.hint = hint
        self.line = line

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}" if self.line else self.path
        return on_one_line(f"{where}: {self.reason}" + (f"; {self.hint}" if self.hint else ""))


class CannotWrite(SiibraKGError, OSError):
    """Data of a feature cannot be written to a file; what was there before is left as it was."""

    def __init__(self, path: str, reason: str, hint: str = "") -> None:
        super().__init__(path, reason, hint)
        self.path = path
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return on_one_line(f"{self.path}: cannot be written: {self.reason}" + (f"; {self.hint}" if self.hint else ""))


class TableWarning(UserWarning):
    """A table can be read, but something in it could not be resolved or deserves a look."""


class ServiceError(SiibraKGError):
    """A live service did not answer, or not as documented; nothing of its answer was kept."""

    def __init__(self, service: str, url: str, reason: str, hint: str = "") -> None:
        super().__init__(service, url, reason, hint)
        self.service = service
        self.url = url
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        # Questions to some services are addresses of a thousand characters; `url` has the whole.
        shown = self.url if len(self.url) <= 300 else f"{self.url[:280]}… ({len(self.url):,} characters)"
        return on_one_line(f"{self.service} ({shown}): {self.reason}" + (f"; {self.hint}" if self.hint else ""))


class LoginNeeded(SiibraKGError):
    """A service wants to know who asks; says how to get and where to put a token. Never holds one itself."""

    def __init__(self, service: str, reason: str, hint: str) -> None:
        super().__init__(service, reason, hint)
        self.service = service
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.service}: {self.reason}; {self.hint}"


class BadDescription(SiibraKGError, ValueError):
    """A dataset of the user's own cannot be added as it is described; names the file, the key and what to do."""

    def __init__(self, path: str, reason: str, hint: str = "", key: str = "") -> None:
        super().__init__(path, reason, hint, key)
        self.path = path
        self.reason = reason
        self.hint = hint
        self.key = key

    def __str__(self) -> str:
        where = f"{self.path}, {self.key}" if self.key else self.path
        return on_one_line(f"{where}: {self.reason}" + (f"; {self.hint}" if self.hint else ""))
