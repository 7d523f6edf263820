"""Commands that end in voxels: mask, plot, map, template, assign."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siibra_kg.cli.output import Format, FormatOption, GraphOption, say, write, write_table
from siibra_kg.cli.points import read_points
from siibra_kg.errors import BadVolume
from siibra_kg.graph import open_graph
from siibra_kg.table import Table

if TYPE_CHECKING:
    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.locations import PointCloud
    from siibra_kg.volumes import Provenance, Volume
    from siibra_kg.volumes.options import FetchKeywords

app = typer.Typer()


class Kind(str, Enum):
    """The kinds of maps."""

    labelled = "labelled"
    statistical = "statistical"


Spec = Annotated[str, typer.Argument(help="Name, synonym, abbreviation, id, CURIE or IRI of a region.")]
ParcellationOption = Annotated[
    str | None, typer.Option("--parcellation", "-p", help="Atlas or release, e.g. 'julich brain' or 'waxholm v4'.")
]
SpaceOption = Annotated[
    str | None, typer.Option("--space", "-s", help="Reference space; needed where there are several.")
]
KindOption = Annotated[Kind, typer.Option("--kind", "-k", help="Of which kind of map.")]
WordsOption = Annotated[
    str | None, typer.Option("--spec", help="Words of the map's id, where there are several, e.g. '227'.")
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="NIfTI file to write: .nii or .nii.gz.")]
ResolutionOption = Annotated[
    float | None, typer.Option("--resolution", metavar="MM", help="Coarsest voxel size to accept, in mm; -1: finest.")
]
BytesOption = Annotated[
    int | None, typer.Option("--max-bytes", help="Largest array; of several scales the finest below it.")
]


@app.command()
def mask(
    spec: Spec,
    out: OutOption,
    space: SpaceOption = None,
    parcellation: ParcellationOption = None,
    kind: KindOption = Kind.labelled,
    words: WordsOption = None,
    threshold: Annotated[float, typer.Option(help="Of a statistical map: voxels greater than this.")] = 0.0,
    resolution: ResolutionOption = None,
    max_bytes: BytesOption = None,
    png: Annotated[
        bool, typer.Option("--png", help="Also draw three orthogonal slices beside the NIfTI file.")
    ] = False,
    graph: GraphOption = None,
) -> None:
    """Write the voxels of a region as a NIfTI mask, and as a picture."""
    with open_graph(graph) as kg:
        found = kg.region(spec, parcellation)
        volume = kg.mask(
            found, space, kind=kind.value, spec=words, threshold=threshold, **_options(resolution, max_bytes)
        )
        write(str(volume.save(out)))
        if png:
            stem = out.name.removesuffix(".gz").removesuffix(".nii")
            write(str(volume.plot(out.with_name(f"{stem}.png"), background=_background(kg, volume)).path))
    _say(volume.provenance)


@app.command()
def plot(
    spec: Spec,
    out: Annotated[Path, typer.Option("--out", "-o", help="PNG file to write.")],
    space: SpaceOption = None,
    parcellation: ParcellationOption = None,
    kind: KindOption = Kind.labelled,
    words: WordsOption = None,
    graph: GraphOption = None,
) -> None:
    """Draw a region on three orthogonal slices over the template of the space."""
    with open_graph(graph) as kg:
        kg.plot(kg.region(spec, parcellation), space, out, kind.value, words)
    write(str(out))


@app.command()
def template(
    space: Annotated[str, typer.Argument(help="Reference space.")],
    out: OutOption,
    variant: Annotated[str | None, typer.Option(help="Which form, where there are several.")] = None,
    resolution: ResolutionOption = None,
    max_bytes: BytesOption = None,
    graph: GraphOption = None,
) -> None:
    """Write the template image of a reference space as NIfTI."""
    with open_graph(graph) as kg:
        volume = kg.template(space, variant, **_options(resolution, max_bytes))
        _save(volume, out)


@app.command("map")
def map_(
    parcellation: Annotated[str, typer.Argument(help="Atlas or release, e.g. 'julich brain' or 'waxholm v4'.")],
    out: OutOption,
    space: SpaceOption = None,
    words: WordsOption = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="Also write the look-up table (BIDS: index, name, color) as TSV.")
    ] = None,
    resolution: ResolutionOption = None,
    max_bytes: BytesOption = None,
    graph: GraphOption = None,
) -> None:
    """Write the label map of a parcellation as NIfTI, with its look-up table."""
    from siibra_kg.volumes import LabelMap  # noqa: PLC0415  numpy and nibabel take 150 ms

    with open_graph(graph) as kg:
        found = kg.map(parcellation, space, spec=words, **_options(resolution, max_bytes))
    if not isinstance(found, LabelMap):
        raise BadVolume(parcellation, "its labels are at the vertices of a surface", "use kg.map in Python")
    _save(found.volume, out)
    if table is not None:
        found.to_BIDS_lookup_table(table)
        write(str(table))


@app.command()
def assign(
    query: Annotated[
        Path, typer.Argument(help="CSV or TSV with columns x, y, z (mm), sigma and label if wanted; or a NIfTI image.")
    ],
    parcellation: Annotated[str, typer.Option("--map", "-m", help="Atlas or release whose map is asked.")],
    space: Annotated[str, typer.Option("--space", "-s", help="Reference space of the query; a file does not say.")],
    kind: KindOption = Kind.labelled,
    words: WordsOption = None,
    mask: Annotated[bool, typer.Option("--mask", help="The image is a mask: nothing of it is interpolated.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write instead of printing.")] = None,
    graph: GraphOption = None,
    form: FormatOption = Format.table,
) -> None:
    """Tell which regions points or an image lie in, with siibra's measures."""
    with open_graph(graph) as kg:
        home = kg.space(space)
        if query.name.lower().endswith((".nii", ".nii.gz")):
            from siibra_kg.volumes import Volume  # noqa: PLC0415  numpy and nibabel take 150 ms

            asked: Volume | PointCloud = Volume.from_nifti(query, home.iri, kind="mask" if mask else "statistical")
        else:
            asked = read_points(query, home.iri)
        rows = kg.assign(asked, parcellation, home, kind=kind.value, spec=words)
    if out is not None:
        rows.to_csv(out, index=False)
        write(str(out))
    else:
        write_table(Table.from_pandas(rows), form)


def _background(kg: KnowledgeGraph, volume: Volume) -> Volume | None:
    from siibra_kg.errors import DataMissing  # noqa: PLC0415
    from siibra_kg.volumes import Volume  # noqa: PLC0415

    try:
        found = kg.template(volume.space)
    except DataMissing:
        return None
    return found if isinstance(found, Volume) else None


def _save(volume: object, out: Path) -> None:
    from siibra_kg.volumes import Volume  # noqa: PLC0415

    if not isinstance(volume, Volume):
        raise BadVolume(str(volume), "is a mesh, which a NIfTI file cannot hold", "use kg.template in Python")
    write(str(volume.save(out)))
    _say(volume.provenance)


def _say(provenance: Provenance) -> None:
    for name, value in provenance.to_dict().items():
        say(f"{name}: {'; '.join(value) if isinstance(value, list) else value}")


def _options(resolution: float | None, max_bytes: int | None) -> FetchKeywords:
    options: FetchKeywords = {"resolution_mm": resolution}
    if max_bytes is not None:
        options["max_bytes"] = max_bytes
    return options
