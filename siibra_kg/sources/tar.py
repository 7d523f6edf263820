r"""A small streaming reader of tar archives: ustar, pax and GNU long names, regular files.

The standard library's ``tarfile`` needs 5.1 s for the 69,043 members of the openMINDS archive, most of it for
objects that describe members nobody wants. This reader looks at each 512-byte header once and gives the bytes of
the wanted files; ``tests/test_sources_tar.py`` holds it against ``tarfile`` on real and on generated archives.

Format: POSIX.1-2017, "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from siibra_kg.sources.limits import Limits

__all__ = ["Member", "read_tar"]

_BLOCK = 512
_ZERO = bytes(_BLOCK)
_REGULAR = b"0\x007"  # "7" is a contiguous file, which every reader treats as a regular one
_NO_DATA = b"123456"  # links, devices, directories, pipes: nothing follows the header, whatever it says
_PAX = b"xX"  # "X" is Solaris' spelling of "x"
_RECORDS_MOST = 1 << 20  # bytes of a pax header or of a GNU long name


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its path, what it is (``"file"``, ``"link"``, ``"large"``, ``"sparse"``, ``"other"``), its bytes."""

    path: str
    kind: str
    data: bytes = b""


class _Window:
    """The part of a stream of chunks that is being looked at."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.buffer = b""
        self.at = 0

    def take(self, size: int) -> bytes:
        """Give the next bytes; fewer only at the end of the stream."""
        end = self.at + size
        if end > len(self.buffer):
            parts = [self.buffer[self.at :]]
            have = len(parts[0])
            while have < size and (chunk := next(self.chunks, b"")):
                parts.append(chunk)
                have += len(chunk)
            self.buffer, self.at, end = b"".join(parts), 0, size
        data = self.buffer[self.at : end]
        self.at += len(data)
        return data

    def skip(self, size: int) -> bool:
        """Pass over bytes without keeping them; ``False`` if the stream ends before."""
        size -= len(self.buffer) - self.at
        if size <= 0:
            self.at = len(self.buffer) + size
            return True
        self.buffer, self.at = b"", 0
        while size > 0 and (chunk := next(self.chunks, b"")):
            if len(chunk) > size:
                self.buffer, self.at = chunk, size
            size -= len(chunk)
        return size <= 0


def read_tar(source: str, chunks: Iterator[bytes], wanted: Callable[[str], bool], limits: Limits) -> Iterator[Member]:
    """Give the wanted members of an uncompressed tar stream, in its order.

    Parameters
    ----------
    source
        What errors name.
    chunks
        The stream in pieces of any size; never held whole.
    wanted
        Tells by its path whether a member is given. Directories never are.
    limits
        A wanted file larger than ``limits.document`` is given as ``"large"``, without its bytes.

    Raises
    ------
    SourceError
        If the stream is not a tar archive, ends early, or has too many entries.
    """
    window = _Window(chunks)
    shared: dict[bytes, bytes] = {}  # pax records that hold for all members that follow
    own: dict[bytes, bytes] = {}  # pax records and GNU long names for the next member
    count = 0
    while (header := window.take(_BLOCK)) and header != _ZERO:
        count += 1
        limits.check_members(source, count)
        _check(source, header, count)
        kind = header[156:157]
        if kind in _PAX:
            own |= _pax(source, _body(source, window, _number(source, header[124:136])))
        elif kind == b"g":
            shared |= _pax(source, _body(source, window, _number(source, header[124:136])))
        elif kind in b"LK":
            text = _body(source, window, _number(source, header[124:136])).split(b"\0", 1)[0]
            if kind == b"L":
                own[b"path"] = text
        else:
            member = _member(source, window, (header, {**shared, **own} if shared else own), wanted, limits)
            if member is not None:
                yield member
            own = {}
    if own:
        raise SourceError(source, "the archive ends before the file that its last header announces")
    if header:
        yield from _after_end(window)


def _member(
    source: str,
    window: _Window,
    entry: tuple[bytes, dict[bytes, bytes]],
    wanted: Callable[[str], bool],
    limits: Limits,
) -> Member | None:
    header, records = entry
    kind = header[156:157]
    raw = records.get(b"path") or _name(header)
    path = raw.decode("utf-8", "backslashreplace")
    directory = kind == b"5" or (kind in b"0\0" and path.endswith("/"))
    size = 0
    if kind not in _NO_DATA:
        size = _number(source, records.get(b"size") or header[124:136], decimal=b"size" in records)
    if kind == b"S":
        _skip_sparse_map(source, window, header)
    padded = size + -size % _BLOCK
    if directory or not wanted(path):
        what = ""
    elif kind in b"12":
        what = "link"
    elif kind == b"S" or any(key.startswith(b"GNU.sparse.") for key in records):
        what = "sparse"
    elif kind not in _REGULAR:
        what = "other"
    else:
        what = "file" if size <= limits.document else "large"
    if what == "file":
        data = window.take(padded)
        if len(data) < size:
            raise SourceError(source, f"the archive ends inside {path}", "fetch it again")
        return Member(path, what, data[:size])
    if not window.skip(padded):
        raise SourceError(source, f"the archive ends inside {path}", "fetch it again")
    return Member(path, what) if what else None


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    # Only POSIX archives have the prefix field; GNU's older format ("ustar  ") keeps times there.
    if header[345] and header[257:263] == b"ustar\0":
        return header[345:500].split(b"\0", 1)[0] + b"/" + name
    return name


def _number(source: str, field: bytes, *, decimal: bool = False) -> int:
    """Read a size: octal digits, GNU's base 256 for large files, or the decimal digits of a pax record."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip() or b"0"
    if not digits.isdigit():
        raise SourceError(source, f"not a tar archive: {field!r} is not a size")
    try:
        return int(digits, 10 if decimal else 8)
    except ValueError as error:
        raise SourceError(source, f"not a tar archive: {field!r} is not a size") from error


