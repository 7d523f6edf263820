"""schema.org in JSON-LD, which search engines read out of pages: the graph as a dataset, and single nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siibra_kg.describe.dcat import DESCRIPTION, KEYWORDS, TITLE
from siibra_kg.questions import links
from siibra_kg.questions.ask import Asker
from siibra_kg.questions.citations import cite
from siibra_kg.terms import IRI, Literal, local_name
from siibra_kg.vocab import NAMESPACES, OM, OMT, RDF_TYPE, SKG, SKOS

if TYPE_CHECKING:
    from siibra_kg.describe.about import About, Graph
    from siibra_kg.questions.citations import Citation
    from siibra_kg.table import Row

__all__ = ["schema_org", "schema_org_dataset"]

#: Class -> class of schema.org; what is none of these is a term that somebody defined.
_KINDS = (
    (SKG + "Region", "AnatomicalStructure"),
    (SKG + "Feature", "Dataset"),
    (SKG + "ParcellationRelease", "Dataset"),
    (SKG + "ParcellationMap", "Dataset"),
    (SKG + "Volume", "Dataset"),
    (OMT + "AnatomicalAtlasVersion", "Dataset"),
    (OMT + "CommonCoordinateFrameworkVersion", "Dataset"),
    (OMT + "Person", "Person"),
)
_NAMES = tuple(
    IRI(name)
    for name in (
        SKOS + "prefLabel",
        OM + "name",
        OM + "fullName",
        SKG + "siibraName",
        NAMESPACES["rdfs"] + "label",
        NAMESPACES["dcterms"] + "title",
        NAMESPACES["schema"] + "name",
        OM + "shortName",
    )
)
_OTHER_NAMES = (IRI(SKOS + "altLabel"), IRI(OM + "synonym"), IRI(OM + "abbreviation"), IRI(OM + "shortName"))
_TEXTS = tuple(
    IRI(name)
    for name in (
        SKOS + "definition",
        OM + "definition",
        OM + "description",
        NAMESPACES["dcterms"] + "description",
        NAMESPACES["schema"] + "description",
    )
)


def schema_org(kg: Graph, iri: IRI, url: str = "") -> dict[str, Any]:
    r"""Describe one node.

    Parameters
    ----------
    kg
        The graph.
    iri
        The node; one that the graph does not know gets a description without content.
    url
        Address of its page; its own IRI unless told.

    Returns
    -------
    dict
        For :func:`json.dumps`. Keys come in a fixed order, values are plain texts and addresses. Whoever puts it in a
        page writes ``<`` as ``\u003c``: names come from data.
    """
    ask = Asker(kg.store, kg.templates)
    said: dict[IRI, list[Row]] = {}
    for row in ask.table("node/out", node=iri):
        said.setdefault(row.property, []).append(row)
    types = {str(row.value) for row in said.get(IRI(RDF_TYPE), ())}
    kind = next((name for cls, name in _KINDS if cls in types), "DefinedTerm")
    names = _texts(said, *_NAMES)
    name = names[0] if names else local_name(iri)
    found: dict[str, Any] = {"@context": "https://schema.org/", "@type": kind, "@id": str(iri)}
    found |= {"url": url or str(iri), "name": name, "identifier": str(iri)}
    found["alternateName"] = sorted({*_texts(said, *_OTHER_NAMES), *names[1:]} - {name})
    found["description"] = "\n".join(_texts(said, *_TEXTS)) or (_what(name, types) if kind == "Dataset" else "")
    found["sameAs"] = [m.object for m in links.mappings(ask, iri) if m.predicate == SKOS + "exactMatch"]
    if kind == "AnatomicalStructure":
        found["subStructure"] = [_link(row.value) for row in said.get(IRI(SKG + "hasPart"), ())]
        found["subjectOf"] = [_link(row.value) for row in said.get(IRI(SKOS + "inScheme"), ())]
    if kind == "Dataset":
        found |= _credits(cite(ask, [iri]))
    return {key: value for key, value in found.items() if value}


def _texts(said: dict[IRI, list[Row]], *properties: IRI) -> list[str]:
    """Give the texts of some properties, each once, in the order of the properties."""
    texts = (str(r.value) for p in properties for r in said.get(p, ()) if isinstance(r.value, Literal | str))
    return [text for text in dict.fromkeys(texts) if text.strip() and not text.startswith(("http://", "https://"))]


def _what(name: str, types: set[str]) -> str:
    return f"{name}: {', '.join(sorted(map(local_name, types)))} in a knowledge graph of brain atlases."


def _link(value: object) -> dict[str, str]:
    return {"@id": str(value)}


def _credits(citation: Citation) -> dict[str, Any]:
    texts = [text for reference in citation.references for text in reference.texts]
    links = [p.url for p in citation.publications]
    return {"license": sorted({x for r in citation.references for x in r.licenses}), "citation": [*texts, *links]}


def schema_org_dataset(about: About) -> dict[str, Any]:
    """Describe the whole graph as a ``schema:Dataset``, with its dumps; for the first page and a release."""
    licences = sorted({str(row.license) for row in about.graphs if row.license})
    origins = sorted({str(row.source) for row in about.graphs if isinstance(row.source, IRI)})
    found: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": str(about.dataset),
        "url": about.home + "/",
        "name": TITLE,
        "description": DESCRIPTION,
        "keywords": list(KEYWORDS),
        "version": about.content_hash,
        "identifier": about.content_hash,
        "license": licences,
        "isBasedOn": origins,
        "creator": {"@type": "Organization", "name": "The siibra_kg developers", "url": "https://w3id.org/siibra-kg/"},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": dump.title,
                "contentUrl": str(about.url(dump)),
                "encodingFormat": dump.media_type,
                "contentSize": f"{dump.size} B",
                "sha256": dump.sha256,
            }
            for dump in about.dumps
        ],
        "size": f"{about.statistics.triples} triples",
    }
    return {key: value for key, value in found.items() if value}
