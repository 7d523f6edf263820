"""Commands about features: features, modalities."""

from __future__ import annotations

from typing import Annotated

import typer

from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write_table
from siibra_kg.graph import open_graph
from siibra_kg.locations import BoundingBox, Point
from siibra_kg.table import Column, Table

app = typer.Typer()

_POINT, _BOX = 3, 6


@app.command()
def features(
    spec: Annotated[str | None, typer.Argument(help="A region, a parcellation or a space, by name, id or IRI.")] = None,
    parcellation: Annotated[
        str | None, typer.Option("--parcellation", "-p", help="Where the name of a region is looked up.")
    ] = None,
    modality: Annotated[
        list[str] | None,
        typer.Option("--modality", "-m", help="Some words of a class of features, or a category; may be repeated."),
    ] = None,
    space: Annotated[
        str | None, typer.Option("--space", "-s", help="A reference space; the one of --point or --box.")
    ] = None,
    point: Annotated[str | None, typer.Option("--point", metavar="X,Y,Z", help="Features at a point, in mm.")] = None,
    box: Annotated[
        str | None, typer.Option("--box", metavar="X,Y,Z,X,Y,Z", help="Features in or at a box, in mm.")
    ] = None,
    anchoring: Annotated[
        str | None, typer.Option("--anchoring", help="siibra: its answer alone; curated: what this graph adds.")
    ] = None,
    via: Annotated[bool, typer.Option("--via", help="Also print the statements that lead to each feature.")] = False,
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """List the features of a region, a parcellation, a space, a point or a box, best matches first."""
    concept = _concept(spec, space, point, box)
    with open_graph(graph) as kg:
        if spec is None and isinstance(concept, str):
            concept = kg.space(concept)
        found = kg.features(concept, modality or None, parcellation=parcellation, anchoring=anchoring)
    write_table(found.table(via=via), form)
    if not found:
        say("no feature fits")
        raise typer.Exit(1)


@app.command()
def modalities(graph: GraphOption = None, form: FormatOption = Format.table) -> None:
    """List the kinds of features by category, and how many there are."""
    with open_graph(graph) as kg:
        rows = tuple((m.category, m.name, ", ".join(m.kinds), m.features, m.elements) for m in kg.modalities())
    words, numbers = ("category", "modality", "kinds"), ("features", "elements")
    columns = (*(Column(name, "string") for name in words), *(Column(name, "integer") for name in numbers))
    write_table(Table(columns, rows), form)


def _concept(spec: str | None, space: str | None, point: str | None, box: str | None) -> object:
    given = [value for value in (spec, point, box) if value is not None]
    if len(given) > 1 or not (given or space):
        raise typer.BadParameter("give one of: a name, --space, --point with --space, --box with --space")
    if spec is not None:
        if space is not None:
            raise typer.BadParameter("--space goes with --point or --box, or stands alone")
        return spec
    if point is None and box is None:
        return space
    if space is None:
        raise typer.BadParameter("coordinates mean nothing without --space")
    if point is not None:
        x, y, z = _numbers(point, _POINT, "--point")
        return Point((x, y, z), space)
    x, y, z, u, v, w = _numbers(box or "", _BOX, "--box")
    return BoundingBox((x, y, z), (u, v, w), space)


def _numbers(text: str, many: int, option: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != many:
        raise typer.BadParameter(f"{option} takes {many} numbers with commas between them, not {text!r}")
    return numbers
