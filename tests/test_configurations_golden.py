"""All of the pinned siibra-configurations in the graph: compared with the JSON itself, read by the test alone."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from siibra_kg.configurations.converter import Configurations
from siibra_kg.terms import local_name
from siibra_kg.vocab import NAMESPACES, OM, OMI, OMT, RDF_TYPE, SKG, SKOS

pytestmark = pytest.mark.mirror

BASE = "https://w3id.org/siibra-kg/"
LINE = re.compile(r'<([^>]*)> <([^>]*)> (?:<([^>]*)>|("(?:[^"\\]|\\.)*")(?:\^\^<[^>]*>)?) \.')
TERMS, DCAT = NAMESPACES["dcterms"], NAMESPACES["dcat"]


@pytest.fixture(scope="module")
def made(configurations):
    documents = ((path, json.dumps(configurations[path]).encode()) for path in sorted(configurations))
    return Configurations(BASE).convert(documents)


@pytest.fixture(scope="module")
def graph(made):
    """Give node -> property -> values; literals without their datatype."""
    out = defaultdict(lambda: defaultdict(set))
    for _, text in made.documents:
        for line in text.decode().splitlines():
            subject, predicate, iri, literal = LINE.fullmatch(line).groups()
            out[subject][predicate].add(iri if literal is None else json.loads(literal))
    return out


@pytest.fixture(scope="module")
def kinds(graph):
    """Give class -> nodes."""
    out = defaultdict(set)
    for node, said in graph.items():
        for kind in said.get(RDF_TYPE, ()):
            out[kind].add(node)
    return out


@pytest.fixture(scope="module")
def ids(graph):
    """Give siibra's id -> nodes of documents that have it."""
    out = defaultdict(set)
    for node, said in graph.items():
        if SKG + "definedIn" in said:
            for identifier in said.get(TERMS + "identifier", ()):
                out[identifier].add(node)
    return out


def one(values):
    (value,) = values
    return value


def of_type(configurations, kind):
    return {path: d for path, d in configurations.items() if d["@type"] == kind}


def walk(regions, parent=None):
    """Give regions in preorder as pairs of a region and its parent."""
    for region in regions:
        yield region, parent
        yield from walk(region.get("children", []), region)


def cleared(name):
    """Clean a name as siibra's documentation of the rule says, written down a second time."""
    for word in ("hemisphere", " -", "-brain", "both", "Both"):
        name = "".join(name.split(word))
    name = "left ".join(name.split("ctx-lh-"))
    name = "right ".join(name.split("ctx-rh-"))
    return re.sub(" +", " ", name).strip(" ")


def keyed(name):
    return re.sub(r"_+", "_", re.sub(r"[\W_]", "_", name)).strip("_").upper()


def test_nothing_is_set_aside_and_nothing_is_missing(made):
    assert made.bad == ()
    assert made.differences == ()
    assert dict(made.unknown) == {}
    assert len(made.documents) == 637 + 1  # and the counts


def test_the_counts(kinds):
    """Known from looking at the JSON; 5,195 volumes of spaces and maps and one for each of the 172 images."""
    expected = {
        SKG + "MultilevelAtlas": 5,
        SKG + "ParcellationRelease": 29,
        SKG + "SiibraRegion": 9726,
        OMT + "CommonCoordinateFrameworkVersion": 10,
        SKG + "ParcellationMap": 63,
        SKG + "RegionIndex": 18_345 + 4,
        SKG + "Volume": 5195 + 172,
        SKG + "BoundingBox": 4901,
        SKG + "Feature": 530,
        SKG + "CellbodyStainedSection": 145,
        SKG + "CellDensityProfile": 122,
        SKG + "ReceptorDensityProfile": 107,
        SKG + "ReceptorDensityFingerprint": 71,
        SKG + "LayerwiseCellDensity": 12,
        SKG + "RegionalBOLD": 12,
        SKG + "FunctionalConnectivity": 21,
        SKG + "StreamlineCounts": 5,
        SKG + "StreamlineLengths": 5,
        SKG + "AnatomoFunctionalConnectivity": 2,
        SKG + "TracingConnectivity": 1,
        SKG + "SourceCount": 38,
    }
    assert {kind: len(kinds[kind]) for kind in expected} == expected
    assert sum(len(nodes) for kind, nodes in kinds.items() if kind.endswith("VolumeOfInterest")) == 27


