"""The ontologies as OWL: loaded into owlready2, checked without Java, classified with HermiT where Java is.

The only home of owlready2 (extra ``ontology``).
"""

from __future__ import annotations

import io
import shutil
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import owlready2
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from siibra_kg.errors import DataMissing, SiibraKGError
from siibra_kg.resources import folder
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["FILES", "EmptyOntology", "Problem", "classify", "open_world", "problems", "read"]

#: The T-Box: our vocabulary, openMINDS's, and how both relate to others.
FILES = ("siibra-kg.ttl", "openminds.ttl", "alignments.ttl")

_CLASSES = (OWL.Class, RDFS.Datatype)
_PROPERTIES = (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
#: Vocabularies that define the language itself.
_BUILT_IN = tuple(map(str, (RDF, RDFS, OWL, "http://www.w3.org/2001/XMLSchema#")))


class EmptyOntology(SiibraKGError):
    """An ontology was read and nothing is in it: the sign of a format that the reader does not know."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: owlready2 found no class and no property in it"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that an ontology should not say: which kind, about which term, in words."""

    kind: str
    term: str
    message: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.term}: {self.message}"


def paths() -> tuple[Path, ...]:
    """Give the files of the T-Box."""
    return tuple(folder("ontologies") / name for name in FILES)


def read(files: Iterable[Path] | None = None) -> rdflib.Graph:
    """Read Turtle files into one graph; the T-Box unless told."""
    graph = rdflib.Graph()
    for path in paths() if files is None else files:
        graph.parse(data=path.read_bytes(), format="turtle", publicID=path.as_uri())
    return graph


def open_world(files: Iterable[Path] | None = None) -> owlready2.World:
    """Load Turtle files into a fresh owlready2 world; the T-Box unless told.

    owlready2 0.51 reads a Turtle file without complaint as an empty ontology, so the files pass through rdflib and
    arrive as N-Triples; and its ``default_world`` is shared by everything in the process, so it is not used.

    Raises
    ------
    EmptyOntology
        If a file yields neither class nor property.
    """
    world = owlready2.World()
    for path in paths() if files is None else files:
        graph = read([path])
        name = next(graph.subjects(RDF.type, OWL.Ontology), rdflib.URIRef(path.as_uri()))
        lines = graph.serialize(format="nt", encoding="utf-8")
        ontology = world.get_ontology(str(name)).load(fileobj=io.BytesIO(lines), format="ntriples", only_local=True)
        if not any(ontology.classes()) and not any(ontology.properties()):
            raise EmptyOntology(str(path))
    return world


def classify(world: owlready2.World) -> tuple[str, ...]:
    """Run the reasoner HermiT, which owlready2 brings, and give the IRIs of classes that nothing can belong to.

    Raises
    ------
    DataMissing
        If there is no Java.
    owlready2.OwlReadyInconsistentOntologyError
        If the ontology contradicts itself.
    """
    if shutil.which("java") is None:
        raise DataMissing("Java", "not on the PATH", "install a Java runtime, or use problems(), which needs none")
    with world.get_ontology("urn:siibra-kg:inferred"):
        owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    return tuple(sorted(c.iri for c in world.inconsistent_classes() if c is not owlready2.Nothing))


def problems(graph: rdflib.Graph) -> tuple[Problem, ...]:
    """Find what a T-Box should not say, without a reasoner and without Java.

    Terms that are used and not declared; terms that are two things at once (punning: legal in OWL 2 DL between a
    class and an individual, but never meant here); terms of ours without label, definition or source; classes below
    two disjoint classes; classes below themselves; ``owl:sameAs`` and ``owl:imports``.
    """
    return tuple(
        sorted(
            {*_undeclared(graph), *_punned(graph), *_undocumented(graph), *_unsatisfiable(graph), *_forbidden(graph)}
        )
    )


def _declared(graph: rdflib.Graph, kinds: Sequence[rdflib.URIRef]) -> set[rdflib.term.Node]:
    return {s for kind in kinds for s in graph.subjects(RDF.type, kind)}


