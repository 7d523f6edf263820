"""How large input may be."""

from __future__ import annotations

from dataclasses import dataclass

from siibra_kg.errors import SourceError

__all__ = ["LIMITS", "Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep a hostile archive from filling the memory.

    Parameters
    ----------
    document
        Bytes of one document; a larger one is set aside.
    total
        Bytes of everything unpacked, wanted or not; more stops the source.
    ratio
        Unpacked bytes for each packed byte. The openMINDS archive has 37, a bomb more than 1,000.
    grace
        Bytes that may be unpacked before the ratio counts.
    members
        How many entries an archive may have.
    """

    document: int = 256 * _MIB
    total: int = 4096 * _MIB
    ratio: int = 200
    grace: int = 32 * _MIB
    members: int = 1_000_000

    def check_size(self, source: str, unpacked: int, packed: int) -> None:
        """Stop a decompression bomb.

        Raises
        ------
        SourceError
            If more was unpacked than is allowed, absolutely or for the packed size.
        """
        if unpacked > self.total:
            raise SourceError(source, f"it unpacks to more than {self.total:,} bytes", "unpack it and give the folder")
        if unpacked > self.grace and unpacked > packed * self.ratio:
            reason = f"a decompression bomb: {packed:,} bytes unpack to {unpacked:,} or more"
            raise SourceError(source, reason, "unpack it and give the folder if you trust it")

    def check_members(self, source: str, members: int) -> None:
        """Stop an archive with too many entries.

        Raises
        ------
        SourceError
            If there are more than allowed.
        """
        if members > self.members:
            raise SourceError(source, f"more than {self.members:,} entries", "unpack it and give the folder")


LIMITS = Limits()
