"""The page of a region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages import parts
from siibra_kg.server.pages.blocks import Block, Row, Text, cell, swatch
from siibra_kg.server.pages.measured import features
from siibra_kg.terms import IRI, local_name
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.table import Row as Found

__all__ = ["blocks", "color"]

_SHOWN = 60


def color(desk: Desk, iri: IRI) -> str:
    """Give the colour of a region; empty if it has none."""
    rows = desk.ask("region/describe", regions=(iri,))
    found = swatch(rows[0].color) if rows else ()
    return found[0].text if found and found[0].look == "swatch" else ""


def blocks(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a region."""
    yield _facts(desk, iri)
    yield parts.definitions(desk, iri)
    yield _trails(desk, iri)
    yield _children(desk, iri)
    yield parts.names(desk, iri)
    yield _maps(desk, iri)
    yield features(desk, iri)
    yield parts.mappings(desk, iri)
    yield _versions(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def _facts(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("region/describe", regions=(iri,))
    other = desk.ask("region/contralateral", region=iri)
    if not table:
        return None
    row = table[0]
    home = desk.nodes(row.parcellation, parts.name_of(desk, row.parcellation)) if row.parcellation else ()
    return parts.facts(
        "facts",
        "At a glance",
        (cell("parcellation"), home),
        (cell("hemisphere"), cell(row.laterality)),
        (cell("other hemisphere"), tuple(desk.node(o.iri, o.name) for o in other)),
        (cell("colour"), swatch(row.color)),
        (cell("entity in openMINDS"), desk.nodes(row.entity, _id(row.entity))),
        (cell("IRI"), (Text(iri, outside=desk.site.outside(iri), look="code"),)),
        queries=(desk.shown("region/describe", table), desk.shown("region/contralateral", other)),
    )


def _id(iri: IRI | None) -> str | None:
    return local_name(iri) if iri else None


def _trails(desk: Desk, iri: IRI) -> Block:
    """Show the way to the root in siibra's tree and in that of openMINDS; say so where one has none, or both agree."""
    table = desk.ask("hierarchy/path-to-root", region=iri)
    stated = desk.ask("region/openminds-path", region=iri)
    counts = desk.ask("node/properties", node=iri)
    trail = tuple(desk.node(row.iri, row.name) for row in reversed(list(_once(table, lambda r: r.iri))))
    own = tuple(desk.node(r.iri, r.name) for r in reversed(_climbed(stated, iri)))
    queries = (desk.shown("hierarchy/path-to-root", table), desk.shown("region/openminds-path", stated))
    # What siibra's tree of a release has, has a place in its order; the tree of openMINDS is kept beside it then.
    if not any(row.property == SKG + "siibraOrder" for row in counts):
        rows = ((cell("siibra"), cell("has no such region in a tree", "faint")), (cell("openMINDS"), trail))
        return Block("trail", "Where it belongs", "trail", rows, queries=queries)
    other = own if len(own) > 1 else cell("states nothing that it is part of", "faint")
    note = "Both trees agree." if own == trail and len(own) > 1 else ""
    rows = ((cell("siibra"), trail), (cell("openMINDS"), other))
    return Block("trail", "Where it belongs", "trail", rows, queries=queries, note=note)


def _climbed(table: Iterable[Found], start: IRI) -> list[Found]:
    """Put the rows of a path in order, from the region up; of several parents the first is taken."""
    rows: dict[str, Found] = {}
    for row in table:
        rows.setdefault(row.iri, row)
    out: list[Found] = []
    at: str | None = start
    while at in rows and at is not None:
        row = rows.pop(at)
        out.append(row)
        at = row.parent
    return out


def _children(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("hierarchy/children", region=iri)
    if not table:
        return None
    rows = list(_once(table, lambda r: r.iri))
    shown = desk.ask("region/describe", regions=tuple(r.iri for r in rows[:_SHOWN]))
    facts = {row.iri: row for row in shown}
    cells: list[Row] = []
    for row in rows[:_SHOWN]:
        known = facts.get(row.iri)
        parts_of = f"{known.parts}" if known and known.parts else ""
        colored = swatch(known.color) if known else ()
        cells.append(((*colored, desk.node(row.iri, row.name)), cell(parts_of, "number")))
    more = (Text("the whole tree", desk.site.link("/api/hierarchy/descendants", region=iri)),)
    queries = (desk.shown("hierarchy/children", table), desk.shown("region/describe", shown))
    return Block("parts", "Parts", "table", tuple(cells), ("region", "parts"), queries, count=len(rows), more=more)


def _maps(desk: Desk, iri: IRI) -> Block | None:
    """Show the maps that show the region itself, else how many show its parts, by space."""
    own = desk.ask("map/entries-of-region", region=iri)
    spaces = desk.ask("map/spaces-of-region", region=iri)
    if not spaces:
        return None
    queries = (desk.shown("map/entries-of-region", own), desk.shown("map/spaces-of-region", spaces))
    places = dict.fromkeys(row.iri for row in spaces)
    known = {row.iri: row.name for row in desk.ask("node/about", nodes=tuple(places)) if row.name}
    if own:
        rows: tuple[Row, ...] = tuple(
            (
                desk.nodes(row.in_space, row.space_name or known.get(row.in_space)),
                desk.nodes(row.map, local_name(row.map)),
                cell(row.map_kind),
                desk.nodes(row.volume, "volume"),
                cell(row.label, "number"),
                cell(row.fragment),
            )
            for row in own
        )
        columns = ("space", "map", "kind", "volume", "label", "part")
        return Block("maps", "Spaces and maps", "table", rows[:_SHOWN], columns, queries, count=len(rows))
    rows = tuple(
        (
            desk.nodes(row.iri, known.get(row.iri)),
            cell(row.map_kind),
            cell(row.maps, "number"),
            cell(row.regions, "number"),
        )
        for row in spaces
    )
    note = "No map shows this region as such; they show parts of it."
    return Block("maps", "Spaces and maps", "table", rows, ("space", "kind", "maps", "parts shown"), queries, note)


def _versions(desk: Desk, iri: IRI) -> Block | None:
    """Show the same region in other releases, what it came from and what it became, with the reasons."""
    links, entity = desk.ask("version/links", region=iri), desk.ask("version/of-region", region=iri)
    found: dict[tuple[str, str], tuple[Found, set[str]]] = {}
    for row in links:
        found.setdefault((row.iri, row.relation), (row, set()))[1].add(row.reason)
    for row in entity:
        if row.iri != iri:
            why = f"version of {local_name(row.entity)}"
            found.setdefault((row.iri, "same"), (row, set()))[1].add(why)
    if not found:
        return None
    rows = tuple(
        (
            cell(relation),
            desk.nodes(row.iri, row.name),
            desk.nodes(row.parcellation, row.parcellation_name),
            cell(", ".join(sorted(why))),
        )
        for (_, relation), (row, why) in sorted(found.items(), key=lambda f: (f[1][0].parcellation_name, f[0]))
    )
    queries = (desk.shown("version/links", links), desk.shown("version/of-region", entity))
    columns = ("relation", "region", "release", "because of")
    return Block("versions", "In other releases", "table", rows, columns, queries)


def _once(rows: Iterable[Found], key: Callable[[Found], object]) -> Iterable[Found]:
    seen: set[object] = set()
    for row in rows:
        if (known := key(row)) not in seen:
            seen.add(known)
            yield row
