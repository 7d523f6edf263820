"""The namespaces and the few terms that Python code itself has to name.

Everything else about the vocabulary (labels, definitions, alignments) lives in ``ontologies/siibra-kg.ttl``.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["BASE", "NAMESPACES", "OM", "OMI", "OMT", "PREFIXES", "RDF_TYPE", "SKG", "SKOS", "XSD", "kebab"]

#: The default base of every IRI that this project mints; ``Settings.base_iri`` replaces it.
BASE = "https://w3id.org/siibra-kg/"

#: The extension vocabulary. Fixed: queries name it, whatever the base of minted identifiers is.
SKG = "https://w3id.org/siibra-kg/vocab/"
#: openMINDS properties, types and library instances, in the namespace of version 4 and later.
OM = "https://openminds.om-i.org/props/"
OMT = "https://openminds.om-i.org/types/"
OMI = "https://openminds.om-i.org/instances/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
RDF_TYPE = RDF + "type"

#: prefix -> namespace, the single prefix map of the project (queries, CURIEs, exports).
NAMESPACES = MappingProxyType(
    {
        "skg": SKG,
        # What this project mints under its default base, as omi: is what openMINDS mints.
        "skgi": BASE + "id/",
        "skgg": BASE + "graph/",
        "om": OM,
        "omt": OMT,
        "omi": OMI,
        "rdf": RDF,
        "rdfs": RDFS,
        "owl": "http://www.w3.org/2002/07/owl#",
        "xsd": XSD,
        "sh": "http://www.w3.org/ns/shacl#",
        "skos": SKOS,
        "dcterms": "http://purl.org/dc/terms/",
        "dcat": "http://www.w3.org/ns/dcat#",
        "csvw": "http://www.w3.org/ns/csvw#",
        "prov": "http://www.w3.org/ns/prov#",
        "pav": "http://purl.org/pav/",
        "void": "http://rdfs.org/ns/void#",
        "spdx": "http://spdx.org/rdf/terms#",
        "schema": "https://schema.org/",
        "sssom": "https://w3id.org/sssom/",
        "semapv": "https://w3id.org/semapv/vocab/",
        "obo": "http://purl.obolibrary.org/obo/",
        "UBERON": "http://purl.obolibrary.org/obo/UBERON_",
        "NCBITaxon": "http://purl.obolibrary.org/obo/NCBITaxon_",
        "BFO": "http://purl.obolibrary.org/obo/BFO_",
        "RO": "http://purl.obolibrary.org/obo/RO_",
        # Structures of the Allen mouse, human and developing human atlases: as OBO names them, as the Allen Institute's
        # own pages do, and as the bridges of UBERON do.
        "MBA": "http://purl.obolibrary.org/obo/MBA_",
        "HBA": "http://purl.obolibrary.org/obo/HBA_",
        "DHBA": "http://purl.obolibrary.org/obo/DHBA_",
        "structure": "http://api.brain-map.org/api/v2/data/Structure/",
        "mbao": "https://purl.brain-bican.org/ontology/mbao/MBA_",
        "hbao": "https://purl.brain-bican.org/ontology/hbao/HBA_",
        "dhbao": "https://purl.brain-bican.org/ontology/dhbao/DHBA_",
        "ILX": "http://uri.interlex.org/base/ilx_",
        "kg": "https://kg.ebrains.eu/api/instances/",
        "doi": "https://doi.org/",
        "orcid": "https://orcid.org/",
    }
)
PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in NAMESPACES.items())


def kebab(name: str) -> str:
    """Turn a class name into the word that IRIs use: ``AtlasAnnotation`` -> ``atlas-annotation``."""
    out: list[str] = []
    for i, char in enumerate(name):
        if char.isupper() and i and not name[i - 1].isupper():
            out.append("-")
        out.append(char.lower())
    return "".join(out)
