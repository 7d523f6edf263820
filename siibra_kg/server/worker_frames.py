"""What goes over the socket between the front process and a worker: frames with a fixed head.

To the worker: number of the job, length of a JSON text, and the text; without text, the job of that number is not
wanted any more. From the worker: kind, status, number of the job, length of the header lines, length of the body; then
both. A small answer is one frame, ``WHOLE``; a large one is ``HEAD``, any number of ``CHUNK``, and ``END`` or
``BROKEN``. A job that is not wanted any more is answered all the same, if it had begun, or with ``FORGOTTEN``.
"""

from __future__ import annotations

import struct
from functools import lru_cache

__all__ = [
    "BROKEN",
    "CHUNK",
    "END",
    "FAILED",
    "FORGOTTEN",
    "HEAD",
    "HEAD_SIZE",
    "ORDER_SIZE",
    "PIECE",
    "READY",
    "WHOLE",
    "frame",
    "order",
    "pack_headers",
    "split",
    "split_order",
    "unpack_headers",
]

#: Kinds of frames from a worker. ``READY`` and ``FAILED`` come once, before all others.
READY, FAILED, WHOLE, HEAD, CHUNK, END, BROKEN, FORGOTTEN = range(8)

#: Bytes of an answer that are sent at once; an answer below it is sent as one frame.
PIECE = 1 << 16

_HEAD = struct.Struct("!BHIII")
_ORDER = struct.Struct("!II")
HEAD_SIZE = _HEAD.size
ORDER_SIZE = _ORDER.size


def frame(kind: int, number: int = 0, status: int = 0, headers: bytes = b"", body: bytes = b"") -> bytes:
    """Write a frame of a worker.

    >>> split(frame(WHOLE, 7, 200, b"", b"yes"), 0)
    (2, 200, 7, 0, 3)
    """
    return b"".join((_HEAD.pack(kind, status, number, len(headers), len(body)), headers, body))


def split(data: bytes | bytearray, at: int) -> tuple[int, int, int, int, int]:
    """Read the head of a frame: kind, status, number of the job, length of the headers, length of the body."""
    return _HEAD.unpack_from(data, at)


def order(number: int, text: bytes = b"") -> bytes:
    """Write a job for a worker; without text, a word that it shall forget the one of that number."""
    return _ORDER.pack(number, len(text)) + text


def split_order(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """Read what comes before a job's text: its number, and the length of the text."""
    return _ORDER.unpack_from(data, at)


@lru_cache(maxsize=256)
def pack_headers(headers: tuple[tuple[str, str], ...]) -> bytes:
    """Write header lines as one piece of bytes; most answers have the same ones.

    Raises
    ------
    ValueError
        If one has a character that would end its line, or none that HTTP can send.

    >>> unpack_headers(pack_headers((("Vary", "Accept"),)))
    ((b'vary', b'Accept'),)
    """
    out = []
    for name, value in headers:
        if not name.isascii() or any(c < " " for c in name + value):
            raise ValueError(f"header {name!r} has a control character")
        out += [name.lower(), value]
    return "\0".join(out).encode("latin-1")


def unpack_headers(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Read header lines; what :func:`pack_headers` wrote."""
    parts = data.split(b"\0") if data else []
    return tuple(zip(parts[::2], parts[1::2], strict=True))
