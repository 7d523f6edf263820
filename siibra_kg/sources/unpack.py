"""Reads the documents out of an archive file: ``.tar.gz``, ``.tar`` or ``.zip``, with guards against bombs."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError
from siibra_kg.sources.formats import ARCHIVES
from siibra_kg.sources.limits import LIMITS, Limits
from siibra_kg.sources.tar import Member, read_tar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["gunzip", "unpack"]

_CHUNK = 1 << 20
_GZIP = 31  # zlib's window bits for gzip with its checksum verified
_AGAIN = "fetch it again"


def unpack(
    path: Path, wanted: Callable[[str], bool], limits: Limits = LIMITS, *, name: str = ""
) -> Generator[Member, None, None]:
    """Give the wanted members of an archive, in its order.

    Parameters
    ----------
    path
        The archive.
    wanted
        Tells by its path whether a member is given.
    limits
        What stops a bomb.
    name
        The name or address that tells the format, and that errors name; that of ``path`` unless told.

    Raises
    ------
    SourceError
        If the archive cannot be opened, is damaged, ends early or is a bomb.
    """
    source = name or str(path)
    name = source.lower()
    if not name.endswith(ARCHIVES):
        raise SourceError(source, "not an archive that can be read", f"one of {', '.join(ARCHIVES)} can")
    try:
        if name.endswith(".zip"):
            yield from _unzip(source, path, wanted, limits)
            return
        with path.open("rb") as file:
            chunks = _plain(source, file, limits) if name.endswith(".tar") else gunzip(source, file, limits)
            yield from read_tar(source, chunks, wanted, limits)
    except OSError as error:
        raise SourceError(source, f"cannot be read: {error.strerror or error}") from error


def _plain(source: str, file: BinaryIO, limits: Limits) -> Iterator[bytes]:
    total = 0
    while chunk := file.read(_CHUNK):
        total += len(chunk)
        limits.check_size(source, total, total)
        yield chunk


def gunzip(source: str, file: BinaryIO, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Unpack a gzip stream (also of several members, also zero-padded) in pieces of at most one mebibyte.

    Raises
    ------
    SourceError
        If it is not gzip, is damaged or cut short, or unpacks to more than ``limits`` allow.
    """
    packed = total = 0
    unpacker = zlib.decompressobj(_GZIP)
    pending = b""
    while pending or (pending := file.read(_CHUNK)):
        if unpacker.eof:  # another member, or padding
            pending = pending.lstrip(b"\0")
            if pending:
                packed += len(unpacker.unused_data)
                unpacker = zlib.decompressobj(_GZIP)
            continue
        try:
            chunk = unpacker.decompress(pending, _CHUNK)
        except zlib.error as error:
            reason = "not a gzip file" if total == 0 else "the gzip stream is damaged"
            raise SourceError(source, f"{reason} ({error})", _AGAIN) from error
        total += len(chunk)
        pending = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        limits.check_size(source, total, file.tell() - len(pending))
        if chunk:
            yield chunk
    if not unpacker.eof:
        raise SourceError(source, "the gzip stream ends early", _AGAIN)


def _unzip(source: str, path: Path, wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    total, packed = 0, path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            limits.check_members(source, len(entries))
            for entry in entries:
                if entry.is_dir() or not wanted(entry.filename):
                    continue
                limits.check_size(source, entry.file_size, entry.compress_size)
                member = _zip_member(archive, entry, limits)
                total += len(member.data)
                limits.check_size(source, total, packed)
                yield member
    except (zipfile.BadZipFile, ValueError) as error:
        raise SourceError(source, f"not a zip archive, or a damaged one ({error})", _AGAIN) from error


def _zip_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: Limits) -> Member:
    # The upper half of the external attributes is the Unix mode; 0o120000 marks a symbolic link.
    if entry.external_attr >> 16 & 0o170000 == 0o120000:
        return Member(entry.filename, "link")
    if entry.file_size > limits.document:
        return Member(entry.filename, "large")
    try:
        return Member(entry.filename, "file", archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        return Member(entry.filename, f"damaged ({error})")
    except (RuntimeError, NotImplementedError) as error:  # encrypted; a compression that Python does not know
        return Member(entry.filename, f"unreadable ({error})")
