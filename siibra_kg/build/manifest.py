"""What a snapshot says about itself: ``manifest.json``, the same bytes for the same input."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FORMAT", "Manifest", "SourceRecord"]

#: Version of the folder's layout and of the graph's model. A reader refuses any other.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One source as it was read; ``missing`` says why nothing was, and is empty otherwise."""

    name: str
    kind: str = ""
    graph: str = ""
    version: str = ""
    revision: str = ""
    url: str = ""
    license: str = ""
    sha256: str = ""
    documents: int = 0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of ``manifest.json``.

    Parameters
    ----------
    format
        See :data:`FORMAT`.
    tool
        Version of siibra_kg that built it.
    base_iri
        Base of the minted IRIs.
    content_hash
        SHA-256 of the uncompressed ``graph.nq``, hexadecimal.
    graph_bytes
        Size of ``graph.nq.zst``.
    triples
        Number of quads.
    sources
        What was read.
    rules
        Names of the rules, in the order in which they ran.
    graphs
        Number of triples by IRI of the named graph.
    """

    format: int
    tool: str
    base_iri: str
    content_hash: str
    graph_bytes: int
    triples: int
    sources: tuple[SourceRecord, ...]
    rules: tuple[str, ...]
    graphs: Mapping[str, int]

    @property
    def short_hash(self) -> str:
        """The first 16 digits of the content hash: the name of the snapshot."""
        return self.content_hash[:16]

    def to_json(self) -> bytes:
        """Write it; sorted keys, one trailing newline."""
        return (json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a ``manifest.json``.

        Raises
        ------
        SnapshotError
            If it is missing, malformed, or of another format version.
        """
        folder = str(path.parent)
        try:
            data = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise SnapshotError(folder, "there is no snapshot here (no manifest.json)") from None
        except (OSError, ValueError) as error:
            raise SnapshotError(folder, f"its manifest.json cannot be read: {error}") from error
        version = data.get("format") if isinstance(data, dict) else None
        if version != FORMAT:
            found = f"format {version!r}" if version is not None else "no format version"
            raise SnapshotError(folder, f"this program reads snapshots of format {FORMAT}, this one has {found}")
        try:
            return _from_json(data)
        except (KeyError, TypeError) as error:
            raise SnapshotError(folder, f"its manifest.json is incomplete: {error}") from error


def _from_json(data: Mapping[str, Any]) -> Manifest:
    sources = tuple(SourceRecord(**source) for source in data["sources"])
    plain = {name: data[name] for name in ("tool", "base_iri", "content_hash", "graph_bytes", "triples")}
    return Manifest(format=FORMAT, sources=sources, rules=tuple(data["rules"]), graphs=dict(data["graphs"]), **plain)
