"""Unpacks gzip, within limits."""

from __future__ import annotations

import zlib

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular.limits import MAX_BYTES, check_size

__all__ = ["gunzip"]

_GZIP = 31  # zlib's window bits for gzip with its checksum verified
_AGAIN = "the file may be damaged, or not be what its description says; fetch it again"


def gunzip(data: bytes, *, name: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Unpack a whole gzip file, also one of several members or padded with zeros.

    Parameters
    ----------
    data
        The file.
    name
        What errors call it.
    max_bytes
        The most that it may unpack to; no more than that is ever unpacked.

    Raises
    ------
    BadTable
        If it is no gzip, is damaged or cut short, or unpacks to more.

    >>> import gzip
    >>> gunzip(gzip.compress(b"1,2"), name="a.csv.gz")
    b'1,2'
    """
    out = bytearray()
    rest = data
    while rest or not data:
        unpacker = zlib.decompressobj(_GZIP)
        try:
            out += unpacker.decompress(rest, max(max_bytes + 1 - len(out), 1))
        except zlib.error as error:
            reason = "it is no gzip file" if not out else "its gzip stream is damaged"
            raise BadTable(name, f"{reason} ({error})", _AGAIN) from error
        check_size(name, len(out), max_bytes)
        if not unpacker.eof:
            raise BadTable(name, "its gzip stream ends early", _AGAIN)
        rest = unpacker.unused_data.lstrip(b"\0")
    return bytes(out)
