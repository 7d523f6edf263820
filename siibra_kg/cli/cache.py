"""Commands for the files that were downloaded: cache list, cache verify, cache remove."""

from __future__ import annotations

from typing import Annotated

import typer

from siibra_kg.cli.output import Format, FormatOption, say, write_table
from siibra_kg.config import Settings
from siibra_kg.table import Column, Table
from siibra_kg.web import upkeep

app = typer.Typer(name="cache", help="The volumes that were downloaded: list, verify, remove.", no_args_is_help=True)
_FACTS = (Column("url", "string"), Column("size", "integer"), Column("sha256", "string"), Column("fetched", "string"))


@app.command("list")
def list_files(form: FormatOption = Format.table) -> None:
    """List the addresses whose files are here: size in bytes, SHA-256, and when each was first seen."""
    settings = Settings.from_environment()
    rows = tuple((r.url, r.size, r.sha256, r.fetched) for r in upkeep.entries(settings))
    write_table(Table(_FACTS, rows), form)
    limit = "" if settings.cache_limit is None else f", of {settings.cache_limit:,} allowed"
    say(f"{len(rows)} addresses, {sum(row[1] for row in rows):,} bytes in {settings.cache}{limit}")
    if unfinished := upkeep.unfinished(settings):
        say(f"{unfinished:,} bytes more are of interrupted downloads, which go on when they are asked for again")


@app.command()
def verify(form: FormatOption = Format.table) -> None:
    """Hash every file again. Prints those that are damaged or missing; exit code 1 if there are any."""
    findings = list(upkeep.verify(Settings.from_environment()))
    bad = tuple((f.record.url, f.state, f.record.sha256, str(f.path)) for f in findings if f.state != "good")
    columns = (Column("url", "string"), Column("state", "string"), Column("sha256", "string"), Column("file", "string"))
    write_table(Table(columns, bad), form)
    say(f"{len(findings) - len(bad)} of {len(findings)} files are as they were recorded")
    if bad:
        say("to fetch one again: siibra-kg cache remove URL, then ask for it")
        raise typer.Exit(1)


@app.command()
def remove(
    url: Annotated[str, typer.Argument(help="The address whose file is to go.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="All addresses, and interrupted downloads.")] = False,
) -> None:
    """Remove a downloaded file, or all of them. Files of a mirror, or that you put in place, stay."""
    if bool(url) == everything:
        raise typer.BadParameter("give an address, or --all")
    settings = Settings.from_environment()
    freed = upkeep.clear(settings) if everything else upkeep.remove(url, settings)
    say(f"{freed:,} bytes removed from {settings.cache}")
