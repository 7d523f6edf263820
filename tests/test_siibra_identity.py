"""Which region of openMINDS each region of siibra is: against labels and names in the JSON of both."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict

import pytest

from siibra_kg.resources import folder
from siibra_kg.sssom import read_mappings
from siibra_kg.vocab import BASE, SKOS

PREFIX = "PREFIX skg: <https://w3id.org/siibra-kg/vocab/> PREFIX om: <https://openminds.om-i.org/props/> "

#: Release: region nodes and leaves of siibra, those with a mapping, those that are a region of openMINDS.
ALIGNED = {
    "amba-ccfv3-2015": (1310, 1022, 1310, 1022, 1287),
    "amba-ccfv3-2017": (1327, 1038, 1327, 1038, 1327),
    "dka-2006": (74, 68, 73, 68, 0),
    "dwma-2018": (38, 38, 22, 22, 22),
    "jba-v1.18": (381, 218, 380, 218, 356),
    "jba-v2.9": (578, 344, 574, 342, 531),
    "jba-v3.0.3": (598, 350, 597, 350, 589),
    "jba-v3.1": (771, 454, 598, 352, 0),
    "marmosetnma-v1": (138, 117, 137, 117, 136),
    "swma-2018": (100, 100, 100, 100, 0),
    "whssdatlas-v1.01": (93, 76, 93, 76, 92),
    "whssdatlas-v2": (95, 78, 95, 78, 94),
    "whssdatlas-v3": (149, 118, 148, 118, 142),
    "whssdatlas-v4": (313, 223, 312, 223, 295),
}
#: File of siibra, and the atlas versions of openMINDS whose names are those of the same release.
FILES = {
    "mouse_allenccfv3_2015": ("amba-ccfv3-2015", "AMBA_CCFv3-2015"),
    "mouse_allenccfv3_2017": ("amba-ccfv3-2017", "AMBA_CCFv3-2017"),
    "julichbrain_v1_18": ("jba-v1.18", "JBA_v1.18-"),
    "julichbrain_v2_9_0": ("jba-v2.9", "JBA_v2.9-"),
    "julichbrain_v3_0_3": ("jba-v3.0.3", "JBA_v3.0.3-"),
    "marmoset_nm": ("marmosetnma-v1", "MarmosetNMA_v1"),
    "rat_waxholmv1_01": ("whssdatlas-v1.01", "WHSSDatlas_v1.01"),
    "rat_waxholmv2": ("whssdatlas-v2", "WHSSDatlas_v2"),
    "rat_waxholmv3": ("whssdatlas-v3", "WHSSDatlas_v3"),
    "rat_waxholmv4": ("whssdatlas-v4", "WHSSDatlas_v4"),
}


def plain(name):
    """Fold a name in the simplest way that finds siibra's names in openMINDS, apart from the code under test."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    words = re.sub(r"[^a-z0-9]+", " ", bare.removesuffix(" - left hemisphere").removesuffix(" - right hemisphere"))
    return words.strip()


def walk(regions, path=()):
    for region in regions:
        here = (*path, region["name"])
        yield here, region, not region.get("children")
        yield from walk(region.get("children") or [], here)


@pytest.fixture(scope="module")
def versions(library):
    """Give the entity versions of openMINDS: folder (atlas version) -> documents."""
    out = defaultdict(list)
    for path, data in library["latest"].items():
        if path.startswith("parcellationEntityVersions/"):
            out[path.split("/")[1]].append(json.loads(data))
    return out


@pytest.fixture(scope="module")
def regions(both):
    """Give release -> position in siibra's tree -> (region, is it openMINDS's)."""
    query = """SELECT DISTINCT ?release ?order ?region ?node WHERE {
      ?node skg:ofRelease ?release ; skg:siibraOrder ?order ; skg:configures ?region }"""
    out = defaultdict(dict)
    for release, order, region, _ in both.sparql(PREFIX + query):
        out[str(release).rpartition("/")[2]][int(str(order))] = str(region)
    return out


def test_every_node_has_one_region_of_its_own(regions, both):
    """All 9,726, and no two share one."""
    found = [region for release in regions.values() for region in release.values()]
    assert len(found) == len(set(found)) == 9726
    assert len(both.query("check/configures-wrong")) == 0
    assert len(both.query("check/side-disagrees")) == 0


