"""Desk: what writing a page needs at hand: the graph, the addresses, and the way from answers to cells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siibra_kg.server.pages.blocks import Query, Text
from siibra_kg.terms import IRI, Literal, contract
from siibra_kg.vocab import XSD

if TYPE_CHECKING:
    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.server.pages.blocks import Cell
    from siibra_kg.server.pages.site import Site
    from siibra_kg.table import Table

__all__ = ["Desk"]

#: So much of a text stands in a cell of a table.
_LONG = 600


@dataclass(frozen=True, slots=True)
class Desk:
    """Asks the graph for one page, and writes what it says.

    Parameters
    ----------
    kg
        The graph.
    site
        Where this server shows it.
    """

    kg: KnowledgeGraph
    site: Site
    _asked: dict[str, Table] = field(default_factory=dict)

    def ask(self, name: str, /, **values: Any) -> Table:  # noqa: ANN401  values of templates have many types
        """Run a template; what a page asks twice is asked once."""
        key = f"{name} {values}"
        if key not in self._asked:
            self._asked[key] = self.kg.query(name, **values)
        return self._asked[key]

    def shown(self, name: str, table: Table) -> Query:
        """Give a query for readers, with a link that opens it in the form for queries."""
        return Query(name, table.sparql, self.site.link("/sparql", query=table.sparql))

    def node(self, iri: str, name: str | None = None) -> Text:
        """Write a node: its name or CURIE, linked to its page, and to itself if it is elsewhere on the web."""
        href = self.site.href(iri)
        outside = "" if iri.startswith(self.site.base_iri) else self.site.outside(iri)
        return Text(name or contract(iri), href, outside, title=iri)

    def nodes(self, iri: str | None, name: str | None = None) -> Cell:
        """Write a node as a cell; an empty one for none."""
        return () if iri is None else (self.node(iri, name),)

    def term(self, value: object, name: str | None = None) -> Cell:
        """Write any value of an answer."""
        if value is None:
            return ()
        if isinstance(value, IRI):
            return (self.node(value, name),)
        if isinstance(value, Literal):
            text = value.value if len(value.value) <= _LONG else f"{value.value[:_LONG]} …"
            number = value.datatype.startswith(XSD) and value.datatype[len(XSD) :] in ("integer", "decimal", "double")
            return (Text(text, look="number" if number else "", language=value.language or ""),)
        return (Text(str(value)),)

    def address(self, url: object) -> Cell:
        """Write an address of the web, for instance of a file: a link to itself."""
        text = str(url)
        return (Text(text, outside=self.site.outside(text), title=text, look="code"),)
