"""The tour: real questions, the SPARQL behind each, and a region as voxels at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siibra_kg.cli.output import GraphOption, write, write_table
from siibra_kg.errors import DataMissing
from siibra_kg.graph import open_graph

if TYPE_CHECKING:
    from siibra_kg.graph import KnowledgeGraph

app = typer.Typer()

#: Question, template, parameters. The parameters are names as a person would write them.
STOPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("What is in the graph, by source?", "graph/sources", {}),
    ("And by class?", "graph/classes", {}),
    (
        "Where does area hOc1 of Julich-Brain lie? The path to the root",
        "hierarchy/path-to-root",
        {"region": ("hOc1", "julich brain")},
    ),
    (
        "What are all parts of the occipital lobe?",
        "hierarchy/descendants",
        {"region": ("occipital lobe", "julich brain"), "hemispheres": False},
    ),
    ("In which releases and spaces does hOc1 exist?", "region/spaces", {"region": ("hOc1", "julich brain")}),
    ("Which region of Waxholm v4 has label 128?", "region/by-label", {"release": "waxholm v4", "label": 128}),
    ("What do UBERON and InterLex call the caudate-putamen?", "link/terms", {"node": "caudate-putamen"}),
)


@app.command()
def tour(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the mask and the picture.")] = Path(
        "siibra-kg-tour"
    ),
    graph: GraphOption = None,
) -> None:
    """Take a tour: answer real questions, show the SPARQL behind each, end with voxels."""
    with open_graph(graph) as kg:
        for number, (question, template, wanted) in enumerate(STOPS, 1):
            values = {name: _resolve(kg, name, value) for name, value in wanted.items()}
            write(f"\n{number}. {question}\n")
            write_table(kg.query(template, **values))
            write(f"\n   siibra-kg explain {template} shows the query. Here it is:\n")
            write(_indented(kg.explain(template, **values)))
        _voxels(kg, out, len(STOPS) + 1)


def _resolve(kg: KnowledgeGraph, parameter: str, value: Any) -> Any:  # noqa: ANN401  what a template takes
    if isinstance(value, tuple):
        return kg.region(*value)
    return kg.parcellation(value) if parameter == "release" else value


def _indented(query: str) -> str:
    lines = [line for line in query.splitlines() if not line.startswith("#+")]
    return "\n".join(f"   | {line}" for line in lines).strip("\n")


def _voxels(kg: KnowledgeGraph, out: Path, number: int) -> None:
    """End with voxels: the left amygdala of AAL1 as a NIfTI mask and as a picture."""
    write(f"\n{number}. Where is the left amygdala of AAL1?\n")
    amygdala = kg.region("amygdala left", "AAL1")
    write(f"   {amygdala}")
    try:
        volume = amygdala.mask("colin 27")
    except DataMissing as missing:
        write(f"   {missing}")
        raise typer.Exit(1) from None
    out.mkdir(parents=True, exist_ok=True)
    x, y, z = volume.centroid()
    write(f"   {volume.volume_mm3():,.0f} mm³ around ({x:.1f}, {y:.1f}, {z:.1f}) mm in {volume.space_name}")
    write(f"   mask:    {volume.save(out / 'aal1_amygdala_left.nii.gz')}")
    write(f"   picture: {kg.picture(amygdala, out / 'aal1_amygdala_left.png', 'colin 27')}")
    for line in kg.cite(amygdala).lines():
        write(f"   {line}")
