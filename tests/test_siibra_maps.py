"""Maps of siibra in the graph: every row of every index, every provider, every set question against the JSON itself."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from building import infer

from siibra_kg.errors import AmbiguousName, DataMissing, NoSuchName

pytestmark = pytest.mark.mirror

SPACES = "PREFIX skg: <https://w3id.org/siibra-kg/vocab/> PREFIX dcterms: <http://purl.org/dc/terms/> "


def cleaned(name):
    """What siibra makes of a region's name (reference semantics, written once more)."""
    for word in ("hemisphere", " -", "-brain", "both", "Both"):
        name = name.replace(word, "")
    name = name.replace("ctx-lh-", "left ").replace("ctx-rh-", "right ")
    return " ".join(name.split())


def files(configurations, folder):
    return {path: doc for path, doc in sorted(configurations.items()) if path.startswith(folder + "/")}


def kind(doc):
    """The rule of siibra: labelled where every entry has a label, statistical where none has."""
    labels = {row.get("label") is not None for rows in doc["indices"].values() for row in rows}
    assert len(labels) == 1
    return "labelled" if labels.pop() else "statistical"


def addresses(volume):
    """(provider, fragment, address) of a volume."""
    for provider, value in volume["providers"].items():
        for fragment, text in value.items() if isinstance(value, dict) else [(None, value)]:
            yield provider, fragment, text.split(" ")[0]


def index_rows(doc):
    """(region, volume number, label, z, fragment, provider, address) of a map, as its JSON says."""
    for name, rows in doc["indices"].items():
        for row in rows:
            number = row.get("volume") or 0
            for provider, part, url in addresses(doc["volumes"][number]):
                if part is None or row.get("fragment") in (None, part):
                    yield cleaned(name), number, row.get("label"), row.get("z"), row.get("fragment"), provider, url


def nodes(tree):
    """(cleaned name, parent's name or None, whether it is a leaf), parents first."""
    todo = [(node, None) for node in tree["regions"]]
    while todo:
        node, parent = todo.pop(0)
        name = cleaned(node["name"])
        yield name, parent, not node.get("children")
        todo += [(child, name) for child in node.get("children") or []]


@pytest.fixture(scope="module")
def iris(both):
    """Ids of siibra -> node."""
    table = both.sparql(SPACES + "SELECT DISTINCT ?iri ?id WHERE { ?iri dcterms:identifier ?id }")
    return {str(row.id): row.iri for row in table}


@pytest.fixture(scope="module")
def names(both):
    """Region -> siibra's name."""
    table = both.sparql(SPACES + "SELECT DISTINCT ?iri ?name WHERE { ?n skg:configures ?iri ; skg:siibraName ?name }")
    return {row.iri: str(row.name) for row in table}


@pytest.fixture(scope="module")
def spaces(configurations):
    """Name or id of a space in siibra -> its id."""
    docs = files(configurations, "spaces").values()
    return {key: doc["@id"] for doc in docs for key in (doc["@id"], doc["name"])}


def space_of(doc, spaces):
    return spaces[doc["space"].get("@id") or doc["space"]["name"]]


@pytest.fixture(scope="module")
def maps_of(configurations):
    """Id of a parcellation in siibra -> its maps."""
    found = defaultdict(list)
    for doc in files(configurations, "maps").values():
        found[doc["parcellation"]["@id"]].append(doc)
    return found


def test_every_row_of_every_index_is_there_with_its_region_and_every_address(both, configurations, iris, names, spaces):
    """29,337 ways to 18,345 rows of 63 maps, in one query."""
    expected, rows = Counter(), 0
    for doc in files(configurations, "maps").values():
        head = (iris[doc["@id"]], iris[space_of(doc, spaces)], kind(doc))
        expected.update((*head, *row) for row in index_rows(doc))
        rows += sum(map(len, doc["indices"].values()))
    assert rows == 18_345
    found = Counter(
        (r.map, r.in_space, r.map_kind, names[r.iri], r.volume_index, r.label, r.z, r.fragment, r.provider, str(r.url))
        for r in both.query("map/index")
        if r.map in {head[0] for head in expected} and not str(r.url).startswith("pkg:")
    )
    assert found == expected


