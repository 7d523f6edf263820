"""Blocks that pages of many kinds have: names, definitions, mappings, sources, what to cite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages.blocks import Block, Row, Text, cell
from siibra_kg.terms import contract, local_name
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from siibra_kg.server.pages.blocks import Query
    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.terms import IRI

__all__ = ["citation", "definitions", "facts", "mappings", "name_of", "names", "sources", "words"]

_SPDX = NAMESPACES["spdx"]


def words(iri: str) -> str:
    """Write the name of a class or property as words.

    >>> words("https://w3id.org/siibra-kg/vocab/ReceptorDensityFingerprint")
    'receptor density fingerprint'
    >>> words("https://openminds.om-i.org/types/UBERONParcellation")
    'UBERON parcellation'
    """
    name = local_name(iri)
    out: list[str] = []
    for i, c in enumerate(name):
        after = name[i + 1 : i + 2]
        if i and c.isupper() and (not name[i - 1].isupper() or after.islower()):
            out.append(" ")
        out.append(c)
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in "".join(out).split())


def name_of(desk: Desk, iri: IRI) -> str:
    """Give the name of a node, else its CURIE."""
    rows = desk.ask("node/about", nodes=(iri,))
    return next((row.name for row in rows if row.name), contract(iri))


def facts(id: str, title: str, *rows: Row, queries: tuple[Query, ...] = (), note: str = "") -> Block:  # noqa: A002
    """Make a block of facts; those without value are left out."""
    return Block(id, title, "facts", tuple(r for r in rows if r[-1]), queries=queries, note=note)


def names(desk: Desk, iri: IRI) -> Block | None:
    """Show all names, and who calls it so."""
    table = desk.ask("node/names", node=iri)
    found: dict[str, dict[str, list[str]]] = {}
    for row in table:
        found.setdefault(row.name, {}).setdefault(row.source, []).append(words(row.property))
    if len(found) < 2:
        return None
    rows = tuple(
        (
            cell(name),
            tuple(
                Text(f"{', '.join(dict.fromkeys(kinds))} ({graph.rpartition('/graph/')[2]})", desk.site.href(graph))
                for graph, kinds in stated.items()
            ),
        )
        for name, stated in found.items()
    )
    return Block("names", "Names", "table", rows, ("name", "stated as"), (desk.shown("node/names", table),))


def definitions(desk: Desk, iri: IRI) -> Block | None:
    """Show texts that say what it is, and whose texts they are."""
    table = desk.ask("node/definitions", node=iri)
    texts: dict[str, list[Text]] = {}
    for row in table:
        via = row.via_name if row.via != iri else None
        said = [desk.node(row.via, via)] if via else []
        said.append(desk.node(row.source, row.source.rpartition("/graph/")[2]))
        texts.setdefault(str(row.text), []).extend(t for t in said if t not in texts.get(str(row.text), ()))
    if not texts:
        return None
    rows = tuple((cell(text), tuple(whose)) for text, whose in texts.items())
    return Block("definition", "Definition", "prose", rows, queries=(desk.shown("node/definitions", table),))


def mappings(desk: Desk, iri: IRI) -> Block | None:
    """Show terms of other vocabularies, with the predicate, how sure it is, how it was found, and who says so."""
    terms = desk.ask("link/terms", node=iri)
    if not terms:
        return None
    via = sorted({row.via for row in terms})
    about = desk.ask("link/rows", nodes=via)
    known: dict[tuple[str, str, str], list[Row]] = {}
    for row in about:
        said: Row = (
            cell(_number(row.confidence), "number"),
            desk.nodes(row.justification, words(row.justification)),
            desk.nodes(row.mapping_source or row.source, _graph(row.mapping_source or row.source)),
        )
        known.setdefault((row.subject, row.property, row.object), []).append(said)
    rows: dict[Row, None] = {}
    for row in terms:
        start: Row = (
            desk.nodes(row.property, words(row.property)),
            desk.nodes(row.term, _term(row.term, row.term_name)),
        )
        end: Row = (() if row.via == iri else desk.nodes(row.via, row.via_name),)
        stated: Row = ((), (), desk.nodes(row.source, _graph(row.source)))
        for middle in known.get((row.via, row.property, row.term), [stated]):
            whole: Row = (*start, *middle, *end)
            rows[whole] = None
    queries = (desk.shown("link/terms", terms), desk.shown("link/rows", about))
    columns = ("predicate", "term", "confidence", "justification", "source", "stated for")
    return Block("mappings", "Terms of other vocabularies", "table", tuple(rows), columns, queries)


def _term(iri: str, name: str | None) -> str:
    curie = contract(iri)
    return f"{name} ({curie})" if name else curie


def _graph(iri: str) -> str:
    return iri.rpartition("/graph/")[2] if "/graph/" in iri else contract(iri)


def _number(value: object) -> str:
    return "" if value is None else f"{value:g}"


def sources(desk: Desk, iri: IRI) -> Block | None:
    """Show the named graphs that speak about it, with commit and licence; for derived ones the rule."""
    table = desk.ask("node/graphs", node=iri)
    if not table:
        return None
    rows: dict[str, list[Row]] = {}
    for row in table:
        version = " ".join(filter(None, (row.version, (row.revision or "")[:12])))
        licence = () if row.license is None else desk.nodes(str(row.license), _licence(str(row.license)))
        rule = desk.nodes(row.rule, f"rule {local_name(row.rule)}") if row.rule else cell(version)
        rows.setdefault(row.graph, []).append(
            (desk.nodes(row.graph, _graph(row.graph)), cell(f"{row.statements:,}", "number"), rule, licence)
        )
    columns = ("named graph", "statements", "version, or the rule that wrote it", "licence")
    shown = tuple(one for found in rows.values() for one in found)
    note = "Graphs below rule/, repair/ and mapping/ hold what was derived; the others hold what a source states."
    return Block("sources", "Sources", "table", shown, columns, (desk.shown("node/graphs", table),), note)


def _licence(iri: str) -> str:
    return iri.removeprefix(_SPDX) if iri.startswith(_SPDX) else contract(iri)


def citation(desk: Desk, iri: IRI) -> Block | None:
    """Show licences, publications and data sets: its own, and those of its release, atlas, space and maps."""
    table = desk.ask("node/citation", nodes=(iri,))
    if not table:
        return None
    published = [
        row.value for row in table if row.field in ("publication", "doi") and str(row.value).startswith("http")
    ]
    known = desk.ask("node/publications", publication=tuple(dict.fromkeys(published))) if published else ()
    texts = {row.iri: row.text or row.title for row in known}
    rows: dict[Row, None] = {}
    for row in table:
        value = row.value
        shown = desk.term(value, row.value_name or texts.get(value))
        rows[(cell(row.field), shown, desk.nodes(row.about, row.about_name) if row.about != iri else ())] = None
    queries = [desk.shown("node/citation", table)]
    queries += [desk.shown("node/publications", known)] if known else []
    return Block("cite", "Licence and citation", "table", tuple(rows), ("what", "", "said of"), tuple(queries))
