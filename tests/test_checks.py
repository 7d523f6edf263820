"""Each check finds the defect it is for, a good graph passes them all, and the real defects are found again."""

from __future__ import annotations

import pytest
from small_atlas import ASSERTED, DERIVED, PREFIXES, small_store

from siibra_kg.errors import BadTemplate
from siibra_kg.questions.checks import SEVERITIES, run_checks
from siibra_kg.questions.run import run
from siibra_kg.resources import folder
from siibra_kg.stores import open_store
from siibra_kg.stores.rdflib import RdflibStore
from siibra_kg.templates import Catalog
from siibra_kg.terms import IRI
from siibra_kg.vocab import BASE, NAMESPACES

CATALOG = Catalog(folder("queries"))
CHECKS = [name for name in CATALOG if name.startswith("check/")]

#: check -> where the defect goes, the defect, and what the check must name.
DEFECTS = {
    "allen-terms-disagree": (
        DERIVED,
        """<http://api.brain-map.org/api/v2/data/Structure/1> <http://uri.interlex.org/base/delineates> UBERON:0000001 .
        mbao:1 skos:exactMatch UBERON:0000002 ; skos:broadMatch UBERON:0000003 .""",
        "<http://api.brain-map.org/api/v2/data/Structure/1>",
    ),
    "anchor-by-words": (DERIVED, ':f a skg:Feature ; skg:anchorText "r l" ; skg:anchoredByName :rl .', ":f"),
    "anchor-undecodable": (ASSERTED, ':f a skg:Feature ; skg:anchorText "Oc1M" .', ":f"),
    "atlas-version-in-releases": (DERIVED, ":R2 skg:hasSpatialRealisation :V .", ":V"),
    "atlas-version-incomplete": (
        ASSERTED,
        ":V2 a omt:AnatomicalAtlasVersion ; om:type :t ; om:usageCondition :l .",
        ":V2",
    ),
    "blank-node": (ASSERTED, "[] a omt:File .", f"<{ASSERTED}>"),
    "closure-incomplete": (DERIVED, ":r0 skg:partOf :top .", ":r0"),
    "color-is-colormap": (ASSERTED, ":v om:preferredDisplayColor :m . :m a omt:Colormap .", ":v"),
    "color-malformed": (DERIVED, ':r skg:colorHex "#c5eeff" .', ":r"),
    "contralateral-wrong": (DERIVED, ":r skg:contralateralTo :r0 .", ":r"),
    "corrected-name": (ASSERTED, ':p om:correctedName "q" .', ":p"),
    "dangling-color": (
        ASSERTED,
        ":v om:preferredDisplayColor <https://openminds.om-i.org/instances/singleColor/#FF0000> .",
        ":v",
    ),
    "dangling-link": (
        ASSERTED,
        ":p om:hasParent <https://openminds.om-i.org/instances/parcellationEntity/gone> .",
        ":p",
    ),
    "depth-wrong": (DERIVED, ":x skg:depth 3 ; skos:broaderTransitive :r .", ":x"),
    "duplicate-name": (ASSERTED, ':T om:hasEntity :p2 . :p2 a omt:ParcellationEntityVersion ; om:name "p" .', ":V"),
    "empty-terminology": (ASSERTED, ":V2 a omt:AnatomicalAtlasVersion ; om:hasTerminology :T2 .", ":V2"),
    "hemisphere-incomplete": (DERIVED, ":rl skg:laterality :right .", ":rl"),
    "index-crosses": (DERIVED, ":i skg:region :other . :other skos:inScheme :R2 .", ":i"),
    "index-without-region": (DERIVED, ":i2 a skg:RegionIndex ; skg:label 91 .", ":i2"),
    "label-ambiguous": (
        DERIVED,
        ":T om:hasEntity :p2 . :p2 om:hasAnnotation :x . :x skg:label 1 ; om:laterality :left ; om:criteriaType :c .",
        ":V",
    ),
    "label-not-a-number": (ASSERTED, ':al om:internalIdentifier "1a" .', ":al"),
    "literal-where-link": (ASSERTED, ':p om:hasParent "somewhere" .', ":p"),
    "map-incomplete": (
        DERIVED,
        ':M2 a skg:ParcellationMap ; skg:ofRelease :R ; skg:inSpace :S ; skg:mapKind "labelled" .',
        ":M2",
    ),
    "one-sided-version": (ASSERTED, ":p2 om:hasAnnotation :x . :x om:laterality :left .", ":p2"),
    "origin-without-unit": (ASSERTED, ":S om:axesOrigin :q . :q om:value 5 .", ":S"),
    "parent-cycle": (ASSERTED, ":e om:hasParent :f . :f om:hasParent :e .", ":e :f"),
    "parents-disagree": (
        ASSERTED,
        ":e om:hasParent :f . :p om:hasParent :g . :g a omt:ParcellationEntity .",
        ":p",
    ),
    "part-of-crosses": (DERIVED, ":r skg:partOf :other . :other skos:inScheme :R2 .", ":r"),
    "part-of-cycle": (DERIVED, ":r0 skg:partOf :r .", ":r0 :r"),
    "part-of-inverse": (DERIVED, ":r0 skg:partOf :top . :r skg:hasPart :x .", ":r0 :x"),
    "region-in-schemes": (DERIVED, ":r skos:inScheme :R2 . :R2 a skg:ParcellationRelease .", ":r"),
    "region-incomplete": (DERIVED, ":x a skg:Region ; skg:depth 0 .", ":x"),
    "region-unrealised": (DERIVED, ":x a skg:Region . :r0 skg:realisedBy :p .", ":x :r0"),
    "release-incomplete": (
        DERIVED,
        ':R2 a skg:ParcellationRelease ; skos:prefLabel "R2" ; dcat:version "2" ; skg:isVersionOf :A .',
        ":R2",
    ),
    "release-without-space": (DERIVED, ":R skg:hasSpatialRealisation :V2 .", ":V2"),
    "required-missing": (ASSERTED, ":x a omt:Laterality .", "omt:Laterality"),
    "row-without-region": (ASSERTED, ':l skg:ofRelease :R ; skg:hasRow :w . :w rdfs:label "q" .', ":w"),
    "same-as": (DERIVED, ":r owl:sameAs :e .", ":r"),
    "several-parents": (ASSERTED, ":e om:hasParent :f , :g .", ":e"),
    "several-values": (ASSERTED, ':e om:name "f" .', ":e"),
    "shared-label": (ASSERTED, ':p om:hasAnnotation :x . :x om:laterality :left ; om:internalIdentifier "1" .', ":p"),
    "shared-version": (ASSERTED, ":V2 a omt:AnatomicalAtlasVersion ; om:hasTerminology :T .", ":p"),
    "transform-incomplete": (
        DERIVED,
        """:t1 a skg:Transform ; skg:sourceSpace :S ; skg:targetSpace :S2 .
        :t2 a skg:Transform ; skg:sourceSpace :S ; skg:targetSpace :S2 ; skg:transformMethod "affine" .
        :t3 a skg:Transform ; skg:sourceSpace :S ; skg:targetSpace :S ; skg:transformMethod "identity" .
        :t4 a skg:Transform ; skg:sourceSpace :S ; skg:targetSpace :S2 ; skg:transformMethod "service" ;
          skg:transformService <https://example.org/> ; skg:sourceKey "s" .
        :t5 a skg:Transform ; skg:sourceSpace :S ; skg:targetSpace :S2 ; skg:transformMethod "identity" .""",
        ":t1 :t2 :t3 :t4",
    ),
    "undeclared-term": (DERIVED, ":r skg:unheardOf 1 .", "skg:unheardOf"),
    "undescribed-graph": (f"{BASE}graph/user/new", ":x om:name 'x' .", f"<{BASE}graph/user/new>"),
    "undescribed-property": (ASSERTED, ":e om:releaseDate '2020-01-01'^^xsd:date .", "omt:ParcellationEntity"),
    "undescribed-type": (ASSERTED, ":x a omt:BrainAtlas .", "omt:BrainAtlas"),
    "unlisted-entity": (ASSERTED, ":f a omt:ParcellationEntity .", ":f"),
    "unlisted-version": (ASSERTED, ":p2 a omt:ParcellationEntityVersion .", ":p2"),
    "untidy-name": (ASSERTED, ':p om:name "but supramarginal and\\nangular gyri" .', ":p"),
    "variant-one-way": (ASSERTED, ":V om:isVariantOf :V2 .", ":V"),
    "version-cycle": (ASSERTED, ":V om:isPrecededBy :V2 . :V2 om:isPrecededBy :V .", ":V :V2"),
    "version-of-missing": (ASSERTED, ":p2 a omt:ParcellationEntityVersion .", ":p2"),
    "version-of-unknown": (ASSERTED, ":p2 a omt:ParcellationEntityVersion .", ":p2"),
    "version-name-disagrees": (
        DERIVED,
        """:why skg:reason "shared entity" ; owl:annotatedSource :na ; owl:annotatedTarget :nb .
        :na skg:siibraName "Bulb" .
        :nb skos:inScheme :R9 ; skos:prefLabel "bulb, unspecified" . :nc skos:inScheme :R9 ; skg:siibraName "bulb" .""",
        ":na",
    ),
    "volume-incomplete": (
        DERIVED,
        ":W2 a skg:Volume ; skg:inSpace :S ; dcat:distribution :D2 . :D2 dcat:downloadURL <https://example.org/b> .",
        ":W2 :D2",
    ),
    "volume-without-provider": (DERIVED, ':W2 a skg:Volume ; skg:inSpace :S ; skg:volumeKind "voi" .', ":W2"),
    "volume-without-entry": (DERIVED, ":M skg:hasVolume :W2 .", ":W2"),
    "box-wrong": (
        DERIVED,
        """:b skg:minX 1e0 ; skg:maxX 0e0 . :c skg:minY "NaN"^^xsd:double ; skg:maxY 0e0 .
        :d skg:minZ 0e0 ; skg:maxZ "INF"^^xsd:double . :e skg:minX 0e0 ; skg:maxX 0e0 .""",
        ":b :c :d",
    ),
    "box-elsewhere": (DERIVED, ":W skg:boundingBox :b . :b skg:inSpace :S2 .", ":W"),
    "index-region-unknown": (
        DERIVED,
        """:M skg:hasIndex :i2 , :i3 . :i2 a skg:RegionIndex ; skg:volume :W ; skg:siibraName "nowhere" .
        :i3 a skg:RegionIndex ; skg:volume :W ; skg:siibraName "mask" ; skg:unmapped true .""",
        ":i2",
    ),
    "index-of-several": (DERIVED, ":i skg:region :rr .", ":i"),
    "index-fragment-unknown": (
        DERIVED,
        """:M skg:hasIndex :i2 , :i3 ; skg:hasVolume :W2 . :W2 dcat:distribution :D2 . :D2 skg:fragment "left" .
        :i2 skg:volume :W2 ; skg:fragment "right" . :i3 skg:volume :W2 ; skg:fragment "left" .
        :i skg:fragment "left" .""",
        ":i2",
    ),
    "labels-doubtful": (
        DERIVED,
        ":W dcat:distribution :D2 . :D2 dcat:downloadURL <https://example.org/HarvardOxford-cort-maxprob-thr0> . "
        + " ".join(f":M skg:hasIndex :h{n} . :h{n} skg:label {n} ." for n in range(100, 149)),
        ":M",
    ),
    "color-disagrees": (
        DERIVED,
        ':r skg:colorHex "#000000" . :n skg:configures :r ; skg:colorHex "#FFFFFF" .',
        ":r",
    ),
    "configures-wrong": (DERIVED, ":n a skg:SiibraRegion . :n2 skg:configures :r . :n3 skg:configures :r .", ":n :r"),
    "instance-elsewhere": (
        DERIVED,
        """:m a skg:SiibraRegion ; skg:ebrainsInstance :x ; skg:configures :r ; skg:siibraName "m" .
        :n skg:ebrainsInstance :x ; skg:configures :r0 ; skg:siibraName "n" .
        :r skg:isVersionOf :e . :r0 skg:isVersionOf :f .""",
        ":x",
    ),
    "instance-shared": (
        DERIVED,
        """:n a skg:SiibraRegion ; skg:ebrainsInstance :x ; skg:ofRelease :R ; skg:siibraName "n" .
        :m a skg:SiibraRegion ; skg:ebrainsInstance :x ; skg:ofRelease :R ; skg:siibraName "m" .""",
        ":x",
    ),
    "label-disagrees": (
        DERIVED,
        ":M skg:hasIndex :i3 . :i3 skg:label 9 ; skg:region :r . :n skg:configures :r .",
        ":r",
    ),
    "label-of-several": (
        DERIVED,
        ':M skg:hasIndex :i4 , :i5 . :i4 skg:label 5 ; skg:siibraName "a" . :i5 skg:label 5 ; skg:siibraName "b" .',
        ":M",
    ),
    "name-disagrees": (
        DERIVED,
        """:n skg:configures :r ; skos:exactMatch :r ; skg:siibraName "q" . :w owl:annotatedSource :n ;
        owl:annotatedTarget :r ; sssom:mapping_justification semapv:ManualMappingCuration .""",
        ":r",
    ),
    "side-disagrees": (DERIVED, ':n skg:configures :rr ; skg:siibraName "r left" .', ":n"),
    "siibra-key-shared": (
        DERIVED,
        """:n a skg:SiibraRegion ; skg:siibraKey "A" ; skg:ofRelease :R ; skg:siibraOrder 1 ; skg:siibraName "a" .
        :m a skg:SiibraRegion ; skg:siibraKey "A" ; skg:ofRelease :R ; skg:siibraOrder 2 ; skg:siibraName "A" .""",
        ":m",
    ),
    "siibra-tree-lost": (
        DERIVED,
        ":n skg:siibraParent :m ; skg:configures :r0 . :m skg:configures :r .",
        ":r0",
    ),
    "species-instance": (
        DERIVED,
        """:R skg:ebrainsInstance <https://example.org/species/1> ; om:usedTaxon :t1 .
        :R2 a skg:ParcellationRelease ; skg:ebrainsInstance <https://example.org/species/1> ; om:usedTaxon :t2 .""",
        "<https://example.org/species/1>",
    ),
    "trees-disagree": (DERIVED, ":r skg:openmindsPartOf :x . :n skg:configures :r . :m skg:configures :x .", ":r"),
    "unnamed-region": (DERIVED, ':n a skg:SiibraRegion ; skg:siibraName "" .', ":n"),
    "count-differs": (
        DERIVED,
        """:c1 skg:declaredCount 1 ; rdfs:label "a" ; skg:countsProperty skg:hasFile .
        :c2 skg:declaredCount 3 ; rdfs:label "b" ; skg:countsProperty skg:fileRole ; skg:countsValue "data" .
        :c3 skg:declaredCount 2 ; rdfs:label "c" ; skg:countsProperty skg:decoder ; skg:countsTarget omt:File .
        :c4 skg:declaredCount 0 ; rdfs:label "d" ; skg:countsProperty skg:rowList ; skg:countsBelow "urn:t:" .
        :c5 skg:declaredCount 2 ; rdfs:label "e" ; skg:countsProperty skg:fileRole ; skg:countsValue "data" .
        :x skg:fileRole "data" . :y skg:fileRole "data" ; skg:rowList :x . :x skg:decoder :z . :z a omt:File .""",
        ":c1 :c2 :c3 :c4",
    ),
    "map-names-no-region": (
        DERIVED,
        """:M skg:hasIndex :i6 , :i7 , :i8 . :i6 skg:siibraName "gone" . :i7 skg:siibraName "none" ; skg:unmapped true .
        :i8 skg:siibraName "here" . :n skg:siibraName "here" ; skg:ofRelease :R ; skg:siibraOrder 1 .
        :m skg:siibraName "gone" ; skg:ofRelease :R2 ; skg:siibraOrder 1 .""",
        ":i6",
    ),
    "unresolved-id": (DERIVED, ':n skg:unresolved "no/such/id" .', ":n"),
    "version-one-way": (f"{BASE}graph/siibra/test", ":R2 dcat:previousVersion :R .", ":R2"),
}


