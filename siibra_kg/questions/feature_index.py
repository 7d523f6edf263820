"""FeatureIndex: which features are anchored where, read once from a graph, and features as values.

An answer about a region needs its lineage, which the store gives in a millisecond, and the anchors of all features,
some thousand pairs that are the same for every question. The templates ``feature/by-region`` and
``feature/by-parcellation`` ask the same of the store alone; a test keeps both equal.
"""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.model_features import DataFile, Feature, MatrixRow
from siibra_kg.questions import modalities
from siibra_kg.terms import IRI, local_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from siibra_kg.model_features import Modality
    from siibra_kg.questions.ask import Asker
    from siibra_kg.table import Row

__all__ = ["FeatureIndex"]

# So many IRIs go into one query: some 50 kB of text, which every endpoint takes.
_BATCH = 400


class FeatureIndex:
    """The anchors of all features of a graph; reads nothing before the first question.

    Parameters
    ----------
    ask
        The graph.
    kind_of
        Gives the Python class of a feature, from the name of its class and those of more general ones.
    reader
        What reads files of features; see :class:`siibra_kg.features.Reader`.
    """

    def __init__(
        self,
        ask: Asker,
        kind_of: Callable[[str, Iterable[str]], type[Feature]] = lambda _modality, _kinds: Feature,
        reader: Any = None,  # noqa: ANN401  a Reader, which stands above this module
    ) -> None:
        self.ask = ask
        self.kind_of = kind_of
        self.reader = reader
        self._known: dict[IRI, Feature] = {}
        self._files: dict[IRI, tuple[DataFile, ...]] = {}
        self._rows: dict[IRI, tuple[MatrixRow, ...]] = {}

    @cached_property
    def modalities(self) -> Mapping[str, Modality]:
        """The classes that features can have, by name."""
        return MappingProxyType({m.name: m for m in modalities.modalities(self.ask)})

    @cached_property
    def anchored(self) -> Mapping[IRI, tuple[tuple[IRI, str], ...]]:
        """What is anchored to a region or a release: features, each with ``"name"`` or ``"identifier"``."""
        found: dict[IRI, list[tuple[IRI, str]]] = {}
        for structure, made_by, features in self.ask.table("feature/anchors").cells:
            found.setdefault(structure, []).extend((IRI(feature), made_by) for feature in sorted(features.split(" ")))
        return MappingProxyType({structure: tuple(pairs) for structure, pairs in found.items()})

    def features(self, iris: Iterable[IRI]) -> dict[IRI, Feature]:
        """Give features as values; what was given once is not asked for again."""
        wanted = tuple(dict.fromkeys(iris))
        missing = [iri for iri in wanted if iri not in self._known]
        for start in range(0, len(missing), _BATCH):
            for row in self.ask.table("feature/describe", features=missing[start : start + _BATCH]):
                self._known.setdefault(row.iri, self._feature(row))
        return {iri: self._known[iri] for iri in wanted if iri in self._known}

    def _feature(self, row: Row) -> Feature:
        modality = local_name(row.modality_class)
        known = self.modalities.get(modality)
        return self.kind_of(modality, known.kinds if known else ())(
            iri=row.iri,
            name=row.name,
            modality=modality,
            category=modalities.category_of(row.modality_class, row.category),
            species=row.species or "",
            anchor=row.anchor or "",
            cohort=row.cohort or "",
            paradigm=row.paradigm or "",
            receptor=row.receptor or "",
            size=row.size or 1,
            space=row.space,
            view=self,
        )

    def feature_files(self, feature: Feature) -> tuple[DataFile, ...]:
        """See :attr:`Feature.files <siibra_kg.model_features.Feature.files>`; asked for once."""
        if feature.iri not in self._files:
            self._files[feature.iri] = tuple(
                DataFile(
                    row.iri, str(row.url), row.member or "", row["index"] or "", row.role or "data", row.sha256 or ""
                )
                for row in self.ask.table("feature/files", feature=feature.iri)
            )
        return self._files[feature.iri]

    def feature_rows(self, feature: Feature) -> tuple[MatrixRow, ...]:
        """See :attr:`Feature.rows <siibra_kg.model_features.Feature.rows>`; asked for once."""
        if feature.iri not in self._rows:
            names: dict[int, str] = {}
            regions: dict[int, list[IRI]] = {}
            for row in self.ask.table("feature/rows", feature=feature.iri):
                names[row.position] = row.name
                regions.setdefault(row.position, []).extend((row.iri,) if row.iri else ())
            found = (MatrixRow(position, name, tuple(regions[position])) for position, name in sorted(names.items()))
            self._rows[feature.iri] = tuple(found)
        return self._rows[feature.iri]
