"""Brain atlases as a knowledge graph that anyone can query.

>>> import siibra_kg
>>> kg = siibra_kg.open()                                      # doctest: +SKIP
>>> kg.region("hOc1 left", "julich brain").path_to_root        # doctest: +SKIP

Everything that can be reached from this module is public and keeps its meaning within a major version;
everything else may change. Importing it reads no file, opens no socket, and loads a name's module when the name is
first used (PEP 562), so that a script pays only for what it does.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

# At once, unlike the others: `siibra_kg.build` is a package too, and whoever imports that first would leave the
# package here where users expect the function.
from siibra_kg.build import build
from siibra_kg.version import __version__

if TYPE_CHECKING:
    from siibra_kg import errors
    from siibra_kg.build.report import BuildReport
    from siibra_kg.config import Settings
    from siibra_kg.graph import KnowledgeGraph
    from siibra_kg.graph import open_graph as open  # noqa: A004  `siibra_kg.open` is the fixed public name
    from siibra_kg.locations import BoundingBox, Plane, Point, PointCloud
    from siibra_kg.model import Atlas, Mapping, Parcellation, Region, Space, VolumeRef
    from siibra_kg.model_features import Feature, Match
    from siibra_kg.model_transforms import Transform
    from siibra_kg.qualification import Qualification
    from siibra_kg.table import Table
    from siibra_kg.terms import IRI, Literal

__all__ = [
    "IRI",
    "Atlas",
    "BoundingBox",
    "BuildReport",
    "Feature",
    "KnowledgeGraph",
    "Literal",
    "Mapping",
    "Match",
    "Parcellation",
    "Plane",
    "Point",
    "PointCloud",
    "Qualification",
    "Region",
    "Settings",
    "Space",
    "Table",
    "Transform",
    "VolumeRef",
    "__version__",
    "build",
    "errors",
    "open",
]

_HOMES = MappingProxyType(
    {
        **dict.fromkeys(("IRI", "Literal"), "siibra_kg.terms"),
        **dict.fromkeys(("Atlas", "Mapping", "Parcellation", "Region", "Space", "VolumeRef"), "siibra_kg.model"),
        **dict.fromkeys(("BoundingBox", "Plane", "Point", "PointCloud"), "siibra_kg.locations"),
        **dict.fromkeys(("Feature", "Match"), "siibra_kg.model_features"),
        "BuildReport": "siibra_kg.build.report",
        "KnowledgeGraph": "siibra_kg.graph",
        "Qualification": "siibra_kg.qualification",
        "Settings": "siibra_kg.config",
        "Table": "siibra_kg.table",
        "Transform": "siibra_kg.model_transforms",
    }
)


def __getattr__(name: str) -> Any:  # noqa: ANN401  type checkers see the imports above
    if name == "open":
        return import_module("siibra_kg.graph").open_graph
    if name == "errors":
        return import_module("siibra_kg.errors")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
