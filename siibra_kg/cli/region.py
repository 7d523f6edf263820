"""Commands about one thing: region, find, tree, show."""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write, write_table
from siibra_kg.graph import open_graph
from siibra_kg.table import Column, Table
from siibra_kg.terms import contract

if TYPE_CHECKING:
    from siibra_kg.model import Region

app = typer.Typer()

Spec = Annotated[str, typer.Argument(help="Name, synonym, abbreviation, id, CURIE or IRI.")]
ParcellationOption = Annotated[
    str | None, typer.Option("--parcellation", "-p", help="Atlas or release, e.g. 'julich brain' or 'waxholm v4'.")
]


@app.command()
def region(
    spec: Spec, parcellation: ParcellationOption = None, graph: GraphOption = None, form: FormatOption = Format.table
) -> None:
    """Show one region: where it lies, in which releases and spaces, and its terms elsewhere."""
    with open_graph(graph) as kg:
        found = kg.region(spec, parcellation)
        write_table(_facts(found), form)


@app.command()
def find(
    spec: Spec, parcellation: ParcellationOption = None, graph: GraphOption = None, form: FormatOption = Format.table
) -> None:
    """Find regions by name, best match first."""
    with open_graph(graph) as kg:
        found = kg.find(spec, parcellation)
    columns = tuple(Column(name, "string") for name in ("id", "name", "parcellation"))
    rows = tuple((r.id, r.name, r.parcellation.name if r.parcellation else None) for r in found)
    write_table(Table(columns, rows), form)
    if not found:
        say(f"no region matches {spec!r}")
        raise typer.Exit(1)


@app.command()
def tree(
    spec: Spec,
    parcellation: ParcellationOption = None,
    graph: GraphOption = None,
    depth: Annotated[int | None, typer.Option(min=0, help="How many levels to draw; all unless told.")] = None,
) -> None:
    """Draw the part-of tree below a region, or of a whole parcellation."""
    with open_graph(graph) as kg:
        for line in kg.draw_tree(spec, parcellation, depth=depth):
            write(line)


class Serialization(str, Enum):
    """How `show` prints a node."""

    table = "table"
    turtle = "turtle"
    jsonld = "jsonld"
    nquads = "nquads"


@app.command()
def show(
    spec: Spec,
    as_: Annotated[Serialization, typer.Option("--as", help="How to print the node.")] = Serialization.table,
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Show everything that the graph says about a node."""
    with open_graph(graph) as kg:
        node = kg.resolve(spec)
        if as_ is Serialization.table:
            write_table(kg.query("node/describe", node=node), form)
        elif as_ is Serialization.jsonld:
            write(json.dumps(kg.to_jsonld(node), indent=2, ensure_ascii=False))
        elif as_ is Serialization.turtle:
            write(kg.to_turtle(node))
        else:
            write(kg.to_nquads(node))


def _facts(found: Region) -> Table:
    """Give what is known of a region as (what, value) rows."""
    rows: list[tuple[str, str]] = [("name", found.name), ("iri", str(found.iri))]
    rows += [(k, v) for k, v in (("color", found.color), ("hemisphere", found.laterality)) if v]
    if found.parcellation:
        rows.append(("parcellation", found.parcellation.name))
        if found.parcellation.license:
            rows.append(("licence", found.parcellation.license))
    rows.append(("path to root", " < ".join(r.name for r in found.path_to_root)))
    rows += [("part", child.name) for child in found.children]
    rows += [("space", s.name) for s in found.spaces]
    rows += [("mapping", f"{contract(m.object)} {m.label}".strip()) for m in found.mappings()]
    rows += [("volume", f"{v.kind}, {v.space_name}: {v.url}") for v in found.volumes()]
    for version in found.versions():
        if version.region != found and version.region.parcellation:
            rows.append(("also in", f"{version.region.parcellation.name}: {version.region.name} ({version.reason})"))
    return Table((Column("what", "string"), Column("value", "string")), tuple(rows))
