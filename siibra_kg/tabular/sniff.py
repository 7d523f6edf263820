"""A first look at a file: whether it can be a table, or an archive of tables, at all."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NOT_A_TABLE", "check_file", "check_start"]

#: The hint for what servers send instead of data.
NOT_A_TABLE = "the server may be down or want a login: open the address in a browser"
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|\?xml|head|body|script)", re.IGNORECASE | re.DOTALL)
_START = 4096


def check_start(data: bytes, name: str) -> None:
    """Look at the first bytes of a file.

    Raises
    ------
    BadTable
        If there is nothing but blanks, or a web page.

    >>> check_start(b"<!DOCTYPE html><title>Sign in</title>", "a.csv")
    Traceback (most recent call last):
        ...
    siibra_kg.data_errors.BadTable: a.csv: it is a web page, not a table; the server may be down or want a login: ...
    """
    start = data[:_START].removeprefix(b"\xef\xbb\xbf")
    if not start.strip():
        raise BadTable(name, "it is empty" if len(data) <= _START else "it begins with nothing but blanks", NOT_A_TABLE)
    if _PAGE.match(start):
        raise BadTable(name, "it is a web page, not a table", NOT_A_TABLE)


def check_file(path: Path, name: str, *, archive: bool = False) -> None:
    """Look at a file before it is kept.

    Parameters
    ----------
    path
        The file.
    name
        What errors call it.
    archive
        Whether it should be a zip archive: then its table of contents, at its end, has to be there.

    Raises
    ------
    BadTable
        If it is empty, a web page, or not the archive that it should be.
    """
    with path.open("rb") as file:
        check_start(file.read(_START), name)
    if archive and not zipfile.is_zipfile(path):
        raise BadTable(name, "it is no whole zip archive", "fetch it again; " + NOT_A_TABLE)
