"""SPARQL 1.1 Service Description (W3C Recommendation of 2013): what an endpoint can do, and over which graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.describe.writing import Writer, fragment, integer
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from siibra_kg.describe.about import About

__all__ = ["service"]

_SD = "http://www.w3.org/ns/sparql-service-description#"
_FORMATS = "http://www.w3.org/ns/formats/"
_RESULTS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle", "N-Triples",
    "JSON-LD",
)  # fmt: skip
_SIMPLE = "http://www.w3.org/ns/entailment/Simple"


def service(about: About) -> Writer:
    """Describe the endpoint: queries only, over the union of all named graphs unless a request names others."""
    out = Writer()
    node = out.thing(about.known("service-description#service"), _SD + "Service")
    out.add(node, _SD + "endpoint", about.endpoint)
    out.add(node, _SD + "supportedLanguage", IRI(_SD + "SPARQL11Query"))
    out.add(node, _SD + "feature", IRI(_SD + "UnionDefaultGraph"))
    out.add(node, _SD + "defaultEntailmentRegime", IRI(_SIMPLE))
    out.add(node, _SD + "resultFormat", *(IRI(_FORMATS + name) for name in _RESULTS))
    dataset = out.thing(about.known("service-description#dataset"), _SD + "Dataset")
    out.add(node, _SD + "defaultDataset", dataset)
    out.add(node, _SD + "availableGraphs", _collection(out, about))
    union = out.thing(about.dataset, _SD + "Graph", "void:Dataset")
    out.add(union, "void:triples", integer(about.statistics.triples))
    out.add(union, "void:inDataset", about.known("void"))
    out.add(dataset, _SD + "defaultGraph", union)
    for named in _named(out, about):
        out.add(dataset, _SD + "namedGraph", named)
    return out


def _collection(out: Writer, about: About) -> IRI:
    collection = out.thing(about.known("service-description#graphs"), _SD + "GraphCollection")
    for named in _named(out, about):
        out.add(collection, _SD + "namedGraph", named)
    return collection


def _named(out: Writer, about: About) -> list[IRI]:
    found = []
    for name, counts in about.statistics.graphs.items():
        node = out.thing(about.known("service-description#" + fragment(name)), _SD + "NamedGraph")
        out.add(node, _SD + "name", IRI(name))
        graph = out.thing(IRI(name), _SD + "Graph")
        out.add(graph, "void:triples", integer(counts.triples))
        out.add(node, _SD + "graph", graph)
        found.append(node)
    return found