def test_every_region_is_there_in_its_place(configurations, graph, ids):
    """All 29 trees: names, order, parents, colours, siibra's ids."""
    ours = defaultdict(dict)
    for node, said in graph.items():
        if SKG + "siibraOrder" in said:
            ours[one(said[SKG + "ofRelease"])][int(one(said[SKG + "siibraOrder"]))] = (node, said)
    repeated = 0
    for document in of_type(configurations, "siibra/parcellation/v0.0.1").values():
        tree = ours[one(ids[document["@id"]])]
        listed = list(walk(document["regions"]))
        place = {id(region): number for number, (region, _) in enumerate(listed, 1)}
        assert sorted(tree) == list(range(1, len(listed) + 1))
        for number, (region, parent) in enumerate(listed, 1):
            node, said = tree[number]
            assert said[SKG + "siibraName"] == {cleared(region["name"])}
            assert said[NAMESPACES["rdfs"] + "label"] == {region["name"]}
            assert said[SKG + "siibraKey"] == {keyed(cleared(region["name"]))}
            assert said[TERMS + "identifier"] == {f"{keyed(document['name'])}_{keyed(cleared(region['name']))}"}
            assert said.get(SKG + "siibraParent", set()) == ({tree[place[id(parent)]][0]} if parent else set())
            assert said.get(SKG + "colorHex", set()) == ({region["rgb"].upper()} if region.get("rgb") else set())
            assert said.get(SKG + "granularity", set()) == (
                {region["granularity"]} if "granularity" in region else set()
            )
        names = Counter(keyed(cleared(region["name"])) for region, _ in listed)
        repeated += sum(n - 1 for n in names.values())
    assert repeated == 17, "ids that two regions of one tree share"


def test_every_row_of_every_index_is_there(configurations, graph, ids):
    for path, document in of_type(configurations, "siibra/map/v0.0.1").items():
        said = graph[one(ids[document["@id"]])]
        expected = Counter()
        for key in ("indices", "unmappedIndicies"):
            for name, rows in document.get(key, {}).items():
                for row in rows:
                    values = tuple(
                        None if row.get(k) is None else str(row[k]) for k in ("label", "volume", "z", "fragment")
                    )
                    expected[name, cleared(name), key != "indices", row.get("volume") or 0, values] += 1
        found = Counter()
        for row in said[SKG + "hasIndex"]:
            entry = graph[row]
            values = tuple(
                one(entry[SKG + k]) if SKG + k in entry else None
                for k in ("label", "volumeIndex", "zIndex", "fragment")
            )
            number = int(one(entry[SKG + "volume"]).rpartition("/")[2])
            label = one(entry[NAMESPACES["rdfs"] + "label"])
            found[label, one(entry[SKG + "siibraName"]), SKG + "unmapped" in entry, number, values] += 1
        assert found == expected, path
        assert one(said[SKG + "inSpace"]) in ids[document["space"]["@id"]]
        assert one(said[SKG + "ofRelease"]) in ids[document["parcellation"]["@id"]]
        labels = {row.get("label") is None for rows in document["indices"].values() for row in rows}
        assert said[SKG + "mapKind"] == {"statistical" if labels == {True} else "labelled"}
        assert (SKG + "sparseIndex" in said) == bool(document.get("represented_as_sparsemap"))


def test_every_volume_box_and_address_is_there(configurations, graph, ids):
    """Volumes of spaces and maps by their number, with all addresses and corners."""
    for document in configurations.values():
        for number, volume in enumerate(document.get("volumes", [])):
            node = f"{one(ids[document['@id']])}/volume/{number}"
            said = graph[node]
            expected = set()
            for kind, places in volume["providers"].items():
                for fragment, place in places.items() if isinstance(places, dict) else [(None, places)]:
                    address, _, member = place.partition(" ")
                    expected.add((kind, fragment, address, member or None))
            found = {
                tuple(
                    one(graph[p][name]) if name in graph[p] else None
                    for name in (SKG + "providerType", SKG + "fragment", DCAT + "downloadURL", SKG + "member")
                )
                for p in said[DCAT + "distribution"]
            }
            assert found == expected
            assert said.get(SKG + "variant", set()) == ({volume["variant"]} if "variant" in volume else set())
            if "boundingbox" in volume:
                box = graph[one(said[SKG + "boundingBox"])]
                corners = volume["boundingbox"]["coordinates"]
                for axis, values in zip("XYZ", zip(*corners, strict=True), strict=True):
                    assert float(one(box[f"{SKG}min{axis}"])) == min(values)
                    assert float(one(box[f"{SKG}max{axis}"])) == max(values)
                assert one(box[SKG + "inSpace"]) in ids[volume["boundingbox"]["space"]["@id"]]
            else:
                assert SKG + "boundingBox" not in said


