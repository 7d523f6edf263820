"""A small atlas, as openMINDS states it and as a build completes it, that breaks no rule until a test adds a defect."""

from __future__ import annotations

from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE, NAMESPACES

PREFIXES = "".join(f"@prefix {p}: <{n}> .\n" for p, n in NAMESPACES.items()) + "@prefix : <urn:t:> .\n"
ASSERTED, DERIVED, META = (f"{BASE}graph/{name}" for name in ("openminds/test", "rule/test", "meta"))

#: A small atlas as openMINDS would state it: one version, one entity, one entity version with two sides.
SOURCE = """
:A a omt:AnatomicalAtlas ; om:hasTerminology :TA . :TA a omt:ParcellationTerminology ; om:hasEntity :e .
:e a omt:ParcellationEntity ; om:name "e" .
:V a omt:AnatomicalAtlasVersion ; om:isVersionOf :A ; om:hasTerminology :T ; om:coordinateFramework :S ;
  om:type :t ; om:usageCondition :l .
:T a omt:ParcellationTerminologyVersion ; om:hasEntity :p .
:p a omt:ParcellationEntityVersion ; om:name "p" ; om:isVersionOf :e ; om:hasAnnotation :al , :ar .
:al a omt:AtlasAnnotation ; om:laterality :left ; om:internalIdentifier "1" ; om:criteriaType :c .
:ar a omt:AtlasAnnotation ; om:laterality :right ; om:internalIdentifier "2" ; om:criteriaType :c .
:S a omt:CommonCoordinateFrameworkVersion .
"""
#: What a build makes of it, with a map.
RESULT = """
:R a skg:ParcellationRelease ; skos:prefLabel "R" ; dcat:version "1" ; skg:isVersionOf :A ;
  skg:hasSpatialRealisation :V .
:r0 a skg:Region , skg:ContextRegion ; skos:prefLabel "r0" ; skos:inScheme :R ; skg:depth 0 ; skg:hasPart :r .
:r a skg:Region ; skos:prefLabel "r" ; skos:inScheme :R ; skg:realisedBy :p ; skg:partOf :r0 ; skg:depth 1 ;
  skos:broaderTransitive :r0 ; skg:hasPart :rl , :rr .
:rl a skg:Region , skg:HemisphereRegion ; skos:prefLabel "r left" ; skos:inScheme :R ; skg:realisedBy :al ;
  skg:laterality :left ; skg:partOf :r ; skg:depth 2 ; skos:broaderTransitive :r , :r0 ; skg:contralateralTo :rr .
:rr a skg:Region , skg:HemisphereRegion ; skos:prefLabel "r right" ; skos:inScheme :R ; skg:realisedBy :ar ;
  skg:laterality :right ; skg:partOf :r ; skg:depth 2 ; skos:broaderTransitive :r , :r0 ; skg:contralateralTo :rl .
:al skg:label 1 ; skg:colorHex "#C5EEFF" . :ar skg:label 2 ; skg:colorHex "#C5EEFF" .
:M a skg:ParcellationMap ; skg:ofRelease :R ; skg:inSpace :S ; skg:mapKind "labelled" ; skg:hasVolume :W ;
  skg:hasIndex :i . :W a skg:Volume ; skg:inSpace :S ; skg:volumeKind "labelled" ; dcat:distribution :D .
:D a dcat:Distribution ; dcat:downloadURL <https://example.org/a.nii> ; skg:providerType "nii" .
:i a skg:RegionIndex ; skg:volume :W ; skg:label 1 ; skg:region :rl .
"""


def small_store(extra="", graph=ASSERTED):
    """Make a store with the ontologies, the small atlas and a defect."""
    store = open_store("memory:")
    for path in sorted(folder("ontologies").glob("*.ttl")):
        store.load(path.read_bytes(), "ttl", IRI(f"{BASE}graph/ontology"), BASE)
    names = " , ".join(f"<{g}>" for g in (ASSERTED, DERIVED, META, f"{BASE}graph/ontology"))
    meta = "".join(f"{name} a dcat:Dataset .\n" for name in names.split(" , "))
    for name, text in ((ASSERTED, SOURCE), (DERIVED, RESULT), (META, meta), (graph, extra)):
        store.load((PREFIXES + text).encode(), "ttl", IRI(name), BASE)
    return store


def siibra_node(name, order, parent="", label="", more=""):
    """Write a region node of siibra in the release at-v1."""
    up = f"; skg:siibraParent <id/siibra/{parent}>" if parent else ""
    return (
        f"<id/siibra/{name}> a skg:SiibraRegion ; skg:siibraName '{label or name}' ; rdfs:label '{label or name}' ;"
        f" skg:siibraOrder {order} ; skg:ofRelease <id/release/at-v1> {up} {more} .\n"
    )
