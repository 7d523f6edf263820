"""The trees of siibra over regions that are one with openMINDS's: against the JSON, node by node."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from building import annotated, atlas, entity, infer, realised, version
from small_atlas import siibra_node

from siibra_kg.siibra_names import clear_name
from siibra_kg.vocab import OMI

R = "/id/region/at-v1/"

#: Regions and leaves of each parcellation, as siibra 1.0.1a25 counts them (it adds one for the parcellation itself).
COUNTS = {
    "Allen Mouse Common Coordinate Framework v3 2015": (1310, 1022),
    "Allen Mouse Common Coordinate Framework v3 2017": (1327, 1038),
    "DiFuMo Atlas (1024 dimensions)": (1024, 1024),
    "DiFuMo Atlas (64 dimensions)": (64, 64),
    "Julich-Brain Cytoarchitectonic Atlas (v1.18)": (381, 218),
    "Julich-Brain Cytoarchitectonic Atlas (v2.9)": (578, 344),
    "Julich-Brain Cytoarchitectonic Atlas (v3.0.3)": (598, 350),
    "Julich-Brain Cytoarchitectonic Atlas (v3.1)": (771, 454),
    "MEBRAINS population-based monkey parcellation": (293, 191),
    "Waxholm Space atlas of the Sprague Dawley rat brain (v1.01)": (93, 76),
    "Waxholm Space atlas of the Sprague Dawley rat brain (v2)": (95, 78),
    "Waxholm Space atlas of the Sprague Dawley rat brain (v3)": (149, 118),
    "Waxholm Space atlas of the Sprague Dawley rat brain (v4)": (313, 223),
}

PREFIX = "PREFIX skg: <https://w3id.org/siibra-kg/vocab/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "


def preorder(document):
    """Give (depth, parent's position or 0, is leaf) of every region of a parcellation, in preorder from 1."""
    out = []

    def walk(regions, depth, parent):
        for region in regions:
            children = region.get("children") or []
            out.append((depth, parent, not children))
            walk(children, depth + 1, len(out))

    walk(document["regions"], 0, 0)
    return out


@pytest.fixture(scope="module")
def raw(configurations):
    """Give the preorder of every parcellation in the JSON, by name."""
    documents = (d for path, d in configurations.items() if path.startswith("parcellations/"))
    return {clear_name(d["name"]): preorder(d) for d in documents}


@pytest.fixture(scope="module")
def regions(both):
    """Give release name -> position -> region, and region -> its whole, from the graph."""
    positions = defaultdict(dict)
    query = """SELECT DISTINCT ?name ?order ?region WHERE {
      ?node skg:ofRelease ?release ; skg:siibraOrder ?order ; skg:configures ?region .
      ?release skg:siibraName ?name }"""
    for name, order, region in both.sparql(PREFIX + query):
        positions[str(name)][int(str(order))] = str(region)
    query = (
        "SELECT DISTINCT ?part ?whole WHERE { ?part skg:partOf ?whole ; skos:inScheme ?release . ?r skg:configures ?x }"
    )
    query = "SELECT DISTINCT ?part ?whole WHERE { ?part a skg:Region ; skg:partOf ?whole }"
    wholes = defaultdict(set)
    for part, whole in both.sparql(PREFIX + query):
        wholes[str(part)].add(str(whole))
    return positions, wholes


def test_every_region_is_where_siibra_has_it(raw, regions):
    """All 9,726 regions: the parent in the JSON is the whole in the graph, and there is no other."""
    positions, wholes = regions
    assert set(positions) == set(raw)
    assert sum(len(tree) for tree in raw.values()) == 9726
    tops = Counter()
    for name, tree in raw.items():
        here = positions[name]
        assert sorted(here) == list(range(1, len(tree) + 1))
        assert len(set(here.values())) == len(tree)
        for order, (_, parent, _) in enumerate(tree, start=1):
            found = wholes.get(here[order], set())
            if parent:
                assert found == {here[parent]}, (name, order)
            elif found:  # what siibra leaves at the top may be half of a region that only openMINDS has
                assert here[order] in {f"{whole}/{side}" for whole in found for side in ("left", "right")}
                assert found.isdisjoint(here.values())
                tops[name] += 1
    assert tops == {"Deep white matter fibre bundles": 22}


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_counts_are_those_of_siibra(name, raw, regions):
    """Nodes and leaves below the parcellation, in the JSON and in the graph."""
    positions, wholes = regions
    here = set(positions[name].values())
    inner = {whole for part in here for whole in wholes.get(part, ())} & here
    assert (len(raw[name]), sum(leaf for _, _, leaf in raw[name])) == COUNTS[name]
    assert (len(here), len(here - inner)) == COUNTS[name]


def test_the_closure_follows(both, raw):
    """The number of ancestors that siibra has, too, is the depth in the JSON."""
    query = """SELECT ?name ?order (COUNT(DISTINCT ?above) AS ?depth) WHERE {
      ?release skg:siibraName ?name .
      ?node skg:ofRelease ?release ; skg:siibraOrder ?order ; skg:configures ?region .
      OPTIONAL { ?region skos:broaderTransitive ?above . ?other skg:configures ?above } }
    GROUP BY ?name ?order"""
    found = {(str(n), int(str(o))): int(str(d)) for n, o, d in both.sparql(PREFIX + query)}
    assert found == {(name, i): depth for name, tree in raw.items() for i, (depth, _, _) in enumerate(tree, start=1)}


def test_what_only_openminds_realises_is_below_its_whole(both, regions):
    """The laminae of the lateral geniculate body are in openMINDS alone, siibra has the body."""
    query = (
        "SELECT DISTINCT ?whole WHERE { <https://w3id.org/siibra-kg/id/region/jba-v3.0.3/cgl.lam1> skg:partOf ?whole }"
    )
    (whole,) = both.sparql(PREFIX + query).column("whole")
    assert str(whole).endswith("/region/jba-v3.0.3/cgl")
    query = """SELECT DISTINCT ?context WHERE {
      { SELECT DISTINCT ?release WHERE { ?node a skg:SiibraRegion ; skg:ofRelease ?release } }
      ?context skos:inScheme ?release ; a skg:ContextRegion .
      MINUS { ?any skg:configures ?context } }"""
    absent = {str(iri) for iri in both.sparql(PREFIX + query).column("context")}
    assert len(absent) > 30
    _, wholes = regions
    assert absent.isdisjoint(wholes)
    assert absent.isdisjoint(whole for found in wholes.values() for whole in found)


def test_the_tree_of_openminds_stays(both):
    """Both trees can be asked; where they contradict each other is known."""
    query = "SELECT (COUNT(*) AS ?n) WHERE { SELECT DISTINCT ?a ?b WHERE { ?a skg:openmindsPartOf ?b } }"
    ((number,),) = both.sparql(PREFIX + query)
    assert int(str(number)) == 8539
    rows = {
        (str(r.subject).rpartition("/id/region/")[2], str(r.whole).rpartition("/")[2])
        for r in both.query("check/trees-disagree")
    }
    assert len(rows) == 11
    assert ("jba-v2.9/bst", "basalforebrain") in rows
    assert ("whssdatlas-v4/parataenialthalamicnucleus", "dorsalcaudalmidlinegroupofthedorsalthalamus") in rows


SMALL = (
    atlas("AT", "AT_brain AT_lobe AT_area", version("AT", "AT_v1", "AT_v1_area AT_v1_part"))
    + entity("AT_brain")
    + entity("AT_lobe", "AT_brain")
    + entity("AT_area", "AT_lobe")
    + realised("AT_v1_area", of="AT_area", parent="AT_lobe", label="Area")
    + realised("AT_v1_part", parent="AT_area", label="part")
    + annotated("AT_v1_area", "left")
)


def links(found, predicate):
    return {(s, o) for s, p, o in found if p == predicate}


def test_without_siibra_nothing_changes():
    """The rules of siibra add nothing to what openMINDS says alone, and its tree is the tree."""
    found = infer(SMALL)
    assert not any(found[name] for name in ("siibra-release", "siibra-to-openminds", "siibra-region", "siibra-tree"))
    assert links(found["part-of"], "skg:partOf") >= {(R + "area", R + "lobe"), (R + "part", R + "area")}
    assert links(found["hemisphere"], "skg:partOf") == {(R + "area/left", R + "area")}
    assert not links(found["part-of"] | found["hemisphere"], "skg:openmindsPartOf")


def test_the_joint_tree():
    """The parent in siibra wins; what only openMINDS realises goes below the next region that both have."""
    found = infer(SMALL + siibra_node("group", 1) + siibra_node("a", 2, "group", label="Area"))
    assert links(found["part-of"], "skg:openmindsPartOf") == {
        (R + "area", R + "lobe"),
        (R + "lobe", R + "brain"),
        (R + "part", R + "area"),
    }
    assert links(found["part-of"], "skg:partOf") == {
        ("omi:parcellationEntity/AT_area", "omi:parcellationEntity/AT_lobe"),
        ("omi:parcellationEntity/AT_lobe", "omi:parcellationEntity/AT_brain"),
    }
    assert links(found["siibra-tree"], "skg:partOf") == {
        (R + "area", R + "group"),
        (R + "part", R + "area"),
        (R + "area/left", R + "area"),
    }
    assert (R + "part", R + "group") in links(found["closure"], "skos:broaderTransitive")


def test_a_part_climbs_over_what_only_openminds_has_and_nothing_realises():
    """The lobe is in no map: a part of it goes below the brain, which siibra has; without that, to the top."""
    lobe = SMALL + realised("AT_v1_tip", parent="AT_lobe", label="tip")
    listed = lobe + f"<t/AT_v1> om:hasEntity <{OMI}parcellationEntityVersion/AT_v1_tip> .\n"
    with_brain = links(infer(listed + siibra_node("b", 1, label="AT_brain"))["siibra-tree"], "skg:partOf")
    assert (R + "tip", R + "brain") in with_brain
    without = links(infer(listed + siibra_node("x", 1))["siibra-tree"], "skg:partOf")
    assert R + "tip" not in {part for part, _ in without}