def test_copies_in_packages_are_one_more_way_to_the_same_rows(both, iris):
    """Of siibra's maps only MarsAtlas ships in a package: each of its 96 rows has two ways, the near one first."""
    near = [r for r in both.query("map/index") if str(r.url).startswith("pkg:") and r.map in set(iris.values())]
    mars = iris["siibra-map-v0.0.1_colin27-marsatlas-labelled"]
    assert {r.map for r in near} == {mars}
    assert len(near) == 96
    refs = both.region("amygdala left", "marsatlas").volumes()
    assert [ref.url.partition(":")[0] for ref in refs] == ["pkg", "https"]
    assert len({(ref.iri, ref.label) for ref in refs}) == 1


def test_the_index_of_one_release_is_the_part_of_the_whole(both):
    whole = both.query("map/index").cells
    for release in ("jba-v3.1", "aal1-spm12-v4"):
        iri = both.parcellation(release).iri
        there = {m.iri for m in both.maps() if m.parcellation == iri}
        assert Counter(both.query("map/index", release=iri).cells) == Counter(row for row in whole if row[1] in there)


def test_all_maps_are_listed_as_values(both, configurations, iris, spaces):
    listed = {m.identifier: m for m in both.maps()}
    assert len(both.maps()) == 66
    for doc in files(configurations, "maps").values():
        found = listed[doc["@id"]]
        unmapped = sum(map(len, doc.get("unmappedIndicies", {}).values()))
        assert (found.iri, found.kind, found.volumes) == (iris[doc["@id"]], kind(doc), len(doc["volumes"]))
        assert found.entries == sum(map(len, doc["indices"].values())) + unmapped
        assert (found.parcellation, found.space) == (iris[doc["parcellation"]["@id"]], iris[space_of(doc, spaces)])
    assert {m.id for m in both.maps() if not m.identifier} == {
        "aal1-spm12-v4/colin27/labelled",
        "dka-2006/mni152-nlin6-asym/labelled",
        "harvardoxford-cort-maxprob-thr0/mni152-nlin6-asym/statistical",
    }


def test_providers_are_counted_as_the_json_has_them(both, configurations):
    volumes, urls = Counter(), Counter()

    def add(what, volume):
        for provider in volume["providers"]:
            volumes[provider, what] += 1
        urls.update((provider, what) for provider, _, _ in addresses(volume))

    for folder, what in (("maps", None), ("spaces", "template")):
        for doc in files(configurations, folder).values():
            for volume in doc["volumes"]:
                add(what or kind(doc), volume)
    for doc in files(configurations, "features").values():
        if "providers" in doc:
            add("section" if "/section" in doc["@type"] else "voi", doc)
    own = ("labelled", "labelled", "statistical", "template", "template", "template")  # tests/test_volumes_atlases.py
    volumes.update(("nii", what) for what in own)
    urls.update(("nii", what) for what in (*own, "labelled"))  # a second address of siibra's MarsAtlas
    table = both.query("map/volumes-per-provider")
    assert {(r.provider, r.kind): r.volumes for r in table} == volumes
    assert {(r.provider, r.kind): r.addresses for r in table} == urls


