"""Whether a packed file is all there, for servers that do not say how long it is."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_cut"]


def is_cut(path: Path, name: str) -> bool:
    """Tell whether a gzip or zip file ends early; files of other kinds have no end that could be looked for.

    Without a length the end of the connection is taken for the end of the file, also where the connection broke.
    """
    if name.endswith((".gz", ".tgz")):
        try:
            with gzip.open(path) as file:
                while file.read(1 << 20):  # its last eight bytes are a checksum and a length
                    pass
        except EOFError:
            return True
        except (OSError, zlib.error):
            return False  # not cut but damaged, or no gzip at all: its reader says so
    return name.endswith(".zip") and not zipfile.is_zipfile(path)  # its directory is at the end
