"""Commands that make and describe a graph: build, info, check, export, verify."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siibra_kg.build import build as build_graph
from siibra_kg.build.snapshot import find
from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write, write_table
from siibra_kg.config import Settings
from siibra_kg.graph import open_graph
from siibra_kg.progress import progress_bar

if TYPE_CHECKING:
    from siibra_kg.graph import KnowledgeGraph

app = typer.Typer()


@app.command()
def build(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            "-s",
            help="openminds, openminds-package, openminds-archive[@v4.0]; siibra[@commit], siibra=<checkout or archive "
            "of siibra-configurations>; kg[@IN_PROGRESS] (the EBRAINS Knowledge Graph), kg=<earlier pull>; or a file, "
            "folder, archive or URL of openMINDS JSON-LD or RDF. Repeat for several; openminds and siibra unless told.",
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
        Dump | None, typer.Option("--format", "-F", help="nq and jsonld keep the named graphs; ttl is their union.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; stdout unless told.")] = None,
    release: Annotated[
        Path | None,
        typer.Option(
            "--release", metavar="DIR", help="Write a folder to publish instead: dumps, descriptions, checksums."
        ),
    ] = None,
    url: Annotated[str, typer.Option(help="With --release: address at which the folder will be.")] = "",
    server: Annotated[str, typer.Option(help="With --release: address of the server that answers queries.")] = "",
    published: Annotated[str, typer.Option(help="With --release: day of publication, as 2026-11-23.")] = "",
    graph: GraphOption = None,
) -> None:
    """Export the whole graph as N-Quads, Turtle or JSON-LD, its mappings as SSSOM, or all of it as a release folder."""
    if (form is None) == (release is None):
        raise typer.BadParameter("give --format nq|ttl|jsonld|sssom, or --release DIR")
    with open_graph(graph) as kg:
        if release is not None:
            _release(kg, release, url, server, published)
            write(str(release))
        elif form is not None and out is None:
            kg.export(form.value, sys.stdout.buffer)
        elif form is not None and out is not None:
            kg.export(form.value, out)
            write(str(out))


def _release(kg: KnowledgeGraph, out: Path, url: str, server: str, published: str) -> None:
    from siibra_kg.release import export_release  # noqa: PLC0415  for those who release
    from siibra_kg.server.api.openapi import document  # noqa: PLC0415
    from siibra_kg.server.options import ServerOptions  # noqa: PLC0415

    base_url = (server or kg.settings.base_iri).rstrip("/")
    api = json.dumps(document(base_url, ServerOptions()), ensure_ascii=False).encode()
    with progress_bar() as progress:
        export_release(
            kg, out, url=url, home=server, published=published, extra={"openapi.json": api}, progress=progress
        )


@app.command()
def verify(
    place: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Release or snapshot folder; the newest snapshot unless told.")
    ] = None,
) -> None:
    """Check a release folder or a snapshot against its checksums and counts. Exit code 1 if anything is damaged."""
    from siibra_kg.release import verify as verify_folder  # noqa: PLC0415  for those who verify

    settings = Settings.from_environment()
    report = verify_folder(place or find(None, settings).path, settings)
    say(str(report))
    raise typer.Exit(0 if report.ok else 1)
