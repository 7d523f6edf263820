"""Runs a child process that may die, hang or babble, without doing so itself."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ChildFailed", "run_child"]

_SHOWN = 300  # characters of a child's last words


class ChildFailed(Exception):
    """A child process did not do its work.

    Parameters
    ----------
    reason
        In one line, for a person.
    code
        Its exit code; negative for a signal; ``None`` if it was stopped or never ran.
    words
        The last line that it wrote to its standard error.
    """

    def __init__(self, reason: str, code: int | None = None, words: str = "") -> None:
        super().__init__(reason, code, words)
        self.reason = reason
        self.code = code
        self.words = words


def run_child(command: Sequence[str], *, data: bytes = b"", timeout: float, most: int) -> bytes:
    """Give a child process its input and return what it writes.

    Parameters
    ----------
    command
        Program and arguments; no shell.
    data
        Its standard input.
    timeout
        Seconds after which it is killed.
    most
        Bytes of output after which it is killed.

    Raises
    ------
    ChildFailed
        If it cannot start, hangs, writes too much, or ends with another code than 0.
    """
    # Files for what goes in and for errors: with only one pipe left, neither side can wait for the other for ever.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as errors:
        given.write(data)
        given.seek(0)
        try:
            child = subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603
        except OSError as error:
            raise ChildFailed(f"it cannot be started: {error.strerror or error}") from error
        expired = threading.Event()

        def end() -> None:
            expired.set()
            child.kill()

        clock = threading.Timer(timeout, end)
        clock.start()
        try:
            with child:
                output = child.stdout.read(most + 1) if child.stdout else b""
                if len(output) > most:
                    child.kill()
        finally:
            clock.cancel()
        if expired.is_set():
            raise ChildFailed(f"it did not end within {timeout:g} s")
        if len(output) > most:
            raise ChildFailed(f"it wrote more than {most:,} bytes")
        if child.returncode:
            errors.seek(0)
            lines = errors.read(1 << 20).decode("utf-8", "replace").split("\n")
            words = next((line.strip() for line in reversed(lines) if line.strip()), "")[:_SHOWN]
            how = (
                f"was ended by signal {-child.returncode}" if child.returncode < 0 else f"ended with {child.returncode}"
            )
            raise ChildFailed(f"it {how}{': ' + words if words else ''}", child.returncode, words)
        return output
