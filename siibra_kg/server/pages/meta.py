"""The pages of named graphs and of vocabulary terms, and the statements of everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages import parts
from siibra_kg.server.pages.blocks import Block, Row, cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.terms import IRI

__all__ = ["graph", "other", "publication"]


def graph(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a named graph: where it comes from and what is in it."""
    sources = desk.ask("graph/sources")
    for row in [r for r in sources if r.graph == iri][:1]:
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("title"), cell(row.title)),
            (cell("statements"), cell("" if row.triples is None else f"{row.triples:,}")),
            (cell("licence"), desk.term(row.license)),
            (cell("read from"), desk.term(row.source)),
            (cell("version"), cell(row.version)),
            (cell("commit"), cell(row.revision, "code")),
            (cell("SHA-256"), cell(row.sha256, "code")),
            queries=(desk.shown("graph/sources", sources),),
        )
    rules = desk.ask("graph/rules")
    for row in [r for r in rules if r.graph == iri][:1]:
        yield parts.facts(
            "rule",
            "The rule that wrote it",
            (cell("rule"), desk.nodes(row.rule, row.name)),
            (cell("what it does"), cell(row.summary)),
            (cell("why"), cell(row.reason)),
            queries=(desk.shown("graph/rules", rules),),
        )
    contents = desk.ask("graph/contents", named_graph=iri)
    rows: tuple[Row, ...] = tuple((desk.nodes(r.property), cell(f"{r.statements:,}", "number")) for r in contents)
    shown = (desk.shown("graph/contents", contents),)
    yield Block("contents", "What it holds", "table", rows, ("property", "statements"), shown) if rows else None


def publication(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a publication."""
    table = desk.ask("node/publications", publication=(iri,))
    for row in list(table)[:1]:
        yield parts.facts(
            "facts",
            "Publication",
            (cell("title"), cell(row.title)),
            (cell("authors"), cell(row.authors)),
            (cell("citation"), cell(row.text)),
            (cell("licence"), cell(row.license)),
            (cell("address"), desk.address(iri)),
            queries=(desk.shown("node/publications", table),),
        )
    yield parts.definitions(desk, iri)
    yield parts.sources(desk, iri)


def other(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what can be said about a node of any kind, beside its statements."""
    yield parts.definitions(desk, iri)
    yield parts.names(desk, iri)
    yield parts.mappings(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)
