"""Whether a file is all there, for servers that do not say how long it is."""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from siibra_kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import BytesIO

__all__ = ["check_end", "is_cut", "is_measured", "says_its_end"]

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"


def is_measured(headers: Mapping[str, str]) -> bool:
    """Tell whether a server said where its answer ends (RFC 9112, 6.3), so that a broken connection is noticed."""
    return headers.get("content-length", "").isdigit() or headers.get("transfer-encoding", "").lower() == "chunked"


def is_cut(path: Path, name: str) -> bool:
    """Tell whether a gzip or zip file ends early; files of other kinds have no end that could be looked for.

    Without a length the end of the connection is taken for the end of the file, also where the connection broke.
    """
    if name.endswith((".gz", ".tgz")):
        try:
            _unpacked(path)
        except EOFError:
            return True
        except (OSError, zlib.error):
            return False  # not cut but damaged, or no gzip at all: its reader says so
    return name.endswith(".zip") and not zipfile.is_zipfile(path)  # its directory is at the end


def check_end(path: Path, url: str, place: Path) -> None:
    """Look at a file that came without a length: it is believed only where its own content says that it is all there.

    A connection that broke inside the headers of an answer looks like an empty file, one that broke inside a table
    like a shorter table, or like one whose last number is another. RFC 9112, 6.3 and 8: such an answer is complete
    only if the client knows that by other means.

    Parameters
    ----------
    path
        What came.
    url
        Where from.
    place
        Where it can be put by hand.

    Raises
    ------
    SourceError
        If it is no whole gzip file, zip archive or JSON document.
    """
    if not says_its_end(path):
        reason = f"the server does not say where it ends: after {path.stat().st_size:,} bytes it may be cut short"
        raise SourceError(url, reason, f"try again, or put the file at {place}")


def says_its_end(file: Path | BytesIO) -> bool:
    """Tell whether a file is a whole gzip file, zip archive or JSON document, which is none where its end is missing.

    >>> from io import BytesIO
    >>> says_its_end(BytesIO(b'{"a": 12}')), says_its_end(BytesIO(b'{"a": 1')), says_its_end(BytesIO(b"a,12"))
    (True, False, False)
    """
    with file.open("rb") if isinstance(file, Path) else file as opened:
        start = opened.read(64).lstrip()
        opened.seek(0)
        try:
            if start.startswith(_GZIP):
                _unpacked(opened)
                return True
            if start[:1] in (b"{", b"["):
                json.load(opened)
                return True
        except (OSError, EOFError, zlib.error, ValueError, RecursionError):
            return False
        return zipfile.is_zipfile(opened)


def _unpacked(file: Path | IO[bytes]) -> None:
    with gzip.open(file) as packed:
        while packed.read(_PIECE):  # its last eight bytes are a checksum and a length
            pass
