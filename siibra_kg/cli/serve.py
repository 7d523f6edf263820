"""The command that serves the graph over HTTP: serve."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from siibra_kg.build import build
from siibra_kg.build.snapshot import CURRENT
from siibra_kg.cli.output import GraphOption, say
from siibra_kg.config import Settings, size_in_bytes
from siibra_kg.progress import progress_bar

app = typer.Typer()

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_NEEDED = ("starlette", "uvicorn", "httptools", "jinja2")


@app.command()
def serve(
    graph: GraphOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; others reach it only if it is not loopback.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 7687,
    base_url: Annotated[
        str,
        typer.Option(help="Address that the public knows, as behind a proxy; http://HOST:PORT unless told."),
    ] = "",
    host_name: Annotated[
        list[str] | None, typer.Option(help="Further name that a Host header may have. Repeat for several.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that evaluate; 0 chooses by the number of processors.")] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds that a request may take.")] = 10.0,
    memory: Annotated[str, typer.Option(help="Memory that a request may take, for instance 500MB.")] = "1GiB",
    max_rows: Annotated[int, typer.Option(help="Rows or triples that one answer may have.")] = 100_000,
    max_bytes: Annotated[str, typer.Option(help="Size that one answer may have.")] = "64MB",
    queue: Annotated[int, typer.Option(help="Requests that may wait; further ones are told to come back.")] = 128,
    cache: Annotated[
        str, typer.Option(help="Memory for small answers that were asked for before; 0 for none.")
    ] = "32MB",
    allow_service: Annotated[
        list[str] | None, typer.Option(help="SPARQL endpoint that SERVICE may name, exactly so. Repeat for several.")
    ] = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Load the graph into each worker: slower to start, faster joins.")
    ] = False,
) -> None:
    """Serve the graph: SPARQL endpoint, linked-data pages, templates as REST. Read-only, on loopback unless told."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        say(f"siibra-kg: {', '.join(missing)} is missing; install the extra: pip install 'siibra-kg[server]'")
        raise typer.Exit(2)
    from siibra_kg.server.options import ServerOptions  # noqa: PLC0415  an extra
    from siibra_kg.server.run import serve as run  # noqa: PLC0415

    settings = Settings.from_environment()
    if graph is None and not (settings.home / CURRENT).exists():
        with progress_bar() as progress:
            build(settings=settings, progress=progress)
    options = ServerOptions(
        host=host,
        port=port,
        base_url=base_url.rstrip("/"),
        hosts=tuple(host_name or ()),
        workers=workers,
        timeout=timeout,
        memory=_size("--memory", memory),
        max_rows=max_rows,
        max_bytes=_size("--max-bytes", max_bytes),
        queue=queue,
        cache=_size("--cache", cache),
        services=tuple(allow_service or ()),
        in_memory=in_memory,
    )
    if host not in _LOOPBACK:
        say(f"siibra-kg: {host} is reached by other machines; docs/serving.md says what to put in front of it")
    run(graph, settings, options)


def _size(name: str, text: str) -> int:
    found = size_in_bytes(name, text)
    if found is None or (found == 0 and name != "--cache"):
        raise typer.BadParameter(f"{name} takes a size, for instance 500MB")
    return found
