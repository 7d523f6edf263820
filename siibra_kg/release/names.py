"""What the files of a release are called, and what they hold."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CRATE", "DUMP", "MANIFEST", "SUMS", "VOID", "media_type"]

SUMS, CRATE, MANIFEST = "SHA256SUMS", "ro-crate-metadata.json", "manifest.json"
DUMP, VOID = "dumps/graph.nq.zst", "descriptions/void.ttl"

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "cff": "application/yaml",
        "gz": "application/gzip",
        "html": "text/html",
        "json": "application/json",
        "jsonld": "application/ld+json",
        "md": "text/markdown",
        "nq": "application/n-quads",
        "nt": "application/n-triples",
        "rq": "application/sparql-query",
        "tsv": "text/tab-separated-values",
        "ttl": "text/turtle",
        "zst": "application/zstd",
    }
)


def media_type(name: str) -> str:
    """Give the media type of a file by its last suffix.

    >>> media_type("dumps/graph.ttl.gz"), media_type("SHA256SUMS")
    ('application/gzip', 'text/plain')
    """
    return _TYPES.get(name.rpartition(".")[2], "text/plain")
