"""The values that feature queries give back: features, their files and elements, and matches with the way to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from siibra_kg.locations import BoundingBox, Location, Point, PointCloud
from siibra_kg.model import _Concept
from siibra_kg.qualification import Qualification
from siibra_kg.terms import contract

if TYPE_CHECKING:
    from siibra_kg.terms import IRI

__all__ = [
    "BoundingBox",
    "DataFile",
    "Edge",
    "Element",
    "Feature",
    "FeatureView",
    "Location",
    "Match",
    "MatrixRow",
    "Modality",
    "Point",
    "PointCloud",
    "Qualification",
    "Way",
]


@dataclass(frozen=True, slots=True)
class Modality:
    """A kind of feature: one of siibra's classes.

    Parameters
    ----------
    iri
        The class.
    name
        siibra's name of it, for instance ``"ReceptorDensityFingerprint"``.
    category
        ``"molecular"``, ``"cellular"``, ``"connectivity"`` and so on.
    kinds
        Names of the more general classes, such as ``"Tabular"`` and ``"RegionalConnectivity"``.
    features, elements
        How many the graph has; see :attr:`Feature.elements`.
    """

    iri: IRI
    name: str
    category: str
    kinds: tuple[str, ...] = ()
    features: int = 0
    elements: int = 0


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a feature.

    Parameters
    ----------
    iri
        ``skg:DataFile``.
    url
        Where it is, or the archive that it is in.
    member
        Its path inside that archive; empty for a file of its own.
    index
        The subject, or the measured quantity, that it is about, where a feature has one file for each.
    role
        ``"data"``, ``"segments"`` or ``"layers"``.
    sha256
        Of the file, or of the archive, where it was known when it was described; empty elsewhere.
    """

    iri: IRI
    url: str
    member: str = ""
    index: str = ""
    role: str = "data"
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """What siibra counts as one feature: the matrix of one subject, say; a feature without such parts is one itself.

    ``index`` is the subject or the measured quantity, and empty for a feature without parts.
    """

    index: str
    files: tuple[DataFile, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row (and column) of a matrix: its place from 0, its name in the source, and the regions that it stands for."""

    position: int
    name: str
    regions: tuple[IRI, ...] = ()


class FeatureView(Protocol):
    """What a feature needs of the graph that it came from."""

    @property
    def reader(self) -> Any:  # noqa: ANN401  a siibra_kg.features.Reader, which stands above this module
        """What reads its files."""

    def feature_files(self, feature: Feature) -> tuple[DataFile, ...]:
        """See :attr:`Feature.files`."""

    def feature_rows(self, feature: Feature) -> tuple[MatrixRow, ...]:
        """See :attr:`Feature.rows`."""


@dataclass(frozen=True, slots=True, repr=False)
class Feature(_Concept):
    """Data of one modality about one place in the brain: one document of the source.

    Parameters
    ----------
    modality
        siibra's name of its class.
    category
        The category of its class.
    species
        Name of the taxon.
    anchor
        The region as the source writes it; empty for a feature that is anchored otherwise.
    cohort, paradigm, receptor
        What tells features of one modality apart.
    size
        How many :attr:`elements` it has.
    space
        The reference space of its location or image, if any.
    """

    modality: str = field(default="", compare=False)
    category: str = field(default="", compare=False)
    species: str = field(default="", compare=False)
    anchor: str = field(default="", compare=False)
    cohort: str = field(default="", compare=False)
    paradigm: str = field(default="", compare=False)
    receptor: str = field(default="", compare=False)
    size: int = field(default=1, compare=False)
    space: IRI | None = field(default=None, compare=False)
    view: FeatureView | None = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        """The short identifier: what comes after ``id/feature/`` in the IRI."""
        return self.iri.partition("/id/feature/")[2] or str(self.iri)

    @property
    def files(self) -> tuple[DataFile, ...]:
        """Its files, by subject; images have volumes instead."""
        return self._view().feature_files(self)

    @property
    def elements(self) -> tuple[Element, ...]:
        """Its parts as siibra counts features: one for each subject, or measured quantity; else the feature itself."""
        indexed: dict[str, list[DataFile]] = {}
        for file in self.files:
            indexed.setdefault(file.index, []).append(file)
        return tuple(Element(index, tuple(files)) for index, files in indexed.items()) or (Element(""),)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects, or measured quantities, of its elements; nothing for a feature without parts."""
        return tuple(element.index for element in self.elements if element.index)

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        """For a matrix or a table with a row for each region: the rows in order."""
        return self._view().feature_rows(self)

    def _view(self) -> FeatureView:
        if self.view is None:
            raise AttributeError(f"{self!r} was made by hand and belongs to no graph; ask a KnowledgeGraph for it")
        return self.view

    def _facts(self) -> dict[str, object]:
        return {
            **super(Feature, self)._facts(),
            "modality": f"{self.category}: {self.modality}",
            "anchor": self.anchor,
            "species": self.species,
            "cohort": self.cohort,
            "paradigm": self.paradigm,
            "receptor": self.receptor,
            "elements": self.size,
        }


@dataclass(frozen=True, slots=True)
class Edge:
    """A statement of the graph on the way from a feature to what was asked for."""

    subject: IRI
    predicate: IRI
    object: IRI

    def __str__(self) -> str:
        return f"{contract(self.subject)} {contract(self.predicate)} {contract(self.object)}"


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a feature belongs to a query.

    Parameters
    ----------
    qualification
        How the anchor relates to the query.
    made_by
        What the way rests on, its weakest step: ``"identifier"``, ``"name"``, ``"version link"``, ``"homology"`` or
        ``"geometry"``.
    anchoring
        ``"siibra"`` if siibra finds it so, ``"curated"`` if only this graph does.
    structure
        What the feature is anchored to: a region, a parcellation, a space or a location.
    structure_name
        Its name.
    path
        The statements from the feature to the query.
    """

    qualification: Qualification
    made_by: str
    anchoring: str
    structure: IRI
    structure_name: str
    path: tuple[Edge, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """A feature that belongs to a query, with the ways in which it does, best first.

    >>> from siibra_kg.terms import IRI
    >>> way = Way(Qualification.CONTAINS, "name", "siibra", IRI("urn:r"), "Area 4", ())
    >>> print(Match(Feature(IRI("urn:f"), "a fingerprint"), (way,), "Area 4 left"))
    a fingerprint: 'Area 4' contains 'Area 4 left' (name, siibra)
    """

    feature: Feature
    ways: tuple[Way, ...]
    query: str = ""

    @property
    def qualification(self) -> Qualification:
        """How the anchor relates to the query, in the best way."""
        return self.ways[0].qualification

    @property
    def made_by(self) -> str:
        """What the best way rests on."""
        return self.ways[0].made_by

    @property
    def anchorings(self) -> tuple[str, ...]:
        """Which anchors say so with this qualification: ``"siibra"``, ``"curated"``, or both."""
        best = self.qualification
        return tuple(sorted({w.anchoring for w in self.ways if w.qualification is best}, reverse=True))

    @property
    def via(self) -> tuple[Edge, ...]:
        """The statements of the best way, from the feature to the query."""
        return self.ways[0].path

    def __str__(self) -> str:
        best = self.ways[0]
        said = f"'{best.structure_name}' {best.qualification.verb} '{self.query}'"
        return f"{self.feature.name}: {said} ({best.made_by}, {' and '.join(self.anchorings)})"

    def __repr__(self) -> str:
        return f"<Match {self}>"