def test_every_feature_is_there(configurations, graph):
    """Anchors, texts, files, rows, points of all 530."""
    nodes = {one(said[SKG + "definedIn"]): node for node, said in graph.items() if SKG + "definedIn" in said}
    names = {"region": "anchorText", "unit": "unitText"}
    names |= {k: k for k in ("modality", "cohort", "paradigm", "receptor", "timestep", "section", "patch")}
    for path, document in configurations.items():
        if not path.startswith("features/"):
            continue
        said = graph[nodes[path]]
        for key, name in names.items():
            assert said.get(SKG + name, set()) == ({document[key]} if document.get(key) else set()), (path, key)
        files = {graph[f][DCAT + "downloadURL"] and (
            one(graph[f][DCAT + "downloadURL"]),
            one(graph[f].get(SKG + "member", {None})),
            one(graph[f].get(SKG + "fileIndex", {None})),
        ) for f in said.get(SKG + "hasFile", ())}  # fmt: skip
        expected = {(f, None, None) for f in document.get("segmentfiles", []) + document.get("layerfiles", [])}
        expected |= {(document["file"], None, None)} if "file" in document else set()
        zipped = document.get("repository", {}).get("url")
        for key, file in document.get("files", {}).items():
            expected.add((zipped, file, key) if zipped else (document["base_url"] + file, None, key))
        assert files == expected, path
        if "regions" in document:
            rows = [graph[row] for row in graph[one(said[SKG + "rowList"])][SKG + "hasRow"]]
            rows.sort(key=lambda row: int(one(row[SKG + "position"])))
            assert [one(row[NAMESPACES["rdfs"] + "label"]) for row in rows] == document["regions"]
        location = document.get("location", {})
        points = location.get("coordinates") or ([location["coordinate"]] if location else [])
        found = {tuple(float(one(graph[p][SKG + a])) for a in "xyz") for p in said.get(SKG + "location", ())}
        assert found == {tuple(map(float, point)) for point in points}
        assert (SKG + "prerelease" in said) == bool(document.get("prerelease"))


def test_ids_that_are_missing_or_repeated(configurations, ids, graph):
    """46 features have no id; one id is that of two."""
    features = [d for p, d in configurations.items() if p.startswith("features/")]
    assert sum("@id" not in d for d in features) == 46
    assert {i: len(nodes) for i, nodes in ids.items() if len(nodes) > 1} == {
        "b08a7dbc-7c75-4ce7-905b-690b2b1e8957--d3ca8fe622051466a5cde547a11111ca": 2
    }
    assert set(ids) == {d["@id"] for d in configurations.values() if "@id" in d}
    unresolved = {(n, v) for n, said in graph.items() for v in said.get(SKG + "unresolved", ())}
    assert unresolved == {
        (
            BASE + "id/siibra/atlas/multilevel-human-atlas",
            "minds/core/parcellationatlas/v1.0.0/d41d8cd98f00b204e9800998ecf8427e",
        )
    }


def test_every_ebrains_id_is_linked(configurations, graph):
    """Each id of each kind, whatever has it."""
    expected, todo = defaultdict(set), list(configurations.values())
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo += item.values()
            for kind, found in item.get("ebrains", {}).items():
                expected[kind] |= set(found if isinstance(found, list) else [found])
        elif isinstance(item, list):
            todo += item
    linked = {o for said in graph.values() for o in said.get(SKG + "ebrainsInstance", ())}
    for kind, found in expected.items():
        if kind.startswith("openminds/"):
            nodes = {NAMESPACES["kg"] + i for i in found}
            assert all(OMT + kind.partition("/")[2] in graph[node][RDF_TYPE] for node in nodes)
        else:
            nodes = {f"{BASE}id/minds/{kind.split('/')[2]}/{i}" for i in found}
        assert nodes <= linked, kind


