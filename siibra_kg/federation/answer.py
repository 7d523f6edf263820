"""What a federated query gives back: a table that remembers who was asked, what, and what the answers were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.table import Table

if TYPE_CHECKING:
    from siibra_kg.table import Row

__all__ = ["Call", "FederatedTable"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an endpoint and what came back.

    Parameters
    ----------
    endpoint
        Its address.
    sparql
        The exact text that was sent.
    rows
        Solutions in the answer.
    seconds
        From the look-up of the name to the last byte.
    media_type
        Of the answer.
    date
        When the endpoint says that it answered (HTTP ``Date``); empty if it does not say.
    sha256
        Of the answer, decompressed.
    error
        What went wrong where the query said ``SILENT``; empty if nothing did.
    """

    endpoint: str
    sparql: str
    rows: int = 0
    seconds: float = 0.0
    media_type: str = ""
    date: str = ""
    sha256: str = ""
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"{self.endpoint}: {self.error}"
        when = f", {self.date}" if self.date else ""
        return f"{self.endpoint}: {self.rows:,} rows in {self.seconds:.2f} s{when}, sha256 {self.sha256[:12]}"


@dataclass(frozen=True, slots=True)
class FederatedTable(Table):
    """A table whose rows come from this graph and from others.

    Parameters
    ----------
    calls
        The requests to other endpoints, in their order.
    """

    calls: tuple[Call, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows, whose cells are attributes."""
        return tuple(self)

    def provenance(self) -> dict[str, Any]:
        """Say where the rows come from, in the terms of PROV-O: an entity, and an activity for each request."""
        activities = [
            {
                "@type": "prov:Activity",
                "prov:used": {"@id": c.endpoint, "@type": "prov:Entity"},
                "prov:value": c.sparql,
                "prov:endedAtTime": c.date,
                "prov:generated": {
                    "@type": "prov:Entity",
                    "dcterms:format": c.media_type,
                    "spdx:checksumValue": c.sha256,
                    "rows": c.rows,
                },
                "seconds": round(c.seconds, 3),
                **({"error": c.error} if c.error else {}),
            }
            for c in self.calls
        ]
        return {"@type": "prov:Entity", "prov:value": self.sparql, "prov:wasGeneratedBy": activities}

    def __str__(self) -> str:
        asked = "".join(f"\n# {call}" for call in self.calls) or "\n# no endpoint was asked: nothing here to join with"
        return Table.__str__(self) + asked

    def __repr__(self) -> str:
        return f"<FederatedTable: {len(self):,} rows; {'; '.join(map(str, self.calls)) or 'no endpoint was asked'}>"
