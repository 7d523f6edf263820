"""A file, plain, gzipped, or inside a zip archive, as one stream of bytes that cannot hold more than it says.

Nothing is ever unpacked onto the disk, so the name of a member leads nowhere. How much a stream can give at most is
known before it is read: DEFLATE expands no byte to more than 1,032 (258 bytes from two bits; RFC 1951, 3.2.5). A header
that declares more than that is refused before memory is taken for it.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from siibra_kg.errors import BadVolume, SiibraKGError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Content", "contents", "opened"]

_RATIO = 1032
# A gzip file of nothing has some 20 bytes; and a member's own header.
_SLACK = 2**12
_METHODS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: _RATIO}
_ENCRYPTED = 1
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Content:
    """The decoded bytes of a file.

    Parameters
    ----------
    stream
        Gives them.
    name
        Of the file, and of the member of the archive, for messages.
    most
        There cannot be more than this.
    """

    stream: IO[bytes]
    name: str
    most: int


@contextmanager
def opened(path: Path, member: str = "") -> Iterator[Content]:
    """Open a file to read what it holds; gzip, also inside of an archive, is told by its first two bytes.

    Parameters
    ----------
    path
        The file.
    member
        Which file of a zip archive: its whole name, or the end of it where that fits only one.

    Raises
    ------
    BadVolume
        If the file or the member cannot be read; also for whatever goes wrong while it is open.
    """
    name = f"{path} ({member})" if member else str(path)
    try:
        with path.open("rb") as file:
            most = path.stat().st_size
            if not member:
                yield _unzipped(file, name, most)
                return
            with _archive(file, name) as archive:
                info = _member(archive, member, name)
                # What the archive says of the size is checked by zipfile, but only at the end.
                most = min(info.file_size, info.compress_size * _METHODS[info.compress_type] + _SLACK, most * _RATIO)
                with archive.open(info) as inner:
                    yield _unzipped(inner, name, most)
    except SiibraKGError:
        raise  # also what is raised where the file is used: some of these are OSErrors too
    except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise BadVolume(name, f"cannot be read ({error})") from error


def _archive(file: IO[bytes], name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (ValueError, LookupError, ArithmeticError, struct.error) as error:
        # A directory of an archive that lies brings zipfile to raise these, for instance a UnicodeDecodeError.
        raise BadVolume(name, f"its archive cannot be read ({error})") from error


def _unzipped(file: IO[bytes], name: str, most: int) -> Content:
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if gzipped:
        # GzipFile says so of itself only from Python 3.12 on: it reads bytes.
        return Content(gzip.GzipFile(fileobj=file), name, most * _RATIO + _SLACK)  # type: ignore[arg-type]
    return Content(file, name, most)


def _member(archive: zipfile.ZipFile, member: str, name: str) -> zipfile.ZipInfo:
    wanted = PurePosixPath(member)
    if wanted.is_absolute() or ".." in wanted.parts or "\\" in member:
        raise BadVolume(name, f"the member name {member!r} leads out of the archive")
    # Not ZipInfo.is_dir: of a member without a name it raises an IndexError (Python 3.11).
    there = [i for i in archive.infolist() if not i.filename.endswith("/")]
    found = [i for i in there if i.filename == member]
    # The archives of the Montreal Neurological Institute keep their files in a folder that siibra's names leave out.
    # Only whole parts of a path are compared: "t1.nii" is not the end of "not_t1.nii".
    found = found or [i for i in there if PurePosixPath(i.filename).parts[-len(wanted.parts) :] == wanted.parts]
    if len(found) == 1:
        if found[0].flag_bits & _ENCRYPTED or found[0].compress_type not in _METHODS:
            raise BadVolume(name, "is encrypted or packed in a way that is not read", "store or deflate it")
        return found[0]
    listed = ", ".join(i.filename for i in (found or there)[:8]) + (", …" if len(found or there) > 8 else "")
    if found:
        raise BadVolume(name, f"{len(found)} members of the archive have the name {member!r}: {listed}")
    raise BadVolume(name, f"the archive has no member {member!r}", f"it has: {listed or 'nothing'}")


def contents(path: Path, max_bytes: int, member: str = "") -> bytes:
    """Give all decoded bytes of a file that has to be small.

    Raises
    ------
    BadVolume
        If there are more than ``max_bytes``, or the file cannot be read.
    """
    with opened(path, member) as content:
        data = bytearray()
        while chunk := content.stream.read(_CHUNK):
            data += chunk
            if len(data) > max_bytes:
                raise BadVolume(content.name, f"holds more than the {max_bytes:,} bytes that are read at once")
        if not data:
            raise BadVolume(content.name, "the file is empty")
        return bytes(data)
