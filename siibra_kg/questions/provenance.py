"""Where the graph comes from."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from siibra_kg.terms import contract
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row, Table

__all__ = ["Info", "info"]


class _Manifest(Protocol):
    @property
    def short_hash(self) -> str: ...
    @property
    def triples(self) -> int: ...
    @property
    def sources(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True, slots=True)
class Info:
    """What is in a graph.

    Parameters
    ----------
    headline
        One sentence: triples, graphs, sources, and what is missing.
    graphs
        One row for each named graph: title, triples, licence, source, version.
    """

    headline: str
    graphs: Table

    def __str__(self) -> str:
        return f"{self.headline}\n{self.graphs}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.headline)}</p>{self.graphs._repr_html_()}"


def info(ask: Asker, manifest: _Manifest | None = None) -> Info:
    """Say what is in the graph: sources, versions, licences, triples per graph.

    Parameters
    ----------
    ask
        The graph.
    manifest
        Of the snapshot, where there is one: it also knows which sources were missing.
    """
    graphs = ask.table("graph/sources")
    total = manifest.triples if manifest else sum(row.triples or 0 for row in graphs)
    read = [row for row in graphs if row.source is not None or row.sha256]
    named = ", ".join(_named(row) for row in read)
    headline = f"{total:,} triples in {len(graphs)} graphs" + (f"; read: {named}" if named else "")
    if manifest:
        headline += f"; snapshot {manifest.short_hash}"
        missing = [f"{s.name} ({s.missing})" for s in manifest.sources if s.missing]
        headline += f"; missing: {', '.join(missing)}" if missing else ""
    return Info(headline, graphs)


def _named(row: Row) -> str:
    licence = str(row.license).removeprefix(NAMESPACES["spdx"]).rpartition("/")[2] if row.license else ""
    words = (row.title or contract(row.graph), row.version or "", (row.revision or "")[:10], licence)
    return " ".join(word for word in words if word)
