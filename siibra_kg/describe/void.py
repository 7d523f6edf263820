"""VoID (W3C note of 2011): what a graph holds, in all and in each named graph, and what it links to."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from siibra_kg.describe.writing import Writer, fragment, integer
from siibra_kg.resources import folder
from siibra_kg.terms import IRI, Literal
from siibra_kg.vocab import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from siibra_kg.build.statistics import Part, Statistics
    from siibra_kg.describe.about import About

__all__ = ["void"]

_FOAF = "http://xmlns.com/foaf/0.1/"
_FORMATS = "http://www.w3.org/ns/formats/"
_TITLE = "siibra_kg: brain atlases as a knowledge graph"
_COUNTED = (
    "A triple that two named graphs state counts twice, so that the subsets add up to the whole and the whole to the "
    "lines of the N-Quads; subjects, objects and entities count once."
)


def void(about: About) -> Writer:
    """Describe a graph.

    Returns
    -------
    Writer
        Triples about the whole (``<base>.well-known/void#dataset``) and each named graph (its own IRI): counts, class
        and property partitions; linksets by property and target; vocabularies, dumps, endpoint, examples.
    """
    out = Writer()
    document = out.thing(about.known("void"), "void:DatasetDescription")
    out.text(document, "dcterms:title", "What is in siibra_kg")
    out.text(document, "rdfs:comment", _COUNTED, "en")
    out.add(document, _FOAF + "primaryTopic", about.dataset)
    whole = out.thing(about.dataset, "void:Dataset")
    out.text(whole, "dcterms:title", _TITLE)
    _counts(out, whole, about.statistics)
    _access(out, about)
    _class_partitions(out, about, whole, about.statistics.classes)
    for name, use in about.statistics.properties.items():
        part = _property(out, about, whole, name, use.triples)
        out.add(part, "void:distinctSubjects", integer(use.subjects))
        out.add(part, "void:distinctObjects", integer(use.objects))
    for name in _vocabularies(about.statistics):
        out.add(whole, "void:vocabulary", IRI(name))
    _graphs(out, about)
    _linksets(out, about)
    return out


def _access(out: Writer, about: About) -> None:
    whole = about.dataset
    out.add(whole, "void:uriSpace", Literal(about.base_iri))
    out.add(whole, "void:sparqlEndpoint", about.endpoint)
    out.add(whole, _FOAF + "homepage", IRI(about.home + "/"))
    out.add(whole, "void:exampleResource", *about.examples)
    for dump in about.dumps:
        out.add(IRI(dump.graph) if dump.graph else whole, "void:dataDump", about.url(dump))
    for form in ("N-Quads", "Turtle", "JSON-LD", "N-Triples"):
        out.add(whole, "void:feature", IRI(_FORMATS + form.replace("-", "_" if form != "JSON-LD" else "-")))


def _counts(out: Writer, node: IRI, counts: Statistics | Part) -> None:
    out.add(node, "void:triples", integer(counts.triples))
    out.add(node, "void:entities", integer(counts.entities))
    out.add(node, "void:distinctSubjects", integer(counts.subjects))
    out.add(node, "void:distinctObjects", integer(counts.objects))
    out.add(node, "void:properties", integer(len(counts.properties)))
    out.add(node, "void:classes", integer(len(counts.classes)))


def _class_partitions(out: Writer, about: About, node: IRI, classes: Mapping[str, int]) -> None:
    for name, number in classes.items():
        part = out.thing(about.known("void#" + fragment(node, "class", name)), "void:Dataset")
        out.add(node, "void:classPartition", part)
        out.add(part, "void:class", IRI(name))
        out.add(part, "void:entities", integer(number))


def _property(out: Writer, about: About, node: IRI, name: str, triples: int) -> IRI:
    part = out.thing(about.known("void#" + fragment(node, "property", name)), "void:Dataset")
    out.add(node, "void:propertyPartition", part)
    out.add(part, "void:property", IRI(name))
    out.add(part, "void:triples", integer(triples))
    return part


def _graphs(out: Writer, about: About) -> None:
    for name, counts in about.statistics.graphs.items():
        graph = out.thing(IRI(name), "void:Dataset")
        out.add(about.dataset, "void:subset", graph)
        _counts(out, graph, counts)
        _class_partitions(out, about, graph, counts.classes)
        for used, triples in counts.properties.items():
            _property(out, about, graph, used, triples)
    for row in about.graphs:
        out.text(row.graph, "dcterms:title", row.title)
        out.add(row.graph, "dcterms:license", row.license)


def _vocabularies(counts: Statistics) -> list[str]:
    """Give the namespaces of all properties and classes."""
    return sorted({_namespace(name) for name in (*counts.properties, *counts.classes)})


def _namespace(name: str) -> str:
    for namespace in NAMESPACES.values():
        # OBO's prefixes end within the name; as a vocabulary they are one.
        if name.startswith(namespace) and namespace.endswith(("/", "#")) and "/" not in name[len(namespace) :]:
            return namespace
    cut = max(name.rfind("/"), name.rfind("#")) + 1
    return name[:cut] or name


def _linksets(out: Writer, about: About) -> None:
    """Sum up links by property and by the datasets at both ends."""
    known = json.loads((folder("ontologies") / "datasets.json").read_text("utf-8"))
    spaces = sorted((d["uriSpace"] for d in known), key=len, reverse=True)
    links: Counter[tuple[str, str, str]] = Counter()
    for row in about.statistics.links:
        links[row.property, _space(row.subjects, about, spaces), _space(row.objects, about, spaces)] += row.links
    named = {d["uriSpace"]: d for d in known}
    for space in sorted({space for _, *ends in links for space in ends} - {about.base_iri}):
        target = out.thing(_target(about, space), "void:Dataset")
        out.add(target, "void:uriSpace", Literal(space))
        if space in named:
            out.text(target, "dcterms:title", named[space]["title"])
            out.add(target, _FOAF + "homepage", IRI(named[space]["homepage"]))
    for (name, subjects, objects), number in sorted(links.items()):
        linkset = out.thing(about.known("void#" + fragment("links", name, subjects, objects)), "void:Linkset")
        out.add(about.dataset, "void:subset", linkset)
        out.add(linkset, "void:linkPredicate", IRI(name))
        out.add(linkset, "void:subjectsTarget", _target(about, subjects))
        out.add(linkset, "void:objectsTarget", _target(about, objects))
        out.add(linkset, "void:triples", integer(number))


def _space(beginning: str, about: About, spaces: Iterable[str]) -> str:
    """Give the dataset that identifiers with a beginning belong to: ours, a known one, or what stands before them."""
    for space in (about.base_iri, *spaces):
        if beginning.startswith(space):
            return space
    return beginning


def _target(about: About, space: str) -> IRI:
    return about.dataset if space == about.base_iri else about.known("void#" + fragment("space", space))