def test_the_references_of_a_region_are_its_entries_times_their_providers(both, configurations, iris):
    """Three labels for one region of Julich-Brain 1.18, both probability maps of 3.1, a fourth dimension."""
    for path, release, region in (
        ("julichbrain_v1_18", "jba-v1.18", "CM (Amygdala) left"),
        ("julichbrain_v3_1", "jba-v3.1", "Area hOc1 (V1, 17, CalcS) left"),
        ("difumo64", "difumo-atlas-64-dimensions", "Component 3: Calcarine cortex posterior"),
        ("rat_waxholmv4", "whssdatlas-v4", "cornu ammonis 1"),
    ):
        parcellation = configurations[f"parcellations/{path}.json"]["@id"]
        expected = Counter()
        for doc in files(configurations, "maps").values():
            if doc["parcellation"]["@id"] == parcellation:
                expected.update(
                    (iris[doc["@id"]], *row[1:]) for row in index_rows(doc) if row[0].lower() == region.lower()
                )
        assert expected, region
        refs = both.region(region, release).volumes()
        found = Counter(
            (r.map, r.volume_index, r.label, r.z, r.fragment if (r.label is not None) else None, r.provider, r.url)
            for r in refs
        )
        assert found == expected
        assert all(r.references for r in refs)


def test_boxes_and_members_are_those_of_the_volume(both, configurations, iris, spaces):
    (ref,) = [
        v for v in both.region("Area hOc1 left", "jba-v3.1").volumes("mni152", "STATISTICAL") if "227" in str(v.map)
    ]
    doc = configurations["maps/mni152-jba31_227-continuous.json"]
    box = doc["volumes"][ref.volume_index]["boundingbox"]
    assert [list(ref.box.minimum), list(ref.box.maximum)] == box["coordinates"]
    assert ref.box.space == ref.space == iris[space_of(doc, spaces)]
    zipped = [t for s in both.spaces() for t in s.templates if t.provider == "zip/nii"]
    assert sorted(t.member for t in zipped) == ["colin27_t1_tal_lin.nii", "mni_icbm152_t1_tal_nlin_asym_09c.nii"]


def test_a_region_without_a_map_of_its_own_is_shown_by_its_parts(both):
    whole = both.region("Area hOc1", "jba-v3.1")
    assert whole.laterality is None
    refs = whole.volumes("mni152", "labelled")
    assert {r.region for r in refs} == {half.iri for half in whole.children}
    assert {(r.label, r.fragment) for r in refs} == {
        (refs[0].label, "left hemisphere"),
        (refs[0].label, "right hemisphere"),
    }
    assert [s.id for s in whole.spaces] == ["fsaverage_7", "MNI-Colin27_1998", "MNI-ICBM152_nonlinear-2009c-asym"]


def test_the_spaces_of_siibra_have_fifteen_template_volumes(both, configurations, iris):
    named = {s.iri: s for s in both.spaces() if s.siibra_name}
    count = 0
    for doc in files(configurations, "spaces").values():
        found = named.pop(iris[doc["@id"]])
        assert (found.siibra_name, found.short_name) == (doc["name"], doc.get("shortName", ""))
        expected = [(v.get("variant", ""), *a) for v in doc["volumes"] for a in addresses(v)]
        ours = [t for t in found.templates if t.url.startswith("pkg:")]
        assert [t.url for t in found.templates[: len(ours)]] == [t.url for t in ours], "what is at hand comes first"
        assert sorted(
            (t.variant, t.provider, t.fragment or "", t.url) for t in found.templates if t not in ours
        ) == sorted((v, p, f or "", u) for v, p, f, u in expected)
        count += len(doc["volumes"])
    assert (count, named) == (15, {})


