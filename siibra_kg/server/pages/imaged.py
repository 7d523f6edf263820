"""The pages of maps and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages import parts
from siibra_kg.server.pages.blocks import Block, Row, Text, cell, swatch
from siibra_kg.terms import local_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.terms import IRI

__all__ = ["parcellation_map", "volume"]

_SHOWN = 200


def parcellation_map(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a map."""
    table = desk.ask("map/describe", map=iri)
    for row in list(table)[:1]:
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("parcellation"), desk.nodes(row.parcellation, row.parcellation_name)),
            (cell("space"), desk.nodes(row.in_space, row.space_name)),
            (cell("kind"), cell(row.kind)),
            (cell("identifier"), cell(row.identifier, "code")),
            queries=(desk.shown("map/describe", table),),
        )
    yield parts.definitions(desk, iri)
    yield _volumes(desk, iri)
    yield _index(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def volume(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a volume."""
    table = desk.ask("map/of-volume", volume=iri)
    queries = (desk.shown("map/of-volume", table),)
    if table:
        row = table[0]
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("map"), tuple(desk.node(m, local_name(m)) for m in dict.fromkeys(table.column("map")) if m)),
            (cell("space"), desk.nodes(row.in_space, row.space_name)),
            (cell("kind"), cell(row.kind)),
            queries=queries,
        )
    ways = dict.fromkeys(
        (cell(r.provider), desk.address(r.url), cell(r.member, "code"), cell(r.fragment), cell(r.sha256, "code"))
        for r in table
        if r.url is not None
    )
    heads = ("read as", "address", "member", "part", "SHA-256")
    yield Block("files", "How to get it", "table", tuple(ways), heads, queries) if ways else None
    shows = desk.ask("map/volume-regions", volume=iri)
    rows = tuple((cell(r.label, "number"), desk.nodes(r.iri, r.name), cell(r.fragment)) for r in shows)
    columns = ("label", "region", "part")
    shown = (desk.shown("map/volume-regions", shows),)
    yield Block("regions", "Regions in it", "table", rows[:_SHOWN], columns, shown, count=len(rows)) if rows else None
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def _volumes(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("map/volumes", map=iri)
    rows: dict[Row, None] = {}
    for row in table:
        licence = desk.term(row.license, row.license_name)
        name = desk.nodes(row.iri, local_name(row.iri))
        rows[(name, cell(row.provider), desk.address(row.url), cell(row.fragment), licence)] = None
    columns = ("volume", "read as", "address", "part", "licence")
    queries = (desk.shown("map/volumes", table),)
    shown = tuple(rows)[:_SHOWN]
    more = (Text("all of them", desk.site.link("/api/map/volumes", map=iri)),) if len(rows) > _SHOWN else ()
    return Block("volumes", "Volumes", "table", shown, columns, queries, count=len(rows), more=more) if rows else None


def _index(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("map/labels", map=iri)
    rows: dict[Row, None] = {}
    for row in table:
        region = (*swatch(row.color), *(desk.nodes(row.iri, row.name) if row.iri else cell(row.map_name)))
        name = local_name(row.volume)
        rows[(cell(row.label, "number"), region, desk.nodes(row.volume, f"volume {name}"), cell(row.fragment))] = None
    columns = ("label", "region", "volume", "part")
    queries = (desk.shown("map/labels", table),)
    shown = tuple(rows)[:_SHOWN]
    more = (Text("all of them", desk.site.link("/api/map/labels", map=iri)),) if len(rows) > _SHOWN else ()
    return (
        Block("index", "What it shows", "table", shown, columns, queries, count=len(rows), more=more) if rows else None
    )
