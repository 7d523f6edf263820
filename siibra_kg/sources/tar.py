r"""A small streaming reader of tar archives: ustar, pax and GNU long names, regular files.

The standard library's ``tarfile`` needs 5.1 s for the 69,043 members of the openMINDS archive, most of it for
objects that describe members nobody wants. This reader looks at each 512-byte header once and gives the bytes of
the wanted files; ``tests/test_sources_tar.py`` holds it against ``tarfile`` on real and on generated archives.

Format: POSIX.1-2017, "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from siibra_kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    """One entry: its path, what it is, and the bytes of a file.

    What it is: ``"file"``, ``"link"``, ``"large"``, ``"sparse"``, ``"other"``; and, with no path, ``"trailing"`` for
    what follows the end mark of the archive, or ``"unended"`` where there is none.
    """

    path: str
    kind: str
    data: bytes = b""


class _Damaged(Exception):
    """The stream is no tar archive, or not a whole one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Window:
    """The part of a stream of chunks that is being looked at."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.buffer = b""
        self.at = 0
        self.ended = False

    def take(self, size: int) -> bytes:
        """Give the next bytes, fewer only at the end of the stream."""
        end = self.at + size
        if end > len(self.buffer):
            parts = [self.buffer[self.at :]]
            have = len(parts[0])
            while have < size and (chunk := next(self.chunks, b"")):
                parts.append(chunk)
                have += len(chunk)
            self.buffer, self.at, end = b"".join(parts), 0, size
            self.ended = have < size
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
    try:
        for count, (header, records) in enumerate(_headers(window), 1):
            limits.check_members(source, count)
            member = _member(window, header, records, wanted, limits.document)
            if member is not None:
                yield member
        yield from _after_end(window)
    except _Damaged as error:
        raise SourceError(source, error.reason, "fetch it again") from error


def _headers(window: _Window) -> Iterator[tuple[bytes, Mapping[bytes, bytes]]]:
    """Give the header of each member, with the pax records and the GNU long name that came before it."""
    shared: dict[bytes, bytes] = {}  # pax records that hold for all members that follow
    own: dict[bytes, bytes] = {}  # those of the next member
    while (header := window.take(_BLOCK)) and header != _ZERO:
        _check(header)
        kind = header[156:157]
        if kind in _PAX:
            own |= _pax(_body(window, header))
        elif kind == b"g":
            shared |= _pax(_body(window, header))
        elif kind == b"L":
            own[b"path"] = _body(window, header).partition(b"\0")[0]
        elif kind == b"K":  # the long target of a link
            _body(window, header)
        else:
            yield header, {**shared, **own} if shared else own
            own = {}
    if own:
        raise _Damaged("the archive ends before the file that its last header announces")


def _member(
    window: _Window, header: bytes, records: Mapping[bytes, bytes], wanted: Callable[[str], bool], most: int
) -> Member | None:
    kind = header[156:157]
    path = (records.get(b"path") or _name(header)).decode("utf-8", "backslashreplace")
    size = 0
    if kind not in _NO_DATA:
        size = _number(records[b"size"], 10) if b"size" in records else _number(header[124:136])
    if kind == b"S":
        _skip_sparse_map(window, header)
    directory = kind == b"5" or path.endswith("/")
    what = "" if directory or not wanted(path) else _what(kind, records)
    if what == "file" and size > most:
        what = "large"
    padded = size + -size % _BLOCK
    if what == "file":
        data = window.take(padded)
        if len(data) < size:
            raise _Damaged(f"the archive ends inside {path}")
        return Member(path, what, data[:size])
    if not window.skip(padded):
        raise _Damaged(f"the archive ends inside {path}")
    return Member(path, what) if what else None


def _what(kind: bytes, records: Mapping[bytes, bytes]) -> str:
    if kind in b"12":
        return "link"
    if kind == b"S" or any(key.startswith(b"GNU.sparse.") for key in records):
        return "sparse"
    return "file" if kind in _REGULAR else "other"


def _name(header: bytes) -> bytes:
    name = header[:100].partition(b"\0")[0]
    # Only POSIX archives have the prefix field; GNU's older format ("ustar  ") keeps times there.
    if header[345] and header[257:263] == b"ustar\0":
        return header[345:500].partition(b"\0")[0] + b"/" + name
    return name


# Sizes and checksums repeat: of the 276,000 numbers in the openMINDS archive fewer than 6,000 are different.
@lru_cache(8192)
def _number(field: bytes, base: int = 8) -> int:
    """Read a number: digits up to a NUL, between spaces; or GNU's base 256, which a first byte of 0x80 announces."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip() or b"0"
    try:
        return int(digits if digits.isdigit() else b"?", base)  # int() alone would take signs and underscores
    except ValueError as error:
        raise _Damaged(f"not a tar archive, or a damaged one: {field!r} is not a number") from error


def _check(header: bytes) -> None:
    if len(header) < _BLOCK:
        raise _Damaged("the archive ends inside a header")
    # The checksum is the sum of all bytes, its own field read as eight spaces. The low half of Adler-32 is the sum
    # plus one, modulo 65521: summing in C is what makes it affordable to check 138,000 headers.
    field = header[148:156]
    if zlib.adler32(header) & 0xFFFF != _adler(field) and _number(field) != _signed_sum(header):
        raise _Damaged("not a tar archive, or a damaged one: a header has a wrong checksum")


@lru_cache(8192)
def _adler(field: bytes) -> int:
    """Give the low half of Adler-32 that a header with this checksum field must have."""
    return (_number(field) - 8 * ord(" ") + sum(field) + 1) % 65521


def _signed_sum(header: bytes) -> int:
    """Some old programs summed signed characters; ``tarfile`` accepts that too."""
    plain = header[:148] + b"        " + header[156:]
    return sum(byte - 256 if byte > 127 else byte for byte in plain)


def _body(window: _Window, header: bytes) -> bytes:
    size = _number(header[124:136])
    if size > _RECORDS_MOST:
        raise _Damaged(f"a header of {size:,} bytes; the most allowed is {_RECORDS_MOST:,}")
    data = window.take(size + -size % _BLOCK)
    if len(data) < size:
        raise _Damaged("the archive ends inside a header")
    return data[:size]


def _pax(data: bytes) -> dict[bytes, bytes]:
    r"""Read records of the form ``<length> <key>=<value>\n``, where the length counts the whole record."""
    records = {}
    at = 0
    while at < len(data) and data[at]:
        length = data[at : at + 20].partition(b" ")[0]
        end = at + int(length) if length.isdigit() else 0
        key, equals, value = data[at + len(length) + 1 : end - 1].partition(b"=")
        if not equals or end <= at or end > len(data):
            raise _Damaged("a pax header is damaged")
        records[key] = value
        at = end
    return records


def _skip_sparse_map(window: _Window, header: bytes) -> None:
    more = header[482]
    while more:
        block = window.take(_BLOCK)
        if len(block) < _BLOCK:
            raise _Damaged("the archive ends inside a header")
        more = block[504]


def _after_end(window: _Window) -> Iterator[Member]:
    """Read the stream to its end, so that its checksum is verified, and report anything but padding."""
    # The end mark is two blocks of zeros; the first was taken already, and many readers ask for no more.
    if window.ended:
        yield Member("", "unended")
    found = bool(window.buffer[window.at :].strip(b"\0"))
    for chunk in window.chunks:
        found = found or bool(chunk.strip(b"\0"))
    if found:
        yield Member("", "trailing")