def test_coverage_is_what_the_maps_and_trees_say(both, configurations, iris, spaces, maps_of):
    table = both.query("map/coverage")
    shown = {(r.iri, r.in_space, r.map_kind): (r.maps, r.mapped) for r in table if r.maps}
    expected = defaultdict(lambda: (0, set()))
    for parcellation, docs in maps_of.items():
        for doc in docs:
            key = (iris[parcellation], iris[space_of(doc, spaces)], kind(doc))
            number, regions = expected[key]
            expected[key] = (number + 1, regions | {cleaned(name) for name in doc["indices"]})
    own = {key: shown.pop(key) for key in list(shown) if "aal1" in key[0] or "nlin6" in key[1]}
    assert sorted(own.values()) == [(1, 68), (1, 90), (1, 96)]
    assert shown == {key: (number, len(regions)) for key, (number, regions) in expected.items()}
    listed = {r.iri for r in both.query("release/list")}
    for doc in files(configurations, "parcellations").values():
        iri = iris[doc["@id"]]
        tree = list(nodes(doc))
        (leaves,) = {r.leaves for r in table if r.iri == iri}
        if both.query("release/spaces", release=iri).cells:
            continue  # openMINDS has regions of this release that siibra's tree lacks
        assert iri in listed
        assert leaves == sum(leaf for *_, leaf in tree), doc["name"]
        ends = {name for name, _, leaf in tree if leaf}
        for row in table:
            if row.iri == iri and row.maps and "nlin6" not in row.in_space:
                regions = expected[iri, row.in_space, row.map_kind][1]
                assert row.mapped_leaves == len(ends & regions), (doc["name"], row.in_space)
    without = {r.iri for r in table if not r.maps}
    assert not without & {iris[p] for p in maps_of}


@pytest.fixture(scope="module")
def tree(configurations):
    """The tree of Julich-Brain 3.1: name -> parent's name, and the leaves."""
    found = list(nodes(configurations["parcellations/julichbrain_v3_1.json"]))
    return {name: parent for name, parent, _ in found}


def above(tree, name):
    path = [name]
    while tree[path[-1]]:
        path.append(tree[path[-1]])
    return path


def test_what_no_map_shows_and_what_stands_for_it(both, configurations, names, tree, maps_of):
    """Of 771 regions 293 are in no map; their mapped parts and the union of some of them, as the tree says."""
    docs = maps_of[configurations["parcellations/julichbrain_v3_1.json"]["@id"]]
    release = both.parcellation("jba-v3.1").iri
    mapped = {cleaned(name) for doc in docs for name in doc["indices"]}
    below = {name: {n for n in tree if name in above(tree, n)[1:]} for name in tree}
    table = both.query("map/unmapped", release=release)
    found = {names[r.iri]: (r.parts, r.mapped_parts) for r in table}
    assert found == {n: (len(below[n]), len(below[n] & mapped)) for n in tree if n not in mapped}
    assert len(found) == 293
    surface = both.query("map/unmapped", release=release, space="fsaverage 7")
    on_surface = {cleaned(n) for doc in docs if "fsaverage" in doc["@id"] for n in doc["indices"]}
    assert {names[r.iri] for r in surface} == set(tree) - on_surface
    by_name = {names[r.iri]: r.iri for r in both.query("region/list", release=release)}
    for name in ("occipital lobe", "Area hOc1 (V1, 17, CalcS)", "amygdala"):
        parts = both.query("map/mapped-parts", region=by_name[name])
        assert {names[iri] for iri in parts.column("iri")} == below[name] & mapped
    given = ["occipital lobe", "dorsal occipital cortex", "amygdala"]
    union = both.query("map/of-union", regions=[by_name[n] for n in given])
    wanted = (below["occipital lobe"] | below["amygdala"]) & mapped
    rows = sum(len(v) for doc in docs for n, v in doc["indices"].items() if cleaned(n) in wanted)
    assert {names[iri] for iri in union.column("iri")} == wanted
    assert len(union) == rows
    ends = set(tree) - set(tree.values())
    assert {names[r.iri]: r.leaf for r in union} == {name: name in ends for name in wanted}


def test_the_nearest_mapped_region_above(both, names, configurations):
    """Allen 2015 marks a region as a whole: its hemispheres, which only openMINDS has, are found through it."""
    half = both.region("primary visual area left", "amba-ccfv3-2015")
    (row,) = both.query("map/nearest-mapped", region=half)
    assert (row.iri, row.steps) == (half.parent.iri, 1)
    doc = configurations["maps/mouse-ccf2015-labelled.json"]
    assert [row.label] == [i["label"] for n, v in doc["indices"].items() if cleaned(n) == names[row.iri] for i in v]
    (own,) = both.query("map/nearest-mapped", region=half.parent)
    assert (own.iri, own.steps, own.label) == (row.iri, 0, row.label)
    assert len(both.query("map/nearest-mapped", region=both.region("occipital lobe", "jba-v3.1"))) == 0


