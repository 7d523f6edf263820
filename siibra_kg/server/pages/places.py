"""The pages of parcellations (releases), atlases and reference spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.server.pages import parts
from siibra_kg.server.pages.blocks import Block, Row, Text, cell
from siibra_kg.server.pages.measured import features
from siibra_kg.terms import local_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.table import Row as Found
    from siibra_kg.terms import IRI

__all__ = ["atlas", "parcellation", "space"]

#: So many regions of a tree are shown; nearly all releases have fewer without their hemispheres.
_TREE = 600
#: Steps by which a tree can be indented.
_DEEPEST = 12


def parcellation(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a release."""
    table = desk.ask("release/describe", releases=(iri,))
    spaces = desk.ask("release/spaces", release=iri)
    if table:
        row = table[0]
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("version"), cell(row.version)),
            (cell("atlas"), desk.nodes(row.atlas, row.atlas_name)),
            (cell("species"), cell(row.species)),
            (cell("licence"), cell(row.license)),
            (cell("IRI"), (Text(iri, outside=desk.site.outside(iri), look="code"),)),
            queries=(desk.shown("release/describe", table),),
        )
    yield parts.definitions(desk, iri)
    if spaces:
        rows: dict[Row, None] = {}
        for row in spaces:
            where = desk.nodes(row.space, row.space_name)
            realised = desk.nodes(row.atlas_version, local_name(row.atlas_version))
            rows[(where, realised, cell(row.entities, "number"), cell(row.license))] = None
        columns = ("space", "in openMINDS", "regions there", "licence")
        yield Block("spaces", "Spaces", "table", tuple(rows), columns, (desk.shown("release/spaces", spaces),))
    yield maps(desk, release=iri)
    yield _tree(desk, iri)
    yield features(desk, iri)
    yield _chain(desk, table[0].atlas if table else None, iri)
    yield parts.names(desk, iri)
    yield parts.mappings(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def atlas(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about an atlas: its releases; or one of siibra's atlases: what it has."""
    yield parts.definitions(desk, iri)
    chain = desk.ask("version/chain", atlas=iri)
    held = desk.ask("atlas/parts", atlas=iri)
    yield _chain(desk, iri, None) if chain else None
    if held:
        for wanted, title in ((True, "Parcellations"), (False, "Spaces")):
            rows = tuple((desk.nodes(r.iri, r.name),) for r in held if r.is_release is wanted)
            columns = ("name",)
            queries = (desk.shown("atlas/parts", held),)
            yield Block(title.lower(), title, "table", rows, columns, queries) if rows else None
    yield parts.names(desk, iri)
    yield parts.mappings(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def space(desk: Desk, iri: IRI) -> Iterable[Block | None]:
    """Give what there is to say about a reference space."""
    spaces = desk.ask("space/list")
    row = next((r for r in spaces if r.iri == iri), None)
    if row is not None:
        yield parts.facts(
            "facts",
            "At a glance",
            (cell("full name"), cell(row.full_name)),
            (cell("in siibra"), cell(row.siibra_name)),
            (cell("version"), cell(row.version)),
            (cell("species"), cell(row.species)),
            (cell("unit"), cell(row.unit)),
            (cell("orientation"), cell(row.orientation)),
            (cell("IRI"), (Text(iri, outside=desk.site.outside(iri), look="code"),)),
            queries=(desk.shown("space/list", spaces),),
        )
    yield parts.definitions(desk, iri)
    yield _templates(desk, iri)
    yield maps(desk, space=iri)
    yield _transforms(desk, iri)
    yield _features_in(desk, iri)
    yield parts.names(desk, iri)
    yield parts.citation(desk, iri)
    yield parts.sources(desk, iri)


def maps(desk: Desk, **where: IRI) -> Block | None:
    """Show the maps of a release, or in a space."""
    table = desk.ask("map/list", **where)
    if not table:
        return None
    rows: tuple[Row, ...] = tuple(
        (
            desk.nodes(row.iri, row.name or local_name(row.iri)),
            desk.nodes(row.in_space, row.space_name)
            if "release" in where
            else desk.nodes(row.parcellation, row.parcellation_name),
            cell(row.kind),
            cell(row.volumes, "number"),
            cell(row.entries, "number"),
        )
        for row in table
    )
    columns = ("map", "space" if "release" in where else "parcellation", "kind", "volumes", "entries")
    return Block("maps", "Maps", "table", rows, columns, (desk.shown("map/list", table),))


def _tree(desk: Desk, iri: IRI) -> Block | None:
    """Show the regions as a tree, hemispheres left out."""
    table = desk.ask("hierarchy/tree", root=iri, hemispheres=False)
    here = set(table.column("iri"))
    below: dict[str | None, dict[str, Found]] = {}
    for row in table:
        below.setdefault(row.parent if row.parent in here else None, {}).setdefault(row.iri, row)
    rows: list[Row] = []
    stack = [(row, 0) for row in reversed(below.get(None, {}).values())]
    seen: set[str] = set()
    while stack and len(rows) < _TREE:
        row, depth = stack.pop()
        if row.iri in seen:
            continue
        seen.add(row.iri)
        inside = below.get(row.iri, {})
        rows.append(((desk.node(row.iri, row.name),), cell(str(min(depth, _DEEPEST))), cell(len(inside) or "")))
        stack += [(child, depth + 1) for child in reversed(inside.values())]
    if not rows:
        return None
    queries = (desk.shown("hierarchy/tree", table),)
    more = (Text("as a table", desk.site.link("/api/region/list", release=iri)),)
    return Block("regions", "Regions", "tree", tuple(rows), queries=queries, count=len(here), more=more)


def _chain(desk: Desk, atlas_iri: IRI | None, here: IRI | None) -> Block | None:
    """Show the releases of an atlas, oldest first."""
    if atlas_iri is None:
        return None
    table = desk.ask("version/chain", atlas=atlas_iri)
    known = {row.iri: row.name for row in table}
    rows: dict[str, Row] = {}
    for row in table:
        mark = " (this one)" if row.iri == here else ""
        before = desk.nodes(row.previous, known.get(row.previous)) if row.previous else ()
        rows.setdefault(row.iri, (desk.nodes(row.iri, row.name + mark), cell(row.version), before))
    if not rows:
        return None
    columns = ("release", "version", "follows")
    return Block("releases", "Releases", "table", tuple(rows.values()), columns, (desk.shown("version/chain", table),))


def _templates(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("map/templates", space=iri)
    rows: dict[Row, None] = {}
    for row in table:
        licence = desk.term(row.license, row.license_name)
        name = desk.nodes(row.iri, local_name(row.iri))
        rows[(name, cell(row.variant), cell(row.provider), desk.address(row.url), licence)] = None
    columns = ("volume", "variant", "read as", "address", "licence")
    queries = (desk.shown("map/templates", table),)
    return Block("templates", "Template volumes", "table", tuple(rows), columns, queries) if rows else None


def _transforms(desk: Desk, iri: IRI) -> Block | None:
    rows: dict[Row, None] = {}
    queries = []
    for way in ("source", "target"):
        table = desk.ask("space/transforms", **{way: iri})
        queries.append(desk.shown("space/transforms", table))
        for row in table:
            other, name = (row.to_space, row.target_name) if way == "source" else (row.from_space, row.source_name)
            rows[
                cell("to" if way == "source" else "from"),
                desk.nodes(other, name),
                desk.nodes(row.iri, row.method),
                cell("" if row.error_median is None else f"{row.error_median:g} mm", "number"),
            ] = None
    columns = ("", "space", "method", "median error")
    return Block("transforms", "Transforms", "table", tuple(rows), columns, tuple(queries)) if rows else None


def _features_in(desk: Desk, iri: IRI) -> Block | None:
    table = desk.ask("feature/by-space", space=iri)
    by: dict[str, list[Found]] = {}
    for row in table:
        by.setdefault(row.modality_class, []).append(row)
    rows: tuple[Row, ...] = tuple(
        (
            desk.nodes(modality, parts.words(modality)),
            cell(len(found), "number"),
            tuple(desk.node(r.iri, r.name) for r in found[:3]),
        )
        for modality, found in sorted(by.items())
    )
    columns = ("modality", "features", "the first")
    return (
        Block("features", "Features", "table", rows, columns, (desk.shown("feature/by-space", table),)) if by else None
    )
