"""All statements about a node and to it: what the page of a thing without a page of its own shows, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages.blocks import Block, Row, Text, cell
from siibra_kg.terms import IRI, is_iri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.server.pages.blocks import Cell
    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.table import Row as Found
    from siibra_kg.table import Table

__all__ = ["PAGE", "about", "listed", "summary", "to"]

#: Statements on one page.
PAGE = 200
#: So many statements that point to a node are shown at once; of more, how many there are of each property.
_FEW = 60


def about(desk: Desk, iri: IRI, page: int) -> Block:
    """Show what the graph says about a node."""
    counts = desk.ask("node/properties", node=iri)
    total = sum(row.statements for row in counts if row.direction == "out")
    table = desk.ask("node/out", node=iri, limit=PAGE, offset=(page - 1) * PAGE)
    return Block(
        "statements",
        "Statements",
        "table",
        _rows(desk, table),
        ("property", "value", "stated in"),
        (desk.shown("node/out", table),),
        note="" if table else "The graph says nothing about it; it only points to it.",
        count=total,
        more=pages(desk, iri, page, total, view="statements"),
    )


def to(desk: Desk, iri: IRI) -> Block | None:
    """Show which statements point to a node; of many, how many there are of each property and graph."""
    counts = desk.ask("node/properties", node=iri)
    incoming = [row for row in counts if row.direction == "in"]
    total = sum(row.statements for row in incoming)
    if not total:
        return None
    if total <= _FEW:
        table = desk.ask("node/in", node=iri)
        return Block(
            "links",
            "What points here",
            "table",
            _rows(desk, table),
            ("property", "node", "stated in"),
            (desk.shown("node/in", table),),
        )
    rows = tuple(
        (
            desk.nodes(row.property),
            (
                Text(
                    f"{row.statements:,}", desk.site.link(_place(desk, iri), **_node(desk, iri), **{"in": row.property})
                ),
            ),
            desk.nodes(row.graph),
        )
        for row in incoming
    )
    queries = (desk.shown("node/properties", counts),)
    return Block("links", "What points here", "table", rows, ("property", "statements", "stated in"), queries)


def listed(desk: Desk, iri: IRI, text: str, page: int) -> Block:
    """Show the statements with one property that point to a node."""
    wanted = IRI(text) if is_iri(text) else IRI("urn:none")
    counts = desk.ask("node/properties", node=iri)
    total = sum(row.statements for row in counts if row.direction == "in" and row.property == wanted)
    table = desk.ask("node/in", node=iri, only=wanted, limit=PAGE, offset=(page - 1) * PAGE)
    more = pages(desk, iri, page, total, **{"in": wanted})
    rows, queries = _rows(desk, table), (desk.shown("node/in", table),)
    columns = ("property", "node", "stated in")
    return Block("links", "What points here", "table", rows, columns, queries, count=total, more=more)


def summary(desk: Desk, iri: IRI) -> Block:
    """Say how many statements there are, with links to them."""
    counts = desk.ask("node/properties", node=iri)
    by = {way: sum(row.statements for row in counts if row.direction == way) for way in ("out", "in")}
    place, node = _place(desk, iri), _node(desk, iri)
    link = desk.site.link(place, **node, view="statements")
    rows: tuple[Row, ...] = (
        (cell("about it"), (Text(f"{by['out']:,} statements", link),)),
        (cell("pointing to it"), (Text(f"{by['in']:,} statements", link + "#links"),)),
    )
    queries = (desk.shown("node/properties", counts),)
    return Block("statements", "All statements", "facts", rows, queries=queries)


def pages(desk: Desk, iri: IRI, page: int, total: int, **query: object) -> Cell:
    """Give links to the pages before and after."""
    out: list[Text] = []
    place, node = _place(desk, iri), _node(desk, iri)
    last = max(1, -(-total // PAGE))
    if page > 1:
        out.append(Text("previous", desk.site.link(place, **node, **query, page=min(page - 1, last))))
    if page < last:
        left = total - page * PAGE
        out.append(Text(f"next ({left:,} more)", desk.site.link(place, **node, **query, page=page + 1)))
    return tuple(out)


def _place(desk: Desk, iri: IRI) -> str:
    """Give the path of a node's page without parameters."""
    return desk.site.path(iri) or "/resource"


def _node(desk: Desk, iri: IRI) -> dict[str, str]:
    """Give the parameters that name a node where its path does not."""
    return {} if desk.site.path(iri) else {"iri": iri}


def _rows(desk: Desk, table: Table) -> tuple[Row, ...]:
    """Write statements: one row for each property and value, with all graphs that state it."""
    grouped: dict[tuple[object, ...], list[Found]] = {}
    for row in table:
        grouped.setdefault((row.property, row.value), []).append(row)
    out: list[Row] = []
    last: object = None
    for (prop, value), found in grouped.items():
        name = next((f.value_name for f in found if f.value_name), None)
        shown = desk.nodes(str(prop)) if prop != last else ()
        out.append((shown, desk.term(value, name), _graphs(desk, (f.graph for f in found))))
        last = prop
    return tuple(out)


def _graphs(desk: Desk, graphs: Iterable[str | None]) -> Cell:
    return tuple(desk.node(g, g.rpartition("/graph/")[2] or None) for g in dict.fromkeys(graphs) if g)
