"""The tables of ``ontologies/siibra.json``: what siibra's words for species, features and files mean here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.resources import folder
from siibra_kg.sssom import read_mappings
from siibra_kg.terms import expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FeatureKind", "Tables"]


@dataclass(frozen=True, slots=True)
class FeatureKind:
    """How documents of one ``@type`` are read.

    Parameters
    ----------
    shape
        ``"image"``, ``"table"`` or ``"matrix"``.
    classes
        Pairs of a test of the modality and the class of the feature, the first that fits counts. A test is empty
        (always), ``"=text"`` (equal), ``"~text"`` (contains) or ``"~*text"`` (contains, whatever the case).
    volume
        The kind of an image's volume.
    """

    shape: str
    classes: tuple[tuple[str, str], ...]
    volume: str = ""

    def name(self, modality: str) -> str:
        """Give the class of a feature; empty where its modality has none."""
        return next((name for test, name in self.classes if _fits(test, modality)), "")


def _fits(test: str, modality: str) -> bool:
    if test.startswith("~*"):
        return test[2:].lower() in modality.lower()
    if test.startswith("~"):
        return test[1:] in modality
    return not test or modality == test[1:]


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables, frozen.

    Parameters
    ----------
    species
        Name of a species, lower case, or UUID of one in the EBRAINS KG or in its predecessor -> IRI.
    features
        ``@type`` -> how it is read.
    spaces, releases
        siibra's id -> IRI of the node that the curated mappings say it is, for the default base.
    atlases
        siibra's id of a parcellation -> IRI of the openMINDS atlas that the curated mappings say it is a version of.
    keys
        Every key of an object that is read, or known to say nothing.
    """

    species: Mapping[str, str]
    features: Mapping[str, FeatureKind]
    spaces: Mapping[str, str]
    releases: Mapping[str, str]
    atlases: Mapping[str, str]
    keys: frozenset[str] = frozenset()

    @classmethod
    def load(cls, where: Path | None = None) -> Tables:
        """Read the tables that come with the package, or those in another folder."""
        where = where or folder("ontologies")
        data = json.loads((where / "siibra.json").read_text("utf-8"))
        mappings = where / "mappings"
        exact, versions = "skos:exactMatch", "skg:isVersionOf"
        return cls(
            species=MappingProxyType({key: str(expand(iri)) for key, iri in data["species"].items()}),
            features=MappingProxyType({key: _feature(value) for key, value in data["features"].items()}),
            spaces=_mapped(mappings / "siibra-space.sssom.tsv", exact),
            releases=_mapped(mappings / "siibra-parcellation.sssom.tsv", exact),
            atlases=_mapped(mappings / "siibra-parcellation.sssom.tsv", versions),
            keys=frozenset(data["keys"]),
        )


def _feature(value: Mapping[str, Any]) -> FeatureKind:
    return FeatureKind(value["shape"], tuple((t, c) for t, c in value["classes"]), value.get("volume", ""))


def _mapped(path: Path, predicate: str) -> Mapping[str, str]:
    wanted = expand(predicate)
    return MappingProxyType({row.subject_id: str(row.object) for row in read_mappings(path) if row.predicate == wanted})
