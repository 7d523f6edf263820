"""Reads files out of a zip archive, into memory and within limits; nothing is ever written to a path of an archive."""

from __future__ import annotations

import difflib
import zipfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.limits import MAX_BYTES, MAX_MEMBERS, check_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["members"]

_AGAIN = "the file may be damaged, or not be what its description says; fetch it again"
_LINK, _KIND = 0o120000, 0o170000  # of the Unix mode, in the upper half of the external attributes
_ENCRYPTED = 1
# What macOS adds to an archive beside the files.
_LITTER = "__MACOSX"


def members(
    archive: Path,
    names: Iterable[str],
    *,
    name: str = "",
    max_bytes: int = MAX_BYTES,
    missing: list[str] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Give some files of an archive, one after the other, in the order of their names as given.

    A name means the member whose path is exactly this one. Where there is none, and all of the archive lies in one
    top folder that the name leaves out, it means the path below that folder: archives are packed with and without it.

    Parameters
    ----------
    archive
        A zip file.
    names
        Paths inside it.
    name
        What errors call the archive; its path unless told.
    max_bytes
        The most that one member may have when unpacked.
    missing
        A list that the names of missing members are added to; without it a missing member is an error.

    Yields
    ------
    tuple of str and bytes
        A name as it was given, and the content. Only one member is in memory at a time.

    Raises
    ------
    BadTable
        If it is no zip file or a damaged one, if a member is missing (before any is given), is there twice, is
        encrypted, a link, or too large.
    """
    source = name or str(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            if len(entries) > MAX_MEMBERS:
                raise BadTable(source, f"it has {len(entries):,} entries, more than {MAX_MEMBERS:,}")
            for wanted, entry in _chosen(source, entries, list(names), missing):
                yield wanted, _read(source, opened, entry, max_bytes)
    except OSError as error:
        raise BadTable(source, f"it cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError) as error:
        if isinstance(error, BadTable):
            raise
        raise BadTable(source, f"it is no zip archive, or a damaged one ({error})", _AGAIN) from error


def _chosen(
    source: str, entries: list[zipfile.ZipInfo], names: list[str], missing: list[str] | None
) -> list[tuple[str, zipfile.ZipInfo]]:
    paths = {entry.filename: entry for entry in entries if not entry.is_dir()}
    counts = Counter(entry.filename for entry in entries)
    top = _top(paths)
    found = [(wanted, wanted if wanted in paths else top + wanted) for wanted in names]
    absent = [wanted for wanted, path in found if path not in paths]
    if missing is not None:
        missing += absent
    elif absent:
        raise _absent(source, absent, paths)
    twice = next((path for _, path in found if counts[path] > 1), None)
    if twice is not None:
        raise BadTable(source, f"it has {counts[twice]} members called {twice!r}")
    return [(wanted, paths[path]) for wanted, path in found if path in paths]


def _top(paths: Mapping[str, object]) -> str:
    """Give the one folder that everything lies in, with its slash; empty where there is none."""
    tops = {path.partition("/")[0] for path in paths if not path.startswith(_LITTER + "/")}
    in_folders = all("/" in path for path in paths)
    return f"{tops.pop()}/" if len(tops) == 1 and in_folders else ""


def _absent(source: str, absent: list[str], paths: Mapping[str, object]) -> BadTable:
    last = absent[0].rpartition("/")[2]
    near = sorted(path for path in paths if path.rpartition("/")[2] == last)[:3]
    near = near or difflib.get_close_matches(absent[0], list(paths)[:5000], 3)
    more = f" (and {len(absent) - 1:,} more)" if len(absent) > 1 else ""
    said = f"it has {', '.join(map(repr, near))}" if near else f"it has {len(paths):,} members, none of that name"
    return BadTable(source, f"the archive has no member {absent[0]!r}{more}", said)


def _read(source: str, opened: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> bytes:
    name = f"{source}, member {entry.filename}"
    if entry.external_attr >> 16 & _KIND == _LINK:
        raise BadTable(name, "it is a link, which is not followed")
    if entry.flag_bits & _ENCRYPTED:
        raise BadTable(name, "it is encrypted")
    # What is declared bounds what zipfile unpacks, and the checksum at the end bears it out.
    check_size(name, entry.file_size, max_bytes)
    try:
        return opened.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadTable(name, f"it is damaged, or packed in an unknown way ({error})", _AGAIN) from error
