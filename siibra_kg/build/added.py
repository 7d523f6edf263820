"""What a rule in Python gets and gives: rows of a SELECT in, N-Triples lines out."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Added", "Row", "link"]

#: A solution: IRIs and lexical forms as text, ``None`` where a variable is unbound.
Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """What a rule adds: N-Triples lines, and the edges that it left out because they close a cycle."""

    lines: list[str]
    cycles: tuple[tuple[str, str], ...] = ()


def link(subject: str, predicate: str, target: str) -> str:
    """Write one statement between IRIs."""
    return f"<{subject}> <{predicate}> <{target}> .\n"