def _named(terms: Iterable[rdflib.term.Node]) -> Iterator[rdflib.URIRef]:
    return (t for t in terms if isinstance(t, rdflib.URIRef) and not str(t).startswith(_BUILT_IN))


def _undeclared(graph: rdflib.Graph) -> Iterator[Problem]:
    classes, properties = _declared(graph, _CLASSES), _declared(graph, _PROPERTIES)
    as_class = {RDFS.subClassOf, OWL.disjointWith, OWL.equivalentClass, OWL.someValuesFrom, OWL.allValuesFrom}
    as_property = {RDFS.subPropertyOf, OWL.inverseOf, OWL.equivalentProperty}
    used_classes = {t for p in as_class for s, o in graph.subject_objects(p) for t in (s, o)}
    used_classes |= {o for p in (RDFS.domain, RDFS.range, RDF.type) for o in graph.objects(None, p)}
    used_properties = {t for p in as_property for s, o in graph.subject_objects(p) for t in (s, o)}
    used_properties |= {*graph.predicates(), *graph.objects(None, OWL.onProperty)}
    for term in _named(used_classes - classes):
        yield Problem("undeclared", str(term), "is used as a class and not declared")
    for term in _named(used_properties - properties):
        yield Problem("undeclared", str(term), "is used as a property and not declared")


def _punned(graph: rdflib.Graph) -> Iterator[Problem]:
    kinds: dict[rdflib.URIRef, set[str]] = defaultdict(set)
    for kind in (*_CLASSES, *_PROPERTIES, OWL.NamedIndividual):
        for term in _named(graph.subjects(RDF.type, kind)):
            kinds[term].add(kind.fragment)
    for term in _named({s for s, o in graph.subject_objects(RDF.type) if not str(o).startswith(_BUILT_IN)}):
        kinds[term].add("individual")
    for term, found in kinds.items():
        if len(found) > 1:
            yield Problem("punned", str(term), f"is {' and '.join(sorted(found))} at once")


def _undocumented(graph: rdflib.Graph) -> Iterator[Problem]:
    needed = {RDFS.label: "label", SKOS.definition: "definition", RDFS.isDefinedBy: "rdfs:isDefinedBy"}
    ours = {t for t in _named(_declared(graph, (*_CLASSES, *_PROPERTIES))) if str(t).startswith(SKG)}
    for term in ours:
        for prop, word in needed.items():
            if len({*graph.objects(term, prop)}) != 1:
                yield Problem("undocumented", str(term), f"has not exactly one {word}")


def _disjoint_pairs(graph: rdflib.Graph) -> set[frozenset[rdflib.term.Node]]:
    pairs = {frozenset(p) for p in graph.subject_objects(OWL.disjointWith)}
    for members in graph.objects(None, OWL.members):
        pairs |= {frozenset(p) for p in combinations(Collection(graph, members), 2)}
    return pairs


def _unsatisfiable(graph: rdflib.Graph) -> Iterator[Problem]:
    pairs = _disjoint_pairs(graph)
    for cls in _named(_declared(graph, (OWL.Class,))):
        above = {
            c
            for parent in graph.objects(cls, RDFS.subClassOf)
            for c in graph.transitive_objects(parent, RDFS.subClassOf)
        }
        if cls in above:
            yield Problem("cycle", str(cls), "is a sub-class of itself")
        for pair in pairs:
            if pair <= above | {cls}:
                yield Problem(
                    "unsatisfiable", str(cls), f"is below the disjoint {' and '.join(sorted(map(str, pair)))}"
                )


def _forbidden(graph: rdflib.Graph) -> Iterator[Problem]:
    for subject in graph.subjects(OWL.sameAs, None):
        yield Problem("sameAs", str(subject), "is equated; equivalence is a mapping here")
    for subject in graph.subjects(OWL.imports, None):
        yield Problem("imports", str(subject), "imports, which would be fetched")
