"""Features: those of a region or release by modality, and the page of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages import parts
from siibra_kg.server.pages.blocks import Block, Row, Text, cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.table import Row as Found
    from siibra_kg.terms import IRI

__all__ = ["blocks", "features"]

_FIRST = 3
_FILES = 50
_ORDER = ("exact", "contains", "contained")


def features(desk: Desk, iri: IRI) -> Block | None:
    """Show features by modality: how many, how they relate, and the first of them."""
    table = desk.ask("feature/of-node", region=iri)
    by: dict[str, dict[str, Found]] = {}
    for row in table:
        known = by.setdefault(row.modality_class, {})
        other = known.get(row.iri)
        if other is None or _ORDER.index(row.qualification) < _ORDER.index(other.qualification):
            known[row.iri] = row
    if not by:
        return None
    rows: list[Row] = []
    for modality, found in by.items():
        kinds = [f.qualification for f in found.values()]
        said = ", ".join(f"{kinds.count(q)} {q}" for q in _ORDER if q in kinds)
        first = sorted(found.values(), key=lambda f: (_ORDER.index(f.qualification), f.name, f.iri))
        shown = tuple(desk.node(f.iri, f.name) for f in first[:_FIRST])
        more = (Text("…", desk.site.link("/api/feature/of-node", region=iri)),) if len(first) > _FIRST else ()
        rows.append((desk.nodes(modality, parts.words(modality)), cell(len(found), "number"), cell(said), shown + more))
    total = len({iri for found in by.values() for iri in found})
    note = (
        f"{total:,} features are anchored to it (exact), to what it is part of (contains), or to its parts (contained)."
    )
    columns = ("modality", "features", "anchored", "the first")
    return Block("features", "Features", "table", tuple(rows), columns, (desk.shown("feature/of-node", table),), note)


def blocks(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about one feature."""
    table = desk.ask("feature/describe", features=(iri,))
    if table:
        row = table[0]
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("modality"), tuple(desk.node(r.modality_class, parts.words(r.modality_class)) for r in table)),
            (cell("category"), desk.nodes(row.category, parts.words(row.category) if row.category else None)),
            (cell("species"), cell(row.species)),
            (cell("anchored to"), cell(row.anchor)),
            (cell("cohort"), cell(row.cohort)),
            (cell("paradigm"), cell(row.paradigm)),
            (cell("receptor"), cell(row.receptor)),
            (cell("space"), desk.nodes(row.space, parts.name_of(desk, row.space) if row.space else None)),
            (cell("elements"), cell(row.size, "number")),
            queries=(desk.shown("feature/describe", table),),
        )
    yield parts.definitions(desk, iri)
    yield _anchors(desk, iri)
    yield _files(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def _anchors(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("feature/anchors-of", feature=iri)
    if not table:
        return None
    rows = tuple(
        (
            desk.nodes(row.iri, row.name),
            desk.nodes(row.parcellation, row.parcellation_name),
            cell(row.made_by),
        )
        for row in table
    )
    queries = (desk.shown("feature/anchors-of", table),)
    return Block("anchors", "Where it belongs", "table", rows, ("region", "release", "anchored by"), queries)


def _files(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("feature/files", feature=iri)
    if not table:
        return None
    rows = tuple(
        (
            cell(row.index),
            cell(row.role),
            desk.address(row.url),
            cell(row.member, "code"),
        )
        for row in list(table)[:_FILES]
    )
    columns = ("element", "role", "address", "member")
    queries = (desk.shown("feature/files", table),)
    more = (Text("all files", desk.site.link("/api/feature/files", feature=iri)),) if len(table) > _FILES else ()
    return Block("files", "Files", "table", rows, columns, queries, count=len(table), more=more)
