"""How large the tables of a file may be."""

from __future__ import annotations

from siibra_kg.data_errors import BadTable

__all__ = ["MAX_BYTES", "MAX_MEMBERS", "check_size"]

#: Bytes of one table: of its text, or of its array. The largest known ones, time series of a subject, have 20 MB.
MAX_BYTES = 512 * 2**20
#: Entries of one archive. The largest known one has 2,700.
MAX_MEMBERS = 200_000


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Stop at what is too large.

    Raises
    ------
    BadTable
        If ``size`` is more than ``max_bytes``.
    """
    if size > max_bytes:
        raise BadTable(
            name, f"it has more than {max_bytes:,} bytes when unpacked", "give a higher max_bytes if you trust it"
        )
