"""A configuration in siibra's form, made up for tests: an atlas, two spaces, a tree, maps, features of all shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from building import BASE

from siibra_kg.configurations.converter import Configurations, Converted
from siibra_kg.vocab import NAMESPACES, OM, OMT

if TYPE_CHECKING:
    from pathlib import Path

HUMAN = {"openminds/Species": "97c070c6-8e1f-4ee8-9d28-18c7945921dd"}
SPACE, BIG = {"@id": "sp/one"}, {"@id": "sp/big"}
PARCELLATION = {"@id": "parc/one"}
WEB = "https://example.org/"


def volume(**more: Any) -> dict[str, Any]:
    return {"@type": "siibra/volume/v0.0.1", "providers": {"nii": WEB + "v.nii"}, **more}


def documents() -> dict[str, Any]:
    """Give the documents by path; whoever changes them changes a copy."""
    table = {"region": "Area A", "species": "Homo sapiens", "ebrains": {"minds/core/dataset/v1.0.0": "0-a"}}
    matrix = {
        "cohort": "C",
        "parcellation": PARCELLATION,
        "ebrains": HUMAN,
        "repository": {"@type": "siibra/repository/zippedfile/v1.0.0", "url": WEB + "m.zip"},
        "decoder": {"@type": "siibra/decoder/csv", "delimiter": " ", "header": None, "index_col": False},
        "files": {"000": "a/000.csv", "001": "a/001.csv"},
        "files_indexed_by": "subject",
        "regions": ["Area A - left hemisphere", "Area A - right hemisphere"],
    }
    return json.loads(
        json.dumps(
            {
                "atlases/human.json": {
                    "@id": "atlas/1",
                    "@type": "juelich/iav/atlas/v1.0.0",
                    "name": "Small Atlas",
                    "species": "homo sapiens",
                    "order": 1.5,
                    "spaces": ["sp/one"],
                    "parcellations": ["parc/one", "parc/gone"],
                },
                "spaces/one.json": {
                    "@id": "sp/one",
                    "@type": "siibra/space/v0.0.1",
                    "name": "Space One",
                    "shortName": "one",
                    "modality": "mri",
                    "species": "homo sapiens",
                    "volumes": [
                        volume(
                            variant="pial", providers={"gii-mesh": {"left hemisphere": WEB + "l", "right": WEB + "r"}}
                        )
                    ],
                    "ebrains": HUMAN,
                },
                "spaces/big.json": {
                    "@id": "sp/big",
                    "@type": "siibra/space/v0.0.1",
                    "name": "Big Space",
                    "species": "rattus norvegicus",
                    "volumes": [],
                },
                "parcellations/one.json": {
                    "@id": "parc/one",
                    "@type": "siibra/parcellation/v0.0.1",
                    "name": "Parcels One",
                    "shortName": "P1",
                    "species": "Homo  Sapiens",
                    "@version": {"name": "1.0", "@prev": None, "@next": "parc/later"},
                    "publications": [
                        {
                            "citation": "A et al.",
                            "url": "http://dx.doi.org/10.1/x",
                            "name": "T",
                            "authors": ["A", "B C"],
                        }
                    ],
                    "regions": [
                        {
                            "name": "whole",
                            "children": [
                                {"name": "Area A - left hemisphere", "rgb": "#0a0b0c"},
                                {"name": "Area A - right hemisphere", "granularity": "fine"},
                                {"name": "twin", "ebrains": {"openminds/ParcellationEntityVersion": ["u-1", "u-2"]}},
                            ],
                        },
                        {"name": "twin"},
                    ],
                },
                "maps/one-labelled.json": {
                    "@id": "siibra-map-v0.0.1_one-labelled",
                    "@type": "siibra/map/v0.0.1",
                    "name": "Map One",
                    "space": SPACE,
                    "parcellation": PARCELLATION,
                    "volumes": [
                        volume(
                            boundingbox={
                                "@type": "siibra/location/boundingbox/v0.1",
                                "space": SPACE,
                                "coordinates": [[1, 2.5, 3], [-1, 4, 3.25]],
                            }
                        ),
                        volume(providers={"zip/nii": WEB + "a.zip in side/b.nii"}),
                    ],
                    "indices": {
                        "Area A - left hemisphere": [{"label": 1, "fragment": "left hemisphere"}],
                        "Area A - right hemisphere": [{"label": 1, "volume": 1}, {"label": 2, "volume": 1}],
                    },
                    "unmappedIndicies": {"unknown": [{"label": 0, "volume": 0}]},
                },
                "maps/one-statistical.json": {
                    "@id": "siibra-map-v0.0.1_one-statistical",
                    "@type": "siibra/map/v0.0.1",
                    "name": "Map One",
                    "space": SPACE,
                    "parcellation": PARCELLATION,
                    "represented_as_sparsemap": True,
                    "volumes": [volume()],
                    "indices": {"twin": [{"volume": 0, "z": 3, "label": None}]},
                },
                "features/finger.json": {
                    "@id": "f1",
                    "@type": "siibra/feature/fingerprint/receptor/v0.1",
                    "file": WEB + "f.tsv",
                    **table,
                },
                "features/profile.json": {
                    "@type": "siibra/feature/profile/celldensity/v0.1",
                    "file": WEB + "p.txt",
                    "unit": "cells",
                    "section": "12",
                    "patch": "0001",
                    "location": {"@type": "siibra/location/point/v0.1", "space": SPACE, "coordinate": [1, 2, 3.5]},
                    **table,
                },
                "features/layers.json": {
                    "@id": "f2",
                    "@type": "siibra/feature/fingerprint/celldensity/v0.1",
                    "segmentfiles": [WEB + "s0", WEB + "s1"],
                    "layerfiles": [WEB + "l0"],
                    "location": {
                        "@type": "siibra/location/pointcloud/v0.1",
                        "space": SPACE,
                        "coordinates": [[1, 2, 3], [4, 5, 6]],
                    },
                    **table,
                },
                "features/voi.json": {
                    "@id": "f1",
                    "@type": "siibra/feature/voi/v0.1",
                    "name": "A voi",
                    "modality": "blockface",
                    "space": BIG,
                    "providers": {"neuroglancer/precomputed": WEB + "v"},
                    "boundingbox": {
                        "@type": "siibra/location/boundingbox/v0.1",
                        "space": BIG,
                        "coordinates": [[0, 0, 0], [1, 1, 1]],
                    },
                },
                "features/connectivity.json": {
                    "@type": "siibra/feature/connectivitymatrix/v0.3",
                    "modality": "StreamlineCounts",
                    "paradigm": "",
                    **matrix,
                },
                "features/bold.json": {
                    "@id": "f3",
                    "@type": "siibra/feature/timeseries/activity/v0.1",
                    "modality": "RegionalBOLD",
                    "paradigm": "rest",
                    "timestep": "720 ms",
                    "prerelease": True,
                    **matrix,
                },
            }
        )
    )


def convert(content: dict[str, Any]) -> Converted:
    """Convert documents by path: JSON values, or bytes as they are."""
    data = ((p, v if isinstance(v, bytes) else json.dumps(v).encode()) for p, v in sorted(content.items()))
    return Configurations(BASE).convert(data)


def triples(content: dict[str, Any], path: str | None = None) -> set[tuple[str, str, str]]:
    """Give what the documents, or one of them, say, in short words."""
    made = convert(content)
    assert made.bad == ()
    text = b"".join(text for where, text in made.documents if path in {None, where}).decode()
    return {tuple(map(_short, line.removesuffix(" .").split(" ", 2))) for line in text.splitlines()}  # type: ignore[misc]


def write(folder: Path, content: dict[str, Any]) -> Path:
    """Write the documents as a checkout."""
    for path, value in content.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return folder


def _short(term: str) -> str:
    names = {"om": OM, "omt": OMT, "a": NAMESPACES["rdf"] + "type", **NAMESPACES}
    if term.startswith('"'):
        text, _, datatype = term.rpartition('"')
        return json.loads(text + '"') + (f" {datatype.rpartition('#')[2][:-1]}" if datatype else "")
    iri = term[1:-1]
    if iri.startswith(BASE + "id/"):
        return "/" + iri.removeprefix(BASE + "id/")
    found = next(((p, n) for p, n in names.items() if iri.startswith(n) and p not in {"skgi", "skgg"}), ("", ""))
    return f"{found[0]}:{iri.removeprefix(found[1])}".removesuffix(":") if found[0] else iri