def _check(source: str, header: bytes, count: int) -> None:
    if len(header) < _BLOCK:
        raise SourceError(source, "the archive ends inside a header", "fetch it again")
    # The checksum is the sum of all bytes, its own field read as eight spaces. The low half of Adler-32 is that sum
    # plus one, modulo 65521: summing in C is what makes checking 138,000 headers affordable.
    low = zlib.adler32(header[156:], zlib.adler32(b"        ", zlib.adler32(header[:148]))) & 0xFFFF
    stated = _number(source, header[148:156])
    if (stated + 1) % 65521 != low and stated != _signed_sum(header):
        where = "not a tar archive" if count == 1 else f"entry {count} of the archive is damaged"
        raise SourceError(source, f"{where}: a header has a wrong checksum", "fetch it again")


def _signed_sum(header: bytes) -> int:
    """Some old programs summed signed characters; ``tarfile`` accepts that too."""
    plain = header[:148] + b"        " + header[156:]
    return sum(byte - 256 if byte > 127 else byte for byte in plain)


def _body(source: str, window: _Window, size: int) -> bytes:
    if size > _RECORDS_MOST:
        raise SourceError(source, f"a header of {size:,} bytes; the most allowed is {_RECORDS_MOST:,}")
    data = window.take(size + -size % _BLOCK)
    if len(data) < size:
        raise SourceError(source, "the archive ends inside a header", "fetch it again")
    return data[:size]


def _pax(source: str, data: bytes) -> dict[bytes, bytes]:
    r"""Read records of the form ``<length> <key>=<value>\n``, where the length counts the whole record."""
    records = {}
    at = 0
    while at < len(data) and data[at]:
        length, _, _ = data[at : at + 20].partition(b" ")
        end = at + int(length) if length.isdigit() else 0
        key, equals, value = data[at + len(length) + 1 : end - 1].partition(b"=")
        if not equals or end <= at or end > len(data):
            raise SourceError(source, "a pax header is damaged", "fetch it again")
        records[key] = value
        at = end
    return records


def _skip_sparse_map(source: str, window: _Window, header: bytes) -> None:
    more = header[482]
    while more:
        block = window.take(_BLOCK)
        if len(block) < _BLOCK:
            raise SourceError(source, "the archive ends inside a header", "fetch it again")
        more = block[504]


def _after_end(window: _Window) -> Iterator[Member]:
    """Read the stream to its end, so that its checksum is verified, and report anything but padding."""
    rest = window.buffer[window.at :]
    found = bool(rest.strip(b"\0"))
    for chunk in window.chunks:
        found = found or bool(chunk.strip(b"\0"))
    if found:
        yield Member("(after the end mark)", "other")