#: Key of the last object -> why its texts need not be in the graph.
LEFT_OUT = {
    "engine": "how pandas works, not what the table is",
    "type": 'one parcellation says that it is a "parcellation"',
}


def test_every_text_is_somewhere(configurations, graph):
    """No text of any document is lost: each is a literal, an IRI, or a part of one; names count as they are written."""
    held = {value for said in graph.values() for values in said.values() for value in values}
    lower = {value.lower() for value in held}
    joined = {
        name for said in graph.values() for a in said.get(NAMESPACES["schema"] + "author", ()) for name in a.split("; ")
    }
    kinds = {value.rpartition("/")[2] for value in held}
    missing = Counter()
    for path, document in configurations.items():
        todo = [("", document)]
        while todo:
            key, item = todo.pop()
            if isinstance(item, dict):
                todo += ((k, v) for k, v in item.items() if k not in LEFT_OUT)
                # The keys of an index are names, those of files subjects, those of providers kinds.
            elif isinstance(item, list):
                todo += ((key, v) for v in item)
            elif isinstance(item, str) and item:
                known = (
                    item in held
                    or item.strip() in held
                    or item.strip() in joined
                    or item.partition(" ")[0] in held
                    or f"#{item[1:].upper()}" in held
                    or item in kinds
                    or re.sub(r"https?://(dx\.)?doi\.org/", "https://doi.org/", item).strip() in held
                    or document.get("base_url", "") + item in held
                    or (key == "species" and item.lower().replace(" ", "") in {v.rpartition("/")[2] for v in lower})
                    or (key == "@type" and "/" in item)
                    or key == "base_url"
                )
                missing[path, key, item] += not known
    assert {place for place, number in missing.items() if number} == set()


def test_the_nodes_of_openminds_exist(configurations, graph, ids, library):
    """The curated tables name framework versions that openMINDS has, each for one space."""
    spaces = {d["name"]: one(ids[d["@id"]]) for d in of_type(configurations, "siibra/space/v0.0.1").values()}
    known = {
        json.loads(text)["@id"] for p, text in library["latest"].items() if "commonCoordinateFrameworkVersion" in p
    }
    assert len(set(spaces.values())) == 10
    assert set(spaces.values()) <= known
    assert spaces["BigBrain microscopic template (histology)"] == OMI + "commonCoordinateFrameworkVersion/BigBrain_2015"
    releases = {
        one(ids[d["@id"]]).rpartition("/")[2] for d in of_type(configurations, "siibra/parcellation/v0.0.1").values()
    }
    assert {"jba-v1.18", "jba-v2.9", "jba-v3.0.3", "jba-v3.1", "whssdatlas-v1.01", "whssdatlas-v4"} <= releases
    assert len(releases) == 29


def test_all_features_have_species_name_and_place(graph, kinds):
    for node in kinds[SKG + "Feature"]:
        said = graph[node]
        assert len(said[OM + "usedTaxon"]) == 1
        assert len(said[SKOS + "prefLabel"]) == 1
        assert {SKG + "anchorText", SKG + "anchorRelease", SKG + "inSpace"} & said.keys()


def test_no_file_of_the_configuration_is_in_this_repository(configurations):
    """It has no licence: neither a file nor a large part of one may be here."""
    root = Path(__file__).parent.parent
    sizes = {len(json.dumps(d)) for d in configurations.values()}
    for place in (root / "ontologies").rglob("*.json"):
        data = json.loads(place.read_text("utf-8"))
        assert not (isinstance(data, dict) and data.get("@type", "").startswith(("siibra/", "juelich/")))
        assert len(json.dumps(data)) not in sizes


def test_a_release_has_one_version(both):
    """That of openMINDS where it has one; siibra writes it in another way."""
    rows = [(local_name(r.iri), r.version) for r in both.query("release/list")]
    versions = dict(rows)
    assert len(rows) == len(versions) == 51
    assert (versions["jba-v3.0.3"], versions["jba-v3.1"], versions["whssdatlas-v4"]) == ("v3.0.3", "3.1.0", "v4")


def test_the_check_finds_no_difference(both):
    """In a built graph the counts are those of the documents, and the check would see a loss."""
    assert list(both.query("check/count-differs")) == []
    counts = list(both.sparql("SELECT ?c WHERE { GRAPH ?g { ?c a skg:SourceCount } }"))
    assert len(counts) == 38
