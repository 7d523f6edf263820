"""Commands that ask in SPARQL: queries, query, explain, sparql."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siibra_kg import resources
from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write, write_table
from siibra_kg.graph import open_graph
from siibra_kg.table import Column, Table
from siibra_kg.templates import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from siibra_kg.federation import Federation
    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.templates import Template

app = typer.Typer()
_TRUTH = MappingProxyType({"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False})
_LOOSE = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@app.command()
def queries(
    prefix: Annotated[str, typer.Argument(help="Only templates whose name starts so, e.g. `hierarchy`.")] = "",
    form: FormatOption = Format.table,
) -> None:
    """List the SPARQL templates: name, parameters, what they answer."""
    catalog = Catalog(resources.folder("queries"))
    rows = tuple(
        (
            name,
            " ".join(f"--{p.name}" + ("*" if p.many else "?" if p.optional else "") for p in t.parameters),
            t.summary,
        )
        for name, t in catalog.items()
        if name.startswith(prefix)
    )
    columns = (Column("name", "string"), Column("parameters", "string"), Column("summary", "string"))
    write_table(Table(columns, rows), form)
    if not rows:
        raise typer.Exit(1)


@app.command(context_settings=_LOOSE)
def query(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a template; `siibra-kg queries` lists them.")] = "",
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Run a template: siibra-kg query NAME --param value... (NAME --help shows its parameters)."""
    template, values = _call(context, name)
    if template is None:
        return
    with open_graph(graph) as kg:
        if any(p.name == "endpoint" for p in template.parameters):
            joined = _federation(kg, values).query(template.name, **values)
            for call in joined.calls:
                say(f"asked {call}")
            _print_answer(joined, form)
            return
        answer = kg.query(template.name, **values)
    _print_answer(answer, form)


@app.command(context_settings=_LOOSE)
def explain(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of a template.")] = "",
    graph: GraphOption = None,
) -> None:
    """Print the exact SPARQL that a template call would send; run nothing."""
    template, values = _call(context, name)
    if template is None:
        return
    with open_graph(graph) as kg:
        federated = any(p.name == "endpoint" for p in template.parameters)
        write((_federation(kg, values) if federated else kg).explain(template.name, **values))


def _federation(kg: KnowledgeGraph, values: dict[str, Any]) -> Federation:
    """Make a federation with the one endpoint that the call names: by a name that is known, or by its address."""
    named = values.pop("endpoint", "")
    if not named:
        raise typer.BadParameter("this query asks another endpoint: --endpoint NAME or URL (docs/federation.md)")
    return kg.federate({"endpoint": named})


@app.command()
def sparql(
    text: Annotated[str | None, typer.Argument(help="The query, or - to read it from stdin.")] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the query from a file.")] = None,
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Run SPARQL of your own. The project's prefixes need not be declared."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give the query as an argument, or with -f FILE, or - for stdin")
    asked = file.read_text("utf-8") if file else sys.stdin.read() if text == "-" else text or ""
    with open_graph(graph) as kg:
        _print_answer(kg.sparql(asked), form)


def _print_answer(answer: Any, form: Format) -> None:  # noqa: ANN401  a Table, a bool, or an rdflib.Graph
    if isinstance(answer, Table):
        write_table(answer, form)
        if form is Format.table:
            say(f"{len(answer):,} rows")
        if not len(answer):
            raise typer.Exit(1)
    elif isinstance(answer, bool):
        write("true" if answer else "false")
    else:
        write(answer.serialize(format="turtle"))


def _call(context: typer.Context, name: str) -> tuple[Template | None, dict[str, Any]]:
    """Read ``--param value`` pairs for a template; with ``--help``, print what it takes and give nothing."""
    words = list(context.args)
    if name in ("", "--help", "-h"):
        write(context.get_help() + "\n\nThe templates: siibra-kg queries")
        return None, {}
    template = Catalog(resources.folder("queries"))[name]
    if "--help" in words or "-h" in words:
        write(_usage(context, template))
        return None, {}
    known = {p.name: p for p in template.parameters}
    values: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        key, equals, value = word.removeprefix("--").partition("=")
        key = key.replace("-", "_")
        if not word.startswith("--") or key not in known:
            there = ", ".join(f"--{p}" for p in known) or "none"
            raise typer.BadParameter(f"{name} has no parameter {word!r}; its parameters: {there}")
        if not equals:
            if not words:
                raise typer.BadParameter(f"--{key} needs a value")
            value = words.pop(0)
        typed = _typed(key, value, known[key].type)
        if known[key].many:
            values.setdefault(key, []).append(typed)
        elif key in values:
            raise typer.BadParameter(f"--{key} takes one value")
        else:
            values[key] = typed
    return template, values


def _typed(name: str, text: str, kind: str) -> object:
    """Read a value of the command line as the type that the template declares; names are looked up later."""
    readers: dict[str, Callable[[str], object]] = {"integer": int, "decimal": float, "boolean": _TRUTH.__getitem__}
    try:
        return readers.get(kind, str)(text)
    except (ValueError, KeyError):
        raise typer.BadParameter(
            f"--{name} takes {'true or false' if kind == 'boolean' else kind}, not {text!r}"
        ) from None


def _usage(context: typer.Context, template: Template) -> str:
    lines = [f"Usage: siibra-kg {context.info_name} {template.name} [--param value]...", "", template.summary, ""]
    for p in template.parameters:
        notes = ["repeatable"] * p.many + ["optional"] * p.optional
        default = f" (default {p.default})" if p.default is not None else ""
        lines.append(f"  --{p.name:<14} {p.type}{' (' + ', '.join(notes) + ')' if notes else ''}  {p.doc}{default}")
    lines += ["", "Columns:", *(f"  {c.name:<16} {c.type:<8} {c.doc}" for c in template.columns)]
    return "\n".join(lines)
