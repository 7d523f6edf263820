"""The command that loads the graph into another SPARQL engine: push."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siibra_kg.build.snapshot import find
from siibra_kg.cli.output import say
from siibra_kg.config import Settings, secret
from siibra_kg.progress import progress_bar

app = typer.Typer()
PASSWORD = "SIIBRA_KG_PUSH_PASSWORD"  # noqa: S105  the name of a variable


@app.command()
def push(
    url: Annotated[
        str,
        typer.Argument(help="Graph Store of the engine, for instance http://localhost:7878/store (docs/push.md)."),
    ],
    graph: Annotated[
        Path | None, typer.Option("--graph", metavar="PATH", help="Snapshot folder; the newest unless told.")
    ] = None,
    query_url: Annotated[
        str, typer.Option(help="SPARQL endpoint of the same engine; guessed for those that are known.")
    ] = "",
    by_update: Annotated[
        bool, typer.Option("--update", help="URL is an update endpoint: for engines without a Graph Store.")
    ] = False,
    user: Annotated[str, typer.Option(help=f"User; the password is asked for, or read from {PASSWORD}.")] = "",
    chunk: Annotated[int, typer.Option(help="Triples that one request sends.")] = 20_000,
    timeout: Annotated[float, typer.Option(help="Seconds that one request may take.")] = 300.0,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove graphs of an older snapshot that this one does not have.")
    ] = False,
) -> None:
    """Load a snapshot into another SPARQL 1.1 engine. Goes on where it was broken off; exit code 1 if counts differ."""
    from siibra_kg.push import Credentials  # noqa: PLC0415  brings requests along, 60 ms for all other commands
    from siibra_kg.push import push as push_snapshot  # noqa: PLC0415

    snapshot = find(graph, Settings.from_environment())
    credentials = Credentials(user, secret(PASSWORD) or typer.prompt("Password", hide_input=True)) if user else None
    with progress_bar() as progress:
        report = push_snapshot(
            snapshot,
            url,
            query_url=query_url,
            by_update=by_update,
            credentials=credentials,
            chunk_triples=chunk,
            timeout=timeout,
            prune=prune,
            progress=progress,
        )
    say(str(report))
    if not report.ok:
        raise typer.Exit(1)
