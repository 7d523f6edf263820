"""What the graph says about itself: ``graph/meta``, one dataset for each named graph and one rule for each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.terms import IRI, Literal, is_iri, to_sparql
from siibra_kg.vocab import NAMESPACES, RDF_TYPE, SKG, XSD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from siibra_kg.build.manifest import SourceRecord
    from siibra_kg.build.repairs import Repair
    from siibra_kg.build.rules import Rule
    from siibra_kg.terms import Term

__all__ = ["META", "meta"]

#: IRI of the graph, relative to the base.
META = "graph/meta"

_DCAT, _TERMS, _PROV = NAMESPACES["dcat"], NAMESPACES["dcterms"], NAMESPACES["prov"]
_SPDX = "https://spdx.org/licenses/"


class _Writer:
    """Collects N-Triples lines."""

    def __init__(self, base_iri: str) -> None:
        self.base = base_iri
        self.lines: set[str] = set()

    def add(self, subject: str, predicate: str, value: Term) -> None:
        self.lines.add(f"{to_sparql(IRI(subject))} <{predicate}> {to_sparql(value)} .\n")

    def type(self, subject: str, name: str) -> None:
        self.add(subject, RDF_TYPE, IRI(name))

    def dataset(self, graph: str, title: str, triples: int) -> str:
        """Describe a named graph; gives its IRI."""
        iri = self.base + graph
        self.type(iri, _DCAT + "Dataset")
        self.add(iri, _TERMS + "title", Literal(title))
        self.add(iri, NAMESPACES["void"] + "triples", Literal(str(triples), XSD + "integer"))
        return iri

    def rule(self, name: str, graph: str, summary: str, reason: str) -> None:
        """Describe a rule, and the activity in which it made its graph."""
        rule, activity = f"{self.base}id/rule/{name}", f"{self.base}id/activity/{name}"
        self.type(rule, SKG + "Rule")
        self.add(rule, NAMESPACES["rdfs"] + "label", Literal(name))
        self.add(rule, _TERMS + "description", Literal(summary))
        if reason:
            self.add(rule, NAMESPACES["skos"] + "editorialNote", Literal(reason))
        self.activity(self.base + graph, activity)
        self.type(activity + "/plan", _PROV + "Association")
        self.add(activity, _PROV + "qualifiedAssociation", IRI(activity + "/plan"))
        self.add(activity + "/plan", _PROV + "agent", IRI(self.agent))
        self.add(activity + "/plan", _PROV + "hadPlan", IRI(rule))

    def activity(self, graph: str, activity: str) -> None:
        self.add(graph, _PROV + "wasGeneratedBy", IRI(activity))
        self.type(activity, _PROV + "Activity")
        self.add(activity, _PROV + "wasAssociatedWith", IRI(self.agent))

    @property
    def agent(self) -> str:
        return self.base + "id/software/siibra-kg"


def meta(
    base_iri: str,
    tool: str,
    counts: Mapping[str, int],
    *,
    sources: Iterable[SourceRecord],
    repairs: Iterable[Repair],
    rules: Collection[Rule],
) -> bytes:
    """Write ``graph/meta`` as sorted N-Triples.

    Parameters
    ----------
    base_iri
        Base of the graphs' IRIs.
    tool
        Version of siibra_kg.
    counts
        Triples by graph (relative IRI), without this one.
    sources, repairs, rules
        What made the graphs; those that made none are left out.
    """
    out = _Writer(base_iri)
    out.type(out.agent, _PROV + "SoftwareAgent")
    out.add(out.agent, NAMESPACES["rdfs"] + "label", Literal("siibra_kg"))
    out.add(out.agent, NAMESPACES["pav"] + "version", Literal(tool))
    made = {"graph/ontology": "The vocabulary", "graph/maps": "Maps curated by this project"}
    derived = {rule.graph for rule in rules}
    sets = (g for g in counts if g.startswith("graph/mapping/") and g not in derived)
    made |= {graph: f"Mappings curated by this project: {graph.rpartition('/')[2]}" for graph in sets}
    for graph, title in made.items():
        if graph in counts:
            iri = out.dataset(graph, title, counts[graph])
            out.add(iri, _TERMS + "license", IRI(_SPDX + "Apache-2.0"))
            out.activity(iri, base_iri + "id/activity/read-" + graph.rpartition("/")[2])
    for source in sources:
        if source.graph in counts:
            _source(out, source, counts[source.graph])
    for repair in repairs:
        if repair.graph in counts:
            out.dataset(repair.graph, f"Repair: {repair.id}", counts[repair.graph])
            out.rule(repair.id, repair.graph, repair.what, repair.evidence)
    for rule in rules:
        if rule.graph in counts:
            out.dataset(rule.graph, f"{rule.kind.capitalize()}: {rule.name}", counts[rule.graph])
            out.rule(rule.name, rule.graph, rule.summary, rule.reason)
    return "".join(sorted(out.lines)).encode()


def _source(out: _Writer, source: SourceRecord, triples: int) -> None:
    iri = out.dataset(source.graph, source.name, triples)
    texts = {
        NAMESPACES["dcat"] + "version": source.version,
        NAMESPACES["pav"] + "version": source.revision,
        SKG + "sha256": source.sha256,
    }
    for predicate, text in texts.items():
        if text:
            out.add(iri, predicate, Literal(text))
    if source.license:
        licence = source.license if is_iri(source.license) else _SPDX + source.license
        out.add(iri, _TERMS + "license", IRI(licence))
    if source.url and is_iri(source.url):
        out.add(iri, _TERMS + "source", IRI(source.url))
    out.activity(iri, f"{out.base}id/activity/read-{source.graph.removeprefix('graph/').replace('/', '-')}")
