"""Commands for data of one's own: add, remove, datasets, crate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write_table
from siibra_kg.graph import open_graph
from siibra_kg.table import Column, Table

app = typer.Typer()
_COLUMNS = tuple(Column(name, "string") for name in ("id", "name", "version", "license", "features", "source"))
_Folder = Annotated[Path, typer.Argument(help="Folder with dataset.yaml or dataset.jsonld, or a BIDS dataset.")]


@app.command()
def add(folder: _Folder, graph: GraphOption = None) -> None:
    """Add a dataset of your own to the graph: a folder with a description beside CSV or NIfTI files."""
    with open_graph(graph) as kg, kg.add(folder) as new:
        done = new.added
    if done is None:
        return
    for iri in done.features:
        print(iri)  # noqa: T201  what was asked for
    say(f"added {done.id}: {len(done.features)} feature{'s' * (len(done.features) != 1)}, in {done.path}")
    for note in done.notes:
        say(f"  {note}")


@app.command()
def remove(
    dataset: Annotated[str, typer.Argument(help="Its id, as `siibra-kg datasets` prints it.")],
    graph: GraphOption = None,
) -> None:
    """Take a dataset of your own out of the graph. None of your files is touched."""
    with open_graph(graph) as kg:
        kg.remove(dataset).close()
    say(f"removed {dataset}")


@app.command()
def datasets(form: FormatOption = Format.table, graph: GraphOption = None) -> None:
    """List the datasets of your own that are in the graph."""
    with open_graph(graph) as kg:
        found = kg.own_datasets()
    rows = tuple((d.id, d.name, d.version, d.license, str(len(d.features)), d.source) for d in found)
    write_table(Table(_COLUMNS, rows), form)


@app.command()
def crate(
    folder: _Folder,
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    published: Annotated[str, typer.Option(help="Day of publication, as 2026-11-23.")] = "",
) -> None:
    """Write a dataset of your own, with copies of its files, as an RO-Crate."""
    from siibra_kg.adding.crate import write_crate  # noqa: PLC0415  most sessions write none

    say(f"written: {write_crate(folder, out, published=published)}")
