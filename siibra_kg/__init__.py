"""Brain atlases as a knowledge graph that anyone can query.

>>> import siibra_kg
>>> kg = siibra_kg.open()                                      # doctest: +SKIP
>>> kg.region("hOc1 left", "julich brain").path_to_root        # doctest: +SKIP

Everything that can be reached from this module is public and keeps its meaning within a major version;
everything else may change. Importing it reads no file and opens no socket.
"""

from __future__ import annotations

from siibra_kg import errors
from siibra_kg.build import build
from siibra_kg.build.report import BuildReport
from siibra_kg.config import Settings
from siibra_kg.graph import KnowledgeGraph
from siibra_kg.graph import open_graph as open  # noqa: A004  `siibra_kg.open` is the fixed public name
from siibra_kg.model import Atlas, Mapping, Parcellation, Region, Space, VolumeRef
from siibra_kg.table import Table
from siibra_kg.terms import IRI, Literal

__all__ = [
    "IRI",
    "Atlas",
    "BuildReport",
    "KnowledgeGraph",
    "Literal",
    "Mapping",
    "Parcellation",
    "Region",
    "Settings",
    "Space",
    "Table",
    "VolumeRef",
    "__version__",
    "build",
    "errors",
    "open",
]

__version__ = "0.1.0"