def test_the_way_between_two_regions_goes_through_their_common_ancestor(both, names, tree):
    by_name = {names[r.iri]: r.iri for r in both.query("region/list", release=both.parcellation("jba-v3.1").iri)}
    draw = random.Random(31)
    pairs = [draw.sample(sorted(tree), 2) for _ in range(25)]
    pairs += [["telencephalon", "Area hOc1 (V1, 17, CalcS) left"], ["amygdala", "amygdala"]]
    for a, b in [*pairs, *([b, a] for a, b in pairs)]:
        up, other = above(tree, a), above(tree, b)
        shared = [n for n in up if n in other]
        expected = []
        if shared:
            expected = up[: up.index(shared[0]) + 1] + other[: other.index(shared[0])][::-1]
        found = both.query("hierarchy/path-between", a=by_name[a], b=by_name[b])
        assert [names[iri] for iri in found.column("iri")] == expected, (a, b)
        assert list(found.column("depth")) == list(range(len(expected)))
        assert [names[r.iri] for r in found if r.top] == shared[:1]


def test_a_path_between_any_two_nodes_is_connected_stated_and_no_longer_than_the_way_in_the_tree(both, names, tree):
    by_name = {names[r.iri]: r.iri for r in both.query("region/list", release=both.parcellation("jba-v3.1").iri)}
    draw = random.Random(8)
    pairs = [tuple(by_name[n] for n in draw.sample(sorted(tree), 2)) for _ in range(3)]
    pairs.append((by_name["Area hOc1 (V1, 17, CalcS) left"], both.region("hOc1", "jba-v1.18").iri))
    for a, b in pairs:
        path = both.path(a, b, most=16)
        way = both.query("hierarchy/path-between", a=a, b=b)
        if len(way):
            assert 0 < len(path) < len(way)
        if not len(path):
            continue
        assert (path[0].node, path[len(path) - 1].iri) == (a, b)
        assert list(path.column("iri"))[:-1] == list(path.column("node"))[1:]
        assert list(path.column("step")) == list(range(1, len(path) + 1))
        for step in path:
            s, o = (step.node, step.iri) if step.forward else (step.iri, step.node)
            assert both.sparql(f"ASK {{ <{s}> <{step.link}> <{o}> }}")
        assert path.cells == both.path(a, b, most=16).cells
    assert len(both.path(pairs[-1][0], pairs[-1][1])) > 0, "the same region in another release"
    assert len(both.path(a, a)) == 0
    assert len(both.path(a, both.space("mni152").iri)) == 0


def test_a_map_is_found_by_parcellation_space_and_kind_and_else_the_choice_is_named(both):
    with pytest.raises(DataMissing, match=r"JulichBrainAtlas_3.1_207areas_MPM_lh_MNI152.nii.gz"):
        both.map("jba-v3.1", "mni152")
    with pytest.raises(AmbiguousName) as several:
        both.map("jba-v3.1", "mni152", "STATISTICAL")
    assert [m.id for m in several.value.candidates] == ["mni152-jba31-207-continuous", "mni152-jba31-227-continuous"]
    with pytest.raises(DataMissing, match=r"227-areas"):
        both.map("jba-v3.1", "mni152", "statistical", "227")
    with pytest.raises(AmbiguousName) as several:
        both.map("jba-v2.9")
    assert {m.space_name for m in several.value.candidates} >= {
        "FsAverage Surface Space 6",
        "FsAverage Surface Space 7",
    }
    with pytest.raises(DataMissing, match=r"the graph names none.*fsaverage-jba31-labelled"):
        both.map("jba-v3.1", "big brain")
    with pytest.raises(NoSuchName, match="kind of map"):
        both.map("jba-v3.1", "mni152", "probabilistic")
    with pytest.raises(AmbiguousName) as several:
        both.template("fsaverage 7")
    assert {t.variant for t in several.value.candidates} == {"inflated", "pial", "white matter"}
    with pytest.raises(DataMissing, match=r"lh\.pial\.gii"):
        both.template("fsaverage 7", "pial")
    with pytest.raises(DataMissing, match="forms there are: inflated, pial, white matter"):
        both.template("fsaverage 7", "sphere")