def subjects(store, check):
    """Run one check; give what it names."""
    return {str(row.subject) for row in run(store, CATALOG[f"check/{check}"])}


@pytest.fixture(scope="module")
def good():
    """The small atlas without a defect, and what each check says of it."""
    report = run_checks(small_store(), CATALOG)
    return {r.name: {str(row.subject) for row in r.rows} for r in report.results}, report


def test_a_good_graph_has_no_violation(good):
    """Every invariant of a build holds for the small atlas."""
    _, report = good
    assert [str(r) for r in report.results if r.severity == "violation" and r.count] == []
    assert report.violations == 0
    assert report.ok


def test_every_check_has_a_defect_here():
    """A check that nothing can trip is no check: each has its case below."""
    assert {name.removeprefix("check/") for name in CHECKS} == set(DEFECTS)


@pytest.mark.parametrize("check", sorted(DEFECTS))
def test_each_check_finds_its_defect(check, good):
    """A defect put into the good graph is found by its check, at the right node and nowhere else."""
    graph, text, expected = DEFECTS[check]
    wanted = set()
    for word in expected.split():
        prefix, _, name = word.partition(":")
        wanted.add(word[1:-1] if word.startswith("<") else {"": "urn:t:", **NAMESPACES}[prefix] + name)
    found = subjects(small_store(text, graph), check)
    assert found - good[0][check] == wanted
    assert not good[0][check] - found


