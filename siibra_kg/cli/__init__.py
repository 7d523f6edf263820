"""The command line: ``siibra-kg``.

stdout is data only, stderr is talk.
Exit code 0: all is well, 1: a check found violations or nothing was found, 2: bad usage or bad input.
"""

from __future__ import annotations

import os
import sys

import typer

from siibra_kg import __version__
from siibra_kg.cli import build, cache, data, features, own, push, query, region, serve, tour, voxels
from siibra_kg.cli.output import say
from siibra_kg.errors import NoSuchName, SiibraKGError

__all__ = ["app", "main"]

app = typer.Typer(
    name="siibra-kg",
    help="Brain atlases as a knowledge graph: regions, spaces, maps and datasets that you can query.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (build, tour, query, region, features, data, own, voxels, serve, push):
    for command in group.app.registered_commands:
        app.registered_commands.append(command)
app.add_typer(cache.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"siibra-kg {__version__}")  # noqa: T201  what was asked for
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),
) -> None:
    """Brain atlases as a knowledge graph: regions, spaces, maps and datasets that you can query."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; a known error becomes one sentence on stderr and an exit code, never a traceback."""
    try:
        app(args=args, prog_name="siibra-kg")
    except NoSuchName as error:
        say(f"siibra-kg: {error}")
        sys.exit(1)
    except SiibraKGError as error:
        say(f"siibra-kg: {error}")
        sys.exit(2)
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader of our pipe has seen enough, as in `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        say(f"siibra-kg: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("siibra-kg: stopped")
        sys.exit(130)