def test_what_the_checks_say_of_the_maps(both):
    """Nine volumes that no row speaks of, two maps of a file with 48 labels, and none of the other defects."""
    count = {
        name: len(both.query(f"check/{name}"))
        for name in (
            "index-region-unknown",
            "index-of-several",
            "index-fragment-unknown",
            "index-crosses",
            "volume-incomplete",
            "volume-without-provider",
            "volume-without-entry",
            "box-wrong",
            "box-elsewhere",
            "map-incomplete",
            "labels-doubtful",
        )
    }
    assert {name: n for name, n in count.items() if n} == {"volume-without-entry": 9, "labels-doubtful": 2}
    assert set(both.query("check/labels-doubtful").column("labels")) == {96}
    # AAL1's cerebellum, aseg beside Desikan-Killiany, subcortical maps of Harvard-Oxford, siibra's unmapped rows
    assert len(both.query("check/index-without-region")) == 26 + 44 + 17 + 4


MAP = """
<r/a> a skg:SiibraRegion ; skg:siibraName "A" ; rdfs:label "A" ; skg:ofRelease <id/release/x> ; skg:siibraOrder 1 .
<r/b> a skg:SiibraRegion ; skg:siibraName "B" ; rdfs:label "B" ; skg:ofRelease <id/release/x> ; skg:siibraOrder 2 .
<r/b2> a skg:SiibraRegion ; skg:siibraName "B" ; rdfs:label "B" ; skg:ofRelease <id/release/x> ; skg:siibraOrder 3 ;
  skg:siibraParent <r/b> .
<r/c> a skg:SiibraRegion ; skg:siibraName "C" ; rdfs:label "C" ; skg:ofRelease <id/release/x> ; skg:siibraOrder 4 .
<r/c2> a skg:SiibraRegion ; skg:siibraName "C" ; rdfs:label "C" ; skg:ofRelease <id/release/x> ; skg:siibraOrder 5 .
<r/y> a skg:SiibraRegion ; skg:siibraName "Y" ; rdfs:label "Y" ; skg:ofRelease <id/release/y> ; skg:siibraOrder 1 .
<id/release/x> a skg:ParcellationRelease ; skg:siibraName "x" .
<id/release/y> a skg:ParcellationRelease ; skg:siibraName "y" .
<m> skg:ofRelease <id/release/x> ; skg:hasIndex <m/1> , <m/2> , <m/3> , <m/4> , <m/5> , <m/6> .
<m/1> skg:siibraName "A" . <m/2> skg:siibraName "B" . <m/3> skg:siibraName "C" . <m/4> skg:siibraName "Y" .
<m/5> skg:siibraName "A" ; skg:unmapped true . <m/6> skg:siibraName "a" .
"""


def test_an_entry_stands_for_the_region_of_its_exact_name_the_part_before_the_whole():
    """A name in another release, in other letters, or marked as unmapped stands for nothing."""
    out = infer(MAP)
    home = {s: o for s, p, o in out["siibra-region"] if p == "skg:configures"}
    assert len(home) == 6
    found = {(s, o) for s, p, o in out["siibra-map-index"] if p == "skg:region"}
    assert found == {("/m/1", home["/r/a"]), ("/m/2", home["/r/b2"]), ("/m/3", home["/r/c"]), ("/m/3", home["/r/c2"])}
