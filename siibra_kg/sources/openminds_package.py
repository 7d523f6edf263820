"""The instance library inside the package ``openMINDS``, exported by a child process."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.sources.child import ChildFailed, run_child
from siibra_kg.sources.limits import LIMITS
from siibra_kg.sources.pins import LICENSE, PACKAGE, PACKAGE_CONTENT, PACKAGE_URL
from siibra_kg.sources.protocol import SourceInfo
from siibra_kg.sources.reading import ReadingSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["OpenMindsPackage", "installed_version"]

_CHILD = Path(__file__).with_name("_openminds_child.py")
_TIMEOUT = 300.0  # seconds; it takes 1, or 6 where the package's byte code is not cached
_SOURCE = "openminds-package"
_HINT = "the source openminds-archive gives the same graph"


def installed_version() -> str | None:
    """Give the version of the package ``openMINDS``, or ``None`` where it is not installed. Imports nothing of it."""
    try:
        return importlib.metadata.version("openMINDS")
    except importlib.metadata.PackageNotFoundError:
        return None


class OpenMindsPackage(ReadingSource):
    """All instances that the pinned release of the package registers as ``latest``.

    Parameters
    ----------
    command
        The process that writes them; the one of this package unless told.
    timeout
        Seconds that it may take.
    pin
        Hash of the content; empty for none.
    """

    def __init__(
        self, command: Sequence[str] | None = None, timeout: float = _TIMEOUT, pin: str = PACKAGE_CONTENT
    ) -> None:
        about = SourceInfo(
            name="openminds",
            kind="package",
            graph="graph/openminds/latest",
            version="latest",
            revision=PACKAGE,
            url=PACKAGE_URL,
            license=LICENSE,
            sha256=pin,
            documents=0,
        )
        super().__init__(about, _SOURCE)
        self._command = command
        self._timeout = timeout

    def _read(self) -> Iterator[tuple[str, bytes, str]]:
        command = self._command or _command()
        try:
            output = run_child(command, timeout=self._timeout, most=LIMITS.document)
        except ChildFailed as error:
            raise SourceError(_SOURCE, f"the process that reads it failed: {error.reason}", _HINT) from error
        lines = output.split(b"\n")
        # The last line states how many came before it; a child that was cut short has not written it.
        if lines[-2:] != [b"\t%d" % (len(lines) - 2), b""]:
            raise SourceError(_SOURCE, "the process that reads it gave something else than instances", _HINT)
        for line in lines[:-2]:
            path, tab, document = line.partition(b"\t")
            if not (path and tab and document.startswith(b"{") and document.endswith(b"}")):
                raise SourceError(_SOURCE, "the process that reads it gave something else than instances", _HINT)
            yield path.decode("utf-8", "backslashreplace"), document, "jsonld"


def _command() -> list[str]:
    version = installed_version()
    if version != PACKAGE:
        found = f"version {version} is installed" if version else "it is not installed"
        hint = f"pip install openMINDS=={PACKAGE}; {_HINT}"
        raise SourceError(_SOURCE, f"openMINDS {PACKAGE} is needed, {found}", hint)
    return [sys.executable, "-I", str(_CHILD), json.dumps({"path": sys.path})]