def test_the_report_is_ordered_and_complete(good):
    """Worst first, one row for each check in the summary, one for each finding below it."""
    _, report = good
    order = [SEVERITIES.index(s) for s in report.summary.column("severity")]
    assert order == sorted(order)
    assert len(report.summary) == len(CHECKS) == len(report.results)
    assert sum(report.summary.column("count")) == len(report.findings)
    assert f"{len(CHECKS)} checks: no violation" in report.headline
    assert report["required-missing"].severity == "finding"
    with pytest.raises(KeyError, match="no check 'unheard'"):
        report["unheard"]


def test_a_violation_is_counted():
    """The report of a graph with a violation is not ok and says how many there are."""
    report = run_checks(small_store(":r owl:sameAs :e , :f .", DERIVED), CATALOG)
    assert report.violations == 2
    assert not report.ok
    assert "2 violations" in report.headline


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#+ summary: a\n#+ column subject: iri\n#+ column message: string\n", "states `#\\+ severity:`"),
        (
            "#+ summary: a\n#+ severity: bad\n#+ column subject: iri\n#+ column message: string\n",
            "states `#\\+ severity:`",
        ),
    ],
)
def test_a_check_without_severity_is_refused(tmp_path, text, reason):
    """A check says how bad it is, in a known word."""
    (tmp_path / "check").mkdir()
    query = "SELECT DISTINCT ?subject ?message WHERE { ?subject ?p ?message } ORDER BY ?subject\n"
    (tmp_path / "check" / "a.rq").write_text(text + query)
    with pytest.raises(BadTemplate, match=reason):
        run_checks(open_store("memory:"), Catalog(tmp_path))


def test_a_check_names_subject_and_message_first(tmp_path):
    """The two columns that the report needs are there and come first."""
    (tmp_path / "check").mkdir()
    head = "#+ summary: a\n#+ severity: info\n#+ column message: string\n#+ column subject: iri\n"
    query = "SELECT DISTINCT ?message ?subject WHERE { ?subject ?p ?message } ORDER BY ?subject\n"
    (tmp_path / "check" / "a.rq").write_text(head + query)
    with pytest.raises(BadTemplate, match="subject and message"):
        run_checks(open_store("memory:"), Catalog(tmp_path))


@pytest.mark.long
def test_rdflib_finds_the_same():
    """With every defect at once in one graph, every check gives the same rows on rdflib as on Oxigraph."""
    one = small_store()
    for graph, text, _ in DEFECTS.values():
        one.load((PREFIXES + text).encode(), "ttl", IRI(graph), BASE)
    other = RdflibStore()
    other.add(one.quads())
    found = {name: run(one, CATALOG[name]) for name in CHECKS}
    assert sum(len(rows) > 0 for rows in found.values()) > 40  # a few defects mend each other
    for name, rows in found.items():
        assert sorted(map(str, run(other, CATALOG[name]).cells)) == sorted(map(str, rows.cells)), name
