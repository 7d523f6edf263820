"""Commands that make and describe a graph: build, info, check, export."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from siibra_kg.build import build as build_graph
from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write, write_table
from siibra_kg.graph import open_graph
from siibra_kg.progress import progress_bar

app = typer.Typer()


@app.command()
def build(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            "-s",
            help="openminds, openminds-package, openminds-archive[@v4.0]; siibra[@commit], siibra=<checkout or archive "
            "of siibra-configurations>; or a file, folder, archive or URL of openMINDS JSON-LD or RDF. Repeat for "
            "several; openminds and siibra unless told.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Snapshot folder; below SIIBRA_KG_HOME unless told.")
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option("--require", help="Fail when this source cannot be had. Repeat for several.")
    ] = None,
) -> None:
    """Build the graph: read the sources, run the rules, write a snapshot."""
    with progress_bar() as progress:
        report = build_graph(source, out, require=require or (), progress=progress)
    say(str(report))
    write(str(report.path))


@app.command()
def info(graph: GraphOption = None, form: FormatOption = Format.table) -> None:
    """Show what the graph holds: sources with version, licence and triples, and what is missing."""
    with open_graph(graph) as kg:
        about = kg.info()
    if form is Format.table:
        say(about.headline)
    write_table(about.graphs, form)


@app.command()
def check(
    graph: GraphOption = None,
    form: FormatOption = Format.table,
    shacl: Annotated[
        bool, typer.Option(help="Also validate the shapes with pySHACL (extra `ontology`; takes minutes).")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="List the findings, not only their counts.")] = False,
) -> None:
    """Check the graph. Exit code 1 if one of our own rules is violated; known upstream defects are findings."""
    with open_graph(graph, in_memory=True) as kg:  # joins over everything: loading first is faster
        report = kg.check(shacl=shacl)
    write_table(report.findings if details else report.summary, form)
    say(report.headline)
    raise typer.Exit(1 if report.violations else 0)


class Dump(str, Enum):
    """The formats that the whole graph can be exported in."""

    nq = "nq"
    ttl = "ttl"
    jsonld = "jsonld"
    sssom = "sssom"


@app.command()
def export(
    form: Annotated[
        Dump, typer.Option("--format", "-F", help="nq and jsonld keep the named graphs; ttl is their union.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout unless told.")] = None,
    graph: GraphOption = None,
) -> None:
    """Export the whole graph as N-Quads, Turtle or JSON-LD, or its mappings as an SSSOM table."""
    with open_graph(graph) as kg:
        if out is None:
            kg.export(form.value, sys.stdout.buffer)
            return
        kg.export(form.value, out)
    write(str(out))