def test_the_bar_is_met(both):
    """Measured by hand before there was code: 5,562 of 5,965 nodes, 3,990 of 4,244 leaves."""
    rows = {str(row.iri).rpartition("/")[2]: row for row in both.query("link/alignment")}
    assert len(rows) == 29
    found = {
        name: (row.nodes, row.leaves, row.mapped, row.mapped_leaves, row.same)
        for name, row in rows.items()
        if row.mapped
    }
    assert found == ALIGNED
    nodes, leaves, mapped, mapped_leaves, _ = map(sum, zip(*ALIGNED.values(), strict=True))
    assert (nodes, leaves) == (5965, 4244)
    assert mapped == 5766 >= 5562
    assert mapped_leaves == 4124 >= 3990


@pytest.mark.parametrize("file", sorted(FILES))
def test_whoever_has_the_name_has_a_mapping(file, configurations, versions, both):
    """Every node whose name, folded, is that of an entity version of the release is mapped, and no row is doubled."""
    release, prefix = FILES[file]
    names = {
        plain(v["name"]) for folder_name, found in versions.items() if folder_name.startswith(prefix) for v in found
    }
    document = configurations[f"parcellations/{file}.json"]
    nodes = list(walk(document["regions"]))
    wanted = {i for i, (path, _, _) in enumerate(nodes, start=1) if plain(path[-1]) in names}
    query = f"""SELECT DISTINCT ?order WHERE {{
      ?node skg:ofRelease <{BASE}id/release/{release}> ; skg:siibraOrder ?order .
      ?row owl:annotatedSource ?node ; sssom:mapping_justification ?how }}"""
    mapped = {int(str(order)) for order in both.sparql(PREFIX + query).column("order")}
    assert wanted <= mapped
    assert (len(nodes), sum(leaf for _, _, leaf in nodes)) == ALIGNED[release][:2]


#: What siibra's maps and openMINDS do not agree about; everything else does.
LABELS = {
    ("rat_waxholmv1_01", "Gray matter", 2): "label 2 is the substantia nigra's",
    ("rat_waxholmv2", "cornu ammonis 1", 95): "openMINDS and siibra's own later maps say 98",
    ("rat_waxholmv2", "cornu ammonis 3", 98): "openMINDS and siibra's own later maps say 95",
}
MAPS = {
    "mouse_allenccfv3_2015": "mouse-ccf2015-labelled",
    "mouse_allenccfv3_2017": "mouse-ccf2017-labelled",
    "marmoset_nm": "marmoset_nm-cortical-labelled",
    "rat_waxholmv1_01": "rat-waxholmv1_01-labelled",
    "rat_waxholmv2": "rat-waxholmv2-labelled",
    "rat_waxholmv3": "rat-waxholmv3-labelled",
    "rat_waxholmv4": "rat-waxholmv4-labelled",
}


@pytest.mark.parametrize("file", sorted(MAPS))
def test_labels_confirm_what_names_say(file, configurations, versions, regions, both):
    """A second witness, which takes no part in the mapping: the label in siibra's map and in openMINDS."""
    release, prefix = FILES[file]
    labels = {
        int(annotation["internalIdentifier"]): v["@id"]
        for v in versions[prefix]
        for annotation in v["hasAnnotation"] or ()
        if annotation["internalIdentifier"]
    }
    query = f"""SELECT DISTINCT ?region ?version WHERE {{
      ?region skos:inScheme <{BASE}id/release/{release}> ; skg:realisedBy ?version }}"""
    realising = defaultdict(set)
    for region, entity_version in both.sparql(PREFIX + query):
        realising[str(region)].add(str(entity_version))
    order = defaultdict(list)
    for i, (path, _, leaf) in enumerate(walk(configurations[f"parcellations/{file}.json"]["regions"]), start=1):
        order[path[-1]].append((leaf, i))
    confirmed = 0
    wrong = set()
    for name, entries in configurations[f"maps/{MAPS[file]}.json"]["indices"].items():
        for label in {entry["label"] for entry in entries} & set(labels):
            _, position = max(order[name])  # of a group and its part of one name, the part
            if labels[label] in realising[regions[release][position]]:
                confirmed += 1
            else:
                wrong.add((file, name, label))
    assert wrong == {known for known in LABELS if known[0] == file}
    assert confirmed + len(wrong) >= len(labels) - 3


