"""Write ``ontologies/context.jsonld``, the JSON-LD context that exports are compacted with.

It holds the prefixes of ``siibra_kg.vocab.NAMESPACES``, every openMINDS type and property under its own name, and the
properties of this project and of the standards under their CURIE, each typed where all its values have one type.

    python tools/make_context.py

Run it after a change of the prefixes, of ``openminds.ttl`` or of ``siibra-kg.ttl``; a test compares the bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import rdflib
from rdflib.namespace import OWL, RDF, XSD

from siibra_kg.terms import contract
from siibra_kg.vocab import NAMESPACES, OM, OMT, SKG

#: Properties of others whose values are IRIs in every graph that a build writes.
LINKS = (
    "dcat:distribution", "dcat:downloadURL", "dcat:hasVersion", "dcat:isVersionOf", "dcat:previousVersion",
    "dcterms:conformsTo", "dcterms:hasPart", "dcterms:isPartOf", "dcterms:isReplacedBy", "dcterms:license",
    "dcterms:source",
    "owl:inverseOf", "owl:versionIRI",
    "prov:used", "prov:wasDerivedFrom", "prov:wasGeneratedBy", "prov:wasRevisionOf",
    "rdfs:domain", "rdfs:isDefinedBy", "rdfs:range", "rdfs:seeAlso", "rdfs:subClassOf", "rdfs:subPropertyOf",
    "schema:domainIncludes", "schema:rangeIncludes",
    "skos:broadMatch", "skos:broader", "skos:broaderTransitive", "skos:closeMatch", "skos:exactMatch",
    "skos:hasTopConcept", "skos:inScheme", "skos:narrowMatch", "skos:narrower", "skos:narrowerTransitive",
    "skos:relatedMatch", "skos:topConceptOf",
)  # fmt: skip

#: Datatypes whose values JSON-LD writes as strings. Numbers stay untyped: they compact to JSON numbers.
DATATYPES = {XSD.date: "xsd:date", XSD.dateTime: "xsd:dateTime"}
RANGE_INCLUDES = rdflib.URIRef("https://schema.org/rangeIncludes")


def prefixes() -> dict[str, object]:
    """Give a definition for each prefix; those that do not end in a delimiter must say that they are prefixes."""
    return {p: n if n[-1] in ":/?#[]@" else {"@id": n, "@prefix": True} for p, n in NAMESPACES.items()}


def value_type(graph: rdflib.Graph, term: rdflib.term.Node) -> str | None:
    """Give what ``@type`` the context states for a property, if any."""
    if (term, RDF.type, OWL.ObjectProperty) in graph:
        return "@id"
    ranges = set(graph.objects(term, RANGE_INCLUDES))
    return DATATYPES.get(*ranges) if len(ranges) == 1 and (term, RDF.type, OWL.DatatypeProperty) in graph else None


def context(folder: Path) -> dict[str, object]:
    """Build the context from the two ontologies."""
    graph = rdflib.Graph()
    for name in ("openminds.ttl", "siibra-kg.ttl"):
        graph.parse((folder / name).as_uri(), format="turtle")
    terms: dict[str, object] = {curie: {"@id": curie, "@type": "@id"} for curie in LINKS}
    for term in sorted({s for s in graph.subjects(RDF.type, None) if isinstance(s, rdflib.URIRef)}):
        kind, iri = value_type(graph, term), str(term)  # rdflib's startswith() takes a tuple and answers False
        curie = contract(iri)
        if iri.startswith((OM, OMT)):
            name = iri.removeprefix(OM).removeprefix(OMT)
            terms[name] = {"@id": curie, "@type": kind} if kind else curie
        elif iri.startswith(SKG) and kind:
            terms[curie] = {"@id": curie, "@type": kind}
    return {"@context": {"@version": 1.1, **prefixes(), **dict(sorted(terms.items()))}}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).parent.parent / "ontologies"
    parser.add_argument("--out", type=Path, default=here / "context.jsonld", help="file to write")
    options = parser.parse_args()
    rows = [
        f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in dict(context(here)["@context"]).items()
    ]
    options.out.write_text('{"@context": {\n' + ",\n".join(rows) + "\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
