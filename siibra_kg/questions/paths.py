"""Shortest paths between two nodes along parts, versions, identity, mappings and homology: searched from both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.table import Column, Table

if TYPE_CHECKING:
    from siibra_kg.questions.ask import Asker
    from siibra_kg.terms import IRI

__all__ = ["between"]

# So many IRIs go into one query: some 40 kB of text, which every endpoint takes.
_BATCH = 400
#: A search that meets more nodes than this gives up.
MOST = 4_000

_COLUMNS = (
    Column("step", "integer", "from 1"),
    Column("node", "iri", "where the step begins"),
    Column("link", "iri", "the property"),
    Column("forward", "boolean", "false where the statement is about the other node"),
    Column("iri", "iri", "where the step ends"),
)
# How a node was reached: the node before it, the property, and whether the property points away from that node.
_Reached = dict["IRI", "tuple[IRI, IRI, bool] | None"]


def between(ask: Asker, a: IRI, b: IRI, *, most: int = 8) -> Table:
    """Give one shortest path from a node to another along the links of ``link/neighbours``, read in either direction.

    Parameters
    ----------
    ask
        The graph.
    a, b
        The two nodes.
    most
        So many steps at most.

    Returns
    -------
    Table
        ``step``, ``node``, ``link``, ``forward``, ``iri``: one row for each step; none where there is no such path,
        or a and b are the same. Of several shortest paths always the same one.
    """
    sides: tuple[_Reached, _Reached] = ({a: None}, {b: None})
    edges = [[a], [b]]
    meeting = a if a == b else None
    for _ in range(most):
        if meeting is not None or not any(edges) or sum(map(len, sides)) > MOST:
            break
        # The side with fewer nodes at its edge; a side that came to its end cannot grow.
        side = min((n for n in (0, 1) if edges[n]), key=lambda n: len(edges[n]))
        edges[side] = _grow(ask, sides[side], edges[side])
        meeting = min((node for node in edges[side] if node in sides[1 - side]), default=None)
    if meeting is None:
        return Table(_COLUMNS, ())
    first = [(node, link, forward, end) for end, (node, link, forward) in _trace(sides[0], meeting)]
    then = [(end, link, not forward, node) for end, (node, link, forward) in _trace(sides[1], meeting)]
    rows = (*reversed(first), *then)
    return Table(_COLUMNS, tuple((number, *row) for number, row in enumerate(rows, 1)))


def _grow(ask: Asker, reached: _Reached, edge: list[IRI]) -> list[IRI]:
    """Go one step further from all nodes at the edge; gives the new ones, in order."""
    new: dict[IRI, None] = {}
    for start in range(0, len(edge), _BATCH):
        for row in ask.table("link/neighbours", nodes=edge[start : start + _BATCH]):
            if row.iri not in reached:
                reached[row.iri] = (row.node, row.link, row.forward)
                new[row.iri] = None
    return sorted(new)


def _trace(reached: _Reached, node: IRI) -> list[tuple[IRI, tuple[IRI, IRI, bool]]]:
    """Give the way back from a node to where the search began."""
    way = []
    while (before := reached[node]) is not None:
        way.append((node, before))
        node = before[0]
    return way