def test_known_disagreements_are_found(both):
    """The findings that linked data makes by itself, each with its witnesses."""
    labels = {
        (str(r.subject).rpartition("/id/region/")[2], r.label, str(r.other or "").rpartition("/")[2], r.other_label)
        for r in both.query("check/label-disagrees")
    }
    assert {found for found in labels if found[0].startswith("whss")} == {
        ("whssdatlas-v1.01/graymatter", 2, "substantianigra", None),
        ("whssdatlas-v2/cornuammonis1", 95, "cornuammonis3", 98),
        ("whssdatlas-v2/cornuammonis3", 98, "cornuammonis1", 95),
        ("whssdatlas-v4/dorsalcaudalmidlinegroupofthedorsalthalamus", 1087, "", None),
    }
    assert len(labels) == 27  # and 23 regions of Allen 2015 that openMINDS has in 2017 only
    colors = {(r.subject.rpartition("/")[2], r.color, r.other) for r in both.query("check/color-disagrees")}
    assert colors == {("cornuammonis1", "#D9680D", "#A5836B"), ("cornuammonis3", "#A5836B", "#D9680D")}
    (twice,) = both.query("check/label-of-several")
    assert (twice.label, twice.names) == (2, "Gray matter; substantia nigra")
    shared = Counter(
        str(r.subject).split("/siibra/region/")[1].split("/")[0] for r in both.query("check/siibra-key-shared")
    )
    assert shared == {"whssdatlas-v1.01": 4, "whssdatlas-v2": 4, "whssdatlas-v3": 9}
    one_way = {str(r.subject).rpartition("/")[2] for r in both.query("check/version-one-way")}
    assert one_way == {"amba-ccfv3-2017", "whssdatlas-v2", "whssdatlas-v3", "whssdatlas-v4"}
    species = {(str(r.taxon).rpartition("/")[2], r.number) for r in both.query("check/species-instance")}
    assert species == {("callithrixJacchus", 1), ("homoSapiens", 3)}
    assert next(iter(both.query("check/species-instance"))).release.endswith("/marmosetnma-v1")
    assert [r.subject.rpartition("/region/")[2] for r in both.query("check/unnamed-region")] == ["jba-v2.9/xe3b0c442"]


def test_ebrains_instances(both, configurations):
    """The ids of 27 groups of fibre bundles stand for up to 28 bundles each; elsewhere an id is one region's."""
    rows = both.query("check/instance-shared")
    assert {str(r.release).rpartition("/")[2][:32] for r in rows} == {"atlas-of-the-short-fiber-bundles"}
    bundles = defaultdict(set)
    for _, region, _ in walk(configurations["parcellations/superficial-white-bundle-hcp.json"]["regions"]):
        for instance in (region.get("ebrains") or {}).values():
            bundles[instance].add(re.sub("^[lr]h_", "", region["name"]))
    assert {str(r.subject).rpartition("/")[2] for r in rows} == {i for i, names in bundles.items() if len(names) > 1}
    assert len(both.query("check/instance-elsewhere")) == 0


def test_names_that_only_people_could_match(both):
    """Misspellings of either side, and the region without a name."""
    rows = {r.subject.rpartition("/id/region/")[2]: (r.name, r.other) for r in both.query("check/name-disagrees")}
    assert rows["jba-v3.0.3/occipitallobe"] == ("occipital lobe", "occiptal lobe")
    assert rows["jba-v2.9/metathalamus"] == ("metathalamus", "")
    assert rows["amba-ccfv3-2017/medialaccesoryoculomotornucleus"][1] == "Medial accesory oculomotor nucleus"


def test_the_curated_table_is_kept(both):
    """Every row is in the graph as it is written, is about nodes that exist, and has no generated row beside it."""
    rows = read_mappings(folder("ontologies") / "mappings" / "siibra-region-curated.sssom.tsv")
    assert len({row.subject for row in rows}) == len(rows) == 156
    same = [row.object for row in rows if row.predicate == SKOS + "exactMatch"]
    assert len(same) == len(set(same))
    query = """SELECT DISTINCT ?node ?property ?target ?graph ?there ?here WHERE {
      GRAPH ?graph { ?row owl:annotatedSource ?node ; owl:annotatedProperty ?property ; owl:annotatedTarget ?target }
      ?node a skg:SiibraRegion . { ?target a skg:Region } UNION { ?target a om:x } UNION { ?target om:name ?name } }"""
    found = defaultdict(set)
    for node, predicate, target, graph, *_ in both.sparql(PREFIX + query):
        found[str(node)].add((str(predicate), str(target), str(graph).rpartition("/")[2]))
    for row in rows:
        ours = {f for f in found[row.subject] if f[2] in ("siibra-region-curated", "siibra-to-openminds")}
        assert ours == {(row.predicate, row.object, "siibra-region-curated")}, row.subject
