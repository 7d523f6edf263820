"""DCAT 3 (W3C Recommendation of 2024): the graph as a dataset with files to download and services to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.describe.writing import Writer, fragment, integer
from siibra_kg.terms import IRI, Literal
from siibra_kg.vocab import XSD

if TYPE_CHECKING:
    from siibra_kg.describe.about import About, Dump

__all__ = ["DESCRIPTION", "KEYWORDS", "TITLE", "dcat"]

TITLE = "siibra_kg: brain atlases as a knowledge graph"
DESCRIPTION = (
    "Regions, parcellations, spaces, maps and features of brain atlases from openMINDS and siibra-configurations, "
    "joined in one RDF graph with their mappings to other vocabularies. Each named graph has a source and a licence of "
    "its own."
)
KEYWORDS = ("neuroscience", "brain atlas", "RDF", "SPARQL", "openMINDS", "EBRAINS")
_VCARD = "http://www.w3.org/2006/vcard/ns#"
_MEDIA = "https://www.iana.org/assignments/media-types/"
_PROJECT = IRI("https://w3id.org/siibra-kg/")


def dcat(about: About) -> Writer:
    """Describe the graph as a ``dcat:Dataset`` in a ``dcat:Catalog``.

    One distribution for each dump, with size and SHA-256; the endpoint and the REST interface as data services; each
    named graph with licence, and where it was read from, with the commit.
    """
    out = Writer()
    catalog = out.thing(about.known("dcat#catalog"), "dcat:Catalog")
    dataset = out.thing(about.dataset, "dcat:Dataset")
    out.text(catalog, "dcterms:title", TITLE, "en")
    out.text(catalog, "dcterms:description", "The one dataset of this place, and its services.", "en")
    out.add(catalog, "dcat:dataset", dataset)
    out.text(dataset, "dcterms:title", TITLE, "en")
    out.text(dataset, "dcterms:description", DESCRIPTION, "en")
    out.add(dataset, "dcat:keyword", *(Literal(word, language="en") for word in KEYWORDS))
    out.text(dataset, "dcat:version", about.content_hash)
    out.text(dataset, "dcterms:identifier", about.content_hash)
    out.add(dataset, "dcat:landingPage", IRI(about.home + "/"))
    publisher = _contact(out, about)
    for node in (catalog, dataset):
        out.add(node, "dcterms:publisher", publisher)
        out.add(node, "dcat:contactPoint", about.known("dcat#contact"))
    out.add(dataset, "prov:wasGeneratedBy", _build(out, about))
    _graphs(out, about)
    for dump in about.dumps:
        _distribution(out, about, dump)
    _services(out, about, catalog)
    return out


def _contact(out: Writer, about: About) -> IRI:
    contact = out.thing(about.known("dcat#contact"), _VCARD + "Group")
    out.text(contact, _VCARD + "fn", "The siibra_kg developers")
    out.add(contact, _VCARD + "hasURL", _PROJECT)
    publisher = out.thing(about.known("dcat#publisher"), "http://xmlns.com/foaf/0.1/Agent")
    out.text(publisher, "http://xmlns.com/foaf/0.1/name", "The siibra_kg developers")
    return publisher


def _build(out: Writer, about: About) -> IRI:
    build = out.thing(about.known("dcat#build"), "prov:Activity")
    software = out.thing(IRI(about.base_iri + "id/software/siibra-kg"), "prov:SoftwareAgent")
    out.text(software, "pav:version", about.tool)
    out.add(build, "prov:wasAssociatedWith", software)
    return build


def _graphs(out: Writer, about: About) -> None:
    for row in about.graphs:
        graph = out.thing(row.graph, "dcat:Dataset")
        out.add(about.dataset, "dcterms:hasPart", graph)
        out.text(graph, "dcterms:title", row.title)
        out.text(graph, "dcat:version", row.version)
        out.add(graph, "dcterms:license", row.license)
        if isinstance(row.license, IRI):
            out.add(about.dataset, "dcterms:license", row.license)
        if not isinstance(row.source, IRI):
            continue
        origin = out.thing(row.source, "prov:Entity")
        out.text(origin, "pav:version", row.revision)
        for node in (about.dataset, graph):
            out.add(node, "prov:wasDerivedFrom", origin)


def _distribution(out: Writer, about: About, dump: Dump) -> None:
    node = out.thing(about.known("dcat#" + fragment(dump.name)), "dcat:Distribution")
    out.add(IRI(dump.graph) if dump.graph else about.dataset, "dcat:distribution", node)
    out.text(node, "dcterms:title", dump.title, "en")
    out.add(node, "dcat:downloadURL", about.url(dump))
    out.add(node, "dcat:accessURL", about.url(dump))
    out.add(node, "dcat:mediaType", IRI(_MEDIA + dump.media_type))
    out.add(node, "dcat:compressFormat", IRI(_MEDIA + dump.packed) if dump.packed else None)
    out.add(node, "dcat:byteSize", integer(dump.size, "nonNegativeInteger"))
    checksum = out.thing(about.known("dcat#" + fragment(dump.name, "checksum")), "spdx:Checksum")
    out.add(node, "spdx:checksum", checksum)
    out.add(checksum, "spdx:algorithm", IRI("http://spdx.org/rdf/terms#checksumAlgorithm_sha256"))
    out.add(checksum, "spdx:checksumValue", Literal(dump.sha256, XSD + "hexBinary"))


def _services(out: Writer, about: About, catalog: IRI) -> None:
    described = (
        ("sparql", "SPARQL endpoint", about.endpoint, about.known("service-description")),
        ("rest", "Templates as REST calls", IRI(about.home + "/api"), IRI(about.home + "/openapi.json")),
    )
    for name, title, endpoint, description in described:
        node = out.thing(about.known(f"dcat#{name}"), "dcat:DataService")
        out.add(catalog, "dcat:service", node)
        out.text(node, "dcterms:title", title, "en")
        out.add(node, "dcat:endpointURL", endpoint)
        out.add(node, "dcat:endpointDescription", description)
        out.add(node, "dcat:servesDataset", about.dataset)
    standard = IRI("https://www.w3.org/TR/sparql11-protocol/")
    out.add(about.known("dcat#sparql"), "dcterms:conformsTo", standard)
