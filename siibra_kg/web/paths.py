"""Which paths, of an address or inside an archive, are refused."""

from __future__ import annotations

import re

__all__ = ["clean_path"]

_DRIVE = re.compile(r"[A-Za-z]:")
_ODD = re.compile(r"[\\:\0]|^[./]|/$")
_SEPARATORS = re.compile(r"[/\\]")


def clean_path(path: str) -> tuple[str, str]:
    """Give the path of an archive member in its plain form, and why it is refused (empty when it is fine).

    Nothing is ever written under such a path; but it names the document in reports and hashes, and a path that
    leaves the archive is a sign of a hostile one.

    >>> clean_path("./a//b.jsonld")
    ('a/b.jsonld', '')
    >>> clean_path("../a.jsonld")
    ('../a.jsonld', 'the path leaves the archive')
    """
    # Nearly every path is plain; telling so first is worth 30 ms for the 17,432 of openMINDS.
    if "/." not in path and "//" not in path and _ODD.search(path) is None:
        return path, ""
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        return path, "the path is absolute"
    if ".." in _SEPARATORS.split(path):
        return path, "the path leaves the archive"
    if "\0" in path:
        return path, "the path holds a NUL"
    return "/".join(part for part in path.split("/") if part not in {"", "."}), ""
