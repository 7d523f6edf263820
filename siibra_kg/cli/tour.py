"""The tour: real questions, the SPARQL behind each, and a region as voxels at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siibra_kg.cli.output import GraphOption, write, write_table
from siibra_kg.errors import DataMissing
from siibra_kg.graph import open_graph

if TYPE_CHECKING:
    from siibra_kg.graph import KnowledgeGraph

app = typer.Typer()

#: How many rows of an answer the tour shows.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Stop:
    """One question of the tour.

    Parameters
    ----------
    question
        As a person would ask it.
    template, parameters
        What answers it; the parameters are names as a person would write them.
    columns
        Those that are worth a look.
    siibra
        Whether it needs siibra-configurations.
    """

    question: str
    template: str
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    siibra: bool = False


_HOC1 = MappingProxyType({"region": ("hOc1", "julich brain")})
_PARTS = MappingProxyType({"region": ("occipital lobe", "julich brain"), "hemispheres": False})
_LABEL = MappingProxyType({"release": "waxholm v4", "label": 128})
_TERM = MappingProxyType({"node": "caudate-putamen"})
_LEFT = MappingProxyType({"region": ("hOc1 left", "julich brain")})
_NONE: Mapping[str, Any] = MappingProxyType({})

STOPS = (
    Stop(
        "What is in the graph, by source?", "graph/sources", _NONE, ("graph", "title", "triples", "license", "version")
    ),
    Stop("And by class?", "graph/classes", _NONE, ("type", "instances")),
    Stop("Area hOc1 of Julich-Brain: the path to the root?", "hierarchy/path-to-root", _HOC1, ("depth", "name", "iri")),
    Stop("What are all parts of the occipital lobe?", "hierarchy/descendants", _PARTS, ("depth", "name", "iri")),
    Stop("In which releases and spaces is hOc1?", "region/spaces", _HOC1, ("parcellation_name", "space_name", "name")),
    Stop("Which region of Waxholm v4 has label 128?", "region/by-label", _LABEL, ("name", "color", "iri")),
    Stop(
        "What do UBERON and InterLex call the caudate-putamen?", "link/terms", _TERM, ("term", "property", "via_name")
    ),
    Stop(
        "Which voxels are hOc1 left, in which maps?",
        "map/of-region",
        _LEFT,
        ("in_space", "map_kind", "label", "fragment", "provider", "url"),
        siibra=True,
    ),
    Stop(
        "For which receptors are there profiles through the cortex of hOc1?",
        "feature/by-region",
        MappingProxyType({"regions": ("hOc1", "julich brain"), "modality": "skg:ReceptorDensityProfile"}),
        ("name", "qualification", "made_by"),
        siibra=True,
    ),
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
        for number, stop in enumerate(STOPS, 1):
            values = {name: _resolve(kg, name, value) for name, value in stop.parameters.items()}
            answer = kg.query(stop.template, **values)
            write(f"\n{number}. {stop.question}\n")
            if stop.siibra and not len(answer):
                write("   Nothing: this graph was built without siibra-configurations, see `siibra-kg info`.")
                continue
            write_table(answer.select(*stop.columns).head(SHOWN))
            if len(answer) > SHOWN:
                write(f"... and {len(answer) - SHOWN} more rows")
            write(f"\n   The SPARQL behind it (`siibra-kg explain {stop.template}`):\n")
            write(_indented(kg.explain(stop.template, **values)))
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
    write(f"   cite:    {volume.provenance.citation}")
    write(f"   licence: {volume.provenance.license}")
