"""Where voxels and vertices come from, and what was done to them since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siibra_kg.terms import IRI

__all__ = ["Provenance"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the voxels of a volume come from.

    Parameters
    ----------
    volume, map
        IRIs of the ``skg:Volume`` that was read, and of the ``skg:ParcellationMap`` it belongs to.
    url
        Of the file.
    sha256
        Of the decoded file, as it was read.
    license, citation
        Of the data, as the graph states them.
    derivation
        The steps from the file to these voxels, oldest first; empty for the file as it is.

    Examples
    --------
    >>> Provenance(url="https://example.org/a.nii").then("position 3 of 7").derivation
    ('position 3 of 7',)
    """

    volume: IRI | None = None
    map: IRI | None = None
    url: str = ""
    sha256: str = ""
    license: str = ""
    citation: str = ""
    derivation: tuple[str, ...] = ()

    def then(self, *steps: str) -> Provenance:
        """Give the provenance of what was made of these voxels by some more steps."""
        # Not dataclasses.replace, which asks each field for its name: a label map does this for each of its masks.
        known = (self.volume, self.map, self.url, self.sha256, self.license, self.citation)
        return Provenance(*known, (*self.derivation, *steps))

    def to_dict(self) -> dict[str, Any]:
        """Give the fields that are known, in their order."""
        rows = {n: getattr(self, n) for n in self.__slots__}
        return {n: list(v) if isinstance(v, tuple) else str(v) for n, v in rows.items() if v}

    def __str__(self) -> str:
        """Give the file, as one words it in a step of another: its address and the start of its checksum."""
        what = self.url or str(self.volume or "an array")
        return f"{what} (sha256 {self.sha256[:12]}…)" if self.sha256 else what
