"""Finds nodes that two documents describe differently; the first description stays, the later one is set aside.

Equal descriptions are no conflict. Sources and their documents come in a fixed order, so "first" is always the same.
RDF files are never sifted: to say more about a node is what they are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.build.report import Duplicate

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Descriptions"]


class Descriptions:
    """Remembers for each node the document that described it first."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, bytes, tuple[str, ...]]] = {}

    def sift(
        self, source: str, documents: Iterable[tuple[str, bytes, tuple[str, ...]]]
    ) -> tuple[list[bytes], list[Duplicate]]:
        """Keep what is said for the first time, or again in the same words.

        Parameters
        ----------
        source
            Name of the source, for the report.
        documents
            Path, N-Triples and described nodes of each document.

        Returns
        -------
        tuple
            The N-Triples to keep, one entry a document; and the conflicts.
        """
        kept: list[bytes] = []
        conflicts: list[Duplicate] = []
        for path, text, nodes in documents:
            if not nodes:
                kept.append(text)
                continue
            again = {n for n in nodes if n in self._first}
            for node in nodes:
                if node not in again:
                    self._first[node] = (f"{source}: {path}", text, nodes)
            left = text
            for node in sorted(again):
                where, before, beside = self._first[node]
                own = _description(node, text, nodes)
                if own != _description(node, before, beside):
                    conflicts.append(Duplicate(node, where, f"{source}: {path}"))
                    left = _minus(left, own)
            if left:
                kept.append(left)
        return kept, conflicts


def _description(node: str, text: bytes, nodes: Iterable[str]) -> frozenset[bytes]:
    """Give the lines about a node and about the nodes embedded in it: those that it leads to within the document."""
    lines: dict[bytes, list[bytes]] = {}
    for line in text.splitlines(keepends=True):
        lines.setdefault(line.partition(b" ")[0], []).append(line)
    others = {f"<{other}>".encode() for other in nodes if other != node}
    todo, seen = [f"<{node}>".encode()], set(others)
    found: set[bytes] = set()
    while todo:
        subject = todo.pop()
        if subject in seen:
            continue
        seen.add(subject)
        for line in lines.get(subject, ()):
            found.add(line)
            target = line.rstrip(b" .\n").rpartition(b" ")[2]
            if target in lines:
                todo.append(target)
    return frozenset(found)


def _minus(text: bytes, lines: frozenset[bytes]) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if line not in lines)
